"""Waits for events in Python rather than in C, so that Ctrl-C interrupts even a long wait at
once."""
import importlib
import os
import select
import signal
import sys
import threading
from typing import Callable, List, Tuple, Type, Union

from ._ffi import quick
from ._waiting_windows import Waker as EventWaker


class PipeWaker:
    """A pipe that is polled together with the library's event descriptor. `interrupt` and `close`
    write to it."""

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._reader, False)
        os.set_blocking(self._writer, False)
        self._is_closing = False
        self._polls: "List[Tuple[select.poll, int]]" = []  # idle ones, with the descriptor of the library's events

    def wake(self, for_good: bool = False) -> None:
        """Ends the current wait, or the next one; with `for_good` all later ones too."""
        self._is_closing = self._is_closing or for_good
        try:
            os.write(self._writer, b"!")
        except BlockingIOError:
            pass  # a full pipe is readable

    def wait(self, event_fd: int, millis: int) -> bool:
        """Waits up to `millis` milliseconds; returns whether an event waits."""
        try:
            poll, registered = self._polls.pop()  # another thread may wait at the same time
        except IndexError:
            poll, registered = select.poll(), -1
        if registered != event_fd:
            poll = select.poll()
            poll.register(event_fd, select.POLLIN)
            poll.register(self._reader, select.POLLIN)
        ready = [fd for fd, _ in self._poll(poll, millis)]
        self._polls.append((poll, event_fd))
        if self._reader in ready and not self._is_closing:
            try:
                os.read(self._reader, 4096)
            except BlockingIOError:
                pass  # another thread has read it
        return event_fd in ready

    def _poll(self, poll: "select.poll", millis: int) -> List[Tuple[int, int]]:
        """Polls while signals write to the pipe, too: a signal just before the system call would
        not interrupt it."""
        if millis == 0 or threading.current_thread() is not threading.main_thread():
            return poll.poll(millis)
        others = -1
        try:
            others = signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        except ValueError:
            return poll.poll(millis)  # main thread of a subinterpreter: gets no signals
        try:
            if others != -1:
                signal.set_wakeup_fd(others)  # an event loop's own, which has precedence
            return poll.poll(millis)
        finally:
            signal.set_wakeup_fd(others)

    def __del__(self, close: Callable[[int], None] = os.close) -> None:
        for fd in (getattr(self, "_reader", -1), getattr(self, "_writer", -1)):
            if fd >= 0:
                close(fd)


ON_WINDOWS = sys.platform == "win32"
Waker: Type[Union[PipeWaker, EventWaker]] = EventWaker if ON_WINDOWS else PipeWaker

CAN_WAIT = ON_WINDOWS or hasattr(select, "poll")


def event_of(handle: int) -> int:
    """Returns what a Waker waits for: the descriptor of a server's events, on Windows their HANDLE.

    -1 if the server is closed, or if only the library can wait here.
    """
    if not CAN_WAIT:
        return -1
    if ON_WINDOWS:
        return quick.tftpserver_get_event_handle(handle) or -1
    descriptor: int = quick.tftpserver_get_event_fd(handle)
    return descriptor


def _is_main_interpreter() -> bool:
    for name in ("_interpreters", "_xxsubinterpreters"):  # since 3.13, and before
        try:
            interpreters = importlib.import_module(name)
            here, main = interpreters.get_current(), interpreters.get_main()
        except (ImportError, AttributeError):
            continue
        # Since 3.13 each is a pair whose first item is the number.
        return bool(here == main or (isinstance(here, tuple) and here[0] == main[0]))
    return True


#: Whether callbacks may run while the interpreter lock is held. Before 3.12 that deadlocks in a
#: subinterpreter.
CAN_KEEP_LOCK = CAN_WAIT and (sys.version_info >= (3, 12) or _is_main_interpreter())
