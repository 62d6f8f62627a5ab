//! Honest clients with various habits: patient ones, clients that are reset, clients that only
//! request the size.

mod draw;

use std::net::{IpAddr, SocketAddr};

use tftp_sim::Rng;
use tftp_sim::client::{Address, Arrival, Client, Habit, State};

use super::files::Files;
use super::hostile::Out;
use draw::NextTransfer;

/// An address and a port of the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tid(pub SocketAddr);

impl Address for Tid {
    fn is_of(&self, server: &Tid) -> bool {
        self.0.ip() == server.0.ip()
    }

    fn may_serve(&self, server: &Tid) -> bool {
        self.is_of(server)
    }
}

/// The reset of a client: after a number of datagrams, for a time.
#[derive(Clone, Copy, Debug)]
pub struct Reset {
    pub after: u64,
    pub silence: u64,
    /// True if it requests the same file again.
    pub same: bool,
}

/// The longest time that a datagram is in flight in any world.
const UNDER_WAY: u64 = 200_000;

/// The behaviour of a client.
#[derive(Clone, Copy, Debug)]
pub struct Script {
    pub sessions: u16,
    /// The port of all its transfers; `None`: a new port for each.
    pub fixed_port: Option<u16>,
    pub uploads: Option<bool>,
    pub habit: Option<Habit>,
    pub reset: Option<Reset>,
    /// The code of the ERROR that answers the first OACK.
    pub probe: Option<u8>,
    /// True if it does not send the last ACK of a download.
    pub forgets: bool,
    /// True if it begins together with all others, and may request netascii.
    pub boots: bool,
}

impl Script {
    pub const PLAIN: Script = Script {
        sessions: 2,
        fixed_port: None,
        uploads: None,
        habit: None,
        reset: None,
        probe: None,
        forgets: false,
        boots: false,
    };
}

/// One transfer that a client requested.
pub struct Session {
    pub client: Client<'static, Tid>,
    pub from: SocketAddr,
    pub name: Vec<u8>,
    pub upload: bool,
    pub habit: Habit,
    pub begun: u64,
    /// The times at which its first request reached the server, and at which the server first
    /// answered.
    pub delivered: Option<u64>,
    pub answered: Option<u64>,
    /// The number of received datagrams.
    heard: u64,
    /// The request, for retransmission.
    request: Vec<u8>,
    /// True if the server received another packet of it after its request.
    pub gone_on: bool,
    /// True if it follows a session that was reset. `stuck`: ...
    pub after_reset: bool,
    /// ... before that one had gone on. The former transfer of its port only retransmits, and not
    /// for ever.
    pub stuck: bool,
    /// True if the former transfer of its port was sending when this one was requested. The client
    /// cannot distinguish their packets.
    pub racing: bool,
    /// True if it requests another file than before its reset.
    pub other: bool,
    /// True if it answers the OACK with an ERROR.
    probing: bool,
}

/// A session that is over.
pub struct Ended {
    pub session: Session,
    pub at: u64,
    /// True if its client was reset.
    pub cut: bool,
}

/// A client.
pub struct Honest {
    pub host: IpAddr,
    pub script: Script,
    pub session: Option<Session>,
    /// Sessions that are over, for the judges.
    pub ended: Vec<Ended>,
    server: Tid,
    rng: Rng,
    next_at: Option<u64>,
    next_port: u16,
    number: u64,
    left: u16,
    /// The number of sessions in `ended` that were judged.
    judged: usize,
    /// The time at which the server last sent a packet to it.
    last_sent: Option<u64>,
}

impl Honest {
    pub fn new(
        host: IpAddr,
        first_port: u16,
        number: u64,
        script: Script,
        server: SocketAddr,
        mut rng: Rng,
    ) -> Honest {
        let next_at = Some(rng.below(if script.boots { 100_000 } else { 500_000 }));
        Honest {
            host,
            script,
            session: None,
            ended: Vec::new(),
            server: Tid(server),
            rng,
            next_at,
            next_port: first_port,
            number,
            left: script.sessions,
            judged: 0,
            last_sent: None,
        }
    }

    pub fn deadline(&self) -> Option<u64> {
        let own = self
            .session
            .as_ref()
            .and_then(|session| session.client.deadline());
        own.or(self.next_at)
    }

    /// Returns the index of the first session that was not judged yet, and counts all as judged.
    pub fn fresh(&mut self) -> usize {
        std::mem::replace(&mut self.judged, self.ended.len())
    }

    pub fn is_there(&self, now: u64, at: SocketAddr) -> bool {
        let current = self.session.as_ref();
        let last = self.ended.last().map(|ended| &ended.session);
        [current, last]
            .into_iter()
            .flatten()
            .any(|session| session.from == at && session.client.is_there(now))
    }

    /// Notes that a datagram of the client reached the server.
    pub fn delivered(&mut self, now: u64, from: SocketAddr, opcode: u8) {
        // Packets that a client sent before its reset may arrive now.
        let at_port = self
            .ended
            .last_mut()
            .map(|ended| &mut ended.session)
            .filter(|session| session.from == from);
        match (
            opcode,
            self.session.as_mut().filter(|session| session.from == from),
        ) {
            (1 | 2, Some(session)) => {
                session.delivered.get_or_insert(now);
            }
            (3 | 4, Some(session)) => session.gone_on = true,
            (3 | 4, None) => at_port.into_iter().for_each(|session| session.gone_on = true),
            _ => {}
        }
    }

