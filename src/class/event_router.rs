//! Receives the library's events: decides which ones are created, which are queued and which only
//! update a record.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use hashbrown::HashMap;

use super::conn::Conns;
use super::errors::{self, Failure};
use super::events::{self, Callback};
use super::queue::{self, Item, Queue};
use super::reason::Reason;
use super::unobserved::UnobservedConnections;
use tftp_serve::Outcome;
use tftp_serve::inline::{
    Asks, EngineEvent, EventSink, Feeds, Instant, Interests, Reply, Sources, Wanted,
};
use tftp_sync::atomic::{
    AtomicBool, AtomicU8, AtomicU32,
    Ordering::{Acquire, Relaxed, Release},
};
use tftp_sync::{Mutex, RwLock};

const EVENTS: usize = events::LAST as usize;

/// The interests in the library's events that each event of the class needs. Those of Log depend on
/// LogLevel.
const INTERESTS_OF_EVENT: [Interests; EVENTS] = [
    Interests::REQUESTS,
    Interests::REQUESTS,
    Interests::CONNECTIONS,
    Interests::CONNECTIONS,
    Interests::FAILURES,
    Interests::NONE,
    Interests::STARTS,
    Interests::DATA,
    // DataWanted comes from the feeds of the class, not from the library.
    Interests::NONE,
];

/// The application as the library sees it.
pub(super) struct EventRouter {
    pub(super) queue: Arc<Queue>,
    /// Downloads that the application feeds.
    pub(super) feeds: Arc<Feeds>,
    pub(super) unobserved: UnobservedConnections,
    /// The Conn arrays.
    pub(super) conns: Conns,
    callbacks: RwLock<[Option<Arc<dyn Callback>>; EVENTS]>,
    /// The number of changes of `callbacks`.
    changes: AtomicU32,
    /// The interests of all callbacks, as bits.
    registered: AtomicU32,
    log_level: AtomicU8,
    /// The application looks at the Conn arrays: connections are followed even where no callback is
    /// registered.
    is_watched: AtomicBool,
    /// CaptureIPPacketInfo: requests are followed even if nothing else is.
    captures: AtomicBool,
    latest_destination: Mutex<Option<IpAddr>>,
    /// Something was queued for a callback that had just been removed.
    has_stale: AtomicBool,
    is_closed: AtomicBool,
}

impl EventRouter {
    pub(super) fn new(log_level: u8) -> EventRouter {
        let queue = Arc::<Queue>::default();
        EventRouter {
            feeds: Feeds::new(DataRequester(Arc::clone(&queue))),
            queue,
            unobserved: UnobservedConnections::default(),
            conns: Conns::default(),
            callbacks: RwLock::default(),
            changes: AtomicU32::new(1),
            registered: AtomicU32::new(0),
            log_level: AtomicU8::new(log_level),
            is_watched: AtomicBool::new(false),
            captures: AtomicBool::new(false),
            latest_destination: Mutex::default(),
            has_stale: AtomicBool::new(false),
            is_closed: AtomicBool::new(false),
        }
    }

    /// Registers the callback of an event, or removes it with `None`; 905 if there is no such
    /// event.
    pub(super) fn register(
        &self,
        event: i32,
        callback: Option<Arc<dyn Callback>>,
    ) -> Result<(), Failure> {
        let place = place(event).ok_or_else(|| {
            Failure::new(errors::INVALID_VALUE, &format!("There is no event {event}."))
        })?;
        if callback.is_some() {
            // A callback of any event may end connections, so they must be known.
            self.watch();
        }
        let before = {
            let mut callbacks = self.callbacks.write();
            let before = std::mem::replace(&mut callbacks[place], callback);
            self.changes.fetch_add(1, Release);
            self.registered
                .store(self.interests_of(&callbacks).bits(), Relaxed);
            before
        };
        // The application's destructor runs with no lock held.
        drop(before);
        Ok(())
    }

    /// Returns the callback of an event.
    pub(super) fn callback(&self, event: i32) -> Option<Arc<dyn Callback>> {
        self.callbacks.read()[place(event)?].clone()
    }

