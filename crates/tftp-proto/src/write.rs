//! An upload: the client writes, the server receives DATA and sends ACKs.

use core::mem::take;

use crate::block::FIRST_WRAPPED;
use crate::doubt::{Belief, ClientError, Doubt};
use crate::negotiate::Agreed;
use crate::numbers::{Numbers, Place, Position};
use crate::retry::{Repetitions, Retry, Timing, Watch};
use crate::time::Instant;
use crate::transfer::{End, Outcome, Transmit};
use crate::wire::{ErrorCode, Packet};

/// One upload as a state machine. How to drive it: see [the crate](crate).
///
/// The receiver of RFC 1350 section 2 and RFC 7440 section 4: an ACK at the end of each window, at a gap, and
/// after the last block once the owner has stored it.
#[derive(Debug)]
pub struct WriteTransfer {
    agreed: Agreed,
    retry: Retry,
    watch: Watch,
    end: End,
    phase: Phase,
    doubt: Doubt,
    /// What a half-open transfer may still send; `None` for the get of a client, which knows its server.
    repetitions: Option<Repetitions>,
    numbers: Numbers,
    /// How often dallying may still be prolonged.
    dallies: u8,
    due: bool,
    held: bool,
    /// An old block was answered since the last new one.
    duplicate_answered: bool,
    /// The client has sent a DATA that fits.
    answered: bool,
    /// The last block of the stream that is here without a gap before it.
    received: u64,
    /// The block of the last ACK sent.
    acked: u64,
    bytes: u64,
    /// The block behind a gap that came last; 0: no gap.
    gap: u64,
    /// When the last valid DATA came.
    heard_at: Instant,
    /// When an ACK was last sent.
    sent_at: Instant,
    resend_at: Instant,
    probe_at: Instant,
    /// When an old block that came too early is answered.
    repeat_at: Instant,
    /// Round trip: when an ACK was sent, for the first time, that opened a window.
    timed_at: Instant,
    retransmissions: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Blocks are expected; before the first one the answer is the OACK or ACK 0.
    Receiving,
    /// The last block is here, its ACK waits for the owner.
    Whole,
    /// The last ACK may have been lost: it is repeated if the client asks (RFC 1350 section 6).
    Dallying {
        until: Instant,
    },
    Over,
}

/// How often a repeated last block prolongs dallying.
const MAX_DALLIES: u8 = 4;

impl WriteTransfer {
    /// An upload that begins: poll it at once, for the OACK or ACK 0.
    pub fn new(now: Instant, agreed: &Agreed, timing: &Timing) -> Self {
        WriteTransfer {
            agreed: *agreed,
            retry: Retry::new(timing, agreed.timeout),
            watch: Watch::new(now, timing, agreed.timeout),
            end: End::default(),
            phase: Phase::Receiving,
            doubt: Doubt::default(),
            repetitions: Some(Repetitions::new()),
            numbers: Numbers::new(agreed),
            dallies: MAX_DALLIES,
            due: true,
            held: false,
            duplicate_answered: false,
            answered: false,
            received: 0,
            acked: 0,
            bytes: 0,
            gap: 0,
            heard_at: Instant::NEVER,
            sent_at: Instant::NEVER,
            resend_at: Instant::NEVER,
            probe_at: Instant::NEVER,
            repeat_at: Instant::NEVER,
            timed_at: Instant::NEVER,
            retransmissions: 0,
        }
    }

    /// A get of [`crate::client`]: its peer has answered already and is believed, and no request can be forged.
    pub(crate) fn of_client(now: Instant, agreed: &Agreed, timing: &Timing) -> Self {
        WriteTransfer {
            repetitions: None,
            ..WriteTransfer::new(now, agreed, timing)
        }
    }

