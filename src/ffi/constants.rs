//! The numbers of the interface, under their C names. Numbers never change and are never reused.
//!
//! Written out in full, because cbindgen makes the header from this text and does not expand
//! macros. The tests below compare it with the tables of the class.

/// First part of this header's version. `tftpserver_version` returns the version of the loaded
/// library.
pub const TFTPSERVER_VERSION_MAJOR: i32 = 0;
/// Second part of this header's version.
pub const TFTPSERVER_VERSION_MINOR: i32 = 1;
/// Third part of this header's version.
pub const TFTPSERVER_VERSION_PATCH: i32 = 0;
/// The version of this header as text.
pub const TFTPSERVER_VERSION_STRING: &str = "0.1.0";
/// The version of this header as one comparable number: major * 1000000 + minor * 1000 + patch.
pub const TFTPSERVER_VERSION_NUMBER: i32 = 1000;

// Events.

// api: begin events
/// A connection was accepted (status 0), or refused (error number).
pub const TFTPSERVER_EVENT_CONNECTED: i32 = 1;
/// A client requests a transfer: accept or refuse it.
pub const TFTPSERVER_EVENT_CONNECTION_REQUEST: i32 = 2;
/// A connection ended.
pub const TFTPSERVER_EVENT_DISCONNECTED: i32 = 3;
/// A transfer is complete.
pub const TFTPSERVER_EVENT_END_TRANSFER: i32 = 4;
/// A transfer or request failed.
pub const TFTPSERVER_EVENT_ERROR: i32 = 5;
/// A log message.
pub const TFTPSERVER_EVENT_LOG: i32 = 6;
/// A transfer begins.
pub const TFTPSERVER_EVENT_START_TRANSFER: i32 = 7;
/// A block was transferred.
pub const TFTPSERVER_EVENT_TRANSFER: i32 = 8;
/// A download that the program supplies needs more data.
pub const TFTPSERVER_EVENT_DATA_WANTED: i32 = 9;
// api: end events

// Properties. 3 and 10 are reserved.

