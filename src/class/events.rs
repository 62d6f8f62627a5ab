//! The events; `events/event.rs` is made from `api/events.toml`.

#[rustfmt::skip] // Made by a program.
mod event;

pub use event::{Event, FIRST, LAST, id};
use std::fmt;

use tftp_serve::Operation;

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

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Direction::Upload => "upload",
            Direction::Download => "download",
        })
    }
}

/// The answer to ConnectionRequest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accept {
    /// Refused.
    No,
    /// Accepted.
    Yes,
    /// Put off: the application answers with [`super::Server::accept`].
    Later,
}

/// The application's callback for one event.
pub trait Callback: Send + Sync {
    /// Called on the thread that calls DoEvents, with no lock held. Anything but 0 ends the event's
    /// connection.
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
