//! Where to listen, as people write it.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::str::FromStr;
use std::sync::LazyLock;

use serde::Deserialize;
use socket2::{Domain, Socket, Type};

/// TFTP's own port.
pub const PORT: u16 = 69;
/// The port to use where ports below 1024 are not allowed.
pub const UNPRIVILEGED_PORT: u16 = 6969;

/// `ADDR:PORT`, `ADDR`, `:PORT` or `PORT`; an IPv6 address with a port stands in brackets.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Listen {
    /// `None`: every address of both families.
    pub ip: Option<IpAddr>,
    /// The number of a link-local address' interface.
    scope: u32,
    /// 0: the system chooses.
    pub port: u16,
}

impl Listen {
    /// Every address of both families.
    pub fn all_addresses(port: u16) -> Listen {
        Listen {
            ip: None,
            scope: 0,
            port,
        }
    }

    /// To bind to; every address is `[::]`, which takes IPv4 along, or `0.0.0.0` where the system
    /// has no IPv6.
    pub fn socket_addr(&self) -> SocketAddr {
        self.on(has_ipv6())
    }

    fn on(&self, has_ipv6: bool) -> SocketAddr {
        let all_addresses = match has_ipv6 {
            true => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
            false => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        };
        let ip = self.ip.unwrap_or(all_addresses);
        let mut address = SocketAddr::new(ip, self.port);
        if let SocketAddr::V6(v6) = &mut address {
            v6.set_scope_id(self.scope);
        }
        address
    }
}

/// Whether the system has IPv6 at all; it may be switched off when it starts.
pub fn has_ipv6() -> bool {
    static FOUND: LazyLock<bool> =
        LazyLock::new(|| Socket::new(Domain::IPV6, Type::DGRAM, None).is_ok());
    *FOUND
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.ip {
            None => write!(f, "port {}", self.port),
            Some(_) => write!(f, "{}", self.socket_addr()),
        }
    }
}

impl FromStr for Listen {
    type Err = String;

    fn from_str(text: &str) -> Result<Listen, String> {
        let (host, port) = split(text.trim())?;
        if host.is_empty() || host == "*" {
            return Ok(Listen::all_addresses(port));
        }
        let mut found = (host, port)
            .to_socket_addrs()
            .map_err(|error| format!("{host} is no address of this machine: {error}"))?;
        let address = found.next().ok_or_else(|| format!("{host} has no address"))?;
        let scope = match address {
            SocketAddr::V6(v6) => v6.scope_id(),
            SocketAddr::V4(_) => 0,
        };
        Ok(Listen {
            ip: Some(address.ip()),
            scope,
            port,
        })
    }
}

impl TryFrom<String> for Listen {
    type Error = String;

    fn try_from(text: String) -> Result<Listen, String> {
        text.parse()
    }
}

/// Host and port; a word without a colon that is a number is a port.
fn split(text: &str) -> Result<(&str, u16), String> {
    let wrong = || {
        format!(
            "{text:?}: an address and a port are expected, as in 192.0.2.1:69, [::1]:69 or :6969"
        )
    };
    let number = |port: &str| port.parse::<u16>().map_err(|_| wrong());
    if let Some(rest) = text.strip_prefix('[') {
        let (host, rest) = rest.split_once(']').ok_or_else(wrong)?;
        return match rest.strip_prefix(':') {
            Some(port) => Ok((host, number(port)?)),
            None if rest.is_empty() => Ok((host, PORT)),
            None => Err(wrong()),
        };
    }
    if text.is_empty() {
        return Err(wrong());
    }
    match text.split_once(':') {
        None if text.bytes().all(|byte| byte.is_ascii_digit()) => Ok(("", number(text)?)),
        None => Ok((text, PORT)),
        Some((_, rest)) if rest.contains(':') => Ok((text, PORT)),
        Some((host, port)) => Ok((host, number(port)?)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(text: &str) -> String {
        match text.parse::<Listen>() {
            Ok(listen) => {
                let ip = listen.ip.map_or_else(String::new, |ip| ip.to_string());
                format!("{ip}|{}", listen.port)
            }
            Err(_) => "wrong".to_owned(),
        }
    }

    #[test]
    fn addresses_and_ports() {
        assert_eq!(given("192.0.2.1:6969"), "192.0.2.1|6969");
        assert_eq!(given("192.0.2.1"), "192.0.2.1|69");
        assert_eq!(given("[::1]:70"), "::1|70");
        assert_eq!(given("[::1]"), "::1|69");
        assert_eq!(given("::1"), "::1|69");
        assert_eq!(given(":6969"), "|6969");
        assert_eq!(given("*:6969"), "|6969");
        assert_eq!(given("6969"), "|6969");
        assert_eq!(given("127.0.0.1:0"), "127.0.0.1|0");
        for wrong in [
            "",
            "192.0.2.1:",
            "192.0.2.1:x",
            "70000",
            ":70000",
            "[::1",
            "[::1]x",
        ] {
            assert_eq!(given(wrong), "wrong", "{wrong}");
        }
    }

    #[test]
    fn every_address_takes_the_families_that_there_are() {
        assert_eq!(Listen::all_addresses(69).on(true).to_string(), "[::]:69");
        assert_eq!(Listen::all_addresses(69).on(false).to_string(), "0.0.0.0:69");
    }
}
