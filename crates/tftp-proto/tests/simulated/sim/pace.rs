//! How much a server may send at a time, how often again, and when it has to end. The bounds:
//! "Bounds on what is sent" in the documentation of `tftp_proto`.

use super::doubts;
use super::rules::{
    Broken, Cause, HALF_OPEN, HALF_OPEN_PACKETS, QUIET, Rule, Turn, Verdict, WINDOW_QUIET, Watcher,
    broken,
};
use tftp_proto::Outcome;

/// Repeated ACKs that follow another one within [`QUIET`], between two new blocks: one for a gap,
/// one for an old block, and one for each of the two when the client has begun anew.
const QUICK_ACKS: u64 = 4;

/// The same at the roll-over: each window that fits both ways to roll over is answered once more,
/// eight at most.
const QUICK_ACKS_AT_ROLLOVER: u64 = QUICK_ACKS + 8;

/// Windows that ACKs restart between two blocks of progress, or two runs of the timer: at an ACK
/// inside the window, at the same one again, and once more after a tail probe.
const PROMPTED_WINDOWS: u64 = 3;

/// The shortest wait of the retransmission timer, where it follows the measured round trip.
const RTO_FLOOR: u64 = 100_000;

fn storm<T>(now: u64, cause: Cause, turn: Turn, why: &str) -> Result<T, Broken> {
    broken(
        Rule::Storm,
        format!("{why}: {turn:?} because of {cause:?} at {now}"),
    )
}

impl Watcher<'_> {
    /// The machine got an input, and everything it had to send is sent.
    pub fn turn_done(&mut self, now: u64, cause: Cause) -> Verdict {
        let turn = std::mem::take(&mut self.turn);
        let packets = turn.new + turn.again + turn.control;
        if !self.answered && packets + turn.errors > 1 {
            return broken(Rule::HalfOpen, format!("{turn:?}"));
        }
        let most = if self.upload {
            1
        } else {
            self.negotiated.windowsize + 1
        };
        if packets > most {
            return storm(now, cause, turn, "more than a window at once");
        }
        let is_excused = self.is_sent_to_refused(now, cause, turn)?;
        if is_excused {
            self.pace.window_goes(now);
        } else if turn.again > 0 && cause != Cause::Begin {
            if self.upload {
                self.ack_again(now, cause, turn)?;
            } else {
                self.window_again(now, cause, turn)?;
            }
        }
        if turn.new + turn.control > 0 || cause == Cause::Begin {
            self.pace.window_goes(now);
        }
        if cause == Cause::Owner {
            self.pace.stirred = now;
        }
        if turn.current {
            self.pace.current = Some(now);
        }
        if packets > 0 {
            self.pace.sent = Some(now);
            self.pace.first_said.get_or_insert(now);
        }
        self.in_time(now)
    }

    fn in_time(&self, now: u64) -> Verdict {
        let is_over = self.error_heard || self.error_said || self.complete && !self.upload;
        let deadline = self.deadline().min(self.end_of_doubt());
        if !is_over && now > deadline {
            return broken(Rule::Overdue, format!("{deadline} at {now}"));
        }
        Ok(())
    }

    /// Part of a window, or the OACK, goes again.
    fn window_again(&mut self, now: u64, cause: Cause, turn: Turn) -> Verdict {
        let lockstep = self.negotiated.windowsize == 1;
        let since = |at: Option<u64>| at.map_or(u64::MAX, |at| now - at);
        let (current, restarted) = (since(self.pace.current), since(self.pace.restarted));
        let is_single = turn.again == 1 && turn.new == 0;
        match cause {
            Cause::Repeat if is_single && current >= QUIET => return Ok(()),
            Cause::Timer if is_single && turn.current && !lockstep && self.answered => {
                return self.restarts(now, cause, turn);
            }
            Cause::Timer if is_single && self.is_tail_probe(now) => {
                self.pace.probed = true;
                return Ok(());
            }
            _ => {}
        }
        let credit = std::mem::take(&mut self.pace.credit);
        match cause {
            Cause::Heard if !credit => return storm(now, cause, turn, "nothing asked for it"),
            Cause::Heard if lockstep => {
                self.pace.prompted += 1;
                if self.pace.prompted > 1 || current < QUIET {
                    return storm(now, cause, turn, "Sorcerer's Apprentice");
                }
            }
            Cause::Heard if restarted >= WINDOW_QUIET => {}
            Cause::Timer if credit && !lockstep && restarted >= WINDOW_QUIET => {}
            Cause::Timer => {
                self.pace.restarted = self.answered.then_some(now);
                return self.wait_passed(now, turn);
            }
            _ => return storm(now, cause, turn, "too soon"),
        }
        self.pace.restarted = Some(now);
        self.pace.window_goes(now);
        self.restarts(now, cause, turn)
    }

    /// From outside, a window restarted by a wait looks like one restarted by an ACK, and where one
    /// block is left, like a tail probe: so they are counted together. However many ACKs arrive,
    /// there are no more.
    fn restarts(&mut self, now: u64, cause: Cause, turn: Turn) -> Verdict {
        self.pace.restarts += 1;
        if self.pace.restarts > (self.patience() + 1) * (PROMPTED_WINDOWS + 2) {
            return storm(now, cause, turn, "N ACKs brought N windows");
        }
        Ok(())
    }

    /// The last block of a window may go again before the wait is over, once.
    fn is_tail_probe(&self, now: u64) -> bool {
        let in_time = self.pace.window.is_some_and(|at| at + QUIET <= now);
        self.negotiated.windowsize > 1 && self.answered && in_time && !self.pace.probed
    }

    fn ack_again(&mut self, now: u64, cause: Cause, turn: Turn) -> Verdict {
        let since = self.pace.sent.map_or(u64::MAX, |at| now - at);
        let credit = std::mem::take(&mut self.pace.credit);
        match cause {
            Cause::Repeat | Cause::Timer
                if since >= QUIET && (credit || cause == Cause::Repeat) =>
            {
                Ok(())
            }
            Cause::Timer => self.wait_passed(now, turn),
            Cause::Heard | Cause::Owner if !credit => {
                storm(now, cause, turn, "nothing asked for it")
            }
            Cause::Heard if since < QUIET => {
                self.pace.prompted += 1;
                let is_at_rollover = self.received == u64::from(u16::MAX);
                let most = if is_at_rollover {
                    QUICK_ACKS_AT_ROLLOVER
                } else {
                    QUICK_ACKS
                };
                if self.pace.prompted > most {
                    return storm(now, cause, turn, "an ACK for every repeated block");
                }
                Ok(())
            }
            Cause::Heard | Cause::Owner => Ok(()),
            _ => storm(now, cause, turn, "too soon"),
        }
    }

    /// The retransmission timer: it runs from the last first copy, or from its own last run.
    fn wait_passed(&mut self, now: u64, turn: Turn) -> Verdict {
        let since = self.pace.window.map_or(u64::MAX, |at| now - at);
        self.pace.window_goes(now);
        self.pace.silences += 1;
        if since < self.least() || self.pace.silences > self.patience() {
            let why = format!("wait {} of {}, {since} us", self.pace.silences, self.patience());
            return storm(now, Cause::Timer, turn, &why);
        }
        Ok(())
    }

    /// Ended: checks that the one packet for this ending went to the client.
    pub fn ended(&self, now: u64, outcome: Option<&Outcome>) -> Verdict {
        let fits = match outcome {
            None => false,
            Some(Outcome::Complete) => self.complete && !self.error_said,
            Some(Outcome::ClientError { .. } | Outcome::Unreachable) => !self.error_said,
            // A client that never answered may not exist: it gets the ERROR only in place of the
            // first packet.
            Some(Outcome::TimedOut { .. }) => {
                let was_sent_nothing = self.pace.first_said.is_none();
                self.error_said == (self.answered || was_sent_nothing)
            }
            Some(Outcome::Oversized | Outcome::Failed) => self.error_said,
        };
        if !fits {
            let (said, heard) = (self.error_said, self.error_heard);
            return broken(
                Rule::Untold,
                format!("{outcome:?}, ERROR sent {said}, came {heard}"),
            );
        }
        if let Some(outcome) = outcome {
            self.may_believe(now, outcome)?;
        }
        self.half_open_in_all()
    }

    /// A forged request brings so much and no more.
    fn half_open_in_all(&self) -> Verdict {
        let errors = u64::from(self.error_said && !self.answered);
        let packets = self.figures.half_open_packets - errors;
        if packets > HALF_OPEN_PACKETS {
            return broken(
                Rule::HalfOpen,
                format!("{packets} packets to a client that may not exist"),
            );
        }
        Ok(())
    }
}

