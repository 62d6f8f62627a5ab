"""Downloads whose bytes the program supplies while they run. At most two windows are read ahead."""
import contextlib
import inspect
import io
import os
import stat
import sys
from collections import deque
from typing import TYPE_CHECKING, Any, Callable, Deque, Dict, List, Optional, Set, Tuple
from weakref import WeakSet, WeakValueDictionary

from ._answers import is_async, is_plain_file
from ._strict import discard

if TYPE_CHECKING:
    import asyncio

#: Bytes per read, at most.
PIECE = 65536


class Source:
    """A handler's answer for a download that is read piece by piece, with the content's size or a
    key to share it.

    `content` is anything with `read(size)`, an iterator of bytes (for `AsyncServer` also async
    ones), or a function that returns one of these. `size` is its length in bytes. If it is omitted,
    it is taken from the content where possible (Content-Length, a file's size, len).

    Downloads with the same `key` and size share one pass over the content: it is read once for a
    thousand machines that boot the same image. If `content` is a function, it is called again for a
    download that starts much later or is much slower, and its result is read again; otherwise such
    a download fails.
    """

    def __init__(self, content: Any, *, size: Optional[int] = None, key: str = "") -> None:
        self.content, self.key = content, key
        self.size = size_of(content) if size is None else size

    def open(self) -> Any:
        """Returns the content to read from its beginning. Raises EOFError if it cannot be opened
        again."""
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


#: Files whose bytes are not those of the file beneath them, by module: seeking to their end reads
#: all of them.
_DECOMPRESSING = (("gzip", "GzipFile"), ("bz2", "BZ2File"), ("lzma", "LZMAFile"), ("zipfile", "ZipExtFile"))


def size_of(content: Any) -> int:
    """Returns the length of content in bytes; -1 if it is not known."""
    for module, name in _DECOMPRESSING:
        kind = getattr(sys.modules.get(module), name, None)
        if kind is not None and isinstance(content, kind):
            return -1
    headers = getattr(content, "headers", None)
    if headers is not None and hasattr(headers, "get"):
        return _size_of_body(content, headers)
    if is_plain_file(content):
        with contextlib.suppress(Exception):
            there = os.fstat(content.fileno())
            return max(there.st_size - content.tell(), 0) if stat.S_ISREG(there.st_mode) else -1
    with contextlib.suppress(Exception):
        if content.seekable():
            here: int = content.tell()
            end: int = content.seek(0, os.SEEK_END)
            content.seek(here)
            return max(end - here, 0)
    with contextlib.suppress(Exception):
        if callable(getattr(content, "read", None)):
            return len(content)
    return -1


def _size_of_body(body: Any, headers: Any) -> int:
    """Returns the remaining length of an HTTP response."""
    client = sys.modules.get("http.client")
    if client is not None and isinstance(body, client.HTTPResponse):
        return -1 if body.length is None else body.length  # it decodes nothing
    length = headers.get("Content-Length")
    is_plain = headers.get("Content-Encoding") in (None, "", "identity")
    return int(length) if is_plain and length is not None and str(length).isdigit() else -1


def closers_of(*contents: Any) -> List[Callable[[], Any]]:
    """Returns the functions that close content. Their results may have to be awaited."""
    found = []
    for content in contents:
        closes = (getattr(content, name, None) for name in ("close", "aclose"))
        found += [close for close in closes if callable(close)][:1]
    return found


class Pass:
    """One pass over a source, and the number of bytes requested from it."""

    def __init__(self, content: Any, group: "Group") -> None:
        self.content, self.group = content, group
        self.asked = 0  # bytes requested so far, from the beginning
        self.reader = 0  # the connection of the latest request
        self.owed: Deque[Tuple[int, int]] = deque()  # requests to fulfil: connection and bytes
        self.task: "Optional[asyncio.Task[None]]" = None  # supplies it
        self.reading: "Optional[asyncio.Future[Any]]" = None  # a read on another thread
        self.is_closing = False
        self.closers: List[Callable[[], Any]] = []  # to call when `reading` has returned
        self._left = memoryview(b"")
        self._iterator: Any = content
        self.is_async = self._sized = False
        if callable(getattr(content, "read", None)):
            self._next: Callable[..., Any] = content.read
            self._sized = True
            self.is_async = is_async(content.read)
        elif hasattr(content, "__aiter__"):
            self._iterator = content.__aiter__()
            self._next = self._iterator.__anext__
            self.is_async = True
        else:
            self._iterator = iter(content) if hasattr(content, "__iter__") else content
            self._next = self._iterator.__next__

    def read(self, most: int) -> bytes:
        """Returns up to `most` bytes; b"" at the end."""
        if self._left:
            return self._cut(most)
        if self._sized:
            return self._begin(self._next(most), most)
        while True:
            try:
                piece = self._next()
            except StopIteration:
                return b""
            if not is_bytes(piece) or len(piece):
                return self._begin(piece, most)

    async def read_async(self, most: int) -> bytes:
        """Does the same as `read` for async content."""
        if self._left:
            return self._cut(most)
        if self._sized:
            return self._begin(await self._next(most), most)
        while True:
            try:
                piece = await self._next()
            except StopAsyncIteration:
                return b""
            if not is_bytes(piece) or len(piece):
                return self._begin(piece, most)

    def _begin(self, piece: Any, most: int) -> bytes:
        """Returns the beginning of what a source gave, and keeps the rest."""
        if type(piece) is bytes and len(piece) <= most:
            return piece
        if not is_bytes(piece):
            discard(piece)
            raise TypeError(f"a source must give bytes; it gave {type(piece).__name__}")
        self._left = memoryview(piece).cast("B")
        return self._cut(most)

    def _cut(self, most: int) -> bytes:
        data, self._left = bytes(self._left[:most]), self._left[most:]
        return data

    def close(self) -> List[Callable[[], Any]]:
        """Returns the functions that close the content; none if it was closed before."""
        if self.is_closing:
            return []
        self.is_closing = True
        self._left = memoryview(b"")
        is_other = self._iterator is not self.content
        return closers_of(self._iterator, self.content) if is_other else closers_of(self.content)


