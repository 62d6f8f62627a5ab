//! One UDP socket.

use std::io;
use std::net::{IpAddr, SocketAddr, SocketAddrV6};
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicBool, Ordering};

use socket2::{Domain, Protocol, SockAddr, SockRef, Socket, Type};

use super::adopt::Adopted;
use super::sockopt;

/// The size in bytes at which no smaller buffer is tried: room for a datagram of the largest size.
const SMALLEST_BUFFER: usize = 1 << 16;

/// The options of a socket.
#[derive(Clone, Debug, Default)]
pub struct SocketOptions {
    /// Sets SO_REUSEADDR and SO_REUSEPORT before the bind: other sockets that do the same may use
    /// the same port. Without it the bind fails with `AddrInUse` if any other socket has the port.
    pub share_port: bool,
    /// SO_RCVBUF in bytes, as far as the system permits; `None` keeps the system's default.
    pub recv_buffer: Option<usize>,
    /// SO_SNDBUF in bytes, as far as the system permits; `None` keeps the system's default.
    pub send_buffer: Option<usize>,
    /// Sets Don't Fragment: packets beyond the path MTU are refused. Otherwise large packets are
    /// fragmented, whatever the system has learnt about the path.
    pub dont_fragment: bool,
    /// The TOS (IPv4) and traffic class (IPv6) byte of outgoing packets.
    pub traffic_class: Option<u8>,
    /// True if an IPv6 socket does not receive IPv4 (otherwise it is dual-stack).
    pub v6_only: bool,
    /// Arrivals carry the address they were sent to (IP_PKTINFO or IP_RECVDSTADDR,
    /// IPV6_RECVPKTINFO).
    pub packet_info: bool,
    /// Failures that the network reports are kept for [`UdpSocket::take_errors`] (IP_RECVERR;
    /// Linux).
    pub report_errors: bool,
    /// Packets may be sent from addresses that are not this host's (IP_TRANSPARENT; Linux,
    /// CAP_NET_ADMIN or CAP_NET_RAW).
    pub foreign_source: bool,
    /// Datagrams of one sender that arrive together and have equal lengths may pass the system's
    /// network stack as one (UDP_GRO; Linux 5.0). [`super::RecvBatch`] separates them again; its
    /// slots must then hold 64 KiB.
    pub coalesce: bool,
    /// The network interface for all packets, received and sent (SO_BINDTODEVICE, also for a VRF;
    /// IP_BOUND_IF on macOS).
    pub interface: Option<String>,
    /// If the address has no port, connecting chooses one and [`UdpSocket::disconnect`] releases it
    /// (IP_BIND_ADDRESS_NO_PORT; Linux 4.2). On other systems binding chooses one permanently.
    pub late_port: bool,
    /// The range of ports to choose from (IP_LOCAL_PORT_RANGE; Linux 6.3). The kernel ignores a
    /// bound outside of its own range (net.ipv4.ip_local_port_range).
    pub port_range: Option<RangeInclusive<u16>>,
}

/// Returns true if an address is this host's, so that packets may be sent from it without
/// privileges.
pub fn is_own(ip: IpAddr) -> bool {
    // Binding is permitted for any address where the system is configured so (ip_nonlocal_bind);
    // sending is not.
    let probe = UdpSocket::bind(SocketAddr::new(ip, 0), &SocketOptions::default());
    probe.is_ok_and(|probe| probe.connect(SocketAddr::new(ip, 9)).is_ok())
}

/// Checks whether this program may send from an address.
///
/// # Errors
/// `PermissionDenied` for an address that is not this host's, without CAP_NET_ADMIN and
/// CAP_NET_RAW; `Unsupported` where a program cannot choose the source address.
#[cfg(any(linux, windows))]
pub fn may_send_from(ip: IpAddr) -> io::Result<()> {
    if is_own(ip) {
        return Ok(());
    }
    let anywhere = match ip {
        IpAddr::V4(_) => IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED),
        IpAddr::V6(_) => IpAddr::V6(std::net::Ipv6Addr::UNSPECIFIED),
    };
    let options = SocketOptions {
        foreign_source: true,
        ..SocketOptions::default()
    };
    UdpSocket::bind(SocketAddr::new(anywhere, 0), &options).map(drop)
}

