//! One world: a server, a network, everybody who talks to it, and those who judge, in virtual time.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::net::SocketAddr;

use tftp_sim::client::Arrival;

use super::crowd::{self, Actor};
use super::files::Files;
use super::ground::{Counts, Event, Ground, Node, Port, Sent, Told};
use super::honest::Tid;
use super::hostile::{Out, Way};
use super::judges::{Broken, Judge, Judges, opens};
use super::net::{Flight, Kind, Net};
use super::operator::{Order, orders};
use super::plan::{Mode, Plan, part};
use super::trace::Trace;

/// What listens.
pub const LISTENING: u16 = 69;
/// After everybody is gone: nothing may be left then.
const REST: u64 = 300_000_000;
/// No world takes longer.
const LONGEST: u64 = 3_600_000_000;
/// Datagrams that a port keeps while the process pauses.
const QUEUE: usize = 256;

/// What came of it.
pub struct Report {
    pub counts: Counts,
    /// Of all datagrams and events.
    pub hash: u64,
    pub broken: Option<Broken>,
    pub trace: Trace,
    pub time: u64,
}

pub struct World<'a, N> {
    plan: &'a Plan,
    node: Option<N>,
    make: &'a dyn Fn(&Plan, u64, &mut Ground) -> N,
    ground: Ground,
    net: Net,
    actors: Vec<Actor>,
    /// Who has which address.
    owners: BTreeMap<SocketAddr, usize>,
    deadlines: BinaryHeap<Reverse<(u64, usize)>>,
    judges: Judges,
    now: u64,
    orders: Vec<(u64, Order)>,
    paused_until: u64,
    waiting: VecDeque<Flight>,
    hash: u64,
    trace: Trace,
    inputs: u64,
}

