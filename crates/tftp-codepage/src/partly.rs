//! Names with bytes that are invalid in the code page.

use super::{CodePage, Conversion};
use tftp_files::names;

/// Longer names are looked up nowhere (PATH_MAX of Linux), so their parts are not looked for.
const MAX_BYTES: usize = 4095;

/// Bytes of the longest character of any page (UTF-8, GB 18030, EUC-TW).
const MAX_CHARACTER: usize = 4;

impl CodePage {
    /// Decodes a client's name: valid parts as [`CodePage::decode`] does, invalid bytes from 0x80
    /// on as [`names`] writes them. `None` if a byte below 0x80 is invalid, as in a shift sequence
    /// that is cut off.
    pub fn decode_name(&self, wire: &[u8]) -> Option<String> {
        if matches!(self.conversion, Conversion::Utf8) {
            return Some(names::from_bytes(wire));
        }
        match self.decode(wire) {
            Some(text) if !names::has_bytes(&text) => Some(text),
            _ if wire.len() > MAX_BYTES => None,
            _ => self.decode_partly(wire),
        }
    }

    fn decode_partly(&self, mut wire: &[u8]) -> Option<String> {
        let mut text = String::with_capacity(wire.len());
        while let Some(&first) = wire.first() {
            let (part, length) = match self.first_part(wire) {
                Some(found) => found,
                None => (names::from_byte(first)?.to_string(), 1),
            };
            text.push_str(&part);
            wire = &wire[length..];
        }
        Some(text)
    }

    /// Decodes the valid beginning of the name and returns it with its length in bytes: one
    /// character, or in a page of seven bits everything up to the next byte that cannot be of it,
    /// because there a shift changes all that follows.
    fn first_part(&self, wire: &[u8]) -> Option<(String, usize)> {
        let lengths = if self.has_seven_bits() {
            let run = wire.iter().position(|byte| *byte >= 0x80).unwrap_or(wire.len());
            run.max(1)..=run.max(1)
        } else {
            1..=MAX_CHARACTER.min(wire.len())
        };
        lengths.into_iter().find_map(|length| {
            let part = self.decode(&wire[..length])?;
            (!part.is_empty() && !names::has_bytes(&part)).then_some((part, length))
        })
    }

    fn has_seven_bits(&self) -> bool {
        matches!(
            self.conversion,
            Conversion::Utf7 | Conversion::Iso2022Jp(_) | Conversion::Hz | Conversion::Escaped
        ) || matches!(self.id, 50_220..=50_229)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(page: u32, wire: &[u8]) -> Option<String> {
        CodePage::new(page).unwrap().decode_name(wire)
    }

    #[test]
    fn invalid_bytes_keep_their_positions() {
        for (page, wire, text) in [
            (65001, &b"boot.efi\xFF"[..], "boot.efi\u{EFFF}"),
            (65001, b"caf\xE9/\xC3\xBC", "caf\u{EFE9}/\u{FC}"),
            (65001, b"\xEE\xBF\xBF", "\u{EFEE}\u{EFBF}\u{EFBF}"),
            (20127, b"boot.efi\xFF", "boot.efi\u{EFFF}"),
            (1253, b"a\xFFb", "a\u{EFFF}b"),
            // A lead byte alone at the end, and before what it cannot lead; half of a character is
            // not taken apart.
            (932, b"\x95\x5C\x8E\xA6\x95", "\u{8868}\u{793A}\u{EF95}"),
            (932, b"\x95/\x95\x5C", "\u{EF95}/\u{8868}"),
            (54936, b"\x81\x30\x81\x30\xFF", "\u{80}\u{EFFF}"),
            (51932, b"\x8F\xA2", "\u{EF8F}\u{EFA2}"),
            (50220, b"\x1B$BI=\x1B(B.txt\xFF", "\u{8868}.txt\u{EFFF}"),
            (65000, b"+AOk-.cfg\xFF", "\u{E9}.cfg\u{EFFF}"),
        ] {
            assert_eq!(decoded(page, wire).as_deref(), Some(text), "{page} {wire:x?}");
        }
    }

    #[test]
    fn valid_names_convert_as_before() {
        let page = CodePage::new(932).unwrap();
        assert_eq!(page.decode_name(b"\x95\x5C.txt"), page.decode(b"\x95\x5C.txt"));
        assert_eq!(decoded(1252, b"caf\xE9").as_deref(), Some("caf\u{E9}"));
    }

    #[test]
    fn bytes_below_0x80_have_no_such_form() {
        assert_eq!(decoded(65000, b"+!"), None);
        assert_eq!(decoded(50220, b"\x1B$BI"), None);
        assert_eq!(decoded(7, b"\\q"), None);
        // Longer than any name that is looked up.
        assert_eq!(decoded(20127, &[0xFF; 5000]), None);
    }

    /// Of any two names of three bytes, at least one of them undecodable, none has the other's
    /// text.
    #[test]
    fn no_two_names_become_one_text() {
        for page in [65001, 1253, 932] {
            let page = CodePage::new(page).unwrap();
            let mut seen = std::collections::HashMap::new();
            for number in 0..=0xFFFF_u16 {
                let name = number.to_be_bytes();
                let Some(text) = page.decode_name(&name) else {
                    continue;
                };
                if names::has_bytes(&text) {
                    assert_eq!(seen.insert(text, name), None, "{} {name:x?}", page.id());
                }
            }
            assert!(seen.len() > 1_000, "{}", seen.len());
        }
    }
}
