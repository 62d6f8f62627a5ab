//! Every number of the interface, under its C name. A number is never changed and never used again.
//!
//! Written out, because the header is made from this text and not from what a macro would expand to; the tests
//! below hold it against the tables of the class.

/// Version of this header, as numbers. The library's own, as text: `tftpserver_version`.
pub const TFTPSERVER_VERSION_MAJOR: i32 = 0;
/// Second part of the version.
pub const TFTPSERVER_VERSION_MINOR: i32 = 1;
/// Third part of the version.
pub const TFTPSERVER_VERSION_PATCH: i32 = 0;
/// Version of this header, as text.
pub const TFTPSERVER_VERSION_STRING: &str = "0.1.0";
/// Version of this header as one number that can be compared: major * 1000000 + minor * 1000 + patch.
pub const TFTPSERVER_VERSION_NUMBER: i32 = 1000;

// Events.

// api: begin events
/// A connection was accepted (status 0), or failed (its error number).
pub const TFTPSERVER_EVENT_CONNECTED: i32 = 1;
/// A client asks for a file: accept or refuse.
pub const TFTPSERVER_EVENT_CONNECTION_REQUEST: i32 = 2;
/// A connection ended.
pub const TFTPSERVER_EVENT_DISCONNECTED: i32 = 3;
/// A file was transferred whole.
pub const TFTPSERVER_EVENT_END_TRANSFER: i32 = 4;
/// Something failed.
pub const TFTPSERVER_EVENT_ERROR: i32 = 5;
/// A log message.
pub const TFTPSERVER_EVENT_LOG: i32 = 6;
/// A transfer begins.
pub const TFTPSERVER_EVENT_START_TRANSFER: i32 = 7;
/// A block was transferred.
pub const TFTPSERVER_EVENT_TRANSFER: i32 = 8;
/// A download that the program feeds has room for more data.
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
/// Binary, indexed: data to send instead of a file.
pub const TFTPSERVER_PROPERTY_CONN_FILE_DATA: i32 = 4;
/// Text, read-only, indexed: the file name that the client asked for.
pub const TFTPSERVER_PROPERTY_CONN_FILENAME: i32 = 5;
/// Text, indexed: the file on the server that is read or written.
pub const TFTPSERVER_PROPERTY_CONN_LOCAL_FILE: i32 = 6;
/// Text, read-only, indexed: the client's IP address.
pub const TFTPSERVER_PROPERTY_CONN_REMOTE_HOST: i32 = 7;
/// Integer, read-only, indexed: the client's port.
pub const TFTPSERVER_PROPERTY_CONN_REMOTE_PORT: i32 = 8;
/// Text, read-only, indexed: "0" octet, "1" netascii.
pub const TFTPSERVER_PROPERTY_CONN_TRANSFER_MODE: i32 = 9;
/// Boolean: whether the server listens; setting it starts or stops listening.
pub const TFTPSERVER_PROPERTY_LISTENING: i32 = 11;
/// Text: the directory that is served.
pub const TFTPSERVER_PROPERTY_LOCAL_DIR: i32 = 12;
/// Text: the local address or host name to listen on.
pub const TFTPSERVER_PROPERTY_LOCAL_HOST: i32 = 13;
/// Integer: the port to listen on.
pub const TFTPSERVER_PROPERTY_LOCAL_PORT: i32 = 14;
/// Integer: how often a packet is sent again.
pub const TFTPSERVER_PROPERTY_MAX_RETRANSMITS: i32 = 15;
/// Integer, seconds: the longest wait before a packet is sent again.
pub const TFTPSERVER_PROPERTY_RETRANSMIT_TIMEOUT: i32 = 16;
/// Integer, seconds: silence (or, with AbsoluteTimeout, time) after which a transfer ends; 0: never.
pub const TFTPSERVER_PROPERTY_TIMEOUT: i32 = 17;
/// Integer, read-only, indexed: 1 read, 2 write (TFTPSERVER_OPERATION_...).
pub const TFTPSERVER_PROPERTY_CONN_OPERATION: i32 = 18;
/// Integer, read-only, indexed: bytes that the client has acknowledged, or the server has taken.
pub const TFTPSERVER_PROPERTY_CONN_BYTES_TRANSFERRED: i32 = 19;
/// Integer, read-only, indexed: bytes of the whole transfer; -1: not known.
pub const TFTPSERVER_PROPERTY_CONN_TOTAL_BYTES: i32 = 20;
/// Integer, read-only, indexed: bytes of a block; 0 before the negotiation.
pub const TFTPSERVER_PROPERTY_CONN_BLOCK_SIZE: i32 = 21;
/// Integer, read-only, indexed: blocks of a window; 0 before the negotiation.
pub const TFTPSERVER_PROPERTY_CONN_WINDOW_SIZE: i32 = 22;
/// Integer, read-only, indexed: packets that were sent more than once.
pub const TFTPSERVER_PROPERTY_CONN_RETRANSMISSIONS: i32 = 23;
/// Integer, milliseconds, read-only, indexed: since the request, or from it to the end.
pub const TFTPSERVER_PROPERTY_CONN_ELAPSED_MILLIS: i32 = 24;
/// Text, indexed: the name that is looked up in LocalDir instead of the client's; "": the client's.
pub const TFTPSERVER_PROPERTY_CONN_SERVED_NAME: i32 = 25;
/// Integer, bytes, indexed: makes the program the source of this download; -1: a length that is not known.
pub const TFTPSERVER_PROPERTY_CONN_DATA_SIZE: i32 = 26;
/// Text, indexed: downloads with the same key and the same ConnDataSize share what is supplied; "": none.
pub const TFTPSERVER_PROPERTY_CONN_DATA_KEY: i32 = 27;
/// Text: kept and returned for programs written for IPWorks; it has no effect.
pub const TFTPSERVER_PROPERTY_RUNTIME_LICENSE: i32 = 2011;
// api: end properties

