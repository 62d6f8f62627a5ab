//! The bar, where standard error is a terminal.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::link::Summary;
use crate::text;
use crate::view::drawn;

/// Characters of the bar.
const BAR: usize = 20;
/// Columns that the figures take.
const REST: usize = 60;

pub struct Progress {
    bar: Option<ProgressBar>,
    name: String,
}

impl Progress {
    /// Shows nothing if `quiet`, or if standard error is no terminal.
    pub fn new(name: &str, quiet: bool) -> Progress {
        let bar = (!quiet && std::io::stderr().is_terminal()).then(|| {
            let style = ProgressStyle::with_template("{msg}")
                .unwrap_or_else(|_| ProgressStyle::default_bar());
            ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10))
                .with_style(style)
        });
        Progress {
            bar,
            name: text::printable(name),
        }
    }

    pub fn show(&self, summary: &Summary, took: Duration) {
        let Some(bar) = &self.bar else { return };
        let due = bar.elapsed().as_millis() / 100;
        // A window of small blocks is no reason to write a line for each.
        if due as u64 > bar.position() {
            bar.set_position(due as u64);
            bar.set_message(line(
                &self.name,
                summary,
                took,
                console::Term::stderr().size().1.into(),
            ));
        }
    }

    /// The bar goes; where it ended well a line stays.
    pub fn close(&self, summary: Option<&Summary>) {
        let Some(bar) = &self.bar else { return };
        bar.finish_and_clear();
        if let Some(summary) = summary {
            let took = Duration::from_secs_f64(summary.seconds);
            let (size, rate) = (text::bytes(summary.bytes), text::rate(summary.bytes, took));
            let rate = if rate.is_empty() {
                rate
            } else {
                format!(", {rate}")
            };
            eprintln!("{}: {size} in {:.3} s{rate}", self.name, summary.seconds);
        }
    }
}

fn line(name: &str, summary: &Summary, took: Duration, width: usize) -> String {
    let percent = summary
        .size
        .map(|size| (summary.bytes.min(size) * 100).checked_div(size).unwrap_or(100));
    let shown = percent.map_or("  ? %".to_owned(), |percent| format!("{percent:3} %"));
    let again = match summary.retransmissions {
        0 => String::new(),
        count => format!("  {count} sent again"),
    };
    let name = text::shortened(name, width.saturating_sub(REST + again.len()).max(8));
    let (bytes, rate) = (text::bytes(summary.bytes), text::rate(summary.bytes, took));
    format!(
        "{name} [{}] {shown} {bytes:>11} {rate:>13}{again}",
        drawn(percent, BAR)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_all_that_is_known_and_fits() {
        let summary = Summary {
            bytes: 64 << 20,
            size: Some(256 << 20),
            retransmissions: 7,
            ..Summary::default()
        };
        let line = line(&"n".repeat(100), &summary, Duration::from_secs(8), 80);
        assert!(line.chars().count() <= 80, "{line}");
        for word in [
            "[#####---------------]",
            " 25 %",
            "64.0 MiB",
            "8.0 MiB/s",
            "7 sent again",
        ] {
            assert!(line.contains(word), "{word} in {line}");
        }
    }
}
