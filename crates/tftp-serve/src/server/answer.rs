//! The answers that a handler gives to requests.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use tftp_proto::wire::Operation;

use futures_core::Stream;
use futures_io::{AsyncRead, AsyncWrite};
use tftp_files::Fed;

use super::data_queue::Load;
use super::pump::{Prepared, PumpedConnection};
use super::refusal::Refusal;
use super::sink::{AsyncSink, AsyncWriter, BoxedSink, Sink, Writer};
use super::source::{AsyncReader, AsyncSource, BoxedSource, Reader, Reopened, Shape, Source};
use super::stream::{ReopenedStream, Streamed};
use crate::sources::Sources;

/// The answer to a [`Request`](crate::Request): where the bytes come from or go to, or a refusal.
///
/// An answer that does not fit the request's operation ([`Answer::bytes`] for an upload,
/// [`Answer::sink`] for a download) refuses the request with ERROR 4.
#[must_use]
pub struct Answer(pub(super) Kind);

pub(super) enum Kind {
    Sources(Sources),
    Bytes(Arc<Vec<u8>>),
    Sink(Box<dyn Sink>),
    Source(Box<dyn Source>),
    AsyncSink(Box<dyn BoxedSink>),
    AsyncSource(Box<dyn BoxedSource>),
    Refuse(Refusal),
    Later,
}

/// An answer in the form that its connection takes.
pub(super) enum Ready {
    Sources(Sources),
    Load(Load),
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

    /// Serves another name from the root directory, or stores an upload there. The name is confined
    /// to the root directory, as in [`Answer::root`].
    pub fn name(name: impl Into<String>) -> Answer {
        Answer(Kind::Sources(Sources {
            served_name: Some(name.into()),
            ..Sources::default()
        }))
    }

    /// Serves the file at any path, or stores an upload there.
    ///
    /// The path is not confined to the root directory, so do not build it from a client's name
    /// without checking that name.
    pub fn path(path: impl Into<PathBuf>) -> Answer {
        Answer(Kind::Sources(Sources {
            local_file: Some(path.into()),
            ..Sources::default()
        }))
    }

    /// Serves bytes to a download. Downloads that get clones of one `Arc<Vec<u8>>` share its bytes.
    pub fn bytes(bytes: impl Into<Content>) -> Answer {
        Answer(Kind::Bytes(bytes.into().0))
    }

    /// Serves a reader's bytes to a download; `size` is their length in bytes, if known.
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
    pub fn reader(reader: impl io::Read + Send + 'static, size: Option<u64>) -> Answer {
        Answer::source(Reader { reader, size })
    }

    /// Serves a reader's bytes to all downloads with the same `key` and `size`: see
    /// [`Source::key`].
    ///
    /// `open` makes the reader, starting at its first byte. It is called only when this download
    /// has to supply the bytes, so a thousand clients that begin together open one reader, which
    /// goes on when the first of them leaves. It is called again for a client that comes too late
    /// for the bytes that are still held.
    ///
    /// ```no_run
    /// use std::fs::File;
    /// use tftp_serve::{Answer, Request};
    ///
    /// let handler =
    ///     |_: Request| Answer::shared_reader("image", None, || File::open("/images/current.gz"));
    /// # let _ = tftp_serve::Server::builder().handler(handler);
    /// ```
    pub fn shared_reader<O, R>(key: impl Into<Arc<str>>, size: Option<u64>, open: O) -> Answer
    where
        O: FnMut() -> io::Result<R> + Send + 'static,
        R: io::Read + Send + 'static,
    {
        let key = key.into();
        Answer::source(Reopened {
            open,
            opened: None,
            size,
            key,
        })
    }

    /// Serves a source's bytes to a download.
    pub fn source(source: impl Source) -> Answer {
        Answer(Kind::Source(Box::new(source)))
    }

    /// Serves an asynchronous source's bytes to a download.
    pub fn async_source(source: impl AsyncSource) -> Answer {
        Answer(Kind::AsyncSource(Box::new(source)))
    }

    /// Serves an asynchronous reader's bytes to a download; `size` is their length in bytes, if
    /// known.
    ///
    /// A pending reader holds no thread: see [`AsyncSource`]. `compat()` of the crate `tokio-util`
    /// turns a reader of tokio into one of this trait.
    pub fn async_reader(reader: impl AsyncRead + Send + 'static, size: Option<u64>) -> Answer {
        let reader = Box::pin(reader);
        Answer::async_source(AsyncReader { reader, size })
    }

    /// Serves the pieces of a stream to a download; `size` is their total length in bytes, if
    /// known.
    ///
    /// The body of an HTTP response is such a stream in most client libraries
    /// (`reqwest::Response::bytes_stream`). A piece may have any length; the part that the client
    /// is not ready for yet is kept. A piece that is an error ends the download: the client gets
    /// the ERROR that [`Refusal`] makes of it, and [`Outcome::Refused`](crate::Outcome::Refused)
    /// holds the error.
    ///
    /// ```
    /// # use std::pin::Pin;
    /// # use std::task::{Context, Poll};
    /// # fn body_of(_: &str) -> Body { Body }
    /// # struct Body;
    /// # impl Body { fn content_length(&self) -> Option<u64> { None } }
    /// # impl futures_core::Stream for Body {
    /// #     type Item = Result<Vec<u8>, std::io::Error>;
    /// #     fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> { Poll::Ready(None) }
    /// # }
    /// use tftp_serve::{Answer, Request};
    ///
    /// let handler = |request: Request| {
    ///     let body = body_of(request.name());
    ///     let size = body.content_length();
    ///     Answer::stream(body, size)
    /// };
    /// # let _ = tftp_serve::Server::builder().handler(handler);
    /// ```
    pub fn stream<S, B, E>(stream: S, size: Option<u64>) -> Answer
    where
        S: Stream<Item = Result<B, E>> + Send + 'static,
        B: AsRef<[u8]> + Send + 'static,
        E: Into<Box<dyn Error + Send + Sync>> + 'static,
    {
        Answer::async_source(Streamed::new(stream, size))
    }

