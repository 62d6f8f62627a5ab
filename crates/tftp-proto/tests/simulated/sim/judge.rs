//! How a transfer ended at both ends together, and which endings there may be.

use super::Client;
use super::net::CLIENT;
use super::plan::{Habit, Plan};
use super::server::Server;
use super::session::Session;
use tftp_proto::Outcome;
use tftp_sim::client::State;

/// Every ending that is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ending {
    /// Both have the file and know that the other has it.
    Whole,
    /// The receiver has the file, and its last ACK was lost (the two generals). A server that sent
    /// reports "probably complete", a client that sent reports a failure.
    LastAckLost,
    /// Failed, and an ERROR that one sent reached the other.
    Error,
    /// Failed, each by its own clock, because the other's packet was lost or the request never
    /// arrived.
    Silence,
    /// One of them died, the other noticed by its clock or by an ERROR 5.
    Died,
    /// The application gave up while the last ACK was on its way: whole for the client.
    Crossed,
    /// A forged packet ended it while the client was silent.
    Forged,
    /// A damaged datagram was taken for a good one, which TFTP cannot detect: only the rules hold,
    /// and both end.
    Deceived,
}

impl Ending {
    pub const ALL: [Ending; 8] = [
        Ending::Whole,
        Ending::LastAckLost,
        Ending::Error,
        Ending::Silence,
        Ending::Died,
        Ending::Crossed,
        Ending::Forged,
        Ending::Deceived,
    ];
}

/// Panics where the two ends do not fit together.
pub fn judge(plan: &Plan, client: &Client<'_>, server: &Server<'_>) -> Ending {
    let bound = server.bound(client.bound);
    let deceived =
        client.deceived || server.sessions.iter().any(|session| session.watcher.deceived);
    if deceived {
        assert!(
            plan.path.damage > 0 || plan.habit == Habit::Malicious,
            "deceived by nothing"
        );
        return Ending::Deceived;
    }
    if plan.path.damage == 0 && plan.path.strays == 0 {
        assert!(server.sessions.iter().all(|session| session.peer == CLIENT));
    }
    for other in &server.sessions {
        let is_bound = bound.is_some_and(|bound| std::ptr::eq(bound, other));
        assert!(
            is_bound || other.outcome() != Some(&Outcome::Complete),
            "complete, and nobody took part"
        );
    }
    if client.state == State::Done && !plan.upload {
        assert_eq!(
            client.got,
            client.size(),
            "complete for the client, but not whole"
        );
    }
    match bound {
        Some(session) => pair(plan, client.state, session),
        None => alone(plan, client.state, server),
    }
}

/// The client never heard of a transfer.
fn alone(plan: &Plan, client: State, server: &Server<'_>) -> Ending {
    let died = server.sessions.iter().any(|session| session.is_dead);
    match client {
        State::GaveUp if died || plan.owner.dies_at.is_some() => Ending::Died,
        State::GaveUp => Ending::Silence,
        State::Refused => Ending::Silence,
        State::Died => Ending::Died,
        // By the listening port: the request was damaged.
        State::ErrorReceived(1 | 4) if plan.path.damage > 0 => Ending::Error,
        State::ErrorReceived(_) if plan.path.damage > 0 => Ending::Silence,
        _ => panic!("{client:?} without a transfer"),
    }
}

fn pair(plan: &Plan, client: State, session: &Session<'_>) -> Ending {
    let watcher = &session.watcher;
    let whole = watcher.received == watcher.blocks();
    match (client, session.outcome()) {
        (_, Some(Outcome::ClientError { .. } | Outcome::Unreachable)) if plan.path.forged > 0 => {
            Ending::Forged
        }
        (State::Done, Some(Outcome::Unreachable)) if !plan.upload => Ending::LastAckLost,
        (State::Done, Some(Outcome::Complete)) => {
            assert!(whole || !plan.upload, "complete, but not whole");
            Ending::Whole
        }
        (State::Done, Some(&Outcome::TimedOut { probably_complete })) if !plan.upload => {
            // Of one block without an OACK nothing was ever acknowledged.
            assert!(probably_complete || !watcher.answered, "the client has it all");
            Ending::LastAckLost
        }
        (State::Done, Some(Outcome::Failed)) if !plan.upload && plan.owner.fails_at.is_some() => {
            Ending::Crossed
        }
        (State::Done, None) if !plan.upload && session.is_dead => Ending::Died,
        (State::Running | State::Done, outcome) => {
            panic!("{client:?} for the client, for the server {outcome:?}")
        }
        (_, Some(Outcome::Complete)) => {
            assert!(plan.upload && whole, "complete without the last ACK");
            Ending::LastAckLost
        }
        (_, None) => {
            assert!(
                session.is_dead,
                "{client:?} for the client, and no end for the server"
            );
            Ending::Died
        }
        (State::Died, Some(_)) => Ending::Died,
        (State::ErrorReceived(code), Some(outcome)) => error_received(plan, code, outcome),
        (State::Refused, Some(Outcome::ClientError { .. })) => Ending::Error,
        (State::Refused | State::GaveUp, Some(outcome)) => {
            let silent = matches!(
                outcome,
                Outcome::TimedOut { .. } | Outcome::Unreachable | Outcome::Failed
            );
            let fits = silent || plan.path.damage > 0;
            assert!(fits, "{client:?} for the client, for the server {outcome:?}");
            Ending::Silence
        }
    }
}

/// Checks that the ERROR that the client got names the reason.
fn error_received(plan: &Plan, code: u16, outcome: &Outcome) -> Ending {
    let fits = match outcome {
        Outcome::TimedOut { .. } => code == 0,
        Outcome::Failed => code == 3,
        Outcome::Oversized => code == 4,
        _ => false,
    };
    // 5: the server had ended already, and its own ERROR was lost.
    assert!(
        fits || code == 5 || plan.path.damage > 0,
        "ERROR {code} for {outcome:?}"
    );
    Ending::Error
}
