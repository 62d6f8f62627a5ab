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
    /// a mount hang at once.
    pub fn below(root: &Path, name: &str) -> Lane {
        let mut parts = name.split(['/', '\\']).filter(|part| !matches!(*part, "" | "."));
        let first = parts.next().unwrap_or_default();
        let directory = if parts.next().is_some() { first } else { "" };
        Lane {
            file: number(&(root.as_os_str(), name)),
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
        for name in ["nfs/b", "/nfs/c/d", "nfs\\b", "./nfs//x"] {
            assert_eq!(directory(name), directory("nfs/a"), "{name}");
        }
        for name in ["a", "nfs", "local/a"] {
            assert_ne!(directory(name), directory("nfs/a"), "{name}");
        }
        assert_eq!(directory("a"), directory("/b"));
    }
}
