//! Which handles are open.
//!
//! A handle is a key, never an address: what a program passes is looked up and not dereferenced, so NULL, a stranger's
//! pointer and a handle that was closed are all simply not found. A key is never given out twice.

use std::collections::BTreeMap;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::RwLock;

use super::types::tftpserver;
use crate::server::Server;

/// Keys lie where no program's memory is (on 64 bit not even a canonical address), so that a foreign pointer is never
/// mistaken for one of them.
#[cfg(target_pointer_width = "64")]
const FIRST: usize = 0x5446_5450_0000_0010;
#[cfg(not(target_pointer_width = "64"))]
const FIRST: usize = 0x10;

/// Aligned like any pointer that C knows.
const STEP: usize = 16;

static NEXT: AtomicUsize = AtomicUsize::new(FIRST);
static OPEN: RwLock<BTreeMap<usize, Arc<Server>>> = RwLock::new(BTreeMap::new());

/// Names one open server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key(pub(super) usize);

impl Key {
    pub(super) fn of(handle: *mut tftpserver) -> Key {
        Key(handle.addr())
    }

    pub(super) fn as_handle(self) -> *mut tftpserver {
        ptr::without_provenance_mut(self.0)
    }

    /// The server, or `None` for anything that is not an open handle.
    pub(super) fn server(self) -> Option<Arc<Server>> {
        OPEN.read().get(&self.0).cloned()
    }

    pub(super) fn is_open(self) -> bool {
        OPEN.read().contains_key(&self.0)
    }
}

/// Makes a server known and gives its key.
pub(super) fn insert(server: Arc<Server>) -> Key {
    let key = Key(NEXT.fetch_add(STEP, Ordering::Relaxed));
    OPEN.write().insert(key.0, server);
    key
}

/// Forgets a handle; of several callers exactly one gets the server.
pub(super) fn remove(key: Key) -> Option<Arc<Server>> {
    OPEN.write().remove(&key.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_until_it_is_removed_and_never_given_out_again() {
        let first = insert(Server::open());
        assert!(first.server().is_some());
        assert!(remove(first).is_some());
        assert!(remove(first).is_none());
        assert!(first.server().is_none());
        let second = insert(Server::open());
        assert_ne!(first, second);
        remove(second);
    }

    #[test]
    fn foreign_pointers_are_not_found() {
        let mut something = 0u64;
        assert!(Key::of(ptr::null_mut()).server().is_none());
        assert!(Key::of((&raw mut something).cast()).server().is_none());
    }
}
