//! Files that are whole or absent: written beside their place under a temporary name, then renamed into it.
//!
//! The temporary file `.tftpserver-<16 hex digits>.part` is locked (flock) as long as it is written, so that leftovers
//! of a killed process are told from live uploads (`Jail::sweep`). All names are looked up in the directory
//! that was opened at the beginning: one that is renamed meanwhile takes its upload along, one that is removed makes
//! it fail.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use cap_fs_ext::{FollowSymlinks, OpenOptionsFollowExt};
use cap_std::fs::{Dir, Metadata, MetadataExt, OpenOptions, OpenOptionsExt};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::process::{Resource, getrlimit};

use super::jail::{FileSystem, Refusal};

const PREFIX: &str = ".tftpserver-";
const SUFFIX: &str = ".part";
const DIGITS: usize = 16;

/// Names tried for the temporary file. 64 random bits don't meet; a sweep may come between creation and lock.
const ATTEMPTS: usize = 8;

/// What an upload may do.
#[derive(Clone, Copy, Debug, Default)]
pub struct UploadOptions {
    /// Replace an existing file.
    pub allow_overwrite: bool,
    /// The size that the client announced (tsize), in bytes: more than is free is refused at once. Nothing is
    /// reserved.
    pub announced: Option<u64>,
    /// Make it survive a loss of power: fsync of file and directory within [`Upload::commit`].
    pub sync: bool,
}

/// Where an upload goes.
pub(in crate::engine) struct Place {
    /// The directory, open.
    pub directory: Dir,
    /// The name in it, no symlink.
    pub leaf: OsString,
    /// What has that name now.
    pub existing: Option<Metadata>,
    /// For the application.
    pub path: PathBuf,
}

/// An upload under way. Dropping it removes what was written. Everything here may block, dropping too.
#[derive(Debug)]
pub struct Upload {
    directory: Dir,
    /// The same directory, open so that it can be synced.
    sync: Option<File>,
    file: File,
    /// `None` once it is renamed.
    temporary: Option<String>,
    leaf: OsString,
    path: PathBuf,
    allow_overwrite: bool,
    written: u64,
    /// RLIMIT_FSIZE: one byte beyond it would be a SIGXFSZ for the whole process.
    limit: u64,
}

impl Upload {
    pub(in crate::engine) fn begin(place: Place, options: &UploadOptions) -> Result<Upload, Refusal> {
        let Place {
            directory,
            leaf,
            existing,
            path,
        } = place;
        let mut mode = 0o666;
        if let Some(existing) = &existing {
            check_replaceable(&directory, &leaf, existing, options.allow_overwrite)?;
            // What nobody else may read is read by nobody else on its way in; we must, to sweep it one day.
            mode = existing.mode() & 0o666 | 0o600;
        }
        let limit = getrlimit(Resource::Fsize).current.unwrap_or(u64::MAX);
        if options
            .announced
            .is_some_and(|announced| announced > limit || announced > available(&directory))
        {
            return Err(Refusal::NoSpace);
        }
        let sync = options
            .sync
            .then(|| open_readable(&directory))
            .transpose()
            .map_err(Refusal::for_place)?;
        let (file, temporary) = make_temporary(&directory, mode)?;
        let allow_overwrite = options.allow_overwrite;
        let temporary = Some(temporary);
        Ok(Upload {
            directory,
            sync,
            file,
            temporary,
            leaf,
            path,
            allow_overwrite,
            written: 0,
            limit,
        })
    }

    /// Appends to the file, unbuffered: one system call each, so pass many blocks at once.
    ///
    /// # Errors
    /// What the system says; `Refusal::from` tells a full disk from the rest. The upload can only be dropped then.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let after = self.written.saturating_add(bytes.len() as u64);
        if after > self.limit {
            return Err(Errno::FBIG.into());
        }
        self.file.write_all(bytes)?;
        self.written = after;
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

    /// Puts the file in its place, at one instant: whoever opens the name gets the whole old or the whole new file. A
    /// replaced file's permissions (and its owner, as far as we may) pass on to the new one.
    ///
    /// # Errors
    /// `Exists` where the name is taken by now and may not be replaced; `NotAllowed` where a directory or a special
    /// file took it, permission is lost or the directory is gone; `NoSpace`; `Io`. The old file is untouched then, unless
    /// only the directory's fsync failed.
    pub fn commit(mut self) -> Result<(), Refusal> {
        match self.directory.symlink_metadata(&self.leaf) {
            Ok(old) => self.inherit(&old)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(Refusal::for_place(error)),
        }
        if self.sync.is_some() || FileSystem::of(&self.file).reports_late() {
            self.file.sync_all()?;
        }
        self.rename().map_err(Refusal::for_place)?;
        self.temporary = None;
        match self.sync.as_ref().map(File::sync_all) {
            // Some file systems know no fsync of directories.
            Some(Err(error)) if Errno::from_io_error(&error) != Some(Errno::INVAL) => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Takes over what must not change when `old` is replaced.
    fn inherit(&self, old: &Metadata) -> Result<(), Refusal> {
        if !self.allow_overwrite {
            return Err(Refusal::Exists);
        }
        if old.is_symlink() {
            // Made since the beginning; rename replaces it and follows nothing.
            return Ok(());
        }
        if !old.is_file() {
            return Err(Refusal::NotAllowed);
        }
        let new = rustix::fs::fstat(&self.file)?;
        if (new.st_uid, new.st_gid) != (old.uid(), old.gid()) {
            // Only root may give files away: for others the new file stays theirs.
            let owner = Some(rustix::fs::Uid::from_raw(old.uid()));
            let _ = rustix::fs::fchown(&self.file, owner, Some(rustix::fs::Gid::from_raw(old.gid())));
        }
        // Without set-user-id and its kin: these were given to other contents.
        if new.st_mode & 0o777 != old.mode() & 0o777 {
            rustix::fs::fchmod(&self.file, Mode::from_raw_mode((old.mode() & 0o777) as _))?;
        }
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
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP | Errno::PERM) => {
                // No RENAME_NOREPLACE here (NFS, older kernels, other systems): a hard link replaces nothing either.
                self.directory.hard_link(temporary, &self.directory, &self.leaf)?;
                self.directory.remove_file(temporary)
            }
            result => Ok(result?),
        }
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if let Some(temporary) = self.temporary.take() {
            // If even that fails, the next sweep finds it.
            let _ = self.directory.remove_file(temporary);
        }
    }
}

