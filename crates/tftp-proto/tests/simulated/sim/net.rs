//! A network in virtual time that loses, doubles, delays, reorders and damages, all by seed.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use tftp_sim::client::{Address, Arrival};
use tftp_sim::damage::{damage, stray};

pub use tftp_sim::Rng;

/// An address and a port: the client's, a stranger's, the listening port, or (above) a transfer's.
/// A datagram from `REFUSED` stands for an ICMP error about a datagram to the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tid(u32);

pub const CLIENT: Tid = Tid(1);
pub const STRANGER: Tid = Tid(2);
pub const REFUSED: Tid = Tid(3);
pub const LISTENING: Tid = Tid(69);
pub const FIRST_TRANSFER: Tid = Tid(1000);

impl Tid {
    /// The port of the transfer with this number.
    pub fn of_transfer(place: usize) -> Tid {
        Tid(FIRST_TRANSFER.0 + place as u32)
    }

    /// The port with this number.
    pub fn of_port(port: u16) -> Tid {
        Tid(port.into())
    }

    /// Its number, below the thousands of transfers that none of these simulations has.
    pub fn port(self) -> u16 {
        u16::try_from(self.0).expect("fewer transfers than ports")
    }

    /// The number of the transfer whose port it is.
    pub fn transfer(self) -> Option<usize> {
        self.0.checked_sub(FIRST_TRANSFER.0).map(|place| place as usize)
    }
}

impl std::fmt::Display for Tid {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(to)
    }
}

impl Address for Tid {
    fn is_of(&self, server: &Tid) -> bool {
        self >= server
    }

    fn may_serve(&self, _: &Tid) -> bool {
        *self >= FIRST_TRANSFER
    }
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Datagram {
    pub from: Tid,
    pub to: Tid,
    pub bytes: Vec<u8>,
    /// As its sender sent it. TFTP has no checksum of its own: who takes a damaged datagram for a
    /// good one is deceived, and not to blame.
    pub clean: bool,
}

impl Datagram {
    /// As a client sees it.
    pub fn arrival(&self) -> Arrival<'_, Tid> {
        Arrival {
            from: self.from,
            bytes: &self.bytes,
            clean: self.clean,
        }
    }
}

/// The network's effects on a datagram: chances in percent, times in microseconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Path {
    pub loss: u64,
    pub duplicate: u64,
    pub reorder: u64,
    pub damage: u64,
    /// Datagrams that look like it come from elsewhere.
    pub strays: u64,
    /// Forged ERRORs and refusals in the client's name, whose sender knows both ports.
    pub forged: u64,
    /// Datagrams to a closed port are refused (ICMP port unreachable).
    pub refusals: u64,
    pub delay: u64,
}

impl Path {
    /// The longest that a datagram is under way.
    pub fn longest(&self) -> u64 {
        self.delay + self.delay / 4 + 1 + self.delay * 3 + 5_000
    }
}

/// Datagrams under way: when, in which order, what.
pub struct Net {
    pub rng: Rng,
    pub path: Path,
    queue: BinaryHeap<Reverse<(u64, u64, Datagram)>>,
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

    pub fn send(&mut self, now: u64, datagram: Datagram) {
        if datagram.to == STRANGER {
            return;
        }
        if self.rng.percent(self.path.strays) {
            let bytes = stray(&mut self.rng, &datagram.bytes);
            let from = STRANGER;
            self.carry(
                now,
                Datagram {
                    from,
                    bytes,
                    ..datagram
                },
            );
        }
        if self.rng.percent(self.path.duplicate) {
            self.carry(now, datagram.clone());
        }
        let (from, to) = (datagram.from, datagram.to);
        if !self.rng.percent(self.path.loss) {
            self.carry(now, datagram);
        }
        if from == CLIENT && to >= FIRST_TRANSFER && self.rng.percent(self.path.forged) {
            self.forge(now, to);
        }
    }

    /// Forges a packet in the client's name.
    fn forge(&mut self, now: u64, to: Tid) {
        let (from, bytes) = if self.rng.percent(50) {
            (CLIENT, b"\0\x05\0\0forged\0".to_vec())
        } else {
            (REFUSED, Vec::new())
        };
        let clean = true;
        self.carry(
            now,
            Datagram {
                from,
                to,
                bytes,
                clean,
            },
        );
    }

    /// A datagram reached a closed port: its sender may hear of it.
    pub fn refuse(&mut self, now: u64, datagram: &Datagram) {
        if datagram.from >= FIRST_TRANSFER && self.rng.percent(self.path.refusals) {
            let (from, to, bytes, clean) = (REFUSED, datagram.from, Vec::new(), true);
            self.carry(
                now,
                Datagram {
                    from,
                    to,
                    bytes,
                    clean,
                },
            );
        }
    }

    fn carry(&mut self, now: u64, mut datagram: Datagram) {
        if datagram.from != REFUSED && self.rng.percent(self.path.damage) {
            let before = datagram.bytes.clone();
            damage(&mut self.rng, &mut datagram.bytes);
            datagram.clean &= before == datagram.bytes;
        }
        let mut at = now + self.path.delay + self.rng.below(self.path.delay / 4 + 1);
        if self.rng.percent(self.path.reorder) {
            at += self.rng.below(self.path.delay * 3 + 5_000);
        } else {
            let last = &mut self.last[usize::from(datagram.to == CLIENT)];
            at = at.max(*last);
            *last = at;
        }
        self.sent += 1;
        self.queue.push(Reverse((at, self.sent, datagram)));
    }

    pub fn next_at(&self) -> Option<u64> {
        self.queue.peek().map(|Reverse((at, ..))| *at)
    }

    pub fn arrive(&mut self, now: u64) -> Option<Datagram> {
        self.next_at().filter(|&at| at <= now)?;
        self.queue.pop().map(|Reverse((.., datagram))| datagram)
    }
}
