//! One line of the table: an identifier, its name, and by what it is converted.

use encoding_rs::Encoding;

use super::japanese::Kana;
use super::rewritten::Rewrite;
use super::wide::Wide;

/// A code page that the setting knows by number.
#[derive(Debug)]
pub struct Page {
    /// The number, as the setting CodePage takes it.
    pub id: u32,
    /// The name that the specification gives it.
    pub name: &'static str,
    /// A note for users of the page; often empty.
    pub note: &'static str,
    pub(super) by: By,
}

/// By what a page is converted.
#[derive(Clone, Copy, Debug)]
pub(super) enum By {
    Utf8,
    Utf7,
    /// A byte a character: a set of 256, some points of it replaced.
    Single(Base, Points),
    /// As the WHATWG's Encoding Standard has it, where the bytes pass the test.
    Whatwg(&'static Encoding, Fits),
    Iso2022Jp(Kana),
    Hz,
    Wide(Wide),
    Escaped,
    /// A character set of the C library, one to several bytes a character.
    Iconv(&'static str),
    /// The same, its bytes written otherwise.
    Rewritten(&'static str, Rewrite),
    /// EBCDIC with shifts: single bytes as in the first set of the C library, pairs as in the
    /// second.
    Mixed(&'static str, &'static str),
    Nothing,
}

/// Where the 256 characters of a single-byte page come from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Base {
    /// The lower half alone.
    Ascii,
    /// U+0000 to U+00FF.
    Latin1,
    /// ASCII, and these 128 characters above it.
    Upper(&'static str),
    /// The table of that number in the crate `oem_cp`.
    Oem(u16),
    Whatwg(&'static Encoding),
    /// The characters that the C library converts single bytes to.
    Iconv(&'static str),
}

/// Bytes at which a page differs from its base, and what they mean there (`None`: nothing).
pub(super) type Points = &'static [(u8, Option<char>)];

/// Whether bytes are within the page, where the WHATWG's encoding knows more than the page.
pub(super) type Fits = fn(&[u8]) -> bool;

impl Page {
    pub(super) const fn new(id: u32, name: &'static str, by: By) -> Page {
        Page {
            id,
            name,
            note: "",
            by,
        }
    }

    pub(super) const fn note(self, note: &'static str) -> Page {
        Page { note, ..self }
    }

    /// The single-byte page with these points replaced.
    pub(super) const fn points(self, points: Points) -> Page {
        match self.by {
            By::Single(base, _) => Page {
                by: By::Single(base, points),
                ..self
            },
            _ => panic!("only a single-byte page has points"),
        }
    }

    /// Whether each character is one byte.
    pub fn is_single_byte(&self) -> bool {
        matches!(self.by, By::Single(..))
    }

    /// Whether the C library converts it, so that it depends on the machine.
    pub fn needs_iconv(&self) -> bool {
        matches!(
            self.by,
            By::Single(Base::Iconv(_), _) | By::Iconv(_) | By::Rewritten(..) | By::Mixed(..)
        )
    }

    /// Whether anything here converts it, given a C library that has all of glibc's converters.
    pub fn is_served(&self) -> bool {
        !matches!(self.by, By::Nothing)
    }

    /// By what it is converted, for people: "encoding_rs (windows-1252)", "nothing".
    pub fn served_by(&self) -> String {
        match self.by {
            By::Single(base, _) => match base {
                Base::Ascii | Base::Latin1 | Base::Upper(_) => "own code".into(),
                Base::Oem(number) => format!("oem_cp (cp{number})"),
                Base::Whatwg(encoding) => format!("encoding_rs ({})", encoding.name()),
                Base::Iconv(name) => format!("iconv ({name})"),
            },
            By::Whatwg(encoding, _) => format!("encoding_rs ({})", encoding.name()),
            By::Iso2022Jp(_) => "encoding_rs (ISO-2022-JP)".into(),
            By::Hz => "encoding_rs (GBK)".into(),
            By::Iconv(name) | By::Rewritten(name, _) => format!("iconv ({name})"),
            By::Mixed(single, pairs) => format!("iconv ({single}, {pairs})"),
            By::Utf8 | By::Utf7 | By::Wide(_) | By::Escaped => "own code".into(),
            By::Nothing => "nothing".into(),
        }
    }
}
