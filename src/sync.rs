//! The locks, atomics and threads of the library, by one name each.
//!
//! Locks are std's without poisoning: what a panic left half done is dealt with where it is caught. They hold nothing
//! outside themselves, so a forked child, in which another thread's lock stays held for ever, can use new ones; a lock
//! that parks its threads in a table of the process (parking_lot) would leave that table locked now and then.
//!
//! Two builds have others in their place. `cargo test --lib models` with `RUSTFLAGS="--cfg shuttle"` takes Shuttle's: a
//! scheduler decides at every lock, wait and atomic who goes on, and tries thousands of orders, each of which its seed
//! repeats; the models are in `engine/models.rs`, `server/models.rs` and `ffi/models.rs`. `--cfg tsan` takes
//! parking_lot's, for ThreadSanitizer knows of std's locks only where std itself is built for it.

#[cfg(not(all(test, shuttle)))]
mod real {
    pub(crate) use std::sync::atomic;
    pub(crate) use std::thread_local;

    pub(crate) mod thread {
        pub(crate) use std::thread::{Builder, JoinHandle, ThreadId, current};
    }
}

#[cfg(not(all(test, shuttle)))]
pub(crate) use real::*;

#[cfg(all(test, shuttle))]
mod modelled;
#[cfg(all(test, shuttle))]
pub(crate) use modelled::*;

#[cfg(not(tsan))]
mod locks;
#[cfg(not(tsan))]
pub(crate) use locks::*;

#[cfg(tsan)]
pub(crate) use parking_lot::{Condvar, Mutex, MutexGuard, RwLock};