    /// Serves a stream that all downloads with the same `key` and `size` share: see
    /// [`Source::key`].
    ///
    /// `open` makes the stream, starting at its first byte. It is called only when this download
    /// has to supply the bytes, so a thousand clients that begin together open one stream, which
    /// goes on when the first of them leaves. It is called again for a client that comes too late
    /// for the bytes that are still held.
    pub fn shared_stream<O, S, B, E>(key: impl Into<Arc<str>>, size: Option<u64>, open: O) -> Answer
    where
        O: FnMut() -> S + Send + 'static,
        S: Stream<Item = Result<B, E>> + Send + 'static,
        B: AsRef<[u8]> + Send + 'static,
        E: Into<Box<dyn Error + Send + Sync>> + 'static,
    {
        Answer::async_source(ReopenedStream::new(open, key.into(), size))
    }

    /// Passes an upload to a sink instead of a file.
    pub fn sink(sink: impl Sink) -> Answer {
        Answer(Kind::Sink(Box::new(sink)))
    }

    /// Passes an upload to a writer, which is flushed when the upload is complete.
    pub fn writer(writer: impl io::Write + Send + 'static) -> Answer {
        Answer::sink(Writer(writer))
    }

    /// Passes an upload to an asynchronous sink.
    pub fn async_sink(sink: impl AsyncSink) -> Answer {
        Answer(Kind::AsyncSink(Box::new(sink)))
    }

    /// Passes an upload to an asynchronous writer, which is closed when the upload is complete.
    pub fn async_writer(writer: impl AsyncWrite + Send + 'static) -> Answer {
        Answer::async_sink(AsyncWriter(Box::pin(writer)))
    }

    /// Refuses the request: the client gets an ERROR.
    pub fn refuse(refusal: impl Into<Refusal>) -> Answer {
        Answer(Kind::Refuse(refusal.into()))
    }

    /// Leaves the answer to the [`Deferred`](crate::Deferred) of this request.
    ///
    /// The request is refused if it was not deferred, or if the [`Deferred`](crate::Deferred) was
    /// dropped.
    pub fn later() -> Answer {
        Answer(Kind::Later)
    }

    /// Converts the answer for its connection, and returns the future, if there is one, that has to
    /// be started afterwards. An answer that does not fit the operation becomes a refusal.
    pub(super) fn prepare(self, carried: PumpedConnection) -> (Ready, Option<Prepared>) {
        let (id, operation) = (carried.live.info.id, carried.live.info.operation);
        let fed = |shape: Shape| Fed {
            feeds: Arc::clone(&carried.router.feeds),
            name: id,
            size: shape.size,
            key: shape.key,
        };
        let ready = match (self.0, operation) {
            (Kind::Bytes(_) | Kind::Source(_) | Kind::AsyncSource(_), Operation::Write)
            | (Kind::Sink(_) | Kind::AsyncSink(_), Operation::Read) => {
                let code = tftp_proto::wire::ErrorCode::ILLEGAL;
                Ready::Refuse(Refusal::new(code, "Not available in this direction"))
            }
            (Kind::Later, _) => Ready::Later,
            (Kind::Refuse(refusal), _) => Ready::Refuse(refusal),
            (Kind::Sources(sources), _) => Ready::Sources(sources),
            (Kind::Bytes(bytes), _) => Ready::Sources(Sources {
                data: Some(bytes),
                ..Sources::default()
            }),
            (Kind::Sink(sink), _) => Ready::Load(Load::Sink(sink)),
            (Kind::Source(source), _) => {
                let shape = source.shape();
                let source: Box<dyn Source> = match shape.shared() {
                    Some(shared) => Box::new(carried.router.shared_sources.join(shared, source)),
                    None => source,
                };
                Ready::Load(Load::Source(source, fed(shape)))
            }
            (Kind::AsyncSink(sink), _) => {
                let prepared = Prepared::new(carried.clone(), sink.drain(carried));
                let load = Load::Task(Arc::clone(&prepared.running), None);
                return (Ready::Load(load), Some(prepared));
            }
            (Kind::AsyncSource(source), _) => {
                let shape = source.shape();
                let shared = shape.shared();
                let fed = fed(shape);
                let prepared = Prepared::new(carried.clone(), source.supply(carried, shared));
                let load = Load::Task(Arc::clone(&prepared.running), Some(fed));
                return (Ready::Load(load), Some(prepared));
            }
        };
        (ready, None)
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Sources(sources) => f.debug_tuple("Answer").field(sources).finish(),
            Kind::Bytes(bytes) => write!(f, "Answer({} bytes)", bytes.len()),
            Kind::Sink(_) | Kind::AsyncSink(_) => f.write_str("Answer(sink)"),
            Kind::Source(_) | Kind::AsyncSource(_) => f.write_str("Answer(source)"),
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

/// Lets handlers use `?`.
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
