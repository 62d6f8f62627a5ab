//! The state that all shards of one server object share: ids, limits, memory, figures. It is used
//! once per request, never once per packet.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use hashbrown::HashMap;
use tftp_budget::memory::Memory;
use tftp_machine::{FLOOD, Full, Policy};

use super::idle::wait_idle;
use super::ids::Ids;
use tftp_sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use tftp_sync::{Condvar, Mutex};

/// Counters that outlive a single period of listening.
#[derive(Debug, Default)]
pub struct Shared {
    pub(super) ids: Arc<Ids>,
    pub(super) memory: Arc<Memory>,
    active: AtomicUsize,
    half_open: AtomicUsize,
    /// Signalled when `hosts` becomes empty.
    is_idle: Condvar,
    /// The number of active transfers of each client address.
    hosts: Mutex<HashMap<IpAddr, usize, foldhash::fast::RandomState>>,
    /// The figures that the Statistics setting reads.
    pub counters: Counters,
}

/// Totals since the server object was opened.
#[derive(Debug, Default)]
pub struct Counters {
    /// Accepted RRQs and WRQs, without duplicates.
    pub requests: AtomicU64,
    /// Connections that ended complete.
    pub completed: AtomicU64,
    /// Connections that ended in any other way.
    pub failed: AtomicU64,
    /// Requests that a limit, a setting or the application refused.
    pub refused: AtomicU64,
    /// Requests left unanswered because of overload.
    pub unanswered: AtomicU64,
    /// Bytes of files acknowledged by clients.
    pub bytes_sent: AtomicU64,
    /// Bytes of files received.
    pub bytes_received: AtomicU64,
    /// Retransmitted packets.
    pub retransmissions: AtomicU64,
}

impl Shared {
    /// Counters with another limit on the bytes of chunks that an I/O thread holds, for simulations:
    /// above it, downloads of silent clients give theirs up.
    pub fn with_held(held: usize) -> Shared {
        Shared {
            memory: Arc::new(Memory::with_held(held)),
            ..Shared::default()
        }
    }

    /// Returns the number of active transfers.
    pub fn active(&self) -> usize {
        self.active.load(Relaxed)
    }

    /// Returns the number of bytes that transfers have taken of the memory budget.
    pub fn memory_taken(&self) -> usize {
        self.memory.taken()
    }

    /// Waits until no transfer is active. Returns false if some are left after `patience`.
    pub(super) fn wait_idle(&self, patience: Option<Duration>) -> bool {
        wait_idle(&self.hosts, &self.is_idle, patience, |hosts| hosts.is_empty())
    }

    /// Frees the room that was needed for more clients than there are.
    pub(super) fn shrink(&self) {
        self.hosts.lock().shrink_to_fit();
        self.ids.shrink();
    }

    /// Returns the number of settled transfers: those whose clients have acknowledged something.
    pub(super) fn settled(&self) -> usize {
        self.active().saturating_sub(self.half_open.load(Relaxed))
    }

    /// Returns true in a flood: many transfers are half-open, and no fewer than are settled,
    /// because clients do not continue the transfers that they request.
    pub(super) fn is_flooded(&self) -> bool {
        let half_open = self.half_open.load(Relaxed);
        half_open >= FLOOD && half_open >= self.settled()
    }

    /// Counts in a new half-open transfer.
    ///
    /// # Errors
    /// The limit that is reached.
    pub(super) fn enter(&self, host: IpAddr, policy: &Policy) -> Result<(), Full> {
        let mut hosts = self.hosts.lock();
        let known = hosts.get(&host).copied().unwrap_or(0);
        if policy.max_per_host != 0 && known >= policy.max_per_host {
            return Err(Full::OfHost);
        }
        if self.active() >= policy.max_connections {
            return Err(Full::Connections);
        }
        *hosts.entry(host).or_default() += 1;
        self.active.fetch_add(1, Relaxed);
        self.half_open.fetch_add(1, Relaxed);
        Ok(())
    }

    /// Notes that a transfer is not half-open any more: its client has acknowledged something, or
    /// it is over.
    pub(super) fn settle(&self) {
        self.half_open.fetch_sub(1, Relaxed);
    }

    /// Counts a transfer in again that had left, whatever the limits, because its client was not
    /// gone.
    pub(super) fn back(&self, host: IpAddr) {
        *self.hosts.lock().entry(host).or_default() += 1;
        self.active.fetch_add(1, Relaxed);
    }

    /// Counts a transfer out: it is over, or its client may be gone. So a client whose ERROR has
    /// not taken effect yet may begin the next transfer at once.
    pub(super) fn leave(&self, host: IpAddr) {
        self.active.fetch_sub(1, Relaxed);
        let mut hosts = self.hosts.lock();
        if let Some(count) = hosts.get_mut(&host) {
            *count -= 1;
            if *count == 0 {
                hosts.remove(&host);
                if hosts.is_empty() {
                    self.is_idle.notify_all();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
