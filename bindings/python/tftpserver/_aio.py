"""The server for asyncio programs. The library's event descriptor wakes the loop; nothing is
polled."""
import asyncio
import contextlib
import contextvars
import inspect
import sys
from collections import deque
from types import TracebackType
from typing import (TYPE_CHECKING, Any, Awaitable, Callable, Coroutine, Deque, Dict, Iterator, List, Optional, Set, Type,
                    TypeVar, Union)

from ._answers import LATER, AsyncAnswer, Sink, checked, drop, is_async, is_readable, nothing, refuse_generator
from ._errors import TFTPServerError, TFTPServerIndexError, not_stored
from ._events import ConnectedEvent, ConnectionRequestEvent, DataWantedEvent, DisconnectedEvent, TransferEvent
from ._loop import Threads, Watcher, run_aside, watch
from ._request import Request, Service
from ._settings import Settings
from ._sources import PIECE, Pass, closers_of, is_content
from ._text import StrPath

if sys.version_info >= (3, 11):
    from typing import Unpack
elif TYPE_CHECKING:
    from typing_extensions import Unpack

_GLANCE = 0.01  # seconds between two looks at what is left, while a server ends
_PATIENCE = 1.0  # seconds to wait for a read on another thread before its source is left open
_AT_ONCE = 64  # events that are delivered before the loop's other callbacks get their turn

S = TypeVar("S", bound="AsyncServer")
Handler = Callable[[Request], Union[AsyncAnswer, Awaitable[AsyncAnswer]]]
OnError = Callable[[Request, Exception], Any]
OnEnd = Callable[[Request, Optional[TFTPServerError]], Any]


