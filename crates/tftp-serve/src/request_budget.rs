//! The time budget of requests on an I/O thread, while settled transfers run: those whose clients
//! have answered.
//!
//! Requests may be a flood, from any sender. They get a quarter of the time that the packets of
//! transfers take, at least [`A_MOMENT`] at a time, and a moment in each turn without such packets;
//! the rest waits in the listening socket's queue. If that queue has not been empty for longer than
//! machines that boot together would fill it, the requests are a flood. They then get an eighth of
//! all time, in larger pieces, and do not wake the thread between these. So a flood leaves the
//! processor to others, including other programs.

use std::time::Duration;

use tftp_proto::Instant;

/// The shortest time that requests get at once, their share (one in `SHARE`), and the number of
/// requests in the first system call, while transfers need the thread.
const A_MOMENT: Duration = Duration::from_micros(10);
const SHARE: u32 = 4;
const FIRST: usize = 2;

/// Requests waiting for longer than this are a flood, not a thousand machines booting together.
const A_RUSH: Duration = Duration::from_millis(50);
/// The time that a flood gets at once, long enough for large batches, and its share of all time
/// (one in `SHARE_OF_A_FLOOD`).
const A_PIECE: Duration = Duration::from_micros(200);
const SHARE_OF_A_FLOOD: u32 = 8;
/// The longest pause. A piece may have taken long because other threads had the processor; the
/// pause must not grow with that.
const A_PAUSE: Duration = Duration::from_millis(2);

/// The time that requests may take now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TimeSlice {
    pub(super) time: Duration,
    /// The maximum number of requests in the first system call.
    pub(super) first: usize,
}

#[derive(Debug, Default)]
pub(super) struct RequestBudget {
    /// The time that requests may take.
    credit: Duration,
    /// The time since when more requests have been waiting than were taken.
    since: Option<Instant>,
    /// The time until which requests are not received, in a flood.
    paused_until: Option<Instant>,
}

impl RequestBudget {
    /// Returns the budget of requests in this turn; `None`: nothing yet. `others`: the time that
    /// transfers have taken in this turn.
    pub(super) fn piece(&mut self, others: Option<Duration>) -> Option<TimeSlice> {
        if self.paused_until.is_some() {
            return None;
        }
        self.credit += others.unwrap_or_default() / SHARE;
        if others.is_some() && self.credit < A_MOMENT {
            return None;
        }
        Some(TimeSlice {
            time: self.credit.max(A_MOMENT),
            first: FIRST,
        })
    }

    /// Charges the time that requests have taken; `more`: others wait. In a flood, none are
    /// received before [`RequestBudget::paused_until`].
    pub(super) fn taken(&mut self, begin: Instant, end: Instant, more: bool) {
        let time = end.saturating_sub(begin);
        self.credit = self.credit.saturating_sub(time);
        if !more {
            self.since = None;
            return;
        }
        if end.saturating_sub(*self.since.get_or_insert(begin)) >= A_RUSH {
            self.paused_until = Some(end + (time * (SHARE_OF_A_FLOOD - 1)).min(A_PAUSE));
        }
    }

    /// Resets the budget: no transfer needs the thread, and requests may use all of it.
    pub(super) fn forget(&mut self) {
        *self = RequestBudget::default();
    }

    pub(super) fn paused_until(&self) -> Option<Instant> {
        self.paused_until
    }

    /// Returns the next piece of a flood, once its pause is over.
    pub(super) fn resume(&mut self, now: Instant) -> Option<TimeSlice> {
        self.paused_until.take_if(|until| now >= *until)?;
        Some(TimeSlice {
            time: A_PIECE,
            first: usize::MAX,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TURN: Duration = Duration::from_micros(400);

    fn at(micros: u64) -> Instant {
        Instant::from_micros(micros)
    }

    /// Simulates turns of 400 µs in which transfers need half, and requests use all that they get.
    /// Returns the time that they had in total, and the longest pause, in microseconds.
    fn flooded(request_budget: &mut RequestBudget, from: u64, micros: u64) -> (u64, u64) {
        let (mut now, mut had, mut longest) = (from, 0, 0);
        while now < from + micros {
            let piece = match request_budget.paused_until() {
                Some(_) => request_budget.resume(at(now)),
                None => request_budget.piece(Some(TURN / 2)),
            };
            if let Some(piece) = piece {
                let time = piece.time.as_micros() as u64;
                had += time;
                request_budget.taken(at(now), at(now + time), true);
                let pause = request_budget
                    .paused_until()
                    .map(|until| until.saturating_sub(at(now + time)));
                longest = longest.max(pause.unwrap_or_default().as_micros() as u64);
            }
            now += TURN.as_micros() as u64;
        }
        (had, longest)
    }

    #[test]
    fn a_burst_gets_a_quarter_of_the_time_of_transfers() {
        let mut request_budget = RequestBudget::default();
        let (had, longest) = flooded(&mut request_budget, 0, 49_000);
        assert!((6_000..=6_250).contains(&had), "{had}");
        assert_eq!(longest, 0);
        request_budget.taken(at(49_000), at(49_010), false);
        assert_eq!(
            flooded(&mut request_budget, 50_000, 49_000).1,
            0,
            "the queue was empty in between"
        );
    }

    #[test]
    fn a_flood_gets_an_eighth_of_all_time_in_larger_pieces() {
        let mut request_budget = RequestBudget::default();
        flooded(&mut request_budget, 0, 60_000);
        let (had, longest) = flooded(&mut request_budget, 60_000, 1_000_000);
        assert!((100_000..=125_000).contains(&had), "{had}");
        assert_eq!(longest, 1_400);
    }

    #[test]
    fn a_turn_without_packets_of_transfers_is_theirs_for_a_moment() {
        let mut request_budget = RequestBudget::default();
        let moment = TimeSlice {
            time: A_MOMENT,
            first: FIRST,
        };
        assert_eq!(request_budget.piece(None), Some(moment));
        assert_eq!(
            request_budget.piece(Some(A_MOMENT)),
            None,
            "a quarter of that is no moment"
        );
    }

    #[test]
    fn a_flood_ends_when_no_request_waits_or_no_transfer_runs() {
        let mut request_budget = RequestBudget::default();
        flooded(&mut request_budget, 0, 60_000);
        let until = request_budget.paused_until().expect("a pause");
        assert_eq!(request_budget.piece(None), None);
        assert_eq!(request_budget.resume(at(until.as_micros() - 1)), None);
        assert!(request_budget.resume(until).is_some());
        request_budget.taken(until, until + A_MOMENT, false);
        assert_eq!(request_budget.paused_until(), None);
        flooded(&mut request_budget, 100_000, 60_000);
        request_budget.forget();
        assert!(request_budget.piece(None).is_some());
    }
}