/// Checks whether this program may send from an address: on this system from those of this host.
///
/// # Errors
/// `Unsupported` for all others.
#[cfg(not(any(linux, windows)))]
pub fn may_send_from(ip: IpAddr) -> io::Result<()> {
    match is_own(ip) {
        true => Ok(()),
        false => Err(io::ErrorKind::Unsupported.into()),
    }
}

/// Checks whether this program may bind sockets to a network interface.
///
/// # Errors
/// ENODEV (ENXIO on macOS) if there is no interface of that name; `PermissionDenied` if CAP_NET_RAW
/// is needed (before Linux 5.7); `Unsupported` if the system has no such option.
pub fn may_bind_to(interface: &str) -> io::Result<()> {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
    sockopt::bind_to_device(&socket, false, interface)
}

pub(super) fn set_buffers(socket: &Socket, options: &SocketOptions) -> io::Result<()> {
    if let Some(bytes) = options.recv_buffer {
        as_permitted(bytes, |bytes| socket.set_recv_buffer_size(bytes))?;
    }
    if let Some(bytes) = options.send_buffer {
        as_permitted(bytes, |bytes| socket.set_send_buffer_size(bytes))?;
    }
    Ok(())
}

/// Sets a buffer's size as far as the system permits. Linux reduces what is too much by itself;
/// FreeBSD and macOS refuse it (ENOBUFS beyond kern.ipc.maxsockbuf), and are offered half of it
/// again and again.
///
/// # Errors
/// The system's error, if it refuses everything, or for another reason.
fn as_permitted(bytes: usize, mut set: impl FnMut(usize) -> io::Result<()>) -> io::Result<()> {
    let mut bytes = bytes.min(i32::MAX as usize);
    loop {
        match set(bytes) {
            Err(error) if sockopt::is_no_buffers(&error) && bytes > SMALLEST_BUFFER => bytes /= 2,
            result => return result,
        }
    }
}

/// A UDP socket; none of the calls here blocks.
#[derive(Debug)]
pub struct UdpSocket {
    inner: std::net::UdpSocket,
    v6: bool,
    coalesces: AtomicBool,
    /// True if arrivals carry the address they were sent to.
    #[cfg_attr(windows, allow(dead_code, reason = "WSARecvMsg reports it in any case"))]
    reports_destination: bool,
    /// True if connect chooses its port and disconnect releases it.
    renewable: bool,
    /// The network interface that a renewable socket is bound to, if any.
    #[cfg_attr(not(linux), allow(dead_code, reason = "only Linux has renewable sockets"))]
    interface: Option<String>,
}

impl UdpSocket {
    /// Opens a socket of the address's family and binds it; port 0 lets the system choose.
    ///
    /// # Errors
    /// Those of socket, setsockopt and bind; `AddrInUse` if another socket has the port and it is
    /// not shared.
    pub fn bind(address: SocketAddr, options: &SocketOptions) -> io::Result<UdpSocket> {
        let v6 = address.is_ipv6();
        let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
        socket.set_nonblocking(true)?;
        if v6 {
            socket.set_only_v6(options.v6_only)?;
        }
        if options.share_port {
            sockopt::share_port(&socket)?;
        }
        set_buffers(&socket, options)?;
        sockopt::apply(&socket, v6, options)?;
        // Without the option, datagrams simply arrive one by one.
        let coalesces = options.coalesce && sockopt::coalesce(&socket, true).is_ok();
        if let Some(interface) = &options.interface {
            sockopt::bind_to_device(&socket, v6, interface)?;
        }
        if let Some(range) = options.port_range.as_ref().filter(|_| options.late_port) {
            sockopt::set_port_range(&socket, range)?;
        }
        let renewable =
            options.late_port && address.port() == 0 && sockopt::set_late_port(&socket).is_ok();
        socket.bind(&SockAddr::from(address))?;
        Ok(UdpSocket {
            inner: socket.into(),
            v6,
            coalesces: coalesces.into(),
            reports_destination: options.packet_info,
            renewable,
            interface: options.interface.clone().filter(|_| renewable),
        })
    }

