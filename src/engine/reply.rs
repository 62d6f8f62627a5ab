//! The way back from the application to one transfer on its shard.

use std::fmt;
use std::sync::Arc;

use super::notice::{Cause, Sources};

/// Names one transfer on its shard. Harmless once that transfer has ended.
#[derive(Clone)]
pub struct Reply {
    key: Key,
    inbox: Arc<dyn Post>,
}

/// A place in a shard's table and how often it was used before: never mistaken for a later transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// Where.
    pub index: u32,
    /// Which use of that place.
    pub generation: u32,
}

/// What an application says to a transfer.
#[derive(Debug)]
pub enum Answer {
    /// Go on, with these sources before any other.
    Admit(Sources),
    /// End it.
    End(Cause),
    /// So many bytes of Transfer data were delivered.
    Taken(u64),
}

/// Where answers go: the shard's inbox.
pub trait Post: Send + Sync {
    /// Never blocks; wakes the shard if it sleeps.
    fn post(&self, key: Key, answer: Answer);
}

impl Reply {
    /// An answer's way to the transfer `key` of the shard behind `inbox`.
    pub fn new(key: Key, inbox: Arc<dyn Post>) -> Reply {
        Reply { key, inbox }
    }

    /// Lets a held connection go on.
    pub fn admit(&self, sources: Sources) {
        self.inbox.post(self.key, Answer::Admit(sources));
    }

    /// Ends a connection, held or not: the client gets an ERROR.
    pub fn end(&self, cause: Cause) {
        self.inbox.post(self.key, Answer::End(cause));
    }

    /// Says that so many bytes of this connection's Transfer data were delivered: more may be sent or taken.
    pub fn taken(&self, bytes: u64) {
        self.inbox.post(self.key, Answer::Taken(bytes));
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Reply").field(&self.key).finish()
    }
}
