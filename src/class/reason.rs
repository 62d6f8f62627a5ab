//! The reasons why the application ended a connection. The library carries the reason, in the
//! refusal, to the end event.

use std::error::Error;
use std::fmt;

use tftp_serve::{ErrorCode, Refusal};

use super::errors::{ABORTED, ACCESS_DENIED, Failure, NO_LOCAL_FILE};

/// The reason why the application, or the class on its behalf, ended a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// ConnectionRequest refused it: for the application it never began.
    Denied,
    /// A callback returned this.
    Callback(i32),
    /// Disconnect was called.
    Disconnect,
    /// The application is the source, and DataWanted has no callback.
    NoFeeder,
    /// It is an upload, and neither a file nor a Transfer callback takes the data.
    NoPlace,
}

impl Reason {
    /// Returns the refusal that the client gets, which carries the reason.
    pub(super) fn refusal(self) -> Refusal {
        let refusal = match self {
            Reason::Denied => Refusal::access_denied(),
            Reason::Callback(_) => {
                Refusal::new(ErrorCode::UNDEFINED, "Ended by the server's application")
            }
            Reason::Disconnect => Refusal::new(ErrorCode::UNDEFINED, "Ended by Disconnect"),
            Reason::NoFeeder => Refusal::not_found(),
            Reason::NoPlace => Refusal::new(ErrorCode::NOT_FOUND, "No place for this file"),
        };
        refusal.because(self)
    }

    /// Returns the reason that a refusal carries, if any.
    pub(super) fn of(refusal: &Refusal) -> Option<Reason> {
        refusal.source()?.downcast_ref().copied()
    }

    /// Returns the failure that events report.
    pub(super) fn failure(self) -> Failure {
        match self {
            Reason::Denied => Failure::new(ACCESS_DENIED, "Refused by ConnectionRequest."),
            Reason::Callback(answer) => {
                Failure::new(ABORTED, &format!("A callback returned {answer}."))
            }
            Reason::Disconnect => Failure::new(ABORTED, "Ended by Disconnect"),
            Reason::NoFeeder => Failure::new(
                NO_LOCAL_FILE,
                "ConnDataSize is set, and DataWanted has no callback.",
            ),
            Reason::NoPlace => Failure::plain(NO_LOCAL_FILE),
        }
    }
}

/// The text for the log.
impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Callback(answer) => write!(f, "a callback returned {answer}"),
            reason => f.write_str(reason.refusal().text()),
        }
    }
}

impl Error for Reason {}
