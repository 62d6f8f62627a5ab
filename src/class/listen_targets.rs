//! The places to listen: LocalHost and LocalPort, or sockets that the application bound, and the
//! addresses of ListenOn.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};

use super::errors::{self, Failure};
use super::property;
use super::setting::Key;
use super::values::Values;
use tftp_serve::Adopted;

/// One place to listen.
#[derive(Debug)]
pub(super) struct ListenTarget {
    pub(super) address: SocketAddr,
    /// An IPv6 socket that accepts IPv4 as well.
    pub(super) dual_stack: bool,
    /// The application's socket, if it bound this one.
    pub(super) adopted: Option<Adopted>,
    /// The attempt to listen here, as an error's text names it.
    pub(super) what: String,
}

impl ListenTarget {
    fn bound_here(address: SocketAddr, dual_stack: bool) -> ListenTarget {
        ListenTarget {
            address,
            dual_stack,
            adopted: None,
            what: format!("Listening on {address}."),
        }
    }

    /// Returns true if clients of this address's family can reach the socket.
    pub(super) fn takes(&self, ip: IpAddr) -> bool {
        self.dual_stack || ip.is_ipv4() == self.address.ip().to_canonical().is_ipv4()
    }
}

/// Returns every place, the main one first. May query the name service, and block on it.
pub(super) fn listen_targets(values: &Values) -> Result<Vec<ListenTarget>, Failure> {
    let descriptors = parse_descriptors(values.setting_text(Key::ListenDescriptors))?;
    let mut listen_targets = match descriptors.is_empty() {
        true => vec![local(values)?],
        false => adopt(&descriptors)?,
    };
    // An IPv6 address accepts IPv6 only, so that the same port can be bound on IPv4 too.
    let further = parse_addresses(values.setting_text(Key::ListenOn))?;
    listen_targets.extend(
        further
            .into_iter()
            .map(|address| ListenTarget::bound_here(address, false)),
    );
    Ok(listen_targets)
}

fn adopt(descriptors: &[i32]) -> Result<Vec<ListenTarget>, Failure> {
    let mut listen_targets: Vec<ListenTarget> = Vec::new();
    for descriptor in descriptors {
        let what = format!("ListenDescriptors {descriptor}.");
        let adopted = Adopted::new(*descriptor).map_err(|error| Failure::from_io(&error, &what))?;
        let known = |place: &ListenTarget| {
            place
                .adopted
                .as_ref()
                .is_some_and(|other| other.id() == adopted.id())
        };
        if listen_targets.iter().any(known) {
            return Err(Failure::new(
                errors::ADDRESS_IN_USE,
                &format!("{what} It is named twice."),
            ));
        }
        listen_targets.push(ListenTarget {
            address: adopted.address(),
            dual_stack: adopted.dual_stack(),
            adopted: Some(adopted),
            what,
        });
    }
    Ok(listen_targets)
}

/// Parses numbers separated by spaces or commas.
pub(super) fn parse_descriptors(text: &str) -> Result<Vec<i32>, Failure> {
    let numbers = words(text).map(|word| word.parse().ok().filter(|number| *number >= 0));
    let numbers: Option<Vec<i32>> = numbers.collect();
    match numbers {
        Some(numbers) if !numbers.is_empty() && cfg!(not(unix)) => {
            Err(Failure::plain(errors::NOT_AVAILABLE))
        }
        Some(numbers) => Ok(numbers),
        None => Err(Failure::new(
            errors::INVALID_VALUE,
            "Numbers of descriptors are expected, as in 3,4.",
        )),
    }
}

/// Parses addresses with ports, separated by spaces or commas.
pub(super) fn parse_addresses(text: &str) -> Result<Vec<SocketAddr>, Failure> {
    words(text)
        .map(|word| {
            address_and_port(word).ok_or_else(|| {
                Failure::new(
                    errors::INVALID_VALUE,
                    &format!(
                        "{word}: an address and a port are expected, as in 192.0.2.1:69 or [2001:db8::1]:69."
                    ),
                )
            })
        })
        .collect()
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c == ',' || c.is_whitespace())
        .filter(|word| !word.is_empty())
}

/// Parses a numeric address and port; only the interface of a link-local address may be a name
/// (`[fe80::1%eth0]:69`).
fn address_and_port(word: &str) -> Option<SocketAddr> {
    if let Ok(address) = word.parse() {
        return Some(address);
    }
    let (host, port) = word.strip_prefix('[')?.split_once("]:")?;
    let (ip, _) = host.split_once('%')?;
    ip.parse::<Ipv6Addr>().ok()?;
    (host, port.parse().ok()?).to_socket_addrs().ok()?.next()
}

