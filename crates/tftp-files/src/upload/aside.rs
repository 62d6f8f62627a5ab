//! Replaces a file that others have open, where the system cannot rename over it (Windows): the old
//! file is renamed aside first.
//!
//! While its contents are nowhere else, it has a name that no sweep removes. If the process is
//! killed in between, it keeps that name.

use std::ffi::OsStr;
use std::io;
use std::time::Duration;

use super::temporary;

/// The pause between two attempts to give the old file its name back.
const PAUSE: Duration = Duration::from_millis(20);

/// The names of one directory.
pub(super) trait Renames {
    /// Renames a file, and replaces one that has the new name, if possible.
    fn rename(&self, from: &OsStr, to: &OsStr) -> io::Result<()>;

    /// Removes a file. If that fails, the file stays.
    fn remove(&self, name: &str);
}

/// Renames the file `temporary` over the file `leaf`, or renames that one aside first. If the new
/// file can't have the name then, the old one gets it back, in so many `attempts`.
///
/// # Errors
/// The system's error. The old file has its name, or one of [`temporary::new_name_aside`].
pub(super) fn replace(
    names: &impl Renames,
    temporary: &OsStr,
    leaf: &OsStr,
    attempts: u32,
) -> io::Result<()> {
    let Err(error) = names.rename(temporary, leaf) else {
        return Ok(());
    };
    if error.kind() != io::ErrorKind::PermissionDenied {
        return Err(error);
    }
    let failed = |_| io::Error::from(io::ErrorKind::Other);
    let aside = temporary::new_name_aside().map_err(failed)?;
    let leftover = temporary::new_name().map_err(failed)?;
    if names.rename(leaf, aside.as_ref()).is_err() {
        return Err(error);
    }
    if let Err(error) = names.rename(temporary, leaf) {
        for attempt in 1..=attempts {
            if names.rename(aside.as_ref(), leaf).is_ok() {
                break;
            }
            if attempt < attempts {
                std::thread::sleep(PAUSE);
            }
        }
        return Err(error);
    }
    // If it can't be removed now, a sweep shall find it.
    match names.rename(aside.as_ref(), leftover.as_ref()) {
        Ok(()) => names.remove(&leftover),
        Err(_) => names.remove(&aside),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};
    use std::collections::BTreeMap;

    use super::*;

    const TEMPORARY: &str = ".tftpserver-0123456789abcdef.part";

    /// A directory that does not rename over existing files, and whose calls fail in turn.
    struct Directory {
        files: RefCell<BTreeMap<String, &'static str>>,
        calls: Cell<u32>,
        failing: std::ops::Range<u32>,
    }

    impl Directory {
        fn new(failing: std::ops::Range<u32>) -> Directory {
            let files = [("file".to_owned(), "old"), (TEMPORARY.to_owned(), "new")];
            Directory {
                files: RefCell::new(files.into()),
                calls: Cell::new(0),
                failing,
            }
        }

        /// The names of a file that has these contents.
        fn of(&self, contents: &str) -> Option<String> {
            let files = self.files.borrow();
            let mut found = files.iter().filter(|(_, has)| **has == contents);
            found.next().map(|(name, _)| name.clone())
        }

        /// Checks that the old contents are safe from sweeps, as long as no others have the name.
        fn check(&self) {
            if self.of("new").as_deref() != Some("file") {
                let old = self.of("old").expect("the old contents");
                assert!(!temporary::is_temporary(&old), "{old}");
            }
        }
    }

    impl Renames for Directory {
        fn rename(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
            let [from, to] = [from, to].map(|name| name.to_str().unwrap().to_owned());
            let call = self.calls.replace(self.calls.get() + 1);
            let mut files = self.files.borrow_mut();
            if self.failing.contains(&call) || files.contains_key(&to) {
                return Err(io::ErrorKind::PermissionDenied.into());
            }
            let contents = files.remove(&from).ok_or(io::ErrorKind::NotFound)?;
            files.insert(to, contents);
            drop(files);
            self.check();
            Ok(())
        }

        fn remove(&self, name: &str) {
            self.files.borrow_mut().remove(name);
            self.check();
        }
    }

    #[test]
    fn the_old_file_is_safe_until_the_new_one_has_its_name() {
        for first in 0..8 {
            for last in first..8 {
                let directory = Directory::new(first..last);
                let replaced = replace(&directory, TEMPORARY.as_ref(), "file".as_ref(), 2).is_ok();
                directory.check();
                let expected = if replaced {
                    None
                } else {
                    Some(TEMPORARY.to_owned())
                };
                let found = if replaced {
                    directory.of("old")
                } else {
                    directory.of("new")
                };
                assert_eq!(found, expected, "{first} {last}");
            }
        }
    }

    #[test]
    fn the_old_file_gets_its_name_back_with_patience() {
        // The third call gives the new file the name, the fourth gives the old one its name back.
        for (failing, place) in [(2..3, "file"), (2..4, "file"), (2..5, "")] {
            let directory = Directory::new(failing);
            replace(&directory, TEMPORARY.as_ref(), "file".as_ref(), 2).unwrap_err();
            let old = directory.of("old").unwrap();
            assert!(
                old == place || (place.is_empty() && old.ends_with(".old")),
                "{old}"
            );
        }
    }
}
