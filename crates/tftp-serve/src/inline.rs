//! The low-level interface of a server: an [`EventSink`] is called inline, on the I/O threads.
//!
//! Most programs use a [`Handler`](crate::Handler) and
//! [`Builder::on_event`](crate::Builder::on_event), which run on threads of their own and may
//! block. They are built on this module, and so is the C interface of libtftpserver. A sink gets
//! every event of a connection at the moment when it happens, gets the transferred data without a
//! copy, and costs nothing for events outside of its [`Interests`]. In return it must never block,
//! because every transfer of that I/O thread would wait.
//!
//! A sink usually puts events into a queue of its own, and wakes their consumer in
//! [`EventSink::turn_ends`]. Answers may be given at once or later, from any thread, through the
//! [`Reply`] that comes with a request.
//!
//! ```
//! use std::sync::{Arc, mpsc};
//!
//! use tftp_serve::Server;
//! use tftp_serve::inline::{EngineEvent, EventSink, Interests, Sources};
//!
//! /// Serves one text to every client, and sends a line for each connection that ended.
//! struct Motd {
//!     ends: mpsc::Sender<String>,
//! }
//!
//! impl EventSink for Motd {
//!     fn interests(&self) -> Interests {
//!         Interests::REQUESTS.with(Interests::CONNECTIONS)
//!     }
//!
//!     fn event(&self, event: EngineEvent) {
//!         match event {
//!             EngineEvent::Requested { reply, held: true } => reply.admit(Sources {
//!                 data: Some(Arc::new(b"hello\n".to_vec())),
//!                 ..Sources::default()
//!             }),
//!             EngineEvent::Ended { connection, outcome } => {
//!                 let _ = self.ends.send(format!("{}: {outcome}", connection.client()));
//!             }
//!             _ => {}
//!         }
//!     }
//! }
//!
//! # fn main() -> Result<(), tftp_serve::Error> {
//! let (ends, told) = mpsc::channel();
//! let server = Server::builder()
//!     .listen(([127, 0, 0, 1], 0))
//!     .event_sink(Arc::new(Motd { ends }))
//!     .start()?;
//! # Ok(())
//! # }
//! ```

use std::ops::Range;
use std::time::Duration;

pub use tftp_files::{Asks, Fed, Feeds, Refused, Wanted};
pub use tftp_proto::Instant;
pub use tftp_udp::{Bytes, EventFd, now};

pub use super::reply::{Answer, Reply};
pub use super::sources::Sources;
use super::{Connection, LogKind, LogLevel, Outcome};

/// Receives the events of a server on its I/O threads: see the [module](self).
///
/// No method may block. Events of one connection arrive in order, from one thread. Those of
/// different connections may arrive from several threads at once.
pub trait EventSink: Send + Sync + 'static {
    /// Returns the set of events to report. The server reads it whenever it might make an event, so
    /// it may change at any time.
    fn interests(&self) -> Interests;

    /// Returns true if new requests may be accepted, and false while too many events are queued.
    /// Requests are then left unanswered, and their clients repeat them.
    fn admits(&self) -> bool {
        true
    }

    /// Takes one event.
    fn event(&self, event: EngineEvent);

    /// Called when a turn of an I/O thread is over and its packets are sent: the moment to wake the
    /// consumer of the events. `Some` requests another call after at most this time.
    fn turn_ends(&self, _now: Instant) -> Option<Duration> {
        None
    }
}

/// A set of event kinds that an [`EventSink`] wants. An event outside of the set is never made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Interests(u32);

impl Interests {
    /// Nothing.
    pub const NONE: Interests = Interests(0);
    /// Requests, with answers: each connection is held until [`Reply::admit`] or [`Reply::end`].
    pub const REQUESTS: Interests = Interests(1);
    /// Connections from their request to their end, without holding them.
    pub const CONNECTIONS: Interests = Interests(1 << 1);
    /// Starts of transfers, with answers: each connection is held until [`Reply::admit`] or
    /// [`Reply::end`].
    pub const STARTS: Interests = Interests(1 << 2);
    /// The transferred data.
    pub const DATA: Interests = Interests(1 << 3);
    /// Failures of connections, including those that are not followed.
    pub const FAILURES: Interests = Interests(1 << 4);
    /// Log messages of [`LogLevel::Info`].
    pub const LOG_INFO: Interests = Interests(1 << 5);
    /// Log messages of [`LogLevel::Verbose`].
    pub const LOG_VERBOSE: Interests = Interests(1 << 6);
    /// Log messages of [`LogLevel::Debug`].
    pub const LOG_DEBUG: Interests = Interests(1 << 7);

