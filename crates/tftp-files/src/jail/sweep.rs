//! Removes the leftovers of killed uploads.

use std::io;

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

/// Removes leftovers below `root` while `goes_on` returns true, not crossing into other file
/// systems and not following symlinks. Returns the number of files removed.
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
                let Ok(below) = directory.open_dir_nofollow(&name) else {
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

/// Removes a temporary file if no process has it locked. A live upload locks its file right after
/// creating it ([`upload`] starts anew if a sweep was quicker), and the lock ends with its process.
/// So a sweep that gets the lock may remove the file, and does so before it releases the lock.
fn remove_unlocked(directory: &Dir, name: &std::path::Path) -> bool {
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
