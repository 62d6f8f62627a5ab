//! UDP sockets for the server's loop, with everything that differs between systems: batches,
//! readiness, descriptors.
//!
//! Nothing here knows TFTP beyond the four bytes before a block's data. `unsafe` occurs only where
//! the system is called.
//!
//! - [`datagrams`]: the interface between a server's loop and the network; [`sockets`]: its
//!   implementation by sockets;
//! - `listeners.rs`: from a server's settings to its listening sockets and a network for each
//!   thread;
//! - `socket.rs`, `adopt.rs`, `sockopt.rs`, `errors.rs`: one UDP socket, ours or the application's,
//!   its options, its error queue;
//! - `renewing.rs`: sockets for one peer at a time, which get another random port for each;
//! - `ports.rs`, `ports/`: all sockets of a thread, and how many there may be;
//! - `bundle.rs`, `bundle/`: calls on many connected sockets together, by io_uring or Linux AIO;
//! - `recv.rs` over `recvmmsg.rs`, `send.rs` and `queue.rs` over `sendmmsg.rs` and
//!   `segmentation.rs`: batches;
//! - `frames.rs` over `frame.rs`: packets sent as Ethernet frames, with an Ethernet source address
//!   of choice;
//! - `portable.rs`: one datagram per call, where the system or a sandbox offers nothing better;
//! - `message.rs`, `windows.rs`, `windows/`: the same with the addresses of this host, by recvmsg
//!   and sendmsg, WSARecvMsg and WSASendMsg, and runs of blocks that Windows splits; `cmsg.rs`,
//!   `interfaces.rs`: control messages, and what they do not show;
//! - `poll.rs`, `poll_portable.rs`, `poll_windows.rs`, `wake.rs`: readiness of sockets, and
//!   wake-ups by other threads.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

#[cfg(linux)]
mod address;
mod adopt;
#[cfg(linux)]
mod bundle;
mod clock;
#[cfg(unix)]
mod cmsg;
pub mod datagrams;
#[cfg(linux)]
mod errors;
#[cfg(linux)]
mod frame;
#[cfg(linux)]
mod frames;
#[cfg(all(unix, any(not(linux), test)))]
mod interfaces;
#[cfg(unix)]
mod ip;
mod listeners;
#[cfg(unix)]
mod message;
mod own_addresses;
#[cfg(linux)]
mod poll;
#[cfg(all(unix, any(not(linux), test)))]
mod poll_portable;
#[cfg(any(windows, all(test, unix)))]
mod poll_windows;
mod portable;
mod ports;
mod queue;
mod recv;
#[cfg(linux)]
mod recvmmsg;
mod renewing;
#[cfg(any(linux, windows))]
mod segmentation;
mod send;
#[cfg(linux)]
mod sendmmsg;
mod socket;
pub mod sockets;
mod sockopt;
mod wake;
#[cfg(windows)]
mod windows;

#[cfg(test)]
mod tests;

pub use adopt::{Adopted, SocketId};
pub use clock::now;
#[cfg(linux)]
pub use frames::may_send_frames;
pub use listeners::{ListenOptions, Listeners};
pub use own_addresses::own_ipv6_addresses;
#[cfg(linux)]
pub use poll::Poller;
#[cfg(all(unix, not(linux)))]
pub use poll_portable::Poller;
#[cfg(windows)]
pub use poll_windows::Poller;
use ports::{LISTENING, PortOptions, Ports, Reading, RecvSocket};
use recv::RecvBatch;
#[cfg(linux)]
use send::FlushReport;
use send::{FrameOptions, SendBatch};
use socket::{SocketOptions, UdpSocket, is_own};
pub use socket::{may_bind_to, may_send_from};
pub use tftp_machine::LocalAddr;
pub use wake::{EventFd, Waker};

/// Data that several transfers may send at once, kept alive until the last packet that refers to it
/// has been sent.
pub type Bytes = Arc<Vec<u8>>;

/// An Ethernet address.
pub type MacAddr = [u8; 6];

/// The maximum number of sockets reported by one wait; the next wait reports the others. WSAPoll
/// reports all.
pub(crate) const EVENTS: usize = 128;

/// Selects the system calls that move datagrams.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IoMode {
    /// The fastest calls that the system offers and the sandbox permits, detected on use.
    #[default]
    Auto,
    /// One datagram per call, which every system supports.
    Portable,
}

/// Selects how one system call does the work of many transfers' sockets.
#[cfg_attr(not(linux), allow(dead_code, reason = "Linux alone has such calls"))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bundling {
    /// The best one that the system permits.
    Auto,
    /// By io_uring.
    Uring,
    /// By Linux AIO.
    Aio,
    /// No bundling: one call for each socket.
    None,
}

/// The socket and the addresses of an outgoing datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// The index by which the caller knows the socket.
    pub socket: usize,
    /// The destination; on a dual-stack socket an IPv4 peer may be given mapped or plain.
    pub peer: SocketAddr,
    /// The address to send from. The interface counts only for link-local peers; for all others the
    /// routing table decides, as for any other datagram.
    pub source: Option<LocalAddr>,
    /// True if the socket is connected to that peer.
    pub connected: bool,
}

/// The readiness of one socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ready {
    /// The key the socket was added with.
    pub key: usize,
    /// A datagram waits, or an error, which the next read returns.
    pub readable: bool,
    /// There is room for datagrams; reported only if [`Wanted::write`] was set.
    pub writable: bool,
    /// An error waits in the error queue of the socket.
    pub error: bool,
}

/// The readiness that a socket is watched for. By default none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Datagrams to read.
    pub read: bool,
    /// Room for datagrams to send.
    pub write: bool,
}

impl Wanted {
    /// Datagrams to read alone.
    pub const READ: Wanted = Wanted {
        read: true,
        write: false,
    };
    /// Both.
    pub const BOTH: Wanted = Wanted {
        read: true,
        write: true,
    };
}

/// Checks whether this program may send frames: never on this system.
///
/// # Errors
/// `Unsupported`.
#[cfg(not(linux))]
pub fn may_send_frames() -> std::io::Result<()> {
    Err(std::io::ErrorKind::Unsupported.into())
}

/// Returns true if a packet was refused because it exceeds what its path takes in one piece (Don't
/// Fragment).
pub fn is_too_long(error: &std::io::Error) -> bool {
    error.raw_os_error() == Some(TOO_LONG)
}

/// Returns the error of a packet that is too long, with the system's own number.
pub fn too_long() -> std::io::Error {
    std::io::Error::from_raw_os_error(TOO_LONG)
}

/// Returns the error of a packet that came to a closed port, with the system's own number.
pub fn refused() -> std::io::Error {
    std::io::Error::from_raw_os_error(REFUSED)
}

#[cfg(unix)]
const TOO_LONG: i32 = libc::EMSGSIZE;
#[cfg(unix)]
const REFUSED: i32 = libc::ECONNREFUSED;
/// WSAEMSGSIZE.
#[cfg(windows)]
const TOO_LONG: i32 = 10040;
/// WSAECONNREFUSED.
#[cfg(windows)]
const REFUSED: i32 = 10061;

/// Returns the address in its usual notation: an IPv4-mapped one becomes IPv4.
pub fn plain(address: SocketAddr) -> SocketAddr {
    match address.ip().to_canonical() {
        ip @ IpAddr::V4(_) => SocketAddr::new(ip, address.port()),
        IpAddr::V6(_) => address,
    }
}
