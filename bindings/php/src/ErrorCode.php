<?php

declare(strict_types=1);

namespace TftpServer;

/**
 * The numbers of the errors.
 *
 * Made by bin/make-ffi-header.php from tftpserver.h; not to be edited.
 */
enum ErrorCode: int
{
    /** Packet too large. */
    case PacketTooLarge = 122;

    /** Wrong response type from server. */
    case WrongResponseType = 123;

    /** Server error. Description contains detailed information. */
    case ClientError = 124;

    /** Invalid server response. */
    case InvalidResponse = 125;

    /** A valid LocalFile must be provided for PUT operations. */
    case NoLocalFile = 126;

    /** Can't open local file. */
    case CannotOpenFile = 127;

    /** Can't write to local file. */
    case CannotWriteFile = 128;

    /** Can't read local file. */
    case CannotReadFile = 129;

    /** Busy performing the current transfer. */
    case Busy = 130;

    /** Timeout while waiting for server. */
    case Timeout = 301;

    /** Server error. */
    case ServerError = 305;

    /** Wrong or invalid response type received from server. */
    case WrongOrInvalidResponseType = 306;

    /** Invalid response from server. */
    case InvalidResponseFromServer = 307;

    /** UDP is already Active. */
    case AlreadyActive = 104;

    /** You cannot change the LocalPort while the class is Active. */
    case LocalPortLocked = 106;

    /** You cannot change the LocalHost at this time. A connection is in progress. */
    case LocalHostLocked = 107;

    /** The class must be Active for this operation. */
    case NotActive = 109;

    /** Cannot change MaxPacketSize while the class is Active. */
    case MaxPacketSizeLocked = 112;

    /** Cannot change ShareLocalPort option while the class is Active. */
    case ShareLocalPortLocked = 113;

    /** Cannot change RemoteHost when UseConnection is set and the class Active. */
    case RemoteHostLocked = 114;

    /** Cannot change RemotePort when UseConnection is set and the class is Active. */
    case RemotePortLocked = 115;

    /** RemotePort can't be zero when UseConnection is set. Please specify a valid service port number. */
    case RemotePortZero = 116;

    /** Cannot change UseConnection while the class is Active. */
    case UseConnectionLocked = 117;

    /** Message can't be longer than MaxPacketSize. */
    case MessageTooLong = 118;

    /** Message too short. */
    case MessageTooShort = 119;

    /** Unable to convert string to selected CodePage */
    case CodePage = 434;

    /** Cannot load specified security library. */
    case SecurityLibrary = 270;

    /** Cannot open certificate store. */
    case CertificateStore = 271;

    /** Cannot find specified certificate. */
    case CertificateNotFound = 272;

    /** Cannot acquire security credentials. */
    case SecurityCredentials = 273;

    /** Cannot find certificate chain. */
    case CertificateChain = 274;

    /** Cannot verify certificate chain. */
    case CertificateChainInvalid = 275;

    /** Error during handshake. */
    case Handshake = 276;

    /** Error verifying certificate. */
    case CertificateInvalid = 280;

    /** Could not find client certificate. */
    case NoClientCertificate = 281;

    /** Could not find server certificate. */
    case NoServerCertificate = 282;

    /** Error encrypting data. */
    case Encrypt = 283;

    /** Error decrypting data. */
    case Decrypt = 284;

    /** Interrupted system call. */
    case Interrupted = 10004;

    /** Bad file number. */
    case BadFile = 10009;

    /** Access denied. */
    case AccessDenied = 10013;

    /** Bad address. */
    case BadAddress = 10014;

    /** Invalid argument. */
    case InvalidArgument = 10022;

    /** Too many open files. */
    case TooManyFiles = 10024;

    /** Operation would block. */
    case WouldBlock = 10035;

    /** Operation now in progress. */
    case InProgress = 10036;

    /** Operation already in progress. */
    case AlreadyInProgress = 10037;

    /** Socket operation on non-socket. */
    case NotASocket = 10038;

    /** Destination address required. */
    case DestinationRequired = 10039;

    /** Message too long. */
    case DatagramTooLong = 10040;

    /** Protocol wrong type for socket. */
    case WrongProtocolType = 10041;

    /** Bad protocol option. */
    case BadProtocolOption = 10042;

    /** Protocol not supported. */
    case ProtocolNotSupported = 10043;

    /** Socket type not supported. */
    case SocketTypeNotSupported = 10044;

    /** Operation not supported on socket. */
    case OperationNotSupported = 10045;

    /** Protocol family not supported. */
    case ProtocolFamilyNotSupported = 10046;

    /** Address family not supported by protocol family. */
    case AddressFamilyNotSupported = 10047;

    /** Address already in use. */
    case AddressInUse = 10048;

    /** Can't assign requested address. */
    case AddressNotAvailable = 10049;

    /** Network is down. */
    case NetworkDown = 10050;

    /** Network is unreachable. */
    case NetworkUnreachable = 10051;

    /** Net dropped connection or reset. */
    case NetworkReset = 10052;

    /** Software caused connection abort. */
    case Aborted = 10053;

    /** Connection reset by peer. */
    case ConnectionReset = 10054;

    /** No buffer space available. */
    case NoBufferSpace = 10055;

    /** Socket is already connected. */
    case AlreadyConnected = 10056;

    /** Socket is not connected. */
    case NotConnected = 10057;

    /** Can't send after socket shutdown. */
    case ShutDown = 10058;

    /** Too many references, can't splice. */
    case TooManyReferences = 10059;

    /** Connection timed out. */
    case ConnectionTimedOut = 10060;

    /** Connection refused. */
    case ConnectionRefused = 10061;

    /** Too many levels of symbolic links. */
    case TooManyLinks = 10062;

    /** File name too long. */
    case NameTooLong = 10063;

    /** Host is down. */
    case HostDown = 10064;

    /** No route to host. */
    case HostUnreachable = 10065;

    /** Directory not empty */
    case DirectoryNotEmpty = 10066;

    /** Too many processes. */
    case TooManyProcesses = 10067;

    /** Too many users. */
    case TooManyUsers = 10068;

    /** Disc Quota Exceeded. */
    case DiskQuota = 10069;

    /** Stale NFS file handle. */
    case StaleHandle = 10070;

    /** Too many levels of remote in path. */
    case TooManyRemoteLevels = 10071;

    /** Network subsystem is unavailable. */
    case NetworkUnavailable = 10091;

    /** WINSOCK DLL Version out of range. */
    case VersionOutOfRange = 10092;

    /** Winsock not loaded yet. */
    case NotLoaded = 10093;

    /** Host not found. */
    case HostNotFound = 11001;

    /** Non-authoritative 'Host not found' (try again or check DNS setup). */
    case HostNotFoundTryAgain = 11002;

    /** Non-recoverable errors: FORMERR, REFUSED, NOTIMP. */
    case NameServerFailure = 11003;

    /** Valid name, no data record (check DNS setup). */
    case NoAddress = 11004;

    /** Not a handle, or one that was closed. */
    case NotAHandle = 901;

    /** Unknown property. */
    case UnknownProperty = 902;

    /** Index out of range. */
    case IndexOutOfRange = 903;

    /** Read-only. */
    case ReadOnly = 904;

    /** Invalid value. */
    case InvalidValue = 905;

    /** Unknown setting */
    case UnknownSetting = 906;

    /** Not allowed inside a callback. */
    case InsideCallback = 907;

    /** Internal error. */
    case Internal = 908;

    /** Not available on this platform. */
    case NotAvailable = 909;

    /** System error. */
    case System = 910;
}
