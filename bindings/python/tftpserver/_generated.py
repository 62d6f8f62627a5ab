"""Made from include/tftpserver.h by generate.py. Not to be edited: change the header, and run that."""
import ctypes
import enum
from typing import Any, Dict, List, Tuple

VERSION = "0.1.0"


class EventId(enum.IntEnum):
    """The events."""

    #: A connection was accepted (status 0), or refused (error number).
    CONNECTED = 1
    #: A client requests a transfer: accept or refuse it.
    CONNECTION_REQUEST = 2
    #: A connection ended.
    DISCONNECTED = 3
    #: A transfer is complete.
    END_TRANSFER = 4
    #: A transfer or request failed.
    ERROR = 5
    #: A log message.
    LOG = 6
    #: A transfer begins.
    START_TRANSFER = 7
    #: A block was transferred.
    TRANSFER = 8
    #: A download that the program supplies needs more data.
    DATA_WANTED = 9


class PropertyId(enum.IntEnum):
    """The properties, as the C interface numbers them."""

    #: Text, read-only: the version of the library.
    VERSION = 0
    #: Integer, read-only: the number of records in the Conn arrays.
    CONN_COUNT = 1
    #: Text, read-only, indexed: the connection's id as decimal text.
    CONN_CONNECTION_ID = 2
    #: Binary, indexed: data that is sent in place of a file; empty: none.
    CONN_FILE_DATA = 4
    #: Text, read-only, indexed: the file name in the client's request.
    CONN_FILENAME = 5
    #: Text, indexed: the local file that is read or written; any path.
    CONN_LOCAL_FILE = 6
    #: Text, read-only, indexed: the client's IP address.
    CONN_REMOTE_HOST = 7
    #: Integer, read-only, indexed: the client's UDP port.
    CONN_REMOTE_PORT = 8
    #: Text, read-only, indexed: "0" octet, "1" netascii.
    CONN_TRANSFER_MODE = 9
    #: Boolean: True while the server listens; setting it starts or stops listening.
    LISTENING = 11
    #: Text: the directory that is served; "": none.
    LOCAL_DIR = 12
    #: Text: the local address or host name to listen on; "": every address.
    LOCAL_HOST = 13
    #: Integer: the UDP port to listen on; 0: the system chooses one.
    LOCAL_PORT = 14
    #: Integer: how many times a packet is retransmitted before the transfer fails.
    MAX_RETRANSMITS = 15
    #: Integer, seconds: the longest wait before a packet is retransmitted.
    RETRANSMIT_TIMEOUT = 16
    #: Integer, seconds: inactivity (with AbsoluteTimeout: duration) after which a transfer fails; 0: no limit.
    TIMEOUT = 17
    #: Integer, read-only, indexed: 1 read (RRQ), 2 write (WRQ): TFTPSERVER_OPERATION_....
    CONN_OPERATION = 18
    #: Integer, read-only, indexed: bytes that the client has acknowledged (read) or the server has accepted (write).
    CONN_BYTES_TRANSFERRED = 19
    #: Integer, read-only, indexed: bytes of the whole transfer; -1: unknown.
    CONN_TOTAL_BYTES = 20
    #: Integer, read-only, indexed: bytes per block; 0 before the negotiation.
    CONN_BLOCK_SIZE = 21
    #: Integer, read-only, indexed: blocks per window; 0 before the negotiation.
    CONN_WINDOW_SIZE = 22
    #: Integer, read-only, indexed: packets that were retransmitted.
    CONN_RETRANSMISSIONS = 23
    #: Integer, milliseconds, read-only, indexed: time since the request, final when the transfer has ended.
    CONN_ELAPSED_MILLIS = 24
    #: Text, indexed: the name to look up in LocalDir in place of the client's; "": the client's.
    CONN_SERVED_NAME = 25
    #: Integer, bytes, indexed: makes the program the source of this download and gives its length; -1: unknown.
    CONN_DATA_SIZE = 26
    #: Text, indexed: downloads with the same key and ConnDataSize share the supplied data; "": not shared.
    CONN_DATA_KEY = 27
    #: Text: stored and returned for programs written for IPWorks; it has no effect.
    RUNTIME_LICENSE = 2011


class Direction(enum.IntEnum):
    """Which way the bytes of a transfer go."""

    #: Direction: the client sends (upload).
    UPLOAD = 0
    #: Direction: the server sends (download).
    DOWNLOAD = 1


