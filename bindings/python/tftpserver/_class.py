"""The specification's class, with names in Python's spelling."""
import ctypes
import inspect
import itertools
import operator
import os
import threading
import weakref
from types import TracebackType
from typing import Any, Callable, Dict, Generic, Optional, Type, TypeVar, Union, overload

from . import _dispatch, _events
from ._conn import Conns
from ._dispatch import Call
from ._errors import TFTPServerError
from ._events import (ConnectedEvent, ConnectionRequestEvent, DataWantedEvent, DisconnectedEvent, EndTransferEvent, ErrorEvent,
                      LogEvent, StartTransferEvent, TransferEvent)
from ._ffi import lib, quick
from ._generated import Accept, Direction, ErrorCode, EventId, PropertyId
from ._settings import SettingAttributes
from ._strict import Strict, discard
from ._text import StrPath, to_bytes
from ._waiting import CAN_KEEP_LOCK, Waker, event_of


E = TypeVar("E")
R = TypeVar("R")
S = TypeVar("S", bound="TFTPServer")

_REQUEST = int(EventId.CONNECTION_REQUEST)
_tokens = itertools.count(1)


class EventHook(Generic[E]):
    """The value of `server.on_...`: call it with a handler to register that, or use it as a
    decorator."""

    __slots__ = ("_server", "_event")

    def __init__(self, server: "TFTPServer", event: EventId) -> None:
        self._server, self._event = server, event

    def __call__(self, handler: Callable[[E], R]) -> Callable[[E], R]:
        self._server._register(self._event, handler)
        return handler

    @property
    def handler(self) -> Optional[Callable[[E], Any]]:
        """The registered handler, or None."""
        return self._server._handlers.get(self._event)


class _On(Generic[E]):
    """The descriptor behind `server.on_x = handler`, `server.on_x = None` and `@server.on_x`."""

    def __init__(self, event: EventId, doc: str) -> None:
        self.event = event
        self.__doc__ = doc

    @overload
    def __get__(self, server: None, owner: type) -> "_On[E]": ...
    @overload
    def __get__(self, server: "TFTPServer", owner: type) -> EventHook[E]: ...

    def __get__(self, server: "Optional[TFTPServer]", owner: type) -> "Union[_On[E], EventHook[E]]":
        return self if server is None else EventHook(server, self.event)

    def __set__(self, server: "TFTPServer", handler: Optional[Callable[[E], Any]]) -> None:
        server._register(self.event, handler)


