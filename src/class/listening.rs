//! Starts and stops listening: translates values into calls of the library.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use super::errors::{self, Failure};
use super::options;
use super::property;
use super::setting;
use super::value::Value;
use super::values::Values;
use tftp_codepage::CodePage;
use tftp_serve::{Server, Stats};

/// Starts and stops listening. One call at a time.
pub(super) struct Listening {
    library: Arc<Server>,
    /// LocalDir as it was set, and its absolute path at that time, which later changes of the
    /// working directory don't affect.
    root: Option<(String, PathBuf)>,
    /// The converter of CodePage, kept until the setting changes.
    names: CodePage,
    is_closed: bool,
}

/// The addresses of the listening sockets, the main one first, and the buffer sizes that the system
/// granted.
#[derive(Clone, Debug)]
pub(super) struct Bound {
    pub(super) addresses: Vec<SocketAddr>,
    pub(super) recv_buffer: usize,
    pub(super) send_buffer: usize,
}

impl Bound {
    /// Returns the main address.
    pub(super) fn address(&self) -> SocketAddr {
        self.addresses[0]
    }

    /// Returns all addresses as text, as in `127.0.0.1:6969 [::1]:6969`.
    pub(super) fn all(&self) -> String {
        let all: Vec<String> = self.addresses.iter().map(SocketAddr::to_string).collect();
        all.join(" ")
    }
}

impl Listening {
    pub(super) fn new(library: Arc<Server>) -> Listening {
        Listening {
            library,
            root: None,
            names: CodePage::default(),
            is_closed: false,
        }
    }

    pub(super) fn is_on(&self) -> bool {
        self.library.is_listening()
    }

    /// Starts listening on every address, or on none. The caller has checked that it is not
    /// listening.
    pub(super) fn start(&mut self, values: &Values) -> Result<Bound, Failure> {
        if self.is_closed {
            return Err(Failure::plain(errors::NOT_A_HANDLE));
        }
        self.adopt(values)?;
        let (listen, attempts) = options::listen(values)?;
        self.library
            .listen(listen)
            .map_err(|error| options::failure(&error, values, &attempts))?;
        let (recv_buffer, send_buffer) = self.library.granted_buffers();
        Ok(Bound {
            addresses: self.library.local_addrs(),
            recv_buffer,
            send_buffer,
        })
    }

    /// Applies new values from now on if they are valid: LocalDir is checked.
    pub(super) fn adopt(&mut self, values: &Values) -> Result<(), Failure> {
        let root = self.root(values)?;
        let names = self.names(values)?;
        let settings = options::settings(values).names(names.clone());
        let settings = match &root {
            Some((_, path)) => settings.root(path),
            None => settings,
        };
        self.library
            .reconfigure(|_| settings)
            .map_err(|error| options::failure(&error, values, &[]))?;
        (self.root, self.names) = (root, names);
        Ok(())
    }

    /// Stops listening; transfers go on. Returns true if it was listening.
    pub(super) fn stop(&mut self) -> bool {
        let was_on = self.is_on();
        self.library.stop_listening();
        was_on
    }

    /// Stops listening and ends every transfer. Returns true if it was listening.
    pub(super) fn shutdown(&mut self) -> bool {
        let was_on = self.is_on();
        self.library.shutdown();
        was_on
    }

    /// Shuts down for good and waits for every thread.
    pub(super) fn close(&mut self) {
        self.is_closed = true;
        self.library.close();
    }

    fn names(&self, values: &Values) -> Result<CodePage, Failure> {
        let id: u32 = values.setting_integer(setting::Key::CodePage);
        match id == self.names.id() {
            true => Ok(self.names.clone()),
            false => setting::code_page(&Value::Integer(id.into())),
        }
    }

    /// Returns LocalDir and its absolute path; `None` for "".
    fn root(&self, values: &Values) -> Result<Option<(String, PathBuf)>, Failure> {
        let path = values.text(property::Key::LocalDir);
        match &self.root {
            _ if path.is_empty() => Ok(None),
            Some(root) if root.0 == path => Ok(Some(root.clone())),
            _ => match std::path::absolute(path) {
                Ok(meant) => Ok(Some((path.to_owned(), meant))),
                Err(error) => Err(Failure::from_io(&error, &format!("LocalDir {path}."))),
            },
        }
    }
}

/// Returns the totals as one line of JSON.
pub(super) fn statistics(stats: &Stats) -> String {
    let rows = [
        ("active", stats.active),
        ("requests", stats.requests),
        ("completed", stats.completed),
        ("failed", stats.failed),
        ("refused", stats.refused),
        ("unanswered", stats.unanswered),
        ("bytes_sent", stats.bytes_sent),
        ("bytes_received", stats.bytes_received),
        ("retransmissions", stats.retransmissions),
    ];
    let fields: Vec<String> = rows
        .iter()
        .map(|(name, figure)| format!("\"{name}\":{figure}"))
        .collect();
    format!("{{{}}}", fields.join(","))
}
