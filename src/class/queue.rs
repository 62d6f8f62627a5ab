//! The event queue between the engine's threads and DoEvents.
//!
//! The I/O threads push and never wait. DoEvents takes the whole backlog with one lock, and sleeps
//! only when it is empty. The sleeper is woken, and the descriptor made readable, at the end of the
//! I/O thread's turn, when its packets are sent; for Transfer data alone, which no client waits
//! for, at most every half millisecond. Only log messages are dropped beyond a limit. The rest is
//! bounded because no new request is admitted while the backlog is too long, and because the
//! library controls the flow of Transfer data.

use std::collections::VecDeque;
use std::io;
use std::sync::OnceLock;
use std::time::Duration;

use tftp_serve::inline::{DataRun, EngineEvent, EventFd, Instant, Wanted, now};
use tftp_serve::{LogKind, LogLevel};
use tftp_sync::atomic::{
    AtomicBool, AtomicUsize,
    Ordering::{AcqRel, Relaxed, Release},
};
use tftp_sync::{Condvar, Mutex, MutexGuard};

/// While this many items wait, new requests are left unanswered.
const MANY: usize = 32_768;
/// While this many bytes of Transfer data wait, new requests are left unanswered.
const MANY_BYTES: usize = 64 << 20;
/// Transfer data alone wakes the application at this many bytes, or `WAKE_EVERY` after the last
/// time.
const WAKE_BYTES: usize = 64 << 10;
const WAKE_EVERY: Duration = Duration::from_micros(500);
/// The size up to which the memory of a batch is used again.
const SPARE_ITEMS: usize = 64;
/// The limit of log messages that wait; further ones are dropped and counted.
const MANY_LOGS: usize = 8_192;

/// An item for DoEvents to deliver.
#[derive(Debug)]
pub(super) enum Item {
    /// An event of the library.
    Event(EngineEvent),
    /// The application has answered the request of this connection, which was put off.
    Decided(i32),
    /// A download that the application feeds has room for more.
    Wanted(Wanted),
    /// Transfer data that was taken back while it waited, because its callback was removed: its
    /// connection and its bytes.
    Released(i32, u64),
}

impl Item {
    /// Returns the id of the connection that the item belongs to; 0 if it belongs to none.
    pub(super) fn connection(&self) -> i32 {
        match self {
            Item::Event(event) => event.id(),
            Item::Decided(id) => *id,
            Item::Wanted(wanted) => wanted.name,
            Item::Released(id, _) => *id,
        }
    }

    fn is_log(&self) -> bool {
        matches!(self, Item::Event(EngineEvent::Log { .. }))
    }
}

/// Returns a log message of the class itself, at level 1.
pub(super) fn message(message: String) -> Item {
    Item::Event(EngineEvent::Log {
        id: 0,
        level: LogLevel::Info,
        kind: LogKind::Info,
        message,
    })
}

/// The queue.
#[derive(Default)]
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    arrived: Condvar,
    /// How many items were pushed and not delivered yet, including those that a batch has taken.
    items: AtomicUsize,
    bytes: AtomicUsize,
    /// Something was pushed since the last announcement or take.
    is_unannounced: AtomicBool,
    is_interrupted: AtomicBool,
    readable: OnceLock<EventFd>,
    making_readable: Mutex<()>,
}

#[derive(Default)]
struct Waiting {
    items: VecDeque<Item>,
    /// The memory of the last batch, empty.
    spare: VecDeque<Item>,
    logs: usize,
    dropped_logs: u64,
    has_sleeper: bool,
    /// Since the last announcement or take, an item other than Transfer data, or the last data of a
    /// transfer, was pushed.
    is_urgent: bool,
    /// The descriptor is readable.
    is_readable: bool,
    /// The time of the last announcement at a turn's end.
    announced_at: Option<Instant>,
}

impl Queue {
    /// Returns true if there is room for the events of a new request.
    pub(super) fn has_room(&self) -> bool {
        self.items.load(Relaxed) < MANY && self.bytes.load(Relaxed) < MANY_BYTES
    }

    /// Returns false if nothing waits.
    pub(super) fn has_items(&self) -> bool {
        self.items.load(Relaxed) > 0
    }

    /// Adds an item; blocks for nothing but the lock.
    pub(super) fn push(&self, item: Item) {
        self.push_after(item, |_| {});
    }

