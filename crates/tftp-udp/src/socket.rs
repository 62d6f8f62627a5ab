//! One UDP socket.

use std::io;
use std::net::{IpAddr, SocketAddr, SocketAddrV6};
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicBool, Ordering};

use socket2::{Domain, Protocol, SockAddr, SockRef, Socket, Type};

use super::adopt::Adopted;
use super::sockopt;

/// How a socket is made.
#[derive(Clone, Debug, Default)]
pub struct SocketOptions {
    /// SO_REUSEADDR and SO_REUSEPORT before the bind: others that do the same may have the same port. Without it a
    /// port that anybody else has is refused with `AddrInUse`.
    pub share_port: bool,
    /// SO_RCVBUF in bytes, as far as the system permits; `None` leaves the system's choice.
    pub recv_buffer: Option<usize>,
    /// SO_SNDBUF in bytes, as far as the system permits; `None` leaves the system's choice.
    pub send_buffer: Option<usize>,
    /// Sets Don't Fragment: what exceeds the path MTU is refused. Otherwise large packets are fragmented, whatever
    /// the system has learnt of the path.
    pub dont_fragment: bool,
    /// The TOS (IPv4) and traffic class (IPv6) byte of outgoing packets.
    pub traffic_class: Option<u8>,
    /// An IPv6 socket takes no IPv4 (otherwise it is dual-stack).
    pub v6_only: bool,
    /// Arrivals tell the address they were sent to (IP_PKTINFO, IPV6_RECVPKTINFO; Linux).
    pub packet_info: bool,
    /// Failures that the network reports are kept for [`UdpSocket::take_errors`] (IP_RECVERR; Linux).
    pub report_errors: bool,
    /// Packets may come from addresses that are not this host's (IP_TRANSPARENT; Linux, CAP_NET_ADMIN or CAP_NET_RAW).
    pub foreign_source: bool,
    /// Datagrams of one sender that come together and are equally long may pass the system's network stack as one
    /// (UDP_GRO; Linux 5.0). [`super::RecvBatch`] takes them apart again; its slots must hold 64 KiB then.
    pub coalesce: bool,
    /// The network interface or VRF that packets come and go through (SO_BINDTODEVICE; Linux).
    pub interface: Option<String>,
    /// Where the address has no port, connecting draws one and [`UdpSocket::disconnect`] gives it back
    /// (IP_BIND_ADDRESS_NO_PORT; Linux 4.2). Elsewhere binding draws one, for good.
    pub late_port: bool,
    /// Bounds of that draw (IP_LOCAL_PORT_RANGE; Linux 6.3). The kernel ignores a bound outside of its own range
    /// (net.ipv4.ip_local_port_range).
    pub port_range: Option<RangeInclusive<u16>>,
}

/// Whether an address is one of this host's, so that packets may come from it without more ado.
pub fn is_own(ip: IpAddr) -> bool {
    // Binding alone is permitted for any address where the system was told so (ip_nonlocal_bind); sending is not.
    let probe = UdpSocket::bind(SocketAddr::new(ip, 0), &SocketOptions::default());
    probe.is_ok_and(|probe| probe.connect(SocketAddr::new(ip, 9)).is_ok())
}

/// Whether this program may send from an address.
///
/// # Errors
/// `PermissionDenied` for one that is not this host's, without CAP_NET_ADMIN and CAP_NET_RAW; `Unsupported` where the
/// system does not let a program choose.
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

/// Whether this program may send from an address: not on this system, where an answer from a shared port has the address
/// that the system chooses.
///
/// # Errors
/// `Unsupported`.
#[cfg(not(any(linux, windows)))]
pub fn may_send_from(_: IpAddr) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Whether this program may bind sockets to a network interface.
///
/// # Errors
/// ENODEV where there is none of that name; `PermissionDenied` where it takes CAP_NET_RAW (before Linux 5.7);
/// `Unsupported` where the system has no such thing.
pub fn may_bind_to(interface: &str) -> io::Result<()> {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
    sockopt::bind_to_device(&socket, interface)
}

pub(super) fn set_buffers(socket: &Socket, options: &SocketOptions) -> io::Result<()> {
    if let Some(bytes) = options.recv_buffer {
        socket.set_recv_buffer_size(bytes.min(i32::MAX as usize))?;
    }
    if let Some(bytes) = options.send_buffer {
        socket.set_send_buffer_size(bytes.min(i32::MAX as usize))?;
    }
    Ok(())
}

/// A UDP socket of which no call here blocks.
#[derive(Debug)]
pub struct UdpSocket {
    inner: std::net::UdpSocket,
    v6: bool,
    coalesces: AtomicBool,
    /// Its port is drawn by connect and given back by disconnect.
    renewable: bool,
}

