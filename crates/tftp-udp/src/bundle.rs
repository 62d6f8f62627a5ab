//! Receiving from many connected sockets, or sending by them, with one system call.
//!
//! Where transfers have sockets of their own, a turn of a busy server is a packet from each and a packet to each. io_uring
//! takes all of them with one call, Linux AIO too; which of them the system permits is found out once a process. A bundle
//! is the fast way only: a call that fails is left to whoever makes it singly, who knows what to do about the error, and
//! where neither is permitted there are no bundles.

mod aio;
#[cfg(uring)]
mod uring;

use std::io;
use std::os::fd::RawFd;
use std::sync::OnceLock;

use aio::Aio;
#[cfg(uring)]
use uring::Uring;

use super::Bundling;

/// Calls of one bundle, at most.
pub(super) const CALLS: usize = 64;

/// Calls that are worth a bundle where nothing else was asked for.
const WORTHWHILE: usize = 8;

/// What one call does.
#[derive(Clone, Copy)]
pub(super) enum Work {
    /// Receives into so many bytes.
    Receive(*mut u8, usize),
    /// Sends so many bytes.
    Send(*const u8, usize),
    /// Sends a message, with all that it has; not by Linux AIO.
    SendMessage(*const libc::msghdr),
}

/// One call, and what came of it.
struct Call {
    fd: RawFd,
    work: Work,
    /// The bytes moved, or the error's number as a negative one.
    result: i32,
}

/// The result of a call that was not made.
const NOT_MADE: i32 = -libc::EINTR;

/// How calls are made together.
enum Way {
    #[cfg(uring)]
    Uring(Box<Uring>),
    Aio(Aio),
    None,
}

/// Calls that are collected and then made together.
pub(super) struct Bundle {
    calls: Vec<Call>,
    bundling: Bundling,
    /// With fewer sockets that have something to do, a call for each costs less.
    least: usize,
    /// Made when first used: an idle server has nothing of it.
    way: Option<Way>,
    /// Calls that were made together.
    #[cfg(test)]
    pub(super) made: usize,
}

// SAFETY: the pointers of calls are followed in `perform` alone, whose caller answers for them.
unsafe impl Send for Bundle {}

impl Bundle {
    /// An empty bundle.
    pub(super) fn new(bundling: Bundling) -> Bundle {
        let (bundling, least) = match bundling {
            Bundling::Auto => (best(), WORTHWHILE),
            forced => (forced, 1),
        };
        Bundle {
            calls: Vec::new(),
            bundling,
            least,
            way: None,
            #[cfg(test)]
            made: 0,
        }
    }

    /// How the calls are made together.
    pub(super) fn bundling(&self) -> Bundling {
        self.bundling
    }

    /// Whether so many calls are better made together.
    #[inline]
    pub(super) fn is_worthwhile(&self, calls: usize) -> bool {
        calls >= self.least && self.bundling != Bundling::None
    }

    /// Whether [`Work::SendMessage`] is possible.
    pub(super) fn takes_messages(&self) -> bool {
        self.bundling == Bundling::Uring
    }

    /// Whether another call has no room.
    pub(super) fn is_full(&self) -> bool {
        self.calls.len() == CALLS
    }

    /// Adds a call.
    pub(super) fn add(&mut self, fd: RawFd, work: Work) {
        debug_assert!(!self.is_full());
        self.calls.push(Call {
            fd,
            work,
            result: NOT_MADE,
        });
    }

    /// Makes the calls, none of which waits. Those on one socket keep no order.
    ///
    /// # Safety
    /// The memory of every call is valid until this returns, and for [`Work::Receive`] nobody else's.
    pub(super) unsafe fn perform(&mut self) {
        if self.calls.is_empty() {
            return;
        }
        let way = self.way.get_or_insert_with(|| Way::new(self.bundling));
        // SAFETY: what the caller has promised.
        if unsafe { way.perform(&mut self.calls) }.is_err() {
            // The calls that were not made are left to who makes them singly.
            self.way = None;
            self.bundling = self.bundling.next();
        }
        #[cfg(test)]
        {
            self.made += self.calls.iter().filter(|call| call.result != NOT_MADE).count();
        }
    }

    /// What came of the calls, in the order they were added: the bytes moved. The bundle is empty afterwards.
    pub(super) fn results(&mut self) -> impl ExactSizeIterator<Item = io::Result<usize>> {
        self.calls
            .drain(..)
            .map(|call| usize::try_from(call.result).map_err(|_| io::Error::from_raw_os_error(-call.result)))
    }
}

impl Way {
    fn new(bundling: Bundling) -> Way {
        match bundling {
            #[cfg(uring)]
            Bundling::Uring => Uring::new(CALLS).map_or(Way::None, |uring| Way::Uring(Box::new(uring))),
            Bundling::Aio => Aio::new(CALLS).map_or(Way::None, Way::Aio),
            _ => Way::None,
        }
    }

    /// # Errors
    /// Where calls are made this way no more.
    ///
    /// # Safety
    /// As for [`Bundle::perform`].
    unsafe fn perform(&mut self, calls: &mut [Call]) -> io::Result<()> {
        // SAFETY: what the caller has promised.
        unsafe {
            match self {
                #[cfg(uring)]
                Way::Uring(uring) => uring.perform(calls),
                Way::Aio(aio) => aio.perform(calls),
                Way::None => Err(io::ErrorKind::Unsupported.into()),
            }
        }
    }
}

impl Bundling {
    /// What is tried where this one is refused.
    fn next(self) -> Bundling {
        match self {
            Bundling::Auto | Bundling::Uring => Bundling::Aio,
            Bundling::Aio | Bundling::None => Bundling::None,
        }
    }

    /// Whether the system knows it and no sandbox forbids it, as far as that can be seen without anything being made.
    pub(super) fn is_permitted(self) -> bool {
        let call = match self {
            Bundling::Uring if cfg!(uring) => libc::SYS_io_uring_setup,
            Bundling::Aio => libc::SYS_io_setup,
            _ => return false,
        };
        // SAFETY: the null pointer is what the kernel refuses, once it has nothing else against the call.
        let result = unsafe { libc::syscall(call, 1 as libc::c_long, std::ptr::null_mut::<libc::c_void>()) };
        result < 0 && io::Error::last_os_error().raw_os_error() == Some(libc::EFAULT)
    }
}

/// The best that the system permits, found out once. What a later sandbox forbids, or what memory and other limits do not
/// admit, shows when it is used.
fn best() -> Bundling {
    static BEST: OnceLock<Bundling> = OnceLock::new();
    let first = if cfg!(uring) {
        Bundling::Uring
    } else {
        Bundling::Aio
    };
    *BEST.get_or_init(|| {
        let mut bundling = first;
        while bundling != Bundling::None && !bundling.is_permitted() {
            bundling = bundling.next();
        }
        bundling
    })
}
