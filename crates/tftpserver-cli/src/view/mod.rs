//! What is shown on standard output: live bars on a terminal, lines in a pipe, JSON for machines, or nothing.

mod json;
mod lines;
mod live;

pub use live::drawn;

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::sync::Arc;

use crate::options::Options;
use crate::watch::{Look, Transfer};

/// Shows what happens. Called from several threads.
pub trait View: Send + Sync {
    /// Where it listens, and what it serves.
    fn listening(&self, addresses: &[String], dir: &Path);
    /// A request was taken.
    fn began(&self, _transfer: &Transfer) {}
    /// A transfer is over.
    fn ended(&self, transfer: &Transfer);
    /// Whether it wants `draw` to be called a few times a second.
    fn is_live(&self) -> bool {
        false
    }
    /// Shows everything anew.
    fn draw(&self, _look: &Look) {}
    /// Lets `print` write to the terminal.
    fn aside(&self, print: &mut dyn FnMut()) {
        print();
    }
    /// Nothing more follows.
    fn close(&self) {}
}

/// The view that the options and the terminal ask for.
pub fn choose(options: &Options) -> Arc<dyn View> {
    let is_terminal = io::stdout().is_terminal();
    match options {
        Options { quiet: true, .. } => Arc::new(Nothing),
        Options { json: true, .. } => Arc::new(json::Json),
        Options { plain: false, .. } if is_terminal => Arc::new(live::Live::new()),
        _ => Arc::new(lines::Lines),
    }
}

struct Nothing;

impl View for Nothing {
    fn listening(&self, _: &[String], _: &Path) {}
    fn ended(&self, _: &Transfer) {}
}

/// Writes a line at once. A reader that went away is no reason to end: clients are still there.
fn print(line: &str) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
