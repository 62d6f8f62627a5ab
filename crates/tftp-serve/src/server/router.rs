//! Where the notices of the I/O threads arrive, and where they go from there: to handlers, sinks and events.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use crossbeam_channel::Sender;

use tftp_files::{Asks, Feeds, Wanted};
use tftp_proto::wire::Operation;
use tftp_sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use tftp_sync::{Condvar, Mutex};

use super::connection::Connection;
use super::crew::Work;
use super::event::Event;
use super::live::{Answered, Live, Teller};
use super::outcome::Outcome;
use super::refusal::Refusal;
use super::{Answer, LogKind, LogLevel};
use crate::notice::{self, Application, Notice, Run, Wants};

/// While so many requests wait for the handler, or events for their callback, new requests are left unanswered; their
/// clients repeat them.
const MANY: usize = 32_768;

/// While so many events wait, log messages are dropped.
const MANY_LOGS: usize = 8_192;

pub(super) struct Router {
    wants: Wants,
    /// Uploads that go to sinks.
    sinks: AtomicUsize,
    live: Mutex<BTreeMap<i32, Arc<Live>>>,
    /// Signalled when `live` becomes empty.
    is_idle: Condvar,
    work: Sender<Work>,
    events: Option<Sender<Event>>,
    dropped_logs: AtomicU64,
    /// Downloads that sources supply.
    pub(super) feeds: Arc<Feeds>,
}

/// What downloads need of their sources.
struct Asker(Weak<Router>);

impl Asks for Asker {
    fn ask(&self, wanted: Wanted) {
        if let Some(router) = self.0.upgrade() {
            router.wanted(wanted);
        }
    }
}

impl Router {
    pub(super) fn new(
        has_handler: bool,
        level: LogLevel,
        work: Sender<Work>,
        events: Option<Sender<Event>>,
    ) -> Arc<Router> {
        let log = match &events {
            Some(_) => level.wants(),
            None => Wants::NONE,
        };
        let request = if has_handler { Wants::REQUEST } else { Wants::NONE };
        Arc::new_cyclic(|router| Router {
            wants: Wants::DISCONNECTED.with(request).with(log),
            sinks: AtomicUsize::new(0),
            live: Mutex::default(),
            is_idle: Condvar::new(),
            work,
            events,
            dropped_logs: AtomicU64::new(0),
            feeds: Feeds::new(Asker(Weak::clone(router))),
        })
    }

    /// Every connection that has begun and whose end was not told yet.
    pub(super) fn connections(&self) -> Vec<Arc<Live>> {
        self.live.lock().values().cloned().collect()
    }

    pub(super) fn count(&self) -> usize {
        self.live.lock().len()
    }

    /// Waits until no connection is left. False where some are after `patience`.
    pub(super) fn wait_idle(&self, patience: Option<Duration>) -> bool {
        let deadline = patience.map(|patience| tftp_udp::now() + patience);
        let mut live = self.live.lock();
        while !live.is_empty() {
            let Some(deadline) = deadline else {
                self.is_idle.wait(&mut live);
                continue;
            };
            let left = deadline.saturating_sub(tftp_udp::now());
            if left.is_zero() {
                return false;
            }
            self.is_idle.wait_for(&mut live, left);
        }
        true
    }

    pub(super) fn stop_work(&self) {
        // The handler threads have ended already.
        let _ = self.work.send(Work::Stop);
    }

    pub(super) fn send(&self, work: Work) {
        // Fails where the server is closed and nobody is left to work.
        let _ = self.work.send(work);
    }

    /// Passes an answer on; false where it came too late.
    pub(super) fn answer(&self, live: &Live, answer: Answer) -> bool {
        let count_sink = || {
            self.sinks.fetch_add(1, Relaxed);
        };
        matches!(live.answer(answer, &self.feeds, count_sink), Answered::Yes)
    }

    /// The last that is told of a connection.
    pub(super) fn tell_end(&self, live: &Arc<Live>, outcome: Outcome) {
        self.tell_event(|| Event::Ended {
            connection: Connection::new(Arc::clone(live)),
            outcome,
        });
        let mut table = self.live.lock();
        table.remove(&live.about.id);
        if table.is_empty() {
            self.is_idle.notify_all();
        }
    }

    /// How many log messages were dropped since this was called last.
    pub(super) fn take_dropped_logs(&self) -> u64 {
        match self.dropped_logs.load(Relaxed) {
            0 => 0,
            _ => self.dropped_logs.swap(0, Relaxed),
        }
    }

