//! What the engine tells the class above it, and what it is told in return.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tftp_proto::Instant;
use tftp_proto::wire::{Asked, Mode, Operation};

use super::Outcome;
use super::ids::IdLease;
use super::progress::Progress;
use super::reply::Reply;
use tftp_udp::Bytes;

/// The class above, as the engine sees it. No method may block: all are called on I/O threads.
pub trait Application: Send + Sync + 'static {
    /// Which notices somebody listens to; read whenever one could be made.
    fn wants(&self) -> Wants;
    /// False while too many events wait: new requests are then left unanswered, their clients repeat them.
    fn admits(&self) -> bool;
    /// Takes one notice; the order of the calls for one connection is the order of its events.
    fn tell(&self, notice: Notice);
    /// A turn of an I/O thread's loop is over and its packets are out: the moment to wake somebody for what was told.
    /// `Some`: call again after this time at the latest.
    fn turn_ends(&self, _now: Instant) -> Option<Duration> {
        None
    }
}

/// A set of notices that somebody listens to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wants(pub u32);

impl Wants {
    /// Nothing.
    pub const NONE: Wants = Wants(0);
    /// The request itself: holds the connection until the answer.
    pub const REQUEST: Wants = Wants(1);
    /// The beginning: holds the connection until the answer.
    pub const CONNECTED: Wants = Wants(1 << 1);
    /// The end of a connection.
    pub const DISCONNECTED: Wants = Wants(1 << 2);
    /// A whole file was moved.
    pub const END: Wants = Wants(1 << 3);
    /// Failures.
    pub const ERROR: Wants = Wants(1 << 4);
    /// Log messages of level 1.
    pub const LOG_INFO: Wants = Wants(1 << 5);
    /// Log messages of level 2.
    pub const LOG_VERBOSE: Wants = Wants(1 << 6);
    /// Log messages of level 3.
    pub const LOG_DEBUG: Wants = Wants(1 << 7);
    /// The first block is about to move: holds the connection until the answer.
    pub const START: Wants = Wants(1 << 8);
    /// The data.
    pub const TRANSFER: Wants = Wants(1 << 9);

    const NO_CONNECTION: u32 = Self::ERROR.0 | Self::LOG_INFO.0 | Self::LOG_VERBOSE.0 | Self::LOG_DEBUG.0;

    /// Whether every member of `other` is in the set.
    pub fn has(self, other: Wants) -> bool {
        self.0 & other.0 == other.0
    }

    /// The union of two sets.
    pub fn with(self, other: Wants) -> Wants {
        Wants(self.0 | other.0)
    }

    /// Whether anything that belongs to the life of one connection is in the set.
    pub fn any_connection(self) -> bool {
        self.0 & !Self::NO_CONNECTION != 0
    }

    /// Whether a connection must wait for the application before its file is looked up.
    pub fn holds_admission(self) -> bool {
        self.has(Self::REQUEST) || self.has(Self::CONNECTED)
    }
}

/// Who sends the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The client sends (WRQ).
    Upload = 0,
    /// The server sends (RRQ).
    Download = 1,
}

impl From<Operation> for Direction {
    fn from(operation: Operation) -> Self {
        match operation {
            Operation::Read => Direction::Download,
            Operation::Write => Direction::Upload,
        }
    }
}

/// What is known of a connection from its request on.
#[derive(Debug)]
pub struct Connection {
    /// From 1000001 up; not used again by the same server object while anything holds this connection.
    pub id: i32,
    /// Keeps the id.
    pub lease: Option<IdLease>,
    /// The client's TID; an IPv4 client of a dual-stack socket has its IPv4 address here.
    pub remote: SocketAddr,
    /// The address that was asked, where the system tells it.
    pub local: Option<IpAddr>,
    /// The requested name as text, unchanged otherwise.
    pub filename: String,
    /// octet or netascii.
    pub mode: Mode,
    /// RRQ or WRQ.
    pub operation: Operation,
    /// The options that the client asked for, without those that the policy refuses.
    pub asked: Asked,
    /// How far it is.
    pub progress: Progress,
}

