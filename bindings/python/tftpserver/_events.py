"""The arguments of handlers: one class for each event, with the fields of the specification.

Made from api/events.toml by `make bless`; not to be edited.
"""
import ctypes
from dataclasses import dataclass
from typing import Callable, Dict, Union

from . import _generated as c
from ._generated import Accept, EventId


@dataclass
class ConnectedEvent:
    """
    A connection was accepted (status 0), or refused. An accepted connection waits until the
    handler has returned. Choose its source or destination here.
    """

    __slots__ = ("connection_id", "status_code", "description")
    #: The connection's id.
    connection_id: int
    #: 0, or an error number, such as 10013 (refused by ConnectionRequest) or 10068 (too many
    #: connections).
    status_code: int
    #: "OK", or the error text.
    description: str


@dataclass
class ConnectionRequestEvent:
    """
    A client requests a transfer. Its connection waits until the handler has returned, or
    until a deferred answer.
    """

    __slots__ = (
        "remote_host",
        "remote_port",
        "filename",
        "transfer_mode",
        "operation",
        "accept",
        "connection_id",
        "local_host",
    )
    #: The client's IP address.
    remote_host: str
    #: The client's UDP port.
    remote_port: int
    #: The file name as the client sent it. Untrusted input.
    filename: str
    #: "0" octet, "1" netascii.
    transfer_mode: str
    #: 1 read, 2 write.
    operation: int
    #: Set it to False to refuse, or to `LATER` and call the server's `accept` afterwards.
    accept: Union[bool, Accept]
    #: The connection's id. Its record is already in the Conn arrays.
    connection_id: int
    #: The local address that the client sent to; "" if the system does not report it.
    local_host: str


@dataclass
class DisconnectedEvent:
    """A connection ended. Fires exactly once for each Connected with status 0."""

    __slots__ = ("connection_id", "status_code", "description")
    #: The connection's id. Its record is removed from the Conn arrays when the handler has
    #: returned.
    connection_id: int
    #: 0 if the transfer is complete, otherwise the error number.
    status_code: int
    #: "OK", or the error text.
    description: str


@dataclass
class EndTransferEvent:
    """A transfer is complete. An uploaded file has its final name by then."""

    __slots__ = ("connection_id", "direction")
    #: The connection's id.
    connection_id: int
    #: 0 upload, 1 download.
    direction: int


@dataclass
class ErrorEvent:
    """
    A transfer or a request failed. Fires before the Connected or Disconnected with the same
    number.
    """

    __slots__ = ("error_code", "description", "connection_id")
    #: The error number.
    error_code: int
    #: The error text.
    description: str
    #: The connection's id, or 0 if the event belongs to no connection.
    connection_id: int


@dataclass
class LogEvent:
    """
    A log message of a level that LogLevel enables. The only event that may be dropped if too
    many are pending.
    """

    __slots__ = ("connection_id", "log_level", "message", "log_type")
    #: The connection's id, or 0 if the event belongs to no connection.
    connection_id: int
    #: 1 Info, 2 Verbose, 3 Debug.
    log_level: int
    #: The message: one line, in which control characters are escaped.
    message: str
    #: "Info", "Error", "Verbose", "Debug" or "PITrail".
    log_type: str


@dataclass
class StartTransferEvent:
    """
    A transfer begins. The connection waits until the handler has returned. If no source or
    destination was found yet, this is the last chance to set one.
    """

    __slots__ = ("connection_id", "direction")
    #: The connection's id.
    connection_id: int
    #: 0 upload, 1 download.
    direction: int


@dataclass
class TransferEvent:
    """A block of data was transferred. A slow handler slows only its own connection."""

    __slots__ = ("connection_id", "direction", "bytes_transferred", "percent_done", "text")
    #: The connection's id.
    connection_id: int
    #: 0 upload, 1 download.
    direction: int
    #: Bytes transferred so far, including this block.
    bytes_transferred: int
    #: 0 to 100; -1 if the size is unknown.
    percent_done: int
    #: The data of this block; empty for an empty last block.
    text: bytes


@dataclass
class DataWantedEvent:
    """
    A download that the program supplies needs `length` more bytes from `offset` on. Supply
    them in the handler, later, or from another thread.
    """

    __slots__ = ("connection_id", "offset", "length")
    #: The connection's id, or the id of one of those that share the source (ConnDataKey).
    connection_id: int
    #: The position in the source of the first requested byte. Earlier bytes were requested before.
    offset: int
    #: The largest number of bytes to supply now.
    length: int


AnyEvent = Union[
    ConnectedEvent,
    ConnectionRequestEvent,
    DisconnectedEvent,
    EndTransferEvent,
    ErrorEvent,
    LogEvent,
    StartTransferEvent,
    TransferEvent,
    DataWantedEvent,
]


def _connected(data: c.EventData) -> AnyEvent:
    it = data.connected
    return ConnectedEvent(it.connection_id, it.status_code, it.description.decode())


def _connection_request(data: c.EventData) -> AnyEvent:
    it = data.connection_request
    return ConnectionRequestEvent(
        it.remote_host.decode(),
        it.remote_port,
        it.filename.decode(),
        it.transfer_mode.decode(),
        it.operation,
        it.accept != 0,
        it.connection_id,
        it.local_host.decode(),
    )


def _disconnected(data: c.EventData) -> AnyEvent:
    it = data.disconnected
    return DisconnectedEvent(it.connection_id, it.status_code, it.description.decode())


def _end_transfer(data: c.EventData) -> AnyEvent:
    it = data.end_transfer
    return EndTransferEvent(it.connection_id, it.direction)


def _error(data: c.EventData) -> AnyEvent:
    it = data.error
    return ErrorEvent(it.error_code, it.description.decode(), it.connection_id)


def _log(data: c.EventData) -> AnyEvent:
    it = data.log
    return LogEvent(it.connection_id, it.log_level, it.message.decode(), it.log_type.decode())


def _start_transfer(data: c.EventData) -> AnyEvent:
    it = data.start_transfer
    return StartTransferEvent(it.connection_id, it.direction)


def _transfer(data: c.EventData) -> AnyEvent:
    it = data.transfer
    return TransferEvent(
        it.connection_id,
        it.direction,
        it.bytes_transferred,
        it.percent_done,
        ctypes.string_at(it.text, it.text_length),
    )


def _data_wanted(data: c.EventData) -> AnyEvent:
    it = data.data_wanted
    return DataWantedEvent(it.connection_id, it.offset, it.length)


#: How the C struct of an event becomes an object.
FROM_C: Dict[int, Callable[[c.EventData], AnyEvent]] = {
    EventId.CONNECTED: _connected,
    EventId.CONNECTION_REQUEST: _connection_request,
    EventId.DISCONNECTED: _disconnected,
    EventId.END_TRANSFER: _end_transfer,
    EventId.ERROR: _error,
    EventId.LOG: _log,
    EventId.START_TRANSFER: _start_transfer,
    EventId.TRANSFER: _transfer,
    EventId.DATA_WANTED: _data_wanted,
}
