//! Downloads whose bytes the application supplies while they run.
//!
//! [`Feeds`] knows all of one server. A download joins by its [`Fed`], a [`Place`](crate::Place) like any other, and reads
//! pieces through its [`Feed`](crate::Feed). Where it comes to the end of what was supplied, the application is asked for
//! more ([`Asks`]), at most a window and the same again ahead; [`Feeds::supply`] may be called on any thread. Downloads with
//! the same key share what was supplied: see [`group`].

use std::fmt;
use std::sync::{Arc, Weak};

use hashbrown::HashMap;
use tftp_sync::Mutex;

use group::State;
pub use pass::Refused;
pub(crate) use reader::{Piece, Reader};

mod group;
#[cfg(all(test, shuttle))]
mod models;
mod pass;
mod reader;
#[cfg(test)]
mod tests;

/// Passes of one source are numbered from a multiple of this.
const PASSES: u64 = 1 << 24;

/// What the application is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The download, or one of those that share its source.
    pub name: i32,
    /// Bytes from the beginning of the source. Everything before was asked for already.
    pub offset: u64,
    /// How many bytes from there on are welcome.
    pub length: u64,
}

/// The application, as its feeds see it.
pub trait Asks: Send + Sync {
    /// More data is welcome. Called with a lock held, on the thread that made room: must not block, and must not call back.
    fn ask(&self, wanted: Wanted);
}

/// A download that the application feeds.
#[derive(Clone)]
pub struct Fed {
    /// Those of its server.
    pub feeds: Arc<Feeds>,
    /// The name under which it is asked for and supplied: not used for another download as long as this one runs.
    pub name: i32,
    /// Its length in bytes, where that is known.
    pub size: Option<u64>,
    /// Downloads with the same key and size share what is supplied; `None`: not shared.
    pub key: Option<Arc<str>>,
}

/// The feeds of one server.
pub struct Feeds {
    asks: Box<dyn Asks>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    shared: HashMap<(Arc<str>, Option<u64>), Weak<Group>, foldhash::fast::RandomState>,
    names: HashMap<i32, Weak<Group>, foldhash::fast::RandomState>,
    groups: u64,
}

/// One source and the downloads that share it.
struct Group {
    key: Option<(Arc<str>, Option<u64>)>,
    state: Mutex<State>,
    /// Held by whoever supplies, so that the pieces of two calls do not mix.
    supplying: Mutex<()>,
}

impl Fed {
    /// A download begins. It is asked for nothing before it reads.
    pub(crate) fn join(&self) -> Reader {
        self.feeds.join(self)
    }
}

impl Feeds {
    /// No downloads yet; what they need is asked of `asks`.
    pub fn new(asks: impl Asks + 'static) -> Arc<Feeds> {
        Arc::new(Feeds {
            asks: Box::new(asks),
            known: Mutex::default(),
        })
    }

    /// Supplies the next bytes of a source, in order, under the name of any download that shares it; also of one that has
    /// ended, as long as another runs. `is_last`: nothing follows.
    ///
    /// # Errors
    /// Nothing was taken: see [`Refused`].
    pub fn supply(&self, name: i32, bytes: &[u8], is_last: bool) -> Result<(), Refused> {
        let group = self.known.lock().names.get(&name).and_then(Weak::upgrade);
        let group = group.ok_or(Refused::Over)?;
        let _one_at_a_time = group.supplying.lock();
        let piece = group.state.lock().check(name, bytes.len() as u64)?;
        // In parts: an I/O thread that wants the lock waits no longer than one takes to copy.
        let mut rest = bytes;
        loop {
            let (part, left) = rest.split_at(rest.len().min(piece));
            self.take(&group, name, part, is_last && left.is_empty());
            if left.is_empty() {
                return Ok(());
            }
            rest = left;
        }
    }

    fn take(&self, group: &Group, name: i32, bytes: &[u8], is_last: bool) {
        let ready = {
            let mut state = group.state.lock();
            let ready = state.take(name, bytes, is_last);
            self.ask(&mut state);
            ready
        };
        ready.into_iter().for_each(|waiter| waiter());
    }

    /// Whether a download of this name runs, or shares its source with one that does.
    pub fn knows(&self, name: i32) -> bool {
        let known = self.known.lock();
        known
            .names
            .get(&name)
            .is_some_and(|group| group.strong_count() > 0)
    }

    /// Under the lock, so that requests come in order.
    fn ask(&self, state: &mut State) {
        while let Some(wanted) = state.poll_wanted() {
            self.asks.ask(wanted);
        }
    }

    fn join(self: &Arc<Feeds>, fed: &Fed) -> Reader {
        let mut known = self.known.lock();
        let key = fed.key.clone().map(|key| (key, fed.size));
        let shared = key.as_ref().and_then(|key| known.shared.get(key)?.upgrade());
        let group = shared.unwrap_or_else(|| {
            known.groups += 1;
            let group = Arc::new(Group {
                state: Mutex::new(State::new(fed.size, key.is_some(), known.groups * PASSES)),
                key,
                supplying: Mutex::default(),
            });
            if let Some(key) = &group.key {
                known.shared.insert(key.clone(), Arc::downgrade(&group));
            }
            group
        });
        known.names.insert(fed.name, Arc::downgrade(&group));
        let id = group.state.lock().join(fed.name);
        Reader::new(Arc::clone(self), group, id, fed.size)
    }

    /// A reader is gone; with the last one everything that is known of its source.
    fn leave(&self, group: &Arc<Group>, id: u32) {
        let mut known = self.known.lock();
        let mut state = group.state.lock();
        state.leave(id);
        if !state.is_empty() {
            // The others may have waited for it.
            return self.ask(&mut state);
        }
        for name in state.names() {
            let is_its = known
                .names
                .get(&name)
                .is_some_and(|other| std::ptr::eq(other.as_ptr(), &**group));
            if is_its {
                known.names.remove(&name);
            }
        }
        if let Some(key) = &group.key {
            known.shared.remove(key);
        }
    }

    /// How many names and sources are known.
    #[cfg(test)]
    fn known(&self) -> (usize, usize) {
        let known = self.known.lock();
        (known.names.len(), known.shared.len())
    }
}

impl fmt::Debug for Feeds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feeds").finish_non_exhaustive()
    }
}

impl fmt::Debug for Fed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Fed { name, size, key, .. } = self;
        f.debug_struct("Fed")
            .field("name", name)
            .field("size", size)
            .field("key", key)
            .finish()
    }
}
