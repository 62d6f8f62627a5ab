"""Made from include/tftpserver.h by generate.py. Not to be edited: change the header, and run that."""
import ctypes
import enum
from typing import Any, Dict, List, Tuple

VERSION = "0.1.0"


class EventId(enum.IntEnum):
    """The events."""

    #: A connection was accepted (status 0), or failed (its error number).
    CONNECTED = 1
    #: A client asks for a file: accept or refuse.
    CONNECTION_REQUEST = 2
    #: A connection ended.
    DISCONNECTED = 3
    #: A file was transferred whole.
    END_TRANSFER = 4
    #: Something failed.
    ERROR = 5
    #: A log message.
    LOG = 6
    #: A transfer begins.
    START_TRANSFER = 7
    #: A block was transferred.
    TRANSFER = 8
    #: A download that the program feeds has room for more data.
    DATA_WANTED = 9


class PropertyId(enum.IntEnum):
    """The properties, as the C interface numbers them."""

    #: Text, read-only: the version of the library.
    VERSION = 0
    #: Integer, read-only: the number of records in the Conn arrays.
    CONN_COUNT = 1
    #: Text, read-only, indexed: the connection's id as decimal text.
    CONN_CONNECTION_ID = 2
    #: Binary, indexed: data to send instead of a file.
    CONN_FILE_DATA = 4
    #: Text, read-only, indexed: the file name that the client asked for.
    CONN_FILENAME = 5
    #: Text, indexed: the file on the server that is read or written.
    CONN_LOCAL_FILE = 6
    #: Text, read-only, indexed: the client's IP address.
    CONN_REMOTE_HOST = 7
    #: Integer, read-only, indexed: the client's port.
    CONN_REMOTE_PORT = 8
    #: Text, read-only, indexed: "0" octet, "1" netascii.
    CONN_TRANSFER_MODE = 9
    #: Boolean: whether the server listens; setting it starts or stops listening.
    LISTENING = 11
    #: Text: the directory that is served.
    LOCAL_DIR = 12
    #: Text: the local address or host name to listen on.
    LOCAL_HOST = 13
    #: Integer: the port to listen on.
    LOCAL_PORT = 14
    #: Integer: how often a packet is sent again.
    MAX_RETRANSMITS = 15
    #: Integer, seconds: the longest wait before a packet is sent again.
    RETRANSMIT_TIMEOUT = 16
    #: Integer, seconds: silence (or, with AbsoluteTimeout, time) after which a transfer ends; 0: never.
    TIMEOUT = 17
    #: Integer, read-only, indexed: 1 read, 2 write (TFTPSERVER_OPERATION_...).
    CONN_OPERATION = 18
    #: Integer, read-only, indexed: bytes that the client has acknowledged, or the server has taken.
    CONN_BYTES_TRANSFERRED = 19
    #: Integer, read-only, indexed: bytes of the whole transfer; -1: not known.
    CONN_TOTAL_BYTES = 20
    #: Integer, read-only, indexed: bytes of a block; 0 before the negotiation.
    CONN_BLOCK_SIZE = 21
    #: Integer, read-only, indexed: blocks of a window; 0 before the negotiation.
    CONN_WINDOW_SIZE = 22
    #: Integer, read-only, indexed: packets that were sent more than once.
    CONN_RETRANSMISSIONS = 23
    #: Integer, milliseconds, read-only, indexed: since the request, or from it to the end.
    CONN_ELAPSED_MILLIS = 24
    #: Text, indexed: the name that is looked up in LocalDir instead of the client's; "": the client's.
    CONN_SERVED_NAME = 25
    #: Integer, bytes, indexed: makes the program the source of this download; -1: a length that is not known.
    CONN_DATA_SIZE = 26
    #: Text, indexed: downloads with the same key and the same ConnDataSize share what is supplied; "": none.
    CONN_DATA_KEY = 27
    #: Text: kept and returned for programs written for IPWorks; it has no effect.
    RUNTIME_LICENSE = 2011


class Direction(enum.IntEnum):
    """Which way the bytes of a transfer go."""

    #: Direction: the client sends.
    UPLOAD = 0
    #: Direction: the server sends.
    DOWNLOAD = 1


