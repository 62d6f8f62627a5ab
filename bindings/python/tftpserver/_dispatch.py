"""From the library into Python handlers: one C callback for all servers, and exceptions that are never lost.

ctypes prints an exception that leaves a callback and hands garbage to C. So what a handler raises is kept here, the
connection is ended, and do_events raises it when the library has returned. An exception can also strike before the
callback's first instruction (Ctrl-C arrives while the library works, and Python looks for it on entry): ctypes
reports that one to sys.unraisablehook, where it is picked up while a do_events runs.
"""
import sys
import threading
import weakref
from types import TracebackType
from typing import Any, Callable, List, Optional, Protocol, Type

from ._ffi import lib
from ._generated import Callback, ErrorCode, EventId


class Target(Protocol):
    """What a callback is for: a server."""

    def _fire(self, event: Any) -> int: ...
    def _interrupt_here(self) -> None: ...


#: Servers by the number that is their callbacks' context; a number is never used twice.
live: "weakref.WeakValueDictionary[int, Target]" = weakref.WeakValueDictionary()


class Call:
    """One do_events of one thread, and what was raised meanwhile. To be used with `with`, around the C call."""

    _here = threading.local()

    def __init__(self, server: Target) -> None:
        self.server = server
        self.raised: Optional[BaseException] = None

    def __enter__(self) -> "Call":
        self.outer = Call.current()
        Call._here.call = self
        _watch(+1)
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], value: Optional[BaseException],
                 traceback: Optional[TracebackType]) -> None:
        _watch(-1)
        Call._here.call = self.outer

    @staticmethod
    def current() -> "Optional[Call]":
        """The one that this thread is in."""
        return getattr(Call._here, "call", None)

    def keep(self, error: BaseException) -> None:
        """Remembers it, and lets the library return after this callback."""
        if self.raised is not None and error.__context__ is None:
            error.__context__ = self.raised
        self.raised = error
        self.server._interrupt_here()


def _called(_handle: int, event: Any, token: int) -> int:
    try:
        return live[token]._fire(event.contents)
    except BaseException as error:  # also KeyboardInterrupt and SystemExit: do_events raises them
        call = Call.current()
        if call is not None:
            call.keep(error)
        return int(ErrorCode.ABORTED)


#: The one C function; it lives as long as the process, so that no pointer to it can dangle.
callback = Callback(_called)
nothing = Callback()

_lock = threading.RLock()
_watching = 0
_other_hook: Callable[[Any], Any] = sys.unraisablehook


def _watch(change: int) -> None:
    """Puts the hook in its place while any do_events runs, and takes it away afterwards."""
    global _watching, _other_hook
    with _lock:
        _watching += change
        if _watching == 1 and change > 0:
            _other_hook = sys.unraisablehook
            sys.unraisablehook = _unraisable
        elif _watching == 0 and sys.unraisablehook is _unraisable:
            sys.unraisablehook = _other_hook


def _unraisable(report: Any) -> None:
    call = Call.current()
    # Python 3.13 and newer name the function in the message only.
    said = report.err_msg or ""
    is_ours = report.object is _called or ("ctypes callback" in said and repr(_called) in said)
    if call is not None and is_ours and report.exc_value is not None:
        call.keep(report.exc_value)
    else:
        _other_hook(report)


#: Handles that could not be closed where their servers were collected: inside a callback.
_left: List[int] = []


def close(handle: int) -> None:
    """Closes a handle that nobody has any more; inside a callback, where that is refused, a little later."""
    if lib.tftpserver_close(handle) == ErrorCode.INSIDE_CALLBACK:
        for event in EventId:
            lib.tftpserver_register_callback(handle, event, nothing, None)
        lib.tftpserver_do_shutdown(handle)
        _left.append(handle)


def close_left() -> None:
    """Closes what was put off."""
    while _left:
        lib.tftpserver_close(_left.pop())
