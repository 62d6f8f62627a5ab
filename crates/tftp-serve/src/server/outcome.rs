//! How a transfer ended.

use std::fmt;
use std::io;
use std::sync::Arc;

use tftp_files::jail;
use tftp_proto::wire::ErrorCode;

use crate::cause::{self, Cause};

/// How a request or its transfer ended, with all that is known of it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Outcome {
    /// The file is whole: the client acknowledged its last block, or an upload was stored.
    Complete,
    /// The client asked for the size only and ended the transfer after the OACK, as boot loaders do.
    Probe {
        /// The code of the client's ERROR.
        code: ErrorCode,
        /// Its text, printable and at most 256 bytes long.
        text: String,
    },
    /// The client sent an ERROR.
    ClientError {
        /// Its code.
        code: ErrorCode,
        /// Its text, printable and at most 256 bytes long.
        text: String,
    },
    /// Nothing came from the client for longer than the limits allow.
    Silent {
        /// Only the last acknowledgement is missing: the client probably has the whole file.
        probably_complete: bool,
    },
    /// The handler deferred its answer and did not give it in time.
    Unanswered,
    /// The handler, a sink or [`Connection::end`](crate::Connection::end) refused it.
    Refused {
        /// The code that the client got.
        code: ErrorCode,
        /// The text that the client got.
        text: String,
    },
    /// The limit of transfers in all, or from one address, is reached.
    Limit,
    /// The client wanted to upload, and uploads are not allowed.
    ReadOnly,
    /// Neither the root directory nor the handler has a place for this name.
    NoSource,
    /// The file cannot be opened, read or written.
    File(FileError),
    /// The file's name does not convert from its code page.
    Name,
    /// The client sent a DATA packet that is longer than agreed.
    Oversized,
    /// The client was reset and began anew, or began another transfer from the same port.
    Replaced,
    /// The server was shut down.
    Shutdown,
    /// The network refused a packet, or no port was left for the transfer.
    Network(NetworkError),
    /// A fault of this library.
    Internal,
}

/// Why a file could not be opened, read or written.
#[derive(Clone, Debug)]
pub struct FileError(Arc<Cause>);

/// Why the network failed a transfer.
#[derive(Clone, Debug)]
pub struct NetworkError(Arc<Cause>);

/// What was done with a file when it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileStep {
    /// It was opened or created.
    Open,
    /// It was read.
    Read,
    /// It was written, or given its name.
    Write,
}

/// The reasons of a [`FileError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileErrorKind {
    /// There is no such file, or no directory to put it in.
    NotFound,
    /// It is outside the root, not a regular file, or without permission.
    NotAllowed,
    /// It exists and must not be replaced.
    Exists,
    /// The disk or the quota is full.
    NoSpace,
    /// No descriptor is left.
    TooManyFiles,
    /// Another error of the system: [`FileError::io_error`].
    Io,
}

impl Outcome {
    /// `None`: everything went well.
    pub(super) fn of(cause: Option<&Arc<Cause>>) -> Outcome {
        let Some(cause) = cause else {
            return Outcome::Complete;
        };
        match &**cause {
            Cause::ClientError { code, message, probe } => {
                let (code, text) = (ErrorCode(*code), message.clone());
                match probe {
                    true => Outcome::Probe { code, text },
                    false => Outcome::ClientError { code, text },
                }
            }
            Cause::Silent { probably_complete } => Outcome::Silent {
                probably_complete: *probably_complete,
            },
            Cause::Unanswered => Outcome::Unanswered,
            Cause::TooMany => Outcome::Limit,
            Cause::ReadOnly => Outcome::ReadOnly,
            Cause::NoSource(_) | Cause::NoFeeder => Outcome::NoSource,
            Cause::Open(_) | Cause::Write(_) | Cause::Read(_) => Outcome::File(FileError(Arc::clone(cause))),
            Cause::Name => Outcome::Name,
            Cause::Oversized => Outcome::Oversized,
            Cause::Replaced => Outcome::Replaced,
            Cause::Socket(_) => Outcome::Network(NetworkError(Arc::clone(cause))),
            Cause::Internal => Outcome::Internal,
            Cause::Ended(_) => Outcome::Shutdown,
            Cause::Refused | Cause::Rejected { .. } | Cause::Callback(_) => {
                let (code, text) = cause::wire(cause);
                let text = text.into_owned();
                Outcome::Refused { code, text }
            }
        }
    }

