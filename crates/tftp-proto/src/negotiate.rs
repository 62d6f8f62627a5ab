//! Option negotiation (RFC 2347): from the options of a request and the server's limits to the
//! parameters of a transfer.

use alloc::vec::Vec;
use core::fmt::{self, Write};
use core::num::{NonZeroU8, NonZeroU16, NonZeroU32};
use core::time::Duration;

pub use crate::block::Rollover;
use crate::options::{OPTIONS, Terms};
use crate::wire::{self, RequestedOptions};

/// The server's limits on negotiated values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The largest block that is agreed to, 8 to 65464.
    pub max_blksize: u16,
    /// The largest window that is agreed to, 1 to 65535; of downloads 32767.
    pub max_windowsize: u16,
    /// The most bytes in a window of blocks above [`LARGE_BLKSIZE`]; one block is agreed to in any
    /// case.
    pub max_large_window: u32,
    /// The number after 65535 where the client does not ask for one.
    pub rollover: Rollover,
}

/// The negotiated parameters of one transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NegotiatedOptions {
    /// Bytes in every block but the last.
    pub blksize: u16,
    /// Blocks in a window; 1 is lockstep.
    pub windowsize: u16,
    /// The exact wait before a retransmission, if negotiated.
    pub timeout: Option<Duration>,
    /// The length of the stream on the wire: of a download where it is known, of an upload as
    /// announced.
    pub tsize: Option<u64>,
    /// The request had tsize, answered or not.
    pub asks_tsize: bool,
    /// The block number after 65535.
    pub rollover: Rollover,
    /// The OACK; `None` if no option was accepted.
    pub oack: Option<Oack>,
}

/// The options of an OACK: only negotiated ones, at least one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Oack {
    // Options that can't be 0 take no room for "not negotiated": every transfer holds one of these.
    pub(crate) blksize: Option<NonZeroU16>,
    pub(crate) blksize2: Option<NonZeroU16>,
    pub(crate) windowsize: Option<NonZeroU16>,
    pub(crate) timeout: Option<NonZeroU8>,
    pub(crate) utimeout: Option<NonZeroU32>,
    pub(crate) rollover: Option<Rollover>,
    pub(crate) has_tsize: bool,
    pub(crate) tsize: u64,
}

/// RFC 1350 section 2.
pub(crate) const DEFAULT_BLKSIZE: u16 = 512;

/// No block is made smaller than this to save memory, in bytes (the size of RFC 1350).
pub const LEAST_BLOCK: u16 = DEFAULT_BLKSIZE;

/// Blocks above this size, in bytes, are datagrams of many fragments, of which a receive buffer of
/// the default size (212,992 bytes on Linux, its book-keeping included) holds two or three. Clients
/// that ask for larger windows of them lose the rest, and each loss costs their own timeout.
pub const LARGE_BLKSIZE: u16 = 16_384;

/// The bytes of such blocks that a default receive buffer holds: the usual
/// [`Limits::max_large_window`].
pub const LARGE_WINDOW: u32 = 131_072;

/// The largest window of a download: not half of the numbers there are, so that an ACK of a block
/// as far back as a window is long, which was late on its way, is never taken for one of the window
/// in flight.
const MAX_WINDOWSIZE_SENDING: u16 = 32767;

/// Agrees on a download. `size` is the exact length of the stream on the wire (translated, where
/// the mode is netascii), `None` where it is not known: then tsize is left out.
pub fn read(requested: &RequestedOptions, limits: &Limits, size: Option<u64>) -> NegotiatedOptions {
    negotiate(
        requested,
        &Terms {
            limits,
            sending: true,
            length: size,
        },
    )
}

/// Agrees on an upload. tsize is echoed (RFC 2349); checking for room is the caller's.
pub fn write(requested: &RequestedOptions, limits: &Limits) -> NegotiatedOptions {
    negotiate(
        requested,
        &Terms {
            limits,
            sending: false,
            length: requested.tsize,
        },
    )
}

