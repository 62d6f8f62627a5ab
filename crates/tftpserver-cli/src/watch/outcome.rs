//! How a transfer ended, in a word.

use serde::Serialize;

/// One word for each kind of end; also a label of the figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It runs.
    Active,
    /// Everything arrived.
    Completed,
    /// The client only requested the size, and ended with an ERROR, as boot loaders do.
    Probe,
    /// The client sent an ERROR.
    ClientError,
    /// The client fell silent.
    Timeout,
    /// The file is not there, or cannot be read or written.
    File,
    /// Not allowed: uploads are off, or a rule refused.
    Refused,
    /// Too many at once.
    Limit,
    /// Cut off because the server ended.
    Aborted,
    /// Something else: the network, a fault.
    Failed,
}

impl Outcome {
    /// Every way to end.
    pub const ENDS: [Outcome; 9] = [
        Outcome::Completed,
        Outcome::Probe,
        Outcome::ClientError,
        Outcome::Timeout,
        Outcome::File,
        Outcome::Refused,
        Outcome::Limit,
        Outcome::Aborted,
        Outcome::Failed,
    ];

    /// As it is written in figures and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Active => "active",
            Outcome::Completed => "completed",
            Outcome::Probe => "probe",
            Outcome::ClientError => "client_error",
            Outcome::Timeout => "timeout",
            Outcome::File => "file",
            Outcome::Refused => "refused",
            Outcome::Limit => "limit",
            Outcome::Aborted => "aborted",
            Outcome::Failed => "failed",
        }
    }

    /// True for outcomes that deserve a look at their reason.
    pub fn is_failure(self) -> bool {
        !matches!(self, Outcome::Active | Outcome::Completed | Outcome::Probe)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_json() {
        for outcome in [
            Outcome::Active,
            Outcome::ClientError,
            Outcome::Probe,
            Outcome::Limit,
        ] {
            let json = serde_json::to_string(&outcome).unwrap();
            assert_eq!(json, format!("\"{}\"", outcome.word()));
        }
    }
}
