//! Clients that want files, with their habits: patient ones, those that are reset, those that only ask for the size.

mod draw;

use std::net::{IpAddr, SocketAddr};

use tftp_sim::Rng;
use tftp_sim::client::{Address, Arrival, Client, Habit, State};

use super::files::Files;
use super::hostile::Out;
use draw::Wish;

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

/// How one is reset: after so many datagrams, for so long.
#[derive(Clone, Copy, Debug)]
pub struct Reset {
    pub after: u64,
    pub silence: u64,
    /// It asks for the same again.
    pub same: bool,
}

/// The longest that a datagram is under way in any world.
const UNDER_WAY: u64 = 200_000;

/// What one does.
#[derive(Clone, Copy, Debug)]
pub struct Script {
    pub sessions: u16,
    /// The same port for all, or a new one each.
    pub fixed_port: Option<u16>,
    pub uploads: Option<bool>,
    pub habit: Option<Habit>,
    pub reset: Option<Reset>,
    /// The ERROR that answers the first OACK.
    pub probe: Option<u8>,
    /// The last ACK of a download is not sent.
    pub forgets: bool,
    /// It begins with all others, and may want text.
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

/// One transfer that a client asked for.
pub struct Session {
    pub client: Client<'static, Tid>,
    pub from: SocketAddr,
    pub name: Vec<u8>,
    pub upload: bool,
    pub habit: Habit,
    pub begun: u64,
    /// When its first request reached the server, and when the server first answered.
    pub delivered: Option<u64>,
    pub answered: Option<u64>,
    /// Datagrams that came.
    heard: u64,
    /// What it asked, to ask it again.
    request: Vec<u8>,
    /// Something of it came after its request.
    pub gone_on: bool,
    /// It follows one that was reset, ...
    pub after_reset: bool,
    /// ... before that had gone on: what its port had is only repeated, and not for ever.
    pub stuck: bool,
    /// What its port had was sending when this one asked: nothing tells them apart.
    pub racing: bool,
    /// It asks for something else than before it was reset.
    pub other: bool,
    /// It begins with an ERROR to the OACK.
    probing: bool,
}

/// A session that is over.
pub struct Ended {
    pub session: Session,
    pub at: u64,
    /// It was cut off by its client.
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
    /// Of `ended`, how many were judged.
    judged: usize,
    /// When the server last sent something to it.
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

    /// The first session that was not judged yet; from now on all are.
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

    /// Its datagram reached the server.
    pub fn delivered(&mut self, now: u64, from: SocketAddr, opcode: u8) {
        // What a client sent before it was reset may come now.
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

    /// The server sent something to it. `opens`: it begins a transfer, or refuses it.
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
                !session.after_reset && session.heard == reset.after && session.client.state == State::Running
            });
            if let Some(reset) = cut {
                session.client.out.clear();
                session.client.die();
                return self.be_reset(now, reset);
            }
            self.post(out);
            self.look(now);
        } else if let Some(ended) = self.ended.last_mut().filter(|ended| ended.session.from == to) {
            // It lingers: repeated blocks are answered.
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
        self.look(now);
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
                // What its port had may still answer, and nothing tells it from the answer to another request.
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

    /// Whether the session is over.
    fn look(&mut self, now: u64) {
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
            Wish {
                name: session.name.clone(),
                upload: session.upload,
                request: session.request.clone(),
                plan: session.client.plan(),
                file: session.client.file(),
            }
        });
        let wish = again.unwrap_or_else(|| self.draw(files));
        self.session = Some(Session {
            client: Client::new(now, &wish.plan, wish.request.clone(), self.server, wish.file),
            from,
            name: wish.name,
            upload: wish.upload,
            habit: wish.plan.habit,
            begun: now,
            delivered: None,
            answered: None,
            heard: 0,
            request: wish.request,
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