    /// Returns true for [`Outcome::Complete`].
    pub fn is_complete(&self) -> bool {
        matches!(self, Outcome::Complete)
    }

    /// Returns true for everything but [`Outcome::Complete`] and [`Outcome::Probe`].
    pub fn is_failure(&self) -> bool {
        !matches!(self, Outcome::Complete | Outcome::Probe { .. })
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Complete => f.write_str("complete"),
            Outcome::Probe { .. } => f.write_str("the client only asked for the size"),
            Outcome::ClientError { code, text } => write!(f, "the client sent ERROR {code}: {text}"),
            Outcome::Silent {
                probably_complete: true,
            } => f.write_str("everything was sent, only the last ACK is missing"),
            Outcome::Silent { .. } => f.write_str("nothing came from the client for too long"),
            Outcome::Unanswered => f.write_str("the handler did not answer"),
            Outcome::Refused { code, text } => write!(f, "refused with ERROR {code}: {text}"),
            Outcome::Limit => f.write_str("too many transfers"),
            Outcome::ReadOnly => f.write_str("uploads are not allowed"),
            Outcome::NoSource => f.write_str("there is no place for this name"),
            Outcome::File(error) => error.fmt(f),
            Outcome::Name => f.write_str("the file name is not understood"),
            Outcome::Oversized => f.write_str("a DATA packet was longer than agreed"),
            Outcome::Replaced => f.write_str("the client began another transfer"),
            Outcome::Shutdown => f.write_str("the server was shut down"),
            Outcome::Network(error) => error.fmt(f),
            Outcome::Internal => f.write_str("internal error"),
        }
    }
}

impl FileError {
    /// Returns what was done with the file.
    pub fn step(&self) -> FileStep {
        match &*self.0 {
            Cause::Read(_) => FileStep::Read,
            Cause::Write(_) => FileStep::Write,
            _ => FileStep::Open,
        }
    }

    /// Returns the reason.
    pub fn kind(&self) -> FileErrorKind {
        match &*self.0 {
            Cause::Open(refusal) | Cause::Write(refusal) => match refusal {
                jail::Refusal::NotFound => FileErrorKind::NotFound,
                jail::Refusal::NotAllowed => FileErrorKind::NotAllowed,
                jail::Refusal::Exists => FileErrorKind::Exists,
                jail::Refusal::NoSpace => FileErrorKind::NoSpace,
                jail::Refusal::TooManyFiles => FileErrorKind::TooManyFiles,
                jail::Refusal::Io(_) => FileErrorKind::Io,
            },
            _ => FileErrorKind::Io,
        }
    }

    /// Returns the system's error, where the reason is [`FileErrorKind::Io`].
    pub fn io_error(&self) -> Option<&io::Error> {
        match &*self.0 {
            Cause::Read(error)
            | Cause::Open(jail::Refusal::Io(error))
            | Cause::Write(jail::Refusal::Io(error)) => Some(error),
            _ => None,
        }
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&cause::describe(&self.0))
    }
}

impl std::error::Error for FileError {}

impl NetworkError {
    /// Returns the system's error.
    pub fn io_error(&self) -> Option<&io::Error> {
        match &*self.0 {
            Cause::Socket(error) => Some(error),
            _ => None,
        }
    }
}

impl fmt::Display for NetworkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&cause::describe(&self.0))
    }
}

impl std::error::Error for NetworkError {}
