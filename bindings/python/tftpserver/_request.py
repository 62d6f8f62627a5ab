"""The common base of both servers: requests, answers of handlers, uploads to the program,
logging."""
import contextlib
import logging
import os
import threading
from typing import Any, Callable, Dict, List, Optional, Set, Tuple

from ._answers import LATER, Sink, is_path, path_of, refuse_generator, sink_for, supply
from ._class import TFTPServer
from ._conn import Conn
from ._errors import TFTPServerError
from ._events import (ConnectedEvent, ConnectionRequestEvent, DataWantedEvent, DisconnectedEvent, LogEvent,
                      TransferEvent)
from ._ffi import quick
from ._generated import Direction, ErrorCode, EventId, Operation
from ._settings import NAMES, SettingAttributes
from ._sources import Feeds, Pass, Source, closers_of, is_content
from ._strict import Strict
from ._temporary import Place

log = logging.getLogger("tftpserver")

#: Properties of TFTPServer that the servers also take as settings and have as attributes.
_PROPERTIES = ("timeout", "max_retransmits", "retransmit_timeout")


class Request:
    """A client's request. `on_end` gets the same object; `data` is for the program's use."""

    def __init__(self, event: ConnectionRequestEvent) -> None:
        #: The file name as the client sent it. Do not trust it: it may contain "../".
        self.name: str = event.filename
        #: The client's address and port.
        self.client_address: Tuple[str, int] = (event.remote_host, event.remote_port)
        #: True for an upload, False for a download.
        self.is_upload: bool = event.operation == Operation.WRITE
        #: "octet" or "netascii".
        self.mode: str = "netascii" if event.transfer_mode == "1" else "octet"
        #: The server's address that the request was sent to; "" if the system does not report it.
        self.server_address: str = event.local_host
        #: The connection's id, as in log records.
        self.connection_id: int = event.connection_id
        #: Any value of the program, for example for use in `on_end`.
        self.data: Any = None

    def __repr__(self) -> str:
        what = "upload" if self.is_upload else "download"
        return f"<Request {what} {self.name!r} by {self.client_address[0]}:{self.client_address[1]}>"


