//! Text for people: what comes from the network is never passed on as it is.

use std::time::Duration;

/// Control characters become `\u{1b}` and the like: a client may put anything into a name, also what drives a
/// terminal mad or breaks a line of a log in two.
pub fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c.is_control() || is_directing(c) {
            true => out.extend(c.escape_unicode()),
            false => out.push(c),
        }
    }
    out
}

/// Characters that turn the direction of writing, or separate lines, without being control characters.
fn is_directing(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The beginning and the end of a text that is longer than `width` characters.
pub fn shortened(text: &str, width: usize) -> String {
    let count = text.chars().count();
    if count <= width {
        return text.to_owned();
    }
    let Some(rest) = width.checked_sub(1) else {
        return String::new();
    };
    let head = rest / 3;
    let tail = rest - head;
    let (begin, end) = (text.chars().take(head), text.chars().skip(count - tail));
    begin.chain(['…']).chain(end).collect()
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

/// Bytes a second; `None` where too little time has passed to say.
pub fn per_second(count: u64, took: Duration) -> Option<f64> {
    (took >= Duration::from_millis(1)).then(|| count as f64 / took.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_drives_a_terminal_comes_through() {
        assert_eq!(printable("a\u{1b}[2J\nb"), "a\\u{1b}[2J\\u{a}b");
        assert_eq!(printable("a\u{202e}b\u{9b}"), "a\\u{202e}b\\u{9b}");
        assert_eq!(printable("bücher/ä b"), "bücher/ä b");
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
    fn sizes() {
        assert_eq!(bytes(1023), "1023 B");
        assert_eq!(bytes(1536), "1.5 KiB");
        assert_eq!(bytes(u64::MAX), "16384.0 PiB");
        assert_eq!(rate(2048, Duration::from_secs(2)), "1.0 KiB/s");
        assert_eq!(rate(2048, Duration::ZERO), "");
    }
}
