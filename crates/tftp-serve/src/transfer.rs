//! One transfer from its request to its end: who is asked, what is opened, when it is over.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use tftp_files::{Lane, Place, Read, Sink as _};
use tftp_proto::wire::{self, Asked, Packet};
use tftp_proto::{Instant, Outcome};

use super::Key;
use super::admission::HalfOpen;
use super::cause;
use super::cause::Cause;
use super::config::Policy;
use super::context::Context;
use super::disk::{Opened, Settled, Sink};
use super::notice::{Connection, Notice};
use super::port_plan::Occupant;
use super::receiving::Receiving;
use super::reply::{Answer, Flow, Reply};
use super::sending::Sending;
use super::sources::Sources;
use super::timers::Timer;
use super::transfers::Tid;
use tftp_udp::Route;

mod ending;
mod opening;
mod parking;
mod repeating;

pub(super) use repeating::HeldRequest;

/// Transfer data of one connection that may wait for the application; beyond it the connection is slowed.
pub(super) const FLOW_LIMIT: u64 = 256 << 10;

/// Text of a peer that is shown, at most.
const SHOWN: usize = 256;

pub(super) struct Transfer {
    link: Link,
    request: u64,
    asked: Asked,
    policy: Arc<Policy>,
    /// Its place among the half-open ones, until the client has acknowledged something.
    half_open: Option<HalfOpen>,
    /// It is counted out of the limits meanwhile.
    doubted: bool,
    timer: Timer,
    stage: Stage,
    /// Where the file of a download is opened again.
    place: Option<Place>,
    began: Instant,
    /// When the last copy of the request came.
    asked_at: Instant,
    /// Why the machine was told to fail.
    cause: Option<Cause>,
    /// An earlier transfer of the same request: it ends when this one is acknowledged.
    former: Option<Key>,
    /// The same request, to begin with when this transfer has ended.
    waiting: Option<Box<HeldRequest>>,
    /// The application has heard of the end, or never will.
    ended: bool,
}

/// What a transfer begins with.
pub(super) struct Terms {
    /// The digest of the request.
    pub(super) request: u64,
    pub(super) asked: Asked,
    pub(super) policy: Arc<Policy>,
    pub(super) former: Option<Key>,
}

/// What names a transfer, to the client and to the application.
pub(super) struct Link {
    pub(super) key: Key,
    pub(super) route: Route,
    pub(super) connection: Arc<Connection>,
    /// Where the application hears of this connection: the way back, and what it has not taken yet.
    announced: Option<(Reply, Arc<Flow>)>,
}

enum Stage {
    /// The application is asked.
    Asked,
    /// A look-up is under way; `again`: the second and last one.
    Opening {
        again: bool,
    },
    /// The application is told that the transfer starts; `None`: nothing was found so far.
    Starting(Option<Ready>),
    Sending(Box<Sending>),
    Receiving(Box<Receiving>),
    Over,
}

/// Where the bytes come from or go to.
enum Ready {
    Send(Opened),
    Store(Sink, Lane),
    /// An upload that only the Transfer callback takes.
    Application,
}

impl Link {
    pub(super) fn is_announced(&self) -> bool {
        self.announced.is_some()
    }

    pub(super) fn add_to_flow(&self, weight: u64) {
        if let Some((_, flow)) = &self.announced {
            flow.add(weight);
        }
    }

    /// Whether the application has ended it, though that may not have been heard here yet.
    pub(super) fn is_refused(&self) -> bool {
        self.announced.as_ref().is_some_and(|(_, flow)| flow.is_refused())
    }

    /// Whether the application is no further behind than `limit`; if it is, [`Answer::Taken`] comes when it has caught up.
    pub(super) fn flow_is_below(&self, limit: u64) -> bool {
        self.announced.as_ref().is_none_or(|(_, flow)| flow.below(limit))
    }
}

