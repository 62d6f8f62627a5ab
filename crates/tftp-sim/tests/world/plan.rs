//! Everything that is chosen about one world, and how it is chosen by seed.
//!
//! Each part draws from a generator of its own, so that a knob that is switched off does not change the others.

use tftp_sim::Rng;

use super::net::Flight;

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
    /// Senders who forge addresses and see no answers.
    pub blind: u16,
    /// Those who know the port of somebody else's transfer.
    pub neighbours: u16,
    /// Those who try all ports.
    pub strangers: u16,
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
    pub operator: Operator,
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
    pub const ACTORS: u64 = 100;
}

impl Plan {
    pub fn rng(&self, part: u64) -> Rng {
        Rng(self.seed).part(part)
    }
}

fn settings(rng: &mut Rng) -> Settings {
    Settings {
        mode: rng.pick(&[Mode::Private, Mode::Private, Mode::Shared, Mode::SinglePort]),
        descriptors: 4096,
        max_connections: 0,
        max_per_host: 0,
        max_blksize: rng.pick(&[65464, 65464, 1468, 512]),
        max_windowsize: rng.pick(&[64, 64, 16, 1]),
        retransmit_timeout: rng.pick(&[2_000_000, 5_000_000]),
        max_retransmits: rng.pick(&[8, 8, 5]),
        adaptive: rng.percent(80),
        inactivity: 60_000_000,
        read_only: false,
        sync: rng.percent(50),
    }
}

fn link(rng: &mut Rng) -> Link {
    let bad = rng.percent(60);
    Link {
        loss: if bad { rng.below(11) } else { 0 },
        duplicate: if bad { rng.below(21) } else { 0 },
        reorder: if bad { rng.below(21) } else { 0 },
        damage: 0,
        refusals: rng.pick(&[0, 50, 100]),
        delay: rng.pick(&[50, 500, 5_000, 40_000]),
        forged: 0,
        mtu: rng.pick(&[0, 0, 0, 1500, 576]),
        narrows_at: rng.pick(&[0, 300_000]),
        dont_fragment: false,
    }
}

/// Honest clients of every habit, reset ones and probers, on good and bad networks.
pub fn honest(seed: u64) -> Plan {
    let mut rng = Rng(seed).part(part::PLAN);
    let mut plan = Plan {
        seed,
        ipv6: rng.percent(30),
        settings: settings(&mut rng.part(1)),
        link: link(&mut rng.part(2)),
        sockets: Sockets::PLAIN,
        disk: Disk {
            delay: rng.part(3).pick(&[0, 0, 0, 10_000, 500_000]),
            missing: rng.part(3).pick(&[0, 5]),
            pieces: rng.part(3).pick(&[0, 0, 30]),
            cold: rng.part(3).pick(&[0, 30, 100]),
            ..Disk::default()
        },
        application: Application::default(),
        operator: Operator::default(),
        crowd: Crowd {
            honest: 8,
            behind_one: rng.pick(&[0, 8]),
            reset: rng.pick(&[0, 1, 2]),
            fixed_port: rng.pick(&[0, 0, 0, 1]),
            forgets: rng.pick(&[0, 1]),
            probers: rng.pick(&[0, 1]),
            ..Crowd::default()
        },
    };
    if plan.crowd.fixed_port > 0 {
        // A request that comes once more after its transfer begins another one, and its client cannot tell them apart.
        (plan.link.duplicate, plan.link.reorder) = (0, 0);
    }
    plan
}

