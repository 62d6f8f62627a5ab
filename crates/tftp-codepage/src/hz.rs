//! HZ (RFC 1843): GB 2312 in seven bits, between `~{` and `~}`.

use encoding_rs::GBK;

use super::whatwg;

pub(super) fn decode(wire: &[u8]) -> Option<String> {
    let mut eight = Vec::with_capacity(wire.len());
    let mut rest = wire;
    let mut chinese = false;
    while let [first, after @ ..] = rest {
        let [second, next @ ..] = after else {
            // A single last byte: fit for ASCII alone.
            if chinese || *first == b'~' {
                return None;
            }
            eight.push(*first);
            break;
        };
        rest = match (chinese, first, second) {
            (false, b'~', b'~') => {
                eight.push(b'~');
                next
            }
            (false, b'~', b'{') | (true, b'~', b'}') => {
                chinese = !chinese;
                next
            }
            (false, b'~', _) => return None,
            (false, _, _) => {
                eight.push(*first);
                after
            }
            (true, 0x21..=0x77, 0x21..=0x7E) => {
                eight.extend([first | 0x80, second | 0x80]);
                next
            }
            (true, _, _) => return None,
        };
    }
    // Eight-bit bytes outside of the braces would be taken for Chinese.
    (wire.is_ascii() && !chinese && whatwg::gb2312(&eight))
        .then(|| whatwg::decode(GBK, &eight))
        .flatten()
}

pub(super) fn encode(text: &str) -> Option<Vec<u8>> {
    let eight = whatwg::encode(GBK, text).filter(|eight| whatwg::gb2312(eight))?;
    let mut wire = Vec::with_capacity(eight.len() + 4);
    let mut chinese = false;
    for &byte in &eight {
        if (byte >= 0x80) != chinese {
            chinese = !chinese;
            wire.extend_from_slice(if chinese { b"~{" } else { b"~}" });
        }
        wire.extend(std::iter::repeat_n(byte & 0x7F, if byte == b'~' { 2 } else { 1 }));
    }
    if chinese {
        wire.extend_from_slice(b"~}");
    }
    Some(wire)
}
