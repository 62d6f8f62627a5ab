//! Packets for which the system has no room.

use std::collections::HashMap;
use std::time::Duration;

use tftp_proto::Instant;

use crate::clock;

/// The time for which the first packet of a socket may find no room. A full device has room again
/// after a few milliseconds; for some packets there is never any, as for one that is longer than
/// the send buffer or than the bucket of a shaper, and they must not hold up those behind them.
pub(super) const LONGEST: Duration = Duration::from_millis(100);

/// The congested sockets, with the time since when they have sent nothing.
#[derive(Default)]
pub(in super::super) struct Congestion {
    /// Those of the last flush that this one has not found able or unable to send yet.
    before: HashMap<usize, Instant>,
    /// Those of this flush.
    now: HashMap<usize, Instant>,
}

impl Congestion {
    /// Begins a flush.
    #[inline]
    pub(super) fn begin(&mut self) {
        if !self.before.is_empty() || !self.now.is_empty() {
            std::mem::swap(&mut self.before, &mut self.now);
            self.now.clear();
        }
    }

    /// Called when a packet of a socket was sent.
    #[inline]
    pub(in super::super) fn sent(&mut self, socket: usize) {
        if !self.before.is_empty() {
            self.before.remove(&socket);
        }
    }

    /// Called when there was no room for the first packet of a socket. Returns true if there has
    /// been none for so long that the packet is to be dropped.
    pub(in super::super) fn is_lasting(&mut self, socket: usize) -> bool {
        let now = clock::now();
        let since = self.before.remove(&socket).unwrap_or(now);
        let is_lasting = now.saturating_sub(since) >= LONGEST;
        if !is_lasting {
            self.now.insert(socket, since);
        }
        is_lasting
    }

    /// Called when a socket's packets are dropped.
    pub(super) fn forget(&mut self, socket: usize) {
        self.before.remove(&socket);
        self.now.remove(&socket);
    }

    /// Returns true if there was no room for a packet of that socket in this flush.
    #[inline]
    pub(in super::super) fn holds_up(&self, socket: usize) -> bool {
        !self.now.is_empty() && self.now.contains_key(&socket)
    }
}
