//! Everything that is chosen about one world, and how it is chosen by seed.
//!
//! Each part draws from a generator of its own, so that a knob that is switched off does not change the others.

mod families;

use tftp_sim::Rng;

use super::net::Flight;
pub use families::*;

/// Which ports transfers get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Each its own, at random.
    Private,
    /// Some for all, by a secret hash.
    Shared,
    /// The listening port.
    SinglePort,
}

/// What the server is set to. Times in microseconds.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    pub mode: Mode,
    /// Descriptors that ports, files and temporary files may take together.
    pub descriptors: u32,
    /// 0: no limit.
    pub max_connections: u32,
    pub max_per_host: u32,
    pub max_blksize: u16,
    pub max_windowsize: u16,
    pub retransmit_timeout: u64,
    pub max_retransmits: u32,
    pub adaptive: bool,
    pub inactivity: u64,
    pub read_only: bool,
    /// Uploads are on the disk before their last ACK.
    pub sync: bool,
}

/// What the network does to a datagram: chances in percent, times in microseconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Link {
    pub loss: u64,
    pub duplicate: u64,
    pub reorder: u64,
    pub damage: u64,
    /// What comes to a closed port is refused (ICMP port unreachable).
    pub refusals: u64,
    pub delay: u64,
    /// ERRORs in an honest client's name, by somebody who knows both ports, right behind its packets.
    pub forged: u64,
    /// Packets above it are answered with Packet Too Big until the server knows; 0: none.
    pub mtu: u64,
    /// From then on.
    pub narrows_at: u64,
    /// What does not fit is never sent in pieces.
    pub dont_fragment: bool,
}

/// What the server's own system does to what it sends and receives: chances in percent.
#[derive(Clone, Copy, Debug)]
pub struct Sockets {
    /// A packet cannot leave its port for a while (EAGAIN).
    pub blocked: u64,
    /// No packet can (ENOBUFS).
    pub congested: u64,
    /// A port cannot be opened.
    pub unopened: u64,
    /// Datagrams that a port keeps.
    pub queue: usize,
}

impl Sockets {
    /// Nothing goes wrong.
    pub const PLAIN: Sockets = Sockets {
        blocked: 0,
        congested: 0,
        unopened: 0,
        queue: 256,
    };
}

impl Link {
    /// The longest that a datagram is under way.
    pub fn longest(&self) -> u64 {
        let reorder = if self.reorder > 0 {
            self.delay * 3 + 5_000
        } else {
            0
        };
        self.delay + self.delay / 4 + 1 + reorder
    }

    /// Whether a datagram does not fit, once the path is narrow.
    pub fn is_too_long(&self, flight: &Flight) -> bool {
        let headers = if flight.to.is_ipv6() { 48 } else { 28 };
        self.mtu > 0 && flight.bytes.len() as u64 + headers > self.mtu
    }
}

/// What the disk does: chances in percent, the longest delay in microseconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Disk {
    pub delay: u64,
    /// Some files are not there.
    pub missing: u64,
    /// A read, write or commit fails.
    pub fails: u64,
    /// A job hangs for a minute.
    pub hangs: u64,
    /// The length of some files is not known before their end.
    pub unknown_length: u64,
    /// A file changes at some openings and closings.
    pub changes: u64,
    /// A file is read in parts, by the model server.
    pub pieces: u64,
    /// An upload is held back for a while.
    pub holds: u64,
    /// What is not at hand, so that a job has to fetch it.
    pub cold: u64,
    /// Files with fewer bytes than they claim.
    pub claims_more: u64,
    /// Files whose numbers tell nothing.
    pub unnumbered: u64,
}

/// What the application answers to a request: chances in percent.
#[derive(Clone, Copy, Debug, Default)]
pub struct Application {
    pub later: u64,
    pub never: u64,
    pub refuses: u64,
    /// It ends a transfer when it is given some of its data.
    pub ends: u64,
}

