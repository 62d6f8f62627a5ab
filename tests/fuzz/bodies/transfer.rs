//! One transfer and everything that can happen to it: packets of any kind in any order, repeated
//! requests, silence, a disk that is slow, full or done, and any time between them.
//!
//! Input: a byte that selects a download, an upload, or one against the other over a network that
//! loses, duplicates and reorders, and, from 128 on, allows it to go on until the numbers roll
//! over; the options, limits and times (`Terms`); then operations, each a byte and its arguments.
//! In every case it ends when it is left alone afterwards.

mod download;
mod pair;
mod receiver;
mod sender;
mod upload;

use std::time::Duration;

use tftp_proto::{
    Instant, Limits, NegotiatedOptions, Outcome, RequestedOptions, Rollover, Timing, negotiate,
};

use super::input::Input;

/// The most blocks that one input may transfer without loss: few, which is quick, or more than
/// there are block numbers.
const MOST_BLOCKS: [u64; 2] = [600, 66_200];

pub fn run(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let kind = input.byte();
    let terms = Terms::of(MOST_BLOCKS[usize::from(kind / 128)], &mut input);
    match kind % 3 {
        0 => download::run(&terms, &mut input),
        1 => upload::run(&terms, &mut input),
        _ => pair::run(terms, &mut input),
    }
}

/// The options requested, the server's limits and its timeouts.
struct Terms {
    requested: RequestedOptions,
    limits: Limits,
    timing: Timing,
    size: u64,
    most_blocks: u64,
}

impl Terms {
    fn of(most_blocks: u64, input: &mut Input<'_>) -> Terms {
        let requested = RequestedOptions {
            blksize: input.pick(&[None, Some(8), Some(8), Some(9), Some(512), Some(1428)]),
            windowsize: input.pick(&[
                None,
                Some(1),
                Some(2),
                Some(3),
                Some(8),
                Some(64),
                Some(65535),
            ]),
            timeout: input.pick(&[None, None, Some(1), Some(255)]),
            tsize: input.pick(&[None, Some(0), Some(100)]),
            rollover: input.pick(&[None, None, Some(Rollover::Zero), Some(Rollover::One)]),
            ..RequestedOptions::default()
        };
        let limits = Limits {
            max_blksize: 65464,
            max_windowsize: input.pick(&[64, 65535, 1, 5]),
            max_large_window: u32::MAX,
            rollover: input.pick(&[Rollover::Zero, Rollover::One]),
        };
        let timing = Timing {
            retransmit_timeout: Duration::from_millis(input.pick(&[5000, 1000, 0, 20, 65_535])),
            max_retransmits: u32::from(input.byte() % 8),
            adaptive: input.flag(),
            inactivity: input.pick(&[None, Some(Duration::from_secs(60)), Some(Duration::ZERO)]),
            absolute: input.pick(&[None, None, None, Some(Duration::from_secs(100))]),
        };
        let blksize = u64::from(requested.blksize.unwrap_or(512));
        let blocks = u64::from(input.short()).saturating_mul(input.pick(&[1, 1, 2]));
        let size = blocks * blksize + u64::from(input.byte()) % blksize;
        Terms {
            requested,
            limits,
            timing,
            size,
            most_blocks,
        }
    }

    fn download(&self) -> NegotiatedOptions {
        negotiate::read(&self.requested, &self.limits, Some(self.size))
    }

    fn upload(&self) -> NegotiatedOptions {
        negotiate::write(&self.requested, &self.limits)
    }

    /// Returns the most deadlines that may pass in silence before the transfer has to end: waits
    /// that double up to the longest, the retransmissions, and for each of them a probe of the
    /// window's tail or a late answer.
    fn most_deadlines(&self) -> u32 {
        2 * (20 + self.timing.max_retransmits) + DOUBTS
    }
}

/// Deadlines of the moments for which it is doubted that a client is gone.
const DOUBTS: u32 = 4;

/// A clock that only goes forward.
#[derive(Clone, Copy)]
struct Clock(u64);

impl Clock {
    fn now(self) -> Instant {
        Instant::from_micros(self.0)
    }

    /// Advances the clock by microseconds up to seconds, so that each timer is affected.
    fn pass(&mut self, input: &mut Input<'_>) {
        let unit = input.pick(&[1, 250, 1000, 21_000, 100_000, 3_000_000]);
        self.0 += u64::from(input.byte()) * unit;
    }

    fn reach(&mut self, at: Instant) {
        self.0 = self.0.max(at.as_micros());
    }
}

/// Checks how a machine ends: the outcome never changes, and a peer's ERROR is never answered.
#[derive(Default)]
struct Ending {
    outcome: Option<Outcome>,
    errors_sent: u32,
}

impl Ending {
    fn look(&mut self, outcome: Option<&Outcome>) {
        match (&self.outcome, outcome) {
            (None, found) => self.outcome = found.cloned(),
            (Some(before), now) => assert_eq!(Some(before), now),
        }
        if let Some(Outcome::ClientError { message, .. }) = &self.outcome {
            assert!(message.len() <= 256 && message.chars().all(|letter| !letter.is_control()));
        }
    }

    /// Checks that an ERROR is sent only once, and only if the client does not know yet that the
    /// transfer is over.
    fn send(&mut self, message: &str) {
        self.errors_sent += 1;
        assert_eq!(self.errors_sent, 1);
        assert!(message.bytes().all(|byte| matches!(byte, b' '..=b'~')));
        let told = [&Outcome::Oversized, &Outcome::Failed];
        let tells = matches!(&self.outcome, Some(Outcome::TimedOut { .. }))
            || self
                .outcome
                .as_ref()
                .is_some_and(|outcome| told.contains(&outcome));
        assert!(tells, "an ERROR after {:?}", self.outcome);
    }

    fn has_ended(&self) -> bool {
        self.outcome.is_some()
    }
}
