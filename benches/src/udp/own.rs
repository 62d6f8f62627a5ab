//! A connected socket that serves one peer after another.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::RawFd;

use libc::c_int;

use super::{Socket, check, to_name};

/// A socket without a fixed port: connecting draws a random one, disconnecting releases it
/// (IP_BIND_ADDRESS_NO_PORT).
pub struct OwnSocket(Socket);

impl OwnSocket {
    /// Opens a socket at 127.0.0.1.
    ///
    /// # Errors
    /// Those of socket, setsockopt and bind.
    pub fn new() -> io::Result<OwnSocket> {
        let socket = Socket::new()?;
        socket.option(libc::IPPROTO_IP, libc::IP_BIND_ADDRESS_NO_PORT, &1)?;
        socket.bind_to(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0))?;
        Ok(OwnSocket(socket))
    }

    /// Returns the descriptor.
    pub fn fd(&self) -> RawFd {
        self.0.fd()
    }

    /// Connects to a peer from a new random port; only this peer's datagrams are received.
    ///
    /// # Errors
    /// Those of connect.
    pub fn connect(&self, peer: SocketAddrV4) -> io::Result<()> {
        let name = to_name(peer);
        // SAFETY: the name outlives the call and has the size given.
        check(unsafe {
            libc::connect(self.fd(), (&raw const name).cast(), size_of_val(&name) as u32)
        })
        .map(drop)
    }

    /// Disconnects from the peer and releases the port.
    ///
    /// # Errors
    /// Those of connect.
    pub fn disconnect(&self) -> io::Result<()> {
        let nowhere = libc::sockaddr {
            sa_family: libc::AF_UNSPEC as _,
            sa_data: [0; 14],
        };
        let size = size_of_val(&nowhere) as u32;
        // SAFETY: the address outlives the call and has the size given.
        check(unsafe { libc::connect(self.fd(), &raw const nowhere, size) }).map(drop)
    }

    /// Splits sent data into datagrams of this many bytes, and joins equally long received ones; 0:
    /// does neither.
    ///
    /// # Errors
    /// Those of setsockopt.
    pub fn set_segment(&self, bytes: usize) -> io::Result<()> {
        self.0
            .option(libc::SOL_UDP, libc::UDP_SEGMENT, &(bytes as c_int))?;
        self.0
            .option(libc::SOL_UDP, libc::UDP_GRO, &c_int::from(bytes > 0))
    }

    /// Receives one message without waiting and returns its length.
    ///
    /// # Errors
    /// Those of recv.
    pub fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let (start, length) = (buffer.as_mut_ptr().cast(), buffer.len());
        // SAFETY: the buffer is borrowed mutably for the call, and its length is given.
        let received = unsafe { libc::recv(self.fd(), start, length, libc::MSG_DONTWAIT) };
        usize::try_from(received).map_err(|_| io::Error::last_os_error())
    }

    /// Sends the bytes, waiting until there is room.
    ///
    /// # Errors
    /// Those of send.
    pub fn send(&self, bytes: &[u8]) -> io::Result<()> {
        // SAFETY: the bytes outlive the call, and their length is given.
        let sent = unsafe { libc::send(self.fd(), bytes.as_ptr().cast(), bytes.len(), 0) };
        if sent < 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(())
    }
}
