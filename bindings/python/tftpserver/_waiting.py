"""Waiting for an event in Python rather than in C, so that Ctrl-C is heard at once however long the wait is."""
import os
import select
import signal
import threading
from typing import Callable, List, Tuple


class Waker:
    """A pipe beside the library's event descriptor: whoever interrupts or closes a server writes to it."""

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._reader, False)
        os.set_blocking(self._writer, False)
        self._is_closing = False

    def wake(self, for_good: bool = False) -> None:
        """Ends the present wait, or the next; `for_good`: all that come."""
        self._is_closing = self._is_closing or for_good
        try:
            os.write(self._writer, b"!")
        except BlockingIOError:
            pass  # it is full, so it is readable

    def wait(self, event_fd: int, millis: int) -> bool:
        """Whether an event waits, after `millis` at the latest."""
        poll = select.poll()
        poll.register(event_fd, select.POLLIN)
        poll.register(self._reader, select.POLLIN)
        ready = [fd for fd, _ in self._poll(poll, millis)]
        if self._reader in ready and not self._is_closing:
            try:
                os.read(self._reader, 4096)
            except BlockingIOError:
                pass  # another thread was quicker
        return event_fd in ready

    def _poll(self, poll: "select.poll", millis: int) -> List[Tuple[int, int]]:
        """Lets signals write to the pipe, too: one that comes just before the system call would not end it."""
        if millis == 0 or threading.current_thread() is not threading.main_thread():
            return poll.poll(millis)
        others = -1
        try:
            others = signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
            if others != -1:
                signal.set_wakeup_fd(others)  # an event loop's, which needs it more
            return poll.poll(millis)
        finally:
            signal.set_wakeup_fd(others)

    def __del__(self, close: Callable[[int], None] = os.close) -> None:
        for fd in (getattr(self, "_reader", -1), getattr(self, "_writer", -1)):
            if fd >= 0:
                close(fd)


CAN_WAIT = hasattr(select, "poll")
