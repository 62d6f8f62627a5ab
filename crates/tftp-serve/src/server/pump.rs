//! Asynchronous sources and sinks: a future for each, which moves data between it and its connection.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake};

use tftp_files::Wanted;

use super::carriage::Item;
use super::executor::{Place, Polled, Running};
use super::handler::Task;
use super::live::Live;
use super::refusal::Refusal;
use super::router::Router;
use super::sink::AsyncSink;
use super::source::AsyncSource;
use crate::inline::DataRun;

/// Bytes that are read from an asynchronous source in one call, at most. The buffer is held while the source is pending:
/// this is what a slow one costs.
const PIECE: usize = 16 << 10;

/// A connection and its server.
#[derive(Clone)]
pub(super) struct Carried {
    pub(super) live: Arc<Live>,
    pub(super) router: Arc<Router>,
}

/// Moves what a source supplies to its download, until it fails or is dropped.
pub(super) async fn supply(carried: Carried, mut source: impl AsyncSource) {
    while let Item::Wanted(wanted) = carried.next().await {
        if let Err(error) = carried.supply_wanted(&mut source, wanted).await {
            return carried.router.fail(&carried.live, &error.into());
        }
    }
}

/// Moves the data of an upload to its sink, until that fails or is dropped.
pub(super) async fn drain(carried: Carried, mut sink: impl AsyncSink) {
    while let Item::Data(run) = carried.next().await {
        let taken = take(&mut sink, &run).await;
        let has_failed = taken.is_err();
        if let Err(refusal) = taken {
            // Before the data counts as taken: the end of a failed upload must not be acknowledged.
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

impl Carried {
    /// What is wanted of the source, or comes for the sink, next.
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
        let mut buffer = vec![0; PIECE.min(usize::try_from(wanted.length).unwrap_or(PIECE))];
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
    carried: Carried,
    pub(super) running: Arc<Running>,
}

impl Prepared {
    pub(super) fn new(carried: Carried, task: Task) -> Prepared {
        let running = Running::new(task, carried.clone());
        Prepared { carried, running }
    }

    /// Lets it run: on the runtime of the application, where it has given one, otherwise on the library's threads.
    pub(super) fn start(self) {
        let Prepared { carried, running } = self;
        match carried.router.clone().spawner() {
            Some(spawn) => spawn(Box::pin(Guest {
                running,
                carried: Some(carried),
            })),
            None => running.wake(),
        }
    }
}

impl Place for Carried {
    fn queue(&self, future: Arc<Running>) {
        self.router.submit(Box::new(move || future.run()));
    }

    fn polled(&self, polled: Polled) {
        if polled != Polled::Pending {
            self.live.task_is_done();
        }
        if polled == Polled::Panicked {
            self.panicked();
        }
        // An end that came while it worked for others is told now.
        if self.live.is_over() {
            self.router.carry(Arc::clone(&self.live));
        }
    }
}

/// The future in a runtime of the application. The server may drop what is in it at any time, without the runtime.
struct Guest {
    running: Arc<Running>,
    /// `None` once it is done.
    carried: Option<Carried>,
}

impl Future for Guest {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let polled = self.running.poll_as_guest(context);
        if polled.is_ready() {
            self.carried = None;
        }
        polled
    }
}

impl Drop for Guest {
    /// A runtime that ends before the transfer fails it.
    fn drop(&mut self) {
        if let Some(carried) = self.carried.take()
            && self.running.cancel()
        {
            carried.live.task_is_done();
            carried.panicked();
        }
    }
}
