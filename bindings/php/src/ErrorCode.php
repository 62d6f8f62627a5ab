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
    /**
     * Packet too large.
     *
     * Cause: A client sends a DATA packet longer than the negotiated blksize.
     */
    case PacketTooLarge = 122;

    /**
     * Wrong response type from server.
     *
     * Reserved: this library never raises it.
     */
    case WrongResponseType = 123;

    /**
     * Server error. Description contains detailed information.
     *
     * Cause: The client sends an ERROR. The description has its code and text.
     */
    case ClientError = 124;

    /**
     * Invalid server response.
     *
     * Reserved: this library never raises it.
     */
    case InvalidResponse = 125;

    /**
     * A valid LocalFile must be provided for PUT operations.
     *
     * Cause: An upload has no destination: no LocalDir, no ConnLocalFile, no Transfer callback. Or
     * ConnDataSize is set and DataWanted has no callback.
     */
    case NoLocalFile = 126;

    /**
     * Can't open local file.
     *
     * Cause: The file of a transfer does not exist, or cannot be opened or created.
     */
    case CannotOpenFile = 127;

    /**
     * Can't write to local file.
     *
     * Cause: An upload cannot be written, or cannot get its final name.
     */
    case CannotWriteFile = 128;

    /**
     * Can't read local file.
     *
     * Cause: The file of a download cannot be read or has shrunk, or the program's source ends before
     * ConnDataSize bytes.
     */
    case CannotReadFile = 129;

    /**
     * Busy performing the current transfer.
     *
     * Cause: A source or destination of a connection is set after its transfer began, a request is
     * answered that is not deferred, or data is supplied to a download whose source is not the program
     * or has ended.
     */
    case Busy = 130;

    /**
     * Timeout while waiting for server.
     *
     * Cause: The client sends nothing for Timeout or after the last retransmission, or the program
     * does not answer or supply data within Timeout.
     */
    case Timeout = 301;

    /**
     * Server error.
     *
     * Reserved: this library never raises it.
     */
    case ServerError = 305;

    /**
     * Wrong or invalid response type received from server.
     *
     * Reserved: this library never raises it.
     */
    case WrongOrInvalidResponseType = 306;

    /**
     * Invalid response from server.
     *
     * Reserved: this library never raises it.
     */
    case InvalidResponseFromServer = 307;

    /**
     * UDP is already Active.
     *
     * Reserved: this library never raises it.
     */
    case AlreadyActive = 104;

    /**
     * You cannot change the LocalPort while the class is Active.
     *
     * Cause: LocalPort is set while listening.
     */
    case LocalPortLocked = 106;

    /**
     * You cannot change the LocalHost at this time. A connection is in progress.
     *
     * Cause: LocalHost is set while listening.
     */
    case LocalHostLocked = 107;

    /**
     * The class must be Active for this operation.
     *
     * Reserved: this library never raises it.
     */
    case NotActive = 109;

    /**
     * Cannot change MaxPacketSize while the class is Active.
     *
     * Cause: MaxPacketSize is set while listening.
     */
    case MaxPacketSizeLocked = 112;

    /**
     * Cannot change ShareLocalPort option while the class is Active.
     *
     * Cause: ShareLocalPort is set while listening.
     */
    case ShareLocalPortLocked = 113;

    /**
     * Cannot change RemoteHost when UseConnection is set and the class Active.
     *
     * Reserved: this library never raises it.
     */
    case RemoteHostLocked = 114;

    /**
     * Cannot change RemotePort when UseConnection is set and the class is Active.
     *
     * Reserved: this library never raises it.
     */
    case RemotePortLocked = 115;

    /**
     * RemotePort can't be zero when UseConnection is set. Please specify a valid service port number.
     *
     * Reserved: this library never raises it.
     */
    case RemotePortZero = 116;

    /**
     * Cannot change UseConnection while the class is Active.
     *
     * Cause: UseConnection is set while listening.
     */
    case UseConnectionLocked = 117;

    /**
     * Message can't be longer than MaxPacketSize.
     *
     * Reserved: this library never raises it.
     */
    case MessageTooLong = 118;

    /**
     * Message too short.
     *
     * Reserved: this library never raises it.
     */
    case MessageTooShort = 119;

    /**
     * Unable to convert string to selected CodePage
     *
     * Cause: A file name cannot be converted from the CodePage, or CodePage is set to one that is not
     * available here.
     */
    case CodePage = 434;

    /**
     * Cannot load specified security library.
     *
     * Reserved: this library never raises it.
     */
    case SecurityLibrary = 270;

    /**
     * Cannot open certificate store.
     *
     * Reserved: this library never raises it.
     */
    case CertificateStore = 271;

    /**
     * Cannot find specified certificate.
     *
     * Reserved: this library never raises it.
     */
    case CertificateNotFound = 272;

    /**
     * Cannot acquire security credentials.
     *
     * Reserved: this library never raises it.
     */
    case SecurityCredentials = 273;

    /**
     * Cannot find certificate chain.
     *
     * Reserved: this library never raises it.
     */
    case CertificateChain = 274;

    /**
     * Cannot verify certificate chain.
     *
     * Reserved: this library never raises it.
     */
    case CertificateChainInvalid = 275;

    /**
     * Error during handshake.
     *
     * Reserved: this library never raises it.
     */
    case Handshake = 276;

    /**
     * Error verifying certificate.
     *
     * Reserved: this library never raises it.
     */
    case CertificateInvalid = 280;

    /**
     * Could not find client certificate.
     *
     * Reserved: this library never raises it.
     */
    case NoClientCertificate = 281;

    /**
     * Could not find server certificate.
     *
     * Reserved: this library never raises it.
     */
    case NoServerCertificate = 282;

    /**
     * Error encrypting data.
     *
     * Reserved: this library never raises it.
     */
    case Encrypt = 283;

    /**
     * Error decrypting data.
     *
     * Reserved: this library never raises it.
     */
    case Decrypt = 284;

    /**
     * Interrupted system call.
     *
     * Reserved: this library never raises it.
     */
    case Interrupted = 10004;

    /**
     * Bad file number.
     *
     * Cause: ListenDescriptors contains a number that is not a descriptor.
     */
    case BadFile = 10009;

    /**
     * Access denied.
     *
     * Cause: The system denies permission, such as for ports below 1024 or raw frames;
     * ConnectionRequest refuses; or ReadOnly forbids an upload.
     */
    case AccessDenied = 10013;

    /**
     * Bad address.
     *
     * Reserved: this library never raises it.
     */
    case BadAddress = 10014;

    /**
     * Invalid argument.
     *
     * Cause: LocalHost is a link-local address without its scope (fe80::1%eth0), a socket of
     * ListenDescriptors is not UDP, not bound, or connected, or the system rejects another argument.
     */
    case InvalidArgument = 10022;

    /**
     * Too many open files.
     *
     * Cause: No descriptor is left for a socket, a directory or a transfer. The servers of a process
     * use at most three quarters of the descriptors that were free when the first of them started.
     */
    case TooManyFiles = 10024;

    /**
     * Operation would block.
     *
     * Cause: The system returns it for a socket, a thread or a directory.
     */
    case WouldBlock = 10035;

    /**
     * Operation now in progress.
     *
     * Reserved: this library never raises it.
     */
    case InProgress = 10036;

    /**
     * Operation already in progress.
     *
     * Reserved: this library never raises it.
     */
    case AlreadyInProgress = 10037;

    /**
     * Socket operation on non-socket.
     *
     * Cause: ListenDescriptors contains a descriptor that is not a socket.
     */
    case NotASocket = 10038;

    /**
     * Destination address required.
     *
     * Reserved: this library never raises it.
     */
    case DestinationRequired = 10039;

    /**
     * Message too long.
     *
     * Cause: With DontFragment: a block does not fit the path MTU.
     */
    case DatagramTooLong = 10040;

    /**
     * Protocol wrong type for socket.
     *
     * Reserved: this library never raises it.
     */
    case WrongProtocolType = 10041;

    /**
     * Bad protocol option.
     *
     * Cause: The system returns it for a socket, a thread or a directory.
     */
    case BadProtocolOption = 10042;

    /**
     * Protocol not supported.
     *
     * Cause: The system returns it for a socket, a thread or a directory.
     */
    case ProtocolNotSupported = 10043;

    /**
     * Socket type not supported.
     *
     * Reserved: this library never raises it.
     */
    case SocketTypeNotSupported = 10044;

    /**
     * Operation not supported on socket.
     *
     * Cause: The system returns it for a socket, a thread or a directory.
     */
    case OperationNotSupported = 10045;

    /**
     * Protocol family not supported.
     *
     * Reserved: this library never raises it.
     */
    case ProtocolFamilyNotSupported = 10046;

    /**
     * Address family not supported by protocol family.
     *
     * Cause: LocalHost is an address of the family that UseIPv6 excludes, or SourceIPAddress has
     * another family than LocalHost.
     */
    case AddressFamilyNotSupported = 10047;

    /**
     * Address already in use.
     *
     * Cause: The port is in use: LocalPort, one of ListenOn, or all of TransferPorts; or
     * ListenDescriptors contains a socket twice.
     */
    case AddressInUse = 10048;

    /**
     * Can't assign requested address.
     *
     * Cause: LocalHost, or an address of ListenOn, does not belong to this machine.
     */
    case AddressNotAvailable = 10049;

    /**
     * Network is down.
     *
     * Cause: The system returns it for a socket, a thread or a directory.
     */
    case NetworkDown = 10050;

    /**
     * Network is unreachable.
     *
     * Cause: The system returns it for a socket, a thread or a directory.
     */
    case NetworkUnreachable = 10051;

    /**
     * Net dropped connection or reset.
     *
     * Reserved: this library never raises it.
     */
    case NetworkReset = 10052;

    /**
     * Software caused connection abort.
     *
     * Cause: Shutdown, Disconnect, Abort, Reset or a callback ends the connection.
     */
    case Aborted = 10053;

    /**
     * Connection reset by peer.
     *
     * Cause: The client restarts its transfer, or starts another one from a port that can have only
     * one.
     */
    case ConnectionReset = 10054;

    /**
     * No buffer space available.
     *
     * Cause: The system returns it for a socket, a thread or a directory.
     */
    case NoBufferSpace = 10055;

    /**
     * Socket is already connected.
     *
     * Reserved: this library never raises it.
     */
    case AlreadyConnected = 10056;

    /**
     * Socket is not connected.
     *
     * Reserved: this library never raises it.
     */
    case NotConnected = 10057;

    /**
     * Can't send after socket shutdown.
     *
     * Reserved: this library never raises it.
     */
    case ShutDown = 10058;

    /**
     * Too many references, can't splice.
     *
     * Reserved: this library never raises it.
     */
    case TooManyReferences = 10059;

    /**
     * Connection timed out.
     *
     * Reserved: this library never raises it.
     */
    case ConnectionTimedOut = 10060;

    /**
     * Connection refused.
     *
     * Cause: No program listens on the client's port any more.
     */
    case ConnectionRefused = 10061;

    /**
     * Too many levels of symbolic links.
     *
     * Cause: The path of LocalDir has too many symbolic links.
     */
    case TooManyLinks = 10062;

    /**
     * File name too long.
     *
     * Cause: A name in LocalDir is too long.
     */
    case NameTooLong = 10063;

    /**
     * Host is down.
     *
     * Reserved: this library never raises it.
     */
    case HostDown = 10064;

    /**
     * No route to host.
     *
     * Cause: The system returns it for a socket, a thread or a directory.
     */
    case HostUnreachable = 10065;

    /**
     * Directory not empty
     *
     * Reserved: this library never raises it.
     */
    case DirectoryNotEmpty = 10066;

    /**
     * Too many processes.
     *
     * Reserved: this library never raises it.
     */
    case TooManyProcesses = 10067;

    /**
     * Too many users.
     *
     * Cause: MaxConnections or MaxConnectionsPerHost is reached.
     */
    case TooManyUsers = 10068;

    /**
     * Disc Quota Exceeded.
     *
     * Reserved: this library never raises it.
     */
    case DiskQuota = 10069;

    /**
     * Stale NFS file handle.
     *
     * Cause: The system returns it for a socket, a thread or a directory.
     */
    case StaleHandle = 10070;

    /**
     * Too many levels of remote in path.
     *
     * Reserved: this library never raises it.
     */
    case TooManyRemoteLevels = 10071;

    /**
     * Network subsystem is unavailable.
     *
     * Reserved: this library never raises it.
     */
    case NetworkUnavailable = 10091;

    /**
     * WINSOCK DLL Version out of range.
     *
     * Reserved: this library never raises it.
     */
    case VersionOutOfRange = 10092;

    /**
     * Winsock not loaded yet.
     *
     * Reserved: this library never raises it.
     */
    case NotLoaded = 10093;

    /**
     * Host not found.
     *
     * Cause: The name in LocalHost is not found.
     */
    case HostNotFound = 11001;

    /**
     * Non-authoritative 'Host not found' (try again or check DNS setup).
     *
     * Reserved: this library never raises it.
     */
    case HostNotFoundTryAgain = 11002;

    /**
     * Non-recoverable errors: FORMERR, REFUSED, NOTIMP.
     *
     * Reserved: this library never raises it.
     */
    case NameServerFailure = 11003;

    /**
     * Valid name, no data record (check DNS setup).
     *
     * Cause: The name in LocalHost has no address of the family that UseIPv6 selects.
     */
    case NoAddress = 11004;

    /**
     * Not a handle, or one that was closed.
     *
     * Cause: The handle is NULL, was closed, or never was a handle.
     */
    case NotAHandle = 901;

    /**
     * Unknown property.
     *
     * Cause: The property does not exist, or its id is reserved (3, 10).
     */
    case UnknownProperty = 902;

    /**
     * Index out of range.
     *
     * Cause: No connection has this index or id, or it has ended.
     */
    case IndexOutOfRange = 903;

    /**
     * Read-only.
     *
     * Cause: The property or setting cannot be set at all.
     */
    case ReadOnly = 904;

    /**
     * Invalid value.
     *
     * Cause: The value has the wrong type, is out of range, is not UTF-8 or is NULL; the event does
     * not exist; or LocalDir is not a directory.
     */
    case InvalidValue = 905;

    /**
     * Unknown setting
     *
     * Cause: The setting does not exist.
     */
    case UnknownSetting = 906;

    /**
     * Not allowed inside a callback.
     *
     * Cause: Close or DoEvents is called inside a callback.
     */
    case InsideCallback = 907;

    /**
     * Internal error.
     *
     * Cause: A bug of the library, caught before it reaches the program. Please report it.
     */
    case Internal = 908;

    /**
     * Not available on this platform.
     *
     * Cause: This system does not support the function or setting.
     */
    case NotAvailable = 909;

    /**
     * System error.
     *
     * Cause: The system returns it for a socket, a thread or a directory.
     */
    case System = 910;
}
