"""Calls Python handlers from the library: one C callback for all servers, and no exception is lost.

ctypes prints an exception that leaves a callback and returns garbage to C. So an exception of a
handler is kept here, its connection is ended, and do_events raises the exception when the library
has returned. An exception can also be raised before the callback's first instruction: Ctrl-C
arrives while the library works, and Python handles it on entry to the callback. ctypes reports that
one to sys.unraisablehook, and a hook there keeps it while a do_events runs.
"""
import sys
import threading
import weakref
from types import TracebackType
from typing import Any, Callable, List, Optional, Protocol, Type

from ._ffi import lib
from ._generated import Callback, ErrorCode, EventId


class Target(Protocol):
    """The server that a callback belongs to."""

    def _fire(self, event: Any) -> int: ...
    def _interrupt_here(self) -> None: ...


#: Servers by token, the context of their callbacks. A token is never used twice.
live: "weakref.WeakValueDictionary[int, Target]" = weakref.WeakValueDictionary()


class Call:
    """One call of do_events, and the exception raised during it. A context manager around the C
    call."""

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
        """Returns the innermost call that runs on this thread, or None."""
        return getattr(Call._here, "call", None)

    def keep(self, error: BaseException) -> None:
        """Keeps an exception and makes the library return after this callback."""
        if self.raised is not None and error.__context__ is None:
            error.__context__ = self.raised
        self.raised = error
        self.server._interrupt_here()


def _called(_handle: int, event: Any, token: int) -> int:
    try:
        return live[token]._fire(event.contents)
    except BaseException as error:  # KeyboardInterrupt and SystemExit too: do_events raises them
        call = Call.current()
        if call is not None:
            call.keep(error)
        return int(ErrorCode.ABORTED)


#: The only C callback. It lives as long as the process, so that no pointer to it can dangle.
callback = Callback(_called)
nothing = Callback()

_lock = threading.RLock()
_watching = 0
_other_hook: Callable[[Any], Any] = sys.unraisablehook


def _watch(change: int) -> None:
    """Counts running do_events calls: installs the hook for the first, removes it after the
    last."""
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
    # Since Python 3.13 only the message names the function.
    said = report.err_msg or ""
    is_ours = report.object is _called or ("ctypes callback" in said and repr(_called) in said)
    if call is not None and is_ours and report.exc_value is not None:
        call.keep(report.exc_value)
    else:
        _other_hook(report)


#: Handles whose servers were collected inside a callback, where closing is refused.
_left: List[int] = []


def close(handle: int) -> None:
    """Closes the handle of a collected server. Inside a callback, where that is refused,
    `close_left` does it later."""
    if lib.tftpserver_close(handle) == ErrorCode.INSIDE_CALLBACK:
        for event in EventId:
            lib.tftpserver_register_callback(handle, event, nothing, None)
        lib.tftpserver_do_shutdown(handle)
        _left.append(handle)


def close_left() -> None:
    """Closes the handles that `close` could not close."""
    while _left:
        lib.tftpserver_close(_left.pop())
