//! Sockets that are bound before privileges are dropped.

use std::io;
use std::net::UdpSocket;
use std::os::fd::OwnedFd;

use nix::errno::Errno;
use socket2::Socket;
use tftp_serve::Builder;

/// A socket that the library will adopt.
#[derive(Debug)]
pub struct Bound(OwnedFd);

impl From<Socket> for Bound {
    fn from(socket: Socket) -> Bound {
        Bound(socket.into())
    }
}

impl From<UdpSocket> for Bound {
    fn from(socket: UdpSocket) -> Bound {
        Bound(socket.into())
    }
}

impl Bound {
    /// Passes the socket to the library, which duplicates it.
    pub fn give(&self, builder: Builder) -> Builder {
        builder.adopt(&self.0)
    }
}

/// True if ports below 1024 need a privilege.
pub const HAS_PRIVILEGED_PORTS: bool = true;

/// True if the system gives no datagrams to the first socket of a port, which was bound before the
/// others were permitted.
pub const FIRST_ONLY_RESERVES: bool = cfg!(target_os = "freebsd");

/// Permits sockets that are bound from now on to use the port of this one.
pub fn share_port(socket: &Socket) -> io::Result<()> {
    // With SO_REUSEPORT alone, FreeBSD delivers all datagrams to one of the sockets.
    #[cfg(target_os = "freebsd")]
    socket.set_reuse_port_lb(true)?;
    socket.set_reuse_port(true)
}

/// Restricts the socket's packets to this interface.
#[cfg(target_os = "linux")]
pub fn bind_to_interface(socket: &Socket, _: bool, name: &str) -> io::Result<()> {
    socket.bind_device(Some(name.as_bytes()))
}

/// Restricts the packets of a socket, which is an IPv6 one if `v6`, to this interface.
#[cfg(target_vendor = "apple")]
pub fn bind_to_interface(socket: &Socket, v6: bool, name: &str) -> io::Result<()> {
    let index = std::num::NonZeroU32::new(nix::net::if_::if_nametoindex(name)?);
    match v6 {
        true => socket.bind_device_by_index_v6(index),
        false => socket.bind_device_by_index_v4(index),
    }
}

/// Not available: the library does not support it on other systems either.
#[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
pub fn bind_to_interface(_: &Socket, _: bool, _: &str) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Returns true if the error means that there is no interface of that name; ENXIO is what macOS
/// says.
pub fn is_no_interface(error: &io::Error) -> bool {
    let code = error.raw_os_error();
    code == Some(Errno::ENODEV as i32) || code == Some(Errno::ENXIO as i32)
}

/// Sets a receive buffer beyond the system's limit, if this process has the privilege.
#[cfg(target_os = "linux")]
pub fn force_receive_buffer(socket: &Socket, bytes: usize) -> io::Result<()> {
    use nix::sys::socket::{setsockopt, sockopt};
    Ok(setsockopt(socket, sockopt::RcvBufForce, &bytes)?)
}

/// Not available on this system.
#[cfg(not(target_os = "linux"))]
pub fn force_receive_buffer(_: &Socket, _: usize) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Reports closed ports at once although the socket is not connected. Without it they are noticed
/// later, by a timeout.
#[cfg(target_os = "linux")]
pub fn report_closed_ports(socket: &UdpSocket, v6: bool) {
    use nix::sys::socket::{setsockopt, sockopt};
    let _ = match v6 {
        false => setsockopt(socket, sockopt::Ipv4RecvErr, &true),
        true => setsockopt(socket, sockopt::Ipv6RecvErr, &true),
    };
}

/// Not available on this system.
#[cfg(not(target_os = "linux"))]
pub fn report_closed_ports(_: &UdpSocket, _: bool) {}
