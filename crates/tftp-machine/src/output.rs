//! The outputs of the machine: actions that the caller carries out.

use alloc::string::String;
use core::ops::Range;

use tftp_proto::block::to_wire;
use tftp_proto::wire::data_header;
use tftp_proto::{ErrorCode, Rollover};

use crate::handled::Handled;
use crate::held::HeldRequest;
use crate::id::{PortId, TransferId};
use crate::net::{NoPort, OpenPlan, Route};

/// One action for the caller. After each input it polls for outputs until there are none.
#[derive(Debug)]
pub enum Output<'a> {
    /// An OACK, ACK or ERROR to send. The caller copies it at once: the next poll overwrites the
    /// buffer.
    Control {
        /// The destination.
        to: &'a Route,
        /// The transfer that it belongs to, if any.
        id: Option<TransferId>,
        /// The packet.
        bytes: &'a [u8],
    },
    /// DATA packets to send.
    Data {
        /// The download.
        id: TransferId,
        /// The destination.
        to: &'a Route,
        /// The header of each packet, and the bytes of the stream that it carries.
        blocks: Blocks,
        /// The number of packets that the transfer has retransmitted so far.
        repeated: u64,
    },
    /// A question to the application. The caller answers it at once with `decide`, if only with
    /// `Decision::Later`.
    Ask {
        /// The transfer.
        id: TransferId,
        /// The question.
        question: Question,
    },
    /// An operation of storage. The caller reports its result with `handle_io`, at once or at any
    /// later time.
    Io {
        /// The transfer.
        id: TransferId,
        /// The operation.
        what: Io,
    },
    /// The options are negotiated; `Transfer::negotiated` returns them.
    Begun {
        /// The transfer.
        id: TransferId,
    },
    /// The client has acknowledged something for the first time: descriptors of the transfer no
    /// longer count as half-open.
    Settled {
        /// The transfer.
        id: TransferId,
    },
    /// The transfer has ended. Emitted once for each transfer.
    Over {
        /// The transfer.
        id: TransferId,
        /// The way in which it ended.
        how: &'a Ending,
    },
    /// The transfer is removed. Before that, an upload may retransmit its last ACK for a while.
    Gone {
        /// The transfer.
        id: TransferId,
    },
    /// A port has to be opened. The caller answers at once with `handle_port`.
    OpenPort {
        /// The transfer; an id of no transfer if the port is for later ones.
        id: TransferId,
        /// The kind of port, and its parameters.
        plan: &'a OpenPlan,
    },
    /// A port is not needed any more. The caller closes it when the packets sent from it have left.
    ClosePort {
        /// The port.
        port: PortId,
    },
    /// A held request has been handled, because it is clear now whether its client's former
    /// transfer goes on. The caller acts on `handled` as on a result of `handle_datagram`.
    Retried {
        /// The result.
        handled: Handled<'static>,
        /// The request.
        request: &'a HeldRequest,
    },
    /// No transfers are left after `stop_listening`.
    Drained,
}

/// A question to the application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// Whether to serve a request, before a file is looked up.
    Request,
    /// Whether to start the transfer.
    Start {
        /// True if the file exists, or a place for an upload.
        found: bool,
    },
}

/// An operation of storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Io {
    /// Opens the file, or creates a place for an upload.
    Open {
        /// True for the second and last attempt: the application may have named another file since
        /// the first.
        again: bool,
    },
    /// Reads a download's stream, of which the bytes below `upto` are needed.
    Read {
        /// Bytes from the beginning of the stream.
        upto: u64,
    },
    /// Stores an upload permanently: all its bytes have arrived.
    Commit,
    /// Closes the file of a half-open download to save descriptors; `Reopen` opens it again.
    LetGo,
    /// Opens the file again that `LetGo` closed.
    Reopen,
    /// Closes the file: nothing more is read or written. An upload that is not committed is
    /// discarded.
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
        /// True if the client only wanted to know the size.
        probe: bool,
    },
    /// The client's port is closed.
    Unreachable,
    /// Nothing arrived from the client for too long.
    Silent {
        /// True if only the last acknowledgement is missing.
        probably_complete: bool,
    },
    /// A half-open transfer that gave way to a newcomer.
    GaveWay,
    /// A DATA packet was longer than negotiated.
    Oversized,
    /// A newer transfer of the same client replaced it.
    Replaced,
    /// The application postponed its answer and did not give it in time.
    Unanswered,
    /// [`crate::IoDone::Busy`].
    Busy,
    /// There was no file and no data to serve.
    Missing,
    /// [`crate::IoDone::Failed`].
    Failed,
    /// [`crate::Decision::End`].
    Decided,
    /// No port was available.
    NoPort(NoPort),
    /// The path does not take packets of the negotiated size.
    TooLong,
    /// The server shut down.
    Shutdown,
    /// The transfer was abandoned after a fault.
    Abandoned,
}

/// An iterator over DATA packets in order: the header of each, and the range of the stream that it
/// carries. The range of a stream's last block may pass the end of the stream; the block ends
/// there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blocks {
    /// The next block's position, 1 or more.
    pub first: u64,
    /// How many are left.
    pub count: u32,
    /// The bytes of each block but the stream's last.
    pub blksize: u16,
    /// The number after 65535.
    pub rollover: Rollover,
}

impl Blocks {
    /// Returns true if they are these others and perhaps more.
    pub fn contain(&self, others: &Blocks) -> bool {
        self.from() <= others.from() && others.upto() <= self.upto()
    }

    /// The stream offset of the first one.
    pub fn from(&self) -> u64 {
        (self.first - 1) * u64::from(self.blksize)
    }

    /// The stream offset up to which they carry it, if it is long enough.
    #[inline]
    pub fn upto(&self) -> u64 {
        (self.first - 1 + u64::from(self.count)) * u64::from(self.blksize)
    }
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
        assert_eq!((blocks.len(), blocks.upto()), (3, 524_296));
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
    fn outputs_and_results_are_small() {
        assert!(size_of::<Output<'_>>() <= 48, "{}", size_of::<Output<'_>>());
        assert!(size_of::<Handled<'_>>() <= 32);
        assert_eq!(size_of::<Blocks>(), 16);
    }
}
