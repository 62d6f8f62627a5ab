//! Every option that there is, one row each: what a request, a server's answer and a client do with it. Names and
//! ranges are facts of `api/options.toml`. A new option is an entry there, a row here and its field in [`Oack`].

#[rustfmt::skip] // Made by a program.
mod known;

use core::num::{NonZeroU8, NonZeroU16, NonZeroU32};
use core::ops::RangeInclusive;
use core::time::Duration;

use crate::block::Rollover;
use crate::negotiate::{Agreed, Limits, Oack};
use crate::wire::{Asked, Operation};

/// The name and the values of an option.
pub(crate) struct Known {
    /// As it is written on the wire; it is read without regard to case.
    pub name: &'static str,
    /// The values that a request may have. An option with another value is ignored.
    pub range: RangeInclusive<u64>,
}

/// One option.
pub(crate) struct Row {
    pub known: Known,
    /// Returns the value in a request.
    pub asked: fn(&Asked) -> Option<u64>,
    /// Sets the value in a request, in range, or removes it.
    pub ask: fn(&mut Asked, Option<u64>),
    /// Puts what a server agrees to into its answer. The rows above have done so already.
    pub agree: fn(&mut Oack, &Asked, &Terms<'_>),
    /// Returns the value in an OACK.
    pub told: fn(&Oack) -> Option<u64>,
    /// Takes a server's answer over; `None` where the client of this crate does not know the option.
    pub accept: Option<Accept>,
}

type Accept = fn(&mut Agreed, &Answer) -> Result<(), Unfit>;

/// The inputs of a negotiation besides the request.
pub(crate) struct Terms<'a> {
    pub limits: &'a Limits,
    /// Of a download the server is the sender.
    pub sending: bool,
    /// The length of the stream on the wire, where it is known.
    pub length: Option<u64>,
}

/// A server's value for one option, and the request that it answers.
pub(crate) struct Answer {
    pub number: u64,
    pub asked: u64,
    pub operation: Operation,
}

