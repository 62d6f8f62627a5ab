//! Addresses that one host can have.

use core::net::{IpAddr, Ipv6Addr};

/// The addresses that count as one where half-open transfers are counted: an IPv6 host may choose
/// any address of its /64. An IPv4-mapped address is the IPv4 one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Group(IpAddr);

impl Group {
    /// Returns the group of a client. `is_own` returns whether the server has an address in that
    /// /64 itself. There, as among link-local addresses, all clients of a link share the prefix, so
    /// each address counts by itself.
    pub fn of(client: IpAddr, is_own: impl FnOnce(Ipv6Addr) -> bool) -> Group {
        match client.to_canonical() {
            IpAddr::V6(ip) if !ip.is_unicast_link_local() && !is_own(network(ip)) => {
                Group(network(ip).into())
            }
            ip => Group(ip),
        }
    }

    /// Returns the address that represents the group: its only one, or the first one of a /64.
    pub fn address(self) -> IpAddr {
        self.0
    }
}

/// Returns the first address of the /64 that `ip` is in.
pub fn network(ip: Ipv6Addr) -> Ipv6Addr {
    Ipv6Addr::from_bits(ip.to_bits() & !u128::from(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(client: &str) -> Group {
        let own: Ipv6Addr = "2001:db8:0:5::".parse().unwrap();
        Group::of(client.parse().unwrap(), |network| network == own)
    }

    #[test]
    fn an_ipv6_host_is_its_network() {
        assert_eq!(group("2001:db8::1"), group("2001:db8::ffff:0:0:2"));
        assert_ne!(group("2001:db8::1"), group("2001:db8:0:1::1"));
    }

    #[test]
    fn neighbours_count_one_by_one() {
        assert_ne!(group("2001:db8:0:5::1"), group("2001:db8:0:5::2"));
        assert_ne!(group("fe80::1"), group("fe80::2"));
    }

    #[test]
    fn an_ipv4_mapped_address_is_the_ipv4_one() {
        assert_eq!(group("::ffff:192.0.2.1"), group("192.0.2.1"));
        assert_ne!(group("192.0.2.1"), group("192.0.2.2"));
    }
}
