//! The sums of all transfers that ended.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Operation, Outcome, Transfer};

/// Upper bounds of the classes of durations, in seconds; the last class has none.
pub const BOUNDS: [f64; 12] = [0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0];

/// The labels that are counted apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kind {
    pub operation: Operation,
    pub outcome: Outcome,
}

impl Kind {
    /// Every kind of transfer that has ended.
    pub fn all() -> impl Iterator<Item = Kind> {
        [Operation::Read, Operation::Write]
            .into_iter()
            .flat_map(|operation| Outcome::ENDS.map(|outcome| Kind { operation, outcome }))
    }
}

/// The sums of one kind.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    pub count: u64,
    /// Seconds, all together.
    pub seconds: f64,
    /// How many took no longer than the bound, and longer than the one before.
    pub classes: [u64; BOUNDS.len() + 1],
    /// Bytes that arrived, of transfers that failed too.
    pub bytes: u64,
}

/// The sums.
#[derive(Clone, Debug, Default)]
pub struct Totals {
    pub rows: BTreeMap<Kind, Row>,
    pub retransmissions: u64,
}

/// The sums in a few words, for the page.
#[derive(Debug, Serialize)]
pub struct Brief {
    pub completed: u64,
    pub failed: u64,
    pub bytes: u64,
    pub retransmissions: u64,
}

impl Totals {
    /// Counts a transfer that ended.
    pub fn add(&mut self, transfer: &Transfer) {
        let kind = Kind {
            operation: transfer.operation,
            outcome: transfer.outcome,
        };
        let row = self.rows.entry(kind).or_default();
        row.count += 1;
        row.seconds += transfer.figures.seconds;
        let class = BOUNDS.partition_point(|&bound| bound < transfer.figures.seconds);
        row.classes[class] += 1;
        row.bytes += transfer.figures.bytes;
        self.retransmissions += transfer.figures.retransmissions;
    }

    /// The sums of one kind; zero where there was none.
    pub fn row(&self, kind: Kind) -> Row {
        self.rows.get(&kind).cloned().unwrap_or_default()
    }

    /// Bytes that arrived in one direction.
    pub fn bytes_of(&self, operation: Operation) -> u64 {
        let rows = self.rows.iter().filter(|(kind, _)| kind.operation == operation);
        rows.map(|(_, row)| row.bytes).sum()
    }

    /// The sums in a few words.
    pub fn brief(&self) -> Brief {
        let count = |which: fn(Outcome) -> bool| {
            let rows = self.rows.iter().filter(|(kind, _)| which(kind.outcome));
            rows.map(|(_, row)| row.count).sum()
        };
        Brief {
            completed: count(|outcome| outcome == Outcome::Completed),
            failed: count(Outcome::is_failure),
            bytes: self.bytes_of(Operation::Read) + self.bytes_of(Operation::Write),
            retransmissions: self.retransmissions,
        }
    }
}
