//! The content of every file that is served or sent: a pattern with a prime period, so that the
//! blocks of a file differ from each other although the pattern fits into a processor's cache.

use std::sync::OnceLock;

/// The period in bytes: a prime, and so no multiple of any block size.
const PERIOD: usize = 131_071;

/// The longest block in bytes.
const MOST: usize = 65_464;

static PATTERN: OnceLock<Vec<u8>> = OnceLock::new();

/// Returns `length` bytes from stream offset `offset` on, at most one block.
///
/// # Panics
/// If `length` is more than a block.
pub fn at(offset: u64, length: usize) -> &'static [u8] {
    let pattern = PATTERN.get_or_init(make);
    let start = (offset % PERIOD as u64) as usize;
    &pattern[start..start + length]
}

fn make() -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    let mut pattern: Vec<u8> = (0..PERIOD).map(|_| next()).collect();
    pattern.extend_from_within(..MOST);
    pattern
}

/// Returns the content of a file of `size` bytes.
pub fn file(size: u64) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(size as usize);
    while (bytes.len() as u64) < size {
        let length = (size - bytes.len() as u64).min(MOST as u64);
        bytes.extend_from_slice(at(bytes.len() as u64, length as usize));
    }
    bytes
}