    /// A packet from the client's address and port. `Some`: the next bytes of the stream, each exactly
    /// once, in order; empty where the last block is. Whatever makes no sense now is ignored.
    pub fn handle_packet<'a>(&mut self, now: Instant, packet: &Packet<'a>) -> Option<&'a [u8]> {
        match (*packet, self.phase) {
            (_, Phase::Over) => None,
            (Packet::Data { block, data }, Phase::Receiving) => self.data(now, block, data),
            (Packet::Data { block, .. }, phase) => {
                if block == self.wire_block(self.received) {
                    self.heard(now);
                }
                if matches!(phase, Phase::Dallying { .. }) && !self.doubt.is_silent() {
                    self.prolong(now);
                }
                None
            }
            (Packet::Error { code, message }, _) => {
                self.error(now, ClientError::read(code, message));
                None
            }
            _ => None,
        }
    }

    /// The same WRQ came again: the current answer goes again, once in a round trip. The timer is not pushed
    /// back: who only repeats its request is given up all the same.
    pub fn handle_repeat(&mut self, now: Instant) {
        let may_send = self.phase == Phase::Receiving && !self.doubt.is_silent();
        if may_send && self.is_old(now) && self.may_repeat(now) {
            self.due = true;
        }
    }

    /// ICMP port unreachable came for a packet of this transfer. Ends it at once before anything has come from the
    /// client; afterwards only if nothing valid follows and the ACK, sent once more, is refused again.
    pub fn handle_unreachable(&mut self, now: Instant) {
        match self.phase {
            Phase::Receiving if !self.answered => {
                self.end.gone(None);
                self.over();
            }
            Phase::Dallying { .. } => self.doubt.refused(now, self.retry.moment()),
            Phase::Receiving if !self.held => self.doubt.refused(now, self.retry.moment()),
            // The next ACK tells.
            Phase::Receiving | Phase::Whole | Phase::Over => {}
        }
    }

    /// A newer transfer of the same client has begun: this one sends nothing more, no ERROR either, unless a valid
    /// DATA shows that its client still takes part. It gives up by its timers.
    pub fn supersede(&mut self, now: Instant) {
        self.doubt.supersede();
        if self.phase == Phase::Receiving {
            self.resend_at = self.resend_at.min(now + self.retry.wait());
        }
    }

    /// A deadline of [`Self::poll_timeout`] has passed. Harmless when none has.
    pub fn handle_timeout(&mut self, now: Instant) {
        match self.phase {
            Phase::Dallying { until } if until <= now => self.over(),
            Phase::Receiving if self.watch.deadline() <= now => self.give_up(),
            Phase::Receiving | Phase::Whole | Phase::Dallying { .. } if self.doubt.is_silent() => {
                self.doubted(now);
            }
            Phase::Dallying { .. } => self.answer_late(now),
            Phase::Receiving if !self.held => {
                self.answer_late(now);
                if self.resend_at <= now {
                    self.silence(now);
                }
            }
            _ => {}
        }
    }

    /// While held no ACK goes out, so the client sends no further window: the store or the application is
    /// behind. Let go, the ACK that is due goes. The limits on the whole transfer hold meanwhile too. Once the last
    /// block is here, [`Self::commit`] alone decides.
    pub fn hold(&mut self, now: Instant, held: bool) {
        if self.phase != Phase::Receiving {
            return;
        }
        if self.held && !held {
            // It was not the client that was silent.
            self.watch.progress(now);
            // A superseded transfer sends no ACK that would set the timer.
            self.resend_at = if self.due && !self.doubt.is_superseded() {
                Instant::NEVER
            } else {
                now + self.retry.wait()
            };
            self.timed_at = Instant::NEVER;
        }
        self.held = held;
    }

    /// The length of the stream so far.
    pub fn received_bytes(&self) -> u64 {
        self.bytes
    }

    /// The last block is here: store the stream, then [`Self::commit`] or [`Self::fail`]. Only that ends the
    /// transfer now; no limit of time applies.
    pub fn is_complete(&self) -> bool {
        matches!(self.phase, Phase::Whole | Phase::Dallying { .. })
    }

    /// The stream is stored: the last ACK goes out and the outcome is [`Outcome::Complete`]. Then it dallies:
    /// keep driving it until [`Self::is_over`]. Does nothing before [`Self::is_complete`].
    pub fn commit(&mut self, now: Instant) {
        if self.phase == Phase::Whole {
            // The file is there: an ERROR that came meanwhile has come too late.
            self.doubt.take_error();
            self.end.complete();
            self.phase = Phase::Dallying {
                until: now + self.retry.dally(),
            };
            self.due = true;
            self.held = false;
        }
    }

    /// Ends the transfer from the server's side with an ERROR. Nothing happens after the end.
    pub fn fail(&mut self, _now: Instant, code: ErrorCode, message: &'static str) {
        if !self.end.has_come() {
            self.end.failed(code, message);
            self.over();
        }
    }

    /// The next thing to send. Poll until `None` after every call that takes `now`.
    pub fn poll_transmit(&mut self, now: Instant) -> Option<Transmit> {
        if self.phase == Phase::Over {
            return self.end.take_error();
        }
        if self.held || self.doubt.is_superseded() || !take(&mut self.due) {
            return None;
        }
        if self.doubt.is_open() {
            self.doubt.sent(now, self.retry.moment(), false);
        }
        Some(self.acknowledge(now))
    }

    /// When [`Self::handle_timeout`] wants to be called. It may lie in the past; it changes with every input.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let doubt = self.doubt.until().unwrap_or(Instant::NEVER);
        let limit = self.watch.deadline().min(doubt);
        let is_silent = self.doubt.is_silent();
        let earliest = match self.phase {
            Phase::Receiving if self.doubt.is_superseded() => limit.min(self.resend_at),
            Phase::Receiving if self.held || is_silent => limit,
            Phase::Receiving => limit.min(self.resend_at).min(self.probe_at).min(self.repeat_at),
            Phase::Dallying { until } if is_silent => until.min(doubt),
            Phase::Dallying { until } => until.min(self.repeat_at),
            Phase::Whole => doubt,
            Phase::Over => Instant::NEVER,
        };
        (earliest != Instant::NEVER).then_some(earliest)
    }

    /// How it ended; `None` while it goes on. `Complete` comes before the end of dallying.
    pub fn outcome(&self) -> Option<&Outcome> {
        self.end.outcome()
    }

    /// Nothing more will be sent or expected, and everything was polled: it can be dropped.
    pub fn is_over(&self) -> bool {
        self.phase == Phase::Over && self.end.is_told()
    }

    /// The client has sent no DATA that fits yet: its address may be forged.
    pub fn is_half_open(&self) -> bool {
        !self.answered
    }

    /// An ERROR, or a refusal, of a running transfer waits for its moment to pass: see [the crate](crate).
    pub fn is_in_doubt(&self) -> bool {
        self.doubt.is_open()
    }

    /// True while data and acknowledgements are all that happens: not half-open, never in doubt or superseded since the last
    /// valid packets, not ended. A caller that finds it true need not look at any of these.
    pub fn is_steady(&self) -> bool {
        self.received > 0 && self.doubt.is_clear() && !self.end.has_come()
    }

    /// [`Self::supersede`] was called, and nothing valid came since.
    pub fn is_superseded(&self) -> bool {
        self.doubt.is_superseded()
    }

    /// When the last valid DATA came; `None` while half-open.
    pub fn heard_at(&self) -> Option<Instant> {
        (self.heard_at != Instant::NEVER).then_some(self.heard_at)
    }

    /// What was agreed.
    pub fn agreed(&self) -> &Agreed {
        &self.agreed
    }

    /// The number on the wire of a block of this transfer.
    pub fn wire_block(&self, block: u64) -> u16 {
        self.numbers.wire(block, &self.agreed)
    }

    /// How many ACKs and OACKs were sent again.
    pub fn retransmissions(&self) -> u64 {
        u64::from(self.retransmissions)
    }
}

