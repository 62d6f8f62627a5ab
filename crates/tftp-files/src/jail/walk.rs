//! Opens paths without following symlinks, one component at a time.
//!
//! openat2 has RESOLVE_NO_SYMLINKS for this, which not every kernel and sandbox offers; a walk
//! gives the same answers on all of them. Each step opens one name in a directory that is held
//! open, so that directory cannot be exchanged meanwhile.

use std::io;
use std::path::{Component, Path};

use cap_fs_ext::{DirExt, FollowSymlinks, OpenOptionsFollowExt};
use cap_std::fs::{Dir, File, OpenOptions};

use crate::system;

/// Opens the file at `path`. A symlink anywhere on it is an ELOOP error, a `..` past `root` is
/// EXDEV.
pub(super) fn open(root: &Dir, path: &Path, options: &OpenOptions) -> io::Result<File> {
    let Some(leaf) = path.file_name() else {
        return Err(system::is_a_directory());
    };
    let parent = open_dir(root, path.parent().unwrap_or(Path::new("")))?;
    let mut options = options.clone();
    parent.open_with(leaf, options.follow(FollowSymlinks::No))
}

/// Opens the directory at `path`, under the same rules; an empty path is `root` itself.
pub(super) fn open_dir(root: &Dir, path: &Path) -> io::Result<Dir> {
    let mut way = vec![root.try_clone()?];
    for component in path.components() {
        match (component, way.last()) {
            (Component::CurDir, _) => {}
            (Component::ParentDir, _) if way.len() > 1 => drop(way.pop()),
            (Component::Normal(name), Some(here)) => {
                let next = here
                    .open_dir_nofollow(name)
                    .map_err(|error| explain(here, name, error))?;
                way.push(next);
            }
            _ => return Err(system::leads_outside()),
        }
    }
    way.pop().ok_or_else(system::leads_outside)
}

/// Returns the right error for a symlink: O_DIRECTORY with O_NOFOLLOW fails with ENOTDIR for one,
/// as for a file.
fn explain(here: &Dir, name: &std::ffi::OsStr, error: io::Error) -> io::Error {
    match here.symlink_metadata(name) {
        Ok(found) if found.is_symlink() => system::is_a_link(),
        _ => error,
    }
}
