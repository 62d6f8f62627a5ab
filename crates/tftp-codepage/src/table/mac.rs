//! 10000 to 10082: the Macintosh's own sets, as Apple last had them (with the euro sign, which
//! Microsoft's older tables lack).

use encoding_rs::{
    BIG5_INIT, EUC_KR_INIT, GBK_INIT, MACINTOSH_INIT, SHIFT_JIS_INIT, X_MAC_CYRILLIC_INIT,
};

use super::super::page::{By, Page, Points};
use super::super::whatwg;
use super::{iconv, none, rs, upper};

const GREEK: &str = "Ä¹²É³ÖÜ\u{385}àâä\u{384}¨çéèêë£™îï•½‰ôö¦€ùûü†ΓΔΘΛΞΠß®©ΣΪ§≠°·Α±≤≥¥ΒΕΖΗΙΚΜΦΫΨΩάΝ¬ΟΡ≈Τ«»…\u{A0}ΥΧΆΈœ–―“”‘’÷\
                     ΉΊΌΎέήίόΏύαβψδεφγηιξκλμνοπώρστθωςχυζϊϋΐΰ\u{AD}";

const ROMANIA: Points = &[
    (0xAE, Some('Ă')),
    (0xAF, Some('Ș')),
    (0xBE, Some('ă')),
    (0xBF, Some('ș')),
    (0xDE, Some('Ț')),
    (0xDF, Some('ț')),
];

const ICELAND: Points = &[
    (0xA0, Some('Ý')),
    (0xDC, Some('Ð')),
    (0xDD, Some('ð')),
    (0xDE, Some('Þ')),
    (0xDF, Some('þ')),
    (0xE0, Some('ý')),
];

const TURKEY: Points = &[
    (0xDA, Some('Ğ')),
    (0xDB, Some('ğ')),
    (0xDC, Some('İ')),
    (0xDD, Some('ı')),
    (0xDE, Some('Ş')),
    (0xDF, Some('ş')),
    (0xF5, None),
];

const CROATIA: Points = &[
    (0xA9, Some('Š')),
    (0xAE, Some('Ž')),
    (0xB4, Some('∆')),
    (0xB9, Some('š')),
    (0xBE, Some('ž')),
    (0xC6, Some('Ć')),
    (0xC8, Some('Č')),
    (0xD0, Some('Đ')),
    (0xD8, Some('\u{F8FF}')),
    (0xD9, Some('©')),
    (0xDE, Some('Æ')),
    (0xDF, Some('»')),
    (0xE0, Some('–')),
    (0xE6, Some('ć')),
    (0xE8, Some('č')),
    (0xF0, Some('đ')),
    (0xF9, Some('π')),
    (0xFA, Some('Ë')),
    (0xFD, Some('Ê')),
    (0xFE, Some('æ')),
];

pub(super) static PAGES: &[Page] = &[
    rs(10000, "MAC - Roman", &MACINTOSH_INIT),
    Page::new(10001, "MAC - Japanese", By::Whatwg(&SHIFT_JIS_INIT, whatwg::shift_jis))
        .note("JIS X 0201 and 0208, which is Windows' Shift-JIS there; 0x5C is the backslash; Apple's additions are refused"),
    Page::new(10002, "MAC - Traditional Chinese (Big5)", By::Whatwg(&BIG5_INIT, whatwg::big5_1984))
        .note("Big5 of 1984; Apple's additions are refused"),
    Page::new(10003, "MAC - Korean", By::Whatwg(&EUC_KR_INIT, whatwg::euc))
        .note("KS X 1001 as EUC-KR; Apple's additions are refused"),
    none(10004, "MAC - Arabic"),
    none(10005, "MAC - Hebrew"),
    upper(10006, "MAC - Greek I", GREEK),
    rs(10007, "MAC - Cyrillic", &X_MAC_CYRILLIC_INIT)
        .points(&[(0xA2, Some('¢')), (0xB6, Some('∂'))])
        .note("as before Mac OS 9, when 10017 took its place"),
    Page::new(10008, "MAC - Simplified Chinese (GB 2312)", By::Whatwg(&GBK_INIT, whatwg::gb2312))
        .note("GB 2312 as EUC-CN; Apple's additions are refused"),
    rs(10010, "MAC - Romania", &MACINTOSH_INIT)
        .points(ROMANIA)
        .note("Ș ș Ț ț with a comma below, as in Apple's table; older ones have the cedilla"),
    rs(10017, "MAC - Ukraine", &X_MAC_CYRILLIC_INIT),
    none(10021, "MAC - Thai"),
    iconv(10029, "MAC - Latin II", "MAC-CENTRALEUROPE"),
    rs(10079, "MAC - Icelandic", &MACINTOSH_INIT).points(ICELAND),
    rs(10081, "MAC - Turkish", &MACINTOSH_INIT).points(TURKEY),
    rs(10082, "MAC - Croatia", &MACINTOSH_INIT).points(CROATIA),
];
