//! Writes files that are whole or absent: in a temporary file beside their place, which is then
//! renamed.
//!
//! The temporary file `.tftpserver-<16 hex digits>.part` is locked (flock) while it is written,
//! which distinguishes live uploads from the leftovers of a killed process (`Jail::sweep`). All
//! names are looked up in the directory that was opened at the beginning: if that is renamed
//! meanwhile, the upload moves with it; if it is removed, the upload fails. An existing file that
//! may be written but not replaced is the exception: the gathered bytes are copied into it
//! (`in_place`).

mod append;
#[cfg(test)]
mod aside;
mod gathering;
mod in_place;
mod method;
mod place;
#[cfg(linux)]
mod reserve;
mod rights;
mod temporary;

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, IoSlice};
use std::path::{Path, PathBuf};

use cap_std::fs::{Dir, Metadata};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use super::jail::{FileSystem, Refusal};
use super::system::open_leased;
use append::append;
use gathering::{Gathering, check_replaceable, facts, may_write_into, writing};
use method::Method;
pub(crate) use place::Destination;
pub use place::UploadOptions;
pub(crate) use temporary::is_temporary;

/// An upload under way. Dropping it removes the bytes written so far. All its functions may block,
/// and so may dropping it.
#[derive(Debug)]
pub struct Upload {
    directory: Dir,
    /// The same directory, opened so that it can be synced.
    synced: Option<File>,
    file: File,
    /// The temporary name. `None` once the file is renamed, or if it has no name.
    temporary: Option<String>,
    leaf: OsString,
    path: PathBuf,
    method: Method,
    allow_overwrite: bool,
    sync: bool,
    written: u64,
    /// The largest size in bytes (RLIMIT_FSIZE): one byte beyond it would raise SIGXFSZ for the
    /// whole process.
    limit: u64,
    #[cfg(linux)]
    reserve: reserve::Reserve,
}

impl Upload {
    pub(crate) fn begin(place: Destination, options: &UploadOptions) -> Result<Upload, Refusal> {
        let Destination {
            directory,
            leaf,
            existing,
            path,
        } = place;
        let limit = tftp_budget::limits::file_size();
        let announced = options.announced.unwrap_or(0);
        if announced > limit {
            return Err(Refusal::NoSpace);
        }
        let old = match &existing {
            Some(existing) => {
                check_replaceable(&directory, &leaf, existing, options.allow_overwrite)?
            }
            None => None,
        };
        let gathering =
            Gathering::begin(&directory, &leaf, existing.as_ref(), old.as_ref(), announced)?;
        let synced = match gathering.method {
            Method::Rename if options.sync => Some(open_readable(&directory)),
            _ => None,
        };
        let mut upload = Upload {
            directory,
            synced: None,
            file: gathering.file,
            temporary: gathering.temporary,
            leaf,
            path,
            method: gathering.method,
            allow_overwrite: options.allow_overwrite,
            sync: options.sync,
            written: 0,
            limit,
            #[cfg(linux)]
            reserve: reserve::Reserve::new(announced),
        };
        upload.synced = synced.transpose().map_err(Refusal::for_place)?;
        Ok(upload)
    }

