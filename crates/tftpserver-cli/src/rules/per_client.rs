//! A directory for a client alone, if there is one of its name: as dnsmasq's tftp-unique-root.

use std::net::IpAddr;
use std::path::Path;

use crate::options::PerClient;

/// The kernel's table of neighbours (proc(5)); IPv4 only.
const ARP_TABLE: &str = "/proc/self/net/arp";

/// The name inside the client's own directory, where `dir` holds one, or else the name as it is.
///
/// Out of its own directory a client does not climb: a `..` is refused. Symbolic links that lead
/// from it to other files in `dir` are the administrator's, and are followed.
pub fn name(kind: PerClient, dir: &Path, ip: IpAddr, name: String) -> Result<String, String> {
    let Some(own) = own_directory(kind, ip) else {
        return Ok(name);
    };
    if !dir.join(&own).is_dir() {
        return Ok(name);
    }
    if name.split(['/', '\\']).any(|part| part == "..") {
        return Err("the name leads out of the client's own directory".to_owned());
    }
    Ok(format!("{own}/{}", name.trim_start_matches(['/', '\\'])))
}

fn own_directory(kind: PerClient, ip: IpAddr) -> Option<String> {
    let ip = ip.to_canonical();
    match kind {
        PerClient::Ip => Some(ip.to_string()),
        PerClient::Mac => mac(&std::fs::read_to_string(ARP_TABLE).ok()?, ip),
    }
}

/// The Ethernet address of `ip` in the table, as in 02-00-00-00-00-01.
fn mac(table: &str, ip: IpAddr) -> Option<String> {
    let wanted = ip.to_string();
    let row = table
        .lines()
        .skip(1)
        .map(|row| row.split_whitespace().collect::<Vec<_>>());
    let found = row
        .filter(|row| row.first() == Some(&wanted.as_str()))
        .find_map(|row| row.get(3).copied().map(str::to_owned))?;
    // A neighbour that did not answer.
    (found != "00:00:00:00:00:00").then(|| found.to_ascii_lowercase().replace(':', "-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "\
IP address       HW type     Flags       HW address            Mask     Device
192.0.2.7        0x1         0x2         02:00:00:AB:cd:01     *        eth0
192.0.2.70       0x1         0x0         00:00:00:00:00:00     *        eth0
";

    #[test]
    fn ethernet_addresses() {
        let mac = |ip: &str| mac(TABLE, ip.parse().unwrap());
        assert_eq!(mac("192.0.2.7").as_deref(), Some("02-00-00-ab-cd-01"));
        assert_eq!(mac("192.0.2.70"), None);
        assert_eq!(mac("192.0.2.8"), None);
        assert_eq!(mac("2001:db8::1"), None);
    }

    #[test]
    fn names_cannot_leave_the_directory() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::create_dir(directory.path().join("192.0.2.7")).unwrap();
        let own = |ip: &str, asked: &str| {
            name(
                PerClient::Ip,
                directory.path(),
                ip.parse().unwrap(),
                asked.to_owned(),
            )
        };
        assert_eq!(own("192.0.2.7", "/a/b").as_deref(), Ok("192.0.2.7/a/b"));
        assert_eq!(own("::ffff:192.0.2.7", "a").as_deref(), Ok("192.0.2.7/a"));
        assert_eq!(own("192.0.2.8", "../a").as_deref(), Ok("../a"));
        for climbing in ["../a", "a/../../b", "..\\b", "a\\..\\..\\b", "/../b", "\\..\\b"] {
            assert!(own("192.0.2.7", climbing).is_err(), "{climbing}");
        }
        assert_eq!(own("192.0.2.7", "a..b").as_deref(), Ok("192.0.2.7/a..b"));
    }
}
