//! An upload: the client writes, the server receives DATA and sends ACKs.

mod incoming;
mod outgoing;

use alloc::borrow::Cow;

use core::mem::take;

use crate::doubt::ClientError;
use crate::negotiate::NegotiatedOptions;
use crate::numbers::Numbers;
use crate::peer::Peer;
use crate::retry::{Retry, Timing, Watch};
use crate::time::Instant;
use crate::transfer::{End, Outcome, Transmit};
use crate::wire::{ErrorCode, Packet};

/// One upload as a state machine. How to drive it: see [the crate](crate).
///
/// The receiver of RFC 1350 section 2 and RFC 7440 section 4: an ACK at the end of each window, at
/// a gap, and after the last block once the owner has stored it.
#[derive(Debug)]
pub struct WriteTransfer {
    negotiated: NegotiatedOptions,
    retry: Retry,
    watch: Watch,
    end: End,
    phase: Phase,
    peer: Peer,
    numbers: Numbers,
    /// How often dallying may still be prolonged.
    dallies: u8,
    due: bool,
    held: bool,
    /// An old block was answered since the last new one.
    duplicate_answered: bool,
    /// The last block of the stream that is here without a gap before it.
    received: u64,
    /// The block of the last ACK sent.
    acked: u64,
    bytes: u64,
    /// The block behind a gap that came last; 0: no gap.
    gap: u64,
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
    /// A client that does not stay: it sends the last ACK so many times more, unsolicited.
    Leaving {
        copies: u8,
    },
    Over,
}

/// How often a repeated last block prolongs dallying.
const MAX_DALLIES: u8 = 4;
/// How often [`WriteTransfer::leave`] sends the last ACK again: where one packet in ten is lost,
/// all four copies are lost once in 10,000 transfers.
const PARTING_COPIES: u8 = 3;

impl WriteTransfer {
    /// An upload that begins: poll it at once, for the OACK or ACK 0.
    pub fn new(now: Instant, negotiated: &NegotiatedOptions, timing: &Timing) -> Self {
        WriteTransfer {
            negotiated: *negotiated,
            retry: Retry::new(timing, negotiated.timeout),
            watch: Watch::new(now, timing, negotiated.timeout),
            end: End::default(),
            phase: Phase::Receiving,
            peer: Peer::unknown(),
            numbers: Numbers::new(negotiated),
            dallies: MAX_DALLIES,
            due: true,
            held: false,
            duplicate_answered: false,
            received: 0,
            acked: 0,
            bytes: 0,
            gap: 0,
            sent_at: Instant::NEVER,
            resend_at: Instant::NEVER,
            probe_at: Instant::NEVER,
            repeat_at: Instant::NEVER,
            timed_at: Instant::NEVER,
            retransmissions: 0,
        }
    }

    /// A get of [`crate::client`]: its peer has answered already and is believed, and no request
    /// can be forged.
    pub(crate) fn of_client(now: Instant, negotiated: &NegotiatedOptions, timing: &Timing) -> Self {
        WriteTransfer {
            peer: Peer::known(),
            ..WriteTransfer::new(now, negotiated, timing)
        }
    }

