//! The reasons why a file is not served or not accepted.

use std::fmt;
use std::io;

#[cfg(unix)]
use rustix::io::Errno;
use tftp_proto::wire::ErrorCode;

#[cfg(windows)]
use crate::system;

/// The reasons why a file is not served or not accepted.
#[derive(Debug)]
pub enum Refusal {
    /// There is no such file, or no such directory to put it in.
    NotFound,
    /// The path is outside the served directory, the file is no regular one, or permission is
    /// missing: one answer on purpose.
    NotAllowed,
    /// It exists and may not be replaced.
    Exists,
    /// The disk, the quota or a size limit is full.
    NoSpace,
    /// The process or the system has no descriptor left.
    TooManyFiles,
    /// Anything else.
    Io(io::Error),
}

impl Refusal {
    /// Returns the error code and message for the client (RFC 1350, appendix "Error Codes").
    pub fn wire(&self) -> (ErrorCode, &'static str) {
        match self {
            Refusal::NotFound => (ErrorCode::NOT_FOUND, "File not found"),
            Refusal::NotAllowed => (ErrorCode::ACCESS, "Access violation"),
            Refusal::Exists => (ErrorCode::EXISTS, "File already exists"),
            Refusal::NoSpace => (ErrorCode::DISK_FULL, "Disk full or allocation exceeded"),
            Refusal::TooManyFiles => (ErrorCode::UNDEFINED, "Too many open files"),
            Refusal::Io(_) => (ErrorCode::UNDEFINED, "Input/output error"),
        }
    }

    /// Converts an error for a place that existed a moment ago and is gone, or that can't be named.
    /// An upload must not fail with "file not found" for it.
    pub(crate) fn for_place(error: io::Error) -> Refusal {
        match Refusal::from(error) {
            Refusal::NotFound => Refusal::NotAllowed,
            other => other,
        }
    }
}

#[cfg(unix)]
impl From<Errno> for Refusal {
    fn from(errno: Errno) -> Self {
        match errno {
            Errno::NOENT | Errno::NOTDIR | Errno::NAMETOOLONG | Errno::ILSEQ => Refusal::NotFound,
            // The kernel returns XDEV for a path that left the directory. NXIO comes from sockets
            // and FIFOs. With TXTBSY, BUSY and ISDIR the file is in no state to be read or
            // replaced.
            Errno::ACCESS | Errno::PERM | Errno::ROFS | Errno::LOOP | Errno::XDEV => {
                Refusal::NotAllowed
            }
            Errno::NXIO | Errno::NODEV | Errno::TXTBSY | Errno::BUSY | Errno::ISDIR => {
                Refusal::NotAllowed
            }
            Errno::EXIST => Refusal::Exists,
            Errno::NOSPC | Errno::DQUOT | Errno::FBIG => Refusal::NoSpace,
            Errno::MFILE | Errno::NFILE => Refusal::TooManyFiles,
            other => Refusal::Io(other.into()),
        }
    }
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        #[cfg(unix)]
        if let Some(errno) = Errno::from_io_error(&error) {
            return Refusal::from(errno);
        }
        #[cfg(windows)]
        if let Some(refusal) = error.raw_os_error().and_then(of_windows) {
            return refusal;
        }
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Refusal::NotFound,
            // cap-std also returns this for a path that led outside.
            io::ErrorKind::PermissionDenied => Refusal::NotAllowed,
            io::ErrorKind::AlreadyExists => Refusal::Exists,
            io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::FileTooLarge => Refusal::NoSpace,
            _ => Refusal::Io(error),
        }
    }
}

/// Maps error codes that std has no kind for (winerror.h).
#[cfg(windows)]
fn of_windows(code: i32) -> Option<Refusal> {
    match code {
        _ if system::OF_NAMES.contains(&code) => Some(Refusal::NotFound),
        _ if system::OF_DEVICES.contains(&code) => Some(Refusal::NotAllowed),
        // Another program has it open or locked, or it is a symlink.
        5 | 19 | 32 | 33 | 681 | 1920 => Some(Refusal::NotAllowed),
        4 => Some(Refusal::TooManyFiles),
        _ => None,
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Io(error) => write!(f, "Input/output error: {error}"),
            other => f.write_str(other.wire().1),
        }
    }
}

impl std::error::Error for Refusal {}
