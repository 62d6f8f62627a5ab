"""Lets programs written for IPWorks TFTPServer, which begin with `from ipworks import *`, run on libtftpserver.

To use it, put the directory of this file on PYTHONPATH, or copy the file next to the program; `import ipworks` does not
find it otherwise. It needs the package `tftpserver`, and finds that even if the program itself is called tftpserver.py.
Not affiliated with the vendor of IPWorks.
"""
import importlib.machinery as _machinery
import importlib.util as _util
import os as _os
import sys as _sys
from typing import Any, Optional

__all__ = ["TFTPServer", "IPWorksError", "IPWorksTftpserverError"]


def _package() -> Any:
    """Returns the package `tftpserver`, even if another module of that name is imported or comes first on sys.path."""
    name, loaded = "tftpserver", _sys.modules.get("tftpserver")
    if loaded is not None and hasattr(loaded, "TFTPServerError"):
        return loaded
    here = _os.path.dirname(_os.path.abspath(__file__))
    for directory in (_os.path.dirname(here), _os.path.dirname(_os.path.dirname(here)), *_sys.path):
        spec = _machinery.PathFinder.find_spec(name, [directory])
        if spec is None or spec.loader is None or not spec.submodule_search_locations:
            continue  # not found, or a program
        if loaded is not None:
            # Another module has the name.
            spec = _util.spec_from_file_location("_libtftpserver", spec.origin,
                                                 submodule_search_locations=spec.submodule_search_locations)
        if spec is None or spec.loader is None:
            continue
        module = _util.module_from_spec(spec)
        _sys.modules[spec.name] = module
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del _sys.modules[spec.name]
            raise
        return module
    raise ImportError("ipworks needs the package tftpserver of libtftpserver; it is not on sys.path", name=name)


_tftpserver = _package()


class IPWorksError(_tftpserver.TFTPServerError):
    """A failure: `code` and `message`."""


IPWorksTftpserverError = IPWorksError

#: A path that cannot be opened, because /dev/null is not a directory.
_NOWHERE = "/dev/null/LocalDir is not valid"


