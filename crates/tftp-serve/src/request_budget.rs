//! The time budget of requests on an I/O thread, while settled transfers run: those whose clients
//! have answered.
//!
//! Requests may be a flood, from any sender. They get a quarter of the time that the packets of
//! transfers take, at least [`A_MOMENT`] at a time, and a moment in each turn without such packets;
//! the rest waits in the listening socket's queue. If that queue has not been empty for longer than
//! machines that boot together would fill it, the requests are a flood. They then get an eighth of
//! all time, in larger pieces, and do not wake the thread between these. So a flood leaves the
//! processor to others, including other programs.
//!
//! Clients that answer are no flood. Each transfer that settles earns the thread one more request,
//! beside the share of time, and so does each that its client ends before with an ERROR, as those
//! that only ask for the size of a file do. A backlog of which a quarter is answered is not a
//! flood. So clients that read many small files wait for nothing but the processor.

use std::time::Duration;

use tftp_proto::Instant;

use super::Outcome;

/// The shortest time that requests get at once, their share (one in `SHARE`), and the number of
/// requests in the first system call, while transfers need the thread.
const A_MOMENT: Duration = Duration::from_micros(10);
const SHARE: u32 = 4;
const FIRST: usize = 2;

/// Requests waiting for longer than this are a flood, not a thousand machines booting together.
const A_RUSH: Duration = Duration::from_millis(50);
/// Requests are no flood if at least one in this many is answered by its client.
const ANSWERED: u32 = 4;
/// The maximum number of requests that settled transfers can have earned.
const MOST_EARNED: usize = 64;
/// The time that a flood gets at once, long enough for large batches, and its share of all time
/// (one in `SHARE_OF_A_FLOOD`).
const A_PIECE: Duration = Duration::from_micros(200);
const SHARE_OF_A_FLOOD: u32 = 8;
/// The number of requests in a flood's first system call of a piece: the next ones take twice as
/// many, until the time is over.
const FIRST_OF_A_FLOOD: usize = 4;
/// The longest pause. A piece may have taken long because other threads had the processor; the
/// pause must not grow with that.
const A_PAUSE: Duration = Duration::from_millis(2);

/// The time that requests may take now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TimeSlice {
    pub(super) time: Duration,
    /// The maximum number of requests in the first system call, however long they take.
    pub(super) first: usize,
}

/// A turn of the thread.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turn {
    pub(super) now: Instant,
    /// There are transfers whose clients have answered.
    pub(super) has_settled: bool,
    /// Requests may be queued.
    pub(super) may_have_requests: bool,
}

/// The part of a turn that requests get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Share {
    /// As much as they need: no transfer needs the thread.
    All,
    Piece(TimeSlice),
    /// Nothing, although some may be queued.
    Later,
    /// Nothing: none are queued, or a flood makes a pause.
    Nothing,
}

/// Requests that were waiting all the time: more than were taken.
#[derive(Debug)]
struct Backlog {
    since: Instant,
    taken: u32,
    answered: u32,
}

#[derive(Debug, Default)]
pub(super) struct RequestBudget {
    /// The time that requests may take.
    credit: Duration,
    /// The number of requests that may be received beside the time: settled transfers earned them.
    earned: usize,
    /// `None`: the listening socket was empty.
    backlog: Option<Backlog>,
    /// The time until which requests are not received, in a flood.
    paused_until: Option<Instant>,
}

impl RequestBudget {
    /// A transfer has ended. `has_settled`: [`RequestBudget::answered`] was called for it.
    pub(super) fn ended(&mut self, outcome: &Outcome, has_settled: bool) {
        let is_by_client = matches!(outcome, Outcome::ClientError { .. } | Outcome::Probe { .. });
        if is_by_client && !has_settled {
            self.answered();
        }
    }

    /// A transfer has settled: its client has answered.
    pub(super) fn answered(&mut self) {
        self.earned = (self.earned + 1).min(MOST_EARNED);
        if let Some(backlog) = &mut self.backlog {
            backlog.answered = backlog.answered.saturating_add(1);
        }
    }

    /// Returns the share of requests in this turn. `others`: the time that transfers have taken in
    /// it, if they had packets.
    pub(super) fn share(
        &mut self,
        turn: &Turn,
        others: impl FnOnce() -> Option<Duration>,
    ) -> Share {
        if !turn.has_settled {
            if !turn.may_have_requests {
                return Share::Nothing;
            }
            self.forget();
            return Share::All;
        }
        if let Some(piece) = self.resume(turn.now) {
            return Share::Piece(piece);
        }
        if !turn.may_have_requests || self.paused_until.is_some() {
            return Share::Nothing;
        }
        self.piece(others()).map_or(Share::Later, Share::Piece)
    }

