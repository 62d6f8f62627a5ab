//! Datagrams on Windows: WSARecvMsg returns the address that one was sent to, WSASendMsg sets the
//! source address, and splits a run of blocks where the system can (`windows/uso.rs`).

use std::io;
use std::net::SocketAddr;
use std::os::windows::io::AsRawSocket;
use std::ptr;
use std::sync::OnceLock;

use socket2::{SockAddr, Socket};
use windows_sys::Win32::Networking::WinSock::{
    IP_DONTFRAGMENT, IP_PKTINFO, IPPROTO_IP, IPPROTO_IPV6, IPV6_DONTFRAG, IPV6_PKTINFO,
    LPFN_WSARECVMSG, MSG_BCAST, MSG_MCAST, MSG_TRUNC, SIO_GET_EXTENSION_FUNCTION_POINTER,
    SIO_UDP_CONNRESET, SIO_UDP_NETRESET, SO_EXCLUSIVEADDRUSE, SOCKADDR, SOL_SOCKET, WSABUF,
    WSAEINVAL, WSAENOPROTOOPT, WSAEOPNOTSUPP, WSAIoctl, WSAMSG, WSASendMsg, setsockopt,
};
use windows_sys::core::GUID;

mod control;
pub(super) mod uso;

use super::portable::One;
use super::{LocalAddr, SocketOptions, TOO_LONG, UdpSocket};
use control::Control;

#[cfg(test)]
mod tests;

static WSAID_WSARECVMSG: GUID = GUID::from_u128(0xf689d7c8_6f1f_436b_8a53_e54fe351c322);

/// Sets the options of [`SocketOptions`] that the system has, before the bind.
///
/// # Errors
/// Those of setsockopt.
pub(super) fn apply(socket: &Socket, v6: bool, options: &SocketOptions) -> io::Result<()> {
    if !options.share_port {
        // Without it any other program can bind to the same port and receive its datagrams.
        set(socket, SOL_SOCKET, SO_EXCLUSIVEADDRUSE, 1)?;
    }
    // Older versions and filters of other vendors lack these options. The errors are then skipped
    // as they are received.
    let _ = disable_icmp_errors(socket, SIO_UDP_CONNRESET);
    let _ = disable_icmp_errors(socket, SIO_UDP_NETRESET);
    if v6 {
        set_dont_fragment(socket, IPPROTO_IPV6, IPV6_DONTFRAG, options)?;
        set_packet_info(socket, IPPROTO_IPV6, IPV6_PKTINFO, options)?;
    }
    if !v6 || !options.v6_only {
        let dont_fragment = set_dont_fragment(socket, IPPROTO_IP, IP_DONTFRAGMENT, options);
        let packet_info = set_packet_info(socket, IPPROTO_IP, IP_PKTINFO, options);
        // An IPv6 socket may lack the options of IPv4.
        if !v6 {
            dont_fragment.and(packet_info)?;
        }
    }
    match options.traffic_class {
        Some(class) if !v6 => socket.set_tos_v4(class.into()),
        // Windows sets no class on IPv6 sockets; a system policy does.
        _ => Ok(()),
    }
}

fn set_dont_fragment(
    socket: &Socket,
    level: i32,
    name: i32,
    options: &SocketOptions,
) -> io::Result<()> {
    match set(socket, level, name, options.dont_fragment.into()) {
        // The default is that packets may be fragmented.
        Err(error) if !options.dont_fragment && is_unsupported(&error) => Ok(()),
        result => result,
    }
}

/// Requests packet information. Where the system has none, answers leave from the address that its
/// routing table chooses.
fn set_packet_info(
    socket: &Socket,
    level: i32,
    name: i32,
    options: &SocketOptions,
) -> io::Result<()> {
    if !options.packet_info {
        return Ok(());
    }
    match set(socket, level, name, 1) {
        Err(error) if is_unsupported(&error) => Ok(()),
        result => result,
    }
}

/// Returns true if the system or a filter lacks an option or a control message.
fn is_unsupported(error: &io::Error) -> bool {
    let codes = [WSAEINVAL, WSAENOPROTOOPT, WSAEOPNOTSUPP];
    error.raw_os_error().is_some_and(|code| codes.contains(&code))
}

/// Sends with a source address, and without one if the system refuses that address: some versions
/// do so on some paths, although the address is this host's (WSAEINVAL, WSAEADDRNOTAVAIL). The
/// routing table then chooses the address.
///
/// # Errors
/// Those of `send`.
fn send_from(
    source: Option<LocalAddr>,
    mut send: impl FnMut(Option<LocalAddr>) -> io::Result<()>,
) -> io::Result<()> {
    match send(source) {
        Err(error)
            if source.is_some()
                && (is_unsupported(&error) || error.kind() == io::ErrorKind::AddrNotAvailable) =>
        {
            send(None)
        }
        result => result,
    }
}

/// Disables receive errors for closed ports (SIO_UDP_CONNRESET) or for packets discarded on their
/// way (SIO_UDP_NETRESET). Otherwise an ICMP message, which can be forged, makes the next receive
/// on the socket fail, even if other peers' datagrams are queued.
fn disable_icmp_errors(socket: &Socket, option: u32) -> io::Result<()> {
    let (off, mut returned) = (0u32, 0);
    // SAFETY: the input is a local of the size given, there is no output, and nothing is
    // overlapped.
    let result = unsafe {
        WSAIoctl(
            socket.as_raw_socket() as usize,
            option,
            (&raw const off).cast(),
            size_of::<u32>() as u32,
            ptr::null_mut(),
            0,
            &mut returned,
            ptr::null_mut(),
            None,
        )
    };
    check(result)
}

