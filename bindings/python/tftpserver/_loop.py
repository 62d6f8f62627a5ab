"""Helpers of AsyncServer for the event loop: waking it when an event waits, and running blocking
calls."""
import asyncio
import contextlib
import threading
import time
from collections import deque
from typing import Any, Callable, Deque, List, Optional, Tuple

from ._answers import nothing
from ._class import TFTPServer
from ._errors import TFTPServerError
from ._waiting import CAN_WAIT, Waker, event_of


class Watcher:
    """Calls a function on the loop while an event waits, until it is stopped."""

    def __init__(self, stop: Callable[[], Any]) -> None:
        self.stop = stop


def watch(loop: asyncio.AbstractEventLoop, server: TFTPServer, ready: Callable[[], None]) -> Watcher:
    """Calls `ready` on the loop while an event waits: by add_reader, or without that (Windows) by a
    waiting thread."""
    try:
        fd = server.fileno()
        loop.add_reader(fd, ready)
    except (NotImplementedError, TFTPServerError):
        return _watch_on_thread(loop, server, ready)
    return Watcher(lambda: loop.remove_reader(fd))


def _watch_on_thread(loop: asyncio.AbstractEventLoop, server: TFTPServer, ready: Callable[[], None]) -> Watcher:
    """Waits on a thread for as long as no event waits, so that nothing polls."""
    waker, is_delivered, stopped = Waker(), threading.Event(), threading.Event()

    def deliver() -> None:
        try:
            if not stopped.is_set():
                ready()
        finally:
            is_delivered.set()

    def work() -> None:
        while not stopped.is_set():
            event = event_of(server._handle)
            if event >= 0:
                waker.wait(event, 60_000)
            elif CAN_WAIT or server.closed:
                return  # closed
            else:
                time.sleep(0.02)
            is_delivered.clear()
            try:
                loop.call_soon_threadsafe(deliver)
            except RuntimeError:
                return  # the loop is closed
            is_delivered.wait(1)

    def stop() -> None:
        stopped.set()
        is_delivered.set()
        waker.wake(for_good=True)

    threading.Thread(target=work, name="tftpserver-watch", daemon=True).start()
    return Watcher(stop)


async def run_aside(function: Callable[[], Any]) -> None:
    """Runs a blocking function on its own thread, because the default executor may be busy or shut
    down."""
    loop = asyncio.get_running_loop()
    done: "asyncio.Future[None]" = loop.create_future()
    raised: List[BaseException] = []

    def settle() -> None:
        if not done.done():
            done.set_result(None)

    def work() -> None:
        try:
            function()
        except BaseException as error:
            raised.append(error)
        with contextlib.suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(settle)

    thread = threading.Thread(target=work, name="tftpserver-aside", daemon=True)
    thread.start()
    # With a timeout, because Ctrl-C may interrupt `settle`.
    while thread.is_alive():
        await asyncio.wait([done], timeout=0.05)
    if raised:
        raise raised[0]


class Threads:
    """Runs blocking calls on threads that exist only while there is work.

    Not the default executor: it has few threads, which a few sources that wait would occupy, and
    Python waits for its threads before it exits.
    """

    MOST = 256
    IDLE = 1.0  # seconds that a thread waits for another call

    def __init__(self) -> None:
        self._calls: "Deque[_Call]" = deque()
        self._changed = threading.Condition()
        self._running = self._waiting = 0

    def run(self, function: Callable[..., Any], *arguments: Any,
            late: Callable[[], Any] = nothing) -> "asyncio.Future[Any]":
        """Returns the future of a call on another thread. Cancelling it does not stop the call.

        `late` is called on the loop if the future was cancelled, when the call has returned.
        """
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        with self._changed:
            self._calls.append((loop, future, function, arguments, late))
            if self._waiting >= len(self._calls):
                self._changed.notify()
            elif self._running < self.MOST:
                threading.Thread(target=self._work, name="tftpserver-reader", daemon=True).start()
                self._running += 1
        return future

    def _work(self) -> None:
        while True:
            call = self._next()
            if call is None:
                return
            loop, future, function, arguments, late = call
            result: Any = None
            raised: Optional[BaseException] = None
            try:
                result = function(*arguments)
            except BaseException as error:
                # A future cannot raise StopIteration.
                raised = RuntimeError("raised StopIteration") if isinstance(error, StopIteration) else error
            with contextlib.suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(_settle, future, result, raised, late)
            del call, loop, future, function, arguments, late, result, raised  # nothing stays alive while it waits

    def _next(self) -> "Optional[_Call]":
        """Returns the next call; None if the thread has to end."""
        with self._changed:
            while not self._calls:
                self._waiting += 1
                is_notified = self._changed.wait(self.IDLE)
                self._waiting -= 1
                if not is_notified and not self._calls:
                    self._running -= 1
                    return None
            return self._calls.popleft()


_Call = Tuple[asyncio.AbstractEventLoop, "asyncio.Future[Any]", Callable[..., Any], Tuple[Any, ...],
              Callable[[], Any]]


def _settle(future: "asyncio.Future[Any]", result: Any, raised: Optional[BaseException], late: Callable[[], Any]) -> None:
    if future.done():
        late()
    elif raised is not None:
        future.set_exception(raised)
    else:
        future.set_result(result)
