//! Renames, links and removes files of an open directory, by path. Windows alone: elsewhere a call
//! takes the directory.
//!
//! cap-std shortens the path of a directory on a server (`\\?\UNC\server\share`) to one that names
//! nothing, so its own functions fail there. A path is as safe as the handle: a directory that is
//! held open can't be renamed or removed.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use cap_fs_ext::{FollowSymlinks, OpenOptionsFollowExt};
use cap_std::fs::{Dir, OpenOptions, OpenOptionsExt};

/// Constants of winnt.h and winbase.h.
const DELETE: u32 = 0x0001_0000;
const FILE_FLAG_DELETE_ON_CLOSE: u32 = 0x0400_0000;

/// The number of attempts to remove a file: a single error of a disk or a network must not leave a
/// file behind.
const REMOVALS: usize = 3;

/// The names of one directory, by its path.
#[derive(Debug)]
pub(super) struct Names {
    directory: PathBuf,
}

impl Names {
    /// Takes the path from the handle, in the form that needs no interpretation; where the system
    /// does not return it (some volumes without a drive letter, long paths under wine), from
    /// `file`, the path of a file in the directory.
    pub(super) fn of(directory: &Dir, file: &Path) -> io::Result<Names> {
        let directory = match path_of(directory) {
            Ok(path) => path,
            Err(error) => std::path::absolute(file.parent().ok_or(error)?)?,
        };
        Ok(Names { directory })
    }

    /// Renames, and replaces a file that has the new name.
    pub(super) fn rename(&self, from: impl AsRef<OsStr>, to: impl AsRef<OsStr>) -> io::Result<()> {
        fs::rename(self.path(from), self.path(to))
    }

    /// Gives a file another name, which must be free.
    pub(super) fn hard_link(
        &self,
        from: impl AsRef<OsStr>,
        to: impl AsRef<OsStr>,
    ) -> io::Result<()> {
        fs::hard_link(self.path(from), self.path(to))
    }

    fn path(&self, name: impl AsRef<OsStr>) -> PathBuf {
        self.directory.join(name.as_ref())
    }
}

fn path_of(directory: &Dir) -> io::Result<PathBuf> {
    winx::file::get_file_path(&directory.try_clone()?.into_std_file())
}

/// Removes a file. If that fails for good, the next sweep finds it.
pub(super) fn remove(directory: &Dir, name: &str) {
    for _ in 0..REMOVALS {
        let removed = match path_of(directory) {
            Ok(path) => fs::remove_file(path.join(name)),
            Err(_) => remove_on_close(directory, name),
        };
        match removed {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {}
            _ => return,
        }
    }
}

fn remove_on_close(directory: &Dir, name: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options
        .access_mode(DELETE)
        .custom_flags(FILE_FLAG_DELETE_ON_CLOSE)
        .follow(FollowSymlinks::No);
    directory.open_with(name, &options).map(drop)
}
