//! Bytes to packets and back. Parsing is total: any datagram gives a packet or a reason, never a
//! panic.

mod error;
mod options;
mod request;

use alloc::vec::Vec;

pub use crate::block::Rollover;
pub use error::{ErrorCode, encode_error, printable};
pub use options::{OptionSet, RequestedOptions};
pub(crate) use options::{digits, oack_options};
pub use request::{Mode, Operation, Request};

/// Opcodes: RFC 1350 section 5, OACK: RFC 2347.
mod opcode {
    pub const RRQ: u16 = 1;
    pub const WRQ: u16 = 2;
    pub const DATA: u16 = 3;
    pub const ACK: u16 = 4;
    pub const ERROR: u16 = 5;
    pub const OACK: u16 = 6;
}

/// The length of a DATA header and of a whole ACK.
const HEADER: usize = 4;

/// One datagram, understood. Borrows the datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packet<'a> {
    /// RRQ or WRQ.
    Request(Request<'a>),
    /// DATA.
    Data {
        /// The block number as it is on the wire.
        block: u16,
        /// The payload; any length, also more than was negotiated.
        data: &'a [u8],
    },
    /// ACK. Bytes after the block number are ignored.
    Ack {
        /// The block number as it is on the wire.
        block: u16,
    },
    /// ERROR.
    Error {
        /// The code.
        code: ErrorCode,
        /// The text up to its NUL or the datagram's end, as the peer sent it: show it through
        /// [`printable`].
        message: &'a [u8],
    },
    /// OACK. Only servers send it; [`crate::client`] reads its options.
    Oack,
}

/// Why a datagram is not a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// Shorter than its opcode, or than the fields that its opcode promises.
    TooShort,
    /// An opcode that RFC 1350 and RFC 2347 do not know.
    UnknownOpcode,
    /// A request without its NULs or without a name. To be left unanswered.
    Request,
    /// A request with an unknown mode, or `mail` (RFC 1123 section 4.2.1). To be answered with
    /// ERROR 4 or 0.
    Mode,
}

/// Understands one datagram. Never panics, allocates nothing, takes time linear in its length.
///
/// # Errors
/// The reason when it is no TFTP packet.
pub fn parse(datagram: &[u8]) -> Result<Packet<'_>, Malformed> {
    let (opcode, rest) = number(datagram)?;
    match opcode {
        opcode::RRQ => request::parse(Operation::Read, rest).map(Packet::Request),
        opcode::WRQ => request::parse(Operation::Write, rest).map(Packet::Request),
        opcode::DATA => number(rest).map(|(block, data)| Packet::Data { block, data }),
        opcode::ACK => number(rest).map(|(block, _)| Packet::Ack { block }),
        opcode::ERROR => number(rest).map(|(code, text)| {
            let message = split_nul(text).map_or(text, |(message, _)| message);
            Packet::Error {
                code: ErrorCode(code),
                message,
            }
        }),
        opcode::OACK => Ok(Packet::Oack),
        _ => Err(Malformed::UnknownOpcode),
    }
}

/// The header of a DATA packet: opcode and wire number; the data follow.
pub fn data_header(block: u16) -> [u8; HEADER] {
    header(opcode::DATA, block)
}

/// A whole ACK.
pub fn ack(block: u16) -> [u8; HEADER] {
    header(opcode::ACK, block)
}

/// The opcode with which every OACK begins.
pub(crate) fn begin_oack(out: &mut Vec<u8>) {
    out.extend_from_slice(&opcode::OACK.to_be_bytes());
}

fn header(opcode: u16, number: u16) -> [u8; HEADER] {
    let ([a, b], [c, d]) = (opcode.to_be_bytes(), number.to_be_bytes());
    [a, b, c, d]
}

/// A 16-bit number in network order, and what follows it.
fn number(bytes: &[u8]) -> Result<(u16, &[u8]), Malformed> {
    let (number, rest) = bytes.split_first_chunk::<2>().ok_or(Malformed::TooShort)?;
    Ok((u16::from_be_bytes(*number), rest))
}

/// The bytes before the first NUL, and those after it.
fn split_nul(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|&byte| byte == 0)?;
    Some((&bytes[..end], &bytes[end + 1..]))
}
