//! Standard output and standard error, written by threads of their own.
//!
//! Whoever reads them may stall: a full pipe, Ctrl-S, a log collector that hangs. Threads that
//! serve only put items into a bounded queue. Items that find it full are dropped, counted, and
//! reported once the reader goes on.

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use crate::exit::Failure;
use crate::options::{LogFormat, Options};
use crate::serve::spawn;
use crate::system::service_manager;
use crate::text;
use crate::view::{self, Snapshot, View};
use crate::watch::Transfer;

/// Items that wait in a queue at most: what a burst of short transfers makes in a moment.
const WAITING: usize = 4096;
/// How often a live view is redrawn.
const REDRAW: Duration = Duration::from_millis(200);
/// How long the end of the program waits for a reader that may have stalled.
const PATIENCE: Duration = Duration::from_millis(500);

/// An item of output, in order.
enum Item {
    /// The server listens.
    Listening(String, String, Vec<String>),
    Began(Box<Transfer>),
    Ended(Arc<Transfer>),
    /// A line of the log, or several.
    Log(Vec<u8>),
    /// Draw a live view for the last time, and answer.
    Close(Snapshot, Sender<()>),
}

/// The queue of one stream.
#[derive(Clone)]
struct Queue {
    sender: Sender<Item>,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    dropped: AtomicU64,
    /// Those of `dropped` that have not been reported yet.
    unreported: AtomicU64,
}

impl Queue {
    /// A queue and the thread that empties it into `sink`.
    fn start(name: &str, sink: impl Sink) -> Result<Queue, Failure> {
        let (sender, items) = bounded(WAITING);
        let counts = Arc::<Counts>::default();
        let queue = Queue {
            sender,
            counts: Arc::clone(&counts),
        };
        spawn(name, move || write_all(&items, &counts, sink))?;
        Ok(queue)
    }

    /// Never waits.
    fn put(&self, item: Item) {
        if self.sender.try_send(item).is_err() {
            self.counts.dropped.fetch_add(1, Relaxed);
            self.counts.unreported.fetch_add(1, Relaxed);
        }
    }

    /// Waits until everything before this is written, for as long as [`PATIENCE`].
    fn close(&self, last: Snapshot) {
        let (done, written) = bounded(1);
        if self
            .sender
            .send_timeout(Item::Close(last, done), PATIENCE)
            .is_ok()
        {
            let _ = written.recv_timeout(PATIENCE);
        }
    }
}

/// Where a queue is emptied into. Every method may block.
trait Sink: Send + 'static {
    fn write(&mut self, item: Item);
    fn dropped(&mut self, count: u64);
    /// Called every [`REDRAW`] where it gives true.
    fn redraw(&mut self) -> bool {
        false
    }
}

