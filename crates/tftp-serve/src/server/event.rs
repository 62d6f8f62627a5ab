//! The events that a server reports.

use super::connection::Connection;
use super::outcome::Outcome;
use crate::inline::Interests;

/// An event in the life of a server or a connection: see
/// [`Builder::on_event`](crate::Builder::on_event).
///
/// Every accepted request has one [`Event::Requested`] and one [`Event::Ended`], which is its last
/// event and follows the handler's return. A request that a limit refuses has both at once.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// A request arrived. The handler, if there is one, may be at work on it already.
    Requested {
        /// The new connection.
        connection: Connection,
    },
    /// The transfer starts: its file was found or created, or the handler supplies the bytes.
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
    /// A message for a log, if [`Builder::log_level`](crate::Builder::log_level) allows it.
    Log {
        /// The connection that it is about, if any.
        connection: Option<Connection>,
        /// The lowest level at which the message is logged.
        level: LogLevel,
        /// The message's kind.
        kind: LogKind,
        /// The text, one line; names and texts of clients are escaped.
        message: String,
    },
    /// Log messages were dropped, because the callback is too slow for them.
    LogsDropped {
        /// The number of messages dropped since the last such event.
        count: u64,
    },
    /// The last event: the server is closed.
    Closed,
}

/// The level of detail of the log.
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
    /// The request or the end of a transfer.
    Info,
    /// A failure.
    Error,
    /// Details of a transfer.
    Verbose,
    /// A single packet.
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
