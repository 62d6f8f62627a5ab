//! Measures the time that the server machine takes for a packet, for a deadline, and for ending one
//! transfer and beginning another, with one transfer and with many. The machine runs alone, without
//! sockets and files.

use std::hint::black_box;
use std::net::SocketAddr;
use std::time::Duration;

use tftp_machine::{
    Config, Datagram, Decision, Handled, Io, IoDone, Mode, Output, Policy, PortId, Server,
    SingleThreadLimits, TransferId,
};
use tftp_proto::wire::{self, OptionSet};
use tftp_proto::{ErrorCode, Instant, Limits, Rollover, Timing};

const COUNTS: [u32; 5] = [1, 100, 1_000, 10_000, 100_000];
/// The number of measured calls per figure.
const CALLS: u32 = 500_000;
/// The number of measurements per figure, whose median counts.
const REPEATS: usize = 5;
/// Microseconds of virtual time between two packets.
const STEP: u64 = 1;
/// The length of every file in bytes.
const LENGTH: u64 = 1 << 40;

const LISTENING: PortId = PortId {
    index: 0,
    generation: 1,
};

struct Load {
    server: Server<SingleThreadLimits>,
    now: Instant,
    /// Each client's port, its transfer, and the last block that it has acknowledged.
    clients: Vec<(PortId, TransferId, u64)>,
    next_port: u32,
    opened: PortId,
}

fn config() -> Config {
    Config {
        listening: LISTENING,
        address: "0.0.0.0:69".parse().expect("an address"),
        source: None,
        mode: Mode::AlwaysOwn,
        transfer_ports: None,
        threads: 1,
        hides_probes: true,
        dont_fragment: false,
    }
}

fn policy() -> Policy {
    Policy {
        read_only: false,
        max_connections: usize::MAX,
        max_per_host: 0,
        limits: Limits {
            max_blksize: 65464,
            max_windowsize: 64,
            max_large_window: u32::MAX,
            rollover: Rollover::Zero,
        },
        timing: Timing {
            retransmit_timeout: Duration::from_secs(5),
            max_retransmits: u32::MAX,
            adaptive: true,
            inactivity: None,
            absolute: None,
        },
        refused_options: OptionSet::default(),
    }
}

fn peer(index: u32) -> SocketAddr {
    let [_, a, b, c] = index.to_be_bytes();
    SocketAddr::from(([10, a, b, c], 2070))
}

impl Load {
    fn with(count: u32) -> Load {
        let mut load = Load {
            server: Server::new(
                config(),
                policy(),
                SingleThreadLimits::new(usize::MAX / 2),
                [7; 16],
            ),
            now: Instant::from_micros(1_000_000),
            clients: Vec::new(),
            next_port: 0,
            opened: LISTENING,
        };
        load.drain();
        for index in 0..count {
            let client = load.begin(index);
            load.clients.push(client);
        }
        load
    }

    /// Begins a download and acknowledges its first block.
    fn begin(&mut self, index: u32) -> (PortId, TransferId, u64) {
        let handled = self.arrive(LISTENING, index, b"\0\x01file\0octet\0");
        let Handled::Requested(id) = handled else {
            panic!("not admitted: {handled:?}")
        };
        let port = self.opened;
        self.arrive(port, index, &wire::ack(1));
        (port, id, 1)
    }

    fn arrive<'a>(&mut self, port: PortId, index: u32, bytes: &'a [u8]) -> Handled<'a> {
        let datagram = Datagram {
            port,
            peer: peer(index),
            local: None,
            broadcast: false,
            bytes,
        };
        let handled = self.server.handle_datagram(self.now, &datagram);
        self.drain();
        handled
    }

    fn drain(&mut self) {
        while let Some(output) = self.server.poll_output() {
            match output {
                Output::OpenPort { id, .. } => {
                    self.next_port += 1;
                    self.opened = PortId {
                        index: self.next_port,
                        generation: 1,
                    };
                    self.server.handle_port(self.now, id, Ok(self.opened));
                }
                Output::Ask { id, .. } => self.server.decide(self.now, id, Decision::Go),
                Output::Io {
                    id,
                    what: Io::Open { .. },
                } => {
                    let length = Some(LENGTH);
                    self.server.handle_io(self.now, id, IoDone::Opened { length });
                }
                Output::Io {
                    id,
                    what: Io::Read { .. },
                } => {
                    let (available, end) = (LENGTH, true);
                    self.server
                        .handle_io(self.now, id, IoDone::Supplied { available, end });
                }
                other => {
                    black_box(&other);
                }
            }
        }
    }

    /// Acknowledges a block of one client, which is sent the next one.
    fn packet(&mut self, round: u32) {
        self.now += Duration::from_micros(STEP);
        let index = self.any(round);
        let (port, _, acked) = &mut self.clients[index];
        *acked += 1;
        let (port, packet) = (*port, wire::ack((*acked % 65_536) as u16));
        self.arrive(port, index as u32, &packet);
    }

    /// Advances to the earliest deadline, at which a packet is retransmitted.
    fn expire(&mut self, _: u32) {
        let due = self.server.poll_timeout().expect("transfers wait");
        self.now = self.now.max(due);
        self.server.handle_timeout(self.now);
        self.drain();
    }

    /// Ends a transfer and begins another in its place.
    fn replace(&mut self, round: u32) {
        let index = self.any(round);
        let end = Decision::End {
            code: ErrorCode::UNDEFINED,
            text: "enough".into(),
            silent: true,
        };
        self.server.decide(self.now, self.clients[index].1, end);
        self.drain();
        self.clients[index] = self.begin(index as u32);
    }

    /// Returns the client of a round: each once before any repeats, in an order that defeats
    /// caches.
    fn any(&self, round: u32) -> usize {
        (u64::from(round) * 7_919 % self.clients.len() as u64) as usize
    }
}

/// Returns the nanoseconds per call.
fn measure(count: u32, call: fn(&mut Load, u32)) -> f64 {
    let mut figures: Vec<f64> = (0..REPEATS)
        .map(|_| {
            let mut load = Load::with(count);
            (0..count).for_each(|round| load.packet(round));
            let begin = processor_time();
            (0..CALLS).for_each(|round| call(&mut load, round));
            (processor_time() - begin) / f64::from(CALLS)
        })
        .collect();
    figures.sort_by(f64::total_cmp);
    figures[REPEATS / 2]
}

/// Returns the processor time of this thread in nanoseconds, so that other programs do not count.
fn processor_time() -> f64 {
    // SAFETY: integers, for which zero is a value.
    let mut time: libc::timespec = unsafe { std::mem::zeroed() };
    // SAFETY: the time outlives the call.
    let result = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    assert_eq!(result, 0, "every Linux has this clock");
    time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
}

fn main() {
    println!("| transfers | an ACK and the next block | a deadline comes | end one, begin one |");
    println!("|---|---|---|---|");
    for count in COUNTS {
        let figures = [Load::packet, Load::expire, Load::replace].map(|call| measure(count, call));
        let cells = figures.map(|figure| format!(" {figure:.0} |")).concat();
        println!("| {count} |{cells}");
    }
}
