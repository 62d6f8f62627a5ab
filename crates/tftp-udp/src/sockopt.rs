//! Socket options that not every system has.

use std::io;

use socket2::Socket;

#[cfg(unix)]
use super::SocketOptions;

/// Returns true if the system has no memory for a packet, or refuses a buffer of that size.
pub(super) fn is_no_buffers(error: &io::Error) -> bool {
    #[cfg(unix)]
    return matches!(error.raw_os_error(), Some(libc::ENOBUFS | libc::ENOMEM));
    #[cfg(windows)]
    return error.raw_os_error() == Some(windows_sys::Win32::Networking::WinSock::WSAENOBUFS);
}

/// Returns true if a port cannot be bound because others have it: a socket or, on Windows, another
/// user's socket or the system, which reserves ranges for virtual machines (WSAEACCES).
pub(super) fn is_port_taken(error: &io::Error) -> bool {
    let is_reserved = cfg!(windows) && error.kind() == io::ErrorKind::PermissionDenied;
    is_reserved || error.kind() == io::ErrorKind::AddrInUse
}

/// The factor by which the kernel reports a larger buffer than was set: Linux includes its own
/// book-keeping (socket(7)).
pub(super) const BUFFER_FACTOR: usize = if cfg!(target_os = "linux") { 2 } else { 1 };

/// Sets the options of [`SocketOptions`] except sharing and buffers, before the bind.
#[cfg(target_os = "linux")]
pub(super) fn apply(socket: &Socket, v6: bool, options: &SocketOptions) -> io::Result<()> {
    let fd = std::os::fd::AsRawFd::as_raw_fd(socket);
    if v6 {
        set_v6(fd, options)?;
    }
    // An IPv6 socket that also receives IPv4 has both sets of options, and the kernel chooses by
    // the packet's family.
    if !v6 || !options.v6_only {
        set_v4(fd, options)?;
    }
    Ok(())
}

/// Sets whether several equally long datagrams of one sender may arrive as one.
///
/// # Errors
/// `ENOPROTOOPT` if the system lacks the option; `ENOSYS` or `EPERM` if recvmmsg, the only call
/// that separates such datagrams, is missing or forbidden.
#[cfg(linux)]
pub(super) fn coalesce(socket: &Socket, on: bool) -> io::Result<()> {
    let fd = std::os::fd::AsRawFd::as_raw_fd(socket);
    if on {
        super::recvmmsg::probe(fd)?;
    }
    set(fd, libc::SOL_UDP, libc::UDP_GRO, on.into())
}

/// Not available on this system.
#[cfg(not(linux))]
pub(super) fn coalesce(_: &Socket, _: bool) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Restricts the socket's packets to this interface or VRF.
#[cfg(target_os = "linux")]
pub(super) fn bind_to_device(socket: &Socket, _: bool, interface: &str) -> io::Result<()> {
    socket.bind_device(Some(interface.as_bytes()))
}

/// Restricts the packets of a socket, which is an IPv6 one if `v6`, to this interface.
///
/// # Errors
/// ENXIO if there is no interface of that name.
#[cfg(target_vendor = "apple")]
pub(super) fn bind_to_device(socket: &Socket, v6: bool, interface: &str) -> io::Result<()> {
    let name = std::ffi::CString::new(interface)?;
    // SAFETY: a string that ends with NUL, for the time of the call.
    let index = std::num::NonZeroU32::new(unsafe { libc::if_nametoindex(name.as_ptr()) });
    let index = Some(index.ok_or_else(io::Error::last_os_error)?);
    match v6 {
        true => socket.bind_device_by_index_v6(index),
        false => socket.bind_device_by_index_v4(index),
    }
}

