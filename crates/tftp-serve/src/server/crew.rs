//! The threads on which handlers, their futures, sinks, sources and event callbacks run.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use crossbeam_channel::{Receiver, Sender};

use tftp_files::{Feeds, Wanted};
use tftp_sync::Mutex;
use tftp_sync::atomic::{AtomicBool, Ordering::AcqRel};
use tftp_sync::thread::{Builder, JoinHandle, current};

use super::event::Event;
use super::handler::{Serving, Task};
use super::live::{Live, Next};
use super::refusal::Refusal;
use super::request::{Pending, Request};
use super::router::Router;
use super::sink::Sink;
use super::source::Source;
use crate::notice::Run;

/// Steps of one connection before a handler thread looks at what else waits.
const STEPS: usize = 16;

/// Bytes that are read from a source in one call, at most.
const PIECE: usize = 64 << 10;

/// Something that waits for a handler thread.
pub(super) enum Work {
    /// A request waits for its answer.
    Ask(Arc<Live>),
    /// A sink has data to take, a source to supply some, or their connection is over.
    Carry(Arc<Live>),
    /// A future was woken.
    Poll(Arc<Future>),
    Stop,
}

/// An asynchronous handler's answer in the making.
pub(super) struct Future {
    task: Mutex<Option<Task>>,
    is_queued: AtomicBool,
    work: Sender<Work>,
}

impl Wake for Future {
    fn wake(self: Arc<Self>) {
        if !self.is_queued.swap(true, AcqRel) {
            let work = self.work.clone();
            // Fails where the server is closed.
            let _ = work.send(Work::Poll(self));
        }
    }
}

impl Future {
    fn poll(self: Arc<Self>) {
        self.is_queued.store(false, tftp_sync::atomic::Ordering::Release);
        let waker = Waker::from(Arc::clone(&self));
        let mut slot = self.task.lock();
        let Some(task) = slot.as_mut() else {
            return;
        };
        let polled = catch_unwind(AssertUnwindSafe(|| {
            task.as_mut().poll(&mut Context::from_waker(&waker))
        }));
        if !matches!(polled, Ok(Poll::Pending)) {
            // Of a future that panicked, dropping refuses the request.
            *slot = None;
        }
    }
}

/// The threads, which end when this is dropped.
pub(super) struct Crew {
    router: Arc<Router>,
    handlers: Mutex<Vec<JoinHandle<()>>>,
    events: Mutex<Option<(Sender<Event>, JoinHandle<()>)>>,
}

impl Crew {
    pub(super) fn new(router: Arc<Router>) -> Crew {
        Crew {
            router,
            handlers: Mutex::default(),
            events: Mutex::default(),
        }
    }

    /// Starts the threads that answer requests and feed sinks.
    pub(super) fn start_handlers(
        &self,
        count: usize,
        serving: Serving,
        work: (Sender<Work>, Receiver<Work>),
    ) -> io::Result<()> {
        let serving = Arc::new(serving);
        for number in 0..count {
            let worker = Worker {
                router: Arc::clone(&self.router),
                serving: Arc::clone(&serving),
                sender: work.0.clone(),
                work: work.1.clone(),
            };
            let thread = Builder::new().name(format!("tftp-handler-{number}"));
            let thread = tftp_sync::spawn(thread, move || worker.run())?;
            self.handlers.lock().push(thread);
        }
        Ok(())
    }

    /// Starts the thread that calls back for events.
    pub(super) fn start_events(
        &self,
        mut callback: Box<dyn FnMut(Event) + Send>,
        (sender, events): (Sender<Event>, Receiver<Event>),
    ) -> io::Result<()> {
        let router = Arc::clone(&self.router);
        let thread = Builder::new().name("tftp-events".to_owned());
        let thread = tftp_sync::spawn(thread, move || {
            for event in events {
                let is_last = matches!(event, Event::Closed);
                let dropped = router.take_dropped_logs();
                if dropped > 0 {
                    call(&mut callback, Event::LogsDropped { count: dropped });
                }
                call(&mut callback, event);
                if is_last {
                    break;
                }
            }
        })?;
        *self.events.lock() = Some((sender, thread));
        Ok(())
    }

