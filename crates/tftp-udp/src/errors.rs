//! The error queue of a socket: the peer whose packet failed, and the reason (ip(7), IP_RECVERR).

use std::io;
use std::net::SocketAddr;

use super::UdpSocket;
use super::address::Name;
use super::cmsg::{Control, value};

/// The maximum number of errors taken in one call, so that a flood of them does not hold up
/// everything else.
const MOST: usize = 1024;

/// Room for one extended error with the address of the host that reported it.
type ErrorControl = Control<16>;

/// Empties the queue, at most [`MOST`] errors, and calls `each` with the peer and the error.
///
/// The kernel queues an error and then sets the socket's pending error. The queue may be emptied in
/// between, or have had no room for the error; the pending one would make the poller report the
/// socket again and again. So it is taken, too. An error that is queued meanwhile stays in the
/// queue, which the poller reports.
pub(super) fn drain(socket: &UdpSocket, each: &mut dyn FnMut(SocketAddr, io::Error)) {
    for _ in 0..MOST {
        match take(socket) {
            Ok(Some((peer, error))) => each(peer, error),
            Ok(None) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => {
                let _ = socket.std().take_error();
                return;
            }
        }
    }
}

/// Takes the first error of the queue; `None` for one without a peer.
fn take(socket: &UdpSocket) -> io::Result<Option<(SocketAddr, io::Error)>> {
    let mut name = Name::EMPTY;
    let mut control = ErrorControl::EMPTY;
    // SAFETY: integers and pointers only, for which zero is a value.
    let mut header: libc::msghdr = unsafe { std::mem::zeroed() };
    header.msg_name = (&raw mut name).cast();
    header.msg_namelen = Name::SIZE;
    header.msg_control = (&raw mut control).cast();
    header.msg_controllen = ErrorControl::SIZE as _;
    // SAFETY: every pointer of the header points to a local of the size beside it; there is no
    // buffer for the packet's bytes.
    let result =
        unsafe { libc::recvmsg(socket.fd(), &mut header, libc::MSG_ERRQUEUE | libc::MSG_DONTWAIT) };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    let mut code = None;
    control.read(header.msg_controllen as _, &mut |level, kind, bytes| {
        if matches!(
            (level, kind),
            (libc::SOL_IP, libc::IP_RECVERR) | (libc::SOL_IPV6, libc::IPV6_RECVERR)
        ) {
            code = value::<libc::sock_extended_err>(bytes).map(|error| error.ee_errno as i32);
        }
    });
    let peer = name.get(header.msg_namelen);
    Ok(peer
        .zip(code)
        .map(|(peer, code)| (peer, io::Error::from_raw_os_error(code))))
}
