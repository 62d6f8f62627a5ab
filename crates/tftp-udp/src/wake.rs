//! Descriptors that one thread makes readable for another: eventfd, or a pipe where there is none.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use tftp_sync::Mutex;
use tftp_sync::atomic::{AtomicBool, AtomicU8, Ordering};

/// A descriptor that is readable after `raise` until `lower`.
pub(super) struct Signal {
    read: OwnedFd,
    /// The end to write to; an eventfd is both.
    write: Option<OwnedFd>,
}

impl Signal {
    #[cfg(linux)]
    pub(super) fn new() -> io::Result<Signal> {
        use rustix::event::{EventfdFlags, eventfd};
        let read = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        Ok(Signal { read, write: None })
    }

    #[cfg(not(linux))]
    pub(super) fn new() -> io::Result<Signal> {
        Signal::pipe()
    }

    /// A signal of a pipe.
    #[cfg(any(not(linux), test))]
    pub(super) fn pipe() -> io::Result<Signal> {
        let (read, write) = io::pipe()?;
        let signal = Signal {
            read: read.into(),
            write: Some(write.into()),
        };
        for end in [Some(&signal.read), signal.write.as_ref()].into_iter().flatten() {
            rustix::io::ioctl_fionbio(end, true)?;
        }
        Ok(signal)
    }

    /// Makes it readable; what fails is a full counter or pipe, readable then anyway.
    pub(super) fn raise(&self) {
        let end = self.write.as_ref().unwrap_or(&self.read);
        let _ = rustix::io::retry_on_intr(|| rustix::io::write(end, &1u64.to_ne_bytes()));
    }

    /// Makes it unreadable. An eventfd is emptied by one read, a pipe by as many as it takes.
    pub(super) fn lower(&self) {
        let mut buffer = [0u8; BUFFER];
        let more = |length| self.write.is_some() && length == BUFFER;
        while rustix::io::retry_on_intr(|| rustix::io::read(&self.read, &mut buffer)).is_ok_and(more) {}
    }

    pub(super) fn raw(&self) -> i32 {
        self.read.as_raw_fd()
    }
}

/// Bytes taken out of a pipe at once.
const BUFFER: usize = 64;

/// The poller's thread works: it will look around before it sleeps.
const AWAKE: u8 = 0;
/// The poller's thread sleeps, or is about to.
const ASLEEP: u8 = 1;
/// Somebody has called since the poller last looked.
const CALLED: u8 = 2;

/// A wait that is never too short: a loop that wakes too early finds nothing due and spins.
pub(super) fn round_up_to_milliseconds(timeout: Duration) -> std::ffi::c_int {
    let rest = u64::from(timeout.subsec_nanos().div_ceil(1_000_000));
    let milliseconds = timeout.as_secs().saturating_mul(1000).saturating_add(rest);
    milliseconds.min(std::ffi::c_int::MAX as u64) as std::ffi::c_int
}

/// What a poller and its wakers share.
pub(super) struct Bell {
    state: AtomicU8,
    pub(super) signal: Signal,
}

impl Bell {
    pub(super) fn new(signal: Signal) -> Arc<Bell> {
        Arc::new(Bell {
            state: AtomicU8::new(AWAKE),
            signal,
        })
    }

    fn ring(&self) {
        // Only who finds the thread asleep pays for a system call.
        if self.state.swap(CALLED, Ordering::AcqRel) == ASLEEP {
            self.signal.raise();
        }
    }

    /// Before the poller sleeps: false if it was called meanwhile and must not.
    pub(super) fn may_sleep(&self) -> bool {
        self.state
            .compare_exchange(AWAKE, ASLEEP, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    }

    /// After the poller slept or looked: whether it was called. A ring whose write is still on its way makes one later
    /// wait return early, no more.
    pub(super) fn awake(&self) -> bool {
        self.state.swap(AWAKE, Ordering::AcqRel) == CALLED
    }
}

/// Ends a [`super::Poller::wait`] of another thread, the one under way or the next.
#[derive(Clone)]
pub struct Waker {
    bell: Arc<Bell>,
}

impl Waker {
    pub(super) fn new(bell: &Arc<Bell>) -> Waker {
        Waker {
            bell: Arc::clone(bell),
        }
    }

    /// Wakes the poller. What was written before is seen by its thread after the wait. Costs a system call only
    /// where the thread sleeps.
    pub fn wake(&self) {
        self.bell.ring();
    }
}

/// A descriptor for the application's own event loop: readable while it is set.
///
/// Who sets it when something arrives and clears it when nothing is left must do both under the lock of that
/// something, or look again after clearing.
pub struct EventFd {
    signal: Signal,
    is_set: AtomicBool,
    change: Mutex<()>,
}

impl EventFd {
    /// A descriptor that is not readable.
    ///
    /// # Errors
    /// Those of eventfd or pipe: no descriptors left.
    pub fn new() -> io::Result<EventFd> {
        Ok(EventFd {
            signal: Signal::new()?,
            is_set: AtomicBool::new(false),
            change: Mutex::new(()),
        })
    }

    /// The descriptor, open as long as `self`; only to be waited on.
    pub fn raw(&self) -> std::ffi::c_int {
        self.signal.raw()
    }

    /// Makes it readable; no system call where it is already.
    pub fn set(&self) {
        if self.is_set.load(Ordering::SeqCst) {
            return;
        }
        let _change = self.change.lock();
        if !self.is_set.swap(true, Ordering::SeqCst) {
            self.signal.raise();
        }
    }

    /// Makes it unreadable; no system call where it is already.
    pub fn clear(&self) {
        if !self.is_set.load(Ordering::SeqCst) {
            return;
        }
        let _change = self.change.lock();
        if self.is_set.swap(false, Ordering::SeqCst) {
            self.signal.lower();
        }
    }
}
