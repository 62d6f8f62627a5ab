//! What a client asked for and what the server allows, turned into what is agreed (RFC 2347).

use alloc::vec::Vec;
use core::fmt::{self, Write};
use core::num::{NonZeroU8, NonZeroU16, NonZeroU32};
use core::time::Duration;

pub use crate::block::Rollover;
use crate::wire::{self, Asked};

/// What the server allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The largest block that is agreed to, 8 to 65464.
    pub max_blksize: u16,
    /// The largest window that is agreed to, 1 to 65535; of downloads 32767.
    pub max_windowsize: u16,
    /// The most bytes in a window of blocks above [`LARGE_BLKSIZE`]; one block is agreed to in any case.
    pub max_large_window: u32,
    /// The number after 65535 where the client does not ask for one.
    pub rollover: Rollover,
}

/// What holds for one transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Agreed {
    /// Bytes in every block but the last.
    pub blksize: u16,
    /// Blocks in a window; 1 is lockstep.
    pub windowsize: u16,
    /// The exact wait before a retransmission, where the client asked for one.
    pub timeout: Option<Duration>,
    /// The length of the stream on the wire: of a download where it is known, of an upload as announced.
    pub tsize: Option<u64>,
    /// The client asked for tsize, answered or not.
    pub asks_tsize: bool,
    /// The block number after 65535.
    pub rollover: Rollover,
    /// The answer, where there is anything to answer.
    pub oack: Option<Oack>,
}

/// The options of an OACK: only agreed ones, at least one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Oack {
    // Options that can't be 0 take no room for "not agreed": every transfer holds one of these.
    blksize: Option<NonZeroU16>,
    blksize2: Option<NonZeroU16>,
    windowsize: Option<NonZeroU16>,
    timeout: Option<NonZeroU8>,
    utimeout: Option<NonZeroU32>,
    rollover: Option<Rollover>,
    tells_tsize: bool,
    tsize: u64,
}

/// RFC 1350 section 2.
pub(crate) const DEFAULT_BLKSIZE: u16 = 512;

/// Blocks above this size, in bytes, are datagrams of many fragments, of which a receive buffer of the default size
/// (212,992 bytes on Linux, its book-keeping included) holds two or three. Clients that ask for larger windows of them
/// lose the rest, and each loss costs their own timeout.
pub const LARGE_BLKSIZE: u16 = 16_384;

/// What such a buffer takes of them, in bytes: the usual [`Limits::max_large_window`].
pub const LARGE_WINDOW: u32 = 131_072;

/// RFC 2348.
pub(crate) const MIN_BLKSIZE: u16 = 8;

/// The largest window of a download: not half of the numbers there are, so that an ACK of a block as far back as a window
/// is long, which was late on its way, is never taken for one of the window in flight.
const MAX_WINDOWSIZE_SENDING: u16 = 32767;

/// Agrees on a download. `size` is the exact length of the stream on the wire (translated, where the mode is
/// netascii), `None` where it is not known: then tsize is left out.
///
/// For an empty stream tsize is left out where a client asks as curl does, which before version 8 takes a tsize of 0
/// for an error (RFC 2347 lets a server leave out any option). Others are told 0: Erlang's client refuses an OACK
/// without the tsize that it asked for.
pub fn read(asked: &Asked, limits: &Limits, size: Option<u64>) -> Agreed {
    let answered = asked
        .tsize
        .and(size)
        .filter(|&size| size > 0 || !asked.is_like_curl);
    Agreed {
        tsize: size,
        ..agree(asked, limits, answered, true)
    }
}

/// Agrees on an upload. tsize is echoed (RFC 2349); whether there is room for it is the caller's question.
pub fn write(asked: &Asked, limits: &Limits) -> Agreed {
    // The window of an upload is not limited by the numbers: see `block::evidence`.
    Agreed {
        tsize: asked.tsize,
        ..agree(asked, limits, asked.tsize, false)
    }
}

fn agree(asked: &Asked, limits: &Limits, tsize: Option<u64>, sending: bool) -> Agreed {
    let rollover = asked.rollover.unwrap_or(limits.rollover);
    let max_blksize = limits.max_blksize.max(MIN_BLKSIZE);
    let most = if sending { MAX_WINDOWSIZE_SENDING } else { u16::MAX };
    let mut oack = Oack {
        blksize: asked
            .blksize
            .and_then(|size| NonZeroU16::new(size.min(max_blksize))),
        blksize2: None,
        windowsize: None,
        timeout: asked.timeout.and_then(NonZeroU8::new),
        utimeout: None,
        rollover: asked.rollover,
        tells_tsize: tsize.is_some(),
        tsize: tsize.unwrap_or(0),
    };
    // The standard's options count where a client asks for both kinds.
    if oack.blksize.is_none() {
        let power = |size: u16| 1 << size.min(max_blksize).max(1).ilog2();
        oack.blksize2 = asked.blksize2.and_then(|size| NonZeroU16::new(power(size)));
    }
    let blksize = oack
        .blksize
        .or(oack.blksize2)
        .map_or(DEFAULT_BLKSIZE, NonZeroU16::get);
    let max_windowsize = max_windowsize(limits, blksize).clamp(1, most);
    oack.windowsize = asked
        .windowsize
        .and_then(|size| NonZeroU16::new(size.min(max_windowsize)));
    if oack.timeout.is_none() {
        oack.utimeout = asked.utimeout.and_then(NonZeroU32::new);
    }
    Agreed {
        blksize,
        windowsize: oack.windowsize.map_or(1, NonZeroU16::get),
        timeout: oack.wait(),
        tsize: None,
        asks_tsize: asked.tsize.is_some(),
        rollover,
        oack: (oack != Oack::default()).then_some(oack),
    }
}

/// The largest window of blocks of this size; less than 1 is not meant.
fn max_windowsize(limits: &Limits, blksize: u16) -> u16 {
    if blksize <= LARGE_BLKSIZE {
        return limits.max_windowsize;
    }
    let fit = limits.max_large_window / u32::from(blksize);
    limits.max_windowsize.min(u16::try_from(fit).unwrap_or(u16::MAX))
}

impl Oack {
    /// Appends the packet. Nothing follows the last NUL: padding is rejected by some clients.
    pub fn encode(&self, out: &mut Vec<u8>) {
        wire::begin_oack(out);
        let rollover = self.rollover.map(|rollover| match rollover {
            Rollover::Zero => 0,
            Rollover::One => 1,
        });
        let options: [(&str, Option<u64>); 7] = [
            ("tsize", self.tells_tsize.then_some(self.tsize)),
            ("blksize", self.blksize.map(|value| value.get().into())),
            ("blksize2", self.blksize2.map(|value| value.get().into())),
            ("timeout", self.timeout.map(|value| value.get().into())),
            ("utimeout", self.utimeout.map(|value| value.get().into())),
            ("windowsize", self.windowsize.map(|value| value.get().into())),
            ("rollover", rollover),
        ];
        for (name, value) in options {
            if let Some(value) = value {
                // Writing to a Vec does not fail.
                let _ = write!(Text(out), "{name}\0{value}\0");
            }
        }
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
