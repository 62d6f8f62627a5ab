//! `tftp://HOST[:PORT]/NAME` (RFC 3617).

use std::net::{SocketAddr, ToSocketAddrs};
use std::path::Path;
use std::str::FromStr;

use percent_encoding::percent_decode_str;

use crate::exit::{Code, Failure};
use crate::listen;
use crate::system::files;

const SCHEME: &str = "tftp://";

/// A file on a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    /// As it was written.
    pub text: String,
    host: String,
    port: u16,
    /// The name as the server sees it; no NUL. Empty, or ending with "/", where only a directory
    /// was named.
    pub name: Vec<u8>,
    /// It ends with `;mode=netascii`.
    pub netascii: bool,
}

impl Url {
    /// Where to ask, in the resolver's order, of one family where only that is wanted.
    pub fn addresses(&self, family: Option<Family>) -> Result<Vec<SocketAddr>, Failure> {
        let no_host = |why: &str| Failure::new(Code::NoHost, format!("{}: {why}", self.host));
        let all = (self.host.as_str(), self.port)
            .to_socket_addrs()
            .map_err(|error| no_host(&error.to_string()))?;
        let addresses: Vec<_> = all
            .filter(|one| family.is_none_or(|family| one.is_ipv4() == (family == Family::V4)))
            .collect();
        match addresses.is_empty() {
            true => Err(no_host("it has no address of this family")),
            false => Ok(addresses),
        }
    }

    /// The last part of the name, as a file's name; `None` where that is none.
    pub fn last_part(&self) -> Option<&Path> {
        let last = self.name.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
        let usable = !matches!(last, b"" | b"." | b"..");
        files::name_of(last).filter(|_| usable)
    }
}

/// One of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    V4,
    V6,
}

/// Whether this word is meant as a URL, and not as a file.
pub fn is_url(word: &str) -> bool {
    word.get(..SCHEME.len())
        .is_some_and(|begin| begin.eq_ignore_ascii_case(SCHEME))
}

impl FromStr for Url {
    type Err = String;

    fn from_str(text: &str) -> Result<Url, String> {
        let wrong = |why: &str| format!("{text:?}: {why}, as in tftp://192.0.2.1/boot.img");
        if !is_url(text) {
            return Err(wrong("a URL is expected"));
        }
        let (place, path) = text[SCHEME.len()..]
            .split_once('/')
            .unwrap_or((&text[SCHEME.len()..], ""));
        let (host, port) =
            place_of(place).ok_or_else(|| wrong("a host and a port are expected"))?;
        let (path, netascii) = match path.rsplit_once(";mode=") {
            Some((path, "netascii")) => (path, true),
            Some((path, "octet")) => (path, false),
            Some(_) => return Err(wrong("the mode is octet or netascii")),
            None => (path, false),
        };
        let name: Vec<u8> = percent_decode_str(path).collect();
        if name.contains(&0) {
            return Err(wrong("a name has no NUL"));
        }
        Ok(Url {
            text: text.to_owned(),
            host: host.to_owned(),
            port,
            name,
            netascii,
        })
    }
}

/// `HOST`, `HOST:PORT`, `[V6]` or `[V6]:PORT`.
fn place_of(place: &str) -> Option<(&str, u16)> {
    let (host, port) = match place.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest.split_once(']')?;
            (
                host,
                if rest.is_empty() {
                    None
                } else {
                    Some(rest.strip_prefix(':')?)
                },
            )
        }
        None => place
            .split_once(':')
            .map_or((place, None), |(host, port)| (host, Some(port))),
    };
    let port = port.map_or(Some(listen::PORT), |port| {
        port.parse().ok().filter(|&port| port > 0)
    })?;
    (!host.is_empty()).then_some((host, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        let parts = |text: &str| {
            let url = text.parse::<Url>().ok()?;
            let name = String::from_utf8(url.name).unwrap();
            Some(format!("{}|{}|{name}|{}", url.host, url.port, url.netascii))
        };
        assert_eq!(parts("tftp://a/b").as_deref(), Some("a|69|b|false"));
        assert_eq!(parts("TFTP://a:70/b/c%20d").as_deref(), Some("a|70|b/c d|false"));
        assert_eq!(parts("tftp://[::1]:70//b").as_deref(), Some("::1|70|/b|false"));
        assert_eq!(
            parts("tftp://[::1]/b;mode=netascii").as_deref(),
            Some("::1|69|b|true")
        );
        assert_eq!(parts("tftp://a").as_deref(), Some("a|69||false"));
        for wrong in [
            "a",
            "http://a/b",
            "tftp:///b",
            "tftp://a:x/b",
            "tftp://a:0/b",
            "tftp://[::1/b",
            "tftp://::1/b",
            "tftp://a/b%00",
            "tftp://a/b;mode=mail",
        ] {
            assert_eq!(parts(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_file_is_called_as_the_last_part() {
        let last = |text: &str| {
            let url: Url = text.parse().unwrap();
            url.last_part().map(|part| part.to_str().unwrap().to_owned())
        };
        assert_eq!(last("tftp://a/b/c.img").as_deref(), Some("c.img"));
        assert_eq!(last("tftp://a/x%2F..%2Fy").as_deref(), Some("y"));
        for none in ["tftp://a", "tftp://a/b/", "tftp://a/b/..", "tftp://a/b%2F.."] {
            assert_eq!(last(none), None, "{none}");
        }
    }
}