// api: begin properties
/// Text, read-only: the version of the library.
pub const TFTPSERVER_PROPERTY_VERSION: i32 = 0;
/// Integer, read-only: the number of records in the Conn arrays.
pub const TFTPSERVER_PROPERTY_CONN_COUNT: i32 = 1;
/// Text, read-only, indexed: the connection's id as decimal text.
pub const TFTPSERVER_PROPERTY_CONN_CONNECTION_ID: i32 = 2;
/// Binary, indexed: data that is sent in place of a file; empty: none.
pub const TFTPSERVER_PROPERTY_CONN_FILE_DATA: i32 = 4;
/// Text, read-only, indexed: the file name in the client's request.
pub const TFTPSERVER_PROPERTY_CONN_FILENAME: i32 = 5;
/// Text, indexed: the local file that is read or written; any path.
pub const TFTPSERVER_PROPERTY_CONN_LOCAL_FILE: i32 = 6;
/// Text, read-only, indexed: the client's IP address.
pub const TFTPSERVER_PROPERTY_CONN_REMOTE_HOST: i32 = 7;
/// Integer, read-only, indexed: the client's UDP port.
pub const TFTPSERVER_PROPERTY_CONN_REMOTE_PORT: i32 = 8;
/// Text, read-only, indexed: "0" octet, "1" netascii.
pub const TFTPSERVER_PROPERTY_CONN_TRANSFER_MODE: i32 = 9;
/// Boolean: True while the server listens; setting it starts or stops listening.
pub const TFTPSERVER_PROPERTY_LISTENING: i32 = 11;
/// Text: the directory that is served; "": none.
pub const TFTPSERVER_PROPERTY_LOCAL_DIR: i32 = 12;
/// Text: the local address or host name to listen on; "": every address.
pub const TFTPSERVER_PROPERTY_LOCAL_HOST: i32 = 13;
/// Integer: the UDP port to listen on; 0: the system chooses one.
pub const TFTPSERVER_PROPERTY_LOCAL_PORT: i32 = 14;
/// Integer: how many times a packet is retransmitted before the transfer fails.
pub const TFTPSERVER_PROPERTY_MAX_RETRANSMITS: i32 = 15;
/// Integer, seconds: the longest wait before a packet is retransmitted.
pub const TFTPSERVER_PROPERTY_RETRANSMIT_TIMEOUT: i32 = 16;
/// Integer, seconds: inactivity (with AbsoluteTimeout: duration) after which a transfer fails; 0:
/// no limit.
pub const TFTPSERVER_PROPERTY_TIMEOUT: i32 = 17;
/// Integer, read-only, indexed: 1 read (RRQ), 2 write (WRQ): TFTPSERVER_OPERATION_....
pub const TFTPSERVER_PROPERTY_CONN_OPERATION: i32 = 18;
/// Integer, read-only, indexed: bytes that the client has acknowledged (read) or the server has
/// accepted (write).
pub const TFTPSERVER_PROPERTY_CONN_BYTES_TRANSFERRED: i32 = 19;
/// Integer, read-only, indexed: bytes of the whole transfer; -1: unknown.
pub const TFTPSERVER_PROPERTY_CONN_TOTAL_BYTES: i32 = 20;
/// Integer, read-only, indexed: bytes per block; 0 before the negotiation.
pub const TFTPSERVER_PROPERTY_CONN_BLOCK_SIZE: i32 = 21;
/// Integer, read-only, indexed: blocks per window; 0 before the negotiation.
pub const TFTPSERVER_PROPERTY_CONN_WINDOW_SIZE: i32 = 22;
/// Integer, read-only, indexed: packets that were retransmitted.
pub const TFTPSERVER_PROPERTY_CONN_RETRANSMISSIONS: i32 = 23;
/// Integer, milliseconds, read-only, indexed: time since the request, final when the transfer has
/// ended.
pub const TFTPSERVER_PROPERTY_CONN_ELAPSED_MILLIS: i32 = 24;
/// Text, indexed: the name to look up in LocalDir in place of the client's; "": the client's.
pub const TFTPSERVER_PROPERTY_CONN_SERVED_NAME: i32 = 25;
/// Integer, bytes, indexed: makes the program the source of this download and gives its length; -1:
/// unknown.
pub const TFTPSERVER_PROPERTY_CONN_DATA_SIZE: i32 = 26;
/// Text, indexed: downloads with the same key and ConnDataSize share the supplied data; "": not
/// shared.
pub const TFTPSERVER_PROPERTY_CONN_DATA_KEY: i32 = 27;
/// Text: stored and returned for programs written for IPWorks; it has no effect.
pub const TFTPSERVER_PROPERTY_RUNTIME_LICENSE: i32 = 2011;
// api: end properties

// Directions and operations of a transfer.

/// Direction: the client sends (upload).
pub const TFTPSERVER_DIRECTION_UPLOAD: i32 = 0;
/// Direction: the server sends (download).
pub const TFTPSERVER_DIRECTION_DOWNLOAD: i32 = 1;
/// Operation: the client reads a file (RRQ).
pub const TFTPSERVER_OPERATION_READ: i32 = 1;
/// Operation: the client writes a file (WRQ).
pub const TFTPSERVER_OPERATION_WRITE: i32 = 2;

// Answers of the ConnectionRequest callback.

/// Answer to ConnectionRequest: refuse, the client gets an ERROR.
pub const TFTPSERVER_ACCEPT_NO: i32 = 0;
/// Answer to ConnectionRequest: accept.
pub const TFTPSERVER_ACCEPT_YES: i32 = 1;
/// Answer to ConnectionRequest: deferred until `tftpserver_do_accept`.
pub const TFTPSERVER_ACCEPT_LATER: i32 = 2;

// api: begin errors

// Errors: TFTP server.