class Service(SettingAttributes, Strict):
    """The part that `Server` and `AsyncServer` share: everything except the calls of handlers."""

    def __init__(self, root_or_handler: Any, host: str, port: int, root: Any, create: bool, settings: Dict[str, Any]) -> None:
        self._handler: Optional[Callable[[Request], Any]] = None
        if callable(root_or_handler):
            refuse_generator(root_or_handler, "the handler")
            self._handler = root_or_handler
        elif root is None:
            root = os.fspath(root_or_handler)  # a TypeError if it is no path either
        else:
            raise TypeError("a root beside a root: the first argument must be the handler")
        self._has_root = root is not None
        self._takes_uploads = self._has_root and create
        self._requests: Dict[int, Request] = {}
        self._sinks: Dict[int, Sink] = {}
        self._feeds = Feeds(self._is_read)
        self._put_off: Set[int] = set()  # requests that may be answered by `answer` and `refuse`
        self._tapping = threading.Lock()  # guards _sinks together with the tap on Transfer
        self._is_tapping = False
        self._is_stopping = False
        self._aside_place: Optional[Place] = None
        self._log_level = 0 if "log_level" not in settings else -1  # -1: the program's choice
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
        if self._handler is None and not self._takes_uploads:
            server.read_only = True
        server._tap(EventId.LOG, self._on_log)
        if self._handler is not None:
            # Before it listens, so that no request is served without the handler.
            server._tap(EventId.CONNECTION_REQUEST, self._on_request)
            server._tap(EventId.DISCONNECTED, self._on_disconnected)
            server._tap(EventId.DATA_WANTED, self._on_data_wanted)
        self._follow_logging()
        for name, value in settings.items():
            if name not in NAMES and name not in _PROPERTIES:
                raise server._failure(ErrorCode.UNKNOWN_SETTING, f"There is no setting {name}.")
            setattr(server, name, value)
        if not {"use_ipv6", "source_mac_address", "listen_descriptors"} & settings.keys():
            self._choose_family(host)

    def _choose_family(self, host: str) -> None:
        """Listens on the host's address family; without a host on both families, as far as the
        system has them."""
        server = self._tftp
        server.use_ipv6 = not host or ":" in host
        try:
            server.start_listening()
        except TFTPServerError as error:
            families = (ErrorCode.ADDRESS_FAMILY_NOT_SUPPORTED, ErrorCode.ADDRESS_NOT_AVAILABLE, ErrorCode.NO_ADDRESS,
                        ErrorCode.HOST_NOT_FOUND)
            if error.code not in families or ":" in host:
                raise
            server.use_ipv6 = not server.use_ipv6  # a system without IPv6, or a name with no other address

    @property
    def address(self) -> Tuple[str, int]:
        """The address and port on which the server listens."""
        return self._tftp.local_host, self._tftp.local_port

    @property
    def tftp(self) -> TFTPServer:
        """The underlying `TFTPServer`, with its properties, settings and connections."""
        return self._tftp

    @property
    def timeout(self) -> int:
        """Seconds of silence after which a transfer fails (60); 0: none."""
        return self._tftp.timeout

    @timeout.setter
    def timeout(self, value: int) -> None:
        self._tftp.timeout = value

    @property
    def max_retransmits(self) -> int:
        """How often a packet is sent again before the transfer fails (3)."""
        return self._tftp.max_retransmits

    @max_retransmits.setter
    def max_retransmits(self, value: int) -> None:
        self._tftp.max_retransmits = value

    @property
    def retransmit_timeout(self) -> int:
        """Seconds to wait at most before a packet is sent again (5)."""
        return self._tftp.retransmit_timeout

    @retransmit_timeout.setter
    def retransmit_timeout(self, value: int) -> None:
        self._tftp.retransmit_timeout = value

    def _read_setting(self, name: str) -> str:
        return self._tftp.config(name)

    def _write_setting(self, name: str, value: Any) -> None:
        if name == "LogLevel":
            self._log_level = -1
        self._tftp._write_setting(name, value)

    def answer(self, request: Request, answer: Any = None) -> None:
        """Answers a request for which the handler returns `LATER`; `answer` is anything that a
        handler may return.

        May be called from any thread, also before the handler has returned. Raises
        TFTPServerIndexError if the request has ended, which it does after `timeout` at the latest;
        `on_end` gets the reason. Error 130: it was answered before.
        """
        self._take(request)
        try:
            self._tftp.accept(request.connection_id, self._supply(request, answer))
        except BaseException:
            self._sinks.pop(request.connection_id, None)
            self._feeds.withdraw(request.connection_id)
            if request.connection_id in self._requests:
                self._put_off.add(request.connection_id)
            raise

    def refuse(self, request: Request) -> None:
        """Refuses a request for which the handler returns `LATER`. May be called from any
        thread."""
        self._take(request)
        self._tftp.accept(request.connection_id, False)

    def _take(self, request: Request) -> None:
        """Claims the right to answer a request, which only one caller gets."""
        try:
            self._put_off.remove(request.connection_id)
        except KeyError:
            ended = request.connection_id not in self._requests
            raise self._tftp._failure(ErrorCode.INDEX_OUT_OF_RANGE if ended else ErrorCode.BUSY) from None

    # The life of a request: _begin, the handler, _answer; then the sink's blocks; then _finish.

    def _begin(self, event: ConnectionRequestEvent) -> Optional[Request]:
        """Registers a request. Returns None, and refuses it, if the server is shutting down."""
        self._follow_logging()
        if self._is_stopping:
            event.accept = False
            return None
        request = Request(event)
        if not request.is_upload:
            self._untap()
        # Another thread may answer before the handler has returned LATER.
        self._requests[request.connection_id] = request
        self._put_off.add(request.connection_id)
        return request

    def _answer(self, event: ConnectionRequestEvent, request: Request, answer: Any) -> None:
        if answer is LATER:
            self._wait_for_answer(event)
            return
        try:
            self._take(request)
        except TFTPServerError:
            raise RuntimeError("the handler returned an answer although answer() or refuse() had given one; "
                               "it must return LATER then") from None
        event.accept = self._supply(request, answer)
        if not event.accept:
            del self._requests[request.connection_id]

    def _forget(self, event: ConnectionRequestEvent) -> None:
        """Refuses a request whose handler raised."""
        event.accept = False
        self._put_off.discard(event.connection_id)
        self._requests.pop(event.connection_id, None)

    def _supply(self, request: Request, answer: Any) -> bool:
        """Passes the handler's answer to the library; returns whether the request is accepted."""
        conn = Conn(self._tftp, request.connection_id)
        if answer is None:
            # A download without content ends with "not found". That error does not fit an upload:
            # it is refused.
            return self._takes_uploads or not request.is_upload
        if is_path(answer):
            conn.local_file = answer
        elif request.is_upload:
            self._lead_to(sink_for(answer), conn)
        elif isinstance(answer, Source) or is_content(answer):
            self._feed(conn, answer)
        else:
            supply(conn, answer)
        return True

    def _feed(self, conn: Conn, answer: Any) -> None:
        path = None if isinstance(answer, Source) else path_of(answer)
        if path is not None:
            conn.local_file = path
            return
        source = answer if isinstance(answer, Source) else Source(answer)
        self._check_content(source.content)
        conn.data_key = source.key
        conn.data_size = source.size
        self._feeds.add(conn._index, source)

    @staticmethod
    def _closers_of_answer(answer: Any) -> List[Callable[[], Any]]:
        """Returns the functions that close what a handler has returned for a request that has ended
        meanwhile."""
        content = answer.content if isinstance(answer, Source) else answer
        if isinstance(content, type) or not (is_content(content) or hasattr(content, "read") or hasattr(content, "write")):
            return []
        return closers_of(content)

    def _check_content(self, content: Any) -> None:
        """Raises a TypeError for content that this server cannot read."""

    def _feed_failed(self, connection_id: int, source: Optional[Pass]) -> Optional[Request]:
        """Aborts the downloads whose source has failed. Returns the request to report to
        `on_error`, if any."""
        request = self._requests.get(connection_id)
        connections, ends_pass = self._feeds.failed(connection_id, source)
        for one in connections:
            with contextlib.suppress(TFTPServerError):
                self._tftp.abort(one, 0, "The source of the file failed")
        if ends_pass:
            with contextlib.suppress(TFTPServerError):
                self._tftp.supply(connection_id, b"", True)  # before its size: error 129
        return request

    def _is_read(self, connection_id: int) -> bool:
        return not quick.tftpserver_do_supply(self._tftp._handle, connection_id, b"", 0, 0)

    def _lead_to(self, sink: Sink, conn: Conn) -> None:
        with self._tapping:
            self._sinks[conn._index] = sink
            if not self._is_tapping:
                self._tftp._tap(EventId.TRANSFER, self._on_transfer)
                self._is_tapping = True
        if self._has_root:
            # The library would store the upload in LocalDir, so it gets a temporary file instead.
            conn.local_file = self._aside(conn._index)

    def _untap(self) -> None:
        """Removes the tap on Transfer while no upload needs it, so that blocks of downloads cause
        no events."""
        if self._is_tapping and not self._sinks:
            with self._tapping:
                # Another thread may have answered an upload meanwhile.
                if not self._sinks:
                    self._tftp._tap(EventId.TRANSFER, None)
                    self._is_tapping = False

    def _wait_for_answer(self, event: ConnectionRequestEvent) -> None:
        event.accept = LATER
        if EventId.CONNECTED not in self._tftp._taps:
            self._tftp._tap(EventId.CONNECTED, self._on_connected)  # reports requests that end unanswered

    def _on_connected(self, event: ConnectedEvent) -> None:
        if not event.status_code:
            return
        self._put_off.discard(event.connection_id)
        if event.status_code == ErrorCode.ACCESS_DENIED:  # refused by the program itself: no on_end
            self._requests.pop(event.connection_id, None)
        else:
            self._on_disconnected(DisconnectedEvent(event.connection_id, event.status_code, event.description))

    def _supply_piece(self, connection_id: int, data: bytes) -> bool:
        """Supplies the next bytes of a download, or with b"" its end. Returns False if the download
        has ended."""
        # Not by `supply`, which takes several calls: this runs for every piece.
        code = quick.tftpserver_do_supply(self._tftp._handle, connection_id, data, len(data), not data)
        if code == ErrorCode.INVALID_VALUE:
            raise self._tftp._last_failure(code)  # more than requested: the program has supplied, too
        return not code

    def _on_request(self, event: ConnectionRequestEvent) -> None:
        raise NotImplementedError

    def _on_disconnected(self, event: DisconnectedEvent) -> None:
        raise NotImplementedError

    def _on_transfer(self, event: TransferEvent) -> None:
        raise NotImplementedError

    def _on_data_wanted(self, event: DataWantedEvent) -> None:
        raise NotImplementedError

    def _finish(self, event: DisconnectedEvent) -> Tuple[Optional[Request], Optional[Sink], Optional[TFTPServerError]]:
        """Forgets an ended connection. Returns the request for `on_end`, the sink to close and the
        error, or None each."""
        error = TFTPServerError(event.status_code, event.description) if event.status_code else None
        request = self._requests.pop(event.connection_id, None)
        self._put_off.discard(event.connection_id)
        sink = self._sinks.pop(event.connection_id, None)
        if self._aside_place is not None:
            with contextlib.suppress(FileNotFoundError):
                os.remove(self._aside(event.connection_id))
        return request, sink, error

    def _aside(self, connection_id: int) -> str:
        """Returns the path of a temporary file for an upload that goes to a sink. It is removed
        with the connection."""
        with self._tapping:
            if self._aside_place is None:
                self._aside_place = Place()
        return self._aside_place.path(str(connection_id))

    def _sink_of(self, event: TransferEvent) -> Optional[Sink]:
        return self._sinks.get(event.connection_id) if event.direction == Direction.UPLOAD else None

    def _release(self) -> None:
        """Frees everything except the sinks."""
        try:
            self._tftp.close()
        finally:
            if self._aside_place is not None:
                self._aside_place.remove()

    # ---- logging ----

    def _follow_logging(self) -> None:
        """Sets LogLevel to the level that the logger shows now."""
        if self._log_level < 0:
            return
        level = 2 if log.isEnabledFor(logging.DEBUG) else 1
        if level != self._log_level:
            self._log_level = level
            self._tftp.config(f"LogLevel={level}")

    def _on_log(self, event: LogEvent) -> None:
        level = _LEVELS.get(event.log_type, logging.DEBUG)
        if log.isEnabledFor(level):
            log.log(level, "%s", event.message, extra={"connection_id": event.connection_id})
        self._follow_logging()


_LEVELS = {"Error": logging.WARNING, "Info": logging.INFO}