/// What comes from the client.
impl WriteTransfer {
    fn data<'a>(&mut self, now: Instant, wire: u16, data: &'a [u8]) -> Option<&'a [u8]> {
        if data.len() > usize::from(self.agreed.blksize) {
            self.end.oversized();
            self.over();
            return None;
        }
        let at = Position {
            received: self.received,
            reach: self.reach(),
        };
        let known = self.numbers.rollover();
        let place = self.numbers.place(at, &self.agreed, wire, data.len());
        if known != self.numbers.rollover() {
            // What came before was not understood, so it was not reported either.
            self.gap = 0;
        }
        if place != Place::Senseless {
            self.heard(now);
        }
        match place {
            Place::Next => return self.accept(now, data),
            Place::Ahead(block) => self.behind_gap(now, block),
            Place::Old => self.old(now),
            Place::Unclear => self.unclear(now, wire, data),
            Place::Senseless => {}
        }
        None
    }

    /// A valid DATA: the client is there.
    fn heard(&mut self, now: Instant) {
        self.answered = true;
        self.heard_at = now;
        self.doubt.refute();
    }

    fn error(&mut self, now: Instant, error: ClientError) {
        if self.answered && self.repetitions.is_some() {
            let owed = self.held || self.phase == Phase::Whole;
            return self.doubt.error(now, self.retry.moment(), owed, error);
        }
        self.believe(Some(error));
    }

    /// The client is gone. What is complete stays so.
    fn believe(&mut self, error: Option<ClientError>) {
        if !self.end.has_come() {
            self.end.gone(error);
        }
        self.over();
    }

    /// The highest block the client may have sent: a window behind the last ACK (RFC 7440 section 4).
    fn reach(&self) -> u64 {
        self.acked + u64::from(self.agreed.windowsize)
    }

    fn accept<'a>(&mut self, now: Instant, data: &'a [u8]) -> Option<&'a [u8]> {
        if self.timed_at != Instant::NEVER {
            self.retry
                .sample(now.saturating_sub(take_instant(&mut self.timed_at)));
        }
        self.received += 1;
        self.bytes += data.len() as u64;
        self.gap = 0;
        self.duplicate_answered = false;
        self.repeat_at = Instant::NEVER;
        self.probe_at = Instant::NEVER;
        self.retry.progress();
        self.watch.progress(now);
        if data.len() < usize::from(self.agreed.blksize) {
            self.phase = Phase::Whole;
            self.due = false;
        } else if self.received >= self.reach() {
            self.due = true;
            self.resend_at = Instant::NEVER;
        } else {
            self.resend_at = now + self.retry.wait();
            self.probe_at = self.retry.probe_wait().map_or(Instant::NEVER, |wait| now + wait);
        }
        Some(data)
    }

    /// A block is missing: said once, at once, with the last good block (RFC 7440 section 4). Again only when
    /// the numbers go back, so the client has restarted, and has lost the same block again.
    fn behind_gap(&mut self, now: Instant, block: u64) {
        let restarted = block <= self.gap && self.sent_at + self.retry.quiet() <= now;
        if self.gap == 0 || restarted {
            self.due = true;
        }
        self.gap = block;
    }

    /// A block that is here already: our ACK may be lost, so it is answered with the last good block; at once
    /// where that was acknowledged, otherwise when nothing new comes for a while. A window of old
    /// blocks is not answered with a window of ACKs.
    fn old(&mut self, now: Instant) {
        if self.due {
            return;
        }
        let acknowledged = self.received == self.acked;
        if acknowledged && (!self.duplicate_answered || self.is_old(now)) {
            self.duplicate_answered = true;
            self.due = true;
        } else if self.repeat_at == Instant::NEVER {
            let since = if acknowledged { self.sent_at } else { now };
            self.repeat_at = since + self.retry.quiet();
        }
    }

    /// A number that could be block 65536 of one client or a later block of another: never guessed while it
    /// can be found out. Asked to restart at 65536, a client that rolls over to 0 shows its 0, and one
    /// that rolls over to 1 ends its window with a number that the other cannot reach yet.
    fn unclear(&mut self, now: Instant, wire: u16, data: &[u8]) {
        let before = self.due;
        let ends = data.len() < usize::from(self.agreed.blksize) && self.is_old(now);
        self.behind_gap(now, FIRST_WRAPPED + u64::from(wire));
        self.due |= ends;
        if self.due && !before {
            self.numbers.doubt();
        }
    }

    /// A block came again after the last ACK: that ACK was lost. It goes again, and the stay is prolonged,
    /// but not for ever.
    fn prolong(&mut self, now: Instant) {
        self.old(now);
        if self.due && self.dallies > 0 {
            self.dallies -= 1;
            self.phase = Phase::Dallying {
                until: now + self.retry.dally(),
            };
        }
    }
}

