//! The machines as an owner drives them: ports, a store that may be slow, an application that holds
//! or fails, and a watcher on every transfer.

use super::net::{Datagram, FIRST_TRANSFER, LISTENING, REFUSED, Rng, Tid};
use super::plan::Plan;
use super::session::Session;
use tftp_proto::wire::{self, ErrorCode, Malformed, Packet, Request};

pub struct Server<'a> {
    pub sessions: Vec<Session<'a>>,
    pub out: Vec<Datagram>,
    plan: &'a Plan,
    content: &'a [u8],
    rng: Rng,
    heard: u64,
    is_dead: bool,
}

impl<'a> Server<'a> {
    pub fn new(plan: &'a Plan, content: &'a [u8], rng: Rng) -> Server<'a> {
        Server {
            sessions: Vec::new(),
            out: Vec::new(),
            plan,
            content,
            rng,
            heard: 0,
            is_dead: false,
        }
    }

    pub fn is_over(&self) -> bool {
        self.sessions.iter().all(Session::is_over)
    }

    pub fn deadline(&self) -> Option<u64> {
        self.sessions.iter().filter_map(Session::deadline).min()
    }

    pub fn timeout(&mut self, now: u64) {
        for session in &mut self.sessions {
            session.timeout(now, &mut self.rng, &mut self.out);
        }
    }

    pub fn receive(&mut self, now: u64, datagram: &Datagram) {
        self.heard += 1;
        if self.plan.owner.dies_at == Some(self.heard) {
            self.sessions.iter_mut().for_each(Session::die);
            self.is_dead = !self.plan.owner.restarts;
            return;
        }
        if self.is_dead {
            return;
        }
        if datagram.from == REFUSED {
            return self.refused(now, datagram.to);
        }
        match wire::parse(&datagram.bytes) {
            Ok(Packet::Request(request)) if datagram.to == LISTENING => {
                self.request(now, datagram, &request)
            }
            Err(Malformed::Mode) if datagram.to == LISTENING => {
                self.error(LISTENING, datagram.from, ErrorCode::ILLEGAL);
            }
            Ok(packet) if datagram.to >= FIRST_TRANSFER => self.packet(now, datagram, &packet),
            _ => {}
        }
    }

    fn request(&mut self, now: u64, datagram: &Datagram, request: &Request<'_>) {
        let known = self
            .sessions
            .iter_mut()
            .find(|session| session.is_asked_for(datagram));
        if let Some(session) = known {
            return session.repeat(now, &datagram.bytes, &mut self.rng, &mut self.out);
        }
        if request.filename != b"file" {
            return self.error(LISTENING, datagram.from, ErrorCode::NOT_FOUND);
        }
        let tid = Tid::of_transfer(self.sessions.len());
        let mut session = Session::new(now, tid, datagram, request, self.plan, self.content);
        session.begin(now, &mut self.rng, &mut self.out);
        self.sessions.push(session);
    }

    fn packet(&mut self, now: u64, datagram: &Datagram, packet: &Packet<'_>) {
        match datagram
            .to
            .transfer()
            .and_then(|place| self.sessions.get_mut(place))
        {
            Some(session) if session.is_with(datagram.from) => {
                session.packet(now, datagram, packet, &mut self.rng, &mut self.out);
            }
            _ if matches!(packet, Packet::Error { .. } | Packet::Request(_)) => {}
            _ => self.error(datagram.to, datagram.from, ErrorCode::UNKNOWN_TID),
        }
    }

    /// An error from the kernel's error queue for a transfer's port.
    fn refused(&mut self, now: u64, tid: Tid) {
        if let Some(session) = tid.transfer().and_then(|place| self.sessions.get_mut(place)) {
            session.refused(now, &mut self.rng, &mut self.out);
        }
    }

    fn error(&mut self, from: Tid, to: Tid, code: ErrorCode) {
        let mut bytes = Vec::new();
        wire::encode_error(code, "no", &mut bytes);
        let clean = true;
        self.out.push(Datagram {
            from,
            to,
            bytes,
            clean,
        });
    }

    /// The transfer that the client holds for its own.
    pub fn bound(&self, tid: Option<Tid>) -> Option<&Session<'a>> {
        self.sessions.get(tid?.transfer()?)
    }
}
