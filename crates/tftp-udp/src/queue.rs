//! The queue of packets for the next flush; large data is held by reference.

use std::ops::Range;
use std::sync::Arc;

use super::{Bytes, Route};

/// Slices up to this many bytes are copied beside the header, so that a window is one piece of
/// memory instead of two per block. Measured with UDP_SEGMENT on a veth, per block of a window of
/// 64: 512 bytes cost 108 ns copied and 152 ns referenced, 1428 bytes about 195 ns either way.
const COPY_LIMIT: usize = 512;

/// The number of copied bytes from which on single blocks are referenced, too. A turn has 256
/// packets of transfers, but the deadlines of ten thousand transfers may come together, after a
/// pause of the process.
const MOST_COPIED: usize = 512 << 10;

/// The maximum number of pieces of one datagram; further data is copied. A message has up to 64
/// datagrams and is split where it would exceed IOV_MAX, so that any datagram fits.
const MAX_PIECES: usize = 32;

/// The `source` of a piece whose bytes the queue itself holds.
const COPIED: u32 = u32::MAX;

/// Packets in the order they were pushed.
#[derive(Default)]
pub(super) struct Queue {
    pub(super) messages: Vec<Message>,
    datagrams: Vec<Datagram>,
    pieces: Vec<Piece>,
    copied: Vec<u8>,
    kept: Vec<Bytes>,
    /// True while the last message is a run of blocks that has not ended.
    is_open: bool,
    /// The size in bytes up to which slices of that run are copied.
    copy_limit: usize,
}

/// Datagrams with the same route; those already sent are removed at the front.
#[derive(Clone, Copy)]
pub(super) struct Message {
    pub(super) route: Route,
    /// The first datagram not sent yet.
    pub(super) first: usize,
    /// The end of the range, behind the last datagram.
    pub(super) end: usize,
    /// The size of every datagram but the last, which may be shorter; 0 where that does not hold.
    pub(super) segment: usize,
}

/// One packet: a run of pieces.
#[derive(Clone, Copy)]
struct Datagram {
    first: usize,
    end: usize,
    length: usize,
}

/// Contiguous bytes: of `copied` or of one of the `kept`.
#[derive(Clone, Copy)]
struct Piece {
    start: usize,
    length: u32,
    source: u32,
}

impl Message {
    #[inline]
    pub(super) fn is_done(&self) -> bool {
        self.first == self.end
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.end - self.first
    }
}

impl Queue {
    /// Adds a copy of a packet, as a message of its own.
    pub(super) fn push_small(&mut self, route: Route, packet: &[u8]) {
        debug_assert!(!self.is_open);
        let first = self.datagrams.len();
        self.begin_datagram_with(packet);
        self.messages.push(Message {
            route,
            first,
            end: first + 1,
            segment: 0,
        });
    }

    /// Begins a run of blocks of `segment` bytes each, headers included.
    pub(super) fn begin_data(&mut self, route: Route, segment: usize) {
        debug_assert!(!self.is_open);
        let first = self.datagrams.len();
        self.messages.push(Message {
            route,
            first,
            end: first,
            segment,
        });
        self.is_open = true;
        self.copy_limit = COPY_LIMIT;
    }

    /// Begins a run of a single block, whose slices are copied if the block has at most
    /// `most_copied` bytes: it is one piece then.
    pub(super) fn begin_one(&mut self, route: Route, segment: usize, most_copied: usize) {
        self.begin_data(route, segment);
        if segment <= most_copied && self.copied.len() < MOST_COPIED {
            self.copy_limit = most_copied;
        }
    }

    /// Begins the next block.
    #[inline]
    pub(super) fn block(&mut self, header: [u8; 4]) {
        debug_assert!(self.is_open);
        self.begin_datagram_with(&header);
    }

    /// Adds a whole block, header and data.
    #[inline]
    pub(super) fn packet(&mut self, bytes: &Bytes, range: Range<usize>) {
        debug_assert!(self.is_open);
        self.begin_datagram();
        self.refer(bytes, range);
    }

