//! Every error number: one table, the same on every platform.

/// One error number.
#[derive(Debug)]
pub struct ErrorEntry {
    /// The number; never changed, never used for anything else.
    pub code: i32,
    /// The name of its C constant, without the prefix.
    pub name: &'static str,
    /// Its text, without particulars.
    pub text: &'static str,
    /// Whether this server raises it.
    pub raised: Raised,
}

/// Whether a number occurs, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Raised {
    /// When this happens; a test makes it happen.
    When(&'static str),
    /// Only where the system itself answers so, when it is asked for a socket, a thread or a directory.
    PassedOn,
    /// Only by a fault of the library.
    Fault,
    /// Never: kept for its number.
    Never,
}

const fn row(code: i32, name: &'static str, text: &'static str, raised: Raised) -> ErrorEntry {
    ErrorEntry {
        code,
        name,
        text,
        raised,
    }
}

const fn raised(code: i32, name: &'static str, text: &'static str, when: &'static str) -> ErrorEntry {
    row(code, name, text, Raised::When(when))
}

const fn passed_on(code: i32, name: &'static str, text: &'static str) -> ErrorEntry {
    row(code, name, text, Raised::PassedOn)
}

const fn fault(code: i32, name: &'static str, text: &'static str) -> ErrorEntry {
    row(code, name, text, Raised::Fault)
}

const fn never(code: i32, name: &'static str, text: &'static str) -> ErrorEntry {
    row(code, name, text, Raised::Never)
}

impl ErrorEntry {
    /// Under which heading the specification lists it.
    pub fn group(&self) -> &'static str {
        match self.code {
            104..=119 | 434 => "UDP",
            270..=284 => "SSL",
            901..=910 => "libtftpserver",
            10_000.. => "TCP/IP",
            _ => "TFTPServer",
        }
    }
}

