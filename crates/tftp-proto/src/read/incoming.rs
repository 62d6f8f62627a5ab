//! Packets from the client of a download.

use super::ReadTransfer;
use crate::block::distance;
use crate::doubt::ClientError;
use crate::time::Instant;

impl ReadTransfer {
    /// An ACK while the OACK is in flight: only ACK 0 confirms it (RFC 2347).
    pub(super) fn opened(&mut self, now: Instant, block: u16) {
        if block != 0 || self.sent_at == Instant::NEVER {
            return;
        }
        self.opening = false;
        self.peer.heard(now);
        if self.timed_at != Instant::NEVER {
            self.retry.sample(now.saturating_sub(self.timed_at));
        }
        self.advanced(now);
    }

    pub(super) fn acknowledged(&mut self, now: Instant, wire: u16) {
        let ahead = distance(self.acked, wire, self.negotiated.rollover);
        match ahead {
            Some(0) => self.repeated(now),
            Some(ahead) if ahead <= self.high - self.acked => self.moved(now, self.acked + ahead),
            // Long past, or never sent.
            _ => {}
        }
    }

    pub(super) fn error(&mut self, now: Instant, error: ClientError) {
        if self.peer.is_doubted() {
            let owed = self.wants().is_some();
            return self.peer.doubt.error(now, self.retry.moment(), owed, error);
        }
        self.end
            .client_error(error, self.opening && self.negotiated.asks_tsize);
    }

    /// A block of the window was acknowledged for the first time.
    pub(super) fn moved(&mut self, now: Instant, block: u64) {
        if self.timed_at != Instant::NEVER && block >= self.timed_first {
            self.retry.sample(now.saturating_sub(self.timed_at));
        }
        self.acked = block;
        self.peer.heard(now);
        self.advanced(now);
        if self.stream_ended && block == self.ready {
            return self.end.complete();
        }
        self.next = self.next.max(block + 1);
        if self.next > block + 1 {
            self.inside_window(now);
        }
    }

    /// An ACK inside the window restarts behind it at once (RFC 7440 section 4), but only once in a
    /// round trip: a client that acknowledges every block gets what follows the window, not N
    /// windows for N ACKs.
    pub(super) fn inside_window(&mut self, now: Instant) {
        let quiet = self.retry.window_quiet();
        if self.restarted_at == Instant::NEVER || self.is_old(self.restarted_at, now, quiet) {
            self.restart(now);
        } else {
            self.resend_at = now + self.retry.wait();
            self.repeat_at = self.restarted_at + quiet;
        }
    }

    /// The newest ACK again. By itself it never produces another DATA (Sorcerer's Apprentice, RFC
    /// 1123 section 4.2.3.1). But when the last copy of the next block has been under way for
    /// longer than a round trip, it means that this block is lost: it is sent once more, and after
    /// that only by the timer.
    pub(super) fn repeated(&mut self, now: Instant) {
        // ACK 0 without an OACK acknowledges nothing: no second packet for a forged address.
        if !self.peer.has_answered() {
            return;
        }
        self.peer.heard(now);
        if self.repeat_spent || !self.in_flight() {
            return;
        }
        let windowed = self.negotiated.windowsize > 1;
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
