//! UTF-7 (RFC 2152): ASCII, and UTF-16 in base64 between `+` and `-`.

/// Written as they are, beside letters and digits: sets D and O of the RFC but `+`, and white
/// space.
const DIRECT: &[u8] = b"'(),-./:?!\"#$%&*;<=>@[]^_`{|} \t\r\n";
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

pub(super) fn decode(wire: &[u8]) -> Option<String> {
    let mut text = String::with_capacity(wire.len());
    let mut rest = wire;
    while let [first, after @ ..] = rest {
        rest = match (first, after) {
            (b'+', [b'-', after @ ..]) => {
                text.push('+');
                after
            }
            (b'+', _) => {
                let length = after
                    .iter()
                    .position(|&byte| value(byte).is_none())
                    .unwrap_or(after.len());
                text.push_str(&unpack(&after[..length])?);
                after[length..].strip_prefix(b"-").unwrap_or(&after[length..])
            }
            _ if is_direct(*first) => {
                text.push(char::from(*first));
                after
            }
            _ => return None,
        };
    }
    Some(text)
}

pub(super) fn encode(text: &str) -> Vec<u8> {
    let is_plain = |character: char| u8::try_from(character).is_ok_and(is_direct);
    let mut wire = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '+' => {
                wire.extend_from_slice(b"+-");
                1
            }
            _ if is_plain(first) => {
                wire.push(first as u8);
                1
            }
            _ => {
                let length = rest
                    .find(|character| character == '+' || is_plain(character))
                    .unwrap_or(rest.len());
                pack(&rest[..length], &mut wire);
                length
            }
        };
        rest = &rest[length..];
    }
    wire
}

/// Decodes the part between `+` and its end: at least one unit, no half unit, and zeros for
/// padding.
fn unpack(base64: &[u8]) -> Option<String> {
    let mut units = Vec::with_capacity(base64.len() * 6 / 16);
    let (mut bits, mut held) = (0_u32, 0);
    for &byte in base64 {
        bits = bits << 6 | value(byte)?;
        held += 6;
        if held >= 16 {
            held -= 16;
            units.push((bits >> held) as u16);
            bits &= (1 << held) - 1;
        }
    }
    (!units.is_empty() && held < 6 && bits == 0)
        .then(|| String::from_utf16(&units).ok())
        .flatten()
}

fn pack(text: &str, wire: &mut Vec<u8>) {
    let (mut bits, mut held) = (0_u32, 0);
    wire.push(b'+');
    for unit in text.encode_utf16() {
        bits = bits << 16 | u32::from(unit);
        held += 16;
        while held >= 6 {
            held -= 6;
            wire.push(ALPHABET[(bits >> held) as usize]);
            bits &= (1 << held) - 1;
        }
    }
    if held > 0 {
        wire.push(ALPHABET[(bits << (6 - held)) as usize]);
    }
    wire.push(b'-');
}

fn is_direct(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || DIRECT.contains(&byte)
}

fn value(byte: u8) -> Option<u32> {
    Some(match byte {
        b'A'..=b'Z' => u32::from(byte - b'A'),
        b'a'..=b'z' => u32::from(byte - b'a') + 26,
        b'0'..=b'9' => u32::from(byte - b'0') + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    })
}
