//! Inputs that answer outputs: results of storage, and decisions of the application.

use alloc::borrow::Cow;

use tftp_proto::ErrorCode;

/// The result of an operation of storage ([`crate::Io`]), or news of an upload's storage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IoDone {
    /// The file or the application's data is open, or there is a place for the upload.
    Opened {
        /// The length of the stream on the wire in bytes, if it is known; `None` for an upload.
        length: Option<u64>,
    },
    /// There is no file, or it must not be used. The application may still supply something when it
    /// decides on the start ([`crate::Question::Start`]).
    Missing {
        /// The code of the client's ERROR.
        code: ErrorCode,
        /// The text of the client's ERROR.
        text: Cow<'static, str>,
    },
    /// So many operations hang that the client gets no answer, and will repeat its request.
    Busy,
    /// The stream's bytes below `available` can be sent.
    Supplied {
        /// Bytes from the beginning of the stream.
        available: u64,
        /// True if the stream ends there.
        end: bool,
    },
    /// Reading, writing or storing failed.
    Failed {
        /// The code of the client's ERROR.
        code: ErrorCode,
        /// The text of the client's ERROR.
        text: Cow<'static, str>,
    },
    /// The upload's storage or application is behind (`true`), or has caught up (`false`).
    Held(bool),
    /// The upload is stored.
    Committed,
    /// The file of a half-open download was closed.
    LetGo,
    /// The file is open again, and still the same one.
    Reopened,
}

/// The application's answer to a [`crate::Question`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The transfer goes on.
    Go,
    /// The answer follows later, with another call.
    Later,
    /// The transfer ends. This decision may be taken at any time, not only as an answer.
    End {
        /// The code of the client's ERROR.
        code: ErrorCode,
        /// The text of the client's ERROR.
        text: Cow<'static, str>,
        /// True if the client gets no ERROR.
        silent: bool,
    },
}