class AsyncServer(Service):
    """`Server` for asyncio: the same arguments, and the handler, `on_end`, `on_error` and sinks may
    be async.

        async with AsyncServer(handler, port=6969) as server:
            await server.serve_forever()

    All functions of the program are called on the loop's thread, in the context (contextvars) in
    which the server was started. Each call of an async handler runs as a task. Other clients are
    served while it waits, and it is cancelled when its request ends, after `timeout` at the latest.
    For each connection, the writes of a sink, its `close` and `on_end` run one after the other and
    delay no other connection. An upload's client gets its acknowledgement when `write` has
    finished.

    An exception in a handler goes to `on_error`, or without one to the loop's exception handler.
    The server keeps running.
    """

    def __init__(self, root_or_handler: Union[StrPath, Handler], host: str = "", port: int = 69, *,
                 root: Optional[StrPath] = None, create: bool = False, on_end: Optional[OnEnd] = None,
                 on_error: Optional[OnError] = None, **settings: "Unpack[Settings]") -> None:
        for function, what in ((on_end, "on_end"), (on_error, "on_error")):
            refuse_generator(function, what)
        # Only the loop may wait: the library is called with the interpreter lock held, so it must
        # return at once.
        super().__init__(root_or_handler, host, port, root, create, {**settings, "select_wait_millis": 0})
        self._on_end, self._on_error = on_end, on_error
        self._is_async = is_async(self._handler)
        self._loop: Optional[asyncio.AbstractEventLoop] = None
        self._context = contextvars.Context()
        self._watcher: Optional[Watcher] = None
        self._waiter: "Optional[asyncio.Future[None]]" = None
        self._raises = False
        self._ender: "Optional[asyncio.Task[Any]]" = None  # runs shutdown, and may be a handler
        self._delivered = 0  # events in this turn of the loop
        self._answering: "Dict[int, asyncio.Task[None]]" = {}  # async handlers that run, by connection
        self._tasks: "Set[asyncio.Task[None]]" = set()  # all that runs for connections
        self._threads = Threads()  # for reads that may block

    async def start(self: S) -> S:
        """Starts to serve on the running loop. Does nothing if the server runs already.

        Raises a RuntimeError if it runs on another loop. If that loop was closed without
        `shutdown`, the transfers for which the program was called end with an ERROR packet, and the
        server continues on the running loop.
        """
        self._check_loop()
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            self._context = contextvars.copy_context()
            self._tftp.start_listening()
            self._watcher = watch(self._loop, self._tftp, self._readable)
        return self

    def _check_loop(self) -> None:
        """Raises a RuntimeError if the server runs on another loop. Leaves a loop that was
        closed."""
        loop = self._loop
        if loop is None or loop is asyncio.get_running_loop():
            return
        if not loop.is_closed():
            raise RuntimeError("this server runs on another event loop")
        if self._watcher is not None:
            with contextlib.suppress(RuntimeError):  # its selector was closed with it
                self._watcher.stop()
        self._watcher = self._loop = self._waiter = None
        for number in {*self._answering, *self._sinks, *self._feeds.leave_tasks()}:
            with contextlib.suppress(TFTPServerError):
                self._tftp.disconnect(number)
        self._answering.clear()
        self._tasks.clear()
        for sink in self._sinks.values():
            if isinstance(sink, _Stream):
                sink.task = None

    async def serve_forever(self, *, raise_errors: bool = False) -> None:
        """Serves until `shutdown` is called or this is cancelled.

        With `raise_errors`, and without an `on_error`, an exception in a handler is raised here.
        The server still runs then, and another call continues to wait.
        """
        if self._waiter is not None:
            raise RuntimeError("somebody waits in serve_forever already")
        await self.start()
        self._waiter = asyncio.get_running_loop().create_future()
        self._raises = raise_errors
        try:
            await self._waiter
        finally:
            self._waiter = None

    async def shutdown(self) -> None:
        """Stops listening, ends every transfer, and lets `serve_forever` return.

        Running async handlers are cancelled, once each. The call returns when these handlers, the
        sinks and `on_end` have finished.
        """
        if self._loop is None:
            return
        self._check_loop()
        if self._loop is None:  # a closed loop was left
            await self.start()
        self._is_stopping, self._ender = True, asyncio.current_task()
        for connection_id, task in list(self._answering.items()):
            self._requests.pop(connection_id, None)  # no on_end for a cancelled handler
            self._cancel(connection_id, task)
        await run_aside(self._tftp.shutdown)
        await self._drain()
        if self._watcher is not None:
            self._watcher.stop()
        self._watcher, self._loop = None, None
        self._is_stopping, self._ender = False, None
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def _drain(self) -> None:
        """Delivers all waiting events and waits until all tasks have finished.

        It polls instead of waiting for a notification: before Python 3.11, Ctrl-C interrupts the
        loop at any point, and the notification could be lost.
        """
        while True:
            self._readable()
            others = self._tasks - {asyncio.current_task()}
            if others:
                await asyncio.wait(others, timeout=_GLANCE)
            elif self._tftp.conn_count or self._tftp._event_waits():
                await asyncio.sleep(_GLANCE)
            else:
                return

    async def close(self) -> None:
        """Calls `shutdown`, closes the sinks that are still open, and frees the server."""
        if self._tftp.closed:
            return
        self._check_loop()
        try:
            await self.shutdown()
        finally:
            if self._watcher is not None:  # shutdown was cancelled
                self._watcher.stop()
            await run_aside(self._release)
            sinks, self._sinks = self._sinks, {}
            for sink in sinks.values():
                result = sink.close()
                if inspect.isawaitable(result):
                    await result

    async def __aenter__(self: S) -> S:
        return await self.start()

    async def __aexit__(self, kind: Optional[Type[BaseException]], value: Optional[BaseException],
                        traceback: Optional[TracebackType]) -> None:
        await self.close()

    # ---- on the loop ----

    def _readable(self) -> None:
        self._delivered = 0
        try:
            self._context.run(self._tftp._deliver_waiting)
        except Exception as error:
            if not self._tftp.closed:
                self._failed(error)

    def _count(self) -> None:
        """Returns to the loop after some events; the remaining ones make the descriptor readable
        again."""
        self._delivered += 1
        if self._delivered >= _AT_ONCE:
            self._delivered = 0
            self._tftp._interrupt_here()

    def _failed(self, error: BaseException) -> None:
        if self._raises and self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(error)
        elif self._loop is not None:
            self._loop.call_exception_handler({"message": "raised in a handler of a TFTP server", "exception": error})

    def _raised(self, request: Request, error: Exception) -> None:
        if self._on_error is None:
            return self._failed(error)
        try:
            result = self._on_error(request, error)
        except Exception as another:
            return self._failed(another)
        if inspect.isawaitable(result):
            self._begin_task(self._report(result))

    async def _report(self, result: Awaitable[Any]) -> None:
        try:
            await result
        except Exception as another:
            self._failed(another)

    def _begin_task(self, work: "Coroutine[Any, Any, None]") -> "asyncio.Task[None]":
        assert self._loop is not None
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # ---- the handler ----

    def _on_request(self, event: ConnectionRequestEvent) -> None:
        self._count()
        request = self._begin(event)
        if request is None or self._handler is None:
            return
        if self._is_async:
            return self._answer_in_task(event, request, self._handler(request))
        answer = None
        try:
            answer = self._handler(request)
            if inspect.isawaitable(answer) or is_readable(answer) and not is_content(answer) and is_async(answer.read):
                self._answer_in_task(event, request, answer)
            else:
                self._answer(event, request, answer)
        except Exception as error:
            self._forget(event)
            self._begin_closing(request, self._closers_of_answer(answer))
            self._raised(request, error)
        except BaseException:
            self._forget(event)
            raise

    def _answer_in_task(self, event: ConnectionRequestEvent, request: Request, answer: Any) -> None:
        number = request.connection_id
        self._wait_for_answer(event)
        task = self._answering[number] = self._begin_task(self._find_answer(request, answer))
        task.add_done_callback(lambda _: self._answering.pop(number, None))

    async def _find_answer(self, request: Request, answer: Any) -> None:
        """Awaits the handler's answer to one request and passes it to the library."""
        try:
            if inspect.isawaitable(answer):
                answer = await answer
            if answer is LATER:
                return
            if not request.is_upload and is_readable(answer) and not is_content(answer):  # which may block
                await self._read_and_give(request, answer)
            else:
                await self._give(request, answer)
        except Exception as error:
            self._turn_away(request)
            self._raised(request, error)
        except BaseException:
            self._turn_away(request)
            raise

    async def _read_and_give(self, request: Request, answer: Any) -> None:
        if not is_async(answer.read):
            with contextlib.suppress(TFTPServerIndexError):
                await self._threads.run(self.answer, request, answer)
            return
        try:
            data = checked(await answer.read())
        finally:
            result = getattr(answer, "close", nothing)()
            if inspect.isawaitable(result):
                await result
        await self._give(request, data)

    async def _give(self, request: Request, answer: Any) -> None:
        """Passes an answer on. Closes it if it is of no use: on_end gets the reason if the request
        has ended."""
        try:
            self.answer(request, answer)
        except BaseException as error:
            await self._close_all(request, self._closers_of_answer(answer))
            if not isinstance(error, TFTPServerIndexError):
                raise

    def _turn_away(self, request: Request) -> None:
        with contextlib.suppress(TFTPServerError):  # it has ended, or the program has answered it
            self.refuse(request)

    def _on_connected(self, event: ConnectedEvent) -> None:
        if event.status_code:
            task = self._answering.get(event.connection_id)
            if task is not None:
                self._cancel(event.connection_id, task)
        super()._on_connected(event)

    def _cancel(self, connection_id: int, task: "asyncio.Task[None]") -> None:
        """Cancels a handler once, unless it is the task that runs `shutdown`."""
        if task is not self._ender:
            self._answering.pop(connection_id, None)
            task.cancel()

    # ---- after the answer: data, blocks, the end ----

    def _on_data_wanted(self, event: DataWantedEvent) -> None:
        self._count()
        try:
            source = self._feeds.find(event.connection_id, event.offset, event.length)
        except Exception as error:
            return self._source_failed(event.connection_id, None, error)
        if source is not None:
            source.owed.append((event.connection_id, event.length))
            if source.task is None:
                source.task = self._begin_task(self._feed_all(source))

    async def _feed_all(self, source: Pass) -> None:
        """Supplies all outstanding requests for data of one pass over a source."""
        number = source.owed[0][0]
        error: Optional[Exception] = None
        try:
            while source.owed:
                number, left = source.owed[0]
                most = left if left < PIECE else PIECE
                if source.is_async:
                    data = await source.read_async(most)
                else:
                    source.reading = self._threads.run(source.read, most, late=lambda: self._close_late(source))
                    data = await asyncio.shield(source.reading)
                # Before the supply, so that the next request for data finds this state.
                if left > len(data) > 0:
                    source.owed[0] = number, left - len(data)
                else:
                    source.owed.popleft()
                if not self._supply_piece(number, data) or not data:
                    break
            else:
                if not self._feeds.is_supplied(source):
                    return
        except Exception as raised:
            error = raised
        except asyncio.CancelledError as raised:
            if source.is_closing:
                raise  # by _close_source
            error = RuntimeError("the source was cancelled")
            error.__cause__ = raised
        finally:
            source.task = None
        source.owed.clear()
        if error is not None:
            self._source_failed(number, source, error)
        else:
            self._feeds.drop(source)
        await self._close_all(self._requests.get(number), source.close())

    def _source_failed(self, connection_id: int, source: Optional[Pass], error: Exception) -> None:
        request = self._feed_failed(connection_id, source)
        if request is not None:
            self._raised(request, error)
        else:
            self._failed(error)

    async def _stop_source(self, request: Optional[Request], source: Pass) -> None:
        """Closes a source whose downloads have ended. A task that still reads it is cancelled
        first."""
        closers = source.close()
        if source.task is not None:
            source.task.cancel()
            await asyncio.wait([source.task])
        if source.reading is not None:
            done, _ = await asyncio.wait([source.reading], timeout=_PATIENCE)
            if not done:
                # A read that does not return keeps no server from its end.
                source.closers = closers
                source.reading.cancel()
                return
            source.reading.exception()  # retrieved, so that asyncio does not report it
        await self._close_all(request, closers)

    def _close_late(self, source: Pass) -> None:
        """Closes a source when its last read has returned, after its downloads have ended."""
        task = asyncio.get_running_loop().create_task(self._close_all(None, source.closers))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _close_all(self, request: Optional[Request], closers: List[Callable[[], Any]]) -> None:
        for close in closers:
            try:
                result = close()
                if inspect.isawaitable(result):
                    await result
            except Exception as error:
                if request is not None:
                    self._raised(request, error)
                else:
                    self._failed(error)

    def _begin_closing(self, request: Optional[Request], closers: List[Callable[[], Any]]) -> None:
        if closers:
            self._begin_task(self._close_all(request, closers))

    def _on_transfer(self, event: TransferEvent) -> None:
        self._count()
        sink = self._sink_of(event)
        if sink is None:
            return
        stream = sink if isinstance(sink, _Stream) else None
        if stream is not None:
            stream.blocks.append(event.text)
            if stream.task is None:
                self._store(event.connection_id, stream, None)
            return
        try:
            result = sink.write(event.text)
        except Exception as error:
            return self._sink_failed(event.connection_id, sink, error)
        if result is not None and inspect.isawaitable(result):
            stream = self._sinks[event.connection_id] = _Stream(sink)
            self._store(event.connection_id, stream, result)

    def _store(self, connection_id: int, stream: "_Stream", pending: Optional[Awaitable[Any]]) -> None:
        self._tftp.hold(connection_id)
        stream.task = self._begin_task(self._write(connection_id, stream, pending))

    async def _write(self, connection_id: int, stream: "_Stream", pending: Optional[Awaitable[Any]]) -> None:
        """Writes the blocks that have arrived. The transfer is held (`hold`) until all of them are
        written."""
        try:
            if pending is not None:
                await pending
            while stream.blocks:
                result = stream.write(stream.blocks.popleft())
                if inspect.isawaitable(result):
                    await result
        except Exception as error:
            self._sink_failed(connection_id, stream, error)
        except BaseException:
            with contextlib.suppress(TFTPServerError):
                self._tftp.disconnect(connection_id)
            raise
        finally:
            stream.task = None
            with contextlib.suppress(TFTPServerError):
                self._tftp.hold(connection_id, False)

    def _sink_failed(self, connection_id: int, sink: Sink, error: Exception) -> None:
        """Aborts the upload. Must run before the hold is lifted, or the last block would be
        acknowledged."""
        with contextlib.suppress(TFTPServerError):  # it has ended
            self._tftp.disconnect(connection_id)
        sink.write = drop
        request = self._requests.get(connection_id)
        if request is not None:
            self._raised(request, error)
        else:
            self._failed(error)

    def _on_disconnected(self, event: DisconnectedEvent) -> None:
        self._count()
        request, sink, error = self._finish(event)
        passes, unread = self._feeds.forget(event.connection_id)
        if request is None:
            for source in passes:
                self._begin_task(self._stop_source(None, source))
            return self._begin_closing(None, closers_of(*unread))
        steps = self._ending(request, sink, error, passes, closers_of(*unread))
        pending = self._run(request, steps)
        if pending is not None:
            self._begin_task(self._run_on(request, steps, pending))

    def _ending(self, request: Request, sink: Optional[Sink], error: Optional[TFTPServerError],
                passes: List[Pass], closers: List[Callable[[], Any]]) -> Iterator[Callable[[], Any]]:
        """Yields the steps that end a connection, in order. Each runs even if the one before
        raised."""
        for source in passes:
            if source.task is None:
                yield from source.close()
            else:
                yield lambda: self._stop_source(request, source)
        yield from closers
        if isinstance(sink, _Stream) and sink.task is not None:
            task = sink.task
            yield lambda: task
        failures: List[Exception] = []
        if sink is not None:
            close = sink.close
            yield lambda: _noting(failures, close)
        if self._on_end is not None:
            on_end, outcome = self._on_end, error or (not_stored(failures[0]) if failures else None)
            yield lambda: on_end(request, outcome)

    def _run(self, request: Request, steps: Iterator[Callable[[], Any]]) -> Optional[Awaitable[Any]]:
        """Runs steps until one has to be awaited, and returns its awaitable; None when all have
        run."""
        for step in steps:
            try:
                result = step()
            except Exception as raised:
                self._raised(request, raised)
                continue
            if result is not None and inspect.isawaitable(result):
                return result
        return None

    async def _run_on(self, request: Request, steps: Iterator[Callable[[], Any]], pending: Optional[Awaitable[Any]]) -> None:
        while pending is not None:
            try:
                await pending
            except Exception as raised:
                self._raised(request, raised)
            pending = self._run(request, steps)


def _noting(failures: List[Exception], function: Callable[[], Any]) -> Any:
    """Calls `function` and appends what it raises, at once or when it is awaited, to `failures`."""
    try:
        result = function()
    except Exception as error:
        failures.append(error)
        raise
    if result is None or not inspect.isawaitable(result):
        return result

    async def awaited() -> None:
        try:
            await result
        except Exception as error:
            failures.append(error)
            raise

    return awaited()


class _Stream(Sink):
    """A sink with an async `write`, and the blocks that it has not written yet."""

    __slots__ = ("blocks", "task")

    def __init__(self, sink: Sink) -> None:
        self.write, self.close = sink.write, sink.close
        self.blocks: Deque[bytes] = deque()
        self.task: "Optional[asyncio.Task[None]]" = None
