//! The netascii mode: RFC 1350 section 1, RFC 764. A line ends with CR LF on the wire and with LF
//! in a local file; a CR that ends no line is CR NUL on the wire. Both ways work on a stream in
//! pieces of any length.

use alloc::vec::Vec;

const LF: u8 = b'\n';
const CR: u8 = b'\r';
const NUL: u8 = 0;

/// Local bytes to wire bytes. Every local byte is translated on its own, so pieces need no memory
/// of each other.
#[derive(Clone, Copy, Debug, Default)]
pub struct Encoder(());

impl Encoder {
    /// An encoder at the beginning of a stream.
    pub fn new() -> Encoder {
        Encoder(())
    }

    /// Appends the translation of the next piece: LF becomes CR LF, CR becomes CR NUL.
    pub fn encode(&mut self, input: &[u8], out: &mut Vec<u8>) {
        out.reserve(input.len());
        let mut rest = input;
        while let Some(at) = rest.iter().position(|&byte| special(byte)) {
            out.extend_from_slice(&rest[..at]);
            out.extend_from_slice(&if rest[at] == LF { [CR, LF] } else { [CR, NUL] });
            rest = &rest[at + 1..];
        }
        out.extend_from_slice(rest);
    }
}

/// Wire bytes to local bytes. A pair may be split between two pieces.
#[derive(Clone, Copy, Debug, Default)]
pub struct Decoder {
    /// The last piece ended with a CR whose meaning the next byte decides.
    after_cr: bool,
}

impl Decoder {
    /// A decoder at the beginning of a stream.
    pub fn new() -> Decoder {
        Decoder::default()
    }

    /// Appends the translation of the next piece: CR LF becomes LF, CR NUL becomes CR; a CR before
    /// anything else, which no correct client sends, stays.
    pub fn decode(&mut self, input: &[u8], out: &mut Vec<u8>) {
        out.reserve(input.len() + 1);
        let mut rest = input;
        while let Some((&first, tail)) = rest.split_first() {
            if self.after_cr {
                self.after_cr = false;
                out.push(if first == LF { LF } else { CR });
                if first == LF || first == NUL {
                    rest = tail;
                    continue;
                }
            }
            let plain = rest.iter().position(|&byte| byte == CR).unwrap_or(rest.len());
            out.extend_from_slice(&rest[..plain]);
            self.after_cr = plain < rest.len();
            rest = rest.get(plain + 1..).unwrap_or(&[]);
        }
    }

    /// The stream has ended: a CR at its very end stays.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        if self.after_cr {
            self.after_cr = false;
            out.push(CR);
        }
    }
}

/// How long the translation of these local bytes is on the wire.
pub fn encoded_len(input: &[u8]) -> u64 {
    let longer = input.iter().filter(|&&byte| special(byte)).count();
    input.len() as u64 + longer as u64
}

fn special(byte: u8) -> bool {
    byte == LF || byte == CR
}
