//! Differences between systems: how files are named, opened and recognized.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;
#[cfg(any(windows, test))]
mod windows_names;

#[cfg(unix)]
pub(crate) use unix::*;
#[cfg(windows)]
pub(crate) use windows::*;

/// The part of a client's path that can't name a file or directory on this system.
#[derive(Debug, PartialEq, Eq)]
#[cfg_attr(unix, allow(dead_code, reason = "Windows alone reserves names"))]
pub(crate) enum Unusable {
    /// One of the directories, so it does not exist.
    Directory,
    /// The last name. Its directory may exist.
    Leaf(std::path::PathBuf),
}
