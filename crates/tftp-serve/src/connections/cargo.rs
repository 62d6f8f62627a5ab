//! The state of one transfer: its connection, the bytes that are sent or stored, the data that the application has not
//! taken.

use std::path::PathBuf;
use std::sync::Arc;

use tftp_files::{Feed, Intake, Lane, Opened, Place, Shelf, Sink as _, Store};
use tftp_machine::TransferId;
use tftp_proto::Agreed;

use super::owner;
use crate::Outcome;
use crate::about::About;
use crate::config::Policy;
use crate::sources::Sources;

/// The state of one transfer.
pub(crate) struct Cargo<S: Store> {
    pub(super) id: TransferId,
    pub(crate) connection: Arc<About>,
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
    /// The connection was reported to the application, which gets its further events, too.
    pub(crate) is_announced: bool,
    /// The reason why storage, the application or a socket failed. The machine knows only the ERROR for the client.
    pub(super) failure: Option<Outcome>,
    /// The number of bytes of the stream that were acknowledged or received.
    pub(crate) moved: u64,
    /// The name could not be converted to text.
    pub(super) has_no_name: bool,
    /// The log has the request.
    pub(super) is_known: bool,
    /// The request was accepted, and reported to the application if it follows connections. A transfer that ends before
    /// counts as refused.
    pub(crate) is_admitted: bool,
    /// The machine was notified that storage or the application is behind.
    pub(crate) is_held: bool,
    pub(super) is_dirty: bool,
}

/// The open source or target of a transfer's bytes.
pub(crate) enum Body<S: Store> {
    /// Nothing is open.
    Nothing,
    Feed(Box<Feed<S>>),
    Intake(Box<Intake<S>>),
}

impl<S: Store> Cargo<S> {
    /// Counts data that was passed to the application.
    pub(crate) fn add_to_flow(&self, weight: u64) {
        self.connection.flow.add(weight);
    }

    /// Returns true if at most `limit` is outstanding in the application; if not, an answer arrives when it has caught
    /// up.
    pub(crate) fn flow_is_below(&self, limit: u64) -> bool {
        self.connection.flow.below(limit)
    }

    /// Returns true if the application has ended the connection, even if its answer has not arrived here yet.
    pub(crate) fn is_refused(&self) -> bool {
        self.connection.flow.is_refused()
    }

    /// Returns the reason to refuse the request before it is reported to the application: a name that could not be
    /// converted.
    pub(crate) fn objection(&self) -> Option<Outcome> {
        self.has_no_name.then_some(Outcome::Name)
    }

    /// Makes an opened source the transfer's stream. Returns its length in bytes on the wire, if it is known.
    pub(crate) fn take_source(&mut self, opened: Opened<S>) -> Option<u64> {
        self.local_file = opened.path().filter(|_| self.is_announced);
        let feed = Feed::new(opened, self.connection.mode);
        let length = feed.stream_size();
        self.body = Body::Feed(Box::new(feed));
        length
    }

    /// Makes a sink the target of an upload. `None`: only the application takes the data.
    pub(crate) fn take_sink(&mut self, sink: Option<S::Sink>) {
        let path = sink
            .as_ref()
            .filter(|_| self.is_announced)
            .and_then(|sink| sink.path());
        self.local_file = path.map(ToOwned::to_owned);
        let intake = Intake::new(sink, self.connection.mode, self.lane);
        self.body = Body::Intake(Box::new(intake));
    }

    /// Returns the length of the whole stream in bytes, if it is known. `announced`: the client's tsize, which is not
    /// used for text, because it counts the client's own bytes.
    pub(crate) fn total(&self, announced: Option<u64>) -> Option<u64> {
        match &self.body {
            Body::Feed(feed) => feed.stream_size(),
            Body::Intake(intake) if !intake.is_translated() => announced,
            _ => None,
        }
    }

    /// Notes that the client has acknowledged something: its open file or sink counts as settled.
    pub(crate) fn settle(&mut self) {
        match &mut self.body {
            Body::Feed(feed) => feed.settle(),
            Body::Intake(intake) => intake.settle(),
            Body::Nothing => {}
        }
    }

    /// Closes an upload on the pool, because removing an unfinished file may block.
    pub(crate) fn close(&mut self, shelf: &Shelf<S>) {
        if let Body::Intake(mut intake) = std::mem::replace(&mut self.body, Body::Nothing) {
            intake.discard(shelf, owner(self.id));
        }
    }

    /// Sets the negotiated window of a download.
    pub(crate) fn set_window(&mut self, agreed: &Agreed) {
        if let Body::Feed(feed) = &mut self.body {
            feed.set_window(agreed.blksize, agreed.windowsize, agreed.rollover);
        }
    }
}
