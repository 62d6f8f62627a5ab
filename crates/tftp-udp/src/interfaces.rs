//! The addresses of this host's interfaces (getifaddrs(3)), for systems that report less with a
//! datagram than Linux.

use std::cell::RefCell;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ptr;

use libc::{ifaddrs, sockaddr, sockaddr_in, sockaddr_in6};

use super::ip::{v4_from_kernel, v6_from_kernel};

/// The number of addresses that a thread remembers as those of one host, more than most servers
/// have.
const REMEMBERED: usize = 32;

thread_local! {
    static HOSTS: RefCell<Hosts> = const { RefCell::new(Hosts::new()) };
}

/// Addresses that were looked up and are no broadcast addresses, so that most datagrams cost no
/// list. Stale entries do no harm: at worst a request to an address that became a broadcast address
/// is answered.
struct Hosts {
    /// Unspecified where none is remembered yet.
    known: [Ipv4Addr; REMEMBERED],
    /// The index of the entry that is replaced next.
    next: usize,
}

impl Hosts {
    const fn new() -> Hosts {
        Hosts {
            known: [Ipv4Addr::UNSPECIFIED; REMEMBERED],
            next: 0,
        }
    }

    /// Returns true if `ip` is the broadcast address of a network. `look_up` searches the
    /// interfaces; `None`: the system does not list them.
    fn is_broadcast(&mut self, ip: Ipv4Addr, look_up: impl FnOnce() -> Option<bool>) -> bool {
        if self.known.contains(&ip) {
            return false;
        }
        let found = look_up();
        if found == Some(false) {
            self.known[self.next] = ip;
            self.next = (self.next + 1) % REMEMBERED;
        }
        // Without a list nothing is known, and the datagram counts as any other.
        found == Some(true)
    }
}

/// Returns true if `ip` is the broadcast address of an interface.
pub(super) fn is_broadcast(ip: Ipv4Addr) -> bool {
    HOSTS.with_borrow_mut(|hosts| {
        hosts.is_broadcast(ip, || {
            let mut found = false;
            let listed = each_interface(|it| found |= broadcast_of(it) == Some(IpAddr::V4(ip)));
            (found || listed.is_ok()).then_some(found)
        })
    })
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
    // Without the flag it is the other end of a point-to-point link. An interface without a
    // broadcast address may have its own in that place.
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

/// Reads an address of the list of interfaces; `None` for other families than IPv4 and IPv6, and
/// without an address.
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The interfaces are searched once for each of many addresses, however the datagrams to them
    /// alternate.
    #[test]
    fn each_address_of_a_host_is_looked_up_once() {
        let mut hosts = Hosts::new();
        let addresses = (1..=30).map(|number| Ipv4Addr::new(10, 9, 0, number));
        let mut lists = 0;
        for ip in addresses.clone().chain(addresses) {
            let look_up = || {
                lists += 1;
                Some(false)
            };
            assert!(!hosts.is_broadcast(ip, look_up));
        }
        assert_eq!(lists, 30);
    }

    #[test]
    fn nothing_is_remembered_of_broadcast_addresses_and_failures() {
        let (mut hosts, ip) = (Hosts::new(), Ipv4Addr::new(10, 9, 0, 255));
        assert!(!hosts.is_broadcast(ip, || None));
        assert!(hosts.is_broadcast(ip, || Some(true)));
        assert!(!hosts.is_broadcast(ip, || Some(false)));
        assert!(!hosts.is_broadcast(ip, || unreachable!("it is remembered")));
    }
}
