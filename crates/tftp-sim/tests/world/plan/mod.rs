//! The plan of a world: all its parameters, drawn from the seed.
//!
//! Each part draws from its own generator, so that switching one parameter off does not change the
//! others.

mod families;

use tftp_sim::Rng;

use super::net::Flight;
pub use families::*;

/// The kind of ports that transfers get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// A random port for each transfer.
    Private,
    /// A few ports for all transfers, assigned by a keyed hash.
    Shared,
    /// The listening port.
    SinglePort,
}

/// The server's settings. Times in microseconds.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    pub mode: Mode,
    /// The number of descriptors for ports, files and temporary files together.
    pub descriptors: u32,
    /// The most transfers; 0: no limit.
    pub max_connections: u32,
    pub max_per_host: u32,
    pub max_blksize: u16,
    pub max_windowsize: u16,
    pub retransmit_timeout: u64,
    pub max_retransmits: u32,
    pub adaptive: bool,
    pub inactivity: u64,
    pub read_only: bool,
    /// True if uploads are synced to the disk before their last ACK.
    pub sync: bool,
    /// The bytes of chunks above which downloads of silent clients give theirs up.
    pub held: usize,
}

/// The faults of the network: chances in percent, times in microseconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Link {
    pub loss: u64,
    pub duplicate: u64,
    pub reorder: u64,
    pub damage: u64,
    /// A datagram to a closed port is answered with ICMP port unreachable.
    pub refusals: u64,
    pub delay: u64,
    /// An attacker who knows both ports sends an ERROR in an honest client's name right behind its
    /// packet.
    pub forged: u64,
    /// The path MTU. Longer packets are answered with Packet Too Big until the server knows it; 0:
    /// no limit.
    pub mtu: u64,
    /// The time from which `mtu` applies.
    pub narrows_at: u64,
    /// True if packets are never fragmented.
    pub dont_fragment: bool,
}

/// The faults of the server's own sockets: chances in percent.
#[derive(Clone, Copy, Debug)]
pub struct Sockets {
    /// A port cannot send for a while (EAGAIN).
    pub blocked: u64,
    /// No port can send for a while (ENOBUFS).
    pub congested: u64,
    /// A port cannot be opened.
    pub unopened: u64,
    /// The number of datagrams that a port's receive queue holds.
    pub queue: usize,
}

impl Sockets {
    /// No faults.
    pub const PLAIN: Sockets = Sockets {
        blocked: 0,
        congested: 0,
        unopened: 0,
        queue: 256,
    };
}

impl Link {
    /// Returns the longest time that a datagram is in flight.
    pub fn longest(&self) -> u64 {
        let reorder = if self.reorder > 0 {
            self.delay * 3 + 5_000
        } else {
            0
        };
        self.delay + self.delay / 4 + 1 + reorder
    }

    /// Returns true if a datagram exceeds `mtu`.
    pub fn is_too_long(&self, flight: &Flight) -> bool {
        let headers = if flight.to.is_ipv6() { 48 } else { 28 };
        self.mtu > 0 && flight.bytes.len() as u64 + headers > self.mtu
    }
}

/// The faults of the disk: chances in percent, the longest delay in microseconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Disk {
    pub delay: u64,
    /// A file does not exist.
    pub missing: u64,
    /// A read, write or commit fails.
    pub fails: u64,
    /// A job hangs for a minute.
    pub hangs: u64,
    /// The length of a file is not known before its end.
    pub unknown_length: u64,
    /// A file changes at some openings and closings.
    pub changes: u64,
    /// The model server reads a file in parts.
    pub pieces: u64,
    /// The acknowledgement of an upload is held back for a while.
    pub holds: u64,
    /// A file or chunk is not in the cache, so that a job has to fetch it.
    pub cold: u64,
    /// A file has fewer bytes than its reported size.
    pub claims_more: u64,
    /// A file has unreliable inode numbers.
    pub unnumbered: u64,
}

/// The application's answers to requests: chances in percent.
#[derive(Clone, Copy, Debug, Default)]
pub struct Application {
    pub later: u64,
    pub never: u64,
    pub refuses: u64,
    /// It ends a transfer when it receives some of its data.
    pub ends: u64,
}

/// Downloads that the application feeds while they run: chances in percent.
#[derive(Clone, Copy, Debug, Default)]
pub struct Feeding {
    /// It feeds the downloads of a file.
    pub fed: u64,
    /// A source has a key: its downloads share the supplied data.
    pub keyed: u64,
    /// The length of a source is not announced.
    pub unknown_length: u64,
    /// A source takes up to `delay` microseconds for each piece.
    pub slow: u64,
    pub delay: u64,
    /// A source ends too early, fails, or stops supplying without a word.
    pub short: u64,
    pub fails: u64,
    pub forgets: u64,
    /// A piece is first supplied with more data than requested.
    pub too_much: u64,
    /// A piece is supplied by another thread in the middle of a turn.
    pub meanwhile: u64,
    /// A file has a hundred kilobytes or more.
    pub large: u64,
}

impl Feeding {
    /// No download is fed by the application.
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

/// The operator's actions and their times in microseconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Operator {
    pub stop_at: Option<u64>,
    /// The time from the stop to the resumption.
    pub resume_after: Option<u64>,
    pub shutdown_at: Option<u64>,
    /// The time of a crash. `restart_after`: the time until another server starts.
    pub crash_at: Option<u64>,
    pub restart_after: u64,
    /// True if the whole machine loses power, not only the process.
    pub power_cut: bool,
    /// The time at which the process is suspended, and for how long.
    pub pause_at: Option<u64>,
    pub pause_for: u64,
    /// The number of the input at which a fault ends one transfer.
    pub abandon_at: Option<u64>,
}

/// The number of senders of each kind.
#[derive(Clone, Copy, Debug, Default)]
pub struct Crowd {
    /// Honest clients of any habit, one host each.
    pub honest: u16,
    /// Honest clients behind one address, or one /64.
    pub behind_one: u16,
    /// Clients that are reset in mid-transfer and use the same port again.
    pub reset: u16,
    /// Clients with forty uploads in a row from port 2070.
    pub fixed_port: u16,
    /// Clients with a new port for each file that never send the last ACK.
    pub forgets: u16,
    /// Clients that answer the OACK with ERROR 0 or 8.
    pub probers: u16,
    /// Clients that try to make the server send more than it should.
    pub malicious: u16,
    /// Hosts that send only requests.
    pub silent: u16,
    /// The number of requests that each of them sends in the first second.
    pub silent_requests: u16,
    /// Hosts that repeatedly send two hundred requests at once.
    pub bursts: u16,
    /// Senders of requests and other packets to a broadcast address.
    pub broadcasters: u16,
    /// Machines that boot at the same moment, half of them behind one address or in one /64.
    pub booting: u16,
    /// Senders that forge addresses and see no answers.
    pub blind: u16,
    /// Senders that know the port of another client's transfer.
    pub neighbours: u16,
    /// Senders that try all ports.
    pub strangers: u16,
}

/// The call that fails, by its number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Failing {
    #[default]
    Nothing,
    /// A storage call: open, read, write or commit.
    Storage(u64),
    /// The opening of a port.
    Port(u64),
    /// The sending of a packet.
    Packet(u64),
}

/// The plan of one world.
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

/// The numbers of the parts' generators.
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
