//! A network in virtual time that loses, doubles, delays and reorders, all by seed.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

pub use tftp_sim::Rng;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    Client,
    Server,
}

/// What the network does to a datagram: chances in percent, times in microseconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Path {
    pub loss: u64,
    pub duplicate: u64,
    pub reorder: u64,
    pub delay: u64,
}

/// When, in which order, where to, and what.
type Arrival = (u64, u64, Side, Vec<u8>);

/// Datagrams under way.
pub struct Net {
    pub rng: Rng,
    pub path: Path,
    queue: BinaryHeap<Reverse<Arrival>>,
    sent: u64,
    /// The last ordinary arrival at each side: only reordered datagrams overtake.
    last: [u64; 2],
}

impl Net {
    pub fn new(rng: Rng, path: Path) -> Net {
        Net {
            rng,
            path,
            queue: BinaryHeap::new(),
            sent: 0,
            last: [0; 2],
        }
    }

    pub fn send(&mut self, now: u64, to: Side, datagram: Vec<u8>) {
        if self.rng.percent(self.path.duplicate) {
            self.carry(now, to, datagram.clone());
        }
        if !self.rng.percent(self.path.loss) {
            self.carry(now, to, datagram);
        }
    }

    fn carry(&mut self, now: u64, to: Side, datagram: Vec<u8>) {
        let mut at = now + self.path.delay + self.rng.below(self.path.delay / 4 + 1);
        if self.rng.percent(self.path.reorder) {
            at += self.rng.below(self.path.delay * 3 + 5_000);
        } else {
            at = at.max(self.last[to as usize]);
            self.last[to as usize] = at;
        }
        self.sent += 1;
        self.queue.push(Reverse((at, self.sent, to, datagram)));
    }

    pub fn next_at(&self) -> Option<u64> {
        self.queue.peek().map(|Reverse((at, ..))| *at)
    }

    pub fn arrive(&mut self, now: u64) -> Option<(Side, Vec<u8>)> {
        self.next_at().filter(|&at| at <= now)?;
        self.queue
            .pop()
            .map(|Reverse((_, _, to, datagram))| (to, datagram))
    }
}
