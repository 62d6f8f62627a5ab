//! Converts the machine's endings to outcomes for the application, the log and the figures.

use std::io;

use tftp_machine::Ending;

use crate::{ErrorCode, Outcome, Refusal};

/// Returns the outcome of a transfer. `kept`: the reason why storage, the application or a socket
/// failed.
pub(super) fn outcome(how: &Ending, kept: Option<Outcome>) -> Outcome {
    match how {
        Ending::Complete => Outcome::Complete,
        Ending::ClientError {
            code,
            message,
            probe,
        } => {
            let (code, text) = (*code, message.clone());
            match probe {
                true => Outcome::Probe { code, text },
                false => Outcome::ClientError { code, text },
            }
        }
        Ending::Silent { probably_complete } => Outcome::Silent {
            probably_complete: *probably_complete,
        },
        Ending::GaveWay => Outcome::Silent {
            probably_complete: false,
        },
        Ending::Unreachable => Outcome::network(tftp_udp::refused()),
        Ending::TooLong => Outcome::network(tftp_udp::too_long()),
        Ending::Oversized => Outcome::Oversized,
        Ending::Replaced => Outcome::Replaced,
        Ending::Unanswered => Outcome::Unanswered,
        Ending::Busy => Outcome::Limit,
        Ending::Shutdown => Outcome::Shutdown,
        Ending::Abandoned => Outcome::Internal,
        Ending::NoPort(_) => {
            kept.unwrap_or_else(|| Outcome::network(io::ErrorKind::AddrInUse.into()))
        }
        Ending::Missing | Ending::Failed | Ending::Decided => {
            kept.unwrap_or_else(|| Refusal::new(ErrorCode::UNDEFINED, "Ended by the server").into())
        }
    }
}