/// Packet too large.
///
/// Cause: A client sends a DATA packet longer than the negotiated blksize.
pub const TFTPSERVER_ERROR_PACKET_TOO_LARGE: i32 = 122;
/// Wrong response type from server.
///
/// Reserved: this library never raises it.
pub const TFTPSERVER_ERROR_WRONG_RESPONSE_TYPE: i32 = 123;
/// Server error. Description contains detailed information.
///
/// Cause: The client sends an ERROR. The description has its code and text.
pub const TFTPSERVER_ERROR_CLIENT_ERROR: i32 = 124;
/// Invalid server response.
///
/// Reserved: this library never raises it.
pub const TFTPSERVER_ERROR_INVALID_RESPONSE: i32 = 125;
/// A valid LocalFile must be provided for PUT operations.
///
/// Cause: An upload has no destination: no LocalDir, no ConnLocalFile, no Transfer callback. Or
/// ConnDataSize is set and DataWanted has no callback.
pub const TFTPSERVER_ERROR_NO_LOCAL_FILE: i32 = 126;
/// Can't open local file.
///
/// Cause: The file of a transfer does not exist, or cannot be opened or created.
pub const TFTPSERVER_ERROR_CANNOT_OPEN_FILE: i32 = 127;
/// Can't write to local file.
///
/// Cause: An upload cannot be written, or cannot get its final name.
pub const TFTPSERVER_ERROR_CANNOT_WRITE_FILE: i32 = 128;
/// Can't read local file.
///
/// Cause: The file of a download cannot be read or has shrunk, or the program's source ends before
/// ConnDataSize bytes.
pub const TFTPSERVER_ERROR_CANNOT_READ_FILE: i32 = 129;
/// Busy performing the current transfer.
///
/// Cause: A source or destination of a connection is set after its transfer began, a request is
/// answered that is not deferred, or data is supplied to a download whose source is not the program
/// or has ended.
pub const TFTPSERVER_ERROR_BUSY: i32 = 130;
/// Timeout while waiting for server.
///
/// Cause: The client sends nothing for Timeout or after the last retransmission, or the program
/// does not answer or supply data within Timeout.
pub const TFTPSERVER_ERROR_TIMEOUT: i32 = 301;
/// Server error.
///
/// Reserved: this library never raises it.
pub const TFTPSERVER_ERROR_SERVER_ERROR: i32 = 305;
/// Wrong or invalid response type received from server.
///
/// Reserved: this library never raises it.
pub const TFTPSERVER_ERROR_WRONG_OR_INVALID_RESPONSE_TYPE: i32 = 306;
/// Invalid response from server.
///
/// Reserved: this library never raises it.
pub const TFTPSERVER_ERROR_INVALID_RESPONSE_FROM_SERVER: i32 = 307;

// Errors: UDP.

/// UDP is already Active.
///
/// Reserved: this library never raises it.
pub const TFTPSERVER_ERROR_ALREADY_ACTIVE: i32 = 104;
/// You cannot change the LocalPort while the class is Active.
///
/// Cause: LocalPort is set while listening.
pub const TFTPSERVER_ERROR_LOCAL_PORT_LOCKED: i32 = 106;
/// You cannot change the LocalHost at this time. A connection is in progress.
///
/// Cause: LocalHost is set while listening.
pub const TFTPSERVER_ERROR_LOCAL_HOST_LOCKED: i32 = 107;
/// The class must be Active for this operation.
///
/// Reserved: this library never raises it.
pub const TFTPSERVER_ERROR_NOT_ACTIVE: i32 = 109;
/// Cannot change MaxPacketSize while the class is Active.
///
/// Cause: MaxPacketSize is set while listening.
pub const TFTPSERVER_ERROR_MAX_PACKET_SIZE_LOCKED: i32 = 112;
/// Cannot change ShareLocalPort option while the class is Active.
///
/// Cause: ShareLocalPort is set while listening.
pub const TFTPSERVER_ERROR_SHARE_LOCAL_PORT_LOCKED: i32 = 113;
/// Cannot change RemoteHost when UseConnection is set and the class Active.
///
/// Reserved: this library never raises it.
pub const TFTPSERVER_ERROR_REMOTE_HOST_LOCKED: i32 = 114;
/// Cannot change RemotePort when UseConnection is set and the class is Active.
///
/// Reserved: this library never raises it.
pub const TFTPSERVER_ERROR_REMOTE_PORT_LOCKED: i32 = 115;
/// RemotePort can't be zero when UseConnection is set. Please specify a valid service port number.
///
/// Reserved: this library never raises it.
pub const TFTPSERVER_ERROR_REMOTE_PORT_ZERO: i32 = 116;
/// Cannot change UseConnection while the class is Active.
///
/// Cause: UseConnection is set while listening.
pub const TFTPSERVER_ERROR_USE_CONNECTION_LOCKED: i32 = 117;
/// Message can't be longer than MaxPacketSize.
///
/// Reserved: this library never raises it.
pub const TFTPSERVER_ERROR_MESSAGE_TOO_LONG: i32 = 118;
/// Message too short.
///
/// Reserved: this library never raises it.
pub const TFTPSERVER_ERROR_MESSAGE_TOO_SHORT: i32 = 119;
/// Unable to convert string to selected CodePage
///
/// Cause: A file name cannot be converted from the CodePage, or CodePage is set to one that is not
/// available here.
pub const TFTPSERVER_ERROR_CODE_PAGE: i32 = 434;

