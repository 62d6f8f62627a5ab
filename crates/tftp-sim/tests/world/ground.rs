//! What the server stands on in the world, and what is seen of it from outside: ports, files, what it sends, what it
//! tells.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use tftp_sim::Rng;

use super::files::Files;
use super::hostile::PORTS;
use super::judges::{Broken, Judge};
use super::net::Flight;

/// Whose datagrams a port takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Port {
    Listening,
    Private(SocketAddr),
    Shared,
}

/// A transfer, as the world numbers them: never twice the same.
pub type Id = u64;

/// A datagram that the server sends.
#[derive(Clone, Debug)]
pub struct Sent {
    pub port: u16,
    pub to: SocketAddr,
    pub bytes: Vec<u8>,
    pub id: Option<Id>,
}

/// How a transfer ended, in the words of the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    Complete,
    /// Only the last ACK is missing.
    Probably,
    Probe,
    ClientError,
    Unreachable,
    TimedOut,
    /// By the disk, the application, the operator.
    Failed,
    /// For another one of the same client.
    Replaced,
    /// Half-open, for a newcomer.
    GaveWay,
}

/// What the server tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    Asked {
        id: Id,
        peer: SocketAddr,
        upload: bool,
        /** It asked for the size. */
        asked_size: bool,
        /** That of the same client with the same request, which was reset. */
        again: Option<Id>,
    },
    Begun {
        id: Id,
    },
    Over {
        id: Id,
        how: How,
    },
    Gone {
        id: Id,
    },
    Refused {
        peer: SocketAddr,
    },
}

/// What comes out of the server, in order.
#[derive(Clone, Debug)]
pub enum Told {
    Sent(Sent),
    Event(Event),
}

/// What a run has reached; a test whose count stays 0 has not tried what it says.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    pub transfers: u64,
    pub whole: u64,
    pub uploads: u64,
    pub restarts: u64,
    pub repeats: u64,
    pub evictions: u64,
    pub fallbacks: u64,
    pub held: u64,
    pub later: u64,
    pub reopened: u64,
    pub probes: u64,
    pub unreachable: u64,
    pub refused: u64,
    pub retried: u64,
    pub unanswered: u64,
    pub unclosed: u64,
    pub forged: u64,
    pub guesses: u64,
    /// Victims in whose name somebody went on by guessing, each transfer with a port of its own, ...
    pub hits: u64,
    /// ... or with shared ones.
    pub shared_hits: u64,
    pub drained: u64,
    pub crashes: u64,
    pub pauses: u64,
    pub datagrams: u64,
}

impl Counts {
    pub fn add(&mut self, other: &Counts) {
        let all = [
            (&mut self.transfers, other.transfers),
            (&mut self.whole, other.whole),
            (&mut self.uploads, other.uploads),
            (&mut self.restarts, other.restarts),
            (&mut self.repeats, other.repeats),
            (&mut self.evictions, other.evictions),
            (&mut self.fallbacks, other.fallbacks),
            (&mut self.held, other.held),
            (&mut self.later, other.later),
            (&mut self.reopened, other.reopened),
            (&mut self.probes, other.probes),
            (&mut self.unreachable, other.unreachable),
            (&mut self.refused, other.refused),
            (&mut self.retried, other.retried),
            (&mut self.unanswered, other.unanswered),
            (&mut self.unclosed, other.unclosed),
            (&mut self.forged, other.forged),
            (&mut self.guesses, other.guesses),
            (&mut self.hits, other.hits),
            (&mut self.shared_hits, other.shared_hits),
            (&mut self.drained, other.drained),
            (&mut self.crashes, other.crashes),
            (&mut self.pauses, other.pauses),
            (&mut self.datagrams, other.datagrams),
        ];
        for (sum, count) in all {
            *sum += count;
        }
    }
}

pub struct Ground {
    pub files: Files,
    pub address: IpAddr,
    pub ports: BTreeMap<u16, Port>,
    pub told: Vec<Told>,
    pub counts: Counts,
    pub broken: Option<Broken>,
    /// Files and temporary files that are open.
    pub open_files: u32,
    rng: Rng,
    next_id: Id,
}

impl Ground {
    pub fn new(files: Files, address: IpAddr, rng: Rng) -> Ground {
        Ground {
            files,
            address,
            ports: BTreeMap::new(),
            told: Vec::new(),
            counts: Counts::default(),
            broken: None,
            open_files: 0,
            rng,
            next_id: 0,
        }
    }

    pub fn id(&mut self) -> Id {
        self.next_id += 1;
        self.next_id
    }

    /// The server sends this.
    pub fn send(&mut self, sent: Sent) {
        if !self.ports.contains_key(&sent.port) {
            let text = format!("sent from port {}, which is closed", sent.port);
            self.broken.get_or_insert(Broken(Judge::Bounds, text));
        }
        self.told.push(Told::Sent(sent));
    }

    /// The server tells this.
    pub fn tell(&mut self, event: Event) {
        self.told.push(Told::Event(event));
    }

    /// A port that the system draws.
    pub fn open_port(&mut self, port: Port) -> u16 {
        loop {
            let number = (PORTS.start + self.rng.below(PORTS.end - PORTS.start)) as u16;
            if let std::collections::btree_map::Entry::Vacant(place) = self.ports.entry(number) {
                place.insert(port);
                return number;
            }
        }
    }

    pub fn close_port(&mut self, number: u16) {
        self.ports.remove(&number);
    }

    /// Whether a datagram gets through to the server; else its sender finds a closed port.
    pub fn takes(&self, flight: &Flight) -> bool {
        match self.ports.get(&flight.to.port()) {
            None => false,
            Some(Port::Private(peer)) => *peer == flight.from,
            Some(_) => true,
        }
    }

    /// Descriptors in use.
    pub fn descriptors(&self) -> u32 {
        self.ports.len() as u32 + self.open_files
    }
}

/// A server in the world.
pub trait Node {
    fn receive(&mut self, now: u64, flight: &Flight, ground: &mut Ground);
    fn timeout(&mut self, now: u64, ground: &mut Ground);
    fn deadline(&self) -> Option<u64>;
    fn stop(&mut self, now: u64, ground: &mut Ground);
    fn resume(&mut self, now: u64, ground: &mut Ground);
    fn shutdown(&mut self, now: u64, ground: &mut Ground);
    /// A fault ends one transfer.
    fn abandon(&mut self, now: u64, ground: &mut Ground);
    /// Transfers, and whatever else is left of them.
    fn left(&self) -> usize;
}
