//! What the loop tells the machine besides datagrams: results of storage, and decisions of the application.

use alloc::borrow::Cow;

use tftp_proto::ErrorCode;

/// What became of something that [`crate::Io`] asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IoDone {
    /// The file or the application's data is there, or a place for an upload.
    Opened {
        /// The length of the stream on the wire, where it is known. Of an upload `None`.
        length: Option<u64>,
    },
    /// Nothing is there, or it must not be used. The application may still supply something, if it hears of the start.
    Missing {
        /// Tells the client.
        code: ErrorCode,
        /// Tells the client.
        text: Cow<'static, str>,
    },
    /// So much hangs there that the client gets silence, and repeats itself.
    Busy,
    /// The stream's bytes below `available` are at hand.
    Supplied {
        /// Bytes from the beginning of the stream.
        available: u64,
        /// The stream is exactly that long.
        end: bool,
    },
    /// Reading, writing or storing failed.
    Failed {
        /// Tells the client.
        code: ErrorCode,
        /// Tells the client.
        text: Cow<'static, str>,
    },
    /// The upload's storage or application is behind (`true`), or has caught up.
    Held(bool),
    /// The upload is stored.
    Committed,
    /// The file of a half-open download was closed.
    LetGo,
    /// It is open again, and still the same file.
    Reopened,
}

/// The application's answer to a [`crate::Question`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Goes on.
    Go,
    /// The answer comes later, by another call.
    Later,
    /// The transfer ends, at any time.
    End {
        /// Tells the client.
        code: ErrorCode,
        /// Tells the client.
        text: Cow<'static, str>,
        /// The client is not told.
        silent: bool,
    },
}
