//! IPv4 datagrams in batches (recvmmsg with UDP_GRO, sendmmsg with UDP_SEGMENT), and one at a time.

use std::io;
use std::net::SocketAddrV4;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::time::Duration;

use libc::{c_int, sockaddr_in};

mod inbox;
mod outbox;
mod own;

pub use inbox::{Arrival, Inbox, LONGEST};
pub use outbox::Outbox;
pub use own::OwnSocket;

/// The maximum number of messages per receiving call.
pub const BATCH: usize = 128;

/// The most segments and bytes of one message that the kernel splits (UDP_SEGMENT).
pub const SEGMENTS: usize = 64;
pub const MOST_BYTES: usize = 65_507;

/// Room for one control message of either kind, aligned.
type Control = [u64; 8];

/// An unconnected UDP socket.
pub struct Socket(OwnedFd);

impl Socket {
    /// Opens a socket bound to an address; port 0 is any. `buffer`: bytes that the kernel may queue
    /// each way.
    ///
    /// # Errors
    /// Those of socket and bind.
    pub fn bind(address: SocketAddrV4, buffer: usize) -> io::Result<Socket> {
        let socket = Socket::new()?;
        for (plain, forced) in [
            (libc::SO_RCVBUF, libc::SO_RCVBUFFORCE),
            (libc::SO_SNDBUF, libc::SO_SNDBUFFORCE),
        ] {
            let size = buffer as c_int;
            // Only root may exceed the system's limit.
            if socket.option(libc::SOL_SOCKET, forced, &size).is_err() {
                socket.option(libc::SOL_SOCKET, plain, &size)?;
            }
        }
        socket.option(libc::IPPROTO_IP, libc::IP_PKTINFO, &1)?;
        socket.bind_to(address)?;
        Ok(socket)
    }

    fn new() -> io::Result<Socket> {
        // SAFETY: no pointers.
        let raw = check(unsafe {
            libc::socket(libc::AF_INET, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0)
        })?;
        // SAFETY: just opened, and owned by nothing else.
        Ok(Socket(unsafe { OwnedFd::from_raw_fd(raw) }))
    }

    fn bind_to(&self, address: SocketAddrV4) -> io::Result<()> {
        let name = to_name(address);
        // SAFETY: the name outlives the call and has the size given.
        check(unsafe { libc::bind(self.fd(), (&raw const name).cast(), size_of_val(&name) as u32) })
            .map(drop)
    }

    /// Turns on joining: the kernel delivers runs of equally long datagrams as one (UDP_GRO).
    ///
    /// # Errors
    /// Those of setsockopt: Linux before 5.0 lacks the option.
    pub fn coalesce(&self) -> io::Result<()> {
        self.option(libc::SOL_UDP, libc::UDP_GRO, &1)
    }

    /// Sets how long a receiving call waits at most.
    ///
    /// # Errors
    /// Those of setsockopt.
    pub fn set_patience(&self, patience: Duration) -> io::Result<()> {
        let time = libc::timeval {
            tv_sec: patience.as_secs() as libc::time_t,
            tv_usec: patience.subsec_micros().into(),
        };
        self.option(libc::SOL_SOCKET, libc::SO_RCVTIMEO, &time)
    }

    pub fn fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }

    fn option<T>(&self, level: c_int, name: c_int, value: &T) -> io::Result<()> {
        let length = size_of::<T>() as u32;
        // SAFETY: the value outlives the call and has the size given.
        check(unsafe {
            libc::setsockopt(self.fd(), level, name, (&raw const *value).cast(), length)
        })
        .map(drop)
    }
}

fn to_name(address: SocketAddrV4) -> sockaddr_in {
    sockaddr_in {
        sin_family: libc::AF_INET as _,
        sin_port: address.port().to_be(),
        sin_addr: libc::in_addr {
            s_addr: u32::from(*address.ip()).to_be(),
        },
        sin_zero: [0; 8],
    }
}

fn check(result: c_int) -> io::Result<c_int> {
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(result)
    }
}