// Who sends, what is asked for, and how.

/// Direction: the client sends.
pub const TFTPSERVER_DIRECTION_UPLOAD: i32 = 0;
/// Direction: the server sends.
pub const TFTPSERVER_DIRECTION_DOWNLOAD: i32 = 1;
/// Operation: the client reads a file (RRQ).
pub const TFTPSERVER_OPERATION_READ: i32 = 1;
/// Operation: the client writes a file (WRQ).
pub const TFTPSERVER_OPERATION_WRITE: i32 = 2;

// What ConnectionRequest's callback answers.

/// Accept: no, the client gets an ERROR.
pub const TFTPSERVER_ACCEPT_NO: i32 = 0;
/// Accept: yes.
pub const TFTPSERVER_ACCEPT_YES: i32 = 1;
/// Accept: not known yet; `tftpserver_do_accept` says it.
pub const TFTPSERVER_ACCEPT_LATER: i32 = 2;

// api: begin errors

// Errors: TFTP server.

/// Packet too large.
pub const TFTPSERVER_ERROR_PACKET_TOO_LARGE: i32 = 122;
/// Wrong response type from server.
pub const TFTPSERVER_ERROR_WRONG_RESPONSE_TYPE: i32 = 123;
/// Server error. Description contains detailed information.
pub const TFTPSERVER_ERROR_CLIENT_ERROR: i32 = 124;
/// Invalid server response.
pub const TFTPSERVER_ERROR_INVALID_RESPONSE: i32 = 125;
/// A valid LocalFile must be provided for PUT operations.
pub const TFTPSERVER_ERROR_NO_LOCAL_FILE: i32 = 126;
/// Can't open local file.
pub const TFTPSERVER_ERROR_CANNOT_OPEN_FILE: i32 = 127;
/// Can't write to local file.
pub const TFTPSERVER_ERROR_CANNOT_WRITE_FILE: i32 = 128;
/// Can't read local file.
pub const TFTPSERVER_ERROR_CANNOT_READ_FILE: i32 = 129;
/// Busy performing the current transfer.
pub const TFTPSERVER_ERROR_BUSY: i32 = 130;
/// Timeout while waiting for server.
pub const TFTPSERVER_ERROR_TIMEOUT: i32 = 301;
/// Server error.
pub const TFTPSERVER_ERROR_SERVER_ERROR: i32 = 305;
/// Wrong or invalid response type received from server.
pub const TFTPSERVER_ERROR_WRONG_OR_INVALID_RESPONSE_TYPE: i32 = 306;
/// Invalid response from server.
pub const TFTPSERVER_ERROR_INVALID_RESPONSE_FROM_SERVER: i32 = 307;

