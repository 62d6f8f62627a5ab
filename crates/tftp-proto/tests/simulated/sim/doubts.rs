//! When a server may take a client for gone after an ERROR or an ICMP error: both are as easy to
//! forge as anything else.

use super::rules::{Broken, Cause, Rule, Turn, Verdict, Watcher, broken};
use tftp_proto::Outcome;

/// Nothing of a running transfer is believed sooner, in microseconds.
pub const MOMENT: u64 = 50_000;
/// A client that the server owes a packet gets so long.
const OWED: u64 = 1_000_000;

#[derive(Clone, Copy, Debug, Default)]
pub struct Doubts {
    /// When the ERROR came that is doubted, or when a new packet was sent since.
    error: Option<u64>,
    /// One packet refuted an ERROR: it is the reason all the same where the client is refused
    /// afterwards, or silent to the end.
    kept: bool,
    refused: Refused,
    /// A DATA of long ago may have refuted it, or not.
    is_vague: bool,
    /// It was refused since: one packet may go once more.
    is_vaguely_refused: bool,
}

/// Waits stand still while a client is doubted, and begin anew when the refused packet has gone
/// again: so much longer a transfer may take that was ever doubted.
pub fn delay(full: u64) -> u64 {
    3 * full.max(OWED)
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Refused {
    #[default]
    No,
    Once(u64),
    SentAgain,
    Twice(u64),
}

impl Doubts {
    pub fn nobody_knows(&mut self) {
        self.is_vague |= self.error.is_some() || self.kept || self.refused != Refused::No;
    }

    fn since(&self) -> Option<u64> {
        if self.is_vague {
            return None;
        }
        match (self.error, self.refused) {
            (None, Refused::Once(at) | Refused::Twice(at)) => Some(at),
            (error, _) => error,
        }
    }
}

impl Watcher<'_> {
    pub(super) fn doubt_error(&mut self, now: u64) {
        self.was_doubted = true;
        self.doubts.error.get_or_insert(now);
        self.doubts.refused = Refused::No;
    }

    /// The network reports that the port is closed.
    pub fn refused(&mut self, now: u64) {
        self.is_refused |= !self.answered;
        self.was_doubted = true;
        let waits = if self.upload {
            !self.held && (!self.whole || self.complete)
        } else {
            self.high > self.acked
        };
        self.doubts.is_vaguely_refused = self.doubts.is_vague;
        if self.doubts.error.is_some() || !waits {
            return;
        }
        self.doubts.refused = match self.doubts.refused {
            Refused::No => Refused::Once(now),
            Refused::SentAgain => Refused::Twice(now),
            other => other,
        };
    }

    /// Something valid came.
    pub(super) fn refute(&mut self) {
        self.doubts = Doubts {
            kept: self.doubts.error.is_some(),
            ..Doubts::default()
        };
    }

    /// Nothing goes again while it is doubted, except once what was refused. True if this was that.
    pub(super) fn is_sent_to_refused(
        &mut self,
        now: u64,
        cause: Cause,
        turn: Turn,
    ) -> Result<bool, Broken> {
        let Some(since) = self.doubts.since() else {
            let may = self.doubts.is_vaguely_refused && cause == Cause::Timer && turn.again == 1;
            self.doubts.is_vaguely_refused &= !may;
            return Ok(may);
        };
        if turn.again > 0 {
            let may =
                matches!(self.doubts.refused, Refused::Once(_)) && self.doubts.error.is_none();
            if !may || turn.again > 1 || cause != Cause::Timer || now < since + MOMENT {
                return broken(
                    Rule::Credulous,
                    format!("{turn:?} to a client that may be gone at {now}"),
                );
            }
            self.doubts.refused = Refused::SentAgain;
            return Ok(true);
        }
        if turn.new > 0 {
            self.doubts.error = self.doubts.error.map(|_| now);
            self.doubts.refused = match self.doubts.refused {
                // The ACK of half a window is new, and yet it is the one packet that is sent once
                // more.
                Refused::Once(_) if cause == Cause::Timer => Refused::SentAgain,
                Refused::Once(_) => Refused::Once(now),
                Refused::Twice(_) => Refused::Twice(now),
                other => other,
            };
        }
        Ok(false)
    }

    /// When a doubt has to be over.
    pub(super) fn end_of_doubt(&self) -> u64 {
        let longest = self.full().max(OWED).max(MOMENT);
        self.doubts.since().map_or(u64::MAX, |since| since + longest)
    }

    /// The end came because of an ERROR or a refusal, rightly.
    pub(super) fn may_believe(&self, now: u64, outcome: &Outcome) -> Verdict {
        let late = |since: u64| now >= since + MOMENT || now >= self.deadline();
        let fits = match outcome {
            Outcome::ClientError { .. } => {
                self.error_heard || self.doubts.error.is_some_and(late) || self.doubts.kept
            }
            Outcome::Unreachable => {
                self.is_refused || matches!(self.doubts.refused, Refused::Twice(at) if late(at))
            }
            _ => true,
        };
        if fits || self.doubts.is_vague {
            return Ok(());
        }
        broken(
            Rule::Credulous,
            format!("{outcome:?} at {now}, {:?}", self.doubts),
        )
    }
}
