//! A handle to one transfer.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tftp_proto::wire::{Mode, Operation};

use super::outcome::Outcome;
use super::refusal::Refusal;
use crate::connection_info::ConnectionInfo;
use crate::reply::Reply;

/// A handle to one connection: a request and the transfer that follows it.
///
/// Handles are cheap to clone and may be kept after the connection's end. Each figure is current
/// when it is read, so two figures may differ by what happened in between.
#[derive(Clone)]
pub struct Connection {
    info: Arc<ConnectionInfo>,
}

impl Connection {
    pub(crate) fn new(info: Arc<ConnectionInfo>) -> Connection {
        Connection { info }
    }

    pub(super) fn share(&self) -> Arc<ConnectionInfo> {
        Arc::clone(&self.info)
    }

    /// Returns the connection's number, 1000001 or higher. No other connection has it while a
    /// handle exists.
    pub fn id(&self) -> i32 {
        self.info.id
    }

    /// Returns the client's address and port.
    pub fn client(&self) -> SocketAddr {
        self.info.remote
    }

    /// Returns the local address that the request was sent to, if the system reports it.
    pub fn local_ip(&self) -> Option<IpAddr> {
        self.info.local
    }

    /// Returns the requested file name.
    pub fn name(&self) -> &str {
        &self.info.filename
    }

    /// Returns whether the client reads or writes.
    pub fn operation(&self) -> Operation {
        self.info.operation
    }

    /// Returns the transfer mode.
    pub fn mode(&self) -> Mode {
        self.info.mode
    }

    /// Returns the names and values of the well-formed options in the request, as
    /// `("blksize", 1428)`.
    pub fn options(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.info.requested.options()
    }

    /// Returns the path of the file that is served or stored; `None` before it was found, and if no
    /// file is involved.
    pub fn path(&self) -> Option<PathBuf> {
        self.info.path.get().cloned()
    }

    /// Returns the number of bytes that the client has acknowledged or sent, counted as on the
    /// wire.
    pub fn bytes(&self) -> u64 {
        self.info.progress.bytes()
    }

    /// Returns the length of the whole transfer in bytes, if it is known.
    pub fn total(&self) -> Option<u64> {
        self.info.progress.total()
    }

    /// Returns the number of packets that the server retransmitted.
    pub fn repeats(&self) -> u64 {
        self.info.progress.repeated()
    }

    /// Returns the negotiated block size in bytes; 0 before the negotiation.
    pub fn block_size(&self) -> u16 {
        self.info.progress.blksize()
    }

    /// Returns the negotiated window size in blocks; 0 before the negotiation.
    pub fn window_size(&self) -> u16 {
        self.info.progress.windowsize()
    }

    /// Returns the time from the request until now, or until the end of the transfer.
    pub fn elapsed(&self) -> Duration {
        self.info.progress.elapsed()
    }

    /// Returns how the connection ended; `None` while it runs.
    pub fn outcome(&self) -> Option<Outcome> {
        self.info.outcome.get().cloned()
    }

    /// Ends the transfer with an ERROR to the client. Does nothing after the end.
    ///
    /// The outcome is [`Outcome::Refused`], unless the transfer ends by itself before.
    pub fn end(&self, refusal: impl Into<Refusal>) {
        Reply::new(Arc::clone(&self.info)).end(refusal.into());
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
