//! Why a transfer ended: the word, the number and the text that are displayed.
//!
//! The numbers are those of the C interface (docs/reference/errors.md), so that `--json` and
//! programs that use the library report the same ones.

use std::io;

use tftp_serve::{FileError, FileErrorKind, FileStep};

use super::{Operation, Outcome};
use crate::system::errors;
use crate::text;

/// The reason of an end, as shown.
#[derive(Debug, PartialEq, Eq)]
pub struct Reason {
    pub outcome: Outcome,
    pub code: i32,
    pub text: String,
}

fn because(outcome: Outcome, code: i32, text: impl Into<String>) -> Reason {
    Reason {
        outcome,
        code,
        text: text.into(),
    }
}

/// Returns the reason of an end, as shown.
pub fn reason(outcome: &tftp_serve::Outcome, operation: Operation) -> Reason {
    use tftp_serve::Outcome as Ended;
    match outcome {
        Ended::Complete => because(Outcome::Completed, 0, "OK"),
        Ended::Probe { code, text } => {
            let text = client_error("The client only asked for the size, and sent", code.0, text);
            because(Outcome::Probe, 124, text)
        }
        Ended::ClientError { code, text } => because(
            Outcome::ClientError,
            124,
            client_error("The client sent", code.0, text),
        ),
        Ended::Silent { probably_complete } => {
            because(Outcome::Timeout, 301, silent(*probably_complete))
        }
        Ended::Unanswered => because(Outcome::Timeout, 301, "The application did not answer."),
        Ended::Refused(refusal) => because(Outcome::Refused, 10013, refusal.text()),
        Ended::Limit => {
            let text =
                "Too many users. --max-connections or --max-connections-per-host is reached.";
            because(Outcome::Limit, 10068, text)
        }
        Ended::ReadOnly => because(
            Outcome::Refused,
            10013,
            "Access denied. Uploads are off: there is no --create, or --read-only is set.",
        ),
        Ended::NoSource => no_source(operation),
        Ended::File(error) => file(error),
        Ended::Name => because(
            Outcome::File,
            434,
            "Unable to convert string to selected CodePage",
        ),
        Ended::Oversized => {
            let text = "Packet too large. A DATA packet was longer than agreed.";
            because(Outcome::Failed, 122, text)
        }
        Ended::Replaced => {
            let text = "Connection reset by peer. The client began another transfer.";
            because(Outcome::Failed, 10054, text)
        }
        Ended::Shutdown => {
            let text = "Software caused connection abort. Server is shutting down";
            because(Outcome::Aborted, 10053, text)
        }
        Ended::Network(error) => match error.io_error() {
            Some(error) => network(error),
            None => because(Outcome::Failed, 910, error.to_string()),
        },
        Ended::Internal => because(Outcome::Failed, 908, "Internal error."),
        other => because(Outcome::Failed, 910, other.to_string()),
    }
}

fn client_error(what: &str, code: u16, text: &str) -> String {
    match text.is_empty() {
        true => format!("{what} ERROR {code}."),
        false => format!("{what} ERROR {code}: {text}"),
    }
}

fn silent(probably_complete: bool) -> &'static str {
    match probably_complete {
        true => "Everything was sent, only the last ACK is missing.",
        false => "Nothing came from the client for too long.",
    }
}

fn no_source(operation: Operation) -> Reason {
    match operation {
        Operation::Read => because(
            Outcome::File,
            127,
            "Can't open local file. Neither LocalDir nor the application has it.",
        ),
        Operation::Write => because(
            Outcome::File,
            126,
            "A valid LocalFile must be provided for PUT operations.",
        ),
    }
}

fn file(error: &FileError) -> Reason {
    let why = match (error.kind(), error.io_error()) {
        (FileErrorKind::NotFound, _) => "File not found".to_owned(),
        (FileErrorKind::NotAllowed, _) => "Access violation".to_owned(),
        (FileErrorKind::Exists, _) => "File already exists".to_owned(),
        (FileErrorKind::NoSpace, _) => "Disk full or allocation exceeded".to_owned(),
        (FileErrorKind::TooManyFiles, _) if error.step() == FileStep::Open => {
            return because(Outcome::Failed, 10024, "Too many open files.");
        }
        (FileErrorKind::TooManyFiles, _) => "Too many open files.".to_owned(),
        (_, Some(error)) => text::system(error),
        (_, None) => error.to_string(),
    };
    let (code, what) = match error.step() {
        FileStep::Write => (128, "Can't write to local file."),
        FileStep::Read => (129, "Can't read local file."),
        _ => (127, "Can't open local file."),
    };
    because(Outcome::File, code, format!("{what} {why}"))
}

/// The reason for an error of a socket, by its number.
fn network(error: &io::Error) -> Reason {
    let code = errors::winsock(error).unwrap_or_else(|| code_of_kind(error.kind()));
    let what = match code {
        10040 => "A block does not fit the path, and DontFragment is on.",
        10061 => "The client is gone.",
        _ => "No port for the transfer.",
    };
    because(Outcome::Failed, code, format!("{}. {what}", text::system(error)))
}

/// The library makes some errors itself.
fn code_of_kind(kind: io::ErrorKind) -> i32 {
    match kind {
        io::ErrorKind::ConnectionRefused => 10061,
        io::ErrorKind::AddrInUse => 10048,
        _ => 910,
    }
}

#[cfg(test)]
mod tests {
    use tftp_serve::ErrorCode;

    use super::*;

    #[test]
    fn an_end_has_a_word_a_number_and_a_text() {
        use tftp_serve::Outcome as Ended;
        let (code, text) = (ErrorCode(8), "enough".to_owned());
        let probe = "The client only asked for the size, and sent ERROR 8: enough";
        let cases = [
            (Ended::Complete, Outcome::Completed, 0, "OK"),
            (Ended::Probe { code, text }, Outcome::Probe, 124, probe),
            (
                Ended::ClientError {
                    code: ErrorCode(3),
                    text: String::new(),
                },
                Outcome::ClientError,
                124,
                "The client sent ERROR 3.",
            ),
            (
                Ended::Silent {
                    probably_complete: true,
                },
                Outcome::Timeout,
                301,
                "Everything was sent, only the last ACK is missing.",
            ),
            (
                Ended::Limit,
                Outcome::Limit,
                10068,
                "Too many users. --max-connections or --max-connections-per-host is reached.",
            ),
        ];
        for (ended, outcome, code, text) in cases {
            assert_eq!(
                reason(&ended, Operation::Read),
                because(outcome, code, text),
                "{ended:?}"
            );
        }
    }

    #[test]
    fn errors_of_sockets_have_numbers() {
        let refused = network(&io::ErrorKind::ConnectionRefused.into());
        let text = "connection refused. The client is gone.";
        assert_eq!(refused, because(Outcome::Failed, 10061, text));
        let none = network(&io::ErrorKind::Other.into());
        assert_eq!(
            (none.code, none.text.ends_with("No port for the transfer.")),
            (910, true)
        );
    }
}
