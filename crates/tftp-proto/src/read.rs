//! A download: the client reads, the server sends DATA and receives ACKs.

use crate::block::{distance, to_wire};
use crate::doubt::{Belief, ClientError, Doubt};
use crate::negotiate::Agreed;
use crate::retry::{Repetitions, Retry, Timing, Watch};
use crate::time::Instant;
use crate::transfer::{End, Outcome, Transmit};
use crate::wire::{ErrorCode, Packet};

/// One download as a state machine. How to drive it: see [the crate](crate).
///
/// The sender of RFC 1350 section 2 and RFC 7440 section 4: a window of blocks is in flight, an ACK inside it
/// restarts behind the acknowledged block (go-back-N), silence restarts it whole.
#[derive(Debug)]
pub struct ReadTransfer {
    agreed: Agreed,
    retry: Retry,
    watch: Watch,
    end: End,
    doubt: Doubt,
    /// What a half-open transfer may still send; `None` for the put of a client, which knows its server.
    repetitions: Option<Repetitions>,
    /// The OACK still waits for its ACK 0.
    opening: bool,
    /// The client has acknowledged something.
    answered: bool,
    oack_due: bool,
    /// Nothing follows the bytes in `available`.
    stream_ended: bool,
    /// One block goes on its own, besides the window.
    single: Option<Single>,
    /// A repeated ACK of the current block had its effect, or will have it.
    repeat_spent: bool,
    /// The window went again because its packets were too big, since the client moved on or the timer ran.
    shrink_spent: bool,
    /// The tail was probed since the client moved on or the timer ran.
    probe_spent: bool,
    /// The last acknowledged block.
    acked: u64,
    /// The next block of the window to send.
    next: u64,
    /// The highest block ever sent.
    high: u64,
    /// Stream bytes that can be sent, and the last block that they complete.
    available: u64,
    ready: u64,
    /// When the last valid ACK came.
    heard_at: Instant,
    /// When the block after `acked`, or the OACK, was last sent.
    sent_at: Instant,
    /// When the window was last restarted.
    restarted_at: Instant,
    resend_at: Instant,
    probe_at: Instant,
    /// When a repeated ACK that came too early takes effect.
    repeat_at: Instant,
    /// Round trip: the first block that was sent only once, and when.
    timed_first: u64,
    timed_at: Instant,
    retransmissions: u32,
}

/// A block of the window sent on its own.
#[derive(Clone, Copy, Debug)]
enum Single {
    /// The first one: the client's current block.
    First,
    /// The last one that was sent.
    Tail,
}

impl ReadTransfer {
    /// A download that begins: poll it at once, for the OACK, or for what it wants.
    pub fn new(now: Instant, agreed: &Agreed, timing: &Timing) -> Self {
        ReadTransfer {
            agreed: *agreed,
            retry: Retry::new(timing, agreed.timeout),
            watch: Watch::new(now, timing, agreed.timeout),
            end: End::default(),
            doubt: Doubt::default(),
            repetitions: Some(Repetitions::new()),
            opening: agreed.oack.is_some(),
            answered: false,
            oack_due: agreed.oack.is_some(),
            stream_ended: false,
            single: None,
            repeat_spent: false,
            shrink_spent: false,
            probe_spent: false,
            acked: 0,
            next: 1,
            high: 0,
            available: 0,
            ready: 0,
            heard_at: Instant::NEVER,
            sent_at: Instant::NEVER,
            restarted_at: Instant::NEVER,
            resend_at: Instant::NEVER,
            probe_at: Instant::NEVER,
            repeat_at: Instant::NEVER,
            timed_first: 0,
            timed_at: Instant::NEVER,
            retransmissions: 0,
        }
    }

    /// A put of [`crate::client`]: its peer has answered already and is believed, and no request can be forged.
    pub(crate) fn of_client(now: Instant, agreed: &Agreed, timing: &Timing) -> Self {
        ReadTransfer {
            repetitions: None,
            ..ReadTransfer::new(now, agreed, timing)
        }
    }

