//! One transfer between the machines and a model client over a bad network, in virtual time.
#![allow(dead_code)]

pub mod client;
pub mod net;
pub mod server;

use client::{Client, State};
use net::{Net, Path, Rng, Side};
use server::Server;
use tftp_proto::Outcome;

/// Everything about one simulated transfer. Times in microseconds.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub seed: u64,
    pub upload: bool,
    pub size: usize,
    /// 0: not asked for.
    pub blksize: u64,
    pub windowsize: u64,
    pub timeout: u64,
    pub max_windowsize: u16,
    pub rollover_to_one: bool,
    pub ask_tsize: bool,
    pub ask_rollover: bool,
    pub adaptive: bool,
    pub max_retransmits: u32,
    pub slow_disk: bool,
    pub holds: bool,
    pub client_timeout: u64,
    pub client_tries: u32,
    pub client_linger: u64,
    /// The client gives up after this many datagrams.
    pub abort_after: Option<u64>,
    pub path: Path,
}

impl Plan {
    pub fn options(&self) -> Vec<(&'static str, u64)> {
        let size = if self.upload { self.size as u64 } else { 0 };
        let all = [
            ("blksize", self.blksize, self.blksize > 0),
            ("windowsize", self.windowsize, self.windowsize > 0),
            ("timeout", self.timeout, self.timeout > 0),
            ("tsize", size, self.ask_tsize),
            ("rollover", u64::from(self.rollover_to_one), self.ask_rollover),
        ];
        // A server may leave out tsize; with nothing else to confirm there is no OACK.
        let empty = !self.upload && self.size == 0;
        all.into_iter()
            .filter(|&(name, _, asked)| asked && !(empty && name == "tsize"))
            .map(|(n, v, _)| (n, v))
            .collect()
    }

    pub fn blocks(&self) -> u64 {
        let blksize = if self.blksize > 0 { self.blksize } else { 512 };
        self.size as u64 / blksize + 1
    }
}

/// How it went.
#[derive(Debug)]
pub struct Report {
    pub client: State,
    pub server: Option<Outcome>,
    /// Datagrams that the server sent.
    pub sent: u64,
    pub time: u64,
    /// What arrived, at whichever end receives.
    pub arrived: Vec<u8>,
}

/// Runs one transfer of `content` to its end and checks what must always hold.
pub fn run(plan: &Plan, content: &[u8]) -> Report {
    let mut rng = Rng(plan.seed);
    let stream = if plan.upload { Vec::new() } else { content.to_vec() };
    let mut world = World {
        net: Net::new(Rng(rng.next()), plan.path),
        client: Client::new(plan, content.to_vec()),
        server: Server::new(plan, stream, rng),
        now: 0,
        heard: 0,
    };
    while world.step(plan) {}
    let World {
        client, server, now, ..
    } = world;
    let outcome = server.outcome().cloned();
    let arrived = if plan.upload { server.stream } else { client.got };
    let report = Report {
        client: client.state,
        server: outcome,
        sent: server.sent,
        time: now,
        arrived,
    };
    check(plan, content, &report);
    report
}

struct World {
    net: Net,
    client: Client,
    server: Server,
    now: u64,
    /// Datagrams that reached the client.
    heard: u64,
}

impl World {
    /// One event. False: both ends are done.
    fn step(&mut self, plan: &Plan) -> bool {
        let World {
            net, client, server, ..
        } = self;
        client
            .out
            .drain(..)
            .for_each(|packet| net.send(self.now, Side::Server, packet));
        server
            .out
            .drain(..)
            .for_each(|packet| net.send(self.now, Side::Client, packet));
        if client.state != State::Running && server.is_over() {
            return false;
        }
        let next = [net.next_at(), client.deadline(), server.deadline()]
            .into_iter()
            .flatten()
            .min();
        self.now = self.now.max(next.expect("somebody waits for something"));
        assert!(self.now < 36_000_000_000, "ten hours and no end");
        match net.arrive(self.now) {
            Some((Side::Client, packet)) => {
                self.heard += 1;
                client.receive(self.now, &packet);
                if plan.abort_after == Some(self.heard) {
                    client.abort();
                }
            }
            Some((Side::Server, packet)) => server.receive(self.now, &packet, client.window_end()),
            None if client.deadline().is_some_and(|at| at <= self.now) => client.timeout(self.now),
            None => server.timeout(self.now, client.window_end()),
        }
        true
    }
}

/// Whole, or cleanly failed, at both ends; never one byte wrong.
fn check(plan: &Plan, content: &[u8], report: &Report) {
    assert!(
        content.starts_with(&report.arrived),
        "what arrived is a beginning of what was sent"
    );
    let whole = report.arrived.len() == content.len();
    if report.server == Some(Outcome::Complete) {
        assert!(whole, "complete for the server, but not whole");
    }
    if report.client == State::Done {
        assert!(whole, "complete for the client, but not whole");
        match &report.server {
            Some(Outcome::Complete) => {}
            Some(Outcome::TimedOut { probably_complete }) if !plan.upload => {
                assert!(
                    *probably_complete || plan.options().is_empty() && plan.blocks() == 1,
                    "{report:?}"
                );
            }
            other => panic!("complete for the client, for the server {other:?}"),
        }
    }
    assert!(report.server.is_some() || report.client == State::Failed);
}

/// Text or noise, by seed.
pub fn content(rng: &mut Rng, size: usize) -> Vec<u8> {
    (0..size)
        .map(|_| {
            if rng.percent(20) {
                rng.pick(b"\r\n\0a")
            } else {
                rng.next() as u8
            }
        })
        .collect()
}