    /// As [`Queue::push`], but calls `look` with the lock held: what it sees is not older than what
    /// [`Queue::revise`] has seen.
    pub(super) fn push_after(&self, item: Item, look: impl FnOnce(&Item)) {
        let mut waiting = self.waiting.lock();
        if item.is_log() {
            if waiting.logs >= MANY_LOGS {
                waiting.dropped_logs += 1;
                return;
            }
            waiting.logs += 1;
        }
        look(&item);
        self.count(&item);
        waiting.is_urgent |= !matches!(&item, Item::Event(EngineEvent::Data(run)) if !run.is_last);
        waiting.items.push_back(item);
        self.is_unannounced.store(true, Relaxed);
    }

    /// Announces the backlog now: wakes the sleeper and makes the descriptor readable.
    pub(super) fn announce(&self) {
        self.announce_locked(&mut self.waiting.lock());
    }

    /// Announces the backlog if it is time; otherwise returns the delay until then.
    pub(super) fn announce_at(&self, now: Instant) -> Option<Duration> {
        if !self.is_unannounced.load(Relaxed) {
            return None;
        }
        let mut waiting = self.waiting.lock();
        let since = waiting
            .announced_at
            .map_or(WAKE_EVERY, |at| now.saturating_sub(at));
        if !waiting.is_urgent && since < WAKE_EVERY && self.bytes.load(Relaxed) < WAKE_BYTES {
            return Some(WAKE_EVERY - since);
        }
        waiting.announced_at = Some(now);
        self.announce_locked(&mut waiting);
        None
    }

    fn announce_locked(&self, waiting: &mut Waiting) {
        self.is_unannounced.store(false, Relaxed);
        waiting.is_urgent = false;
        if waiting.items.is_empty() {
            return;
        }
        self.settle_readable(waiting, true);
        if waiting.has_sleeper {
            waiting.has_sleeper = false;
            self.arrived.notify_one();
        }
    }