impl Transfer {
    pub(super) fn new(
        key: Key,
        route: Route,
        connection: Arc<Connection>,
        terms: Terms,
        half_open: HalfOpen,
        now: Instant,
    ) -> Transfer {
        let Terms {
            request,
            asked,
            policy,
            former,
        } = terms;
        Transfer {
            link: Link {
                key,
                route,
                connection,
                announced: None,
            },
            request,
            asked,
            policy,
            half_open: Some(half_open),
            doubted: false,
            timer: Timer::default(),
            stage: Stage::Asked,
            place: None,
            began: now,
            asked_at: now,
            cause: None,
            former,
            waiting: None,
            ended: false,
        }
    }

    pub(super) fn key(&self) -> Key {
        self.link.key
    }

    pub(super) fn tid(&self) -> Tid {
        Tid {
            socket: self.link.route.socket,
            peer: self.link.route.peer,
        }
    }

    pub(super) fn request(&self) -> u64 {
        self.request
    }

    pub(super) fn timer(&mut self) -> &mut Timer {
        &mut self.timer
    }

    fn host(&self) -> IpAddr {
        self.link.connection.remote.ip()
    }

    /// Nothing more will be sent or expected.
    pub(super) fn is_over(&self) -> bool {
        match &self.stage {
            Stage::Sending(sending) => sending.machine.is_over(),
            Stage::Receiving(receiving) => receiving.machine.is_over(),
            Stage::Over => true,
            _ => false,
        }
    }

    /// What of it matters for a newcomer that wants its place.
    pub(super) fn as_occupant(&self) -> Occupant<Key> {
        Occupant {
            transfer: self.key(),
            has_ended: self.ended,
            began: self.began,
        }
    }

    /// Asks the application, or goes on at once where nobody listens.
    pub(super) fn start(&mut self, ctx: &mut Context) {
        let wants = ctx.wants();
        if wants.any_connection() {
            let reply = Reply::new(self.link.key, Arc::clone(&ctx.inbox) as _);
            let flow = reply.flow();
            self.link.announced = Some((reply.clone(), flow));
            let (connection, held) = (Arc::clone(&self.link.connection), wants.holds_admission());
            ctx.tell(Notice::Asked {
                connection,
                reply,
                held,
            });
            ctx.observer.request(&self.link.connection, &self.asked);
            if held {
                return self.after_step(ctx);
            }
        } else {
            ctx.observer.request(&self.link.connection, &self.asked);
        }
        self.look_up(ctx, Sources::default(), false);
    }

    pub(super) fn handle_packet(&mut self, ctx: &mut Context, packet: &Packet<'_>) {
        ctx.observer.came(self.link.connection.id, packet);
        match (&mut self.stage, packet) {
            (Stage::Sending(sending), packet) => sending.handle_packet(ctx, &self.link, packet),
            (Stage::Receiving(receiving), packet) => receiving.handle_packet(ctx, &self.link, packet),
            // With SinglePort a client can give up before it was answered.
            (_, Packet::Error { code, message }) => {
                let (code, message) = (code.0, wire::printable(message, SHOWN));
                return self.end_silently(
                    ctx,
                    Cause::ClientError {
                        code,
                        message,
                        probe: false,
                    },
                );
            }
            _ => return,
        }
        self.after_step(ctx);
    }

    pub(super) fn handle_timeout(&mut self, ctx: &mut Context) {
        match &mut self.stage {
            Stage::Sending(sending) => sending.machine.handle_timeout(ctx.now),
            Stage::Receiving(receiving) => receiving.machine.handle_timeout(ctx.now),
            Stage::Asked => return self.end(ctx, Cause::Unanswered),
            // The disk or the application was not ready in time.
            _ => {
                return self.end(
                    ctx,
                    Cause::Silent {
                        probably_complete: false,
                    },
                );
            }
        }
        self.after_step(ctx);
    }

