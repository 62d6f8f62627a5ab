//! The sockets of the world's server, with their queues.

mod arrivals;
mod departures;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use tftp_machine::{NetFailure, NoPort, OpenPlan, PortId, PortKind};
use tftp_sim::Rng;
use tftp_udp::datagrams::{Class, Until};

use super::budget::{Budget, Ticket};
use super::counts::Counts;
use super::event::Log;
use super::hostile::PORTS;
use super::judges::{Broken, Judge};
use super::net::Flight;
use super::plan::{Failing, Link, Mode, Plan, Sockets, part};
use super::world::LISTENING;
use arrivals::SettledTime;

/// A port whose last packets cannot be sent is closed after this time, in microseconds.
const LINGER: u64 = 1_000_000;

/// The kind of a port: it receives from all clients, or from one peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Port {
    Listening,
    Private(SocketAddr),
    Shared,
}

enum Waiting {
    Datagram(Flight),
    Failure(SocketAddr, NetFailure),
}

struct Socket {
    id: PortId,
    port: Port,
    /// The receive queue: time of arrival, total of `settled_time` at that time, datagram or
    /// failure.
    waiting: VecDeque<(u64, u64, Waiting)>,
    is_ready: bool,
    is_settled: bool,
    /// Packets that could not be sent, and the time until which none can.
    stuck: VecDeque<Flight>,
    blocked_until: u64,
    closes_at: Option<u64>,
    ticket: Ticket,
}

pub struct Wire {
    /// The time of the server's thread, ahead of the world's while it works.
    pub now: u64,
    /// The events and the deadline that the server waits for.
    pub until: Until,
    /// The time at which the process was last resumed.
    pub resumed_at: u64,
    pub counts: Counts,
    pub broken: Option<Broken>,
    /// A fault: port numbers are consecutive.
    pub in_order: bool,
    pub address: IpAddr,
    sockets: BTreeMap<u16, Socket>,
    /// The number and generation of each port, by index.
    names: Vec<(u16, u32)>,
    free: Vec<u32>,
    ready: [VecDeque<u16>; 2],
    own: u32,
    outbox: Vec<Flight>,
    departed: Vec<(u64, Flight)>,
    /// Ports with packets that cannot be sent yet, and ports that are to be closed.
    late: BTreeSet<u16>,
    congested_until: u64,
    settled_time: SettledTime,
    /// Hosts whose small path MTU is known.
    narrow: BTreeSet<IpAddr>,
    log: Log,
    budget: Arc<Budget>,
    rng: Rng,
    faults: Sockets,
    link: Link,
    mode: Mode,
    failing: Failing,
    descriptors: u32,
}

impl Socket {
    fn takes(&self, from: SocketAddr) -> bool {
        self.closes_at.is_none()
            && match self.port {
                Port::Private(peer) => peer == from,
                Port::Listening | Port::Shared => true,
            }
    }
}

impl Wire {
    pub fn new(plan: &Plan, address: IpAddr, log: Log, budget: Arc<Budget>) -> Wire {
        let mut wire = Wire {
            now: 0,
            until: Until::default(),
            resumed_at: 0,
            counts: Counts::default(),
            broken: None,
            in_order: false,
            address,
            sockets: BTreeMap::new(),
            names: vec![(LISTENING, 0)],
            free: Vec::new(),
            ready: Default::default(),
            own: 0,
            outbox: Vec::new(),
            departed: Vec::new(),
            late: BTreeSet::new(),
            congested_until: 0,
            settled_time: SettledTime::default(),
            narrow: BTreeSet::new(),
            log,
            budget,
            rng: plan.rng(part::PORTS),
            faults: plan.sockets,
            link: plan.link,
            mode: plan.settings.mode,
            failing: plan.failing,
            descriptors: plan.settings.descriptors,
        };
        wire.listen();
        wire
    }

    /// Opens the listening port, again after a stop.
    pub fn listen(&mut self) {
        if !self.sockets.contains_key(&LISTENING) {
            let id = self.listening();
            self.insert(LISTENING, id, Port::Listening);
        }
    }

    pub fn listening(&self) -> PortId {
        PortId {
            index: 0,
            generation: 0,
        }
    }