/// Every number of the specification, and this library's own.
#[rustfmt::skip] // One row a number: it is read as a table.
pub const TABLE: &[ErrorEntry] = &[
    // TFTP server.
    raised(122, "PACKET_TOO_LARGE", "Packet too large.",
        "A client sent a DATA packet longer than the agreed blksize."),
    never(123, "WRONG_RESPONSE_TYPE", "Wrong response type from server."),
    raised(124, "CLIENT_ERROR", "Server error. Description contains detailed information.",
        "The client sent an ERROR; the description has its code and text."),
    never(125, "INVALID_RESPONSE", "Invalid server response."),
    raised(126, "NO_LOCAL_FILE", "A valid LocalFile must be provided for PUT operations.",
        "An upload has no place: no LocalDir, no ConnLocalFile, no Transfer callback."),
    raised(127, "CANNOT_OPEN_FILE", "Can't open local file.",
        "The file of a transfer cannot be opened or made, or there is none."),
    raised(128, "CANNOT_WRITE_FILE", "Can't write to local file.",
        "An upload cannot be written or put in its place."),
    raised(129, "CANNOT_READ_FILE", "Can't read local file.", "The file of a download cannot be read, or shrank."),
    raised(130, "BUSY", "Busy performing the current transfer.",
        "ConnFileData, ConnLocalFile or ConnServedName was set after the transfer began, or a request was answered twice."),
    raised(301, "TIMEOUT", "Timeout while waiting for server.",
        "Nothing came from the client for longer than Timeout, or after the last retransmission; or the application put \
         its answer off and did not give it in that time."),
    never(305, "SERVER_ERROR", "Server error."),
    never(306, "WRONG_OR_INVALID_RESPONSE_TYPE", "Wrong or invalid response type received from server."),
    never(307, "INVALID_RESPONSE_FROM_SERVER", "Invalid response from server."),
    // UDP.
    never(104, "ALREADY_ACTIVE", "UDP is already Active."),
    raised(106, "LOCAL_PORT_LOCKED", "You cannot change the LocalPort while the class is Active.",
        "LocalPort was set while listening."),
    raised(107, "LOCAL_HOST_LOCKED", "You cannot change the LocalHost at this time. A connection is in progress.",
        "LocalHost was set while listening."),
    never(109, "NOT_ACTIVE", "The class must be Active for this operation."),
    raised(112, "MAX_PACKET_SIZE_LOCKED", "Cannot change MaxPacketSize while the class is Active.",
        "MaxPacketSize was set while listening."),
    raised(113, "SHARE_LOCAL_PORT_LOCKED", "Cannot change ShareLocalPort option while the class is Active.",
        "ShareLocalPort was set while listening."),
    never(114, "REMOTE_HOST_LOCKED", "Cannot change RemoteHost when UseConnection is set and the class Active."),
    never(115, "REMOTE_PORT_LOCKED", "Cannot change RemotePort when UseConnection is set and the class is Active."),
    never(116, "REMOTE_PORT_ZERO", "RemotePort can't be zero when UseConnection is set. Please specify a valid service port number."),
    raised(117, "USE_CONNECTION_LOCKED", "Cannot change UseConnection while the class is Active.",
        "UseConnection was set while listening."),
    never(118, "MESSAGE_TOO_LONG", "Message can't be longer than MaxPacketSize."),
    never(119, "MESSAGE_TOO_SHORT", "Message too short."),
    raised(434, "CODE_PAGE", "Unable to convert string to selected CodePage",
        "A file name cannot be converted from the CodePage, or a CodePage was set that nothing here converts."),
    // SSL: kept for their numbers, never raised by this server.
    never(270, "SECURITY_LIBRARY", "Cannot load specified security library."),
    never(271, "CERTIFICATE_STORE", "Cannot open certificate store."),
    never(272, "CERTIFICATE_NOT_FOUND", "Cannot find specified certificate."),
    never(273, "SECURITY_CREDENTIALS", "Cannot acquire security credentials."),
    never(274, "CERTIFICATE_CHAIN", "Cannot find certificate chain."),
    never(275, "CERTIFICATE_CHAIN_INVALID", "Cannot verify certificate chain."),
    never(276, "HANDSHAKE", "Error during handshake."),
    never(280, "CERTIFICATE_INVALID", "Error verifying certificate."),
    never(281, "NO_CLIENT_CERTIFICATE", "Could not find client certificate."),
    never(282, "NO_SERVER_CERTIFICATE", "Could not find server certificate."),
    never(283, "ENCRYPT", "Error encrypting data."),
    never(284, "DECRYPT", "Error decrypting data."),
    // TCP/IP: the same numbers on every platform.
    never(10004, "INTERRUPTED", "[10004] Interrupted system call."),
    raised(10009, "BAD_FILE", "[10009] Bad file number.", "ListenDescriptors names what is no descriptor."),
    raised(10013, "ACCESS_DENIED", "[10013] Access denied.",
        "The system forbids it, as ports below 1024 or raw frames; ConnectionRequest refused; ReadOnly forbids an upload."),
    never(10014, "BAD_ADDRESS", "[10014] Bad address."),
    raised(10022, "INVALID_ARGUMENT", "[10022] Invalid argument.",
        "LocalHost is a link-local address without its scope (fe80::1%eth0), or the system objects to something else."),
    raised(10024, "TOO_MANY_FILES", "[10024] Too many open files.",
        "No descriptor is left for a socket, a directory or a transfer: the servers of a process take three quarters of those that were free when the first of them started."),
    passed_on(10035, "WOULD_BLOCK", "[10035] Operation would block."),
    never(10036, "IN_PROGRESS", "[10036] Operation now in progress."),
    never(10037, "ALREADY_IN_PROGRESS", "[10037] Operation already in progress."),
    raised(10038, "NOT_A_SOCKET", "[10038] Socket operation on non-socket.",
        "ListenDescriptors names what is no socket."),
    never(10039, "DESTINATION_REQUIRED", "[10039] Destination address required."),
    raised(10040, "DATAGRAM_TOO_LONG", "[10040] Message too long.", "With DontFragment: a block does not fit the path."),
    never(10041, "WRONG_PROTOCOL_TYPE", "[10041] Protocol wrong type for socket."),
    passed_on(10042, "BAD_PROTOCOL_OPTION", "[10042] Bad protocol option."),
    passed_on(10043, "PROTOCOL_NOT_SUPPORTED", "[10043] Protocol not supported."),
    never(10044, "SOCKET_TYPE_NOT_SUPPORTED", "[10044] Socket type not supported."),
    passed_on(10045, "OPERATION_NOT_SUPPORTED", "[10045] Operation not supported on socket."),
    never(10046, "PROTOCOL_FAMILY_NOT_SUPPORTED", "[10046] Protocol family not supported."),
    raised(10047, "ADDRESS_FAMILY_NOT_SUPPORTED", "[10047] Address family not supported by protocol family.",
        "LocalHost is an address of the family that UseIPv6 excludes, or SourceIPAddress one of another than LocalHost."),
    raised(10048, "ADDRESS_IN_USE", "[10048] Address already in use.",
        "The port is taken: LocalPort, one of ListenOn, or every one of TransferPorts; or ListenDescriptors names one twice."),
    raised(10049, "ADDRESS_NOT_AVAILABLE", "[10049] Can't assign requested address.",
        "LocalHost, or one of ListenOn, is not an address of this machine."),
    passed_on(10050, "NETWORK_DOWN", "[10050] Network is down."),
    passed_on(10051, "NETWORK_UNREACHABLE", "[10051] Network is unreachable."),
    never(10052, "NETWORK_RESET", "[10052] Net dropped connection or reset."),
    raised(10053, "ABORTED", "[10053] Software caused connection abort.",
        "Shutdown, Disconnect, Reset or a callback ended the connection."),
    raised(10054, "CONNECTION_RESET", "[10054] Connection reset by peer.",
        "The client was reset and began anew, or began something else from a port that has one transfer."),
    passed_on(10055, "NO_BUFFER_SPACE", "[10055] No buffer space available."),
    never(10056, "ALREADY_CONNECTED", "[10056] Socket is already connected."),
    never(10057, "NOT_CONNECTED", "[10057] Socket is not connected."),
    never(10058, "SHUT_DOWN", "[10058] Can't send after socket shutdown."),
    never(10059, "TOO_MANY_REFERENCES", "[10059] Too many references, can't splice."),
    never(10060, "CONNECTION_TIMED_OUT", "[10060] Connection timed out."),
    raised(10061, "CONNECTION_REFUSED", "[10061] Connection refused.",
        "Nothing listens on the client's port any more."),
    raised(10062, "TOO_MANY_LINKS", "[10062] Too many levels of symbolic links.",
        "LocalDir leads through too many symbolic links."),
    raised(10063, "NAME_TOO_LONG", "[10063] File name too long.", "LocalDir has a name that is too long."),
    never(10064, "HOST_DOWN", "[10064] Host is down."),
    passed_on(10065, "HOST_UNREACHABLE", "[10065] No route to host."),
    never(10066, "DIRECTORY_NOT_EMPTY", "[10066] Directory not empty"),
    never(10067, "TOO_MANY_PROCESSES", "[10067] Too many processes."),
    raised(10068, "TOO_MANY_USERS", "[10068] Too many users.", "MaxConnections or MaxConnectionsPerHost is reached."),
    never(10069, "DISK_QUOTA", "[10069] Disc Quota Exceeded."),
    passed_on(10070, "STALE_HANDLE", "[10070] Stale NFS file handle."),
    never(10071, "TOO_MANY_REMOTE_LEVELS", "[10071] Too many levels of remote in path."),
    never(10091, "NETWORK_UNAVAILABLE", "[10091] Network subsystem is unavailable."),
    never(10092, "VERSION_OUT_OF_RANGE", "[10092] WINSOCK DLL Version out of range."),
    never(10093, "NOT_LOADED", "[10093] Winsock not loaded yet."),
    raised(11001, "HOST_NOT_FOUND", "[11001] Host not found.", "LocalHost is not found."),
    never(11002, "HOST_NOT_FOUND_TRY_AGAIN", "[11002] Non-authoritative 'Host not found' (try again or check DNS setup)."),
    never(11003, "NAME_SERVER_FAILURE", "[11003] Non-recoverable errors: FORMERR, REFUSED, NOTIMP."),
    raised(11004, "NO_ADDRESS", "[11004] Valid name, no data record (check DNS setup).",
        "LocalHost has no address of the family that UseIPv6 asks for."),
    // This library's own.
    raised(901, "NOT_A_HANDLE", "Not a handle, or one that was closed.",
        "NULL, a handle that was closed, or what never was one."),
    raised(902, "UNKNOWN_PROPERTY", "Unknown property.", "There is no such property, or its id is reserved (3, 10)."),
    raised(903, "INDEX_OUT_OF_RANGE", "Index out of range.", "There is no connection at this index or with this id."),
    raised(904, "READ_ONLY", "Read-only.", "The property or the setting cannot be set at all."),
    raised(905, "INVALID_VALUE", "Invalid value.",
        "Wrong type, out of range, not UTF-8, NULL, no such event, or a LocalDir that is no directory."),
    raised(906, "UNKNOWN_SETTING", "Unknown setting", "There is no setting of this name."),
    raised(907, "INSIDE_CALLBACK", "Not allowed inside a callback.",
        "Close or DoEvents was called from inside a callback."),
    fault(908, "INTERNAL", "Internal error."),
    raised(909, "NOT_AVAILABLE", "Not available on this platform.",
        "This system cannot do what the setting asks for."),
    passed_on(910, "SYSTEM", "System error."),
];