    /// Takes the whole backlog. If it is empty, waits for an announcement or an interrupt, at most
    /// for `patience`.
    pub(super) fn take(&self, patience: Duration) -> Batch<'_> {
        let mut waiting = self.waiting.lock();
        let is_idle = waiting.items.is_empty() && !self.is_interrupted.load(Relaxed);
        if is_idle && !patience.is_zero() {
            self.sleep(&mut waiting, patience);
        }
        if let Some(item) = waiting.confess() {
            self.count(&item);
            waiting.items.push_back(item);
        }
        waiting.logs = 0;
        waiting.is_urgent = false;
        self.is_unannounced.store(false, Relaxed);
        self.settle_readable(&mut waiting, false);
        let spare = std::mem::take(&mut waiting.spare);
        Batch {
            queue: self,
            items: std::mem::replace(&mut waiting.items, spare),
        }
    }

    /// Sleeps until an announcement or an interrupt, which reset `has_sleeper`, or for `patience`. A
    /// wait for a condition may end early and without a reason.
    fn sleep(&self, waiting: &mut MutexGuard<'_, Waiting>, patience: Duration) {
        let (begin, mut rest) = (now(), patience);
        waiting.has_sleeper = true;
        while waiting.has_sleeper && !rest.is_zero() {
            self.arrived.wait_for(waiting, rest);
            rest = patience.saturating_sub(now().saturating_sub(begin));
        }
        waiting.has_sleeper = false;
    }

    /// Wakes the sleeper, or keeps the next one from sleeping.
    pub(super) fn interrupt(&self) {
        let mut waiting = self.waiting.lock();
        self.is_interrupted.store(true, Release);
        waiting.has_sleeper = false;
        self.arrived.notify_all();
    }

    /// Returns true if there was an interrupt since the last call.
    pub(super) fn take_interrupt(&self) -> bool {
        // AcqRel: the taker sees all writes before `interrupt()`, among them the close flag, and so
        // does the thread whose turn is next.
        self.is_interrupted.swap(false, AcqRel)
    }

    /// Calls `change` for every item that waits.
    pub(super) fn revise(&self, change: impl FnMut(&mut Item)) {
        self.waiting.lock().items.iter_mut().for_each(change);
    }

    /// Drops everything that waits.
    pub(super) fn clear(&self) {
        let mut waiting = self.waiting.lock();
        self.settle_readable(&mut waiting, false);
        *waiting = Waiting::default();
        self.items.store(0, Relaxed);
        self.bytes.store(0, Relaxed);
    }

    /// Returns how many items wait.
    #[cfg(all(test, shuttle))]
    pub(super) fn len(&self) -> usize {
        self.waiting.lock().items.len()
    }

    /// Returns the descriptor that is readable while something waits; the first call makes it. On
    /// Windows there is none.
    pub(super) fn event_fd(&self) -> io::Result<i32> {
        #[cfg(unix)]
        return Ok(self.event()?.raw());
        #[cfg(windows)]
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Returns the HANDLE of the event that is signalled while something waits. Only Windows has
    /// one.
    pub(super) fn event_handle(&self) -> io::Result<usize> {
        #[cfg(windows)]
        return Ok(self.event()?.handle() as usize);
        #[cfg(unix)]
        Err(io::ErrorKind::Unsupported.into())
    }

    fn event(&self) -> io::Result<&EventFd> {
        let _one_at_a_time = self.making_readable.lock();
        if let Some(readable) = self.readable.get() {
            return Ok(readable);
        }
        let made = EventFd::new()?;
        let mut waiting = self.waiting.lock();
        let readable = self.readable.get_or_init(|| made);
        let is_waiting = !waiting.items.is_empty();
        self.settle_readable(&mut waiting, is_waiting);
        Ok(readable)
    }

    /// Puts items that were taken and not delivered back to the head.
    fn put_back(&self, mut items: VecDeque<Item>) {
        let mut waiting = self.waiting.lock();
        waiting.logs += items.iter().filter(|item| item.is_log()).count();
        items.append(&mut waiting.items);
        waiting.items = items;
        let is_waiting = !waiting.items.is_empty();
        self.settle_readable(&mut waiting, is_waiting);
    }

    /// Sets or clears the descriptor. The caller holds the lock of `waiting`, so that it never
    /// shows an old state.
    fn settle_readable(&self, waiting: &mut Waiting, is_waiting: bool) {
        let Some(readable) = self.readable.get().filter(|_| waiting.is_readable != is_waiting)
        else {
            return;
        };
        waiting.is_readable = is_waiting;
        match is_waiting {
            true => readable.set(),
            false => readable.clear(),
        }
    }

    fn count(&self, item: &Item) {
        self.items.fetch_add(1, Relaxed);
        self.bytes.fetch_add(bytes_of(item), Relaxed);
    }

    fn discount(&self, bytes: usize) {
        self.items.fetch_sub(1, Relaxed);
        self.bytes.fetch_sub(bytes, Relaxed);
    }
}

impl Waiting {
    /// Returns a message with the number of dropped log messages, if there are any.
    fn confess(&mut self) -> Option<Item> {
        let dropped = std::mem::take(&mut self.dropped_logs);
        (dropped != 0).then(|| {
            message(format!(
                "{dropped} log messages were dropped: DoEvents was not called often enough"
            ))
        })
    }
}

/// The items that one DoEvents delivers. Those that it leaves go back to the head of the queue on
/// drop.
pub(super) struct Batch<'q> {
    queue: &'q Queue,
    items: VecDeque<Item>,
}

impl Batch<'_> {
    /// Passes the next item to `deliver`; until then it counts as waiting. Returns false if none is
    /// left.
    pub(super) fn deliver_next(&mut self, deliver: impl FnOnce(Item)) -> bool {
        let Some(item) = self.items.pop_front() else {
            return false;
        };
        let bytes = bytes_of(&item);
        self.queue.discount(bytes);
        deliver(item);
        true
    }
}

impl Drop for Batch<'_> {
    fn drop(&mut self) {
        let items = std::mem::take(&mut self.items);
        if !items.is_empty() {
            self.queue.put_back(items);
        } else if (1..=SPARE_ITEMS).contains(&items.capacity()) {
            self.queue.waiting.lock().spare = items;
        }
    }
}

fn bytes_of(item: &Item) -> usize {
    match item {
        Item::Event(EngineEvent::Data(DataRun { length, .. })) | Item::Released(_, length) => {
            usize::try_from(*length).unwrap_or(usize::MAX)
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests;
