//! What both machines share: what they send, and how they end.

use alloc::string::String;
use core::mem::take;

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

/// The end of a transfer, and whether an ERROR has to go out because of it.
#[derive(Debug, Default)]
pub(crate) struct End {
    how: How,
    owes_error: bool,
}

#[derive(Debug, Default)]
enum How {
    #[default]
    NotYet,
    Ended(Outcome),
    /// [`Outcome::Failed`], with what the owner says about it.
    Failed(ErrorCode, &'static str),
}

impl End {
    pub fn outcome(&self) -> Option<&Outcome> {
        static FAILED: Outcome = Outcome::Failed;
        match &self.how {
            How::NotYet => None,
            How::Ended(outcome) => Some(outcome),
            How::Failed(..) => Some(&FAILED),
        }
    }

    pub fn has_come(&self) -> bool {
        !matches!(self.how, How::NotYet)
    }

    /// The end, and nothing left to send because of it.
    pub fn is_told(&self) -> bool {
        self.has_come() && !self.owes_error
    }

    pub fn complete(&mut self) {
        self.how = How::Ended(Outcome::Complete);
    }

    /// An ERROR came: never answered (RFC 1350 section 7; answering is the loop of CVE-2024-2169).
    pub fn client_error(&mut self, code: ErrorCode, message: &[u8], after_oack: bool) {
        let probe = after_oack && matches!(code, ErrorCode::OPTION | ErrorCode::UNDEFINED);
        let message = printable(message, MAX_PEER_TEXT);
        self.how = How::Ended(Outcome::ClientError { code, message, probe });
    }

    pub fn timed_out(&mut self, probably_complete: bool) {
        *self = End {
            how: How::Ended(Outcome::TimedOut { probably_complete }),
            owes_error: true,
        };
    }

    pub fn oversized(&mut self) {
        *self = End {
            how: How::Ended(Outcome::Oversized),
            owes_error: true,
        };
    }

    pub fn failed(&mut self, code: ErrorCode, message: &'static str) {
        *self = End {
            how: How::Failed(code, message),
            owes_error: true,
        };
    }

    /// The ERROR to send, once.
    pub fn take_error(&mut self) -> Option<Transmit> {
        let (code, message) = match self.how {
            How::Failed(code, message) => (code, message),
            How::Ended(Outcome::Oversized) => (ErrorCode::ILLEGAL, "DATA longer than agreed"),
            _ => (ErrorCode::UNDEFINED, "Timed out"),
        };
        take(&mut self.owes_error).then_some(Transmit::Error { code, message })
    }
}