// Errors: SSL: kept for their numbers, never raised by this server.

/// Cannot load specified security library.
///
/// Reserved: this library never raises it.
pub const TFTPSERVER_ERROR_SECURITY_LIBRARY: i32 = 270;
/// Cannot open certificate store.
///
/// Reserved: this library never raises it.
pub const TFTPSERVER_ERROR_CERTIFICATE_STORE: i32 = 271;
/// Cannot find specified certificate.
///
/// Reserved: this library never raises it.
pub const TFTPSERVER_ERROR_CERTIFICATE_NOT_FOUND: i32 = 272;
/// Cannot acquire security credentials.
///
/// Reserved: this library never raises it.
pub const TFTPSERVER_ERROR_SECURITY_CREDENTIALS: i32 = 273;
/// Cannot find certificate chain.
///
/// Reserved: this library never raises it.
pub const TFTPSERVER_ERROR_CERTIFICATE_CHAIN: i32 = 274;
/// Cannot verify certificate chain.
///
/// Reserved: this library never raises it.
pub const TFTPSERVER_ERROR_CERTIFICATE_CHAIN_INVALID: i32 = 275;
/// Error during handshake.
///
/// Reserved: this library never raises it.
pub const TFTPSERVER_ERROR_HANDSHAKE: i32 = 276;
/// Error verifying certificate.
///
/// Reserved: this library never raises it.
pub const TFTPSERVER_ERROR_CERTIFICATE_INVALID: i32 = 280;
/// Could not find client certificate.
///
/// Reserved: this library never raises it.
pub const TFTPSERVER_ERROR_NO_CLIENT_CERTIFICATE: i32 = 281;
/// Could not find server certificate.
///
/// Reserved: this library never raises it.
pub const TFTPSERVER_ERROR_NO_SERVER_CERTIFICATE: i32 = 282;
/// Error encrypting data.
///
/// Reserved: this library never raises it.
pub const TFTPSERVER_ERROR_ENCRYPT: i32 = 283;
/// Error decrypting data.
///
/// Reserved: this library never raises it.
pub const TFTPSERVER_ERROR_DECRYPT: i32 = 284;

// Errors: TCP/IP: the same numbers on every platform.

