//! A handle to one transfer.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tftp_proto::wire::{Mode, Operation};

use super::outcome::Outcome;
use super::refusal::Refusal;
use crate::about::About;
use crate::reply::Reply;

/// A handle to one connection: a request and the transfer that follows it.
///
/// Handles are cheap to clone and may be kept after the end. Figures are those of the moment when they are read; two of them
/// need not be of the same moment.
#[derive(Clone)]
pub struct Connection {
    about: Arc<About>,
}

impl Connection {
    pub(crate) fn new(about: Arc<About>) -> Connection {
        Connection { about }
    }

    pub(super) fn share(&self) -> Arc<About> {
        Arc::clone(&self.about)
    }

    /// Returns the number of the connection, from 1000001 up. No other has it while a handle exists.
    pub fn id(&self) -> i32 {
        self.about.id
    }

    /// Returns the client's address and port.
    pub fn client(&self) -> SocketAddr {
        self.about.remote
    }

    /// Returns the address that the request was sent to, where the system tells it.
    pub fn local_ip(&self) -> Option<IpAddr> {
        self.about.local
    }

    /// Returns the name that the client asked for.
    pub fn name(&self) -> &str {
        &self.about.filename
    }

    /// Returns whether the client reads or writes.
    pub fn operation(&self) -> Operation {
        self.about.operation
    }

    /// Returns the transfer mode.
    pub fn mode(&self) -> Mode {
        self.about.mode
    }

    /// Returns the names and values of the options that the client asked for and that are well-formed, as
    /// `("blksize", 1428)`.
    pub fn options(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.about.asked.options()
    }

    /// Returns the path of the file that is served or stored, once it was found and where there is one.
    pub fn path(&self) -> Option<PathBuf> {
        self.about.path.get().cloned()
    }

    /// Returns the bytes on the wire that the client has acknowledged, or that were received from it.
    pub fn bytes(&self) -> u64 {
        self.about.progress.bytes()
    }

    /// Returns the bytes of the whole transfer, where that is known.
    pub fn total(&self) -> Option<u64> {
        self.about.progress.total()
    }

    /// Returns how many packets were sent more than once.
    pub fn repeats(&self) -> u64 {
        self.about.progress.repeated()
    }

    /// Returns the negotiated block size in bytes; 0 before the negotiation.
    pub fn block_size(&self) -> u16 {
        self.about.progress.blksize()
    }

    /// Returns the negotiated window in blocks; 0 before the negotiation.
    pub fn window_size(&self) -> u16 {
        self.about.progress.windowsize()
    }

    /// Returns the time from the request until now, or until the end.
    pub fn elapsed(&self) -> Duration {
        self.about.progress.elapsed()
    }

    /// Returns how it ended; `None` while it runs.
    pub fn outcome(&self) -> Option<Outcome> {
        self.about.outcome.get().cloned()
    }

    /// Ends the transfer: the client gets an ERROR. Does nothing after the end.
    ///
    /// Its outcome will be [`Outcome::Refused`], unless it ends by itself before.
    pub fn end(&self, refusal: impl Into<Refusal>) {
        Reply::new(Arc::clone(&self.about)).end(refusal.into());
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("id", &self.id())
            .field("client", &self.client())
            .field("operation", &self.operation())
            .field("name", &self.name())
            .field("bytes", &self.bytes())
            .finish_non_exhaustive()
    }
}
