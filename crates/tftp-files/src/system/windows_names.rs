//! Recognizes names that on Windows mean something else than a file of that name in its directory.
//! No system calls, so that it is tested on every system.

use super::Unusable;

/// Characters that no name may have: `:` begins a stream, the others are wildcards or reserved.
const RESERVED: &[char] = &['<', '>', ':', '"', '|', '?', '*'];

/// The longest name in UTF-16 units, in every file system of Windows. Linux has the same number in
/// bytes.
const LONGEST: usize = 255;

/// Names of devices, also with any text after a dot.
const DEVICES: &[&str] = &["CON", "PRN", "AUX", "NUL", "CLOCK$", "CONIN$", "CONOUT$"];

/// Names of devices that a digit follows.
const NUMBERED: &[&str] = &["COM", "LPT"];

/// Returns the part of a path that can't name a file or directory, if there is one. The answers to
/// a client are those of other systems: a directory that can't exist is not found, a last name that
/// can't exist is not permitted.
pub(super) fn unusable(path: &str) -> Option<Unusable> {
    let (directory, leaf) = path.rsplit_once(['/', '\\']).unwrap_or(("", path));
    match (are_plain(directory), are_plain(leaf)) {
        (true, true) => None,
        (true, false) => Some(Unusable::Leaf(directory.into())),
        (false, _) => Some(Unusable::Directory),
    }
}

/// Returns whether every part of a path, between slashes, names a file or a directory and nothing
/// else.
fn are_plain(path: &str) -> bool {
    path.split(['/', '\\'])
        .all(|part| matches!(part, "" | "." | "..") || is_plain(part))
}

fn is_plain(name: &str) -> bool {
    // Windows drops trailing dots and spaces: "boot.efi." is another name of "boot.efi".
    let is_cut = name.ends_with(['.', ' ']);
    let has_reserved = name
        .chars()
        .any(|character| character < ' ' || RESERVED.contains(&character));
    let fits = name.encode_utf16().count() <= LONGEST;
    fits && !is_cut && !has_reserved && !is_device(name) && !may_be_short(name)
}

fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end_matches(' ');
    if DEVICES.iter().any(|device| stem.eq_ignore_ascii_case(device)) {
        return true;
    }
    let mut rest = stem.chars();
    let Some(number) = rest.next_back() else {
        return false;
    };
    let is_numbered = NUMBERED
        .iter()
        .any(|device| rest.as_str().eq_ignore_ascii_case(device));
    // Superscript digits count as digits.
    is_numbered && matches!(number, '0'..='9' | '\u{b9}' | '\u{b2}' | '\u{b3}')
}

/// Returns whether a name has the form of the short name that a file system generates for a file
/// ("TFTPSE~1.PAR"). Such a name could reach a file whose own name is refused. It has at most 8 and
/// 3 characters of the system's code page, also beyond ASCII.
fn may_be_short(name: &str) -> bool {
    let (stem, extension) = name.split_once('.').unwrap_or((name, ""));
    let is_numbered = |(before, digits): (&str, &str)| {
        !before.is_empty() && !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    let fits = |text: &str, most: usize| text.chars().nth(most).is_none();
    fits(stem, 8) && fits(extension, 3) && stem.rsplit_once('~').is_some_and(is_numbered)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_that_cannot_exist_is_told_from_a_last_name_that_cannot() {
        for (path, expected) in [
            ("a/b", None),
            ("file", None),
            ("dir./file", Some(Unusable::Directory)),
            ("C:\\windows\\win.ini", Some(Unusable::Directory)),
            ("?/UNC/server/x", Some(Unusable::Directory)),
            ("CON/x:y", Some(Unusable::Directory)),
            ("C:file", Some(Unusable::Leaf("".into()))),
            ("dir\\sub/file.", Some(Unusable::Leaf("dir\\sub".into()))),
            ("dir/", None),
        ] {
            assert_eq!(unusable(path), expected, "{path}");
        }
    }

    #[test]
    fn names_with_another_meaning_are_recognized() {
        for name in [
            "file:stream",
            "C:",
            "c:boot.efi",
            "C:/boot.efi",
            "?/C:/boot.efi",
            "a/NUL",
            "nul.txt",
            "con",
            "Com1.cfg",
            "lpt9",
            "COM\u{b2}",
            "AUX .txt",
            "trail.",
            "trail ",
            "dir./file",
            "dir /file",
            "a*b",
            "a?b",
            "a\u{1}b",
            "TFTPSE~1.PAR",
            "dir/PROGRA~1",
            "\u{c4}\u{d6}\u{dc}\u{c4}\u{d6}\u{dc}~1.\u{dc}\u{dc}\u{dc}",
            "a|b",
            "CONIN$",
            "...",
        ] {
            assert!(!are_plain(name), "{name:?}");
        }
        let (longest, too_long) = ("\u{fc}".repeat(255), "\u{fc}".repeat(256));
        assert!(!are_plain(&too_long) && !are_plain(&format!("a/{too_long}/b")));
        for name in [
            longest.as_str(),
            "boot.efi",
            "a/b/c",
            "../up",
            "./here",
            ".hidden",
            "COM10",
            "common",
            "console.txt",
            "com",
            "NULL",
            "a~b",
            "longer-than-eight~1.txt",
            "file~1.config",
            "~1",
            "Gr\u{fc}n",
            "a b",
            "pxelinux.cfg/01-88-99-aa",
        ] {
            assert!(are_plain(name), "{name:?}");
        }
    }
}
