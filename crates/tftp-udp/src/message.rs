//! One datagram per call with control messages (recvmsg(2), sendmsg(2)): the address that it was
//! sent to, and the one that it leaves from.

use std::io;
use std::net::{IpAddr, SocketAddr};

use libc::{MSG_DONTWAIT, MSG_TRUNC, iovec, msghdr};
use socket2::SockAddr;

use super::cmsg::{RecvControl, SendControl, parse_control, push_source};
use super::portable::One;
use super::{LocalAddr, Route, UdpSocket};

/// Receives one datagram into a buffer with one byte more than needed, with the address that it was
/// sent to.
///
/// # Errors
/// `WouldBlock` if no datagrams are queued; a pending error of the socket.
pub(super) fn receive(socket: &UdpSocket, buffer: &mut [u8]) -> io::Result<One> {
    let mut control = RecvControl::EMPTY;
    let mut vector = iovec {
        iov_base: buffer.as_mut_ptr().cast(),
        iov_len: buffer.len(),
    };
    // SAFETY: the closure fills the address up to the length that it stores.
    let ((length, flags, used), peer) = unsafe {
        SockAddr::try_init(|name, size| {
            let mut header = empty_header();
            header.msg_name = name.cast();
            header.msg_namelen = *size;
            header.msg_iov = &raw mut vector;
            header.msg_iovlen = 1;
            header.msg_control = (&raw mut control).cast();
            header.msg_controllen = RecvControl::SIZE as _;
            let length = libc::recvmsg(socket.fd(), &mut header, MSG_DONTWAIT);
            *size = header.msg_namelen;
            let length = usize::try_from(length).map_err(|_| io::Error::last_os_error())?;
            Ok((length, header.msg_flags, header.msg_controllen))
        })
    }?;
    let most = buffer.len() - 1;
    let info = parse_control(&control, used as _);
    Ok(One {
        peer: peer.as_socket().ok_or(io::ErrorKind::InvalidData)?,
        local: info.local.map(|local| in_family(local, socket)),
        broadcast: info.broadcast,
        length: length.min(most),
        truncated: length > most || flags & MSG_TRUNC != 0,
    })
}

/// Sends one datagram from this address.
///
/// # Errors
/// Those of sendmsg.
pub(super) fn send(
    socket: &UdpSocket,
    bytes: &[u8],
    peer: SocketAddr,
    source: LocalAddr,
) -> io::Result<()> {
    let mut control = SendControl::EMPTY;
    let route = Route {
        socket: 0,
        peer,
        source: Some(source),
        connected: false,
    };
    let used = push_source(&mut control, &route);
    let name = SockAddr::from(peer);
    let mut vector = iovec {
        iov_base: bytes.as_ptr().cast_mut().cast(),
        iov_len: bytes.len(),
    };
    let mut header = empty_header();
    header.msg_name = name.as_ptr().cast_mut().cast();
    header.msg_namelen = name.len();
    header.msg_iov = &raw mut vector;
    header.msg_iovlen = 1;
    if used > 0 {
        header.msg_control = (&raw mut control).cast();
        header.msg_controllen = used as _;
    }
    // SAFETY: everything that the header points to is a local or borrowed, of the size beside it,
    // and only read.
    match unsafe { libc::sendmsg(socket.fd(), &header, MSG_DONTWAIT) } {
        0.. => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Returns true if the system refused the source address rather than the datagram: FreeBSD takes
/// one only on a socket that is bound to every address.
pub(super) fn is_refusal_of_source(error: &io::Error) -> bool {
    !cfg!(linux) && error.raw_os_error() == Some(libc::EINVAL)
}

/// Returns the address in the socket's family: some systems report the destination of an IPv4
/// datagram on an IPv6 socket in its own form.
fn in_family(local: LocalAddr, socket: &UdpSocket) -> LocalAddr {
    match local.ip {
        IpAddr::V4(ip) if socket.is_v6() => LocalAddr {
            ip: ip.to_ipv6_mapped().into(),
            ..local
        },
        _ => local,
    }
}

fn empty_header() -> msghdr {
    // SAFETY: integers and pointers only, for which zero is a value.
    unsafe { std::mem::zeroed() }
}
