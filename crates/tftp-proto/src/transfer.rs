//! Shared by both machines: the packets that they send, and how they end.

use alloc::borrow::Cow;
use alloc::string::String;
use core::mem;

use crate::doubt::ClientError;
use crate::negotiate::Oack;
use crate::wire::{ErrorCode, printable};

/// The longest peer text kept in an [`Outcome`], in bytes.
pub(crate) const MAX_PEER_TEXT: usize = 256;

/// One thing to send to the client, from the transfer's port.
#[derive(Clone, Debug, PartialEq, Eq)]
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
        message: Cow<'static, str>,
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
        /// ERROR 8 or 0 as the answer to the OACK of a download with tsize: the client only wanted
        /// to know the size.
        probe: bool,
    },
    /// The client's port is closed: its network refused a packet, and the same packet again.
    Unreachable,
    /// Silence past every retransmission, no progress for the inactivity limit, or the absolute
    /// limit reached.
    TimedOut {
        /// Only the acknowledgement of a download's end is missing, from a client that answered
        /// before.
        probably_complete: bool,
    },
    /// A DATA longer than was negotiated.
    Oversized,
    /// The caller ended it.
    Failed,
}

/// The end of a transfer, and whether an ERROR has to go out because of it.
#[derive(Debug, Default)]
pub(crate) enum End {
    #[default]
    NotYet,
    /// Ended; the ERROR for the client is still to be sent.
    Pending {
        cause: Cause,
        code: ErrorCode,
        message: Cow<'static, str>,
    },
    /// Ended; nothing is left to send.
    Final(Outcome),
}

impl End {
    pub fn outcome(&self) -> Option<&Outcome> {
        match self {
            End::NotYet => None,
            End::Pending { cause, .. } => Some(cause.outcome()),
            End::Final(outcome) => Some(outcome),
        }
    }

    pub fn has_ended(&self) -> bool {
        !matches!(self, End::NotYet)
    }

    pub fn is_final(&self) -> bool {
        matches!(self, End::Final(_))
    }

    pub fn complete(&mut self) {
        *self = End::Final(Outcome::Complete);
    }

    /// An ERROR came: never answered (RFC 1350 section 7; answering is the loop of CVE-2024-2169).
    /// `asked_size`: it answers the OACK of a download with tsize.
    pub fn client_error(&mut self, error: ClientError, asked_size: bool) {
        let ClientError { code, message } = error;
        let probe = asked_size && matches!(code, ErrorCode::OPTION | ErrorCode::UNDEFINED);
        *self = End::Final(Outcome::ClientError {
            code,
            message,
            probe,
        });
    }

    /// The client is gone, by its own ERROR or by its network's.
    pub fn gone(&mut self, error: Option<ClientError>) {
        match error {
            Some(error) => self.client_error(error, false),
            None => *self = End::Final(Outcome::Unreachable),
        }
    }

    /// Ends without a packet: the address may be forged, or a newer transfer has its client.
    pub fn timed_out_silently(&mut self) {
        *self = End::Final(Outcome::TimedOut {
            probably_complete: false,
        });
    }

    pub fn timed_out(&mut self, probably_complete: bool) {
        let cause = if probably_complete {
            Cause::SilentAtTheEnd
        } else {
            Cause::Silent
        };
        *self = End::Pending {
            cause,
            code: ErrorCode::UNDEFINED,
            message: Cow::Borrowed("Timed out"),
        };
    }

    pub fn oversized(&mut self) {
        let message = Cow::Borrowed("DATA longer than agreed");
        *self = End::Pending {
            cause: Cause::Oversized,
            code: ErrorCode::ILLEGAL,
            message,
        };
    }

    pub fn failed(&mut self, code: ErrorCode, message: Cow<'static, str>) {
        *self = End::Pending {
            cause: Cause::Failed,
            code,
            message,
        };
    }

    /// The ERROR to send, once.
    pub fn take_error(&mut self) -> Option<Transmit> {
        let End::Pending {
            cause,
            code,
            message,
        } = self
        else {
            return None;
        };
        let (cause, code, message) = (*cause, *code, mem::take(message));
        *self = End::Final(cause.outcome().clone());
        Some(Transmit::Error { code, message })
    }
}

/// The outcomes that send an ERROR to the client, in a byte.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cause {
    Silent,
    SilentAtTheEnd,
    Oversized,
    Failed,
}

impl Cause {
    fn outcome(self) -> &'static Outcome {
        match self {
            Cause::Silent => &Outcome::TimedOut {
                probably_complete: false,
            },
            Cause::SilentAtTheEnd => &Outcome::TimedOut {
                probably_complete: true,
            },
            Cause::Oversized => &Outcome::Oversized,
            Cause::Failed => &Outcome::Failed,
        }
    }
}

impl ClientError {
    /// An ERROR packet, its text bounded and made printable.
    pub fn read(code: ErrorCode, message: &[u8]) -> ClientError {
        let message = printable(message, MAX_PEER_TEXT);
        ClientError { code, message }
    }
}
