//! Code pages: the whole list, the committed table, and each page both ways.
//!
//! A page that the system's iconv lacks is reported on stderr and left out;
//! TFTPSERVER_ALL_CODEPAGES=1 makes that a failure, for machines that are known to have all of
//! glibc's converters. `make bless` rewrites `docs/codepages.md`.

mod known;

use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Once;
use std::thread;

use crate::support::committed::assert_up_to_date;
use tftp_codepage::{CodePage, Page, Unsupported, page, pages};
use tftp_files::names::NameCodec;

/// The specification's list for CodePage, in its order.
#[rustfmt::skip]
const LISTED: &[u32] = &[
    37, 437, 500, 708, 709, 710, 720, 737, 775, 850, 852, 855, 857, 858, 860, 861, 862, 863, 864, 865, 866,
    869, 870, 874, 875, 932, 936, 949, 950, 1026, 1047, 1140, 1141, 1142, 1143, 1144, 1145, 1146, 1147,
    1148, 1149, 1200, 1201, 1250, 1251, 1252, 1253, 1254, 1255, 1256, 1257, 1258, 1361, 10000, 10001, 10002,
    10003, 10004, 10005, 10006, 10007, 10008, 10010, 10017, 10021, 10029, 10079, 10081, 10082, 12000, 12001,
    20000, 20001, 20002, 20003, 20004, 20005, 20105, 20106, 20107, 20108, 20127, 20261, 20269, 20273, 20277,
    20278, 20280, 20284, 20285, 20290, 20297, 20420, 20423, 20424, 20833, 20838, 20866, 20871, 20880, 20905,
    20924, 20932, 20936, 21025, 21027, 21866, 28591, 28592, 28593, 28594, 28595, 28596, 28597, 28598, 28599,
    28605, 29001, 38598, 50220, 50221, 50222, 50225, 50227, 50229, 50930, 50931, 50933, 50935, 50936, 50937,
    50939, 51932, 51936, 51949, 51950, 52936, 54936, 57002, 57003, 57004, 57005, 57006, 57007, 57008, 57009,
    57010, 57011, 65000, 65001,
];

/// Its second list, for Mac OS alone; 10 stands in it twice.
#[rustfmt::skip]
const LISTED_FOR_MAC: &[u32] = &[
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 21, 30, 10, 0x9000_0100, 0x9400_0100, 0x8c00_0100,
    0x9800_0100, 0x9c00_0100, 65536,
];

const FILE_NAMES: [&str; 3] = ["pxelinux.0", "a/b", "X-1_y.cfg"];

/// Opens a page; `None` if it needs converters that this machine lacks, which is reported once.
fn open(page: &Page) -> Option<CodePage> {
    if let Ok(opened) = CodePage::new(page.id) {
        return Some(opened);
    }
    assert!(
        page.needs_iconv() || !page.is_served(),
        "{}: {}",
        page.id,
        page.served_by()
    );
    let required = std::env::var_os("TFTPSERVER_ALL_CODEPAGES").is_some();
    assert!(
        !page.is_served() || !required,
        "{}: this system lacks {}",
        page.id,
        page.served_by()
    );
    static REPORT: Once = Once::new();
    REPORT.call_once(report_missing);
    None
}

#[expect(
    clippy::explicit_write,
    reason = "the test harness would keep eprintln's to itself"
)]
fn report_missing() {
    for page in pages().filter(|page| page.is_served() && CodePage::new(page.id).is_err()) {
        writeln!(
            std::io::stderr(),
            "SKIPPED code page {}: no {} here",
            page.id,
            page.served_by()
        )
        .unwrap();
    }
}

fn opened() -> impl Iterator<Item = (&'static Page, CodePage)> {
    pages().filter_map(|page| Some((page, open(page)?)))
}

fn bytes(hexadecimal: &str) -> Vec<u8> {
    let digits: Vec<u32> = hexadecimal
        .chars()
        .map(|digit| digit.to_digit(16).unwrap())
        .collect();
    let (pairs, []) = digits.as_chunks::<2>() else {
        panic!("{hexadecimal}")
    };
    pairs.iter().map(|[high, low]| (high * 16 + low) as u8).collect()
}

