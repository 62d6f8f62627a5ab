//! A line when a transfer begins and one when it ends.

use std::sync::Arc;

use super::{View, print};
use crate::clock;
use crate::output;
use crate::text;
use crate::watch::{Operation, Outcome, Transfer};

pub struct Lines;

impl View for Lines {
    fn listening(&mut self, dir: &str, described: &str, _addresses: &[String]) {
        print(&dated(&format!(
            "serving {} on {described}",
            text::printable(dir)
        )));
    }

    fn shows_begin(&self) -> bool {
        true
    }

    fn began(&mut self, transfer: &Transfer) {
        let verb = match transfer.operation {
            Operation::Read => "reads",
            Operation::Write => "writes",
        };
        print(&dated(&format!("{} {verb} {}", transfer.peer(), transfer.name())));
    }

    fn ended(&mut self, transfer: &Arc<Transfer>) {
        print(&dated(&ended(transfer, usize::MAX)));
    }

    fn dropped(&mut self, count: u64) {
        print(&dated(&output::left_out(count)));
    }
}

fn dated(line: &str) -> String {
    format!("{} {line}", clock::date())
}

/// How a transfer ended, in one line; where it is longer than `width` columns the name is shortened
/// first.
pub fn ended(transfer: &Transfer, width: usize) -> String {
    let figures = &transfer.figures;
    let peer = transfer.peer();
    let again = match figures.retransmissions {
        0 => String::new(),
        count => format!(", {count} sent again"),
    };
    let verb = transfer.operation.word();
    let (before, after) = match transfer.outcome {
        Outcome::Completed => (format!("{peer} {verb} "), format!(": {}{again}", moved(transfer))),
        Outcome::Probe => (format!("{peer} asked for the size of "), again),
        _ => (
            format!("{peer} {verb} "),
            format!(
                ": FAILED after {}: {}{again}",
                text::bytes(figures.bytes),
                text::printable(&transfer.reason)
            ),
        ),
    };
    fitted(&before, &transfer.name(), &after, width)
}

/// `41.3 KiB in 0.012 s, 3.4 MiB/s`.
fn moved(transfer: &Transfer) -> String {
    let figures = &transfer.figures;
    let mut moved = format!("{} in {:.3} s", text::bytes(figures.bytes), figures.seconds);
    let rate = text::rate(figures.bytes, figures.took());
    if !rate.is_empty() {
        moved.push_str(&format!(", {rate}"));
    }
    moved
}

/// Columns that a name keeps at least.
const NAME: usize = 14;

/// The three texts in one line of `width` columns: the name gives way first, then what follows it.
fn fitted(before: &str, name: &str, after: &str, width: usize) -> String {
    let rest = width.saturating_sub(text::columns(before) + text::columns(after));
    let name = text::shortened(name, rest.max(NAME));
    let line = format!("{before}{name}{after}");
    match text::columns(&line) <= width {
        true => line,
        false => text::cut(&line, width),
    }
}
