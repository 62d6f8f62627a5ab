//! Decides whether a client is really gone. ERRORs and ICMP errors are as easy to forge as any
//! packet, so a running transfer acts on one only after a moment without a valid packet of its
//! client.

use alloc::boxed::Box;
use alloc::string::String;
use core::time::Duration;

use crate::time::Instant;
use crate::wire::ErrorCode;

/// How long the ERROR of a client that waits for the server is doubted. Such a client has nothing
/// to acknowledge until the server's packet is sent, which starts the ordinary moment; clients
/// retransmit at about this rate.
const OWED_MOMENT: Duration = Duration::from_secs(1);

/// An ERROR of the client, kept until it is accepted or refuted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ClientError {
    pub code: ErrorCode,
    /// Printable and bounded.
    pub message: String,
}

/// The conclusion when a moment is over.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Belief {
    /// The moment is not over, or there is none.
    Nothing,
    /// The refused packet has to be sent once more.
    SendAgain,
    /// The client is gone; with its ERROR, where it sent one.
    Gone(Option<ClientError>),
}

/// The doubts about one transfer. Nearly every transfer has none, and then it is one pointer.
#[derive(Debug, Default)]
pub(crate) struct Doubt(Option<Box<Open>>);

#[derive(Debug)]
struct Open {
    error: Option<ClientError>,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// An ERROR arrived; it is accepted at that time.
    Error(Instant),
    /// A valid packet followed the ERROR. It is kept until the next one: tftp-hpa's client sends
    /// one stray ACK behind its own ERROR, and the refusal that follows should be reported with the
    /// client's words.
    Refuted,
    /// A packet was refused (ICMP port unreachable); it is sent once more at that time.
    Refused(Instant),
    /// It was sent once more. The next refusal counts, however late: routers limit the rate of
    /// these messages.
    SentAgain,
    /// Refused again; accepted at that time.
    RefusedAgain(Instant),
    /// A newer transfer of the same client has begun.
    Superseded,
}

impl Doubt {
    /// True where there is none, and no newer transfer either.
    pub fn is_clear(&self) -> bool {
        self.0.is_none()
    }

    /// True while the client may be gone: nothing is sent again.
    pub fn is_open(&self) -> bool {
        self.until().is_some()
    }

    /// True where nothing may be sent again: in doubt, or superseded.
    pub fn is_silent(&self) -> bool {
        self.is_open() || self.is_superseded()
    }

    pub fn is_superseded(&self) -> bool {
        matches!(self.0.as_deref(), Some(open) if open.stage == Stage::Superseded)
    }

    /// When the moment is over.
    pub fn until(&self) -> Option<Instant> {
        match self.0.as_deref()?.stage {
            Stage::Error(until) | Stage::Refused(until) | Stage::RefusedAgain(until) => Some(until),
            Stage::Refuted | Stage::SentAgain | Stage::Superseded => None,
        }
    }

    /// Records an ERROR. `owed`: the server has the next packet to send. Only the first of several
    /// starts a moment.
    pub fn error(&mut self, now: Instant, moment: Duration, owed: bool, error: ClientError) {
        if matches!(self.0.as_deref(), Some(open) if matches!(open.stage, Stage::Error(_))) {
            return;
        }
        let moment = if owed { moment.max(OWED_MOMENT) } else { moment };
        self.0 = Some(Box::new(Open {
            error: Some(error),
            stage: Stage::Error(now + moment),
        }));
    }

    /// Records that a packet was refused.
    pub fn refused(&mut self, now: Instant, moment: Duration) {
        let until = now + moment;
        let Some(open) = self.0.as_deref_mut() else {
            self.0 = Some(Box::new(Open {
                error: None,
                stage: Stage::Refused(until),
            }));
            return;
        };
        match open.stage {
            Stage::Refuted => open.stage = Stage::Refused(until),
            Stage::SentAgain => open.stage = Stage::RefusedAgain(until),
            // The rest of a window that was refused, or nothing that goes to this client any more.
            Stage::Error(_) | Stage::Refused(_) | Stage::RefusedAgain(_) | Stage::Superseded => {}
        }
    }

    /// Records that a newer transfer of the same client has begun. An ERROR keeps its moment; a
    /// refused packet is not sent again.
    pub fn supersede(&mut self) {
        let waits =
            matches!(self.0.as_deref(), Some(open) if matches!(open.stage, Stage::Error(_)));
        if !waits {
            self.0 = Some(Box::new(Open {
                error: None,
                stage: Stage::Superseded,
            }));
        }
    }

