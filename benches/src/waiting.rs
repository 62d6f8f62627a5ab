//! Waits for readable sockets: a few by poll, many by epoll.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::time::Duration;

use crate::udp::Socket;

/// Waits for a few sockets by poll. With one socket only, the receiving call itself waits.
pub struct Waiting {
    polled: Vec<libc::pollfd>,
    patience: Duration,
    spins: bool,
}

impl Waiting {
    /// Prepares waiting for at most `patience` at a time; `spins`: without waiting.
    ///
    /// # Errors
    /// Those of setsockopt.
    pub fn new(sockets: &[Socket], patience: Duration, spins: bool) -> io::Result<Waiting> {
        if let [socket] = sockets {
            socket.set_patience(patience)?;
        }
        let polled = sockets.iter().map(|socket| libc::pollfd {
            fd: socket.fd(),
            events: libc::POLLIN,
            revents: 0,
        });
        Ok(Waiting {
            polled: polled.collect(),
            patience,
            spins,
        })
    }

    /// Returns the indices of the sockets to receive from.
    ///
    /// # Errors
    /// Those of poll.
    pub fn ready(
        &mut self,
        sockets: &[Socket],
    ) -> io::Result<impl Iterator<Item = usize> + use<'_>> {
        let is_alone = sockets.len() == 1;
        if !is_alone {
            let (count, patience) = (
                self.polled.len() as libc::nfds_t,
                if self.spins {
                    0
                } else {
                    self.patience.as_millis() as i32
                },
            );
            // SAFETY: an array of so many elements, borrowed mutably until the call returns.
            let result = unsafe { libc::poll(self.polled.as_mut_ptr(), count, patience) };
            let error = io::Error::last_os_error();
            if result < 0 && error.kind() != io::ErrorKind::Interrupted {
                return Err(error);
            }
        }
        let has_something = move |polled: &libc::pollfd| is_alone || polled.revents != 0;
        Ok(self
            .polled
            .iter()
            .enumerate()
            .filter(move |(_, polled)| has_something(polled))
            .map(|(index, _)| index))
    }
}

/// Returns whether the error of a receiving call only means that no datagram was queued.
pub fn is_nothing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
    )
}

/// The most events per call.
const EVENTS: usize = 256;

/// Waits for many sockets by epoll.
pub struct Epoll {
    epoll: OwnedFd,
    events: Vec<libc::epoll_event>,
}

impl Epoll {
    /// Creates an instance without sockets.
    ///
    /// # Errors
    /// Those of epoll_create1.
    pub fn new() -> io::Result<Epoll> {
        // SAFETY: no pointers.
        let raw = unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) };
        if raw < 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(Epoll {
            // SAFETY: just opened, and owned by nothing else.
            epoll: unsafe { OwnedFd::from_raw_fd(raw) },
            events: vec![libc::epoll_event { events: 0, u64: 0 }; EVENTS],
        })
    }

    /// Adds a socket, which is reported by its key while it is readable; `edge`: once per arrival,
    /// even if data remains unread.
    ///
    /// # Errors
    /// Those of epoll_ctl.
    pub fn watch(&self, socket: RawFd, key: u64, edge: bool) -> io::Result<()> {
        let flags = libc::EPOLLIN | if edge { libc::EPOLLET } else { 0 };
        let mut event = libc::epoll_event {
            events: flags as u32,
            u64: key,
        };
        // SAFETY: the event outlives the call.
        let result = unsafe {
            libc::epoll_ctl(self.epoll.as_raw_fd(), libc::EPOLL_CTL_ADD, socket, &mut event)
        };
        if result < 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(())
    }

    /// Replaces `ready` with the keys of the readable sockets; `sleeps`: waits for one.
    ///
    /// # Errors
    /// Those of epoll_wait.
    pub fn wait(&mut self, ready: &mut Vec<u64>, sleeps: bool) -> io::Result<()> {
        ready.clear();
        let (most, patience) = (self.events.len() as i32, if sleeps { -1 } else { 0 });
        // SAFETY: an array of so many elements, borrowed mutably until the call returns.
        let count = unsafe {
            libc::epoll_wait(self.epoll.as_raw_fd(), self.events.as_mut_ptr(), most, patience)
        };
        let Ok(count) = usize::try_from(count) else {
            let error = io::Error::last_os_error();
            return if is_nothing(&error) { Ok(()) } else { Err(error) };
        };
        ready.extend(self.events[..count].iter().map(|event| event.u64));
        Ok(())
    }
}
