//! The time budget of requests on an I/O thread, while settled transfers run: those whose clients have answered.
//!
//! Requests may be a flood, from any sender. They get a quarter of the time that the packets of transfers take, at
//! least [`A_MOMENT`] at a time, and a moment in each turn without such packets; the rest waits in the listening
//! socket's queue. If that queue has not been empty for longer than machines that boot together would fill it, the
//! requests are a flood. They then get an eighth of all time, in larger pieces, and do not wake the thread between
//! these. So a flood leaves the processor to others, including other programs.

use std::time::Duration;

use tftp_proto::Instant;

/// The shortest time that requests get at once, their share (one in `SHARE`), and the number of requests in the first
/// system call, while transfers need the thread.
const A_MOMENT: Duration = Duration::from_micros(10);
const SHARE: u32 = 4;
const FIRST: usize = 2;

/// Requests waiting for longer than this are a flood, not a thousand machines booting together.
const A_RUSH: Duration = Duration::from_millis(50);
/// The time that a flood gets at once, long enough for large batches, and its share of all time (one in
/// `SHARE_OF_A_FLOOD`).
const A_PIECE: Duration = Duration::from_micros(200);
const SHARE_OF_A_FLOOD: u32 = 8;
/// The longest pause. A piece may have taken long because other threads had the processor; the pause must not grow with
/// that.
const A_PAUSE: Duration = Duration::from_millis(2);

/// The time that requests may take now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) time: Duration,
    /// The maximum number of requests in the first system call.
    pub(super) first: usize,
}

#[derive(Debug, Default)]
pub(super) struct Ration {
    /// The time that requests may take.
    credit: Duration,
    /// The time since when more requests have been waiting than were taken.
    since: Option<Instant>,
    /// The time until which requests are not received, in a flood.
    paused_until: Option<Instant>,
}

impl Ration {
    /// Returns the budget of requests in this turn; `None`: nothing yet. `others`: the time that transfers have taken
    /// in this turn.
    pub(super) fn piece(&mut self, others: Option<Duration>) -> Option<Piece> {
        if self.paused_until.is_some() {
            return None;
        }
        self.credit += others.unwrap_or_default() / SHARE;
        if others.is_some() && self.credit < A_MOMENT {
            return None;
        }
        Some(Piece {
            time: self.credit.max(A_MOMENT),
            first: FIRST,
        })
    }

    /// Charges the time that requests have taken; `more`: others wait. In a flood, none are received before
    /// [`Ration::paused_until`].
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
        *self = Ration::default();
    }

    pub(super) fn paused_until(&self) -> Option<Instant> {
        self.paused_until
    }

    /// Returns the next piece of a flood, once its pause is over.
    pub(super) fn resume(&mut self, now: Instant) -> Option<Piece> {
        self.paused_until.take_if(|until| now >= *until)?;
        Some(Piece {
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

    /// Simulates turns of 400 µs in which transfers need half, and requests use all that they get. Returns the time
    /// that they had in total, and the longest pause, in microseconds.
    fn flooded(ration: &mut Ration, from: u64, micros: u64) -> (u64, u64) {
        let (mut now, mut had, mut longest) = (from, 0, 0);
        while now < from + micros {
            let piece = match ration.paused_until() {
                Some(_) => ration.resume(at(now)),
                None => ration.piece(Some(TURN / 2)),
            };
            if let Some(piece) = piece {
                let time = piece.time.as_micros() as u64;
                had += time;
                ration.taken(at(now), at(now + time), true);
                let pause = ration
                    .paused_until()
                    .map(|until| until.saturating_sub(at(now + time)));
                longest = longest.max(pause.unwrap_or_default().as_micros() as u64);
            }
            now += TURN.as_micros() as u64;
        }
        (had, longest)
    }

    #[test]
    fn a_rush_gets_a_quarter_of_what_transfers_take_without_a_pause() {
        let mut ration = Ration::default();
        let (had, longest) = flooded(&mut ration, 0, 49_000);
        assert!((6_000..=6_250).contains(&had), "{had}");
        assert_eq!(longest, 0);
        ration.taken(at(49_000), at(49_010), false);
        assert_eq!(
            flooded(&mut ration, 50_000, 49_000).1,
            0,
            "the queue was empty in between"
        );
    }

    #[test]
    fn a_flood_gets_an_eighth_of_all_time_in_larger_pieces() {
        let mut ration = Ration::default();
        flooded(&mut ration, 0, 60_000);
        let (had, longest) = flooded(&mut ration, 60_000, 1_000_000);
        assert!((100_000..=125_000).contains(&had), "{had}");
        assert_eq!(longest, 1_400);
    }

    #[test]
    fn a_turn_without_packets_of_transfers_is_theirs_for_a_moment() {
        let mut ration = Ration::default();
        let moment = Piece {
            time: A_MOMENT,
            first: FIRST,
        };
        assert_eq!(ration.piece(None), Some(moment));
        assert_eq!(
            ration.piece(Some(A_MOMENT)),
            None,
            "a quarter of that is no moment"
        );
    }

    #[test]
    fn a_flood_is_over_when_nobody_waits_or_no_transfer_runs() {
        let mut ration = Ration::default();
        flooded(&mut ration, 0, 60_000);
        let until = ration.paused_until().expect("a pause");
        assert_eq!(ration.piece(None), None);
        assert_eq!(ration.resume(at(until.as_micros() - 1)), None);
        assert!(ration.resume(until).is_some());
        ration.taken(until, until + A_MOMENT, false);
        assert_eq!(ration.paused_until(), None);
        flooded(&mut ration, 100_000, 60_000);
        ration.forget();
        assert!(ration.piece(None).is_some());
    }
}
