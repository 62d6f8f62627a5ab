//! Totals of a server.

use std::sync::atomic::Ordering::Relaxed;

use crate::shared::Shared;

/// Totals since a server was started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Active transfers.
    pub active: u64,
    /// Accepted requests, without duplicates.
    pub requests: u64,
    /// Transfers that ended complete.
    pub completed: u64,
    /// Transfers that ended in any other way.
    pub failed: u64,
    /// Requests that a limit, a setting or the handler refused.
    pub refused: u64,
    /// Requests left unanswered because of overload.
    pub unanswered: u64,
    /// Bytes of files that clients acknowledged.
    pub bytes_sent: u64,
    /// Bytes of files received.
    pub bytes_received: u64,
    /// Retransmitted packets.
    pub retransmissions: u64,
}

impl Stats {
    pub(super) fn of(shared: &Shared) -> Stats {
        let counters = &shared.counters;
        Stats {
            active: shared.active() as u64,
            requests: counters.requests.load(Relaxed),
            completed: counters.completed.load(Relaxed),
            failed: counters.failed.load(Relaxed),
            refused: counters.refused.load(Relaxed),
            unanswered: counters.unanswered.load(Relaxed),
            bytes_sent: counters.bytes_sent.load(Relaxed),
            bytes_received: counters.bytes_received.load(Relaxed),
            retransmissions: counters.retransmissions.load(Relaxed),
        }
    }
}