/// Downloads that the application feeds while they run: chances in percent.
#[derive(Clone, Copy, Debug, Default)]
pub struct Feeding {
    /// Files whose downloads it feeds.
    pub fed: u64,
    /// Sources with a key: their downloads share one pass.
    pub keyed: u64,
    /// Sources whose length is not known beforehand.
    pub unknown_length: u64,
    /// Sources that take up to `delay` microseconds for each piece.
    pub slow: u64,
    pub delay: u64,
    /// Sources that end too early, that fail, and that are forgotten.
    pub short: u64,
    pub fails: u64,
    pub forgets: u64,
    /// Pieces with more data at first than requested.
    pub too_much: u64,
    /// Pieces that come from another thread in the middle of a turn.
    pub meanwhile: u64,
    /// Files of a hundred kilobytes and more.
    pub large: u64,
}

impl Feeding {
    /// No download is fed.
    pub const NONE: Feeding = Feeding {
        fed: 0,
        keyed: 0,
        unknown_length: 0,
        slow: 0,
        delay: 0,
        short: 0,
        fails: 0,
        forgets: 0,
        too_much: 0,
        meanwhile: 0,
        large: 0,
    };
}

/// What the operator does, and when, in microseconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Operator {
    pub stop_at: Option<u64>,
    /// So long after the stop.
    pub resume_after: Option<u64>,
    pub shutdown_at: Option<u64>,
    /// The server is gone without a word, and a new one is there so long after.
    pub crash_at: Option<u64>,
    pub restart_after: u64,
    /// The whole machine dies, not the process alone.
    pub power_cut: bool,
    /// The process does nothing from then on, for so long.
    pub pause_at: Option<u64>,
    pub pause_for: u64,
    /// A fault ends one transfer at this input.
    pub abandon_at: Option<u64>,
}

/// How many there are of each.
#[derive(Clone, Copy, Debug, Default)]
pub struct Crowd {
    /// Honest clients of any habit, one host each.
    pub honest: u16,
    /// Honest clients behind one address, or one /64.
    pub behind_one: u16,
    /// Reset in mid-transfer; the same port again.
    pub reset: u16,
    /// Forty uploads in a row from port 2070.
    pub fixed_port: u16,
    /// A new port for each file, the last ACK is never sent.
    pub forgets: u16,
    /// ERROR 0 or 8 to the OACK.
    pub probers: u16,
    /// Whatever may make a server send more than it should.
    pub malicious: u16,
    /// Hosts that send requests only.
    pub silent: u16,
    /// How many requests each of them sends in the first second.
    pub silent_requests: u16,
    /// Hosts that send two hundred requests at once, again and again.
    pub bursts: u16,
    /// Senders of requests and of other packets to a broadcast address.
    pub broadcasters: u16,
    /// Machines that boot at the same moment, half of them behind one address or in one /64.
    pub booting: u16,
    /// Senders who forge addresses and see no answers.
    pub blind: u16,
    /// Those who know the port of somebody else's transfer.
    pub neighbours: u16,
    /// Those who try all ports.
    pub strangers: u16,
}

/// The one call that fails, by its number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Failing {
    #[default]
    Nothing,
    /// Calls of storage: opening, reading, writing, committing.
    Storage(u64),
    /// A port is opened.
    Port(u64),
    /// A packet is sent.
    Packet(u64),
}

/// One world.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub seed: u64,
    pub ipv6: bool,
    pub settings: Settings,
    pub link: Link,
    pub sockets: Sockets,
    pub disk: Disk,
    pub application: Application,
    pub feeding: Feeding,
    pub operator: Operator,
    pub failing: Failing,
    pub crowd: Crowd,
}

/// The generators of the parts.
pub mod part {
    pub const PLAN: u64 = 1;
    pub const NET: u64 = 2;
    pub const DISK: u64 = 3;
    pub const APPLICATION: u64 = 4;
    pub const SERVER: u64 = 5;
    pub const PORTS: u64 = 6;
    pub const SOURCES: u64 = 7;
    pub const ACTORS: u64 = 100;
}

impl Plan {
    pub fn rng(&self, part: u64) -> Rng {
        Rng(self.seed).part(part)
    }
}
