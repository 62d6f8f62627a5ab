//! What all shards of one server object share: ids, limits, figures. Touched once a request, never once a packet.

use std::net::IpAddr;

use hashbrown::HashMap;

use super::config::Policy;
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicI32, AtomicU64, AtomicUsize, Ordering::Relaxed};

/// The first connection id; what is below is a position in the Conn arrays.
pub const FIRST_CONNECTION_ID: i32 = 1_000_001;

/// Transfers that no client has acknowledged yet: one address may have this many (two thousand machines behind one NAT
/// address boot at once, each repeating itself), all together that many. Beyond it a request is left unanswered.
const HALF_OPEN_PER_HOST: u32 = 4_096;
const HALF_OPEN_IN_ALL: usize = 16_384;

/// Counters that outlive a single period of listening.
#[derive(Debug)]
pub struct Shared {
    next_id: AtomicI32,
    active: AtomicUsize,
    half_open: AtomicUsize,
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

    /// Counts a new half-open transfer in, if every limit allows it.
    pub(super) fn enter(&self, host: IpAddr, policy: &Policy) -> Admission {
        let mut hosts = self.hosts.lock();
        let known = hosts.get(&host);
        let (active, half_open) = known.map_or((0, 0), |host| (host.active, host.half_open));
        if half_open >= HALF_OPEN_PER_HOST || self.half_open.load(Relaxed) >= HALF_OPEN_IN_ALL {
            return Admission::Unanswered;
        }
        let host_is_full = policy.max_per_host != 0 && active as usize >= policy.max_per_host;
        if host_is_full || self.active.load(Relaxed) >= policy.max_connections {
            return Admission::TooMany;
        }
        let entry = hosts.entry(host).or_default();
        entry.active += 1;
        entry.half_open += 1;
        self.active.fetch_add(1, Relaxed);
        self.half_open.fetch_add(1, Relaxed);
        Admission::Granted
    }

    /// The client has acknowledged something: the transfer is not half-open any more.
    pub(super) fn settle(&self, host: IpAddr) {
        self.half_open.fetch_sub(1, Relaxed);
        if let Some(entry) = self.hosts.lock().get_mut(&host) {
            entry.half_open -= 1;
        }
    }

    /// The transfer is over.
    pub(super) fn leave(&self, host: IpAddr, half_open: bool) {
        self.active.fetch_sub(1, Relaxed);
        if half_open {
            self.half_open.fetch_sub(1, Relaxed);
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
}