    /// A packet from the client's address and port. Whatever makes no sense now is ignored.
    pub fn handle_packet(&mut self, now: Instant, packet: &Packet<'_>) {
        if self.end.has_come() {
            return;
        }
        match *packet {
            Packet::Ack { block } if self.opening => self.opened(now, block),
            Packet::Ack { block } => self.acknowledged(now, block),
            Packet::Error { code, message } => self.error(now, ClientError::read(code, message)),
            Packet::Data { .. } | Packet::Request(_) | Packet::Oack => {}
        }
    }

    /// The same RRQ came again: one packet, the current one, goes again, however many repetitions come
    /// within a round trip. The timer is not pushed back: who only repeats its request is given up all the
    /// same.
    pub fn handle_repeat(&mut self, now: Instant) {
        let may_send = !self.end.has_come() && !self.doubt.is_silent();
        if !may_send || !self.is_old(self.sent_at, now, self.retry.quiet()) || !self.may_repeat(now) {
            return;
        }
        if self.opening {
            self.oack_due = true;
        } else if self.in_flight() {
            self.single = Some(Single::First);
        }
    }

    /// ICMP port unreachable came for a packet of this transfer. Ends it at once before anything is acknowledged;
    /// afterwards only if nothing valid follows and the packet, sent once more, is refused again.
    pub fn handle_unreachable(&mut self, now: Instant) {
        if self.end.has_come() {
            return;
        }
        if !self.answered {
            self.end.gone(None);
        } else if self.in_flight() {
            self.doubt.refused(now, self.retry.moment());
        }
        // Otherwise nothing waits for an answer: the next packet tells.
    }

    /// The path takes no packet of this size in one piece (ICMPv6 Packet Too Big), and the system has learnt that: the
    /// window goes again at once, once until the client moves on or the timer runs.
    pub fn handle_too_big(&mut self, now: Instant) {
        let may_send = !self.end.has_come() && !self.doubt.is_silent();
        if may_send && self.answered && self.in_flight() && !self.shrink_spent {
            self.shrink_spent = true;
            self.restart(now);
        }
    }

    /// A newer transfer of the same client has begun: this one sends nothing more, no ERROR either, unless a valid
    /// ACK shows that its client still takes part. It gives up by its timers.
    pub fn supersede(&mut self, now: Instant) {
        self.doubt.supersede();
        self.resend_at = self.resend_at.min(now + self.retry.wait());
    }

