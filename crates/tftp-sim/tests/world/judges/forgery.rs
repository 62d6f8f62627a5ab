//! Addresses that never send a valid packet: the traffic that others can direct at them, and the
//! transfers that they can hold.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use super::super::event::{Id, Received, Sent};
use super::super::ground::Ground;
use super::super::net::Kind;
use super::super::plan::{Mode, Plan};
use super::{Broken, Judge};

/// The most packets to a client that never acknowledges: one and three retransmissions.
const HALF_OPEN_PACKETS: u64 = 4;
const HALF_OPEN_BYTES: usize = 516;
/// A half-open transfer ends within this time, in microseconds.
const HALF_OPEN_LIFE: u64 = 31_000_000;

/// The packets that a watched address has sent, or seems to have sent, and received.
#[derive(Clone, Copy, Debug, Default)]
struct Mute {
    requests: u64,
    forged: u64,
    packets: u64,
    errors: u64,
    is_victim: bool,
    is_hit: bool,
}

pub struct Mutes {
    all: BTreeMap<SocketAddr, Mute>,
    plan: Plan,
}

impl Mutes {
    pub fn new(plan: &Plan) -> Mutes {
        Mutes {
            all: BTreeMap::new(),
            plan: *plan,
        }
    }

    pub fn watch(&mut self, address: SocketAddr, is_victim: bool) {
        self.all.entry(address).or_default().is_victim = is_victim;
    }

    pub fn has(&self, address: SocketAddr) -> bool {
        self.all.contains_key(&address)
    }

    pub fn received(&mut self, received: &Received) {
        if let Some(mute) = self.all.get_mut(&received.from) {
            mute.requests += u64::from(received.request.is_some());
            mute.forged += u64::from(received.kind == Kind::Forged);
        }
    }

    pub fn sent(&mut self, sent: &Sent, ground: &mut Ground) -> Option<Broken> {
        let single = self.plan.settings.mode == Mode::SinglePort;
        let most_waits = u64::from(self.plan.settings.max_retransmits) + 10;
        let mute = self.all.get_mut(&sent.to)?;
        mute.packets += 1;
        mute.errors += u64::from(sent.bytes[1] == 5);
        let bound = if mute.is_victim && single {
            4 * mute.forged + 5 * most_waits
        } else {
            HALF_OPEN_PACKETS * mute.requests
        };
        if mute.is_victim && !single {
            if mute.packets > bound && !std::mem::replace(&mut mute.is_hit, true) {
                let counts = &mut ground.counts;
                match self.plan.settings.mode {
                    Mode::Private => counts.hits += 1,
                    _ => counts.shared_hits += 1,
                }
            }
            return None;
        }
        let broken = |text: String| Some(Broken(Judge::Forgery, text));
        let (to, length) = (sent.to, sent.bytes.len());
        if mute.packets > bound || !single && length > HALF_OPEN_BYTES {
            return broken(format!(
                "{} packets, {length} bytes to {to}, which never went on",
                mute.packets
            ));
        }
        if mute.errors > 0 && mute.packets > mute.errors && mute.errors >= mute.requests && !single
        {
            return broken(format!("ERROR to {to}, which never went on"));
        }
        None
    }

    /// Judges the end of a transfer, `age` after its request.
    pub fn over(&self, id: Id, peer: SocketAddr, age: u64, patience: u64) -> Option<Broken> {
        let mute = self.all.get(&peer)?;
        let is_strict = !self.plan.is_disturbed() && self.plan.settings.mode != Mode::SinglePort;
        let broken = is_strict && !mute.is_victim && age > HALF_OPEN_LIFE + patience;
        broken.then(|| Broken(Judge::Bounds, format!("half-open for {age} us: {id} of {peer}")))
    }
}