    /// A packet from the client's address and port. `Some`: the next bytes of the stream, each
    /// exactly once, in order; empty where the last block is. Whatever makes no sense now is
    /// ignored.
    pub fn handle_packet<'a>(&mut self, now: Instant, packet: &Packet<'a>) -> Option<&'a [u8]> {
        match (*packet, self.phase) {
            (_, Phase::Over) => None,
            (Packet::Data { block, data }, Phase::Receiving) => self.data(now, block, data),
            (Packet::Data { block, .. }, phase) => {
                if block == self.wire_block(self.received) {
                    self.peer.heard(now);
                }
                match phase {
                    Phase::Dallying { .. } if !self.peer.doubt.is_silent() => {
                        self.repeat_last_ack(now)
                    }
                    Phase::Leaving { .. } => self.send_parting_copy(),
                    _ => {}
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

    /// The same WRQ came again: the current answer goes again, once in a round trip. The timer is
    /// not pushed back: who only repeats its request is given up all the same.
    pub fn handle_repeat(&mut self, now: Instant) {
        self.peer.asked_again();
        let may_send = self.phase == Phase::Receiving && !self.peer.doubt.is_silent();
        if may_send && self.is_old(now) && self.peer.may_repeat(now, self.sent_at) {
            self.due = true;
        }
    }

    /// ICMP port unreachable came for a packet of this transfer. Ends it at once before anything
    /// has come from the client; afterwards only if nothing valid follows and the ACK, sent once
    /// more, is refused again.
    pub fn handle_unreachable(&mut self, now: Instant) {
        match self.phase {
            Phase::Receiving if !self.peer.has_answered() => {
                self.end.gone(None);
                self.over();
            }
            Phase::Dallying { .. } => self.peer.doubt.refused(now, self.retry.moment()),
            // The server has closed its port, because it has the ACK.
            Phase::Leaving { .. } => self.over(),
            Phase::Receiving if !self.held => self.peer.doubt.refused(now, self.retry.moment()),
            // The next ACK will show whether the port is closed.
            Phase::Receiving | Phase::Whole | Phase::Over => {}
        }
    }

    /// A newer transfer of the same client has begun: this one sends nothing more, no ERROR either,
    /// unless a valid DATA shows that its client still takes part. It gives up by its timers.
    pub fn supersede(&mut self, now: Instant) {
        self.peer.doubt.supersede();
        if self.phase == Phase::Receiving {
            self.resend_at = self.resend_at.min(now + self.retry.wait());
        }
    }

    /// A deadline of [`Self::poll_timeout`] has passed. Harmless when none has.
    pub fn handle_timeout(&mut self, now: Instant) {
        match self.phase {
            Phase::Dallying { until } if until <= now => self.over(),
            Phase::Leaving { .. } if self.repeat_at <= now => self.send_parting_copy(),
            Phase::Receiving if self.watch.deadline() <= now => self.give_up(),
            Phase::Receiving | Phase::Whole | Phase::Dallying { .. }
                if self.peer.doubt.is_silent() =>
            {
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

    /// While held no ACK goes out, so the client sends no further window: the store or the
    /// application is behind. Let go, the ACK that is due goes. The limits on the whole transfer
    /// hold meanwhile too. Once the last block is here, [`Self::commit`] alone decides.
    pub fn hold(&mut self, now: Instant, held: bool) {
        if self.phase != Phase::Receiving {
            return;
        }
        if self.held && !held {
            // It was not the client that was silent.
            self.watch.progress(now);
            // A superseded transfer sends no ACK that would set the timer.
            self.resend_at = if self.due && !self.peer.doubt.is_superseded() {
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

    /// The last block is here: store the stream, then [`Self::commit`] or [`Self::fail`]. Only that
    /// ends the transfer now; no limit of time applies.
    pub fn is_complete(&self) -> bool {
        matches!(
            self.phase,
            Phase::Whole | Phase::Dallying { .. } | Phase::Leaving { .. }
        )
    }

    /// The stream is stored: the last ACK goes out and the outcome is [`Outcome::Complete`]. Then it dallies:
    /// keep driving it until [`Self::is_over`]. Does nothing before [`Self::is_complete`].
    pub fn commit(&mut self, now: Instant) {
        if self.phase == Phase::Whole {
            // The file is there: an ERROR that came meanwhile has come too late.
            self.peer.doubt.take_error();
            self.end.complete();
            self.phase = Phase::Dallying {
                until: now + self.retry.dally(),
            };
            self.due = true;
            self.held = false;
        }
    }

    /// Shortens dallying for a client that wants to end. If packets were lost, the last ACK is sent
    /// [`PARTING_COPIES`] times more, a round trip apart; otherwise the transfer is over as soon as
    /// that ACK was polled. Does nothing before [`Self::commit`].
    pub(crate) fn leave(&mut self, now: Instant, has_lost: bool) {
        if matches!(self.phase, Phase::Dallying { .. }) {
            let copies = if has_lost { PARTING_COPIES } else { 0 };
            self.phase = Phase::Leaving { copies };
            if !self.due {
                self.schedule_parting_copy(now);
            }
        }
    }

    /// Ends the transfer from the server's side with an ERROR. Nothing happens after the end.
    pub fn fail(&mut self, _now: Instant, code: ErrorCode, message: impl Into<Cow<'static, str>>) {
        if !self.end.has_ended() {
            self.end.failed(code, message.into());
            self.over();
        }
    }

    /// The next thing to send. Poll until `None` after every call that takes `now`.
    pub fn poll_transmit(&mut self, now: Instant) -> Option<Transmit> {
        if self.phase == Phase::Over {
            return self.end.take_error();
        }
        if self.held || self.peer.doubt.is_superseded() || !take(&mut self.due) {
            return None;
        }
        if self.peer.doubt.is_open() {
            self.peer.doubt.sent(now, self.retry.moment(), false);
        }
        let acknowledge = self.acknowledge(now);
        self.schedule_parting_copy(now);
        Some(acknowledge)
    }

    /// When [`Self::handle_timeout`] wants to be called. It may lie in the past; it changes with
    /// every input.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let doubt = self.peer.doubt.until().unwrap_or(Instant::NEVER);
        let limit = self.watch.deadline().min(doubt);
        let is_silent = self.peer.doubt.is_silent();
        let earliest = match self.phase {
            Phase::Receiving if self.peer.doubt.is_superseded() => limit.min(self.resend_at),
            Phase::Receiving if self.held || is_silent => limit,
            Phase::Receiving => limit.min(self.resend_at).min(self.probe_at).min(self.repeat_at),
            Phase::Dallying { until } if is_silent => until.min(doubt),
            Phase::Dallying { until } => until.min(self.repeat_at),
            Phase::Leaving { .. } => self.repeat_at,
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
        self.phase == Phase::Over && self.end.is_final()
    }

    /// The client has sent no DATA that fits yet: its address may be forged.
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
        self.received > 0 && self.peer.doubt.is_clear() && !self.end.has_ended()
    }

    /// True if a steady transfer has nothing more to send until the next input:
    /// [`Self::poll_transmit`] returns `None`.
    pub fn has_sent_all(&self) -> bool {
        !self.due || self.held
    }

    /// [`Self::supersede`] was called, and nothing valid came since.
    pub fn is_superseded(&self) -> bool {
        self.peer.doubt.is_superseded()
    }

    /// When the last valid DATA came; `None` while half-open.
    pub fn heard_at(&self) -> Option<Instant> {
        self.peer.heard_at()
    }

    /// The negotiated parameters.
    pub fn negotiated(&self) -> &NegotiatedOptions {
        &self.negotiated
    }

    /// The number on the wire of a block of this transfer.
    pub fn wire_block(&self, block: u64) -> u16 {
        self.numbers.wire(block, &self.negotiated)
    }

    /// How many ACKs and OACKs were sent again.
    pub fn retransmissions(&self) -> u64 {
        u64::from(self.retransmissions)
    }
}
