//! Regular expressions as egrep writes them, for the crate `regex`, which has Perl's.
//!
//! They differ in what `[...]` means (a backslash in it is a backslash; `[`, `&&` and `~~` are
//! nothing special), in escaped letters, and in a `?` after another repetition, which makes that
//! one lazy in Perl's. What neither has in common and no map needs, references back (`(a)\1`), is
//! refused. `\xff`, which egrep has not, is the byte of a name that is not UTF-8. One difference
//! stays: of several alternatives that match at one place egrep takes the longest, `regex` the
//! first.

use std::iter::Peekable;
use std::str::Chars;

use tftp_serve::names;

/// The same expression in the syntax of `regex`.
pub fn translate(pattern: &str) -> Result<String, String> {
    let mut out = String::with_capacity(pattern.len());
    let mut rest = pattern.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\\' => match byte(&rest) {
                Some(byte) => {
                    out.push(byte);
                    rest.nth(2);
                }
                None => escaped(rest.next(), pattern, &mut out)?,
            },
            '[' => bracket(&mut rest, pattern, &mut out)?,
            // Perl's "(?...)" is no egrep.
            '(' if rest.peek() == Some(&'?') => {
                return Err(format!("{pattern}: ? has nothing before it to repeat"));
            }
            '?' => out.push_str("{0,1}"),
            '{' if rest.peek() == Some(&',') => out.push_str("{0"),
            c => out.push(c),
        }
    }
    Ok(out)
}

/// Returns the character that stands for a byte in names, if `x` and two digits from 80 to ff
/// follow.
fn byte(rest: &Peekable<Chars<'_>>) -> Option<char> {
    let next: String = rest.clone().take(3).collect();
    let digits = next.strip_prefix('x').filter(|digits| !digits.starts_with('+'))?;
    names::from_byte(u8::from_str_radix(digits, 16).ok()?)
}

fn escaped(c: Option<char>, pattern: &str, out: &mut String) -> Result<(), String> {
    match c {
        None => return Err(format!("{pattern}: a single \\ at the end; \\\\ matches one")),
        Some(c) if c.is_ascii_digit() => {
            return Err(format!(
                "{pattern}: \\{c} refers back, which is not supported in expressions"
            ));
        }
        // GNU's, and regex's too.
        Some(c @ ('w' | 'W' | 's' | 'S' | 'b' | 'B' | '<' | '>')) => out.extend(['\\', c]),
        // GNU's alone: the ends of all the text.
        Some('`') => out.push_str("\\A"),
        Some('\'') => out.push_str("\\z"),
        Some(c) => out.push_str(&regex::escape(c.encode_utf8(&mut [0; 4]))),
    }
    Ok(())
}

/// Translates a bracket expression, from after its `[` to its `]`.
fn bracket(rest: &mut Peekable<Chars<'_>>, pattern: &str, out: &mut String) -> Result<(), String> {
    let open = || format!("{pattern}: [ has no ]");
    out.push('[');
    if rest.next_if_eq(&'^').is_some() {
        out.push('^');
    }
    let mut is_first = true;
    loop {
        match rest.next().ok_or_else(open)? {
            ']' if !is_first => break,
            '[' if rest.peek() == Some(&':') => class(rest, out).ok_or_else(open)?,
            '[' if matches!(rest.peek(), Some('.' | '=')) => literal(element(rest, pattern)?, out),
            // A range, unless it stands first or last.
            '-' if !is_first && rest.peek() != Some(&']') => out.push('-'),
            c => literal(c, out),
        }
        is_first = false;
    }
    out.push(']');
    Ok(())
}

/// A character of a bracket that is nothing but itself.
fn literal(c: char, out: &mut String) {
    if c.is_ascii_punctuation() {
        out.push('\\');
    }
    out.push(c);
}

/// `[.a.]` and `[=a=]`, of which the `[` was read already: the character in it. Those of several
/// are words of a locale.
fn element(rest: &mut Peekable<Chars<'_>>, pattern: &str) -> Result<char, String> {
    let kind = rest.next();
    match (rest.next(), rest.next(), rest.next()) {
        (Some(c), end, Some(']')) if end == kind => Ok(c),
        _ => Err(format!("{pattern}: [. .] and [= =] hold one character")),
    }
}

/// `[:alpha:]`, of which the `[` was read already.
fn class(rest: &mut Peekable<Chars<'_>>, out: &mut String) -> Option<()> {
    out.push('[');
    let mut before = '[';
    loop {
        let c = rest.next()?;
        out.push(c);
        if before == ':' && c == ']' {
            return Some(());
        }
        before = c;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use regex::Regex;

    fn matches(pattern: &str, text: &str) -> bool {
        let translated = translate(pattern).unwrap();
        Regex::new(&translated)
            .unwrap_or_else(|error| panic!("{pattern}: {error}"))
            .is_match(text)
    }

    #[test]
    fn brackets_as_egrep_has_them() {
        for (pattern, yes, no) in [
            ("^[\\]$", "\\", "a"),
            ("^[]a]$", "]", "b"),
            ("^[^]a]$", "b", "]"),
            ("^[a[]$", "[", "b"),
            ("^[a&&b]$", "&", "c"),
            ("^[a-]$", "-", "b"),
            ("^[-a]$", "-", "b"),
            ("^[a-c]$", "b", "-"),
            ("^[[:digit:]_]+$", "12_3", "a"),
            ("^[^/]$", "a", "/"),
            ("^[~~]$", "~", "a"),
            ("^[[.a.]-[.c.]]$", "b", "."),
            ("^[[=]=]x]$", "]", "="),
        ] {
            assert!(matches(pattern, yes), "{pattern} {yes}");
            assert!(!matches(pattern, no), "{pattern} {no}");
        }
    }

    #[test]
    fn escapes() {
        assert!(matches("^\\.\\/\\ \\#\\\\$", "./ #\\"));
        assert!(matches("^\\q$", "q"), "a letter that means nothing is itself");
        assert!(matches("\\<boot\\>", "x boot y"));
        assert!(matches("\\`a\\'", "a") && !matches("\\`a", "ba") && !matches("a\\'", "ab"));
        for wrong in ["(a)\\1", "a\\", "[a", "[[:alpha:]", "[[.ab.]]", "[[.", "(?i)a"] {
            assert!(translate(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn bytes_of_names_that_are_not_utf_8() {
        assert!(matches("^a\\xff$", "a\u{EFFF}") && matches("a\\x80+$", "a\u{EF80}\u{EF80}"));
        for (pattern, text) in [
            ("^\\x7f$", "x7f"),
            ("^\\xf$", "xf"),
            ("^\\x+f$", "xxf"),
            ("^\\xg0$", "xg0"),
        ] {
            assert!(matches(pattern, text), "{pattern}");
        }
        assert!(!matches("^[[:print:]]+$", "a\u{EFFF}") && matches("^[^/]+$", "a\u{EFFF}"));
    }

    #[test]
    fn repetitions_take_what_they_can() {
        let found = |pattern, text| {
            let expression = Regex::new(&translate(pattern).unwrap()).unwrap();
            expression.find(text).map(|found| found.as_str().to_owned())
        };
        for (pattern, text, wanted) in [
            ("a+?", "aab", "aa"),
            ("a*?", "aab", "aa"),
            ("a??", "aab", "a"),
            ("a{1,2}?", "aab", "aa"),
            ("a{,2}", "aaa", "aa"),
            ("(ab)?c", "abc", "abc"),
        ] {
            assert_eq!(found(pattern, text).as_deref(), Some(wanted), "{pattern}");
        }
    }
}