    /// Adds data to the block.
    #[inline]
    pub(super) fn slice(&mut self, bytes: &Bytes, range: Range<usize>) {
        let Some(datagram) = self.datagrams.last() else {
            return;
        };
        if range.len() <= self.copy_limit || datagram.end - datagram.first >= MAX_PIECES {
            return self.push_copied(&bytes[range]);
        }
        self.refer(bytes, range);
    }

    /// Adds bytes to the last datagram by reference.
    #[inline]
    fn refer(&mut self, bytes: &Bytes, range: Range<usize>) {
        assert!(range.end <= bytes.len() && range.len() <= u32::MAX as usize);
        // Successive slices are nearly always of one chunk: one reference for all of them.
        if self.kept.last().is_none_or(|last| !Arc::ptr_eq(last, bytes)) {
            self.kept.push(Arc::clone(bytes));
        }
        let source = (self.kept.len() - 1) as u32;
        self.push_piece(Piece {
            start: range.start,
            length: range.len() as u32,
            source,
        });
    }

    /// Ends the run of blocks, if there is one.
    #[inline]
    pub(super) fn end_data(&mut self) {
        if std::mem::take(&mut self.is_open) {
            self.close_run();
        }
    }

    /// Drops a run of blocks that was begun and not ended: the code that added to it has failed in
    /// between. A client takes a shortened block for the end of the file.
    #[inline]
    pub(super) fn drop_unended(&mut self) {
        if std::mem::take(&mut self.is_open) {
            self.drop_run();
        }
    }

    #[cold]
    fn drop_run(&mut self) {
        let Some(message) = self.messages.pop() else {
            return;
        };
        if let Some(datagram) = self.datagrams.get(message.first) {
            self.pieces.truncate(datagram.first);
            self.datagrams.truncate(message.first);
        }
    }

    fn close_run(&mut self) {
        let Some(message) = self.messages.last_mut() else {
            return;
        };
        message.end = self.datagrams.len();
        let Some((last, others)) = self.datagrams[message.first..].split_last() else {
            self.messages.pop();
            return;
        };
        let regular = others.iter().all(|block| block.length == message.segment)
            && last.length <= message.segment;
        debug_assert!(regular, "every block but the last has segment_size bytes");
        if !regular {
            message.segment = 0;
        }
    }

    /// Returns true if no packets are queued, nor about to be added.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// Returns the message if there is exactly one.
    #[inline]
    pub(super) fn only(&self) -> Option<&Message> {
        match &self.messages[..] {
            [message] => Some(message),
            _ => None,
        }
    }

    /// Returns the datagram of a message that consists of a single one of at most `most` bytes, to
    /// the peer that its socket is connected to.
    #[inline]
    pub(super) fn lone_packet(&self, message: &Message, most: usize) -> Option<usize> {
        let is_lone = message.route.connected && message.len() == 1;
        (is_lone && self.datagrams[message.first].length <= most).then_some(message.first)
    }

    /// Returns the pieces of one datagram.
    #[inline]
    pub(super) fn pieces(&self, datagram: usize) -> impl ExactSizeIterator<Item = &[u8]> {
        let Datagram { first, end, .. } = self.datagrams[datagram];
        self.pieces[first..end].iter().map(|piece| self.bytes(piece))
    }

    /// Returns the bytes of one piece.
    #[inline]
    fn bytes(&self, piece: &Piece) -> &[u8] {
        let source = if piece.source == COPIED {
            &self.copied
        } else {
            &*self.kept[piece.source as usize]
        };
        &source[piece.start..piece.start + piece.length as usize]
    }

    /// Removes the messages that were sent; keeps the memory.
    pub(super) fn compact(&mut self, spare: &mut Queue) {
        debug_assert!(!self.is_open);
        if !self.messages.iter().all(Message::is_done) {
            for message in self.messages.iter().filter(|message| !message.is_done()) {
                spare.copy(self, message);
            }
            std::mem::swap(self, spare);
            return spare.clear();
        }
        self.clear();
    }

