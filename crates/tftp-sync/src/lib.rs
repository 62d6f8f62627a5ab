//! The locks, atomics and threads of the library, by one name each.
//!
//! Locks are std's without poisoning: code that catches a panic also repairs the state that it
//! left. Locks keep no state outside themselves, so a forked child, in which another thread's lock
//! stays held for ever, can use new ones; a lock that parks its threads in a table of the process
//! (parking_lot) would sometimes leave that table locked.
//!
//! Two builds have others in their place. `cargo test --lib models` with
//! `RUSTFLAGS="--cfg shuttle"` takes Shuttle's: a scheduler decides at every lock, wait and atomic
//! which thread continues, and tries thousands of orders, each of which its seed repeats. The flag
//! holds for every crate of the build, so that all of them meet in the same locks; nothing but
//! models runs in such a build. `--cfg tsan` takes parking_lot's, for ThreadSanitizer knows of
//! std's locks only where std itself is built for it.
//!
//! `unsafe` only in `spawn.rs`, where signals are blocked.
#![deny(unsafe_code)]

#[cfg(not(shuttle))]
mod real {
    pub use std::sync::atomic;
    pub use std::thread_local;

    /// Threads: start them with [`spawn`](crate::spawn()).
    pub mod thread {
        pub use std::thread::{Builder, JoinHandle, ThreadId, current};
    }
}

#[cfg(not(shuttle))]
pub use real::*;

#[cfg(shuttle)]
mod modelled;
#[cfg(shuttle)]
pub use modelled::*;

#[cfg(not(tsan))]
mod locks;
#[cfg(not(tsan))]
pub use locks::*;

#[cfg(tsan)]
pub use parking_lot::{Condvar, Mutex, MutexGuard, RwLock};

#[allow(unsafe_code)]
mod spawn;
pub use spawn::spawn;
