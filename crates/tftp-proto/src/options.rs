//! Every option that there is, one row each: what a request, a server's answer and a client do with
//! it. Names and ranges are facts of `api/options.toml`. A new option is an entry there, a row here
//! and its field in [`Oack`].

#[rustfmt::skip] // Made by a program.
mod known;

use core::num::{NonZeroU8, NonZeroU16, NonZeroU32};
use core::ops::RangeInclusive;
use core::time::Duration;

use crate::block::Rollover;
use crate::negotiate::{Limits, NegotiatedOptions, Oack};
use crate::wire::{Operation, RequestedOptions};

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
    pub requested: fn(&RequestedOptions) -> Option<u64>,
    /// Sets the value in a request, in range, or removes it.
    pub ask: fn(&mut RequestedOptions, Option<u64>),
    /// Puts what a server agrees to into its answer. The rows above have done so already.
    pub negotiate: fn(&mut Oack, &RequestedOptions, &Terms<'_>),
    /// Returns the value in an OACK.
    pub oack_value: fn(&Oack) -> Option<u64>,
    /// Takes a server's answer over; `None` where the client of this crate does not know the
    /// option.
    pub accept: Option<Accept>,
}

type Accept = fn(&mut NegotiatedOptions, &Answer) -> Result<(), InvalidAnswer>;

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
    pub requested: u64,
    pub operation: Operation,
}

/// An answer that does not fit the request; the word for where the requested number came from.
pub(crate) struct InvalidAnswer(pub &'static str);

/// In the order of an OACK.
pub(crate) static OPTIONS: [Row; known::COUNT] = [
    // RFC 2349. The answer to a request of curl's form omits tsize if the file is empty, because
    // curl before version 8 treats a tsize of 0 as an error (RFC 2347 lets a server omit any
    // option). Other clients get 0: Erlang's client refuses an OACK without the tsize that it
    // requested.
    Row {
        known: known::TSIZE,
        requested: |requested| requested.tsize,
        ask: |requested, value| requested.tsize = value,
        negotiate: |oack, requested, terms| {
            let oack_value = requested.tsize.and(terms.length);
            let oack_value = oack_value
                .filter(|&length| length > 0 || !terms.sending || !requested.is_like_curl);
            (oack.has_tsize, oack.tsize) = (oack_value.is_some(), oack_value.unwrap_or(0));
        },
        oack_value: |oack| oack.has_tsize.then_some(oack.tsize),
        accept: Some(|negotiated, answer| {
            if answer.operation == Operation::Write && answer.number != answer.requested {
                return Err(InvalidAnswer("announced"));
            }
            negotiated.tsize = Some(answer.number);
            Ok(())
        }),
    },
    Row {
        known: known::BLKSIZE,
        requested: |requested| requested.blksize.map(u64::from),
        ask: |requested, value| requested.blksize = narrow(value),
        negotiate: |oack, requested, terms| {
            let size = requested.blksize.map(|size| size.min(most_bytes(terms)));
            oack.blksize = size.and_then(NonZeroU16::new);
        },
        oack_value: |oack| oack.blksize.map(|size| size.get().into()),
        accept: Some(|negotiated, answer| {
            negotiated.blksize = answer.up_to_requested(&known::BLKSIZE.range)?;
            Ok(())
        }),
    },
    // tftp-hpa: the answer has to be a power of two. If a client requests both options, the
    // standard one applies.
    Row {
        known: known::BLKSIZE2,
        requested: |requested| requested.blksize2.map(u64::from),
        ask: |requested, value| requested.blksize2 = narrow(value),
        negotiate: |oack, requested, terms| {
            let power = |size: u16| 1 << size.min(most_bytes(terms)).max(1).ilog2();
            let size = requested.blksize2.filter(|_| oack.blksize.is_none()).map(power);
            oack.blksize2 = size.and_then(NonZeroU16::new);
        },
        oack_value: |oack| oack.blksize2.map(|size| size.get().into()),
        accept: None,
    },
    // RFC 2349: taken as it is or not at all.
    Row {
        known: known::TIMEOUT,
        requested: |requested| requested.timeout.map(u64::from),
        ask: |requested, value| requested.timeout = narrow(value),
        negotiate: |oack, requested, _| oack.timeout = requested.timeout.and_then(NonZeroU8::new),
        oack_value: |oack| oack.timeout.map(|seconds| seconds.get().into()),
        accept: Some(|negotiated, answer| {
            if answer.number != answer.requested {
                return Err(InvalidAnswer("asked for"));
            }
            negotiated.timeout = Some(Duration::from_secs(answer.number));
            Ok(())
        }),
    },
    // tftp-hpa: the same in microseconds. If a client requests both options, the standard one
    // applies.
    Row {
        known: known::UTIMEOUT,
        requested: |requested| requested.utimeout.map(u64::from),
        ask: |requested, value| requested.utimeout = narrow(value),
        negotiate: |oack, requested, _| {
            let micros = requested.utimeout.filter(|_| oack.timeout.is_none());
            oack.utimeout = micros.and_then(NonZeroU32::new);
        },
        oack_value: |oack| oack.utimeout.map(|micros| micros.get().into()),
        accept: None,
    },
    Row {
        known: known::WINDOWSIZE,
        requested: |requested| requested.windowsize.map(u64::from),
        ask: |requested, value| requested.windowsize = narrow(value),
        negotiate: |oack, requested, terms| {
            let most = terms.limits.windowsize(oack.block(), terms.sending);
            let blocks = requested.windowsize.map(|blocks| blocks.min(most));
            oack.windowsize = blocks.and_then(NonZeroU16::new);
        },
        oack_value: |oack| oack.windowsize.map(|blocks| blocks.get().into()),
        accept: Some(|negotiated, answer| {
            negotiated.windowsize = answer.up_to_requested(&known::WINDOWSIZE.range)?;
            Ok(())
        }),
    },
    // tftp-hpa.
    Row {
        known: known::ROLLOVER,
        requested: |requested| requested.rollover.map(number),
        ask: |requested, value| {
            requested.rollover = value.map(|first| match first {
                0 => Rollover::Zero,
                _ => Rollover::One,
            });
        },
        negotiate: |oack, requested, _| oack.rollover = requested.rollover,
        oack_value: |oack| oack.rollover.map(number),
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
    fn up_to_requested(&self, range: &RangeInclusive<u64>) -> Result<u16, InvalidAnswer> {
        let fits = range.contains(&self.number) && self.number <= self.requested;
        narrow(fits.then_some(self.number)).ok_or(InvalidAnswer("asked for"))
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
