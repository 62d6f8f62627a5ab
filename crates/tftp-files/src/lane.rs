//! Groups jobs that are likely to hang together.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

/// The file and the directory that a job works on, as hashes. Two files that share a number only
/// have to wait for each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lane {
    /// The file; 0 if none in particular.
    pub file: u64,
    /// The directory whose jobs are assumed to hang together; 0 if none in particular.
    pub directory: u64,
}

impl Lane {
    /// No file and no directory: the job hangs with no other.
    pub const NONE: Lane = Lane {
        file: 0,
        directory: 0,
    };

    /// Returns the lane of a client's name below a root. Everything below one directory of the root
    /// counts as one directory: a mount is usually there rather than deeper, and all directories of
    /// a mount hang at once. A name that leaves a directory by `..` passes through more than one
    /// and may hang in each, so all such names together count as one directory too.
    ///
    /// Only the text is interpreted: all spellings of a file have one number, unless there is a
    /// symlink on the way.
    pub fn below(root: &Path, name: &str) -> Lane {
        let (mut file, mut first, mut count) = (DefaultHasher::new(), "", 0);
        let (mut ups, mut leaves) = (0, false);
        root.as_os_str().hash(&mut file);
        // From the end, where each `..` comes before the name that it cancels.
        for part in name.rsplit(['/', '\\']) {
            match part {
                "" | "." => {}
                ".." => ups += 1,
                _ if ups > 0 => {
                    ups -= 1;
                    leaves = true;
                }
                _ => {
                    part.hash(&mut file);
                    first = part;
                    count += 1;
                }
            }
        }
        let directory = match count {
            _ if leaves => "..",
            0 | 1 => "",
            _ => first,
        };
        Lane {
            file: file.finish().max(1),
            directory: number(&(root.as_os_str(), directory)),
        }
    }

    /// Returns the lane of any path.
    pub fn of(path: &Path) -> Lane {
        Lane {
            file: number(path),
            directory: number(&path.parent()),
        }
    }
}

fn number(of: &(impl Hash + ?Sized)) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mount_is_one_lane_however_its_files_are_named() {
        let root = Path::new("/srv");
        let directory = |name| Lane::below(root, name).directory;
        for name in ["nfs/b", "/nfs/c/d", "nfs\\b", "./nfs//x", "../nfs/x"] {
            assert_eq!(directory(name), directory("nfs/a"), "{name}");
        }
        for name in ["a", "nfs", "local/a"] {
            assert_ne!(directory(name), directory("nfs/a"), "{name}");
        }
        assert_eq!(directory("a"), directory("/b"));
    }

    /// Whatever is put before or behind the `..`: such names are in one lane, so that they cannot
    /// take all threads.
    #[test]
    fn names_that_leave_a_directory_are_one_lane() {
        let root = Path::new("/srv");
        let directory = |name| Lane::below(root, name).directory;
        for name in [
            "b/../nfs/x",
            "nfs/../c/x",
            "a/b/../../nfs/x",
            "nfs/..\\f",
            "c/.././d",
        ] {
            assert_eq!(directory(name), directory("a/../nfs/x"), "{name}");
        }
        for name in ["nfs/x", "a/x", "f"] {
            assert_ne!(directory(name), directory("a/../nfs/x"), "{name}");
        }
    }

    #[test]
    fn a_file_is_one_however_it_is_named() {
        let root = Path::new("/srv");
        let file = |name| Lane::below(root, name).file;
        for name in ["/f", "//f", "./f", ".//./f", "a/../f", "a/b/../../f", "\\f"] {
            assert_eq!(file(name), file("f"), "{name}");
        }
        for name in ["a/f", "f/a", "g", ""] {
            assert_ne!(file(name), file("f"), "{name}");
        }
        assert_eq!(file("a/f"), file("a//x/../f"));
        assert_ne!(file("a/f"), file("f/a"));
        assert_ne!(file("f"), Lane::below(Path::new("/other"), "f").file);
    }
}
