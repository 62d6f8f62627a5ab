//! The router: passes the events of the I/O threads to handlers, sinks, sources and event
//! callbacks.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use crossbeam_channel::Sender;

use tftp_files::pool::Job;
use tftp_files::{Asks, Feeds, Wanted};
use tftp_proto::wire::Operation;
use tftp_sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use tftp_sync::{Condvar, Mutex};

use super::data_queue::{Called, Item, Shared};
use super::data_threads::DataThreads;
use super::event::Event;
use super::handler::Spawner;
use super::handler_threads::Work;
use super::live::{EndReporter, Live};
use super::outcome::Outcome;
use super::pump::PumpedConnection;
use super::quiet::wake_quietly;
use super::refusal::Refusal;
use super::shared_sources::SharedSources;
use super::{Answer, LogKind, LogLevel};
use crate::idle::wait_idle;
use crate::inline::{DataRun, EngineEvent, EventSink, Interests, Reply};

/// From this number of requests that wait for the handler, or of events that wait for their
/// callback, new requests are left unanswered; their clients repeat them.
const MANY: usize = 32_768;

/// From this number of waiting events, log messages are dropped.
const MANY_LOGS: usize = 8_192;

pub(super) struct Router {
    interests: Interests,
    /// The number of uploads that go to sinks.
    sinks: AtomicUsize,
    live: Mutex<BTreeMap<i32, Arc<Live>>>,
    /// Signalled when `live` becomes empty.
    is_idle: Condvar,
    work: Sender<Work>,
    events: Option<Sender<Event>>,
    dropped_logs: AtomicU64,
    /// Downloads that sources supply.
    pub(super) feeds: Arc<Feeds>,
    pub(super) shared_sources: Arc<SharedSources>,
    /// Sources to which requests for bytes were passed, until [`Router::call_sources`].
    called: Mutex<Vec<(Arc<Live>, Called)>>,
    /// The threads of sinks and sources.
    data_threads: DataThreads,
    /// Runs futures on the application's runtime.
    spawner: Option<Spawner>,
    /// Connections that are over while their sources work for others.
    lingering: Mutex<Vec<Arc<Live>>>,
    this: Weak<Router>,
}

/// Passes requests for bytes from the feeds to the router.
struct DataRequester(Weak<Router>);

impl Asks for DataRequester {
    fn ask(&self, wanted: Wanted) {
        if let Some(router) = self.0.upgrade() {
            router.wanted(wanted);
        }
    }

    fn wake(&self) {
        if let Some(router) = self.0.upgrade() {
            router.call_sources();
        }
    }
}

impl Router {
    pub(super) fn new(
        has_handler: bool,
        level: LogLevel,
        work: Sender<Work>,
        events: Option<Sender<Event>>,
        (data_threads, spawner): (DataThreads, Option<Spawner>),
    ) -> Arc<Router> {
        let log = match &events {
            Some(_) => level.interests(),
            None => Interests::NONE,
        };
        let request = if has_handler {
            Interests::REQUESTS
        } else {
            Interests::NONE
        };
        Arc::new_cyclic(|router| Router {
            interests: Interests::CONNECTIONS.with(request).with(log),
            sinks: AtomicUsize::new(0),
            live: Mutex::default(),
            is_idle: Condvar::new(),
            work,
            events,
            dropped_logs: AtomicU64::new(0),
            feeds: Feeds::reading_ahead(DataRequester(Weak::clone(router))),
            shared_sources: Arc::default(),
            called: Mutex::default(),
            data_threads,
            spawner,
            lingering: Mutex::default(),
            this: Weak::clone(router),
        })
    }

    /// Returns every connection that has begun and whose end has not been reported.
    pub(super) fn connections(&self) -> Vec<Arc<Live>> {
        self.live.lock().values().cloned().collect()
    }

    pub(super) fn count(&self) -> usize {
        self.live.lock().len()
    }

    /// Waits until no connection is left. Returns false if some are left after `patience`.
    pub(super) fn wait_idle(&self, patience: Option<Duration>) -> bool {
        wait_idle(&self.live, &self.is_idle, patience, |live| live.is_empty())
    }

    pub(super) fn stop_work(&self) {
        // Fails if the handler threads have ended already.
        let _ = self.work.send(Work::Stop);
    }

    pub(super) fn stop_data_threads(&self) {
        self.data_threads.stop();
    }

    /// Returns the function that runs futures on the application's runtime, if there is one.
    pub(super) fn spawner(&self) -> Option<&Spawner> {
        self.spawner.as_ref()
    }

