//! Figures for Prometheus and a page for people, by HTTP.
//!
//! `/` is the page, `/transfers.json` what it shows, `/metrics` the figures. Nothing can be changed here, and the page
//! fetches nothing from anywhere else.

mod metrics;

use std::io::Cursor;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use serde_json::json;
use tftpserver::server::Server;
use tiny_http::{Header, Method, Request, Response, StatusCode};

use crate::exit::{Code, Failure};
use crate::serve::spawn;
use crate::watch::{Board, Look};

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// The page's own files and nothing else; no other page may frame it.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

type Answer = Response<Cursor<Vec<u8>>>;

/// The port, open but not yet answered.
pub struct Port(TcpListener);

struct Site {
    server: Arc<Server>,
    board: Arc<Board>,
}

impl Port {
    /// Opens it.
    pub fn open(address: SocketAddr) -> Result<Port, Failure> {
        TcpListener::bind(address).map(Port).map_err(|error| {
            let code = match error.kind() {
                std::io::ErrorKind::PermissionDenied => Code::NoPermission,
                _ => Code::Unavailable,
            };
            let what = format!("--metrics {address}: {error}; take another address or port");
            Failure::new(code, what)
        })
    }

    /// Answers from now on, on a thread of its own.
    pub fn serve(self, server: Arc<Server>, board: Arc<Board>) -> Result<(), Failure> {
        let failed =
            |error: &dyn std::fmt::Display| Failure::new(Code::System, format!("--metrics: {error}"));
        let address = self.0.local_addr().map_err(|error| failed(&error))?;
        let http = tiny_http::Server::from_listener(self.0, None).map_err(|error| failed(&error))?;
        tracing::info!(%address, "figures and page");
        let site = Site { server, board };
        spawn("web", move || {
            for request in http.incoming_requests() {
                let answer = site.answer(&request);
                // The browser has gone.
                let _ = request.respond(answer);
            }
        })
    }
}

impl Site {
    fn answer(&self, request: &Request) -> Answer {
        if !matches!(request.method(), Method::Get | Method::Head) {
            return with("text/plain; charset=utf-8", "Only GET.\n".into()).with_status_code(StatusCode(405));
        }
        let path = request.url().split('?').next().unwrap_or_default();
        match path {
            "/" => with("text/html; charset=utf-8", PAGE.into()),
            "/page.css" => with("text/css; charset=utf-8", STYLE.into()),
            "/page.js" => with("text/javascript; charset=utf-8", SCRIPT.into()),
            "/transfers.json" => with("application/json", self.transfers()),
            "/metrics" => with("text/plain; version=0.0.4; charset=utf-8", self.metrics()),
            _ => with(
                "text/plain; charset=utf-8",
                "There is /, /transfers.json and /metrics.\n".into(),
            )
            .with_status_code(StatusCode(404)),
        }
    }

    fn transfers(&self) -> String {
        let Look {
            active,
            ended,
            failed,
            totals,
        } = self.board.look(&self.server);
        json!({
            "version": env!("CARGO_PKG_VERSION"),
            "listening": self.server.config("ListenAddresses").unwrap_or_default(),
            "totals": totals.brief(),
            "active": active,
            "ended": ended.iter().map(|one| &**one).collect::<Vec<_>>(),
            "failed": failed.iter().map(|one| &**one).collect::<Vec<_>>(),
        })
        .to_string()
    }

    fn metrics(&self) -> String {
        let figures = serde_json::from_str(&self.server.statistics()).unwrap_or_default();
        metrics::text(&self.board.totals(), &figures)
    }
}

fn with(kind: &str, body: String) -> Answer {
    let headers = [
        ("Content-Type", kind),
        ("Cache-Control", "no-store"),
        ("X-Content-Type-Options", "nosniff"),
        ("Content-Security-Policy", POLICY),
    ];
    let mut answer = Response::from_string(body);
    for (name, value) in headers {
        if let Ok(header) = Header::from_bytes(name, value) {
            answer.add_header(header);
        }
    }
    answer
}
