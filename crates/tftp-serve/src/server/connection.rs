//! A handle to one transfer.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tftp_proto::wire::{Mode, Operation};

use super::live::Live;
use super::outcome::Outcome;
use super::refusal::Refusal;

/// A handle to one connection: a request and the transfer that follows it.
///
/// Handles are cheap to clone and may be kept after the end. Figures are those of the moment when they are read; two of them
/// need not be of the same moment.
#[derive(Clone)]
pub struct Connection {
    live: Arc<Live>,
}

impl Connection {
    pub(super) fn new(live: Arc<Live>) -> Connection {
        Connection { live }
    }

    /// Returns the number of the connection, from 1000001 up. No other has it while a handle exists.
    pub fn id(&self) -> i32 {
        self.live.about.id
    }

    /// Returns the client's address and port.
    pub fn client(&self) -> SocketAddr {
        self.live.about.remote
    }

    /// Returns the address that the request was sent to, where the system tells it.
    pub fn local_ip(&self) -> Option<IpAddr> {
        self.live.about.local
    }

    /// Returns the name that the client asked for.
    pub fn name(&self) -> &str {
        &self.live.about.filename
    }

    /// Returns whether the client reads or writes.
    pub fn operation(&self) -> Operation {
        self.live.about.operation
    }

    /// Returns the transfer mode.
    pub fn mode(&self) -> Mode {
        self.live.about.mode
    }

    /// Returns the path of the file that is served or stored, once it was found and where there is one.
    pub fn path(&self) -> Option<PathBuf> {
        self.live.path()
    }

    /// Returns the bytes on the wire that the client has acknowledged, or that were received from it.
    pub fn bytes(&self) -> u64 {
        self.live.about.progress.bytes()
    }

    /// Returns the bytes of the whole transfer, where that is known.
    pub fn total(&self) -> Option<u64> {
        self.live.about.progress.total()
    }

    /// Returns how many packets were sent more than once.
    pub fn repeats(&self) -> u64 {
        self.live.about.progress.repeated()
    }

    /// Returns the negotiated block size in bytes; 0 before the negotiation.
    pub fn block_size(&self) -> u16 {
        self.live.about.progress.blksize()
    }

    /// Returns the negotiated window in blocks; 0 before the negotiation.
    pub fn window_size(&self) -> u16 {
        self.live.about.progress.windowsize()
    }

    /// Returns the time from the request until now, or until the end.
    pub fn elapsed(&self) -> Duration {
        self.live.about.progress.elapsed()
    }

    /// Returns how it ended; `None` while it runs.
    pub fn outcome(&self) -> Option<Outcome> {
        self.live.outcome()
    }

    /// Ends the transfer: the client gets an ERROR. Does nothing after the end.
    ///
    /// Its outcome will be [`Outcome::Refused`], unless it ends by itself before.
    pub fn end(&self, refusal: impl Into<Refusal>) {
        self.live.end(refusal.into());
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
