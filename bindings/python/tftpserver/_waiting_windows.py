"""The waker for Windows, where events are HANDLEs: waits by WaitForMultipleObjects, which Ctrl-C
interrupts."""
import ctypes
import importlib
import time
from typing import Any, Dict, List, Optional

_LONGEST = 0xFFFF_FFFE  # milliseconds; one more would mean to wait forever


class Kernel:
    """The functions of Windows that the waker calls. Tests on other systems pass an object with the
    same methods."""

    def __init__(self) -> None:
        self._winapi: Any = importlib.import_module("_winapi")
        self._dll: Any = getattr(ctypes, "WinDLL")("kernel32")  # noqa: B009 - typed on Windows only
        self._dll.CreateEventW.restype = ctypes.c_void_p

    def create_event(self) -> int:
        """Returns a new event that stays signalled until it is reset."""
        handle: Optional[int] = self._dll.CreateEventW(None, 1, 0, None)
        if handle is None:
            raise OSError("CreateEvent failed")
        return handle

    def signal(self, event: int) -> None:
        self._dll.SetEvent(ctypes.c_void_p(event))

    def reset(self, event: int) -> None:
        self._dll.ResetEvent(ctypes.c_void_p(event))

    def copy(self, handle: int) -> int:
        """Returns another HANDLE of the same object."""
        here = self._winapi.GetCurrentProcess()
        same_access = self._winapi.DUPLICATE_SAME_ACCESS
        copied: int = self._winapi.DuplicateHandle(here, handle, here, 0, False, same_access)
        return copied

    def wait(self, events: List[int], millis: int) -> int:
        """Returns the index of the first signalled event; 258 after `millis`. Ctrl-C raises
        InterruptedError.

        ctypes could call the function, too, but Ctrl-C would not end that wait.
        """
        index: int = self._winapi.WaitForMultipleObjects(events, False, millis)
        return index

    def close(self, handle: int) -> None:
        self._winapi.CloseHandle(handle)


class Waker:
    """An event that is waited for together with the library's. `interrupt` and `close` signal
    it."""

    def __init__(self, kernel: Any = None) -> None:
        self._kernel = kernel or Kernel()
        self._event = self._kernel.create_event()
        self._copies: Dict[int, int] = {}
        self._is_closing = False

    def wake(self, for_good: bool = False) -> None:
        """Ends the current wait, or the next one; with `for_good` all later ones too."""
        self._is_closing = self._is_closing or for_good
        self._kernel.signal(self._event)

    def wait(self, event: int, millis: int) -> bool:
        """Waits up to `millis` milliseconds; returns whether an event waits."""
        try:
            mine = self._copy(event)
        except OSError:
            return True  # another thread has just closed the server: the next call of the library returns the error
        index = self._wait([mine, self._event], millis)
        if index == 1 or index == 0 and self._kernel.wait([self._event], 0) == 0:
            self._lower()
        return index == 0

    def _copy(self, event: int) -> int:
        """Returns a HANDLE of the same event that stays open when another thread closes the server.

        Waiting for a HANDLE that is closed meanwhile is undefined.
        """
        if event not in self._copies:
            self._copies[event] = self._kernel.copy(event)
        return self._copies[event]

    def _wait(self, events: List[int], millis: int) -> int:
        """Waits for the rest of the time after an interruption, if the signal's handler has not
        raised."""
        end = time.monotonic() + millis / 1000
        while True:
            try:
                index: int = self._kernel.wait(events, min(max(millis, 0), _LONGEST))
                return index
            except InterruptedError:
                millis = int((end - time.monotonic()) * 1000)

    def _lower(self) -> None:
        self._kernel.reset(self._event)
        # `wake` sets the flag first, so a final call between its two steps is seen here or signals
        # after the reset.
        if self._is_closing:
            self._kernel.signal(self._event)

    def __del__(self) -> None:
        for handle in (getattr(self, "_event", None), *getattr(self, "_copies", {}).values()):
            if handle is not None:
                self._kernel.close(handle)
