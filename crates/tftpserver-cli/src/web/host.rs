//! The host names that the page answers to.
//!
//! This prevents DNS rebinding: a page elsewhere on the web can make its own name resolve to this
//! machine's address, and a browser then lets it read the answers. The Host header of such a
//! request has the page's name, which is none of this machine's.

use std::net::IpAddr;

use hyper::header::HOST;
use hyper::{Request, StatusCode, Version};

use super::{Answer, refusal};
use crate::system::machine;

/// The names that are answered, in small letters. Addresses are always answered: they cannot be
/// rebound.
pub struct Names(Vec<String>);

impl Names {
    /// The machine's own name, `localhost` and `given`.
    pub fn new(given: &[String]) -> Names {
        let all = machine::host_name().into_iter().chain(["localhost".to_owned()]);
        Names(
            all.chain(given.iter().cloned())
                .map(|name| plain(&name))
                .collect(),
        )
    }

    /// Returns the answer to a request with another host name; `None` if the name is one of this
    /// machine's.
    pub fn check<B>(&self, request: &Request<B>) -> Option<Answer> {
        let mut headers = request.headers().get_all(HOST).iter();
        let header = match (headers.next(), headers.next()) {
            (Some(one), None) => one.to_str().map(Some).map_err(|_| ()),
            // HTTP/1.0 has none, and no browser speaks it.
            (None, None) if request.version() < Version::HTTP_11 => Ok(None),
            _ => Err(()),
        };
        let Ok(header) = header else {
            return Some(refusal(StatusCode::BAD_REQUEST, "One Host header is expected.\n"));
        };
        let target = request.uri().authority().map(|authority| authority.as_str());
        match [header, target].into_iter().flatten().all(|host| self.know(host)) {
            true => None,
            false => Some(refusal(
                StatusCode::FORBIDDEN,
                "This host name is not answered here; --metrics-name NAME allows it.\n",
            )),
        }
    }

    /// Whether a name or an address, with or without a port, is one of ours.
    fn know(&self, host: &str) -> bool {
        let bare = match host.strip_prefix('[') {
            Some(rest) => rest.split(']').next().unwrap_or_default(),
            None => host.split(':').next().unwrap_or_default(),
        };
        bare.parse::<IpAddr>().is_ok() || self.0.contains(&plain(bare))
    }
}

fn plain(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(version: Version, uri: &str, hosts: &[&str]) -> u16 {
        let mut request = Request::builder().version(version).uri(uri);
        for host in hosts {
            request = request.header(HOST, *host);
        }
        let names = Names(vec!["localhost".to_owned(), "boot.example".to_owned()]);
        let checked = names.check(&request.body(()).unwrap());
        checked.map_or(200, |answer| answer.status().as_u16())
    }

    #[test]
    fn names_of_others_are_refused() {
        let of = |host| status(Version::HTTP_11, "/", &[host]);
        for known in [
            "localhost",
            "LOCALHOST:9269",
            "boot.example.:80",
            "192.0.2.1",
            "192.0.2.1:9269",
            "[2001:db8::1]:9269",
            "[::1]",
        ] {
            assert_eq!(of(known), 200, "{known}");
        }
        for unknown in [
            "evil.example",
            "localhost.evil.example:80",
            "1.2.3.4.evil.example",
            "",
            "x",
        ] {
            assert_eq!(of(unknown), 403, "{unknown}");
        }
    }

    #[test]
    fn a_request_names_one_host() {
        assert_eq!(status(Version::HTTP_11, "/", &[]), 400);
        assert_eq!(status(Version::HTTP_11, "/", &["localhost", "evil.example"]), 400);
        assert_eq!(status(Version::HTTP_10, "/", &[]), 200);
        assert_eq!(
            status(Version::HTTP_11, "http://evil.example/", &["localhost"]),
            403
        );
    }
}
