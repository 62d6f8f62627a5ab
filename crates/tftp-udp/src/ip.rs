//! IP addresses in the kernel's representation.

use std::net::{Ipv4Addr, Ipv6Addr};

pub(super) fn v4_to_kernel(ip: Ipv4Addr) -> libc::in_addr {
    libc::in_addr {
        s_addr: u32::from_ne_bytes(ip.octets()),
    }
}

pub(super) fn v4_from_kernel(ip: libc::in_addr) -> Ipv4Addr {
    Ipv4Addr::from(ip.s_addr.to_ne_bytes())
}

pub(super) fn v6_to_kernel(ip: Ipv6Addr) -> libc::in6_addr {
    libc::in6_addr {
        s6_addr: ip.octets(),
    }
}

pub(super) fn v6_from_kernel(ip: libc::in6_addr) -> Ipv6Addr {
    Ipv6Addr::from(ip.s6_addr)
}
