//! Why a transfer ended or never began, and how that reads to its client and in the log.

use std::borrow::Cow;
use std::io;

use tftp_proto::wire::{ErrorCode, Operation};

use super::jail::Refusal;
use tftp_udp::is_too_long;

/// Why something failed or ended; the class above gives it number and text.
#[derive(Debug)]
pub enum Cause {
    /// The application said no.
    Refused,
    /// The application said no, or ended it, with a code and a text of its own.
    Rejected {
        /// Goes to the client.
        code: ErrorCode,
        /// Goes to the client.
        text: Cow<'static, str>,
    },
    /// MaxConnections or MaxConnectionsPerHost is reached.
    TooMany,
    /// The server ended it: shutdown, disconnect.
    Ended(&'static str),
    /// A callback returned this.
    Callback(i32),
    /// The client sent an ERROR; `probe`: right after the OACK, as clients do that only ask for the size.
    ClientError {
        /// Its code.
        code: u16,
        /// Its text, printable and bounded.
        message: String,
        /// It only asked for the size.
        probe: bool,
    },
    /// Nothing came from the client for too long.
    Silent {
        /// Only the last acknowledgement is missing.
        probably_complete: bool,
    },
    /// The application put its answer off and never gave it.
    Unanswered,
    /// Neither LocalDir nor the application has anything for it.
    NoSource(Operation),
    /// The application is the source of the download and has no callback that hears what is wanted.
    NoFeeder,
    /// The file could not be opened or made.
    Open(Refusal),
    /// The file could not be written or put in its place.
    Write(Refusal),
    /// The file could not be read, or shrank.
    Read(io::Error),
    /// The file name does not convert from the code page.
    Name,
    /// Uploads are switched off.
    ReadOnly,
    /// A DATA packet was longer than agreed.
    Oversized,
    /// The client was reset and began anew, or asked for something else while no other port was left to answer from.
    Replaced,
    /// A socket failed.
    Socket(io::Error),
    /// A fault of the library itself; every transfer of that I/O thread ends.
    Internal,
}

/// Code and text of the ERROR packet for `cause`.
pub(super) fn wire(cause: &Cause) -> (ErrorCode, Cow<'static, str>) {
    if let Cause::Rejected { code, text } = cause {
        return (*code, text.clone());
    }
    let (code, text) = fixed(cause);
    (code, text.into())
}

/// The same, of a cause that always reads alike.
fn fixed(cause: &Cause) -> (ErrorCode, &'static str) {
    match cause {
        Cause::Refused => (ErrorCode::ACCESS, "Access denied"),
        Cause::TooMany => (ErrorCode::UNDEFINED, "Too many transfers, try again later"),
        Cause::Ended(why) => (ErrorCode::UNDEFINED, why),
        Cause::Callback(_) | Cause::Rejected { .. } => {
            (ErrorCode::UNDEFINED, "Ended by the server's application")
        }
        Cause::NoSource(Operation::Read) | Cause::NoFeeder => (ErrorCode::NOT_FOUND, "File not found"),
        Cause::NoSource(Operation::Write) => (ErrorCode::NOT_FOUND, "No place for this file"),
        Cause::Open(refusal) | Cause::Write(refusal) => refusal.wire(),
        Cause::Read(_) => (ErrorCode::UNDEFINED, "Read error"),
        Cause::Name => (ErrorCode::UNDEFINED, "File name not understood"),
        Cause::ReadOnly => (ErrorCode::ACCESS, "Uploads are not allowed"),
        Cause::Socket(error) if is_too_long(error) => {
            (ErrorCode::UNDEFINED, "blksize exceeds what the path takes")
        }
        Cause::Oversized => (ErrorCode::ILLEGAL, "DATA longer than the agreed blksize"),
        Cause::Internal => (ErrorCode::UNDEFINED, "Internal error"),
        Cause::Unanswered => (ErrorCode::UNDEFINED, "The server's application did not answer"),
        Cause::ClientError { .. } | Cause::Silent { .. } | Cause::Replaced | Cause::Socket(_) => {
            (ErrorCode::UNDEFINED, "Transfer ended")
        }
    }
}

/// What the log says of `cause`: with particulars, without local paths.
pub(super) fn describe(cause: &Cause) -> String {
    match cause {
        Cause::ClientError { code, message, .. } => format!("the client sent ERROR {code} {message:?}"),
        Cause::Silent {
            probably_complete: true,
        } => "the last ACK never came".to_owned(),
        Cause::Silent { .. } => "nothing came from the client for too long".to_owned(),
        Cause::Callback(answer) => format!("a callback returned {answer}"),
        Cause::Open(refusal) | Cause::Write(refusal) => refusal.to_string(),
        Cause::Read(error) => format!("reading failed: {error}"),
        Cause::Socket(error) => error.to_string(),
        Cause::Replaced => "the client began another transfer".to_owned(),
        other => wire(other).1.into_owned(),
    }
}