/// Whether a name is one of those that unfinished uploads have, on file systems that know no case too.
pub(in crate::engine) fn is_temporary(name: &str) -> bool {
    let name = name.as_bytes();
    if name.len() != PREFIX.len() + DIGITS + SUFFIX.len() {
        return false;
    }
    let (prefix, rest) = name.split_at(PREFIX.len());
    let (digits, suffix) = rest.split_at(DIGITS);
    prefix.eq_ignore_ascii_case(PREFIX.as_bytes())
        && digits.iter().all(u8::is_ascii_hexdigit)
        && suffix.eq_ignore_ascii_case(SUFFIX.as_bytes())
}

/// Whether `existing` may give way: a regular file that we could also have written in place. (Renaming asks only for
/// rights on the directory; a file made read-only is meant to stay.)
fn check_replaceable(
    directory: &Dir,
    leaf: &OsString,
    existing: &Metadata,
    allow_overwrite: bool,
) -> Result<(), Refusal> {
    if !existing.is_file() {
        return Err(Refusal::NotAllowed);
    }
    if !allow_overwrite {
        return Err(Refusal::Exists);
    }
    let mut options = OpenOptions::new();
    options.write(true).follow(FollowSymlinks::No);
    options.custom_flags((OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed());
    match directory.open_with(leaf, &options) {
        // Removed since, or a program that runs: a rename does it no harm.
        Err(error) if matches!(Errno::from_io_error(&error), Some(Errno::NOENT | Errno::TXTBSY)) => Ok(()),
        Err(error) => Err(Refusal::for_place(error)),
        Ok(_) => Ok(()),
    }
}

/// Bytes that we may still write; `u64::MAX` where the file system does not say.
fn available(directory: &Dir) -> u64 {
    let Ok(space) = rustix::fs::fstatvfs(directory) else {
        return u64::MAX;
    };
    if space.f_blocks == 0 {
        return u64::MAX;
    }
    // Blocks reserved for root are ours only if we are root.
    let blocks = if rustix::process::geteuid().is_root() {
        space.f_bfree
    } else {
        space.f_bavail
    };
    blocks.saturating_mul(space.f_frsize)
}

fn make_temporary(directory: &Dir, mode: u32) -> Result<(File, String), Refusal> {
    for _ in 0..ATTEMPTS {
        let name = temporary_name()?;
        let mut options = OpenOptions::new();
        // Readable too, for NFS to grant the lock.
        options
            .read(true)
            .write(true)
            .create_new(true)
            .mode(mode)
            .follow(FollowSymlinks::No);
        let file = match directory.open_with(&name, &options) {
            Ok(file) => file.into_std(),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
            // The directory was there when it was opened: it is gone, or not ours to write.
            Err(error) => return Err(Refusal::for_place(error)),
        };
        match file.try_lock() {
            Err(std::fs::TryLockError::WouldBlock) => continue,
            // No locks on this file system: then a sweep gets none either, and removes nothing.
            Ok(()) | Err(std::fs::TryLockError::Error(_)) => {}
        }
        if rustix::fs::fstat(&file)?.st_nlink > 0 {
            return Ok((file, name));
        }
    }
    Err(Refusal::Io(io::Error::from(io::ErrorKind::AlreadyExists)))
}

fn temporary_name() -> Result<String, Refusal> {
    let mut random = [0_u8; DIGITS / 2];
    let got = rustix::rand::getrandom(&mut random, rustix::rand::GetRandomFlags::empty())?;
    debug_assert_eq!(got, random.len(), "getrandom(2): up to 256 bytes come whole");
    Ok(format!(
        "{PREFIX}{:0DIGITS$x}{SUFFIX}",
        u64::from_ne_bytes(random)
    ))
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

#[cfg(target_os = "linux")]
fn rename_new(directory: &Dir, from: &str, to: &OsString) -> Result<(), Errno> {
    rustix::fs::renameat_with(directory, from, directory, to, rustix::fs::RenameFlags::NOREPLACE)
}

#[cfg(not(target_os = "linux"))]
fn rename_new(_: &Dir, _: &str, _: &OsString) -> Result<(), Errno> {
    Err(Errno::NOSYS)
}

#[cfg(test)]
mod tests;
