//! Interprets the block numbers of an upload's DATA, including those of clients with their own
//! roll-over.

use crate::block::{Evidence, FIRST_WRAPPED, Rollover, distance, evidence, to_wire};
use crate::negotiate::NegotiatedOptions;

/// The meaning of a block number at the current position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BlockClass {
    Next,
    /// Behind a gap, at this position.
    Ahead(u64),
    /// A duplicate.
    Old,
    /// A number that the client cannot have sent.
    Invalid,
    /// Block 65536 of one client or a later block of another: see [`Evidence::Ambiguous`].
    Ambiguous,
}

/// The position of the receiver of an upload, in blocks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Position {
    /// The last block received without a gap before it.
    pub received: u64,
    /// The highest block the client may have sent: a window behind the last ACK (RFC 7440 section
    /// 4).
    pub reach: u64,
}

/// How many windows may stay unclear at the roll-over before it is taken to go to 1. Each of them
/// would have to lose block 65536, and no other, for that to be wrong.
const MAX_DOUBTS: u8 = 8;

/// The numbers of one upload.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Numbers {
    /// How the client rolls over; `None` while unknown.
    rollover: Option<Rollover>,
    /// The number of windows in which that stayed unclear.
    doubts: u8,
}

impl Numbers {
    /// Only a negotiated roll-over is certain from the beginning.
    pub fn new(negotiated: &NegotiatedOptions) -> Numbers {
        Numbers {
            rollover: negotiated.oack.and_then(|oack| oack.rollover()),
            doubts: 0,
        }
    }

    pub fn rollover(&self) -> Option<Rollover> {
        self.rollover
    }

    pub fn wire(&self, block: u64, negotiated: &NegotiatedOptions) -> u16 {
        to_wire(block, self.rollover.unwrap_or(negotiated.rollover))
    }

    /// Counts a window that fits both roll-over modes. After `MAX_DOUBTS` of them mode One is
    /// assumed.
    pub fn doubt(&mut self) {
        self.doubts += 1;
        if self.doubts >= MAX_DOUBTS {
            self.rollover = Some(Rollover::One);
        }
    }

    /// Returns the class of a DATA packet with this number and this many bytes.
    #[inline]
    pub fn classify(
        &mut self,
        at: Position,
        negotiated: &NegotiatedOptions,
        wire: u16,
        length: usize,
    ) -> BlockClass {
        if self.rollover.is_none() && at.received + 1 == FIRST_WRAPPED {
            match seen(at.reach, negotiated, wire, length) {
                Evidence::Certain(rollover) => self.rollover = Some(rollover),
                Evidence::Ambiguous => return BlockClass::Ambiguous,
                Evidence::None => {}
            }
        }
        // Before block 65536 both ways to roll over have the same numbers.
        match distance(at.received, wire, self.rollover.unwrap_or_default()) {
            // A conforming sender never passes the window it was granted, so a number beyond
            // `reach` is an old duplicate.
            Some(1) if at.received < at.reach => BlockClass::Next,
            Some(ahead) if ahead != 0 && at.received + ahead <= at.reach => {
                BlockClass::Ahead(at.received + ahead)
            }
            Some(ahead) if is_past(at.received, ahead) => BlockClass::Old,
            _ => BlockClass::Invalid,
        }
    }
}

/// Whether a number that comes `ahead` blocks later also belongs to a recent block.
fn is_past(received: u64, ahead: u64) -> bool {
    let behind = if ahead == 0 { 0 } else { FIRST_WRAPPED - ahead };
    behind < received && behind < FIRST_WRAPPED / 2
}