// Errors: UDP.

/// UDP is already Active.
pub const TFTPSERVER_ERROR_ALREADY_ACTIVE: i32 = 104;
/// You cannot change the LocalPort while the class is Active.
pub const TFTPSERVER_ERROR_LOCAL_PORT_LOCKED: i32 = 106;
/// You cannot change the LocalHost at this time. A connection is in progress.
pub const TFTPSERVER_ERROR_LOCAL_HOST_LOCKED: i32 = 107;
/// The class must be Active for this operation.
pub const TFTPSERVER_ERROR_NOT_ACTIVE: i32 = 109;
/// Cannot change MaxPacketSize while the class is Active.
pub const TFTPSERVER_ERROR_MAX_PACKET_SIZE_LOCKED: i32 = 112;
/// Cannot change ShareLocalPort option while the class is Active.
pub const TFTPSERVER_ERROR_SHARE_LOCAL_PORT_LOCKED: i32 = 113;
/// Cannot change RemoteHost when UseConnection is set and the class Active.
pub const TFTPSERVER_ERROR_REMOTE_HOST_LOCKED: i32 = 114;
/// Cannot change RemotePort when UseConnection is set and the class is Active.
pub const TFTPSERVER_ERROR_REMOTE_PORT_LOCKED: i32 = 115;
/// RemotePort can't be zero when UseConnection is set. Please specify a valid service port number.
pub const TFTPSERVER_ERROR_REMOTE_PORT_ZERO: i32 = 116;
/// Cannot change UseConnection while the class is Active.
pub const TFTPSERVER_ERROR_USE_CONNECTION_LOCKED: i32 = 117;
/// Message can't be longer than MaxPacketSize.
pub const TFTPSERVER_ERROR_MESSAGE_TOO_LONG: i32 = 118;
/// Message too short.
pub const TFTPSERVER_ERROR_MESSAGE_TOO_SHORT: i32 = 119;
/// Unable to convert string to selected CodePage
pub const TFTPSERVER_ERROR_CODE_PAGE: i32 = 434;

// Errors: SSL: kept for their numbers, never raised by this server.

/// Cannot load specified security library.
pub const TFTPSERVER_ERROR_SECURITY_LIBRARY: i32 = 270;
/// Cannot open certificate store.
pub const TFTPSERVER_ERROR_CERTIFICATE_STORE: i32 = 271;
/// Cannot find specified certificate.
pub const TFTPSERVER_ERROR_CERTIFICATE_NOT_FOUND: i32 = 272;
/// Cannot acquire security credentials.
pub const TFTPSERVER_ERROR_SECURITY_CREDENTIALS: i32 = 273;
/// Cannot find certificate chain.
pub const TFTPSERVER_ERROR_CERTIFICATE_CHAIN: i32 = 274;
/// Cannot verify certificate chain.
pub const TFTPSERVER_ERROR_CERTIFICATE_CHAIN_INVALID: i32 = 275;
/// Error during handshake.
pub const TFTPSERVER_ERROR_HANDSHAKE: i32 = 276;
/// Error verifying certificate.
pub const TFTPSERVER_ERROR_CERTIFICATE_INVALID: i32 = 280;
/// Could not find client certificate.
pub const TFTPSERVER_ERROR_NO_CLIENT_CERTIFICATE: i32 = 281;
/// Could not find server certificate.
pub const TFTPSERVER_ERROR_NO_SERVER_CERTIFICATE: i32 = 282;
/// Error encrypting data.
pub const TFTPSERVER_ERROR_ENCRYPT: i32 = 283;
/// Error decrypting data.
pub const TFTPSERVER_ERROR_DECRYPT: i32 = 284;

