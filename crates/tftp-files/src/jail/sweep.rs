//! Removal of what killed uploads left behind.

use std::io;

use cap_fs_ext::{DirExt, FollowSymlinks, MetadataExt, OpenOptionsFollowExt};
use cap_std::fs::{Dir, OpenOptions};

use crate::upload;

/// Subdirectories below subdirectories, at most.
const MAX_DEPTH: usize = 16;
/// Directory entries looked at, at most: a server whose root is a huge tree still starts in moderate time.
const MAX_ENTRIES: usize = 200_000;

struct Sweep<'a> {
    /// Asked at every entry; false ends the sweep.
    goes_on: &'a dyn Fn() -> bool,
    device: u64,
    entries: usize,
    removed: usize,
}

/// Removes leftovers below `root` while `goes_on`, not crossing into other file systems and not following symlinks.
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
                    // An unreadable subdirectory is passed over.
                    let _ = self.directory(&below, depth + 1);
                }
            } else if kind.is_file() && name.to_str().is_some_and(upload::is_temporary) {
                self.removed += usize::from(remove_unlocked(directory, name.as_ref()));
            }
        }
        Ok(())
    }
}

/// A live upload holds a lock on its file from its first moment on ([`upload`] starts anew if a sweep was quicker), and
/// the lock dies with its process. So who gets the lock may remove the file, and removes it before letting go.
fn remove_unlocked(directory: &Dir, name: &std::path::Path) -> bool {
    let open = |writable| {
        let mut options = OpenOptions::new();
        options.read(true).write(writable).follow(FollowSymlinks::No);
        directory.open_with(name, &options)
    };
    // For writing too, since NFS gives an exclusive lock to nobody else. One that was to replace a read-only file has
    // become read-only itself.
    let Ok(file) = open(true).or_else(|_| open(false)) else {
        return false;
    };
    let file = file.into_std();
    file.try_lock().is_ok() && directory.remove_file(name).is_ok()
}
