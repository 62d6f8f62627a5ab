//! The log, on standard error: text for people or one JSON object a line.

use std::io::{self, Write};
use std::sync::Arc;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::options::{LogFormat, Options};
use crate::view::View;

/// From here on everything that is logged is written.
pub fn start(options: &Options, view: Arc<dyn View>) {
    let level = match options.verbose {
        0 => LevelFilter::WARN,
        1 => LevelFilter::INFO,
        2 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    let builder = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_target(false)
        .with_ansi(false)
        .with_writer(Beside(view));
    match options.log_format.unwrap_or_default() {
        LogFormat::Text => builder.init(),
        LogFormat::Json => builder.json().flatten_event(true).init(),
    }
}

/// Standard error, without spoiling what the view shows on the same terminal.
struct Beside(Arc<dyn View>);

impl<'w> MakeWriter<'w> for Beside {
    type Writer = Line<'w>;

    fn make_writer(&'w self) -> Line<'w> {
        Line {
            view: &*self.0,
            text: Vec::new(),
        }
    }
}

/// One line of the log, written when it is whole.
struct Line<'w> {
    view: &'w dyn View,
    text: Vec<u8>,
}

impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        let text = std::mem::take(&mut self.text);
        self.view.aside(&mut || {
            // Nobody is left to tell that standard error is closed.
            let _ = io::stderr().write_all(&text);
        });
    }
}