/// Interrupted system call.
///
/// Reserved: this library never raises it.
pub const TFTPSERVER_ERROR_INTERRUPTED: i32 = 10004;
/// Bad file number.
///
/// Cause: ListenDescriptors contains a number that is not a descriptor.
pub const TFTPSERVER_ERROR_BAD_FILE: i32 = 10009;
/// Access denied.
///
/// Cause: The system denies permission, such as for ports below 1024 or raw frames;
/// ConnectionRequest refuses; or ReadOnly forbids an upload.
pub const TFTPSERVER_ERROR_ACCESS_DENIED: i32 = 10013;
/// Bad address.
///
/// Reserved: this library never raises it.
pub const TFTPSERVER_ERROR_BAD_ADDRESS: i32 = 10014;
/// Invalid argument.
///
/// Cause: LocalHost is a link-local address without its scope (fe80::1%eth0), a socket of
/// ListenDescriptors is not UDP, not bound, or connected, or the system rejects another argument.
pub const TFTPSERVER_ERROR_INVALID_ARGUMENT: i32 = 10022;
/// Too many open files.
///
/// Cause: No descriptor is left for a socket, a directory or a transfer. The servers of a process
/// use at most three quarters of the descriptors that were free when the first of them started.
pub const TFTPSERVER_ERROR_TOO_MANY_FILES: i32 = 10024;
/// Operation would block.
///
/// Cause: The system returns it for a socket, a thread or a directory.
pub const TFTPSERVER_ERROR_WOULD_BLOCK: i32 = 10035;
/// Operation now in progress.
///
/// Reserved: this library never raises it.
pub const TFTPSERVER_ERROR_IN_PROGRESS: i32 = 10036;
/// Operation already in progress.
///
/// Reserved: this library never raises it.
pub const TFTPSERVER_ERROR_ALREADY_IN_PROGRESS: i32 = 10037;
/// Socket operation on non-socket.
///
/// Cause: ListenDescriptors contains a descriptor that is not a socket.
pub const TFTPSERVER_ERROR_NOT_A_SOCKET: i32 = 10038;
/// Destination address required.
///
/// Reserved: this library never raises it.
pub const TFTPSERVER_ERROR_DESTINATION_REQUIRED: i32 = 10039;
/// Message too long.
///
/// Cause: With DontFragment: a block does not fit the path MTU.
pub const TFTPSERVER_ERROR_DATAGRAM_TOO_LONG: i32 = 10040;
/// Protocol wrong type for socket.
///
/// Reserved: this library never raises it.
pub const TFTPSERVER_ERROR_WRONG_PROTOCOL_TYPE: i32 = 10041;
/// Bad protocol option.
///
/// Cause: The system returns it for a socket, a thread or a directory.
pub const TFTPSERVER_ERROR_BAD_PROTOCOL_OPTION: i32 = 10042;
/// Protocol not supported.
///
/// Cause: The system returns it for a socket, a thread or a directory.
pub const TFTPSERVER_ERROR_PROTOCOL_NOT_SUPPORTED: i32 = 10043;
/// Socket type not supported.
///
/// Reserved: this library never raises it.
pub const TFTPSERVER_ERROR_SOCKET_TYPE_NOT_SUPPORTED: i32 = 10044;
/// Operation not supported on socket.
///
/// Cause: The system returns it for a socket, a thread or a directory.
pub const TFTPSERVER_ERROR_OPERATION_NOT_SUPPORTED: i32 = 10045;
/// Protocol family not supported.
///
/// Reserved: this library never raises it.
pub const TFTPSERVER_ERROR_PROTOCOL_FAMILY_NOT_SUPPORTED: i32 = 10046;
/// Address family not supported by protocol family.
///
/// Cause: LocalHost is an address of the family that UseIPv6 excludes, or SourceIPAddress has
/// another family than LocalHost.
pub const TFTPSERVER_ERROR_ADDRESS_FAMILY_NOT_SUPPORTED: i32 = 10047;
/// Address already in use.
///
/// Cause: The port is in use: LocalPort, one of ListenOn, or all of TransferPorts; or
/// ListenDescriptors contains a socket twice.
pub const TFTPSERVER_ERROR_ADDRESS_IN_USE: i32 = 10048;
/// Can't assign requested address.
///
/// Cause: LocalHost, or an address of ListenOn, does not belong to this machine.
pub const TFTPSERVER_ERROR_ADDRESS_NOT_AVAILABLE: i32 = 10049;
/// Network is down.
///
/// Cause: The system returns it for a socket, a thread or a directory.
pub const TFTPSERVER_ERROR_NETWORK_DOWN: i32 = 10050;
/// Network is unreachable.
///
/// Cause: The system returns it for a socket, a thread or a directory.
pub const TFTPSERVER_ERROR_NETWORK_UNREACHABLE: i32 = 10051;
/// Net dropped connection or reset.
///
/// Reserved: this library never raises it.
pub const TFTPSERVER_ERROR_NETWORK_RESET: i32 = 10052;
/// Software caused connection abort.
///
/// Cause: Shutdown, Disconnect, Abort, Reset or a callback ends the connection.
pub const TFTPSERVER_ERROR_ABORTED: i32 = 10053;
/// Connection reset by peer.
///
/// Cause: The client restarts its transfer, or starts another one from a port that can have only
/// one.
pub const TFTPSERVER_ERROR_CONNECTION_RESET: i32 = 10054;
/// No buffer space available.
///
/// Cause: The system returns it for a socket, a thread or a directory.
pub const TFTPSERVER_ERROR_NO_BUFFER_SPACE: i32 = 10055;
/// Socket is already connected.
///
/// Reserved: this library never raises it.
pub const TFTPSERVER_ERROR_ALREADY_CONNECTED: i32 = 10056;
/// Socket is not connected.
///
/// Reserved: this library never raises it.
pub const TFTPSERVER_ERROR_NOT_CONNECTED: i32 = 10057;
/// Can't send after socket shutdown.
///
/// Reserved: this library never raises it.
pub const TFTPSERVER_ERROR_SHUT_DOWN: i32 = 10058;
/// Too many references, can't splice.
///
/// Reserved: this library never raises it.
pub const TFTPSERVER_ERROR_TOO_MANY_REFERENCES: i32 = 10059;
/// Connection timed out.
///
/// Reserved: this library never raises it.
pub const TFTPSERVER_ERROR_CONNECTION_TIMED_OUT: i32 = 10060;
/// Connection refused.
///
/// Cause: No program listens on the client's port any more.
pub const TFTPSERVER_ERROR_CONNECTION_REFUSED: i32 = 10061;
/// Too many levels of symbolic links.
///
/// Cause: The path of LocalDir has too many symbolic links.
pub const TFTPSERVER_ERROR_TOO_MANY_LINKS: i32 = 10062;
/// File name too long.
///
/// Cause: A name in LocalDir is too long.
pub const TFTPSERVER_ERROR_NAME_TOO_LONG: i32 = 10063;
/// Host is down.
///
/// Reserved: this library never raises it.
pub const TFTPSERVER_ERROR_HOST_DOWN: i32 = 10064;
/// No route to host.
///
/// Cause: The system returns it for a socket, a thread or a directory.
pub const TFTPSERVER_ERROR_HOST_UNREACHABLE: i32 = 10065;
/// Directory not empty
///
/// Reserved: this library never raises it.
pub const TFTPSERVER_ERROR_DIRECTORY_NOT_EMPTY: i32 = 10066;
/// Too many processes.
///
/// Reserved: this library never raises it.
pub const TFTPSERVER_ERROR_TOO_MANY_PROCESSES: i32 = 10067;
/// Too many users.
///
/// Cause: MaxConnections or MaxConnectionsPerHost is reached.
pub const TFTPSERVER_ERROR_TOO_MANY_USERS: i32 = 10068;
/// Disc Quota Exceeded.
///
/// Reserved: this library never raises it.
pub const TFTPSERVER_ERROR_DISK_QUOTA: i32 = 10069;
/// Stale NFS file handle.
///
/// Cause: The system returns it for a socket, a thread or a directory.
pub const TFTPSERVER_ERROR_STALE_HANDLE: i32 = 10070;
/// Too many levels of remote in path.
///
/// Reserved: this library never raises it.
pub const TFTPSERVER_ERROR_TOO_MANY_REMOTE_LEVELS: i32 = 10071;
/// Network subsystem is unavailable.
///
/// Reserved: this library never raises it.
pub const TFTPSERVER_ERROR_NETWORK_UNAVAILABLE: i32 = 10091;
/// WINSOCK DLL Version out of range.
///
/// Reserved: this library never raises it.
pub const TFTPSERVER_ERROR_VERSION_OUT_OF_RANGE: i32 = 10092;
/// Winsock not loaded yet.
///
/// Reserved: this library never raises it.
pub const TFTPSERVER_ERROR_NOT_LOADED: i32 = 10093;
/// Host not found.
///
/// Cause: The name in LocalHost is not found.
pub const TFTPSERVER_ERROR_HOST_NOT_FOUND: i32 = 11001;
/// Non-authoritative 'Host not found' (try again or check DNS setup).
///
/// Reserved: this library never raises it.
pub const TFTPSERVER_ERROR_HOST_NOT_FOUND_TRY_AGAIN: i32 = 11002;
/// Non-recoverable errors: FORMERR, REFUSED, NOTIMP.
///
/// Reserved: this library never raises it.
pub const TFTPSERVER_ERROR_NAME_SERVER_FAILURE: i32 = 11003;
/// Valid name, no data record (check DNS setup).
///
/// Cause: The name in LocalHost has no address of the family that UseIPv6 selects.
pub const TFTPSERVER_ERROR_NO_ADDRESS: i32 = 11004;

