//! How much there may be of each thing.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use super::super::event::{Received, Sent};
use super::super::plan::{Mode, Plan};
use super::super::world::LISTENING;
use super::{Broken, Judge};

/// What counts as one client.
fn group(address: SocketAddr) -> IpAddr {
    match address.ip() {
        IpAddr::V6(ip) => Ipv6Addr::from(u128::from(ip) >> 64 << 64).into(),
        ip => ip,
    }
}

/// Half-open uploads of those who never go on, by address or /64.
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
        // The one that gives way is told of behind the newcomer.
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

/// Transfers of which nothing is acknowledged: in all, and of an address or /64.
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
        // The one that gives way is told of behind the newcomer.
        let is_broken = self.all > MOST_HALF_OPEN + 1 || *of_group > MOST_OF_A_GROUP + 1;
        is_broken.then(|| {
            let text = format!("{} half-open transfers, {of_group} of {}", self.all, group(peer));
            Broken(Judge::Bounds, text)
        })
    }

    /// Its client went on, or it is over.
    pub fn end(&mut self, peer: SocketAddr) {
        self.all = self.all.saturating_sub(1);
        if let Some(of_group) = self.by_group.get_mut(&group(peer)) {
            *of_group = of_group.saturating_sub(1);
        }
    }

    pub fn is_at_a_bound(&self) -> bool {
        self.all >= MOST_HALF_OPEN - 1 || self.by_group.values().any(|count| *count >= MOST_OF_A_GROUP - 1)
    }
}

/// What windows of transfers that share nothing take of memory.
#[derive(Default)]
pub struct Windows {
    taken: u64,
    transfers: u64,
}

const MOST_IN_WINDOWS: u64 = 64 << 20;

impl Windows {
    /// A window was granted. Nobody gets less than a block of 512 bytes.
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

/// Packets that belong to no transfer, by sender, and answers to them.
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

    /// One ERROR at most for each, and none from a port that only takes requests.
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

/// Ports, files and temporary files take no more than three quarters.
pub fn descriptors(plan: &Plan, used: u32) -> Option<Broken> {
    let most = plan.settings.descriptors / 4 * 3 + 8;
    (used > most).then(|| Broken(Judge::Bounds, format!("{used} descriptors, {most} are allowed")))
}
