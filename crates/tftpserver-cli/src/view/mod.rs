//! Views for standard output: live rows on a terminal, lines in a pipe, JSON for machines, or
//! nothing.
//!
//! Views run on the thread that writes standard output ([`crate::output`]), and on no other.

mod json;
mod lines;
mod live;
mod rates;
mod rows;

pub use rows::drawn;

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;

use crate::options::Options;
use crate::output;
use crate::system::service_manager;
use crate::watch::{BoardSnapshot, Transfer};

/// Fetches everything that a live view shows.
pub type Snapshot = Arc<dyn Fn() -> BoardSnapshot + Send + Sync>;

/// Shows what happens. Every method may block, for as long as standard output does.
pub trait View: Send {
    /// Shows the directory and the addresses: `described` as text for people, `addresses` one by
    /// one.
    fn listening(&mut self, dir: &str, described: &str, addresses: &[String]);
    /// Whether [`View::began`] does anything.
    fn shows_begin(&self) -> bool {
        false
    }
    /// A request was taken.
    fn began(&mut self, _transfer: &Transfer) {}
    /// A transfer is over.
    fn ended(&mut self, transfer: &Arc<Transfer>);
    /// So many items were dropped before they came here.
    fn dropped(&mut self, count: u64);
    /// Whether it wants `draw` to be called a few times a second.
    fn is_live(&self) -> bool {
        false
    }
    /// Shows everything anew.
    fn draw(&mut self, _look: &BoardSnapshot) {}
    /// Writes lines of the log to the terminal of a live view.
    fn aside(&mut self, lines: &[u8]) {
        output::write_stderr(lines);
    }
    /// Nothing more follows; `last` is how everything ended.
    fn close(&mut self, _last: &BoardSnapshot) {}
}

/// The view that the options and the terminal ask for; `None`: nothing is shown.
pub fn choose(options: &Options) -> Option<Box<dyn View>> {
    // A dumb terminal cannot go back to a row.
    let is_terminal =
        io::stdout().is_terminal() && std::env::var_os("TERM").is_none_or(|kind| kind != "dumb");
    match options {
        Options { quiet: true, .. } => None,
        Options { json: true, .. } => Some(Box::new(json::Json)),
        Options { plain: false, .. } if is_terminal => Some(Box::new(live::Live::new())),
        _ => Some(Box::new(lines::Lines)),
    }
}

/// Writes a line at once. A reader that went away is no reason to end: clients are still there.
fn print(line: &str) {
    if service_manager::keep(format!("{line}\n").as_bytes()) {
        return;
    }
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
