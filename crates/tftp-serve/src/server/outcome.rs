//! The outcomes of transfers and the errors that they hold.

use std::fmt;
use std::io;
use std::sync::Arc;

use tftp_files::jail;
use tftp_proto::wire::ErrorCode;

use super::refusal::Refusal;

/// The way in which a request or its transfer ended, with all known details.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Outcome {
    /// The transfer is complete: the client acknowledged the last block, or the upload was stored.
    Complete,
    /// The client requested only the size and ended the transfer after the OACK, as boot loaders
    /// do.
    Probe {
        /// The code of the client's ERROR.
        code: ErrorCode,
        /// The text of the ERROR, printable and at most 256 bytes long.
        text: String,
    },
    /// The client sent an ERROR.
    ClientError {
        /// The code of the ERROR.
        code: ErrorCode,
        /// The text of the ERROR, printable and at most 256 bytes long.
        text: String,
    },
    /// No packet came from the client for longer than the limits allow.
    Silent {
        /// True if only the last acknowledgement is missing: the client probably has the whole
        /// file.
        probably_complete: bool,
    },
    /// The handler deferred its answer and did not give it in time.
    Unanswered,
    /// The handler, a source, a sink or [`Connection::end`](crate::Connection::end) refused the
    /// transfer, with this code and text.
    ///
    /// If a source or a sink failed with an error, that is the refusal's
    /// [`source`](std::error::Error::source).
    Refused(Refusal),
    /// The limit of concurrent transfers, in total or of one client address, is reached.
    Limit,
    /// The client wanted to upload, and uploads are not allowed.
    ReadOnly,
    /// Neither the root directory nor the handler serves this name.
    NoSource,
    /// The file cannot be opened, read or written.
    File(FileError),
    /// The file's name does not convert from its code page.
    Name,
    /// The client sent a DATA packet longer than the negotiated block size.
    Oversized,
    /// The client restarted and sent its request anew, or requested another transfer from the same
    /// port.
    Replaced,
    /// The server was shut down.
    Shutdown,
    /// The network refused a packet, or no port was left for the transfer.
    Network(NetworkError),
    /// A fault of this library.
    Internal,
}

/// The reason why a file could not be opened, read or written.
#[derive(Clone, Debug)]
pub struct FileError {
    step: FileStep,
    refusal: Arc<jail::Refusal>,
}

/// The reason why the network failed a transfer.
#[derive(Clone, Debug)]
pub struct NetworkError(Arc<io::Error>);

/// The operation on a file that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileStep {
    /// The file was being opened or created.
    Open,
    /// The file was being read.
    Read,
    /// The file was being written, or moved to its final name.
    Write,
}

/// The reasons of a [`FileError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileErrorKind {
    /// There is no such file, or no directory to put it in.
    NotFound,
    /// It is outside the root, not a regular file, or its permissions forbid the access.
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
    /// Makes the outcome of a file that could not be opened or created.
    pub(crate) fn open(refusal: jail::Refusal) -> Outcome {
        Outcome::File(FileError::of(FileStep::Open, refusal))
    }

    /// Makes the outcome of a file that could not be written or moved to its final name.
    pub(crate) fn write(refusal: jail::Refusal) -> Outcome {
        Outcome::File(FileError::of(FileStep::Write, refusal))
    }

    /// Makes the outcome of a file that could not be read, or shrank.
    pub(crate) fn read(error: io::Error) -> Outcome {
        Outcome::File(FileError::of(FileStep::Read, jail::Refusal::Io(error)))
    }

    /// Makes the outcome of a packet or a port that the network refused.
    pub(crate) fn network(error: io::Error) -> Outcome {
        Outcome::Network(NetworkError::new(error))
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

impl From<Refusal> for Outcome {
    fn from(refusal: Refusal) -> Outcome {
        Outcome::Refused(refusal)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Complete => f.write_str("complete"),
            Outcome::Probe { .. } => f.write_str("the client only asked for the size"),
            Outcome::ClientError { code, text } => {
                write!(f, "the client sent ERROR {code}: {text}")
            }
            Outcome::Silent {
                probably_complete: true,
            } => f.write_str("everything was sent, only the last ACK is missing"),
            Outcome::Silent { .. } => f.write_str("nothing came from the client for too long"),
            Outcome::Unanswered => f.write_str("the handler did not answer"),
            Outcome::Refused(refusal) => write!(f, "refused with {refusal}"),
            Outcome::Limit => f.write_str("too many transfers"),
            Outcome::ReadOnly => f.write_str("uploads are not allowed"),
            Outcome::NoSource => f.write_str("no source or destination for this name"),
            Outcome::File(error) => error.fmt(f),
            Outcome::Name => f.write_str("the file name cannot be converted from the code page"),
            Outcome::Oversized => f.write_str("a DATA packet was longer than agreed"),
            Outcome::Replaced => f.write_str("the client began another transfer"),
            Outcome::Shutdown => f.write_str("the server was shut down"),
            Outcome::Network(error) => error.fmt(f),
            Outcome::Internal => f.write_str("internal error"),
        }
    }
}

