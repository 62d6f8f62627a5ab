//! What all shards of one server object share: ids, limits, figures. Touched once a request, never once a packet.

use std::net::IpAddr;

use hashbrown::HashMap;
use rustix::process::{Resource, getrlimit};
use tftp_proto::wire::Operation;

use super::config::Policy;
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicI32, AtomicU64, AtomicUsize, Ordering::Relaxed};

/// The first connection id; what is below is a position in the Conn arrays.
pub const FIRST_CONNECTION_ID: i32 = 1_000_001;

/// Transfers that no client has acknowledged yet: one address may have this many (two thousand machines behind one NAT
/// address boot at once, each repeating itself), all together that many. Beyond it a request is left unanswered.
const HALF_OPEN_PER_HOST: u32 = 4_096;
const HALF_OPEN_IN_ALL: usize = 16_384;

/// Half-open uploads hold two descriptors each, or three: all together they may take this share of those that the process
/// may have (RLIMIT_NOFILE), so that requests from forged addresses leave the rest to others and to the application.
const UPLOADS_A_DESCRIPTOR: u64 = 8;

/// So many half-open transfers, if they are half of all, are no rush of clients: MaxConnections is then met with silence,
/// as nobody knows whom an ERROR would reach, and real clients are let in as the forged ones are given up.
const FLOOD: usize = 1_024;

/// Counters that outlive a single period of listening.
#[derive(Debug)]
pub struct Shared {
    next_id: AtomicI32,
    active: AtomicUsize,
    half_open: AtomicUsize,
    half_open_uploads: AtomicUsize,
    hosts: Mutex<HashMap<IpAddr, Host, foldhash::fast::RandomState>>,
    destination: Mutex<Option<IpAddr>>,
    /// What the Statistics setting reads.
    pub figures: Figures,
}

#[derive(Debug, Default)]
struct Host {
    active: u32,
    half_open: u32,
}

/// Totals since the server object was opened.
#[derive(Debug, Default)]
pub struct Figures {
    /// RRQ and WRQ that were taken, repeats left out.
    pub requests: AtomicU64,
    /// Connections that ended with a whole file.
    pub completed: AtomicU64,
    /// Connections that ended otherwise.
    pub failed: AtomicU64,
    /// Requests that a limit or the application refused.
    pub refused: AtomicU64,
    /// Requests left unanswered because too much was under way.
    pub unanswered: AtomicU64,
    /// Bytes of files acknowledged by clients.
    pub bytes_sent: AtomicU64,
    /// Bytes of files received.
    pub bytes_received: AtomicU64,
    /// Packets sent more than once.
    pub retransmissions: AtomicU64,
}

/// Whether a new transfer fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    Granted,
    /// A configured limit: the client is told.
    TooMany,
    /// Too many half-open transfers: silence.
    Unanswered,
}

impl Default for Shared {
    fn default() -> Self {
        Shared {
            next_id: AtomicI32::new(FIRST_CONNECTION_ID),
            active: AtomicUsize::new(0),
            half_open: AtomicUsize::new(0),
            half_open_uploads: AtomicUsize::new(0),
            hosts: Mutex::default(),
            destination: Mutex::default(),
            figures: Figures::default(),
        }
    }
}

impl Shared {
    /// An id that was never given out before.
    pub(super) fn next_id(&self) -> i32 {
        self.next_id.fetch_add(1, Relaxed)
    }

    /// The address that the latest request was sent to, while a policy keeps it.
    pub fn latest_destination(&self) -> Option<IpAddr> {
        *self.destination.lock()
    }

    /// Keeps that address; `None` forgets it.
    pub fn set_latest_destination(&self, destination: Option<IpAddr>) {
        *self.destination.lock() = destination;
    }

    /// Transfers under way.
    pub fn active(&self) -> usize {
        self.active.load(Relaxed)
    }

    /// Transfers under way with clients that have shown to be there.
    pub(super) fn settled(&self) -> usize {
        self.active().saturating_sub(self.half_open.load(Relaxed))
    }

    /// Counts a new half-open transfer in, if every limit allows it.
    pub(super) fn enter(&self, host: IpAddr, operation: Operation, policy: &Policy) -> Admission {
        let mut hosts = self.hosts.lock();
        let known = hosts.get(&host);
        let (active, half_open) = known.map_or((0, 0), |host| (host.active, host.half_open));
        let in_all = self.half_open.load(Relaxed);
        if half_open >= HALF_OPEN_PER_HOST || in_all >= HALF_OPEN_IN_ALL {
            return Admission::Unanswered;
        }
        if policy.max_per_host != 0 && active as usize >= policy.max_per_host {
            return Admission::TooMany;
        }
        if self.active() >= policy.max_connections {
            let is_flood = in_all >= FLOOD && in_all >= self.settled();
            return if is_flood {
                Admission::Unanswered
            } else {
                Admission::TooMany
            };
        }
        if operation == Operation::Write {
            if self.half_open_uploads.load(Relaxed) >= most_half_open_uploads() {
                return Admission::Unanswered;
            }
            self.half_open_uploads.fetch_add(1, Relaxed);
        }
        let entry = hosts.entry(host).or_default();
        entry.active += 1;
        entry.half_open += 1;
        self.active.fetch_add(1, Relaxed);
        self.half_open.fetch_add(1, Relaxed);
        Admission::Granted
    }

    /// The client has acknowledged something: the transfer is not half-open any more.
    pub(super) fn settle(&self, host: IpAddr, operation: Operation) {
        self.count_out(operation);
        if let Some(entry) = self.hosts.lock().get_mut(&host) {
            entry.half_open -= 1;
        }
    }

    /// Takes a transfer out of the limits while its client may be gone (`doubted`), and back into them afterwards: a
    /// client whose ERROR waits out its moment may begin the next transfer at once.
    pub(super) fn doubt(&self, host: IpAddr, doubted: bool) {
        let mut hosts = self.hosts.lock();
        let entry = hosts.entry(host).or_default();
        if doubted {
            entry.active -= 1;
            self.active.fetch_sub(1, Relaxed);
        } else {
            entry.active += 1;
            self.active.fetch_add(1, Relaxed);
        }
    }

    /// The transfer is over.
    pub(super) fn leave(&self, host: IpAddr, operation: Operation, half_open: bool) {
        self.active.fetch_sub(1, Relaxed);
        if half_open {
            self.count_out(operation);
        }
        let mut hosts = self.hosts.lock();
        if let Some(entry) = hosts.get_mut(&host) {
            entry.active -= 1;
            entry.half_open -= u32::from(half_open);
            if entry.active == 0 {
                hosts.remove(&host);
            }
        }
    }

    fn count_out(&self, operation: Operation) {
        self.half_open.fetch_sub(1, Relaxed);
        if operation == Operation::Write {
            self.half_open_uploads.fetch_sub(1, Relaxed);
        }
    }
}

/// Asked each time: a program may change its limit as it runs.
fn most_half_open_uploads() -> usize {
    let descriptors = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    usize::try_from(descriptors / UPLOADS_A_DESCRIPTOR)
        .unwrap_or(usize::MAX)
        .max(1)
}

#[cfg(test)]
mod tests;
