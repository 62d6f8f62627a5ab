//! Where an upload goes, and what it may do there.

use std::ffi::OsString;
use std::path::PathBuf;

use cap_std::fs::{Dir, Metadata};

/// What an upload may do.
#[derive(Clone, Copy, Debug, Default)]
pub struct UploadOptions {
    /// Replace an existing file.
    pub allow_overwrite: bool,
    /// The size that the client announced (tsize), in bytes: more than is free is refused at once. Nothing is
    /// reserved.
    pub announced: Option<u64>,
    /// Make it survive a loss of power: fsync of file and directory when the upload is committed.
    pub sync: bool,
}

/// Where an upload goes.
pub(crate) struct Destination {
    /// The directory, open.
    pub directory: Dir,
    /// The name in it, no symlink.
    pub leaf: OsString,
    /// What has that name now.
    pub existing: Option<Metadata>,
    /// For the application.
    pub path: PathBuf,
}
