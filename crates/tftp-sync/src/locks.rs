//! Locks without poisoning, and a guard that a wait only borrows.

use std::ops::{Deref, DerefMut};
use std::sync::{PoisonError, TryLockError};
use std::time::Duration;

#[cfg(shuttle)]
use shuttle::sync;
#[cfg(not(shuttle))]
use std::sync;

/// A lock for one value.
#[derive(Debug, Default)]
pub struct Mutex<T>(sync::Mutex<T>);

/// The value of a [`Mutex`], until it is dropped.
#[derive(Debug)]
pub struct MutexGuard<'m, T> {
    mutex: &'m Mutex<T>,
    /// `None` only while [`MutexGuard::unlocked`] or a wait has let go of it.
    held: Option<sync::MutexGuard<'m, T>>,
}

impl<T> Mutex<T> {
    /// A lock that no thread holds.
    pub const fn new(value: T) -> Mutex<T> {
        Mutex(sync::Mutex::new(value))
    }

    /// Waits until no other thread has it.
    pub fn lock(&self) -> MutexGuard<'_, T> {
        self.guard(self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// `None` where another thread has it.
    pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        match self.0.try_lock() {
            Ok(held) => Some(self.guard(held)),
            Err(TryLockError::Poisoned(poisoned)) => Some(self.guard(poisoned.into_inner())),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    fn guard<'m>(&'m self, held: sync::MutexGuard<'m, T>) -> MutexGuard<'m, T> {
        MutexGuard {
            mutex: self,
            held: Some(held),
        }
    }
}

impl<T> MutexGuard<'_, T> {
    /// Runs `body` without the lock, and has it again afterwards.
    pub fn unlocked<U>(guard: &mut Self, body: impl FnOnce() -> U) -> U {
        guard.held = None;
        let result = body();
        *guard = guard.mutex.lock();
        result
    }
}

const HELD: &str = "nobody sees a guard that has let go";

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.held.as_ref().expect(HELD)
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.held.as_mut().expect(HELD)
    }
}

/// A condition variable, for threads that hold a [`Mutex`].
#[derive(Debug, Default)]
pub struct Condvar(sync::Condvar);

impl Condvar {
    /// A condition variable without waiting threads.
    pub const fn new() -> Condvar {
        Condvar(sync::Condvar::new())
    }

    /// Until it is notified, or for no reason.
    pub fn wait<T>(&self, guard: &mut MutexGuard<'_, T>) {
        let held = guard.held.take().expect(HELD);
        guard.held = Some(self.0.wait(held).unwrap_or_else(PoisonError::into_inner));
    }

    /// The same, for so long at most.
    pub fn wait_for<T>(
        &self,
        guard: &mut MutexGuard<'_, T>,
        limit: Duration,
    ) -> sync::WaitTimeoutResult {
        let held = guard.held.take().expect(HELD);
        let waited = self.0.wait_timeout(held, limit);
        let (held, result) = waited.unwrap_or_else(PoisonError::into_inner);
        guard.held = Some(held);
        result
    }

    /// Wakes one of the threads that wait.
    pub fn notify_one(&self) {
        self.0.notify_one();
    }

    /// Wakes all of them.
    pub fn notify_all(&self) {
        self.0.notify_all();
    }
}

/// A lock for one value that many threads read or one writes.
#[derive(Debug, Default)]
pub struct RwLock<T>(sync::RwLock<T>);

impl<T> RwLock<T> {
    /// Waits until no thread writes.
    pub fn read(&self) -> sync::RwLockReadGuard<'_, T> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until no other thread has it.
    pub fn write(&self) -> sync::RwLockWriteGuard<'_, T> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}
