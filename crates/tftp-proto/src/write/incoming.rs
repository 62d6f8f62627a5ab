//! Packets from the client of an upload.

use core::mem;

use super::{Phase, WriteTransfer};
use crate::block::FIRST_WRAPPED;
use crate::doubt::ClientError;
use crate::numbers::{BlockClass, Position};
use crate::time::Instant;

impl WriteTransfer {
    pub(super) fn data<'a>(&mut self, now: Instant, wire: u16, data: &'a [u8]) -> Option<&'a [u8]> {
        let at = Position {
            received: self.received,
            reach: self.reach(),
        };
        if data.len() > usize::from(self.negotiated.blksize) {
            self.oversized(at, wire, data.len());
            return None;
        }
        let known = self.numbers.rollover();
        let class = self.numbers.classify(at, &self.negotiated, wire, data.len());
        if known != self.numbers.rollover() {
            // Earlier numbers could not be interpreted, so no gap was reported for them.
            self.gap = 0;
        }
        if class != BlockClass::Invalid {
            self.peer.heard(now);
        }
        match class {
            BlockClass::Next => return self.accept(now, data),
            BlockClass::Ahead(block) => self.behind_gap(now, block),
            BlockClass::Old => self.old(now),
            BlockClass::Ambiguous => self.ambiguous(now, wire, data),
            BlockClass::Invalid => {}
        }
        None
    }

    /// DATA longer than agreed ends the upload only in place of the next block, whose number the
    /// client knows and a forger has to guess. It proves nothing about the roll-over.
    #[cold]
    fn oversized(&mut self, at: Position, wire: u16, length: usize) {
        let mut numbers = self.numbers;
        if numbers.classify(at, &self.negotiated, wire, length) == BlockClass::Next {
            self.end.oversized();
            self.over();
        }
    }

    pub(super) fn error(&mut self, now: Instant, error: ClientError) {
        if self.peer.is_doubted() {
            let owed = self.held || self.phase == Phase::Whole;
            return self.peer.doubt.error(now, self.retry.moment(), owed, error);
        }
        self.believe(Some(error));
    }

    /// The client is gone. What is complete stays so.
    pub(super) fn believe(&mut self, error: Option<ClientError>) {
        if !self.end.has_ended() {
            self.end.gone(error);
        }
        self.over();
    }

    /// The highest block the client may have sent: a window behind the last ACK (RFC 7440 section
    /// 4).
    pub(super) fn reach(&self) -> u64 {
        self.acked + u64::from(self.negotiated.windowsize)
    }

    pub(super) fn accept<'a>(&mut self, now: Instant, data: &'a [u8]) -> Option<&'a [u8]> {
        if self.timed_at != Instant::NEVER {
            self.retry
                .sample(now.saturating_sub(mem::replace(&mut self.timed_at, Instant::NEVER)));
        }
        self.received += 1;
        self.bytes += data.len() as u64;
        self.gap = 0;
        self.duplicate_answered = false;
        self.repeat_at = Instant::NEVER;
        self.probe_at = Instant::NEVER;
        self.retry.progress();
        self.watch.progress(now);
        if data.len() < usize::from(self.negotiated.blksize) {
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

    /// Reports a missing block, once and at once, with an ACK of the last good block (RFC 7440
    /// section 4). Repeats it only when the numbers go back: the client has restarted, and has lost
    /// the same block again.
    pub(super) fn behind_gap(&mut self, now: Instant, block: u64) {
        let restarted = block <= self.gap && self.sent_at + self.retry.quiet() <= now;
        if self.gap == 0 || restarted {
            self.due = true;
        }
        self.gap = block;
    }

    /// A block that is here already: our ACK may be lost, so it is answered with the last good
    /// block; at once where that was acknowledged, otherwise when nothing new comes for a while. A
    /// window of old blocks is not answered with a window of ACKs.
    pub(super) fn old(&mut self, now: Instant) {
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

    /// A number that could be block 65536 of one client or a later block of another: never guessed
    /// while it can be found out. When it has to restart at 65536, a client that rolls over to 0
    /// shows its 0, and one that rolls over to 1 ends its window with a number that the other
    /// cannot reach yet.
    pub(super) fn ambiguous(&mut self, now: Instant, wire: u16, data: &[u8]) {
        let before = self.due;
        let ends = data.len() < usize::from(self.negotiated.blksize) && self.is_old(now);
        self.behind_gap(now, FIRST_WRAPPED + u64::from(wire));
        self.due |= ends;
        if self.due && !before {
            self.numbers.doubt();
        }
    }

    /// A block came again after the last ACK: that ACK was lost. It goes again, and the stay is
    /// prolonged, but not for ever.
    pub(super) fn repeat_last_ack(&mut self, now: Instant) {
        self.old(now);
        if self.due && self.dallies > 0 {
            self.dallies -= 1;
            self.phase = Phase::Dallying {
                until: now + self.retry.dally(),
            };
        }
    }
}
