"""Lets programs written for IPWorks TFTPServer, which begin with `from ipworks import *`, run on libtftpserver.

Opt-in: never installed. Put the directory of this file on PYTHONPATH, or copy the file beside the program. It needs
the package `tftpserver`. Not affiliated with the vendor of IPWorks.
"""
from typing import Any

import tftpserver as _tftpserver

__all__ = ["TFTPServer", "IPWorksError"]


class IPWorksError(_tftpserver.TFTPServerError):
    """A failure: `code` and `message`."""


class TFTPServer(_tftpserver.TFTPServer):
    """The class under the names that such programs use: get_x() and set_x() beside every property.

    The Conn properties take the index, or an event's connection_id, first: get_conn_filename(e.connection_id),
    set_conn_local_file(e.connection_id, path). An index may also be text, as ConnConnectionId is.
    """

    _error = IPWorksError

    def __init__(self, *_key: Any) -> None:
        # Some programs pass a key or a parent; neither means anything here.
        super().__init__()
        self._runtime_license = ""

    # ---- the license, which is none ----

    def get_runtime_license(self) -> str:
        return self._runtime_license

    def set_runtime_license(self, value: str) -> None:
        self._runtime_license = str(value)

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
