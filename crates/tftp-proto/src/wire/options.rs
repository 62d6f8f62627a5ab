//! The options of a request: RFC 2347 (form), 2348 (blksize), 2349 (timeout, tsize), 7440
//! (windowsize), and three of tftp-hpa: blksize2, utimeout, rollover.

use super::split_nul;
use crate::block::Rollover;
use crate::options::{self, OPTIONS};

/// The options of a request. Only well-formed values in range survive parsing; a field is `None`
/// when the request has no such option, or one with a value that cannot be answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RequestedOptions {
    // api: begin options
    /// The file's size in bytes: 0 in an RRQ, announced in a WRQ. Never used to allocate memory
    /// (RFC 2349).
    pub tsize: Option<u64>,
    /// Bytes in a block, 8 to 65464 (RFC 2348).
    pub blksize: Option<u16>,
    /// The same, but the answer has to be a power of two, 8 to 65464 (tftp-hpa).
    pub blksize2: Option<u16>,
    /// Seconds between retransmissions, 1 to 255 (RFC 2349).
    pub timeout: Option<u8>,
    /// The same in microseconds, 10000 to 255000000 (tftp-hpa).
    pub utimeout: Option<u32>,
    /// Blocks in a window, 1 to 65535 (RFC 7440).
    pub windowsize: Option<u16>,
    /// The block number after 65535, 0 to 1 (tftp-hpa).
    pub rollover: Option<Rollover>,
    // api: end options
    /// The options are tsize, blksize and timeout, in this order and no others, as curl sends them.
    pub is_like_curl: bool,
}

impl RequestedOptions {
    /// Names and values of the requested options, in the order of an OACK.
    pub fn options(&self) -> impl Iterator<Item = (&'static str, u64)> {
        OPTIONS
            .iter()
            .filter_map(|row| Some((row.known.name, (row.requested)(self)?)))
    }

    /// Forgets the options of a set, as though the client had not sent them.
    pub fn forget(&mut self, set: OptionSet) {
        for (place, row) in OPTIONS.iter().enumerate() {
            if set.has(place) {
                (row.ask)(self, None);
            }
        }
    }
}

/// A set of options.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OptionSet(u8);

const _: () = assert!(OPTIONS.len() <= u8::BITS as usize);

impl OptionSet {
    /// Adds the option of this name, read without regard to case; false where there is none.
    pub fn insert(&mut self, name: &str) -> bool {
        let place = options::find(name.as_bytes());
        if let Some(place) = place {
            self.add(place);
        }
        place.is_some()
    }

    /// The names of all options that there are.
    pub fn names() -> impl Iterator<Item = &'static str> {
        OPTIONS.iter().map(|row| row.known.name)
    }

    /// Adds an option by its place in the table.
    fn add(&mut self, place: usize) {
        self.0 |= 1 << place;
    }

    fn has(self, place: usize) -> bool {
        self.0 & (1 << place) != 0
    }
}

/// What curl asks for, in its order.
const CURL: [&str; 3] = ["tsize", "blksize", "timeout"];

/// Reads name and value pairs. The first of two equal names counts, also where its value is
/// senseless; unknown names and a tail without its NUL are passed over.
pub(super) fn parse(mut bytes: &[u8]) -> RequestedOptions {
    let mut requested = RequestedOptions::default();
    let mut seen = OptionSet::default();
    let mut count = 0;
    requested.is_like_curl = true;
    while let Some((name, rest)) = split_nul(bytes) {
        let Some((value, rest)) = split_nul(rest) else {
            break;
        };
        bytes = rest;
        let place = options::find(name);
        let row = place.and_then(|place| OPTIONS.get(place));
        requested.is_like_curl &= row.map(|row| row.known.name) == CURL.get(count).copied();
        count += 1;
        let (Some(place), Some(row)) = (place, row) else {
            continue;
        };
        if !seen.has(place) {
            seen.add(place);
            let value = digits(value).filter(|number| row.known.range.contains(number));
            (row.ask)(&mut requested, value);
        }
    }
    requested.is_like_curl &= count == CURL.len();
    requested
}

/// A decimal number of digits only: no sign, no space, nothing that does not fit.
pub(crate) fn digits(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0u64, |number, &byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

/// The names and values of an OACK's datagram; `None` where one lacks its NUL, and nothing follows.
pub(crate) fn oack_options(datagram: &[u8]) -> impl Iterator<Item = Option<(&[u8], &[u8])>> {
    let mut rest = datagram.get(2..).unwrap_or_default();
    core::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let pair = split_nul(rest).and_then(|(name, tail)| Some((name, split_nul(tail)?)));
        rest = pair.map_or(&[], |(_, (_, tail))| tail);
        Some(pair.map(|(name, (value, _))| (name, value)))
    })
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::String;
    use alloc::vec::Vec;

    use super::*;

    /// Each name stands for its own field, and for no other.
    #[test]
    fn removed_options_count_as_not_requested() {
        let names: Vec<_> = OptionSet::names().collect();
        let request = |names: &[&str]| {
            let pair = |name: &&str| {
                let value = match *name {
                    "utimeout" => "20000",
                    "rollover" => "1",
                    _ => "64",
                };
                [name, value].map(|text| format!("{text}\0")).concat()
            };
            parse(names.iter().map(pair).collect::<String>().as_bytes())
        };
        for name in &names {
            let mut set = OptionSet::default();
            assert!(set.insert(&name.to_uppercase()));
            let mut requested = request(&names);
            requested.forget(set);
            let others: Vec<_> = names.iter().copied().filter(|other| other != name).collect();
            assert_eq!(requested, request(&others), "{name}");
            assert_ne!(requested, request(&names), "{name}");
        }
        assert!(!OptionSet::default().insert("multicast"));
    }
}