/// The limits of time, all in microseconds.
impl Watcher<'_> {
    /// The longest wait, in microseconds.
    pub(super) fn full(&self) -> u64 {
        self.negotiated
            .wait
            .unwrap_or(self.settings.retransmit_timeout)
            .max(10_000)
    }

    /// The shortest wait of the retransmission timer.
    pub(super) fn least(&self) -> u64 {
        let adaptive = self.settings.adaptive && self.negotiated.wait.is_none();
        if adaptive {
            self.full().min(RTO_FLOOR)
        } else {
            self.full()
        }
    }

    /// How many waits may pass before it gives up.
    pub(super) fn patience(&self) -> u64 {
        let doublings = (0..)
            .take_while(|&doubled| self.least() << doubled < self.full())
            .count();
        u64::from(self.settings.max_retransmits) + doublings as u64
    }

    /// When it has to be over if it does not wait for its own side. The limits: `Timing`.
    pub(super) fn deadline(&self) -> u64 {
        if self.complete {
            return self.pace.progress + 5 * (self.full().max(5_000_000) + 1_000_000);
        }
        if self.whole {
            return u64::MAX;
        }
        let absolute = self
            .settings
            .absolute
            .map_or(u64::MAX, |limit| self.pace.begun + limit);
        let inactivity = self
            .settings
            .inactivity
            .map(|limit| limit.max(2 * self.negotiated.wait.unwrap_or(0)));
        let idle = inactivity.map_or(u64::MAX, |limit| self.pace.progress + limit);
        let waits_for_owner =
            self.held || !self.upload && !self.opening() && self.high == self.acked;
        let last = self.pace.stirred.max(self.pace.progress);
        // A window that an ACK restarts puts the timer off.
        let put_off = if self.upload { 1 } else { PROMPTED_WINDOWS + 1 };
        let silent = if waits_for_owner {
            u64::MAX
        } else {
            let doubts = if self.was_doubted {
                doubts::delay(self.full())
            } else {
                0
            };
            last + (self.patience() + 2) * self.full() * put_off + doubts
        };
        let half_open = match self.pace.first_said {
            Some(first) if !self.answered => first + HALF_OPEN,
            _ => u64::MAX,
        };
        absolute.min(idle).min(silent).min(half_open)
    }
}
