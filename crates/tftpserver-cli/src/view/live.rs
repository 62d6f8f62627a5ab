//! The view on a terminal: ended transfers scroll by as lines; below them stay a row for each one
//! that runs, the latest failures with their reason, and the sums.

use std::collections::VecDeque;
use std::sync::Arc;

use console::Term;

use super::rates::Rates;
use super::{View, lines, rows};
use crate::clock;
use crate::output;
use crate::text;
use crate::watch::{BoardSnapshot, Transfer};

/// Latest failures that stay in sight.
const FAILURES: usize = 3;
/// Columns at the right that stay free: what is typed, as ^C, must not begin a new line.
const MARGIN: usize = 4;
/// Lines of the terminal that are left to what scrolls by.
const LEFT: usize = 6;
/// The id that the sums have among the rates.
const SUMS: i32 = 0;

pub struct Live {
    /// Written to in one piece, when it is flushed.
    terminal: Term,
    /// The rows at the bottom, as they were written last.
    rows: Vec<String>,
    /// The latest last. They become lines that scroll by when others take their place: each is
    /// shown once.
    failed: VecDeque<Arc<Transfer>>,
    rates: Rates,
}

impl Live {
    pub fn new() -> Live {
        Live {
            terminal: Term::buffered_stdout(),
            rows: Vec::new(),
            failed: VecDeque::new(),
            rates: Rates::default(),
        }
    }

    /// Writes a line that scrolls by, above the rows.
    fn print(&mut self, line: &str) {
        let rows = std::mem::take(&mut self.rows);
        self.erase(&rows);
        // Where the terminal is gone nothing can be shown, here and below.
        let _ = self.terminal.write_line(line);
        self.show(rows);
    }

    /// Replaces the rows.
    fn show(&mut self, rows: Vec<String>) {
        if rows == self.rows {
            return;
        }
        let before = std::mem::replace(&mut self.rows, rows);
        self.erase(&before);
        for row in &self.rows {
            let _ = self.terminal.write_line(row);
        }
        let _ = self.terminal.flush();
    }

    /// Goes up to where `rows` begin, and clears everything from there on, what was typed below
    /// them too.
    fn erase(&self, rows: &[String]) {
        let (_, columns) = self.terminal.size();
        let columns = usize::from(columns).max(1);
        // The terminal may have become narrower since they were written.
        let lines = rows.iter().map(|row| text::columns(row).div_ceil(columns).max(1));
        let _ = self.terminal.move_cursor_up(lines.sum());
        let _ = self.terminal.write_str("\r");
        let _ = self.terminal.clear_to_end_of_screen();
    }

    /// The rows of the transfers that run, as many as there is room for.
    fn bars(&mut self, snapshot: &BoardSnapshot, height: usize, width: usize) -> Vec<String> {
        let now = clock::now();
        let room = height.saturating_sub(LEFT + FAILURES).max(2);
        let mut bars = Vec::new();
        for one in snapshot.active.iter().take(room) {
            let mut rate = self.rates.note(one.id, now, one.figures.bytes);
            if rate.is_empty() {
                rate = text::rate(one.figures.bytes, one.figures.took());
            }
            bars.push(rows::bar(one, &rate, width));
        }
        if snapshot.active.len() > room {
            bars.push(format!("  and {} more", snapshot.active.len() - room));
        }
        let drawn: Vec<i32> = snapshot.active.iter().take(room).map(|one| one.id).collect();
        self.rates
            .retain(|id| id == SUMS || drawn.binary_search(&id).is_ok());
        bars
    }
}

impl View for Live {
    fn listening(&mut self, dir: &str, described: &str, _addresses: &[String]) {
        let (_, width) = console_size();
        let dir = text::printable(dir);
        let line = format!("serving {dir} on {described}; Ctrl-C ends it");
        if text::columns(&line) <= width {
            return self.print(&line);
        }
        self.print(&text::shortened(&format!("serving {dir}"), width));
        for address in described.split(" and ") {
            self.print(&text::shortened(&format!("on {address}"), width));
        }
        self.print(&text::cut("Ctrl-C ends it", width));
    }

    fn ended(&mut self, transfer: &Arc<Transfer>) {
        let (_, width) = console_size();
        if !transfer.outcome.is_failure() {
            return self.print(&lines::ended(transfer, width));
        }
        self.failed.push_back(Arc::clone(transfer));
        if self.failed.len() > FAILURES
            && let Some(oldest) = self.failed.pop_front()
        {
            self.print(&rows::failure(&oldest, width));
        }
    }

    fn dropped(&mut self, count: u64) {
        self.print(&output::left_out(count));
    }

    fn is_live(&self) -> bool {
        true
    }

    fn draw(&mut self, snapshot: &BoardSnapshot) {
        let (height, width) = console_size();
        let mut lines = self.bars(snapshot, height, width);
        lines.extend(self.failed.iter().map(|one| rows::failure(one, width)));
        let rate = self.rates.note(SUMS, clock::now(), snapshot.sums().bytes);
        lines.push(rows::sums(snapshot, &rate, width));
        self.show(lines);
    }

    fn aside(&mut self, lines: &[u8]) {
        let rows = std::mem::take(&mut self.rows);
        self.erase(&rows);
        let _ = self.terminal.flush();
        output::write_stderr(lines);
        self.show(rows);
    }

    /// Leaves the failures and the final totals on the terminal.
    fn close(&mut self, last: &BoardSnapshot) {
        let (_, width) = console_size();
        let mut rows: Vec<String> =
            self.failed.iter().map(|one| rows::failure(one, width)).collect();
        rows.push(rows::sums(last, "", width));
        self.show(rows);
    }
}

/// Lines and columns that may be written to.
fn console_size() -> (usize, usize) {
    let (height, width) = Term::stdout().size();
    (height.into(), usize::from(width).saturating_sub(MARGIN))
}
