"""A server in an asyncio program: it wakes the loop through the library's event descriptor, and never polls."""
import asyncio
import concurrent.futures
import contextlib
import inspect
from types import TracebackType
from typing import Any, Awaitable, Callable, Dict, Optional, Type, TypeVar, Union

from ._errors import TFTPServerError, TFTPServerIndexError
from ._events import ConnectedEvent, ConnectionRequestEvent, DisconnectedEvent, TransferEvent
from ._request import LATER, Answer, Request, Service
from ._text import StrPath

_GLANCE = 0.01  # seconds between two looks at what is left, while a server ends

S = TypeVar("S", bound="AsyncServer")
Handler = Callable[[Request], Union[Answer, Awaitable[Answer]]]
OnError = Callable[[Request, Exception], Any]
OnEnd = Callable[[Request, Optional[TFTPServerError]], Any]


class AsyncServer(Service):
    """`Server` for asyncio: the same arguments, and the handler, `on_end`, `on_error` and sinks may be async.

        async with AsyncServer(handler, port=6969) as server:
            await server.serve_forever()

    Everything of yours is called on the loop's thread. Each call of an async handler is a task: while it waits, all
    others are served, and it is cancelled where its request ends, after `timeout` at the latest. `on_end` and sinks are
    called one at a time. What a handler raises is raised by `serve_forever`; where nobody waits in that, the loop's
    exception handler gets it. Serving goes on.
    """

    def __init__(self, root_or_handler: Union[StrPath, Handler], host: str = "", port: int = 69, *,
                 root: Optional[StrPath] = None, on_end: Optional[OnEnd] = None, on_error: Optional[OnError] = None,
                 **settings: Any) -> None:
        settings = {"select_wait_millis": 0, **settings}
        super().__init__(root_or_handler, host, port, root, settings)
        self._on_end, self._on_error = on_end, on_error
        self._loop: Optional[asyncio.AbstractEventLoop] = None
        self._worker: Optional[concurrent.futures.ThreadPoolExecutor] = None
        self._is_delivering = False  # the worker itself says so
        self._step: Optional[_Step] = None
        self._waiter: "Optional[asyncio.Future[None]]" = None
        self._answering: "Dict[int, asyncio.Task[None]]" = {}  # async handlers that run, by connection
        if self._handler is not None:
            self._tftp.on_connection_request = self._on_request
            self._tftp.on_disconnected = self._on_disconnected
            if any(map(_is_async, (self._handler, on_end, on_error))):
                # DoEvents waits in it for what runs on the loop.
                self._worker = concurrent.futures.ThreadPoolExecutor(1, "tftpserver")

    async def start(self: S) -> S:
        """Begins to serve on the running loop."""
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            self._tftp.start_listening()
            self._loop.add_reader(self._tftp.fileno(), self._readable)
        return self

    async def serve_forever(self) -> None:
        """Serves until `shutdown` is called, this is cancelled, or a handler raises."""
        if self._waiter is not None:
            raise RuntimeError("somebody waits in serve_forever already")
        await self.start()
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    async def shutdown(self) -> None:
        """Stops listening, ends every transfer (an async handler is cancelled), and lets `serve_forever` return."""
        loop = self._loop
        if loop is None:
            return
        self._is_stopping = True
        if self._step is not None and self._step.function is self._handler:
            self._step.cancel()
        for connection_id, task in list(self._answering.items()):
            self._requests.pop(connection_id, None)  # a handler that is cancelled has no end to be told of
            task.cancel()
        await loop.run_in_executor(None, self._tftp.shutdown)
        await self._drain(loop)
        loop.remove_reader(self._tftp.fileno())
        self._loop = None
        self._is_stopping = False
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def _drain(self, loop: asyncio.AbstractEventLoop) -> None:
        """Lets everything be delivered that waits.

        It looks again and again rather than be told: before Python 3.11 Ctrl-C strikes in the middle of whatever the
        loop does, and what would have told may be lost.
        """
        while True:
            step = self._step
            if self._is_delivering:
                await asyncio.sleep(_GLANCE)
                if step is not None:
                    step.give_up_if_lost()
            elif self._tftp.conn_count or self._tftp._event_waits():
                loop.add_reader(self._tftp.fileno(), self._readable)
                await asyncio.sleep(_GLANCE)
            else:
                return

    async def close(self) -> None:
        """`shutdown`, and frees everything."""
        if self._tftp.closed:
            return
        try:
            await self.shutdown()
        finally:
            if self._worker is not None:
                self._worker.shutdown(wait=False)
            await asyncio.get_running_loop().run_in_executor(None, self._release)

    async def __aenter__(self: S) -> S:
        return await self.start()

    async def __aexit__(self, kind: Optional[Type[BaseException]], value: Optional[BaseException],
                        traceback: Optional[TracebackType]) -> None:
        await self.close()

    # ---- on the loop ----

    def _readable(self) -> None:
        loop = self._loop
        assert loop is not None
        if self._worker is None:
            try:
                self._tftp.do_events()
            except Exception as error:
                self._failed(error)
            return
        loop.remove_reader(self._tftp.fileno())
        loop.run_in_executor(self._worker, self._deliver).add_done_callback(self._delivered)

    def _deliver(self) -> None:
        self._is_delivering = True
        try:
            self._tftp.do_events()
        finally:
            self._is_delivering = False

    def _delivered(self, done: "asyncio.Future[None]") -> None:
        if not done.cancelled():
            error = done.exception()
            if error is not None:
                self._failed(error)
        if self._loop is not None and not self._tftp.closed:
            self._loop.add_reader(self._tftp.fileno(), self._readable)

    def _failed(self, error: BaseException) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(error)
        elif self._loop is not None:
            self._loop.call_exception_handler({"message": "raised in a handler of a TFTP server", "exception": error})

    # ---- handlers: on the loop, or, where one is async, on the worker, which waits for the loop ----

    def _run(self, function: Callable[..., Any], *arguments: Any) -> Any:
        loop = self._loop
        if self._worker is None or loop is None:
            result = function(*arguments)
            if inspect.isawaitable(result):
                if inspect.iscoroutine(result):
                    result.close()
                raise TypeError("this function returned an awaitable: make it an `async def`")
            return result
        step = _Step(function, arguments)
        loop.call_soon_threadsafe(step.begin, loop)
        self._step = step
        if self._is_stopping and function is self._handler:
            loop.call_soon_threadsafe(step.cancel)
        try:
            return step.result.result()
        finally:
            self._step = None

    def _on_request(self, event: ConnectionRequestEvent) -> None:
        request = self._begin(event)
        if request is None or self._handler is None:
            return
        if self._loop is not None and _is_async(self._handler):
            self._wait_for_answer(event, request)
            self._loop.call_soon_threadsafe(self._begin_answer, request)
            return
        try:
            self._answer(event, request, self._run(self._handler, request))
        except concurrent.futures.CancelledError:
            event.accept = False
            if not self._is_stopping:
                raise
        except Exception as error:
            event.accept = False
            self._raised(request, error)

    def _begin_answer(self, request: Request) -> None:
        loop, number = self._loop, request.connection_id
        if loop is None or self._is_stopping or number not in self._requests:
            return  # the library ends it, or it has ended
        task = self._answering[number] = loop.create_task(self._find_answer(request))
        task.add_done_callback(lambda _: self._answering.pop(number, None))

    async def _find_answer(self, request: Request) -> None:
        """Runs the async handler of one request."""
        assert self._handler is not None
        try:
            answer = await self._handler(request)
            if answer is LATER:
                return
            if hasattr(answer, "read"):  # which may take its time
                await asyncio.get_running_loop().run_in_executor(None, self._give, request, answer)
            else:
                self._give(request, answer)
        except Exception as error:
            self._turn_away(request)
            await self._raised_in_task(request, error)
        except BaseException:
            self._turn_away(request)
            raise

    def _give(self, request: Request, answer: Answer) -> None:
        with contextlib.suppress(TFTPServerIndexError):  # it has ended: on_end tells why
            self.answer(request, answer)

    def _turn_away(self, request: Request) -> None:
        with contextlib.suppress(TFTPServerError):  # it has ended, or the program itself has answered
            self.refuse(request)

    async def _raised_in_task(self, request: Request, error: Exception) -> None:
        if self._on_error is None:
            return self._failed(error)
        try:
            result = self._on_error(request, error)
            if inspect.isawaitable(result):
                await result
        except Exception as another:
            self._failed(another)

    def _on_connected(self, event: ConnectedEvent) -> None:
        loop = self._loop
        if event.status_code and loop is not None:
            loop.call_soon_threadsafe(self._give_up, event.connection_id)
        super()._on_connected(event)

    def _give_up(self, connection_id: int) -> None:
        task = self._answering.get(connection_id)
        if task is not None:
            task.cancel()

    def _on_transfer(self, event: TransferEvent) -> None:
        sink = self._sink_of(event)
        if sink is None:
            return
        try:
            self._run(sink.write, event.text)
        except Exception as error:
            self._tftp.disconnect(event.connection_id)
            self._run(self._sinks.pop(event.connection_id).close)
            self._raised(self._requests[event.connection_id], error)

    def _on_disconnected(self, event: DisconnectedEvent) -> None:
        request, sink, error = self._finish(event)
        if request is None:
            return
        try:
            self._run(sink.close)
            if self._on_end is not None:
                self._run(self._on_end, request, error)
        except Exception as raised:
            self._raised(request, raised)

    def _raised(self, request: Request, error: Exception) -> None:
        if self._on_error is None:
            raise error
        self._run(self._on_error, request, error)


