//! One world in virtual time: a server, a network, senders and judges.

mod passage;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::net::SocketAddr;

use super::counts::Counts;
use super::crowd::{self, Actor};
use super::event::{Event, Observation, Sent};
use super::ground::{Ground, Node};
use super::hostile::Out;
use super::judges::{Broken, Judge, Judges, opens};
use super::net::{Flight, Net};
use super::operator::{Order, orders};
use super::plan::{Mode, Plan, part};
use super::trace::Trace;

/// The number of the listening port.
pub const LISTENING: u16 = 69;
/// The time after which no transfer may be left when all senders are done, in microseconds.
const REST: u64 = 300_000_000;
/// The longest time of a world, in microseconds.
const LONGEST: u64 = 3_600_000_000;

/// The result of a world.
pub struct Report {
    pub counts: Counts,
    /// The hash of all datagrams and events.
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
    /// The index of the sender with each address.
    owners: BTreeMap<SocketAddr, usize>,
    deadlines: BinaryHeap<Reverse<(u64, usize)>>,
    judges: Judges,
    now: u64,
    orders: Vec<(u64, Order)>,
    paused_until: u64,
    hash: u64,
    trace: Trace,
    inputs: u64,
}

/// The kind of the next event in a world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Next {
    Order,
    Arrival,
    Actor,
    Storage,
    Release,
    Node,
}

impl<'a, N: Node> World<'a, N> {
    pub fn new(
        plan: &'a Plan,
        make: &'a dyn Fn(&Plan, u64, &mut Ground) -> N,
        tracing: bool,
    ) -> World<'a, N> {
        let address = crowd::server(plan);
        let (actors, victims) = crowd::populate(plan, SocketAddr::new(address, LISTENING));
        let mut ground = Ground::new(plan, address);
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