/// Returns the place that LocalHost, LocalPort and UseIPv6 describe.
fn local(values: &Values) -> Result<ListenTarget, Failure> {
    let port = u16::try_from(values.integer(property::Key::LocalPort)).unwrap_or_default();
    let is_v6 = values.setting_is_on(Key::UseIpv6);
    let host = values.text(property::Key::LocalHost);
    let mut address = match (host, is_v6) {
        ("", true) => (Ipv6Addr::UNSPECIFIED, port).into(),
        ("", false) => (Ipv4Addr::UNSPECIFIED, port).into(),
        (host, is_v6) => resolve(host, is_v6)?,
    };
    address.set_port(port);
    Ok(ListenTarget::bound_here(address, host.is_empty() && is_v6))
}

/// Parses an address, with its scope if it has one (fe80::1%eth0), or resolves a name. Only
/// addresses of the family that UseIPv6 selects are accepted.
fn resolve(host: &str, is_v6: bool) -> Result<SocketAddr, Failure> {
    let wanted = if is_v6 {
        "UseIPv6 is on: an IPv6 address is expected."
    } else {
        "UseIPv6 is off: an IPv4 address is expected."
    };
    let failed = |code, detail: &str| Failure::new(code, &format!("LocalHost {host}: {detail}"));
    let literal = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    if let Ok(ip) = literal.parse::<IpAddr>() {
        return match ip.is_ipv6() == is_v6 {
            true => Ok(SocketAddr::new(ip, 0)),
            false => Err(failed(errors::ADDRESS_FAMILY_NOT_SUPPORTED, wanted)),
        };
    }
    let mut found = (literal, 0)
        .to_socket_addrs()
        .map_err(|error| failed(errors::HOST_NOT_FOUND, &error.to_string()))?;
    found
        .find(|address| address.is_ipv6() == is_v6)
        .ok_or_else(|| failed(errors::NO_ADDRESS, wanted))
}

#[cfg(test)]
mod tests {
    use super::super::setting;
    use super::super::value::Value;
    use super::*;

    fn host(text: &str, is_v6: bool) -> Result<(SocketAddr, bool), Failure> {
        let mut values = Values::new();
        values.set_property(property::Key::LocalHost, Value::Text(text.to_owned()));
        values.set_setting(setting::find("UseIPv6").unwrap(), Value::Boolean(is_v6));
        local(&values).map(|place| (place.address, place.dual_stack))
    }

    #[test]
    fn hosts() {
        assert_eq!(host("", true).unwrap(), ("[::]:69".parse().unwrap(), true));
        assert_eq!(
            host("127.0.0.1", false).unwrap(),
            ("127.0.0.1:69".parse().unwrap(), false)
        );
        assert_eq!(host("[::1]", true).unwrap(), ("[::1]:69".parse().unwrap(), false));
        assert_eq!(host("::1", false).unwrap_err().code, 10047);
        assert_eq!(host("127.0.0.1", true).unwrap_err().code, 10047);
        // inet_aton(3) accepts this as an address. Here it is a name for the resolver, which
        // answers in one family only.
        assert_eq!(host("127.1", true).unwrap_err().code, 11004);
        assert_eq!(host("::", true).unwrap(), ("[::]:69".parse().unwrap(), false));
        assert_eq!(host("no such host", false).unwrap_err().code, 11001);
    }

    #[test]
    fn addresses() {
        let parsed = |text: &str| -> Vec<String> {
            let addresses = parse_addresses(text).unwrap();
            addresses.iter().map(SocketAddr::to_string).collect()
        };
        assert!(parsed(" , ").is_empty());
        let two = vec!["192.0.2.1:69".to_owned(), "[2001:db8::1]:0".to_owned()];
        for text in [
            "192.0.2.1:69 [2001:db8::1]:0",
            "192.0.2.1:69,[2001:db8::1]:0",
            " 192.0.2.1:69 ,\t[2001:DB8:0::1]:0,",
        ] {
            assert_eq!(parsed(text), two, "{text}");
        }
        for bad in [
            "192.0.2.1",
            "69",
            ":69",
            "localhost:69",
            "192.0.2.1:x",
            "192.0.2.1:65536",
            "2001:db8::1:69",
            "[2001:db8::1]",
            "[192.0.2.1]:69",
            "192.0.2.1:69;192.0.2.2:69",
            "[fe80::1%no such interface]:69",
            "[%lo]:69",
        ] {
            assert_eq!(parse_addresses(bad).unwrap_err().code, 905, "{bad}");
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_link_local_address_with_its_interface() {
        assert_eq!(
            parse_addresses("[fe80::1%lo]:69").unwrap()[0].to_string(),
            "[fe80::1%1]:69"
        );
    }

    #[test]
    #[cfg(unix)]
    fn descriptors() {
        assert!(parse_descriptors("").unwrap().is_empty());
        assert_eq!(parse_descriptors("3").unwrap(), [3]);
        assert_eq!(parse_descriptors("3, 4,5").unwrap(), [3, 4, 5]);
        for bad in ["x", "-1", "3-4", "3;4", "2147483648", "3 x"] {
            assert_eq!(parse_descriptors(bad).unwrap_err().code, 905, "{bad}");
        }
    }
}
