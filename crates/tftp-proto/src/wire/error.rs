//! ERROR packets, and text of a peer made fit to be shown.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::{self, Write};

use super::{header, opcode};

/// The code of an ERROR: RFC 1350 appendix, 8: RFC 2347.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ErrorCode(pub u16);

impl ErrorCode {
    /// Not defined, see the message.
    pub const UNDEFINED: ErrorCode = ErrorCode(0);
    /// File not found.
    pub const NOT_FOUND: ErrorCode = ErrorCode(1);
    /// Access violation.
    pub const ACCESS: ErrorCode = ErrorCode(2);
    /// Disk full or allocation exceeded.
    pub const DISK_FULL: ErrorCode = ErrorCode(3);
    /// Illegal TFTP operation.
    pub const ILLEGAL: ErrorCode = ErrorCode(4);
    /// Unknown transfer ID.
    pub const UNKNOWN_TID: ErrorCode = ErrorCode(5);
    /// File already exists.
    pub const EXISTS: ErrorCode = ErrorCode(6);
    /// No such user.
    pub const NO_USER: ErrorCode = ErrorCode(7);
    /// The options are not acceptable (RFC 2347).
    pub const OPTION: ErrorCode = ErrorCode(8);
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

/// Bytes of the longest text in an ERROR: fits any link, and no client's buffer is smaller than a
/// default DATA.
const MAX_MESSAGE: usize = 256;

/// Appends an ERROR packet. The text is UTF-8; control characters become `?`, and what exceeds 256
/// bytes is cut off between two characters.
pub fn encode_error(code: ErrorCode, message: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(&header(opcode::ERROR, code.0));
    let mut left = MAX_MESSAGE;
    for letter in message.chars() {
        let shown = if letter.is_control() { '?' } else { letter };
        if shown.len_utf8() > left {
            break;
        }
        left -= shown.len_utf8();
        out.extend_from_slice(shown.encode_utf8(&mut [0; 4]).as_bytes());
    }
    out.push(0);
}

/// Marks text that was cut off.
const CUT: &str = "...";

/// A peer's text fit for a log line or a description: at most `max` bytes of UTF-8; control
/// characters, anything invisible and invalid UTF-8 escaped; `...` at the end of what was cut off.
pub fn printable(bytes: &[u8], max: usize) -> String {
    let mut shown = String::new();
    // Where the text may still be cut so that the mark fits.
    let mut cut = 0;
    for chunk in bytes.utf8_chunks() {
        for letter in chunk.valid().chars() {
            if !push(&mut shown, &mut cut, max, |out| escape(letter, out)) {
                return shown;
            }
        }
        for byte in chunk.invalid() {
            if !push(&mut shown, &mut cut, max, |out| write!(out, "\\x{byte:02x}")) {
                return shown;
            }
        }
    }
    shown
}

/// Appends one letter, or cuts the text with a mark; false once it was cut.
fn push(
    shown: &mut String,
    cut: &mut usize,
    max: usize,
    add: impl FnOnce(&mut String) -> fmt::Result,
) -> bool {
    // Writing to a String does not fail.
    let _ = add(shown);
    if shown.len() > max {
        shown.truncate(*cut);
        shown.push_str(&CUT[..CUT.len().min(max)]);
        return false;
    }
    if shown.len() + CUT.len() <= max {
        *cut = shown.len();
    }
    true
}

/// Letters and digits of any script stand as they are, other characters only where they are ASCII:
/// directional marks and look-alike blanks do not reach a terminal.
fn escape(letter: char, out: &mut String) -> fmt::Result {
    match letter {
        '\\' => out.write_str("\\\\"),
        ' '..='~' => out.write_char(letter),
        _ if letter.is_alphanumeric() => out.write_char(letter),
        _ => write!(out, "{}", letter.escape_unicode()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_that_is_no_text_is_shown() {
        assert_eq!(printable(b"a\xff\xfeb\x80", 100), "a\\xff\\xfeb\\x80");
    }
}
