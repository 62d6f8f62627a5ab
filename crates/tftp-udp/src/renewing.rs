//! Sockets for one peer at a time, each time with another random port.
//!
//! A socket with IP_BIND_ADDRESS_NO_PORT is bound to an address alone. connect(2) chooses a random
//! port, connecting to AF_UNSPEC releases it, and the socket keeps its registration with epoll and
//! its options, except SO_BINDTODEVICE, which is set again. That takes a quarter of the time of a
//! new socket. The kernel delivers nothing from other peers, and answers them as it does for a
//! closed port.

use std::io;
use std::net::SocketAddr;

use super::UdpSocket;

impl UdpSocket {
    /// Releases the port and the peer, so that [`UdpSocket::connect`] chooses another port. If it
    /// fails, the socket must not be used any more.
    ///
    /// # Errors
    /// `Unsupported` if the port is bound permanently (see [`super::SocketOptions::late_port`]);
    /// those of binding to the network interface again, which the kernel releases with the port.
    #[cfg(linux)]
    pub fn disconnect(&self) -> io::Result<()> {
        if !self.is_renewable() {
            return Err(io::ErrorKind::Unsupported.into());
        }
        let nowhere = libc::sockaddr {
            sa_family: libc::AF_UNSPEC as libc::sa_family_t,
            sa_data: [0; 14],
        };
        let size = size_of::<libc::sockaddr>() as libc::socklen_t;
        // SAFETY: the address is a local of the size given.
        if unsafe { libc::connect(self.fd(), &raw const nowhere, size) } != 0 {
            return Err(io::Error::last_os_error());
        }
        self.restore_interface()
    }

    /// Not available on this system.
    ///
    /// # Errors
    /// `Unsupported`.
    #[cfg(not(linux))]
    pub fn disconnect(&self) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Discards queued datagrams and pending errors. At most `most` of them; returns false if there
    /// were more.
    pub fn discard_received(&self, most: usize) -> bool {
        let mut byte = [0; 1];
        for _ in 0..most {
            match super::portable::receive_one(self, &mut byte) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    // An error that a call has returned is still in the error queue, with the
                    // address of a peer that may come back.
                    self.take_errors(&mut |_, _| {});
                    return true;
                }
                // A datagram or a pending error was discarded.
                _ => {}
            }
        }
        false
    }
}

/// Receives one datagram with the cheapest call available, into a buffer with one byte more than
/// needed. Returns the bytes kept and whether some were cut off; `None` for a datagram of another
/// peer, which came before the socket was connected.
///
/// # Errors
/// `WouldBlock` if no datagrams are queued; a pending error of the socket.
#[cfg(linux)]
#[inline]
pub(super) fn receive_from(
    socket: &UdpSocket,
    peer: &SocketAddr,
    buffer: &mut [u8],
) -> io::Result<Option<(usize, bool)>> {
    use super::address::Name;
    let (mut name, mut size) = (Name::EMPTY, Name::SIZE);
    // Called by number: the C library's function is a cancellation point, which costs two atomic
    // operations.
    // SAFETY: buffer, address and size are borrowed mutably for the call, and their true lengths
    // are given.
    let length = unsafe {
        libc::syscall(
            libc::SYS_recvfrom,
            socket.fd(),
            buffer.as_mut_ptr(),
            buffer.len(),
            libc::MSG_DONTWAIT,
            &raw mut name,
            &raw mut size,
        )
    };
    let Ok(length) = usize::try_from(length) else {
        return Err(io::Error::last_os_error());
    };
    Ok(name.is(size, peer).then(|| kept(length, buffer.len())))
}

/// Receives one datagram of `peer`; `None` for a datagram of another peer.
///
/// # Errors
/// `WouldBlock` if no datagrams are queued; a pending error of the socket.
#[cfg(not(linux))]
pub(super) fn receive_from(
    socket: &UdpSocket,
    peer: &SocketAddr,
    buffer: &mut [u8],
) -> io::Result<Option<(usize, bool)>> {
    let one = super::portable::receive_one(socket, buffer)?;
    Ok(same(one.peer, socket.in_family(*peer)).then_some((one.length, one.truncated)))
}

#[cfg(linux)]
fn kept(length: usize, room: usize) -> (usize, bool) {
    let most = room - 1;
    (length.min(most), length > most)
}

/// Compares address and port alone: the kernel fills in flow information and scope at its
/// discretion.
pub(super) fn same(one: SocketAddr, other: SocketAddr) -> bool {
    (one.ip(), one.port()) == (other.ip(), other.port())
}
