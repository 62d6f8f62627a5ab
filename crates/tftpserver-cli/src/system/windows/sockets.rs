//! Sockets that are bound before privileges are dropped. On Windows no privileges are dropped.

use std::io;
use std::net::UdpSocket;

use socket2::Socket;
use tftp_serve::Builder;

/// A socket for the library to adopt, which it does not support on Windows.
#[derive(Debug)]
pub struct Bound;

impl From<Socket> for Bound {
    fn from(_: Socket) -> Bound {
        Bound
    }
}

impl From<UdpSocket> for Bound {
    fn from(_: UdpSocket) -> Bound {
        Bound
    }
}

impl Bound {
    /// Does nothing: no socket is passed.
    pub fn give(&self, builder: Builder) -> Builder {
        builder
    }
}

/// False: every user may have every port. Windows answers "permission denied" for a port that a
/// program of another user has, or that the system reserves for itself.
pub const HAS_PRIVILEGED_PORTS: bool = false;

/// False: no port is shared here.
pub const FIRST_ONLY_RESERVES: bool = false;

/// Not available: Windows delivers all datagrams of a shared port to one of its sockets.
pub fn share_port(_: &Socket) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Not available on this system.
pub fn bind_to_interface(_: &Socket, _: bool, _: &str) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Returns true if the error means that there is no interface of that name.
pub fn is_no_interface(_: &io::Error) -> bool {
    false
}

/// Not available on this system.
pub fn force_receive_buffer(_: &Socket, _: usize) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Not available on this system.
pub fn report_closed_ports(_: &UdpSocket, _: bool) {}
