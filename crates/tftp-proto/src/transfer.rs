//! What both machines share: what they send, and how they end.

use alloc::string::String;

use crate::negotiate::Oack;
use crate::wire::ErrorCode;

/// The longest peer text kept in an [`Outcome`], in bytes.
pub(crate) const MAX_PEER_TEXT: usize = 256;

/// One thing to send to the client, from the transfer's port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transmit {
    /// The OACK: encode it with [`Oack::encode`].
    Oack(Oack),
    /// An ACK: [`crate::wire::ack`].
    Ack {
        /// The number on the wire.
        block: u16,
    },
    /// `count` DATA packets, in order. Block n (1-based) carries the stream bytes
    /// [(n-1)*blksize, min(n*blksize, end)); its number is `wire_block(n)`.
    Data {
        /// The first block's position, 1 or more.
        first: u64,
        /// How many blocks, 1 or more, at most a window.
        count: u32,
    },
    /// An ERROR: [`crate::wire::encode_error`].
    Error {
        /// The code.
        code: ErrorCode,
        /// The text, printable.
        message: &'static str,
    },
}

/// How a transfer ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Every byte arrived: the last block was acknowledged.
    Complete,
    /// The client sent an ERROR.
    ClientError {
        /// Its code.
        code: ErrorCode,
        /// Its text, printable and bounded.
        message: String,
        /// ERROR 8 or 0 as the answer to the OACK of a download: the client only wanted to know the size.
        probe: bool,
    },
    /// Silence past every retransmission, no progress for the inactivity limit, or the absolute limit reached.
    TimedOut {
        /// Only the acknowledgement of a download's end is missing, from a client that answered before.
        probably_complete: bool,
    },
    /// A DATA longer than was agreed.
    Oversized,
    /// The owner ended it.
    Failed,
}
