//! Waits for a locked value with a limit on the time.

use std::time::Duration;

use tftp_sync::{Condvar, Mutex};

/// Waits until `is_idle` is true for the value; `signal` is notified when that may be so. Returns
/// false if it is not after `patience`; `None`: no limit.
pub(crate) fn wait_idle<T>(
    lock: &Mutex<T>,
    signal: &Condvar,
    patience: Option<Duration>,
    is_idle: impl Fn(&T) -> bool,
) -> bool {
    let deadline = patience.map(|patience| tftp_udp::now() + patience);
    let mut value = lock.lock();
    while !is_idle(&value) {
        let Some(deadline) = deadline else {
            signal.wait(&mut value);
            continue;
        };
        let left = deadline.saturating_sub(tftp_udp::now());
        if left.is_zero() {
            return false;
        }
        signal.wait_for(&mut value, left);
    }
    true
}
