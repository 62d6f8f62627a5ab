//! Hostile or broken senders: they send requests without going on, forge addresses, guess ports, or
//! know those of others.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use tftp_sim::Rng;
use tftp_sim::client::Arrival;

use super::files;
use super::honest::Tid;
use super::net::Kind;

/// Datagrams that an actor sends: source, destination, bytes, and whether the source is forged.
#[derive(Default)]
pub struct Out {
    pub sent: Vec<(SocketAddr, SocketAddr, Vec<u8>, Kind)>,
}

impl Out {
    pub fn send(&mut self, from: SocketAddr, to: SocketAddr, bytes: Vec<u8>) {
        self.sent.push((from, to, bytes, Kind::Plain));
    }

    fn forge(&mut self, from: SocketAddr, to: SocketAddr, bytes: Vec<u8>) {
        self.sent.push((from, to, bytes, Kind::Forged));
    }
}

/// The kind of a hostile sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Sends requests from a new port each, and nothing else.
    Silent,
    /// Sends the same requests, [`BURST`] at once.
    Burst,
    /// Sends requests and other packets to a broadcast address, which is its victim.
    Broadcaster,
    /// Sends requests in a victim's name, then ACKs and ERRORs in its name to ports that it
    /// guesses.
    Blind,
    /// Sends packets in its own name to the port of another client's transfer.
    Neighbour,
    /// Sends anything to any port.
    Stranger,
}

/// The ports that the world's system draws from.
pub const PORTS: std::ops::Range<u64> = 32_768..61_000;

/// The number of requests in a burst, fewer than a socket holds, and the quiet time after it in
/// microseconds.
const BURST: u64 = 200;
const QUIET: u64 = 100_000;

pub struct Hostile {
    pub way: Way,
    pub host: IpAddr,
    pub victim: SocketAddr,
    pub sent: u64,
    /// The number of packets sent to ports that it guessed.
    pub guesses: u64,
    server: SocketAddr,
    rng: Rng,
    next_at: u64,
    interval: u64,
    left: u32,
    number: u64,
    /// A port of the server that it knows: of its own transfer, or for a neighbour of another
    /// client's.
    known: Option<u16>,
}

impl Hostile {
    pub fn new(
        way: Way,
        host: IpAddr,
        victim: SocketAddr,
        number: u64,
        count: u32,
        server: SocketAddr,
        mut rng: Rng,
    ) -> Hostile {
        let interval = match way {
            Way::Silent => 1_000_000 / u64::from(count.max(1)),
            Way::Blind => rng.pick(&[20, 1_000]),
            _ => 3_000,
        };
        Hostile {
            way,
            host,
            victim,
            sent: 0,
            guesses: 0,
            server,
            next_at: rng.below(300_000),
            rng,
            interval,
            left: count,
            number,
            known: None,
        }
    }

    pub fn deadline(&self) -> Option<u64> {
        (self.left > 0).then_some(self.next_at)
    }

    /// Reveals the port of another client's transfer to a neighbour.
    pub fn learn(&mut self, port: u16) {
        if self.way == Way::Neighbour {
            self.known = Some(port);
        }
    }

    pub fn receive(&mut self, arrival: &Arrival<'_, Tid>) {
        if self.way == Way::Blind && arrival.from.0 != self.server {
            self.known = Some(arrival.from.0.port());
        }
    }

    pub fn timeout(&mut self, now: u64, out: &mut Out) {
        self.left -= 1;
        self.sent += 1;
        self.next_at = match self.way {
            Way::Burst if self.sent.is_multiple_of(BURST) => now + QUIET,
            Way::Burst => now,
            _ => now + 1 + self.rng.below(2 * self.interval),
        };
        match self.way {
            Way::Silent | Way::Burst => self.ask(out),
            Way::Broadcaster => self.broadcast(out),
            Way::Blind => self.forge(out),
            Way::Neighbour => self.bother(out),
            Way::Stranger => self.probe(out),
        }
    }

    /// Returns a port of its own; if it has a /64, with an address of that.
    fn own(&self) -> SocketAddr {
        let host = match self.host {
            IpAddr::V6(ip) if matches!(self.way, Way::Silent | Way::Burst) => {
                IpAddr::V6(Ipv6Addr::from(u128::from(ip) + u128::from(self.sent)))
            }
            ip => ip,
        };
        SocketAddr::new(host, 1024 + (self.sent % 60_000) as u16)
    }

    fn ask(&mut self, out: &mut Out) {
        let bytes = self.request(30);
        out.send(self.own(), self.server, bytes);
    }

    fn broadcast(&mut self, out: &mut Out) {
        let bytes = match self.rng.percent(60) {
            true => self.request(30),
            false => self.any_packet(),
        };
        out.send(self.own(), self.victim, bytes);
    }

    /// Returns a request; `writes` of a hundred are WRQs.
    fn request(&mut self, writes: u64) -> Vec<u8> {
        let rng = &mut self.rng;
        let upload = rng.percent(writes);
        let name = if upload {
            format!("evil-{}-{}", self.number, self.sent).into_bytes()
        } else {
            files::name(rng.below(files::COUNT))
        };
        let mut options = tftp_sim::client::Options::default();
        if rng.percent(50) {
            options.push("windowsize", 64);
            options.push("timeout", 255);
        }
        tftp_sim::client::request(upload, &name, "octet", &options)
    }

    fn forge(&mut self, out: &mut Out) {
        if self.sent == 1 {
            // Its own request reveals a port.
            let bytes = self.request(0);
            return out.send(self.own(), self.server, bytes);
        }
        if self.sent == 2 {
            let bytes = self.request(0);
            return out.forge(self.victim, self.server, bytes);
        }
        self.guesses += 1;
        let bytes = match self.rng.below(4) {
            0 => vec![0, 4, 0, 0],
            1 => vec![0, 4, 0, 1],
            2 => vec![0, 4, 0, self.rng.below(30) as u8],
            _ => b"\0\x05\0\0no\0".to_vec(),
        };
        let near = self
            .known
            .map(|port| port.wrapping_add(self.rng.below(17) as u16).wrapping_sub(8));
        let port = match (self.rng.below(3), near) {
            (0, _) => self.server.port(),
            (1, Some(near)) => near,
            _ => (PORTS.start + self.rng.below(PORTS.end - PORTS.start)) as u16,
        };
        out.forge(self.victim, SocketAddr::new(self.server.ip(), port), bytes);
    }

    fn any_packet(&mut self) -> Vec<u8> {
        let opcode = self.rng.pick(&[3, 4, 5, 6, 9]);
        let mut bytes = vec![0, opcode, 0, self.rng.below(5) as u8];
        bytes.resize(4 + self.rng.pick(&[0, 1, 100, 512]), b'x');
        bytes
    }

    fn bother(&mut self, out: &mut Out) {
        if let Some(port) = self.known {
            let bytes = self.any_packet();
            out.send(self.own(), SocketAddr::new(self.server.ip(), port), bytes);
        }
    }

    fn probe(&mut self, out: &mut Out) {
        let port = if self.rng.percent(30) {
            self.server.port()
        } else {
            (PORTS.start + self.rng.below(PORTS.end - PORTS.start)) as u16
        };
        let bytes = self.any_packet();
        out.send(self.own(), SocketAddr::new(self.server.ip(), port), bytes);
    }
}
