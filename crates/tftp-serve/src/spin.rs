//! Decides how long an I/O thread polls for the next packet before it sleeps.
//!
//! A wake-up costs tens of microseconds. If the next packet comes sooner than that, as it does from
//! a client in lockstep on a fast network, polling is faster. If it does not, polling wastes
//! processor time. The decision is based on the thread's own waits for packets of transfers,
//! measured while it polls and while it sleeps. A processor that other threads want shows up as
//! long waits, too, because the thread yields between two polls.

use std::time::Duration;

/// A new wait has the weight of one in this many in the average.
const WEIGHT: u32 = 8;

/// A wait counts as at most this many times the bound, so that one long pause is forgotten soon.
const LONGEST: u32 = 8;

/// The thread polls for at most this many average waits. Round trips vary, and most are below it.
const PATIENCE: u32 = 4;

/// The shortest polling time, so that the average can be found at all.
const LEAST: Duration = Duration::from_micros(20);

/// While polling does not pay, one in this many waits begins with a short poll, because a wait in
/// sleep measures longer than one without.
const PROBE_EVERY: u32 = 64;
const PROBE: Duration = Duration::from_micros(100);

/// The polling decision of one I/O thread.
#[derive(Debug)]
pub(crate) struct Spin {
    /// BusyPollMicros; zero: never.
    most: Duration,
    /// The average wait; `None`: not measured yet.
    average: Option<Duration>,
    /// The number of waits without a poll since the last one with it.
    slept: u32,
    /// The polling time of the current wait.
    looks: Duration,
}

impl Spin {
    /// Makes the decision with `most` as the longest polling time. `processors`: the number of the
    /// machine's processors. With a single one the thread never polls, because the sender of the
    /// next packet may need it.
    pub(crate) fn new(most: Duration, processors: usize) -> Spin {
        Spin {
            most: if processors > 1 { most } else { Duration::ZERO },
            average: None,
            slept: 0,
            looks: Duration::ZERO,
        }
    }

    /// Returns true if the next wait is to be measured. The wait of an idle server is not, because
    /// it does not depend on any client.
    #[inline]
    pub(crate) fn measures(&self, transfers: usize) -> bool {
        !self.most.is_zero() && transfers > 0
    }

    /// Returns the polling time of the next wait. A server without transfers is idle and sleeps at
    /// once.
    #[inline]
    pub(crate) fn time(&mut self, transfers: usize) -> Duration {
        self.looks = match self.measures(transfers) {
            true => self.decide(),
            false => Duration::ZERO,
        };
        self.looks
    }

    fn decide(&mut self) -> Duration {
        let Some(average) = self.average else {
            return self.most;
        };
        if average <= self.most {
            return (average * PATIENCE).max(LEAST).min(self.most);
        }
        self.slept += 1;
        if self.slept < PROBE_EVERY {
            return Duration::ZERO;
        }
        self.slept = 0;
        PROBE.min(self.most)
    }

    /// Adds a finished wait to the average. `is_answered`: it brought a packet of a transfer. Other
    /// waits say nothing about the clients: storage, another thread or a deadline ended them.
    pub(crate) fn waited(&mut self, took: Duration, is_answered: bool) {
        if !is_answered {
            return;
        }
        let took = took.min(self.most * LONGEST);
        let pays = self.average.is_some_and(|average| average <= self.most);
        self.average = Some(match self.average {
            Some(average) if pays || took > self.looks => (average * (WEIGHT - 1) + took) / WEIGHT,
            // The first wait, or a probe that found a packet: an average of waits in sleep does not
            // apply to it.
            _ => took,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUND: Duration = Duration::from_micros(50);

    fn micros(micros: u64) -> Duration {
        Duration::from_micros(micros)
    }

    /// Simulates `count` waits of this length: a poll finds a packet that comes while it lasts,
    /// sleep adds a wake-up. Returns the number of polls and their total time.
    fn run(spin: &mut Spin, count: u32, wait: Duration, wakeup: Duration) -> (u32, Duration) {
        let (mut looks, mut looked) = (0, Duration::ZERO);
        for _ in 0..count {
            let time = spin.time(1);
            assert!(time <= BOUND, "the setting is the upper bound");
            looks += u32::from(!time.is_zero());
            looked += time.min(wait);
            spin.waited(if wait <= time { wait } else { wait + wakeup }, true);
        }
        (looks, looked)
    }

    #[test]
    fn a_fast_client_is_looked_for_every_time() {
        let mut spin = Spin::new(BOUND, 2);
        assert_eq!(run(&mut spin, 1000, micros(12), micros(60)).0, 1000);
        assert_eq!(spin.time(1), BOUND.min(micros(48)), "four times the average");
    }

    #[test]
    fn a_slow_client_causes_only_rare_polls() {
        let mut spin = Spin::new(BOUND, 2);
        let (looks, looked) = run(&mut spin, 6400, micros(3000), micros(60));
        assert!(looks <= 101, "{looks}");
        assert!(looked <= BOUND * 101);
    }

    /// Sleeping waits of a fast client are longer than the bound: a probe finds out.
    #[test]
    fn a_client_that_becomes_fast_is_found_by_a_probe() {
        let mut spin = Spin::new(BOUND, 2);
        run(&mut spin, 100, micros(3000), micros(60));
        let (looks, _) = run(&mut spin, 1000, micros(12), micros(60));
        assert!(looks >= 1000 - PROBE_EVERY, "{looks}");
    }

    /// Other threads take the processor between two polls for milliseconds, every third time.
    #[test]
    fn on_a_busy_processor_most_waits_sleep() {
        let mut spin = Spin::new(BOUND, 2);
        let mut looks = 0;
        for wait in 0..10_000 {
            let time = spin.time(1);
            looks += u32::from(!time.is_zero());
            let is_taken = !time.is_zero() && wait % 3 == 0;
            let took = if is_taken || time.is_zero() {
                micros(3000)
            } else {
                micros(12)
            };
            spin.waited(took, true);
        }
        assert!(looks < 1000, "{looks}");
    }

    #[test]
    fn one_pause_of_a_fast_client_changes_little() {
        let mut spin = Spin::new(BOUND, 2);
        run(&mut spin, 100, micros(12), micros(60));
        spin.time(1);
        spin.waited(Duration::from_secs(3), true);
        let (looks, _) = run(&mut spin, 100, micros(12), micros(60));
        assert!(looks >= 100 - PROBE_EVERY, "{looks}");
    }

    /// A file that is opened or read by another thread.
    #[test]
    fn waits_for_storage_are_not_measured() {
        let mut spin = Spin::new(BOUND, 2);
        run(&mut spin, 100, micros(12), micros(60));
        for _ in 0..100 {
            spin.waited(micros(3000), false);
            assert_eq!(spin.time(1), micros(48));
        }
    }

    #[test]
    fn no_polling_when_idle_on_one_processor_or_with_zero() {
        assert_eq!(Spin::new(BOUND, 2).time(0), Duration::ZERO);
        assert!(!Spin::new(BOUND, 2).measures(0));
        assert_eq!(Spin::new(BOUND, 1).time(1), Duration::ZERO);
        assert_eq!(Spin::new(Duration::ZERO, 8).time(1), Duration::ZERO);
        assert_eq!(Spin::new(BOUND, 2).time(1), BOUND, "nothing is known yet");
    }
}
