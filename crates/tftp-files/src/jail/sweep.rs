//! Removes the leftovers of killed uploads.

use std::io;
use std::path::Path;

use cap_fs_ext::{DirExt, FollowSymlinks, MetadataExt, OpenOptionsFollowExt};
use cap_std::fs::{Dir, OpenOptions};

use crate::upload;

/// The largest depth of subdirectories.
const MAX_DEPTH: usize = 16;
/// The largest number of directory entries visited: a server whose root is a huge tree still starts
/// in moderate time.
const MAX_ENTRIES: usize = 200_000;

struct Sweep<'a> {
    /// Called at every entry; false ends the sweep.
    goes_on: &'a dyn Fn() -> bool,
    device: u64,
    entries: usize,
    removed: usize,
}

/// Removes leftovers below `root` while `goes_on` returns true, not crossing into mounts (elsewhere
/// than on Linux, into other file systems) and not following symlinks. Returns the number of files
/// removed.
pub(super) fn sweep(root: &Dir, goes_on: &dyn Fn() -> bool) -> io::Result<usize> {
    let mut sweep = Sweep {
        goes_on,
        device: root.dir_metadata()?.dev(),
        entries: 0,
        removed: 0,
    };
    sweep.directory(root, 0)?;
    Ok(sweep.removed)
}

impl Sweep<'_> {
    fn directory(&mut self, directory: &Dir, depth: usize) -> io::Result<()> {
        for entry in directory.entries()? {
            self.entries += 1;
            if self.entries > MAX_ENTRIES || !(self.goes_on)() {
                break;
            }
            let Ok(entry) = entry else { continue };
            let Ok(kind) = entry.file_type() else { continue };
            let name = entry.file_name();
            if kind.is_dir() && depth < MAX_DEPTH {
                let Ok(below) = enter(directory, name.as_ref()) else {
                    continue;
                };
                if below.dir_metadata().is_ok_and(|found| found.dev() == self.device) {
                    // An unreadable subdirectory is skipped.
                    let _ = self.directory(&below, depth + 1);
                }
            } else if kind.is_file() && name.to_str().is_some_and(upload::is_temporary) {
                self.removed += usize::from(remove_unlocked(directory, name.as_ref()));
            }
        }
        Ok(())
    }
}

/// Opens a subdirectory, unless it is a mount: one whose server is gone would hang, and one that is
/// mounted on demand would be mounted.
#[cfg(linux)]
fn enter(directory: &Dir, name: &Path) -> io::Result<Dir> {
    use std::fs::File;

    use rustix::fs::{
        AtFlags, Mode, OFlags, ResolveFlags, StatxAttributes, StatxFlags, makedev, openat2, statx,
    };
    use rustix::io::Errno;

    // With O_PATH the opening mounts nothing.
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    match openat2(directory, name, flags, Mode::empty(), ResolveFlags::NO_XDEV) {
        Ok(below) => return Ok(Dir::from_std_file(File::from(below))),
        // openat2 is missing here, or not allowed.
        Err(Errno::NOSYS | Errno::PERM) => {}
        Err(errno) => return Err(errno.into()),
    }
    let flags = AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT | AtFlags::STATX_DONT_SYNC;
    let found = statx(directory, name, flags, StatxFlags::empty())?;
    let device = makedev(found.stx_dev_major, found.stx_dev_minor);
    if found.stx_attributes.contains(StatxAttributes::MOUNT_ROOT)
        || device != directory.dir_metadata()?.dev()
    {
        return Err(Errno::XDEV.into());
    }
    directory.open_dir_nofollow(name)
}

#[cfg(not(linux))]
fn enter(directory: &Dir, name: &Path) -> io::Result<Dir> {
    directory.open_dir_nofollow(name)
}

/// Removes a temporary file if no process has it locked. A live upload locks its file right after
/// creating it ([`upload`] starts anew if a sweep was quicker), and the lock ends with its process.
/// So a sweep that gets the lock may remove the file, and does so before it releases the lock.
fn remove_unlocked(directory: &Dir, name: &Path) -> bool {
    let open = |writable| {
        let mut options = OpenOptions::new();
        options.read(true).write(writable).follow(FollowSymlinks::No);
        directory.open_with(name, &options)
    };
    // Opened for writing too, since NFS requires that for an exclusive lock. A temporary file that
    // was to replace a read-only file has become read-only itself.
    let Ok(file) = open(true).or_else(|_| open(false)) else {
        return false;
    };
    let file = file.into_std();
    file.try_lock().is_ok() && directory.remove_file(name).is_ok()
}
