//! Decides when to retransmit and when to give up. All constants are in one table.

use core::time::Duration;

use crate::time::{Instant, micros};

/// How long to wait for a client, and how often to try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// The longest wait before a retransmission; without `adaptive` every wait. Values below 10 ms
    /// count as 10 ms.
    pub retransmit_timeout: Duration,
    /// How many waits of full length may follow the first before the transfer is given up.
    pub max_retransmits: u32,
    /// Waits follow the measured round trip (RFC 1123 section 4.2.3.2, RFC 6298) and back off to
    /// `retransmit_timeout`. A negotiated timeout overrides this: it is kept exactly (RFC 2349).
    pub adaptive: bool,
    /// The longest time without progress (a new block acknowledged or received). `None`: no limit.
    /// Where the client negotiated a timeout, at least two of those.
    pub inactivity: Option<Duration>,
    /// The longest time for the whole transfer. `None`: no limit.
    pub absolute: Option<Duration>,
}

/// Every constant of time in this crate, in microseconds.
mod table {
    /// The wait before anything was measured (RFC 6298 section 2.1).
    pub const INITIAL_RTO: u64 = 1_000_000;
    /// The shortest adaptive wait: slow clients answer within it, and busybox itself resends after
    /// it.
    pub const RTO_FLOOR: u64 = 100_000;
    /// The shortest configured wait.
    pub const FULL_FLOOR: u64 = 10_000;
    /// The least silence after which a repeated packet means "lost" and not "duplicated by the
    /// network".
    pub const QUIET: u64 = 20_000;
    /// The same for a window, where the blocks behind the gap show it and a measured round trip is
    /// the better guess.
    pub const WINDOW_QUIET: u64 = 1_000;
    /// The least silence before a tail probe.
    pub const PROBE_FLOOR: u64 = 20_000;
    /// A tail probe comes after this many round trips (compare RFC 8985 section 7.2).
    pub const PROBE_ROUND_TRIPS: u64 = 2;
    /// Dallying (RFC 1350 section 6) lasts a full wait, but at least this, ...
    pub const DALLY_FLOOR: u64 = 5_000_000;
    /// ... and this: the client's timer is not ours, most wait for up to five seconds.
    pub const DALLY_MARGIN: u64 = 1_000_000;
    /// The longest time between unsolicited copies of the last ACK.
    pub const PARTING_GAP_CAP: u64 = 100_000;
    /// An ERROR or an ICMP error is believed after this many round trips without a valid packet,
    /// ...
    pub const MOMENT_ROUND_TRIPS: u64 = 2;
    /// ... but not sooner than this: a client's pace varies by more than a short round trip.
    pub const MOMENT_FLOOR: u64 = 50_000;
    /// A half-open transfer ends so long after its first packet at the latest, whatever was
    /// negotiated.
    pub const HALF_OPEN: u64 = 30_000_000;
    /// The shortest silence before each retransmission of a half-open transfer's packet. A forged
    /// request causes no more packets than these. The intervals grow, so that a client that
    /// retransmits its request every 0.1 s still gets an answer after an outage of some seconds.
    pub const HALF_OPEN_QUIET: [u64; 3] = [QUIET, 500_000, 2_000_000];
}

/// The retransmission timer's values for one transfer; the transfer starts and stops it.
#[derive(Clone, Debug)]
pub(crate) struct Retry {
    /// The longest wait, in microseconds.
    full: u32,
    /// The wait before back-off, in microseconds.
    rto: u32,
    /// Smoothed round trip and its variation (RFC 6298), in microseconds; 0: not measured yet.
    srtt: u32,
    rttvar: u32,
    /// Waits of full length that passed in silence.
    full_waits: u32,
    max_retransmits: u32,
    /// How often the wait was doubled.
    backoff: u8,
    adaptive: bool,
}

impl Retry {
    pub fn new(timing: &Timing, negotiated: Option<Duration>) -> Retry {
        let full =
            narrow(micros(negotiated.unwrap_or(timing.retransmit_timeout)).max(table::FULL_FLOOR));
        let adaptive = timing.adaptive && negotiated.is_none();
        let rto = if adaptive {
            full.min(narrow(table::INITIAL_RTO))
        } else {
            full
        };
        let max_retransmits = timing.max_retransmits;
        Retry {
            full,
            rto,
            srtt: 0,
            rttvar: 0,
            full_waits: 0,
            max_retransmits,
            backoff: 0,
            adaptive,
        }
    }

