//! Failures: a number, its text and the particulars; the number of each outcome.
//!
//! `errors/table.rs` holds every number and is made from `api/errors.toml`; `errno.rs` translates
//! the system's errors.

mod entry;
#[rustfmt::skip] // Made by a program, a row a number.
mod table;

use std::fmt;
use std::io;

use super::errno::{self, code_of};
use super::reason::Reason;
use tftp_serve::{ErrorCode, FileError, FileErrorKind, FileStep, NetworkError, Operation, Outcome};

pub use entry::{ErrorEntry, Raised};
pub use table::TABLE;
pub use table::number::*;

/// How many characters of an unknown setting's name its error shows.
const NAME_SHOWN: usize = 64;

/// Returns the text of a number, "OK" for 0.
pub fn strerror(code: i32) -> &'static str {
    match code {
        0 => "OK",
        _ => TABLE
            .iter()
            .find(|entry| entry.code == code)
            .map_or("Unknown error.", |entry| entry.text),
    }
}

/// The failure of a call, or one that an event reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The number, one of [`TABLE`].
    pub code: i32,
    /// Its text, followed by the particulars if there are any.
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

    /// A failure without particulars.
    pub fn plain(code: i32) -> Failure {
        Failure {
            code,
            text: strerror(code).to_owned(),
        }
    }

    /// 906 with the unknown name, in which control characters are escaped and of which no more is
    /// shown than a name can have.
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

    /// The failure for a system error; `attempt` describes what was attempted.
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

impl Failure {
    /// Returns the failure that events report when a request of this operation ends; `None` if it
    /// is complete.
    pub(super) fn of(outcome: &Outcome, operation: Operation) -> Option<Failure> {
        Some(match outcome {
            Outcome::Complete => return None,
            Outcome::Refused(refusal) => match Reason::of(refusal) {
                Some(reason) => reason.failure(),
                None => Failure::new(ABORTED, refusal.text()),
            },
            Outcome::Limit => Failure::new(
                TOO_MANY_USERS,
                "MaxConnections or MaxConnectionsPerHost is reached.",
            ),
            Outcome::Shutdown => Failure::new(ABORTED, "Server is shutting down"),
            Outcome::Probe { code, text } => {
                client_error("The client only asked for the size, and sent", *code, text)
            }
            Outcome::ClientError { code, text } => client_error("The client sent", *code, text),
            Outcome::Silent { probably_complete } => silent(*probably_complete),
            Outcome::Unanswered => Failure::new(TIMEOUT, "The application did not answer."),
            Outcome::NoSource => no_source(operation),
            Outcome::File(error) => file(error),
            Outcome::Name => Failure::plain(CODE_PAGE),
            Outcome::ReadOnly => {
                Failure::new(ACCESS_DENIED, "Uploads are switched off (ReadOnly).")
            }
            Outcome::Oversized => {
                Failure::new(PACKET_TOO_LARGE, "A DATA packet was longer than agreed.")
            }
            Outcome::Replaced => {
                Failure::new(CONNECTION_RESET, "The client began another transfer.")
            }
            Outcome::Network(error) => network(error),
            _ => Failure::plain(INTERNAL),
        })
    }
}

fn no_source(operation: Operation) -> Failure {
    match operation {
        Operation::Write => Failure::plain(NO_LOCAL_FILE),
        Operation::Read => {
            Failure::new(CANNOT_OPEN_FILE, "Neither LocalDir nor the application has it.")
        }
    }
}

fn file(error: &FileError) -> Failure {
    match (error.step(), error.kind()) {
        (FileStep::Open, FileErrorKind::TooManyFiles) => Failure::plain(TOO_MANY_FILES),
        (FileStep::Open, _) => Failure::new(CANNOT_OPEN_FILE, &in_words(error)),
        (FileStep::Write, _) => Failure::new(CANNOT_WRITE_FILE, &in_words(error)),
        (_, _) => Failure::new(CANNOT_READ_FILE, &in_words(error)),
    }
}

fn network(error: &NetworkError) -> Failure {
    match error.io_error() {
        Some(error) => Failure::from_io(error, socket_failed(code_of(error))),
        None => Failure::plain(INTERNAL),
    }
}

fn socket_failed(code: i32) -> &'static str {
    match code {
        DATAGRAM_TOO_LONG => "A block does not fit the path, and DontFragment is on.",
        CONNECTION_REFUSED => "The client is gone.",
        _ => "No port for the transfer.",
    }
}