/// Agrees by [`read()`] or [`write()`] on a window of at most `most` bytes, as far as [`fit`] can
/// make it smaller.
pub fn within(
    limits: &Limits,
    most: usize,
    negotiate: impl Fn(&Limits) -> NegotiatedOptions,
) -> NegotiatedOptions {
    let negotiated = negotiate(limits);
    let (blksize, windowsize) = fit(negotiated.blksize, negotiated.windowsize, most);
    if (blksize, windowsize) == (negotiated.blksize, negotiated.windowsize) {
        return negotiated;
    }
    negotiate(&Limits {
        max_blksize: blksize,
        max_windowsize: windowsize,
        ..*limits
    })
}

/// Block size and window size of at most `most` bytes together: a smaller window first, then
/// smaller blocks.
pub fn fit(blksize: u16, windowsize: u16, most: usize) -> (u16, u16) {
    let block = usize::from(blksize).max(1);
    let window = most / block;
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

fn negotiate(requested: &RequestedOptions, terms: &Terms<'_>) -> NegotiatedOptions {
    let mut oack = Oack::default();
    for row in &OPTIONS {
        (row.negotiate)(&mut oack, requested, terms);
    }
    NegotiatedOptions {
        blksize: oack.block(),
        windowsize: oack.windowsize.map_or(1, NonZeroU16::get),
        timeout: oack.wait(),
        tsize: terms.length,
        asks_tsize: requested.tsize.is_some(),
        rollover: requested.rollover.unwrap_or(terms.limits.rollover),
        oack: (oack != Oack::default()).then_some(oack),
    }
}

impl Limits {
    /// The largest window of blocks of this size, at least 1.
    pub(crate) fn windowsize(&self, blksize: u16, sending: bool) -> u16 {
        // The window of an upload is not limited by the numbers: see `block::evidence`.
        let most = if sending { MAX_WINDOWSIZE_SENDING } else { u16::MAX };
        let fit = if blksize <= LARGE_BLKSIZE {
            u32::from(u16::MAX)
        } else {
            self.max_large_window / u32::from(blksize)
        };
        let fit = u16::try_from(fit).unwrap_or(u16::MAX);
        self.max_windowsize.min(fit).clamp(1, most)
    }
}

impl Oack {
    /// Appends the packet. Nothing follows the last NUL: padding is rejected by some clients.
    pub fn encode(&self, out: &mut Vec<u8>) {
        wire::begin_oack(out);
        for row in &OPTIONS {
            if let Some(value) = (row.oack_value)(self) {
                // Writing to a Vec does not fail.
                let _ = write!(Text(out), "{}\0{value}\0", row.known.name);
            }
        }
    }

    /// Bytes in a block by the options that are negotiated so far.
    pub(crate) fn block(&self) -> u16 {
        let size = self.blksize.or(self.blksize2);
        size.map_or(DEFAULT_BLKSIZE, NonZeroU16::get)
    }

    /// The roll-over, where it was negotiated and is not only the server's own default.
    pub(crate) fn rollover(&self) -> Option<Rollover> {
        self.rollover
    }

    fn wait(&self) -> Option<Duration> {
        let seconds = self
            .timeout
            .map(|seconds| Duration::from_secs(seconds.get().into()));
        seconds.or(self
            .utimeout
            .map(|micros| Duration::from_micros(micros.get().into())))
    }
}

/// Lets `write!` append to bytes.
struct Text<'a>(&'a mut Vec<u8>);

impl Write for Text<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
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
        assert_eq!(fit(512, 1, 0), (512, 1));
        assert_eq!(fit(8, 64, 100), (8, 12));
        assert_eq!(fit(8, 64, 0), (8, 1));
    }

    #[test]
    fn options_beyond_the_budget_are_negotiated_again() {
        let limits = Limits {
            max_blksize: 65464,
            max_windowsize: 64,
            max_large_window: u32::MAX,
            rollover: Rollover::Zero,
        };
        let requested = RequestedOptions {
            blksize: Some(8192),
            windowsize: Some(16),
            ..RequestedOptions::default()
        };
        for (most, blksize, windowsize) in [
            (16 * 8192, 8192, 16),
            (16 * 8192 - 1, 8192, 15),
            (8192, 8192, 1),
            (1000, 1000, 1),
        ] {
            let negotiated = within(&limits, most, |limits| write(&requested, limits));
            assert_eq!((negotiated.blksize, negotiated.windowsize), (blksize, windowsize));
        }
    }
}
