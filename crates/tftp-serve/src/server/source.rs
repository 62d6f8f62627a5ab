//! Where the bytes of a download come from when they are neither a file nor in memory.

use std::future::poll_fn;
use std::io::{self, Read};
use std::pin::Pin;
use std::sync::Arc;

use futures_io::AsyncRead;

use super::handler::Task;
use super::pump::{self, Carried};

/// Supplies the bytes of one download.
///
/// Methods run on threads of the library's own, one call at a time. They may block: the client waits meanwhile, at most for
/// the [inactivity timeout](crate::Settings::inactivity_timeout), and no other client does, until
/// [`Builder::blocking_threads`](crate::Builder::blocking_threads) sources and sinks block at the same time. No more than
/// two windows are read ahead of the client. An error ends the download: its client gets what
/// [`Refusal`](crate::Refusal) makes of it.
///
/// [`AsyncSource`] holds no thread while it waits.
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
    /// Returns the length in bytes, where it is known: clients that ask for it are told.
    ///
    /// A source that ends before fails its download.
    fn size(&self) -> Option<u64> {
        None
    }

    /// Returns the name under which downloads share what is read; `None`: this one shares with no other.
    ///
    /// Sources of one key and one size must have the same bytes: what one of them reads is sent to all, so that a
    /// thousand clients that begin together cause one pass over it. One that comes too late for what is still held has the
    /// source read again from the beginning.
    fn key(&self) -> Option<Arc<str>> {
        None
    }

    /// Reads bytes from `offset` on into `buffer`, and returns how many; 0 is the end. `buffer` is not empty.
    ///
    /// Without a key offsets follow each other without a gap; with one, reading may begin anew at 0.
    ///
    /// # Errors
    /// Any; [`std::io::ErrorKind::Interrupted`] is tried again.
    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;
}

/// Supplies the bytes of one download without blocking a thread.
///
/// What it returns is polled on threads of the library's own, first when the client's request was answered and then whenever
/// its waker is called; with [`Builder::spawner`](crate::Builder::spawner), on the application's runtime. It must not block.
/// What it promises is the same as for [`Source`]. It is dropped when its download has ended, also while a future of it is
/// pending, before the end is reported.
///
/// [`Answer::async_reader`](crate::Answer::async_reader) and [`Answer::stream`](crate::Answer::stream) make one of readers
/// and streams.
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
    /// Returns the length in bytes, where it is known: see [`Source::size`].
    fn size(&self) -> Option<u64> {
        None
    }

    /// Returns the name under which downloads share what is read: see [`Source::key`].
    fn key(&self) -> Option<Arc<str>> {
        None
    }

    /// Reads bytes from `offset` on into `buffer`, and returns how many; 0 is the end: see [`Source::read_at`].
    ///
    /// # Errors
    /// Any; [`std::io::ErrorKind::Interrupted`] is tried again.
    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> impl Future<Output = io::Result<usize>> + Send;
}

/// What is known of a source before it is read.
pub(super) struct Shape {
    pub(super) size: Option<u64>,
    pub(super) key: Option<Arc<str>>,
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

    /// Makes the future that supplies its download.
    fn supply(self: Box<Self>, carried: Carried) -> Task;
}

impl<S: AsyncSource> BoxedSource for S {
    fn shape(&self) -> Shape {
        let (size, key) = (self.size(), self.key());
        Shape { size, key }
    }

    fn supply(self: Box<Self>, carried: Carried) -> Task {
        Box::pin(pump::supply(carried, *self))
    }
}

/// A reader is read once, from its beginning to its end.
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

/// An asynchronous reader is read once, from its beginning to its end.
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
