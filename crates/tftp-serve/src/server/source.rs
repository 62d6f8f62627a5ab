//! Where the bytes of a download come from when they are neither a file nor in memory.

use std::io::{self, Read};
use std::sync::Arc;

/// Supplies the bytes of one download.
///
/// Methods run on the library's handler threads, one call at a time. They may block; the client waits meanwhile, at most for
/// the [inactivity timeout](crate::Settings::inactivity_timeout). No more than two windows are read ahead of the client.
/// An error ends the download: its client gets what [`Refusal`](crate::Refusal) makes of it.
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
