//! A download: the client reads, the server sends DATA and receives ACKs.

mod incoming;
mod outgoing;
mod timers;

use alloc::borrow::Cow;
use core::time::Duration;

use crate::block::{distance, to_wire};
use crate::doubt::ClientError;
use crate::negotiate::NegotiatedOptions;
use crate::peer::Peer;
use crate::retry::{Retry, Timing, Watch};
use crate::time::Instant;
use crate::transfer::{End, Outcome, Transmit};
use crate::wire::{ErrorCode, Packet};

/// One download as a state machine. How to drive it: see [the crate](crate).
///
/// The sender of RFC 1350 section 2 and RFC 7440 section 4: a window of blocks is in flight, an ACK
/// inside it restarts behind the acknowledged block (go-back-N), silence restarts it whole.
#[derive(Debug)]
pub struct ReadTransfer {
    negotiated: NegotiatedOptions,
    retry: Retry,
    watch: Watch,
    end: End,
    peer: Peer,
    /// The OACK is not acknowledged yet (ACK 0).
    opening: bool,
    oack_due: bool,
    /// Nothing follows the bytes in `available`.
    stream_ended: bool,
    /// A block to send by itself, besides the window.
    single: Option<Single>,
    /// A repeated ACK of the current block had its effect, or will have it.
    repeat_spent: bool,
    /// The window went again because its packets were too big, since the client moved on or the
    /// timer ran.
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
    pub fn new(now: Instant, negotiated: &NegotiatedOptions, timing: &Timing) -> Self {
        ReadTransfer {
            negotiated: *negotiated,
            retry: Retry::new(timing, negotiated.timeout),
            watch: Watch::new(now, timing, negotiated.timeout),
            end: End::default(),
            peer: Peer::unknown(),
            opening: negotiated.oack.is_some(),
            oack_due: negotiated.oack.is_some(),
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

    /// A put of [`crate::client`]: its peer has answered already and is believed, and no request
    /// can be forged.
    pub(crate) fn of_client(now: Instant, negotiated: &NegotiatedOptions, timing: &Timing) -> Self {
        ReadTransfer {
            peer: Peer::known(),
            ..ReadTransfer::new(now, negotiated, timing)
        }
    }

    /// A packet from the client's address and port. Whatever makes no sense now is ignored.
    pub fn handle_packet(&mut self, now: Instant, packet: &Packet<'_>) {
        if self.end.has_ended() {
            return;
        }
        match *packet {
            Packet::Ack { block } if self.opening => self.opened(now, block),
            Packet::Ack { block } => self.acknowledged(now, block),
            Packet::Error { code, message } => self.error(now, ClientError::read(code, message)),
            Packet::Data { .. } | Packet::Request(_) | Packet::Oack => {}
        }
    }

    /// Handles a repetition of the RRQ: the current packet is sent again, once for all repetitions
    /// within a round trip. The timer is not pushed back: a client that only repeats its request is
    /// given up all the same.
    pub fn handle_repeat(&mut self, now: Instant) {
        self.peer.asked_again();
        let may_send = !self.end.has_ended() && !self.peer.doubt.is_silent();
        if !may_send
            || !self.is_old(self.sent_at, now, self.retry.quiet())
            || !self.peer.may_repeat(now, self.sent_at)
        {
            return;
        }
        if self.opening {
            self.oack_due = true;
        } else if self.in_flight() {
            self.single = Some(Single::First);
        }
    }

    /// ICMP port unreachable came for a packet of this transfer. Ends it at once before anything is
    /// acknowledged; afterwards only if nothing valid follows and the packet, sent once more, is
    /// refused again.
    pub fn handle_unreachable(&mut self, now: Instant) {
        if self.end.has_ended() {
            return;
        }
        if !self.peer.has_answered() {
            self.end.gone(None);
        } else if self.in_flight() {
            self.peer.doubt.refused(now, self.retry.moment());
        }
        // Otherwise nothing waits for an answer: the next packet will show whether the port is
        // closed.
    }

    /// The path takes no packet of this size in one piece (ICMPv6 Packet Too Big), and the system
    /// has learnt that: the window goes again at once, once until the client moves on or the timer
    /// runs.
    pub fn handle_too_big(&mut self, now: Instant) {
        let may_send = !self.end.has_ended() && !self.peer.doubt.is_silent();
        if may_send && self.peer.has_answered() && self.in_flight() && !self.shrink_spent {
            self.shrink_spent = true;
            self.restart(now);
        }
    }

    /// A newer transfer of the same client has begun: this one sends nothing more, no ERROR either,
    /// unless a valid ACK shows that its client still takes part. It gives up by its timers.
    pub fn supersede(&mut self, now: Instant) {
        self.peer.doubt.supersede();
        self.resend_at = self.resend_at.min(now + self.retry.wait());
    }

    /// A deadline of [`Self::poll_timeout`] has passed. Harmless when none has.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.end.has_ended() {
            return;
        }
        if self.watch.deadline() <= now {
            return self.give_up();
        }
        if self.peer.doubt.is_silent() {
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

    /// The stream bytes [0, `available`) can be sent from now on. `end`: the stream is exactly that
    /// long. Less than before, or more after the end, is ignored.
    pub fn supply(&mut self, now: Instant, available: u64, end: bool) {
        if self.stream_ended || available < self.available || self.end.has_ended() {
            return;
        }
        if !self.opening && !self.in_flight() {
            // The client could not move on: it waited for us.
            self.watch.progress(now);
        }
        self.available = available;
        self.stream_ended = end;
        // The last block is shorter than all others, empty if need be (RFC 1350 section 6).
        self.ready = available / u64::from(self.negotiated.blksize) + u64::from(end);
    }

    /// `Some(upto)`: to go on it needs the stream bytes below `upto`, a whole window, has fewer,
    /// and does not know where the stream ends. Nothing is wanted for a client that did not answer
    /// the OACK yet.
    pub fn wants(&self) -> Option<u64> {
        let last = self.window_end();
        let hungry =
            !self.stream_ended && self.ready < last && !self.opening && !self.end.has_ended();
        let hungry = hungry && !self.peer.doubt.is_superseded();
        hungry.then(|| last.saturating_mul(u64::from(self.negotiated.blksize)))
    }

    /// Stream bytes below this are acknowledged and will not be sent again. Never falls.
    pub fn acked_bytes(&self) -> u64 {
        self.acked
            .saturating_mul(u64::from(self.negotiated.blksize))
            .min(self.available)
    }

    /// Bytes of the whole stream, where they were known at the beginning or its end was supplied
    /// since.
    pub fn stream_size(&self) -> Option<u64> {
        self.negotiated
            .tsize
            .or_else(|| self.stream_ended.then_some(self.available))
    }

    /// Ends the transfer from the server's side with an ERROR. Nothing happens after the end.
    pub fn fail(&mut self, _now: Instant, code: ErrorCode, message: impl Into<Cow<'static, str>>) {
        if !self.end.has_ended() {
            self.end.failed(code, message.into());
        }
    }

    /// The next thing to send. Poll until `None` after every call that takes `now`.
    pub fn poll_transmit(&mut self, now: Instant) -> Option<Transmit> {
        if self.end.has_ended() {
            return self.end.take_error();
        }
        if self.peer.doubt.is_superseded() {
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

    /// When [`Self::handle_timeout`] wants to be called. It may lie in the past; it changes with
    /// every input.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let limit = self.watch.deadline();
        let earliest = match self.peer.doubt.until() {
            Some(until) => limit.min(until),
            None if self.peer.doubt.is_superseded() => limit.min(self.resend_at),
            None => limit.min(self.resend_at).min(self.probe_at).min(self.repeat_at),
        };
        (earliest != Instant::NEVER && !self.end.has_ended()).then_some(earliest)
    }

    /// How it ended; `None` while it goes on.
    pub fn outcome(&self) -> Option<&Outcome> {
        self.end.outcome()
    }

    /// Nothing more will be sent or expected, and everything was polled: it can be dropped.
    pub fn is_over(&self) -> bool {
        self.end.is_final()
    }

    /// The client has acknowledged nothing yet: its address may be forged.
    pub fn is_half_open(&self) -> bool {
        !self.peer.has_answered()
    }

    /// An ERROR, or a refusal, of a running transfer waits for its moment to pass: see [the
    /// crate](crate).
    pub fn is_in_doubt(&self) -> bool {
        self.peer.doubt.is_open()
    }

    /// True while data and acknowledgements are all that happens: not half-open, never in doubt or
    /// superseded since the last valid packets, not ended. A caller that finds it true need not
    /// look at any of these.
    pub fn is_steady(&self) -> bool {
        self.peer.has_answered() && self.peer.doubt.is_clear() && !self.end.has_ended()
    }

    /// True if a steady transfer has nothing more to send until the next input:
    /// [`Self::poll_transmit`] returns `None`.
    pub fn has_sent_all(&self) -> bool {
        self.single.is_none() && self.next > self.window_end().min(self.ready)
    }

    /// [`Self::supersede`] was called, and nothing valid came since.
    pub fn is_superseded(&self) -> bool {
        self.peer.doubt.is_superseded()
    }

    /// When the last valid ACK came; `None` while half-open.
    pub fn heard_at(&self) -> Option<Instant> {
        self.peer.heard_at()
    }

    /// Since when only the client is waited for: it was heard last, or what it has to answer was
    /// sent first, whichever is later. Once that went again, only the former counts. `None` while
    /// half-open, or if nothing is in flight.
    pub fn waits_since(&self) -> Option<Instant> {
        let heard = self.peer.heard_at()?;
        let went_again = self.restarted_at != Instant::NEVER && self.restarted_at > heard;
        let since = if went_again {
            heard
        } else {
            heard.max(self.sent_at)
        };
        self.in_flight().then_some(since)
    }

    /// The time within which an active client answers: two round trips, 50 ms at least.
    pub fn moment(&self) -> Duration {
        self.retry.moment()
    }

    /// True if a client that takes part may send an ACK with this number on the wire now: that of a
    /// block in flight, or the last one again.
    pub fn expects_ack(&self, block: u16) -> bool {
        if self.end.has_ended() {
            return false;
        }
        if self.opening {
            return block == 0 && self.sent_at != Instant::NEVER;
        }
        match distance(self.acked, block, self.negotiated.rollover) {
            Some(0) => self.peer.has_answered(),
            Some(ahead) => ahead <= self.high - self.acked,
            None => false,
        }
    }

    /// Everything was sent, and only the last ACK is missing, from a client that answered before.
    pub fn awaits_last_ack(&self) -> bool {
        self.stream_ended
            && self.high == self.ready
            && self.peer.has_answered()
            && !self.end.has_ended()
    }

    /// The negotiated parameters.
    pub fn negotiated(&self) -> &NegotiatedOptions {
        &self.negotiated
    }

    /// The number on the wire of a block of [`Transmit::Data`].
    pub fn wire_block(&self, block: u64) -> u16 {
        to_wire(block, self.negotiated.rollover)
    }

    /// How many DATA and OACK packets were sent again.
    pub fn retransmissions(&self) -> u64 {
        u64::from(self.retransmissions)
    }
}
