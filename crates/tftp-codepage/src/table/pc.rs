//! 37 to 1361: DOS, Windows, and EBCDIC under IBM's own numbers; 1200 and 1201.

use encoding_rs::{
    BIG5_INIT, EUC_KR_INIT, GBK_INIT, SHIFT_JIS_INIT, WINDOWS_1250_INIT, WINDOWS_1251_INIT,
    WINDOWS_1252_INIT, WINDOWS_1253_INIT, WINDOWS_1254_INIT, WINDOWS_1255_INIT, WINDOWS_1256_INIT,
    WINDOWS_1257_INIT, WINDOWS_1258_INIT,
};

use super::super::page::{Base, By, Page, Points};
use super::super::whatwg;
use super::super::wide::{Order, Unit, Wide};
use super::{iconv, iconv_multi, none, oem, rs};

const NO_CLIENT: &str = "no client can use it: a name on the wire ends at its first zero byte";

/// Where Microsoft's 708 has French letters and boxes: at ISO 8859-6's control characters and its
/// two invisible ones.
const NO_BOXES: Points = &{
    let mut points = [(0x80, None); 34];
    points[33].0 = 0xAD;
    let mut place = 0;
    while place <= 32 {
        points[place].0 += place as u8;
        place += 1;
    }
    points
};

pub(super) static PAGES: &[Page] = &[
    iconv(37, "IBM EBCDIC - U.S./Canada", "IBM037"),
    oem(437, "OEM - United States"),
    iconv(500, "IBM EBCDIC - International", "IBM500"),
    Page::new(
        708,
        "Arabic - ASMO 708",
        By::Single(Base::Whatwg(&encoding_rs::ISO_8859_6_INIT), NO_BOXES),
    )
    .note("the standard ASMO 708 (ISO 8859-6); Microsoft's French letters and boxes are refused"),
    none(709, "Arabic - ASMO 449+, BCON V4"),
    none(710, "Arabic - Transparent Arabic"),
    oem(720, "Arabic - Transparent ASMO"),
    oem(737, "OEM - Greek (formerly 437G)"),
    oem(775, "OEM - Baltic"),
    oem(850, "OEM - Multilingual Latin I"),
    oem(852, "OEM - Latin II"),
    oem(855, "OEM - Cyrillic (primarily Russian)"),
    oem(857, "OEM - Turkish"),
    oem(858, "OEM - Multilingual Latin I + Euro symbol"),
    oem(860, "OEM - Portuguese"),
    oem(861, "OEM - Icelandic"),
    oem(862, "OEM - Hebrew"),
    oem(863, "OEM - Canadian-French"),
    oem(864, "OEM - Arabic").note("0x25 is %, not the Arabic percent sign"),
    oem(865, "OEM - Nordic"),
    oem(866, "OEM - Russian"),
    oem(869, "OEM - Modern Greek"),
    iconv(870, "IBM EBCDIC - Multilingual/ROECE (Latin-2)", "IBM870")
        .points(&[(0xB0, Some('˙'))])
        .note("0xB0 is the dot above of Latin-2; glibc has a middle dot"),
    oem(874, "ANSI/OEM - Thai (same as 28605, ISO 8859-15)").note("Thai; has nothing in common with 28605"),
    iconv(875, "IBM EBCDIC - Modern Greek", "CP875")
        .points(&[(0x6A, Some('|')), (0x74, Some('\u{A0}')), (0xDD, Some('\u{387}'))])
        .note("0x6A, 0x74 and 0xDD as Microsoft and IBM have them; glibc differs"),
    Page::new(
        932,
        "ANSI/OEM - Japanese, Shift-JIS",
        By::Whatwg(&SHIFT_JIS_INIT, whatwg::all),
    )
    .note("Windows-31J"),
    Page::new(
        936,
        "ANSI/OEM - Simplified Chinese (PRC, Singapore)",
        By::Whatwg(&GBK_INIT, whatwg::gbk),
    )
    .note("GBK; GB 18030's four-byte characters are refused"),
    Page::new(
        949,
        "ANSI/OEM - Korean (Unified Hangul Code)",
        By::Whatwg(&EUC_KR_INIT, whatwg::all),
    )
    .note("the WHATWG's EUC-KR is this page"),
    Page::new(
        950,
        "ANSI/OEM - Traditional Chinese (Taiwan; Hong Kong SAR, PRC)",
        By::Whatwg(&BIG5_INIT, whatwg::big5),
    )
    .note("with Hong Kong's characters where 950 has room for users' own, from lead byte 0xA1 up"),
    iconv(1026, "IBM EBCDIC - Turkish (Latin-5)", "CP1026")
        .points(&[(0x9D, Some('¸')), (0xBC, Some('¯'))])
        .note("0x9D and 0xBC as Microsoft and IBM have them; glibc differs"),
    iconv(1047, "IBM EBCDIC - Latin 1/Open System", "IBM1047"),
    iconv(1140, "IBM EBCDIC - U.S./Canada (037 + Euro symbol)", "IBM1140"),
    iconv(1141, "IBM EBCDIC - Germany (20273 + Euro symbol)", "IBM1141"),
    iconv(
        1142,
        "IBM EBCDIC - Denmark/Norway (20277 + Euro symbol)",
        "IBM1142",
    ),
    iconv(
        1143,
        "IBM EBCDIC - Finland/Sweden (20278 + Euro symbol)",
        "IBM1143",
    ),
    iconv(1144, "IBM EBCDIC - Italy (20280 + Euro symbol)", "IBM1144"),
    iconv(
        1145,
        "IBM EBCDIC - Latin America/Spain (20284 + Euro symbol)",
        "IBM1145",
    ),
    iconv(
        1146,
        "IBM EBCDIC - United Kingdom (20285 + Euro symbol)",
        "IBM1146",
    ),
    iconv(1147, "IBM EBCDIC - France (20297 + Euro symbol)", "IBM1147"),
    iconv(1148, "IBM EBCDIC - International (500 + Euro symbol)", "IBM1148"),
    iconv(1149, "IBM EBCDIC - Icelandic (20871 + Euro symbol)", "IBM1149"),
    Page::new(
        1200,
        "Unicode UCS-2 Little-Endian (BMP of ISO 10646)",
        By::Wide(Wide {
            unit: Unit::Two,
            order: Order::Little,
        }),
    )
    .note(NO_CLIENT),
    Page::new(
        1201,
        "Unicode UCS-2 Big-Endian",
        By::Wide(Wide {
            unit: Unit::Two,
            order: Order::Big,
        }),
    )
    .note(NO_CLIENT),
    rs(1250, "ANSI - Central European", &WINDOWS_1250_INIT),
    rs(1251, "ANSI - Cyrillic", &WINDOWS_1251_INIT),
    rs(1252, "ANSI - Latin I", &WINDOWS_1252_INIT),
    rs(1253, "ANSI - Greek", &WINDOWS_1253_INIT),
    rs(1254, "ANSI - Turkish", &WINDOWS_1254_INIT),
    rs(1255, "ANSI - Hebrew", &WINDOWS_1255_INIT),
    rs(1256, "ANSI - Arabic", &WINDOWS_1256_INIT),
    rs(1257, "ANSI - Baltic", &WINDOWS_1257_INIT),
    rs(1258, "ANSI/OEM - Vietnamese", &WINDOWS_1258_INIT)
        .note("tones are characters of their own, as on Windows: a name with composed ones does not encode"),
    iconv_multi(1361, "Korean (Johab)", "JOHAB")
        .note("0x5C is the won sign; letters standing alone are refused, or read as compatibility letters"),
];
