//! A network in virtual time that loses, doubles, delays and reorders, all by seed.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// splitmix64.
#[derive(Clone, Debug)]
pub struct Rng(pub u64);

impl Rng {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// 0 to `bound` - 1.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }

    pub fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize]
    }
}

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
