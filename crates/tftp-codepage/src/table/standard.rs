//! 12000 to 65001: UCS-4, the seven-bit sets, EBCDIC under Microsoft's numbers, ISO 8859 and 2022,
//! EUC, UTF-7 and UTF-8.

use encoding_rs::{
    EUC_JP_INIT, EUC_KR_INIT, GB18030_INIT, GBK_INIT, ISO_8859_2_INIT, ISO_8859_3_INIT,
    ISO_8859_4_INIT, ISO_8859_5_INIT, ISO_8859_6_INIT, ISO_8859_7_INIT, ISO_8859_8_I_INIT,
    ISO_8859_8_INIT, ISO_8859_15_INIT, KOI8_R_INIT, KOI8_U_INIT,
};

use super::super::japanese::Kana;
use super::super::page::{By, Page, Points};
use super::super::rewritten::Rewrite;
use super::super::whatwg;
use super::super::wide::{Order, Unit, Wide};
use super::{ascii, iconv, iconv_multi, latin1, none, rs};

const NO_CLIENT: &str = "no client can use it: a name on the wire ends at its first zero byte";

const GERMAN: Points = &[
    (0x40, Some('§')),
    (0x5B, Some('Ä')),
    (0x5C, Some('Ö')),
    (0x5D, Some('Ü')),
    (0x7B, Some('ä')),
    (0x7C, Some('ö')),
    (0x7D, Some('ü')),
    (0x7E, Some('ß')),
];

const IRV: Points = &[(0x24, Some('¤')), (0x7E, Some('‾'))];

/// Annex C of SEN 85 02 00.
const SWEDISH: Points = &[
    (0x24, Some('¤')),
    (0x40, Some('É')),
    (0x5B, Some('Ä')),
    (0x5C, Some('Ö')),
    (0x5D, Some('Å')),
    (0x5E, Some('Ü')),
    (0x60, Some('é')),
    (0x7B, Some('ä')),
    (0x7C, Some('ö')),
    (0x7D, Some('å')),
    (0x7E, Some('ü')),
];

/// The second version of NS 4551.
const NORWEGIAN: Points = &[
    (0x23, Some('§')),
    (0x5B, Some('Æ')),
    (0x5C, Some('Ø')),
    (0x5D, Some('Å')),
    (0x7B, Some('æ')),
    (0x7C, Some('ø')),
    (0x7D, Some('å')),
    (0x7E, Some('|')),
];

const GLIBC_DIFFERS: &str = "some points as Microsoft and IBM have them, where glibc differs";

const GREEK: Points = &[
    (0x6A, Some('|')),
    (0x74, Some('\u{A0}')),
    (0xAF, Some('σ')),
    (0xBA, Some('ς')),
    (0xCA, Some('\u{AD}')),
    (0xCC, Some('â')),
];

const HEBREW: Points = &[
    (0x78, Some('‗')),
    (0x8F, Some('±')),
    (0xB3, Some('•')),
    (0xBC, Some('‾')),
];

const RUSSIAN: Points = &[
    (0x41, Some('\u{A0}')),
    (0x45, Some('є')),
    (0x55, Some('ў')),
    (0x64, Some('Є')),
    (0x6A, Some('|')),
    (0x73, Some('\u{AD}')),
    (0x74, Some('Ў')),
    (0x79, Some('`')),
    (0xA1, Some('~')),
    (0xC0, Some('{')),
    (0xD0, Some('}')),
];

const TURKISH: Points = &[
    (0x41, Some('\u{A0}')),
    (0x9D, Some('¸')),
    (0xB0, Some('˙')),
    (0xB7, Some('·')),
];

/// The characters of ISO 8859-9 that differ from ISO 8859-1.
const LATIN_5: Points = &[
    (0xD0, Some('Ğ')),
    (0xDD, Some('İ')),
    (0xDE, Some('Ş')),
    (0xF0, Some('ğ')),
    (0xFD, Some('ı')),
    (0xFE, Some('ş')),
];

/// The characters of IBM 924 that differ from IBM 1047: Latin-9's eight characters, and three
/// others in other places.
const LATIN_9: Points = &[
    (0x4A, Some('Ý')),
    (0x6A, Some('Š')),
    (0x9D, Some('ž')),
    (0x9F, Some('€')),
    (0xB0, Some('¢')),
    (0xB7, Some('Œ')),
    (0xB8, Some('œ')),
    (0xB9, Some('Ÿ')),
    (0xBA, Some('¬')),
    (0xBB, Some('š')),
    (0xBE, Some('Ž')),
];