fn set(socket: &Socket, level: i32, name: i32, value: i32) -> io::Result<()> {
    let size = size_of::<i32>() as i32;
    // SAFETY: the value is a local of the size given.
    let result = unsafe {
        setsockopt(
            socket.as_raw_socket() as usize,
            level,
            name,
            (&raw const value).cast(),
            size,
        )
    };
    check(result)
}

fn check(result: i32) -> io::Result<()> {
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Returns WSARecvMsg, which the system's library does not export.
fn recvmsg(socket: usize) -> io::Result<LPFN_WSARECVMSG> {
    static FOUND: OnceLock<usize> = OnceLock::new();
    if let Some(&found) = FOUND.get() {
        // SAFETY: filled in by the call below: a pointer to that function, or null, which is
        // `None`.
        return Ok(unsafe { std::mem::transmute::<usize, LPFN_WSARECVMSG>(found) });
    }
    let (mut found, mut returned) = (0usize, 0);
    // SAFETY: input and output are of the sizes given, and nothing is overlapped.
    let result = unsafe {
        WSAIoctl(
            socket,
            SIO_GET_EXTENSION_FUNCTION_POINTER,
            (&raw const WSAID_WSARECVMSG).cast(),
            size_of::<GUID>() as u32,
            (&raw mut found).cast(),
            size_of::<usize>() as u32,
            &mut returned,
            ptr::null_mut(),
            None,
        )
    };
    check(result)?;
    FOUND.get_or_init(|| found);
    // SAFETY: as above.
    Ok(unsafe { std::mem::transmute::<usize, LPFN_WSARECVMSG>(found) })
}

/// Receives one datagram into a buffer with one byte more than needed: a datagram that fills it was
/// longer.
///
/// # Errors
/// `WouldBlock` if no datagrams are queued; those of WSARecvMsg.
pub(super) fn receive_one(socket: &UdpSocket, buffer: &mut [u8]) -> io::Result<One> {
    let receive = recvmsg(socket.fd())?.ok_or(io::ErrorKind::Unsupported)?;
    let mut control = Control::empty();
    let mut data = WSABUF {
        len: buffer.len() as u32,
        buf: buffer.as_mut_ptr(),
    };
    let (mut length, mut flags, mut used) = (0, 0, 0);
    // SAFETY: the closure fills the address up to the length that it stores.
    let ((), peer) = unsafe {
        SockAddr::try_init(|name, size| {
            let mut message = WSAMSG {
                name: name.cast::<SOCKADDR>(),
                namelen: *size,
                lpBuffers: &mut data,
                dwBufferCount: 1,
                Control: WSABUF {
                    len: control::SIZE as u32,
                    buf: control.buffer().as_mut_ptr(),
                },
                dwFlags: 0,
            };
            let result = receive(socket.fd(), &mut message, &mut length, ptr::null_mut(), None);
            *size = message.namelen;
            (flags, used) = (message.dwFlags, message.Control.len);
            match check(result) {
                // The address is valid, and so are the bytes that fit.
                Err(error) if error.raw_os_error() == Some(TOO_LONG) => {
                    flags |= MSG_TRUNC;
                    length = data.len;
                    Ok(())
                }
                result => result,
            }
        })
    }?;
    let most = buffer.len() - 1;
    let length = length as usize;
    control.set_used(used as usize);
    Ok(One {
        peer: peer.as_socket().ok_or(io::ErrorKind::InvalidData)?,
        local: control.local_address(socket.is_v6()),
        broadcast: flags & (MSG_BCAST | MSG_MCAST) != 0,
        length: length.min(most),
        truncated: length > most || flags & MSG_TRUNC != 0,
    })
}

/// Sends one datagram; without `peer` to the peer that the socket is connected to.
///
/// # Errors
/// Those of WSASendMsg and send.
pub(super) fn send_now(
    socket: &UdpSocket,
    bytes: &[u8],
    peer: Option<SocketAddr>,
    source: Option<LocalAddr>,
) -> io::Result<()> {
    let Some(peer) = peer else {
        return socket.std().send(bytes).map(drop);
    };
    send_from(source, |source| {
        let Some(source) = source else {
            return socket.std().send_to(bytes, peer).map(drop);
        };
        let mut data = [WSABUF {
            len: bytes.len() as u32,
            buf: bytes.as_ptr().cast_mut(),
        }];
        let mut control = Control::empty();
        control.push_source(source);
        send_message(socket, &mut data, Some(peer), &mut control)
    })
}

/// Sends what the buffers contain, with control data; without `peer` to the peer that the socket is
/// connected to. The buffers point to memory that is borrowed by the caller.
///
/// # Errors
/// Those of WSASendMsg.
fn send_message(
    socket: &UdpSocket,
    buffers: &mut [WSABUF],
    peer: Option<SocketAddr>,
    control: &mut Control,
) -> io::Result<()> {
    let peer = peer.map(SockAddr::from);
    let name = peer.as_ref().map_or(ptr::null(), SockAddr::as_ptr);
    let used = control.used();
    let message = WSAMSG {
        name: name.cast::<SOCKADDR>().cast_mut(),
        namelen: peer.as_ref().map_or(0, SockAddr::len),
        lpBuffers: buffers.as_mut_ptr(),
        dwBufferCount: buffers.len() as u32,
        Control: WSABUF {
            len: used as u32,
            buf: control.buffer().as_mut_ptr(),
        },
        dwFlags: 0,
    };
    let mut sent = 0;
    // SAFETY: all that the message points to lives until the call returns, and is only read.
    check(unsafe { WSASendMsg(socket.fd(), &message, 0, &mut sent, ptr::null_mut(), None) })
}