    /// Runs a job on a thread of the sinks and sources.
    pub(super) fn submit(&self, job: Job) {
        self.data_threads.submit(job);
    }

    /// Sends a thread to a sink or a source.
    pub(super) fn run_data_thread(&self, live: Arc<Live>) {
        if let Some(router) = self.this.upgrade() {
            self.data_threads.run_data_thread(router, live);
        }
    }

    fn send(&self, work: Work) {
        // Fails if the server is closed and no thread is left to work.
        let _ = self.work.send(work);
    }

    /// Passes an answer on. Returns false if it came too late.
    pub(super) fn answer(self: &Arc<Router>, live: &Arc<Live>, answer: Answer) -> bool {
        // Application code runs before any lock is taken.
        let carried = PumpedConnection {
            live: Arc::clone(live),
            router: Arc::clone(self),
        };
        let (ready, task) = answer.prepare(carried);
        let count_sink = || {
            self.sinks.fetch_add(1, Relaxed);
        };
        let is_answered = live.answer(ready, count_sink);
        if let Some(task) = task.filter(|_| is_answered) {
            task.start();
        }
        is_answered
    }

    /// Reports the end of a connection, its last event, and forgets the connection.
    pub(super) fn report_end(&self, live: &Arc<Live>, outcome: Outcome) {
        self.report_event(|| Event::Ended {
            connection: live.connection(),
            outcome,
        });
        let mut table = self.live.lock();
        table.remove(&live.info.id);
        if table.is_empty() {
            self.is_idle.notify_all();
        }
    }

    /// Returns the number of log messages dropped since the last call.
    pub(super) fn take_dropped_logs(&self) -> u64 {
        match self.dropped_logs.load(Relaxed) {
            0 => 0,
            _ => self.dropped_logs.swap(0, Relaxed),
        }
    }

    fn report_event(&self, event: impl FnOnce() -> Event) {
        if let Some(events) = &self.events {
            // Fails if the server is closed.
            let _ = events.send(event());
        }
    }

    fn find(&self, id: i32) -> Option<Arc<Live>> {
        self.live.lock().get(&id).cloned()
    }

    fn begin(&self, reply: &Reply, is_held: bool) {
        let asks = is_held && self.interests.has(Interests::REQUESTS);
        let live = Arc::new(Live::new(reply.info(), asks));
        self.live.lock().insert(live.info.id, Arc::clone(&live));
        self.report_requested(&live);
        match asks {
            true => self.send(Work::Ask(live)),
            false if is_held => live.admit(),
            false => {}
        }
    }

    fn report_requested(&self, live: &Arc<Live>) {
        self.report_event(|| Event::Requested {
            connection: live.connection(),
        });
    }

    fn moved(&self, run: DataRun) {
        let Some(live) = self.find(run.id) else {
            return;
        };
        let weight = run.weight();
        match live.info.operation {
            // Data events are on because some upload goes to a sink; this download does not need
            // them.
            Operation::Read => live.taken(weight),
            Operation::Write => match live.call(Item::Data(run)) {
                Called::Nowhere => live.taken(weight),
                called => self.call(live, called),
            },
        }
    }

    /// Has the sink or source of a connection work on an item that was queued for it. Must be called
    /// without a lock: an executor of the application may do anything in a waker, as drop the
    /// future, and if the system has no thread for a blocking one, it works here.
    fn call(&self, live: Arc<Live>, called: Called) {
        match called {
            Called::Thread => self.run_data_thread(live),
            Called::Future(waker) => wake_quietly(waker),
            Called::Nothing | Called::Nowhere => {}
        }
    }

    /// Passes a request for bytes to a source, if the connection has one; returns whether it has.
    /// Called under a lock of the feeds: the source begins later, by [`Router::call_sources`].
    fn request(&self, live: &Arc<Live>, wanted: Wanted) -> bool {
        match live.call(Item::Wanted(wanted)) {
            Called::Nowhere => return false,
            Called::Nothing => {}
            called => self.called.lock().push((Arc::clone(live), called)),
        }
        true
    }

    /// Has the sources work to which requests were passed.
    fn call_sources(&self) {
        let called = std::mem::take(&mut *self.called.lock());
        for (live, called) in called {
            self.call(live, called);
        }
    }

    /// Passes a request for bytes on. Called under a lock of the feeds, so it does nothing else.
    fn wanted(&self, wanted: Wanted) {
        if let Some(live) = self.find(wanted.name)
            && !self.request(&live, wanted)
            && let Some(key) = live.last_shared()
        {
            self.request_elsewhere(wanted, &key);
        }
    }

