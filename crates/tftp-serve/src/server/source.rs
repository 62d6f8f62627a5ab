//! Sources: suppliers of downloads that are neither files nor in memory.

use std::future::poll_fn;
use std::io::{self, Read};
use std::pin::Pin;
use std::sync::Arc;

use futures_io::AsyncRead;

use super::data_queue::Shared;
use super::handler::Task;
use super::pump::{self, PumpedConnection};

/// Supplies the bytes of one download.
///
/// Methods run on the library's own threads, one call at a time. They may block: the client then
/// waits, at most for the [inactivity timeout](crate::Settings::inactivity_timeout). Other clients
/// do not wait, unless [`Builder::blocking_threads`](crate::Builder::blocking_threads) sources and
/// sinks block at the same time. At most two windows are read ahead of the client, and, once it has
/// taken 128 kB, up to half a megabyte more as long as few sources share the server's budget of 16
/// MB for that. An error ends the download: the client gets the ERROR that
/// [`Refusal`](crate::Refusal) makes of it.
///
/// An [`AsyncSource`] holds no thread while it waits.
///
/// ```
/// use std::io;
/// use std::sync::Arc;
///
/// use tftp_serve::Source;
///
/// /// An object in a store that is read in ranges.
/// struct Object {
///     name: Arc<str>,
///     size: u64,
/// }
///
/// impl Source for Object {
///     fn size(&self) -> Option<u64> {
///         Some(self.size)
///     }
///
///     fn key(&self) -> Option<Arc<str>> {
///         Some(Arc::clone(&self.name))
///     }
///
///     fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
/// #       let get_range = |_: &str, _: u64, buffer: &mut [u8]| Ok(buffer.len());
///         get_range(&self.name, offset, buffer)
///     }
/// }
/// ```
pub trait Source: Send + 'static {
    /// Returns the length in bytes, if it is known. It is sent to clients that request it (the
    /// option tsize, RFC 2349).
    ///
    /// A source that ends before this length fails its download.
    fn size(&self) -> Option<u64> {
        None
    }

    /// Returns the name under which downloads share the bytes read; `None` if this source is not
    /// shared.
    ///
    /// Sources with the same key and size must have the same bytes. The bytes that one of them
    /// reads are sent to all, so a thousand clients that begin together cause a single pass over
    /// one source. When the download that brought this source ends, it goes on for the others; it
    /// is dropped with the last of them at the latest. For a client that comes too late for the
    /// bytes that are still held, a source is read from the beginning.
    fn key(&self) -> Option<Arc<str>> {
        None
    }

    /// Reads bytes at `offset` into `buffer`, and returns their number; 0 is the end. `buffer` is
    /// not empty.
    ///
    /// Without a key, each call continues at the end of the previous one. With a key, a call may
    /// have any offset: usually the end of the previous one, 0 for a client that came too late for
    /// the bytes held, and seldom another one, as after a source that was dropped in a call. A
    /// source that can only read on must compare `offset` with its position, and open its content
    /// again if they differ, as [`Answer::shared_reader`](crate::Answer::shared_reader) does.
    ///
    /// # Errors
    /// Any error ends the download, except [`std::io::ErrorKind::Interrupted`], after which the
    /// call is repeated.
    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;
}

/// Supplies the bytes of one download without blocking a thread.
///
/// The futures of its method are polled on the library's own threads, first when the request was
/// answered and then whenever their waker is called, or, with
/// [`Builder::spawner`](crate::Builder::spawner), on the application's runtime. They must not
/// block. The rules of [`Source`] hold here, too. When the download has ended, the source is
/// dropped before the end is reported, even if one of its futures is pending. A source with a key
/// goes on for the downloads that share it.
///
/// [`Answer::async_reader`](crate::Answer::async_reader) and
/// [`Answer::stream`](crate::Answer::stream) make sources of readers and streams.
///
/// ```
/// use std::io;
///
/// use tftp_serve::AsyncSource;
///
/// /// An object in a store that is read in ranges.
/// struct Object {
///     url: String,
///     size: u64,
/// }
///
/// impl AsyncSource for Object {
///     fn size(&self) -> Option<u64> {
///         Some(self.size)
///     }
///
///     async fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
/// #       async fn get_range(_: &str, _: u64, buffer: &mut [u8]) -> io::Result<usize> { Ok(buffer.len()) }
///         get_range(&self.url, offset, buffer).await
///     }
/// }
/// ```
pub trait AsyncSource: Send + 'static {
    /// Returns the length in bytes, if it is known: see [`Source::size`].
    fn size(&self) -> Option<u64> {
        None
    }

    /// Returns the name under which downloads share the bytes read: see [`Source::key`].
    fn key(&self) -> Option<Arc<str>> {
        None
    }

    /// Reads bytes at `offset` into `buffer`, and returns their number; 0 is the end: see
    /// [`Source::read_at`].
    ///
    /// # Errors
    /// Any error ends the download, except [`std::io::ErrorKind::Interrupted`], after which the
    /// call is repeated.
    fn read_at(
        &mut self,
        offset: u64,
        buffer: &mut [u8],
    ) -> impl Future<Output = io::Result<usize>> + Send;
}

