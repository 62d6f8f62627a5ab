//! Made from api/errors.toml by `make bless`; not to be edited.

use super::entry::{ErrorEntry, Raised};

/// Every error number: the same on every platform.
pub const TABLE: &[ErrorEntry] = &[
    ErrorEntry { code: 122, name: "PACKET_TOO_LARGE", group: "TFTPServer", text: "Packet too large.", raised: Raised::When("A client sends a DATA packet longer than the negotiated blksize.") },
    ErrorEntry { code: 123, name: "WRONG_RESPONSE_TYPE", group: "TFTPServer", text: "Wrong response type from server.", raised: Raised::Never },
    ErrorEntry { code: 124, name: "CLIENT_ERROR", group: "TFTPServer", text: "Server error. Description contains detailed information.", raised: Raised::When("The client sends an ERROR. The description has its code and text.") },
    ErrorEntry { code: 125, name: "INVALID_RESPONSE", group: "TFTPServer", text: "Invalid server response.", raised: Raised::Never },
    ErrorEntry { code: 126, name: "NO_LOCAL_FILE", group: "TFTPServer", text: "A valid LocalFile must be provided for PUT operations.", raised: Raised::When("An upload has no destination: no LocalDir, no ConnLocalFile, no Transfer callback. Or ConnDataSize is set and DataWanted has no callback.") },
    ErrorEntry { code: 127, name: "CANNOT_OPEN_FILE", group: "TFTPServer", text: "Can't open local file.", raised: Raised::When("The file of a transfer does not exist, or cannot be opened or created.") },
    ErrorEntry { code: 128, name: "CANNOT_WRITE_FILE", group: "TFTPServer", text: "Can't write to local file.", raised: Raised::When("An upload cannot be written, or cannot get its final name.") },
    ErrorEntry { code: 129, name: "CANNOT_READ_FILE", group: "TFTPServer", text: "Can't read local file.", raised: Raised::When("The file of a download cannot be read or has shrunk, or the program's source ends before ConnDataSize bytes.") },
    ErrorEntry { code: 130, name: "BUSY", group: "TFTPServer", text: "Busy performing the current transfer.", raised: Raised::When("A source or destination of a connection is set after its transfer began, a request is answered that is not deferred, or data is supplied to a download whose source is not the program or has ended.") },
    ErrorEntry { code: 301, name: "TIMEOUT", group: "TFTPServer", text: "Timeout while waiting for server.", raised: Raised::When("The client sends nothing for Timeout or after the last retransmission, or the program does not answer or supply data within Timeout.") },
    ErrorEntry { code: 305, name: "SERVER_ERROR", group: "TFTPServer", text: "Server error.", raised: Raised::Never },
    ErrorEntry { code: 306, name: "WRONG_OR_INVALID_RESPONSE_TYPE", group: "TFTPServer", text: "Wrong or invalid response type received from server.", raised: Raised::Never },
    ErrorEntry { code: 307, name: "INVALID_RESPONSE_FROM_SERVER", group: "TFTPServer", text: "Invalid response from server.", raised: Raised::Never },
    ErrorEntry { code: 104, name: "ALREADY_ACTIVE", group: "UDP", text: "UDP is already Active.", raised: Raised::Never },
    ErrorEntry { code: 106, name: "LOCAL_PORT_LOCKED", group: "UDP", text: "You cannot change the LocalPort while the class is Active.", raised: Raised::When("LocalPort is set while listening.") },
    ErrorEntry { code: 107, name: "LOCAL_HOST_LOCKED", group: "UDP", text: "You cannot change the LocalHost at this time. A connection is in progress.", raised: Raised::When("LocalHost is set while listening.") },
    ErrorEntry { code: 109, name: "NOT_ACTIVE", group: "UDP", text: "The class must be Active for this operation.", raised: Raised::Never },
    ErrorEntry { code: 112, name: "MAX_PACKET_SIZE_LOCKED", group: "UDP", text: "Cannot change MaxPacketSize while the class is Active.", raised: Raised::When("MaxPacketSize is set while listening.") },
    ErrorEntry { code: 113, name: "SHARE_LOCAL_PORT_LOCKED", group: "UDP", text: "Cannot change ShareLocalPort option while the class is Active.", raised: Raised::When("ShareLocalPort is set while listening.") },
    ErrorEntry { code: 114, name: "REMOTE_HOST_LOCKED", group: "UDP", text: "Cannot change RemoteHost when UseConnection is set and the class Active.", raised: Raised::Never },
    ErrorEntry { code: 115, name: "REMOTE_PORT_LOCKED", group: "UDP", text: "Cannot change RemotePort when UseConnection is set and the class is Active.", raised: Raised::Never },
    ErrorEntry { code: 116, name: "REMOTE_PORT_ZERO", group: "UDP", text: "RemotePort can't be zero when UseConnection is set. Please specify a valid service port number.", raised: Raised::Never },
    ErrorEntry { code: 117, name: "USE_CONNECTION_LOCKED", group: "UDP", text: "Cannot change UseConnection while the class is Active.", raised: Raised::When("UseConnection is set while listening.") },
    ErrorEntry { code: 118, name: "MESSAGE_TOO_LONG", group: "UDP", text: "Message can't be longer than MaxPacketSize.", raised: Raised::Never },
    ErrorEntry { code: 119, name: "MESSAGE_TOO_SHORT", group: "UDP", text: "Message too short.", raised: Raised::Never },
    ErrorEntry { code: 434, name: "CODE_PAGE", group: "UDP", text: "Unable to convert string to selected CodePage", raised: Raised::When("A file name cannot be converted from the CodePage, or CodePage is set to one that is not available here.") },
    ErrorEntry { code: 270, name: "SECURITY_LIBRARY", group: "SSL", text: "Cannot load specified security library.", raised: Raised::Never },
    ErrorEntry { code: 271, name: "CERTIFICATE_STORE", group: "SSL", text: "Cannot open certificate store.", raised: Raised::Never },
    ErrorEntry { code: 272, name: "CERTIFICATE_NOT_FOUND", group: "SSL", text: "Cannot find specified certificate.", raised: Raised::Never },
    ErrorEntry { code: 273, name: "SECURITY_CREDENTIALS", group: "SSL", text: "Cannot acquire security credentials.", raised: Raised::Never },
    ErrorEntry { code: 274, name: "CERTIFICATE_CHAIN", group: "SSL", text: "Cannot find certificate chain.", raised: Raised::Never },
    ErrorEntry { code: 275, name: "CERTIFICATE_CHAIN_INVALID", group: "SSL", text: "Cannot verify certificate chain.", raised: Raised::Never },
    ErrorEntry { code: 276, name: "HANDSHAKE", group: "SSL", text: "Error during handshake.", raised: Raised::Never },
    ErrorEntry { code: 280, name: "CERTIFICATE_INVALID", group: "SSL", text: "Error verifying certificate.", raised: Raised::Never },
    ErrorEntry { code: 281, name: "NO_CLIENT_CERTIFICATE", group: "SSL", text: "Could not find client certificate.", raised: Raised::Never },
    ErrorEntry { code: 282, name: "NO_SERVER_CERTIFICATE", group: "SSL", text: "Could not find server certificate.", raised: Raised::Never },
    ErrorEntry { code: 283, name: "ENCRYPT", group: "SSL", text: "Error encrypting data.", raised: Raised::Never },
    ErrorEntry { code: 284, name: "DECRYPT", group: "SSL", text: "Error decrypting data.", raised: Raised::Never },
    ErrorEntry { code: 10004, name: "INTERRUPTED", group: "TCP/IP", text: "[10004] Interrupted system call.", raised: Raised::Never },
    ErrorEntry { code: 10009, name: "BAD_FILE", group: "TCP/IP", text: "[10009] Bad file number.", raised: Raised::When("ListenDescriptors contains a number that is not a descriptor.") },
    ErrorEntry { code: 10013, name: "ACCESS_DENIED", group: "TCP/IP", text: "[10013] Access denied.", raised: Raised::When("The system denies permission, such as for ports below 1024 or raw frames; ConnectionRequest refuses; or ReadOnly forbids an upload.") },
    ErrorEntry { code: 10014, name: "BAD_ADDRESS", group: "TCP/IP", text: "[10014] Bad address.", raised: Raised::Never },
    ErrorEntry { code: 10022, name: "INVALID_ARGUMENT", group: "TCP/IP", text: "[10022] Invalid argument.", raised: Raised::When("LocalHost is a link-local address without its scope (fe80::1%eth0), a socket of ListenDescriptors is not UDP, not bound, or connected, or the system rejects another argument.") },
    ErrorEntry { code: 10024, name: "TOO_MANY_FILES", group: "TCP/IP", text: "[10024] Too many open files.", raised: Raised::When("No descriptor is left for a socket, a directory or a transfer. The servers of a process use at most three quarters of the descriptors that were free when the first of them started.") },
    ErrorEntry { code: 10035, name: "WOULD_BLOCK", group: "TCP/IP", text: "[10035] Operation would block.", raised: Raised::PassedOn },
    ErrorEntry { code: 10036, name: "IN_PROGRESS", group: "TCP/IP", text: "[10036] Operation now in progress.", raised: Raised::Never },
    ErrorEntry { code: 10037, name: "ALREADY_IN_PROGRESS", group: "TCP/IP", text: "[10037] Operation already in progress.", raised: Raised::Never },
    ErrorEntry { code: 10038, name: "NOT_A_SOCKET", group: "TCP/IP", text: "[10038] Socket operation on non-socket.", raised: Raised::When("ListenDescriptors contains a descriptor that is not a socket.") },
    ErrorEntry { code: 10039, name: "DESTINATION_REQUIRED", group: "TCP/IP", text: "[10039] Destination address required.", raised: Raised::Never },
    ErrorEntry { code: 10040, name: "DATAGRAM_TOO_LONG", group: "TCP/IP", text: "[10040] Message too long.", raised: Raised::When("With DontFragment: a block does not fit the path MTU.") },
    ErrorEntry { code: 10041, name: "WRONG_PROTOCOL_TYPE", group: "TCP/IP", text: "[10041] Protocol wrong type for socket.", raised: Raised::Never },
    ErrorEntry { code: 10042, name: "BAD_PROTOCOL_OPTION", group: "TCP/IP", text: "[10042] Bad protocol option.", raised: Raised::PassedOn },
    ErrorEntry { code: 10043, name: "PROTOCOL_NOT_SUPPORTED", group: "TCP/IP", text: "[10043] Protocol not supported.", raised: Raised::PassedOn },
    ErrorEntry { code: 10044, name: "SOCKET_TYPE_NOT_SUPPORTED", group: "TCP/IP", text: "[10044] Socket type not supported.", raised: Raised::Never },
    ErrorEntry { code: 10045, name: "OPERATION_NOT_SUPPORTED", group: "TCP/IP", text: "[10045] Operation not supported on socket.", raised: Raised::PassedOn },
    ErrorEntry { code: 10046, name: "PROTOCOL_FAMILY_NOT_SUPPORTED", group: "TCP/IP", text: "[10046] Protocol family not supported.", raised: Raised::Never },
    ErrorEntry { code: 10047, name: "ADDRESS_FAMILY_NOT_SUPPORTED", group: "TCP/IP", text: "[10047] Address family not supported by protocol family.", raised: Raised::When("LocalHost is an address of the family that UseIPv6 excludes, or SourceIPAddress has another family than LocalHost.") },
    ErrorEntry { code: 10048, name: "ADDRESS_IN_USE", group: "TCP/IP", text: "[10048] Address already in use.", raised: Raised::When("The port is in use: LocalPort, one of ListenOn, or all of TransferPorts; or ListenDescriptors contains a socket twice.") },
    ErrorEntry { code: 10049, name: "ADDRESS_NOT_AVAILABLE", group: "TCP/IP", text: "[10049] Can't assign requested address.", raised: Raised::When("LocalHost, or an address of ListenOn, does not belong to this machine.") },
    ErrorEntry { code: 10050, name: "NETWORK_DOWN", group: "TCP/IP", text: "[10050] Network is down.", raised: Raised::PassedOn },
    ErrorEntry { code: 10051, name: "NETWORK_UNREACHABLE", group: "TCP/IP", text: "[10051] Network is unreachable.", raised: Raised::PassedOn },
    ErrorEntry { code: 10052, name: "NETWORK_RESET", group: "TCP/IP", text: "[10052] Net dropped connection or reset.", raised: Raised::Never },
    ErrorEntry { code: 10053, name: "ABORTED", group: "TCP/IP", text: "[10053] Software caused connection abort.", raised: Raised::When("Shutdown, Disconnect, Abort, Reset or a callback ends the connection.") },
    ErrorEntry { code: 10054, name: "CONNECTION_RESET", group: "TCP/IP", text: "[10054] Connection reset by peer.", raised: Raised::When("The client restarts its transfer, or starts another one from a port that can have only one.") },
    ErrorEntry { code: 10055, name: "NO_BUFFER_SPACE", group: "TCP/IP", text: "[10055] No buffer space available.", raised: Raised::PassedOn },
    ErrorEntry { code: 10056, name: "ALREADY_CONNECTED", group: "TCP/IP", text: "[10056] Socket is already connected.", raised: Raised::Never },
    ErrorEntry { code: 10057, name: "NOT_CONNECTED", group: "TCP/IP", text: "[10057] Socket is not connected.", raised: Raised::Never },
    ErrorEntry { code: 10058, name: "SHUT_DOWN", group: "TCP/IP", text: "[10058] Can't send after socket shutdown.", raised: Raised::Never },
    ErrorEntry { code: 10059, name: "TOO_MANY_REFERENCES", group: "TCP/IP", text: "[10059] Too many references, can't splice.", raised: Raised::Never },
    ErrorEntry { code: 10060, name: "CONNECTION_TIMED_OUT", group: "TCP/IP", text: "[10060] Connection timed out.", raised: Raised::Never },
    ErrorEntry { code: 10061, name: "CONNECTION_REFUSED", group: "TCP/IP", text: "[10061] Connection refused.", raised: Raised::When("No program listens on the client's port any more.") },
    ErrorEntry { code: 10062, name: "TOO_MANY_LINKS", group: "TCP/IP", text: "[10062] Too many levels of symbolic links.", raised: Raised::When("The path of LocalDir has too many symbolic links.") },
    ErrorEntry { code: 10063, name: "NAME_TOO_LONG", group: "TCP/IP", text: "[10063] File name too long.", raised: Raised::When("A name in LocalDir is too long.") },
    ErrorEntry { code: 10064, name: "HOST_DOWN", group: "TCP/IP", text: "[10064] Host is down.", raised: Raised::Never },
    ErrorEntry { code: 10065, name: "HOST_UNREACHABLE", group: "TCP/IP", text: "[10065] No route to host.", raised: Raised::PassedOn },
    ErrorEntry { code: 10066, name: "DIRECTORY_NOT_EMPTY", group: "TCP/IP", text: "[10066] Directory not empty", raised: Raised::Never },
    ErrorEntry { code: 10067, name: "TOO_MANY_PROCESSES", group: "TCP/IP", text: "[10067] Too many processes.", raised: Raised::Never },
    ErrorEntry { code: 10068, name: "TOO_MANY_USERS", group: "TCP/IP", text: "[10068] Too many users.", raised: Raised::When("MaxConnections or MaxConnectionsPerHost is reached.") },
    ErrorEntry { code: 10069, name: "DISK_QUOTA", group: "TCP/IP", text: "[10069] Disc Quota Exceeded.", raised: Raised::Never },
    ErrorEntry { code: 10070, name: "STALE_HANDLE", group: "TCP/IP", text: "[10070] Stale NFS file handle.", raised: Raised::PassedOn },
    ErrorEntry { code: 10071, name: "TOO_MANY_REMOTE_LEVELS", group: "TCP/IP", text: "[10071] Too many levels of remote in path.", raised: Raised::Never },
    ErrorEntry { code: 10091, name: "NETWORK_UNAVAILABLE", group: "TCP/IP", text: "[10091] Network subsystem is unavailable.", raised: Raised::Never },
    ErrorEntry { code: 10092, name: "VERSION_OUT_OF_RANGE", group: "TCP/IP", text: "[10092] WINSOCK DLL Version out of range.", raised: Raised::Never },
    ErrorEntry { code: 10093, name: "NOT_LOADED", group: "TCP/IP", text: "[10093] Winsock not loaded yet.", raised: Raised::Never },
    ErrorEntry { code: 11001, name: "HOST_NOT_FOUND", group: "TCP/IP", text: "[11001] Host not found.", raised: Raised::When("The name in LocalHost is not found.") },
    ErrorEntry { code: 11002, name: "HOST_NOT_FOUND_TRY_AGAIN", group: "TCP/IP", text: "[11002] Non-authoritative 'Host not found' (try again or check DNS setup).", raised: Raised::Never },
    ErrorEntry { code: 11003, name: "NAME_SERVER_FAILURE", group: "TCP/IP", text: "[11003] Non-recoverable errors: FORMERR, REFUSED, NOTIMP.", raised: Raised::Never },
    ErrorEntry { code: 11004, name: "NO_ADDRESS", group: "TCP/IP", text: "[11004] Valid name, no data record (check DNS setup).", raised: Raised::When("The name in LocalHost has no address of the family that UseIPv6 selects.") },
    ErrorEntry { code: 901, name: "NOT_A_HANDLE", group: "libtftpserver", text: "Not a handle, or one that was closed.", raised: Raised::When("The handle is NULL, was closed, or never was a handle.") },
    ErrorEntry { code: 902, name: "UNKNOWN_PROPERTY", group: "libtftpserver", text: "Unknown property.", raised: Raised::When("The property does not exist, or its id is reserved (3, 10).") },
    ErrorEntry { code: 903, name: "INDEX_OUT_OF_RANGE", group: "libtftpserver", text: "Index out of range.", raised: Raised::When("No connection has this index or id, or it has ended.") },
    ErrorEntry { code: 904, name: "READ_ONLY", group: "libtftpserver", text: "Read-only.", raised: Raised::When("The property or setting cannot be set at all.") },
    ErrorEntry { code: 905, name: "INVALID_VALUE", group: "libtftpserver", text: "Invalid value.", raised: Raised::When("The value has the wrong type, is out of range, is not UTF-8 or is NULL; the event does not exist; or LocalDir is not a directory.") },
    ErrorEntry { code: 906, name: "UNKNOWN_SETTING", group: "libtftpserver", text: "Unknown setting", raised: Raised::When("The setting does not exist.") },
    ErrorEntry { code: 907, name: "INSIDE_CALLBACK", group: "libtftpserver", text: "Not allowed inside a callback.", raised: Raised::When("Close or DoEvents is called inside a callback.") },
    ErrorEntry { code: 908, name: "INTERNAL", group: "libtftpserver", text: "Internal error.", raised: Raised::Fault },
    ErrorEntry { code: 909, name: "NOT_AVAILABLE", group: "libtftpserver", text: "Not available on this platform.", raised: Raised::When("This system does not support the function or setting.") },
    ErrorEntry { code: 910, name: "SYSTEM", group: "libtftpserver", text: "System error.", raised: Raised::PassedOn },
];

