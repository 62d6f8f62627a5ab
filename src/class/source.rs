//! Parses the values of SourceIPAddress, SourceMacAddress and Interface.

use std::net::{IpAddr, Ipv4Addr};

use tftp_serve::Listen;

use super::errors::{self, Failure};

/// Returns 909 on systems that do not support a setting.
fn available(here: bool) -> Result<(), Failure> {
    match here {
        true => Ok(()),
        false => Err(Failure::plain(errors::NOT_AVAILABLE)),
    }
}

/// Parses an address that packets can be sent from; `None` for "".
pub(super) fn ip(text: &str) -> Result<Option<IpAddr>, Failure> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let literal = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    let ip: Option<IpAddr> = literal.unwrap_or(text).parse().ok();
    let is_one_host = |ip: &IpAddr| {
        !ip.is_unspecified() && !ip.is_multicast() && *ip != IpAddr::V4(Ipv4Addr::BROADCAST)
    };
    match ip.map(|ip| ip.to_canonical()).filter(is_one_host) {
        Some(ip) => available(cfg!(unix)).map(|()| Some(ip)),
        None => Err(Failure::new(
            errors::INVALID_VALUE,
            "The address of one host is expected, as in 192.0.2.1.",
        )),
    }
}

/// Parses an Ethernet address that frames can be sent from; `None` for "".
pub(super) fn mac(text: &str) -> Result<Option<[u8; 6]>, Failure> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    match digits(text).filter(|mac| mac[0] & 1 == 0 && *mac != [0; 6]) {
        Some(mac) => available(cfg!(target_os = "linux")).map(|()| Some(mac)),
        None => Err(Failure::new(
            errors::INVALID_VALUE,
            "An Ethernet address of one host is expected, as in 02-00-00-00-00-01.",
        )),
    }
}

/// Parses the name of a network interface; `None` for "". Its existence is checked when listening
/// starts.
pub(super) fn interface(text: &str) -> Result<Option<String>, Failure> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    match Listen::is_interface_name(text) {
        true => available(cfg!(any(target_os = "linux", target_vendor = "apple")))
            .map(|()| Some(text.to_owned())),
        false => Err(Failure::new(
            errors::INVALID_VALUE,
            "The name of a network interface is expected, as in eth0.",
        )),
    }
}

/// Parses six pairs of hexadecimal digits, with one kind of separator or none.
fn digits(text: &str) -> Option<[u8; 6]> {
    let bytes = text.as_bytes();
    let step = match (bytes.len(), bytes.get(2)) {
        (12, _) => 2,
        (17, Some(separator @ (b'-' | b':'))) => (2..17)
            .step_by(3)
            .all(|at| bytes[at] == *separator)
            .then_some(3)?,
        _ => return None,
    };
    let mut mac = [0; 6];
    for (place, byte) in mac.iter_mut().enumerate() {
        let pair = bytes.get(place * step..place * step + 2)?;
        if !pair.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(mac)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        assert_eq!(ip("").unwrap(), None);
        for (text, address) in [
            ("192.0.2.1", "192.0.2.1"),
            (" 127.0.0.2 ", "127.0.0.2"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
        ] {
            assert_eq!(ip(text).unwrap(), Some(address.parse().unwrap()), "{text}");
        }
        for bad in [
            "192.0.2",
            "x",
            "host",
            "0.0.0.0",
            "::",
            "224.0.0.1",
            "ff02::1",
            "255.255.255.255",
            "1.2.3.4:69",
        ] {
            assert_eq!(ip(bad).unwrap_err().code, 905, "{bad}");
        }
    }

    #[test]
    fn interfaces() {
        assert_eq!(interface("  ").unwrap(), None);
        for name in ["eth0", " vrf-blue ", "br0.100", "eth0@if2", "fifteen-letters"] {
            assert_eq!(interface(name).unwrap(), Some(name.trim().to_owned()), "{name}");
        }
        for bad in [".", "..", "a/b", "eth0:1", "eth 0", "sixteen--letters", "a\0b"] {
            assert_eq!(interface(bad).unwrap_err().code, 905, "{bad}");
        }
    }

    #[test]
    fn ethernet_addresses() {
        assert_eq!(mac(" ").unwrap(), None);
        for text in ["02-00-5e-00-53-0A", "02:00:5E:00:53:0a", "02005e00530a"] {
            assert_eq!(mac(text).unwrap(), Some([2, 0, 0x5e, 0, 0x53, 0x0a]), "{text}");
        }
        for bad in [
            "02-00-5e-00-53",
            "02-00-5e-00-53-0a-0b",
            "02-00:5e-00-53-0a",
            "02 00 5e 00 53 0a",
            "0g005e00530a",
            "+2005e00530a",
            "00-00-00-00-00-00",
            "01-00-5e-00-00-01",
            "ff:ff:ff:ff:ff:ff",
            "ü-00-5e-00-53-0a",
        ] {
            assert_eq!(mac(bad).unwrap_err().code, 905, "{bad}");
        }
    }
}
