//! The texts of outcomes for the client and for the log.

use std::borrow::Cow;

use tftp_proto::wire::{ErrorCode, Operation};
use tftp_udp::is_too_long;

use super::Outcome;

/// Returns code and text of the ERROR packet for the outcome of a request of this operation.
pub(super) fn wire(outcome: &Outcome, operation: Operation) -> (ErrorCode, Cow<'static, str>) {
    if let Outcome::Refused(refusal) = outcome {
        return refusal.wire();
    }
    let (code, text) = fixed(outcome, operation);
    (code, text.into())
}

/// Returns code and text for an outcome whose text is fixed.
fn fixed(outcome: &Outcome, operation: Operation) -> (ErrorCode, &'static str) {
    match outcome {
        Outcome::Limit => (ErrorCode::UNDEFINED, "Too many transfers, try again later"),
        Outcome::Shutdown => (ErrorCode::UNDEFINED, "Server is shutting down"),
        Outcome::NoSource => match operation {
            Operation::Read => (ErrorCode::NOT_FOUND, "File not found"),
            Operation::Write => (ErrorCode::NOT_FOUND, "No place for this file"),
        },
        Outcome::File(error) => error.wire(),
        Outcome::Name => (ErrorCode::UNDEFINED, "File name not understood"),
        Outcome::ReadOnly => (ErrorCode::ACCESS, "Uploads are not allowed"),
        Outcome::Network(error) if error.io_error().is_some_and(is_too_long) => {
            (ErrorCode::UNDEFINED, "blksize exceeds what the path takes")
        }
        Outcome::Oversized => (ErrorCode::ILLEGAL, "DATA longer than the agreed blksize"),
        Outcome::Internal => (ErrorCode::UNDEFINED, "Internal error"),
        Outcome::Unanswered => (ErrorCode::UNDEFINED, "The server's application did not answer"),
        Outcome::Complete
        | Outcome::Probe { .. }
        | Outcome::ClientError { .. }
        | Outcome::Silent { .. }
        | Outcome::Refused(_)
        | Outcome::Replaced
        | Outcome::Network(_) => (ErrorCode::UNDEFINED, "Transfer ended"),
    }
}

/// Returns the log's text of a failure: with particulars, without local paths.
pub(super) fn describe(outcome: &Outcome, operation: Operation) -> String {
    match outcome {
        Outcome::ClientError { code, text } | Outcome::Probe { code, text } => {
            format!("the client sent ERROR {code} {text:?}")
        }
        Outcome::Silent {
            probably_complete: true,
        } => "the last ACK never came".to_owned(),
        Outcome::Silent { .. } => "nothing came from the client for too long".to_owned(),
        Outcome::Refused(refusal) => match std::error::Error::source(refusal) {
            Some(cause) => cause.to_string(),
            None => refusal.text().to_owned(),
        },
        Outcome::File(error) => error.to_string(),
        Outcome::Network(error) => error.to_string(),
        Outcome::Replaced => "the client began another transfer".to_owned(),
        other => wire(other, operation).1.into_owned(),
    }
}
