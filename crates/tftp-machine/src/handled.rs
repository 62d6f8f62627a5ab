//! What a datagram meant.

use crate::id::{ConnectionId, TransferId};

/// What a datagram meant, told before anything is polled. It borrows the datagram: the bytes of an upload pass by it alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handled<'a> {
    /// Nothing is done about it, or a stray packet is answered with an ERROR.
    Ignored(Why),
    /// A request that meets silence.
    Unanswered(Why),
    /// A request that begins no transfer; the client is told. Its number is taken and stays so until the observer gives it
    /// back.
    Refused(Why, ConnectionId),
    /// A transfer begins: the loop makes what it keeps of it.
    Asked(TransferId),
    /// A request again: its transfer's current packet goes again, or the request waits.
    Repeated(TransferId),
    /// It belongs to a transfer and moved nothing.
    Packet(TransferId),
    /// A download moved: the stream's bytes below this are acknowledged.
    Acked(TransferId, u64),
    /// The next bytes of an upload, each exactly once.
    Received {
        /// The upload.
        id: TransferId,
        /// They follow those before; none where the last block is empty.
        bytes: &'a [u8],
        /// The stream ends here.
        last: bool,
    },
}

/// Why a datagram begins or moves no transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Neither a request nor for a transfer.
    NoRequest,
    /// No packet of TFTP.
    Malformed,
    /// A request with a mode that is not known.
    Mode,
    /// Of no transfer that this port has.
    Stray,
    /// Sent to a broadcast address.
    Broadcast,
    /// Requests are not answered any more.
    NotListening,
    /// Whose requests are answered excludes this client.
    Excluded,
    /// The application cannot take any more events.
    Full,
    /// Too much is half-open, and all of it is young.
    Crowded,
    /// Uploads are not allowed.
    ReadOnly,
    /// As many transfers are under way as may be, in all or of that address.
    TooMany,
}
