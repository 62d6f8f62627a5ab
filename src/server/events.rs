//! The eight events.

pub use crate::engine::notice::Direction;

/// The least number of an event.
pub const FIRST: i32 = 1;
/// The greatest number of an event.
pub const LAST: i32 = 8;

/// What ConnectionRequest says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accept {
    /// Refused.
    No,
    /// Accepted.
    Yes,
    /// Put off: [`super::Server::accept`] says it.
    Later,
}

/// One event, as it is while its callback runs.
#[expect(missing_docs, reason = "named as in the manual")]
#[derive(Debug, PartialEq)]
pub enum Event<'a> {
    /// 1: a connection was accepted, or failed.
    Connected {
        connection_id: i32,
        status_code: i32,
        description: &'a str,
    },
    /// 2: a client asks. `accept` is what the callback decides.
    ConnectionRequest {
        remote_host: &'a str,
        remote_port: u16,
        filename: &'a str,
        /// "0" octet, "1" netascii.
        transfer_mode: &'a str,
        /// 1 read, 2 write.
        operation: i32,
        accept: Accept,
        connection_id: i32,
        /// "" where it is not known.
        local_host: &'a str,
    },
    /// 3: a connection ended.
    Disconnected {
        connection_id: i32,
        status_code: i32,
        description: &'a str,
    },
    /// 4: a file was transferred whole.
    EndTransfer {
        connection_id: i32,
        direction: Direction,
    },
    /// 5: something failed.
    Error {
        error_code: i32,
        description: &'a str,
        connection_id: i32,
    },
    /// 6: a log message.
    Log {
        connection_id: i32,
        log_level: i32,
        message: &'a str,
        log_type: &'static str,
    },
    /// 7: a transfer begins.
    StartTransfer {
        connection_id: i32,
        direction: Direction,
    },
    /// 8: a block was transferred. `percent_done` is -1 where the size is not known.
    Transfer {
        connection_id: i32,
        direction: Direction,
        bytes_transferred: i64,
        percent_done: i32,
        text: &'a [u8],
    },
}

impl Event<'_> {
    pub(super) const TRANSFER: i32 = 8;

    /// The number under which a callback is registered.
    pub fn id(&self) -> i32 {
        match self {
            Event::Connected { .. } => 1,
            Event::ConnectionRequest { .. } => 2,
            Event::Disconnected { .. } => 3,
            Event::EndTransfer { .. } => 4,
            Event::Error { .. } => 5,
            Event::Log { .. } => 6,
            Event::StartTransfer { .. } => 7,
            Event::Transfer { .. } => 8,
        }
    }

    /// The texts, in the order of the fields, "" in place of those that an event has not.
    pub fn texts(&self) -> [&str; 4] {
        match self {
            Event::ConnectionRequest {
                remote_host,
                filename,
                transfer_mode,
                local_host,
                ..
            } => [remote_host, filename, transfer_mode, local_host],
            Event::Connected { description, .. }
            | Event::Disconnected { description, .. }
            | Event::Error { description, .. } => [description, "", "", ""],
            Event::Log {
                message, log_type, ..
            } => [message, log_type, "", ""],
            Event::EndTransfer { .. } | Event::StartTransfer { .. } | Event::Transfer { .. } => [""; 4],
        }
    }
}

/// What the application registered for one event.
pub trait Callback: Send + Sync {
    /// Called on the thread that calls DoEvents, with no lock held. Anything but 0 ends the event's connection.
    fn fire(&self, event: &mut Event<'_>) -> i32;
}

impl<F> Callback for F
where
    F: Fn(&mut Event<'_>) -> i32 + Send + Sync,
{
    fn fire(&self, event: &mut Event<'_>) -> i32 {
        self(event)
    }
}
