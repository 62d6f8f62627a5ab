//! One transfer between the machines and a model client over a bad network, in virtual time.
#![allow(dead_code)]

pub mod doubts;
pub mod found;
pub mod judge;
pub mod net;
pub mod options;
pub mod pace;
pub mod plan;
pub mod pool;
pub mod rules;
pub mod sent;
pub mod server;
pub mod session;

use judge::{Ending, judge};
use net::{CLIENT, Datagram, LISTENING, Net, Rng};
use plan::Plan;
use server::Server;
use std::sync::OnceLock;
use tftp_proto::Outcome;
use tftp_sim::client::State;

/// The model client, on the simulation's addresses.
pub type Client<'a> = tftp_sim::client::Client<'a, net::Tid>;

/// How it went.
#[derive(Debug)]
pub struct Report {
    pub ending: Ending,
    pub client: State,
    pub server: Option<Outcome>,
    /// Datagrams that the server sent.
    pub sent: u64,
    /// Bytes that arrived in order, at whichever end receives.
    pub arrived: usize,
    /// Virtual microseconds.
    pub time: u64,
    /// Bytes that the server sent for each that it got, before anything was acknowledged, in
    /// percent.
    pub half_open: u64,
}

/// Runs one transfer of `content` to its end and checks what must always hold.
pub fn run(plan: &Plan, content: &[u8]) -> Report {
    let mut rng = Rng(plan.seed);
    let mut world = World {
        net: Net::new(Rng(rng.next()), plan.path),
        client: Client::new(0, &plan.client(), plan.request(), LISTENING, content),
        server: Server::new(plan, content, rng),
        now: 0,
        heard: 0,
        sent: 0,
    };
    let longest = plan.longest();
    while world.step(plan) {
        assert!(world.now < longest, "no end after {longest} us");
    }
    world.report(plan)
}

struct World<'a> {
    net: Net,
    client: Client<'a>,
    server: Server<'a>,
    now: u64,
    /// Datagrams that reached the client.
    heard: u64,
    sent: u64,
}

impl World<'_> {
    /// One event. False: both ends are done, and nothing is under way.
    fn step(&mut self, plan: &Plan) -> bool {
        self.post();
        let World {
            net, client, server, ..
        } = self;
        let due = [net.next_at(), client.deadline(), server.deadline()];
        let Some(next) = due.into_iter().flatten().min() else {
            return false;
        };
        self.now = self.now.max(next);
        match net.arrive(self.now) {
            Some(datagram) if datagram.to == CLIENT => {
                self.heard += 1;
                if !client.is_there(self.now) {
                    net.refuse(self.now, &datagram);
                }
                client.receive(self.now, &datagram.arrival());
                assert_eq!(client.wrong, None, "a block with wrong bytes");
                if plan.abort_after == Some(self.heard) {
                    client.abort();
                }
                if plan.dies_after == Some(self.heard) {
                    client.die();
                }
            }
            Some(datagram) => {
                show(self.now, "", &datagram);
                server.receive(self.now, &datagram);
            }
            None if client.deadline().is_some_and(|at| at <= self.now) => client.timeout(self.now),
            None => server.timeout(self.now),
        }
        true
    }

    /// Puts the packets of both ends under way.
    fn post(&mut self) {
        let World {
            net, client, server, ..
        } = self;
        let clean = !client.deceived;
        for (to, bytes) in client.out.drain(..) {
            let from = CLIENT;
            net.send(
                self.now,
                Datagram {
                    from,
                    to,
                    bytes,
                    clean,
                },
            );
        }
        for datagram in server.out.drain(..) {
            self.sent += 1;
            show(self.now, "        ", &datagram);
            net.send(self.now, datagram);
        }
    }

    fn report(self, plan: &Plan) -> Report {
        let World { client, server, .. } = self;
        assert!(server.is_over() && client.state != State::Running);
        let ending = judge(plan, &client, &server);
        let session = server.bound(client.bound);
        let received = session.map_or(0, |session| session.watcher.received_bytes());
        let half_open = server
            .sessions
            .iter()
            .map(|session| session.watcher.figures.half_open());
        Report {
            ending,
            client: client.state,
            server: session.and_then(|session| session.outcome().cloned()),
            sent: self.sent,
            arrived: if plan.upload { received } else { client.got },
            time: self.now,
            half_open: half_open.max().unwrap_or(0),
        }
    }
}

/// With TFTP_SEED: what reaches the server and, further right, what it sends.
fn show(now: u64, margin: &str, datagram: &Datagram) {
    static REPLAYED: OnceLock<bool> = OnceLock::new();
    if *REPLAYED.get_or_init(|| std::env::var_os("TFTP_SEED").is_some()) {
        let damaged = if datagram.clean { "" } else { "  (damaged)" };
        let head = datagram.bytes[..datagram.bytes.len().min(24)].escape_ascii();
        let (from, to, length) = (datagram.from, datagram.to, datagram.bytes.len());
        println!("{now:>12} us {margin}{from} -> {to}: {length} bytes \"{head}\"{damaged}");
    }
}

/// `size` bytes that are the same nowhere else, or text of lines.
pub fn content(rng: &mut Rng, size: usize, text: bool) -> &'static [u8] {
    if text {
        tftp_sim::text(rng, size)
    } else {
        tftp_sim::noise(rng, size)
    }
}