/// As [`evidence`], with the announced size as further evidence: it determines the position of the
/// last block.
fn seen(reach: u64, negotiated: &NegotiatedOptions, wire: u16, length: usize) -> Evidence {
    let seen = evidence(wire, reach);
    let (blksize, length) = (u64::from(negotiated.blksize), length as u64);
    if seen != Evidence::Ambiguous || length >= blksize {
        return seen;
    }
    let end_if_one = (FIRST_WRAPPED + u64::from(wire) - 2) * blksize + length;
    match negotiated.tsize {
        Some(size) if size == end_if_one => Evidence::Certain(Rollover::One),
        Some(size) if size == end_if_one + blksize => Evidence::Certain(Rollover::Zero),
        _ => seen,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLKSIZE: u64 = 512;
    /// The block before the first one whose number depends on the roll-over.
    const LAST: u64 = FIRST_WRAPPED - 1;

    fn negotiated(tsize: Option<u64>) -> NegotiatedOptions {
        NegotiatedOptions {
            blksize: BLKSIZE as u16,
            windowsize: 8,
            timeout: None,
            tsize,
            asks_tsize: tsize.is_some(),
            rollover: Rollover::default(),
            oack: None,
        }
    }

    fn at(received: u64) -> Position {
        Position {
            received,
            reach: received + 8,
        }
    }

    fn classify(received: u64, wire: u16) -> BlockClass {
        let negotiated = negotiated(None);
        Numbers::new(&negotiated).classify(at(received), &negotiated, wire, BLKSIZE as usize)
    }

    #[test]
    fn a_block_is_old_as_far_back_as_there_are_blocks() {
        assert_eq!(classify(5, 5), BlockClass::Old);
        assert_eq!(classify(5, 1), BlockClass::Old);
        assert_eq!(classify(5, 0), BlockClass::Invalid, "no DATA has the number 0");
        assert_eq!(classify(5, 6), BlockClass::Next);
        assert_eq!(classify(5, 13), BlockClass::Ahead(13));
        assert_eq!(classify(5, 14), BlockClass::Invalid, "beyond the window");
    }

    #[test]
    fn a_block_is_old_at_most_half_of_all_numbers_back() {
        let half = FIRST_WRAPPED / 2;
        assert_eq!(classify(40_000, (40_001 - half) as u16), BlockClass::Old);
        assert_eq!(classify(40_000, (40_000 - half) as u16), BlockClass::Invalid);
        assert_eq!(classify(40_000, 20), BlockClass::Invalid);
    }

    /// Number 2 is block 65537 of a client that rolls over to 1, and block 65538 of one that rolls
    /// over to 0.
    fn last_block_two(tsize: Option<u64>, length: usize) -> (BlockClass, Option<Rollover>) {
        let negotiated = negotiated(tsize);
        let mut numbers = Numbers::new(&negotiated);
        let class = numbers.classify(at(LAST), &negotiated, 2, length);
        (class, numbers.rollover())
    }

    #[test]
    fn the_announced_size_identifies_the_last_block() {
        let before = |block: u64| (block - 1) * BLKSIZE;
        let one = Some(before(FIRST_WRAPPED + 1) + 100);
        let zero = Some(before(FIRST_WRAPPED + 2) + 100);
        assert_eq!(
            last_block_two(one, 100),
            (BlockClass::Ahead(FIRST_WRAPPED + 1), Some(Rollover::One))
        );
        assert_eq!(
            last_block_two(zero, 100),
            (BlockClass::Ahead(FIRST_WRAPPED + 2), Some(Rollover::Zero))
        );
    }

    #[test]
    fn another_size_or_a_full_block_proves_nothing() {
        let ambiguous = (BlockClass::Ambiguous, None);
        let size = FIRST_WRAPPED * BLKSIZE + 100;
        assert_eq!(last_block_two(None, 100), ambiguous);
        for other in [
            0,
            100,
            size - 1,
            size + 1,
            size + BLKSIZE + 1,
            size - BLKSIZE,
            size * BLKSIZE,
        ] {
            assert_eq!(last_block_two(Some(other), 100), ambiguous, "{other}");
        }
        let full = FIRST_WRAPPED * BLKSIZE + BLKSIZE;
        assert_eq!(last_block_two(Some(full), BLKSIZE as usize), ambiguous);
    }
}
