<?php

declare(strict_types=1);

namespace TftpServer;

/**
 * The numbers of the errors.
 *
 * Made by bin/make-ffi-header.php from tftpserver.h; not to be edited.
 */
final class ErrorCode
{
    /** Packet too large. */
    public const PACKET_TOO_LARGE = 122;

    /** Wrong response type from server. */
    public const WRONG_RESPONSE_TYPE = 123;

    /** Server error. Description contains detailed information. */
    public const CLIENT_ERROR = 124;

    /** Invalid server response. */
    public const INVALID_RESPONSE = 125;

    /** A valid LocalFile must be provided for PUT operations. */
    public const NO_LOCAL_FILE = 126;

    /** Can't open local file. */
    public const CANNOT_OPEN_FILE = 127;

    /** Can't write to local file. */
    public const CANNOT_WRITE_FILE = 128;

    /** Can't read local file. */
    public const CANNOT_READ_FILE = 129;

    /** Busy performing the current transfer. */
    public const BUSY = 130;

    /** Timeout while waiting for server. */
    public const TIMEOUT = 301;

    /** Server error. */
    public const SERVER_ERROR = 305;

    /** Wrong or invalid response type received from server. */
    public const WRONG_OR_INVALID_RESPONSE_TYPE = 306;

    /** Invalid response from server. */
    public const INVALID_RESPONSE_FROM_SERVER = 307;

    /** UDP is already Active. */
    public const ALREADY_ACTIVE = 104;

    /** You cannot change the LocalPort while the class is Active. */
    public const LOCAL_PORT_LOCKED = 106;

    /** You cannot change the LocalHost at this time. A connection is in progress. */
    public const LOCAL_HOST_LOCKED = 107;

    /** The class must be Active for this operation. */
    public const NOT_ACTIVE = 109;

    /** Cannot change MaxPacketSize while the class is Active. */
    public const MAX_PACKET_SIZE_LOCKED = 112;

    /** Cannot change ShareLocalPort option while the class is Active. */
    public const SHARE_LOCAL_PORT_LOCKED = 113;

    /** Cannot change RemoteHost when UseConnection is set and the class Active. */
    public const REMOTE_HOST_LOCKED = 114;

    /** Cannot change RemotePort when UseConnection is set and the class is Active. */
    public const REMOTE_PORT_LOCKED = 115;

    /** RemotePort can't be zero when UseConnection is set. Please specify a valid service port number. */
    public const REMOTE_PORT_ZERO = 116;

    /** Cannot change UseConnection while the class is Active. */
    public const USE_CONNECTION_LOCKED = 117;

    /** Message can't be longer than MaxPacketSize. */
    public const MESSAGE_TOO_LONG = 118;

    /** Message too short. */
    public const MESSAGE_TOO_SHORT = 119;

    /** Unable to convert string to selected CodePage */
    public const CODE_PAGE = 434;

    /** Cannot load specified security library. */
    public const SECURITY_LIBRARY = 270;

    /** Cannot open certificate store. */
    public const CERTIFICATE_STORE = 271;

    /** Cannot find specified certificate. */
    public const CERTIFICATE_NOT_FOUND = 272;

    /** Cannot acquire security credentials. */
    public const SECURITY_CREDENTIALS = 273;

    /** Cannot find certificate chain. */
    public const CERTIFICATE_CHAIN = 274;

    /** Cannot verify certificate chain. */
    public const CERTIFICATE_CHAIN_INVALID = 275;

    /** Error during handshake. */
    public const HANDSHAKE = 276;

    /** Error verifying certificate. */
    public const CERTIFICATE_INVALID = 280;

    /** Could not find client certificate. */
    public const NO_CLIENT_CERTIFICATE = 281;

    /** Could not find server certificate. */
    public const NO_SERVER_CERTIFICATE = 282;

    /** Error encrypting data. */
    public const ENCRYPT = 283;

    /** Error decrypting data. */
    public const DECRYPT = 284;

    /** Interrupted system call. */
    public const INTERRUPTED = 10004;

    /** Bad file number. */
    public const BAD_FILE = 10009;

    /** Access denied. */
    public const ACCESS_DENIED = 10013;

    /** Bad address. */
    public const BAD_ADDRESS = 10014;

    /** Invalid argument. */
    public const INVALID_ARGUMENT = 10022;

    /** Too many open files. */
    public const TOO_MANY_FILES = 10024;

    /** Operation would block. */
    public const WOULD_BLOCK = 10035;

    /** Operation now in progress. */
    public const IN_PROGRESS = 10036;

    /** Operation already in progress. */
    public const ALREADY_IN_PROGRESS = 10037;

