//! The IPv6 networks that this host is in.

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use tftp_proto::Instant;

use super::admission::groups::network;

/// Addresses come and go; so often they are looked up again, where IPv6 clients ask.
const FRESH: Duration = Duration::from_secs(10);

/// The /64 networks of the host's own addresses.
#[derive(Debug, Default)]
pub(super) struct Networks {
    own: Vec<Ipv6Addr>,
    looked_up: Option<Instant>,
}

impl Networks {
    /// Whether the host has an address in that /64; `local` is the address that was asked.
    pub(super) fn have(&mut self, wanted: Ipv6Addr, local: Option<IpAddr>, now: Instant) -> bool {
        if matches!(local, Some(IpAddr::V6(ip)) if network(ip) == wanted) {
            return true;
        }
        if self.looked_up.is_none_or(|at| now.saturating_sub(at) >= FRESH) {
            self.looked_up = Some(now);
            self.own = addresses().into_iter().map(network).collect();
        }
        self.own.contains(&wanted)
    }
}

/// The host's IPv6 addresses, in the network namespace of this thread; none where the system does not list them in a
/// file.
fn addresses() -> Vec<Ipv6Addr> {
    let list = std::fs::read_to_string("/proc/thread-self/net/if_inet6").unwrap_or_default();
    list.lines().filter_map(parse).collect()
}

/// One line of if_inet6: the address in 32 hexadecimal digits, then index, prefix length, scope, flags and name.
fn parse(line: &str) -> Option<Ipv6Addr> {
    let digits = line.split_ascii_whitespace().next()?;
    u128::from_str_radix(digits, 16).ok().map(Ipv6Addr::from_bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_kernels_list() {
        let line = "20010db8000000050000000000000001 02 40 00 80     eth0";
        assert_eq!(parse(line), Some("2001:db8:0:5::1".parse().unwrap()));
        assert_eq!(parse(""), None);
        assert_eq!(parse("address"), None);
    }

    #[test]
    fn the_address_that_was_asked_counts_and_lookups_are_rare() {
        let mut networks = Networks::default();
        let own = "2001:db8:0:5::".parse().unwrap();
        let local = Some("2001:db8:0:5::1".parse().unwrap());
        let at = Instant::from_micros;
        assert!(networks.have(own, local, at(0)));
        assert_eq!(networks.looked_up, None);
        assert!(!networks.have(own, None, at(5)));
        networks.own.push(own);
        assert!(networks.have(own, None, at(9_999_999)));
        assert!(!networks.have(own, None, at(10_000_005)));
    }
}