/// The properties of a source that are known before it is read.
pub(super) struct Shape {
    pub(super) size: Option<u64>,
    pub(super) key: Option<Arc<str>>,
}

impl Shape {
    /// Returns the key and the size under which the source is shared.
    pub(super) fn shared(&self) -> Option<Shared> {
        Some((self.key.clone()?, self.size))
    }
}

impl dyn Source {
    pub(super) fn shape(&self) -> Shape {
        let (size, key) = (self.size(), self.key());
        Shape { size, key }
    }
}

/// An asynchronous source behind a pointer.
pub(super) trait BoxedSource: Send {
    fn shape(&self) -> Shape;

    /// Makes the future that supplies its download, and those that share it.
    fn supply(self: Box<Self>, carried: PumpedConnection, shared: Option<Shared>) -> Task;
}

impl<S: AsyncSource> BoxedSource for S {
    fn shape(&self) -> Shape {
        let (size, key) = (self.size(), self.key());
        Shape { size, key }
    }

    fn supply(self: Box<Self>, carried: PumpedConnection, shared: Option<Shared>) -> Task {
        match shared {
            None => Box::pin(pump::supply(carried, *self)),
            Some(shared) => {
                let member = carried.router.shared_sources.join(shared, *self);
                Box::pin(pump::supply(carried, member))
            }
        }
    }
}

/// A source that reads a reader once, from its beginning to its end.
pub(super) struct Reader<R> {
    pub(super) reader: R,
    pub(super) size: Option<u64>,
}

impl<R: Read + Send + 'static> Source for Reader<R> {
    fn size(&self) -> Option<u64> {
        self.size
    }

    fn read_at(&mut self, _: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.reader.read(buffer)
    }
}

/// A source that reads a reader from its beginning, and opens it again to read it once more.
pub(super) struct Reopened<O, R> {
    pub(super) open: O,
    pub(super) opened: Option<(R, u64)>,
    pub(super) size: Option<u64>,
    pub(super) key: Arc<str>,
}

impl<O, R> Source for Reopened<O, R>
where
    O: FnMut() -> io::Result<R> + Send + 'static,
    R: Read + Send + 'static,
{
    fn size(&self) -> Option<u64> {
        self.size
    }

    fn key(&self) -> Option<Arc<str>> {
        Some(Arc::clone(&self.key))
    }

    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let opened = match self.opened.take_if(|(_, at)| *at <= offset) {
            Some(opened) => opened,
            None => ((self.open)()?, 0),
        };
        let (reader, at) = self.opened.insert(opened);
        // This source takes over from one that was dropped: skip the bytes that the other has read.
        while *at < offset {
            let most = (offset - *at).min(buffer.len() as u64);
            match reader.read(&mut buffer[..most as usize])? {
                0 => return Err(became_shorter()),
                count => *at += count as u64,
            }
        }
        let count = reader.read(buffer)?;
        *at += count as u64;
        Ok(count)
    }
}

/// Returns the error of content that is opened again and ends before the place at which it was left:
/// what was sent of it would pass for the whole.
pub(super) fn became_shorter() -> io::Error {
    io::Error::new(
        io::ErrorKind::UnexpectedEof,
        "the content is shorter than when it was opened before",
    )
}

/// A source that reads an asynchronous reader once, from its beginning to its end.
pub(super) struct AsyncReader<R> {
    pub(super) reader: Pin<Box<R>>,
    pub(super) size: Option<u64>,
}

impl<R: AsyncRead + Send + 'static> AsyncSource for AsyncReader<R> {
    fn size(&self) -> Option<u64> {
        self.size
    }

    async fn read_at(&mut self, _: u64, buffer: &mut [u8]) -> io::Result<usize> {
        poll_fn(|context| self.reader.as_mut().poll_read(context, buffer)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_that_takes_over_skips_what_was_read_and_fails_if_there_is_less() {
        let mut source = Reopened {
            open: || Ok(io::Cursor::new([1, 2, 3, 4, 5])),
            opened: None,
            size: None,
            key: "key".into(),
        };
        let mut buffer = [0; 8];
        let mut read_at = |offset| source.read_at(offset, &mut buffer);
        assert_eq!(read_at(3).unwrap(), 2);
        assert_eq!(read_at(5).unwrap(), 0);
        assert_eq!(read_at(0).unwrap(), 5);
        assert_eq!(read_at(6).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }
}