#[test]
fn the_table_has_each_listed_identifier_once_and_no_other() {
    let mut listed = [LISTED, LISTED_FOR_MAC].concat();
    assert_eq!((LISTED.len(), LISTED_FOR_MAC.len()), (150, 24));
    listed.sort_unstable();
    listed.dedup();
    assert_eq!(pages().map(|page| page.id).collect::<Vec<_>>(), listed);
}

#[test]
fn other_numbers_are_unknown() {
    for id in [0, 16, 31, 36, 38, 1252 + 65536, 65002, 0x9000_0101, u32::MAX] {
        assert_eq!(CodePage::new(id).unwrap_err(), Unsupported::Unknown, "{id}");
    }
}

#[test]
fn an_unavailable_page_is_refused_when_set() {
    for page in pages().filter(|page| !page.is_served()) {
        assert_eq!(
            CodePage::new(page.id).unwrap_err(),
            Unsupported::NotServed,
            "{}",
            page.id
        );
    }
}

#[test]
fn pages_without_iconv_work_everywhere() {
    for page in pages().filter(|page| page.is_served() && !page.needs_iconv()) {
        assert_eq!(CodePage::new(page.id).map(|opened| opened.id()), Ok(page.id));
    }
}

#[test]
fn each_byte_of_a_single_byte_page_round_trips_or_is_invalid() {
    for (page, opened) in opened().filter(|(page, _)| page.is_single_byte()) {
        let mut known = 0;
        for byte in 0..=255_u8 {
            if let Some(text) = opened.decode(&[byte]) {
                assert_eq!(text.chars().count(), 1, "{}: {byte:#04x}", page.id);
                assert_ne!(text, "\u{FFFD}", "{}: {byte:#04x}", page.id);
                assert_eq!(
                    opened.encode(&text),
                    Some(vec![byte]),
                    "{}: {byte:#04x} {text}",
                    page.id
                );
                known += 1;
            }
        }
        assert!(known >= 120, "{}: {known} characters", page.id);
    }
}

#[test]
fn text_of_each_language_is_written_as_other_converters_write_it() {
    for (id, text, hexadecimal) in known::KNOWN.iter().chain(known::BY_STANDARD) {
        let Some(opened) = open(page(*id).unwrap()) else {
            continue;
        };
        let wire = bytes(hexadecimal);
        assert_eq!(opened.encode(text), Some(wire.clone()), "{id}: {text}");
        assert_eq!(opened.decode(&wire).as_deref(), Some(*text), "{id}: {text}");
    }
}

#[test]
fn every_served_page_has_a_sample_of_its_language() {
    let sampled: Vec<u32> = known::KNOWN
        .iter()
        .chain(known::BY_STANDARD)
        .map(|&(id, ..)| id)
        .collect();
    let without = pages().filter(|page| page.is_served() && !sampled.contains(&page.id));
    assert_eq!(without.map(|page| page.id).collect::<Vec<_>>(), [0; 0]);
}

#[test]
fn plain_file_names_convert_in_every_page() {
    for (page, opened) in opened() {
        for name in FILE_NAMES {
            let wire = opened
                .encode(name)
                .unwrap_or_else(|| panic!("{}: {name}", page.id));
            assert_eq!(opened.decode(&wire).as_deref(), Some(name), "{}", page.id);
            let ascii = opened.decode(b"pxelinux.0").as_deref() == Some("pxelinux.0");
            let header: &[u8] = if page.id == 50225 { b"\x1B$)C" } else { b"" };
            assert!(
                !ascii || wire == [header, name.as_bytes()].concat(),
                "{}: {name}",
                page.id
            );
        }
    }
}

#[test]
fn only_ebcdic_and_wide_pages_write_ascii_otherwise() {
    let otherwise = opened()
        .filter(|(_, opened)| opened.decode(b"pxelinux.0").as_deref() != Some("pxelinux.0"));
    for (page, opened) in otherwise {
        let slash = opened.encode("/").unwrap();
        assert!(slash == [0x61] || slash.contains(&0), "{}: {slash:02x?}", page.id);
    }
}