    const OF_CONNECTIONS: u32 =
        Self::REQUESTS.0 | Self::CONNECTIONS.0 | Self::STARTS.0 | Self::DATA.0;

    /// Returns the set as bits, to keep it in an atomic.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Returns the set that has these [bits](Interests::bits).
    pub const fn from_bits(bits: u32) -> Interests {
        Interests(bits)
    }

    /// Returns true if every member of `other` is in the set.
    pub const fn has(self, other: Interests) -> bool {
        self.0 & other.0 == other.0
    }

    /// Returns the union of two sets.
    #[must_use]
    pub const fn with(self, other: Interests) -> Interests {
        Interests(self.0 | other.0)
    }

    /// Returns true if connections are followed from their request to their end: if the set
    /// contains requests, connections, starts or data.
    pub const fn follows_connections(self) -> bool {
        self.0 & Self::OF_CONNECTIONS != 0
    }

    /// Returns true if the log has lines for single packets.
    pub(crate) const fn logs_packets(self) -> bool {
        self.0 & (Self::LOG_VERBOSE.0 | Self::LOG_DEBUG.0) != 0
    }
}

/// An event, as an [`EventSink`] gets it.
#[derive(Debug)]
#[non_exhaustive]
pub enum EngineEvent {
    /// A connection begins. Reported if interests [follow
    /// connections](Interests::follows_connections) at that moment.
    Requested {
        /// The connection, and the means to answer it.
        reply: Reply,
        /// True if the connection waits for [`Reply::admit`] or [`Reply::end`].
        held: bool,
    },
    /// A limit or a setting refuses the request. The connection never began, and has no other event
    /// but an [`EngineEvent::Failed`] before this one.
    Refused {
        /// The connection, which has ended.
        connection: Connection,
        /// The limit or setting that refused the request.
        outcome: Outcome,
    },
    /// The transfer is about to start. Its file, if any, is [`Connection::path`].
    Started {
        /// The connection.
        connection: Connection,
        /// True if the connection waits for [`Reply::admit`].
        held: bool,
        /// Its source or target was found. If not, [`Reply::admit`] can still supply one.
        found: bool,
    },
    /// Data was transferred. Reported if there is interest in [data](Interests::DATA).
    Data(DataRun),
    /// A connection failed. Reported before its end, if there is interest in
    /// [failures](Interests::FAILURES).
    Failed {
        /// The connection.
        connection: Connection,
        /// How it failed.
        outcome: Outcome,
    },
    /// The end of a connection: exactly one for each that began.
    Ended {
        /// The connection, with its last figures.
        connection: Connection,
        /// How it ended.
        outcome: Outcome,
    },
    /// A message for a log.
    Log {
        /// The number of the connection; 0: none.
        id: i32,
        /// The lowest level at which the message is logged.
        level: LogLevel,
        /// The message's kind.
        kind: LogKind,
        /// The text, one line; names and texts of clients are escaped.
        message: String,
    },
}

impl EngineEvent {
    /// Returns the number of the connection that the event is about; 0: none.
    pub fn id(&self) -> i32 {
        match self {
            EngineEvent::Requested { reply, .. } => reply.connection().id(),
            EngineEvent::Refused { connection, .. }
            | EngineEvent::Started { connection, .. }
            | EngineEvent::Failed { connection, .. }
            | EngineEvent::Ended { connection, .. } => connection.id(),
            EngineEvent::Data(run) => run.id,
            EngineEvent::Log { id, .. } => *id,
        }
    }
}

/// A contiguous run of transferred data: a whole window of a download, or the data of an upload in
/// one batch of packets.
///
/// The run shares the bytes with the transfer and keeps them alive; they are not copied.
#[derive(Clone, Debug)]
pub struct DataRun {
    /// The number of the connection.
    pub id: i32,
    /// The number of bytes transferred before this run.
    pub before: u64,
    /// The number of bytes in all slices together.
    pub length: u64,
    /// The block size in bytes; only the last block of the run may be shorter.
    pub block: u32,
    /// The data, in order. A block may extend over two slices.
    pub slices: Vec<(Bytes, Range<usize>)>,
    /// The length of the whole transfer in bytes, if known.
    pub total: Option<u64>,
    /// True if the run ends with a block of no bytes (an empty file, or an exact multiple of the
    /// block size).
    pub empty_block: bool,
    /// True for the last run of the transfer.
    pub is_last: bool,
    /// True if the data is not stored in a file: data that the sink does not keep is lost.
    pub is_only_copy: bool,
}

impl DataRun {
    /// Returns the weight of the run in the flow control of its connection ([`Reply::taken`]): its
    /// bytes and one more, so that runs without bytes count too.
    pub fn weight(&self) -> u64 {
        self.length + 1
    }
}
