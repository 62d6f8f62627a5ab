//! What both machines share: what they send, and how they end.

use alloc::string::String;

use crate::negotiate::Oack;
use crate::wire::{ErrorCode, printable};

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

/// The end of a transfer, and the ERROR that may have to go out because of it.
#[derive(Debug, Default)]
pub(crate) struct End {
    outcome: Option<Outcome>,
    error: Option<(ErrorCode, &'static str)>,
}

impl End {
    pub fn outcome(&self) -> Option<&Outcome> {
        self.outcome.as_ref()
    }

    pub fn has_come(&self) -> bool {
        self.outcome.is_some()
    }

    /// The end, and nothing left to send because of it.
    pub fn is_told(&self) -> bool {
        self.outcome.is_some() && self.error.is_none()
    }

    pub fn complete(&mut self) {
        self.outcome = Some(Outcome::Complete);
    }

    /// An ERROR came: never answered (RFC 1350 section 7; answering is the loop of CVE-2024-2169).
    pub fn client_error(&mut self, code: ErrorCode, message: &[u8], after_oack: bool) {
        let probe = after_oack && matches!(code, ErrorCode::OPTION | ErrorCode::UNDEFINED);
        let message = printable(message, MAX_PEER_TEXT);
        self.outcome = Some(Outcome::ClientError { code, message, probe });
    }

    pub fn timed_out(&mut self, probably_complete: bool) {
        self.end(
            Outcome::TimedOut { probably_complete },
            ErrorCode::UNDEFINED,
            "Timed out",
        );
    }

    pub fn oversized(&mut self) {
        self.end(Outcome::Oversized, ErrorCode::ILLEGAL, "DATA longer than agreed");
    }

    pub fn failed(&mut self, code: ErrorCode, message: &'static str) {
        self.end(Outcome::Failed, code, message);
    }

    /// The ERROR to send, once.
    pub fn take_error(&mut self) -> Option<Transmit> {
        self.error
            .take()
            .map(|(code, message)| Transmit::Error { code, message })
    }

    fn end(&mut self, outcome: Outcome, code: ErrorCode, message: &'static str) {
        self.outcome = Some(outcome);
        self.error = Some((code, message));
    }
}
