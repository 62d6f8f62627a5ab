//! Wake-ups from one thread to another: a descriptor that becomes readable (`wake/unix.rs`), a
//! socket and an event (`wake/windows.rs`).

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tftp_sync::Mutex;
use tftp_sync::atomic::{AtomicBool, AtomicU8, Ordering};

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use system::Event;
pub(super) use system::Signal;
#[cfg(unix)]
use unix as system;
#[cfg(windows)]
use windows as system;

/// The poller's thread is running: it checks the state before it sleeps.
const AWAKE: u8 = 0;
/// The poller's thread sleeps, or is about to.
const ASLEEP: u8 = 1;
/// A waker has called since the poller last checked.
const CALLED: u8 = 2;

/// The time from a call that the system refused to the next attempt.
pub(super) const PAUSE: Duration = Duration::from_millis(1);

/// Rounds a timeout up to milliseconds, because a loop that wakes too early finds nothing due and
/// spins.
#[cfg(any(linux, windows, test))]
pub(super) fn round_up_to_milliseconds(timeout: Duration) -> std::ffi::c_int {
    let rest = u64::from(timeout.subsec_nanos().div_ceil(1_000_000));
    let milliseconds = timeout.as_secs().saturating_mul(1000).saturating_add(rest);
    milliseconds.min(std::ffi::c_int::MAX as u64) as std::ffi::c_int
}

/// The state that a poller shares with its wakers.
pub(super) struct WakeState {
    state: AtomicU8,
    pub(super) signal: Signal,
}

impl WakeState {
    pub(super) fn new(signal: Signal) -> Arc<WakeState> {
        Arc::new(WakeState {
            state: AtomicU8::new(AWAKE),
            signal,
        })
    }

    fn ring(&self) {
        // Only a waker that finds the thread asleep makes a system call.
        if self.state.swap(CALLED, Ordering::AcqRel) == ASLEEP {
            self.insist(|| self.signal.raise());
        }
    }

    /// Raises the signal, again and again if the system refuses: no other waker does, and without
    /// it the thread could sleep for ever. Ends when the thread is found awake.
    fn insist(&self, mut raise: impl FnMut() -> bool) {
        while !raise() && self.state.load(Ordering::Acquire) == CALLED {
            std::thread::sleep(PAUSE);
        }
    }

    /// Called before the poller sleeps. Returns false if a waker has called meanwhile: then it must
    /// not sleep.
    pub(super) fn may_sleep(&self) -> bool {
        self.state
            .compare_exchange(AWAKE, ASLEEP, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    }

    /// Called after the poller has slept or polled. Returns true if a waker has called. A waker
    /// that has not raised its signal yet makes one later wait return early, no more.
    pub(super) fn awake(&self) -> bool {
        self.state.swap(AWAKE, Ordering::AcqRel) == CALLED
    }
}

/// Ends a [`super::Poller::wait`] of another thread, the current one or the next.
#[derive(Clone)]
pub struct Waker {
    wake_state: Arc<WakeState>,
}

impl Waker {
    pub(super) fn new(wake_state: &Arc<WakeState>) -> Waker {
        Waker {
            wake_state: Arc::clone(wake_state),
        }
    }

    /// Wakes the poller. Its thread sees all earlier writes of the caller after the wait. Makes a
    /// system call only if the thread sleeps.
    pub fn wake(&self) {
        self.wake_state.ring();
    }
}

/// A descriptor for the application's own event loop, readable while it is set; on Windows an
/// event, signalled while it is set.
///
/// Code that sets it when something arrives and clears it when nothing is left must do both under
/// the lock that guards the queue, or check the queue again after clearing.
pub struct EventFd {
    event: Event,
    is_set: AtomicBool,
    change: Mutex<()>,
}

impl EventFd {
    /// Creates a descriptor that is not readable.
    ///
    /// # Errors
    /// Those of eventfd, pipe or CreateEvent: no descriptors left.
    pub fn new() -> io::Result<EventFd> {
        Ok(EventFd {
            event: Event::new()?,
            is_set: AtomicBool::new(false),
            change: Mutex::new(()),
        })
    }

    /// Returns the descriptor, open as long as `self`; only for waiting.
    #[cfg(unix)]
    pub fn raw(&self) -> std::ffi::c_int {
        self.event.raw()
    }

    /// Returns the event's HANDLE, open as long as `self`; only for waiting.
    #[cfg(windows)]
    pub fn handle(&self) -> *mut std::ffi::c_void {
        self.event.handle()
    }

    /// Makes it readable; makes no system call if it is already.
    pub fn set(&self) {
        if self.is_set.load(Ordering::SeqCst) {
            return;
        }
        let _change = self.change.lock();
        if !self.is_set.swap(true, Ordering::SeqCst) {
            self.event.raise();
        }
    }

    /// Makes it unreadable; makes no system call if it is already.
    pub fn clear(&self) {
        if !self.is_set.load(Ordering::SeqCst) {
            return;
        }
        let _change = self.change.lock();
        if self.is_set.swap(false, Ordering::SeqCst) {
            self.event.lower();
        }
    }
}

#[cfg(all(test, not(shuttle)))]
mod tests {
    use super::*;

    fn asleep() -> Arc<WakeState> {
        let wake_state = WakeState::new(Signal::new().unwrap());
        assert!(wake_state.may_sleep());
        wake_state.state.store(CALLED, Ordering::Release);
        wake_state
    }

    #[test]
    fn a_refused_signal_is_raised_again() {
        let mut answers = [false, false, true].into_iter();
        asleep().insist(|| answers.next().unwrap());
        assert_eq!(answers.next(), None);
    }

    #[test]
    fn a_thread_that_is_awake_needs_no_signal() {
        let wake_state = asleep();
        let mut attempts = 0;
        wake_state.insist(|| {
            attempts += 1;
            if attempts == 2 {
                // Something else has ended its sleep.
                assert!(wake_state.awake());
            }
            false
        });
        assert_eq!(attempts, 2);
    }
}
