//! The threads on which handlers, their futures and event callbacks run.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Wake;

use crossbeam_channel::{Receiver, Sender};

use tftp_sync::Mutex;
use tftp_sync::thread::{Builder, JoinHandle, current};

use super::event::Event;
use super::executor::{Running, Scheduler};
use super::handler::{Serving, Task};
use super::live::Live;
use super::refusal::Refusal;
use super::request::{Pending, Request};
use super::router::Router;

/// Work for the handler threads.
pub(super) enum Work {
    /// Answer a request.
    Ask(Arc<Live>),
    /// Poll the future of an asynchronous handler, which was woken.
    Poll(Arc<Running>),
    Stop,
}

/// Polls the answers of asynchronous handlers on the handler threads.
struct Answering(Sender<Work>);

impl Scheduler for Answering {
    fn queue(&self, future: Arc<Running>) {
        // Fails if the server is closed.
        let _ = self.0.send(Work::Poll(future));
    }
}

/// The threads of handlers and events. They end when this is dropped.
pub(super) struct HandlerThreads {
    router: Arc<Router>,
    handlers: Mutex<Vec<JoinHandle<()>>>,
    events: Mutex<Option<(Sender<Event>, JoinHandle<()>)>>,
}

impl HandlerThreads {
    pub(super) fn new(router: Arc<Router>) -> HandlerThreads {
        HandlerThreads {
            router,
            handlers: Mutex::default(),
            events: Mutex::default(),
        }
    }

    /// Starts the threads that answer requests.
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

    /// Starts the thread that calls the event callback.
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

    /// Ends the threads after the queued work is done. The I/O threads have ended before.
    pub(super) fn stop(&self) {
        let handlers = std::mem::take(&mut *self.handlers.lock());
        handlers.iter().for_each(|_| self.router.stop_work());
        handlers.into_iter().for_each(join);
        self.router.stop_data_threads();
        let events = self.events.lock().take();
        if let Some((events, thread)) = events {
            // Fails if its thread has ended.
            let _ = events.send(Event::Closed);
            join(thread);
        }
    }
}

impl Drop for HandlerThreads {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Joins a thread, unless it is the current one, because the server is dropped on it.
fn join(thread: JoinHandle<()>) {
    if thread.thread().id() != current().id() {
        // Panics of callbacks are caught where they occur.
        let _ = thread.join();
    }
}

/// Calls the event callback. Its panics are reported by the panic hook, and end nothing else.
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
                Work::Poll(future) => future.run(),
                Work::Stop => return,
            }
        }
    }

    fn ask(&self, live: Arc<Live>) {
        let pending = Arc::new(Pending::new(Arc::clone(&live), Arc::clone(&self.router)));
        match &*self.serving {
            Serving::Sync(handler) => {
                let request = Request::new(Arc::clone(&pending));
                // Dropping the answer may run application code, too.
                let answered =
                    catch_unwind(AssertUnwindSafe(|| pending.answer(handler.handle(request))));
                if answered.is_err() {
                    pending.answer(Refusal::internal_error().into());
                }
                drop(pending);
            }
            Serving::Async(handler) => {
                let request = Request::new(Arc::clone(&pending));
                let made = catch_unwind(AssertUnwindSafe(|| handler.handle(request)));
                match made {
                    Ok(answer) => self.spawn(Box::pin(async move {
                        pending.answer(answer.await);
                    })),
                    Err(_) => drop(pending.answer(Refusal::internal_error().into())),
                }
            }
        }
        if let Some(end_reporter) = live.asked() {
            self.router.finish(live, end_reporter);
        }
    }

    /// Runs an answer's future on the application's runtime, or on the handler threads.
    fn spawn(&self, task: Task) {
        match self.router.spawner() {
            Some(spawn) => spawn(task),
            None => Running::new(task, Answering(self.sender.clone())).wake(),
        }
    }
}
