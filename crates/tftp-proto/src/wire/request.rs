//! RRQ and WRQ: RFC 1350 section 5, options: RFC 2347.

use super::{Malformed, RequestedOptions, options, split_nul};

/// The direction of a transfer, as the client sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// RRQ: the client reads, a download.
    Read,
    /// WRQ: the client writes, an upload.
    Write,
}

impl Operation {
    /// 1 (RRQ) or 2 (WRQ).
    pub const fn opcode(self) -> u16 {
        match self {
            Operation::Read => super::opcode::RRQ,
            Operation::Write => super::opcode::WRQ,
        }
    }
}

/// How a file's bytes are carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// As they are.
    Octet,
    /// As lines of text: see [`crate::netascii`].
    Netascii,
}

/// A request to transfer a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// RRQ or WRQ.
    pub operation: Operation,
    /// The name as it is on the wire: no NUL, not empty, any encoding, bounded by the datagram
    /// only.
    pub filename: &'a [u8],
    /// The mode, read without regard to case.
    pub mode: Mode,
    /// The options, as far as they make sense.
    pub requested: RequestedOptions,
}

/// Reads what follows the opcode.
pub(super) fn parse(operation: Operation, bytes: &[u8]) -> Result<Request<'_>, Malformed> {
    let (filename, rest) = split_nul(bytes).ok_or(Malformed::Request)?;
    let (mode, rest) = split_nul(rest).ok_or(Malformed::Request)?;
    if filename.is_empty() {
        return Err(Malformed::Request);
    }
    let mode = if mode.eq_ignore_ascii_case(b"octet") {
        Mode::Octet
    } else if mode.eq_ignore_ascii_case(b"netascii") {
        Mode::Netascii
    } else {
        return Err(Malformed::Mode);
    };
    Ok(Request {
        operation,
        filename,
        mode,
        requested: options::parse(rest),
    })
}
