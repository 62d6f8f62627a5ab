"""What both servers share: requests, what a handler may return, uploads that go to the program, logging."""
import contextlib
import logging
import os
import stat
import tempfile
from typing import IO, Any, Callable, Dict, Optional, Set, Tuple, Union

from ._class import TFTPServer
from ._errors import TFTPServerError
from ._events import ConnectedEvent, ConnectionRequestEvent, DisconnectedEvent, LogEvent, TransferEvent
from ._generated import Accept, Direction, ErrorCode, Operation

log = logging.getLogger("tftpserver")

#: A handler that returns this answers later, by the server's `answer` or `refuse`.
LATER = Accept.LATER

#: What a handler may return.
Answer = Union[str, "os.PathLike[str]", bytes, bytearray, memoryview, IO[bytes], Callable[[bytes], Any], Accept, None]


class Request:
    """What a client asks for. Attributes of your own may be set on it; `on_end` gets the same object."""

    def __init__(self, event: ConnectionRequestEvent) -> None:
        #: The name that the client sent. Trust it with nothing: it may hold "../".
        self.name: str = event.filename
        #: The client's address and port.
        self.client_address: Tuple[str, int] = (event.remote_host, event.remote_port)
        #: True where the client sends a file, False where it wants one.
        self.is_upload: bool = event.operation == Operation.WRITE
        #: "octet" or "netascii".
        self.mode: str = "netascii" if event.transfer_mode == "1" else "octet"
        #: The server's address that was asked; "" where the system does not tell.
        self.server_address: str = event.local_host
        #: The id that log records carry.
        self.connection_id: int = event.connection_id

    def __repr__(self) -> str:
        what = "upload" if self.is_upload else "download"
        return f"<Request {what} {self.name!r} by {self.client_address[0]}:{self.client_address[1]}>"


class Sink:
    """Where an upload goes that the program keeps itself: a file object, or a callable for each block."""

    def __init__(self, target: Any) -> None:
        self.write: Callable[[bytes], Any] = getattr(target, "write", target)
        self.close: Callable[[], Any] = getattr(target, "close", _nothing) if hasattr(target, "write") else _nothing


def _nothing() -> None:
    pass


def supply(server: TFTPServer, request: Request, answer: Answer) -> Optional[Sink]:
    """Tells the library what the handler returned; gives the sink, where it is one."""
    conn = server.conn[request.connection_id]
    if isinstance(answer, (str, os.PathLike)):
        conn.local_file = answer
        return None
    if request.is_upload:
        if callable(answer) or callable(getattr(answer, "write", None)):
            return Sink(answer)
        raise TypeError("a handler answers an upload with a path, a binary file to write to, a callable or None, "
                        f"not with {type(answer).__name__}")
    if not isinstance(answer, (bytes, bytearray, memoryview)):
        if not callable(getattr(answer, "read", None)):
            raise TypeError("a handler answers a download with a path, bytes, a binary file or None, "
                            f"not with {type(answer).__name__}")
        path = _path_of(answer)
        if path is not None:
            conn.local_file = path
            return None
        answer = _content(answer)
    if len(answer):
        conn.file_data = bytes(answer)
    else:
        conn.local_file = _empty_file()  # to the library, no data would mean that none was set
    return None


def _path_of(file: Any) -> Optional[str]:
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


def _content(file: Any) -> bytes:
    """All that is left in it. Closes it."""
    try:
        data = file.read()
    finally:
        getattr(file, "close", _nothing)()
    if not isinstance(data, bytes):
        raise TypeError(f"the file of a handler must be binary; its read() gave {type(data).__name__}")
    return data


_empty: Dict[int, Any] = {}


def _empty_file() -> str:
    """A file without content, one for each process; it goes when the process ends."""
    if os.getpid() not in _empty:
        _empty[os.getpid()] = tempfile.NamedTemporaryFile(prefix="tftpserver-empty-")
    return str(_empty[os.getpid()].name)


