//! The error type of all calls of the library.

use std::fmt;
use std::io;
use std::net::SocketAddr;

/// The reason why a server could not be started or reconfigured.
///
/// The text names the failed attempt, [`Error::kind`] classifies it, and
/// [`source`](std::error::Error::source) is the system's error if the system refused.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    attempt: String,
    address: Option<SocketAddr>,
    position: Option<usize>,
    source: Option<io::Error>,
}

/// The kinds of [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A value is out of its range, or values contradict each other.
    Invalid,
    /// The root directory cannot be served.
    Root,
    /// The system refuses to listen on an address.
    Listen,
    /// An adopted socket is not a bound UDP socket.
    Socket,
    /// The network interface does not exist, or this process must not bind to it.
    Interface,
    /// The source address is not this host's, or this process must not send from it.
    Source,
    /// This process must not send Ethernet frames.
    Frames,
    /// The system has no thread, descriptor or memory left.
    System,
}

impl Error {
    pub(super) fn invalid(text: impl Into<String>) -> Error {
        Error {
            kind: ErrorKind::Invalid,
            attempt: text.into(),
            address: None,
            position: None,
            source: None,
        }
    }

    pub(super) fn io(kind: ErrorKind, attempt: impl Into<String>, source: io::Error) -> Error {
        Error {
            kind,
            attempt: attempt.into(),
            address: None,
            position: None,
            source: Some(source),
        }
    }

    pub(super) fn at(self, address: SocketAddr) -> Error {
        Error {
            address: Some(address),
            ..self
        }
    }

    pub(super) fn at_position(self, position: usize) -> Error {
        Error {
            position: Some(position),
            ..self
        }
    }

    /// Returns the kind.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Returns the address to listen on, if the failure is about one.
    pub fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// Returns the index of the address or socket to listen on that failed, counted from 0 in the
    /// order in which they were given.
    pub fn position(&self) -> Option<usize> {
        self.position
    }

    /// Returns the system's error, if the system refused.
    pub fn io_error(&self) -> Option<&io::Error> {
        self.source.as_ref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            None => f.write_str(&self.attempt),
            Some(source) => write!(f, "{}: {source}", self.attempt),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|source| source as _)
    }
}

impl From<Error> for io::Error {
    fn from(error: Error) -> io::Error {
        let kind = match &error.source {
            Some(source) => source.kind(),
            None => io::ErrorKind::InvalidInput,
        };
        io::Error::new(kind, error)
    }
}
