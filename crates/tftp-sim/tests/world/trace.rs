//! The trace of a world, line by line, if tracing is on.

use super::net::Flight;

/// The number of lines that a failure shows.
const SHOWN: usize = 40;

pub struct Trace {
    tracing: bool,
    lines: Vec<String>,
}

impl Trace {
    pub fn new(tracing: bool) -> Trace {
        Trace {
            tracing,
            lines: Vec::new(),
        }
    }

    pub fn note(&mut self, now: u64, what: impl FnOnce() -> String) {
        if self.tracing {
            self.lines.push(format!("{now:>12} us  {}", what()));
        }
    }

    pub fn flight(&mut self, now: u64, flight: &Flight) {
        self.note(now, || {
            let damaged = if flight.clean { "" } else { " (damaged)" };
            let head = flight.bytes[..flight.bytes.len().min(40)].escape_ascii();
            let length = flight.bytes.len();
            format!(
                "{} -> {}: {:?} {length} bytes \"{head}\"{damaged}",
                flight.from, flight.to, flight.kind
            )
        });
    }

    /// Returns the whole trace, or its end.
    pub fn show(&self, whole: bool) -> String {
        let from = if whole {
            0
        } else {
            self.lines.len().saturating_sub(SHOWN)
        };
        self.lines[from..].join("\n")
    }
}