    pub(super) fn handle_answer(&mut self, ctx: &mut Context, answer: Answer) {
        match (answer, &mut self.stage) {
            (Answer::Admit(sources), Stage::Asked) => self.look_up(ctx, sources, false),
            (Answer::Admit(sources), Stage::Starting(found)) => match found.take() {
                Some(ready) => self.begin(ctx, ready),
                None => self.look_up(ctx, sources, true),
            },
            (Answer::Admit(_), _) => {}
            (Answer::End(cause), _) => self.end(ctx, cause),
            (Answer::Taken, Stage::Receiving(_)) => self.pass_on(ctx),
            (Answer::Taken, _) => self.resume(ctx),
        }
    }

    /// A job of storage ended, other than a read.
    pub(super) fn handle_settled(&mut self, ctx: &mut Context, lane: Lane, settled: Settled) {
        match settled {
            Settled::Opened(opened) => self.handle_opened(ctx, opened),
            Settled::Created(sink) => self.handle_created(ctx, lane, sink),
            Settled::Written(written) => self.handle_written(ctx, lane, written),
            Settled::Committed(committed) => self.handle_committed(ctx, committed),
            Settled::Read(mut read) => self.handle_read(ctx, &mut read),
        }
    }

    pub(super) fn handle_read(&mut self, ctx: &mut Context, read: &mut Read) {
        if let Stage::Sending(sending) = &mut self.stage {
            sending.handle_read(ctx, &self.link, read);
            self.after_step(ctx);
        }
    }

    /// What it waited for may be there.
    pub(super) fn resume(&mut self, ctx: &mut Context) {
        self.after_step(ctx);
    }

    /// What a batch of packets brought goes to the application and the file.
    pub(super) fn pass_on(&mut self, ctx: &mut Context) {
        if let Stage::Receiving(receiving) = &mut self.stage
            && !self.ended
        {
            if let Err(cause) = receiving.pass_on(ctx, &self.link) {
                return self.end(ctx, cause);
            }
            self.after_step(ctx);
        }
    }

    /// ICMP port unreachable came for a packet of this transfer: its machine decides what to believe.
    pub(super) fn handle_unreachable(&mut self, ctx: &mut Context, error: std::io::Error) {
        match &mut self.stage {
            Stage::Sending(sending) => sending.machine.handle_unreachable(ctx.now),
            Stage::Receiving(receiving) => receiving.machine.handle_unreachable(ctx.now),
            _ => return self.end_silently(ctx, Cause::Socket(error)),
        }
        self.after_step(ctx);
    }

    /// The path takes no packet of this size in one piece: see `ReadTransfer::handle_too_big`.
    pub(super) fn handle_too_big(&mut self, ctx: &mut Context) {
        if let Stage::Sending(sending) = &mut self.stage {
            sending.machine.handle_too_big(ctx.now);
            self.after_step(ctx);
        }
    }

    /// Ends the transfer: the client gets an ERROR, unless it has begun anew.
    pub(super) fn end(&mut self, ctx: &mut Context, cause: Cause) {
        if self.is_superseded() {
            return self.end_silently(ctx, cause);
        }
        let (code, message) = cause::wire(&cause);
        match &mut self.stage {
            _ if self.ended => return,
            Stage::Sending(sending) => sending.machine.fail(ctx.now, code, message),
            Stage::Receiving(receiving) => receiving.machine.fail(ctx.now, code, message),
            _ => {
                ctx.send_error(self.link.route, self.link.connection.id, code, &message);
                return self.end_silently(ctx, cause);
            }
        }
        self.cause = Some(cause);
        self.after_step(ctx);
    }

    /// Ends the transfer without a word to the client.
    pub(super) fn end_silently(&mut self, ctx: &mut Context, cause: Cause) {
        if let Stage::Receiving(receiving) = &mut self.stage {
            receiving.discard(ctx, &self.link);
        }
        self.finish(ctx, Some(cause));
        if let Stage::Starting(Some(ready)) = std::mem::replace(&mut self.stage, Stage::Over) {
            self.give_back(ctx, ready);
        }
    }