class Operation(enum.IntEnum):
    """The operation that a client requests."""

    #: Operation: the client reads a file (RRQ).
    READ = 1
    #: Operation: the client writes a file (WRQ).
    WRITE = 2


class Accept(enum.IntEnum):
    """The answers to a ConnectionRequest."""

    #: Answer to ConnectionRequest: refuse, the client gets an ERROR.
    NO = 0
    #: Answer to ConnectionRequest: accept.
    YES = 1
    #: Answer to ConnectionRequest: deferred until `tftpserver_do_accept`.
    LATER = 2


class ErrorCode(enum.IntEnum):
    """The error numbers; the same on every platform."""

    #: Packet too large. Cause: A client sends a DATA packet longer than the negotiated blksize.
    PACKET_TOO_LARGE = 122
    #: Wrong response type from server. Reserved: this library never raises it.
    WRONG_RESPONSE_TYPE = 123
    #: Server error. Description contains detailed information. Cause: The client sends an ERROR. The description has its code and text.
    CLIENT_ERROR = 124
    #: Invalid server response. Reserved: this library never raises it.
    INVALID_RESPONSE = 125
    #: A valid LocalFile must be provided for PUT operations. Cause: An upload has no destination: no LocalDir, no ConnLocalFile, no Transfer callback. Or ConnDataSize is set and DataWanted has no callback.
    NO_LOCAL_FILE = 126
    #: Can't open local file. Cause: The file of a transfer does not exist, or cannot be opened or created.
    CANNOT_OPEN_FILE = 127
    #: Can't write to local file. Cause: An upload cannot be written, or cannot get its final name.
    CANNOT_WRITE_FILE = 128
    #: Can't read local file. Cause: The file of a download cannot be read or has shrunk, or the program's source ends before ConnDataSize bytes.
    CANNOT_READ_FILE = 129
    #: Busy performing the current transfer. Cause: A source or destination of a connection is set after its transfer began, a request is answered that is not deferred, or data is supplied to a download whose source is not the program or has ended.
    BUSY = 130
    #: Timeout while waiting for server. Cause: The client sends nothing for Timeout or after the last retransmission, or the program does not answer or supply data within Timeout.
    TIMEOUT = 301
    #: Server error. Reserved: this library never raises it.
    SERVER_ERROR = 305
    #: Wrong or invalid response type received from server. Reserved: this library never raises it.
    WRONG_OR_INVALID_RESPONSE_TYPE = 306
    #: Invalid response from server. Reserved: this library never raises it.
    INVALID_RESPONSE_FROM_SERVER = 307
    #: UDP is already Active. Reserved: this library never raises it.
    ALREADY_ACTIVE = 104
    #: You cannot change the LocalPort while the class is Active. Cause: LocalPort is set while listening.
    LOCAL_PORT_LOCKED = 106
    #: You cannot change the LocalHost at this time. A connection is in progress. Cause: LocalHost is set while listening.
    LOCAL_HOST_LOCKED = 107
    #: The class must be Active for this operation. Reserved: this library never raises it.
    NOT_ACTIVE = 109
    #: Cannot change MaxPacketSize while the class is Active. Cause: MaxPacketSize is set while listening.
    MAX_PACKET_SIZE_LOCKED = 112
    #: Cannot change ShareLocalPort option while the class is Active. Cause: ShareLocalPort is set while listening.
    SHARE_LOCAL_PORT_LOCKED = 113
    #: Cannot change RemoteHost when UseConnection is set and the class Active. Reserved: this library never raises it.
    REMOTE_HOST_LOCKED = 114
    #: Cannot change RemotePort when UseConnection is set and the class is Active. Reserved: this library never raises it.
    REMOTE_PORT_LOCKED = 115
    #: RemotePort can't be zero when UseConnection is set. Please specify a valid service port number. Reserved: this library never raises it.
    REMOTE_PORT_ZERO = 116
    #: Cannot change UseConnection while the class is Active. Cause: UseConnection is set while listening.
    USE_CONNECTION_LOCKED = 117
    #: Message can't be longer than MaxPacketSize. Reserved: this library never raises it.
    MESSAGE_TOO_LONG = 118
    #: Message too short. Reserved: this library never raises it.
    MESSAGE_TOO_SHORT = 119
    #: Unable to convert string to selected CodePage Cause: A file name cannot be converted from the CodePage, or CodePage is set to one that is not available here.
    CODE_PAGE = 434
    #: Cannot load specified security library. Reserved: this library never raises it.
    SECURITY_LIBRARY = 270
    #: Cannot open certificate store. Reserved: this library never raises it.
    CERTIFICATE_STORE = 271
    #: Cannot find specified certificate. Reserved: this library never raises it.
    CERTIFICATE_NOT_FOUND = 272
    #: Cannot acquire security credentials. Reserved: this library never raises it.
    SECURITY_CREDENTIALS = 273
    #: Cannot find certificate chain. Reserved: this library never raises it.
    CERTIFICATE_CHAIN = 274
    #: Cannot verify certificate chain. Reserved: this library never raises it.
    CERTIFICATE_CHAIN_INVALID = 275
    #: Error during handshake. Reserved: this library never raises it.
    HANDSHAKE = 276
    #: Error verifying certificate. Reserved: this library never raises it.
    CERTIFICATE_INVALID = 280
    #: Could not find client certificate. Reserved: this library never raises it.
    NO_CLIENT_CERTIFICATE = 281
    #: Could not find server certificate. Reserved: this library never raises it.
    NO_SERVER_CERTIFICATE = 282
    #: Error encrypting data. Reserved: this library never raises it.
    ENCRYPT = 283
    #: Error decrypting data. Reserved: this library never raises it.
    DECRYPT = 284
    #: Interrupted system call. Reserved: this library never raises it.
    INTERRUPTED = 10004
    #: Bad file number. Cause: ListenDescriptors contains a number that is not a descriptor.
    BAD_FILE = 10009
    #: Access denied. Cause: The system denies permission, such as for ports below 1024 or raw frames; ConnectionRequest refuses; or ReadOnly forbids an upload.
    ACCESS_DENIED = 10013
    #: Bad address. Reserved: this library never raises it.
    BAD_ADDRESS = 10014
    #: Invalid argument. Cause: LocalHost is a link-local address without its scope (fe80::1%eth0), a socket of ListenDescriptors is not UDP, not bound, or connected, or the system rejects another argument.
    INVALID_ARGUMENT = 10022
    #: Too many open files. Cause: No descriptor is left for a socket, a directory or a transfer. The servers of a process use at most three quarters of the descriptors that were free when the first of them started.
    TOO_MANY_FILES = 10024
    #: Operation would block. Cause: The system returns it for a socket, a thread or a directory.
    WOULD_BLOCK = 10035
    #: Operation now in progress. Reserved: this library never raises it.
    IN_PROGRESS = 10036
    #: Operation already in progress. Reserved: this library never raises it.
    ALREADY_IN_PROGRESS = 10037
    #: Socket operation on non-socket. Cause: ListenDescriptors contains a descriptor that is not a socket.
    NOT_A_SOCKET = 10038
    #: Destination address required. Reserved: this library never raises it.
    DESTINATION_REQUIRED = 10039
    #: Message too long. Cause: With DontFragment: a block does not fit the path MTU.
    DATAGRAM_TOO_LONG = 10040
    #: Protocol wrong type for socket. Reserved: this library never raises it.
    WRONG_PROTOCOL_TYPE = 10041
    #: Bad protocol option. Cause: The system returns it for a socket, a thread or a directory.
    BAD_PROTOCOL_OPTION = 10042
    #: Protocol not supported. Cause: The system returns it for a socket, a thread or a directory.
    PROTOCOL_NOT_SUPPORTED = 10043
    #: Socket type not supported. Reserved: this library never raises it.
    SOCKET_TYPE_NOT_SUPPORTED = 10044
    #: Operation not supported on socket. Cause: The system returns it for a socket, a thread or a directory.
    OPERATION_NOT_SUPPORTED = 10045
    #: Protocol family not supported. Reserved: this library never raises it.
    PROTOCOL_FAMILY_NOT_SUPPORTED = 10046
    #: Address family not supported by protocol family. Cause: LocalHost is an address of the family that UseIPv6 excludes, or SourceIPAddress has another family than LocalHost.
    ADDRESS_FAMILY_NOT_SUPPORTED = 10047
    #: Address already in use. Cause: The port is in use: LocalPort, one of ListenOn, or all of TransferPorts; or ListenDescriptors contains a socket twice.
    ADDRESS_IN_USE = 10048
    #: Can't assign requested address. Cause: LocalHost, or an address of ListenOn, does not belong to this machine.
    ADDRESS_NOT_AVAILABLE = 10049
    #: Network is down. Cause: The system returns it for a socket, a thread or a directory.
    NETWORK_DOWN = 10050
    #: Network is unreachable. Cause: The system returns it for a socket, a thread or a directory.
    NETWORK_UNREACHABLE = 10051
    #: Net dropped connection or reset. Reserved: this library never raises it.
    NETWORK_RESET = 10052
    #: Software caused connection abort. Cause: Shutdown, Disconnect, Abort, Reset or a callback ends the connection.
    ABORTED = 10053
    #: Connection reset by peer. Cause: The client restarts its transfer, or starts another one from a port that can have only one.
    CONNECTION_RESET = 10054
    #: No buffer space available. Cause: The system returns it for a socket, a thread or a directory.
    NO_BUFFER_SPACE = 10055
    #: Socket is already connected. Reserved: this library never raises it.
    ALREADY_CONNECTED = 10056
    #: Socket is not connected. Reserved: this library never raises it.
    NOT_CONNECTED = 10057
    #: Can't send after socket shutdown. Reserved: this library never raises it.
    SHUT_DOWN = 10058
    #: Too many references, can't splice. Reserved: this library never raises it.
    TOO_MANY_REFERENCES = 10059
    #: Connection timed out. Reserved: this library never raises it.
    CONNECTION_TIMED_OUT = 10060
    #: Connection refused. Cause: No program listens on the client's port any more.
    CONNECTION_REFUSED = 10061
    #: Too many levels of symbolic links. Cause: The path of LocalDir has too many symbolic links.
    TOO_MANY_LINKS = 10062
    #: File name too long. Cause: A name in LocalDir is too long.
    NAME_TOO_LONG = 10063
    #: Host is down. Reserved: this library never raises it.
    HOST_DOWN = 10064
    #: No route to host. Cause: The system returns it for a socket, a thread or a directory.
    HOST_UNREACHABLE = 10065
    #: Directory not empty Reserved: this library never raises it.
    DIRECTORY_NOT_EMPTY = 10066
    #: Too many processes. Reserved: this library never raises it.
    TOO_MANY_PROCESSES = 10067
    #: Too many users. Cause: MaxConnections or MaxConnectionsPerHost is reached.
    TOO_MANY_USERS = 10068
    #: Disc Quota Exceeded. Reserved: this library never raises it.
    DISK_QUOTA = 10069
    #: Stale NFS file handle. Cause: The system returns it for a socket, a thread or a directory.
    STALE_HANDLE = 10070
    #: Too many levels of remote in path. Reserved: this library never raises it.
    TOO_MANY_REMOTE_LEVELS = 10071
    #: Network subsystem is unavailable. Reserved: this library never raises it.
    NETWORK_UNAVAILABLE = 10091
    #: WINSOCK DLL Version out of range. Reserved: this library never raises it.
    VERSION_OUT_OF_RANGE = 10092
    #: Winsock not loaded yet. Reserved: this library never raises it.
    NOT_LOADED = 10093
    #: Host not found. Cause: The name in LocalHost is not found.
    HOST_NOT_FOUND = 11001
    #: Non-authoritative 'Host not found' (try again or check DNS setup). Reserved: this library never raises it.
    HOST_NOT_FOUND_TRY_AGAIN = 11002
    #: Non-recoverable errors: FORMERR, REFUSED, NOTIMP. Reserved: this library never raises it.
    NAME_SERVER_FAILURE = 11003
    #: Valid name, no data record (check DNS setup). Cause: The name in LocalHost has no address of the family that UseIPv6 selects.
    NO_ADDRESS = 11004
    #: Not a handle, or one that was closed. Cause: The handle is NULL, was closed, or never was a handle.
    NOT_A_HANDLE = 901
    #: Unknown property. Cause: The property does not exist, or its id is reserved (3, 10).
    UNKNOWN_PROPERTY = 902
    #: Index out of range. Cause: No connection has this index or id, or it has ended.
    INDEX_OUT_OF_RANGE = 903
    #: Read-only. Cause: The property or setting cannot be set at all.
    READ_ONLY = 904
    #: Invalid value. Cause: The value has the wrong type, is out of range, is not UTF-8 or is NULL; the event does not exist; or LocalDir is not a directory.
    INVALID_VALUE = 905
    #: Unknown setting Cause: The setting does not exist.
    UNKNOWN_SETTING = 906
    #: Not allowed inside a callback. Cause: Close or DoEvents is called inside a callback.
    INSIDE_CALLBACK = 907
    #: Internal error. Cause: A bug of the library, caught before it reaches the program. Please report it.
    INTERNAL = 908
    #: Not available on this platform. Cause: This system does not support the function or setting.
    NOT_AVAILABLE = 909
    #: System error. Cause: The system returns it for a socket, a thread or a directory.
    SYSTEM = 910