class TFTPServer(_tftpserver.TFTPServer):  # type: ignore[misc]
    """`tftpserver.TFTPServer` with the names that such programs use: get_x() and set_x() beside every property.

    The Conn functions take the index, or an event's connection_id, first: get_conn_filename(e.connection_id),
    set_conn_local_file(e.connection_id, path). An index may also be text, as ConnConnectionId is.

    A LocalDir that does not exist yet is stored and checked when listening starts. A program that has set LocalDir
    serves a directory and uses on_transfer for progress only. So while its LocalDir is not valid, an upload without a
    local file fails with error 127, instead of being passed to on_transfer alone.
    """

    _error = IPWorksError

    def __init__(self, *_key: Any) -> None:
        # Some programs pass a key or a parent; both are ignored.
        self._serves_directory = False  # the program has set LocalDir, to whatever value
        self._expected_dir: Optional[str] = None  # a LocalDir that did not exist when it was set
        super().__init__()

    # ---- LocalDir ----

    @property
    def local_dir(self) -> str:
        return self._expected_dir if self._expected_dir is not None else self._valid_dir()

    @local_dir.setter
    def local_dir(self, value: str) -> None:
        self._serves_directory = True
        inherited = _tftpserver.TFTPServer.local_dir
        try:
            inherited.fset(self, value)
            self._expected_dir = None
        except IPWorksError:
            path = _os.fspath(value)
            if not path or "\0" in path or _os.path.lexists(path) or self.listening:
                raise
            inherited.fset(self, "")  # the former directory must not be served any longer
            self._expected_dir = path

    def _valid_dir(self) -> str:
        return str(_tftpserver.TFTPServer.local_dir.fget(self))

    def _look_at_local_dir(self) -> None:
        """Sets a LocalDir that did not exist before. Error 905 if it still does not exist."""
        if self._expected_dir is not None:
            _tftpserver.TFTPServer.local_dir.fset(self, self._expected_dir)
            self._expected_dir = None

    def start_listening(self) -> None:
        self._look_at_local_dir()
        super().start_listening()

    @property
    def listening(self) -> bool:
        return bool(_tftpserver.TFTPServer.listening.fget(self))

    @listening.setter
    def listening(self, value: bool) -> None:
        if value:
            self._look_at_local_dir()
        _tftpserver.TFTPServer.listening.fset(self, value)

    def reset(self) -> None:
        super().reset()
        self._serves_directory, self._expected_dir = False, None

    def _register(self, event: Any, handler: Any) -> None:
        super()._register(event, handler)
        if event == _tftpserver.EventId.TRANSFER:
            # At Connected an upload can still get a local file.
            self._tap(_tftpserver.EventId.CONNECTED, None if handler is None else _nothing)

    def _fire(self, event: Any) -> int:
        code = int(super()._fire(event))
        if event.id == _tftpserver.EventId.CONNECTED and not code and not event.data.connected.status_code:
            self._refuse_unstored(event.data.connected.connection_id)
        return code

    def _refuse_unstored(self, connection_id: int) -> None:
        if self._serves_directory and _tftpserver.EventId.TRANSFER in self._handlers and not self._valid_dir():
            conn = self.conn[connection_id]
            if conn.operation == _tftpserver.Operation.WRITE and not conn.local_file:
                conn.local_file = _NOWHERE

    # ---- the license, which is not needed ----

    def get_runtime_license(self) -> str:
        return str(self._get(_tftpserver.PropertyId.RUNTIME_LICENSE))

    def set_runtime_license(self, value: str) -> None:
        self._set(_tftpserver.PropertyId.RUNTIME_LICENSE, str(value).encode())

    runtime_license = property(get_runtime_license, set_runtime_license)

    # ---- properties ----

    def get_version(self) -> str:
        return self.version

    VERSION = property(get_version)

    def get_conn_count(self) -> int:
        return self.conn_count

    def get_conn_connection_id(self, index: Any) -> str:
        return str(self.conn[int(index)].connection_id)

    def get_conn_file_data(self, index: Any) -> bytes:
        return self.conn[int(index)].file_data

    def set_conn_file_data(self, index: Any, value: Any) -> None:
        self.conn[int(index)].file_data = value.encode() if isinstance(value, str) else value

    def get_conn_filename(self, index: Any) -> str:
        return self.conn[int(index)].filename

    def get_conn_local_file(self, index: Any) -> str:
        return self.conn[int(index)].local_file

    def set_conn_local_file(self, index: Any, value: str) -> None:
        self.conn[int(index)].local_file = value

    def get_conn_remote_host(self, index: Any) -> str:
        return self.conn[int(index)].remote_host

    def get_conn_remote_port(self, index: Any) -> int:
        return self.conn[int(index)].remote_port

    def get_conn_transfer_mode(self, index: Any) -> str:
        return self.conn[int(index)].transfer_mode

    def get_listening(self) -> bool:
        return self.listening

    def set_listening(self, value: bool) -> None:
        self.listening = value

    def get_local_dir(self) -> str:
        return self.local_dir

    def set_local_dir(self, value: str) -> None:
        self.local_dir = value

    def get_local_host(self) -> str:
        return self.local_host

    def set_local_host(self, value: str) -> None:
        self.local_host = value

    def get_local_port(self) -> int:
        return self.local_port

    def set_local_port(self, value: int) -> None:
        self.local_port = int(value)

    def get_max_retransmits(self) -> int:
        return self.max_retransmits

    def set_max_retransmits(self, value: int) -> None:
        self.max_retransmits = int(value)

    def get_retransmit_timeout(self) -> int:
        return self.retransmit_timeout

    def set_retransmit_timeout(self, value: int) -> None:
        self.retransmit_timeout = int(value)

    def get_timeout(self) -> int:
        return self.timeout

    def set_timeout(self, value: int) -> None:
        self.timeout = int(value)


def _nothing(event: Any) -> None:
    """Does nothing. Registered so that Connected is delivered even if the program has no handler for it."""
