"""The server for synchronous programs. It runs on the caller's thread or on its own."""
import inspect
import sys
import threading
from types import TracebackType
from typing import TYPE_CHECKING, Any, Callable, List, Optional, Type, TypeVar, Union

from ._answers import Answer, drop, is_async, nothing
from ._errors import TFTPServerError, not_stored
from ._events import ConnectionRequestEvent, DataWantedEvent, DisconnectedEvent, TransferEvent
from ._request import Request, Service, log
from ._settings import Settings
from ._sources import PIECE, Pass, closers_of
from ._strict import discard
from ._text import StrPath

if sys.version_info >= (3, 11):
    from typing import Unpack
elif TYPE_CHECKING:
    from typing_extensions import Unpack

S = TypeVar("S", bound="Server")
Handler = Callable[[Request], Answer]
OnError = Callable[[Request, Exception], Any]
OnEnd = Callable[[Request, Optional[TFTPServerError]], Any]


class Server(Service):
    """Serves a directory, or the content that a handler returns. It listens as soon as it is
    constructed.

        with Server("/srv/tftp", port=6969) as server:
            server.serve_forever()

    The handler is called with a `Request`. For a download it returns one of:

    - a path, or bytes;
    - anything with `read(size)`, or an iterator of bytes: it is read piece by piece during the
      transfer, then closed;
    - a `Source` of these, if many downloads share one pass over the content;
    - None: the file is looked up in `root`, or not found if there is no `root`.

    For an upload it returns one of:

    - a path;
    - a binary file to write to: it is closed at the end;
    - a callable that gets each block;
    - None: the upload is stored in `root` if `create=True`, otherwise refused.

    Without a handler, too, uploads are taken only with `create=True`.

    A handler may also return `LATER`. The program then calls `answer(request, ...)` with one of
    these values, or `refuse(request)`, from any thread. Only that client waits meanwhile.

    `on_end(request, error)` is called after each transfer for which the handler was called and that
    was not refused; `error` is None if the whole file was transferred.
    `on_error(request, exception)` is called when a handler, a sink or `on_end` raises; without it
    the exception is logged. In both cases the client gets an ERROR packet, if the transfer had not
    ended yet, and the server keeps running.

    The `host` "" means every address of both families. The settings are those of the library, in
    Python's spelling, here and as attributes: read_only=True, max_block_size=1428, timeout=10.
    """

    def __init__(self, root_or_handler: Union[StrPath, Handler], host: str = "", port: int = 69, *,
                 root: Optional[StrPath] = None, create: bool = False, on_end: Optional[OnEnd] = None,
                 on_error: Optional[OnError] = None, **settings: "Unpack[Settings]") -> None:
        for function in (root_or_handler, on_end, on_error):
            if is_async(function):
                raise TypeError(f"{function!r} is async: that needs AsyncServer")
        super().__init__(root_or_handler, host, port, root, create, {"select_wait_millis": 60000, **settings})
        self._on_end, self._on_error = on_end, on_error
        self._serving = threading.RLock()  # held by serve_forever; reentrant for signal handlers
        self._serves = threading.Event()
        self._thread: Optional[int] = None
        self._background: Optional[threading.Thread] = None
        self._raises = False
        self._failure: Optional[BaseException] = None

    def serve_forever(self, *, raise_errors: bool = False) -> None:
        """Serves until `shutdown` is called, from another thread or from a handler.

        An exception in a handler is logged with its traceback, and the server keeps running. With
        `raise_errors`, and without an `on_error`, it is raised here; another call continues to
        serve. Ctrl-C and SystemExit are always raised.
        """
        self._serve(self._tftp.do_events if raise_errors else self._deliver, raise_errors)

    def _serve(self, deliver: Callable[[], None], raise_errors: bool) -> None:
        if not self._serving.acquire(blocking=False):
            raise RuntimeError("this server serves already, on another thread")
        try:
            self._thread = threading.get_ident()
            self._raises = raise_errors
            self._tftp.start_listening()
            self._serves.set()
            while not self._is_stopping:
                deliver()
                self._follow_logging()
            self._end_transfers(deliver)
            self._is_stopping = False
        finally:
            self._thread = None
            self._raises = False
            self._serving.release()

    def start(self: S, *, raise_errors: bool = False) -> S:
        """Serves on a background thread.

        An exception in a handler is logged with its traceback, and the thread continues. With
        `raise_errors`, `shutdown` and `close` raise the first one.
        """
        if self._background is not None:
            raise RuntimeError("this server has its thread already")
        self._serves.clear()
        self._is_stopping = False
        self._background = threading.Thread(target=self._run, args=(raise_errors,), name="tftpserver", daemon=True)
        self._background.start()
        self._serves.wait()
        return self

    def _run(self, raise_errors: bool) -> None:
        try:
            self._serve(self._deliver_and_remember if raise_errors else self._deliver, raise_errors)
        except BaseException as error:
            self._remember(error)
        finally:
            self._serves.set()

    def _deliver(self) -> None:
        """Delivers events. An exception here comes from a handler of `tftp` or from `on_error`, and
        is logged."""
        try:
            self._tftp.do_events()
        except Exception as error:
            if self._tftp.closed:
                raise
            log.error("raised in a handler", exc_info=error)

    def _deliver_and_remember(self) -> None:
        try:
            self._tftp.do_events()
        except Exception as error:
            if self._tftp.closed:
                raise
            self._remember(error)

    def _remember(self, error: BaseException) -> None:
        self._failure = self._failure or error
        log.error("raised on the server's own thread", exc_info=error)

    def shutdown(self) -> None:
        """Stops listening, aborts every transfer, and makes `serve_forever` return. Waits until it
        has returned.

        Called from a handler or a signal handler, it does not wait. If `serve_forever` does not run
        yet, its next call returns at once, so that an early signal is not lost.
        """
        self._is_stopping = True
        self._tftp.interrupt()
        if self._thread == threading.get_ident():
            return
        if self._background is not None:
            self._background.join()
            self._background = None
        with self._serving:  # serve_forever has returned
            if not self._tftp.closed:
                self._end_transfers(self._deliver)
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def _end_transfers(self, deliver: Callable[[], None]) -> None:
        """Aborts all transfers and delivers the events of their ends."""
        self._tftp.shutdown()
        while self._tftp.conn_count or self._tftp._event_waits():
            deliver()

    def close(self) -> None:
        """Calls `shutdown` and frees the server. Must not be called inside a handler."""
        if self._tftp.closed:
            return
        if self._thread == threading.get_ident():
            self._tftp.close()  # raises error 907 inside a handler
        try:
            self.shutdown()
        finally:
            with self._serving:
                self._release()

    def _release(self) -> None:
        try:
            super()._release()
        finally:
            sinks, self._sinks = self._sinks, {}
            for sink in sinks.values():
                sink.close()

    def __enter__(self: S) -> S:
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], value: Optional[BaseException],
                 traceback: Optional[TracebackType]) -> None:
        self.close()

    # ---- on the thread that serves ----

    def _on_request(self, event: ConnectionRequestEvent) -> None:
        request = self._begin(event)
        if request is None or self._handler is None:
            return
        answer = None
        try:
            answer = self._handler(request)
            self._answer(event, request, answer)
        except Exception as error:
            self._forget(event)
            self._close_all(request, self._closers_of_answer(answer))
            self._raised(request, error)
        except BaseException:
            self._forget(event)
            raise

    def _on_transfer(self, event: TransferEvent) -> None:
        sink = self._sink_of(event)
        if sink is None:
            return
        try:
            _call(sink.write, event.text)
        except Exception as error:
            self._tftp.disconnect(event.connection_id)
            sink.write = drop
            self._raised(self._requests[event.connection_id], error)

    def _check_content(self, content: Any) -> None:
        read = getattr(content, "read", None)
        if is_async(read) or hasattr(content, "__aiter__"):
            discard(content)
            raise TypeError(f"the content, {content!r}, is async: that needs AsyncServer")

    def _on_data_wanted(self, event: DataWantedEvent) -> None:
        number, left = event.connection_id, event.length
        source = None
        try:
            source = self._feeds.find(number, event.offset, left)
            if source is None:
                return
            while left:
                data = source.read(left if left < PIECE else PIECE)
                left -= len(data)
                if not self._supply_piece(number, data) or not data:
                    return self._end_pass(number, source)
            if self._feeds.is_supplied(source):
                self._end_pass(number, source)
        except Exception as error:
            self._source_failed(number, source, error)
        except BaseException:
            self._feed_failed(number, source)
            raise

    def _source_failed(self, connection_id: int, source: Optional[Pass], error: Exception) -> None:
        request = self._feed_failed(connection_id, source)
        self._close_all(request, source.close() if source is not None else [])
        if request is not None:
            self._raised(request, error)

    def _end_pass(self, connection_id: int, source: Pass) -> None:
        self._feeds.drop(source)
        self._close_all(self._requests.get(connection_id), source.close())

    def _close_all(self, request: Optional[Request], closers: List[Callable[[], Any]]) -> None:
        for close in closers:
            try:
                discard(close())
            except Exception as error:
                if request is not None:
                    self._raised(request, error)
                else:
                    log.error("raised when a source was closed", exc_info=error)

    def _on_disconnected(self, event: DisconnectedEvent) -> None:
        request, sink, error = self._finish(event)
        passes, unread = self._feeds.forget(event.connection_id)
        for one in passes:
            self._close_all(request, one.close())
        self._close_all(request, closers_of(*unread))
        if request is None:
            return
        try:
            _call(sink.close if sink is not None else nothing)
        except Exception as raised:
            error = error or not_stored(raised)
            self._raised(request, raised)
        try:
            if self._on_end is not None:
                _call(self._on_end, request, error)
        except Exception as raised:
            self._raised(request, raised)

    def _raised(self, request: Request, error: Exception) -> None:
        if self._on_error is not None:
            self._on_error(request, error)
        elif self._raises:
            raise error
        else:
            log.error("raised while %r was served", request, exc_info=error)


def _call(function: Callable[..., Any], *arguments: Any) -> None:
    result = function(*arguments)
    if result is not None and (inspect.isawaitable(result) or inspect.isgenerator(result)):
        discard(result)
        raise TypeError(f"{function!r} returned a {type(result).__name__}, which nothing awaits: that needs AsyncServer")
