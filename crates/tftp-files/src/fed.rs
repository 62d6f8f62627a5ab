//! Downloads whose bytes the application supplies while they run.
//!
//! [`Feeds`] tracks all such downloads of one server. A download joins by its [`Fed`], a
//! [`Place`](crate::Place) like any other, and reads pieces through its
//! [`DownloadStream`](crate::DownloadStream). When it nears the end of the supplied data, more is
//! requested from the application ([`Asks`]), at most a window and the same again ahead; feeds that
//! read ahead request more at a time as long as they are few ([`Feeds::reading_ahead`]). The
//! application may call [`Feeds::supply`] on any thread. Downloads with the same key share the
//! supplied data: see [`group`].

use std::fmt;
use std::sync::{Arc, Weak};

use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use tftp_sync::Mutex;

use ahead::Budget;
use group::{State, Waiter};
pub use pass::Refused;
pub(crate) use reader::{Piece, Reader};

mod ahead;
mod group;
#[cfg(all(test, shuttle))]
mod models;
mod pass;
mod reader;
#[cfg(test)]
mod tests;

/// The passes of one source are numbered from a multiple of this.
const PASSES: u64 = 1 << 24;

/// A request for data to the application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The download, or one of those that share its source.
    pub name: i32,
    /// The offset in bytes from the beginning of the source. Everything before was requested
    /// already.
    pub offset: u64,
    /// The number of bytes from there on that the application may supply.
    pub length: u64,
}

/// The interface through which feeds request data from the application.
pub trait Asks: Send + Sync {
    /// Requests more data. Called with a lock held, on the thread that made room: it must not
    /// block, and must not call back.
    fn ask(&self, wanted: Wanted);

    /// Wakes the application after requests. Called without a lock, so that it may supply at once,
    /// on any thread.
    fn wake(&self) {}
}

/// A download whose data the application supplies.
#[derive(Clone)]
pub struct Fed {
    /// The feeds of its server.
    pub feeds: Arc<Feeds>,
    /// The name under which its data is requested and supplied. No other download may have it as
    /// long as this one runs.
    pub name: i32,
    /// Its length in bytes, if known.
    pub size: Option<u64>,
    /// Downloads with the same key and size share the supplied data; `None` if it is not shared.
    pub key: Option<Arc<str>>,
}

/// The feeds of one server.
pub struct Feeds {
    asks: Box<dyn Asks>,
    budget: Arc<Budget>,
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
    /// Held during a call of [`Feeds::supply`], so that the pieces of two calls do not mix. Holds
    /// the waiters that such a call resumes; empty between calls.
    supplying: Mutex<Vec<Waiter>>,
}

impl Known {
    /// Forgets the names of a source, except those that a later one has.
    fn forget(&mut self, group: &Arc<Group>, names: impl IntoIterator<Item = i32>) {
        for name in names {
            if let Entry::Occupied(entry) = self.names.entry(name)
                && std::ptr::eq(entry.get().as_ptr(), &**group)
            {
                entry.remove();
            }
        }
    }
}

impl Fed {
    /// Begins a download. Nothing is requested for it before it reads.
    pub(crate) fn join(&self) -> Reader {
        self.feeds.join(self)
    }
}

impl Feeds {
    /// Creates the feeds of a server, without downloads. Requests for data go to `asks`.
    pub fn new(asks: impl Asks + 'static) -> Arc<Feeds> {
        Feeds::with_budget(asks, Budget::none())
    }

    /// Creates the feeds of a server whose sources are read ahead, so that they are called less
    /// often: each up to half a megabyte beyond its windows, all together up to 16 MB.
    pub fn reading_ahead(asks: impl Asks + 'static) -> Arc<Feeds> {
        Feeds::with_budget(asks, Budget::new())
    }

    fn with_budget(asks: impl Asks + 'static, budget: Arc<Budget>) -> Arc<Feeds> {
        Arc::new(Feeds {
            asks: Box::new(asks),
            budget,
            known: Mutex::default(),
        })
    }

    /// Supplies the next bytes of a source, in order. `name` is that of any download that shares
    /// it, or of one that has ended, as long as another runs. `is_last`: these bytes are the last
    /// ones.
    ///
    /// # Errors
    /// Nothing was accepted then: see [`Refused`].
    pub fn supply(&self, name: i32, bytes: &[u8], is_last: bool) -> Result<(), Refused> {
        let group = self.group(name).ok_or(Refused::Over)?;
        let has_asked = self.supply_group(&group, name, bytes, is_last)?;
        self.wake(has_asked);
        Ok(())
    }

