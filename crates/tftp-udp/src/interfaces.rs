//! The addresses of this host's interfaces (getifaddrs(3)), for systems that report less with a datagram than Linux.

use std::cell::Cell;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ptr;

use libc::{ifaddrs, sockaddr, sockaddr_in, sockaddr_in6};

use super::ip::{v4_from_kernel, v6_from_kernel};

/// The number of addresses that a thread remembers as those of one host. Servers listen on a few.
const REMEMBERED: usize = 4;

thread_local! {
    /// Addresses that were looked up and are no broadcast addresses, so that most datagrams cost no list. Stale entries
    /// do no harm: at worst a request to an address that became a broadcast address is answered.
    static HOSTS: Cell<[Ipv4Addr; REMEMBERED]> = const { Cell::new([Ipv4Addr::UNSPECIFIED; REMEMBERED]) };
}

/// Returns true if `ip` is the broadcast address of an interface.
pub(super) fn is_broadcast(ip: Ipv4Addr) -> bool {
    let mut hosts = HOSTS.get();
    if hosts.contains(&ip) {
        return false;
    }
    let mut found = false;
    // Without a list nothing is known, and the datagram counts as any other.
    let listed = each_interface(|interface| found |= broadcast_of(interface) == Some(IpAddr::V4(ip)));
    if !found && listed.is_ok() {
        hosts.rotate_right(1);
        hosts[0] = ip;
        HOSTS.set(hosts);
    }
    found
}

/// Returns the host's IPv6 addresses; empty if the system does not list them.
pub(super) fn ipv6_addresses() -> Vec<Ipv6Addr> {
    let mut addresses = Vec::new();
    let listed = each_interface(|interface| {
        if let Some(IpAddr::V6(ip)) = ip_at(interface.ifa_addr) {
            addresses.push(ip);
        }
    });
    listed.map(|()| addresses).unwrap_or_default()
}

fn broadcast_of(interface: &ifaddrs) -> Option<IpAddr> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let broadcast = interface.ifa_ifu;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let broadcast = interface.ifa_dstaddr;
    // Without the flag it is the other end of a point-to-point link. An interface without a broadcast address may have
    // its own in that place.
    let has_broadcast = interface.ifa_flags & libc::IFF_BROADCAST as libc::c_uint != 0;
    let broadcast = has_broadcast.then(|| ip_at(broadcast)).flatten();
    broadcast.filter(|ip| Some(*ip) != ip_at(interface.ifa_addr))
}

/// Calls `each` with every address of every interface.
fn each_interface(mut each: impl FnMut(&ifaddrs)) -> io::Result<()> {
    let mut first = ptr::null_mut();
    // SAFETY: the list's head is a local.
    if unsafe { libc::getifaddrs(&mut first) } != 0 {
        return Err(io::Error::last_os_error());
    }
    let mut next = first;
    while !next.is_null() {
        // SAFETY: an entry of the list, which nothing changes before it is freed below.
        let interface = unsafe { &*next };
        each(interface);
        next = interface.ifa_next;
    }
    // SAFETY: the list that getifaddrs returned, used no more.
    unsafe { libc::freeifaddrs(first) };
    Ok(())
}

/// Reads an address of the list of interfaces; `None` for other families than IPv4 and IPv6, and without an address.
fn ip_at(address: *const sockaddr) -> Option<IpAddr> {
    // SAFETY: null, or an address of the list, whose family says what follows.
    let family = i32::from(unsafe { address.as_ref() }?.sa_family);
    match family {
        libc::AF_INET => {
            // SAFETY: an IPv4 address, by its family.
            let v4 = unsafe { address.cast::<sockaddr_in>().read_unaligned() };
            Some(v4_from_kernel(v4.sin_addr).into())
        }
        libc::AF_INET6 => {
            // SAFETY: an IPv6 address, by its family.
            let v6 = unsafe { address.cast::<sockaddr_in6>().read_unaligned() };
            Some(v6_from_kernel(v6.sin6_addr).into())
        }
        _ => None,
    }
}