    /// Appends pieces to the file, unbuffered: each call is one system call or few, so pass many
    /// blocks at once.
    ///
    /// # Errors
    /// The system's error; `Refusal::from` distinguishes a full disk from the rest. The upload can
    /// only be dropped then.
    pub fn write_pieces(&mut self, pieces: &mut [IoSlice<'_>]) -> io::Result<()> {
        let length: u64 = pieces.iter().map(|piece| piece.len() as u64).sum();
        let after = self.written.saturating_add(length);
        if after > self.limit {
            return Err(Errno::FBIG.into());
        }
        #[cfg(linux)]
        self.reserve.prepare(&self.file, self.written, after);
        append(&self.file, pieces)?;
        self.written = after;
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

    /// Puts the file in its place atomically: a reader that opens the name gets the whole old or
    /// the whole new file. The permissions and the access control list of a replaced file (and its
    /// owner and group, as far as we may) pass on to the new one. A file that may be written but
    /// not replaced is overwritten instead, and stays the same file.
    ///
    /// # Errors
    /// `Exists` if the name is taken by now and may not be replaced; `NotAllowed` if a directory or
    /// a special file took it, permission is lost or the directory is gone; `NoSpace`; `Io`. The
    /// old file is untouched then, unless only the directory's fsync failed.
    pub fn commit(mut self) -> Result<(), Refusal> {
        #[cfg(linux)]
        self.reserve.release(&self.file, self.written);
        if self.method == Method::CopyInto {
            return self.copy_into();
        }
        let existing = match self.directory.symlink_metadata(&self.leaf) {
            Ok(old) => {
                self.inherit(&old)?;
                Some(old)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(Refusal::for_place(error)),
        };
        if self.sync || FileSystem::of(&self.file).reports_late() {
            self.file.sync_all()?;
        }
        match self.rename() {
            Ok(()) => self.temporary = None,
            Err(error) if self.may_only_write(&error, existing.as_ref()) => {
                return self.copy_into();
            }
            Err(error) => return Err(Refusal::for_place(error)),
        }
        match self.synced.as_ref().map(File::sync_all) {
            // Some file systems have no fsync of directories.
            Some(Err(error)) if Errno::from_io_error(&error) != Some(Errno::INVAL) => {
                Err(error.into())
            }
            _ => Ok(()),
        }
    }

    /// Returns whether a rename failed because the existing file may be written but not replaced,
    /// which showed only now.
    fn may_only_write(&self, error: &io::Error, existing: Option<&Metadata>) -> bool {
        let Some(existing) = existing.filter(|_| self.allow_overwrite) else {
            return false;
        };
        let errno = Errno::from_io_error(error);
        if !matches!(errno, Some(Errno::BUSY | Errno::PERM | Errno::ACCESS)) {
            return false;
        }
        let Ok(Some(_)) = check_replaceable(&self.directory, &self.leaf, existing, true) else {
            return false;
        };
        let mut facts = facts(&self.directory, &self.leaf, Some(existing), true);
        facts.is_mount |= errno == Some(Errno::BUSY);
        // Root without CAP_FOWNER may only replace its own files.
        facts.owns_either &= errno != Some(Errno::PERM);
        facts.directory_is_writable = may_write_into(&self.directory);
        facts.method() == Some(Method::CopyInto)
    }

    /// Overwrites the existing file with the gathered bytes.
    fn copy_into(&mut self) -> Result<(), Refusal> {
        let (target, is_readable) = self.open_target()?;
        if !target.metadata()?.is_file() {
            return Err(Refusal::NotAllowed);
        }
        // Locked, so that of several uploads to one file each is copied whole.
        temporary::lock(&target)?;
        // Not before: another upload may have changed it.
        let old_length = target.metadata()?.len();
        if is_readable && self.written.saturating_add(old_length) > self.limit {
            return Err(Refusal::NoSpace);
        }
        let sync = self.sync || FileSystem::of(&target).reports_late();
        in_place::replace(&self.file, self.written, &target, old_length, is_readable, sync)?;
        Ok(())
    }

    /// Opens the existing file for writing. Returns it, and whether it is open for reading too.
    fn open_target(&self) -> Result<(File, bool), Refusal> {
        let open = |options: &_| {
            open_leased(options, |options| self.directory.open_with(&self.leaf, options))
        };
        let mut options = writing();
        match open(options.read(true)) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                Ok((open(&writing()).map_err(Refusal::for_place)?, false))
            }
            target => Ok((target.map_err(Refusal::for_place)?, true)),
        }
    }

    /// Takes over the permissions, the owner and the group of `old`, which is to be replaced.
    fn inherit(&self, old: &Metadata) -> Result<(), Refusal> {
        if !self.allow_overwrite {
            return Err(Refusal::Exists);
        }
        if old.is_symlink() {
            // The symlink was created since the beginning. The rename replaces it and does not
            // follow it.
            return Ok(());
        }
        if !old.is_file() {
            return Err(Refusal::NotAllowed);
        }
        rights::inherit(&self.file, &self.directory, &self.leaf, old)?;
        Ok(())
    }

    fn rename(&self) -> io::Result<()> {
        let Some(temporary) = &self.temporary else {
            return Ok(());
        };
        if self.allow_overwrite {
            return self.directory.rename(temporary, &self.directory, &self.leaf);
        }
        match rename_new(&self.directory, temporary, &self.leaf) {
            // RENAME_NOREPLACE is missing here (NFS, older kernels, other systems).
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP | Errno::PERM) => self.link(temporary),
            result => Ok(result?),
        }
    }

    /// Gives the file its name by a hard link, which replaces nothing either.
    fn link(&self, temporary: &str) -> io::Result<()> {
        let linked = self.directory.hard_link(temporary, &self.directory, &self.leaf);
        match linked.as_ref().map_err(Errno::from_io_error) {
            Ok(()) => temporary::remove(&self.directory, temporary),
            // There are no hard links either (FAT, many file systems in user space).
            Err(Some(Errno::PERM | Errno::NOSYS | Errno::NOTSUP | Errno::INVAL | Errno::MLINK)) => {
                return self.rename_if_absent(temporary);
            }
            Err(_) => {}
        }
        linked
    }

    /// Checks and renames in two steps, between which the directory is locked against other
    /// uploads. If another program creates the file in that moment, its file is lost.
    fn rename_if_absent(&self, temporary: &str) -> io::Result<()> {
        let locked = open_readable(&self.directory).ok();
        locked.as_ref().map_or(Ok(()), temporary::lock)?;
        match self.directory.symlink_metadata(&self.leaf) {
            Ok(_) => Err(Errno::EXIST.into()),
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

fn open_readable(directory: &Dir) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(File::from(rustix::fs::openat(
        directory,
        c".",
        flags,
        Mode::empty(),
    )?))
}

#[cfg(linux)]
fn rename_new(directory: &Dir, from: &str, to: &OsString) -> Result<(), Errno> {
    rustix::fs::renameat_with(directory, from, directory, to, rustix::fs::RenameFlags::NOREPLACE)
}

#[cfg(not(linux))]
fn rename_new(_: &Dir, _: &str, _: &OsString) -> Result<(), Errno> {
    Err(Errno::NOSYS)
}

#[cfg(test)]
mod tests;
