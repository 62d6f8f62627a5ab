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
    let mut net = Net::new(Rng(rng.next()), plan.path);
    let mut client = Client::new(plan, content.to_vec());
    let stream = if plan.upload { Vec::new() } else { content.to_vec() };
    let mut server = Server::new(plan, stream, rng);
    let (mut now, mut heard) = (0, 0);
    loop {
        client
            .out
            .drain(..)
            .for_each(|packet| net.send(now, Side::Server, packet));
        server
            .out
            .drain(..)
            .for_each(|packet| net.send(now, Side::Client, packet));
        if client.state != State::Running && server.is_over() {
            break;
        }
        let next = [net.next_at(), client.deadline(), server.deadline()]
            .into_iter()
            .flatten()
            .min();
        now = now.max(next.expect("somebody waits for something"));
        assert!(now < 36_000_000_000, "ten hours and no end");
        match net.arrive(now) {
            Some((Side::Client, packet)) => {
                heard += 1;
                client.receive(now, &packet);
                if plan.abort_after == Some(heard) {
                    client.abort();
                }
            }
            Some((Side::Server, packet)) => server.receive(now, &packet, client.window_end()),
            None if client.deadline().is_some_and(|at| at <= now) => client.timeout(now),
            None => server.timeout(now, client.window_end()),
        }
    }
    let arrived = if plan.upload {
        server.stream.clone()
    } else {
        client.got.clone()
    };
    let report = Report {
        client: client.state,
        server: server.outcome().cloned(),
        sent: server.sent,
        time: now,
        arrived,
    };
    check(plan, content, &report);
    report
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
