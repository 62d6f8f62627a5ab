//! The way back from the application to one transfer on its thread.

use std::fmt;
use std::sync::Arc;

use super::Key;
use super::Refusal;
use super::sources::Sources;
use tftp_sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};

/// Names one transfer on its thread. Harmless once that transfer has ended.
#[derive(Clone)]
pub struct Reply {
    key: Key,
    inbox: Arc<dyn Post>,
    flow: Arc<Flow>,
}

/// How much Transfer data of one connection the application has not taken yet.
///
/// The thread adds, the application's thread subtracts; a message to the thread is needed only when it waits.
#[derive(Debug, Default)]
pub struct Flow {
    outstanding: AtomicU64,
    /// 0: nobody waits. Otherwise the thread wants to know when no more than this minus one is outstanding.
    notify_at: AtomicU64,
    /// The application has ended the connection; the message that says so may still be on its way.
    is_refused: AtomicBool,
}

impl Flow {
    /// So much more was told.
    pub fn add(&self, bytes: u64) {
        self.outstanding.fetch_add(bytes, SeqCst);
    }

    /// True if no more than `limit` is outstanding; otherwise [`Answer::Taken`] will come when that is so.
    pub fn below(&self, limit: u64) -> bool {
        if self.outstanding.load(SeqCst) <= limit {
            return true;
        }
        self.notify_at.store(limit + 1, SeqCst);
        // The application may have taken everything between the two lines above.
        self.outstanding.load(SeqCst) <= limit && self.notify_at.swap(0, SeqCst) != 0
    }

    /// Whether the application has ended the connection. Set before what it refused counts as taken, so that the end of
    /// an upload is never acknowledged over its head.
    pub fn is_refused(&self) -> bool {
        self.is_refused.load(SeqCst)
    }

    /// So much was taken; true if the thread waits for that.
    fn subtract(&self, bytes: u64) -> bool {
        let left = self.outstanding.fetch_sub(bytes, SeqCst).saturating_sub(bytes);
        let wanted = self.notify_at.load(SeqCst);
        wanted > left && self.notify_at.compare_exchange(wanted, 0, SeqCst, SeqCst).is_ok()
    }
}

/// What an application says to a transfer.
#[derive(Debug)]
pub enum Answer {
    /// Go on, with these sources before any other.
    Admit(Sources),
    /// End it.
    End(Refusal),
    /// As much Transfer data was taken as the thread waited for.
    Taken,
}

/// Where answers go: the thread's inbox.
pub trait Post: Send + Sync {
    /// Never blocks; wakes the thread if it sleeps.
    fn post(&self, key: Key, answer: Answer);
}

impl Reply {
    /// An answer's way to the transfer `key` of the thread behind `inbox`.
    pub fn new(key: Key, inbox: Arc<dyn Post>) -> Reply {
        Reply {
            key,
            inbox,
            flow: Arc::default(),
        }
    }

    /// The flow control of the connection that this answers.
    pub fn flow(&self) -> Arc<Flow> {
        Arc::clone(&self.flow)
    }

    /// Lets a held connection go on.
    pub fn admit(&self, sources: Sources) {
        self.inbox.post(self.key, Answer::Admit(sources));
    }

    /// Ends a connection, held or not: the client gets an ERROR.
    pub fn end(&self, refusal: Refusal) {
        self.flow.is_refused.store(true, SeqCst);
        self.inbox.post(self.key, Answer::End(refusal));
    }

    /// Says that so much of a run ([`super::notice::Run::weight`]) was delivered: more may be sent or received.
    pub fn taken(&self, bytes: u64) {
        if self.flow.subtract(bytes) {
            self.inbox.post(self.key, Answer::Taken);
        }
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Reply").field(&self.key).finish()
    }
}
