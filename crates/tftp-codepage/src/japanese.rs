//! ISO-2022-JP and the three ways to treat half-width katakana in it.

use encoding_rs::ISO_2022_JP;

use super::whatwg;

/// How half-width katakana are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kana {
    /// Not at all.
    Refused,
    /// Behind `ESC ( I`.
    Escaped,
    /// Between SO and SI.
    Shifted,
}

const SO: u8 = 0x0E;
const SI: u8 = 0x0F;
const ESC: u8 = 0x1B;
const TO_KANA: &[u8] = b"\x1B(I";
const TO_ASCII: &[u8] = b"\x1B(B";

impl Kana {
    pub(super) fn decode(self, wire: &[u8]) -> Option<String> {
        let mut text = String::new();
        let mut rest = wire;
        while self == Kana::Shifted
            && let Some(start) = rest.iter().position(|&byte| byte == SO)
        {
            let length = rest[start..].iter().position(|&byte| byte == SI)?;
            let (before, shifted) = (&rest[..start], &rest[start + 1..start + length]);
            if !ends_in_ascii(before) {
                return None;
            }
            text.push_str(&whatwg::decode(ISO_2022_JP, before)?);
            text.extend(
                shifted
                    .iter()
                    .map(|&byte| katakana(byte))
                    .collect::<Option<Vec<char>>>()?,
            );
            rest = &rest[start + length + 1..];
        }
        text.push_str(&whatwg::decode(ISO_2022_JP, rest)?);
        Some(text)
    }

    pub(super) fn encode(self, text: &str) -> Option<Vec<u8>> {
        let mut wire = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let kana = rest.starts_with(is_half_width);
            let end = rest
                .find(|character| is_half_width(character) != kana)
                .unwrap_or(rest.len());
            let (run, after) = rest.split_at(end);
            let bytes = if kana {
                self.encode_kana(run)?
            } else {
                whatwg::encode(ISO_2022_JP, run)?
            };
            // Two escape sequences in a row are an error to a careful decoder.
            if bytes.first() == Some(&ESC) && wire.ends_with(TO_ASCII) {
                wire.truncate(wire.len() - TO_ASCII.len());
            }
            wire.extend(bytes);
            rest = after;
        }
        Some(wire)
    }

    fn encode_kana(self, run: &str) -> Option<Vec<u8>> {
        let bytes: Vec<u8> = run
            .chars()
            .map(|kana| (u32::from(kana) - 0xFF61) as u8 + 0x21)
            .collect();
        match self {
            Kana::Refused => None,
            Kana::Escaped => Some([TO_KANA, &bytes, TO_ASCII].concat()),
            Kana::Shifted => Some([&[SO], &bytes[..], &[SI]].concat()),
        }
    }
}

/// Whether the last escape sequence, if any, leads to a set of single bytes: each run is read by
/// itself.
fn ends_in_ascii(wire: &[u8]) -> bool {
    match wire.iter().rposition(|&byte| byte == ESC) {
        Some(place) => matches!(&wire[place..], [_, b'(', b'B' | b'J', ..]),
        None => true,
    }
}

fn is_half_width(character: char) -> bool {
    matches!(character, '\u{FF61}'..='\u{FF9F}')
}

fn katakana(byte: u8) -> Option<char> {
    matches!(byte, 0x21..=0x5F)
        .then(|| char::from_u32(0xFF61 + u32::from(byte) - 0x21))
        .flatten()
}