    /// How long to wait from now on before sending again.
    pub fn wait(&self) -> Duration {
        Duration::from_micros(self.backed_off())
    }

    /// How long to wait before the tail of a window is probed; `None` where waits are fixed,
    /// nothing is measured yet, or the ordinary wait is no longer than that.
    pub fn probe_wait(&self) -> Option<Duration> {
        let wait = (u64::from(self.srtt) * table::PROBE_ROUND_TRIPS).max(table::PROBE_FLOOR);
        let useful = self.adaptive && self.srtt > 0 && wait < self.backed_off();
        useful.then(|| Duration::from_micros(wait))
    }

    /// The least silence after which a repeated packet means that ours was lost.
    pub fn quiet(&self) -> Duration {
        Duration::from_micros(u64::from(self.srtt).max(table::QUIET))
    }

    /// The same where blocks behind a gap show it: a round trip, once measured.
    pub fn window_quiet(&self) -> Duration {
        match u64::from(self.srtt) {
            0 => Duration::from_micros(table::QUIET),
            measured => Duration::from_micros(measured.max(table::WINDOW_QUIET)),
        }
    }

    /// The time between unsolicited copies of a client's last ACK: a round trip, within bounds, so
    /// that one burst of losses does not take all of them and a person does not notice the wait.
    pub fn parting_gap(&self) -> Duration {
        self.quiet().min(Duration::from_micros(table::PARTING_GAP_CAP))
    }

    /// How long an ERROR or an ICMP error is doubted.
    pub fn moment(&self) -> Duration {
        // Before a round trip is measured the first wait is the best guess.
        let round_trips = match u64::from(self.srtt) {
            0 => u64::from(self.rto),
            measured => measured * table::MOMENT_ROUND_TRIPS,
        };
        Duration::from_micros(round_trips.min(u64::from(self.full)).max(table::MOMENT_FLOOR))
    }

    /// How long to dally after the last ACK of an upload (RFC 1350 section 6).
    pub fn dally(&self) -> Duration {
        Duration::from_micros(u64::from(self.full).max(table::DALLY_FLOOR) + table::DALLY_MARGIN)
    }

    /// A wait has passed in silence. False: that was the last one. Only waits at full length count,
    /// so that quick first attempts never make the server less patient than configured.
    pub fn expire(&mut self) -> bool {
        if self.backed_off() < u64::from(self.full) {
            self.backoff += 1;
            return true;
        }
        self.full_waits = self.full_waits.saturating_add(1);
        self.full_waits <= self.max_retransmits
    }

    /// The client moved on: it gets all its waits again. The back-off stays until a round trip is
    /// measured (RFC 6298 section 5.7): otherwise a path slower than the timer would never be
    /// measured at all.
    pub fn progress(&mut self) {
        self.full_waits = 0;
    }

    /// A round trip of a packet that was sent only once (Karn's rule, RFC 1123 section 4.2.3.2).
    pub fn sample(&mut self, round_trip: Duration) {
        let sample = narrow(micros(round_trip).max(1));
        if self.srtt == 0 {
            (self.srtt, self.rttvar) = (sample, sample / 2);
        } else {
            // RFC 6298 section 2.3: beta 1/4, alpha 1/8.
            self.rttvar = self.rttvar - self.rttvar / 4 + self.srtt.abs_diff(sample) / 4;
            self.srtt = (self.srtt - self.srtt / 8 + sample / 8).max(1);
        }
        if self.adaptive {
            let rto = u64::from(self.srtt) + 4 * u64::from(self.rttvar);
            self.rto = narrow(rto.max(table::RTO_FLOOR)).min(self.full);
            self.backoff = 0;
        }
    }

    fn backed_off(&self) -> u64 {
        // The back-off stops growing at `full`, which fits 32 bits: no shift beyond 32 happens.
        (u64::from(self.rto) << self.backoff.min(32)).min(u64::from(self.full))
    }
}

/// The limits on a transfer as a whole.
#[derive(Clone, Debug)]
pub(crate) struct Watch {
    /// Microseconds.
    inactivity: u64,
    idle_at: Instant,
    absolute_at: Instant,
}

impl Watch {
    pub fn new(now: Instant, timing: &Timing, negotiated: Option<Duration>) -> Watch {
        // A negotiated timeout is kept, also where it is longer than the limit on silence.
        let least = negotiated.map_or(Duration::ZERO, |timeout| 2 * timeout);
        let inactivity = timing
            .inactivity
            .map_or(u64::MAX, |limit| micros(limit.max(least)));
        let absolute_at = timing.absolute.map_or(Instant::NEVER, |limit| now + limit);
        let mut watch = Watch {
            inactivity,
            idle_at: now,
            absolute_at,
        };
        watch.progress(now);
        watch
    }