    /// Returns the callback of an event from the cache `kept`, which it renews after a change of
    /// `callbacks`. For events that fire a million times a second.
    pub(super) fn refresh<'k>(
        &self,
        event: i32,
        kept: &'k mut CachedCallback,
    ) -> Option<&'k dyn Callback> {
        let changes = self.changes();
        if kept.as_of != changes {
            *kept = CachedCallback {
                as_of: changes,
                callback: self.callback(event),
            };
        }
        kept.callback.as_deref()
    }

    pub(super) fn set_log_level(&self, level: u8) {
        let callbacks = self.callbacks.write();
        self.log_level.store(level, Relaxed);
        self.registered
            .store(self.interests_of(&callbacks).bits(), Relaxed);
    }

    /// Keeps the Conn arrays from now on, even without callbacks.
    pub(super) fn watch(&self) {
        self.is_watched.store(true, Relaxed);
    }

    pub(super) fn close(&self) {
        self.is_closed.store(true, Relaxed);
        self.queue.interrupt();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.is_closed.load(Relaxed)
    }

    /// Logs a message of the class itself, at level 1.
    pub(super) fn log(&self, message: String) {
        if self.registered().has(Interests::LOG_INFO) {
            self.queue.push(queue::message(message));
            self.queue.announce();
        }
    }

    /// Queues the application's answer to a request that was put off: the next DoEvents reports it.
    pub(super) fn decided(&self, id: i32) {
        self.queue.push(Item::Decided(id));
        self.queue.announce();
    }

    /// Returns the number of changes of callbacks.
    pub(super) fn changes(&self) -> u32 {
        self.changes.load(Acquire)
    }

    /// Notes that an item waits for a callback that was removed after the I/O thread had looked.
    fn note_stale(&self, item: &Item) {
        let needed = match item {
            Item::Event(EngineEvent::Requested { held: true, .. }) => Interests::REQUESTS,
            Item::Event(EngineEvent::Started { held: true, .. }) => Interests::STARTS,
            Item::Event(EngineEvent::Data(_)) => Interests::DATA,
            _ => return,
        };
        if !self.registered().has(needed) {
            self.has_stale.store(true, Relaxed);
        }
    }

    /// Resumes connections that wait for an event whose callback was removed, and ends those that
    /// depend on it: nothing waits for an event without a callback.
    pub(super) fn release(&self) {
        self.has_stale.store(false, Relaxed);
        let (interests, conns) = (self.registered(), &self.conns);
        let mut waiting = Releasing::default();
        let is_unfed = self.callback(events::id::DATA_WANTED).is_none();
        self.queue
            .revise(|item| waiting.look_at(item, interests, is_unfed, conns));
        waiting
            .unfed
            .into_iter()
            .for_each(|reply| reply.end(Reason::NoFeeder.refusal()));
        waiting
            .admissions
            .into_iter()
            .for_each(|(reply, sources)| reply.admit(sources));
        // Before any data counts as taken: the last block of a lost upload must not be
        // acknowledged.
        waiting
            .lost
            .into_iter()
            .for_each(|reply| reply.end(Reason::NoPlace.refusal()));
        waiting
            .runs
            .into_iter()
            .for_each(|(reply, weight)| reply.taken(weight));
    }

    /// Starts or stops keeping the address that the latest request was sent to. Stopping also
    /// forgets it.
    pub(super) fn capture(&self, captures: bool) {
        self.captures.store(captures, Relaxed);
        if !captures {
            *self.latest_destination.lock() = None;
        }
    }

    pub(super) fn latest_destination(&self) -> Option<IpAddr> {
        *self.latest_destination.lock()
    }

    fn destination_of(&self, event: &EngineEvent) {
        match event {
            EngineEvent::Requested { reply, .. } => {
                *self.latest_destination.lock() = reply.connection().local_ip();
            }
            EngineEvent::Refused { connection, .. } => {
                *self.latest_destination.lock() = connection.local_ip();
            }
            _ => {}
        }
    }

    fn registered(&self) -> Interests {
        Interests::from_bits(self.registered.load(Relaxed))
    }

    fn interests_of(&self, callbacks: &[Option<Arc<dyn Callback>>; EVENTS]) -> Interests {
        let mut interests = Interests::NONE;
        for (callback, needed) in callbacks.iter().zip(INTERESTS_OF_EVENT) {
            if callback.is_some() {
                interests = interests.with(needed);
            }
        }
        let levels = [Interests::LOG_INFO, Interests::LOG_VERBOSE, Interests::LOG_DEBUG];
        if callbacks[LOG].is_some() {
            let level = usize::from(self.log_level.load(Relaxed));
            interests = levels.into_iter().take(level).fold(interests, Interests::with);
        }
        interests
    }
}

