//! Pages of one byte a character, as a table read both ways.

use super::iconv::Converter;
use super::page::{Base, Points};

/// 256 characters, none of them twice.
pub(super) struct Single {
    characters: [Option<char>; 256],
    /// The same by character, sorted.
    bytes: Vec<(char, u8)>,
}

impl Single {
    /// `None` where this system lacks the converter that the table is made with.
    pub(super) fn new(base: Base, points: Points) -> Option<Single> {
        let mut characters = characters(base)?;
        for &(byte, character) in points {
            characters[usize::from(byte)] = character;
        }
        let mut bytes: Vec<(char, u8)> = (0..=255)
            .filter_map(|byte| Some((characters[usize::from(byte)]?, byte)))
            .collect();
        bytes.sort_unstable();
        Some(Single { characters, bytes })
    }

    pub(super) fn decode(&self, wire: &[u8]) -> Option<String> {
        wire.iter()
            .map(|&byte| self.characters[usize::from(byte)])
            .collect()
    }

    pub(super) fn encode(&self, text: &str) -> Option<Vec<u8>> {
        text.chars().map(|character| self.byte(character)).collect()
    }

    pub(super) fn byte(&self, character: char) -> Option<u8> {
        let place = self
            .bytes
            .binary_search_by_key(&character, |&(known, _)| known)
            .ok()?;
        Some(self.bytes[place].1)
    }
}

fn characters(base: Base) -> Option<[Option<char>; 256]> {
    let mut found = [None; 256];
    let each = found.iter_mut().zip(0..=255_u8);
    match base {
        Base::Ascii => each
            .take(128)
            .for_each(|(place, byte)| *place = Some(byte.into())),
        Base::Latin1 => each.for_each(|(place, byte)| *place = Some(byte.into())),
        Base::Upper(upper) => {
            let all = (0..128_u8).map(char::from).chain(upper.chars());
            each.zip(all)
                .for_each(|((place, _), character)| *place = Some(character));
        }
        Base::Oem(number) => {
            let table = oem_cp::code_table::DECODING_TABLE_CP_MAP.get(&number)?;
            each.for_each(|(place, byte)| *place = table.decode_char_checked(byte));
        }
        Base::Whatwg(encoding) => each.for_each(|(place, byte)| {
            let text = encoding
                .decode_without_bom_handling_and_without_replacement(std::slice::from_ref(&byte));
            *place = text.and_then(|text| only(&text));
        }),
        Base::Iconv(name) => {
            let mut decoder = Converter::open(name, "UTF-8")?;
            let mut encoder = Converter::open("UTF-8", name)?;
            each.for_each(|(place, byte)| *place = converted(&mut decoder, &mut encoder, byte));
        }
    }
    Some(found)
}

/// Converts one byte with the C library; `None` unless the character converts back to that byte,
/// because a few tables have a character twice.
fn converted(decoder: &mut Converter, encoder: &mut Converter, byte: u8) -> Option<char> {
    let text = decoder.convert(&[byte])?;
    let again = encoder.convert(&text)?;
    if again == [byte] {
        only(std::str::from_utf8(&text).ok()?)
    } else {
        None
    }
}

fn only(text: &str) -> Option<char> {
    let mut characters = text.chars();
    characters.next().filter(|_| characters.next().is_none())
}