    /// Runs until all senders are done and nothing is left, or a judge reports a violation.
    pub fn run(mut self) -> Report {
        while self.ground.broken.is_none() && self.step(LONGEST) {}
        if self.now > LONGEST {
            let broken = Broken(Judge::Served, "no end after an hour".to_owned());
            self.ground.broken.get_or_insert(broken);
        }
        if self.ground.broken.is_none() {
            self.finish();
        }
        let mut counts = self.ground.all_counts();
        counts.damaged += self.net.damaged;
        Report {
            counts,
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

    /// Returns the time at which the server's thread runs next: an arrival waits or its deadline
    /// has come, and it is neither busy nor suspended.
    fn next_node(&self) -> Option<u64> {
        let node = self.node.as_ref()?;
        let wire = self.ground.wire.borrow();
        let due = match wire.has_arrivals() || self.ground.waker.is_called() {
            true => 0,
            false => node.deadline()?,
        };
        Some(due.max(wire.now).max(self.paused_until).max(self.now))
    }

    /// Returns the next event and its time.
    fn next(&mut self) -> Option<(u64, Next)> {
        let (store, release) = {
            let ground = &self.ground;
            (ground.store.next_at(), ground.wire.borrow().next_release())
        };
        let all = [
            (self.orders.first().map(|(at, _)| *at), Next::Order),
            (self.net.next_at(), Next::Arrival),
            (self.next_actor(), Next::Actor),
            (store, Next::Storage),
            (release, Next::Release),
            (self.next_node(), Next::Node),
        ];
        all.into_iter().filter_map(|(at, what)| Some((at?, what))).min()
    }

    /// Runs one event. Returns false if there is none before that time.
    fn step(&mut self, before: u64) -> bool {
        let Some((at, what)) = self.next() else {
            return false;
        };
        self.now = self.now.max(at);
        if at > before {
            return false;
        }
        let now = self.now;
        match what {
            Next::Order => {
                let (_, order) = self.orders.remove(0);
                self.obey(order);
            }
            Next::Arrival => {
                if let Some(flight) = self.net.arrive(now) {
                    self.deliver(flight);
                }
            }
            Next::Actor => self.act(),
            Next::Storage => self.ground.store.run(now),
            Next::Release => self.ground.wire.borrow_mut().release(now),
            Next::Node => self.turn(),
        }
        self.settle();
        true
    }

    /// Runs a turn of the server's loop.
    fn turn(&mut self) {
        {
            let mut wire = self.ground.wire.borrow_mut();
            wire.now = wire.now.max(self.now);
            wire.release(self.now);
        }
        if let Some(node) = &mut self.node {
            node.turn(&mut self.ground);
        }
    }

    fn act(&mut self) {
        let Some(Reverse((_, place))) = self.deadlines.pop() else {
            return;
        };
        let mut out = Out::default();
        let guesses = match &mut self.actors[place] {
            Actor::Honest(honest) => {
                honest.timeout(self.now, &self.ground.store.lock().files, &mut out);
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

    /// Passes the server's observed datagrams and events to the judges, and its packets to the
    /// network.
    fn settle(&mut self) {
        for observation in self.ground.log.take() {
            let broken = match observation {
                Observation::Received(received) => {
                    self.judges.received(&received, &mut self.ground)
                }
                Observation::Event(event) => self.record(&event),
                Observation::Sent(sent) => self.sent(&sent),
            };
            self.record_violation(broken);
        }
        let departed = self.ground.wire.borrow_mut().take_departed();
        for (at, flight) in departed {
            self.net.send(at.max(self.now), flight);
        }
        let broken = self.ground.broken();
        self.record_violation(broken);
        let broken = self.judges.bounds(&self.ground);
        self.record_violation(broken);
    }

    fn record_violation(&mut self, broken: Option<Broken>) {
        if let Some(Broken(judge, text)) = &broken {
            self.trace.note(self.now, || format!("{judge:?}: {text}"));
        }
        let first = &mut self.ground.broken;
        *first = first.take().or(broken);
    }

    fn record(&mut self, event: &Event) -> Option<Broken> {
        self.trace.note(self.now, || format!("{event:?}"));
        self.mix(match event {
            Event::Requested { id, .. } => *id,
            Event::Begun { id } => id + (1 << 32),
            Event::Over { id, how } => id + (2 << 32) + ((*how as u64) << 40),
            Event::Refused { peer } => u64::from(peer.port()),
            Event::Wanted { id, offset, length } => {
                id + (3 << 32) + (offset << 40) + (length << 20)
            }
        });
        self.judges.reported(self.now, event, &mut self.ground)
    }

    fn sent(&mut self, sent: &Sent) -> Option<Broken> {
        self.ground.counts.datagrams += 1;
        let broken = self.judges.sent(self.now, sent, &mut self.ground);
        if let Some(&place) = self.owners.get(&sent.to)
            && let Actor::Honest(honest) = &mut self.actors[place]
        {
            honest.answered(self.now, sent.to, opens(&sent.bytes));
        }
        self.reveal_port(sent);
        broken
    }

    /// Reveals the port of another client's transfer to the neighbours.
    fn reveal_port(&mut self, sent: &Sent) {
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
        {
            let mut wire = ground.wire.borrow_mut();
            wire.now = wire.now.max(now);
        }
        match (order, &mut self.node) {
            (Order::Stop, Some(node)) => node.stop(ground),
            (Order::Resume, Some(node)) => node.resume(ground),
            (Order::Shutdown, Some(node)) => node.shutdown(ground),
            (Order::Crash, Some(_)) => {
                ground.counts.crashes += 1;
                ground.wire.borrow_mut().crash();
                ground.store.crash(now, self.plan.operator.power_cut);
                self.node = None;
                ground.log.take();
                self.judges.crashed();
            }
            (Order::Restart, None) => {
                ground.wire.borrow_mut().listen();
                ground.store.restart();
                self.node = Some((self.make)(self.plan, 1, ground));
            }
            (Order::Pause, _) => {
                ground.counts.pauses += 1;
                self.paused_until = now + self.plan.operator.pause_for;
                ground.wire.borrow_mut().resumed_at = self.paused_until;
            }
            _ => {}
        }
    }

    fn finish(&mut self) {
        let until = self.now + REST;
        while self.ground.broken.is_none() && self.step(until) {}
        if let Some(node) = &self.node {
            let broken = self.judges.rest(node.left(), &self.ground);
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
