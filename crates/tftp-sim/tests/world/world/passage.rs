//! Datagrams between the senders and the server.

use std::net::SocketAddr;

use tftp_sim::client::Arrival;

use super::super::crowd::{self, Actor};
use super::super::ground::Node;
use super::super::honest::Tid;
use super::super::hostile::{Out, Way};
use super::super::net::{Flight, Kind};
use super::World;

impl<N: Node> World<'_, N> {
    pub(super) fn deliver(&mut self, flight: Flight) {
        self.hash(&flight);
        self.trace.flight(self.now, &flight);
        if flight.to.ip() == self.ground.address || flight.to.ip() == crowd::broadcast(self.plan) {
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
        self.inputs += 1;
        if self.plan.operator.abandon_at == Some(self.inputs)
            && let Some(node) = &mut self.node
        {
            node.abandon(&mut self.ground);
        }
        self.ground.counts.forged += u64::from(flight.kind == Kind::Forged);
        let (from, kind) = (flight.from, flight.kind);
        let opcode = flight.bytes.get(1).copied().unwrap_or(0);
        let is_open = self.node.is_some() && {
            let mut wire = self.ground.wire.borrow_mut();
            match wire.deliver(self.now, flight) {
                Ok(()) => true,
                Err(flight) => {
                    self.net.refuse(self.now, &flight);
                    false
                }
            }
        };
        if let (Some(&place), true) = (self.owners.get(&from), is_open && kind == Kind::Plain)
            && let Actor::Honest(honest) = &mut self.actors[place]
        {
            honest.delivered(self.now, from, opcode);
        }
    }

    /// Sends the packets of an actor, and judges its sessions that are over.
    pub(super) fn post(&mut self, place: usize, out: Out) {
        for (from, to, bytes, kind) in out.sent {
            if kind == Kind::Plain {
                self.owners.insert(from, place);
                match &self.actors[place] {
                    Actor::Hostile(hostile)
                        if matches!(hostile.way, Way::Silent | Way::Burst | Way::Broadcaster) =>
                    {
                        self.judges.watch(from, false)
                    }
                    Actor::Hostile(hostile) if hostile.way != Way::Blind => {
                        self.judges.watch_stray(from)
                    }
                    _ => {}
                }
            }
            let is_contradicted = kind == Kind::Plain
                && matches!(bytes.get(1), Some(3 | 4))
                && matches!(self.actors[place], Actor::Honest(_))
                && self.net.forges();
            self.put(from, to, bytes, kind);
            if is_contradicted {
                self.put(from, to, b"\0\x05\0\0forged\0".to_vec(), Kind::Forged);
            }
        }
        self.judge_sessions(place);
    }

    fn put(&mut self, from: SocketAddr, to: SocketAddr, bytes: Vec<u8>, kind: Kind) {
        let flight = Flight {
            from,
            to,
            bytes,
            clean: true,
            kind,
        };
        self.net.send(self.now, flight);
    }

    fn judge_sessions(&mut self, place: usize) {
        let Actor::Honest(honest) = &mut self.actors[place] else {
            return;
        };
        let fresh = honest.fresh();
        for ended in &honest.ended[fresh..] {
            let session = &ended.session;
            self.trace.note(self.now, || {
                let name = String::from_utf8_lossy(&session.name);
                format!("{} {name:?}: {:?}", session.from, session.client.state)
            });
            if let Some(broken) = self.judges.ended(ended, &mut self.ground) {
                self.ground.broken.get_or_insert(broken);
            }
        }
    }
}
