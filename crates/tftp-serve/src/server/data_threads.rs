//! The threads on which sinks and sources run: they call blocking ones and poll asynchronous ones.
//!
//! One thread at a time calls a connection's sink or source. A call that hangs delays no other
//! connection, because threads are added while work waits for one.

use std::io;
use std::ops::RangeInclusive;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tftp_files::pool::{Job, Pool};
use tftp_files::{Feeds, Lane, Wanted};

use super::data_queue::{Ended, Next};
use super::live::Live;
use super::quiet::drop_quietly;
use super::refusal::Refusal;
use super::router::Router;
use super::sink::Sink;
use super::source::Source;
use crate::inline::DataRun;

/// Steps for one connection before its thread turns to other waiting work.
const STEPS: usize = 16;

/// Bounds of the bytes read from a source in one call, which is half of the bytes wanted. Each
/// thread in a source's call holds a buffer of this size.
const PIECE: RangeInclusive<u64> = 16 << 10..=64 << 10;

/// The pool of these threads, which are started on demand and end after a few seconds without work.
pub(super) struct DataThreads(Pool);

impl DataThreads {
    pub(super) fn new(most_threads: usize) -> DataThreads {
        DataThreads(Pool::for_application("tftp-blocking", most_threads))
    }

    /// Sends a thread to the sink or source of a connection, or to report its end.
    pub(super) fn run_data_thread(&self, router: Arc<Router>, live: Arc<Live>) {
        let job: Job = Box::new(move || router.move_data(&live));
        if let Err(job) = self.0.try_submit(Lane::NONE, job) {
            // The server is closing, and this is one of these threads with more to do: no other
            // would do it.
            job();
        }
    }

    /// Runs a job on one of the threads; drops it if the server is closed.
    pub(super) fn submit(&self, job: Job) {
        self.0.submit(Lane::NONE, job);
    }

    /// Ends the threads after they have run the queued jobs.
    pub(super) fn stop(&self) {
        self.0.shutdown();
    }
}

impl Router {
    /// Moves data between a connection and its sink or source, or reports the end.
    fn move_data(self: &Arc<Router>, live: &Arc<Live>) {
        for _ in 0..STEPS {
            let is_needed = live.lingers() && self.is_shared(live);
            match live.next(is_needed) {
                Next::Write(sink, run) => write(live, sink, &run),
                Next::Read(source, wanted) => self.read(live, source, wanted),
                Next::Over(ended, outcome) => {
                    self.drop_ended(ended);
                    return self.report_end(live, outcome);
                }
                Next::Nothing if is_needed => {
                    self.linger(live);
                    // The others may have ended in between.
                    if self.is_shared(live) {
                        return;
                    }
                }
                Next::Nothing => return,
            }
        }
        self.run_data_thread(Arc::clone(live));
    }

    fn drop_ended(&self, ended: Ended) {
        for wanted in ended.drop() {
            self.feeds.take_back(wanted);
        }
    }

    /// Reads the wanted bytes from a source for a download.
    fn read(&self, live: &Live, source: Option<Box<dyn Source>>, wanted: Wanted) {
        let Some(mut source) = source else {
            return self.feeds.take_back(wanted);
        };
        if !self.feeds.knows(wanted.name) {
            // Every download that needed it has ended.
            return live.give_back_source(source);
        }
        let read = catch_unwind(AssertUnwindSafe(|| supply(&self.feeds, &mut *source, wanted)));
        let refusal = match read {
            Ok(Ok(())) => return live.give_back_source(source),
            Ok(Err(error)) => error.into(),
            Err(_) => Refusal::internal_error(),
        };
        self.fail_source(live, &refusal, wanted);
        drop_quietly(source);
    }

    fn fail_source(&self, live: &Live, refusal: &Refusal, wanted: Wanted) {
        self.fail(live, refusal);
        // A download that has joined meanwhile needs these bytes, too.
        self.feeds.take_back(wanted);
    }
}

/// Reads from the source and supplies the feed, until everything wanted was supplied or the source
/// ends.
fn supply(feeds: &Feeds, source: &mut dyn Source, wanted: Wanted) -> io::Result<()> {
    let (mut at, end) = (wanted.offset, wanted.offset + wanted.length);
    let piece = (wanted.length / 2).clamp(*PIECE.start(), *PIECE.end());
    let mut buffer = vec![0; piece.min(wanted.length) as usize];
    while at < end {
        let room = (buffer.len() as u64).min(end - at) as usize;
        let count = match source.read_at(at, &mut buffer[..room]) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            read => read?,
        };
        at += count as u64;
        let is_over = feeds.supply(wanted.name, &buffer[..count], count == 0).is_err();
        if count == 0 || is_over {
            break;
        }
    }
    Ok(())
}

/// Passes one run to its sink.
fn write(live: &Live, sink: Option<Box<dyn Sink>>, run: &DataRun) {
    if let Some(mut sink) = sink {
        let taken = catch_unwind(AssertUnwindSafe(|| take(&mut *sink, run)));
        match taken.unwrap_or_else(|_| Err(Refusal::internal_error())) {
            Ok(()) => live.give_back_sink(sink),
            // This precedes `taken()`: the last block of a failed upload must not be acknowledged.
            Err(refusal) => {
                live.end(refusal);
                drop_quietly(sink);
            }
        }
    }
    live.taken(run.weight());
}

fn take(sink: &mut dyn Sink, run: &DataRun) -> Result<(), Refusal> {
    for (bytes, range) in &run.slices {
        let data = &bytes[range.clone()];
        if !data.is_empty() {
            sink.write(data)?;
        }
    }
    match run.is_last {
        true => sink.finish(),
        false => Ok(()),
    }
}
