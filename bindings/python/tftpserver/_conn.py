"""The Conn arrays: the current connections of a server."""
from typing import TYPE_CHECKING, Iterator, List

from ._errors import TFTPServerIndexError
from ._generated import PropertyId
from ._text import StrPath, to_bytes

if TYPE_CHECKING:
    from ._class import TFTPServer


class Conn:
    """One connection. Each read looks the value up; after the connection's end that is an
    IndexError."""

    __slots__ = ("_server", "_index")

    def __init__(self, server: "TFTPServer", index: int) -> None:
        self._server, self._index = server, index

    # api: begin properties

    @property
    def connection_id(self) -> int:
        """The connection's id, as in the events."""
        return int(self._server._get(PropertyId.CONN_CONNECTION_ID, self._index))

    @property
    def file_data(self) -> bytes:
        """
        Data that is sent in place of a file; empty: none. May be set until the transfer
        begins, later 130.
        """
        return self._server._get_bytes(PropertyId.CONN_FILE_DATA, self._index)

    @file_data.setter
    def file_data(self, value: bytes) -> None:
        self._server._set(PropertyId.CONN_FILE_DATA, bytes(memoryview(value)), self._index)

    @property
    def filename(self) -> str:
        """The file name in the client's request. Untrusted input, not a path on this machine."""
        return self._server._get(PropertyId.CONN_FILENAME, self._index)

    @property
    def local_file(self) -> str:
        """
        The local file that is read or written: any path that the program chooses. May be set
        until the transfer begins, later 130.
        """
        return self._server._get(PropertyId.CONN_LOCAL_FILE, self._index)

    @local_file.setter
    def local_file(self, value: StrPath) -> None:
        self._server._set(PropertyId.CONN_LOCAL_FILE, to_bytes(value), self._index)

    @property
    def remote_host(self) -> str:
        """The client's IP address."""
        return self._server._get(PropertyId.CONN_REMOTE_HOST, self._index)

    @property
    def remote_port(self) -> int:
        """The client's UDP port."""
        return int(self._server._get(PropertyId.CONN_REMOTE_PORT, self._index))

    @property
    def transfer_mode(self) -> str:
        """ "0" octet, "1" netascii."""
        return self._server._get(PropertyId.CONN_TRANSFER_MODE, self._index)

    @property
    def operation(self) -> int:
        """1 read, 2 write."""
        return int(self._server._get(PropertyId.CONN_OPERATION, self._index))

    @property
    def bytes_transferred(self) -> int:
        """
        Bytes that the client has acknowledged (read) or the server has accepted (write).
        Current at every read.
        """
        return int(self._server._get(PropertyId.CONN_BYTES_TRANSFERRED, self._index))

    @property
    def total_bytes(self) -> int:
        """Bytes of the whole transfer. -1: not known."""
        return int(self._server._get(PropertyId.CONN_TOTAL_BYTES, self._index))

    @property
    def block_size(self) -> int:
        """Negotiated bytes per block; 0 before the negotiation."""
        return int(self._server._get(PropertyId.CONN_BLOCK_SIZE, self._index))

    @property
    def window_size(self) -> int:
        """Negotiated blocks per window; 0 before the negotiation."""
        return int(self._server._get(PropertyId.CONN_WINDOW_SIZE, self._index))

    @property
    def retransmissions(self) -> int:
        """Packets that the server has retransmitted."""
        return int(self._server._get(PropertyId.CONN_RETRANSMISSIONS, self._index))

    @property
    def elapsed_millis(self) -> int:
        """Milliseconds since the request; final when the transfer has ended."""
        return int(self._server._get(PropertyId.CONN_ELAPSED_MILLIS, self._index))

    @property
    def served_name(self) -> str:
        """
        The name to look up in LocalDir in place of the client's. May be set until the
        transfer begins, later 130.
        """
        return self._server._get(PropertyId.CONN_SERVED_NAME, self._index)

    @served_name.setter
    def served_name(self, value: str) -> None:
        self._server._set(PropertyId.CONN_SERVED_NAME, to_bytes(value), self._index)

    @property
    def data_size(self) -> int:
        """
        The length of the data that the program supplies for this download. Setting it makes
        the program the source. -1: not known.
        """
        return int(self._server._get(PropertyId.CONN_DATA_SIZE, self._index) or 0)

    @data_size.setter
    def data_size(self, value: int) -> None:
        self._server._set(PropertyId.CONN_DATA_SIZE, b"%d" % value, self._index)

    @property
    def data_key(self) -> str:
        """
        Downloads with the same key and size share the supplied data. May be set until the
        transfer begins, later 130.
        """
        return self._server._get(PropertyId.CONN_DATA_KEY, self._index)

    @data_key.setter
    def data_key(self, value: str) -> None:
        self._server._set(PropertyId.CONN_DATA_KEY, to_bytes(value), self._index)
    # api: end properties

    def __repr__(self) -> str:
        return f"<Conn {self._index}>"


class Conns:
    """All current connections. An index is a position from 0 to len - 1, or a connection id."""

    __slots__ = ("_server",)

    def __init__(self, server: "TFTPServer") -> None:
        self._server = server

    def __len__(self) -> int:
        return self._server.conn_count

    def __getitem__(self, index: int) -> Conn:
        # Looked up at once, so that a wrong index raises IndexError here.
        return Conn(self._server, int(self._server._get(PropertyId.CONN_CONNECTION_ID, index)))

    def __iter__(self) -> Iterator[Conn]:
        """Iterates over a consistent snapshot of the connections, even while another thread
        delivers events."""
        return iter([Conn(self._server, number) for number in self._ids()])

    def _ids(self) -> List[int]:
        while True:
            before = len(self)
            try:
                ids = [self[position]._index for position in range(before)]
            except TFTPServerIndexError:
                continue  # a connection has ended, so positions have moved
            # Positions are sorted by id, so a change meanwhile shows as a duplicate or as another
            # count.
            if len(self) == before and len(set(ids)) == before:
                return ids
