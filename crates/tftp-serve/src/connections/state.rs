//! The state of one transfer: its connection, the bytes that are sent or stored, the data that the
//! application has not taken.

use std::path::PathBuf;
use std::sync::Arc;

use tftp_files::{
    ContentCache, DownloadStream, Lane, Opened, Place, Sink as _, Store, UploadStream,
};
use tftp_machine::{Blocks, Route, TransferId};
use tftp_proto::NegotiatedOptions;

use super::owner;
use crate::Outcome;
use crate::config::Policy;
use crate::connection_info::ConnectionInfo;
use crate::sources::Sources;

/// The state of one transfer.
pub(crate) struct ConnectionState<S: Store> {
    pub(super) id: TransferId,
    pub(crate) connection: Arc<ConnectionInfo>,
    /// The policy under which its request came.
    pub(crate) policy: Arc<Policy>,
    pub(crate) body: Body<S>,
    pub(crate) lane: Lane,
    /// The place from which the file of a download is opened again.
    pub(crate) place: Option<Place>,
    /// The path at which a file was found or created, until it is reported to the application.
    pub(crate) local_file: Option<PathBuf>,
    /// The sources that the application supplied, until they are opened.
    pub(crate) sources: Option<Box<Sources>>,
    /// The offset up to which the machine waits for bytes.
    pub(crate) upto: Option<u64>,
    /// The blocks to send when their bytes are here again.
    pub(crate) late: Option<Box<Late>>,
    /// The connection was reported to the application, which gets its further events, too.
    pub(crate) is_announced: bool,
    /// The reason why storage, the application or a socket failed. The machine knows only the ERROR
    /// for the client.
    pub(super) failure: Option<Outcome>,
    /// The number of bytes of the stream that were acknowledged or received.
    pub(crate) moved: u64,
    /// The name could not be converted to text.
    pub(super) has_no_name: bool,
    /// The log has the request.
    pub(super) is_known: bool,
    /// The request was accepted, and reported to the application if it follows connections. A
    /// transfer that ends before counts as refused.
    pub(crate) is_admitted: bool,
    /// The machine was notified that storage or the application is behind.
    pub(crate) is_held: bool,
    pub(super) is_dirty: bool,
    /// Nothing more is read or written.
    pub(crate) is_closed: bool,
    /// Its client has acknowledged something.
    pub(crate) is_settled: bool,
}

/// Blocks whose bytes were given up and are read again.
pub(crate) struct Late {
    pub(crate) to: Route,
    pub(crate) blocks: Blocks,
    pub(crate) repeated: u64,
}

/// The open source or target of a transfer's bytes.
pub(crate) enum Body<S: Store> {
    /// Nothing is open.
    Nothing,
    Download(Box<DownloadStream<S>>),
    Upload(Box<UploadStream<S>>),
}

impl<S: Store> ConnectionState<S> {
    /// Counts data that was passed to the application.
    pub(crate) fn add_to_flow(&self, weight: u64) {
        self.connection.flow.add(weight);
    }

    /// Returns true if at most `limit` is outstanding in the application; if not, an answer arrives
    /// when it has caught up.
    pub(crate) fn flow_is_below(&self, limit: u64) -> bool {
        self.connection.flow.below(limit)
    }

    /// Returns true if the application has ended the connection, even if its answer has not arrived
    /// here yet.
    pub(crate) fn is_refused(&self) -> bool {
        self.connection.flow.is_refused()
    }

    /// Returns the reason to refuse the request before it is reported to the application: a name
    /// that could not be converted.
    pub(crate) fn refusal_reason(&self) -> Option<Outcome> {
        self.has_no_name.then_some(Outcome::Name)
    }

    /// Makes an opened source the transfer's stream. Returns its length in bytes on the wire, if it
    /// is known.
    pub(crate) fn take_source(&mut self, opened: Opened<S>) -> Option<u64> {
        self.local_file = opened.path().filter(|_| self.is_announced);
        let download = DownloadStream::new(opened, self.connection.mode);
        let length = download.stream_size();
        self.body = Body::Download(Box::new(download));
        length
    }

    /// Makes a sink the target of an upload. `None`: only the application takes the data.
    pub(crate) fn take_sink(&mut self, sink: Option<S::Sink>) {
        let path = sink
            .as_ref()
            .filter(|_| self.is_announced)
            .and_then(|sink| sink.path());
        self.local_file = path.map(ToOwned::to_owned);
        let upload = UploadStream::new(sink, self.connection.mode, self.lane);
        self.body = Body::Upload(Box::new(upload));
    }

    /// Returns the length of the whole stream in bytes, if it is known. `announced`: the client's
    /// tsize, which is not used for text, because it counts the client's own bytes.
    pub(crate) fn total(&self, announced: Option<u64>) -> Option<u64> {
        match &self.body {
            Body::Download(download) => download.stream_size(),
            Body::Upload(upload) if !upload.is_translated() => announced,
            _ => None,
        }
    }

    /// Notes that the client has acknowledged something: its open file or sink counts as settled.
    pub(crate) fn settle(&mut self) {
        self.is_settled = true;
        match &mut self.body {
            Body::Download(download) => download.settle(),
            Body::Upload(upload) => upload.settle(),
            Body::Nothing => {}
        }
    }

    /// Closes its file, on the pool if that may block, as removing an unfinished one does.
    pub(crate) fn close(&mut self, cache: &ContentCache<S>) {
        self.is_closed = true;
        match std::mem::replace(&mut self.body, Body::Nothing) {
            Body::Nothing => {}
            Body::Upload(mut upload) => upload.discard(cache, owner(self.id)),
            Body::Download(download) => {
                if let Some(file) = download.into_file() {
                    cache.close(owner(self.id), file);
                }
            }
        }
    }

    /// Sets the negotiated window of a download. `active`: the number of active transfers.
    pub(crate) fn set_window(&mut self, negotiated: &NegotiatedOptions, active: usize) {
        if let Body::Download(download) = &mut self.body {
            download.set_window(
                negotiated.blksize,
                negotiated.windowsize,
                negotiated.rollover,
                active,
            );
        }
    }
}
