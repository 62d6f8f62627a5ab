"""Finds and loads the shared library, and checks its version.

The search order: inside the package (a wheel carries the library there), the path in
TFTPSERVER_LIBRARY, the system's libraries. `lib` calls it through ctypes.CDLL, which releases the
interpreter lock during every call. `quick` calls it through ctypes.PyDLL, which keeps the lock, for
functions that never wait: a thread that releases the lock may wait up to sys.getswitchinterval() to
get it back while other threads compute.
"""
import ctypes
import os
import re
import sys
from typing import Callable, Tuple

from ._generated import FUNCTIONS, VERSION

VARIABLE = "TFTPSERVER_LIBRARY"



def file_name(platform: str) -> str:
    """Returns the name of the library on a platform, which is named as `sys.platform` names it."""
    return {"win32": "tftpserver.dll", "darwin": "libtftpserver.0.dylib"}.get(platform, "libtftpserver.so.0")


NAME = file_name(sys.platform)


def find() -> str:
    """Returns the library to load: a path, or a name for the system's loader."""
    inside = os.path.join(os.path.dirname(os.path.abspath(__file__)), NAME)
    if os.path.exists(inside):
        return inside
    return os.environ.get(VARIABLE) or NAME


def _describe(name: str) -> str:
    """Describes the library that was tried, and why that one."""
    if name != os.environ.get(VARIABLE):
        return name
    if os.sep in name or (os.altsep or os.sep) in name:
        return f"{name}, which {VARIABLE} names,"
    return f"{name}, which {VARIABLE} names without a directory, so that only the system's libraries are searched,"


def load(name: str, kind: Callable[[str], ctypes.CDLL] = ctypes.CDLL) -> ctypes.CDLL:
    """Loads the library and checks it. Raises an ImportError that describes the problem."""
    try:
        library = kind(name)
    except OSError as error:
        raise ImportError(f"tftpserver needs {NAME}. {_describe(name)} could not be loaded ({error}). Install the wheel, "
                          f"which contains it, or the system's libtftpserver, or set {VARIABLE} to its path.") from error
    try:
        library.tftpserver_version.restype = ctypes.c_char_p
        found: str = library.tftpserver_version().decode()
        check_version(found, name)
        for function, (result, arguments) in FUNCTIONS.items():
            entry = getattr(library, function)
            entry.restype, entry.argtypes = result, arguments
    except AttributeError as error:
        raise ImportError(f"{name} is no libtftpserver of version {VERSION} or newer: {error}") from error
    return library


def check_version(found: str, name: str) -> None:
    """Raises an ImportError for a library that is older than this package, or of another major
    version."""
    if _numbers(found) < _numbers(VERSION):
        raise ImportError(f"{name} is version {found}; this package needs libtftpserver {VERSION} or newer.")
    if _numbers(found)[0] != _numbers(VERSION)[0]:
        raise ImportError(f"{name} is version {found}; this package is made for libtftpserver {VERSION}.")


def _numbers(version: str) -> Tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


lib = load(find())
quick = load(find(), ctypes.PyDLL)
