//! Adopts sockets that were bound before: by the process that started the application, or before it
//! dropped privileges.

use std::io;
use std::net::SocketAddr;

use socket2::Socket;

use super::SocketOptions;
use super::socket::{UdpSocket, set_buffers};
use super::sockopt;

/// A bound UDP socket of the application, held by a duplicated descriptor: either descriptor may be
/// closed first.
#[derive(Debug)]
pub struct Adopted {
    socket: Socket,
    address: SocketAddr,
    dual_stack: bool,
    id: SocketId,
}

/// Identifies a socket, whichever descriptor refers to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SocketId {
    device: u64,
    inode: u64,
}

impl Adopted {
    /// Duplicates a descriptor.
    ///
    /// # Errors
    /// EBADF: not a descriptor. ENOTSOCK: not a socket. `InvalidInput`: not UDP, not bound, or
    /// connected. `Unsupported`: sockets have no descriptors on this system.
    pub fn new(descriptor: i32) -> io::Result<Adopted> {
        let (socket, id) = duplicate(descriptor)?;
        let is_udp = socket.r#type()? == socket2::Type::DGRAM && has_udp(&socket)?;
        let address = socket.local_addr()?.as_socket().filter(|_| is_udp);
        let address = address.ok_or_else(|| wrong("It is not UDP."))?;
        if address.port() == 0 {
            return Err(wrong("It is not bound."));
        }
        if socket.peer_addr().is_ok() {
            return Err(wrong("It is connected."));
        }
        Ok(Adopted {
            dual_stack: address.is_ipv6() && !socket.only_v6()?,
            socket,
            address,
            id,
        })
    }

    /// Returns the address it is bound to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns true for an IPv6 socket that receives IPv4 as well.
    pub fn dual_stack(&self) -> bool {
        self.dual_stack
    }

    /// Returns the identity of the socket.
    pub fn id(&self) -> SocketId {
        self.id
    }

    /// Applies the options that a server needs. The application still shares the socket, so that
    /// settings which would change how others read it (O_NONBLOCK, `coalesce`) stay as they are.
    ///
    /// # Errors
    /// Those of setsockopt.
    pub(super) fn into_socket(self, options: &SocketOptions) -> io::Result<UdpSocket> {
        set_buffers(&self.socket, options)?;
        sockopt::apply(&self.socket, self.address.is_ipv6(), options)?;
        Ok(UdpSocket::from_bound(
            self.socket,
            self.address.is_ipv6(),
            options.packet_info,
        ))
    }
}

fn wrong(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, why)
}

#[cfg(unix)]
fn duplicate(descriptor: i32) -> io::Result<(Socket, SocketId)> {
    use std::os::fd::BorrowedFd;
    if descriptor < 0 {
        return Err(io::Error::from_raw_os_error(libc::EBADF));
    }
    // SAFETY: not -1, and duplicated at once: a number that is no descriptor gives EBADF.
    let theirs = unsafe { BorrowedFd::borrow_raw(descriptor) };
    let ours = theirs.try_clone_to_owned()?;
    let stat = rustix::fs::fstat(&ours)?;
    let id = SocketId {
        device: stat.st_dev as u64,
        inode: stat.st_ino as u64,
    };
    Ok((ours.into(), id))
}

#[cfg(not(unix))]
fn duplicate(_: i32) -> io::Result<(Socket, SocketId)> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Checks the protocol: datagram sockets exist for other protocols too, such as pings.
#[cfg(linux)]
fn has_udp(socket: &Socket) -> io::Result<bool> {
    Ok(socket.protocol()? == Some(socket2::Protocol::UDP))
}

#[cfg(not(linux))]
fn has_udp(_: &Socket) -> io::Result<bool> {
    Ok(true)
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::fd::AsRawFd;

    use super::super::{IoMode, RecvBatch};
    use super::*;

    #[test]
    fn a_socket_that_blocks_does_not_block_us_and_stays_as_it_was() {
        let theirs = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = theirs.local_addr().unwrap();
        for mode in [IoMode::Auto, IoMode::Portable] {
            let adopted = Adopted::new(theirs.as_raw_fd()).unwrap();
            assert_eq!((adopted.address(), adopted.dual_stack()), (address, false));
            let ours = UdpSocket::adopt(adopted, &SocketOptions::default()).unwrap();
            let mut batch = RecvBatch::new(4, 512, mode);
            let nothing = batch.receive(&ours, 16).unwrap_err();
            assert_eq!(nothing.kind(), io::ErrorKind::WouldBlock, "{mode:?}");
            theirs.send_to(b"hello", address).unwrap();
            assert_eq!(batch.receive(&ours, 16).unwrap(), 1, "{mode:?}");
            assert_eq!(batch.get(0).bytes, b"hello");
            let flags = rustix::fs::fcntl_getfl(&theirs).unwrap();
            assert!(!flags.contains(rustix::fs::OFlags::NONBLOCK), "{mode:?}");
        }
    }

    #[test]
    fn one_socket_by_two_descriptors_is_one() {
        let first = std::net::UdpSocket::bind("[::1]:0").unwrap();
        let (again, other) = (
            first.try_clone().unwrap(),
            std::net::UdpSocket::bind("[::]:0").unwrap(),
        );
        let [first, again, other] =
            [&first, &again, &other].map(|one| Adopted::new(one.as_raw_fd()).unwrap());
        assert_eq!(first.id(), again.id());
        assert_ne!(first.id(), other.id());
    }
}
