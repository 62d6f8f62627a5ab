"""Downloads whose bytes the program supplies while they run. At most two windows are read ahead."""
import contextlib
import inspect
import io
import os
import stat
from typing import Any, Callable, Dict, List, Optional, Set, Tuple
from weakref import WeakValueDictionary

from ._answers import checked, is_async, nothing

#: Bytes per read, at most.
PIECE = 65536


class Source:
    """A handler's answer for a download that is read piece by piece, with the content's size or a key to share it.

    `content` is anything with `read(size)`, an iterator of bytes (for `AsyncServer` also async ones), or a function
    that returns one of these. `size` is its length in bytes. If it is omitted, it is taken from the content where
    possible (Content-Length, a file's size, len).

    Downloads with the same `key` and size share one pass over the content: it is read once for a thousand machines that
    boot the same image. If `content` is a function, it is called again for a download that starts much later or is much
    slower, and its result is read again; otherwise such a download fails.
    """

    def __init__(self, content: Any, *, size: Optional[int] = None, key: str = "") -> None:
        self.content, self.key = content, key
        self.size = size_of(content) if size is None else size

    def open(self) -> Any:
        """Returns the content to read from its beginning. Raises EOFError if it cannot be opened again."""
        content, self.content = self.content, None
        if content is not None and not is_content(content) and callable(content):
            self.content = content
            return content()
        if content is None:
            raise EOFError("the source was read already; a function that opens it could be called again")
        return content


def takes_a_size(read: Any) -> bool:
    """Returns whether a `read` method takes a size."""
    try:
        inspect.signature(read).bind(PIECE)
    except TypeError:
        return False
    except ValueError:
        pass  # written in C: a file
    return True


def is_content(answer: Any) -> bool:
    """Returns whether an answer is content that is read piece by piece."""
    if isinstance(answer, (str, bytes, bytearray, memoryview, os.PathLike, io.TextIOBase)):
        return False
    if callable(getattr(answer, "read", None)):
        return takes_a_size(answer.read)
    return hasattr(answer, "__next__") or hasattr(answer, "__anext__") or hasattr(answer, "__aiter__")


def size_of(content: Any) -> int:
    """Returns the length of content in bytes; -1 if it is not known."""
    headers = getattr(content, "headers", None)
    if headers is not None and hasattr(headers, "get"):
        length = headers.get("Content-Length")
        is_plain = headers.get("Content-Encoding") in (None, "", "identity")
        return int(length) if is_plain and length is not None and str(length).isdigit() else -1
    with contextlib.suppress(Exception):
        there = os.fstat(content.fileno())
        return there.st_size - content.tell() if stat.S_ISREG(there.st_mode) else -1
    with contextlib.suppress(Exception):
        if content.seekable():
            here: int = content.tell()
            end: int = content.seek(0, os.SEEK_END)
            content.seek(here)
            return end - here
    with contextlib.suppress(Exception):
        if callable(getattr(content, "read", None)):
            return len(content)
    return -1


class Pass:
    """One pass over a source, and the number of bytes requested from it."""

    def __init__(self, content: Any) -> None:
        self.content = content
        self.asked = 0  # bytes requested so far, from the beginning
        self.owed: List[Tuple[int, int]] = []  # requests to fulfil: connection and bytes
        self.is_busy = False  # whether a task supplies it
        self._left = memoryview(b"")
        self._next: Optional[Callable[..., Any]] = None
        self.is_async = False
        if callable(getattr(content, "read", None)):
            self._next, self._sized = content.read, True
            self.is_async = is_async(content.read)
        elif hasattr(content, "__aiter__"):
            self._next, self._sized = content.__aiter__().__anext__, False
            self.is_async = True
        else:
            self._next, self._sized = iter(content).__next__, False

    def read(self, most: int) -> bytes:
        """Returns up to `most` bytes; b"" at the end."""
        while not self._left:
            piece = self._step(most)
            if piece is None:
                return b""
            self._left = piece
        return self._cut(most)

    async def read_async(self, most: int) -> bytes:
        """Does the same as `read` for async content."""
        while not self._left:
            piece = await self._step_async(most)
            if piece is None:
                return b""
            self._left = piece
        return self._cut(most)

    def _step(self, most: int) -> Optional[memoryview]:
        assert self._next is not None
        try:
            data = checked(self._next(most) if self._sized else self._next())
        except StopIteration:
            return None
        return None if self._sized and not data else memoryview(data)

    async def _step_async(self, most: int) -> Optional[memoryview]:
        assert self._next is not None
        try:
            data = checked(await (self._next(most) if self._sized else self._next()))
        except StopAsyncIteration:
            return None
        return None if self._sized and not data else memoryview(data)

    def _cut(self, most: int) -> bytes:
        data, self._left = bytes(self._left[:most]), self._left[most:]
        return data

    def closer(self) -> Callable[[], Any]:
        """Returns the function that closes the content. Its result may have to be awaited."""
        for name in ("close", "aclose"):
            close = getattr(self.content, name, None)
            if callable(close):
                return close  # type: ignore[no-any-return]
        return nothing


class Group:
    """Downloads that share a source."""

    def __init__(self) -> None:
        self.passes: List[Pass] = []
        self.members: Set[int] = set()


class Feeds:
    """The sources of one server's downloads, by connection."""

    def __init__(self) -> None:
        self._entries: Dict[int, Tuple[Group, Source]] = {}
        self._shared: "WeakValueDictionary[Tuple[str, int], Group]" = WeakValueDictionary()

    def add(self, connection_id: int, source: Source) -> None:
        group = self._shared.get((source.key, source.size)) if source.key else None
        if group is None:
            group = Group()
            if source.key:
                self._shared[(source.key, source.size)] = group
        group.members.add(connection_id)
        self._entries[connection_id] = group, source

    def find(self, connection_id: int, offset: int, length: int) -> Optional[Pass]:
        """Returns the pass that continues at this offset, or a new one at 0. None if the connection has ended."""
        if connection_id not in self._entries:
            return None
        group, source = self._entries[connection_id]
        found = next((one for one in group.passes if offset and one.asked == offset), None)
        if found is None:
            if offset:
                raise EOFError("the source cannot be read from its middle")
            found = Pass(source.open())
            group.passes.append(found)
        found.asked = offset + length
        return found

    def sharing(self, connection_id: int) -> List[int]:
        """Returns the connections that share the source of this one."""
        entry = self._entries.get(connection_id)
        return sorted(entry[0].members) if entry else [connection_id]

    def forget(self, connection_id: int) -> List[Callable[[], Any]]:
        """Removes an ended connection. Returns the functions that close content no longer in use."""
        entry = self._entries.pop(connection_id, None)
        if entry is None:
            return []
        group, source = entry
        group.members.discard(connection_id)
        unread = [Pass(source.content)] if is_content(source.content) else []
        passes = unread if group.members else unread + group.passes
        return [one.closer() for one in passes]