    /// Uses a socket that the application bound.
    ///
    /// # Errors
    /// Those of setsockopt.
    pub fn adopt(adopted: Adopted, options: &SocketOptions) -> io::Result<UdpSocket> {
        adopted.into_socket(options)
    }

    pub(super) fn from_bound(socket: Socket, v6: bool, reports_destination: bool) -> UdpSocket {
        UdpSocket {
            inner: socket.into(),
            v6,
            coalesces: AtomicBool::new(false),
            reports_destination,
            renewable: false,
            interface: None,
        }
    }

    /// Permits sockets that are bound with `share_port` from now on to use the same port; earlier
    /// binds were refused.
    ///
    /// The first socket of a server is thus bound alone, which detects another server on the port.
    /// Those of its other threads join it afterwards; the kernel then spreads the peers over all of
    /// them.
    ///
    /// # Errors
    /// Those of setsockopt.
    pub fn allow_sharing(&self) -> io::Result<()> {
        sockopt::allow_port_sharing(&SockRef::from(&self.inner))
    }

    /// Receives from this peer only from now on; if the peer disappears, errors report it.
    ///
    /// # Errors
    /// Those of connect.
    pub fn connect(&self, peer: SocketAddr) -> io::Result<()> {
        self.inner.connect(self.in_family(peer))
    }

    /// Returns the address that the socket is bound to.
    ///
    /// # Errors
    /// Those of getsockname.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }

    /// Returns the receive buffer that was granted, in the unit of the request: Linux doubles the
    /// size for its own book-keeping, which is undone here.
    ///
    /// # Errors
    /// Those of getsockopt.
    pub fn recv_buffer(&self) -> io::Result<usize> {
        Ok(SockRef::from(&self.inner).recv_buffer_size()? / sockopt::BUFFER_FACTOR)
    }

    /// Returns the send buffer that was granted, in the same unit as [`UdpSocket::recv_buffer`].
    ///
    /// # Errors
    /// Those of getsockopt.
    pub fn send_buffer(&self) -> io::Result<usize> {
        Ok(SockRef::from(&self.inner).send_buffer_size()? / sockopt::BUFFER_FACTOR)
    }

    /// Calls `each` with the peers whose packets failed and the errors (an ICMP port unreachable is
    /// `ConnectionRefused`), and removes them from the queue.
    ///
    /// Only if [`SocketOptions::report_errors`] was set, and only on Linux: on other systems the
    /// pending error is dropped, because it does not name the peer. The peer's address has the form
    /// that the socket uses.
    pub fn take_errors(&self, each: &mut dyn FnMut(SocketAddr, io::Error)) {
        #[cfg(linux)]
        super::errors::drain(self, each);
        #[cfg(not(linux))]
        let _ = (each, self.inner.take_error());
    }

    /// Returns true if [`UdpSocket::disconnect`] releases its port.
    pub fn is_renewable(&self) -> bool {
        self.renewable
    }

    /// Returns the network interface that it is bound to.
    pub fn interface(&self) -> Option<String> {
        sockopt::device_of(&SockRef::from(&self.inner), self.v6)
    }

    /// Changes the receive buffer, as far as the system permits.
    ///
    /// # Errors
    /// Those of setsockopt.
    pub fn set_recv_buffer(&self, bytes: usize) -> io::Result<()> {
        as_permitted(bytes, |bytes| {
            SockRef::from(&self.inner).set_recv_buffer_size(bytes)
        })
    }

