"""The values that a handler may return, and how they reach the library."""
import inspect
import io
import os
import stat
import tempfile
from typing import TYPE_CHECKING, Any, AsyncIterator, Awaitable, Callable, Iterator, Optional, Protocol, Union

from ._conn import Conn
from ._generated import Accept
from ._strict import discard
from ._temporary import empty_file

if TYPE_CHECKING:
    from ._sources import Source


class Readable(Protocol):
    """A download's content that is read as a whole, then closed. A binary file is one."""

    def read(self) -> bytes:
        """Returns all remaining bytes."""
        ...

    def close(self) -> Any:
        """Releases the content. Called once, also if `read` raised."""
        ...


class SizedReadable(Protocol):
    """A download's content that is read piece by piece, then closed: a file, a response of urllib,
    a pipe."""

    def read(self, size: int, /) -> Any:
        """Returns up to `size` bytes, or b"" at the end. An exception aborts the download with an
        ERROR packet."""
        ...


class Writable(Protocol):
    """The destination of an upload: `write` gets each block, `close` is called at the end, even of
    a failed upload."""

    def write(self, block: bytes, /) -> Any:
        """Stores the next block. An exception aborts the upload with an ERROR packet."""
        ...

    def close(self) -> Any:
        """Releases the sink. Called once, after the last block."""
        ...


class AsyncReadable(Protocol):
    """`Readable` for AsyncServer, with coroutines."""

    def read(self) -> Awaitable[bytes]:
        """Returns all remaining bytes."""
        ...

    def close(self) -> Any:
        """Releases the content. Called once, also if `read` raised, and awaited if it is async."""
        ...


class AsyncWritable(Protocol):
    """`Writable` for AsyncServer, with coroutines: a block is acknowledged when its `write` has
    finished."""

    def write(self, block: bytes, /) -> Awaitable[Any]:
        """Stores the next block. An exception aborts the upload with an ERROR packet."""
        ...

    def close(self) -> Any:
        """Releases the sink. Called once, after the last block, and awaited if it is async."""
        ...


#: Returned by a handler that defers its answer: the program calls the server's `answer` or `refuse`
#: later.
LATER = Accept.LATER

#: The values that a handler may return.
Answer = Union[str, "os.PathLike[str]", bytes, bytearray, memoryview, Readable, SizedReadable, "Iterator[bytes]", "Source",
               Writable, Callable[[bytes], Any], Accept, None]

#: The values that a handler of AsyncServer may return, whether it is a plain or an `async def`
#: function.
AsyncAnswer = Union[Answer, AsyncReadable, "AsyncIterator[bytes]", AsyncWritable, Callable[[bytes], Awaitable[Any]]]


def nothing() -> None:
    """Does nothing."""


def drop(block: bytes) -> None:
    """Discards a block: `write` of a sink that has failed."""


class Sink:
    """The destination of an upload that the program stores: an object with `write`, or a callable
    for each block."""

    __slots__ = ("write", "close")

    def __init__(self, target: Any) -> None:
        has_write = hasattr(target, "write")
        self.write: Callable[[bytes], Any] = target.write if has_write else target
        self.close: Callable[[], Any] = getattr(target, "close", nothing) if has_write else nothing


def is_path(answer: Any) -> bool:
    return isinstance(answer, (str, os.PathLike))


def sink_for(answer: Any) -> Sink:
    """Returns the sink for a handler's answer to an upload; a TypeError if the answer cannot be
    one."""
    if not isinstance(answer, type) and (callable(answer) or callable(getattr(answer, "write", None))):
        return Sink(answer)
    discard(answer)
    raise TypeError("a handler answers an upload with a path, a binary file to write to, a callable or None, "
                    f"not with {type(answer).__name__}")


def is_readable(answer: Any) -> bool:
    return not isinstance(answer, (bytes, bytearray, memoryview)) and callable(getattr(answer, "read", None))


def supply(conn: Conn, answer: Any) -> None:
    """Passes the content of a download to the library."""
    if is_readable(answer):
        path = path_of(answer)
        if path is not None:
            conn.local_file = path
            return
        answer = _content(answer)
    if not isinstance(answer, (bytes, bytearray, memoryview)):
        discard(answer)
        raise TypeError("a handler answers a download with a path, bytes, a binary file or None, "
                        f"not with {type(answer).__name__}")
    if len(answer):
        conn.file_data = bytes(answer)
    else:
        conn.local_file = empty_file()  # empty data would mean to the library that none was set


def is_plain_file(content: Any) -> bool:
    """Returns whether content reads the bytes of its descriptor as they are."""
    if isinstance(content, tempfile._TemporaryFileWrapper):
        content = content.file
    raw = content.raw if isinstance(content, (io.BufferedReader, io.BufferedRandom)) else content
    return isinstance(raw, io.FileIO)


def path_of(file: Any) -> Optional[str]:
    """Returns the path of an open, unread regular file and closes it, so that the library reads the
    file itself.

    Returns None, and leaves it open, for anything else.
    """
    try:
        name, there = file.name, os.fstat(file.fileno())
        if not (is_plain_file(file) and isinstance(name, str) and stat.S_ISREG(there.st_mode) and file.tell() == 0
                and os.path.samestat(os.stat(name), there) and "b" in file.mode):
            return None
    except (AttributeError, OSError, ValueError, TypeError):
        return None  # not such a file: it is read
    file.close()
    return os.path.abspath(name)


def _content(file: Any) -> Any:
    """Reads the rest of a file and closes it."""
    try:
        data = file.read()
    finally:
        getattr(file, "close", nothing)()
    return checked(data)


def checked(data: Any) -> Any:
    """Returns the result of a `read` if it is bytes; otherwise a TypeError."""
    if not isinstance(data, (bytes, bytearray, memoryview)):
        discard(data)
        raise TypeError(f"the file of a handler must be binary; its read() gave {type(data).__name__}")
    return data


def is_async(function: Any) -> bool:
    """Returns whether a function, or an object's `__call__`, is an `async def`."""
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None))


def refuse_generator(function: Any, what: str) -> None:
    """Raises a TypeError for a generator function: calling one runs nothing."""
    for one in (function, getattr(function, "__call__", None)):
        if inspect.isgeneratorfunction(one) or inspect.isasyncgenfunction(one):
            raise TypeError(f"{what} must not be a generator: return the answer instead of yielding it")
