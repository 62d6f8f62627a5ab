//! Connection ids.

use std::sync::{Arc, Weak};

use hashbrown::HashSet;

use tftp_sync::Mutex;

/// The first connection id. Smaller numbers are positions in the Conn arrays.
pub const FIRST_CONNECTION_ID: i32 = 1_000_001;

/// Hands out ids in order, and starts again with unused ones after the largest.
#[derive(Debug)]
pub struct Ids(Mutex<State>);

#[derive(Debug)]
struct State {
    next: i32,
    taken: HashSet<i32, foldhash::fast::RandomState>,
}

/// Reserves an id for as long as it lives.
#[derive(Debug)]
pub struct IdLease {
    id: i32,
    ids: Weak<Ids>,
}

impl Default for Ids {
    fn default() -> Self {
        Ids(Mutex::new(State {
            next: FIRST_CONNECTION_ID,
            taken: HashSet::default(),
        }))
    }
}

impl Ids {
    /// Reserves the next unused id: see [`Ids::lease`].
    pub(super) fn take(&self) -> i32 {
        let mut state = self.0.lock();
        loop {
            let id = state.next;
            state.next = id.checked_add(1).unwrap_or(FIRST_CONNECTION_ID);
            if state.taken.insert(id) {
                return id;
            }
        }
    }

    /// Frees the room that was needed for more ids than are in use.
    pub(super) fn shrink(&self) {
        self.0.lock().taken.shrink_to_fit();
    }

    /// Returns a lease that frees a reserved id when it is dropped.
    pub(super) fn lease(self: &Arc<Self>, id: i32) -> IdLease {
        IdLease {
            id,
            ids: Arc::downgrade(self),
        }
    }
}

#[cfg(test)]
impl IdLease {
    /// Returns the id.
    fn id(&self) -> i32 {
        self.id
    }
}

impl Drop for IdLease {
    fn drop(&mut self) {
        if let Some(ids) = self.ids.upgrade() {
            ids.0.lock().taken.remove(&self.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_the_largest_id_unused_ids_follow() {
        let ids = Arc::new(Ids::default());
        let next = || ids.lease(ids.take());
        let held: Vec<IdLease> = (0..3).map(|_| next()).collect();
        let numbers: Vec<i32> = held.iter().map(IdLease::id).collect();
        assert_eq!(numbers, [1_000_001, 1_000_002, 1_000_003]);
        drop(next());
        assert_eq!(next().id(), 1_000_005, "none is used again before the largest");
        ids.0.lock().next = i32::MAX;
        let last = next();
        assert_eq!((last.id(), next().id()), (i32::MAX, 1_000_004));
        drop(held);
        ids.0.lock().next = i32::MAX;
        assert_eq!(next().id(), 1_000_001, "the largest is still held");
        drop(last);
        assert!(ids.0.lock().taken.is_empty());
    }
}