/// Queues the feeds' requests for data.
struct DataRequester(Arc<Queue>);

impl Asks for DataRequester {
    fn ask(&self, wanted: Wanted) {
        self.0.push(Item::Wanted(wanted));
    }

    fn wake(&self) {
        self.0.announce();
    }
}

/// A cached callback and the number of changes up to which it is valid.
#[derive(Default)]
pub(super) struct CachedCallback {
    as_of: u32,
    callback: Option<Arc<dyn Callback>>,
}

const LOG: usize = 5;

/// Returns true if ConnectionRequest refused the connection.
fn is_denied(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Refused(refusal) if Reason::of(refusal) == Some(Reason::Denied))
}

fn place(event: i32) -> Option<usize> {
    (events::FIRST..=events::LAST)
        .contains(&event)
        .then(|| (event - events::FIRST) as usize)
}

impl EventSink for EventRouter {
    fn turn_ends(&self, now: Instant) -> Option<Duration> {
        if self.has_stale.load(Relaxed) {
            self.release();
        }
        self.queue.announce_at(now)
    }

    fn interests(&self) -> Interests {
        match self.is_watched.load(Relaxed) || self.captures.load(Relaxed) {
            // The Conn arrays need the beginnings and the ends of connections.
            true => self.registered().with(Interests::CONNECTIONS),
            false => self.registered(),
        }
    }

    fn admits(&self) -> bool {
        // Without callbacks, items left in the queue from removed ones must not keep new requests
        // out.
        self.registered() == Interests::NONE || self.queue.has_room()
    }

    fn event(&self, event: EngineEvent) {
        if self.captures.load(Relaxed) {
            self.destination_of(&event);
        }
        match event {
            EngineEvent::Requested { reply, held } if !self.registered().follows_connections() => {
                self.unobserved.begin(reply, held);
            }
            EngineEvent::Refused { .. } if !self.registered().follows_connections() => {}
            // For the application a denied connection never began.
            EngineEvent::Failed { outcome, .. } | EngineEvent::Ended { outcome, .. }
                if is_denied(&outcome) => {}
            event => {
                if let Some(event) = self.unobserved.fold(event) {
                    self.queue
                        .push_after(Item::Event(event), |item| self.note_stale(item));
                }
            }
        }
    }
}

/// The waiting connections that [`EventRouter::release`] finds. It answers them after it has
/// released the queue's lock.
#[derive(Default)]
struct Releasing {
    /// Connections whose beginning is still queued, so that the Conn arrays have no record of them.
    coming: HashMap<i32, Reply, foldhash::fast::RandomState>,
    admissions: Vec<(Reply, Sources)>,
    runs: Vec<(Reply, u64)>,
    /// Uploads whose queued data no file takes.
    lost: Vec<Reply>,
    /// Downloads that the application feeds, without a DataWanted callback.
    unfed: Vec<Reply>,
}

impl Releasing {
    fn look_at(&mut self, item: &mut Item, interests: Interests, is_unfed: bool, conns: &Conns) {
        match item {
            Item::Wanted(wanted) if is_unfed => {
                let found = self.reply_to(wanted.name, conns).map(|(reply, _)| reply);
                self.unfed.extend(found);
            }
            Item::Event(EngineEvent::Requested { reply, held }) => {
                if *held && !interests.has(Interests::REQUESTS) {
                    *held = false;
                    self.admissions.push((reply.clone(), Sources::default()));
                }
                self.coming.insert(reply.connection().id(), reply.clone());
            }
            Item::Event(EngineEvent::Started {
                connection, held, ..
            }) if *held && !interests.has(Interests::STARTS) => {
                *held = false;
                let found = self.reply_to(connection.id(), conns);
                self.admissions.extend(found);
            }
            Item::Event(EngineEvent::Data(run)) if !interests.has(Interests::DATA) => {
                if let Some((reply, _)) = self.reply_to(run.id, conns) {
                    if run.is_only_copy {
                        self.lost.push(reply.clone());
                    }
                    self.runs.push((reply, run.weight()));
                }
                *item = Item::Released(run.id, run.length);
            }
            _ => {}
        }
    }

    fn reply_to(&self, id: i32, conns: &Conns) -> Option<(Reply, Sources)> {
        if let Some(record) = conns.by_id(id) {
            return record.begin_with();
        }
        self.coming
            .get(&id)
            .map(|reply| (reply.clone(), Sources::default()))
    }
}

#[cfg(test)]
mod tests;