// Errors: this library's own.

/// Not a handle, or one that was closed.
///
/// Cause: The handle is NULL, was closed, or never was a handle.
pub const TFTPSERVER_ERROR_NOT_A_HANDLE: i32 = 901;
/// Unknown property.
///
/// Cause: The property does not exist, or its id is reserved (3, 10).
pub const TFTPSERVER_ERROR_UNKNOWN_PROPERTY: i32 = 902;
/// Index out of range.
///
/// Cause: No connection has this index or id, or it has ended.
pub const TFTPSERVER_ERROR_INDEX_OUT_OF_RANGE: i32 = 903;
/// Read-only.
///
/// Cause: The property or setting cannot be set at all.
pub const TFTPSERVER_ERROR_READ_ONLY: i32 = 904;
/// Invalid value.
///
/// Cause: The value has the wrong type, is out of range, is not UTF-8 or is NULL; the event does
/// not exist; or LocalDir is not a directory.
pub const TFTPSERVER_ERROR_INVALID_VALUE: i32 = 905;
/// Unknown setting
///
/// Cause: The setting does not exist.
pub const TFTPSERVER_ERROR_UNKNOWN_SETTING: i32 = 906;
/// Not allowed inside a callback.
///
/// Cause: Close or DoEvents is called inside a callback.
pub const TFTPSERVER_ERROR_INSIDE_CALLBACK: i32 = 907;
/// Internal error.
///
/// Cause: A bug of the library, caught before it reaches the program. Please report it.
pub const TFTPSERVER_ERROR_INTERNAL: i32 = 908;
/// Not available on this platform.
///
/// Cause: This system does not support the function or setting.
pub const TFTPSERVER_ERROR_NOT_AVAILABLE: i32 = 909;
/// System error.
///
/// Cause: The system returns it for a socket, a thread or a directory.
pub const TFTPSERVER_ERROR_SYSTEM: i32 = 910;

// api: end errors

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_the_packages() {
        assert_eq!(TFTPSERVER_VERSION_STRING, env!("CARGO_PKG_VERSION"));
        let parts = [
            TFTPSERVER_VERSION_MAJOR,
            TFTPSERVER_VERSION_MINOR,
            TFTPSERVER_VERSION_PATCH,
        ];
        assert_eq!(
            parts.map(|part| part.to_string()).join("."),
            env!("CARGO_PKG_VERSION")
        );
        assert_eq!(
            TFTPSERVER_VERSION_NUMBER,
            (parts[0] * 1000 + parts[1]) * 1000 + parts[2]
        );
    }
}
