//! One transfer, as it is shown.

use std::net::IpAddr;
use std::time::Duration;

use serde::{Serialize, Serializer};
use tftp_serve::{Connection, Mode, names};

use super::Outcome;
use super::reason::reason;
use crate::{clock, text};

/// Whether the client reads or writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Operation {
    Read,
    Write,
}

impl Operation {
    /// As it is written in figures and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Operation::Read => "read",
            Operation::Write => "write",
        }
    }
}

impl From<tftp_serve::Operation> for Operation {
    fn from(operation: tftp_serve::Operation) -> Operation {
        match operation {
            tftp_serve::Operation::Read => Operation::Read,
            tftp_serve::Operation::Write => Operation::Write,
        }
    }
}

/// All that is known of one transfer; serialized, the line of `--json` and the page's row.
#[derive(Clone, Debug, Serialize)]
pub struct Transfer {
    pub id: i32,
    /// When the request was taken, as in 2026-01-31T08:15:00.125Z.
    pub began: String,
    pub client: IpAddr,
    pub port: u16,
    pub operation: Operation,
    /// The requested name.
    #[serde(serialize_with = "shown")]
    pub file: String,
    /// The name that rules made of it.
    #[serde(serialize_with = "shown_if_any")]
    pub served: Option<String>,
    /// Where the file is.
    #[serde(serialize_with = "shown_if_any")]
    pub path: Option<String>,
    pub mode: &'static str,
    #[serde(flatten)]
    pub figures: Figures,
    pub outcome: Outcome,
    /// The library's error number (docs/reference/errors.md); 0: none.
    pub code: i32,
    /// Why it ended; "" while it runs.
    pub reason: String,
}

/// The figures of a transfer, at one moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Figures {
    /// Bytes that have arrived.
    pub bytes: u64,
    /// Bytes of the whole, where known.
    pub size: Option<u64>,
    pub blksize: u32,
    pub windowsize: u32,
    pub retransmissions: u64,
    pub seconds: f64,
}

impl Figures {
    /// Those of a connection.
    pub fn of(connection: &Connection) -> Figures {
        Figures {
            bytes: connection.bytes(),
            size: connection.total(),
            blksize: connection.block_size().into(),
            windowsize: connection.window_size().into(),
            retransmissions: connection.repeats(),
            seconds: to_micros(connection.elapsed()),
        }
    }

    /// How long it has taken.
    pub fn took(&self) -> Duration {
        Duration::try_from_secs_f64(self.seconds).unwrap_or_default()
    }

    /// 0 to 100; `None` where the size is not known.
    pub fn percent(&self) -> Option<u64> {
        match self.size? {
            0 => None,
            size => Some((u128::from(self.bytes) * 100 / u128::from(size)).min(100) as u64),
        }
    }
}

impl Transfer {
    /// A transfer as its request describes it.
    pub fn asked(connection: &Connection) -> Transfer {
        Transfer {
            id: connection.id(),
            began: clock::date(),
            client: connection.client().ip(),
            port: connection.client().port(),
            operation: connection.operation().into(),
            file: connection.name().to_owned(),
            served: None,
            path: None,
            mode: match connection.mode() {
                Mode::Netascii => "netascii",
                Mode::Octet => "octet",
            },
            figures: Figures::default(),
            outcome: Outcome::Active,
            code: 0,
            reason: String::new(),
        }
    }

    /// Adds how it ended, and the last figures.
    pub fn ended(mut self, connection: &Connection, outcome: &tftp_serve::Outcome) -> Transfer {
        let reason = reason(outcome, self.operation);
        self.figures = Figures::of(connection);
        self.path = connection.path().map(|path| names::from_path(&path));
        self.outcome = reason.outcome;
        self.code = reason.code;
        // An earlier reason is more precise: the rule that refused.
        if self.reason.is_empty() {
            self.reason = reason.text;
        }
        self
    }

    /// `192.0.2.7:40000` or `[2001:db8::7]:40000`.
    pub fn peer(&self) -> String {
        std::net::SocketAddr::new(self.client, self.port).to_string()
    }

    /// The name, with what rules made of it, safe to print.
    pub fn name(&self) -> String {
        match &self.served {
            Some(served) => text::printable(&format!("{} => {served}", self.file)),
            None => text::printable(&self.file),
        }
    }
}

/// Seconds, without the digits that mean nothing.
fn to_micros(took: Duration) -> f64 {
    took.as_micros() as f64 / 1e6
}

/// A name as people see it: with `\xff` for a byte that is not text.
fn shown<S: Serializer>(name: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&names::shown(name))
}

fn shown_if_any<S: Serializer>(name: &Option<String>, serializer: S) -> Result<S::Ok, S::Error> {
    name.as_deref().map(names::shown).serialize(serializer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn per_cent() {
        let figures = |bytes, size| Figures {
            bytes,
            size,
            ..Figures::default()
        };
        assert_eq!(figures(1, Some(3)).percent(), Some(33));
        assert_eq!(figures(5, Some(3)).percent(), Some(100));
        assert_eq!(figures(u64::MAX, Some(u64::MAX)).percent(), Some(100));
        assert_eq!(figures(5, Some(0)).percent(), None);
        assert_eq!(figures(5, None).percent(), None);
    }
}
