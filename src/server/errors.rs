//! Failures: a number, its text and the particulars; what becomes which number.
//!
//! `errors/table.rs` holds every number and is made from `api/errors.toml`, `errno.rs` what the system's errors become.

mod entry;
#[rustfmt::skip] // Made by a program, a row a number.
mod table;

use std::fmt;
use std::io;

use tftp_proto::wire::Operation;

use super::errno::{self, code_of};
use tftp_files::jail::Refusal;
use tftp_serve::cause::Cause;

pub use entry::{ErrorEntry, Raised};
pub use table::TABLE;
pub use table::number::*;

/// Characters of an unknown setting's name that its error shows.
const NAME_SHOWN: usize = 64;

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

    /// 906, with the name that no setting has: without what drives a terminal, and no longer than a name can be.
    pub fn unknown_setting(name: &str) -> Failure {
        if name.is_empty() {
            return Failure::plain(UNKNOWN_SETTING);
        }
        let shown: String = name
            .chars()
            .take(NAME_SHOWN)
            .flat_map(char::escape_debug)
            .collect();
        Failure {
            code: UNKNOWN_SETTING,
            text: format!("{}: {shown}", strerror(UNKNOWN_SETTING)),
        }
    }

    /// The system's refusal, with a word on what was attempted.
    pub fn from_io(error: &io::Error, attempt: &str) -> Failure {
        match errno::exact(error) {
            Some(code) => Failure::new(code, attempt),
            None => Failure::new(code_of(error), &format!("{attempt} {}", errno::words(error))),
        }
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
            Cause::Rejected { text, .. } => Failure::new(ABORTED, text),
            Cause::Callback(answer) => Failure::new(ABORTED, &format!("A callback returned {answer}.")),
            Cause::ClientError { code, message, probe } => client_error(*code, message, *probe),
            Cause::Silent { probably_complete } => silent(*probably_complete),
            Cause::Unanswered => Failure::new(TIMEOUT, "The application did not answer."),
            Cause::NoSource(Operation::Write) => Failure::plain(NO_LOCAL_FILE),
            Cause::NoFeeder => Failure::new(
                NO_LOCAL_FILE,
                "ConnDataSize is set, and DataWanted has no callback.",
            ),
            Cause::NoSource(Operation::Read) => {
                Failure::new(CANNOT_OPEN_FILE, "Neither LocalDir nor the application has it.")
            }
            Cause::Open(Refusal::TooManyFiles) => Failure::plain(TOO_MANY_FILES),
            Cause::Open(refusal) => Failure::new(CANNOT_OPEN_FILE, &in_words(refusal)),
            Cause::Write(refusal) => Failure::new(CANNOT_WRITE_FILE, &in_words(refusal)),
            Cause::Read(error) => Failure::new(CANNOT_READ_FILE, &errno::words(error)),
            Cause::Name => Failure::plain(CODE_PAGE),
            Cause::ReadOnly => Failure::new(ACCESS_DENIED, "Uploads are switched off (ReadOnly)."),
            Cause::Oversized => Failure::new(PACKET_TOO_LARGE, "A DATA packet was longer than agreed."),
            Cause::Replaced => Failure::new(CONNECTION_RESET, "The client began another transfer."),
            Cause::Internal => Failure::plain(INTERNAL),
            Cause::Socket(error) => Failure::from_io(error, socket_failed(code_of(error))),
        }
    }
}

fn socket_failed(code: i32) -> &'static str {
    match code {
        DATAGRAM_TOO_LONG => "A block does not fit the path, and DontFragment is on.",
        CONNECTION_REFUSED => "The client is gone.",
        _ => "No port for the transfer.",
    }
}

/// A refusal without the number that only this system has.
fn in_words(refusal: &Refusal) -> String {
    match refusal {
        Refusal::TooManyFiles => strerror(TOO_MANY_FILES).to_owned(),
        Refusal::Io(error) => errno::words(error),
        refusal => refusal.to_string(),
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
        for unknown in [-1, 1, 105, 911, i32::MAX, i32::MIN] {
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

    /// What a message says must not differ between systems: no text of the system where the page has one.
    #[test]
    #[cfg(unix)]
    fn particulars_name_no_errno() {
        let system = |errno| io::Error::from_raw_os_error(errno);
        let causes = [
            Cause::Read(system(libc::EIO)),
            Cause::Read(system(libc::ESTALE)),
            Cause::Open(Refusal::Io(system(libc::EIO))),
            Cause::Open(Refusal::TooManyFiles),
            Cause::Write(Refusal::Io(system(libc::ENOMEM))),
            Cause::Socket(system(libc::ENETUNREACH)),
            Cause::Socket(system(libc::ENOSYS)),
        ];
        let texts = causes.each_ref().map(|cause| Failure::from(cause).text);
        assert!(texts.iter().all(|text| !text.contains("os error")), "{texts:?}");
        assert_eq!(texts[1], "Can't read local file. [10070] Stale NFS file handle.");
        assert_eq!(texts[3], "[10024] Too many open files.");
        assert_eq!(
            texts[5],
            "[10051] Network is unreachable. No port for the transfer."
        );
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
        let rejected = Cause::Rejected {
            code: tftp_proto::ErrorCode::DISK_FULL,
            text: "tape ended".into(),
        };
        assert!(Failure::from(&rejected).text.ends_with("tape ended"));
        let cases = [
            (Cause::Refused, 10013),
            (rejected, 10053),
            (Cause::TooMany, 10068),
            (Cause::Ended("Shutdown."), 10053),
            (Cause::Callback(-7), 10053),
            (client, 124),
            (silent, 301),
            (Cause::Unanswered, 301),
            (Cause::NoSource(Operation::Write), 126),
            (Cause::NoSource(Operation::Read), 127),
            (Cause::NoFeeder, 126),
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
            Failure::from(&cases[5].0)
                .text
                .ends_with("The client sent ERROR 3: disk full")
        );
        assert!(
            Failure::from(&cases[4].0)
                .text
                .ends_with("A callback returned -7.")
        );
    }
}
