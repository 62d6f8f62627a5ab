//! Every error number with its name and text, and what becomes what: one table, on every platform the same.

use std::fmt;
use std::io;

use tftp_proto::wire::Operation;

use super::errno::code_of;
use crate::engine::notice::Cause;

/// One error number.
#[derive(Debug)]
pub struct ErrorEntry {
    /// The number; never changed, never used for anything else.
    pub code: i32,
    /// The name of its C constant, without the prefix.
    pub name: &'static str,
    /// Its text, without particulars.
    pub text: &'static str,
}

const fn entry(code: i32, name: &'static str, text: &'static str) -> ErrorEntry {
    ErrorEntry { code, name, text }
}

/// Every number of the specification, and this library's own.
pub const TABLE: &[ErrorEntry] = &[
    // TFTP server.
    entry(122, "PACKET_TOO_LARGE", "Packet too large."),
    entry(123, "WRONG_RESPONSE_TYPE", "Wrong response type from server."),
    entry(
        124,
        "CLIENT_ERROR",
        "Server error. Description contains detailed information.",
    ),
    entry(125, "INVALID_RESPONSE", "Invalid server response."),
    entry(
        126,
        "NO_LOCAL_FILE",
        "A valid LocalFile must be provided for PUT operations.",
    ),
    entry(127, "CANNOT_OPEN_FILE", "Can't open local file."),
    entry(128, "CANNOT_WRITE_FILE", "Can't write to local file."),
    entry(129, "CANNOT_READ_FILE", "Can't read local file."),
    entry(130, "BUSY", "Busy performing the current transfer."),
    entry(301, "TIMEOUT", "Timeout while waiting for server."),
    entry(305, "SERVER_ERROR", "Server error."),
    entry(
        306,
        "WRONG_OR_INVALID_RESPONSE_TYPE",
        "Wrong or invalid response type received from server.",
    ),
    entry(
        307,
        "INVALID_RESPONSE_FROM_SERVER",
        "Invalid response from server.",
    ),
    // UDP.
    entry(104, "ALREADY_ACTIVE", "UDP is already Active."),
    entry(
        106,
        "LOCAL_PORT_LOCKED",
        "You cannot change the LocalPort while the class is Active.",
    ),
    entry(
        107,
        "LOCAL_HOST_LOCKED",
        "You cannot change the LocalHost at this time. A connection is in progress.",
    ),
    entry(109, "NOT_ACTIVE", "The class must be Active for this operation."),
    entry(
        112,
        "MAX_PACKET_SIZE_LOCKED",
        "Cannot change MaxPacketSize while the class is Active.",
    ),
    entry(
        113,
        "SHARE_LOCAL_PORT_LOCKED",
        "Cannot change ShareLocalPort option while the class is Active.",
    ),
    entry(
        114,
        "REMOTE_HOST_LOCKED",
        "Cannot change RemoteHost when UseConnection is set and the class Active.",
    ),
    entry(
        115,
        "REMOTE_PORT_LOCKED",
        "Cannot change RemotePort when UseConnection is set and the class is Active.",
    ),
    entry(
        116,
        "REMOTE_PORT_ZERO",
        "RemotePort can't be zero when UseConnection is set. Please specify a valid service port number.",
    ),
    entry(
        117,
        "USE_CONNECTION_LOCKED",
        "Cannot change UseConnection while the class is Active.",
    ),
    entry(
        118,
        "MESSAGE_TOO_LONG",
        "Message can't be longer than MaxPacketSize.",
    ),
    entry(119, "MESSAGE_TOO_SHORT", "Message too short."),
    entry(434, "CODE_PAGE", "Unable to convert string to selected CodePage"),
    // SSL: kept for their numbers, never raised by this server.
    entry(270, "SECURITY_LIBRARY", "Cannot load specified security library."),
    entry(271, "CERTIFICATE_STORE", "Cannot open certificate store."),
    entry(272, "CERTIFICATE_NOT_FOUND", "Cannot find specified certificate."),
    entry(
        273,
        "SECURITY_CREDENTIALS",
        "Cannot acquire security credentials.",
    ),
    entry(274, "CERTIFICATE_CHAIN", "Cannot find certificate chain."),
    entry(
        275,
        "CERTIFICATE_CHAIN_INVALID",
        "Cannot verify certificate chain.",
    ),
    entry(276, "HANDSHAKE", "Error during handshake."),
    entry(280, "CERTIFICATE_INVALID", "Error verifying certificate."),
    entry(281, "NO_CLIENT_CERTIFICATE", "Could not find client certificate."),
    entry(282, "NO_SERVER_CERTIFICATE", "Could not find server certificate."),
    entry(283, "ENCRYPT", "Error encrypting data."),
    entry(284, "DECRYPT", "Error decrypting data."),
    // TCP/IP: the same numbers on every platform.
    entry(10004, "INTERRUPTED", "[10004] Interrupted system call."),
    entry(10009, "BAD_FILE", "[10009] Bad file number."),
    entry(10013, "ACCESS_DENIED", "[10013] Access denied."),
    entry(10014, "BAD_ADDRESS", "[10014] Bad address."),
    entry(10022, "INVALID_ARGUMENT", "[10022] Invalid argument."),
    entry(10024, "TOO_MANY_FILES", "[10024] Too many open files."),
    entry(10035, "WOULD_BLOCK", "[10035] Operation would block."),
    entry(10036, "IN_PROGRESS", "[10036] Operation now in progress."),
    entry(
        10037,
        "ALREADY_IN_PROGRESS",
        "[10037] Operation already in progress.",
    ),
    entry(10038, "NOT_A_SOCKET", "[10038] Socket operation on non-socket."),
    entry(
        10039,
        "DESTINATION_REQUIRED",
        "[10039] Destination address required.",
    ),
    entry(10040, "DATAGRAM_TOO_LONG", "[10040] Message too long."),
    entry(
        10041,
        "WRONG_PROTOCOL_TYPE",
        "[10041] Protocol wrong type for socket.",
    ),
    entry(10042, "BAD_PROTOCOL_OPTION", "[10042] Bad protocol option."),
    entry(10043, "PROTOCOL_NOT_SUPPORTED", "[10043] Protocol not supported."),
    entry(
        10044,
        "SOCKET_TYPE_NOT_SUPPORTED",
        "[10044] Socket type not supported.",
    ),
    entry(
        10045,
        "OPERATION_NOT_SUPPORTED",
        "[10045] Operation not supported on socket.",
    ),
    entry(
        10046,
        "PROTOCOL_FAMILY_NOT_SUPPORTED",
        "[10046] Protocol family not supported.",
    ),
    entry(
        10047,
        "ADDRESS_FAMILY_NOT_SUPPORTED",
        "[10047] Address family not supported by protocol family.",
    ),
    entry(10048, "ADDRESS_IN_USE", "[10048] Address already in use."),
    entry(
        10049,
        "ADDRESS_NOT_AVAILABLE",
        "[10049] Can't assign requested address.",
    ),
    entry(10050, "NETWORK_DOWN", "[10050] Network is down."),
    entry(10051, "NETWORK_UNREACHABLE", "[10051] Network is unreachable."),
    entry(10052, "NETWORK_RESET", "[10052] Net dropped connection or reset."),
    entry(10053, "ABORTED", "[10053] Software caused connection abort."),
    entry(10054, "CONNECTION_RESET", "[10054] Connection reset by peer."),
    entry(10055, "NO_BUFFER_SPACE", "[10055] No buffer space available."),
    entry(10056, "ALREADY_CONNECTED", "[10056] Socket is already connected."),
    entry(10057, "NOT_CONNECTED", "[10057] Socket is not connected."),
    entry(10058, "SHUT_DOWN", "[10058] Can't send after socket shutdown."),
    entry(
        10059,
        "TOO_MANY_REFERENCES",
        "[10059] Too many references, can't splice.",
    ),
    entry(10060, "CONNECTION_TIMED_OUT", "[10060] Connection timed out."),
    entry(10061, "CONNECTION_REFUSED", "[10061] Connection refused."),
    entry(
        10062,
        "TOO_MANY_LINKS",
        "[10062] Too many levels of symbolic links.",
    ),
    entry(10063, "NAME_TOO_LONG", "[10063] File name too long."),
    entry(10064, "HOST_DOWN", "[10064] Host is down."),
    entry(10065, "HOST_UNREACHABLE", "[10065] No route to host."),
    entry(10066, "DIRECTORY_NOT_EMPTY", "[10066] Directory not empty"),
    entry(10067, "TOO_MANY_PROCESSES", "[10067] Too many processes."),
    entry(10068, "TOO_MANY_USERS", "[10068] Too many users."),
    entry(10069, "DISK_QUOTA", "[10069] Disc Quota Exceeded."),
    entry(10070, "STALE_HANDLE", "[10070] Stale NFS file handle."),
    entry(
        10071,
        "TOO_MANY_REMOTE_LEVELS",
        "[10071] Too many levels of remote in path.",
    ),
    entry(
        10091,
        "NETWORK_UNAVAILABLE",
        "[10091] Network subsystem is unavailable.",
    ),
    entry(
        10092,
        "VERSION_OUT_OF_RANGE",
        "[10092] WINSOCK DLL Version out of range.",
    ),
    entry(10093, "NOT_LOADED", "[10093] Winsock not loaded yet."),
    entry(11001, "HOST_NOT_FOUND", "[11001] Host not found."),
    entry(
        11002,
        "HOST_NOT_FOUND_TRY_AGAIN",
        "[11002] Non-authoritative 'Host not found' (try again or check DNS setup).",
    ),
    entry(
        11003,
        "NAME_SERVER_FAILURE",
        "[11003] Non-recoverable errors: FORMERR, REFUSED, NOTIMP.",
    ),
    entry(
        11004,
        "NO_ADDRESS",
        "[11004] Valid name, no data record (check DNS setup).",
    ),
    // This library's own.
    entry(901, "NOT_A_HANDLE", "Not a handle, or one that was closed."),
    entry(902, "UNKNOWN_PROPERTY", "Unknown property."),
    entry(903, "INDEX_OUT_OF_RANGE", "Index out of range."),
    entry(904, "READ_ONLY", "Read-only."),
    entry(905, "INVALID_VALUE", "Invalid value."),
    entry(906, "UNKNOWN_SETTING", "Unknown setting."),
    entry(907, "INSIDE_CALLBACK", "Not allowed inside a callback."),
    entry(908, "INTERNAL", "Internal error."),
    entry(909, "NOT_AVAILABLE", "Not available on this platform."),
];

