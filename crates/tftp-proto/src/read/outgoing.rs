//! What goes to the client of a download.

use super::{ReadTransfer, Single};
use crate::time::Instant;
use crate::transfer::Transmit;

impl ReadTransfer {
    pub(super) fn send_oack(&mut self, now: Instant) -> Option<Transmit> {
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
    pub(super) fn sent(&mut self, now: Instant) {
        if self.peer.may_be_forged() && self.sent_at == Instant::NEVER {
            self.watch.half_open(now);
        }
        self.sent_at = now;
    }

    pub(super) fn send_single(&mut self, now: Instant, single: Single) -> Transmit {
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

    pub(super) fn send_window(&mut self, now: Instant, last: u64) -> Transmit {
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
        if self.peer.doubt.is_open() {
            let owed = self.wants().is_some();
            self.peer.doubt.sent(now, self.retry.moment(), owed);
        }
        Transmit::Data { first, count }
    }
}