// Errors: TCP/IP: the same numbers on every platform.

/// Interrupted system call.
pub const TFTPSERVER_ERROR_INTERRUPTED: i32 = 10004;
/// Bad file number.
pub const TFTPSERVER_ERROR_BAD_FILE: i32 = 10009;
/// Access denied.
pub const TFTPSERVER_ERROR_ACCESS_DENIED: i32 = 10013;
/// Bad address.
pub const TFTPSERVER_ERROR_BAD_ADDRESS: i32 = 10014;
/// Invalid argument.
pub const TFTPSERVER_ERROR_INVALID_ARGUMENT: i32 = 10022;
/// Too many open files.
pub const TFTPSERVER_ERROR_TOO_MANY_FILES: i32 = 10024;
/// Operation would block.
pub const TFTPSERVER_ERROR_WOULD_BLOCK: i32 = 10035;
/// Operation now in progress.
pub const TFTPSERVER_ERROR_IN_PROGRESS: i32 = 10036;
/// Operation already in progress.
pub const TFTPSERVER_ERROR_ALREADY_IN_PROGRESS: i32 = 10037;
/// Socket operation on non-socket.
pub const TFTPSERVER_ERROR_NOT_A_SOCKET: i32 = 10038;
/// Destination address required.
pub const TFTPSERVER_ERROR_DESTINATION_REQUIRED: i32 = 10039;
/// Message too long.
pub const TFTPSERVER_ERROR_DATAGRAM_TOO_LONG: i32 = 10040;
/// Protocol wrong type for socket.
pub const TFTPSERVER_ERROR_WRONG_PROTOCOL_TYPE: i32 = 10041;
/// Bad protocol option.
pub const TFTPSERVER_ERROR_BAD_PROTOCOL_OPTION: i32 = 10042;
/// Protocol not supported.
pub const TFTPSERVER_ERROR_PROTOCOL_NOT_SUPPORTED: i32 = 10043;
/// Socket type not supported.
pub const TFTPSERVER_ERROR_SOCKET_TYPE_NOT_SUPPORTED: i32 = 10044;
/// Operation not supported on socket.
pub const TFTPSERVER_ERROR_OPERATION_NOT_SUPPORTED: i32 = 10045;
/// Protocol family not supported.
pub const TFTPSERVER_ERROR_PROTOCOL_FAMILY_NOT_SUPPORTED: i32 = 10046;
/// Address family not supported by protocol family.
pub const TFTPSERVER_ERROR_ADDRESS_FAMILY_NOT_SUPPORTED: i32 = 10047;
/// Address already in use.
pub const TFTPSERVER_ERROR_ADDRESS_IN_USE: i32 = 10048;
/// Can't assign requested address.
pub const TFTPSERVER_ERROR_ADDRESS_NOT_AVAILABLE: i32 = 10049;
/// Network is down.
pub const TFTPSERVER_ERROR_NETWORK_DOWN: i32 = 10050;
/// Network is unreachable.
pub const TFTPSERVER_ERROR_NETWORK_UNREACHABLE: i32 = 10051;
/// Net dropped connection or reset.
pub const TFTPSERVER_ERROR_NETWORK_RESET: i32 = 10052;
/// Software caused connection abort.
pub const TFTPSERVER_ERROR_ABORTED: i32 = 10053;
/// Connection reset by peer.
pub const TFTPSERVER_ERROR_CONNECTION_RESET: i32 = 10054;
/// No buffer space available.
pub const TFTPSERVER_ERROR_NO_BUFFER_SPACE: i32 = 10055;
/// Socket is already connected.
pub const TFTPSERVER_ERROR_ALREADY_CONNECTED: i32 = 10056;
/// Socket is not connected.
pub const TFTPSERVER_ERROR_NOT_CONNECTED: i32 = 10057;
/// Can't send after socket shutdown.
pub const TFTPSERVER_ERROR_SHUT_DOWN: i32 = 10058;
/// Too many references, can't splice.
pub const TFTPSERVER_ERROR_TOO_MANY_REFERENCES: i32 = 10059;
/// Connection timed out.
pub const TFTPSERVER_ERROR_CONNECTION_TIMED_OUT: i32 = 10060;
/// Connection refused.
pub const TFTPSERVER_ERROR_CONNECTION_REFUSED: i32 = 10061;
/// Too many levels of symbolic links.
pub const TFTPSERVER_ERROR_TOO_MANY_LINKS: i32 = 10062;
/// File name too long.
pub const TFTPSERVER_ERROR_NAME_TOO_LONG: i32 = 10063;
/// Host is down.
pub const TFTPSERVER_ERROR_HOST_DOWN: i32 = 10064;
/// No route to host.
pub const TFTPSERVER_ERROR_HOST_UNREACHABLE: i32 = 10065;
/// Directory not empty
pub const TFTPSERVER_ERROR_DIRECTORY_NOT_EMPTY: i32 = 10066;
/// Too many processes.
pub const TFTPSERVER_ERROR_TOO_MANY_PROCESSES: i32 = 10067;
/// Too many users.
pub const TFTPSERVER_ERROR_TOO_MANY_USERS: i32 = 10068;
/// Disc Quota Exceeded.
pub const TFTPSERVER_ERROR_DISK_QUOTA: i32 = 10069;
/// Stale NFS file handle.
pub const TFTPSERVER_ERROR_STALE_HANDLE: i32 = 10070;
/// Too many levels of remote in path.
pub const TFTPSERVER_ERROR_TOO_MANY_REMOTE_LEVELS: i32 = 10071;
/// Network subsystem is unavailable.
pub const TFTPSERVER_ERROR_NETWORK_UNAVAILABLE: i32 = 10091;
/// WINSOCK DLL Version out of range.
pub const TFTPSERVER_ERROR_VERSION_OUT_OF_RANGE: i32 = 10092;
/// Winsock not loaded yet.
pub const TFTPSERVER_ERROR_NOT_LOADED: i32 = 10093;
/// Host not found.
pub const TFTPSERVER_ERROR_HOST_NOT_FOUND: i32 = 11001;
/// Non-authoritative 'Host not found' (try again or check DNS setup).
pub const TFTPSERVER_ERROR_HOST_NOT_FOUND_TRY_AGAIN: i32 = 11002;
/// Non-recoverable errors: FORMERR, REFUSED, NOTIMP.
pub const TFTPSERVER_ERROR_NAME_SERVER_FAILURE: i32 = 11003;
/// Valid name, no data record (check DNS setup).
pub const TFTPSERVER_ERROR_NO_ADDRESS: i32 = 11004;

// Errors: this library's own.

/// Not a handle, or one that was closed.
pub const TFTPSERVER_ERROR_NOT_A_HANDLE: i32 = 901;
/// Unknown property.
pub const TFTPSERVER_ERROR_UNKNOWN_PROPERTY: i32 = 902;
/// Index out of range.
pub const TFTPSERVER_ERROR_INDEX_OUT_OF_RANGE: i32 = 903;
/// Read-only.
pub const TFTPSERVER_ERROR_READ_ONLY: i32 = 904;
/// Invalid value.
pub const TFTPSERVER_ERROR_INVALID_VALUE: i32 = 905;
/// Unknown setting
pub const TFTPSERVER_ERROR_UNKNOWN_SETTING: i32 = 906;
/// Not allowed inside a callback.
pub const TFTPSERVER_ERROR_INSIDE_CALLBACK: i32 = 907;
/// Internal error.
pub const TFTPSERVER_ERROR_INTERNAL: i32 = 908;
/// Not available on this platform.
pub const TFTPSERVER_ERROR_NOT_AVAILABLE: i32 = 909;
/// System error.
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
