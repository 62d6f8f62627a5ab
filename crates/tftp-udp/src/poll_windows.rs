//! Readiness of sockets by WSAPoll, whose cost grows with the sockets watched. Tests use its
//! equivalent poll(2).

use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::wake::{PAUSE, Signal, WakeState, round_up_to_milliseconds};
use super::{Ready, UdpSocket, Waker, Wanted};
use tftp_sync::Mutex;

#[cfg(unix)]
mod system {
    pub(super) use libc::{POLLERR, POLLHUP, POLLIN, POLLNVAL, POLLOUT, pollfd as Entry};
    pub(super) use std::os::fd::RawFd as Raw;

    pub(super) fn poll(entries: &mut [Entry], milliseconds: i32) -> i32 {
        // SAFETY: the slice has that many elements, and outlives the call.
        unsafe { libc::poll(entries.as_mut_ptr(), entries.len() as libc::nfds_t, milliseconds) }
    }
}

#[cfg(windows)]
mod system {
    use windows_sys::Win32::Networking::WinSock::WSAPoll;
    pub(super) use windows_sys::Win32::Networking::WinSock::{
        POLLERR, POLLHUP, POLLIN, POLLNVAL, POLLOUT, WSAPOLLFD as Entry,
    };
    pub(super) type Raw = usize;

    pub(super) fn poll(entries: &mut [Entry], milliseconds: i32) -> i32 {
        // SAFETY: the slice has that many elements, and outlives the call.
        unsafe { WSAPoll(entries.as_mut_ptr(), entries.len() as u32, milliseconds) }
    }
}

use system::{Entry, POLLERR, POLLHUP, POLLIN, POLLNVAL, POLLOUT, Raw};

/// Waits for sockets, for a deadline and for other threads.
pub struct Poller {
    watched: Mutex<Vec<Watched>>,
    wake_state: Arc<WakeState>,
}

struct Watched {
    fd: Raw,
    key: usize,
    wanted: Wanted,
}

#[cfg(unix)]
fn wake_state() -> io::Result<Signal> {
    Signal::pipe()
}

#[cfg(windows)]
fn wake_state() -> io::Result<Signal> {
    Signal::new()
}

impl Poller {
    /// Creates a poller that watches no socket.
    ///
    /// # Errors
    /// Those of pipe: no descriptors left.
    pub fn new() -> io::Result<Poller> {
        Ok(Poller {
            watched: Mutex::new(Vec::new()),
            wake_state: WakeState::new(wake_state()?),
        })
    }

    /// Watches a socket for reading; `key` names it in [`Ready`]. The caller removes it before it
    /// is closed.
    ///
    /// # Errors
    /// `AlreadyExists` if it is watched.
    pub fn add(&self, socket: &UdpSocket, key: usize) -> io::Result<()> {
        let mut watched = self.watched.lock();
        if watched.iter().any(|other| other.fd == socket.fd()) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        watched.push(Watched {
            fd: socket.fd(),
            key,
            wanted: Wanted::READ,
        });
        Ok(())
    }

    /// Changes the readiness that a watched socket is watched for; errors are always reported.
    ///
    /// # Errors
    /// `NotFound` if it is not watched.
    pub fn want(&self, socket: &UdpSocket, key: usize, wanted: Wanted) -> io::Result<()> {
        let mut watched = self.watched.lock();
        let found = watched
            .iter_mut()
            .find(|other| other.fd == socket.fd())
            .ok_or(io::ErrorKind::NotFound)?;
        (found.key, found.wanted) = (key, wanted);
        Ok(())
    }

    /// Stops watching a socket.
    ///
    /// # Errors
    /// `NotFound` if it is not watched.
    pub fn remove(&self, socket: &UdpSocket) -> io::Result<()> {
        let mut watched = self.watched.lock();
        let index = watched
            .iter()
            .position(|other| other.fd == socket.fd())
            .ok_or(io::ErrorKind::NotFound)?;
        watched.swap_remove(index);
        Ok(())
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
    /// Those of poll, but not EINTR.
    pub fn wait(&self, ready: &mut Vec<Ready>, timeout: Option<Duration>) -> io::Result<bool> {
        ready.clear();
        let (mut fds, keys) = self.list();
        let sleeps = timeout != Some(Duration::ZERO) && self.wake_state.may_sleep();
        let milliseconds = if sleeps {
            timeout.map_or(-1, round_up_to_milliseconds)
        } else {
            0
        };
        let count = system::poll(&mut fds, milliseconds);
        let error = io::Error::last_os_error();
        let is_called = self.wake_state.awake();
        if count < 0 {
            return if error.kind() == io::ErrorKind::Interrupted {
                Ok(is_called)
            } else {
                Err(error)
            };
        }
        if fds[0].revents != 0 {
            self.wake_state.signal.lower();
            if fds[0].revents & POLLIN == 0 {
                // The signal itself has failed, which does not change, and so every wait ends at
                // once. The loop goes on with pauses in place of waits.
                std::thread::sleep(PAUSE);
            }
        }
        ready.extend(fds[1..].iter().zip(keys).filter(|(fd, _)| fd.revents != 0).map(
            |(fd, key)| Ready {
                key,
                readable: fd.revents & POLLIN != 0,
                writable: fd.revents & POLLOUT != 0,
                error: fd.revents & (POLLERR | POLLHUP | POLLNVAL) != 0,
            },
        ));
        Ok(is_called)
    }

    /// Returns the descriptors to poll, the wake-up's first, and the keys of the others.
    fn list(&self) -> (Vec<Entry>, Vec<usize>) {
        let watched = self.watched.lock();
        let wake_state = Entry {
            fd: self.wake_state.signal.raw(),
            events: POLLIN,
            revents: 0,
        };
        let events = |wanted: Wanted| {
            let read = if wanted.read { POLLIN } else { 0 };
            let write = if wanted.write { POLLOUT } else { 0 };
            read | write
        };
        let sockets = watched.iter().map(|w| Entry {
            fd: w.fd,
            events: events(w.wanted),
            revents: 0,
        });
        (
            std::iter::once(wake_state).chain(sockets).collect(),
            watched.iter().map(|w| w.key).collect(),
        )
    }
}
