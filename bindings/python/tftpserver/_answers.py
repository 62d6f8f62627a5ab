"""What a handler may return, and what becomes of it."""
import inspect
import os
import stat
from typing import TYPE_CHECKING, Any, AsyncIterator, Awaitable, Callable, Iterator, Optional, Protocol, Union

from ._conn import Conn
from ._generated import Accept
from ._strict import discard
from ._temporary import empty_file

if TYPE_CHECKING:
    from ._sources import Source


class Readable(Protocol):
    """A download's content: read to its end, then closed, as a binary file is."""

    def read(self) -> bytes:
        """All that is left."""
        ...

    def close(self) -> Any:
        """Called once, whether or not `read` raised."""
        ...


class SizedReadable(Protocol):
    """A download's content that is read piece by piece, as a file, a response of urllib or a pipe is; closed at the end."""

    def read(self, size: int, /) -> Any:
        """The next bytes, `size` at most; b"" at the end. An exception ends the download with an ERROR."""
        ...


class Writable(Protocol):
    """An upload's sink: `write` gets each block, `close` is called at the end, whole or not."""

    def write(self, block: bytes, /) -> Any:
        """Takes the next block. An exception ends the upload with an ERROR."""
        ...

    def close(self) -> Any:
        """Called once, after the last block."""
        ...


class AsyncReadable(Protocol):
    """`Readable` for AsyncServer, with coroutines."""

    def read(self) -> Awaitable[bytes]:
        """All that is left."""
        ...

    def close(self) -> Any:
        """Called once, and awaited where it is async, whether or not `read` raised."""
        ...


class AsyncWritable(Protocol):
    """`Writable` for AsyncServer, with coroutines: the client is not acknowledged before `write` has ended."""

    def write(self, block: bytes, /) -> Awaitable[Any]:
        """Takes the next block. An exception ends the upload with an ERROR."""
        ...

    def close(self) -> Any:
        """Called once, and awaited where it is async, after the last block."""
        ...


#: A handler that returns this answers later, by the server's `answer` or `refuse`.
LATER = Accept.LATER

#: What a handler may return.
Answer = Union[str, "os.PathLike[str]", bytes, bytearray, memoryview, Readable, SizedReadable, "Iterator[bytes]", "Source",
               Writable, Callable[[bytes], Any], Accept, None]

#: What a handler of AsyncServer may return, itself or from an `async def`.
AsyncAnswer = Union[Answer, AsyncReadable, "AsyncIterator[bytes]", AsyncWritable, Callable[[bytes], Awaitable[Any]]]


def nothing() -> None:
    """Does nothing."""


def drop(block: bytes) -> None:
    """Takes what still comes for a sink that has failed."""


class Sink:
    """Where an upload goes that the program keeps itself: an object with `write`, or a callable for each block."""

    __slots__ = ("write", "close")

    def __init__(self, target: Any) -> None:
        has_write = hasattr(target, "write")
        self.write: Callable[[bytes], Any] = target.write if has_write else target
        self.close: Callable[[], Any] = getattr(target, "close", nothing) if has_write else nothing


def is_path(answer: Any) -> bool:
    return isinstance(answer, (str, os.PathLike))


def sink_for(answer: Any) -> Sink:
    """The sink of an upload."""
    if not isinstance(answer, type) and (callable(answer) or callable(getattr(answer, "write", None))):
        return Sink(answer)
    discard(answer)
    raise TypeError("a handler answers an upload with a path, a binary file to write to, a callable or None, "
                    f"not with {type(answer).__name__}")


def is_readable(answer: Any) -> bool:
    return not isinstance(answer, (bytes, bytearray, memoryview)) and callable(getattr(answer, "read", None))


def supply(conn: Conn, answer: Any) -> None:
    """Gives the library the content of a download."""
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
        conn.local_file = empty_file()  # to the library, no data would mean that none was set


def path_of(file: Any) -> Optional[str]:
    """The path of a file on disk that was opened and not read yet: it need not go through memory. Closes it."""
    try:
        name, there = file.name, os.fstat(file.fileno())
        if not (isinstance(name, str) and stat.S_ISREG(there.st_mode) and file.tell() == 0
                and os.path.samestat(os.stat(name), there) and "b" in file.mode):
            return None
    except (AttributeError, OSError, ValueError, TypeError):
        return None  # not such a file: it is read
    file.close()
    return os.path.abspath(name)


def _content(file: Any) -> Any:
    """All that is left in it. Closes it."""
    try:
        data = file.read()
    finally:
        getattr(file, "close", nothing)()
    return checked(data)


def checked(data: Any) -> Any:
    """What `read` gave, if it is bytes."""
    if not isinstance(data, (bytes, bytearray, memoryview)):
        discard(data)
        raise TypeError(f"the file of a handler must be binary; its read() gave {type(data).__name__}")
    return data


def is_async(function: Any) -> bool:
    """Whether it was written with `async def`."""
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None))


def refuse_generator(function: Any, what: str) -> None:
    """A generator function would never run."""
    for one in (function, getattr(function, "__call__", None)):
        if inspect.isgeneratorfunction(one) or inspect.isasyncgenfunction(one):
            raise TypeError(f"{what} must not be a generator: return the answer instead of yielding it")