/// Timers, and what goes to the client.
impl WriteTransfer {
    /// Whether the answer to the request may go again: a half-open transfer has a few repetitions and no more.
    fn may_repeat(&mut self, now: Instant) -> bool {
        match &mut self.repetitions {
            Some(repetitions) if !self.answered => repetitions.take(now, self.sent_at),
            _ => true,
        }
    }

    /// Timers of a transfer that may send nothing again.
    fn doubted(&mut self, now: Instant) {
        match self.doubt.expire(now) {
            Belief::Gone(error) => self.believe(error),
            Belief::SendAgain if matches!(self.phase, Phase::Dallying { .. }) => self.over(),
            // The next ACK tells.
            Belief::SendAgain if self.held => self.doubt.refute(),
            Belief::SendAgain => {
                self.due = true;
                self.resend_at = now + self.retry.wait();
                self.probe_at = Instant::NEVER;
                self.repeat_at = Instant::NEVER;
            }
            Belief::Nothing if self.wait_passed(now) => self.silence(now),
            Belief::Nothing => {}
        }
    }

    /// True when a superseded transfer has waited once more; it counts its waits, though nothing is sent.
    fn wait_passed(&self, now: Instant) -> bool {
        self.phase == Phase::Receiving && self.doubt.is_superseded() && self.resend_at <= now
    }

