//! What belongs to one transfer: its connection, the bytes that are sent or stored, what the application has not taken.

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

/// What belongs to one transfer.
pub(crate) struct Cargo<S: Store> {
    pub(super) id: TransferId,
    pub(crate) connection: Arc<About>,
    /// The policy of its request.
    pub(crate) policy: Arc<Policy>,
    pub(crate) body: Body<S>,
    pub(crate) lane: Lane,
    /// Where the file of a download is opened again.
    pub(crate) place: Option<Place>,
    /// Where a file was found or begun, until the application is told.
    pub(crate) local_file: Option<PathBuf>,
    /// What the application supplies, until it is opened.
    pub(crate) sources: Option<Box<Sources>>,
    /// The bytes that the machine waits for.
    pub(crate) upto: Option<u64>,
    /// The application hears of this connection.
    pub(crate) is_announced: bool,
    /// Why storage, the application or a socket failed: the machine knows only what the client is told.
    pub(super) failure: Option<Outcome>,
    /// Bytes of the stream that were acknowledged, or came.
    pub(crate) moved: u64,
    /// The name could not be converted to text.
    pub(super) has_no_name: bool,
    /// The log has its request.
    pub(super) is_known: bool,
    /// The application was asked, if it listens. A transfer that ends before was refused.
    pub(crate) is_admitted: bool,
    /// The machine was told that storage or the application is behind.
    pub(crate) is_held: bool,
    pub(super) is_dirty: bool,
}

/// Where the bytes come from or go to.
pub(crate) enum Body<S: Store> {
    /// Nothing is open.
    Nothing,
    Feed(Box<Feed<S>>),
    Intake(Box<Intake<S>>),
}

impl<S: Store> Cargo<S> {
    /// So much was told.
    pub(crate) fn add_to_flow(&self, weight: u64) {
        self.connection.flow.add(weight);
    }

    /// Whether the application is no further behind than `limit`; if it is, an answer comes when it has caught up.
    pub(crate) fn flow_is_below(&self, limit: u64) -> bool {
        self.connection.flow.below(limit)
    }

    /// Whether the application has ended it, though that may not have been heard here yet.
    pub(crate) fn is_refused(&self) -> bool {
        self.connection.flow.is_refused()
    }

    /// Why it cannot even be asked for.
    pub(crate) fn objection(&self) -> Option<Outcome> {
        self.has_no_name.then_some(Outcome::Name)
    }

    /// What was found becomes the transfer's stream: its length on the wire, where that is known.
    pub(crate) fn take_source(&mut self, opened: Opened<S>) -> Option<u64> {
        self.local_file = opened.path().filter(|_| self.is_announced);
        let feed = Feed::new(opened, self.connection.mode);
        let length = feed.stream_size();
        self.body = Body::Feed(Box::new(feed));
        length
    }

    /// `None`: only the application takes the data.
    pub(crate) fn take_sink(&mut self, sink: Option<S::Sink>) {
        let path = sink
            .as_ref()
            .filter(|_| self.is_announced)
            .and_then(|sink| sink.path());
        self.local_file = path.map(ToOwned::to_owned);
        let intake = Intake::new(sink, self.connection.mode, self.lane);
        self.body = Body::Intake(Box::new(intake));
    }

    /// Bytes of the whole stream, where they are known. `announced` by the client: of text it counts its own.
    pub(crate) fn total(&self, announced: Option<u64>) -> Option<u64> {
        match &self.body {
            Body::Feed(feed) => feed.stream_size(),
            Body::Intake(intake) if !intake.is_translated() => announced,
            _ => None,
        }
    }

    /// The client has acknowledged something: what is open for it counts as settled.
    pub(crate) fn settle(&mut self) {
        match &mut self.body {
            Body::Feed(feed) => feed.settle(),
            Body::Intake(intake) => intake.settle(),
            Body::Nothing => {}
        }
    }

    /// Lets go of what is open, where removing an unfinished file may block.
    pub(crate) fn close(&mut self, shelf: &Shelf<S>) {
        if let Body::Intake(mut intake) = std::mem::replace(&mut self.body, Body::Nothing) {
            intake.discard(shelf, owner(self.id));
        }
    }

    /// What was agreed, for a download.
    pub(crate) fn set_window(&mut self, agreed: &Agreed) {
        if let Body::Feed(feed) = &mut self.body {
            feed.set_window(agreed.blksize, agreed.windowsize, agreed.rollover);
        }
    }
}
