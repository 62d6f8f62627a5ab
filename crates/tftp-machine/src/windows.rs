//! Windows within the budget of memory.

use tftp_proto::{Agreed, Limits as Negotiable};

use crate::limits::Limits;

/// No block is made smaller than this (RFC 1350's size).
const LEAST_BLOCK: u16 = 512;

/// Negotiates a window within the budget, and takes it: what is agreed, and how many bytes were taken.
pub(crate) fn grant(
    budget: &impl Limits,
    limits: &Negotiable,
    negotiate: impl Fn(&Negotiable) -> Agreed,
) -> (Agreed, u32) {
    let mut agreed = negotiate(limits);
    let (blksize, windowsize) = fit(agreed.blksize, agreed.windowsize, budget.most_window());
    if (blksize, windowsize) != (agreed.blksize, agreed.windowsize) {
        agreed = negotiate(&Negotiable {
            max_blksize: blksize,
            max_windowsize: windowsize,
            ..*limits
        });
    }
    // Less than 2^32: both factors have 16 bits.
    let bytes = u32::from(agreed.blksize) * u32::from(agreed.windowsize);
    budget.take_window(bytes);
    (agreed, bytes)
}

/// Block size and window size of at most `most` bytes together: a smaller window first, then smaller blocks.
fn fit(blksize: u16, windowsize: u16, most: usize) -> (u16, u16) {
    let window = most / usize::from(blksize).max(1);
    if window >= usize::from(windowsize) {
        return (blksize, windowsize);
    }
    let windowsize = u16::try_from(window).unwrap_or(u16::MAX).max(1);
    if window >= 1 {
        return (blksize, windowsize);
    }
    let smaller = u16::try_from(most).unwrap_or(u16::MAX).max(LEAST_BLOCK);
    (blksize.min(smaller), windowsize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_shrink_before_blocks_and_blocks_not_below_512() {
        assert_eq!(fit(65464, 64, 8 << 20), (65464, 64));
        assert_eq!(fit(65464, 64, 200_000), (65464, 3));
        assert_eq!(fit(65464, 64, 65463), (65463, 1));
        assert_eq!(fit(1428, 64, 0), (512, 1));
        assert_eq!(fit(8, 64, 100), (8, 12));
        assert_eq!(fit(8, 64, 0), (8, 1));
    }
}
