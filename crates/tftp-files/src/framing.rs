//! Lays out chunks with the headers of their DATA packets between the blocks, so that a window is
//! one piece of memory.

use tftp_proto::Rollover;
use tftp_proto::block::to_wire;
use tftp_proto::wire::data_header;

/// The size of a DATA header in bytes.
const HEADER: usize = 4;

/// The least block size in bytes that is framed: the headers of smaller blocks would make a chunk
/// noticeably larger.
const LEAST_BLKSIZE: u16 = 256;

/// The way in which a stream is cut into DATA packets. A framed chunk begins with a block and holds
/// whole blocks, of which only the stream's last may be shorter. Each block follows its header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Framing {
    blksize: u16,
    rollover: Rollover,
}

impl Framing {
    /// Returns the framing of blocks of that size, or `None` if they are too small for it.
    pub(crate) fn of(blksize: u16, rollover: Rollover) -> Option<Framing> {
        (blksize >= LEAST_BLKSIZE).then_some(Framing { blksize, rollover })
    }

    fn blksize(self) -> usize {
        usize::from(self.blksize)
    }

    /// Returns the size of a chunk in bytes of the stream: a multiple of the block size, at most
    /// `most` but at least a block.
    pub(crate) fn chunk_size(self, most: u32) -> u32 {
        let blksize = u32::from(self.blksize);
        (most - most % blksize).max(blksize)
    }

    /// Returns the size in memory of a chunk of `length` bytes of the stream.
    pub(crate) fn framed_length(self, length: usize) -> usize {
        length + HEADER * length.div_ceil(self.blksize())
    }

    /// Returns the number of stream bytes in a framed chunk of `framed` bytes.
    pub(crate) fn length(self, framed: usize) -> usize {
        framed - HEADER * framed.div_ceil(HEADER + self.blksize())
    }

    /// Makes room between the blocks of a chunk and puts their headers there. `start` is the stream
    /// offset of the chunk.
    pub(crate) fn frame(self, start: u64, chunk: &mut Vec<u8>) {
        let (blksize, length) = (self.blksize(), chunk.len());
        let framed = self.framed_length(length);
        chunk.reserve_exact(framed - length);
        chunk.resize(framed, 0);
        let first = start / u64::from(self.blksize) + 1;
        // From the back, so that a block's new place overlaps with no earlier block that has not
        // moved yet.
        for index in (0..length.div_ceil(blksize)).rev() {
            let (from, upto) = (index * blksize, length.min((index + 1) * blksize));
            let header = from + HEADER * index;
            chunk.copy_within(from..upto, header + HEADER);
            let number = to_wire(first + index as u64, self.rollover);
            chunk[header..header + HEADER].copy_from_slice(&data_header(number));
        }
    }

    /// Returns the offset in a framed chunk of the packet whose block begins at the chunk's stream
    /// byte `offset`.
    pub(crate) fn packet_at(self, offset: usize) -> usize {
        offset + HEADER * (offset / self.blksize())
    }

    /// Calls `each` for the pieces of a framed chunk that hold the stream's bytes `from..upto`,
    /// counted from its start.
    pub(crate) fn pieces(
        self,
        from: usize,
        upto: usize,
        mut each: impl FnMut(std::ops::Range<usize>),
    ) {
        let mut at = from;
        while at < upto {
            let index = at / self.blksize();
            let end = upto.min((index + 1) * self.blksize());
            let headers = HEADER * (index + 1);
            each(at + headers..end + headers);
            at = end;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framing(blksize: u16, rollover: Rollover) -> Framing {
        Framing::of(blksize, rollover).unwrap()
    }

    /// Every block follows its header, wherever its chunk begins and wherever the numbers roll
    /// over.
    #[test]
    fn a_framed_chunk_is_its_packets_one_after_the_other() {
        for rollover in [Rollover::Zero, Rollover::One] {
            for blksize in [256, 512, 1428, 8192, 65464] {
                let framing = framing(blksize, rollover);
                let full = framing.chunk_size(65536) as usize;
                for length in [1, 255, 256, 257, full - 1, full] {
                    for block in [1, 2, 65530, 65535, 65536, 131_065, 131_071] {
                        let plain: Vec<u8> =
                            (0..length).map(|at| (at * 31 + at / 251) as u8).collect();
                        let mut expected = Vec::new();
                        for (number, data) in (block..).zip(plain.chunks(usize::from(blksize))) {
                            expected.extend(data_header(to_wire(number, rollover)));
                            expected.extend(data);
                        }
                        let mut chunk = plain.clone();
                        framing.frame((block - 1) * u64::from(blksize), &mut chunk);
                        assert!(chunk == expected, "{rollover:?} {blksize} {length} {block}");
                        assert_eq!(chunk.len(), framing.framed_length(length));
                        assert_eq!(framing.length(chunk.len()), length);
                    }
                }
            }
        }
    }

    #[test]
    fn bytes_are_found_between_the_headers() {
        let framing = framing(300, Rollover::Zero);
        let plain: Vec<u8> = (0..1000).map(|at| (at % 251) as u8).collect();
        let mut chunk = plain.clone();
        framing.frame(300, &mut chunk);
        for from in 0..plain.len() {
            for upto in [from, from + 1, from + 299, from + 300, from + 301, 1000] {
                let upto = upto.clamp(from, plain.len());
                let mut found = Vec::new();
                framing.pieces(from, upto, |range| found.extend_from_slice(&chunk[range]));
                assert!(found == plain[from..upto], "{from}..{upto}");
            }
        }
        assert_eq!(
            [0, 300, 900].map(|offset| framing.packet_at(offset)),
            [0, 304, 912]
        );
    }

    #[test]
    fn chunks_hold_whole_blocks_and_small_blocks_are_not_framed() {
        assert_eq!(Framing::of(255, Rollover::Zero), None);
        assert_eq!(framing(1428, Rollover::Zero).chunk_size(65536), 45 * 1428);
        assert_eq!(framing(8192, Rollover::Zero).chunk_size(65536), 65536);
        assert_eq!(framing(65464, Rollover::Zero).chunk_size(65536), 65464);
        assert_eq!(framing(9000, Rollover::Zero).chunk_size(8192), 9000);
    }
}