    /// Whether the last ACK was sent so long ago that the client's packet can be the answer to its loss.
    fn is_old(&self, now: Instant) -> bool {
        self.sent_at != Instant::NEVER && self.sent_at + self.retry.quiet() <= now
    }

    /// An old block, or the silence after part of a window, is answered now.
    fn answer_late(&mut self, now: Instant) {
        if self.repeat_at.min(self.probe_at) <= now {
            self.due = true;
        }
    }

    /// An OACK goes again only when the WRQ comes again (RFC 2347: whoever has lost it repeats its request). Where DATA 1
    /// was lost instead, its sender has had the OACK: curl takes a second one for an ACK of that block, leaves it out
    /// and believes that the file was sent.
    fn silence(&mut self, now: Instant) {
        self.resend_at = Instant::NEVER;
        if !self.retry.expire() {
            self.give_up();
        } else if self.doubt.is_superseded() || self.is_oack_in_flight() || !self.may_repeat(now) {
            self.resend_at = now + self.retry.wait();
        } else {
            self.due = true;
            if self.numbers.rollover().is_none() && self.received + 1 == FIRST_WRAPPED {
                // What answers this tells once more, also where it comes too soon to count as a restart.
                self.gap = 0;
            }
        }
    }

    /// Nothing has come since the OACK. Whoever sends block 2 has had it, and atftp too would misunderstand another.
    fn is_oack_in_flight(&self) -> bool {
        self.agreed.oack.is_some() && self.received == 0 && self.gap == 0
    }

    fn give_up(&mut self) {
        let is_superseded = self.doubt.is_superseded();
        match self.doubt.take_error() {
            Some(error) => self.end.gone(Some(error)),
            None if is_superseded || (!self.answered && self.repetitions.is_some()) => {
                self.end.timed_out_silently();
            }
            None => self.end.timed_out(false),
        }
        self.over();
    }

    fn over(&mut self) {
        self.phase = Phase::Over;
        self.due = false;
    }

    fn acknowledge(&mut self, now: Instant) -> Transmit {
        let first_copy = self.sent_at == Instant::NEVER;
        let again = !first_copy && self.acked == self.received;
        let whole_window = first_copy || self.received >= self.reach();
        self.retransmissions = self.retransmissions.saturating_add(u32::from(again));
        self.timed_at = if whole_window && !again {
            now
        } else {
            Instant::NEVER
        };
        if first_copy && !self.answered && self.repetitions.is_some() {
            self.watch.half_open(now);
        }
        self.acked = self.received;
        self.sent_at = now;
        self.probe_at = Instant::NEVER;
        self.repeat_at = Instant::NEVER;
        if self.phase == Phase::Receiving && (!again || self.resend_at == Instant::NEVER) {
            self.resend_at = now + self.retry.wait();
        }
        match self.agreed.oack {
            Some(oack) if self.is_oack_in_flight() => Transmit::Oack(oack),
            _ => Transmit::Ack {
                block: self.wire_block(self.received),
            },
        }
    }
}

fn take_instant(at: &mut Instant) -> Instant {
    core::mem::replace(at, Instant::NEVER)
}