def is_bytes(piece: Any) -> bool:
    return isinstance(piece, (bytes, bytearray, memoryview))


class Group:
    """Downloads that share a source."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.passes: List[Pass] = []
        self.opened = 0  # passes so far
        self.members: Set[int] = set()
        self.aborted: Set[int] = set()


class Feeds:
    """The sources of one server's downloads, by connection.

    `is_read(connection)` returns whether the library still requests data of the pass that a
    connection has read.
    """

    def __init__(self, is_read: Callable[[int], bool]) -> None:
        self._is_read = is_read
        self._iterators: "WeakSet[Any]" = WeakSet()  # those that were read
        self._entries: Dict[int, Tuple[Group, Source]] = {}
        self._shared: "WeakValueDictionary[Tuple[str, int], Group]" = WeakValueDictionary()

    def add(self, connection_id: int, source: Source) -> None:
        group = self._shared.get((source.key, source.size)) if source.key else None
        if group is None:
            group = Group(source.size)
            if source.key:
                self._shared[(source.key, source.size)] = group
        group.members.add(connection_id)
        self._entries[connection_id] = group, source

    def find(self, connection_id: int, offset: int, length: int) -> Optional[Pass]:
        """Returns the pass that continues at this offset, or a new one at 0. None if the connection
        has ended."""
        entry = self._entries.get(connection_id)
        if entry is None:
            return None
        group, source = entry
        if connection_id in group.aborted:
            return None  # requested before the abort
        if offset and len(group.passes) == 1 and group.passes[0].asked == offset:
            found = group.passes[0]  # as most
        elif offset:
            there = [one for one in group.passes if one.asked == offset]
            if not there:
                raise EOFError("the source cannot be read from its middle")
            # The library names the same connection for a pass as long as that reads it.
            found = min(there, key=lambda one: (one.reader != connection_id, one.reader in group.members))
        else:
            content = source.open()
            if self._was_read(content, group):
                raise EOFError("the source was read already; give each download another one, or a function that opens it")
            found = Pass(content, group)
            group.passes.append(found)
            group.opened += 1
        found.asked, found.reader = offset + length, connection_id
        return found

    def _was_read(self, content: Any, group: Group) -> bool:
        """Returns whether content is read by another download, which would get parts of it."""
        if any(one.content is content for one in group.passes):
            return True
        if hasattr(content, "read"):
            return False  # may be one that any number of downloads can read
        try:
            was_read = content in self._iterators
            self._iterators.add(content)
        except TypeError:
            return False  # an iterator that is not hashable, or has no weak references
        return was_read

    def leave_tasks(self) -> List[int]:
        """Forgets the tasks of a loop that was closed. Returns the connections with sources."""
        for group, _ in self._entries.values():
            for one in group.passes:
                one.task = one.reading = None
        return list(self._entries)

    def is_supplied(self, source: Pass) -> bool:
        """Returns whether all bytes of a source of known size were requested."""
        return source.asked == source.group.size

    def drop(self, source: Pass) -> None:
        """Removes a pass that has ended, or whose position is not known any more."""
        with contextlib.suppress(ValueError):
            source.group.passes.remove(source)

    def failed(self, connection_id: int, source: Optional[Pass]) -> Tuple[List[int], bool]:
        """Removes a pass that has failed; None: one that could not be opened.

        Returns the connections to abort, and whether the pass must be ended for the other
        connections that read it.
        """
        entry = self._entries.get(connection_id)
        group = source.group if source is not None else entry[0] if entry else None
        if group is None:
            return [connection_id], False
        if source is not None:
            self.drop(source)
        is_only_one = group.opened <= (source is not None)
        is_for_all = is_only_one or (source is not None and group.size < 0)
        aborted = sorted(group.members) if is_for_all else [connection_id]
        group.aborted.update(aborted)
        # If none could be opened, the library requests the same of another connection, which may
        # have a source of its own.
        return aborted, source is not None and not is_for_all

    def withdraw(self, connection_id: int) -> None:
        """Removes a source whose download could not begin. It remains the caller's."""
        entry = self._entries.pop(connection_id, None)
        if entry is not None:
            entry[0].members.discard(connection_id)

    def forget(self, connection_id: int) -> Tuple[List[Pass], List[Any]]:
        """Removes an ended connection. Returns the passes and the unread contents to close."""
        entry = self._entries.pop(connection_id, None)
        if entry is None:
            return [], []
        group, source = entry
        group.members.discard(connection_id)
        group.aborted.discard(connection_id)
        ended = [one for one in group.passes
                 if not group.members or (one.reader not in group.members and not self._is_read(one.reader))]
        for one in ended:
            self.drop(one)
        return ended, [source.content] if is_content(source.content) else []
