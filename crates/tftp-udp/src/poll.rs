//! Readiness of sockets by epoll, level-triggered.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;
use std::sync::Arc;
use std::time::Duration;

use libc::{c_int, epoll_event};

use super::wake::{Signal, WakeState, round_up_to_milliseconds};
use super::{EVENTS, Ready, UdpSocket, Waker, Wanted};
use tftp_sync::atomic::{AtomicBool, Ordering};

/// The key of the wake-up descriptor.
const WAKER_KEY: u64 = u64::MAX;

/// Waits for sockets, for a deadline and for other threads.
pub struct Poller {
    epoll: OwnedFd,
    wake_state: Arc<WakeState>,
    /// True while epoll_pwait2 (Linux 5.11) is used, which takes nanoseconds; without it a wait
    /// ends at full milliseconds.
    precise: AtomicBool,
}

impl Poller {
    /// Creates a poller that watches no socket.
    ///
    /// # Errors
    /// Those of epoll_create and eventfd: no descriptors left.
    pub fn new() -> io::Result<Poller> {
        // SAFETY: no pointers.
        let raw = check(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) })?;
        // SAFETY: just opened, and owned by nothing else.
        let epoll = unsafe { OwnedFd::from_raw_fd(raw) };
        let poller = Poller {
            epoll,
            wake_state: WakeState::new(Signal::new()?),
            precise: AtomicBool::new(true),
        };
        poller.control(
            libc::EPOLL_CTL_ADD,
            poller.wake_state.signal.raw(),
            WAKER_KEY,
            Wanted::READ,
        )?;
        Ok(poller)
    }

    /// Watches a socket for reading; `key` names it in [`Ready`] (any but `usize::MAX`).
    ///
    /// # Errors
    /// Those of epoll_ctl; `AlreadyExists` if it is watched.
    pub fn add(&self, socket: &UdpSocket, key: usize) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_ADD, socket.fd(), key as u64, Wanted::READ)
    }

    /// Changes the readiness that a watched socket is watched for; errors are always reported.
    ///
    /// # Errors
    /// Those of epoll_ctl; `NotFound` if it is not watched.
    pub fn want(&self, socket: &UdpSocket, key: usize, wanted: Wanted) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_MOD, socket.fd(), key as u64, wanted)
    }

    /// Stops watching a socket.
    ///
    /// # Errors
    /// Those of epoll_ctl; `NotFound` if it is not watched.
    pub fn remove(&self, socket: &UdpSocket) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_DEL, socket.fd(), 0, Wanted::READ)
    }

    /// Returns a handle with which other threads wake this poller.
    pub fn waker(&self) -> Waker {
        Waker::new(&self.wake_state)
    }

    /// Waits until a socket is ready, the time is over (`None`: never) or a [`Waker`] calls, and
    /// lists in `ready` the sockets alone. Returns true if a waker has called since the last wait;
    /// the next wait does not report it again. Never returns before the time is over without a
    /// reason, except for a signal.
    ///
    /// # Errors
    /// Those of epoll_wait, but not EINTR.
    pub fn wait(&self, ready: &mut Vec<Ready>, timeout: Option<Duration>) -> io::Result<bool> {
        ready.clear();
        let mut events = [MaybeUninit::<epoll_event>::uninit(); EVENTS];
        let sleeps = timeout != Some(Duration::ZERO) && self.wake_state.may_sleep();
        let result =
            self.wait_raw(&mut events, if sleeps { timeout } else { Some(Duration::ZERO) });
        let is_called = self.wake_state.awake();
        let count = match result {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => 0,
            Err(error) => return Err(error),
        };
        for event in &events[..count] {
            // SAFETY: the kernel has written `count` events.
            let event = unsafe { event.assume_init() };
            match event.u64 {
                WAKER_KEY => self.wake_state.signal.lower(),
                key => ready.push(as_ready(key, event.events)),
            }
        }
        Ok(is_called)
    }

    fn wait_raw(
        &self,
        events: &mut [MaybeUninit<epoll_event>; EVENTS],
        timeout: Option<Duration>,
    ) -> io::Result<usize> {
        let events = events.as_mut_ptr().cast::<epoll_event>();
        #[cfg(shuttle)]
        return tftp_sync::wait_until(timeout, |no_time| {
            wait_precisely(self.epoll.as_raw_fd(), events, Some(no_time))
        });
        #[cfg(not(shuttle))]
        self.wait_for_kernel(events, timeout)
    }

    #[cfg_attr(shuttle, expect(dead_code, reason = "in a model no thread may sleep"))]
    fn wait_for_kernel(
        &self,
        events: *mut epoll_event,
        timeout: Option<Duration>,
    ) -> io::Result<usize> {
        if self.precise.load(Ordering::Relaxed) {
            match wait_precisely(self.epoll.as_raw_fd(), events, timeout) {
                // The kernel is too old, or a sandbox does not know the call.
                Err(error) if matches!(error.raw_os_error(), Some(libc::ENOSYS | libc::EPERM)) => {
                    self.precise.store(false, Ordering::Relaxed);
                }
                result => return result,
            }
        }
        let milliseconds = timeout.map_or(-1, round_up_to_milliseconds);
        // SAFETY: `events` has room for EVENTS of them.
        let count = unsafe {
            libc::epoll_wait(self.epoll.as_raw_fd(), events, EVENTS as c_int, milliseconds)
        };
        check(count).map(|count| count as usize)
    }

    fn control(&self, operation: c_int, fd: RawFd, key: u64, wanted: Wanted) -> io::Result<()> {
        let read = if wanted.read { libc::EPOLLIN } else { 0 };
        let write = if wanted.write { libc::EPOLLOUT } else { 0 };
        let mut event = epoll_event {
            events: (read | write) as u32,
            u64: key,
        };
        // SAFETY: the event outlives the call.
        check(unsafe { libc::epoll_ctl(self.epoll.as_raw_fd(), operation, fd, &mut event) })
            .map(drop)
    }
}

/// Calls epoll_pwait2 by its number: glibc has it since 2.35 only.
fn wait_precisely(
    epoll: RawFd,
    events: *mut epoll_event,
    timeout: Option<Duration>,
) -> io::Result<usize> {
    #[repr(C)]
    struct Timespec {
        seconds: i64,
        nanoseconds: i64,
    }
    let time = timeout.map(|timeout| Timespec {
        seconds: timeout.as_secs().min(i64::MAX as u64) as i64,
        nanoseconds: timeout.subsec_nanos().into(),
    });
    let time = time.as_ref().map_or(ptr::null(), ptr::from_ref);
    let no_mask = ptr::null::<libc::sigset_t>();
    // SAFETY: `events` has room for EVENTS of them, `time` is null or a 64-bit timespec that
    // outlives the call, and no signal mask is given.
    let count = unsafe {
        libc::syscall(
            libc::SYS_epoll_pwait2,
            epoll,
            events,
            EVENTS as c_int,
            time,
            no_mask,
            0usize,
        )
    };
    check(count as c_int).map(|count| count as usize)
}

fn as_ready(key: u64, events: u32) -> Ready {
    let has = |bits: c_int| events & bits as u32 != 0;
    Ready {
        key: key as usize,
        readable: has(libc::EPOLLIN),
        writable: has(libc::EPOLLOUT),
        error: has(libc::EPOLLERR | libc::EPOLLHUP),
    }
}

fn check(result: c_int) -> io::Result<c_int> {
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(result)
    }
}
