//! Application code that runs where a panic must end nothing else. The panic hook has reported the
//! panic already.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Waker;

/// Drops a source, a sink or a future of the application.
pub(super) fn drop_quietly<T>(value: T) {
    let _ = catch_unwind(AssertUnwindSafe(|| drop(value)));
}

/// Wakes a future on the application's executor.
pub(super) fn wake_quietly(waker: Waker) {
    let _ = catch_unwind(|| waker.wake());
}