class TFTPServer(SettingAttributes, Strict):
    """A TFTP server, as the specification describes it: properties, methods, events.

    Transfers run on threads of the library. Handlers run only inside `do_events`, on the thread
    that calls it, one at a time. An exception in a handler ends that connection, and `do_events`
    raises it. All methods may be called from any thread, but `close` and `do_events` not from
    inside a handler (error 907). Failures raise `TFTPServerError`.

    Every setting is an attribute in Python's spelling: `server.read_only = True`. Reading or
    setting a name that does not exist raises AttributeError. A subclass may define handlers as
    methods: `def on_connected(self, e)`.
    """

    _error: Type[TFTPServerError] = TFTPServerError

    on_connected = _On[ConnectedEvent](EventId.CONNECTED, "A connection was accepted, or refused.")
    on_connection_request = _On[ConnectionRequestEvent](EventId.CONNECTION_REQUEST, "A client requests a transfer.")
    on_disconnected = _On[DisconnectedEvent](EventId.DISCONNECTED, "A connection ended.")
    on_end_transfer = _On[EndTransferEvent](EventId.END_TRANSFER, "A transfer is complete.")
    on_error = _On[ErrorEvent](EventId.ERROR, "A transfer or a request failed.")
    on_log = _On[LogEvent](EventId.LOG, "A log message.")
    on_start_transfer = _On[StartTransferEvent](EventId.START_TRANSFER, "A transfer begins.")
    on_transfer = _On[TransferEvent](EventId.TRANSFER, "A block was transferred.")
    on_data_wanted = _On[DataWantedEvent](EventId.DATA_WANTED, "A download that the program supplies needs more data.")

    def __init__(self) -> None:
        self._handlers: Dict[int, Callable[[Any], Any]] = {}
        self._taps: Dict[int, Callable[[Any], Any]] = {}  # of Server and AsyncServer; called before the handlers
        self._delivering = threading.Lock()  # held by the thread that delivers
        self._deliveries = [0]  # counts deliveries; a list, because each assignment to an attribute is checked
        self._wait_millis: Optional[int] = None  # SelectWaitMillis; None: read it from the library
        self._registering = threading.RLock()  # reentrant for signal handlers
        self._is_closed = False
        self._waker = Waker()
        self._handle: int = lib.tftpserver_open() or 0
        if not self._handle:
            raise self._failure(ErrorCode.INTERNAL)
        self._token = next(_tokens)
        _dispatch.live[self._token] = self
        self._finalizer = weakref.finalize(self, _release, self._handle, os.getpid())
        for event in EventId:
            self._adopt_method(event)

    def _adopt_method(self, event: EventId) -> None:
        name = f"on_{event.name.lower()}"
        method = getattr(type(self), name)
        if not isinstance(method, _On):
            # By weak reference: otherwise the server would keep itself alive.
            me = weakref.ref(self)
            self._register(event, lambda e: getattr(me(), name)(e))

    # ---- methods ----

    def do_events(self) -> None:
        """Calls the handlers of all waiting events; if no event waits, waits for the first.

        The wait ends after SelectWaitMillis milliseconds (20; 0: no wait) at the latest, and Ctrl-C
        interrupts it. An exception in a handler ends the connection and is raised here. Other
        events then wait for the next call.
        """
        if Call.current() is not None:
            self._check(lib.tftpserver_do_doevents(self._handle))  # refused
        deliveries = self._deliveries[0]
        if not self._wait():
            with self._delivering:
                # No event came. DoEvents has other work, too; the interrupt keeps it from waiting
                # again.
                self._deliveries[0] += 1
                lib.tftpserver_do_interrupt(self._handle)
                self._deliver(lib.tftpserver_do_doevents)
        elif CAN_KEEP_LOCK:
            self._deliver_waiting(deliveries)
        else:
            self._deliver(lib.tftpserver_do_doevents)

    def _deliver_waiting(self, deliveries: int = -1) -> None:
        """Delivers the waiting events with the interpreter lock held throughout.

        `deliveries` is the count of `_deliveries` before an event was seen. If another thread has
        delivered since, there may be no event left, and the library would wait for one with the
        interpreter lock held.
        """
        if Call.current() is not None:
            self._check(lib.tftpserver_do_doevents(self._handle))  # refused: an event loop that runs inside a handler
        with self._delivering:
            # All deliveries take this lock: a second one would wait inside the library with the
            # interpreter lock held.
            if deliveries == self._deliveries[0] or self._event_waits():
                self._deliveries[0] += 1
                self._deliver(quick.tftpserver_do_doevents)
                return
        self._check(0 if event_of(self._handle) >= 0 else int(ErrorCode.NOT_A_HANDLE))

    def _deliver(self, do_doevents: Callable[[int], int]) -> None:
        with Call(self) as call:
            code = do_doevents(self._handle)
        if call.outer is None:
            _dispatch.close_left()
        if call.raised is not None:
            raise call.raised
        self._check(code)

    def _wait(self) -> bool:
        event = event_of(self._handle)
        if event < 0:
            return True  # the library waits itself, or returns the error
        millis = self._wait_millis
        if millis is None:
            with self._registering:
                millis = int(self._text(quick.tftpserver_do_config(self._handle, b"SelectWaitMillis")))
                self._wait_millis = millis
        return self._waker.wait(event, millis)

    def _event_waits(self) -> bool:
        """Returns whether an event waits for delivery."""
        event = event_of(self._handle)
        return event >= 0 and self._waker.wait(event, 0)

    def start_listening(self) -> None:
        """Starts to listen on local_host and local_port. Does nothing if the server listens
        already."""
        self._check(lib.tftpserver_do_startlistening(self._handle))

    def stop_listening(self) -> None:
        """Stops listening and frees the port. Running transfers continue to their end."""
        self._check(lib.tftpserver_do_stoplistening(self._handle))

    def shutdown(self) -> None:
        """Stops listening and aborts every transfer; the clients get an ERROR packet."""
        self._check(lib.tftpserver_do_shutdown(self._handle))

    def disconnect(self, index: int) -> None:
        """Aborts one transfer, by connection id or position; its client gets an ERROR packet."""
        self._check(quick.tftpserver_do_disconnect(self._handle, self._index(index)))

    def accept(self, index: int, accept: bool = True) -> None:
        """Answers a request whose `accept` was set to `LATER`, by connection id or position, from
        any thread.

        The connection's further events come from do_events. Error 130: the request was already
        answered. Error 903, an IndexError: it has ended.
        """
        self._check(quick.tftpserver_do_accept(self._handle, self._index(index), 1 if accept else 0))

    def hold(self, index: int, hold: bool = True) -> None:
        """Holds a transfer, by connection id or position, from any thread, until its data is stored
        elsewhere.

        While a transfer is held, data passed to `on_transfer` counts as not yet consumed: beyond
        256 kB the transfer slows down, and the last block of an upload is acknowledged only after
        `hold(index, False)`.
        """
        self._check(quick.tftpserver_do_hold(self._handle, self._index(index), 1 if hold else 0))

    def supply(self, index: int, data: Union[bytes, bytearray, memoryview], is_last: bool = False) -> None:
        """Supplies the next bytes of a download whose `data_size` was set, at most the `length` of
        `on_data_wanted`.

        By connection id or position, from any thread. Error 905: more bytes than requested. Error
        130: the download is over.
        """
        piece = bytes(data)
        self._check(quick.tftpserver_do_supply(self._handle, self._index(index), piece, len(piece), 1 if is_last else 0))

    def abort(self, index: int, tftp_code: int = 0, message: str = "Aborted") -> None:
        """Aborts one transfer, by connection id or position, with an error code (0 to 8) and a text
        for its client."""
        self._check(quick.tftpserver_do_abort(self._handle, self._index(index), operator.index(tftp_code), to_bytes(message)))

    def reset(self) -> None:
        """Shuts the server down and resets every property and setting to its default. Handlers stay
        registered."""
        with self._registering:
            self._wait_millis = None
            self._check(lib.tftpserver_do_reset(self._handle))
            self._wait_millis = None

    def interrupt(self) -> None:
        """Makes a waiting do_events return at once; if none runs, the next one. May be called from
        any thread."""
        self._check(lib.tftpserver_do_interrupt(self._handle))
        if Call.current() is None:
            self._waker.wake()

    def config(self, configuration_string: str) -> str:
        """ "NAME=VALUE" sets a setting and returns ""; "NAME" returns its value."""
        text = to_bytes(configuration_string)
        if b"\0" in text:
            raise self._failure(ErrorCode.INVALID_VALUE)
        if b"selectwaitmillis" not in text.lower():
            return self._text(lib.tftpserver_do_config(self._handle, text))
        with self._registering:
            self._wait_millis = None
            return self._text(lib.tftpserver_do_config(self._handle, text))

    def fileno(self) -> int:
        """Returns a descriptor that is readable while an event waits, for selectors, asyncio and
        other loops.

        Call do_events when it is readable. Do nothing else with it.
        """
        fd: int = lib.tftpserver_get_event_fd(self._handle)
        if fd < 0:
            raise self._last_failure()
        return fd

    def event_handle(self) -> int:
        """Returns, on Windows, a HANDLE that is signalled while an event waits, for
        WaitForMultipleObjects.

        Call do_events when it is signalled. Do nothing else with it. On other systems this fails
        with error 909.
        """
        handle: Optional[int] = lib.tftpserver_get_event_handle(self._handle)
        if handle is None:
            raise self._last_failure()
        return handle

    def close(self) -> None:
        """Aborts every transfer and frees the server; waits for a handler that runs on another
        thread.

        Closing again does nothing. Every other call fails with error 901 afterwards, and so does a
        do_events that runs on another thread.
        """
        if self._is_closed:
            return
        code = lib.tftpserver_close(self._handle)
        if code != ErrorCode.NOT_A_HANDLE:  # NOT_A_HANDLE: another thread was first, or a forked child
            self._check(code)
            self._waker.wake(for_good=True)
        self._is_closed = True
        self._finalizer.detach()

    def __enter__(self: S) -> S:
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], value: Optional[BaseException],
                 traceback: Optional[TracebackType]) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {'closed' if self._is_closed else 'open'}>"

    # ---- properties ----

    @property
    def closed(self) -> bool:
        """Whether close was called."""
        return self._is_closed

    @property
    def version(self) -> str:
        """The version of the library."""
        return self._get(PropertyId.VERSION)

    @property
    def conn(self) -> Conns:
        """The connections: server.conn[connection_id].filename, len(server.conn), for conn in
        server.conn."""
        return Conns(self)

    # api: begin server properties

    @property
    def conn_count(self) -> int:
        """The number of records in the Conn arrays. It changes only inside DoEvents."""
        return int(self._get(PropertyId.CONN_COUNT))

    @property
    def listening(self) -> bool:
        """True while the server listens. Starts or stops listening."""
        return self._get(PropertyId.LISTENING) == "True"

    @listening.setter
    def listening(self, value: bool) -> None:
        self._set(PropertyId.LISTENING, str(bool(value)).encode())

    @property
    def local_dir(self) -> str:
        """The directory that is served; it must exist. "": none, handlers supply everything."""
        return self._get(PropertyId.LOCAL_DIR)

    @local_dir.setter
    def local_dir(self, value: StrPath) -> None:
        self._set(PropertyId.LOCAL_DIR, to_bytes(value))

    @property
    def local_host(self) -> str:
        """
        The address or host name to listen on; "": every address. While listening, the bound
        address.
        """
        return self._get(PropertyId.LOCAL_HOST)

    @local_host.setter
    def local_host(self, value: str) -> None:
        self._set(PropertyId.LOCAL_HOST, to_bytes(value))

    @property
    def local_port(self) -> int:
        """
        The UDP port to listen on (69); 0: the system chooses one. While listening, the bound
        port.
        """
        return int(self._get(PropertyId.LOCAL_PORT))

    @local_port.setter
    def local_port(self, value: int) -> None:
        self._set_int(PropertyId.LOCAL_PORT, value)

    @property
    def max_retransmits(self) -> int:
        """How many times a packet is retransmitted before the transfer fails (3)."""
        return int(self._get(PropertyId.MAX_RETRANSMITS))

    @max_retransmits.setter
    def max_retransmits(self, value: int) -> None:
        self._set_int(PropertyId.MAX_RETRANSMITS, value)

    @property
    def retransmit_timeout(self) -> int:
        """Seconds until a packet is retransmitted, at most (5)."""
        return int(self._get(PropertyId.RETRANSMIT_TIMEOUT))

    @retransmit_timeout.setter
    def retransmit_timeout(self, value: int) -> None:
        self._set_int(PropertyId.RETRANSMIT_TIMEOUT, value)

    @property
    def timeout(self) -> int:
        """Seconds without progress after which a transfer fails (60); 0: no limit."""
        return int(self._get(PropertyId.TIMEOUT))

    @timeout.setter
    def timeout(self, value: int) -> None:
        self._set_int(PropertyId.TIMEOUT, value)
    # api: end server properties

    # ---- helpers of the methods and properties ----

    def _read_setting(self, name: str) -> str:
        return self.config(name)

    def _write_setting(self, name: str, value: Any) -> None:
        self.config(f"{name}={value}")

    def _get(self, prop: PropertyId, index: int = 0) -> str:
        return self._text(quick.tftpserver_get(self._handle, prop, self._index(index)))

    def _get_bytes(self, prop: PropertyId, index: int) -> bytes:
        length = ctypes.c_size_t()
        data = quick.tftpserver_get_bytes(self._handle, prop, self._index(index), ctypes.byref(length))
        if data is None:
            raise self._last_failure()
        return ctypes.string_at(data, length.value)

    def _set(self, prop: PropertyId, value: bytes, index: int = 0) -> None:
        # A connection's property never waits; a server's may wait while another thread starts or
        # stops it.
        library = quick if index else lib
        self._check(library.tftpserver_set_bytes(self._handle, prop, self._index(index), value, len(value)))

    def _set_int(self, prop: PropertyId, value: int) -> None:
        # As text, so that a number beyond 64 bits is refused instead of truncated.
        self._set(prop, b"%d" % operator.index(value))

    def _index(self, index: int) -> int:
        number = operator.index(index)
        if not -(1 << 31) <= number < 1 << 31:
            raise self._failure(ErrorCode.INDEX_OUT_OF_RANGE)
        return number

    def _text(self, answer: Optional[bytes]) -> str:
        if answer is None:
            raise self._last_failure()
        return answer.decode()

    def _check(self, code: int) -> None:
        if code:
            raise self._last_failure(code)

    def _last_failure(self, code: int = 0) -> TFTPServerError:
        text = quick.tftpserver_get_last_error(self._handle)
        last = quick.tftpserver_get_last_error_code(self._handle)
        if text and last and code in (0, last):
            return self._error(last, text.decode())
        return self._failure(code or last or ErrorCode.INTERNAL)

    def _failure(self, code: int, particulars: str = "") -> TFTPServerError:
        return self._error(code, " ".join(filter(None, (lib.tftpserver_strerror(code).decode(), particulars))))

    def _register(self, event: EventId, handler: Optional[Callable[[Any], Any]]) -> None:
        if handler is not None and not callable(handler):
            raise TypeError(f"a handler must be callable or None, not {type(handler).__name__}")
        self._change(self._handlers, event, handler)

    def _tap(self, event: EventId, handler: Optional[Callable[[Any], Any]]) -> None:
        """Registers a handler that is called before the program's own handler and does not replace
        it."""
        self._change(self._taps, event, handler)

    def _change(self, handlers: Dict[int, Callable[[Any], Any]], event: EventId,
                handler: Optional[Callable[[Any], Any]]) -> None:
        # Locked, so that the library's registration and these tables differ only during this
        # change.
        with self._registering:
            before = handlers.get(event)
            if handler is not None:
                handlers[event] = handler  # before the registration, so that every event finds its handler
            others = self._taps if handlers is self._handlers else self._handlers
            is_wanted = handler is not None or event in others
            code = lib.tftpserver_register_callback(self._handle, event,
                                                    _dispatch.callback if is_wanted else _dispatch.nothing,
                                                    self._token if is_wanted else None)
            if code or handler is None:
                handlers.pop(event, None)
            if code and before is not None:
                handlers[event] = before
            self._check(code)

    def _fire(self, event: Any) -> int:
        """Passes one event of the library to its handlers; returns the callback's result."""
        number = event.id
        handler = self._handlers.get(number)
        tap = self._taps.get(number) if self._taps else None
        if handler is None and tap is None:
            return self._untaken(event)
        given = _events.FROM_C[number](event.data)
        if tap is not None:
            tap(given)
        if handler is not None:
            result = handler(given)
            if result is not None:
                check_result(given, result)
        if number == _REQUEST and isinstance(given, ConnectionRequestEvent):
            is_put_off = given.accept == Accept.LATER
            event.data.connection_request.accept = Accept.LATER if is_put_off else bool(given.accept)
        return 0

    def _untaken(self, event: Any) -> int:
        """The result for an event whose handler was removed meanwhile: an upload that no file takes
        fails."""
        if event.id == EventId.TRANSFER and event.data.transfer.direction == Direction.UPLOAD:
            if not self.conn[event.data.transfer.connection_id].local_file:
                return int(ErrorCode.NO_LOCAL_FILE)
        return 0

    def _interrupt_here(self) -> None:
        lib.tftpserver_do_interrupt(self._handle)


def check_result(event: Any, result: Any) -> None:
    """Raises a TypeError if a handler returned a coroutine or generator, or False to refuse a
    request."""
    if inspect.isawaitable(result) or inspect.isgenerator(result) or inspect.isasyncgen(result):
        discard(result)
        raise TypeError("handlers of TFTPServer are plain functions, neither async def nor generators; AsyncServer takes "
                        "async ones")
    if result is False and isinstance(event, ConnectionRequestEvent):
        raise TypeError("on_connection_request refuses by `event.accept = False`; what it returns does not count")


def _release(handle: int, owner: int) -> None:
    """Closes a collected server that was not closed. Does nothing in a forked child: the threads
    are its parent's."""
    if os.getpid() == owner:
        _dispatch.close(handle)
