//! The destination of an upload, and its options.

use std::ffi::OsString;
use std::path::PathBuf;

use cap_std::fs::{Dir, Metadata};

/// The options of an upload.
#[derive(Clone, Copy, Debug, Default)]
pub struct UploadOptions {
    /// Replace an existing file.
    pub allow_overwrite: bool,
    /// The size that the client announced (tsize), in bytes. An upload larger than the free space
    /// is refused at once. On ext4, space is reserved for it little by little, as it is written.
    pub announced: Option<u64>,
    /// Make it survive a loss of power: sync the file and the directory (fsync) on commit.
    pub sync: bool,
}

/// The destination of an upload.
pub(crate) struct Destination {
    /// The directory, open.
    pub directory: Dir,
    /// The name in it, which is no symlink.
    pub leaf: OsString,
    /// The file that has that name at the beginning.
    pub existing: Option<Metadata>,
    /// The whole path, for the application.
    pub path: PathBuf,
}