#[test]
fn senseless_bytes_are_no_text() {
    for (id, hexadecimal) in known::SENSELESS {
        let Some(opened) = open(page(*id).unwrap()) else {
            continue;
        };
        assert_eq!(opened.decode(&bytes(hexadecimal)), None, "{id}: {hexadecimal}");
        let after = opened.encode("a/b").unwrap();
        assert_eq!(
            opened.decode(&after).as_deref(),
            Some("a/b"),
            "{id} after a failure"
        );
    }
}

#[test]
fn text_that_the_page_lacks_has_no_bytes() {
    for (id, text) in known::UNMAPPABLE {
        let Some(opened) = open(page(*id).unwrap()) else {
            continue;
        };
        assert_eq!(opened.encode(text), None, "{id}: {text}");
        assert_eq!(opened.encode(&format!("boot{text}.cfg")), None, "{id}: {text}");
        assert!(opened.encode("boot.cfg").is_some(), "{id} after a failure");
    }
}

#[test]
fn no_page_ever_makes_a_replacement_character_of_bytes() {
    for (page, opened) in opened() {
        for first in 0..=255_u8 {
            for second in 0..=255_u8 {
                if let Some(text) = opened.decode(&[first, second]) {
                    assert!(
                        !text.contains('\u{FFFD}') || opened.encode("\u{FFFD}").is_some(),
                        "{}",
                        page.id
                    );
                }
            }
        }
    }
}

#[test]
fn any_mixture_of_a_pages_characters_converts() {
    // Faults of shifts and escapes show between characters.
    let seed = std::env::var("TFTP_SEED").map_or(0x434F_4445, |seed| seed.parse().unwrap());
    println!("TFTP_SEED={seed}");
    let mut state: u64 = seed;
    let mut below = |limit: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % limit
    };
    let candidates = "a/.~+-{}\\é中文檔案功能日本語ｱｶアカ파일힣ÄßфйĞαꙮ€𝄞";
    for (page, opened) in opened() {
        let known: Vec<char> = candidates
            .chars()
            .filter(|c| opened.encode(&c.to_string()).is_some())
            .collect();
        for _ in 0..200 {
            let name: String = (0..1 + below(12)).map(|_| known[below(known.len())]).collect();
            let wire = opened
                .encode(&name)
                .unwrap_or_else(|| panic!("{}: {name}", page.id));
            assert_eq!(opened.decode(&wire), Some(name), "{}", page.id);
        }
    }
}

#[test]
fn known_places_of_known_pages() {
    let decoded = |id, wire: &[u8]| CodePage::new(id).unwrap().decode(wire);
    assert_eq!(decoded(437, b"\x81").as_deref(), Some("ü"));
    assert_eq!(decoded(850, b"\xD5").as_deref(), Some("ı"));
    assert_eq!(decoded(858, b"\xD5").as_deref(), Some("€"));
    assert_eq!(decoded(1252, b"\x80").as_deref(), Some("€"));
    assert_eq!(
        decoded(28591, b"\x80").as_deref(),
        Some("\u{80}"),
        "not windows-1252"
    );
    assert_eq!(
        decoded(28599, b"\x80").as_deref(),
        Some("\u{80}"),
        "not windows-1254"
    );
    assert_eq!(
        decoded(932, b"\x83\x5C/\x95\x5C").as_deref(),
        Some("ソ/表"),
        "0x5C is half a character here"
    );
    assert_eq!(decoded(950, b"\xA5\x5C").as_deref(), Some("功"));
    if let Some(ebcdic) = open(page(37).unwrap()) {
        assert_eq!(ebcdic.encode("A/"), Some(vec![0xC1, 0x61]));
    }
    if let Some(utf_7) = open(page(65000).unwrap()) {
        assert_eq!(utf_7.decode(b"1+-1 +AKM-").as_deref(), Some("1+1 £"));
        assert_eq!(
            utf_7.decode(b"+AC4ALg-/x").as_deref(),
            Some("../x"),
            "decode first, then look at the path"
        );
    }
}

