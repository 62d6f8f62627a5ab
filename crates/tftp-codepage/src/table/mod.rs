//! Every identifier that the specification lists for CodePage, in its order of numbers.
//!
//! The names are the specification's, their slips included. `docs/codepages.md` is made from this
//! table.

mod mac;
mod nsstring;
mod pc;
mod standard;

use encoding_rs::Encoding;

use super::page::{Base, By, Page};

/// All pages, by ascending number.
pub fn pages() -> impl Iterator<Item = &'static Page> {
    [
        nsstring::LOW,
        pc::PAGES,
        mac::PAGES,
        standard::PAGES,
        nsstring::HIGH,
    ]
    .into_iter()
    .flatten()
}

/// The page of that number, if the setting takes it.
pub fn page(id: u32) -> Option<&'static Page> {
    pages().find(|page| page.id == id)
}

const fn none(id: u32, name: &'static str) -> Page {
    Page::new(id, name, By::Nothing)
}

const fn ascii(id: u32, name: &'static str) -> Page {
    Page::new(id, name, By::Single(Base::Ascii, &[]))
}

const fn latin1(id: u32, name: &'static str) -> Page {
    Page::new(id, name, By::Single(Base::Latin1, &[]))
}

const fn upper(id: u32, name: &'static str, upper: &'static str) -> Page {
    Page::new(id, name, By::Single(Base::Upper(upper), &[]))
}

const fn oem(id: u32, name: &'static str) -> Page {
    Page::new(id, name, By::Single(Base::Oem(id as u16), &[]))
}

/// A single-byte page of `encoding_rs`.
const fn rs(id: u32, name: &'static str, encoding: &'static Encoding) -> Page {
    Page::new(id, name, By::Single(Base::Whatwg(encoding), &[]))
}

/// A single-byte page of the C library.
const fn iconv(id: u32, name: &'static str, set: &'static str) -> Page {
    Page::new(id, name, By::Single(Base::Iconv(set), &[]))
}

/// A page of the C library with more than one byte to some characters.
const fn iconv_multi(id: u32, name: &'static str, set: &'static str) -> Page {
    Page::new(id, name, By::Iconv(set))
}
