//! What a client is told when its transfer cannot be: short, printable, without local paths.

use tftp_proto::wire::{ErrorCode, Operation};

use super::notice::Cause;
use super::platform::is_too_long;

/// Code and text of the ERROR packet for `cause`.
pub(super) fn wire(cause: &Cause) -> (ErrorCode, &'static str) {
    match cause {
        Cause::Refused => (ErrorCode::ACCESS, "Access denied"),
        Cause::TooMany => (ErrorCode::UNDEFINED, "Too many transfers, try again later"),
        Cause::Ended(why) => (ErrorCode::UNDEFINED, why),
        Cause::Callback(_) => (ErrorCode::UNDEFINED, "Ended by the server's application"),
        Cause::NoSource(Operation::Read) => (ErrorCode::NOT_FOUND, "File not found"),
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
        other => wire(other).1.to_owned(),
    }
}