    /// Notes that the server sent it a packet. `opens`: the packet begins a transfer, or refuses
    /// it.
    pub fn answered(&mut self, now: u64, to: SocketAddr, opens: bool) {
        self.last_sent = Some(now);
        match self.current(to) {
            Some(session) if session.delivered.is_none() => session.racing = true,
            Some(session) if opens => {
                session.answered.get_or_insert(now);
            }
            _ => {}
        }
    }

    fn current(&mut self, at: SocketAddr) -> Option<&mut Session> {
        self.session.as_mut().filter(|session| session.from == at)
    }

    pub fn receive(&mut self, now: u64, to: SocketAddr, arrival: &Arrival<'_, Tid>, out: &mut Out) {
        if let Some(session) = self.session.as_mut().filter(|session| session.from == to) {
            session.heard += 1;
            if session.probing && arrival.bytes.starts_with(&[0, 6]) {
                let code = self.script.probe.unwrap_or(0);
                out.send(session.from, arrival.from.0, vec![0, 5, 0, code, b'n', b'o', 0]);
                session.client.die();
                return self.end(now, true);
            }
            session.client.receive(now, arrival);
            let cut = self.script.reset.filter(|reset| {
                !session.after_reset
                    && session.heard == reset.after
                    && session.client.state == State::Running
            });
            if let Some(reset) = cut {
                session.client.out.clear();
                session.client.die();
                return self.be_reset(now, reset);
            }
            self.post(out);
            self.end_if_over(now);
        } else if let Some(ended) = self.ended.last_mut().filter(|ended| ended.session.from == to) {
            // It dallies: repeated blocks are answered.
            ended.session.client.receive(now, arrival);
            let from = ended.session.from;
            for (to, bytes) in ended.session.client.out.drain(..) {
                out.send(from, to.0, bytes);
            }
        }
    }

    pub fn timeout(&mut self, now: u64, files: &Files, out: &mut Out) {
        match &mut self.session {
            Some(session) => session.client.timeout(now),
            None if self.next_at.is_some_and(|at| at <= now) => self.begin(now, files),
            None => return,
        }
        self.post(out);
        self.end_if_over(now);
    }

    fn be_reset(&mut self, now: u64, reset: Reset) {
        let session = self.session.take();
        self.next_at = Some(now + reset.silence);
        self.left += 1;
        if let Some(session) = session {
            self.ended.push(Ended {
                session,
                at: now,
                cut: true,
            });
        }
    }

    fn end(&mut self, now: u64, cut: bool) {
        if let Some(session) = self.session.take() {
            if self.script.fixed_port.is_some() && session.client.state != State::Done {
                // The former transfer of its port may still answer, and its answer looks like the
                // answer to another request.
                self.left = 0;
            }
            self.ended.push(Ended {
                session,
                at: now,
                cut,
            });
        }
        let pause = if self.script.fixed_port.is_some() {
            100
        } else {
            10_000
        };
        self.next_at = (self.left > 0).then(|| now + 1 + self.rng.below(pause));
    }

    /// Ends the session if it is over.
    fn end_if_over(&mut self, now: u64) {
        if self
            .session
            .as_ref()
            .is_some_and(|session| session.client.state != State::Running)
        {
            self.end(now, false);
        }
    }

    fn post(&mut self, out: &mut Out) {
        let Some(session) = &mut self.session else { return };
        let done = session.client.state == State::Done;
        for (to, bytes) in session.client.out.drain(..) {
            if !(done && self.script.forgets && bytes.starts_with(&[0, 4])) {
                out.send(session.from, to.0, bytes);
            }
        }
    }

    fn begin(&mut self, now: u64, files: &Files) {
        self.left -= 1;
        let cut = self
            .ended
            .last()
            .filter(|ended| ended.cut && self.script.reset.is_some());
        let after_reset = cut.is_some();
        let other = after_reset && self.script.reset.is_some_and(|reset| !reset.same);
        let racing = self.last_sent.is_some_and(|at| at + UNDER_WAY >= now);
        let stuck = cut.is_some_and(|ended| !ended.session.gone_on);
        let port = match (self.script.fixed_port, cut) {
            (_, Some(ended)) => ended.session.from.port(),
            (Some(port), _) => port,
            _ => {
                self.next_port += 1;
                self.next_port
            }
        };
        let from = SocketAddr::new(self.host, port);
        let again = cut.filter(|_| self.script.reset.is_some_and(|reset| reset.same));
        let again = again.map(|ended| {
            let session = &ended.session;
            NextTransfer {
                name: session.name.clone(),
                upload: session.upload,
                request: session.request.clone(),
                plan: session.client.plan(),
                file: session.client.file(),
            }
        });
        let drawn = again.unwrap_or_else(|| self.draw(files));
        self.session = Some(Session {
            client: Client::new(now, &drawn.plan, drawn.request.clone(), self.server, drawn.file),
            from,
            name: drawn.name,
            upload: drawn.upload,
            habit: drawn.plan.habit,
            begun: now,
            delivered: None,
            answered: None,
            heard: 0,
            request: drawn.request,
            gone_on: false,
            after_reset,
            stuck,
            racing,
            other,
            probing: self.script.probe.is_some() && self.ended.is_empty(),
        });
        self.next_at = None;
    }
}