impl FileError {
    /// Makes an error of a kind other than [`FileErrorKind::Io`], for tests of error handling.
    pub fn new(step: FileStep, kind: FileErrorKind) -> FileError {
        let refusal = match kind {
            FileErrorKind::NotFound => jail::Refusal::NotFound,
            FileErrorKind::NotAllowed => jail::Refusal::NotAllowed,
            FileErrorKind::Exists => jail::Refusal::Exists,
            FileErrorKind::NoSpace => jail::Refusal::NoSpace,
            FileErrorKind::TooManyFiles => jail::Refusal::TooManyFiles,
            FileErrorKind::Io => jail::Refusal::Io(io::ErrorKind::Other.into()),
        };
        FileError::of(step, refusal)
    }

    /// Makes an error of the kind [`FileErrorKind::Io`], for tests of error handling.
    pub fn from_io(step: FileStep, error: io::Error) -> FileError {
        FileError::of(step, jail::Refusal::Io(error))
    }

    fn of(step: FileStep, refusal: jail::Refusal) -> FileError {
        let refusal = Arc::new(refusal);
        FileError { step, refusal }
    }

    /// Returns the operation that failed.
    pub fn step(&self) -> FileStep {
        self.step
    }

    /// Returns the reason of the failure.
    pub fn kind(&self) -> FileErrorKind {
        match &*self.refusal {
            jail::Refusal::NotFound => FileErrorKind::NotFound,
            jail::Refusal::NotAllowed => FileErrorKind::NotAllowed,
            jail::Refusal::Exists => FileErrorKind::Exists,
            jail::Refusal::NoSpace => FileErrorKind::NoSpace,
            jail::Refusal::TooManyFiles => FileErrorKind::TooManyFiles,
            jail::Refusal::Io(_) => FileErrorKind::Io,
        }
    }

    /// Returns the system's error, if the reason is [`FileErrorKind::Io`].
    pub fn io_error(&self) -> Option<&io::Error> {
        match &*self.refusal {
            jail::Refusal::Io(error) => Some(error),
            _ => None,
        }
    }

    /// Returns the code and text of the ERROR that the client gets.
    pub(crate) fn wire(&self) -> (ErrorCode, &'static str) {
        match self.step {
            FileStep::Read => (ErrorCode::UNDEFINED, "Read error"),
            FileStep::Open | FileStep::Write => self.refusal.wire(),
        }
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.step, &*self.refusal) {
            (FileStep::Read, jail::Refusal::Io(error)) => write!(f, "reading failed: {error}"),
            (_, refusal) => refusal.fmt(f),
        }
    }
}

impl std::error::Error for FileError {}

impl NetworkError {
    /// Makes a network error of a system error, for tests of error handling.
    pub fn new(error: io::Error) -> NetworkError {
        NetworkError(Arc::new(error))
    }

    /// Returns the system's error.
    pub fn io_error(&self) -> Option<&io::Error> {
        Some(&self.0)
    }
}

impl fmt::Display for NetworkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for NetworkError {}
