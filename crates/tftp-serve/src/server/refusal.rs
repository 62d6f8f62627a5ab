//! What a client is told when its request is refused or its transfer ended.

use std::borrow::Cow;
use std::fmt;
use std::io;

use tftp_proto::wire::ErrorCode;

/// An ERROR packet's code and text.
///
/// The text is sent as UTF-8 (many clients show ASCII only): control characters become `?`, and what
/// exceeds 256 bytes is cut off.
///
/// ```
/// use tftp_serve::{ErrorCode, Refusal};
///
/// let refusal = Refusal::new(ErrorCode::ACCESS, "This machine has no image");
/// assert_eq!(refusal.to_string(), "ERROR 2: This machine has no image");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    code: ErrorCode,
    text: Cow<'static, str>,
}

impl Refusal {
    /// Makes a refusal of a code and a text.
    pub fn new(code: ErrorCode, text: impl Into<Cow<'static, str>>) -> Refusal {
        let text = text.into();
        Refusal { code, text }
    }

    /// ERROR 1, "File not found".
    pub fn not_found() -> Refusal {
        Refusal::new(ErrorCode::NOT_FOUND, "File not found")
    }

    /// ERROR 2, "Access denied".
    pub fn access_denied() -> Refusal {
        Refusal::new(ErrorCode::ACCESS, "Access denied")
    }

    /// Returns the code.
    pub fn code(&self) -> ErrorCode {
        self.code
    }

    /// Returns the text as it was given.
    pub fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn into_parts(self) -> (ErrorCode, Cow<'static, str>) {
        (self.code, self.text)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ERROR {}: {}", self.code, self.text)
    }
}

impl std::error::Error for Refusal {}

/// What a reader or a source fails with so that its client gets this code and text.
impl From<Refusal> for io::Error {
    fn from(refusal: Refusal) -> io::Error {
        io::Error::other(refusal)
    }
}

/// The refusal that the error holds, or one by its kind alone, because its text may name what concerns this host only.
impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Refusal {
        let error = match error.downcast::<Refusal>() {
            Ok(refusal) => return refusal,
            Err(error) => error,
        };
        use io::ErrorKind::{
            AlreadyExists, FileTooLarge, NotFound, PermissionDenied, QuotaExceeded, StorageFull,
        };
        match error.kind() {
            NotFound => Refusal::not_found(),
            PermissionDenied => Refusal::new(ErrorCode::ACCESS, "Access violation"),
            AlreadyExists => Refusal::new(ErrorCode::EXISTS, "File already exists"),
            StorageFull | QuotaExceeded | FileTooLarge => {
                Refusal::new(ErrorCode::DISK_FULL, "Disk full or allocation exceeded")
            }
            _ => Refusal::new(ErrorCode::UNDEFINED, "Input/output error"),
        }
    }
}
