//! Bounds on transfers, memory, answers and descriptors.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use super::super::event::{Received, Sent};
use super::super::plan::{Mode, Plan};
use super::super::world::LISTENING;
use super::{Broken, Judge};

/// Returns the address, or for IPv6 the /64 network, that counts as one client.
fn group(address: SocketAddr) -> IpAddr {
    match address.ip() {
        IpAddr::V6(ip) => Ipv6Addr::from(u128::from(ip) >> 64 << 64).into(),
        ip => ip,
    }
}

/// The half-open uploads of clients that never acknowledge anything, by address or /64.
pub struct Uploads {
    by_group: BTreeMap<IpAddr, u64>,
    most: u64,
}

impl Uploads {
    pub fn new(plan: &Plan) -> Uploads {
        Uploads {
            by_group: BTreeMap::new(),
            // A quarter of the eighth of the descriptors that uploads may have.
            most: u64::from((plan.settings.descriptors / 32).max(16)),
        }
    }

    pub fn begin(&mut self, peer: SocketAddr) -> Option<Broken> {
        let count = self.by_group.entry(group(peer)).or_default();
        *count += 1;
        // The end of the one that gives way is reported after the newcomer.
        (*count > self.most + 1).then(|| {
            let text = format!(
                "{count} half-open uploads of {}, {} are allowed",
                group(peer),
                self.most
            );
            Broken(Judge::Bounds, text)
        })
    }

    pub fn end(&mut self, peer: SocketAddr) {
        if let Some(count) = self.by_group.get_mut(&group(peer)) {
            *count = count.saturating_sub(1);
        }
    }

    pub fn clear(&mut self) {
        self.by_group.clear();
    }
}

/// The number of half-open transfers, in all and by address or /64.
#[derive(Default)]
pub struct HalfOpen {
    all: u64,
    by_group: BTreeMap<IpAddr, u64>,
}

const MOST_HALF_OPEN: u64 = 16_384;
const MOST_OF_A_GROUP: u64 = 4_096;

impl HalfOpen {
    pub fn begin(&mut self, peer: SocketAddr) -> Option<Broken> {
        let of_group = self.by_group.entry(group(peer)).or_default();
        *of_group += 1;
        self.all += 1;
        // The end of the one that gives way is reported after the newcomer.
        let is_broken = self.all > MOST_HALF_OPEN + 1 || *of_group > MOST_OF_A_GROUP + 1;
        is_broken.then(|| {
            let text = format!("{} half-open transfers, {of_group} of {}", self.all, group(peer));
            Broken(Judge::Bounds, text)
        })
    }

    /// Stops counting a transfer: its client went on, or it is over.
    pub fn end(&mut self, peer: SocketAddr) {
        self.all = self.all.saturating_sub(1);
        if let Some(of_group) = self.by_group.get_mut(&group(peer)) {
            *of_group = of_group.saturating_sub(1);
        }
    }

    pub fn is_at_a_bound(&self) -> bool {
        self.all >= MOST_HALF_OPEN - 1
            || self.by_group.values().any(|count| *count >= MOST_OF_A_GROUP - 1)
    }
}

/// The memory taken by windows of transfers that share nothing.
#[derive(Default)]
pub struct Windows {
    taken: u64,
    transfers: u64,
}

const MOST_IN_WINDOWS: u64 = 64 << 20;

impl Windows {
    /// Counts a granted window. Every transfer gets at least a block of 512 bytes.
    pub fn take(&mut self, window: u64) -> Option<Broken> {
        self.taken += window;
        self.transfers += 1;
        let most = MOST_IN_WINDOWS + 512 * self.transfers;
        (self.taken > most).then(|| {
            let text = format!(
                "windows of {} transfers take {} bytes",
                self.transfers, self.taken
            );
            Broken(Judge::Bounds, text)
        })
    }

    pub fn give(&mut self, window: u64) {
        self.taken -= window;
        self.transfers -= 1;
    }

    pub fn are_short(&self) -> bool {
        self.taken > MOST_IN_WINDOWS / 2
    }
}

/// The number of packets that belong to no transfer, by sender, and of the answers to them.
pub struct Strays {
    all: BTreeMap<SocketAddr, (u64, u64)>,
    mode: Mode,
}

impl Strays {
    pub fn new(plan: &Plan) -> Strays {
        Strays {
            all: BTreeMap::new(),
            mode: plan.settings.mode,
        }
    }

    pub fn watch(&mut self, address: SocketAddr) {
        self.all.entry(address).or_default();
    }

    pub fn received(&mut self, received: &Received) {
        if let Some((got, _)) = self.all.get_mut(&received.from) {
            *got += 1;
        }
    }

    /// Checks that each gets at most one ERROR, and none from a port that only takes requests.
    pub fn sent(&mut self, sent: &Sent) -> Option<Broken> {
        let (got, answered) = self.all.get_mut(&sent.to)?;
        *answered += 1;
        let listens = sent.port == LISTENING && self.mode != Mode::SinglePort;
        let broken = answered > got || sent.bytes[1] != 5 || listens;
        broken.then(|| {
            let text = format!(
                "{answered} answers to {got} strays of {}, from port {}",
                sent.to, sent.port
            );
            Broken(Judge::Bounds, text)
        })
    }
}

/// Checks that ports, files and temporary files take at most three quarters of the descriptors.
pub fn descriptors(plan: &Plan, used: u32) -> Option<Broken> {
    let most = plan.settings.descriptors / 4 * 3 + 8;
    (used > most).then(|| Broken(Judge::Bounds, format!("{used} descriptors, {most} are allowed")))
}
