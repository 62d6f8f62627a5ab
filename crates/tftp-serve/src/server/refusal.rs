//! The ERROR that a client gets when its request is refused or its transfer ended.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;

use tftp_proto::wire::ErrorCode;

/// An ERROR packet's code and text.
///
/// The text is sent as UTF-8 (many clients show ASCII only). Control characters are replaced by
/// `?`, and the text is cut off after 256 bytes. Refusals are equal if their codes and texts are.
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
    /// Makes a refusal with a code and a text.
    pub fn new(code: ErrorCode, text: impl Into<Cow<'static, str>>) -> Refusal {
        Refusal {
            code,
            text: text.into(),
            cause: None,
        }
    }

    /// Adds the reason, which is not sent to the client. The log shows it in place of the text, and
    /// it is the [`source`](std::error::Error::source) of the refusal in
    /// [`Outcome::Refused`](crate::Outcome::Refused).
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

    /// The refusal that a client gets when application code has panicked.
    pub(super) fn internal_error() -> Refusal {
        Refusal::new(ErrorCode::UNDEFINED, "Internal error")
    }

    /// Returns ERROR 1, "File not found".
    pub fn not_found() -> Refusal {
        Refusal::new(ErrorCode::NOT_FOUND, "File not found")
    }

    /// Returns ERROR 2, "Access denied".
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

    /// Returns the code and text that the client gets.
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

/// Makes an error with which a reader or a source fails so that its client gets this code and text.
impl From<Refusal> for io::Error {
    fn from(refusal: Refusal) -> io::Error {
        io::Error::other(refusal)
    }
}

/// Returns the refusal that the error holds. Any other error becomes the
/// [`source`](std::error::Error::source) of a refusal whose code and text follow from the error's
/// kind: its own text is not sent, because it may name things that concern this host only.
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