    /// Passes a request for bytes to another download that shares the source, because the one that
    /// was to supply them has just ended.
    fn request_elsewhere(&self, wanted: Wanted, key: &Shared) {
        let others = self.connections();
        let mut others = others.iter().filter(|live| live.runs_with(key));
        others.find(|live| self.request(live, wanted));
    }

    /// Returns true if another running download shares the source of this one.
    pub(super) fn is_shared(&self, live: &Live) -> bool {
        let Some(key) = live.last_shared() else {
            return false;
        };
        self.live.lock().values().any(|other| other.runs_with(&key))
    }

    /// Ends the transfer of a source or sink that has failed, and the transfers that share it.
    /// Downloads that join them from now on read from their own sources.
    pub(super) fn fail(&self, live: &Live, refusal: &Refusal) {
        live.end(refusal.clone());
        self.feeds.refuse(live.info.id);
        let Some(key) = live.last_shared() else {
            return;
        };
        for other in self.connections() {
            if other.runs_with(&key) {
                other.end(refusal.clone());
                self.feeds.refuse(other.info.id);
            }
        }
    }

    /// Notes that a future has ended. What it has not served is requested from the sources of other
    /// downloads.
    pub(super) fn task_is_done(&self, live: &Live) {
        for wanted in live.task_is_done() {
            self.feeds.take_back(wanted);
        }
    }

    fn over(&self, id: i32, outcome: Outcome) {
        let Some(live) = self.find(id) else {
            return;
        };
        let (end_reporter, has_sink) = live.over(outcome);
        if has_sink {
            self.sinks.fetch_sub(1, Relaxed);
        }
        self.finish(live, end_reporter);
        self.look_after_lingering();
    }

    /// Has the end of a connection reported by the thread that `end_reporter` names.
    pub(super) fn finish(&self, live: Arc<Live>, end_reporter: EndReporter) {
        match end_reporter {
            EndReporter::Caller(outcome) => self.report_end(&live, outcome),
            EndReporter::DataThread => self.run_data_thread(live),
            EndReporter::Busy => {}
        }
    }

    /// Remembers a connection that is over while its source works for others: these may end before
    /// the source's future returns.
    pub(super) fn linger(&self, live: &Arc<Live>) {
        let mut lingering = self.lingering.lock();
        if !lingering.iter().any(|other| Arc::ptr_eq(other, live)) {
            lingering.push(Arc::clone(live));
        }
    }

    fn look_after_lingering(&self) {
        let lingering = std::mem::take(&mut *self.lingering.lock());
        lingering.into_iter().for_each(|live| self.run_data_thread(live));
    }

    fn log(&self, id: i32, level: LogLevel, kind: LogKind, message: String) {
        let Some(events) = &self.events else {
            return;
        };
        if events.len() >= MANY_LOGS {
            self.dropped_logs.fetch_add(1, Relaxed);
            return;
        }
        self.report_event(|| Event::Log {
            connection: self.find(id).map(|live| live.connection()),
            level,
            kind,
            message,
        });
    }
}

impl EventSink for Router {
    fn interests(&self) -> Interests {
        match self.sinks.load(Relaxed) {
            0 => self.interests,
            _ => self.interests.with(Interests::DATA),
        }
    }

    fn admits(&self) -> bool {
        self.work.len() < MANY && self.events.as_ref().is_none_or(|events| events.len() < MANY)
    }

    fn event(&self, event: EngineEvent) {
        match event {
            EngineEvent::Requested { reply, held } => self.begin(&reply, held),
            EngineEvent::Refused { connection, outcome } => {
                let live = Arc::new(Live::new(connection.share(), false));
                self.report_requested(&live);
                live.over(outcome.clone());
                self.report_end(&live, outcome);
            }
            EngineEvent::Started {
                connection, held, ..
            } => {
                let Some(live) = self.find(connection.id()) else {
                    return;
                };
                if held {
                    live.admit();
                }
                self.report_event(|| Event::Started { connection });
            }
            EngineEvent::Data(run) => self.moved(run),
            EngineEvent::Ended { connection, outcome } => self.over(connection.id(), outcome),
            EngineEvent::Log {
                id,
                level,
                kind,
                message,
            } => self.log(id, level, kind, message),
            // The end of the connection reports the same.
            EngineEvent::Failed { .. } => {}
        }
    }
}