    /// A deadline of [`Self::poll_timeout`] has passed. Harmless when none has.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.end.has_come() {
            return;
        }
        if self.watch.deadline() <= now {
            return self.give_up();
        }
        if self.doubt.is_silent() {
            return self.doubted(now);
        }
        if self.repeat_at <= now {
            self.restart(now);
        }
        if self.probe_at <= now {
            self.probe_at = Instant::NEVER;
            self.probe();
        }
        if self.resend_at <= now {
            self.resend_at = Instant::NEVER;
            self.silence(now);
        }
    }

    /// The stream bytes [0, `available`) can be sent from now on. `end`: the stream is exactly that long.
    /// Less than before, or more after the end, is ignored.
    pub fn supply(&mut self, now: Instant, available: u64, end: bool) {
        if self.stream_ended || available < self.available || self.end.has_come() {
            return;
        }
        if !self.opening && !self.in_flight() {
            // The client could not move on: it waited for us.
            self.watch.progress(now);
        }
        self.available = available;
        self.stream_ended = end;
        // The last block is shorter than all others, empty if need be (RFC 1350 section 6).
        self.ready = available / u64::from(self.agreed.blksize) + u64::from(end);
    }

    /// `Some(upto)`: to go on it needs the stream bytes below `upto`, a whole window, has fewer, and does not
    /// know where the stream ends. Nothing is wanted for a client that did not answer the OACK yet.
    pub fn wants(&self) -> Option<u64> {
        let last = self.window_end();
        let hungry = !self.stream_ended && self.ready < last && !self.opening && !self.end.has_come();
        let hungry = hungry && !self.doubt.is_superseded();
        hungry.then(|| last.saturating_mul(u64::from(self.agreed.blksize)))
    }

    /// Stream bytes below this are acknowledged and will not be sent again. Never falls.
    pub fn acked_bytes(&self) -> u64 {
        self.acked
            .saturating_mul(u64::from(self.agreed.blksize))
            .min(self.available)
    }

    /// Ends the transfer from the server's side with an ERROR. Nothing happens after the end.
    pub fn fail(&mut self, _now: Instant, code: ErrorCode, message: &'static str) {
        if !self.end.has_come() {
            self.end.failed(code, message);
        }
    }

    /// The next thing to send. Poll until `None` after every call that takes `now`.
    pub fn poll_transmit(&mut self, now: Instant) -> Option<Transmit> {
        if self.end.has_come() {
            return self.end.take_error();
        }
        if self.doubt.is_superseded() {
            return None;
        }
        if self.opening {
            return self.send_oack(now);
        }
        if let Some(single) = self.single.take() {
            return Some(self.send_single(now, single));
        }
        let last = self.window_end().min(self.ready);
        (self.next <= last).then(|| self.send_window(now, last))
    }

    /// When [`Self::handle_timeout`] wants to be called. It may lie in the past; it changes with every input.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let limit = self.watch.deadline();
        let earliest = match self.doubt.until() {
            Some(until) => limit.min(until),
            None if self.doubt.is_superseded() => limit.min(self.resend_at),
            None => limit.min(self.resend_at).min(self.probe_at).min(self.repeat_at),
        };
        (earliest != Instant::NEVER && !self.end.has_come()).then_some(earliest)
    }

    /// How it ended; `None` while it goes on.
    pub fn outcome(&self) -> Option<&Outcome> {
        self.end.outcome()
    }

    /// Nothing more will be sent or expected, and everything was polled: it can be dropped.
    pub fn is_over(&self) -> bool {
        self.end.is_told()
    }

    /// The client has acknowledged nothing yet: its address may be forged.
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
        self.answered && self.doubt.is_clear() && !self.end.has_come()
    }

    /// [`Self::supersede`] was called, and nothing valid came since.
    pub fn is_superseded(&self) -> bool {
        self.doubt.is_superseded()
    }

    /// When the last valid ACK came; `None` while half-open.
    pub fn heard_at(&self) -> Option<Instant> {
        (self.heard_at != Instant::NEVER).then_some(self.heard_at)
    }

    /// Everything was sent, and only the last ACK is missing, from a client that answered before.
    pub fn awaits_last_ack(&self) -> bool {
        self.stream_ended && self.high == self.ready && self.answered && !self.end.has_come()
    }

    /// What was agreed.
    pub fn agreed(&self) -> &Agreed {
        &self.agreed
    }

    /// The number on the wire of a block of [`Transmit::Data`].
    pub fn wire_block(&self, block: u64) -> u16 {
        to_wire(block, self.agreed.rollover)
    }

    /// How many DATA and OACK packets were sent again.
    pub fn retransmissions(&self) -> u64 {
        u64::from(self.retransmissions)
    }
}

/// What comes from the client.
impl ReadTransfer {
    /// An ACK while the OACK is in flight: only ACK 0 confirms it (RFC 2347).
    fn opened(&mut self, now: Instant, block: u16) {
        if block != 0 || self.sent_at == Instant::NEVER {
            return;
        }
        self.opening = false;
        self.heard(now);
        if self.timed_at != Instant::NEVER {
            self.retry.sample(now.saturating_sub(self.timed_at));
        }
        self.advanced(now);
    }

    fn acknowledged(&mut self, now: Instant, wire: u16) {
        let ahead = distance(self.acked, wire, self.agreed.rollover);
        match ahead {
            Some(0) => self.repeated(now),
            Some(ahead) if ahead <= self.high - self.acked => self.moved(now, self.acked + ahead),
            // Long past, or never sent.
            _ => {}
        }
    }

    /// A valid ACK: the client is there.
    fn heard(&mut self, now: Instant) {
        self.answered = true;
        self.heard_at = now;
        self.doubt.refute();
    }