fn write_all(items: &Receiver<Item>, counts: &Counts, mut sink: impl Sink) {
    let is_live = sink.redraw();
    loop {
        let item = match is_live {
            true => items.recv_timeout(REDRAW),
            false => items.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match item {
            Ok(item) => sink.write(item),
            Err(RecvTimeoutError::Timeout) => drop(sink.redraw()),
            Err(RecvTimeoutError::Disconnected) => return,
        }
        // Dropped lines came after everything that waited then.
        if items.is_empty() {
            match counts.unreported.swap(0, Relaxed) {
                0 => {}
                count => sink.dropped(count),
            }
        }
    }
}

/// Standard output with its view, and standard error with the log.
#[derive(Clone)]
pub struct Output {
    /// `None`: `--quiet`.
    out: Option<Queue>,
    err: Queue,
    /// Whether the view shows when transfers begin.
    shows_begin: bool,
    snapshot: Snapshot,
    log_format: LogFormat,
}

impl Output {
    /// The view that the options and the terminal ask for; `snapshot` is what a live view shows.
    pub fn start(options: &Options, snapshot: Snapshot) -> Result<Output, Failure> {
        let view = view::choose(options);
        let log_format = options.log_format.unwrap_or_default();
        let shows_begin = view.as_ref().is_some_and(|view| view.shows_begin());
        let is_live = view.as_ref().is_some_and(|view| view.is_live());
        let out = view.map(|view| Queue::start("output", Shown(view, Arc::clone(&snapshot))));
        let out = out.transpose()?;
        // On the terminal of a live view its writer writes the log too: it knows how to keep the
        // rows in order.
        let err = match &out {
            Some(out) if is_live && io::stderr().is_terminal() => out.clone(),
            _ => Queue::start("log", Log(log_format))?,
        };
        Ok(Output {
            out,
            err,
            shows_begin,
            snapshot,
            log_format,
        })
    }

    /// The server listens.
    pub fn listening(&self, dir: &std::path::Path, addresses: &[String], described: String) {
        let dir = dir.to_string_lossy().into_owned();
        self.show(|| Item::Listening(dir, described, addresses.to_vec()));
    }

    /// A request was taken.
    pub fn began(&self, transfer: &Transfer) {
        if self.shows_begin {
            self.show(|| Item::Began(Box::new(transfer.clone())));
        }
    }

    /// A transfer is over.
    pub fn ended(&self, transfer: &Arc<Transfer>) {
        self.show(|| Item::Ended(Arc::clone(transfer)));
    }

    fn show(&self, item: impl FnOnce() -> Item) {
        if let Some(out) = &self.out {
            out.put(item());
        }
    }

    /// Lines of the log, whole.
    pub fn log(&self, lines: &[u8]) {
        self.err.put(Item::Log(safe(lines, self.log_format)));
    }

    /// A line for whoever started the program; not part of the log, whatever its level.
    pub fn remark(&self, line: &str) {
        let line = format!("tftpserver: {}\n", text::printable(line));
        self.err.put(Item::Log(line.into_bytes()));
    }

    /// Lines that were dropped: of standard output, of standard error.
    pub fn dropped(&self) -> (u64, u64) {
        let of = |queue: &Queue| queue.counts.dropped.load(Relaxed);
        (self.out.as_ref().map_or(0, of), of(&self.err))
    }

    /// Waits until everything is written, but not for a reader that has stalled.
    pub fn close(&self) {
        if let Some(out) = &self.out {
            out.close(Arc::clone(&self.snapshot));
        }
        self.err.close(Arc::clone(&self.snapshot));
    }
}

/// Escapes control characters: lines of the log may contain text from the network.
fn safe(lines: &[u8], format: LogFormat) -> Vec<u8> {
    let lines = String::from_utf8_lossy(lines);
    let safe = match format {
        LogFormat::Text => lines.lines().map(text::printable).collect::<Vec<_>>().join("\n"),
        LogFormat::Json => text::json(lines.trim_end_matches('\n')),
    };
    (safe + "\n").into_bytes()
}

/// Standard output.
struct Shown(Box<dyn View>, Snapshot);

impl Sink for Shown {
    fn write(&mut self, item: Item) {
        let Shown(view, _) = self;
        match item {
            Item::Listening(dir, described, addresses) => {
                view.listening(&dir, &described, &addresses)
            }
            Item::Began(transfer) => view.began(&transfer),
            Item::Ended(transfer) => view.ended(&transfer),
            Item::Log(lines) => view.aside(&lines),
            Item::Close(snapshot, done) => {
                view.close(&snapshot());
                // Whoever waited may have given up.
                let _ = done.send(());
            }
        }
    }

    fn dropped(&mut self, count: u64) {
        self.0.dropped(count);
    }

    fn redraw(&mut self) -> bool {
        let Shown(view, snapshot) = self;
        let is_live = view.is_live();
        if is_live {
            view.draw(&snapshot());
        }
        is_live
    }
}

/// Standard error.
struct Log(LogFormat);

impl Sink for Log {
    fn write(&mut self, item: Item) {
        match item {
            Item::Log(lines) => write_stderr(&lines),
            Item::Close(_, done) => drop(done.send(())),
            _ => {}
        }
    }

    fn dropped(&mut self, count: u64) {
        let line = match self.0 {
            LogFormat::Text => format!("tftpserver: {}\n", left_out(count)),
            LogFormat::Json => {
                let message = left_out(count);
                let line = serde_json::json!({"level": "WARN", "message": message, "lines": count});
                format!("{line}\n")
            }
        };
        write_stderr(line.as_bytes());
    }
}

/// The line that reports dropped lines.
pub fn left_out(count: u64) -> String {
    format!("{count} lines were dropped here: the output was not read fast enough")
}

/// Writes a line on standard output, where nothing is served: a pipe that was closed has seen
/// enough.
pub fn say(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}

/// A closed standard error leaves nowhere to report to.
pub fn write_stderr(bytes: &[u8]) {
    if !service_manager::keep(bytes) {
        let _ = io::stderr().write_all(bytes);
    }
}

/// Writes a last line on standard error, without waiting for a reader that has stalled.
pub fn write_final_line(line: &str) {
    let (done, written) = bounded(1);
    let bytes = format!("{line}\n").into_bytes();
    let started = std::thread::Builder::new().spawn(move || {
        write_stderr(&bytes);
        let _ = done.send(());
    });
    if started.is_ok() {
        let _ = written.recv_timeout(PATIENCE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A reader that takes one item each time it is allowed to.
    struct Stalled {
        allowed: Receiver<()>,
        seen: Sender<String>,
    }

    impl Sink for Stalled {
        fn write(&mut self, item: Item) {
            let _ = self.allowed.recv();
            let Item::Log(line) = item else { return };
            let _ = self.seen.send(String::from_utf8(line).unwrap());
        }

        fn dropped(&mut self, count: u64) {
            let _ = self.seen.send(format!("dropped {count}"));
        }
    }

    #[test]
    fn items_beyond_a_full_queue_are_dropped_and_reported() {
        let (allow, allowed) = bounded(0);
        let (seen, lines) = bounded(2 * WAITING);
        let queue = Queue::start("test", Stalled { allowed, seen }).unwrap();
        // The writer holds one item, the queue the rest.
        queue.put(Item::Log(b"0".to_vec()));
        while !queue.sender.is_empty() {
            std::thread::yield_now();
        }
        for number in 1..=WAITING + 7 {
            queue.put(Item::Log(number.to_string().into_bytes()));
        }
        assert_eq!(queue.counts.dropped.load(Relaxed), 7);
        drop(allow);
        for number in 0..=WAITING {
            assert_eq!(lines.recv().unwrap(), number.to_string());
        }
        assert_eq!(lines.recv().unwrap(), "dropped 7");
        queue.put(Item::Log(b"next".to_vec()));
        assert_eq!(lines.recv().unwrap(), "next");
    }

    #[test]
    fn a_log_has_nothing_that_drives_a_terminal() {
        let line = "a\u{9b}\u{202e}\u{7f}b\n".as_bytes();
        assert_eq!(safe(line, LogFormat::Text), b"a\\u{9b}\\u{202e}\\u{7f}b\n");
        let line = "{\"m\":\"a\u{9b}\u{202e}\u{7f}b\"}\n".as_bytes();
        assert_eq!(
            safe(line, LogFormat::Json),
            b"{\"m\":\"a\\u009b\\u202e\\u007fb\"}\n"
        );
    }
}
