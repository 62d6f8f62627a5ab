//! The IPv6 addresses of this host.

use std::net::Ipv6Addr;

/// Returns the host's IPv6 addresses; empty if the system does not list them.
#[cfg(not(linux))]
pub fn own_ipv6_addresses() -> Vec<Ipv6Addr> {
    #[cfg(unix)]
    return super::interfaces::ipv6_addresses();
    #[cfg(windows)]
    Vec::new()
}

/// Returns the host's IPv6 addresses, in the network namespace of this thread. Empty if /proc does
/// not list them.
#[cfg(linux)]
pub fn own_ipv6_addresses() -> Vec<Ipv6Addr> {
    let list = std::fs::read_to_string("/proc/thread-self/net/if_inet6").unwrap_or_default();
    list.lines().filter_map(parse).collect()
}

/// Parses one line of if_inet6: the address in 32 hexadecimal digits, then index, prefix length,
/// scope, flags and name.
#[cfg(linux)]
fn parse(line: &str) -> Option<Ipv6Addr> {
    let digits = line.split_ascii_whitespace().next()?;
    u128::from_str_radix(digits, 16).ok().map(Ipv6Addr::from_bits)
}

#[cfg(all(test, linux))]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_kernels_list() {
        let line = "20010db8000000050000000000000001 02 40 00 80     eth0";
        assert_eq!(parse(line), Some("2001:db8:0:5::1".parse().unwrap()));
        assert_eq!(parse(""), None);
        assert_eq!(parse("address"), None);
    }
}
