//! Text for people: what comes from the network is never passed on as it is.

use std::sync::LazyLock;
use std::time::Duration;

use regex::Regex;
use tftp_serve::names;
use unicode_width::UnicodeWidthStr;

/// Control characters become `\u{1b}` and the like: a client may put anything into a name, also
/// what drives a terminal mad or breaks a line of a log in two. Bytes that are not text become
/// `\xff` and the like.
pub fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in names::shown(text).chars() {
        match c.is_control() || is_directing(c) {
            true => out.extend(c.escape_unicode()),
            false => out.push(c),
        }
    }
    out
}

/// Characters that turn the direction of writing, or separate lines, without being control
/// characters.
fn is_directing(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The same for a line of JSON: DEL, C1 and the directing characters become `\u009b` and the like.
/// JSON itself has escapes for the others, and none of these occurs outside of its strings.
pub fn json(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    for c in line.chars() {
        match c.is_control() || is_directing(c) {
            true => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            false => out.push(c),
        }
    }
    out
}

/// Columns of a terminal that a text takes: two for wide characters, none for those that join the
/// one before.
pub fn columns(text: &str) -> usize {
    text.width()
}

/// The beginning and the end of a text that is wider than `width` columns.
pub fn shortened(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    let Some(rest) = width.checked_sub(1) else {
        return String::new();
    };
    let begin = beginning(text, rest / 3);
    // A column that a wide character at the border of the beginning left free is the end's.
    let end = ending(text, rest - columns(begin));
    format!("{begin}…{end}")
}

/// The beginning of a text that is wider than `width` columns.
pub fn cut(text: &str, width: usize) -> String {
    match (columns(text) <= width, width.checked_sub(1)) {
        (true, _) => text.to_owned(),
        (false, Some(rest)) => format!("{}…", beginning(text, rest)),
        (false, None) => String::new(),
    }
}

/// With spaces behind it, `width` columns wide.
pub fn padded(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(columns(text))))
}

/// As many of the first characters as fit.
fn beginning(text: &str, width: usize) -> &str {
    let ends = text.char_indices().map(|(at, c)| at + c.len_utf8());
    let fits = ends.take_while(|&end| columns(&text[..end]) <= width).last();
    &text[..fits.unwrap_or(0)]
}

/// As many of the last characters as fit.
fn ending(text: &str, width: usize) -> &str {
    let starts = text.char_indices().rev().map(|(at, _)| at);
    let fits = starts
        .take_while(|&start| columns(&text[start..]) <= width)
        .last();
    &text[fits.unwrap_or(text.len())..]
}

/// An error's text for people: without the numbers that the class ("[10049] ") and Rust ("(os error
/// 2)") add, and without the end of a sentence in the middle of one.
pub fn without_numbers(text: &str) -> String {
    static NUMBERS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\[1[01]\d{3}\] | \(os error \d+\)").expect("it is an expression")
    });
    NUMBERS.replace_all(text, "").replace(".;", ";")
}

/// An error in the words of the system, without the number that Rust adds.
pub fn system(error: &std::io::Error) -> String {
    let words = error.to_string();
    match error.raw_os_error() {
        Some(number) => words
            .trim_end_matches(&format!(" (os error {number})"))
            .to_owned(),
        None => words,
    }
}

/// Bytes as people read them: `812 B`, `1.4 MiB`.
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if count < 1024 {
        return format!("{count} B");
    }
    let mut value = count as f64 / 1024.0;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

/// Bytes a second as people read them; "" where no time has passed.
pub fn rate(count: u64, took: Duration) -> String {
    match per_second(count, took) {
        Some(rate) => format!("{}/s", bytes(rate as u64)),
        None => String::new(),
    }
}

/// Bytes a second; `None` if too little time has passed.
pub fn per_second(count: u64, took: Duration) -> Option<f64> {
    (took >= Duration::from_millis(1)).then(|| count as f64 / took.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_sequences_are_escaped() {
        assert_eq!(printable("a\u{1b}[2J\nb"), "a\\u{1b}[2J\\u{a}b");
        assert_eq!(printable("a\u{202e}b\u{9b}"), "a\\u{202e}b\\u{9b}");
        assert_eq!(printable("bücher/ä b"), "bücher/ä b");
        assert_eq!(printable("boot\u{EFFF}"), "boot\\xff");
    }

    #[test]
    fn long_names_keep_both_ends() {
        assert_eq!(shortened("short", 5), "short");
        assert_eq!(shortened("0123456789", 7), "01…6789");
        assert_eq!(
            (shortened("0123", 1), shortened("0123", 0)),
            ("…".to_owned(), String::new())
        );
        assert_eq!(shortened("ääääääää", 4).chars().count(), 4);
    }

    #[test]
    fn wide_characters_take_two_columns() {
        assert_eq!((columns("起動"), columns("e\u{301}")), (4, 1));
        assert_eq!(shortened("起動イメージ.img", 9), "起…ジ.img");
        assert_eq!(shortened("起動", 3), "…動");
        assert_eq!(cut("起動", 3), "起…");
        assert_eq!(padded("起動", 6), "起動  ");
    }

    #[test]
    fn errors_are_in_words() {
        assert_eq!(
            without_numbers("a: [10049] Can't assign. Listening on b.; take another (os error 99)"),
            "a: Can't assign. Listening on b; take another"
        );
        assert_eq!(
            without_numbers("[::1]:69 [2001:db8::1]:70"),
            "[::1]:69 [2001:db8::1]:70"
        );
    }

    #[test]
    fn json_stays_json() {
        let text = "a\u{9b}2J\u{202e}\u{7f}\u{2028}\n\"\\ä";
        let line = json(&serde_json::to_string(text).unwrap());
        assert_eq!(line, "\"a\\u009b2J\\u202e\\u007f\\u2028\\n\\\"\\\\ä\"");
        assert_eq!(serde_json::from_str::<String>(&line).unwrap(), text);
    }

    #[test]
    fn sizes() {
        assert_eq!(bytes(1023), "1023 B");
        assert_eq!(bytes(1536), "1.5 KiB");
        assert_eq!(bytes(u64::MAX), "16384.0 PiB");
        assert_eq!(rate(2048, Duration::from_secs(2)), "1.0 KiB/s");
        assert_eq!(rate(2048, Duration::ZERO), "");
    }
}
