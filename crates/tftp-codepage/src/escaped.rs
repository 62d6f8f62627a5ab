//! NSNonLossyASCIIStringEncoding: ASCII, `\ooo` up to U+00FF, `\uhhhh` (UTF-16) above, and a
//! doubled backslash.

pub(super) fn decode(wire: &[u8]) -> Option<String> {
    let mut units = Vec::with_capacity(wire.len());
    let mut rest = wire;
    while let [first, after @ ..] = rest {
        rest = match (first, after) {
            (b'\\', [b'\\', next @ ..]) => {
                units.push(u16::from(b'\\'));
                next
            }
            (b'\\', [b'u', a, b, c, d, next @ ..]) => {
                units.push(number([*a, *b, *c, *d], 16)?);
                next
            }
            (b'\\', [a @ b'0'..=b'3', b, c, next @ ..]) => {
                units.push(number([*a, *b, *c], 8)?);
                next
            }
            (b'\\' | 0x80.., _) => return None,
            _ => {
                units.push(u16::from(*first));
                after
            }
        };
    }
    String::from_utf16(&units).ok()
}

pub(super) fn encode(text: &str) -> Vec<u8> {
    let mut wire = String::with_capacity(text.len());
    for unit in text.encode_utf16() {
        match u8::try_from(unit) {
            Ok(b'\\') => wire.push_str("\\\\"),
            Ok(byte) if byte.is_ascii() => wire.push(byte.into()),
            Ok(byte) => wire.push_str(&format!("\\{byte:03o}")),
            Err(_) => wire.push_str(&format!("\\u{unit:04x}")),
        }
    }
    wire.into_bytes()
}

fn number<const N: usize>(digits: [u8; N], radix: u32) -> Option<u16> {
    digits.iter().try_fold(0, |sum, &digit| {
        Some(sum * radix as u16 + char::from(digit).to_digit(radix)? as u16)
    })
}
