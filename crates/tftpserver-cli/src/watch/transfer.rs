//! One transfer, as it is shown.

use std::net::IpAddr;
use std::time::Duration;

use serde::{Serialize, Serializer};
use tftpserver::server::Server;
use tftpserver::server::names;
use tftpserver::server::property::Value;
use tftpserver::server::property::id::{
    CONN_BLOCK_SIZE, CONN_BYTES_TRANSFERRED, CONN_LOCAL_FILE, CONN_RETRANSMISSIONS, CONN_TOTAL_BYTES,
    CONN_WINDOW_SIZE,
};

use super::Outcome;
use crate::text;

/// Whether the client reads or writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Operation {
    Read,
    Write,
}

impl Operation {
    /// From the class' numbers: 1 read, 2 write.
    pub fn of(number: i64) -> Operation {
        match number {
            2 => Operation::Write,
            _ => Operation::Read,
        }
    }

    /// As it is written in figures and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Operation::Read => "read",
            Operation::Write => "write",
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
    /// The name that the client asked for.
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
    /// The class' error number; 0: none.
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
    /// What the server says of connection `id`; `None` once it has gone.
    pub fn of(server: &Server, id: i32) -> Option<Figures> {
        let number = |property| server.get(property, id).and_then(|value| value.to_integer()).ok();
        let positive = |property| number(property).map(|number| u64::try_from(number).unwrap_or(0));
        Some(Figures {
            bytes: positive(CONN_BYTES_TRANSFERRED)?,
            size: number(CONN_TOTAL_BYTES).and_then(|size| u64::try_from(size).ok()),
            blksize: positive(CONN_BLOCK_SIZE)?.try_into().unwrap_or(0),
            windowsize: positive(CONN_WINDOW_SIZE)?.try_into().unwrap_or(0),
            retransmissions: positive(CONN_RETRANSMISSIONS)?,
            seconds: to_micros(server.elapsed(id).ok()?),
        })
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
    /// Adds how it ended, and what the server knows of it at that moment: inside the callback that told.
    pub fn ended(mut self, server: &Server, code: i32, reason: &str) -> Transfer {
        if let Some(figures) = Figures::of(server, self.id) {
            self.figures = figures;
        }
        let path = server.get(CONN_LOCAL_FILE, self.id).and_then(Value::into_text);
        self.path = path.ok().filter(|path| !path.is_empty());
        self.outcome = Outcome::of(code, reason);
        self.code = code;
        // A reason that was given before says more: which rule refused.
        if self.reason.is_empty() {
            self.reason = plain(reason);
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

/// A reason without its number in brackets.
pub fn plain(reason: &str) -> String {
    let words = match reason.split_once("] ") {
        Some((number, words)) if number.starts_with('[') => words,
        _ => reason,
    };
    // The class' headings of two numbers; what was the matter follows them.
    let words = words
        .strip_prefix("Server error. Description contains detailed information. ")
        .or_else(|| words.strip_prefix("Timeout while waiting for server. "))
        .unwrap_or(words);
    words.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_for_people() {
        assert_eq!(
            plain("[10013] Access denied. Uploads are off."),
            "Access denied. Uploads are off."
        );
        assert_eq!(
            plain("Server error. Description contains detailed information. The client sent ERROR 3."),
            "The client sent ERROR 3."
        );
        assert_eq!(
            plain("Can't open local file. File not found"),
            "Can't open local file. File not found"
        );
    }

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
