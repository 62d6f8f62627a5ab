"""Helpers of AsyncServer for the event loop: waking it when an event waits, and running blocking calls."""
import asyncio
import contextlib
import threading
import time
from typing import Any, Callable, List

from ._class import TFTPServer
from ._errors import TFTPServerError
from ._waiting import CAN_WAIT, Waker, event_of


class Watcher:
    """Calls a function on the loop while an event waits, until it is stopped."""

    def __init__(self, stop: Callable[[], Any]) -> None:
        self.stop = stop


def watch(loop: asyncio.AbstractEventLoop, server: TFTPServer, ready: Callable[[], None]) -> Watcher:
    """Calls `ready` on the loop while an event waits: by add_reader, or without that (Windows) by a waiting thread."""
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
    """Runs a blocking function on its own thread, because the default executor may be busy or shut down."""
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
