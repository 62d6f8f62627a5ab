//! A line when a transfer begins and one when it ends.

use std::path::Path;

use super::{View, print};
use crate::clock;
use crate::text;
use crate::watch::{Operation, Outcome, Transfer};

pub struct Lines;

impl View for Lines {
    fn listening(&self, addresses: &[String], dir: &Path) {
        print(&dated(&listening(addresses, dir)));
    }

    fn began(&self, transfer: &Transfer) {
        let verb = match transfer.operation {
            Operation::Read => "reads",
            Operation::Write => "writes",
        };
        print(&dated(&format!("{} {verb} {}", transfer.peer(), transfer.name())));
    }

    fn ended(&self, transfer: &Transfer) {
        print(&dated(&ended(transfer)));
    }
}

fn dated(line: &str) -> String {
    format!("{} {line}", clock::date())
}

/// What is served where.
pub fn listening(addresses: &[String], dir: &Path) -> String {
    let dir = text::printable(&dir.to_string_lossy());
    format!("serving {dir} on {}", addresses.join(" and "))
}

/// How a transfer ended, in one line.
pub fn ended(transfer: &Transfer) -> String {
    let figures = &transfer.figures;
    let (peer, name) = (transfer.peer(), transfer.name());
    let verb = transfer.operation.word();
    let mut line = match transfer.outcome {
        Outcome::Completed => {
            let (size, rate) = (
                text::bytes(figures.bytes),
                text::rate(figures.bytes, figures.took()),
            );
            let rate = if rate.is_empty() {
                rate
            } else {
                format!(", {rate}")
            };
            format!("{peer} {verb} {name}: {size} in {:.3} s{rate}", figures.seconds)
        }
        Outcome::Probe => format!("{peer} asked for the size of {name}"),
        _ => format!(
            "{peer} {verb} {name}: FAILED after {}: {}",
            text::bytes(figures.bytes),
            text::printable(&transfer.reason)
        ),
    };
    if figures.retransmissions > 0 {
        line.push_str(&format!(", {} sent again", figures.retransmissions));
    }
    line
}