class _Step:
    """One call of a function of the program's on the loop, for which the worker waits."""

    def __init__(self, function: Callable[..., Any], arguments: Any) -> None:
        self.function, self.arguments = function, arguments
        self.result: "concurrent.futures.Future[Any]" = concurrent.futures.Future()
        self.task: "Optional[asyncio.Task[None]]" = None

    def begin(self, loop: asyncio.AbstractEventLoop) -> None:
        self.task = loop.create_task(self._work())
        self.task.add_done_callback(lambda _: self.give_up_if_lost())

    async def _work(self) -> None:
        try:
            result = self.function(*self.arguments)
            if inspect.isawaitable(result):
                result = await result
            self._settle(result, None)
        except asyncio.CancelledError:
            self._settle(None, concurrent.futures.CancelledError())
        except BaseException as error:
            self._settle(None, error)
            if not isinstance(error, Exception):
                raise

    def _settle(self, result: Any, error: Optional[BaseException]) -> None:
        if not self.result.done():
            if error is None:
                self.result.set_result(result)
            else:
                self.result.set_exception(error)

    def cancel(self) -> None:
        if self.task is not None:
            self.task.cancel()

    def give_up_if_lost(self) -> None:
        """Ctrl-C may strike before the loop has begun it, or just before it has said its result."""
        if self.task is None or self.task.done():
            self._settle(None, concurrent.futures.CancelledError())


def _is_async(function: Any) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None))
