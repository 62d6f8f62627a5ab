//! A network in virtual time. It loses, duplicates, reorders, delays and damages datagrams, and
//! reports closed ports and datagrams beyond the path MTU.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};
use std::net::{IpAddr, SocketAddr};

use tftp_sim::Rng;
use tftp_sim::damage::damage;

use super::plan::Link;

/// The kind of a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// As its sender sent it.
    Plain,
    /// With a forged source address.
    Forged,
    /// ICMP: no socket of `from` has this port.
    Gone,
    /// ICMP: a datagram to `from` exceeds the path MTU.
    TooLong,
}

/// A datagram in flight.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Flight {
    pub from: SocketAddr,
    pub to: SocketAddr,
    pub bytes: Vec<u8>,
    /// True if it is undamaged.
    pub clean: bool,
    pub kind: Kind,
}

/// All datagrams in flight, by arrival time and order.
pub struct Net {
    rng: Rng,
    link: Link,
    server: IpAddr,
    queue: BinaryHeap<Reverse<(u64, u64, Flight)>>,
    sent: u64,
    /// Hosts whose small path MTU the server knows: datagrams to them are fragmented.
    narrow: BTreeSet<IpAddr>,
    pub damaged: u64,
    /// The last arrival in order at each side. Only reordered datagrams overtake others.
    last: [u64; 2],
}

impl Net {
    pub fn new(rng: Rng, link: Link, server: IpAddr) -> Net {
        Net {
            rng,
            link,
            server,
            queue: BinaryHeap::new(),
            sent: 0,
            narrow: BTreeSet::new(),
            damaged: 0,
            last: [0; 2],
        }
    }

    pub fn send(&mut self, now: u64, flight: Flight) {
        if self.is_too_long(now, &flight) {
            return;
        }
        if self.rng.percent(self.link.duplicate) {
            self.carry(now, flight.clone());
        }
        if !self.rng.percent(self.link.loss) {
            self.carry(now, flight);
        }
    }

    /// Draws whether an attacker sends an ERROR in an honest client's name right behind its next
    /// packet.
    pub fn forges(&mut self) -> bool {
        self.rng.percent(self.link.forged)
    }

    /// Returns true if a datagram is lost because it exceeds the path MTU. Once the server knows
    /// that MTU, its datagrams are fragmented instead.
    fn is_too_long(&mut self, now: u64, flight: &Flight) -> bool {
        let is_lost = flight.from.ip() == self.server
            && now >= self.link.narrows_at
            && self.link.is_too_long(flight)
            && !self.narrow.contains(&flight.to.ip());
        if is_lost {
            self.icmp(now, flight, Kind::TooLong);
        }
        is_lost
    }

    /// Reports a closed port to the sender of a datagram, if the network does so.
    pub fn refuse(&mut self, now: u64, flight: &Flight) {
        if matches!(flight.kind, Kind::Plain) && self.rng.percent(self.link.refusals) {
            self.icmp(now, flight, Kind::Gone);
        }
    }

    fn icmp(&mut self, now: u64, about: &Flight, kind: Kind) {
        let (from, to) = (about.to, about.from);
        self.carry(
            now,
            Flight {
                from,
                to,
                bytes: Vec::new(),
                clean: true,
                kind,
            },
        );
    }

    fn carry(&mut self, now: u64, mut flight: Flight) {
        if !flight.bytes.is_empty() && self.rng.percent(self.link.damage) {
            let before = flight.bytes.clone();
            damage(&mut self.rng, &mut flight.bytes);
            self.damaged += 1;
            flight.clean &= before == flight.bytes;
        }
        let mut at = now + self.link.delay + self.rng.below(self.link.delay / 4 + 1);
        if self.rng.percent(self.link.reorder) {
            at += self.rng.below(self.link.delay * 3 + 5_000);
        } else {
            let last = &mut self.last[usize::from(flight.to.ip() == self.server)];
            at = at.max(*last);
            *last = at;
        }
        self.sent += 1;
        self.queue.push(Reverse((at, self.sent, flight)));
    }

    pub fn next_at(&self) -> Option<u64> {
        self.queue.peek().map(|Reverse((at, ..))| *at)
    }

    pub fn arrive(&mut self, now: u64) -> Option<Flight> {
        self.next_at().filter(|&at| at <= now)?;
        let Reverse((.., flight)) = self.queue.pop()?;
        if flight.kind == Kind::TooLong {
            self.narrow.insert(flight.from.ip());
        }
        Some(flight)
    }
}