impl UdpSocket {
    /// Makes a socket of the address's family and binds it; port 0 lets the system choose.
    ///
    /// # Errors
    /// Those of socket, setsockopt and bind; `AddrInUse` where anybody has the port and it is not shared.
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
        // Who does not know it does without.
        let coalesces = options.coalesce && sockopt::coalesce(&socket, true).is_ok();
        if let Some(interface) = &options.interface {
            sockopt::bind_to_device(&socket, interface)?;
        }
        if let Some(range) = options.port_range.as_ref().filter(|_| options.late_port) {
            sockopt::set_port_range(&socket, range)?;
        }
        let renewable = options.late_port && address.port() == 0 && sockopt::set_late_port(&socket).is_ok();
        socket.bind(&SockAddr::from(address))?;
        Ok(UdpSocket {
            inner: socket.into(),
            v6,
            coalesces: coalesces.into(),
            renewable,
        })
    }

    /// A socket that the application bound.
    ///
    /// # Errors
    /// Those of setsockopt.
    pub fn adopt(adopted: Adopted, options: &SocketOptions) -> io::Result<UdpSocket> {
        adopted.into_socket(options)
    }

    pub(super) fn from_bound(socket: Socket, v6: bool) -> UdpSocket {
        UdpSocket {
            inner: socket.into(),
            v6,
            coalesces: AtomicBool::new(false),
            renewable: false,
        }
    }

    /// Lets sockets that are bound with `share_port` from now on have the same port; those before were refused.
    ///
    /// The first socket of a server is so bound alone, which finds another server on the port, and its own shards
    /// join it afterwards; the kernel then spreads the peers over all of them.
    ///
    /// # Errors
    /// Those of setsockopt.
    pub fn allow_sharing(&self) -> io::Result<()> {
        sockopt::let_others_join(&SockRef::from(&self.inner))
    }

    /// Receives from this peer only, and tells of its disappearance by errors.
    ///
    /// # Errors
    /// Those of connect.
    pub fn connect(&self, peer: SocketAddr) -> io::Result<()> {
        self.inner.connect(self.in_family(peer))
    }

    /// Where the socket is bound.
    ///
    /// # Errors
    /// Those of getsockname.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }

    /// The receive buffer that was granted, in the bytes one asks for: Linux doubles the figure for its own
    /// book-keeping, which is taken back here.
    ///
    /// # Errors
    /// Those of getsockopt.
    pub fn recv_buffer(&self) -> io::Result<usize> {
        Ok(SockRef::from(&self.inner).recv_buffer_size()? / sockopt::BUFFER_FACTOR)
    }

    /// The send buffer that was granted, in the same unit as [`UdpSocket::recv_buffer`].
    ///
    /// # Errors
    /// Those of getsockopt.
    pub fn send_buffer(&self) -> io::Result<usize> {
        Ok(SockRef::from(&self.inner).send_buffer_size()? / sockopt::BUFFER_FACTOR)
    }

    /// Tells whose packets failed and why (an ICMP port unreachable is `ConnectionRefused`), and forgets it.
    ///
    /// Only where [`SocketOptions::report_errors`] was set, and only on Linux: elsewhere the pending error is
    /// dropped, as nothing says whose it was. The address is that of the peer, as the socket has it.
    pub fn take_errors(&self, each: &mut dyn FnMut(SocketAddr, io::Error)) {
        #[cfg(linux)]
        super::errors::drain(self, each);
        #[cfg(not(linux))]
        let _ = (each, self.inner.take_error());
    }

    /// Whether [`UdpSocket::disconnect`] gives its port back.
    pub fn is_renewable(&self) -> bool {
        self.renewable
    }

    /// The network interface that it is bound to.
    pub fn interface(&self) -> Option<String> {
        sockopt::device_of(&SockRef::from(&self.inner))
    }

    /// Changes the receive buffer, as far as the system permits.
    ///
    /// # Errors
    /// Those of setsockopt.
    pub fn set_recv_buffer(&self, bytes: usize) -> io::Result<()> {
        SockRef::from(&self.inner).set_recv_buffer_size(bytes.min(i32::MAX as usize))
    }

    /// Lets equally long datagrams come as one from now on (see [`SocketOptions::coalesce`]); true if they will.
    pub fn start_coalescing(&self) -> bool {
        let is_on = sockopt::coalesce(&SockRef::from(&self.inner), true).is_ok();
        self.coalesces.store(is_on, Ordering::Relaxed);
        is_on
    }

    /// From now on every datagram comes by itself. True if that was not so, and those that wait may be several in one.
    pub fn stop_coalescing(&self) -> bool {
        let was_on = self.coalesces.swap(false, Ordering::Relaxed);
        was_on && sockopt::coalesce(&SockRef::from(&self.inner), false).is_ok()
    }

    /// The socket as std knows it.
    pub(super) fn std(&self) -> &std::net::UdpSocket {
        &self.inner
    }

    /// The peer's address in the family of the socket: IPv4 mapped on an IPv6 one.
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

    /// The descriptor, open as long as `self`.
    #[cfg(any(linux, all(test, unix)))]
    pub(super) fn fd(&self) -> std::os::fd::RawFd {
        std::os::fd::AsRawFd::as_raw_fd(&self.inner)
    }

    /// The SOCKET, open as long as `self`.
    #[cfg(windows)]
    pub(super) fn fd(&self) -> usize {
        std::os::windows::io::AsRawSocket::as_raw_socket(&self.inner) as usize
    }

    /// Whether it is an IPv6 socket.
    #[cfg(windows)]
    pub(super) fn is_v6(&self) -> bool {
        self.v6
    }
}
