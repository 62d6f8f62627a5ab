//! What a server reports.

use super::connection::Connection;
use super::outcome::Outcome;
use crate::inline::Interests;

/// Something that happened: see [`Builder::on_event`](crate::Builder::on_event).
///
/// Every request that is taken has one [`Event::Requested`] and one [`Event::Ended`], which is its last event and follows
/// the handler's return. A request that a limit refused has both at once.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// A client asks for something. The handler, if there is one, may be at work on it already.
    Requested {
        /// The new connection.
        connection: Connection,
    },
    /// The transfer starts: its file was found or made, or the handler supplies the bytes.
    Started {
        /// The connection.
        connection: Connection,
    },
    /// The connection is over.
    Ended {
        /// The connection, with its last figures.
        connection: Connection,
        /// How it ended.
        outcome: Outcome,
    },
    /// A message for a log: [`Builder::log_level`](crate::Builder::log_level).
    Log {
        /// The connection that it is about, if any.
        connection: Option<Connection>,
        /// How much detail it is.
        level: LogLevel,
        /// Its kind.
        kind: LogKind,
        /// The text, one line; names and texts of clients are escaped.
        message: String,
    },
    /// Log messages were dropped, because the callback is too slow for them.
    LogsDropped {
        /// How many since the last such event.
        count: u64,
    },
    /// The last event: the server is closed.
    Closed,
}

/// How much is logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// Nothing.
    #[default]
    Off,
    /// A line for each request and each end.
    Info,
    /// Details of each transfer: options, the packets of its beginning and end.
    Verbose,
    /// Every packet.
    Debug,
}

/// The kinds of log messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LogKind {
    /// Who transfers what.
    Info,
    /// What failed.
    Error,
    /// Details of a transfer.
    Verbose,
    /// A packet.
    Debug,
    /// A packet of the beginning or the end of a transfer: `<-` received, `->` sent.
    Dialogue,
}

impl LogLevel {
    pub(super) fn interests(self) -> Interests {
        let levels = [
            (LogLevel::Info, Interests::LOG_INFO),
            (LogLevel::Verbose, Interests::LOG_VERBOSE),
            (LogLevel::Debug, Interests::LOG_DEBUG),
        ];
        let wanted = levels.into_iter().filter(|(level, _)| *level <= self);
        wanted.fold(Interests::NONE, |all, (_, interest)| all.with(interest))
    }
}
