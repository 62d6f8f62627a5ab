//! Sockets that the application bound: by whoever started it, or before it gave up its rights.

use std::io;
use std::net::SocketAddr;

use socket2::Socket;

use super::SocketOptions;
use super::socket::{UdpSocket, set_buffers};
use super::sockopt;

/// A bound UDP socket of the application's, by a descriptor of its own: either may be closed without the other.
#[derive(Debug)]
pub struct Adopted {
    socket: Socket,
    address: SocketAddr,
    dual_stack: bool,
    id: SocketId,
}

/// Which socket it is, by whichever descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SocketId {
    device: u64,
    inode: u64,
}

impl Adopted {
    /// Duplicates a descriptor.
    ///
    /// # Errors
    /// EBADF it is none; ENOTSOCK not a socket; `InvalidInput` not UDP, not bound, or connected; `Unsupported` where
    /// sockets have no descriptors.
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

    /// Where it is bound.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// An IPv6 socket that takes IPv4 as well.
    pub fn dual_stack(&self) -> bool {
        self.dual_stack
    }

    /// Which socket it is.
    pub fn id(&self) -> SocketId {
        self.id
    }

    /// The socket with the options that a server needs. It stays the application's too: what would change how others
    /// read it (O_NONBLOCK, `coalesce`) is left as it is.
    ///
    /// # Errors
    /// Those of setsockopt.
    pub(super) fn into_socket(self, options: &SocketOptions) -> io::Result<UdpSocket> {
        set_buffers(&self.socket, options)?;
        sockopt::apply(&self.socket, self.address.is_ipv6(), options)?;
        Ok(UdpSocket::from_bound(self.socket, self.address.is_ipv6()))
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
    // SAFETY: not -1, and only duplicated at once: what is no descriptor is answered with EBADF.
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

/// Datagrams are not UDP alone: pings are sent through such sockets too.
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
