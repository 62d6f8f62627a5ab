//! The results of handling a datagram.

use crate::id::{ConnectionId, TransferId};

/// The result of handling a datagram, returned before outputs are polled. It borrows the datagram:
/// the bytes of an upload are passed on only here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handled<'a> {
    /// The datagram has no effect, except that a stray packet or an unknown mode may be answered
    /// with an ERROR.
    Ignored(DropReason),
    /// A request that is not answered.
    Unanswered(DropReason),
    /// A request that is refused with an ERROR and begins no transfer. Its connection number stays
    /// taken until the observer gives it back.
    Refused(DropReason, ConnectionId),
    /// A transfer begins. The caller creates its own record of it.
    Requested(TransferId),
    /// A repeated request: its transfer's current packet is retransmitted, or the request is held.
    Repeated(TransferId),
    /// A packet of a transfer that made no progress.
    Packet(TransferId),
    /// Progress of a download: the stream's bytes below this position are acknowledged.
    Acked(TransferId, u64),
    /// The next bytes of an upload, each exactly once.
    Received {
        /// The upload.
        id: TransferId,
        /// The bytes that follow those received before; empty if the last block is empty.
        bytes: &'a [u8],
        /// True if the stream ends here.
        last: bool,
    },
}

/// The reason why a datagram neither begins nor advances a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DropReason {
    /// Neither a request nor a packet of a transfer.
    NoRequest,
    /// Not a TFTP packet.
    Malformed,
    /// A request with an unknown mode.
    Mode,
    /// A packet of no transfer on this port.
    Stray,
    /// Sent to a broadcast address.
    Broadcast,
    /// Requests are not answered any more.
    NotListening,
    /// The client is excluded ([`crate::Limits::admits`]).
    Excluded,
    /// The application cannot take any more events.
    Full,
    /// Too many transfers are half-open, and all of them are too young to give way.
    Crowded,
    /// Uploads are not allowed.
    ReadOnly,
    /// The limit on the number of transfers is reached, in all or for that address.
    TooMany,
}
