//! Sources and sinks that fail.

use std::io;
use std::sync::Arc;
use std::thread;

use tftp_serve::{AsyncSource, Source};

/// A part of a source or sink that panics when it is dropped, if it is true.
pub struct PanicsWhenDropped(pub bool);

impl Drop for PanicsWhenDropped {
    fn drop(&mut self) {
        assert!(!self.0 || thread::panicking(), "dropped: on purpose");
    }
}

/// A source that fails in one of its calls.
pub struct Failing {
    pub content: Arc<Vec<u8>>,
    pub key: Option<Arc<str>>,
    /// The number of the call that fails, counted from 1.
    pub fails_in: u64,
    /// True if that call panics.
    pub panics: bool,
    /// The maximum number of bytes that a call supplies.
    pub most: usize,
    pub end: PanicsWhenDropped,
}

impl Failing {
    fn read(&mut self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.fails_in = self.fails_in.saturating_sub(1);
        if self.fails_in == 0 {
            assert!(!self.panics, "the source is broken");
            return Err(io::Error::other("the source is broken"));
        }
        let rest = &self.content[offset as usize..];
        let count = rest.len().min(buffer.len()).min(self.most);
        buffer[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }
}

impl Source for Failing {
    fn size(&self) -> Option<u64> {
        Some(self.content.len() as u64)
    }

    fn key(&self) -> Option<Arc<str>> {
        self.key.clone()
    }

    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.read(offset, buffer)
    }
}

impl AsyncSource for Failing {
    fn size(&self) -> Option<u64> {
        Source::size(self)
    }

    fn key(&self) -> Option<Arc<str>> {
        Source::key(self)
    }

    async fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.read(offset, buffer)
    }
}
