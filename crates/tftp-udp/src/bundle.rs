//! Receives from, or sends on, many connected sockets with one system call.
//!
//! Where transfers have sockets of their own, one turn of a busy server's loop receives a packet
//! from each and sends a packet to each. io_uring takes all of these calls at once, and so does
//! Linux AIO; which of them the system permits is detected once per process. A bundle is only the
//! fast path: the caller makes a failed call again by itself and handles the error there. Where
//! neither is permitted there are no bundles.

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

/// The maximum number of calls in one bundle.
pub(super) const CALLS: usize = 64;

/// The number of calls from which a bundle is cheaper, in [`Bundling::Auto`].
const WORTHWHILE: usize = 8;

/// The operation of one call.
#[derive(Clone, Copy)]
pub(super) enum Work {
    /// Receives into a buffer of that many bytes.
    Receive(*mut u8, usize),
    /// Sends that many bytes.
    Send(*const u8, usize),
    /// Sends a message with its control data; not supported by Linux AIO.
    #[cfg_attr(not(uring), allow(dead_code, reason = "io_uring alone sends it"))]
    SendMessage(*const libc::msghdr),
}

/// One call and its result.
struct Call {
    fd: RawFd,
    work: Work,
    /// The bytes moved, or the negated error number.
    result: i32,
}

/// The result of a call that was not made.
const NOT_MADE: i32 = -libc::EINTR;

/// The open mechanism that makes the calls.
enum Way {
    #[cfg(uring)]
    Uring(Box<Uring>),
    Aio(Aio),
    None,
}

/// Collects calls and makes them together.
pub(super) struct Bundle {
    calls: Vec<Call>,
    bundling: Bundling,
    /// With fewer calls than this, making each by itself costs less.
    least: usize,
    /// Opened on first use, so that an idle server does not pay for it.
    way: Option<Way>,
    /// The number of calls that were made together.
    #[cfg(test)]
    pub(super) made: usize,
}

// SAFETY: the pointers of calls are followed in `perform` alone, whose caller vouches for them.
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

    /// Returns the mechanism in use.
    pub(super) fn bundling(&self) -> Bundling {
        self.bundling
    }

    /// Returns true if that many calls are better made together.
    #[inline]
    pub(super) fn is_worthwhile(&self, calls: usize) -> bool {
        calls >= self.least && self.bundling != Bundling::None
    }

    /// Returns true if [`Work::SendMessage`] is supported.
    pub(super) fn takes_messages(&self) -> bool {
        self.bundling == Bundling::Uring
    }

    /// Returns true if there is no room for another call.
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

    /// Makes the calls, none of which blocks. Calls on the same socket may run in any order.
    ///
    /// # Safety
    /// The memory of every call is valid until this returns, and for [`Work::Receive`] nothing else
    /// accesses it.
    pub(super) unsafe fn perform(&mut self) {
        if self.calls.is_empty() {
            return;
        }
        let way = self.way.get_or_insert_with(|| Way::new(self.bundling));
        // SAFETY: guaranteed by the caller.
        if unsafe { way.perform(&mut self.calls) }.is_err() {
            // Calls that were not made keep `NOT_MADE`; the caller makes each of them by itself.
            self.way = None;
            self.bundling = self.bundling.next();
        }
        #[cfg(test)]
        {
            self.made += self.calls.iter().filter(|call| call.result != NOT_MADE).count();
        }
    }

    /// Returns the results in the order the calls were added, as bytes moved. Empties the bundle.
    pub(super) fn results(&mut self) -> impl ExactSizeIterator<Item = io::Result<usize>> {
        self.calls.drain(..).map(|call| {
            usize::try_from(call.result).map_err(|_| io::Error::from_raw_os_error(-call.result))
        })
    }
}

impl Way {
    fn new(bundling: Bundling) -> Way {
        match bundling {
            #[cfg(uring)]
            Bundling::Uring => {
                Uring::new(CALLS).map_or(Way::None, |uring| Way::Uring(Box::new(uring)))
            }
            Bundling::Aio => Aio::new(CALLS).map_or(Way::None, Way::Aio),
            _ => Way::None,
        }
    }

    /// # Errors
    /// The mechanism cannot be used any more.
    ///
    /// # Safety
    /// As for [`Bundle::perform`].
    unsafe fn perform(&mut self, calls: &mut [Call]) -> io::Result<()> {
        // SAFETY: guaranteed by the caller.
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
    /// Returns the mechanism to try when this one is refused.
    fn next(self) -> Bundling {
        match self {
            Bundling::Auto | Bundling::Uring => Bundling::Aio,
            Bundling::Aio | Bundling::None => Bundling::None,
        }
    }

    /// Returns true if the system has the call and no sandbox forbids it, as far as can be tested
    /// without creating anything.
    pub(super) fn is_permitted(self) -> bool {
        let call = match self {
            Bundling::Uring if cfg!(uring) => libc::SYS_io_uring_setup,
            Bundling::Aio => libc::SYS_io_setup,
            _ => return false,
        };
        // SAFETY: the kernel rejects the null pointer, as the last of its checks.
        let result =
            unsafe { libc::syscall(call, 1 as libc::c_long, std::ptr::null_mut::<libc::c_void>()) };
        result < 0 && io::Error::last_os_error().raw_os_error() == Some(libc::EFAULT)
    }
}

/// Returns the best mechanism that the system permits, detected once. A sandbox set up later, or a
/// limit on memory or other resources, shows only on use.
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