// The numbers that this library itself raises by name.
pub(crate) const LOCAL_PORT_LOCKED: i32 = 106;
pub(crate) const LOCAL_HOST_LOCKED: i32 = 107;
pub(crate) const MAX_PACKET_SIZE_LOCKED: i32 = 112;
pub(crate) const SHARE_LOCAL_PORT_LOCKED: i32 = 113;
pub(crate) const USE_CONNECTION_LOCKED: i32 = 117;
pub(crate) const PACKET_TOO_LARGE: i32 = 122;
pub(crate) const CLIENT_ERROR: i32 = 124;
pub(crate) const NO_LOCAL_FILE: i32 = 126;
pub(crate) const CANNOT_OPEN_FILE: i32 = 127;
pub(crate) const CANNOT_WRITE_FILE: i32 = 128;
pub(crate) const CANNOT_READ_FILE: i32 = 129;
pub(crate) const BUSY: i32 = 130;
pub(crate) const TIMEOUT: i32 = 301;
pub(crate) const CODE_PAGE: i32 = 434;
pub(crate) const NOT_A_HANDLE: i32 = 901;
pub(crate) const UNKNOWN_PROPERTY: i32 = 902;
pub(crate) const INDEX_OUT_OF_RANGE: i32 = 903;
pub(crate) const READ_ONLY: i32 = 904;
pub(crate) const INVALID_VALUE: i32 = 905;
pub(crate) const UNKNOWN_SETTING: i32 = 906;
pub(crate) const INSIDE_CALLBACK: i32 = 907;
pub(crate) const INTERNAL: i32 = 908;
pub(crate) const NOT_AVAILABLE: i32 = 909;
pub(crate) const ACCESS_DENIED: i32 = 10013;
pub(crate) const FAMILY_NOT_SUPPORTED: i32 = 10047;
pub(crate) const ABORTED: i32 = 10053;
pub(crate) const CONNECTION_RESET: i32 = 10054;
pub(crate) const TOO_MANY_USERS: i32 = 10068;
pub(crate) const HOST_NOT_FOUND: i32 = 11001;

