//! Which clients are answered: `--allow` and `--deny`.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::{IpNet, Ipv4Net};
use serde::Deserialize;

/// A network, as in 192.0.2.0/24, or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Network(IpNet);

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Network, String> {
        let address = || text.parse::<IpAddr>().map(IpNet::from).ok();
        let network = text.parse::<IpNet>().ok().or_else(address);
        let network = network.ok_or_else(|| {
            format!("{text:?}: a network is expected, as in 192.0.2.0/24 or 2001:db8::/32")
        })?;
        Ok(Network(of_its_family(network.trunc())))
    }
}

/// Clients are compared by the address of their own family, and so `::ffff:192.0.2.0/120` is
/// 192.0.2.0/24.
fn of_its_family(network: IpNet) -> IpNet {
    let mapped = match network {
        IpNet::V6(network) => network
            .addr()
            .to_ipv4_mapped()
            .zip(network.prefix_len().checked_sub(96)),
        IpNet::V4(_) => None,
    };
    let as_ipv4 = mapped.and_then(|(address, length)| Ipv4Net::new(address, length).ok());
    as_ipv4.map_or(network, IpNet::V4)
}

impl TryFrom<String> for Network {
    type Error = String;

    fn try_from(text: String) -> Result<Network, String> {
        text.parse()
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The networks of both options.
#[derive(Clone, Debug, Default)]
pub struct Networks {
    pub allow: Vec<Network>,
    pub deny: Vec<Network>,
}

/// Whether a client is answered, and what decides that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// No network of either option has it, and nothing is limited to networks.
    Unlimited,
    Allowed(Network),
    Denied(Network),
    /// There is `--allow`, and none of its networks has it.
    NotAllowed,
}

impl Verdict {
    /// Whether requests are answered.
    pub fn admits(self) -> bool {
        matches!(self, Verdict::Unlimited | Verdict::Allowed(_))
    }
}

impl Networks {
    /// True where every client is answered.
    pub fn is_empty(&self) -> bool {
        self.allow.is_empty() && self.deny.is_empty()
    }

    /// Of all networks that have the client the smallest decides; the same network in both options
    /// is denied.
    pub fn verdict(&self, client: IpAddr) -> Verdict {
        let client = client.to_canonical();
        let smallest = |networks: &[Network]| {
            let containing = networks.iter().filter(|network| network.0.contains(&client));
            containing.copied().max_by_key(|network| network.0.prefix_len())
        };
        match (smallest(&self.allow), smallest(&self.deny)) {
            (Some(allow), Some(deny)) if allow.0.prefix_len() > deny.0.prefix_len() => {
                Verdict::Allowed(allow)
            }
            (_, Some(deny)) => Verdict::Denied(deny),
            (Some(allow), None) => Verdict::Allowed(allow),
            (None, None) if self.allow.is_empty() => Verdict::Unlimited,
            (None, None) => Verdict::NotAllowed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admits(allow: &[&str], deny: &[&str], client: &str) -> bool {
        let parse = |networks: &[&str]| networks.iter().map(|text| text.parse().unwrap()).collect();
        let networks = Networks {
            allow: parse(allow),
            deny: parse(deny),
        };
        networks.verdict(client.parse().unwrap()).admits()
    }

    #[test]
    fn the_smallest_network_decides() {
        assert!(admits(&[], &[], "192.0.2.1"));
        assert!(admits(&["192.0.2.0/24"], &[], "192.0.2.1"));
        assert!(!admits(&["192.0.2.0/24"], &[], "198.51.100.1"));
        assert!(!admits(&[], &["192.0.2.7"], "192.0.2.7"));
        assert!(admits(&[], &["192.0.2.7"], "192.0.2.8"));
        assert!(!admits(&["192.0.2.0/24"], &["192.0.2.0/28"], "192.0.2.7"));
        assert!(admits(&["192.0.2.7"], &["192.0.2.0/24"], "192.0.2.7"));
        assert!(!admits(&["192.0.2.7"], &["192.0.2.0/24"], "192.0.2.8"));
        assert!(!admits(&["192.0.2.0/24"], &["192.0.2.0/24"], "192.0.2.8"));
    }

    #[test]
    fn both_families() {
        let allow = ["192.0.2.0/24", "2001:db8::/32"];
        assert!(admits(&allow, &[], "2001:db8::7"));
        assert!(!admits(&allow, &[], "2001:db9::7"));
        // As a socket of both families names an IPv4 client.
        assert!(admits(&allow, &[], "::ffff:192.0.2.7"));
        assert!(!admits(&["2001:db8::/32"], &[], "192.0.2.7"));
        // So may the network be written.
        assert!(!admits(&[], &["::ffff:192.0.2.0/120"], "192.0.2.7"));
        assert!(!admits(&[], &["::ffff:192.0.2.7"], "192.0.2.7"));
        assert!(admits(&["::ffff:192.0.2.0/120"], &[], "::ffff:192.0.2.7"));
        assert!(!admits(&["::ffff:192.0.2.0/120"], &["192.0.2.0/25"], "192.0.2.7"));
        assert!(!admits(&["::/0"], &[], "192.0.2.7"));
    }

    #[test]
    fn invalid_networks() {
        for wrong in ["", "192.0.2.0/33", "192.0.2", "name", "192.0.2.0/24/1"] {
            assert!(wrong.parse::<Network>().is_err(), "{wrong}");
        }
        assert_eq!(
            "192.0.2.7/24".parse::<Network>().unwrap().to_string(),
            "192.0.2.0/24"
        );
        assert_eq!("::1".parse::<Network>().unwrap().to_string(), "::1/128");
    }
}
