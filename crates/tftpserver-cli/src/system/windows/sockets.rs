//! Sockets that are bound before privileges are given up. No privileges are given up here.

use std::io;
use std::net::UdpSocket;

use socket2::Socket;
use tftp_serve::Builder;

/// A socket that the library would adopt, which it cannot here.
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
    /// Nothing is handed over.
    pub fn give(&self, builder: Builder) -> Builder {
        builder
    }
}

/// Windows gives all datagrams of a shared port to one of the sockets.
pub fn share_port(_: &Socket) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// No such thing here.
pub fn bind_to_interface(_: &Socket, _: &str) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Whether there is no interface of the name that was asked for.
pub fn is_no_interface(_: &io::Error) -> bool {
    false
}

/// No such thing here.
pub fn force_receive_buffer(_: &Socket, _: usize) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// No such thing here.
pub fn tell_refusals(_: &UdpSocket, _: bool) {}