/// Not available on this system.
#[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
pub(super) fn bind_to_device(_: &Socket, _: bool, _: &str) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Returns the interface that a socket is bound to.
#[cfg(target_vendor = "apple")]
pub(super) fn device_of(socket: &Socket, v6: bool) -> Option<String> {
    let index = match v6 {
        true => socket.device_index_v6(),
        false => socket.device_index_v4(),
    };
    let mut name = [0; libc::IF_NAMESIZE];
    // SAFETY: room for a name, as the function requires.
    let found =
        unsafe { libc::if_indextoname(index.ok().flatten()?.get(), name.as_mut_ptr().cast()) };
    let name = std::ffi::CStr::from_bytes_until_nul(&name).ok()?;
    (!found.is_null()).then(|| name.to_string_lossy().into_owned())
}

/// Returns the interface that a socket is bound to.
#[cfg(target_os = "linux")]
pub(super) fn device_of(socket: &Socket, _: bool) -> Option<String> {
    let name = socket.device().ok().flatten()?;
    let name = name.strip_suffix(&[0]).unwrap_or(&name);
    String::from_utf8(name.to_vec()).ok()
}

/// Always `None` on this system.
#[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
pub(super) fn device_of(_: &Socket, _: bool) -> Option<String> {
    None
}

/// Lets connect choose the port instead of bind.
#[cfg(linux)]
pub(super) fn set_late_port(socket: &Socket) -> io::Result<()> {
    let fd = std::os::fd::AsRawFd::as_raw_fd(socket);
    set(fd, libc::SOL_IP, libc::IP_BIND_ADDRESS_NO_PORT, 1)
}

/// Not available on this system.
#[cfg(not(linux))]
pub(super) fn set_late_port(_: &Socket) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Sets the range from which the system chooses ports for this socket.
///
/// # Errors
/// `ENOPROTOOPT` before Linux 6.3.
#[cfg(linux)]
pub(super) fn set_port_range(
    socket: &Socket,
    range: &std::ops::RangeInclusive<u16>,
) -> io::Result<()> {
    /// Defined in linux/in.h; not in libc yet.
    const IP_LOCAL_PORT_RANGE: i32 = 51;
    let fd = std::os::fd::AsRawFd::as_raw_fd(socket);
    let bounds = u32::from(*range.end()) << 16 | u32::from(*range.start());
    set(fd, libc::SOL_IP, IP_LOCAL_PORT_RANGE, bounds.cast_signed())
}

/// Not available on this system.
#[cfg(not(linux))]
pub(super) fn set_port_range(_: &Socket, _: &std::ops::RangeInclusive<u16>) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(target_os = "linux")]
fn set_v4(fd: i32, options: &SocketOptions) -> io::Result<()> {
    // DONT rather than the system's default: with the default, a path MTU once learnt makes large
    // blocks fail.
    let discover = if options.dont_fragment {
        libc::IP_PMTUDISC_DO
    } else {
        libc::IP_PMTUDISC_DONT
    };
    set(fd, libc::SOL_IP, libc::IP_MTU_DISCOVER, discover)?;
    if let Some(class) = options.traffic_class {
        set(fd, libc::SOL_IP, libc::IP_TOS, class.into())?;
    }
    if options.packet_info {
        set(fd, libc::SOL_IP, libc::IP_PKTINFO, 1)?;
    }
    if options.report_errors && cfg!(linux) {
        set(fd, libc::SOL_IP, libc::IP_RECVERR, 1)?;
    }
    if options.foreign_source && cfg!(linux) {
        set(fd, libc::SOL_IP, libc::IP_TRANSPARENT, 1)?;
    }
    Ok(())
}

#[cfg(target_os = "linux")]
fn set_v6(fd: i32, options: &SocketOptions) -> io::Result<()> {
    let discover = if options.dont_fragment {
        libc::IPV6_PMTUDISC_DO
    } else {
        libc::IPV6_PMTUDISC_DONT
    };
    set(fd, libc::SOL_IPV6, libc::IPV6_MTU_DISCOVER, discover)?;
    if let Some(class) = options.traffic_class {
        set(fd, libc::SOL_IPV6, libc::IPV6_TCLASS, class.into())?;
    }
    if options.packet_info {
        set(fd, libc::SOL_IPV6, libc::IPV6_RECVPKTINFO, 1)?;
    }
    if options.report_errors && cfg!(linux) {
        set(fd, libc::SOL_IPV6, libc::IPV6_RECVERR, 1)?;
    }
    if options.foreign_source && cfg!(linux) {
        set(fd, libc::SOL_IPV6, libc::IPV6_TRANSPARENT, 1)?;
    }
    Ok(())
}

