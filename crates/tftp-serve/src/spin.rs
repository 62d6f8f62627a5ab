//! How long an I/O thread looks for the next packet before it sleeps.
//!
//! A wake-up costs tens of microseconds. Where the next packet comes sooner than that, as it does from a client in lockstep
//! on a fast network, looking for it is faster. Where it does not, looking is wasted processor time: the thread's own
//! waits, measured while it looks and while it sleeps, decide. A processor that other threads want shows as long waits too,
//! because the thread yields between two looks.

use std::time::Duration;

/// A new wait counts for so much of the average.
const WEIGHT: u32 = 8;

/// A wait counts as no longer than so many times the bound, so that one long pause is forgotten soon.
const LONGEST: u32 = 8;

/// The thread looks for at most so many average waits. Round trips vary, and most are below it.
const PATIENCE: u32 = 4;

/// At least so long, for the average to be found at all.
const LEAST: Duration = Duration::from_micros(20);

/// While it does not pay, every so many waits begin with a short look, because a wait in sleep is longer than one without.
const PROBE_EVERY: u32 = 64;
const PROBE: Duration = Duration::from_micros(100);

/// Decides for one I/O thread.
#[derive(Debug)]
pub(crate) struct Spin {
    /// BusyPollMicros; zero: never.
    most: Duration,
    /// The average wait; `None`: not measured yet.
    average: Option<Duration>,
    /// Waits without a look since the last one.
    slept: u32,
    /// How long the wait under way looks.
    looks: Duration,
}

impl Spin {
    /// `processors`: those of the machine. With one alone whoever is waited for needs it.
    pub(crate) fn new(most: Duration, processors: usize) -> Spin {
        Spin {
            most: if processors > 1 { most } else { Duration::ZERO },
            average: None,
            slept: 0,
            looks: Duration::ZERO,
        }
    }

    /// Whether the next wait is to be measured: not that of an idle server, which says nothing of any client.
    #[inline]
    pub(crate) fn measures(&self, transfers: usize) -> bool {
        !self.most.is_zero() && transfers > 0
    }

    /// How long the next wait is to look. A server without transfers is idle and sleeps at once.
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

    /// The wait took so long.
    pub(crate) fn waited(&mut self, took: Duration) {
        let took = took.min(self.most * LONGEST);
        let pays = self.average.is_some_and(|average| average <= self.most);
        self.average = Some(match self.average {
            Some(average) if pays || took > self.looks => (average * (WEIGHT - 1) + took) / WEIGHT,
            // The first one, or a probe that found something: waits in sleep say nothing of it.
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

    /// Waits of that length, `count` times: a look finds what comes while it lasts, sleep adds a wake-up.
    fn run(spin: &mut Spin, count: u32, wait: Duration, wakeup: Duration) -> (u32, Duration) {
        let (mut looks, mut looked) = (0, Duration::ZERO);
        for _ in 0..count {
            let time = spin.time(1);
            assert!(time <= BOUND, "the setting is the upper bound");
            looks += u32::from(!time.is_zero());
            looked += time.min(wait);
            spin.waited(if wait <= time { wait } else { wait + wakeup });
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
    fn a_slow_client_costs_no_more_than_a_look_now_and_then() {
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

    /// Other threads take the processor between two looks for milliseconds, every tenth time.
    #[test]
    fn on_a_busy_processor_most_waits_sleep() {
        let mut spin = Spin::new(BOUND, 2);
        let mut looks = 0;
        for wait in 0..10_000 {
            let time = spin.time(1);
            looks += u32::from(!time.is_zero());
            let is_taken = !time.is_zero() && wait % 3 == 0;
            spin.waited(if is_taken || time.is_zero() {
                micros(3000)
            } else {
                micros(12)
            });
        }
        assert!(looks < 1000, "{looks}");
    }

    #[test]
    fn one_pause_of_a_fast_client_changes_little() {
        let mut spin = Spin::new(BOUND, 2);
        run(&mut spin, 100, micros(12), micros(60));
        spin.time(1);
        spin.waited(Duration::from_secs(3));
        let (looks, _) = run(&mut spin, 100, micros(12), micros(60));
        assert!(looks >= 100 - PROBE_EVERY, "{looks}");
    }

    #[test]
    fn neither_an_idle_server_nor_a_single_processor_looks_and_zero_is_never() {
        assert_eq!(Spin::new(BOUND, 2).time(0), Duration::ZERO);
        assert!(!Spin::new(BOUND, 2).measures(0));
        assert_eq!(Spin::new(BOUND, 1).time(1), Duration::ZERO);
        assert_eq!(Spin::new(Duration::ZERO, 8).time(1), Duration::ZERO);
        assert_eq!(Spin::new(BOUND, 2).time(1), BOUND, "nothing is known yet");
    }
}
