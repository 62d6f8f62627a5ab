//! Writes files that are whole or absent, on Windows: in a temporary file beside their place, which
//! is then renamed.
//!
//! Not every file system can rename over a file that others have open. Such a file is renamed aside
//! and then removed (`aside`); between the two renames no file has the name. The permissions of a replaced
//! file do not pass on to the new one, which gets those of its directory.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, IoSlice};
use std::path::{Path, PathBuf};
use std::time::Duration;

use cap_fs_ext::{FollowSymlinks, OpenOptionsFollowExt};
use cap_std::fs::{Dir, OpenOptions};

use crate::jail::{FileSystem, Refusal};

mod append;
mod aside;
mod named;
mod place;
mod temporary;

use append::append;
use aside::Renames;
use named::Names;
pub(crate) use place::Destination;
pub use place::UploadOptions;
pub(crate) use temporary::is_temporary;

/// The errors of file systems without hard links: ERROR_INVALID_FUNCTION, ERROR_NOT_SUPPORTED,
/// ERROR_INVALID_PARAMETER.
const NO_LINKS: [i32; 3] = [1, 50, 87];

/// The errors of a file that another program holds: ERROR_ACCESS_DENIED (for a rename over it, or
/// because it is about to be deleted), ERROR_SHARING_VIOLATION, ERROR_LOCK_VIOLATION.
const HELD: [i32; 3] = [5, 32, 33];

/// The number of attempts to replace a file that another program holds, and the pause between them.
/// Virus scanners and indexers hold files for moments.
const ATTEMPTS: u32 = 100;
const PAUSE: Duration = Duration::from_millis(20);

/// An upload under way. Dropping it removes the bytes written so far. All its functions may block,
/// and so may dropping it.
#[derive(Debug)]
pub struct Upload {
    directory: Dir,
    names: Names,
    file: File,
    /// The temporary name; `None` once the file is renamed.
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
            check_replaceable(&directory, &leaf, options.allow_overwrite, 1)?;
        }
        let announced = options.announced.unwrap_or(0);
        let free = path.parent().and_then(tftp_budget::limits::free_space);
        if announced > 0 && free.is_some_and(|free| announced > free) {
            return Err(Refusal::NoSpace);
        }
        let names = Names::of(&directory, &path)?;
        let (file, temporary) = temporary::make(&directory, 0)?;
        Ok(Upload {
            directory,
            names,
            file,
            temporary: Some(temporary),
            leaf,
            path,
            allow_overwrite: options.allow_overwrite,
            sync: options.sync,
            written: 0,
        })
    }

    /// Appends pieces to the file, unbuffered: each call is one system call or few, so pass many
    /// blocks at once.
    ///
    /// # Errors
    /// The system's error; `Refusal::from` distinguishes a full disk from the rest. The upload can
    /// only be dropped then.
    pub fn write_pieces(&mut self, pieces: &mut [IoSlice<'_>]) -> io::Result<()> {
        let length: u64 = pieces.iter().map(|piece| piece.len() as u64).sum();
        append(&self.file, pieces)?;
        self.written += length;
        Ok(())
    }

    /// The number of bytes written so far.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// The final path of the file, with symlinks at the end of the name resolved.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Puts the file in its place: a reader that opens the name gets the whole old or the whole new
    /// file, or for a moment none. Waits up to two seconds for another program that holds the old
    /// file.
    ///
    /// # Errors
    /// `Exists` if the name is taken by now and may not be replaced; `NotAllowed` if a directory
    /// took it, or another program has the old file open and does not share it; `NoSpace`; `Io`.
    /// The old file is untouched then; if another program kept it from getting its name back, it is
    /// beside it, under a name that ends with `.old`.
    pub fn commit(mut self) -> Result<(), Refusal> {
        match self.directory.symlink_metadata(&self.leaf) {
            Ok(_) => {
                check_replaceable(&self.directory, &self.leaf, self.allow_overwrite, ATTEMPTS)?
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(Refusal::for_place(error)),
        }
        if self.sync || FileSystem::of(&self.file).reports_late() {
            self.file.sync_all()?;
        }
        // Locks are mandatory on Windows, and readers must be able to read the new file at once. An
        // error means that the file system has no locks.
        let _ = self.file.unlock();
        let Some(temporary) = self.temporary.as_deref() else {
            return Ok(());
        };
        let placed = match self.allow_overwrite {
            true => patiently(ATTEMPTS, || {
                aside::replace(&self, temporary.as_ref(), &self.leaf, ATTEMPTS)
            }),
            false => self.link(temporary),
        };
        placed.map_err(Refusal::for_place)?;
        self.temporary = None;
        Ok(())
    }

    /// Gives the file its name by a hard link, which replaces nothing.
    fn link(&self, temporary: &str) -> io::Result<()> {
        let linked = self.names.hard_link(temporary, &self.leaf);
        match linked {
            Ok(()) => temporary::remove(&self.directory, temporary),
            Err(error) if error.raw_os_error().is_some_and(|code| NO_LINKS.contains(&code)) => {
                return self.rename_if_absent(temporary);
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Checks and renames in two steps. If another program creates the file between them, its file
    /// is lost.
    fn rename_if_absent(&self, temporary: &str) -> io::Result<()> {
        match self.directory.symlink_metadata(&self.leaf) {
            Ok(_) => Err(io::ErrorKind::AlreadyExists.into()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.names.rename(temporary, &self.leaf)
            }
            Err(error) => Err(error),
        }
    }
}

impl Renames for Upload {
    fn rename(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        self.names.rename(from, to)
    }

    fn remove(&self, name: &str) {
        temporary::remove(&self.directory, name);
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if let Some(temporary) = self.temporary.take() {
            temporary::remove(&self.directory, &temporary);
        }
    }
}

/// Checks that the existing file may be replaced: a regular file or a symlink that could also be
/// opened for writing.
fn check_replaceable(
    directory: &Dir,
    leaf: &OsString,
    allow_overwrite: bool,
    attempts: u32,
) -> Result<(), Refusal> {
    let existing = directory.symlink_metadata(leaf).map_err(Refusal::for_place)?;
    if !existing.is_file() && !existing.is_symlink() {
        return Err(Refusal::NotAllowed);
    }
    if !allow_overwrite {
        return Err(Refusal::Exists);
    }
    let mut writing = OpenOptions::new();
    writing.write(true).follow(FollowSymlinks::No);
    match patiently(attempts, || directory.open_with(leaf, &writing)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Refusal::for_place(error)),
        _ => Ok(()),
    }
}

/// Calls `attempt` until it ends other than by an error of [`HELD`], and so many times at most.
fn patiently<T>(attempts: u32, mut attempt: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    for _ in 1..attempts {
        match attempt() {
            Err(error) if error.raw_os_error().is_some_and(|code| HELD.contains(&code)) => {
                std::thread::sleep(PAUSE);
            }
            result => return result,
        }
    }
    attempt()
}