class ConnectedEvent(ctypes.Structure):
    connection_id: int
    status_code: int
    description: bytes
    _fields_ = [
        ("connection_id", ctypes.c_int32),
        ("status_code", ctypes.c_int32),
        ("description", ctypes.c_char_p),
    ]


class ConnectionRequestEvent(ctypes.Structure):
    remote_host: bytes
    remote_port: int
    filename: bytes
    transfer_mode: bytes
    operation: int
    accept: int
    connection_id: int
    local_host: bytes
    _fields_ = [
        ("remote_host", ctypes.c_char_p),
        ("remote_port", ctypes.c_int32),
        ("filename", ctypes.c_char_p),
        ("transfer_mode", ctypes.c_char_p),
        ("operation", ctypes.c_int32),
        ("accept", ctypes.c_int32),
        ("connection_id", ctypes.c_int32),
        ("local_host", ctypes.c_char_p),
    ]


class DisconnectedEvent(ctypes.Structure):
    connection_id: int
    status_code: int
    description: bytes
    _fields_ = [
        ("connection_id", ctypes.c_int32),
        ("status_code", ctypes.c_int32),
        ("description", ctypes.c_char_p),
    ]


class EndTransferEvent(ctypes.Structure):
    connection_id: int
    direction: int
    _fields_ = [
        ("connection_id", ctypes.c_int32),
        ("direction", ctypes.c_int32),
    ]