/// The text of a number, "OK" for 0.
pub fn strerror(code: i32) -> &'static str {
    match code {
        0 => "OK",
        _ => TABLE
            .iter()
            .find(|entry| entry.code == code)
            .map_or("Unknown error.", |entry| entry.text),
    }
}

/// A call that failed, or what an event tells of a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The number, one of [`TABLE`].
    pub code: i32,
    /// Its text and, where there is more to say, the particulars.
    pub text: String,
}

impl Failure {
    /// A failure with particulars.
    pub fn new(code: i32, detail: &str) -> Failure {
        let text = strerror(code);
        match detail.is_empty() {
            true => Failure::plain(code),
            false => Failure {
                code,
                text: format!("{text} {detail}"),
            },
        }
    }

    /// A failure that its number tells all about.
    pub fn plain(code: i32) -> Failure {
        Failure {
            code,
            text: strerror(code).to_owned(),
        }
    }

    /// The system's refusal, with a word on what was attempted.
    pub fn from_io(error: &io::Error, attempt: &str) -> Failure {
        Failure::new(code_of(error), attempt)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.text)
    }
}

impl std::error::Error for Failure {}

impl From<&Cause> for Failure {
    fn from(cause: &Cause) -> Failure {
        match cause {
            Cause::Refused => Failure::new(ACCESS_DENIED, "Refused by ConnectionRequest."),
            Cause::TooMany => Failure::new(
                TOO_MANY_USERS,
                "MaxConnections or MaxConnectionsPerHost is reached.",
            ),
            Cause::Ended(why) => Failure::new(ABORTED, why),
            Cause::Callback(answer) => Failure::new(ABORTED, &format!("A callback returned {answer}.")),
            Cause::ClientError { code, message, probe } => client_error(*code, message, *probe),
            Cause::Silent { probably_complete } => silent(*probably_complete),
            Cause::NoSource(Operation::Write) => Failure::plain(NO_LOCAL_FILE),
            Cause::NoSource(Operation::Read) => {
                Failure::new(CANNOT_OPEN_FILE, "Neither LocalDir nor the application has it.")
            }
            Cause::Open(refusal) => Failure::new(CANNOT_OPEN_FILE, &refusal.to_string()),
            Cause::Write(refusal) => Failure::new(CANNOT_WRITE_FILE, &refusal.to_string()),
            Cause::Read(error) => Failure::new(CANNOT_READ_FILE, &error.to_string()),
            Cause::Name => Failure::plain(CODE_PAGE),
            Cause::ReadOnly => Failure::new(ACCESS_DENIED, "Uploads are switched off (ReadOnly)."),
            Cause::Oversized => Failure::new(PACKET_TOO_LARGE, "A DATA packet was longer than agreed."),
            Cause::Replaced => Failure::new(CONNECTION_RESET, "The client asked for something else."),
            Cause::Socket(error) => Failure::from_io(error, &error.to_string()),
        }
    }
}