class Operation(enum.IntEnum):
    """What the client asks for."""

    #: Operation: the client reads a file (RRQ).
    READ = 1
    #: Operation: the client writes a file (WRQ).
    WRITE = 2


class Accept(enum.IntEnum):
    """What a ConnectionRequest is answered with."""

    #: Accept: no, the client gets an ERROR.
    NO = 0
    #: Accept: yes.
    YES = 1
    #: Accept: not known yet; `tftpserver_do_accept` says it.
    LATER = 2


class ErrorCode(enum.IntEnum):
    """The error numbers; the same on every platform."""

    #: Packet too large.
    PACKET_TOO_LARGE = 122
    #: Wrong response type from server.
    WRONG_RESPONSE_TYPE = 123
    #: Server error. Description contains detailed information.
    CLIENT_ERROR = 124
    #: Invalid server response.
    INVALID_RESPONSE = 125
    #: A valid LocalFile must be provided for PUT operations.
    NO_LOCAL_FILE = 126
    #: Can't open local file.
    CANNOT_OPEN_FILE = 127
    #: Can't write to local file.
    CANNOT_WRITE_FILE = 128
    #: Can't read local file.
    CANNOT_READ_FILE = 129
    #: Busy performing the current transfer.
    BUSY = 130
    #: Timeout while waiting for server.
    TIMEOUT = 301
    #: Server error.
    SERVER_ERROR = 305
    #: Wrong or invalid response type received from server.
    WRONG_OR_INVALID_RESPONSE_TYPE = 306
    #: Invalid response from server.
    INVALID_RESPONSE_FROM_SERVER = 307
    #: UDP is already Active.
    ALREADY_ACTIVE = 104
    #: You cannot change the LocalPort while the class is Active.
    LOCAL_PORT_LOCKED = 106
    #: You cannot change the LocalHost at this time. A connection is in progress.
    LOCAL_HOST_LOCKED = 107
    #: The class must be Active for this operation.
    NOT_ACTIVE = 109
    #: Cannot change MaxPacketSize while the class is Active.
    MAX_PACKET_SIZE_LOCKED = 112
    #: Cannot change ShareLocalPort option while the class is Active.
    SHARE_LOCAL_PORT_LOCKED = 113
    #: Cannot change RemoteHost when UseConnection is set and the class Active.
    REMOTE_HOST_LOCKED = 114
    #: Cannot change RemotePort when UseConnection is set and the class is Active.
    REMOTE_PORT_LOCKED = 115
    #: RemotePort can't be zero when UseConnection is set. Please specify a valid service port number.
    REMOTE_PORT_ZERO = 116
    #: Cannot change UseConnection while the class is Active.
    USE_CONNECTION_LOCKED = 117
    #: Message can't be longer than MaxPacketSize.
    MESSAGE_TOO_LONG = 118
    #: Message too short.
    MESSAGE_TOO_SHORT = 119
    #: Unable to convert string to selected CodePage
    CODE_PAGE = 434
    #: Cannot load specified security library.
    SECURITY_LIBRARY = 270
    #: Cannot open certificate store.
    CERTIFICATE_STORE = 271
    #: Cannot find specified certificate.
    CERTIFICATE_NOT_FOUND = 272
    #: Cannot acquire security credentials.
    SECURITY_CREDENTIALS = 273
    #: Cannot find certificate chain.
    CERTIFICATE_CHAIN = 274
    #: Cannot verify certificate chain.
    CERTIFICATE_CHAIN_INVALID = 275
    #: Error during handshake.
    HANDSHAKE = 276
    #: Error verifying certificate.
    CERTIFICATE_INVALID = 280
    #: Could not find client certificate.
    NO_CLIENT_CERTIFICATE = 281
    #: Could not find server certificate.
    NO_SERVER_CERTIFICATE = 282
    #: Error encrypting data.
    ENCRYPT = 283
    #: Error decrypting data.
    DECRYPT = 284
    #: Interrupted system call.
    INTERRUPTED = 10004
    #: Bad file number.
    BAD_FILE = 10009
    #: Access denied.
    ACCESS_DENIED = 10013
    #: Bad address.
    BAD_ADDRESS = 10014
    #: Invalid argument.
    INVALID_ARGUMENT = 10022
    #: Too many open files.
    TOO_MANY_FILES = 10024
    #: Operation would block.
    WOULD_BLOCK = 10035
    #: Operation now in progress.
    IN_PROGRESS = 10036
    #: Operation already in progress.
    ALREADY_IN_PROGRESS = 10037
    #: Socket operation on non-socket.
    NOT_A_SOCKET = 10038
    #: Destination address required.
    DESTINATION_REQUIRED = 10039
    #: Message too long.
    DATAGRAM_TOO_LONG = 10040
    #: Protocol wrong type for socket.
    WRONG_PROTOCOL_TYPE = 10041
    #: Bad protocol option.
    BAD_PROTOCOL_OPTION = 10042
    #: Protocol not supported.
    PROTOCOL_NOT_SUPPORTED = 10043
    #: Socket type not supported.
    SOCKET_TYPE_NOT_SUPPORTED = 10044
    #: Operation not supported on socket.
    OPERATION_NOT_SUPPORTED = 10045
    #: Protocol family not supported.
    PROTOCOL_FAMILY_NOT_SUPPORTED = 10046
    #: Address family not supported by protocol family.
    ADDRESS_FAMILY_NOT_SUPPORTED = 10047
    #: Address already in use.
    ADDRESS_IN_USE = 10048
    #: Can't assign requested address.
    ADDRESS_NOT_AVAILABLE = 10049
    #: Network is down.
    NETWORK_DOWN = 10050
    #: Network is unreachable.
    NETWORK_UNREACHABLE = 10051
    #: Net dropped connection or reset.
    NETWORK_RESET = 10052
    #: Software caused connection abort.
    ABORTED = 10053
    #: Connection reset by peer.
    CONNECTION_RESET = 10054
    #: No buffer space available.
    NO_BUFFER_SPACE = 10055
    #: Socket is already connected.
    ALREADY_CONNECTED = 10056
    #: Socket is not connected.
    NOT_CONNECTED = 10057
    #: Can't send after socket shutdown.
    SHUT_DOWN = 10058
    #: Too many references, can't splice.
    TOO_MANY_REFERENCES = 10059
    #: Connection timed out.
    CONNECTION_TIMED_OUT = 10060
    #: Connection refused.
    CONNECTION_REFUSED = 10061
    #: Too many levels of symbolic links.
    TOO_MANY_LINKS = 10062
    #: File name too long.
    NAME_TOO_LONG = 10063
    #: Host is down.
    HOST_DOWN = 10064
    #: No route to host.
    HOST_UNREACHABLE = 10065
    #: Directory not empty
    DIRECTORY_NOT_EMPTY = 10066
    #: Too many processes.
    TOO_MANY_PROCESSES = 10067
    #: Too many users.
    TOO_MANY_USERS = 10068
    #: Disc Quota Exceeded.
    DISK_QUOTA = 10069
    #: Stale NFS file handle.
    STALE_HANDLE = 10070
    #: Too many levels of remote in path.
    TOO_MANY_REMOTE_LEVELS = 10071
    #: Network subsystem is unavailable.
    NETWORK_UNAVAILABLE = 10091
    #: WINSOCK DLL Version out of range.
    VERSION_OUT_OF_RANGE = 10092
    #: Winsock not loaded yet.
    NOT_LOADED = 10093
    #: Host not found.
    HOST_NOT_FOUND = 11001
    #: Non-authoritative 'Host not found' (try again or check DNS setup).
    HOST_NOT_FOUND_TRY_AGAIN = 11002
    #: Non-recoverable errors: FORMERR, REFUSED, NOTIMP.
    NAME_SERVER_FAILURE = 11003
    #: Valid name, no data record (check DNS setup).
    NO_ADDRESS = 11004
    #: Not a handle, or one that was closed.
    NOT_A_HANDLE = 901
    #: Unknown property.
    UNKNOWN_PROPERTY = 902
    #: Index out of range.
    INDEX_OUT_OF_RANGE = 903
    #: Read-only.
    READ_ONLY = 904
    #: Invalid value.
    INVALID_VALUE = 905
    #: Unknown setting
    UNKNOWN_SETTING = 906
    #: Not allowed inside a callback.
    INSIDE_CALLBACK = 907
    #: Internal error.
    INTERNAL = 908
    #: Not available on this platform.
    NOT_AVAILABLE = 909
    #: System error.
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