/// Describes a file error without the system's errno.
fn in_words(error: &FileError) -> String {
    match (error.kind(), error.io_error()) {
        (FileErrorKind::TooManyFiles, _) => strerror(TOO_MANY_FILES).to_owned(),
        (_, Some(error)) => errno::words(error),
        (_, None) => error.to_string(),
    }
}

fn client_error(what: &str, code: ErrorCode, text: &str) -> Failure {
    match text.is_empty() {
        true => Failure::new(CLIENT_ERROR, &format!("{what} ERROR {code}.")),
        false => Failure::new(CLIENT_ERROR, &format!("{what} ERROR {code}: {text}")),
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

    use tftp_serve::Refusal;

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

    /// Messages must not differ between systems: no text of the system where the table has one.
    #[test]
    #[cfg(unix)]
    fn particulars_name_no_errno() {
        let system = |errno| io::Error::from_raw_os_error(errno);
        let outcomes = [
            Outcome::File(FileError::from_io(FileStep::Read, system(libc::EIO))),
            Outcome::File(FileError::from_io(FileStep::Read, system(libc::ESTALE))),
            Outcome::File(FileError::from_io(FileStep::Open, system(libc::EIO))),
            Outcome::File(FileError::new(FileStep::Open, FileErrorKind::TooManyFiles)),
            Outcome::File(FileError::from_io(FileStep::Write, system(libc::ENOMEM))),
            Outcome::Network(NetworkError::new(system(libc::ENETUNREACH))),
            Outcome::Network(NetworkError::new(system(libc::ENOSYS))),
        ];
        let texts = outcomes.each_ref().map(|outcome| failure(outcome).text);
        assert!(texts.iter().all(|text| !text.contains("os error")), "{texts:?}");
        assert_eq!(texts[1], "Can't read local file. [10070] Stale NFS file handle.");
        assert_eq!(texts[3], "[10024] Too many open files.");
        assert_eq!(
            texts[5],
            "[10051] Network is unreachable. No port for the transfer."
        );
    }

    fn failure(outcome: &Outcome) -> Failure {
        Failure::of(outcome, Operation::Read).unwrap()
    }

    #[test]
    fn outcomes_have_the_numbers_of_the_contract() {
        assert_eq!(Failure::of(&Outcome::Complete, Operation::Read), None);
        let lost = Failure::of(&Outcome::NoSource, Operation::Write).unwrap();
        assert_eq!(lost, Reason::NoPlace.failure());
        let file = |step, kind| Outcome::File(FileError::new(step, kind));
        let silent = Outcome::Silent {
            probably_complete: false,
        };
        let client = Outcome::ClientError {
            code: ErrorCode(3),
            text: "disk full".into(),
        };
        let aborted = Outcome::Refused(Refusal::new(ErrorCode::DISK_FULL, "tape ended"));
        let short = FileError::from_io(FileStep::Read, io::ErrorKind::UnexpectedEof.into());
        let gone = NetworkError::new(io::Error::from_raw_os_error(libc::ECONNREFUSED));
        let ended = |reason: Reason| Outcome::Refused(reason.refusal());
        let cases = [
            (ended(Reason::Denied), 10013, "Refused by ConnectionRequest."),
            (ended(Reason::Callback(-7)), 10053, "A callback returned -7."),
            (ended(Reason::Disconnect), 10053, "Ended by Disconnect"),
            (ended(Reason::NoFeeder), 126, "DataWanted has no callback."),
            (ended(Reason::NoPlace), 126, "PUT operations."),
            (aborted, 10053, "tape ended"),
            (Outcome::Limit, 10068, ""),
            (Outcome::Shutdown, 10053, "Server is shutting down"),
            (client, 124, "The client sent ERROR 3: disk full"),
            (silent, 301, ""),
            (Outcome::Unanswered, 301, ""),
            (
                Outcome::NoSource,
                127,
                "Neither LocalDir nor the application has it.",
            ),
            (file(FileStep::Open, FileErrorKind::NotFound), 127, ""),
            (file(FileStep::Write, FileErrorKind::NoSpace), 128, ""),
            (Outcome::File(short), 129, ""),
            (Outcome::Name, 434, ""),
            (Outcome::ReadOnly, 10013, ""),
            (Outcome::Oversized, 122, ""),
            (Outcome::Replaced, 10054, ""),
            (Outcome::Network(gone), 10061, "The client is gone."),
            (Outcome::Internal, INTERNAL, ""),
        ];
        for (outcome, code, end) in &cases {
            let failure = failure(outcome);
            assert_eq!(failure.code, *code, "{outcome:?}");
            assert!(failure.text.ends_with(end), "{failure}");
        }
    }
}
