"""A TFTP server inside your program.

    import tftpserver

    with tftpserver.Server("/srv/tftp", host="127.0.0.1", port=6969) as server:
        server.serve_forever()

`Server` and `AsyncServer` serve a directory, or the content that a function of your program
returns. `TFTPServer` is the class that both are built on; it has the properties, methods and events
of the specification.
"""
from ._aio import AsyncServer
from ._answers import (LATER, Answer, AsyncAnswer, AsyncReadable, AsyncWritable, Readable, SizedReadable, Writable)
from ._class import EventHook, TFTPServer
from ._errors import TFTPServerError, TFTPServerIndexError, TFTPServerValueError
from ._events import (AnyEvent, ConnectedEvent, ConnectionRequestEvent, DataWantedEvent, DisconnectedEvent, EndTransferEvent,
                      ErrorEvent, LogEvent, StartTransferEvent, TransferEvent)
from ._conn import Conn, Conns
from ._generated import VERSION as __version__
from ._generated import Accept, Direction, ErrorCode, EventId, Operation, PropertyId
from ._request import Request
from ._server import Server
from ._settings import Settings
from ._sources import Source

__all__ = [
    "Accept", "Answer", "AnyEvent", "AsyncAnswer", "AsyncReadable", "AsyncServer", "AsyncWritable", "Conn", "Conns",
    "ConnectedEvent", "ConnectionRequestEvent", "DataWantedEvent", "Direction", "DisconnectedEvent", "EndTransferEvent", "ErrorCode", "ErrorEvent",
    "EventHook", "EventId", "LATER", "LogEvent", "Operation", "PropertyId", "Readable", "Request", "Server", "Settings", "SizedReadable", "Source",
    "StartTransferEvent", "TFTPServer", "TFTPServerError", "TFTPServerIndexError", "TFTPServerValueError", "TransferEvent",
    "Writable", "__version__",
]
