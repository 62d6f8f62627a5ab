//! Socket addresses in the kernel's representation.

use std::net::{SocketAddr, SocketAddrV4, SocketAddrV6};

use libc::{AF_INET, AF_INET6, sa_family_t, sockaddr_in, sockaddr_in6, socklen_t};

use super::ip::{v4_from_kernel, v4_to_kernel, v6_from_kernel, v6_to_kernel};

/// Room for an address of either family; all bytes zero is a valid value.
#[derive(Clone, Copy)]
#[repr(C)]
pub(super) union Name {
    v4: sockaddr_in,
    v6: sockaddr_in6,
}

impl Name {
    /// The size in bytes.
    pub(super) const SIZE: socklen_t = size_of::<Name>() as socklen_t;

    /// No address yet.
    pub(super) const EMPTY: Name = Name {
        v6: sockaddr_in6 {
            sin6_family: 0,
            sin6_port: 0,
            sin6_flowinfo: 0,
            sin6_addr: libc::in6_addr { s6_addr: [0; 16] },
            sin6_scope_id: 0,
        },
    };

    /// Writes an address and returns its length in bytes.
    pub(super) fn set(&mut self, address: SocketAddr) -> socklen_t {
        match address {
            SocketAddr::V4(address) => {
                self.v4 = sockaddr_in {
                    sin_family: AF_INET as sa_family_t,
                    sin_port: address.port().to_be(),
                    sin_addr: v4_to_kernel(*address.ip()),
                    sin_zero: [0; 8],
                };
                size_of::<sockaddr_in>() as socklen_t
            }
            SocketAddr::V6(address) => {
                self.v6 = sockaddr_in6 {
                    sin6_family: AF_INET6 as sa_family_t,
                    sin6_port: address.port().to_be(),
                    sin6_flowinfo: address.flowinfo(),
                    sin6_addr: v6_to_kernel(*address.ip()),
                    sin6_scope_id: address.scope_id(),
                };
                size_of::<sockaddr_in6>() as socklen_t
            }
        }
    }

    /// Returns the address that the kernel wrote, if it is complete and of one of the two families.
    pub(super) fn get(&self, length: socklen_t) -> Option<SocketAddr> {
        if (length as usize) < size_of::<sockaddr_in>() {
            return None;
        }
        // SAFETY: both variants are plain data without invalid values and begin with the family.
        let family = i32::from(unsafe { self.v4.sin_family });
        if family == AF_INET {
            // SAFETY: plain data, and the family shows that the kernel wrote this variant.
            let v4 = unsafe { &self.v4 };
            Some(SocketAddrV4::new(v4_from_kernel(v4.sin_addr), u16::from_be(v4.sin_port)).into())
        } else if family == AF_INET6 && length as usize >= size_of::<sockaddr_in6>() {
            // SAFETY: plain data, and the family shows that the kernel wrote this variant.
            let v6 = unsafe { &self.v6 };
            let (port, ip) = (u16::from_be(v6.sin6_port), v6_from_kernel(v6.sin6_addr));
            Some(SocketAddrV6::new(ip, port, v6.sin6_flowinfo, v6.sin6_scope_id).into())
        } else {
            None
        }
    }
}

impl Name {
    /// Returns true if the kernel wrote the address and port of `peer`, which may be given plain or
    /// IPv4-mapped on any socket. Flow information and scope are ignored: the kernel fills them in
    /// at its discretion.
    #[inline]
    pub(super) fn is(&self, length: socklen_t, peer: &SocketAddr) -> bool {
        if (length as usize) < size_of::<sockaddr_in>() {
            return false;
        }
        // SAFETY: both variants are plain data without invalid values and begin with family and
        // port.
        let (family, port) = unsafe { (i32::from(self.v4.sin_family), self.v4.sin_port) };
        if port != peer.port().to_be() {
            return false;
        }
        if family == AF_INET {
            // SAFETY: plain data, and the family shows that the kernel wrote this variant.
            let ip = v4_from_kernel(unsafe { self.v4.sin_addr });
            match peer {
                SocketAddr::V4(peer) => *peer.ip() == ip,
                SocketAddr::V6(peer) => *peer.ip() == ip.to_ipv6_mapped(),
            }
        } else if family == AF_INET6 && length as usize >= size_of::<sockaddr_in6>() {
            // SAFETY: plain data, and the family shows that the kernel wrote this variant.
            let ip = v6_from_kernel(unsafe { self.v6.sin6_addr });
            match peer {
                SocketAddr::V4(peer) => peer.ip().to_ipv6_mapped() == ip,
                SocketAddr::V6(peer) => *peer.ip() == ip,
            }
        } else {
            false
        }
    }
}