class Service:
    """The part of a server that does not depend on how handlers are called: sync or async."""

    def __init__(self, root_or_handler: Any, host: str, port: int, root: Any, settings: Dict[str, Any]) -> None:
        self._handler: Optional[Callable[[Request], Any]] = None
        if callable(root_or_handler):
            self._handler = root_or_handler
        elif root is None:
            root = os.fspath(root_or_handler)  # a TypeError for what is no path either
        else:
            raise TypeError("a root beside a root: the first argument must be the handler")
        self._has_root = root is not None
        self._requests: Dict[int, Request] = {}
        self._sinks: Dict[int, Sink] = {}
        self._put_off: Set[int] = set()  # requests that wait for their answer
        self._is_stopping = False
        self._aside_dir: "Optional[tempfile.TemporaryDirectory[str]]" = None
        self._tftp = TFTPServer()
        try:
            self._set_up(host, port, root, settings)
            self._tftp.start_listening()
        except BaseException:
            self._tftp.close()
            raise

    def _set_up(self, host: str, port: int, root: Any, settings: Dict[str, Any]) -> None:
        server = self._tftp
        server.local_host, server.local_port = host, port
        if self._has_root:
            server.local_dir = root
        server.on_log = _log
        server.config(f"LogLevel={2 if log.isEnabledFor(logging.DEBUG) else 1}")
        for name, value in settings.items():
            if name in ("timeout", "max_retransmits", "retransmit_timeout"):
                setattr(server, name, value)
            else:
                server.config(f"{name.replace('_', '')}={value}")

    @property
    def address(self) -> Tuple[str, int]:
        """Where it listens: address and port."""
        return self._tftp.local_host, self._tftp.local_port

    @property
    def tftp(self) -> TFTPServer:
        """The server beneath: its properties, its settings, its connections."""
        return self._tftp

    def answer(self, request: Request, answer: Answer = None) -> None:
        """Answers a request for which the handler returned `LATER`, from any thread, with what a handler may return.

        TFTPServerIndexError: it has ended meanwhile, after `timeout` at the latest; `on_end` tells why. 130: it was
        answered before.
        """
        self._take(request)
        try:
            accept = self._supply(request, answer)
        except BaseException:
            self._put_off.add(request.connection_id)
            raise
        self._tftp.accept(request.connection_id, accept)

    def refuse(self, request: Request) -> None:
        """Refuses a request for which the handler returned `LATER`, from any thread."""
        self._take(request)
        self._tftp.accept(request.connection_id, False)

    def _take(self, request: Request) -> None:
        """One answer for each request."""
        try:
            self._put_off.remove(request.connection_id)
        except KeyError:
            ended = request.connection_id not in self._requests
            raise self._tftp._failure(ErrorCode.INDEX_OUT_OF_RANGE if ended else ErrorCode.BUSY) from None

    # A request goes: _begin, the handler, _answer; then blocks to the sink; then _finish.

    def _begin(self, event: ConnectionRequestEvent) -> Optional[Request]:
        """None: it is refused."""
        if self._is_stopping:
            event.accept = False
            return None
        return Request(event)

    def _answer(self, event: ConnectionRequestEvent, request: Request, answer: Answer) -> None:
        if answer is LATER:
            self._wait_for_answer(event, request)
            return
        event.accept = self._supply(request, answer)
        if event.accept:
            self._requests[request.connection_id] = request

    def _supply(self, request: Request, answer: Answer) -> bool:
        """Whether it is accepted."""
        if answer is None:
            # A download that nobody supplies is "not found"; for an upload there is no such word.
            return self._has_root or not request.is_upload
        sink = supply(self._tftp, request, answer)
        if sink is not None:
            self._sinks[request.connection_id] = sink
            self._tftp.on_transfer = self._on_transfer
            if self._has_root:
                # To the library the directory comes before the Transfer event: the upload is led past it.
                self._tftp.conn[request.connection_id].local_file = self._aside(request.connection_id)
        return True

    def _wait_for_answer(self, event: ConnectionRequestEvent, request: Request) -> None:
        event.accept = LATER
        self._requests[request.connection_id] = request
        self._put_off.add(request.connection_id)
        if self._tftp.on_connected.handler is None:
            self._tftp.on_connected = self._on_connected  # it tells what ended before it was answered

    def _on_connected(self, event: ConnectedEvent) -> None:
        self._put_off.discard(event.connection_id)
        if event.status_code == ErrorCode.ACCESS_DENIED:  # by the program itself: not an end to tell it of
            self._requests.pop(event.connection_id, None)
        elif event.status_code:
            self._on_disconnected(DisconnectedEvent(event.connection_id, event.status_code, event.description))

    def _on_disconnected(self, event: DisconnectedEvent) -> None:
        raise NotImplementedError

    def _on_transfer(self, event: TransferEvent) -> None:
        raise NotImplementedError

    def _finish(self, event: DisconnectedEvent) -> Tuple[Optional[Request], Sink, Optional[TFTPServerError]]:
        """What is left to be done: whom to tell, what to close, and why it failed."""
        error = TFTPServerError(event.status_code, event.description) if event.status_code else None
        request = self._requests.pop(event.connection_id, None)
        sink = self._sinks.pop(event.connection_id, None) or Sink(_nothing)
        if self._aside_dir is not None:
            with contextlib.suppress(FileNotFoundError):
                os.remove(self._aside(event.connection_id))
        if not self._sinks and self._tftp.on_transfer.handler is not None:
            self._tftp.on_transfer = None  # blocks that nobody wants cost nothing then
        return request, sink, error

    def _aside(self, connection_id: int) -> str:
        """A file for an upload that a sink takes; it goes with the connection."""
        if self._aside_dir is None:
            self._aside_dir = tempfile.TemporaryDirectory(prefix="tftpserver-")
        return os.path.join(self._aside_dir.name, str(connection_id))

    def _sink_of(self, event: TransferEvent) -> Optional[Sink]:
        return self._sinks.get(event.connection_id) if event.direction == Direction.UPLOAD else None

    def _release(self) -> None:
        """Frees everything."""
        try:
            self._tftp.close()
        finally:
            sinks, self._sinks = self._sinks, {}
            for sink in sinks.values():
                sink.close()
            if self._aside_dir is not None:
                self._aside_dir.cleanup()


_LEVELS = {"Error": logging.WARNING, "Info": logging.INFO}


def _log(event: LogEvent) -> None:
    level = _LEVELS.get(event.log_type, logging.DEBUG)
    log.log(level, "%s", event.message, extra={"connection_id": event.connection_id})