pub(super) static PAGES: &[Page] = &[
    Page::new(12000, "Unicode UCS-4 Little-Endian", By::Wide(Wide { unit: Unit::Four, order: Order::Little }))
        .note(NO_CLIENT),
    Page::new(12001, "Unicode UCS-4 Big-Endian", By::Wide(Wide { unit: Unit::Four, order: Order::Big }))
        .note(NO_CLIENT),
    none(20000, "CNS - Taiwan"),
    none(20001, "TCA - Taiwan"),
    none(20002, "Eten - Taiwan"),
    none(20003, "IBM5550 - Taiwan"),
    none(20004, "TeleText - Taiwan"),
    none(20005, "Wang - Taiwan"),
    ascii(20105, "IA5 IRV International Alphabet No. 5 (7-bit)")
        .points(IRV)
        .note("the version of 1983, with ¤ and ‾ for $ and ~, as on Windows"),
    ascii(20106, "IA5 German (7-bit)").points(GERMAN),
    ascii(20107, "IA5 Swedish (7-bit)").points(SWEDISH),
    ascii(20108, "IA5 Norwegian (7-bit)").points(NORWEGIAN),
    ascii(20127, "US-ASCII (7-bit)"),
    iconv_multi(20261, "T.61", "T.61").note("an accent goes before its letter; some of ASCII's signs are missing"),
    iconv_multi(20269, "ISO 6937 Non-Spacing Accent", "ISO_6937")
        .note("an accent goes before its letter; Windows reads the two apart"),
    iconv(20273, "IBM EBCDIC - Germany", "IBM273"),
    iconv(20277, "IBM EBCDIC - Denmark/Norway", "IBM277"),
    iconv(20278, "IBM EBCDIC - Finland/Sweden", "IBM1143")
        .points(&[(0x5A, Some('¤'))])
        .note("1143 without its euro; glibc's IBM278 has É and the backslash in each other's place"),
    iconv(20280, "IBM EBCDIC - Italy", "IBM280"),
    iconv(20284, "IBM EBCDIC - Latin America/Spain", "IBM284"),
    iconv(20285, "IBM EBCDIC - United Kingdom", "IBM1146")
        .points(&[(0x9F, Some('¤'))])
        .note("1146 without its euro; glibc's IBM285 has an overline for the macron"),
    iconv(20290, "IBM EBCDIC - Japanese Katakana Extended", "IBM930")
        .note("the single bytes of 50930; glibc's IBM290 has full-width katakana"),
    iconv(20297, "IBM EBCDIC - France", "IBM297"),
    iconv(20420, "IBM EBCDIC - Arabic", "IBM420")
        .note("letters are letters, where Windows has presentation forms"),
    iconv(20423, "IBM EBCDIC - Greek", "IBM423").points(GREEK).note(GLIBC_DIFFERS),
    iconv(20424, "IBM EBCDIC - Hebrew", "IBM424").points(HEBREW).note(GLIBC_DIFFERS),
    iconv(20833, "IBM EBCDIC - Korean Extended", "IBM933").note("the single bytes of 50933 (IBM 833)"),
    iconv(20838, "IBM EBCDIC - Thai", "CP1160")
        .points(&[(0xFE, None)])
        .note("IBM 1160 is this page with a euro at 0xFE; four marks that the page has twice are read from one byte each"),
    rs(20866, "Russian - KOI8-R", &KOI8_R_INIT),
    iconv(20871, "IBM EBCDIC - Icelandic", "IBM1149")
        .points(&[(0x9F, Some('¤'))])
        .note("1149 without its euro; glibc's IBM871 has Þ and þ in each other's place"),
    iconv(20880, "IBM EBCDIC - Cyrillic (Russian)", "IBM880").points(RUSSIAN).note(GLIBC_DIFFERS),
    iconv(20905, "IBM EBCDIC - Turkish", "IBM905").points(TURKISH).note(GLIBC_DIFFERS),
    iconv(20924, "IBM EBCDIC - Latin-1/Open System (1047 + Euro symbol)", "IBM1047")
        .points(LATIN_9)
        .note("IBM 924: not 1047 with one more character but with the eight of Latin-9"),
    Page::new(20932, "JIS X 0208-1990 & 0121-1990", By::Rewritten("EUC-JP", Rewrite::ClearedTrail))
        .note("JIS X 0208 and 0212 (misspelt in the name); NEC's and IBM's additions to them are refused"),
    Page::new(20936, "Simplified Chinese (GB2312)", By::Whatwg(&GBK_INIT, whatwg::gb2312))
        .note("GB 2312 alone, its symbols as in 936; GBK's additions are refused"),
    iconv(21025, "IBM EBCDIC - Cyrillic (Serbian, Bulgarian)", "CP1025"),
    iconv(21027, "Extended Alpha Lowercase", "IBM939")
        .points(&[(0xA0, Some('¯'))])
        .note("IBM 1027, the single bytes of 50939"),
    rs(21866, "Ukrainian (KOI8-U)", &KOI8_U_INIT).note("with Ў ў at 0xBE, 0xAE, as on Windows"),
    latin1(28591, "ISO 8859-1 Latin I"),
    rs(28592, "ISO 8859-2 Central Europe", &ISO_8859_2_INIT),
    rs(28593, "ISO 8859-3 Latin 3", &ISO_8859_3_INIT),
    rs(28594, "ISO 8859-4 Baltic", &ISO_8859_4_INIT),
    rs(28595, "ISO 8859-5 Cyrillic", &ISO_8859_5_INIT),
    rs(28596, "ISO 8859-6 Arabic", &ISO_8859_6_INIT),
    rs(28597, "ISO 8859-7 Greek", &ISO_8859_7_INIT).note("the edition of 2003, with the euro sign"),
    rs(28598, "ISO 8859-8 Hebrew", &ISO_8859_8_INIT).note("characters in the order they come in, as 38598"),
    latin1(28599, "ISO 8859-9 Latin 5").points(LATIN_5),
    rs(28605, "ISO 8859-15 Latin 9", &ISO_8859_15_INIT),
    none(29001, "Europa 3"),
    rs(38598, "ISO 8859-8 Hebrew", &ISO_8859_8_I_INIT).note("logical order"),
    Page::new(50220, "ISO 2022 Japanese with no halfwidth Katakana", By::Iso2022Jp(Kana::Refused))
        .note("half-width katakana do not encode"),
    Page::new(50221, "ISO 2022 Japanese with halfwidth Katakana", By::Iso2022Jp(Kana::Escaped))
        .note("half-width katakana behind ESC ( I"),
    Page::new(50222, "ISO 2022 Japanese JIS X 0201-1989", By::Iso2022Jp(Kana::Shifted))
        .note("half-width katakana between SO and SI"),
    iconv_multi(50225, "ISO 2022 Korean", "ISO-2022-KR"),
    Page::new(50227, "ISO 2022 Simplified Chinese", By::Rewritten("ISO-2022-CN", Rewrite::ShiftedChange)),
    Page::new(50229, "ISO 2022 Traditional Chinese", By::Rewritten("ISO-2022-CN", Rewrite::ShiftedChange)),
    iconv_multi(50930, "Japanese (Katakana) Extended", "IBM930"),
    Page::new(50931, "US/Canada and Japanese", By::Mixed("IBM037", "IBM939"))
        .note("IBM 931: the single bytes of 37, the pairs of 50939"),
    iconv_multi(50933, "Korean Extended and Korean", "IBM933"),
    iconv_multi(50935, "Simplified Chinese Extended and Simplified Chinese", "IBM935"),
    none(50936, "Simplified Chinese"),
    iconv_multi(50937, "US/Canada and Traditional Chinese", "IBM937"),
    iconv_multi(50939, "Japanese (Latin) Extended and Japanese", "IBM939"),
    Page::new(51932, "EUC - Japanese", By::Whatwg(&EUC_JP_INIT, whatwg::all))
        .note("JIS X 0212 is read but not written"),
    Page::new(51936, "EUC - Simplified Chinese", By::Whatwg(&GBK_INIT, whatwg::gb2312)).note("as 20936"),
    Page::new(51949, "EUC - Korean", By::Whatwg(&EUC_KR_INIT, whatwg::euc))
        .note("KS X 1001 alone; the additions of 949 are refused"),
    iconv_multi(51950, "EUC - Traditional Chinese", "EUC-TW"),
    Page::new(52936, "HZ-GB2312 Simplified Chinese", By::Hz).note("RFC 1843"),
    Page::new(54936, "Windows XP: GB18030 Simplified Chinese (4 Byte)", By::Whatwg(&GB18030_INIT, whatwg::all)),
    none(57002, "ISCII Devanagari"),
    none(57003, "ISCII Bengali"),
    none(57004, "ISCII Tamil"),
    none(57005, "ISCII Telugu"),
    none(57006, "ISCII Assamese"),
    none(57007, "ISCII Oriya"),
    none(57008, "ISCII Kannada"),
    none(57009, "ISCII Malayalam"),
    none(57010, "ISCII Gujarati"),
    none(57011, "ISCII Punjabi"),
    Page::new(65000, "Unicode UTF-7", By::Utf7).note("RFC 2152"),
    Page::new(65001, "Unicode UTF-8", By::Utf8).note("the default"),
];