    /// Ends the threads when they have done what waits. The I/O threads have ended before.
    pub(super) fn stop(&self) {
        let handlers = std::mem::take(&mut *self.handlers.lock());
        handlers.iter().for_each(|_| self.router.stop_work());
        handlers.into_iter().for_each(join);
        let events = self.events.lock().take();
        if let Some((events, thread)) = events {
            // Fails where its thread has ended.
            let _ = events.send(Event::Closed);
            join(thread);
        }
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Waits for a thread, unless the server is dropped on it.
fn join(thread: JoinHandle<()>) {
    if thread.thread().id() != current().id() {
        // Panics of callbacks are caught where they occur.
        let _ = thread.join();
    }
}

/// A panic of the application's is reported by the panic hook, and ends nothing else.
fn call(callback: &mut Box<dyn FnMut(Event) + Send>, event: Event) {
    let _ = catch_unwind(AssertUnwindSafe(|| callback(event)));
}

struct Worker {
    router: Arc<Router>,
    serving: Arc<Serving>,
    sender: Sender<Work>,
    work: Receiver<Work>,
}

impl Worker {
    fn run(&self) {
        for work in &self.work {
            match work {
                Work::Ask(live) => self.ask(live),
                Work::Carry(live) => self.carry(live),
                Work::Poll(future) => future.poll(),
                Work::Stop => return,
            }
        }
    }

    fn ask(&self, live: Arc<Live>) {
        let pending = Arc::new(Pending::new(Arc::clone(&live), Arc::clone(&self.router)));
        match &*self.serving {
            Serving::Sync(handler) => {
                let request = Request::new(Arc::clone(&pending));
                // What the answer holds is the application's code, too.
                let answered = catch_unwind(AssertUnwindSafe(|| pending.answer(handler.handle(request))));
                if answered.is_err() {
                    pending.answer(internal_error().into());
                }
                drop(pending);
            }
            Serving::Async(handler, spawner) => {
                let request = Request::new(Arc::clone(&pending));
                let made = catch_unwind(AssertUnwindSafe(|| handler.handle(request)));
                match (made, spawner) {
                    (Ok(answer), spawner) => {
                        let task: Task = Box::pin(async move {
                            pending.answer(answer.await);
                        });
                        match spawner {
                            Some(spawn) => spawn(task),
                            None => self.spawn(task),
                        }
                    }
                    (Err(_), _) => drop(pending.answer(internal_error().into())),
                }
            }
        }
        if let Some(outcome) = live.asked() {
            self.router.tell_end(&live, outcome);
        }
    }

    /// Polls a future on the handler threads, now and whenever it is woken.
    fn spawn(&self, task: Task) {
        let future = Future {
            task: Mutex::new(Some(task)),
            is_queued: AtomicBool::new(true),
            work: self.sender.clone(),
        };
        Arc::new(future).poll();
    }

    fn carry(&self, live: Arc<Live>) {
        for _ in 0..STEPS {
            match live.next() {
                Next::Write(sink, run) => write(&live, sink, &run),
                Next::Read(source, wanted) => self.read(&live, source, wanted),
                Next::Over(dropped, outcome) => {
                    // May flush or remove something.
                    let _ = catch_unwind(AssertUnwindSafe(|| drop(dropped)));
                    return self.router.tell_end(&live, outcome);
                }
                Next::Nothing => return,
            }
        }
        self.router.send(Work::Carry(live));
    }

    /// Supplies a download with what it wants.
    fn read(&self, live: &Live, source: Option<Box<dyn Source>>, wanted: Wanted) {
        let Some(mut source) = source else {
            return;
        };
        if !self.router.feeds.knows(wanted.name) {
            // Everybody who needed it has gone.
            return live.give_back_source(source);
        }
        let read = catch_unwind(AssertUnwindSafe(|| {
            supply(&self.router.feeds, &mut *source, wanted)
        }));
        match read {
            Ok(Ok(())) => live.give_back_source(source),
            Ok(Err(error)) => self.router.fail_source(live, &error.into()),
            Err(_) => self.router.fail_source(live, &internal_error()),
        }
    }
}

/// Reads and passes on until everything that is wanted was supplied, or the source ends.
fn supply(feeds: &Feeds, source: &mut dyn Source, wanted: Wanted) -> io::Result<()> {
    let (mut at, end) = (wanted.offset, wanted.offset + wanted.length);
    let mut buffer = vec![0; PIECE.min(usize::try_from(wanted.length).unwrap_or(PIECE))];
    while at < end {
        let room = buffer
            .len()
            .min(usize::try_from(end - at).unwrap_or(buffer.len()));
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
fn write(live: &Live, sink: Option<Box<dyn Sink>>, run: &Run) {
    if let Some(mut sink) = sink {
        let taken = catch_unwind(AssertUnwindSafe(|| take(&mut *sink, run)));
        match taken.unwrap_or_else(|_| Err(internal_error())) {
            Ok(()) => live.give_back_sink(sink),
            // Before the data counts as taken: the end of a failed upload must not be acknowledged.
            Err(refusal) => live.end(refusal),
        }
    }
    live.taken(run.weight());
}

fn take(sink: &mut dyn Sink, run: &Run) -> Result<(), Refusal> {
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

fn internal_error() -> Refusal {
    Refusal::new(tftp_proto::wire::ErrorCode::UNDEFINED, "Internal error")
}