/// Something that happened.
#[derive(Debug)]
pub enum Notice {
    /// A connection begins; told iff [`Wants::any_connection`].
    Asked {
        /// Who asks for what.
        connection: Arc<Connection>,
        /// The way back.
        reply: Reply,
        /// The engine waits for [`Reply::admit`] or [`Reply::end`].
        held: bool,
    },
    /// The application has answered a question that it had put off. The class above tells itself.
    Decided {
        /// The connection.
        id: i32,
    },
    /// A limit or a setting forbids it: the connection never began.
    Refused {
        /// Who asked for what.
        connection: Arc<Connection>,
        /// Which limit.
        outcome: Outcome,
    },
    /// The transfer is about to start.
    Started {
        /// The connection.
        id: i32,
        /// The file it comes from or goes to; `None` for the application's data, or if nothing was found so far.
        local_file: Option<PathBuf>,
        /// The engine waits for [`Reply::admit`]; if nothing was found, that may still bring a source.
        held: bool,
    },
    /// A download that the application feeds has room for more. The class above tells itself.
    Wanted {
        /// The connection, or one of those that share the source.
        id: i32,
        /// Bytes before what is wanted.
        offset: u64,
        /// How many bytes are welcome.
        length: u64,
    },
    /// Data moved; told only where [`Wants::TRANSFER`] is set.
    Moved(Run),
    /// The file is whole.
    Ended {
        /// The connection.
        id: i32,
    },
    /// Something went wrong.
    Failed {
        /// The connection.
        connection: Arc<Connection>,
        /// What.
        outcome: Outcome,
    },
    /// The end: exactly one for each connection that was asked.
    Disconnected {
        /// The connection.
        id: i32,
        /// How it ended.
        outcome: Outcome,
    },
    /// For the log.
    Log {
        /// The connection; 0: none.
        id: i32,
        /// 1 to 3.
        level: u8,
        /// The type.
        kind: LogKind,
        /// The text; peers' names in it are escaped.
        message: String,
    },
}

impl Notice {
    /// The id of the connection that it tells of; 0: none.
    pub fn connection(&self) -> i32 {
        match self {
            Notice::Asked { connection, .. }
            | Notice::Refused { connection, .. }
            | Notice::Failed { connection, .. } => connection.id,
            Notice::Moved(run) => run.id,
            Notice::Decided { id }
            | Notice::Started { id, .. }
            | Notice::Wanted { id, .. }
            | Notice::Ended { id }
            | Notice::Disconnected { id, .. }
            | Notice::Log { id, .. } => *id,
        }
    }
}

/// The type of a log message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogKind {
    /// Level 1: who transfers what.
    Info,
    /// Level 1: what failed.
    Error,
    /// Level 2: details of each transfer.
    Verbose,
    /// Level 3: single packets.
    Debug,
    /// Level 2: the protocol's dialogue, one line a packet of its beginning and end.
    PiTrail,
}

/// A contiguous run of transferred data, from which one Transfer event a block is made.
#[derive(Clone, Debug)]
pub struct Run {
    /// The connection.
    pub id: i32,
    /// Who sends.
    pub direction: Direction,
    /// Bytes transferred before this run.
    pub before: u64,
    /// Bytes in all slices together.
    pub length: u64,
    /// Bytes an event; only the last of the run may have fewer.
    pub block: u32,
    /// The data, in order; a block may lie across two slices.
    pub slices: Vec<(Bytes, Range<usize>)>,
    /// Bytes in the whole transfer, where known.
    pub total: Option<u64>,
    /// The run ends with a block of no bytes (an empty file, or an exact multiple of the block size).
    pub empty_block: bool,
    /// Nothing follows.
    pub is_last: bool,
    /// No file takes the data: what no Transfer callback takes is lost.
    pub is_only_copy: bool,
}

impl Run {
    /// What the run counts in the flow control of its connection: its bytes, and one for each event, so that empty
    /// blocks count too.
    pub fn weight(&self) -> u64 {
        self.length + 1
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Direction::Upload => "upload",
            Direction::Download => "download",
        })
    }
}
