"""What handlers get: one object for each event, with the fields that the specification names."""
import ctypes
from dataclasses import dataclass
from typing import Any, Callable, Dict, Union

from . import _generated as c
from ._generated import Accept, EventId


@dataclass
class ConnectedEvent:
    """A connection was accepted (status 0, "OK"), or failed (its error number)."""

    __slots__ = ("connection_id", "status_code", "description")
    connection_id: int
    status_code: int
    description: str


@dataclass
class ConnectionRequestEvent:
    """A client asks for a file. Set `accept` to False to refuse, or to `LATER` and call the server's `accept` afterwards.

    `transfer_mode` is "0" (octet) or "1" (netascii), `operation` 1 (read) or 2 (write). `filename` is what the client
    sent: trust it with nothing. `local_host` is the server's address that was asked, "" where the system does not tell.
    """

    __slots__ = ("remote_host", "remote_port", "filename", "transfer_mode", "operation", "accept", "connection_id",
                 "local_host")
    remote_host: str
    remote_port: int
    filename: str
    transfer_mode: str
    operation: int
    accept: Union[bool, Accept]
    connection_id: int
    local_host: str


@dataclass
class DisconnectedEvent:
    """A connection ended: status 0 and "OK", or why."""

    __slots__ = ("connection_id", "status_code", "description")
    connection_id: int
    status_code: int
    description: str


@dataclass
class EndTransferEvent:
    """A file was transferred whole. `direction`: 0 upload, 1 download."""

    __slots__ = ("connection_id", "direction")
    connection_id: int
    direction: int


@dataclass
class ErrorEvent:
    """Something failed. `connection_id` is 0 where no connection is meant."""

    __slots__ = ("error_code", "description", "connection_id")
    error_code: int
    description: str
    connection_id: int


@dataclass
class LogEvent:
    """A log message. `log_level`: 1 Info, 2 Verbose, 3 Debug; `log_type`: Info, Error, Verbose, Debug or PITrail."""

    __slots__ = ("connection_id", "log_level", "message", "log_type")
    connection_id: int
    log_level: int
    message: str
    log_type: str


@dataclass
class StartTransferEvent:
    """A transfer begins: the last moment to set file_data or local_file. `direction`: 0 upload, 1 download."""

    __slots__ = ("connection_id", "direction")
    connection_id: int
    direction: int


@dataclass
class TransferEvent:
    """A block was transferred. `text` is its bytes; `percent_done` is -1 where the size is not known."""

    __slots__ = ("connection_id", "direction", "bytes_transferred", "percent_done", "text")
    connection_id: int
    direction: int
    bytes_transferred: int
    percent_done: int
    text: bytes


AnyEvent = Union[ConnectedEvent, ConnectionRequestEvent, DisconnectedEvent, EndTransferEvent, ErrorEvent, LogEvent,
                 StartTransferEvent, TransferEvent]


def _connected(data: c.EventData) -> AnyEvent:
    it = data.connected
    return ConnectedEvent(it.connection_id, it.status_code, it.description.decode())


def _connection_request(data: c.EventData) -> AnyEvent:
    it = data.connection_request
    return ConnectionRequestEvent(it.remote_host.decode(), it.remote_port, it.filename.decode(),
                                  it.transfer_mode.decode(), it.operation, it.accept != 0, it.connection_id,
                                  it.local_host.decode())


def _disconnected(data: c.EventData) -> AnyEvent:
    it = data.disconnected
    return DisconnectedEvent(it.connection_id, it.status_code, it.description.decode())


def _end_transfer(data: c.EventData) -> AnyEvent:
    return EndTransferEvent(data.end_transfer.connection_id, data.end_transfer.direction)


def _error(data: c.EventData) -> AnyEvent:
    return ErrorEvent(data.error.error_code, data.error.description.decode(), data.error.connection_id)


def _log(data: c.EventData) -> AnyEvent:
    return LogEvent(data.log.connection_id, data.log.log_level, data.log.message.decode(), data.log.log_type.decode())


def _start_transfer(data: c.EventData) -> AnyEvent:
    return StartTransferEvent(data.start_transfer.connection_id, data.start_transfer.direction)


def _transfer(data: c.EventData) -> AnyEvent:
    it = data.transfer
    return TransferEvent(it.connection_id, it.direction, it.bytes_transferred, it.percent_done,
                         ctypes.string_at(it.text, it.text_length))


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
}
