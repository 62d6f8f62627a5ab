//! The identifiers that the specification lists for Mac OS alone: the numbers of NSStringEncoding.
//! They work everywhere.

use encoding_rs::{
    EUC_JP_INIT, ISO_8859_2_INIT, MACINTOSH_INIT, SHIFT_JIS_INIT, WINDOWS_1250_INIT,
    WINDOWS_1251_INIT, WINDOWS_1252_INIT, WINDOWS_1253_INIT, WINDOWS_1254_INIT,
};

use super::super::japanese::Kana;
use super::super::page::{By, Page};
use super::super::whatwg;
use super::super::wide::{Order, Unit, Wide};
use super::{ascii, latin1, none, rs};

const NO_CLIENT: &str = "no client can use it: a name on the wire ends at its first zero byte";

pub(super) static LOW: &[Page] = &[
    ascii(1, "ASCII"),
    none(2, "NEXTSTEP"),
    Page::new(3, "JapaneseEUC", By::Whatwg(&EUC_JP_INIT, whatwg::all)).note("as 51932"),
    Page::new(4, "UTF8", By::Utf8).note("as 65001"),
    latin1(5, "ISOLatin1"),
    none(6, "Symbol"),
    Page::new(7, "NonLossyASCII", By::Escaped)
        .note(r"\ooo and \uhhhh for what is not ASCII, \\ for a backslash"),
    Page::new(8, "ShiftJIS", By::Whatwg(&SHIFT_JIS_INIT, whatwg::all)).note("as 932"),
    rs(9, "ISOLatin2", &ISO_8859_2_INIT),
    wide(10, "Unicode", Unit::Two, Order::Marked)
        .note("also listed as UTF16String; no client can use it, as 1200"),
    rs(11, "WindowsCP1251", &WINDOWS_1251_INIT),
    rs(12, "WindowsCP1252", &WINDOWS_1252_INIT),
    rs(13, "WindowsCP1253", &WINDOWS_1253_INIT),
    rs(14, "WindowsCP1254", &WINDOWS_1254_INIT),
    rs(15, "WindowsCP1250", &WINDOWS_1250_INIT),
    Page::new(21, "ISO2022JP", By::Iso2022Jp(Kana::Refused)).note("as 50220"),
    rs(30, "MacOSRoman", &MACINTOSH_INIT).note("as 10000"),
];

pub(super) static HIGH: &[Page] = &[
    none(65536, "Proprietary"),
    wide(0x8C00_0100, "UTF32String", Unit::Four, Order::Marked).note(NO_CLIENT),
    wide(0x9000_0100, "UTF16BigEndian", Unit::Two, Order::Big).note(NO_CLIENT),
    wide(0x9400_0100, "UTF16LittleEndian", Unit::Two, Order::Little).note(NO_CLIENT),
    wide(0x9800_0100, "UTF32BigEndian", Unit::Four, Order::Big).note(NO_CLIENT),
    wide(0x9C00_0100, "UTF32LittleEndian", Unit::Four, Order::Little).note(NO_CLIENT),
];

const fn wide(id: u32, name: &'static str, unit: Unit, order: Order) -> Page {
    Page::new(id, name, By::Wide(Wide { unit, order }))
}
