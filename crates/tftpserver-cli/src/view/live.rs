//! The view on a terminal: ended transfers scroll by as lines; below them stay a bar for each one that runs, the latest
//! failures with their reason, and the sums.

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{View, lines};
use crate::clock;
use crate::text;
use crate::watch::{Look, Operation, Transfer};

/// Characters of a bar.
const BAR: usize = 20;
/// Latest failures that stay in sight.
const FAILURES: usize = 3;
/// Lines of the terminal that are left to what scrolls by.
const LEFT: usize = 6;

pub struct Live {
    screen: MultiProgress,
    style: ProgressStyle,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    rows: Vec<ProgressBar>,
    /// When it was drawn last, and how many bytes there were.
    before: Option<(Instant, u64)>,
}

impl Live {
    pub fn new() -> Live {
        Live {
            screen: MultiProgress::with_draw_target(ProgressDrawTarget::stdout()),
            style: ProgressStyle::with_template("{wide_msg}")
                .unwrap_or_else(|_| ProgressStyle::default_bar()),
            state: Mutex::default(),
        }
    }

    fn print(&self, line: &str) {
        // The terminal is gone: nobody looks any more.
        let _ = self.screen.println(line);
    }

    /// Makes the rows below say this.
    fn show(&self, state: &mut State, lines: &[String]) {
        for row in state.rows.drain(lines.len().min(state.rows.len())..) {
            row.finish_and_clear();
            self.screen.remove(&row);
        }
        while state.rows.len() < lines.len() {
            let row = ProgressBar::new(0).with_style(self.style.clone());
            state.rows.push(self.screen.add(row));
        }
        for (row, line) in state.rows.iter().zip(lines) {
            row.set_message(line.clone());
            row.tick();
        }
    }
}

impl View for Live {
    fn listening(&self, addresses: &[String], dir: &Path) {
        self.print(&format!("{}; Ctrl-C ends it", lines::listening(addresses, dir)));
    }

    fn ended(&self, transfer: &Transfer) {
        self.print(&lines::ended(transfer));
    }

    fn is_live(&self) -> bool {
        true
    }

    fn draw(&self, look: &Look) {
        let (height, width) = console_size();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let room = height.saturating_sub(LEFT + FAILURES).max(2);
        let mut lines: Vec<String> = look.active.iter().take(room).map(|one| bar(one, width)).collect();
        if look.active.len() > room {
            lines.push(format!("  and {} more", look.active.len() - room));
        }
        lines.extend(
            look.failed
                .iter()
                .take(FAILURES)
                .rev()
                .map(|one| failure(one, width)),
        );
        lines.push(sums(look, &mut state.before));
        self.show(&mut state, &lines);
    }

    fn aside(&self, print: &mut dyn FnMut()) {
        self.screen.suspend(print);
    }

    fn close(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let rows = std::mem::take(&mut state.rows);
        if let Some(sums) = rows.last() {
            sums.abandon();
        }
        for row in rows.iter().rev().skip(1) {
            row.finish_and_clear();
        }
    }
}

/// Lines and columns.
fn console_size() -> (usize, usize) {
    let (height, width) = console::Term::stdout().size();
    (height.into(), width.into())
}

/// A running transfer: client, file, bar, per cent, bytes, rate, retransmissions.
fn bar(transfer: &Transfer, width: usize) -> String {
    let figures = &transfer.figures;
    let arrow = match transfer.operation {
        Operation::Read => '<',
        Operation::Write => '>',
    };
    let (drawn, percent) = match figures.percent() {
        Some(percent) => {
            let full = percent as usize * BAR / 100;
            (
                format!("{}{}", "#".repeat(full), "-".repeat(BAR - full)),
                format!("{percent:3} %"),
            )
        }
        None => (" ".repeat(BAR), "  ? %".to_owned()),
    };
    let size = text::bytes(figures.bytes);
    let rate = text::rate(figures.bytes, figures.took());
    let right = format!("[{drawn}] {percent} {size:>11} {rate:>13}");
    let again = match figures.retransmissions {
        0 => String::new(),
        count => format!("  {count} sent again"),
    };
    let left = format!("{:<21} {arrow} ", transfer.peer());
    let room = width.saturating_sub(left.chars().count() + right.chars().count() + again.chars().count() + 2);
    let name = text::shortened(&transfer.name(), room.max(8));
    format!("{left}{name:<room$} {right}{again}")
}

fn failure(transfer: &Transfer, width: usize) -> String {
    let reason = text::printable(&transfer.reason);
    let line = format!("! {} {}: {reason}", transfer.peer(), transfer.name());
    text::shortened(&line, width.saturating_sub(1).max(20))
}

/// The last line; `before` is when it was made last, for the rate of now.
fn sums(look: &Look, before: &mut Option<(Instant, u64)>) -> String {
    let sums = look.totals.brief();
    let running: u64 = look.active.iter().map(|transfer| transfer.figures.bytes).sum();
    let again: u64 = look
        .active
        .iter()
        .map(|transfer| transfer.figures.retransmissions)
        .sum();
    let (now, bytes) = (clock::now(), sums.bytes + running);
    let rate = match before.replace((now, bytes)) {
        Some((then, less)) => text::rate(bytes.saturating_sub(less), now - then),
        None => String::new(),
    };
    format!(
        "{} running, {} done, {} failed, {} {rate}{}",
        look.active.len(),
        sums.completed,
        sums.failed,
        text::bytes(bytes),
        match sums.retransmissions + again {
            0 => String::new(),
            count => format!(", {count} packets sent again"),
        }
    )
}
