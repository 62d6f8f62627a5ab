//! Files that are whole or absent, on Windows: written beside their place under a temporary name, then renamed into it.
//!
//! A file that others have open cannot be renamed over everywhere; it is renamed aside then, and removed. Between the two
//! renames nothing has its name. Rights of a replaced file do not pass on to the new one, which has those of its directory.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use cap_fs_ext::{FollowSymlinks, OpenOptionsFollowExt};
use cap_std::fs::{Dir, OpenOptions};

use crate::jail::{FileSystem, Refusal};

mod place;
mod temporary;

pub(crate) use place::Destination;
pub use place::UploadOptions;
pub(crate) use temporary::is_temporary;

/// File systems without hard links say one of these: ERROR_INVALID_FUNCTION, ERROR_NOT_SUPPORTED, ERROR_INVALID_PARAMETER.
const NO_LINKS: [i32; 3] = [1, 50, 87];

/// An upload under way. Dropping it removes what was written. Everything here may block, dropping too.
#[derive(Debug)]
pub struct Upload {
    directory: Dir,
    file: File,
    /// `None` once it is renamed.
    temporary: Option<String>,
    leaf: OsString,
    path: PathBuf,
    allow_overwrite: bool,
    sync: bool,
    written: u64,
}

impl Upload {
    pub(crate) fn begin(place: Destination, options: &UploadOptions) -> Result<Upload, Refusal> {
        let Destination {
            directory,
            leaf,
            existing,
            path,
        } = place;
        if existing.is_some() {
            check_replaceable(&directory, &leaf, options.allow_overwrite)?;
        }
        let announced = options.announced.unwrap_or(0);
        let free = path.parent().and_then(tftp_budget::limits::free_space);
        if announced > 0 && free.is_some_and(|free| announced > free) {
            return Err(Refusal::NoSpace);
        }
        let (file, temporary) = temporary::make(&directory, 0)?;
        Ok(Upload {
            directory,
            file,
            temporary: Some(temporary),
            leaf,
            path,
            allow_overwrite: options.allow_overwrite,
            sync: options.sync,
            written: 0,
        })
    }

    /// Appends to the file, unbuffered: one system call each, so pass many blocks at once.
    ///
    /// # Errors
    /// What the system says; `Refusal::from` tells a full disk from the rest. The upload can only be dropped then.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.written += bytes.len() as u64;
        Ok(())
    }

    /// Bytes written so far.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// Where the file will be, symlinks at the end of the name resolved.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Puts the file in its place: whoever opens the name gets the whole old or the whole new file, or for a moment none.
    ///
    /// # Errors
    /// `Exists` where the name is taken by now and may not be replaced; `NotAllowed` where a directory took it, or where
    /// somebody has the old file open and does not share it; `NoSpace`; `Io`. The old file is untouched then.
    pub fn commit(mut self) -> Result<(), Refusal> {
        match self.directory.symlink_metadata(&self.leaf) {
            Ok(_) => check_replaceable(&self.directory, &self.leaf, self.allow_overwrite)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(Refusal::for_place(error)),
        }
        if self.sync || FileSystem::of(&self.file).reports_late() {
            self.file.sync_all()?;
        }
        // Locks are mandatory: who opens the new file must be able to read it. What is locked on no file system needs none.
        let _ = self.file.unlock();
        let Some(temporary) = self.temporary.as_deref() else {
            return Ok(());
        };
        let placed = match self.allow_overwrite {
            true => self.replace(temporary),
            false => self.link(temporary),
        };
        placed.map_err(Refusal::for_place)?;
        self.temporary = None;
        Ok(())
    }

    /// Renames over what has the name, or puts that aside.
    fn replace(&self, temporary: &str) -> io::Result<()> {
        let rename = || self.directory.rename(temporary, &self.directory, &self.leaf);
        let Err(error) = rename() else { return Ok(()) };
        if error.kind() != io::ErrorKind::PermissionDenied {
            return Err(error);
        }
        let aside = temporary::new_name().map_err(|_| io::ErrorKind::Other)?;
        if self
            .directory
            .rename(&self.leaf, &self.directory, &aside)
            .is_err()
        {
            return Err(error);
        }
        if let Err(error) = rename() {
            // Nothing is lost: it gets its name back.
            let _ = self.directory.rename(&aside, &self.directory, &self.leaf);
            return Err(error);
        }
        temporary::remove(&self.directory, &aside);
        Ok(())
    }

    /// A hard link replaces nothing.
    fn link(&self, temporary: &str) -> io::Result<()> {
        let linked = self.directory.hard_link(temporary, &self.directory, &self.leaf);
        match linked {
            Ok(()) => temporary::remove(&self.directory, temporary),
            Err(error) if error.raw_os_error().is_some_and(|code| NO_LINKS.contains(&code)) => {
                return self.rename_if_absent(temporary);
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Two steps: another program that makes the file between them loses it.
    fn rename_if_absent(&self, temporary: &str) -> io::Result<()> {
        match self.directory.symlink_metadata(&self.leaf) {
            Ok(_) => Err(io::ErrorKind::AlreadyExists.into()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.directory.rename(temporary, &self.directory, &self.leaf)
            }
            Err(error) => Err(error),
        }
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if let Some(temporary) = self.temporary.take() {
            temporary::remove(&self.directory, &temporary);
        }
    }
}

/// Whether what has the name may give way: a regular file that could also be written in place.
fn check_replaceable(directory: &Dir, leaf: &OsString, allow_overwrite: bool) -> Result<(), Refusal> {
    let existing = directory.symlink_metadata(leaf).map_err(Refusal::for_place)?;
    if !existing.is_file() && !existing.is_symlink() {
        return Err(Refusal::NotAllowed);
    }
    if !allow_overwrite {
        return Err(Refusal::Exists);
    }
    let mut writing = OpenOptions::new();
    writing.write(true).follow(FollowSymlinks::No);
    match directory.open_with(leaf, &writing) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Refusal::for_place(error)),
        _ => Ok(()),
    }
}
