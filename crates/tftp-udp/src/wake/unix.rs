//! An eventfd, or a pipe where there is none.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

/// A descriptor that is readable after `raise` until `lower`.
pub(in super::super) struct Signal {
    read: OwnedFd,
    /// The end to write to; an eventfd is both.
    write: Option<OwnedFd>,
}

impl Signal {
    #[cfg(linux)]
    pub(in super::super) fn new() -> io::Result<Signal> {
        use rustix::event::{EventfdFlags, eventfd};
        let read = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        Ok(Signal { read, write: None })
    }

    #[cfg(not(linux))]
    pub(in super::super) fn new() -> io::Result<Signal> {
        Signal::pipe()
    }

    /// A signal of a pipe.
    #[cfg(any(not(linux), test))]
    pub(in super::super) fn pipe() -> io::Result<Signal> {
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
    pub(in super::super) fn raise(&self) {
        let end = self.write.as_ref().unwrap_or(&self.read);
        let _ = rustix::io::retry_on_intr(|| rustix::io::write(end, &1u64.to_ne_bytes()));
    }

    /// Makes it unreadable. An eventfd is emptied by one read, a pipe by as many as it takes.
    pub(in super::super) fn lower(&self) {
        let mut buffer = [0u8; BUFFER];
        let more = |length| self.write.is_some() && length == BUFFER;
        while rustix::io::retry_on_intr(|| rustix::io::read(&self.read, &mut buffer)).is_ok_and(more) {}
    }

    pub(in super::super) fn raw(&self) -> i32 {
        self.read.as_raw_fd()
    }

    /// What a poller watches.
    #[cfg(any(not(linux), test))]
    pub(in super::super) fn source(&self) -> &OwnedFd {
        &self.read
    }
}

/// Bytes taken out of a pipe at once.
const BUFFER: usize = 64;

/// What an application waits for: a descriptor too.
pub(in super::super) type Event = Signal;
