//! Interprets a name on the wire, without I/O.
//!
//! Only TFTP's additions to a path are decided here: the leading "/", the "\", the names that are
//! never served. The kernel alone decides whether a path leaves the directory.

use super::Refusal;
use crate::upload;

/// The longest name in bytes that is looked up (PATH_MAX of Linux): systems without that limit
/// would walk a datagram full of "../".
const MAX_BYTES: usize = 4095;

/// The interpretation of a name that is being tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spelling {
    /// The literal name, although it has a "\" that could stand for "/": it counts only if such a
    /// file exists.
    Literal,
    /// The only or the last interpretation.
    Final,
}

/// Calls `each` with the path below the root that `name` means. "\" stands for "/" if no such file
/// exists under its literal name: if the first call returns [`Refusal::NotFound`], the second
/// interpretation follows.
pub(super) fn read<T>(
    name: &str,
    mut each: impl FnMut(&str, Spelling) -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    if !name.contains('\\') {
        return each(check(name)?, Spelling::Final);
    }
    // On Windows "\" is never part of a name.
    if cfg!(windows) {
        return each(check(&name.replace('\\', "/"))?, Spelling::Final);
    }
    match check(name).and_then(|path| each(path, Spelling::Literal)) {
        Err(Refusal::NotFound) => each(check(&name.replace('\\', "/"))?, Spelling::Final),
        other => other,
    }
}

/// Returns the path below the root, without its leading "/" ("/" is the root itself, and so is
/// "//").
///
/// Names of directories are refused by their form ("", a trailing "/", "." or ".." at the end),
/// temporary names of uploads by their pattern. Neither answer depends on existing files.
fn check(name: &str) -> Result<&str, Refusal> {
    if name.is_empty() || name.len() > MAX_BYTES || name.contains('\0') {
        return Err(Refusal::NotFound);
    }
    let path = name.trim_start_matches('/');
    let last = path.rsplit('/').next().unwrap_or_default();
    if matches!(last, "" | "." | "..") || upload::is_temporary(last) {
        return Err(Refusal::NotAllowed);
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn readings(name: &str) -> (Vec<String>, Result<(), Refusal>) {
        let mut seen = Vec::new();
        let result = read(name, |path, _| {
            seen.push(path.to_owned());
            Err::<(), _>(Refusal::NotFound)
        });
        (seen, result)
    }

    #[test]
    fn a_leading_slash_is_the_root() {
        for name in ["a/b", "/a/b", "//a/b", "///a/b"] {
            assert_eq!(readings(name).0, ["a/b"], "{name}");
        }
    }

    #[test]
    fn a_backslash_is_tried_literally_first() {
        assert_eq!(readings("a\\b").0, ["a\\b", "a/b"]);
        assert_eq!(readings("\\\\a\\b").0, ["\\\\a\\b", "a/b"]);
    }

    #[test]
    fn directories_and_temporary_names_are_refused_by_their_form() {
        let refused = [
            "/", "//", ".", "..", "a/", "a/.", "a/..", "../", "a\\..", "\\", "..\\",
        ];
        for name in refused.into_iter().chain([
            ".tftpserver-0123456789abcdef.part",
            "x/.TFTPSERVER-0123456789ABCDEF.PART",
        ]) {
            assert!(matches!(readings(name).1, Err(Refusal::NotAllowed)), "{name}");
        }
        assert!(readings("").0.is_empty());
        assert!(readings("a\0b").0.is_empty());
    }
}