/// The numbers by name.
pub mod number {
    /// Packet too large.
    pub const PACKET_TOO_LARGE: i32 = 122;
    /// Wrong response type from server.
    pub const WRONG_RESPONSE_TYPE: i32 = 123;
    /// Server error. Description contains detailed information.
    pub const CLIENT_ERROR: i32 = 124;
    /// Invalid server response.
    pub const INVALID_RESPONSE: i32 = 125;
    /// A valid LocalFile must be provided for PUT operations.
    pub const NO_LOCAL_FILE: i32 = 126;
    /// Can't open local file.
    pub const CANNOT_OPEN_FILE: i32 = 127;
    /// Can't write to local file.
    pub const CANNOT_WRITE_FILE: i32 = 128;
    /// Can't read local file.
    pub const CANNOT_READ_FILE: i32 = 129;
    /// Busy performing the current transfer.
    pub const BUSY: i32 = 130;
    /// Timeout while waiting for server.
    pub const TIMEOUT: i32 = 301;
    /// Server error.
    pub const SERVER_ERROR: i32 = 305;
    /// Wrong or invalid response type received from server.
    pub const WRONG_OR_INVALID_RESPONSE_TYPE: i32 = 306;
    /// Invalid response from server.
    pub const INVALID_RESPONSE_FROM_SERVER: i32 = 307;
    /// UDP is already Active.
    pub const ALREADY_ACTIVE: i32 = 104;
    /// You cannot change the LocalPort while the class is Active.
    pub const LOCAL_PORT_LOCKED: i32 = 106;
    /// You cannot change the LocalHost at this time. A connection is in progress.
    pub const LOCAL_HOST_LOCKED: i32 = 107;
    /// The class must be Active for this operation.
    pub const NOT_ACTIVE: i32 = 109;
    /// Cannot change MaxPacketSize while the class is Active.
    pub const MAX_PACKET_SIZE_LOCKED: i32 = 112;
    /// Cannot change ShareLocalPort option while the class is Active.
    pub const SHARE_LOCAL_PORT_LOCKED: i32 = 113;
    /// Cannot change RemoteHost when UseConnection is set and the class Active.
    pub const REMOTE_HOST_LOCKED: i32 = 114;
    /// Cannot change RemotePort when UseConnection is set and the class is Active.
    pub const REMOTE_PORT_LOCKED: i32 = 115;
    /// RemotePort can't be zero when UseConnection is set. Please specify a valid service port number.
    pub const REMOTE_PORT_ZERO: i32 = 116;
    /// Cannot change UseConnection while the class is Active.
    pub const USE_CONNECTION_LOCKED: i32 = 117;
    /// Message can't be longer than MaxPacketSize.
    pub const MESSAGE_TOO_LONG: i32 = 118;
    /// Message too short.
    pub const MESSAGE_TOO_SHORT: i32 = 119;
    /// Unable to convert string to selected CodePage
    pub const CODE_PAGE: i32 = 434;
    /// Cannot load specified security library.
    pub const SECURITY_LIBRARY: i32 = 270;
    /// Cannot open certificate store.
    pub const CERTIFICATE_STORE: i32 = 271;
    /// Cannot find specified certificate.
    pub const CERTIFICATE_NOT_FOUND: i32 = 272;
    /// Cannot acquire security credentials.
    pub const SECURITY_CREDENTIALS: i32 = 273;
    /// Cannot find certificate chain.
    pub const CERTIFICATE_CHAIN: i32 = 274;
    /// Cannot verify certificate chain.
    pub const CERTIFICATE_CHAIN_INVALID: i32 = 275;
    /// Error during handshake.
    pub const HANDSHAKE: i32 = 276;
    /// Error verifying certificate.
    pub const CERTIFICATE_INVALID: i32 = 280;
    /// Could not find client certificate.
    pub const NO_CLIENT_CERTIFICATE: i32 = 281;
    /// Could not find server certificate.
    pub const NO_SERVER_CERTIFICATE: i32 = 282;
    /// Error encrypting data.
    pub const ENCRYPT: i32 = 283;
    /// Error decrypting data.
    pub const DECRYPT: i32 = 284;
    /// Interrupted system call.
    pub const INTERRUPTED: i32 = 10004;
    /// Bad file number.
    pub const BAD_FILE: i32 = 10009;
    /// Access denied.
    pub const ACCESS_DENIED: i32 = 10013;
    /// Bad address.
    pub const BAD_ADDRESS: i32 = 10014;
    /// Invalid argument.
    pub const INVALID_ARGUMENT: i32 = 10022;
    /// Too many open files.
    pub const TOO_MANY_FILES: i32 = 10024;
    /// Operation would block.
    pub const WOULD_BLOCK: i32 = 10035;
    /// Operation now in progress.
    pub const IN_PROGRESS: i32 = 10036;
    /// Operation already in progress.
    pub const ALREADY_IN_PROGRESS: i32 = 10037;
    /// Socket operation on non-socket.
    pub const NOT_A_SOCKET: i32 = 10038;
    /// Destination address required.
    pub const DESTINATION_REQUIRED: i32 = 10039;
    /// Message too long.
    pub const DATAGRAM_TOO_LONG: i32 = 10040;
    /// Protocol wrong type for socket.
    pub const WRONG_PROTOCOL_TYPE: i32 = 10041;
    /// Bad protocol option.
    pub const BAD_PROTOCOL_OPTION: i32 = 10042;
    /// Protocol not supported.
    pub const PROTOCOL_NOT_SUPPORTED: i32 = 10043;
    /// Socket type not supported.
    pub const SOCKET_TYPE_NOT_SUPPORTED: i32 = 10044;
    /// Operation not supported on socket.
    pub const OPERATION_NOT_SUPPORTED: i32 = 10045;
    /// Protocol family not supported.
    pub const PROTOCOL_FAMILY_NOT_SUPPORTED: i32 = 10046;
    /// Address family not supported by protocol family.
    pub const ADDRESS_FAMILY_NOT_SUPPORTED: i32 = 10047;
    /// Address already in use.
    pub const ADDRESS_IN_USE: i32 = 10048;
    /// Can't assign requested address.
    pub const ADDRESS_NOT_AVAILABLE: i32 = 10049;
    /// Network is down.
    pub const NETWORK_DOWN: i32 = 10050;
    /// Network is unreachable.
    pub const NETWORK_UNREACHABLE: i32 = 10051;
    /// Net dropped connection or reset.
    pub const NETWORK_RESET: i32 = 10052;
    /// Software caused connection abort.
    pub const ABORTED: i32 = 10053;
    /// Connection reset by peer.
    pub const CONNECTION_RESET: i32 = 10054;
    /// No buffer space available.
    pub const NO_BUFFER_SPACE: i32 = 10055;
    /// Socket is already connected.
    pub const ALREADY_CONNECTED: i32 = 10056;
    /// Socket is not connected.
    pub const NOT_CONNECTED: i32 = 10057;
    /// Can't send after socket shutdown.
    pub const SHUT_DOWN: i32 = 10058;
    /// Too many references, can't splice.
    pub const TOO_MANY_REFERENCES: i32 = 10059;
    /// Connection timed out.
    pub const CONNECTION_TIMED_OUT: i32 = 10060;
    /// Connection refused.
    pub const CONNECTION_REFUSED: i32 = 10061;
    /// Too many levels of symbolic links.
    pub const TOO_MANY_LINKS: i32 = 10062;
    /// File name too long.
    pub const NAME_TOO_LONG: i32 = 10063;
    /// Host is down.
    pub const HOST_DOWN: i32 = 10064;
    /// No route to host.
    pub const HOST_UNREACHABLE: i32 = 10065;
    /// Directory not empty
    pub const DIRECTORY_NOT_EMPTY: i32 = 10066;
    /// Too many processes.
    pub const TOO_MANY_PROCESSES: i32 = 10067;
    /// Too many users.
    pub const TOO_MANY_USERS: i32 = 10068;
    /// Disc Quota Exceeded.
    pub const DISK_QUOTA: i32 = 10069;
    /// Stale NFS file handle.
    pub const STALE_HANDLE: i32 = 10070;
    /// Too many levels of remote in path.
    pub const TOO_MANY_REMOTE_LEVELS: i32 = 10071;
    /// Network subsystem is unavailable.
    pub const NETWORK_UNAVAILABLE: i32 = 10091;
    /// WINSOCK DLL Version out of range.
    pub const VERSION_OUT_OF_RANGE: i32 = 10092;
    /// Winsock not loaded yet.
    pub const NOT_LOADED: i32 = 10093;
    /// Host not found.
    pub const HOST_NOT_FOUND: i32 = 11001;
    /// Non-authoritative 'Host not found' (try again or check DNS setup).
    pub const HOST_NOT_FOUND_TRY_AGAIN: i32 = 11002;
    /// Non-recoverable errors: FORMERR, REFUSED, NOTIMP.
    pub const NAME_SERVER_FAILURE: i32 = 11003;
    /// Valid name, no data record (check DNS setup).
    pub const NO_ADDRESS: i32 = 11004;
    /// Not a handle, or one that was closed.
    pub const NOT_A_HANDLE: i32 = 901;
    /// Unknown property.
    pub const UNKNOWN_PROPERTY: i32 = 902;
    /// Index out of range.
    pub const INDEX_OUT_OF_RANGE: i32 = 903;
    /// Read-only.
    pub const READ_ONLY: i32 = 904;
    /// Invalid value.
    pub const INVALID_VALUE: i32 = 905;
    /// Unknown setting
    pub const UNKNOWN_SETTING: i32 = 906;
    /// Not allowed inside a callback.
    pub const INSIDE_CALLBACK: i32 = 907;
    /// Internal error.
    pub const INTERNAL: i32 = 908;
    /// Not available on this platform.
    pub const NOT_AVAILABLE: i32 = 909;
    /// System error.
    pub const SYSTEM: i32 = 910;
}
