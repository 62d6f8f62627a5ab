//! What a handler answers to a request.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use tftp_proto::wire::Operation;

use super::refusal::Refusal;
use super::sink::{Sink, Writer};
use super::source::{Reader, Source};
use crate::sources::Sources;

/// The answer to a [`Request`](crate::Request): where the bytes come from or go to, or a refusal.
///
/// What cannot serve the request's operation ([`Answer::bytes`] for an upload, [`Answer::sink`] for a
/// download) refuses it with ERROR 4.
#[must_use]
pub struct Answer(pub(super) Kind);

pub(super) enum Kind {
    Sources(Sources),
    Bytes(Arc<Vec<u8>>),
    Sink(Box<dyn Sink>),
    Source(Box<dyn Source>),
    Refuse(Refusal),
    Later,
}

impl Answer {
    /// Serves the requested name from the root directory, or stores an upload there.
    ///
    /// Without a root directory the client gets ERROR 1.
    pub fn root() -> Answer {
        Answer(Kind::Sources(Sources::default()))
    }

    /// Does what [`Answer::root`] does with another name, which is confined to the root directory all the same.
    pub fn name(name: impl Into<String>) -> Answer {
        Answer(Kind::Sources(Sources {
            served_name: Some(name.into()),
            ..Sources::default()
        }))
    }

    /// Serves the file at any path, or stores an upload there.
    ///
    /// The path is not confined to the root directory: it must not be made of a client's name
    /// without care.
    pub fn path(path: impl Into<PathBuf>) -> Answer {
        Answer(Kind::Sources(Sources {
            local_file: Some(path.into()),
            ..Sources::default()
        }))
    }

    /// Serves bytes to a download. An `Arc<Vec<u8>>` is shared by all downloads that get it.
    pub fn bytes(bytes: impl Into<Content>) -> Answer {
        Answer(Kind::Bytes(bytes.into().0))
    }

    /// Serves what a reader reads to a download; `size` is its length, where that is known.
    ///
    /// ```no_run
    /// use std::fs::File;
    /// use tftp_serve::{Answer, Refusal, Request};
    ///
    /// let handler = |_: Request| -> Result<Answer, Refusal> {
    ///     let image = File::open("/images/current.gz")?;
    ///     let size = image.metadata()?.len();
    ///     Ok(Answer::reader(image, Some(size)))
    /// };
    /// # let _ = tftp_serve::Server::builder().handler(handler);
    /// ```
    pub fn reader(reader: impl std::io::Read + Send + 'static, size: Option<u64>) -> Answer {
        Answer::source(Reader { reader, size })
    }

    /// Serves what a source supplies to a download.
    pub fn source(source: impl Source) -> Answer {
        Answer(Kind::Source(Box::new(source)))
    }

    /// Passes an upload to a sink instead of a file.
    pub fn sink(sink: impl Sink) -> Answer {
        Answer(Kind::Sink(Box::new(sink)))
    }

    /// Passes an upload to a writer, which is flushed when the upload is whole.
    pub fn writer(writer: impl std::io::Write + Send + 'static) -> Answer {
        Answer::sink(Writer(writer))
    }

    /// Refuses the request: the client gets an ERROR.
    pub fn refuse(refusal: impl Into<Refusal>) -> Answer {
        Answer(Kind::Refuse(refusal.into()))
    }

    /// Announces that the answer comes from the [`Deferred`](crate::Deferred) of this request.
    ///
    /// Where the request was not deferred, or the deferred was dropped, the request is refused.
    pub fn later() -> Answer {
        Answer(Kind::Later)
    }

    /// Turns what cannot serve an operation into a refusal.
    pub(super) fn fit(self, operation: Operation) -> Kind {
        match (self.0, operation) {
            (Kind::Bytes(_) | Kind::Source(_), Operation::Write) | (Kind::Sink(_), Operation::Read) => {
                let code = tftp_proto::wire::ErrorCode::ILLEGAL;
                Kind::Refuse(Refusal::new(code, "Not available in this direction"))
            }
            (Kind::Bytes(bytes), Operation::Read) => Kind::Sources(Sources {
                data: Some(bytes),
                ..Sources::default()
            }),
            (kind, _) => kind,
        }
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Sources(sources) => f.debug_tuple("Answer").field(sources).finish(),
            Kind::Bytes(bytes) => write!(f, "Answer({} bytes)", bytes.len()),
            Kind::Sink(_) => f.write_str("Answer(sink)"),
            Kind::Source(_) => f.write_str("Answer(source)"),
            Kind::Refuse(refusal) => f.debug_tuple("Answer").field(refusal).finish(),
            Kind::Later => f.write_str("Answer(later)"),
        }
    }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Answer {
        Answer::refuse(refusal)
    }
}

/// So that handlers can use `?`.
impl<E: Into<Refusal>> From<Result<Answer, E>> for Answer {
    fn from(result: Result<Answer, E>) -> Answer {
        result.unwrap_or_else(|refusal| Answer::refuse(refusal))
    }
}

/// Bytes to serve, shared rather than copied: see [`Answer::bytes`].
#[derive(Clone, Debug)]
pub struct Content(Arc<Vec<u8>>);

impl From<Vec<u8>> for Content {
    fn from(bytes: Vec<u8>) -> Content {
        Content(Arc::new(bytes))
    }
}

impl From<Arc<Vec<u8>>> for Content {
    fn from(bytes: Arc<Vec<u8>>) -> Content {
        Content(bytes)
    }
}

impl From<String> for Content {
    fn from(text: String) -> Content {
        text.into_bytes().into()
    }
}

impl From<&str> for Content {
    fn from(text: &str) -> Content {
        text.as_bytes().to_vec().into()
    }
}

impl From<&[u8]> for Content {
    fn from(bytes: &[u8]) -> Content {
        bytes.to_vec().into()
    }
}

impl<const N: usize> From<&[u8; N]> for Content {
    fn from(bytes: &[u8; N]) -> Content {
        bytes.to_vec().into()
    }
}
