//! Streams of pieces as sources of downloads.

use std::error::Error;
use std::future::poll_fn;
use std::io;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;

use futures_core::Stream;

use super::source::{AsyncSource, became_shorter};

/// A stream, and the rest of its last piece that was not passed on yet.
struct Pieces<S, B> {
    stream: Pin<Box<S>>,
    piece: Option<B>,
    /// The number of bytes of the piece that were passed on.
    taken: usize,
    /// The number of bytes of the stream that were passed on.
    at: u64,
}

impl<S, B, E> Pieces<S, B>
where
    S: Stream<Item = Result<B, E>> + Send,
    B: AsRef<[u8]>,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    fn new(stream: S) -> Pieces<S, B> {
        Pieces {
            stream: Box::pin(stream),
            piece: None,
            taken: 0,
            at: 0,
        }
    }

    /// Returns the next bytes: as many as are available, at most `most`, and none at the end.
    async fn next(&mut self, most: u64) -> io::Result<&[u8]> {
        let held = |piece: &B| piece.as_ref().len();
        while self.piece.as_ref().is_none_or(|piece| held(piece) == self.taken) {
            // Free a piece that was passed on before waiting for the next one.
            (self.piece, self.taken) = (None, 0);
            match poll_fn(|context| self.stream.as_mut().poll_next(context)).await {
                Some(Ok(piece)) => self.piece = Some(piece),
                Some(Err(error)) => return Err(io_error(error.into())),
                None => return Ok(&[]),
            }
        }
        let piece = self.piece.as_ref().map(B::as_ref).unwrap_or_default();
        let rest = &piece[self.taken..];
        let count = rest.len().min(usize::try_from(most).unwrap_or(rest.len()));
        self.taken += count;
        self.at += count as u64;
        Ok(&rest[..count])
    }

    async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.next(buffer.len() as u64).await?;
        buffer[..bytes.len()].copy_from_slice(bytes);
        Ok(bytes.len())
    }
}

/// Converts the error to an I/O error, unless it is one already.
fn io_error(error: Box<dyn Error + Send + Sync>) -> io::Error {
    match error.downcast::<io::Error>() {
        Ok(error) => *error,
        Err(error) => io::Error::other(error),
    }
}

/// A stream of one download, which is read once.
pub(super) struct Streamed<S, B> {
    pieces: Pieces<S, B>,
    size: Option<u64>,
}

impl<S, B, E> Streamed<S, B>
where
    S: Stream<Item = Result<B, E>> + Send,
    B: AsRef<[u8]>,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    pub(super) fn new(stream: S, size: Option<u64>) -> Streamed<S, B> {
        let pieces = Pieces::new(stream);
        Streamed { pieces, size }
    }
}

impl<S, B, E> AsyncSource for Streamed<S, B>
where
    S: Stream<Item = Result<B, E>> + Send + 'static,
    B: AsRef<[u8]> + Send + 'static,
    E: Into<Box<dyn Error + Send + Sync>> + 'static,
{
    fn size(&self) -> Option<u64> {
        self.size
    }

    async fn read_at(&mut self, _: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.pieces.read(buffer).await
    }
}

/// A stream that several downloads share, opened whenever it has to be read from its beginning.
pub(super) struct ReopenedStream<O, S, B> {
    open: O,
    pieces: Option<Pieces<S, B>>,
    key: Arc<str>,
    size: Option<u64>,
    made: PhantomData<fn() -> (S, B)>,
}

impl<O, S, B> ReopenedStream<O, S, B> {
    pub(super) fn new(open: O, key: Arc<str>, size: Option<u64>) -> ReopenedStream<O, S, B> {
        ReopenedStream {
            open,
            pieces: None,
            key,
            size,
            made: PhantomData,
        }
    }
}

impl<O, S, B, E> AsyncSource for ReopenedStream<O, S, B>
where
    O: FnMut() -> S + Send + 'static,
    S: Stream<Item = Result<B, E>> + Send + 'static,
    B: AsRef<[u8]> + Send + 'static,
    E: Into<Box<dyn Error + Send + Sync>> + 'static,
{
    fn size(&self) -> Option<u64> {
        self.size
    }

    fn key(&self) -> Option<Arc<str>> {
        Some(Arc::clone(&self.key))
    }

    async fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let pieces = match self.pieces.take_if(|pieces| pieces.at <= offset) {
            Some(pieces) => self.pieces.insert(pieces),
            None => self.pieces.insert(Pieces::new((self.open)())),
        };
        // This source takes over from one that was dropped: skip the bytes that the other has read.
        while pieces.at < offset {
            let left = offset - pieces.at;
            if pieces.next(left).await?.is_empty() {
                return Err(became_shorter());
            }
        }
        pieces.read(buffer).await
    }
}
