//! How the machine's endings read to the application, the log and the figures.

use std::io;

use tftp_machine::Ending;

use crate::cause::Cause;

/// Why a transfer ended; `None`: it is whole. `kept`: why storage, the application or a socket failed.
pub(super) fn cause(how: &Ending, kept: Option<Cause>) -> Option<Cause> {
    Some(match how {
        Ending::Complete => return None,
        Ending::ClientError { code, message, probe } => Cause::ClientError {
            code: code.0,
            message: message.clone(),
            probe: *probe,
        },
        Ending::Silent { probably_complete } => Cause::Silent {
            probably_complete: *probably_complete,
        },
        Ending::GaveWay => Cause::Silent {
            probably_complete: false,
        },
        Ending::Unreachable => Cause::Socket(tftp_udp::refused()),
        Ending::TooLong => Cause::Socket(tftp_udp::too_long()),
        Ending::Oversized => Cause::Oversized,
        Ending::Replaced => Cause::Replaced,
        Ending::Unanswered => Cause::Unanswered,
        Ending::Busy => Cause::TooMany,
        Ending::Shutdown => Cause::Ended("Server is shutting down"),
        Ending::Abandoned => Cause::Internal,
        Ending::NoPort(_) => kept.unwrap_or_else(|| Cause::Socket(io::ErrorKind::AddrInUse.into())),
        Ending::Missing | Ending::Failed | Ending::Decided => {
            kept.unwrap_or(Cause::Ended("Ended by the server"))
        }
    })
}