    fn insert(&mut self, number: u16, id: PortId, port: Port) {
        let ticket = self.budget.take_in_any_case(matches!(port, Port::Private(_)));
        self.own += u32::from(matches!(port, Port::Private(_)));
        let socket = Socket {
            id,
            port,
            waiting: VecDeque::new(),
            is_ready: false,
            is_settled: false,
            stuck: VecDeque::new(),
            blocked_until: 0,
            closes_at: None,
            ticket,
        };
        self.sockets.insert(number, socket);
    }

    /// Closes every socket, because the process is gone.
    pub fn crash(&mut self) {
        let listening = (LISTENING, 0);
        self.sockets.clear();
        self.names = vec![listening];
        self.free.clear();
        self.ready = Default::default();
        (self.own, self.outbox) = (0, Vec::new());
        self.late.clear();
        self.until = Until::default();
    }

    pub fn private_ports(&self) -> u32 {
        self.own
    }

    fn class(&self, number: u16) -> Class {
        match number == LISTENING && self.mode != Mode::SinglePort {
            true => Class::Requests,
            false => Class::Transfers,
        }
    }

    fn queue(&mut self, class: Class) -> &mut VecDeque<u16> {
        &mut self.ready[usize::from(class == Class::Requests)]
    }
}

/// Opening and closing of ports.
impl Wire {
    pub fn open(&mut self, plan: &OpenPlan) -> Result<PortId, NoPort> {
        let is_private = plan.kind == PortKind::Private;
        if is_private && self.is_short() {
            // Ports that were closed before are released first.
            self.flush();
        }
        if is_private && self.is_short() {
            return Err(NoPort::Descriptors);
        }
        self.counts.opened += 1;
        let fails = self.failing == Failing::Port(self.counts.opened);
        if fails || is_private && self.rng.percent(self.faults.unopened) {
            self.counts.unopened += 1;
            return Err(self
                .rng
                .pick(&[NoPort::Descriptors, NoPort::InUse, NoPort::Other]));
        }
        self.counts.fallbacks +=
            u64::from(!is_private && self.mode == Mode::Private && self.own > 0);
        let number = self.draw();
        let index = self.free.pop().unwrap_or_else(|| {
            self.names.push((0, 0));
            self.names.len() as u32 - 1
        });
        let name = &mut self.names[index as usize];
        *name = (number, name.1 + 1);
        let id = PortId {
            index,
            generation: name.1,
        };
        let port = match is_private {
            true => Port::Private(plan.peer),
            false => Port::Shared,
        };
        self.insert(number, id, port);
        Ok(id)
    }

    fn is_short(&self) -> bool {
        self.own >= self.descriptors / 2 || self.budget.used() >= self.descriptors / 4 * 3
    }

    fn draw(&mut self) -> u16 {
        if self.in_order {
            return self.names.len() as u16 + 39_999;
        }
        loop {
            let number = (PORTS.start + self.rng.below(PORTS.end - PORTS.start)) as u16;
            if !self.sockets.contains_key(&number) {
                return number;
            }
        }
    }

    /// Returns the number of a port. It is a violation if the index belongs to another port by now.
    fn number(&mut self, port: PortId) -> u16 {
        let (number, generation) = self.names[port.index as usize];
        let is_open = self.sockets.get(&number).is_some_and(|socket| socket.id == port);
        if generation != port.generation || !is_open {
            let text = format!("{port:?} ({number}) is closed");
            self.broken.get_or_insert(Broken(Judge::Bounds, text));
        }
        number
    }

    pub fn settle(&mut self, port: PortId) {
        let number = self.number(port);
        if let Some(socket) = self.sockets.get_mut(&number) {
            socket.ticket.settle();
            socket.is_settled = matches!(socket.port, Port::Private(_));
        }
    }

    pub fn close(&mut self, port: PortId) {
        if port == self.listening() {
            self.flush();
            self.sockets.remove(&LISTENING);
            return;
        }
        let number = self.number(port);
        let until = self.now + LINGER;
        if let Some(socket) = self.sockets.get_mut(&number)
            && matches!(socket.port, Port::Private(_))
        {
            socket.closes_at = Some(until);
            self.late.insert(number);
        }
    }

    fn remove(&mut self, number: u16) {
        if let Some(socket) = self.sockets.remove(&number) {
            self.own -= u32::from(matches!(socket.port, Port::Private(_)));
            self.free.push(socket.id.index);
        }
    }
}