    /// Frees the memory that the queued packets do not need.
    pub(super) fn shrink(&mut self) {
        self.messages.shrink_to_fit();
        self.datagrams.shrink_to_fit();
        self.pieces.shrink_to_fit();
        self.copied.shrink_to_fit();
        self.kept.shrink_to_fit();
    }

    /// Removes all messages; keeps the memory.
    #[inline]
    pub(super) fn clear(&mut self) {
        self.messages.clear();
        self.datagrams.clear();
        self.pieces.clear();
        self.copied.clear();
        self.kept.clear();
    }

    /// Copies the unsent part of a message of another queue.
    fn copy(&mut self, from: &Queue, message: &Message) {
        let first = self.datagrams.len();
        for datagram in message.first..message.end {
            self.begin_datagram();
            let Datagram { first, end, .. } = from.datagrams[datagram];
            for piece in &from.pieces[first..end] {
                match from.kept.get(piece.source as usize) {
                    Some(bytes) => {
                        self.refer(bytes, piece.start..piece.start + piece.length as usize)
                    }
                    None => self.push_copied(from.bytes(piece)),
                }
            }
        }
        self.messages.push(Message {
            first,
            end: self.datagrams.len(),
            ..*message
        });
    }

    fn begin_datagram(&mut self) {
        let first = self.pieces.len();
        self.datagrams.push(Datagram {
            first,
            end: first,
            length: 0,
        });
    }

    /// Begins a datagram with a copy of these bytes. It is the first piece, so that there is no
    /// other to merge it with.
    #[inline]
    fn begin_datagram_with(&mut self, bytes: &[u8]) {
        let (first, start) = (self.pieces.len(), self.copied.len());
        self.copied.extend_from_slice(bytes);
        self.pieces.push(Piece {
            start,
            length: bytes.len() as u32,
            source: COPIED,
        });
        self.datagrams.push(Datagram {
            first,
            end: first + 1,
            length: bytes.len(),
        });
    }

    fn push_copied(&mut self, bytes: &[u8]) {
        let start = self.copied.len();
        self.copied.extend_from_slice(bytes);
        let Some(datagram) = self.datagrams.last_mut() else {
            return;
        };
        // Directly behind a piece that was copied too: that piece grows.
        if let Some(last) = self.pieces[datagram.first..].last_mut()
            && last.source == COPIED
        {
            last.length += bytes.len() as u32;
            datagram.length += bytes.len();
            return;
        }
        self.push_piece(Piece {
            start,
            length: bytes.len() as u32,
            source: COPIED,
        });
    }

    #[inline]
    fn push_piece(&mut self, piece: Piece) {
        let Some(datagram) = self.datagrams.last_mut() else {
            return;
        };
        self.pieces.push(piece);
        datagram.end = self.pieces.len();
        datagram.length += piece.length as usize;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to_one_peer() -> Route {
        Route {
            socket: 1,
            peer: "192.0.2.1:4000".parse().unwrap(),
            source: None,
            connected: true,
        }
    }

    fn push_block(queue: &mut Queue, bytes: &Bytes) {
        queue.begin_one(to_one_peer(), 4 + bytes.len(), 2048);
        queue.block([0, 3, 0, 1]);
        queue.slice(bytes, 0..bytes.len());
        queue.end_data();
    }

    /// A block by itself is one piece. The blocks of ten thousand transfers that are sent again
    /// together take no memory beside the chunks that hold them.
    #[test]
    fn single_blocks_are_copied_unless_there_are_very_many() {
        let (mut queue, bytes) = (Queue::default(), Arc::new(vec![7; 1428]));
        push_block(&mut queue, &bytes);
        assert_eq!(queue.pieces(0).len(), 1);
        for _ in 1..10_000 {
            push_block(&mut queue, &bytes);
        }
        assert_eq!(queue.pieces(9_999).len(), 2);
        assert!(
            queue.copied.capacity() <= 4 * MOST_COPIED,
            "{}",
            queue.copied.capacity()
        );
        for datagram in [0, 9_999] {
            let packet: Vec<u8> = queue.pieces(datagram).flatten().copied().collect();
            assert!(packet[..4] == [0, 3, 0, 1] && packet[4..] == bytes[..]);
        }
    }
}
