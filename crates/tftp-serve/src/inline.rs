//! The lower face of a server: an [`EventSink`] is called inline, on the I/O threads.
//!
//! Most programs want a [`Handler`](crate::Handler) and [`Builder::on_event`](crate::Builder::on_event), which run on threads
//! of their own and may block. They are built on this module, and so is the C interface of libtftpserver: a sink hears of
//! every connection the moment something happens to it, gets the transferred data without a copy, and pays only for what
//! it has [`Interests`] in. In return it must never block, or every transfer of that I/O thread waits.
//!
//! A sink usually puts events into a queue of its own and wakes whoever takes them when the
//! [turn ends](EventSink::turn_ends). Answers may be given at once or later, from any thread, through the [`Reply`] that comes
//! with a request.
//!
//! ```
//! use std::sync::{Arc, mpsc};
//!
//! use tftp_serve::Server;
//! use tftp_serve::inline::{EngineEvent, EventSink, Interests, Sources};
//!
//! /// Serves one text to everybody, and tells how each connection ended.
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
pub use tftp_udp::{Bytes, EventFd};

pub use super::reply::{Answer, Reply};
pub use super::sources::Sources;
use super::{Connection, LogKind, LogLevel, Outcome};

/// Receives the events of a server on its I/O threads: see the [module](self).
///
/// No method may block. Events of one connection come in order, from one thread; those of different connections may come from
/// several threads at once.
pub trait EventSink: Send + Sync + 'static {
    /// Returns what is to be reported. Read whenever an event could be made, so that it may change at any time.
    fn interests(&self) -> Interests;

    /// Returns whether new requests are taken; false while too many events wait. Requests are then left unanswered, and
    /// their clients repeat them.
    fn admits(&self) -> bool {
        true
    }

    /// Takes one event.
    fn event(&self, event: EngineEvent);

    /// Called when a turn of an I/O thread is over and its packets are out: the moment to wake those who take the events.
    /// `Some` asks to be called again after this time at the latest.
    fn turn_ends(&self, _now: Instant) -> Option<Duration> {
        None
    }
}

/// A set of things that an [`EventSink`] wants to hear of. An event without interest is never made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Interests(u32);

impl Interests {
    /// Nothing.
    pub const NONE: Interests = Interests(0);
    /// Requests, and to answer them: each is held until [`Reply::admit`] or [`Reply::end`].
    pub const REQUESTS: Interests = Interests(1);
    /// Connections from their request to their end, without holding them.
    pub const CONNECTIONS: Interests = Interests(1 << 1);
    /// Starts of transfers, and to answer them: each is held until [`Reply::admit`] or [`Reply::end`].
    pub const STARTS: Interests = Interests(1 << 2);
    /// The data that is transferred.
    pub const DATA: Interests = Interests(1 << 3);
    /// Failures of connections, also of those that were not followed.
    pub const FAILURES: Interests = Interests(1 << 4);
    /// Log messages of [`LogLevel::Info`].
    pub const LOG_INFO: Interests = Interests(1 << 5);
    /// Log messages of [`LogLevel::Verbose`].
    pub const LOG_VERBOSE: Interests = Interests(1 << 6);
    /// Log messages of [`LogLevel::Debug`].
    pub const LOG_DEBUG: Interests = Interests(1 << 7);

    const OF_CONNECTIONS: u32 = Self::REQUESTS.0 | Self::CONNECTIONS.0 | Self::STARTS.0 | Self::DATA.0;

    /// Returns the set as bits, to keep it in an atomic.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Returns the set that has these [bits](Interests::bits).
    pub const fn from_bits(bits: u32) -> Interests {
        Interests(bits)
    }

    /// Returns whether every member of `other` is in the set.
    pub const fn has(self, other: Interests) -> bool {
        self.0 & other.0 == other.0
    }

    /// Returns the union of two sets.
    #[must_use]
    pub const fn with(self, other: Interests) -> Interests {
        Interests(self.0 | other.0)
    }

    /// Returns whether connections are followed from their request to their end: for requests, starts, data or that itself.
    pub const fn follows_connections(self) -> bool {
        self.0 & Self::OF_CONNECTIONS != 0
    }

    /// Whether lines are made of single packets.
    pub(crate) const fn logs_packets(self) -> bool {
        self.0 & (Self::LOG_VERBOSE.0 | Self::LOG_DEBUG.0) != 0
    }
}

/// Something that happened, as an [`EventSink`] hears of it.
#[derive(Debug)]
#[non_exhaustive]
pub enum EngineEvent {
    /// A connection begins. Told where interests [follow connections](Interests::follows_connections) at that moment.
    Requested {
        /// The connection, and how to answer it.
        reply: Reply,
        /// The connection waits for [`Reply::admit`] or [`Reply::end`].
        held: bool,
    },
    /// A limit or a setting forbids the request: the connection never began, and this is all that is told of it.
    Refused {
        /// The connection, which has ended.
        connection: Connection,
        /// Which limit or setting.
        outcome: Outcome,
    },
    /// The transfer is about to start. Its file, if any, is [`Connection::path`].
    Started {
        /// The connection.
        connection: Connection,
        /// The connection waits for [`Reply::admit`]. If nothing was found so far, that may still bring a source.
        held: bool,
    },
    /// Data moved. Told where there is interest in [data](Interests::DATA).
    Data(DataRun),
    /// A connection failed. Told where there is interest in [failures](Interests::FAILURES), before its end.
    Failed {
        /// The connection.
        connection: Connection,
        /// How.
        outcome: Outcome,
    },
    /// The end: exactly one for each connection that began.
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
        /// How much detail it is.
        level: LogLevel,
        /// Its kind.
        kind: LogKind,
        /// The text, one line; names and texts of clients are escaped.
        message: String,
    },
}

impl EngineEvent {
    /// Returns the number of the connection that it tells of; 0: none.
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

/// A contiguous run of transferred data: a whole window of a download, or what one batch of packets brought of an upload.
///
/// The bytes are shared with the transfer, not copied, and kept alive by the run.
#[derive(Clone, Debug)]
pub struct DataRun {
    /// The number of the connection.
    pub id: i32,
    /// Bytes transferred before this run.
    pub before: u64,
    /// Bytes in all slices together.
    pub length: u64,
    /// Bytes of a block; only the last of the run may have fewer.
    pub block: u32,
    /// The data, in order; a block may lie across two slices.
    pub slices: Vec<(Bytes, Range<usize>)>,
    /// Bytes in the whole transfer, where known.
    pub total: Option<u64>,
    /// The run ends with a block of no bytes (an empty file, or an exact multiple of the block size).
    pub empty_block: bool,
    /// Nothing follows.
    pub is_last: bool,
    /// No file takes the data: what the sink does not take is lost.
    pub is_only_copy: bool,
}

impl DataRun {
    /// Returns what the run counts in the flow control of its connection ([`Reply::taken`]): its bytes and one more, so that
    /// runs without bytes count too.
    pub fn weight(&self) -> u64 {
        self.length + 1
    }
}