    fn error(&mut self, now: Instant, error: ClientError) {
        if self.answered && self.repetitions.is_some() {
            let owed = self.wants().is_some();
            return self.doubt.error(now, self.retry.moment(), owed, error);
        }
        self.end
            .client_error(error, self.opening && self.agreed.asks_tsize);
    }

    /// A block of the window was acknowledged for the first time.
    fn moved(&mut self, now: Instant, block: u64) {
        if self.timed_at != Instant::NEVER && block >= self.timed_first {
            self.retry.sample(now.saturating_sub(self.timed_at));
        }
        self.acked = block;
        self.heard(now);
        self.advanced(now);
        if self.stream_ended && block == self.ready {
            return self.end.complete();
        }
        self.next = self.next.max(block + 1);
        if self.next > block + 1 {
            self.inside_window(now);
        }
    }

    /// An ACK inside the window restarts behind it at once (RFC 7440 section 4), but only once in a round
    /// trip: a client that acknowledges every block gets what follows the window, not N windows for N ACKs.
    fn inside_window(&mut self, now: Instant) {
        let quiet = self.retry.window_quiet();
        if self.restarted_at == Instant::NEVER || self.is_old(self.restarted_at, now, quiet) {
            self.restart(now);
        } else {
            self.resend_at = now + self.retry.wait();
            self.repeat_at = self.restarted_at + quiet;
        }
    }

    /// The newest ACK again. By itself it never produces another DATA (Sorcerer's Apprentice, RFC 1123
    /// section 4.2.3.1). But when the last copy of the next block has been under way for longer than a round
    /// trip, it says that this block is lost: then it goes once more, and after that only the timer sends.
    fn repeated(&mut self, now: Instant) {
        // ACK 0 without an OACK acknowledges nothing: no second packet for a forged address.
        if !self.answered {
            return;
        }
        self.heard(now);
        if self.repeat_spent || !self.in_flight() {
            return;
        }
        let windowed = self.agreed.windowsize > 1;
        let quiet = if windowed {
            self.retry.window_quiet()
        } else {
            self.retry.quiet()
        };
        if self.is_old(self.sent_at, now, quiet) {
            self.repeat_spent = true;
            self.restart(now);
        } else if windowed {
            // A receiver reports a gap only once: it must not be lost because it came quickly.
            self.repeat_spent = true;
            self.repeat_at = self.sent_at + quiet;
        }
    }
}

/// Timers and what is in flight.
impl ReadTransfer {
    fn in_flight(&self) -> bool {
        self.high > self.acked
    }

    fn window_end(&self) -> u64 {
        self.acked + u64::from(self.agreed.windowsize)
    }

    /// Whether the packet may go again: a half-open transfer has a few repetitions and no more.
    fn may_repeat(&mut self, now: Instant) -> bool {
        match &mut self.repetitions {
            Some(repetitions) if !self.answered => repetitions.take(now, self.sent_at),
            _ => true,
        }
    }

    fn is_old(&self, sent: Instant, now: Instant, span: core::time::Duration) -> bool {
        sent != Instant::NEVER && sent + span <= now
    }

    /// The client moved on: every timer was about what is settled now.
    fn advanced(&mut self, now: Instant) {
        self.retry.progress();
        self.watch.progress(now);
        self.repeat_spent = false;
        self.shrink_spent = false;
        self.probe_spent = false;
        self.single = None;
        self.resend_at = Instant::NEVER;
        self.probe_at = Instant::NEVER;
        self.repeat_at = Instant::NEVER;
        self.timed_at = Instant::NEVER;
    }

    /// The window again from its first block.
    fn restart(&mut self, now: Instant) {
        self.next = self.acked + 1;
        self.restarted_at = now;
        self.repeat_at = Instant::NEVER;
        self.probe_at = Instant::NEVER;
        self.single = None;
    }

    /// The window's last block again: when only the tail was lost, or the ACK, the answer comes long before
    /// the retransmission timer. Once: a client that answers everything with the same ACK would keep it going
    /// for ever.
    fn probe(&mut self) {
        self.probe_spent = true;
        self.single = Some(Single::Tail);
        self.timed_at = Instant::NEVER;
        self.repeat_spent = false;
    }