class ErrorEvent(ctypes.Structure):
    error_code: int
    description: bytes
    connection_id: int
    _fields_ = [
        ("error_code", ctypes.c_int32),
        ("description", ctypes.c_char_p),
        ("connection_id", ctypes.c_int32),
    ]


class LogEvent(ctypes.Structure):
    connection_id: int
    log_level: int
    message: bytes
    log_type: bytes
    _fields_ = [
        ("connection_id", ctypes.c_int32),
        ("log_level", ctypes.c_int32),
        ("message", ctypes.c_char_p),
        ("log_type", ctypes.c_char_p),
    ]


class StartTransferEvent(ctypes.Structure):
    connection_id: int
    direction: int
    _fields_ = [
        ("connection_id", ctypes.c_int32),
        ("direction", ctypes.c_int32),
    ]


class TransferEvent(ctypes.Structure):
    connection_id: int
    direction: int
    bytes_transferred: int
    percent_done: int
    text: int
    text_length: int
    _fields_ = [
        ("connection_id", ctypes.c_int32),
        ("direction", ctypes.c_int32),
        ("bytes_transferred", ctypes.c_int64),
        ("percent_done", ctypes.c_int32),
        ("text", ctypes.c_void_p),
        ("text_length", ctypes.c_size_t),
    ]