#[cfg(unix)]
pub(super) fn set(fd: i32, level: i32, name: i32, value: i32) -> io::Result<()> {
    // SAFETY: the value outlives the call and its true size is given.
    let result = unsafe {
        libc::setsockopt(
            fd,
            level,
            name,
            (&raw const value).cast(),
            size_of::<i32>() as libc::socklen_t,
        )
    };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

#[cfg(windows)]
pub(super) use super::windows::apply;

/// True if the system spreads the datagrams of a port over the sockets that were bound with the
/// option for it, and gives none to a socket that was bound before.
pub(super) const FIRST_ONLY_RESERVES: bool = cfg!(target_os = "freebsd");

/// Permits other sockets that do the same to use the same port. Called before the bind.
#[cfg(unix)]
pub(super) fn share_port(socket: &Socket) -> io::Result<()> {
    socket.set_reuse_address(true)?;
    allow_port_sharing(socket)
}

/// Does the same on Windows, where SO_REUSEADDR alone has that meaning.
#[cfg(windows)]
pub(super) fn share_port(socket: &Socket) -> io::Result<()> {
    socket.set_reuse_address(true)
}

/// Permits sockets that are bound from now on to use this socket's port.
#[cfg(unix)]
pub(super) fn allow_port_sharing(socket: &Socket) -> io::Result<()> {
    // With SO_REUSEPORT alone, FreeBSD delivers all datagrams to one of the sockets.
    #[cfg(target_os = "freebsd")]
    socket.set_reuse_port_lb(true)?;
    socket.set_reuse_port(true)
}

/// Not available: Windows delivers all datagrams of a shared port to one of its sockets.
#[cfg(windows)]
pub(super) fn allow_port_sharing(_: &Socket) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Sets the options of [`SocketOptions`] that the system has; there is no error queue.
#[cfg(all(unix, not(target_os = "linux")))]
pub(super) fn apply(socket: &Socket, v6: bool, options: &SocketOptions) -> io::Result<()> {
    if !v6 {
        return set_v4(socket, options);
    }
    if !options.v6_only {
        // For IPv4 packets of the same socket, where the system permits both.
        let _ = set_v4(socket, options);
    }
    let fd = std::os::fd::AsRawFd::as_raw_fd(socket);
    if options.dont_fragment {
        set(fd, libc::IPPROTO_IPV6, libc::IPV6_DONTFRAG, 1)?;
    }
    if options.packet_info {
        set(fd, libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO, 1)?;
    }
    match options.traffic_class {
        Some(class) => socket.set_tclass_v6(class.into()),
        None => Ok(()),
    }
}

#[cfg(all(unix, not(target_os = "linux")))]
fn set_v4(socket: &Socket, options: &SocketOptions) -> io::Result<()> {
    /// macOS has the option of Linux; its IP_RECVPKTINFO is the same number.
    #[cfg(target_vendor = "apple")]
    const DESTINATION: i32 = libc::IP_PKTINFO;
    #[cfg(not(target_vendor = "apple"))]
    const DESTINATION: i32 = libc::IP_RECVDSTADDR;
    let fd = std::os::fd::AsRawFd::as_raw_fd(socket);
    // Packet information first: on an IPv6 socket the system may refuse what follows.
    if options.packet_info {
        set(fd, libc::IPPROTO_IP, DESTINATION, 1)?;
    }
    if options.dont_fragment {
        set(fd, libc::IPPROTO_IP, libc::IP_DONTFRAG, 1)?;
    }
    match options.traffic_class {
        Some(class) => socket.set_tos_v4(class.into()),
        None => Ok(()),
    }
}
