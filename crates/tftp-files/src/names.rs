//! File names as text that converts back to the same bytes.
//!
//! Names are UTF-8 everywhere in this library, but a client may send any bytes, and a file system may hold any. A
//! byte from 0x80 on that has no meaning in the code page becomes one of the 128 private characters U+EF80 to U+EFFF:
//! U+EF00 plus the byte. On the way to the file system such a character becomes its byte again. If a name contains
//! one of these characters itself, in UTF-8, each of its three bytes is converted on its own, so that two names never
//! become one text. Bytes below 0x80 have no such form, so no text can bring a "/", a "." or a NUL past a check.

use std::borrow::Cow;
use std::fmt;
use std::path::Path;

/// Decodes file names on the wire.
pub trait NameCodec: Send + Sync {
    /// Returns the name as UTF-8. Bytes that have no meaning in the code page become this module's
    /// private characters. `None` if the name cannot be decoded.
    fn decode(&self, wire: &[u8]) -> Option<String>;
}

/// The base of the private characters: the character of a byte is this plus the byte.
const BASE: u32 = 0xEF00;

/// Returns the character that stands for a byte; `None` below 0x80.
pub fn from_byte(byte: u8) -> Option<char> {
    (byte >= 0x80)
        .then(|| char::from_u32(BASE + u32::from(byte)))
        .flatten()
}

/// Returns the byte that a character stands for, if it is one of the 128.
pub fn to_byte(character: char) -> Option<u8> {
    let byte = u32::from(character).checked_sub(BASE)?;
    u8::try_from(byte).ok().filter(|byte| *byte >= 0x80)
}

/// Returns whether a text contains a character that stands for a byte.
pub fn has_bytes(text: &str) -> bool {
    text.chars().any(|character| to_byte(character).is_some())
}

/// Converts a name of a file system, or of a client without a code page, to text. [`to_bytes`] is
/// the inverse.
pub fn from_bytes(name: &[u8]) -> String {
    let mut text = String::with_capacity(name.len());
    for chunk in name.utf8_chunks() {
        for character in chunk.valid().chars() {
            match to_byte(character) {
                Some(_) => {
                    text.extend(character.encode_utf8(&mut [0; 4]).bytes().filter_map(from_byte))
                }
                None => text.push(character),
            }
        }
        text.extend(chunk.invalid().iter().copied().filter_map(from_byte));
    }
    text
}

/// Converts text that a person wrote, which may contain bytes or the characters that stand for
/// them.
pub fn from_written(written: &[u8]) -> String {
    let mut text = String::with_capacity(written.len());
    for chunk in written.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().copied().filter_map(from_byte));
    }
    text
}

/// Converts the text of a name to its bytes.
pub fn to_bytes(text: &str) -> Cow<'_, [u8]> {
    if !has_bytes(text) {
        return Cow::Borrowed(text.as_bytes());
    }
    let mut bytes = Vec::with_capacity(text.len());
    for character in text.chars() {
        match to_byte(character) {
            Some(byte) => bytes.push(byte),
            None => bytes.extend(character.encode_utf8(&mut [0; 4]).bytes()),
        }
    }
    Cow::Owned(bytes)
}

/// Converts the text of a name to a path. Where names are not bytes, the path is the text itself.
pub fn to_path(text: &str) -> Cow<'_, Path> {
    #[cfg(unix)]
    if let Cow::Owned(bytes) = to_bytes(text) {
        use std::os::unix::ffi::OsStringExt;
        return Cow::Owned(std::ffi::OsString::from_vec(bytes).into());
    }
    Cow::Borrowed(Path::new(text))
}

/// Converts a path to text. [`to_path`] is the inverse.
pub fn from_path(path: &Path) -> String {
    from_bytes(path.as_os_str().as_encoded_bytes())
}

/// Formats a name for people, with `\xff` for a character that stands for a byte. Not reversible,
/// and escapes nothing else.
pub fn shown(text: &str) -> Cow<'_, str> {
    if !has_bytes(text) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match to_byte(character) {
            Some(byte) => shown.push_str(&format!("\\x{byte:02x}")),
            None => shown.push(character),
        }
    }
    Cow::Owned(shown)
}

/// Formats a name for a log: in quotes, on one line, with escapes for characters that could control
/// a terminal.
pub struct Quoted<'a>(pub &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write;
        f.write_char('"')?;
        for character in self.0.chars() {
            match (to_byte(character), character) {
                (Some(byte), _) => write!(f, "\\x{byte:02x}")?,
                (None, '\'') => f.write_char('\'')?,
                (None, other) => write!(f, "{}", other.escape_debug())?,
            }
        }
        f.write_char('"')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_leads_back_and_no_two_become_one() {
        let mut seen = std::collections::BTreeSet::new();
        let ends: Vec<Vec<u8>> = (1..=255).map(|byte| vec![byte]).collect();
        // The private characters themselves, cut ones, overlong ones, surrogates, beyond Unicode.
        let odd: [&[u8]; 8] = [
            "\u{EF7F}\u{EF80}\u{EFFF}\u{F000}".as_bytes(),
            b"\xEE\xBF\xBF",
            b"\xEE\xBF",
            b"\xC0\xAF",
            b"\xED\xA0\x80",
            b"\xF4\x90\x80\x80",
            "Gr\u{FC}\u{DF}e \u{20AC}".as_bytes(),
            b"caf\xE9",
        ];
        for end in ends.iter().map(Vec::as_slice).chain(odd) {
            let name = [b"boot.efi", end].concat();
            let text = from_bytes(&name);
            assert_eq!(&*to_bytes(&text), &name[..], "{text:?}");
            assert!(seen.insert(text));
        }
        assert_eq!(from_bytes(b"boot.efi\xFF"), "boot.efi\u{EFFF}");
        assert_eq!(from_bytes("\u{EFFF}".as_bytes()), "\u{EFEE}\u{EFBF}\u{EFBF}");
    }

    #[test]
    fn no_text_brings_a_byte_of_ascii_past_a_check() {
        for code in 0..=0x10_FFFF {
            let Some(character) = char::from_u32(code) else {
                continue;
            };
            let text = character.to_string();
            let bytes = to_bytes(&text);
            assert!(
                character.is_ascii() || bytes.iter().all(|byte| *byte >= 0x80),
                "{code:x}"
            );
        }
    }

    #[cfg(unix)]
    #[test]
    fn paths_have_the_bytes() {
        use std::os::unix::ffi::OsStrExt;
        let path = to_path("dir/boot\u{EFFF}\u{EF80}");
        assert_eq!(path.as_os_str().as_bytes(), b"dir/boot\xFF\x80");
        assert_eq!(from_path(&path), "dir/boot\u{EFFF}\u{EF80}");
        assert!(matches!(to_path("dir/boot"), Cow::Borrowed(_)));
    }

    #[test]
    fn people_see_numbers() {
        assert_eq!(shown("boot\u{EFFF}\u{FC}"), "boot\\xff\u{FC}");
        assert_eq!(
            Quoted("it's \"b\u{EF80}\u{1b}").to_string(),
            "\"it's \\\"b\\x80\\u{1b}\""
        );
        assert_eq!(Quoted("plain").to_string(), format!("{:?}", "plain"));
        assert_eq!(from_written("r \u{EFFF}".as_bytes()), "r \u{EFFF}");
        assert_eq!(from_written(b"r \xFF"), "r \u{EFFF}");
    }
}
