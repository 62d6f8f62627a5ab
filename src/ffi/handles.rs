//! The table of open handles.
//!
//! A handle is a key, not an address. It is looked up and never dereferenced, so NULL, foreign
//! pointers and closed handles are simply not found. Keys are never reused.

use std::collections::BTreeMap;
use std::ptr;
use std::sync::Arc;

use super::types::tftpserver;
use crate::class::Server;
use tftp_sync::RwLock;
use tftp_sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

/// Keys start where no program has memory (on 64 bit not even a canonical address), so no foreign
/// pointer equals a key.
#[cfg(target_pointer_width = "64")]
const FIRST: usize = 0x5446_5450_0000_0010;
#[cfg(not(target_pointer_width = "64"))]
const FIRST: usize = 0x10;

/// Keeps keys aligned like any C pointer.
const STEP: usize = 16;

static NEXT: AtomicUsize = AtomicUsize::new(FIRST);

type Table = RwLock<BTreeMap<usize, Arc<Server>>>;

/// The table of this process; NULL until its first use.
static OPEN: AtomicPtr<Table> = AtomicPtr::new(ptr::null_mut());

/// Returns the table of this process, which is never freed.
///
/// A forked child has its parent's memory but not its threads: the parent's servers do not run in
/// it, and a lock that another thread held stays locked. Therefore a child starts with an empty
/// table: the parent's handles are not found, and it can open its own servers.
fn open() -> &'static Table {
    let mut table = OPEN.load(Ordering::Acquire);
    if table.is_null() {
        table = first_table();
    }
    // SAFETY: what is stored in OPEN came from Box::into_raw and is never freed.
    unsafe { &*table }
}

fn first_table() -> *mut Table {
    let made = Box::into_raw(Box::new(Table::default()));
    match OPEN.compare_exchange(ptr::null_mut(), made, Ordering::AcqRel, Ordering::Acquire) {
        Ok(_) => {
            forget_in_children();
            made
        }
        Err(other) => {
            // SAFETY: `made` came from Box::into_raw above and no other thread has seen it.
            drop(unsafe { Box::from_raw(made) });
            other
        }
    }
}

/// Starts with an empty table, as in a child: each round of a model stands for its own process.
#[cfg(all(test, shuttle))]
pub(super) fn begin_anew() {
    OPEN.store(ptr::null_mut(), Ordering::Release);
}

#[cfg(all(unix, not(shuttle)))]
fn forget_in_children() {
    extern "C" fn forget() {
        OPEN.store(ptr::null_mut(), Ordering::Release);
    }
    // A second registration, in a child that opens a server, is harmless. If it fails for lack of
    // memory, a child keeps handles that it must not use.
    // SAFETY: the handler only stores to an atomic, which a child of a threaded process may do.
    unsafe { libc::pthread_atfork(None, None, Some(forget)) };
}

#[cfg(any(not(unix), shuttle))]
fn forget_in_children() {}

/// The key of one server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key(pub(super) usize);

impl Key {
    pub(super) fn of(handle: *mut tftpserver) -> Key {
        Key(handle.addr())
    }

    pub(super) fn as_handle(self) -> *mut tftpserver {
        ptr::without_provenance_mut(self.0)
    }

    /// Returns the server, or `None` for anything that is not an open handle.
    pub(super) fn server(self) -> Option<Arc<Server>> {
        open().read().get(&self.0).cloned()
    }

    pub(super) fn is_open(self) -> bool {
        open().read().contains_key(&self.0)
    }
}

/// Adds a server and returns its key.
pub(super) fn insert(server: Arc<Server>) -> Key {
    let key = Key(NEXT.fetch_add(STEP, Ordering::Relaxed));
    open().write().insert(key.0, server);
    key
}

/// Removes a handle. Of several concurrent callers exactly one gets the server.
pub(super) fn remove(key: Key) -> Option<Arc<Server>> {
    open().write().remove(&key.0)
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
    #[cfg(unix)]
    fn a_forked_child_has_no_handles_and_may_open_its_own() {
        let parents = insert(Server::open());
        // SAFETY: the child calls what this test is about and then _exit.
        match unsafe { libc::fork() } {
            0 => {
                let own = insert(Server::open());
                let right = parents.server().is_none() && own.server().is_some() && own != parents;
                // SAFETY: ends the child at once, without the parent's clean-up.
                unsafe { libc::_exit(i32::from(!right)) }
            }
            child => {
                let mut status = -1;
                // SAFETY: `child` is this process's, `status` outlives the call.
                assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
                assert_eq!(status, 0);
            }
        }
        assert!(remove(parents).is_some());
    }

    #[test]
    fn foreign_pointers_are_not_found() {
        let mut something = 0u64;
        assert!(Key::of(ptr::null_mut()).server().is_none());
        assert!(Key::of((&raw mut something).cast()).server().is_none());
    }
}
