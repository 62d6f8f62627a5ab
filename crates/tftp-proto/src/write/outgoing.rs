//! The timers of an upload, and packets to its client.

use super::{Phase, WriteTransfer};
use crate::block::FIRST_WRAPPED;
use crate::doubt::Belief;
use crate::time::Instant;
use crate::transfer::Transmit;

impl WriteTransfer {
    /// Timers of a transfer that may send nothing again.
    pub(super) fn doubted(&mut self, now: Instant) {
        match self.peer.doubt.expire(now) {
            Belief::Gone(error) => self.believe(error),
            Belief::SendAgain if matches!(self.phase, Phase::Dallying { .. }) => self.over(),
            // The next ACK will show whether the port is closed.
            Belief::SendAgain if self.held => self.peer.doubt.refute(),
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

    /// True when a superseded transfer has waited once more; it counts its waits, though nothing is
    /// sent.
    pub(super) fn wait_passed(&self, now: Instant) -> bool {
        self.phase == Phase::Receiving && self.peer.doubt.is_superseded() && self.resend_at <= now
    }

    /// Whether the last ACK was sent so long ago that the client's packet can be the answer to its
    /// loss.
    pub(super) fn is_old(&self, now: Instant) -> bool {
        self.sent_at != Instant::NEVER && self.sent_at + self.retry.quiet() <= now
    }

    /// An old block, or the silence after part of a window, is answered now.
    pub(super) fn answer_late(&mut self, now: Instant) {
        if self.repeat_at.min(self.probe_at) <= now {
            self.due = true;
        }
    }

    /// Handles a silence of the client. An OACK is retransmitted only in answer to a retransmitted
    /// WRQ: a client that has not received it repeats the request (RFC 2347). If DATA 1 was lost
    /// instead, the client has the OACK, and curl would take a second one for the ACK of that
    /// block, skip the block and report that the file was sent.
    pub(super) fn silence(&mut self, now: Instant) {
        self.resend_at = Instant::NEVER;
        if !self.retry.expire() {
            self.give_up();
        } else if self.peer.doubt.is_superseded()
            || self.is_oack_in_flight()
            || !self.peer.may_repeat(now, self.sent_at)
        {
            self.resend_at = now + self.retry.wait();
        } else {
            self.due = true;
            if self.numbers.rollover().is_none() && self.received + 1 == FIRST_WRAPPED {
                // The answer is evidence once more, also where it arrives too soon to count as a
                // restart.
                self.gap = 0;
            }
        }
    }

    /// Nothing has come since the OACK. Whoever sends block 2 has had it, and atftp too would
    /// misunderstand another.
    pub(super) fn is_oack_in_flight(&self) -> bool {
        self.negotiated.oack.is_some() && self.received == 0 && self.gap == 0
    }

    /// Makes the next copy of the last ACK due, on request or because its time has come.
    pub(super) fn send_parting_copy(&mut self) {
        if let Phase::Leaving { copies } = &mut self.phase
            && !self.due
        {
            // The transfer is over once the last copy is sent, so there is one here.
            *copies -= 1;
            self.due = true;
        }
    }

    /// Sets the time of the next copy of the last ACK, or ends the transfer after the last one.
    pub(super) fn schedule_parting_copy(&mut self, now: Instant) {
        match self.phase {
            Phase::Leaving { copies: 0 } => self.over(),
            Phase::Leaving { .. } => self.repeat_at = now + self.retry.parting_gap(),
            _ => {}
        }
    }

    pub(super) fn give_up(&mut self) {
        let is_superseded = self.peer.doubt.is_superseded();
        match self.peer.doubt.take_error() {
            Some(error) => self.end.gone(Some(error)),
            None if is_superseded || self.peer.may_be_forged() => {
                self.end.timed_out_silently();
            }
            None => self.end.timed_out(false),
        }
        self.over();
    }

    pub(super) fn over(&mut self) {
        self.phase = Phase::Over;
        self.due = false;
    }

    pub(super) fn acknowledge(&mut self, now: Instant) -> Transmit {
        let first_copy = self.sent_at == Instant::NEVER;
        let again = !first_copy && self.acked == self.received;
        let whole_window = first_copy || self.received >= self.reach();
        self.retransmissions = self.retransmissions.saturating_add(u32::from(again));
        self.timed_at = if whole_window { now } else { Instant::NEVER };
        if first_copy && self.peer.may_be_forged() {
            self.watch.half_open(now);
        }
        self.acked = self.received;
        self.sent_at = now;
        self.probe_at = Instant::NEVER;
        self.repeat_at = Instant::NEVER;
        if self.phase == Phase::Receiving && (!again || self.resend_at == Instant::NEVER) {
            self.resend_at = now + self.retry.wait();
        }
        match self.negotiated.oack {
            Some(oack) if self.is_oack_in_flight() => Transmit::Oack(oack),
            _ => Transmit::Ack {
                block: self.wire_block(self.received),
            },
        }
    }
}