    fn silence(&mut self, now: Instant) {
        if !self.retry.expire() {
            return self.give_up();
        }
        if self.doubt.is_superseded() || !self.may_repeat(now) {
            self.resend_at = now + self.retry.wait();
        } else if self.opening {
            self.oack_due = true;
        } else {
            self.restart(now);
            self.shrink_spent = false;
            // In a window the answer to this may be the same ACK again, rightly.
            self.repeat_spent &= self.agreed.windowsize == 1;
            self.probe_spent = false;
        }
    }

    /// Timers of a transfer that may send nothing again.
    fn doubted(&mut self, now: Instant) {
        match self.doubt.expire(now) {
            Belief::Gone(error) => self.end.gone(error),
            Belief::SendAgain => {
                self.single = Some(Single::First);
                self.resend_at = now + self.retry.wait();
                self.probe_at = Instant::NEVER;
                self.repeat_at = Instant::NEVER;
            }
            Belief::Nothing if self.doubt.is_superseded() && self.resend_at <= now => self.silence(now),
            Belief::Nothing => {}
        }
    }

    fn give_up(&mut self) {
        let is_superseded = self.doubt.is_superseded();
        if let Some(error) = self.doubt.take_error() {
            return self.end.gone(Some(error));
        }
        if is_superseded || (!self.answered && self.repetitions.is_some()) {
            return self.end.timed_out_silently();
        }
        // Many clients do not repeat their last ACK.
        let all_sent = self.stream_ended && self.high == self.ready;
        self.end.timed_out(all_sent && self.answered);
    }
}

/// What goes to the client.
impl ReadTransfer {
    fn send_oack(&mut self, now: Instant) -> Option<Transmit> {
        if !core::mem::take(&mut self.oack_due) {
            return None;
        }
        if self.sent_at == Instant::NEVER {
            self.timed_at = now;
        } else {
            self.timed_at = Instant::NEVER;
            self.retransmissions = self.retransmissions.saturating_add(1);
        }
        self.sent(now);
        if self.resend_at == Instant::NEVER {
            self.resend_at = now + self.retry.wait();
        }
        self.agreed.oack.map(Transmit::Oack)
    }

    /// The current packet goes: the block after the last acknowledged one, or the OACK.
    fn sent(&mut self, now: Instant) {
        if !self.answered && self.sent_at == Instant::NEVER && self.repetitions.is_some() {
            self.watch.half_open(now);
        }
        self.sent_at = now;
    }

    fn send_single(&mut self, now: Instant, single: Single) -> Transmit {
        let first = match single {
            Single::First => self.acked + 1,
            Single::Tail => self.next - 1,
        };
        self.retransmissions = self.retransmissions.saturating_add(1);
        self.timed_at = Instant::NEVER;
        if first == self.acked + 1 {
            self.sent_at = now;
        }
        Transmit::Data { first, count: 1 }
    }

    fn send_window(&mut self, now: Instant, last: u64) -> Transmit {
        let first = self.next;
        // A window has at most 65535 blocks.
        let count = (last - first + 1) as u32;
        let again = (self.high.min(last) + 1).saturating_sub(first) as u32;
        self.retransmissions = self.retransmissions.saturating_add(again);
        if first == self.acked + 1 {
            self.sent(now);
        }
        self.timed_at = Instant::NEVER;
        if last > self.high {
            self.timed_first = first.max(self.high + 1);
            self.timed_at = now;
            self.high = last;
        }
        self.next = last + 1;
        self.resend_at = now + self.retry.wait();
        if self.agreed.windowsize > 1 && !self.probe_spent {
            self.probe_at = self.retry.probe_wait().map_or(Instant::NEVER, |wait| now + wait);
        }
        if self.doubt.is_open() {
            let owed = self.wants().is_some();
            self.doubt.sent(now, self.retry.moment(), owed);
        }
        Transmit::Data { first, count }
    }
}
