//! When to send again, and when to give up. All figures are in one table.

use core::time::Duration;

use crate::time::{Instant, micros};

/// How long to wait for a client, and how often to try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// The longest wait before a retransmission; without `adaptive` every wait. Values below 10 ms count as 10 ms.
    pub retransmit_timeout: Duration,
    /// How many waits of full length may follow the first before the transfer is given up.
    pub max_retransmits: u32,
    /// Waits follow the measured round trip (RFC 1123 section 4.2.3.2, RFC 6298) and back off to
    /// `retransmit_timeout`. A negotiated timeout overrides this: it is kept exactly (RFC 2349).
    pub adaptive: bool,
    /// The longest time without progress (a new block acknowledged or received). `None`: no limit. Where the
    /// client negotiated a timeout, at least two of those.
    pub inactivity: Option<Duration>,
    /// The longest time for the whole transfer. `None`: no limit.
    pub absolute: Option<Duration>,
}

/// Every constant of time in this crate, in microseconds.
mod table {
    /// The wait before anything was measured (RFC 6298 section 2.1).
    pub const INITIAL_RTO: u64 = 1_000_000;
    /// The shortest adaptive wait: slow clients answer within it, and busybox itself resends after it.
    pub const RTO_FLOOR: u64 = 100_000;
    /// The shortest configured wait.
    pub const FULL_FLOOR: u64 = 10_000;
    /// The least silence after which a repeated packet says "lost" and not "duplicated by the network".
    pub const QUIET: u64 = 20_000;
    /// The same for a window, where the gap is seen by the blocks behind it and a measured round trip says more.
    pub const WINDOW_QUIET: u64 = 1_000;
    /// The least silence before a tail probe.
    pub const PROBE_FLOOR: u64 = 20_000;
    /// A tail probe comes after this many round trips (compare RFC 8985 section 7.2).
    pub const PROBE_ROUND_TRIPS: u64 = 2;
    /// Dallying (RFC 1350 section 6) lasts a full wait and this.
    pub const DALLY_MARGIN: u64 = 1_000_000;
}
