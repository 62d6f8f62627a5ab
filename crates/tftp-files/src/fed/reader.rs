//! The position of one download in its source.

use std::io;
use std::sync::Arc;

use tftp_proto::Instant;

use super::group::{PassId, State, Waiter};
use super::pass::Found;
use super::{Feeds, Group};
use crate::Bytes;

/// Reads a source in order. It gives its place up when dropped.
pub(crate) struct Reader {
    feeds: Arc<Feeds>,
    group: Arc<Group>,
    id: u32,
    size: Option<u64>,
}

/// The next bytes of a source, as far as they were supplied.
#[derive(Debug)]
pub(crate) enum Piece {
    /// At least one byte, except for an empty end.
    Bytes {
        bytes: Bytes,
        /// These bytes are the last ones.
        is_last: bool,
    },
    /// The bytes were not supplied yet. They are expected in this pass.
    Pending(u64),
}

impl Reader {
    pub(super) fn new(feeds: Arc<Feeds>, group: Arc<Group>, id: u32, size: Option<u64>) -> Reader {
        Reader {
            feeds,
            group,
            id,
            size,
        }
    }

    /// The size of the source in bytes, if known.
    pub(crate) fn size(&self) -> Option<u64> {
        self.size
    }

    /// Returns true if other downloads may share the source.
    pub(crate) fn is_shared(&self) -> bool {
        self.group.key.is_some()
    }

    /// Sets the size of this download's window in bytes.
    pub(crate) fn widen(&self, window: u64) {
        self.group.state.lock().widen(self.id, window);
    }

    /// Finds the bytes from `start` on, and requests more from the application when that is due.
    pub(crate) fn find(&self, start: u64) -> io::Result<Piece> {
        let mut state = self.group.state.lock();
        let (pass, found) = state.find(self.id, start);
        // A reader alone that finds bytes makes no room.
        let may_ask = self.is_shared() || !matches!(found, Found::Bytes { .. });
        let has_asked = may_ask && self.feeds.ask(&mut state);
        drop(state);
        self.feeds.wake(has_asked);
        match found {
            Found::Bytes { bytes, is_last } => Ok(Piece::Bytes { bytes, is_last }),
            Found::Nothing | Found::Gone => Ok(Piece::Pending(pass.0)),
            Found::Short => Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the application supplied less than it had announced",
            )),
        }
    }

    /// Calls `waiter` when there are more bytes from `start` on, at once if there are already.
    pub(crate) fn wait(&self, pass: u64, start: u64, waiter: Waiter) {
        let wait = |state: &mut State| state.wait(PassId(pass), start, waiter);
        if let Some(waiter) = self.feeds.change(&self.group, wait) {
            waiter();
        }
    }

    /// Releases the bytes below `to`, which this download does not need any more.
    pub(crate) fn release(&self, to: u64) {
        self.feeds.change(&self.group, |state| state.release(self.id, to));
    }

    /// Leaves readers behind that hold others back for too long. Returns when to call it again;
    /// `None` if only after the next [`Reader::wait`].
    pub(crate) fn drop_slow_readers(&self, now: Instant) -> Option<Instant> {
        self.feeds
            .change(&self.group, |state| state.drop_slow_readers(now))
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.feeds.leave(&self.group, self.id);
    }
}