/// The disk, the application and the server's system do what they like as well.
pub fn troubled(seed: u64) -> Plan {
    let mut plan = honest(seed);
    let mut rng = Rng(seed).part(part::PLAN).part(7);
    plan.disk = Disk {
        delay: rng.pick(&[0, 10_000, 3_000_000]),
        missing: rng.pick(&[0, 20]),
        fails: rng.pick(&[0, 2, 10]),
        hangs: rng.pick(&[0, 2]),
        unknown_length: rng.pick(&[0, 30]),
        changes: rng.pick(&[0, 30]),
        pieces: rng.pick(&[0, 50]),
        holds: rng.pick(&[0, 20]),
        cold: rng.pick(&[0, 50, 100]),
        claims_more: rng.pick(&[0, 0, 20]),
        unnumbered: rng.pick(&[0, 0, 30]),
    };
    plan.link.dont_fragment = rng.percent(20);
    plan.sockets = Sockets {
        blocked: rng.pick(&[0, 5]),
        congested: rng.pick(&[0, 1]),
        unopened: rng.pick(&[0, 0, 20]),
        queue: rng.pick(&[8, 64, 256]),
    };
    let mut rng = rng.part(1);
    plan.application = Application {
        later: rng.pick(&[0, 30]),
        never: rng.pick(&[0, 5]),
        refuses: rng.pick(&[0, 10]),
        ends: rng.pick(&[0, 0, 2]),
    };
    plan
}

/// Somebody stops, resumes, pauses, crashes or shuts the server down.
pub fn operated(seed: u64) -> Plan {
    let mut plan = if seed.is_multiple_of(2) {
        honest(seed)
    } else {
        troubled(seed)
    };
    let mut rng = Rng(seed).part(part::PLAN).part(8);
    let at = rng.pick(&[0, 2_000, 50_000, 1_000_000, 3_000_000]) + rng.below(100_000);
    let operator = &mut plan.operator;
    match rng.below(6) {
        0 => operator.stop_at = Some(at),
        1 => (operator.stop_at, operator.resume_after) = (Some(at), Some(rng.below(2_000_000))),
        2 => operator.shutdown_at = Some(at),
        3 => {
            (operator.crash_at, operator.restart_after) = (Some(at), rng.below(3_000_000));
            operator.power_cut = rng.percent(50);
        }
        4 => {
            (operator.pause_at, operator.pause_for) =
                (Some(at), rng.pick(&[200_000, 3_000_000, 20_000_000, 60_000_000]))
        }
        _ => operator.abandon_at = Some(1 + rng.below(200)),
    }
    plan
}

/// Floods of requests that nobody goes on with, beside honest clients.
pub fn flooded(seed: u64) -> Plan {
    let mut plan = honest(seed);
    let mut rng = Rng(seed).part(part::PLAN).part(9);
    plan.link.loss = 0;
    plan.disk.delay = 0;
    plan.disk.changes = rng.pick(&[0, 50]);
    let (silent, silent_requests) = rng.pick(&[(1, 130), (1, 1100), (3, 1100), (40, 130)]);
    plan.crowd = Crowd {
        honest: 4,
        behind_one: rng.pick(&[0, 4, 100]),
        silent,
        silent_requests,
        ..Crowd::default()
    };
    plan.settings.descriptors = rng.pick(&[1024, 4096]);
    plan.settings.max_connections = rng.pick(&[0, 0, 200]);
    plan
}

/// Somebody sends ERRORs in the name of clients that go on.
pub fn contradicted(seed: u64) -> Plan {
    let mut plan = honest(seed);
    let link = &mut plan.link;
    (link.loss, link.duplicate, link.reorder, link.mtu, link.forged) = (0, 0, 0, 0, 50);
    link.delay = link.delay.min(5_000);
    // A client that waits for the disk for longer than a second is given up.
    (plan.disk.missing, plan.disk.delay) = (0, plan.disk.delay.min(100_000));
    plan.crowd = Crowd {
        honest: 8,
        ..Crowd::default()
    };
    plan
}

/// Those who act in another's name, beside honest clients.
pub fn forged(seed: u64) -> Plan {
    let mut plan = honest(seed);
    let mut rng = Rng(seed).part(part::PLAN).part(10);
    plan.crowd = Crowd {
        honest: 4,
        blind: rng.pick(&[1, 2]),
        neighbours: rng.pick(&[0, 1]),
        strangers: rng.pick(&[0, 1]),
        malicious: rng.pick(&[0, 1]),
        silent: rng.pick(&[0, 1]),
        silent_requests: 30,
        ..Crowd::default()
    };
    plan
}
