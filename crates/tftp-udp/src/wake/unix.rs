//! An eventfd, or a pipe on systems without eventfd.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

/// A descriptor that is readable from `raise` to `lower`.
pub(in super::super) struct Signal {
    read: OwnedFd,
    /// The end to write to; an eventfd is read and written by one descriptor.
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

    /// Creates a signal from a pipe.
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

    /// Makes it readable. Returns true: writing fails only if the counter or pipe is full, and then
    /// it is readable already.
    pub(in super::super) fn raise(&self) -> bool {
        let end = self.write.as_ref().unwrap_or(&self.read);
        let _ = rustix::io::retry_on_intr(|| rustix::io::write(end, &1u64.to_ne_bytes()));
        true
    }

    /// Makes it unreadable. One read empties an eventfd; a pipe is read until it is empty.
    pub(in super::super) fn lower(&self) {
        let mut buffer = [0u8; BUFFER];
        let more = |length| self.write.is_some() && length == BUFFER;
        while rustix::io::retry_on_intr(|| rustix::io::read(&self.read, &mut buffer))
            .is_ok_and(more)
        {}
    }

    pub(in super::super) fn raw(&self) -> i32 {
        self.read.as_raw_fd()
    }

    /// Returns the descriptor for a poller.
    #[cfg(any(not(linux), test))]
    pub(in super::super) fn source(&self) -> &OwnedFd {
        &self.read
    }
}

/// The number of bytes to read from a pipe at once.
const BUFFER: usize = 64;

/// The descriptor for the application is of the same kind.
pub(in super::super) type Event = Signal;