    /// Returns the budget of requests in this turn; `None`: nothing yet.
    fn piece(&mut self, others: Option<Duration>) -> Option<TimeSlice> {
        if self.paused_until.is_some() {
            return None;
        }
        let share = (others.unwrap_or_default() / SHARE).min(A_PAUSE);
        self.credit = self.credit.min(A_PIECE) + share;
        if others.is_some() && self.credit < A_MOMENT {
            let earned = TimeSlice {
                time: Duration::ZERO,
                first: self.earned,
            };
            return (self.earned > 0).then_some(earned);
        }
        Some(TimeSlice {
            time: self.credit.max(A_MOMENT),
            first: self.earned.max(FIRST),
        })
    }

    /// Charges `count` requests and the time that they have taken; `more`: others wait. In a flood,
    /// none are received before [`RequestBudget::paused_until`].
    pub(super) fn taken(&mut self, count: usize, begin: Instant, end: Instant, more: bool) {
        let time = end.saturating_sub(begin);
        self.charge(count, time);
        if !more {
            (self.backlog, self.credit) = (None, Duration::ZERO);
            return;
        }
        let backlog = self.backlog.get_or_insert(Backlog {
            since: begin,
            taken: 0,
            answered: 0,
        });
        backlog.taken = backlog.taken.saturating_add(count as u32);
        if end.saturating_sub(backlog.since) < A_RUSH {
            return;
        }
        if backlog.answered.saturating_mul(ANSWERED) >= backlog.taken {
            self.backlog = None;
        } else {
            // Halved, so that recent requests count most: a flood ends when clients answer again,
            // even if the queue is never empty.
            backlog.taken /= 2;
            backlog.answered /= 2;
            self.paused_until = Some(end + (time * (SHARE_OF_A_FLOOD - 1)).min(A_PAUSE));
        }
    }

    /// Charges requests: those that were earned cost nothing.
    fn charge(&mut self, count: usize, time: Duration) {
        let free = self.earned.min(count);
        self.earned -= free;
        let paid = (count - free) as u32;
        let time = time * paid / (count as u32).max(1);
        self.credit = self.credit.saturating_sub(time);
    }

    /// Resets the budget: no transfer needs the thread, and requests may use all of it.
    fn forget(&mut self) {
        *self = RequestBudget::default();
    }

    pub(super) fn paused_until(&self) -> Option<Instant> {
        self.paused_until
    }

