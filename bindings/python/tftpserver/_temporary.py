"""Temporary files that only the process that made them removes: a forked child keeps its parent's
files."""
import os
import shutil
import tempfile
import weakref
from typing import Dict


class Place:
    """A temporary directory, removed with this object or at the end of the process that made it."""

    def __init__(self) -> None:
        self._name = tempfile.mkdtemp(prefix="tftpserver-")
        self._owner = os.getpid()
        self._end = weakref.finalize(self, _remove, self._name, self._owner)

    def path(self, name: str) -> str:
        """Returns a path in the directory, which is made again if a cleaner of temporary files has
        removed it."""
        os.makedirs(self._name, mode=0o700, exist_ok=True)
        return os.path.join(self._name, name)

    def remove(self) -> None:
        self._end()


def _remove(name: str, owner: int) -> None:
    if os.getpid() == owner:
        shutil.rmtree(name, ignore_errors=True)


_places: Dict[int, Place] = {}


def empty_file() -> str:
    """Returns the path of an empty file; each process has one."""
    if os.getpid() not in _places:
        _places[os.getpid()] = Place()
    path = _places[os.getpid()].path("empty")
    if not os.path.exists(path):
        with open(path, "ab"):
            pass
    return path
