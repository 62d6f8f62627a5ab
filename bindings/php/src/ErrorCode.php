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
    /** Packet too large.

Raised: A client sends a DATA packet longer than the negotiated blksize. */
    case PacketTooLarge = 122;

    /** Wrong response type from server.

Raised: Never: the number is reserved. */
    case WrongResponseType = 123;

    /** Server error. Description contains detailed information.

Raised: The client sends an ERROR. The description has its code and text. */
    case ClientError = 124;

    /** Invalid server response.

Raised: Never: the number is reserved. */
    case InvalidResponse = 125;

    /** A valid LocalFile must be provided for PUT operations.

Raised: An upload has no destination: no LocalDir, no ConnLocalFile, no Transfer callback. Or ConnDataSize is set
and DataWanted has no callback. */
    case NoLocalFile = 126;

    /** Can't open local file.

Raised: The file of a transfer does not exist, or cannot be opened or created. */
    case CannotOpenFile = 127;

    /** Can't write to local file.

Raised: An upload cannot be written, or cannot get its final name. */
    case CannotWriteFile = 128;

    /** Can't read local file.

Raised: The file of a download cannot be read or has shrunk, or the program's source ends before ConnDataSize bytes. */
    case CannotReadFile = 129;

    /** Busy performing the current transfer.

Raised: A source or destination of a connection is set after its transfer began, a request is answered that is not
deferred, or data is supplied to a download whose source is not the program or has ended. */
    case Busy = 130;

    /** Timeout while waiting for server.

Raised: The client sends nothing for Timeout or after the last retransmission, or the program does not answer or
supply data within Timeout. */
    case Timeout = 301;

    /** Server error.

Raised: Never: the number is reserved. */
    case ServerError = 305;

    /** Wrong or invalid response type received from server.

Raised: Never: the number is reserved. */
    case WrongOrInvalidResponseType = 306;

    /** Invalid response from server.

Raised: Never: the number is reserved. */
    case InvalidResponseFromServer = 307;

    /** UDP is already Active.

Raised: Never: the number is reserved. */
    case AlreadyActive = 104;

    /** You cannot change the LocalPort while the class is Active.

Raised: LocalPort is set while listening. */
    case LocalPortLocked = 106;

    /** You cannot change the LocalHost at this time. A connection is in progress.

Raised: LocalHost is set while listening. */
    case LocalHostLocked = 107;

    /** The class must be Active for this operation.

Raised: Never: the number is reserved. */
    case NotActive = 109;

    /** Cannot change MaxPacketSize while the class is Active.

Raised: MaxPacketSize is set while listening. */
    case MaxPacketSizeLocked = 112;

    /** Cannot change ShareLocalPort option while the class is Active.

Raised: ShareLocalPort is set while listening. */
    case ShareLocalPortLocked = 113;

    /** Cannot change RemoteHost when UseConnection is set and the class Active.

Raised: Never: the number is reserved. */
    case RemoteHostLocked = 114;

    /** Cannot change RemotePort when UseConnection is set and the class is Active.

Raised: Never: the number is reserved. */
    case RemotePortLocked = 115;

    /** RemotePort can't be zero when UseConnection is set. Please specify a valid service port number.

Raised: Never: the number is reserved. */
    case RemotePortZero = 116;

    /** Cannot change UseConnection while the class is Active.

Raised: UseConnection is set while listening. */
    case UseConnectionLocked = 117;

    /** Message can't be longer than MaxPacketSize.

Raised: Never: the number is reserved. */
    case MessageTooLong = 118;

    /** Message too short.

Raised: Never: the number is reserved. */
    case MessageTooShort = 119;

    /** Unable to convert string to selected CodePage

Raised: A file name cannot be converted from the CodePage, or CodePage is set to one that is not available here. */
    case CodePage = 434;

    /** Cannot load specified security library.

Raised: Never: the number is reserved. */
    case SecurityLibrary = 270;

    /** Cannot open certificate store.

Raised: Never: the number is reserved. */
    case CertificateStore = 271;

    /** Cannot find specified certificate.

Raised: Never: the number is reserved. */
    case CertificateNotFound = 272;

    /** Cannot acquire security credentials.

Raised: Never: the number is reserved. */
    case SecurityCredentials = 273;

    /** Cannot find certificate chain.

Raised: Never: the number is reserved. */
    case CertificateChain = 274;

    /** Cannot verify certificate chain.

Raised: Never: the number is reserved. */
    case CertificateChainInvalid = 275;

    /** Error during handshake.

Raised: Never: the number is reserved. */
    case Handshake = 276;

    /** Error verifying certificate.

Raised: Never: the number is reserved. */
    case CertificateInvalid = 280;

    /** Could not find client certificate.

Raised: Never: the number is reserved. */
    case NoClientCertificate = 281;

    /** Could not find server certificate.

Raised: Never: the number is reserved. */
    case NoServerCertificate = 282;

    /** Error encrypting data.

Raised: Never: the number is reserved. */
    case Encrypt = 283;

    /** Error decrypting data.

Raised: Never: the number is reserved. */
    case Decrypt = 284;

    /** Interrupted system call.

Raised: Never: the number is reserved. */
    case Interrupted = 10004;

    /** Bad file number.

Raised: ListenDescriptors contains a number that is not a descriptor. */
    case BadFile = 10009;

    /** Access denied.

Raised: The system denies permission, such as for ports below 1024 or raw frames; ConnectionRequest refuses; or
ReadOnly forbids an upload. */
    case AccessDenied = 10013;

    /** Bad address.

Raised: Never: the number is reserved. */
    case BadAddress = 10014;

    /** Invalid argument.

Raised: LocalHost is a link-local address without its scope (fe80::1%eth0), a socket of ListenDescriptors is not
UDP, not bound, or connected, or the system rejects another argument. */
    case InvalidArgument = 10022;

    /** Too many open files.

Raised: No descriptor is left for a socket, a directory or a transfer. The servers of a process use at most three
quarters of the descriptors that were free when the first of them started. */
    case TooManyFiles = 10024;

    /** Operation would block.

Raised: The system returns it for a socket, a thread or a directory. */
    case WouldBlock = 10035;

    /** Operation now in progress.

Raised: Never: the number is reserved. */
    case InProgress = 10036;

    /** Operation already in progress.

Raised: Never: the number is reserved. */
    case AlreadyInProgress = 10037;

    /** Socket operation on non-socket.

Raised: ListenDescriptors contains a descriptor that is not a socket. */
    case NotASocket = 10038;

    /** Destination address required.

Raised: Never: the number is reserved. */
    case DestinationRequired = 10039;

    /** Message too long.

Raised: With DontFragment: a block does not fit the path MTU. */
    case DatagramTooLong = 10040;

    /** Protocol wrong type for socket.

Raised: Never: the number is reserved. */
    case WrongProtocolType = 10041;

    /** Bad protocol option.

Raised: The system returns it for a socket, a thread or a directory. */
    case BadProtocolOption = 10042;

    /** Protocol not supported.

Raised: The system returns it for a socket, a thread or a directory. */
    case ProtocolNotSupported = 10043;

    /** Socket type not supported.

Raised: Never: the number is reserved. */
    case SocketTypeNotSupported = 10044;

    /** Operation not supported on socket.

Raised: The system returns it for a socket, a thread or a directory. */
    case OperationNotSupported = 10045;

    /** Protocol family not supported.

Raised: Never: the number is reserved. */
    case ProtocolFamilyNotSupported = 10046;

    /** Address family not supported by protocol family.

Raised: LocalHost is an address of the family that UseIPv6 excludes, or SourceIPAddress has another family than
LocalHost. */
    case AddressFamilyNotSupported = 10047;

    /** Address already in use.

Raised: The port is in use: LocalPort, one of ListenOn, or all of TransferPorts; or ListenDescriptors contains a
socket twice. */
    case AddressInUse = 10048;

    /** Can't assign requested address.

Raised: LocalHost, or an address of ListenOn, does not belong to this machine. */
    case AddressNotAvailable = 10049;

    /** Network is down.

Raised: The system returns it for a socket, a thread or a directory. */
    case NetworkDown = 10050;

    /** Network is unreachable.

Raised: The system returns it for a socket, a thread or a directory. */
    case NetworkUnreachable = 10051;

    /** Net dropped connection or reset.

Raised: Never: the number is reserved. */
    case NetworkReset = 10052;

    /** Software caused connection abort.

Raised: Shutdown, Disconnect, Abort, Reset or a callback ends the connection. */
    case Aborted = 10053;

    /** Connection reset by peer.

Raised: The client restarts its transfer, or starts another one from a port that can have only one. */
    case ConnectionReset = 10054;

    /** No buffer space available.

Raised: The system returns it for a socket, a thread or a directory. */
    case NoBufferSpace = 10055;

    /** Socket is already connected.

Raised: Never: the number is reserved. */
    case AlreadyConnected = 10056;

    /** Socket is not connected.

Raised: Never: the number is reserved. */
    case NotConnected = 10057;

    /** Can't send after socket shutdown.

Raised: Never: the number is reserved. */
    case ShutDown = 10058;

    /** Too many references, can't splice.

Raised: Never: the number is reserved. */
    case TooManyReferences = 10059;

    /** Connection timed out.

Raised: Never: the number is reserved. */
    case ConnectionTimedOut = 10060;

    /** Connection refused.

Raised: No program listens on the client's port any more. */
    case ConnectionRefused = 10061;

    /** Too many levels of symbolic links.

Raised: The path of LocalDir has too many symbolic links. */
    case TooManyLinks = 10062;

    /** File name too long.

Raised: A name in LocalDir is too long. */
    case NameTooLong = 10063;

    /** Host is down.

Raised: Never: the number is reserved. */
    case HostDown = 10064;

    /** No route to host.

Raised: The system returns it for a socket, a thread or a directory. */
    case HostUnreachable = 10065;

    /** Directory not empty

Raised: Never: the number is reserved. */
    case DirectoryNotEmpty = 10066;

    /** Too many processes.

Raised: Never: the number is reserved. */
    case TooManyProcesses = 10067;

    /** Too many users.

Raised: MaxConnections or MaxConnectionsPerHost is reached. */
    case TooManyUsers = 10068;

    /** Disc Quota Exceeded.

Raised: Never: the number is reserved. */
    case DiskQuota = 10069;

    /** Stale NFS file handle.

Raised: The system returns it for a socket, a thread or a directory. */
    case StaleHandle = 10070;

    /** Too many levels of remote in path.

Raised: Never: the number is reserved. */
    case TooManyRemoteLevels = 10071;

    /** Network subsystem is unavailable.

Raised: Never: the number is reserved. */
    case NetworkUnavailable = 10091;

    /** WINSOCK DLL Version out of range.

Raised: Never: the number is reserved. */
    case VersionOutOfRange = 10092;

    /** Winsock not loaded yet.

Raised: Never: the number is reserved. */
    case NotLoaded = 10093;

    /** Host not found.

Raised: The name in LocalHost is not found. */
    case HostNotFound = 11001;

    /** Non-authoritative 'Host not found' (try again or check DNS setup).

Raised: Never: the number is reserved. */
    case HostNotFoundTryAgain = 11002;

    /** Non-recoverable errors: FORMERR, REFUSED, NOTIMP.

Raised: Never: the number is reserved. */
    case NameServerFailure = 11003;

    /** Valid name, no data record (check DNS setup).

Raised: The name in LocalHost has no address of the family that UseIPv6 selects. */
    case NoAddress = 11004;

    /** Not a handle, or one that was closed.

Raised: The handle is NULL, was closed, or never was a handle. */
    case NotAHandle = 901;

    /** Unknown property.

Raised: The property does not exist, or its id is reserved (3, 10). */
    case UnknownProperty = 902;

    /** Index out of range.

Raised: No connection has this index or id, or it has ended. */
    case IndexOutOfRange = 903;

    /** Read-only.

Raised: The property or setting cannot be set at all. */
    case ReadOnly = 904;

    /** Invalid value.

Raised: The value has the wrong type, is out of range, is not UTF-8 or is NULL; the event does not exist; or
LocalDir is not a directory. */
    case InvalidValue = 905;

    /** Unknown setting

Raised: The setting does not exist. */
    case UnknownSetting = 906;

    /** Not allowed inside a callback.

Raised: Close or DoEvents is called inside a callback. */
    case InsideCallback = 907;

    /** Internal error.

Raised: A bug of the library, caught before it reaches the program. Please report it. */
    case Internal = 908;

    /** Not available on this platform.

Raised: This system does not support the function or setting. */
    case NotAvailable = 909;

    /** System error.

Raised: The system returns it for a socket, a thread or a directory. */
    case System = 910;
}