    pub fn progress(&mut self, now: Instant) {
        self.idle_at = now + Duration::from_micros(self.inactivity);
    }

    /// A packet went to a client that has acknowledged nothing; the first one counts.
    /// [`Watch::progress`] lifts the limit.
    pub fn half_open(&mut self, now: Instant) {
        self.idle_at = self.idle_at.min(now + Duration::from_micros(table::HALF_OPEN));
    }

    pub fn deadline(&self) -> Instant {
        self.idle_at.min(self.absolute_at)
    }
}

/// How often the one packet of a half-open transfer may still go again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Repetitions {
    used: u8,
}

impl Repetitions {
    /// All of them.
    pub fn new() -> Repetitions {
        Repetitions { used: 0 }
    }

    /// Takes one, where there is one and the last copy, sent at `sent`, is old enough.
    pub fn take(&mut self, now: Instant, sent: Instant) -> bool {
        let quiet = table::HALF_OPEN_QUIET.get(usize::from(self.used));
        let granted = quiet.is_some_and(|&quiet| sent + Duration::from_micros(quiet) <= now);
        self.used += u8::from(granted);
        granted
    }
}

fn narrow(micros: u64) -> u32 {
    u32::try_from(micros).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    fn retry(adaptive: bool) -> Retry {
        let timing = Timing {
            retransmit_timeout: Duration::from_secs(5),
            max_retransmits: 3,
            adaptive,
            inactivity: None,
            absolute: None,
        };
        Retry::new(&timing, None)
    }

    fn waits(mut retry: Retry) -> Vec<u64> {
        let mut waits = alloc::vec![retry.wait().as_millis() as u64];
        while retry.expire() {
            waits.push(retry.wait().as_millis() as u64);
        }
        waits
    }

    #[test]
    fn fixed_waits_are_all_alike() {
        assert_eq!(waits(retry(false)), [5000; 4]);
    }

    #[test]
    fn short_waits_do_not_use_up_patience() {
        assert_eq!(waits(retry(true)), [1000, 2000, 4000, 5000, 5000, 5000, 5000]);
    }

    #[test]
    fn a_fast_client_gets_early_retransmissions() {
        let mut retry = retry(true);
        for _ in 0..20 {
            retry.sample(Duration::from_millis(2));
        }
        assert_eq!(retry.probe_wait(), Some(Duration::from_millis(20)));
        assert_eq!(
            waits(retry),
            [100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000, 5000]
        );
    }

    #[test]
    fn a_tail_is_probed_after_two_round_trips_where_the_ordinary_wait_is_longer() {
        let measured = |millis| {
            let mut retry = retry(true);
            (0..200).for_each(|_| retry.sample(Duration::from_millis(millis)));
            retry
        };
        assert_eq!(retry(true).probe_wait(), None, "nothing is measured");
        assert_eq!(measured(30).probe_wait(), Some(Duration::from_millis(60)));
        let mut fixed = retry(false);
        fixed.sample(Duration::from_millis(30));
        assert_eq!(fixed.probe_wait(), None);
        // The longest wait is 5 s: two round trips are no earlier.
        let mut slow = retry(true);
        slow.sample(Duration::from_millis(2_500));
        assert_eq!(slow.probe_wait(), None);
        assert_eq!(measured(4_000).probe_wait(), None);
    }

    #[test]
    fn backing_off_lasts_until_a_round_trip_is_measured() {
        let mut retry = retry(true);
        assert!(retry.expire());
        retry.progress();
        assert_eq!(retry.wait(), Duration::from_secs(2));
        retry.sample(Duration::from_millis(1500));
        assert_eq!(retry.wait(), Duration::from_millis(4500));
    }

    #[test]
    fn the_variation_takes_a_quarter_of_each_difference() {
        let mut retry = retry(true);
        for (round_trip, wait) in [(100, 300), (180, 340), (110, 282)] {
            retry.sample(Duration::from_millis(round_trip));
            assert_eq!(retry.wait().as_millis(), wait);
        }
    }

    #[test]
    fn extreme_figures_neither_panic_nor_wrap() {
        let mut retry = retry(true);
        for span in [
            Duration::MAX,
            Duration::ZERO,
            Duration::from_secs(3600),
            Duration::MAX,
        ] {
            retry.sample(span);
            assert!(retry.wait() <= Duration::from_secs(5));
        }
    }
}