    /// Returns the next piece of a flood, once its pause is over.
    fn resume(&mut self, now: Instant) -> Option<TimeSlice> {
        self.paused_until.take_if(|until| now >= *until)?;
        Some(TimeSlice {
            time: A_PIECE,
            first: FIRST_OF_A_FLOOD,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorCode;

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
                request_budget.taken(time as usize / 4, at(now), at(now + time), true);
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
        request_budget.taken(2, at(49_000), at(49_010), false);
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
    fn each_transfer_that_settles_earns_a_request_beside_the_time() {
        let mut request_budget = RequestBudget::default();
        request_budget.answered();
        request_budget.answered();
        request_budget.answered();
        let earned = TimeSlice {
            time: Duration::ZERO,
            first: 3,
        };
        assert_eq!(request_budget.piece(Some(A_MOMENT)), Some(earned));
        request_budget.taken(2, at(0), at(1_000), false);
        let one = TimeSlice { first: 1, ..earned };
        assert_eq!(request_budget.piece(Some(A_MOMENT)), Some(one));
        request_budget.taken(1, at(2_000), at(3_000), false);
        assert_eq!(request_budget.piece(Some(A_MOMENT)), None);
        let moment = TimeSlice {
            time: A_MOMENT,
            first: FIRST,
        };
        let time = (0..3).find_map(|_| request_budget.piece(Some(A_MOMENT)));
        assert_eq!(time, Some(moment), "the share of time comes beside");
    }

    #[test]
    fn a_backlog_of_clients_that_answer_is_not_a_flood() {
        for (answered, is_flood) in [(1, true), (3, false)] {
            let mut request_budget = RequestBudget::default();
            for turn in 0..500 {
                (0..answered).for_each(|_| request_budget.answered());
                request_budget.taken(8, at(turn * 400), at(turn * 400 + 100), true);
            }
            assert_eq!(
                request_budget.paused_until().is_some(),
                is_flood,
                "{answered} of 8"
            );
        }
    }

    #[test]
    fn a_flood_that_turns_into_clients_that_answer_ends() {
        let mut request_budget = RequestBudget::default();
        flooded(&mut request_budget, 0, 1_000_000);
        assert!(request_budget.paused_until().is_some());
        let turns = (0..20).take_while(|turn| {
            let now = at(1_002_000 + turn * 2_000);
            request_budget.resume(now);
            (0..8).for_each(|_| request_budget.answered());
            request_budget.taken(8, now, now + A_PIECE, true);
            request_budget.paused_until().is_some()
        });
        assert!(turns.count() < 10);
    }

    #[test]
    fn time_that_no_request_needed_is_not_kept_for_a_flood() {
        for has_queue in [true, false] {
            let mut request_budget = RequestBudget::default();
            for turn in 0..10_000 {
                request_budget.answered();
                request_budget.piece(Some(TURN / 2));
                let now = at(turn * 1_000);
                request_budget.taken(1, now, now + A_MOMENT, has_queue);
            }
            let piece = request_budget.piece(Some(Duration::from_secs(3600)));
            let piece = piece.expect("time for requests");
            assert!(piece.time <= A_PIECE + A_PAUSE, "{piece:?}");
        }
    }

    #[test]
    fn a_flood_cannot_use_more_than_was_earned() {
        let mut request_budget = RequestBudget::default();
        (0..1_000).for_each(|_| request_budget.answered());
        request_budget.taken(MOST_EARNED, at(0), at(1_000), true);
        assert_eq!(request_budget.piece(Some(A_MOMENT)), None);
    }

    #[test]
    fn a_client_that_ends_its_transfer_has_answered_once() {
        let (code, text) = (ErrorCode(8), String::new());
        let text = || text.clone();
        let outcomes = [
            (Outcome::Probe { code, text: text() }, 1),
            (Outcome::ClientError { code, text: text() }, 1),
            (
                Outcome::Silent {
                    probably_complete: false,
                },
                0,
            ),
            (Outcome::NoSource, 0),
        ];
        for (outcome, earned) in outcomes {
            for has_settled in [false, true] {
                let mut request_budget = RequestBudget::default();
                request_budget.ended(&outcome, has_settled);
                let earned = if has_settled { 0 } else { earned };
                assert_eq!(request_budget.earned, earned, "{outcome:?} {has_settled}");
            }
        }
    }

    #[test]
    fn requests_of_a_flood_that_take_long_have_no_larger_share() {
        let mut request_budget = RequestBudget::default();
        flooded(&mut request_budget, 0, 60_000);
        for each in [1, 4, 20, 50] {
            let until = request_budget.paused_until().expect("a pause");
            let piece = request_budget.resume(until).expect("a piece");
            // The loop doubles the number of requests until the time is over.
            let (mut count, mut most) = (piece.first, piece.first);
            while (count * each) < piece.time.as_micros() as usize {
                most *= 2;
                count += most;
            }
            let end = until + Duration::from_micros((count * each) as u64);
            request_budget.taken(count, until, end, true);
            let pause = request_budget.paused_until().expect("a pause");
            let (had, all) = (end.saturating_sub(until), pause.saturating_sub(until));
            assert!(had * 6 <= all, "{each} us a request: {had:?} of {all:?}");
        }
    }

    #[test]
    fn a_flood_ends_with_the_last_transfer_that_needs_the_thread() {
        let mut request_budget = RequestBudget::default();
        flooded(&mut request_budget, 0, 60_000);
        let until = request_budget.paused_until().expect("a pause");
        let mut turn = Turn {
            now: until,
            has_settled: true,
            may_have_requests: true,
        };
        let resumed = request_budget.share(&turn, || None);
        assert!(matches!(resumed, Share::Piece(_)), "{resumed:?}");
        request_budget.taken(100, until, until + A_PIECE, true);
        assert_eq!(request_budget.share(&turn, || None), Share::Nothing);
        turn.has_settled = false;
        assert_eq!(request_budget.share(&turn, || None), Share::All);
        assert_eq!(request_budget.paused_until(), None);
    }

    #[test]
    fn a_flood_ends_when_no_request_waits_or_no_transfer_runs() {
        let mut request_budget = RequestBudget::default();
        flooded(&mut request_budget, 0, 60_000);
        let until = request_budget.paused_until().expect("a pause");
        assert_eq!(request_budget.piece(None), None);
        assert_eq!(request_budget.resume(at(until.as_micros() - 1)), None);
        assert!(request_budget.resume(until).is_some());
        request_budget.taken(2, until, until + A_MOMENT, false);
        assert_eq!(request_budget.paused_until(), None);
        flooded(&mut request_budget, 100_000, 60_000);
        request_budget.forget();
        assert!(request_budget.piece(None).is_some());
    }
}
