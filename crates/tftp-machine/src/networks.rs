//! The IPv6 networks that this host is in.

use alloc::vec::Vec;
use core::net::{IpAddr, Ipv6Addr};
use core::time::Duration;

use tftp_proto::Instant;

use super::admission::groups::network;

/// How long a look-up of the host's addresses stays valid: they come and go. Only requests of IPv6
/// clients cause look-ups.
const FRESH: Duration = Duration::from_secs(10);

/// The /64 networks of the host's own addresses.
#[derive(Debug, Default)]
pub struct Networks {
    own: Vec<Ipv6Addr>,
    looked_up: Option<Instant>,
}

impl Networks {
    /// Returns whether the host has an address in the /64 `wanted`. `local` is the address that the
    /// request was sent to; `look_up` lists the host's IPv6 addresses, and is called at most once
    /// in ten seconds.
    pub fn have(
        &mut self,
        wanted: Ipv6Addr,
        local: Option<IpAddr>,
        now: Instant,
        look_up: impl FnOnce() -> Vec<Ipv6Addr>,
    ) -> bool {
        if matches!(local, Some(IpAddr::V6(ip)) if network(ip) == wanted) {
            return true;
        }
        if self.looked_up.is_none_or(|at| now.saturating_sub(at) >= FRESH) {
            self.looked_up = Some(now);
            self.own = look_up().into_iter().map(network).collect();
        }
        self.own.contains(&wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_requested_address_counts_and_lookups_are_rare() {
        let mut networks = Networks::default();
        let own = "2001:db8:0:5::".parse().unwrap();
        let local = Some("2001:db8:0:5::1".parse().unwrap());
        let at = Instant::from_micros;
        let none = Vec::new;
        assert!(networks.have(own, local, at(0), || panic!("nothing to look up")));
        assert!(!networks.have(own, None, at(5), none));
        let mine = || vec!["2001:db8:0:5::7".parse().unwrap()];
        assert!(
            !networks.have(own, None, at(9_999_999), mine),
            "too early to look again"
        );
        assert!(networks.have(own, None, at(10_000_005), mine));
        assert!(networks.have(own, None, at(19_999_999), none));
        assert!(!networks.have(own, None, at(20_000_005), none));
    }
}