    /// After every input: sends what is due, follows up what happened, sets the timer.
    fn after_step(&mut self, ctx: &mut Context) {
        // Most steps move data and change nothing else: for these, one look at the machine is all.
        let is_plain = !self.doubted && self.half_open.is_none() && self.waiting.is_none();
        let steady = match &mut self.stage {
            Stage::Sending(sending) => {
                if let Err(cause) = sending.drain(ctx, &self.link) {
                    return self.end(ctx, cause);
                }
                let machine = &sending.machine;
                (is_plain && machine.is_steady() && !sending.wants_file())
                    .then(|| (machine.retransmissions(), machine.poll_timeout()))
            }
            Stage::Receiving(receiving) => {
                receiving.drain(ctx, &self.link);
                let machine = &receiving.machine;
                (is_plain && machine.is_steady()).then(|| (machine.retransmissions(), machine.poll_timeout()))
            }
            _ => None,
        };
        let deadline = match steady {
            Some((repeated, deadline)) => {
                self.link.connection.progress.set_repeated(repeated);
                deadline
            }
            None => {
                self.follow(ctx);
                self.deadline()
            }
        };
        ctx.timers.set(self.link.key, &mut self.timer, deadline);
    }

    /// Leaves the half-open transfers, enters or leaves a doubt, comes to its end.
    fn follow(&mut self, ctx: &mut Context) {
        self.leave_half_open(ctx);
        self.give_up_file(ctx);
        self.follow_doubt(ctx);
        self.link.connection.progress.set_repeated(self.repeated());
        if !self.ended
            && let Some(outcome) = self.outcome()
        {
            self.conclude(ctx, outcome);
        }
    }

    fn leave_half_open(&mut self, ctx: &mut Context) {
        let is_half_open = match &self.stage {
            Stage::Sending(sending) => sending.machine.is_half_open(),
            Stage::Receiving(receiving) => receiving.machine.is_half_open(),
            _ => return,
        };
        if !is_half_open && let Some(place) = self.half_open.take() {
            match &mut self.stage {
                Stage::Sending(sending) => sending.settle(),
                Stage::Receiving(receiving) => receiving.settle(),
                _ => {}
            }
            ctx.settle(place);
            ctx.settled.push(self.link.route.socket);
            ctx.outdated.extend(self.former.take());
        }
    }

    /// The limits follow a doubt: it begins, is refuted, or ends with the transfer.
    fn follow_doubt(&mut self, ctx: &Context) {
        let in_doubt = self.is_in_doubt();
        if self.waiting.is_some() && !in_doubt && !self.ended && self.outcome().is_none() {
            // The client goes on.
            self.waiting = None;
        }
        let is_out = !self.ended && (in_doubt || self.is_superseded());
        if is_out != self.doubted {
            self.doubted = is_out;
            ctx.shared.doubt(self.host(), is_out);
        }
    }

    fn outcome(&self) -> Option<Outcome> {
        match &self.stage {
            Stage::Sending(sending) => sending.machine.outcome().cloned(),
            Stage::Receiving(receiving) => receiving.machine.outcome().cloned(),
            _ => None,
        }
    }

    fn deadline(&self) -> Option<Instant> {
        match &self.stage {
            Stage::Sending(sending) => sending.machine.poll_timeout(),
            Stage::Receiving(receiving) => receiving.machine.poll_timeout(),
            Stage::Asked | Stage::Opening { .. } | Stage::Starting(_) => self.patience(),
            Stage::Over => None,
        }
    }

    /// How long disk and application may take before the client can be answered: as long as it may be silent itself.
    fn patience(&self) -> Option<Instant> {
        let timing = &self.policy.timing;
        let idle = timing.inactivity.map(|limit| self.asked_at + limit);
        let absolute = timing.absolute.map(|limit| self.began + limit);
        idle.into_iter().chain(absolute).min()
    }
}

impl Ready {
    fn path(&self) -> Option<PathBuf> {
        match self {
            Ready::Send(opened) => opened.path(),
            Ready::Store(sink, _) => sink.path().map(ToOwned::to_owned),
            Ready::Application => None,
        }
    }
}