/// An answer that does not fit the request; the word for where the requested number came from.
pub(crate) struct Unfit(pub &'static str);

/// In the order of an OACK.
pub(crate) static OPTIONS: [Row; known::COUNT] = [
    // RFC 2349. For an empty download it is left out where a client asks as curl does, which before version 8 takes
    // a tsize of 0 for an error (RFC 2347 lets a server leave out any option). Others get 0: Erlang's client refuses an
    // OACK without the tsize of its request.
    Row {
        known: known::TSIZE,
        asked: |asked| asked.tsize,
        ask: |asked, value| asked.tsize = value,
        agree: |oack, asked, terms| {
            let told = asked.tsize.and(terms.length);
            let told = told.filter(|&length| length > 0 || !terms.sending || !asked.is_like_curl);
            (oack.tells_tsize, oack.tsize) = (told.is_some(), told.unwrap_or(0));
        },
        told: |oack| oack.tells_tsize.then_some(oack.tsize),
        accept: Some(|agreed, answer| {
            if answer.operation == Operation::Write && answer.number != answer.asked {
                return Err(Unfit("announced"));
            }
            agreed.tsize = Some(answer.number);
            Ok(())
        }),
    },
    Row {
        known: known::BLKSIZE,
        asked: |asked| asked.blksize.map(u64::from),
        ask: |asked, value| asked.blksize = narrow(value),
        agree: |oack, asked, terms| {
            let size = asked.blksize.map(|size| size.min(most_bytes(terms)));
            oack.blksize = size.and_then(NonZeroU16::new);
        },
        told: |oack| oack.blksize.map(|size| size.get().into()),
        accept: Some(|agreed, answer| {
            agreed.blksize = answer.up_to_asked(&known::BLKSIZE.range)?;
            Ok(())
        }),
    },
    // tftp-hpa: the answer has to be a power of two. The standard's option counts where a client asks for both.
    Row {
        known: known::BLKSIZE2,
        asked: |asked| asked.blksize2.map(u64::from),
        ask: |asked, value| asked.blksize2 = narrow(value),
        agree: |oack, asked, terms| {
            let power = |size: u16| 1 << size.min(most_bytes(terms)).max(1).ilog2();
            let size = asked.blksize2.filter(|_| oack.blksize.is_none()).map(power);
            oack.blksize2 = size.and_then(NonZeroU16::new);
        },
        told: |oack| oack.blksize2.map(|size| size.get().into()),
        accept: None,
    },
    // RFC 2349: taken as it is or not at all.
    Row {
        known: known::TIMEOUT,
        asked: |asked| asked.timeout.map(u64::from),
        ask: |asked, value| asked.timeout = narrow(value),
        agree: |oack, asked, _| oack.timeout = asked.timeout.and_then(NonZeroU8::new),
        told: |oack| oack.timeout.map(|seconds| seconds.get().into()),
        accept: Some(|agreed, answer| {
            if answer.number != answer.asked {
                return Err(Unfit("asked for"));
            }
            agreed.timeout = Some(Duration::from_secs(answer.number));
            Ok(())
        }),
    },
    // tftp-hpa: the same in microseconds. The standard's option counts where a client asks for both.
    Row {
        known: known::UTIMEOUT,
        asked: |asked| asked.utimeout.map(u64::from),
        ask: |asked, value| asked.utimeout = narrow(value),
        agree: |oack, asked, _| {
            let micros = asked.utimeout.filter(|_| oack.timeout.is_none());
            oack.utimeout = micros.and_then(NonZeroU32::new);
        },
        told: |oack| oack.utimeout.map(|micros| micros.get().into()),
        accept: None,
    },
    Row {
        known: known::WINDOWSIZE,
        asked: |asked| asked.windowsize.map(u64::from),
        ask: |asked, value| asked.windowsize = narrow(value),
        agree: |oack, asked, terms| {
            let most = terms.limits.windowsize(oack.block(), terms.sending);
            let blocks = asked.windowsize.map(|blocks| blocks.min(most));
            oack.windowsize = blocks.and_then(NonZeroU16::new);
        },
        told: |oack| oack.windowsize.map(|blocks| blocks.get().into()),
        accept: Some(|agreed, answer| {
            agreed.windowsize = answer.up_to_asked(&known::WINDOWSIZE.range)?;
            Ok(())
        }),
    },
    // tftp-hpa.
    Row {
        known: known::ROLLOVER,
        asked: |asked| asked.rollover.map(number),
        ask: |asked, value| {
            asked.rollover = value.map(|first| match first {
                0 => Rollover::Zero,
                _ => Rollover::One,
            });
        },
        agree: |oack, asked, _| oack.rollover = asked.rollover,
        told: |oack| oack.rollover.map(number),
        accept: None,
    },
];

/// The place of an option in the table.
pub(crate) fn find(name: &[u8]) -> Option<usize> {
    OPTIONS
        .iter()
        .position(|row| row.known.name.as_bytes().eq_ignore_ascii_case(name))
}

impl Answer {
    /// Returns the answer if it is in range and not above the requested value.
    fn up_to_asked(&self, range: &RangeInclusive<u64>) -> Result<u16, Unfit> {
        let fits = range.contains(&self.number) && self.number <= self.asked;
        narrow(fits.then_some(self.number)).ok_or(Unfit("asked for"))
    }
}

/// The largest block that is agreed to.
fn most_bytes(terms: &Terms<'_>) -> u16 {
    terms.limits.max_blksize.max(MIN_BLKSIZE)
}

/// The smallest block.
const MIN_BLKSIZE: u16 = *known::BLKSIZE.range.start() as u16;

/// The block number after 65535.
fn number(rollover: Rollover) -> u64 {
    match rollover {
        Rollover::Zero => 0,
        Rollover::One => 1,
    }
}

fn narrow<T: TryFrom<u64>>(value: Option<u64>) -> Option<T> {
    value.and_then(|value| T::try_from(value).ok())
}
