//! Pages that `encoding_rs` converts, without its replacements, and the checks that keep a page to
//! its own characters where the WHATWG's encoding of that name is a larger one.

use encoding_rs::{EncoderResult, Encoding};

pub(super) fn decode(encoding: &'static Encoding, wire: &[u8]) -> Option<String> {
    Some(
        encoding
            .decode_without_bom_handling_and_without_replacement(wire)?
            .into_owned(),
    )
}

pub(super) fn encode(encoding: &'static Encoding, text: &str) -> Option<Vec<u8>> {
    let mut encoder = encoding.new_encoder();
    let room = encoder.max_buffer_length_from_utf8_without_replacement(text.len())?;
    let mut wire = vec![0; room];
    let (result, _, written) = encoder.encode_from_utf8_without_replacement(text, &mut wire, true);
    wire.truncate(written);
    matches!(result, EncoderResult::InputEmpty).then_some(wire)
}

/// All of it.
pub(super) fn all(_: &[u8]) -> bool {
    true
}

/// GBK without GB 18030's four bytes, whose second is a digit.
pub(super) fn gbk(wire: &[u8]) -> bool {
    pairs(wire, |byte| byte == 0x80, |_, trail| trail >= 0x40)
}

/// Pairs from 0xA1A1 up: the national standard without what Windows put around it.
pub(super) fn euc(wire: &[u8]) -> bool {
    pairs(wire, |_| false, |lead, trail| lead >= 0xA1 && trail >= 0xA1)
}

/// The rows and cells that GB 2312-80 fills, and none of GBK's additions between them.
pub(super) fn gb2312(wire: &[u8]) -> bool {
    pairs(
        wire,
        |_| false,
        |lead, trail| match lead {
            0xA1 | 0xA3 | 0xB0..=0xD6 | 0xD8..=0xF7 => trail >= 0xA1,
            0xA2 => matches!(trail, 0xB1..=0xE2 | 0xE5..=0xEE | 0xF1..=0xFC),
            0xA4 => matches!(trail, 0xA1..=0xF3),
            0xA5 => matches!(trail, 0xA1..=0xF6),
            0xA6 => matches!(trail, 0xA1..=0xB8 | 0xC1..=0xD8),
            0xA7 => matches!(trail, 0xA1..=0xC1 | 0xD1..=0xF1),
            0xA8 => matches!(trail, 0xA1..=0xBA | 0xC5..=0xE9),
            0xA9 => matches!(trail, 0xA4..=0xEF),
            0xD7 => matches!(trail, 0xA1..=0xF9),
            _ => false,
        },
    )
}

/// Windows-950's rows, without the leads below 0xA1 that only Hong Kong's supplement uses.
pub(super) fn big5(wire: &[u8]) -> bool {
    pairs(wire, |_| false, |lead, _| lead >= 0xA1)
}

/// Big5 of 1984: symbols, and the two levels of characters.
pub(super) fn big5_1984(wire: &[u8]) -> bool {
    pairs(
        wire,
        |_| false,
        |lead, trail| match lead {
            0xA1..=0xA2 | 0xA4..=0xC5 | 0xC9..=0xF8 => true,
            0xA3 => trail <= 0xBF,
            0xC6 => trail <= 0x7E,
            0xF9 => trail <= 0xD5,
            _ => false,
        },
    )
}

/// JIS X 0201 and JIS X 0208 in Shift-JIS: rows 1 to 8 and 15 to 84, without the makers' rows.
pub(super) fn shift_jis(wire: &[u8]) -> bool {
    let kana = |byte| matches!(byte, 0xA1..=0xDF);
    pairs(
        wire,
        kana,
        |lead, _| matches!(lead, 0x81..=0x84 | 0x88..=0x9F | 0xE0..=0xEA),
    )
}

/// Whether every byte above ASCII is one of `single` or leads a pair of `pair`.
fn pairs(wire: &[u8], single: impl Fn(u8) -> bool, pair: impl Fn(u8, u8) -> bool) -> bool {
    let mut rest = wire;
    while let [lead, after @ ..] = rest {
        rest = if *lead < 0x80 || single(*lead) {
            after
        } else {
            match after {
                [trail, after @ ..] if pair(*lead, *trail) => after,
                _ => return false,
            }
        };
    }
    true
}