impl<'a, N: Node> World<'a, N> {
    pub fn new(
        plan: &'a Plan,
        make: &'a dyn Fn(&Plan, u64, &mut Ground) -> N,
        tracing: bool,
    ) -> World<'a, N> {
        let address = crowd::server(plan);
        let (actors, victims) = crowd::populate(plan, SocketAddr::new(address, LISTENING));
        let files = Files::new(plan.rng(part::DISK), &plan.disk);
        let mut ground = Ground::new(files, address, plan.rng(part::PORTS));
        ground.ports.insert(LISTENING, Port::Listening);
        let node = make(plan, 0, &mut ground);
        let mut world = World {
            plan,
            node: Some(node),
            make,
            ground,
            net: Net::new(plan.rng(part::NET), plan.link, address),
            actors,
            owners: BTreeMap::new(),
            deadlines: BinaryHeap::new(),
            judges: Judges::new(plan),
            now: 0,
            orders: orders(plan),
            paused_until: 0,
            waiting: VecDeque::new(),
            hash: 0xcbf2_9ce4_8422_2325,
            trace: Trace::new(tracing),
            inputs: 0,
        };
        for place in 0..world.actors.len() {
            world.rearm(place);
        }
        victims
            .into_iter()
            .for_each(|victim| world.judges.watch(victim, true));
        world
    }

    fn rearm(&mut self, place: usize) {
        if let Some(at) = self.actors[place].deadline() {
            self.deadlines.push(Reverse((at, place)));
        }
    }

    /// Runs until everybody has gone and nothing is left, or a judge speaks.
    pub fn run(mut self) -> Report {
        while self.ground.broken.is_none() && self.step() {}
        if self.ground.broken.is_none() {
            self.finish();
        }
        Report {
            counts: self.ground.counts,
            hash: self.hash,
            broken: self.ground.broken,
            trace: self.trace,
            time: self.now,
        }
    }

    fn next_actor(&mut self) -> Option<u64> {
        while let Some(&Reverse((at, place))) = self.deadlines.peek() {
            if self.actors[place].deadline() == Some(at) {
                return Some(at);
            }
            self.deadlines.pop();
        }
        None
    }

    fn next_node(&self) -> Option<u64> {
        let node = self.node.as_ref()?;
        let waits = (!self.waiting.is_empty()).then_some(self.paused_until);
        let due = [node.deadline(), waits].into_iter().flatten().min()?;
        Some(due.max(self.paused_until))
    }

    /// One event. False: nobody has anything left to do.
    fn step(&mut self) -> bool {
        let order = self.orders.first().map(|(at, _)| *at);
        let actor = self.next_actor();
        let due = [self.net.next_at(), actor, self.next_node(), order];
        let Some(next) = due.into_iter().flatten().min() else {
            return false;
        };
        self.now = self.now.max(next);
        if self.now > LONGEST {
            self.ground.broken = Some(Broken(Judge::Served, "no end after an hour".to_owned()));
            return false;
        }
        let now = self.now;
        if order.is_some_and(|at| at <= now) {
            let (_, order) = self.orders.remove(0);
            self.obey(order);
        } else if let Some(flight) = self.net.arrive(now) {
            self.deliver(flight);
        } else if actor.is_some_and(|at| at <= now) {
            self.act();
        } else {
            self.turn();
        }
        self.settle();
        true
    }

    fn deliver(&mut self, flight: Flight) {
        self.hash(&flight);
        self.trace.flight(self.now, &flight);
        if flight.to.ip() == self.ground.address {
            return self.reach_server(flight);
        }
        let Some(&place) = self.owners.get(&flight.to) else {
            return;
        };
        let arrival = Arrival {
            from: Tid(flight.from),
            bytes: &flight.bytes,
            clean: flight.clean,
        };
        let mut out = Out::default();
        let now = self.now;
        match &mut self.actors[place] {
            Actor::Honest(honest) => {
                if !honest.is_there(now, flight.to) {
                    self.net.refuse(now, &flight);
                }
                if flight.kind == Kind::Plain {
                    honest.receive(now, flight.to, &arrival, &mut out);
                }
            }
            Actor::Hostile(hostile) => hostile.receive(&arrival),
        }
        self.post(place, out);
        self.rearm(place);
    }

    fn reach_server(&mut self, flight: Flight) {
        if self.node.is_none() || !self.ground.takes(&flight) {
            return self.net.refuse(self.now, &flight);
        }
        if self.paused_until > self.now {
            if self.waiting.len() < QUEUE * 8 {
                self.waiting.push_back(flight);
            }
            return;
        }
        self.hand_over(&flight);
    }

    fn hand_over(&mut self, flight: &Flight) {
        self.judges.delivered(flight);
        self.ground.counts.forged += u64::from(flight.kind == Kind::Forged);
        if let (Some(&place), Kind::Plain) = (self.owners.get(&flight.from), flight.kind)
            && let Actor::Honest(honest) = &mut self.actors[place]
        {
            honest.delivered(self.now, flight.from, flight.bytes.get(1).copied().unwrap_or(0));
        }
        self.inputs += 1;
        let node = self.node.as_mut().expect("the server is there");
        if self.plan.operator.abandon_at == Some(self.inputs) {
            node.abandon(self.now, &mut self.ground);
            if !self.ground.takes(flight) {
                return;
            }
        }
        node.receive(self.now, flight, &mut self.ground);
    }

    /// What has come meanwhile, then deadlines.
    fn turn(&mut self) {
        while let Some(flight) = self.waiting.pop_front() {
            if self.ground.takes(&flight) {
                self.hand_over(&flight);
                self.settle();
            }
        }
        if let Some(node) = &mut self.node {
            node.timeout(self.now, &mut self.ground);
        }
    }

    fn act(&mut self) {
        let Some(Reverse((_, place))) = self.deadlines.pop() else {
            return;
        };
        let mut out = Out::default();
        let guesses = match &mut self.actors[place] {
            Actor::Honest(honest) => {
                honest.timeout(self.now, &self.ground.files, &mut out);
                0
            }
            Actor::Hostile(hostile) => {
                let before = hostile.guesses;
                hostile.timeout(self.now, &mut out);
                hostile.guesses - before
            }
        };
        let private = self.plan.settings.mode == Mode::Private;
        self.ground.counts.guesses += if private { guesses } else { 0 };
        self.post(place, out);
        self.rearm(place);
    }

    /// What an actor sends goes on its way; sessions that are over are judged.
    fn post(&mut self, place: usize, out: Out) {
        for (from, to, bytes, kind) in out.sent {
            if kind == Kind::Plain {
                self.owners.insert(from, place);
                match &self.actors[place] {
                    Actor::Hostile(hostile) if hostile.way == Way::Silent => self.judges.watch(from, false),
                    Actor::Hostile(hostile) if hostile.way != Way::Blind => self.judges.watch_stray(from),
                    _ => {}
                }
            }
            let clean = true;
            let contradicted = kind == Kind::Plain
                && matches!(bytes.get(1), Some(3 | 4))
                && matches!(self.actors[place], Actor::Honest(_))
                && self.net.forges();
            self.net.send(
                self.now,
                Flight {
                    from,
                    to,
                    bytes,
                    clean,
                    kind,
                },
            );
            if contradicted {
                self.net.send(
                    self.now,
                    Flight {
                        from,
                        to,
                        bytes: b"\0\x05\0\0forged\0".to_vec(),
                        clean,
                        kind: Kind::Forged,
                    },
                );
            }
        }
        if let Actor::Honest(honest) = &mut self.actors[place] {
            let fresh = honest.fresh();
            for ended in &honest.ended[fresh..] {
                self.trace.note(self.now, || {
                    format!(
                        "{} {:?}: {:?}",
                        ended.session.from,
                        String::from_utf8_lossy(&ended.session.name),
                        ended.session.client.state
                    )
                });
                if let Some(broken) = self.judges.ended(ended, &mut self.ground) {
                    self.ground.broken.get_or_insert(broken);
                }
            }
        }
    }

    /// What the server has sent and told.
    fn settle(&mut self) {
        for told in std::mem::take(&mut self.ground.told) {
            let broken = match told {
                Told::Event(event) => self.tell(event),
                Told::Sent(sent) => self.send(sent),
            };
            self.speak(broken);
        }
        let broken = self.judges.bounds(&self.ground);
        self.speak(broken);
    }

    fn speak(&mut self, broken: Option<Broken>) {
        if let Some(Broken(judge, text)) = &broken {
            self.trace.note(self.now, || format!("{judge:?}: {text}"));
        }
        let first = &mut self.ground.broken;
        *first = first.take().or(broken);
    }

    fn tell(&mut self, event: Event) -> Option<Broken> {
        self.trace.note(self.now, || format!("{event:?}"));
        self.mix(match event {
            Event::Asked { id, .. } => id,
            Event::Begun { id } => id + (1 << 32),
            Event::Over { id, how } => id + (2 << 32) + ((how as u64) << 40),
            Event::Gone { id } => id + (3 << 32),
            Event::Refused { peer } => u64::from(peer.port()),
        });
        self.judges.told(self.now, event, &mut self.ground)
    }

    fn send(&mut self, sent: Sent) -> Option<Broken> {
        self.ground.counts.datagrams += 1;
        let broken = self.judges.sent(&sent, &mut self.ground);
        if let Some(&place) = self.owners.get(&sent.to)
            && let Actor::Honest(honest) = &mut self.actors[place]
        {
            honest.answered(self.now, sent.to, opens(&sent.bytes));
        }
        self.teach(&sent);
        let flight = Flight {
            from: SocketAddr::new(self.ground.address, sent.port),
            to: sent.to,
            bytes: sent.bytes,
            clean: true,
            kind: Kind::Plain,
        };
        self.net.send(self.now, flight);
        broken
    }

    /// A neighbour sees which port another's transfer has.
    fn teach(&mut self, sent: &Sent) {
        if self.plan.crowd.neighbours == 0 || sent.port == LISTENING {
            return;
        }
        for actor in &mut self.actors {
            if let Actor::Hostile(hostile) = actor {
                hostile.learn(sent.port);
            }
        }
    }

    fn obey(&mut self, order: Order) {
        self.trace.note(self.now, || format!("{order:?}"));
        let (now, ground) = (self.now, &mut self.ground);
        match (order, &mut self.node) {
            (Order::Stop, Some(node)) => node.stop(now, ground),
            (Order::Resume, Some(node)) => node.resume(now, ground),
            (Order::Shutdown, Some(node)) => node.shutdown(now, ground),
            (Order::Crash, Some(_)) => {
                ground.counts.crashes += 1;
                self.node = None;
                ground.ports.clear();
                ground.open_files = 0;
                self.judges.crashed();
                self.waiting.clear();
            }
            (Order::Restart, None) => {
                ground.ports.insert(LISTENING, Port::Listening);
                self.node = Some((self.make)(self.plan, 1, ground));
            }
            (Order::Pause, _) => {
                ground.counts.pauses += 1;
                self.paused_until = now + self.plan.operator.pause_for;
            }
            _ => {}
        }
    }

    fn finish(&mut self) {
        let until = self.now + REST;
        while self.ground.broken.is_none() && self.next_node().is_some_and(|at| at <= until) {
            self.step();
        }
        if let Some(node) = &self.node {
            let single = self.plan.settings.mode == Mode::SinglePort;
            let broken = self.judges.rest(node.left(), &self.ground, single);
            self.ground.broken = self.ground.broken.take().or(broken);
        }
    }

    fn mix(&mut self, word: u64) {
        self.hash = (self.hash ^ word ^ self.now)
            .wrapping_mul(0x0000_0100_0000_01b3)
            .rotate_left(5);
    }

    fn hash(&mut self, flight: &Flight) {
        self.mix(u64::from(flight.from.port()) << 16 | u64::from(flight.to.port()));
        self.mix(flight.bytes.len() as u64);
        let mut head = [0; 8];
        let known = flight.bytes.len().min(8);
        head[..known].copy_from_slice(&flight.bytes[..known]);
        self.mix(u64::from_le_bytes(head));
    }
}
