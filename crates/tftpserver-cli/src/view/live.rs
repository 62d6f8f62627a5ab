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

/// Columns of a terminal that count as many.
const WIDE: usize = 90;
/// Characters of a bar, at most.
const BAR: usize = 20;
/// Characters that a name should have before a bar gets more than a few.
const NAME: usize = 24;
/// Latest failures that stay in sight.
const FAILURES: usize = 3;
/// Columns at the right that stay free: what is typed, as ^C, must not begin a new line.
const MARGIN: usize = 4;
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
            style: ProgressStyle::with_template("{msg}").unwrap_or_else(|_| ProgressStyle::default_bar()),
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
        lines.push(text::shortened(&sums(look, &mut state.before), width));
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

/// Lines and columns that may be written to.
fn console_size() -> (usize, usize) {
    let (height, width) = console::Term::stdout().size();
    (height.into(), usize::from(width).saturating_sub(MARGIN))
}

/// A running transfer: client, file, bar, per cent, bytes, rate, retransmissions. The name and the bar share what the
/// rest leaves free.
fn bar(transfer: &Transfer, width: usize) -> String {
    let figures = &transfer.figures;
    let arrow = match transfer.operation {
        Operation::Read => '<',
        Operation::Write => '>',
    };
    // On a wide terminal the columns stand below each other.
    let column = |length| if width < WIDE { 0 } else { length };
    let left = format!("{:<1$} {arrow} ", transfer.peer(), column(21));
    let again = match figures.retransmissions {
        0 => String::new(),
        count => format!("  {count} sent again"),
    };
    let percent = figures.percent();
    let percent_text = percent.map_or("  ? %".to_owned(), |percent| format!("{percent:3} %"));
    let (size, rate) = (
        text::bytes(figures.bytes),
        text::rate(figures.bytes, figures.took()),
    );
    let right = format!(
        "{percent_text} {size:>0$} {rate:>1$}{again}",
        column(11),
        column(13)
    );
    let free = width.saturating_sub(left.chars().count() + right.chars().count() + 4);
    let length = free.saturating_sub(NAME).clamp(4, BAR);
    let room = free.saturating_sub(length);
    let name = text::shortened(&transfer.name(), room);
    format!("{left}{name:<room$} [{}] {right}", drawn(percent, length))
}

/// `#####-----`; nothing where the size is not known.
pub fn drawn(percent: Option<u64>, length: usize) -> String {
    match percent {
        Some(percent) => {
            let full = percent as usize * length / 100;
            format!("{}{}", "#".repeat(full), "-".repeat(length - full))
        }
        None => " ".repeat(length),
    }
}

fn failure(transfer: &Transfer, width: usize) -> String {
    let reason = text::printable(&transfer.reason);
    let line = format!("! {} {}: {reason}", transfer.peer(), transfer.name());
    text::shortened(&line, width.max(20))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::{Figures, Outcome};

    fn running(file: &str) -> Transfer {
        Transfer {
            id: 1_000_001,
            began: String::new(),
            client: [192, 0, 2, 7].into(),
            port: 40_000,
            operation: Operation::Read,
            file: file.to_owned(),
            served: None,
            path: None,
            mode: "octet",
            figures: Figures {
                bytes: 600 << 20,
                size: Some(1200 << 20),
                retransmissions: 7,
                seconds: 60.0,
                ..Figures::default()
            },
            outcome: Outcome::Active,
            code: 0,
            reason: String::new(),
        }
    }

    /// On a terminal of 80 columns and on wide ones a transfer has one line, with all that belongs to it.
    #[test]
    fn a_bar_has_one_line() {
        for (width, name) in [(76, 40), (96, 40), (120, 4), (200, 150)] {
            let line = bar(&running(&"n".repeat(name)), width);
            assert!(line.chars().count() <= width, "{width}: {line}");
            for word in [
                "192.0.2.7:40000",
                "#",
                " 50 %",
                "600.0 MiB",
                "10.0 MiB/s",
                "7 sent again",
            ] {
                assert!(line.contains(word), "{width}: {word} in {line}");
            }
        }
        assert!(bar(&running("boot.img"), 100).contains(" boot.img "));
    }
}