    /// Permits equally long datagrams to arrive as one from now on (see
    /// [`SocketOptions::coalesce`]); returns true if they will.
    pub fn start_coalescing(&self) -> bool {
        let is_on = sockopt::coalesce(&SockRef::from(&self.inner), true).is_ok();
        self.coalesces.store(is_on, Ordering::Relaxed);
        is_on
    }

    /// Makes every datagram arrive by itself from now on. Returns true if coalescing was on, so
    /// that queued datagrams may be several in one.
    pub fn stop_coalescing(&self) -> bool {
        let was_on = self.coalesces.swap(false, Ordering::Relaxed);
        was_on && sockopt::coalesce(&SockRef::from(&self.inner), false).is_ok()
    }

    /// Binds a renewable socket to its network interface again, if it has one.
    ///
    /// # Errors
    /// `PermissionDenied` before Linux 5.7, without CAP_NET_RAW; ENODEV if the interface is gone.
    #[cfg(linux)]
    pub(super) fn restore_interface(&self) -> io::Result<()> {
        let Some(interface) = &self.interface else {
            return Ok(());
        };
        sockopt::bind_to_device(&SockRef::from(&self.inner), self.v6, interface)
    }

    /// Returns the socket as std's type.
    pub(super) fn std(&self) -> &std::net::UdpSocket {
        &self.inner
    }

    /// Returns the peer's address in the family of the socket: IPv4-mapped on an IPv6 one.
    #[inline]
    pub(super) fn in_family(&self, peer: SocketAddr) -> SocketAddr {
        match peer {
            SocketAddr::V4(v4) if self.v6 => {
                SocketAddrV6::new(v4.ip().to_ipv6_mapped(), v4.port(), 0, 0).into()
            }
            SocketAddr::V6(_) if !self.v6 => super::plain(peer),
            _ => peer,
        }
    }

    /// Returns the descriptor, open as long as `self`.
    #[cfg(unix)]
    pub(super) fn fd(&self) -> std::os::fd::RawFd {
        std::os::fd::AsRawFd::as_raw_fd(&self.inner)
    }

    /// Returns the SOCKET, open as long as `self`.
    #[cfg(windows)]
    pub(super) fn fd(&self) -> usize {
        std::os::windows::io::AsRawSocket::as_raw_socket(&self.inner) as usize
    }

    /// Returns true for an IPv6 socket.
    pub(super) fn is_v6(&self) -> bool {
        self.v6
    }

    /// Returns true if arrivals carry the address they were sent to.
    #[cfg(unix)]
    #[inline]
    pub(super) fn reports_destination(&self) -> bool {
        self.reports_destination
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_is_as_large_as_the_system_permits() {
        let set = |wanted: usize, most: usize, refusal: i32| {
            let mut granted = 0;
            let result = as_permitted(wanted, |bytes| {
                if bytes > most {
                    return Err(io::Error::from_raw_os_error(refusal));
                }
                granted = bytes;
                Ok(())
            });
            (result.map_err(|error| error.raw_os_error()), granted)
        };
        // kern.ipc.maxsockbuf of FreeBSD is 2 MiB, of which the system counts a part for its own
        // book-keeping.
        assert_eq!(set(4 << 20, 1_864_135, libc::ENOBUFS), (Ok(()), 1 << 20));
        assert_eq!(set(4 << 20, 8 << 20, libc::ENOBUFS), (Ok(()), 4 << 20));
        assert_eq!(set(4 << 20, 0, libc::ENOBUFS), (Err(Some(libc::ENOBUFS)), 0));
        assert_eq!(set(4 << 20, 1 << 20, libc::EINVAL), (Err(Some(libc::EINVAL)), 0));
        assert_eq!(
            set(usize::MAX, usize::MAX, libc::ENOBUFS),
            (Ok(()), i32::MAX as usize)
        );
    }
}
