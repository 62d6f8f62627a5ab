//! Figures for Prometheus and a page for people, by HTTP.
//!
//! `/` is the page, `/transfers.json` what it shows, `/metrics` the figures. Nothing can be changed
//! here, and the page fetches nothing from anywhere else.

mod connections;
mod host;
mod metrics;

use std::net::{SocketAddr, TcpListener};

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{self, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use serde_json::json;

use crate::exit::{Code, Failure};
use crate::serve::Running;
use crate::text;
use crate::watch::BoardSnapshot;
use host::Names;

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// The page's own files and nothing else; no other page may frame it.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const HTML: &str = "text/html; charset=utf-8";
const PLAIN: &str = "text/plain; charset=utf-8";

/// Running transfers that the page gets at most; their number and sums count all of them.
const SHOWN: usize = 500;

type Answer = Response<Full<Bytes>>;

/// The port, open but not yet answered.
pub struct Port {
    listener: TcpListener,
    names: Names,
}

/// The pages and their data.
struct Site {
    running: Running,
    names: Names,
}

impl Port {
    /// Opens the port. `names` are host names that it answers to besides its addresses and the
    /// machine's own name.
    pub fn open(address: SocketAddr, names: &[String]) -> Result<Port, Failure> {
        let listener = TcpListener::bind(address).map_err(|error| {
            let code = match error.kind() {
                std::io::ErrorKind::PermissionDenied => Code::NoPermission,
                _ => Code::Unavailable,
            };
            let what = format!(
                "--metrics {address}: {}; take another address or port",
                text::system(&error)
            );
            Failure::new(code, what)
        })?;
        let names = Names::new(names);
        Ok(Port { listener, names })
    }

    /// Answers from now on, on a thread of its own.
    pub fn serve(self, running: &Running) -> Result<(), Failure> {
        let failed =
            |error| Failure::new(Code::System, format!("--metrics: {}", text::system(&error)));
        let address = self.listener.local_addr().map_err(failed)?;
        tracing::info!(%address, "figures and page");
        let site = Site {
            running: running.clone(),
            names: self.names,
        };
        connections::serve(self.listener, move |request| site.answer(request))
    }
}

impl Site {
    fn answer<B>(&self, request: &Request<B>) -> Answer {
        if let Some(answer) = self.names.check(request) {
            return answer;
        }
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            let mut answer = refusal(StatusCode::METHOD_NOT_ALLOWED, "Only GET and HEAD.\n");
            answer
                .headers_mut()
                .insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
            return answer;
        }
        match request.uri().path() {
            "/" => with(HTML, PAGE),
            "/page.css" => with("text/css; charset=utf-8", STYLE),
            "/page.js" => with("text/javascript; charset=utf-8", SCRIPT),
            "/transfers.json" => with("application/json", self.transfers()),
            "/metrics" => with(metrics::CONTENT_TYPE, metrics::text(&self.running)),
            _ => refusal(
                StatusCode::NOT_FOUND,
                "There is /, /transfers.json and /metrics.\n",
            ),
        }
    }

    /// Every address, one behind the other.
    fn listening(&self) -> String {
        let server = self.running.server();
        let addresses = server.map_or_else(Vec::new, |server| match server.is_listening() {
            true => server.local_addrs(),
            false => Vec::new(),
        });
        let addresses: Vec<String> = addresses.iter().map(SocketAddr::to_string).collect();
        addresses.join(" ")
    }

    fn transfers(&self) -> String {
        let snapshot = self.running.board.snapshot();
        let (sums, running) = (snapshot.sums(), snapshot.active.len());
        let BoardSnapshot {
            active,
            ended,
            failed,
            ..
        } = snapshot;
        let document = json!({
            "version": env!("CARGO_PKG_VERSION"),
            "listening": self.listening(),
            "totals": sums,
            "running": running,
            "active": active.iter().take(SHOWN).collect::<Vec<_>>(),
            "ended": ended.iter().map(|one| &**one).collect::<Vec<_>>(),
            "failed": failed.iter().map(|one| &**one).collect::<Vec<_>>(),
        });
        text::json(&document.to_string())
    }
}

fn with(kind: &'static str, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(body.into()));
    let headers = answer.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    answer
}

fn refusal(status: StatusCode, text: &'static str) -> Answer {
    let mut answer = with(PLAIN, text);
    *answer.status_mut() = status;
    answer
}
