//! Threads that take no signals: those are for the application's own threads.

use std::io;
#[cfg(unix)]
use std::mem::MaybeUninit;

use crate::thread::{Builder, JoinHandle};

/// Starts a thread with every signal blocked, except those that its own faults raise.
///
/// A handler of the application never runs on it, and what waits for a signal (sigwait, signalfd)
/// is not passed over.
///
/// # Errors
/// The system's, where it has no more threads.
pub fn spawn(thread: Builder, body: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    #[cfg(unix)]
    let _restored = BlockedSignals::new();
    thread.spawn(body)
}

/// The signals that a fault raises on the thread itself.
#[cfg(unix)]
const FAULTS: [libc::c_int; 5] = [
    libc::SIGSEGV,
    libc::SIGBUS,
    libc::SIGFPE,
    libc::SIGILL,
    libc::SIGTRAP,
];

/// Blocks signals on this thread; the one that it starts inherits that. Lifted on drop.
#[cfg(unix)]
struct BlockedSignals {
    before: libc::sigset_t,
}

#[cfg(unix)]
impl BlockedSignals {
    fn new() -> BlockedSignals {
        let mut all = MaybeUninit::uninit();
        let mut before = MaybeUninit::uninit();
        // SAFETY: sigfillset initialises the set; the two others get valid pointers to it, and
        // pthread_sigmask writes the old mask. None of them fails with valid arguments.
        unsafe {
            libc::sigfillset(all.as_mut_ptr());
            for fault in FAULTS {
                libc::sigdelset(all.as_mut_ptr(), fault);
            }
            libc::sigemptyset(before.as_mut_ptr());
            libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr());
            BlockedSignals {
                before: before.assume_init(),
            }
        }
    }
}

#[cfg(unix)]
impl Drop for BlockedSignals {
    fn drop(&mut self) {
        // SAFETY: the mask that pthread_sigmask gave.
        unsafe {
            libc::pthread_sigmask(libc::SIG_SETMASK, &self.before, std::ptr::null_mut());
        }
    }
}
