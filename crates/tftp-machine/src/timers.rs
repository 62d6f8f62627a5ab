//! Deadlines of many transfers at no cost per packet.
//!
//! A transfer stores its deadline. The heap holds at least one entry at or before it; an entry that
//! turns out to be early when it is popped is put back at the deadline as it then is. So a deadline
//! that moves later with every packet, as a retransmission timer does, never touches the heap.

use alloc::collections::BinaryHeap;
use core::cmp::Reverse;

use tftp_proto::Instant;

use super::id::TransferId;

/// The heap of one shard.
#[derive(Default)]
pub struct Timers {
    heap: BinaryHeap<Reverse<(Instant, u32, u32)>>,
}

/// The deadline of one transfer.
#[derive(Clone, Copy, Debug, Default)]
pub struct Timer {
    deadline: Option<Instant>,
    /// The earliest entry in the heap, if any.
    armed: Option<Instant>,
}

impl Timer {
    /// Returns true if the deadline has passed.
    pub fn is_due(&self, now: Instant) -> bool {
        self.deadline.is_some_and(|deadline| deadline <= now)
    }

    /// Returns true if this is its deadline.
    pub(crate) fn is_set_to(&self, deadline: Option<Instant>) -> bool {
        self.deadline == deadline
    }
}

impl Timers {
    /// Sets the transfer's deadline.
    pub fn set(&mut self, key: TransferId, timer: &mut Timer, deadline: Option<Instant>) {
        timer.deadline = deadline;
        let Some(at) = deadline else { return };
        if timer.armed.is_none_or(|armed| at < armed) {
            timer.armed = Some(at);
            self.heap.push(Reverse((at, key.index, key.generation)));
        }
    }

    /// Returns when to call [`Timers::pop`] next: never later than the earliest deadline.
    pub fn next(&self) -> Option<Instant> {
        self.heap.peek().map(|Reverse((at, ..))| *at)
    }

    /// Removes and returns an entry whose time has come. Pass it to [`Timers::popped`] with its
    /// transfer's timer.
    pub fn pop(&mut self, now: Instant) -> Option<(Instant, TransferId)> {
        let Reverse((at, index, generation)) = *self.heap.peek()?;
        if at > now {
            return None;
        }
        self.heap.pop();
        Some((at, TransferId { index, generation }))
    }

    /// Removes the entries of transfers that are gone, and frees the room that the others do not
    /// need.
    pub(crate) fn shrink(&mut self, is_alive: impl Fn(TransferId) -> bool) {
        self.heap
            .retain(|&Reverse((_, index, generation))| is_alive(TransferId { index, generation }));
        self.heap.shrink_to_fit();
    }

    /// Returns true if the transfer's deadline has passed; otherwise puts the entry back at the
    /// deadline as it is now.
    pub fn popped(
        &mut self,
        now: Instant,
        at: Instant,
        key: TransferId,
        timer: &mut Timer,
    ) -> bool {
        if timer.armed != Some(at) {
            return false;
        }
        timer.armed = None;
        match timer.deadline {
            Some(deadline) if deadline <= now => true,
            later => {
                self.set(key, timer, later);
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: TransferId = TransferId {
        index: 7,
        generation: 1,
    };

    fn at(micros: u64) -> Instant {
        Instant::from_micros(micros)
    }

    #[test]
    fn a_deadline_that_moves_later_keeps_one_entry_and_fires_once() {
        let (mut timers, mut timer) = (Timers::default(), Timer::default());
        for deadline in 100..200 {
            timers.set(KEY, &mut timer, Some(at(deadline)));
        }
        timers.set(KEY, &mut timer, Some(at(100)));
        timers.set(KEY, &mut timer, Some(at(199)));
        assert!(!timer.is_due(at(198)) && timer.is_due(at(199)));
        assert_eq!(timers.heap.len(), 1);
        let (when, key) = timers.pop(at(100)).expect("the first entry is due");
        assert!(
            !timers.popped(at(100), when, key, &mut timer),
            "the deadline is later by now"
        );
        assert_eq!(timers.next(), Some(at(199)));
        let (when, key) = timers.pop(at(200)).expect("the entry is due");
        assert!(timers.popped(at(200), when, key, &mut timer));
        assert!(timers.pop(at(1000)).is_none());
    }

    #[test]
    fn a_deadline_that_moves_earlier_fires_at_the_earlier_time_only() {
        let (mut timers, mut timer) = (Timers::default(), Timer::default());
        timers.set(KEY, &mut timer, Some(at(500)));
        timers.set(KEY, &mut timer, Some(at(50)));
        let (when, key) = timers.pop(at(60)).expect("due");
        assert!(timers.popped(at(60), when, key, &mut timer));
        timers.set(KEY, &mut timer, None);
        let (when, key) = timers.pop(at(600)).expect("the old entry is still there");
        assert!(!timers.popped(at(600), when, key, &mut timer));
        assert_eq!(timers.next(), None);
    }
}