class DataWantedEvent(ctypes.Structure):
    connection_id: int
    offset: int
    length: int
    _fields_ = [
        ("connection_id", ctypes.c_int32),
        ("offset", ctypes.c_int64),
        ("length", ctypes.c_int64),
    ]


class EventData(ctypes.Union):
    connected: ConnectedEvent
    connection_request: ConnectionRequestEvent
    disconnected: DisconnectedEvent
    end_transfer: EndTransferEvent
    error: ErrorEvent
    log: LogEvent
    start_transfer: StartTransferEvent
    transfer: TransferEvent
    data_wanted: DataWantedEvent
    _fields_ = [
        ("connected", ConnectedEvent),
        ("connection_request", ConnectionRequestEvent),
        ("disconnected", DisconnectedEvent),
        ("end_transfer", EndTransferEvent),
        ("error", ErrorEvent),
        ("log", LogEvent),
        ("start_transfer", StartTransferEvent),
        ("transfer", TransferEvent),
        ("data_wanted", DataWantedEvent),
    ]


class Event(ctypes.Structure):
    id: int
    data: EventData
    _fields_ = [
        ("id", ctypes.c_int32),
        ("data", EventData),
    ]


Callback = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.POINTER(Event), ctypes.c_void_p)

#: name: (result, arguments)
FUNCTIONS: Dict[str, Tuple[Any, List[Any]]] = {
    "tftpserver_open": (
        ctypes.c_void_p,
        [],
    ),
    "tftpserver_close": (
        ctypes.c_int32,
        [ctypes.c_void_p],
    ),
    "tftpserver_register_callback": (
        ctypes.c_int32,
        [ctypes.c_void_p, ctypes.c_int32, Callback, ctypes.c_void_p],
    ),
    "tftpserver_get_last_error": (
        ctypes.c_char_p,
        [ctypes.c_void_p],
    ),
    "tftpserver_get_last_error_code": (
        ctypes.c_int32,
        [ctypes.c_void_p],
    ),
    "tftpserver_get": (
        ctypes.c_char_p,
        [ctypes.c_void_p, ctypes.c_int32, ctypes.c_int32],
    ),
    "tftpserver_set": (
        ctypes.c_int32,
        [ctypes.c_void_p, ctypes.c_int32, ctypes.c_int32, ctypes.c_char_p],
    ),
    "tftpserver_get_int": (
        ctypes.c_int64,
        [ctypes.c_void_p, ctypes.c_int32, ctypes.c_int32],
    ),
    "tftpserver_set_int": (
        ctypes.c_int32,
        [ctypes.c_void_p, ctypes.c_int32, ctypes.c_int32, ctypes.c_int64],
    ),
    "tftpserver_get_bytes": (
        ctypes.c_void_p,
        [ctypes.c_void_p, ctypes.c_int32, ctypes.c_int32, ctypes.POINTER(ctypes.c_size_t)],
    ),
    "tftpserver_set_bytes": (
        ctypes.c_int32,
        [ctypes.c_void_p, ctypes.c_int32, ctypes.c_int32, ctypes.c_void_p, ctypes.c_size_t],
    ),
    "tftpserver_do_config": (
        ctypes.c_char_p,
        [ctypes.c_void_p, ctypes.c_char_p],
    ),
    "tftpserver_do_doevents": (
        ctypes.c_int32,
        [ctypes.c_void_p],
    ),
    "tftpserver_do_startlistening": (
        ctypes.c_int32,
        [ctypes.c_void_p],
    ),
    "tftpserver_do_stoplistening": (
        ctypes.c_int32,
        [ctypes.c_void_p],
    ),
    "tftpserver_do_shutdown": (
        ctypes.c_int32,
        [ctypes.c_void_p],
    ),
    "tftpserver_do_disconnect": (
        ctypes.c_int32,
        [ctypes.c_void_p, ctypes.c_int32],
    ),
    "tftpserver_do_reset": (
        ctypes.c_int32,
        [ctypes.c_void_p],
    ),
    "tftpserver_do_interrupt": (
        ctypes.c_int32,
        [ctypes.c_void_p],
    ),
    "tftpserver_get_event_fd": (
        ctypes.c_int,
        [ctypes.c_void_p],
    ),
    "tftpserver_strerror": (
        ctypes.c_char_p,
        [ctypes.c_int32],
    ),
    "tftpserver_version": (
        ctypes.c_char_p,
        [],
    ),
    "tftpserver_do_accept": (
        ctypes.c_int32,
        [ctypes.c_void_p, ctypes.c_int32, ctypes.c_int32],
    ),
    "tftpserver_release": (
        ctypes.c_int32,
        [ctypes.c_void_p],
    ),
    "tftpserver_do_hold": (
        ctypes.c_int32,
        [ctypes.c_void_p, ctypes.c_int32, ctypes.c_int32],
    ),
    "tftpserver_do_supply": (
        ctypes.c_int32,
        [ctypes.c_void_p, ctypes.c_int32, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int32],
    ),
    "tftpserver_do_abort": (
        ctypes.c_int32,
        [ctypes.c_void_p, ctypes.c_int32, ctypes.c_int32, ctypes.c_char_p],
    ),
    "tftpserver_get_event_handle": (
        ctypes.c_void_p,
        [ctypes.c_void_p],
    ),
}