fn client_error(code: u16, message: &str, probe: bool) -> Failure {
    let what = if probe {
        "The client only asked for the size, and sent"
    } else {
        "The client sent"
    };
    match message.is_empty() {
        true => Failure::new(CLIENT_ERROR, &format!("{what} ERROR {code}.")),
        false => Failure::new(CLIENT_ERROR, &format!("{what} ERROR {code}: {message}")),
    }
}

fn silent(probably_complete: bool) -> Failure {
    match probably_complete {
        true => Failure::new(TIMEOUT, "Everything was sent, only the last ACK is missing."),
        false => Failure::new(TIMEOUT, "Nothing came from the client for too long."),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::engine::jail::Refusal;

    #[test]
    fn numbers_and_names_occur_once() {
        let codes: BTreeSet<_> = TABLE.iter().map(|entry| entry.code).collect();
        let names: BTreeSet<_> = TABLE.iter().map(|entry| entry.name).collect();
        assert_eq!(codes.len(), TABLE.len());
        assert_eq!(names.len(), TABLE.len());
        assert!(!codes.contains(&0));
    }

    #[test]
    fn texts() {
        assert_eq!(strerror(0), "OK");
        assert_eq!(
            strerror(124),
            "Server error. Description contains detailed information."
        );
        assert_eq!(strerror(10048), "[10048] Address already in use.");
        assert_eq!(strerror(909), "Not available on this platform.");
        for unknown in [-1, 1, 105, 910, i32::MAX, i32::MIN] {
            assert_eq!(strerror(unknown), "Unknown error.");
        }
        for entry in TABLE
            .iter()
            .filter(|entry| entry.code > 10000 && entry.code < 11000)
        {
            assert!(
                entry.text.starts_with(&format!("[{}] ", entry.code)),
                "{}",
                entry.text
            );
        }
    }

    #[test]
    fn causes_have_the_numbers_of_the_contract() {
        let silent = Cause::Silent {
            probably_complete: false,
        };
        let client = Cause::ClientError {
            code: 3,
            message: "disk full".into(),
            probe: false,
        };
        let cases = [
            (Cause::Refused, 10013),
            (Cause::TooMany, 10068),
            (Cause::Ended("Shutdown."), 10053),
            (Cause::Callback(-7), 10053),
            (client, 124),
            (silent, 301),
            (Cause::NoSource(Operation::Write), 126),
            (Cause::NoSource(Operation::Read), 127),
            (Cause::Open(Refusal::NotFound), 127),
            (Cause::Write(Refusal::NoSpace), 128),
            (Cause::Read(io::ErrorKind::UnexpectedEof.into()), 129),
            (Cause::Name, 434),
            (Cause::ReadOnly, 10013),
            (Cause::Oversized, 122),
            (Cause::Replaced, 10054),
            (
                Cause::Socket(io::Error::from_raw_os_error(libc::ECONNREFUSED)),
                10061,
            ),
        ];
        for (cause, code) in &cases {
            assert_eq!(Failure::from(cause).code, *code, "{cause:?}");
        }
        assert!(
            Failure::from(&cases[4].0)
                .text
                .ends_with("The client sent ERROR 3: disk full")
        );
        assert!(
            Failure::from(&cases[3].0)
                .text
                .ends_with("A callback returned -7.")
        );
    }
}
