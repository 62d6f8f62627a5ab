//! Packets to the client of a download.

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
        self.negotiated.oack.map(Transmit::Oack)
    }

    /// The current packet goes: the block after the last acknowledged one, or the OACK.
    pub(super) fn sent(&mut self, now: Instant) {
        if self.peer.may_be_forged() {
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
        if self.negotiated.windowsize > 1 && !self.probe_spent {
            self.probe_at = self.retry.probe_wait().map_or(Instant::NEVER, |wait| now + wait);
        }
        if self.peer.doubt.is_open() {
            let owed = self.wants().is_some();
            self.peer.doubt.sent(now, self.retry.moment(), owed);
        }
        Transmit::Data { first, count }
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;
    use crate::negotiate::{self, Limits};
    use crate::retry::Timing;
    use crate::wire::{Packet, RequestedOptions};

    /// Karn's rule: an ACK of a block that was sent twice may be that of its first copy.
    #[test]
    fn round_trips_are_measured_by_blocks_that_were_sent_once() {
        let limits = Limits {
            max_blksize: 512,
            max_windowsize: 4,
            max_large_window: 4,
            rollover: crate::Rollover::Zero,
        };
        let requested = RequestedOptions {
            windowsize: Some(4),
            ..RequestedOptions::default()
        };
        let timing = Timing {
            retransmit_timeout: Duration::from_secs(5),
            max_retransmits: 3,
            adaptive: true,
            inactivity: None,
            absolute: None,
        };
        let negotiated = negotiate::read(&requested, &limits, Some(50_000));
        let at = |millis: u64| Instant::from_micros(millis * 1000);
        let mut machine = ReadTransfer::new(at(0), &negotiated, &timing);
        let first = |machine: &mut ReadTransfer, now| {
            machine.supply(now, 50_000, true);
            let mut first = 0;
            while let Some(transmit) = machine.poll_transmit(now) {
                if let Transmit::Data { first: block, .. } = transmit {
                    first = block;
                }
            }
            first
        };
        first(&mut machine, at(0));
        machine.handle_packet(at(1), &Packet::Ack { block: 0 });
        assert_eq!(first(&mut machine, at(1)), 1);
        assert_eq!((machine.timed_first, machine.timed_at), (1, at(1)));
        machine.handle_packet(at(2), &Packet::Ack { block: 2 });
        assert_eq!(first(&mut machine, at(2)), 3, "with 5 and 6, which are new");
        assert_eq!((machine.timed_first, machine.timed_at), (5, at(2)));
        machine.restart(at(3));
        assert_eq!(first(&mut machine, at(3)), 3);
        assert_eq!(machine.timed_at, Instant::NEVER, "nothing of it is new");
    }
}
