//! Packets that wait to be sent: what they are made of, by reference, until a flush.

use std::ops::Range;
use std::sync::Arc;

use super::{Bytes, Route};

/// Slices up to this many bytes are copied beside the header: a window is then one piece of memory instead of two a
/// block. Measured with UDP_SEGMENT on a veth, a block of 64: 512 bytes cost 108 ns copied and 152 ns referenced, 1428
/// bytes about 195 ns either way.
const COPY_LIMIT: usize = 512;

/// Pieces that one datagram may have; what comes beyond is copied. With 64 datagrams a message, and a message cut
/// where IOV_MAX would be exceeded, any datagram fits.
const MAX_PIECES: usize = 32;

/// The source of a piece whose bytes the queue itself holds.
const COPIED: u32 = u32::MAX;

/// Packets in the order they were pushed.
#[derive(Default)]
pub(super) struct Queue {
    pub(super) messages: Vec<Message>,
    datagrams: Vec<Datagram>,
    pieces: Vec<Piece>,
    copied: Vec<u8>,
    kept: Vec<Bytes>,
    /// The last message is a run of blocks that has not ended.
    is_open: bool,
}

/// Datagrams with one way; those already sent are cut off at the front.
#[derive(Clone, Copy)]
pub(super) struct Message {
    pub(super) route: Route,
    /// The first datagram not sent yet.
    pub(super) first: usize,
    /// Behind the last one.
    pub(super) end: usize,
    /// The size of every datagram but the last, which has no more; 0: not so.
    pub(super) segment: usize,
}

/// One packet: a run of pieces.
#[derive(Clone, Copy)]
struct Datagram {
    first: usize,
    end: usize,
    length: usize,
}

/// Contiguous bytes: of the queue or of one of the `kept`.
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
    /// Adds a packet of its own, copied.
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
        if range.len() <= COPY_LIMIT || datagram.end - datagram.first >= MAX_PIECES {
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

    /// Ends the run of blocks; nothing where there is none.
    #[inline]
    pub(super) fn end_data(&mut self) {
        if std::mem::take(&mut self.is_open) {
            self.close_run();
        }
    }

    /// Drops a run of blocks that was begun and not ended: whoever added to it has failed in between, and half a block would
    /// end the file for its client.
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
        let regular =
            others.iter().all(|block| block.length == message.segment) && last.length <= message.segment;
        debug_assert!(regular, "every block but the last has segment_size bytes");
        if !regular {
            message.segment = 0;
        }
    }

    /// Whether nothing waits to be sent, nor is about to be added.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// The only message, where there is one alone.
    #[inline]
    pub(super) fn only(&self) -> Option<&Message> {
        match &self.messages[..] {
            [message] => Some(message),
            _ => None,
        }
    }

    /// The datagram of a message that is a single one of at most `most` bytes, to the peer that its socket is connected to.
    #[inline]
    pub(super) fn lone_packet(&self, message: &Message, most: usize) -> Option<usize> {
        let is_lone = message.route.connected && message.len() == 1;
        (is_lone && self.datagrams[message.first].length <= most).then_some(message.first)
    }

    /// Calls `each` with the bytes of one datagram, piece by piece.
    #[inline]
    pub(super) fn pieces(&self, datagram: usize) -> impl ExactSizeIterator<Item = &[u8]> {
        let Datagram { first, end, .. } = self.datagrams[datagram];
        self.pieces[first..end].iter().map(|piece| self.bytes(piece))
    }

    /// The bytes of one piece.
    #[inline]
    fn bytes(&self, piece: &Piece) -> &[u8] {
        let source = if piece.source == COPIED {
            &self.copied
        } else {
            &*self.kept[piece.source as usize]
        };
        &source[piece.start..piece.start + piece.length as usize]
    }

    /// Forgets what was sent; the room is used again.
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

    /// Forgets everything; the room is used again.
    #[inline]
    pub(super) fn clear(&mut self) {
        self.messages.clear();
        self.datagrams.clear();
        self.pieces.clear();
        self.copied.clear();
        self.kept.clear();
    }

    /// Takes over what is left of a message of another queue.
    fn copy(&mut self, from: &Queue, message: &Message) {
        let first = self.datagrams.len();
        for datagram in message.first..message.end {
            self.begin_datagram();
            let Datagram { first, end, .. } = from.datagrams[datagram];
            for piece in &from.pieces[first..end] {
                match from.kept.get(piece.source as usize) {
                    Some(bytes) => self.refer(bytes, piece.start..piece.start + piece.length as usize),
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

    /// A datagram with these bytes, copied: its first piece, so there is none beside which they could stand.
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
        // Beside the piece before, where that was copied too: one piece.
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
