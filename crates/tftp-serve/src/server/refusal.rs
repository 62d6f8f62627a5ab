//! What a client is told when its request is refused or its transfer ended.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;

use tftp_proto::wire::ErrorCode;

/// An ERROR packet's code and text.
///
/// The text is sent as UTF-8 (many clients show ASCII only): control characters become `?`, and what
/// exceeds 256 bytes is cut off. Refusals are equal where their code and text are.
///
/// ```
/// use tftp_serve::{ErrorCode, Refusal};
///
/// let refusal = Refusal::new(ErrorCode::ACCESS, "This machine has no image");
/// assert_eq!(refusal.to_string(), "ERROR 2: This machine has no image");
/// ```
#[derive(Clone, Debug)]
pub struct Refusal {
    code: ErrorCode,
    text: Cow<'static, str>,
    cause: Option<Arc<dyn Error + Send + Sync>>,
}

impl Refusal {
    /// Makes a refusal of a code and a text.
    pub fn new(code: ErrorCode, text: impl Into<Cow<'static, str>>) -> Refusal {
        Refusal {
            code,
            text: text.into(),
            cause: None,
        }
    }

    /// Adds the reason, which its client does not get: the log shows it in place of the text, and
    /// [`Outcome::Refused`](crate::Outcome::Refused) brings it back as the refusal's
    /// [`source`](std::error::Error::source).
    ///
    /// ```
    /// use std::error::Error;
    ///
    /// use tftp_serve::Refusal;
    ///
    /// let refusal = Refusal::not_found().because("the image store is being rebuilt");
    /// assert_eq!(refusal.text(), "File not found");
    /// assert_eq!(refusal.source().unwrap().to_string(), "the image store is being rebuilt");
    /// ```
    #[must_use]
    pub fn because(self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Refusal {
        Refusal {
            cause: Some(Arc::from(cause.into())),
            ..self
        }
    }

    /// What a client gets where the application's code has panicked.
    pub(super) fn internal_error() -> Refusal {
        Refusal::new(ErrorCode::UNDEFINED, "Internal error")
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

    /// What the client gets.
    pub(crate) fn wire(&self) -> (ErrorCode, Cow<'static, str>) {
        (self.code, self.text.clone())
    }
}

impl PartialEq for Refusal {
    fn eq(&self, other: &Refusal) -> bool {
        (self.code, &self.text) == (other.code, &other.text)
    }
}

impl Eq for Refusal {}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ERROR {}: {}", self.code, self.text)
    }
}

impl Error for Refusal {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as _)
    }
}

/// What a reader or a source fails with so that its client gets this code and text.
impl From<Refusal> for io::Error {
    fn from(refusal: Refusal) -> io::Error {
        io::Error::other(refusal)
    }
}

/// The refusal that the error holds, or one with code and text by its kind, because its own text may name what concerns
/// this host only: that stays its source.
impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Refusal {
        let error = match error.downcast::<Refusal>() {
            Ok(refusal) => return refusal,
            Err(error) => error,
        };
        by_kind(error.kind()).because(error)
    }
}

fn by_kind(kind: io::ErrorKind) -> Refusal {
    use io::ErrorKind::{
        AlreadyExists, FileTooLarge, NotFound, PermissionDenied, QuotaExceeded, StorageFull,
    };
    match kind {
        NotFound => Refusal::not_found(),
        PermissionDenied => Refusal::new(ErrorCode::ACCESS, "Access violation"),
        AlreadyExists => Refusal::new(ErrorCode::EXISTS, "File already exists"),
        StorageFull | QuotaExceeded | FileTooLarge => {
            Refusal::new(ErrorCode::DISK_FULL, "Disk full or allocation exceeded")
        }
        _ => Refusal::new(ErrorCode::UNDEFINED, "Input/output error"),
    }
}
