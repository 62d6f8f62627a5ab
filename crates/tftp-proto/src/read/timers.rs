//! The timers of a download, and what is in flight.

use super::{ReadTransfer, Single};
use crate::doubt::Belief;
use crate::time::Instant;

impl ReadTransfer {
    pub(super) fn in_flight(&self) -> bool {
        self.high > self.acked
    }

    pub(super) fn window_end(&self) -> u64 {
        self.acked + u64::from(self.negotiated.windowsize)
    }

    pub(super) fn is_old(&self, sent: Instant, now: Instant, span: core::time::Duration) -> bool {
        sent != Instant::NEVER && sent + span <= now
    }

    /// The client moved on: every timer was about what is settled now.
    pub(super) fn advanced(&mut self, now: Instant) {
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
    pub(super) fn restart(&mut self, now: Instant) {
        self.next = self.acked + 1;
        self.restarted_at = now;
        self.repeat_at = Instant::NEVER;
        self.probe_at = Instant::NEVER;
        self.single = None;
    }

    /// The window's last block again: when only the tail was lost, or the ACK, the answer comes
    /// long before the retransmission timer. Once: a client that answers everything with the same
    /// ACK would keep it going for ever.
    pub(super) fn probe(&mut self) {
        self.probe_spent = true;
        self.single = Some(Single::Tail);
        self.timed_at = Instant::NEVER;
        self.repeat_spent = false;
    }

    pub(super) fn silence(&mut self, now: Instant) {
        if !self.retry.expire() {
            return self.give_up();
        }
        if self.peer.doubt.is_superseded() || !self.peer.may_repeat(now, self.sent_at) {
            self.resend_at = now + self.retry.wait();
        } else if self.opening {
            self.oack_due = true;
        } else {
            self.restart(now);
            self.shrink_spent = false;
            // In a window the answer to this may be the same ACK again, rightly.
            self.repeat_spent &= self.negotiated.windowsize == 1;
            self.probe_spent = false;
        }
    }

    /// Timers of a transfer that may send nothing again.
    pub(super) fn doubted(&mut self, now: Instant) {
        match self.peer.doubt.expire(now) {
            Belief::Gone(error) => self.end.gone(error),
            Belief::SendAgain => {
                self.single = Some(Single::First);
                self.resend_at = now + self.retry.wait();
                self.probe_at = Instant::NEVER;
                self.repeat_at = Instant::NEVER;
            }
            Belief::Nothing if self.peer.doubt.is_superseded() && self.resend_at <= now => {
                self.silence(now)
            }
            Belief::Nothing => {}
        }
    }

    pub(super) fn give_up(&mut self) {
        let is_superseded = self.peer.doubt.is_superseded();
        if let Some(error) = self.peer.doubt.take_error() {
            return self.end.gone(Some(error));
        }
        // An ERROR in place of the first packet is no more than what any request brings. Its client
        // waits for the source.
        let was_sent_something = self.sent_at != Instant::NEVER;
        if is_superseded || self.peer.may_be_forged() && was_sent_something {
            return self.end.timed_out_silently();
        }
        // Many clients do not repeat their last ACK.
        let all_sent = self.stream_ended && self.high == self.ready;
        self.end.timed_out(all_sent && self.peer.has_answered());
    }
}
