//! Bytes on their way to a file.

use tftp_budget::memory::Taken;

use crate::Bytes;

/// Bytes that are to be written, in order, each piece within the budget of memory as long as it exists.
#[derive(Debug, Default)]
pub struct Gathered {
    pieces: Vec<(Bytes, Taken)>,
    length: usize,
}

impl Gathered {
    /// Adds bytes at the end, with what was taken of the budget for them.
    pub fn push(&mut self, bytes: Bytes, taken: Taken) {
        self.length += bytes.len();
        self.pieces.push((bytes, taken));
    }

    /// The pieces in order.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.pieces.iter().map(|(bytes, _)| bytes.as_slice())
    }

    /// The number of bytes.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Lets go of all.
    pub fn clear(&mut self) {
        *self = Gathered::default();
    }
}
