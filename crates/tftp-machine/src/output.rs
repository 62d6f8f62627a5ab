//! What the machine wants done.

use alloc::string::String;
use core::ops::Range;

use tftp_proto::block::to_wire;
use tftp_proto::wire::data_header;
use tftp_proto::{ErrorCode, Rollover};

use crate::handled::Handled;
use crate::held::HeldRequest;
use crate::id::{PortId, TransferId};
use crate::net::{NoPort, OpenPlan, Route};

/// One thing to do. It is polled until there is none after each input.
#[derive(Debug)]
pub enum Output<'a> {
    /// OACK, ACK or ERROR, to be copied now.
    Control {
        /// Whereto.
        to: &'a Route,
        /// The transfer, if it is of one.
        id: Option<TransferId>,
        /// The packet.
        bytes: &'a [u8],
    },
    /// DATA packets.
    Data {
        /// The download.
        id: TransferId,
        /// Whereto.
        to: &'a Route,
        /// Their headers, and which bytes of the stream they carry.
        blocks: Blocks,
        /// Packets of the transfer that were sent more than once, so far.
        repeated: u64,
    },
    /// The application decides; answered by `decide`, at once (also with "later").
    Ask {
        /// The transfer.
        id: TransferId,
        /// What it decides.
        question: Question,
    },
    /// Storage is asked for something; answered by `handle_io` at any time, also at once.
    Io {
        /// The transfer.
        id: TransferId,
        /// What.
        what: Io,
    },
    /// Options are agreed: look at the transfer.
    Begun {
        /// The transfer.
        id: TransferId,
    },
    /// The client has acknowledged something for the first time: what the transfer holds open counts as settled.
    Settled {
        /// The transfer.
        id: TransferId,
    },
    /// The transfer has ended; told once.
    Over {
        /// The transfer.
        id: TransferId,
        /// How.
        how: &'a Ending,
    },
    /// Nothing of the transfer is left. An upload may repeat its last ACK for a while before.
    Gone {
        /// The transfer.
        id: TransferId,
    },
    /// A port is needed; answered by `handle_port`, at once.
    OpenPort {
        /// The transfer; another name where the port is for later ones.
        id: TransferId,
        /// Which.
        plan: &'a OpenPlan,
    },
    /// A port is not needed any more, once what was sent from it has left.
    ClosePort {
        /// Which.
        port: PortId,
    },
    /// A request that had waited for the end of its client's former transfer is handled now: acted on as if
    /// `handle_datagram` had returned this.
    Retried {
        /// What it meant.
        handled: Handled<'static>,
        /// The request.
        request: &'a HeldRequest,
    },
    /// No transfers are left after `stop_listening`.
    Drained,
}

/// What the application is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// Whether a request is served, before a file is looked up.
    Request,
    /// Whether the transfer starts.
    Start {
        /// A file is there, or a place for one.
        found: bool,
    },
}

/// What storage is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Io {
    /// To open the file, or to make a place for an upload.
    Open {
        /// For the second and last time: the application may have named another one since.
        again: bool,
    },
    /// The stream's bytes below this are needed.
    Read {
        /// Bytes from the beginning of the stream.
        upto: u64,
    },
    /// The upload is whole: it is to last.
    Commit,
    /// The file of a half-open download may be closed; opened again later.
    LetGo,
    /// The file that was closed is needed.
    Reopen,
    /// Nothing more is read or written. What is not committed is discarded.
    Close,
}

/// How a transfer ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Every byte arrived.
    Complete,
    /// The client sent an ERROR.
    ClientError {
        /// Its code.
        code: ErrorCode,
        /// Its text, printable and bounded.
        message: String,
        /// It only asked for the size.
        probe: bool,
    },
    /// The client's port is closed.
    Unreachable,
    /// Nothing came from the client for too long.
    Silent {
        /// Only the last acknowledgement is missing.
        probably_complete: bool,
    },
    /// A half-open transfer that gave way to a newcomer.
    GaveWay,
    /// A DATA was longer than agreed.
    Oversized,
    /// The client began anew.
    Replaced,
    /// The application put its answer off and never gave it.
    Unanswered,
    /// [`crate::IoDone::Busy`].
    Busy,
    /// There was nothing to serve.
    Missing,
    /// [`crate::IoDone::Failed`].
    Failed,
    /// [`crate::Decision::End`].
    Decided,
    /// There was no port.
    NoPort(NoPort),
    /// Packets of the agreed size do not pass.
    TooLong,
    /// The server ends.
    Shutdown,
    /// After a fault.
    Abandoned,
}

/// DATA packets in order: for each its header, and the bytes of the stream that it carries. The last block of a stream ends
/// where the stream ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blocks {
    /// The next block's position, 1 or more.
    pub first: u64,
    /// How many are left.
    pub count: u32,
    /// Bytes in each but the stream's last.
    pub blksize: u16,
    /// The number after 65535.
    pub rollover: Rollover,
}

impl Iterator for Blocks {
    type Item = ([u8; 4], Range<u64>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.count == 0 {
            return None;
        }
        let (block, blksize) = (self.first, u64::from(self.blksize));
        self.first += 1;
        self.count -= 1;
        let header = data_header(to_wire(block, self.rollover));
        Some((header, (block - 1) * blksize..block * blksize))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.count as usize;
        (left, Some(left))
    }
}

impl ExactSizeIterator for Blocks {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_numbered_and_carry_the_stream_in_order() {
        let blocks = Blocks {
            first: 65535,
            count: 3,
            blksize: 8,
            rollover: Rollover::Zero,
        };
        assert_eq!(blocks.len(), 3);
        let all: Vec<_> = blocks.collect();
        assert_eq!(all[0], ([0, 3, 0xff, 0xff], 524_272..524_280));
        assert_eq!(all[1], ([0, 3, 0, 0], 524_280..524_288));
        assert_eq!(all[2], ([0, 3, 0, 1], 524_288..524_296));
        let one = Blocks {
            rollover: Rollover::One,
            ..blocks
        };
        assert_eq!(one.map(|(header, _)| header[3]).collect::<Vec<_>>(), [0xff, 1, 2]);
    }

    #[test]
    fn what_is_polled_for_each_packet_is_small() {
        assert!(size_of::<Output<'_>>() <= 48, "{}", size_of::<Output<'_>>());
        assert!(size_of::<Handled<'_>>() <= 32);
        assert_eq!(size_of::<Blocks>(), 16);
    }
}