    /// Returns true if there were requests.
    fn supply_group(
        &self,
        group: &Group,
        name: i32,
        bytes: &[u8],
        is_last: bool,
    ) -> Result<bool, Refused> {
        let mut ready = group.supplying.lock();
        let mut state = group.state.lock();
        let checked = state.check(name, bytes.len() as u64)?;
        // Copied in parts, so that an I/O thread that wants the lock waits no longer than the
        // copying of one part.
        let (mut rest, mut has_asked) = (bytes, false);
        loop {
            let (part, left) = rest.split_at(rest.len().min(checked.piece));
            let is_taken = state.take(&checked, part, is_last && left.is_empty(), &mut ready);
            has_asked |= self.ask(&mut state);
            drop(state);
            ready.drain(..).for_each(|waiter| waiter());
            if left.is_empty() || !is_taken {
                return Ok(has_asked);
            }
            rest = left;
            state = group.state.lock();
        }
    }

    /// Called when the application will not serve a request, because it has ended the download of
    /// that name. The rest of it is requested in the name of another download that shares the
    /// source, if there is one.
    pub fn take_back(&self, wanted: Wanted) {
        let Some(group) = self.group(wanted.name) else {
            return;
        };
        let mut ready = Vec::new();
        self.change(&group, |state| state.take_back(wanted, &mut ready));
        ready.into_iter().for_each(|waiter| waiter());
    }

    /// Called when the application will serve no further request of this name. Requests that it has
    /// carried before are outstanding until they are served or taken back.
    pub fn refuse(&self, name: i32) {
        if let Some(group) = self.group(name) {
            group.state.lock().refuse(name);
        }
    }

    /// Called when the application ends the download of this name, before the download leaves. Where
    /// it has ended all downloads of a pass, another one that joins gets a new pass.
    pub fn end(&self, name: i32) {
        if let Some(group) = self.group(name) {
            self.change(&group, |state| state.end(name));
        }
    }

    /// Returns false if a request came too late: its source has been supplied to the end meanwhile,
    /// or its downloads have ended.
    pub fn is_wanted(&self, wanted: Wanted) -> bool {
        let group = self.group(wanted.name);
        group.is_some_and(|group| group.state.lock().is_wanted(wanted.name))
    }

    /// Returns the source of the download with this name, as long as a download uses it.
    #[inline]
    fn group(&self, name: i32) -> Option<Arc<Group>> {
        self.known.lock().names.get(&name).and_then(Weak::upgrade)
    }

    /// Returns whether a download of this name runs, or has shared its source with one that does.
    /// False for one that has ended if nothing can be supplied under its name any more.
    pub fn knows(&self, name: i32) -> bool {
        let known = self.known.lock();
        known
            .names
            .get(&name)
            .is_some_and(|group| group.strong_count() > 0)
    }

    /// Changes the state of a source, and sends the requests that are due then.
    #[inline]
    fn change<T>(&self, group: &Group, change: impl FnOnce(&mut State) -> T) -> T {
        let (changed, has_asked) = {
            let mut state = group.state.lock();
            (change(&mut state), self.ask(&mut state))
        };
        self.wake(has_asked);
        changed
    }

    /// Sends the requests that are due, under the lock, so that they come in order. Returns true if
    /// there were any: the caller then calls [`Feeds::wake`] without the lock.
    #[inline]
    fn ask(&self, state: &mut State) -> bool {
        state.may_want() && self.ask_all(state)
    }

    fn ask_all(&self, state: &mut State) -> bool {
        let mut has_asked = false;
        while let Some(wanted) = state.poll_wanted() {
            self.asks.ask(wanted);
            has_asked = true;
        }
        has_asked
    }

    fn wake(&self, has_asked: bool) {
        if has_asked {
            self.asks.wake();
        }
    }

    fn join(self: &Arc<Feeds>, fed: &Fed) -> Reader {
        let mut known = self.known.lock();
        let key = fed.key.clone().map(|key| (key, fed.size));
        let shared = key.as_ref().and_then(|key| known.shared.get(key)?.upgrade());
        let group = shared.unwrap_or_else(|| {
            known.groups += 1;
            let group = Arc::new(Group {
                state: Mutex::new(State::new(
                    fed.size,
                    key.is_some(),
                    known.groups * PASSES,
                    &self.budget,
                )),
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

    /// Removes a reader, and with the last one all state of its source.
    fn leave(&self, group: &Arc<Group>, id: u32) {
        let has_asked = self.leave_locked(group, id);
        self.wake(has_asked);
    }

    fn leave_locked(&self, group: &Arc<Group>, id: u32) -> bool {
        let mut known = self.known.lock();
        let mut state = group.state.lock();
        known.forget(group, state.leave(id));
        if !state.is_empty() {
            // The others may have waited for this reader.
            return self.ask(&mut state);
        }
        known.forget(group, state.names());
        if let Some(key) = &group.key {
            known.shared.remove(key);
        }
        false
    }

    /// The number of known names and sources.
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
