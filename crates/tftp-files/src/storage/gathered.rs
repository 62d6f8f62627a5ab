//! Bytes that wait to be written to a file.

use tftp_budget::memory::Taken;

use crate::Bytes;

/// The least number of bytes that a piece counts in memory. Its allocations and its entry here take
/// some 100 bytes, whatever its length.
const LEAST: usize = 256;

/// Bytes that are to be written, in order. Each piece counts against the memory budget as long as
/// it exists.
#[derive(Debug, Default)]
pub struct Gathered {
    pieces: Vec<(Bytes, Taken)>,
    length: usize,
    memory: usize,
}

impl Gathered {
    /// The number of bytes of memory that a piece of so many bytes counts.
    pub(crate) fn memory_of(length: usize) -> usize {
        length.max(LEAST)
    }

    /// The number of bytes of memory that all pieces count.
    pub(crate) fn memory(&self) -> usize {
        self.memory
    }

    /// Adds bytes at the end, together with their share of the budget.
    pub fn push(&mut self, bytes: Bytes, taken: Taken) {
        self.length += bytes.len();
        self.memory += Gathered::memory_of(bytes.len());
        self.pieces.push((bytes, taken));
    }

    /// Iterates over the pieces in order.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.pieces.iter().map(|(bytes, _)| bytes.as_slice())
    }

    /// The number of bytes.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Returns whether there are none.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Drops all bytes, and gives their share of the budget back.
    pub fn clear(&mut self) {
        *self = Gathered::default();
    }
}