    fn tell_event(&self, event: impl FnOnce() -> Event) {
        if let Some(events) = &self.events {
            // Fails where the server is closed.
            let _ = events.send(event());
        }
    }

    fn find(&self, id: i32) -> Option<Arc<Live>> {
        self.live.lock().get(&id).cloned()
    }

    fn begin(&self, about: Arc<notice::Connection>, reply: crate::reply::Reply, is_held: bool) {
        let asks = is_held && self.wants.has(Wants::REQUEST);
        let live = Arc::new(Live::new(about, Some(reply), asks));
        self.live.lock().insert(live.about.id, Arc::clone(&live));
        self.tell_requested(&live);
        match asks {
            true => self.send(Work::Ask(live)),
            false if is_held => live.admit(),
            false => {}
        }
    }

    fn tell_requested(&self, live: &Arc<Live>) {
        self.tell_event(|| Event::Requested {
            connection: Connection::new(Arc::clone(live)),
        });
    }

    fn moved(&self, run: Run) {
        let Some(live) = self.find(run.id) else {
            return;
        };
        let weight = run.weight();
        match live.about.operation {
            // Told for the sake of an upload elsewhere.
            Operation::Read => live.taken(weight),
            Operation::Write => match live.moved(run) {
                Ok(true) => self.send(Work::Carry(live)),
                Ok(false) => {}
                Err(_) => live.taken(weight),
            },
        }
    }

    /// Under a lock of the feeds: only passes it on.
    fn wanted(&self, wanted: Wanted) {
        if let Some(live) = self.find(wanted.name).filter(|live| live.wanted(wanted)) {
            self.send(Work::Carry(live));
        }
    }

    /// A source has failed: its download ends, and those that share it.
    pub(super) fn fail_source(&self, live: &Live, refusal: &Refusal) {
        live.end(refusal.clone());
        for other in self.connections() {
            if !std::ptr::eq(&*other, live) && other.shares_with(live) {
                other.end(refusal.clone());
            }
        }
    }

    fn over(&self, id: i32, outcome: Outcome) {
        let Some(live) = self.find(id) else {
            return;
        };
        let (teller, has_sink) = live.over(outcome);
        if has_sink {
            self.sinks.fetch_sub(1, Relaxed);
        }
        match teller {
            Teller::Caller(outcome) => self.tell_end(&live, outcome),
            Teller::Carrier => self.send(Work::Carry(live)),
            Teller::Busy => {}
        }
    }

    fn log(&self, id: i32, level: u8, kind: notice::LogKind, message: String) {
        let Some(events) = &self.events else {
            return;
        };
        if events.len() >= MANY_LOGS {
            self.dropped_logs.fetch_add(1, Relaxed);
            return;
        }
        self.tell_event(|| Event::Log {
            connection: self.find(id).map(Connection::new),
            level: LogLevel::of(level),
            kind: LogKind::of(kind),
            message,
        });
    }
}

impl Application for Router {
    fn wants(&self) -> Wants {
        match self.sinks.load(Relaxed) {
            0 => self.wants,
            _ => self.wants.with(Wants::TRANSFER),
        }
    }

    fn admits(&self) -> bool {
        self.work.len() < MANY && self.events.as_ref().is_none_or(|events| events.len() < MANY)
    }

    fn tell(&self, notice: Notice) {
        match notice {
            Notice::Asked {
                connection,
                reply,
                held,
            } => self.begin(connection, reply, held),
            Notice::Refused { connection, outcome } => {
                let live = Arc::new(Live::new(connection, None, false));
                self.tell_requested(&live);
                live.over(outcome.clone());
                self.tell_end(&live, outcome);
            }
            Notice::Started { id, local_file, held } => {
                let Some(live) = self.find(id) else {
                    return;
                };
                live.found(local_file);
                if held {
                    live.admit();
                }
                self.tell_event(|| Event::Started {
                    connection: Connection::new(live),
                });
            }
            Notice::Moved(run) => self.moved(run),
            Notice::Disconnected { id, outcome } => self.over(id, outcome),
            Notice::Log {
                id,
                level,
                kind,
                message,
            } => self.log(id, level, kind, message),
            // Disconnected says the same of both; nothing here is decided by a later notice.
            Notice::Ended { .. } | Notice::Failed { .. } | Notice::Decided { .. } | Notice::Wanted { .. } => {
            }
        }
    }
}