#[test]
fn one_page_serves_many_threads() {
    // A page of iconv, if this system has it: its descriptor is shared.
    let Some(opened) = open(page(50930).unwrap()) else {
        return;
    };
    thread::scope(|scope| {
        for number in 0..4 {
            let opened = opened.clone();
            scope.spawn(move || {
                for round in 0..500 {
                    let name = format!("日本{number}/語{round}");
                    let wire = opened.encode(&name).unwrap();
                    assert_eq!(NameCodec::decode(&opened, &wire), Some(name));
                    assert_eq!(opened.decode(b"\x0E\x45"), None);
                }
            });
        }
    });
}

#[test]
fn the_default_is_utf_8() {
    let default = CodePage::default();
    assert_eq!(default.id(), 65001);
    assert_eq!(
        default.decode("\u{FEFF}é".as_bytes()).as_deref(),
        Some("\u{FEFF}é"),
        "no mark is taken off"
    );
    assert_eq!(default.decode(b"\xED\xA0\x80"), None, "a surrogate");
    assert_eq!(default.encode("é"), Some(b"\xC3\xA9".to_vec()));
}

#[test]
fn the_committed_table_is_up_to_date() {
    assert_up_to_date("docs/codepages.md", &document());
}

fn document() -> String {
    let count = |test: &dyn Fn(&Page) -> bool| pages().filter(|page| test(page)).count();
    let mut text = String::from(INTRODUCTION);
    let by = |name: &'static str| move |page: &Page| page.served_by().starts_with(name);
    writeln!(
        text,
        "Of the {} identifiers, {} are served: {} by own code, {} by `encoding_rs`, {} by `oem_cp`, and {}\n\
         by the system's `iconv` where it is glibc's; {} are refused.\n",
        count(&|_| true),
        count(&Page::is_served),
        count(&by("own code")),
        count(&by("encoding_rs")),
        count(&by("oem_cp")),
        count(&Page::needs_iconv),
        count(&|page| !page.is_served()),
    )
    .unwrap();
    text.push_str("| Identifier | Name | Served by | Note |\n|---|---|---|---|\n");
    for page in pages() {
        let id = match page.id {
            37 => "037".into(),
            long if long > 0x0FFF_FFFF => format!("0x{long:08x}"),
            id => id.to_string(),
        };
        let note = page.note.replace('|', r"\|");
        let row = format!("| {id} | {} | {} | {note} |", page.name, page.served_by());
        writeln!(text, "{}", row.replace("|  |", "| |")).unwrap();
    }
    text
}

const INTRODUCTION: &str = "\
# Code pages

The setting `CodePage` determines how the file names of clients are converted to UTF-8, and back. It
takes the identifiers in the table below; the default is 65001, UTF-8. A number that is not in the
table is refused with 905. A code page that is in the table but not supported is refused with 434
when it is set. So is a code page of `iconv` if the system has no such converter. That is the case
on systems without glibc, and on systems with a separate package for glibc's converters (Debian's
`libc-gconv-modules-extra`, Fedora's `glibc-gconv-extra`) while it is not installed.

Names convert exactly: no character is replaced by another one or by a question mark. Old boot ROMs
end a name with the byte 0xFF. A byte from 0x80 on that has no meaning in the code page becomes one
of the private characters U+EF80 to U+EFFF: U+EF00 plus the byte. So `boot.efi` and the byte 0xFF
become the text `boot.efi` and U+EFFF, in UTF-8 `boot.efi\\xEE\\xBF\\xBF`. ConnectionRequest,
ConnFilename and rules contain that text. In LocalDir, ConnServedName and ConnLocalFile such a
character stands for the byte, so a file or link of exactly the requested name is found. If a name
itself contains one of these characters in UTF-8, it is converted as its three bytes. Logs and the
command's output show `\\xff`.

Bytes below 0x80 have no such form. If one of them has no meaning in a name, as in an unfinished
escape sequence of ISO 2022, the request ends with 434, and the client gets an ERROR. A name is
decoded before it is used in any other way: a backslash that is half of a Japanese character is no
separator, and dots that UTF-7 hides are recognized.

This page is made from the table in `crates/tftp-codepage/src/table` by `make bless`.

";