    /** Socket operation on non-socket. */
    public const NOT_A_SOCKET = 10038;

    /** Destination address required. */
    public const DESTINATION_REQUIRED = 10039;

    /** Message too long. */
    public const DATAGRAM_TOO_LONG = 10040;

    /** Protocol wrong type for socket. */
    public const WRONG_PROTOCOL_TYPE = 10041;

    /** Bad protocol option. */
    public const BAD_PROTOCOL_OPTION = 10042;

    /** Protocol not supported. */
    public const PROTOCOL_NOT_SUPPORTED = 10043;

    /** Socket type not supported. */
    public const SOCKET_TYPE_NOT_SUPPORTED = 10044;

    /** Operation not supported on socket. */
    public const OPERATION_NOT_SUPPORTED = 10045;

    /** Protocol family not supported. */
    public const PROTOCOL_FAMILY_NOT_SUPPORTED = 10046;

    /** Address family not supported by protocol family. */
    public const ADDRESS_FAMILY_NOT_SUPPORTED = 10047;

    /** Address already in use. */
    public const ADDRESS_IN_USE = 10048;

    /** Can't assign requested address. */
    public const ADDRESS_NOT_AVAILABLE = 10049;

    /** Network is down. */
    public const NETWORK_DOWN = 10050;

    /** Network is unreachable. */
    public const NETWORK_UNREACHABLE = 10051;

    /** Net dropped connection or reset. */
    public const NETWORK_RESET = 10052;

    /** Software caused connection abort. */
    public const ABORTED = 10053;

    /** Connection reset by peer. */
    public const CONNECTION_RESET = 10054;

    /** No buffer space available. */
    public const NO_BUFFER_SPACE = 10055;

    /** Socket is already connected. */
    public const ALREADY_CONNECTED = 10056;

    /** Socket is not connected. */
    public const NOT_CONNECTED = 10057;

    /** Can't send after socket shutdown. */
    public const SHUT_DOWN = 10058;

    /** Too many references, can't splice. */
    public const TOO_MANY_REFERENCES = 10059;

    /** Connection timed out. */
    public const CONNECTION_TIMED_OUT = 10060;

    /** Connection refused. */
    public const CONNECTION_REFUSED = 10061;

    /** Too many levels of symbolic links. */
    public const TOO_MANY_LINKS = 10062;

    /** File name too long. */
    public const NAME_TOO_LONG = 10063;

    /** Host is down. */
    public const HOST_DOWN = 10064;

    /** No route to host. */
    public const HOST_UNREACHABLE = 10065;

    /** Directory not empty */
    public const DIRECTORY_NOT_EMPTY = 10066;

    /** Too many processes. */
    public const TOO_MANY_PROCESSES = 10067;

    /** Too many users. */
    public const TOO_MANY_USERS = 10068;

    /** Disc Quota Exceeded. */
    public const DISK_QUOTA = 10069;

    /** Stale NFS file handle. */
    public const STALE_HANDLE = 10070;

    /** Too many levels of remote in path. */
    public const TOO_MANY_REMOTE_LEVELS = 10071;

    /** Network subsystem is unavailable. */
    public const NETWORK_UNAVAILABLE = 10091;

    /** WINSOCK DLL Version out of range. */
    public const VERSION_OUT_OF_RANGE = 10092;

    /** Winsock not loaded yet. */
    public const NOT_LOADED = 10093;

    /** Host not found. */
    public const HOST_NOT_FOUND = 11001;

    /** Non-authoritative 'Host not found' (try again or check DNS setup). */
    public const HOST_NOT_FOUND_TRY_AGAIN = 11002;

    /** Non-recoverable errors: FORMERR, REFUSED, NOTIMP. */
    public const NAME_SERVER_FAILURE = 11003;

    /** Valid name, no data record (check DNS setup). */
    public const NO_ADDRESS = 11004;

    /** Not a handle, or one that was closed. */
    public const NOT_A_HANDLE = 901;

    /** Unknown property. */
    public const UNKNOWN_PROPERTY = 902;

    /** Index out of range. */
    public const INDEX_OUT_OF_RANGE = 903;

    /** Read-only. */
    public const READ_ONLY = 904;

    /** Invalid value. */
    public const INVALID_VALUE = 905;

    /** Unknown setting. */
    public const UNKNOWN_SETTING = 906;

    /** Not allowed inside a callback. */
    public const INSIDE_CALLBACK = 907;

    /** Internal error. */
    public const INTERNAL = 908;

    /** Not available on this platform. */
    public const NOT_AVAILABLE = 909;
}
