//! Code pages: how file names on the wire become UTF-8, and back.
//!
//! - `table/`: every identifier that the setting CodePage takes, and by what it is served;
//!   `page.rs`: one line of it;
//! - `single.rs`: pages of one byte a character; `whatwg.rs`, `japanese.rs`, `hz.rs`: what
//!   `encoding_rs` converts, kept to the page; `wide.rs`, `utf7.rs`, `escaped.rs`: what needs no
//!   table; `system.rs`, `rewritten.rs`: what the C library's `iconv` converts.
//!
//! Nothing is ever replaced: text converts whole and exactly, or not at all. Of a name that does
//! not convert, `partly.rs` keeps the bytes that mean nothing in the form of [`tftp_files::names`].
//!
//! `unsafe` only in `iconv.rs`, where the C library is called.
#![deny(unsafe_code)]

mod escaped;
mod hz;
#[allow(unsafe_code)]
mod iconv;
mod japanese;
mod page;
mod partly;
mod rewritten;
mod single;
mod system;
mod table;
mod utf7;
mod whatwg;
mod wide;

use std::fmt;
use std::sync::Arc;

use encoding_rs::Encoding;

pub use page::Page;
pub use table::{page, pages};

use japanese::Kana;
use page::{By, Fits};
use rewritten::Rewrite;
use single::Single;
use system::{Mixed, System};
use tftp_files::names::NameCodec;
use wide::Wide;

/// UTF-8, the code page in force until another is set.
pub const UTF_8: u32 = 65001;

/// A code page in force. A clone shares its tables.
#[derive(Clone)]
pub struct CodePage {
    id: u32,
    conversion: Conversion,
}

/// Why there is no such code page here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsupported {
    /// The number is none of those the setting takes.
    Unknown,
    /// The number is known, but nothing on this system converts the page.
    NotServed,
}

#[derive(Clone)]
enum Conversion {
    Utf8,
    Utf7,
    Single(Arc<Single>),
    Whatwg(&'static Encoding, Fits),
    Iso2022Jp(Kana),
    Hz,
    Wide(Wide),
    Escaped,
    System(Arc<System>),
    Rewritten(Arc<System>, Rewrite),
    Mixed(Arc<Mixed>),
}

impl CodePage {
    /// The code page of that number, tried out: what this returns converts on this system.
    ///
    /// # Errors
    ///
    /// [`Unsupported::Unknown`] for a number outside of the table, [`Unsupported::NotServed`] for a
    /// page that nothing converts here.
    pub fn new(id: u32) -> Result<CodePage, Unsupported> {
        let page = page(id).ok_or(Unsupported::Unknown)?;
        let conversion = Conversion::of(page.by).ok_or(Unsupported::NotServed)?;
        Ok(CodePage { id, conversion })
    }

    /// The number it was made with.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Bytes of this page as UTF-8; `None` where any of them means nothing in it.
    pub fn decode(&self, wire: &[u8]) -> Option<String> {
        match &self.conversion {
            Conversion::Utf8 => Some(std::str::from_utf8(wire).ok()?.to_owned()),
            Conversion::Utf7 => utf7::decode(wire),
            Conversion::Single(single) => single.decode(wire),
            Conversion::Whatwg(encoding, fits) => {
                fits(wire).then(|| whatwg::decode(encoding, wire)).flatten()
            }
            Conversion::Iso2022Jp(kana) => kana.decode(wire),
            Conversion::Hz => hz::decode(wire),
            Conversion::Wide(wide) => wide.decode(wire),
            Conversion::Escaped => escaped::decode(wire),
            Conversion::System(system) => system.decode(wire),
            Conversion::Rewritten(system, rewrite) => system.decode(&rewrite.to_system(wire)?),
            Conversion::Mixed(mixed) => mixed.decode(wire),
        }
    }

    /// Text as bytes of this page; `None` where it has a character that the page lacks. What comes
    /// out decodes to the same text: encoders that write a similar character for another (the yen
    /// sign as a backslash) do not get by.
    pub fn encode(&self, text: &str) -> Option<Vec<u8>> {
        let wire = match &self.conversion {
            Conversion::Utf8 => return Some(text.as_bytes().to_vec()),
            Conversion::Single(single) => return single.encode(text),
            Conversion::Utf7 => utf7::encode(text),
            Conversion::Whatwg(encoding, _) => whatwg::encode(encoding, text)?,
            Conversion::Iso2022Jp(kana) => kana.encode(text)?,
            Conversion::Hz => hz::encode(text)?,
            Conversion::Wide(wide) => wide.encode(text),
            Conversion::Escaped => escaped::encode(text),
            Conversion::System(system) => system.encode(text)?,
            Conversion::Rewritten(system, rewrite) => rewrite.to_wire(system.encode(text)?),
            Conversion::Mixed(mixed) => mixed.encode(text)?,
        };
        (self.decode(&wire)? == text).then_some(wire)
    }
}

impl Conversion {
    fn of(by: By) -> Option<Conversion> {
        Some(match by {
            By::Utf8 => Conversion::Utf8,
            By::Utf7 => Conversion::Utf7,
            By::Single(base, points) => Conversion::Single(Arc::new(Single::new(base, points)?)),
            By::Whatwg(encoding, fits) => Conversion::Whatwg(encoding, fits),
            By::Iso2022Jp(kana) => Conversion::Iso2022Jp(kana),
            By::Hz => Conversion::Hz,
            By::Wide(wide) => Conversion::Wide(wide),
            By::Escaped => Conversion::Escaped,
            By::Iconv(name) => Conversion::System(Arc::new(System::open(name)?)),
            By::Rewritten(name, rewrite) => {
                Conversion::Rewritten(Arc::new(System::open(name)?), rewrite)
            }
            By::Mixed(single, pairs) => Conversion::Mixed(Arc::new(Mixed {
                single: Single::new(page::Base::Iconv(single), &[])?,
                pairs: System::open(pairs)?,
            })),
            By::Nothing => return None,
        })
    }
}

impl Default for CodePage {
    /// UTF-8.
    fn default() -> CodePage {
        CodePage {
            id: UTF_8,
            conversion: Conversion::Utf8,
        }
    }
}

impl fmt::Debug for CodePage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CodePage").field(&self.id).finish()
    }
}

impl NameCodec for CodePage {
    fn decode(&self, wire: &[u8]) -> Option<String> {
        self.decode_name(wire)
    }
}

impl fmt::Display for Unsupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Unsupported::Unknown => "no such code page",
            Unsupported::NotServed => "the code page is not converted on this system",
        })
    }
}

impl std::error::Error for Unsupported {}