    /// Restarts the moment because a packet was sent for the first time. `owed`: the client waits
    /// for more before it answers, such as the rest of a window.
    pub fn sent(&mut self, now: Instant, moment: Duration, owed: bool) {
        let Some(open) = self.0.as_deref_mut() else { return };
        let moment = if owed { moment.max(OWED_MOMENT) } else { moment };
        match &mut open.stage {
            Stage::Error(until) | Stage::Refused(until) | Stage::RefusedAgain(until) => {
                *until = now + moment
            }
            Stage::Refuted | Stage::SentAgain | Stage::Superseded => {}
        }
    }

    /// Records a valid packet: the client is there.
    pub fn refute(&mut self) {
        match self.0.as_deref_mut() {
            None => {}
            Some(open) if matches!(open.stage, Stage::Error(_)) => open.stage = Stage::Refuted,
            Some(_) => self.0 = None,
        }
    }

    /// Returns the conclusion at `now`, and advances the stage.
    pub fn expire(&mut self, now: Instant) -> Belief {
        let Some(open) = self.0.as_deref_mut() else {
            return Belief::Nothing;
        };
        match open.stage {
            Stage::Refused(until) if until <= now => {
                open.stage = Stage::SentAgain;
                Belief::SendAgain
            }
            Stage::Error(until) | Stage::RefusedAgain(until) if until <= now => {
                Belief::Gone(self.take_error())
            }
            _ => Belief::Nothing,
        }
    }

    /// The client's ERROR, where the transfer ends for another reason before it was believed or
    /// forgotten.
    pub fn take_error(&mut self) -> Option<ClientError> {
        self.0.take().and_then(|open| open.error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOMENT: Duration = Duration::from_millis(50);

    fn at(millis: u64) -> Instant {
        Instant::from_micros(millis * 1000)
    }

    fn error(code: u16) -> ClientError {
        ClientError {
            code: ErrorCode(code),
            message: "enough".into(),
        }
    }

    #[test]
    fn an_error_counts_only_after_its_delay() {
        let mut doubt = Doubt::default();
        doubt.error(at(0), MOMENT, false, error(3));
        doubt.error(at(40), MOMENT, false, error(4));
        assert_eq!(doubt.until(), Some(at(50)), "a second ERROR does not put it off");
        assert_eq!(doubt.expire(at(49)), Belief::Nothing);
        assert_eq!(doubt.expire(at(50)), Belief::Gone(Some(error(3))));
    }

    #[test]
    fn a_valid_packet_refutes_and_only_a_second_one_forgets() {
        let mut doubt = Doubt::default();
        doubt.error(at(0), MOMENT, false, error(3));
        doubt.refute();
        assert_eq!((doubt.is_open(), doubt.expire(at(99))), (false, Belief::Nothing));
        doubt.refused(at(100), MOMENT);
        assert_eq!(doubt.expire(at(150)), Belief::SendAgain);
        doubt.refused(at(151), MOMENT);
        assert_eq!(doubt.expire(at(201)), Belief::Gone(Some(error(3))));

        doubt.error(at(300), MOMENT, false, error(3));
        doubt.refute();
        doubt.refute();
        assert_eq!(doubt.take_error(), None);
    }

    #[test]
    fn a_refusal_counts_only_when_the_packet_is_refused_again() {
        let mut doubt = Doubt::default();
        for millis in 0..10 {
            doubt.refused(at(millis), MOMENT);
        }
        assert_eq!(doubt.expire(at(49)), Belief::Nothing);
        assert_eq!(doubt.expire(at(50)), Belief::SendAgain);
        assert_eq!(
            (doubt.is_open(), doubt.expire(at(5_000))),
            (false, Belief::Nothing)
        );
        doubt.refused(at(5_000), MOMENT);
        assert_eq!(doubt.expire(at(5_049)), Belief::Nothing);
        assert_eq!(doubt.expire(at(5_050)), Belief::Gone(None));
    }

    #[test]
    fn a_server_that_owes_a_packet_gives_the_client_time_to_ask_for_it() {
        let mut doubt = Doubt::default();
        doubt.error(at(0), MOMENT, true, error(0));
        assert_eq!(doubt.until(), Some(at(1000)));
        doubt.sent(at(50), MOMENT, true);
        assert_eq!(doubt.until(), Some(at(1050)));
        doubt.sent(at(100), MOMENT, false);
        assert_eq!(doubt.until(), Some(at(150)));
    }

    #[test]
    fn superseded_is_silent_until_the_client_sends() {
        let mut doubt = Doubt::default();
        doubt.supersede();
        doubt.refused(at(0), MOMENT);
        assert_eq!((doubt.is_silent(), doubt.is_open()), (true, false));
        doubt.refute();
        assert!(!doubt.is_silent());
    }
}
