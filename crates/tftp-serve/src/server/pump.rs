//! Asynchronous sources and sinks: one future for each, which moves data between it and its
//! connection.

use std::future::{Future, poll_fn};
use std::io;
use std::ops::RangeInclusive;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake};

use tftp_files::Wanted;

use super::data_queue::Item;
use super::executor::{Polled, Running, Scheduler};
use super::handler::Task;
use super::live::Live;
use super::refusal::Refusal;
use super::router::Router;
use super::sink::AsyncSink;
use super::source::AsyncSource;
use crate::inline::DataRun;

/// Bounds of the bytes read from an asynchronous source in one call, which is a quarter of the
/// bytes wanted. A pending source holds a buffer of this size, so this is the memory that a slow
/// source costs.
const PIECE: RangeInclusive<u64> = 16 << 10..=64 << 10;

/// A connection and its server.
#[derive(Clone)]
pub(super) struct PumpedConnection {
    pub(super) live: Arc<Live>,
    pub(super) router: Arc<Router>,
}

/// Moves a source's bytes to its download, until the source fails or the future is dropped.
pub(super) async fn supply(carried: PumpedConnection, mut source: impl AsyncSource) {
    while let Item::Wanted(wanted) = carried.next().await {
        if let Err(error) = carried.supply_wanted(&mut source, wanted).await {
            return carried.router.fail(&carried.live, &error.into());
        }
    }
}

/// Moves the data of an upload to its sink, until the sink fails or the future is dropped.
pub(super) async fn drain(carried: PumpedConnection, mut sink: impl AsyncSink) {
    while let Item::Data(run) = carried.next().await {
        let taken = take(&mut sink, &run).await;
        let has_failed = taken.is_err();
        if let Err(refusal) = taken {
            // This precedes `taken()`: the last block of a failed upload must not be acknowledged.
            carried.live.end(refusal);
        }
        carried.live.taken(run.weight());
        if has_failed {
            return;
        }
    }
}

async fn take(sink: &mut impl AsyncSink, run: &DataRun) -> Result<(), Refusal> {
    for (bytes, range) in &run.slices {
        let data = &bytes[range.clone()];
        if !data.is_empty() {
            sink.write(data).await?;
        }
    }
    match run.is_last {
        true => sink.finish().await,
        false => Ok(()),
    }
}

impl PumpedConnection {
    /// Waits for the next request for bytes of the source, or the next data for the sink.
    fn next(&self) -> impl Future<Output = Item> {
        poll_fn(|context| match self.live.next_item(context.waker()) {
            Some(item) => Poll::Ready(item),
            None => Poll::Pending,
        })
    }

    async fn supply_wanted(&self, source: &mut impl AsyncSource, wanted: Wanted) -> io::Result<()> {
        let feeds = &self.router.feeds;
        if !feeds.knows(wanted.name) {
            // Every download that needed it has ended.
            return Ok(());
        }
        let (mut at, end) = (wanted.offset, wanted.offset + wanted.length);
        let piece = (wanted.length / 4).clamp(*PIECE.start(), *PIECE.end());
        let mut buffer = vec![0; piece.min(wanted.length) as usize];
        while at < end {
            let room = buffer
                .len()
                .min(usize::try_from(end - at).unwrap_or(buffer.len()));
            let count = match source.read_at(at, &mut buffer[..room]).await {
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

    fn panicked(&self) {
        self.router.fail(&self.live, &Refusal::internal_error());
    }
}

/// The future of a sink or source, before it runs.
pub(super) struct Prepared {
    carried: PumpedConnection,
    pub(super) running: Arc<Running>,
}

impl Prepared {
    pub(super) fn new(carried: PumpedConnection, task: Task) -> Prepared {
        let running = Running::new(task, carried.clone());
        Prepared { carried, running }
    }

    /// Starts the future: on the application's runtime if there is one, otherwise on the library's
    /// threads.
    pub(super) fn start(self) {
        let Prepared { carried, running } = self;
        match carried.router.clone().spawner() {
            Some(spawn) => spawn(Box::pin(SpawnedTask {
                running,
                carried: Some(carried),
            })),
            None => running.wake(),
        }
    }
}

impl Scheduler for PumpedConnection {
    fn queue(&self, future: Arc<Running>) {
        self.router.submit(Box::new(move || future.run()));
    }

    fn polled(&self, polled: Polled) {
        if polled == Polled::Panicked {
            self.panicked();
        }
        if polled != Polled::Pending {
            self.router.task_is_done(&self.live);
        }
        // If the connection ended while this future worked for others, the end is reported now.
        if self.live.is_over() {
            self.router.run_data_thread(Arc::clone(&self.live));
        }
    }
}

/// The future as a task of the application's runtime. The server may drop its content at any time,
/// without the runtime.
struct SpawnedTask {
    running: Arc<Running>,
    /// `None` once the future is done.
    carried: Option<PumpedConnection>,
}

impl Future for SpawnedTask {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let polled = self.running.poll_spawned(context);
        if polled.is_ready() {
            self.carried = None;
        }
        polled
    }
}

impl Drop for SpawnedTask {
    /// Fails the transfer if the runtime drops the future before it is done.
    fn drop(&mut self) {
        if let Some(carried) = self.carried.take()
            && self.running.cancel()
        {
            carried.panicked();
            carried.router.task_is_done(&carried.live);
        }
    }
}
