//! Creates the files that uploads are gathered in: under a temporary name beside the final one, or
//! without a name.

use std::fs::File;
use std::io;
#[cfg(unix)]
use std::path::{Path, PathBuf};
#[cfg(unix)]
use std::time::Duration;

use cap_fs_ext::{FollowSymlinks, OpenOptionsFollowExt};
#[cfg(unix)]
use cap_std::fs::OpenOptionsExt;
use cap_std::fs::{Dir, OpenOptions};

use crate::jail::Refusal;

const PREFIX: &str = ".tftpserver-";
const SUFFIX: &str = ".part";
#[cfg(any(windows, test))]
const SUFFIX_ASIDE: &str = ".old";
const DIGITS: usize = 16;

/// The number of names tried for the temporary file. 64 random bits do not collide, but a sweep may
/// come between creation and lock.
const ATTEMPTS: usize = 8;

#[cfg(windows)]
pub(super) use super::named::remove;

/// The number of attempts to remove a file: a single error of a disk or a network must not leave a
/// file behind.
#[cfg(unix)]
const REMOVALS: usize = 3;

/// The time for which a lock on a final name is waited for. Uploads hold it while they copy or
/// rename, which takes moments.
#[cfg(unix)]
const PATIENCE: Duration = Duration::from_secs(5);
#[cfg(unix)]
const PAUSE: Duration = Duration::from_millis(5);

/// Returns whether a name is one of those that unfinished uploads have. Case is ignored, because
/// some file systems ignore it.
pub(crate) fn is_temporary(name: &str) -> bool {
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

/// Creates a locked temporary file in `directory`, with these permissions (Windows has none), and
/// returns it with its name. Leaves nothing behind on an error.
pub(super) fn make(directory: &Dir, mode: u32) -> Result<(File, String), Refusal> {
    for _ in 0..ATTEMPTS {
        let name = new_name()?;
        let mut options = OpenOptions::new();
        // Readable too, because NFS requires that for the lock, and to be copied from.
        options
            .read(true)
            .write(true)
            .create_new(true)
            .follow(FollowSymlinks::No);
        #[cfg(unix)]
        options.mode(mode);
        #[cfg(windows)]
        let _ = mode;
        let file = match directory.open_with(&name, &options) {
            Ok(file) => file.into_std(),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
            Err(error) => {
                // The error may have come after the creation. No other program has this name.
                remove(directory, &name);
                // The directory existed when it was opened: it is gone by now, or we may not write
                // to it.
                return Err(Refusal::for_place(error));
            }
        };
        match is_ours(&file) {
            Ok(true) => return Ok((file, name)),
            Ok(false) => remove(directory, &name),
            Err(error) => {
                remove(directory, &name);
                return Err(error.into());
            }
        }
    }
    Err(Refusal::Io(io::Error::from(io::ErrorKind::AlreadyExists)))
}

/// Locks a new temporary file. Returns false if a sweep was quicker, and removes it or has removed
/// it.
fn is_ours(file: &File) -> io::Result<bool> {
    match file.try_lock() {
        Err(std::fs::TryLockError::WouldBlock) => return Ok(false),
        // The file system has no locks: then a sweep gets none either, and removes nothing.
        Ok(()) | Err(std::fs::TryLockError::Error(_)) => {}
    }
    #[cfg(unix)]
    return Ok(rustix::fs::fstat(file)?.st_nlink > 0);
    // On Windows a sweep that locked the file first is taken to hold it still.
    #[cfg(windows)]
    Ok(true)
}

/// Removes a temporary file. If that fails for good, the next sweep finds it.
#[cfg(unix)]
pub(super) fn remove(directory: &Dir, name: &str) {
    for _ in 0..REMOVALS {
        match directory.remove_file(name) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {}
            _ => return,
        }
    }
}

/// Creates a file without a name in the system's directory for temporary files, and returns it with
/// that directory. Nothing of it is left when it is closed, also if the process is killed.
#[cfg(unix)]
pub(super) fn make_elsewhere() -> Result<(File, Dir), Refusal> {
    let mut refusal = Refusal::NotAllowed;
    for place in [std::env::temp_dir(), PathBuf::from("/var/tmp")] {
        match make_nameless(&place) {
            Ok(made) => return Ok(made),
            Err(error) => refusal = error,
        }
    }
    Err(refusal)
}

#[cfg(unix)]
fn make_nameless(place: &Path) -> Result<(File, Dir), Refusal> {
    let directory =
        Dir::open_ambient_dir(place, cap_std::ambient_authority()).map_err(Refusal::for_place)?;
    #[cfg(linux)]
    {
        use rustix::fs::{Mode, OFlags};
        let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::EXCL | OFlags::CLOEXEC;
        if let Ok(file) = rustix::fs::openat(&directory, c".", flags, Mode::RUSR | Mode::WUSR) {
            return Ok((File::from(file), directory));
        }
    }
    // O_TMPFILE is missing here: the file has a name for a moment.
    let (file, name) = make(&directory, 0o600)?;
    remove(&directory, &name);
    Ok((file, directory))
}

/// Waits for the exclusive lock of a file or directory, for [`PATIENCE`] at most. Does without
/// where there are no locks.
///
/// # Errors
/// `ResourceBusy` if it stays locked.
#[cfg(unix)]
pub(super) fn lock(file: &File) -> io::Result<()> {
    for _ in 0..PATIENCE.as_millis() / PAUSE.as_millis() {
        match file.try_lock() {
            Ok(()) | Err(std::fs::TryLockError::Error(_)) => return Ok(()),
            Err(std::fs::TryLockError::WouldBlock) => std::thread::sleep(PAUSE),
        }
    }
    Err(io::ErrorKind::ResourceBusy.into())
}

pub(super) fn new_name() -> Result<String, Refusal> {
    name_with(SUFFIX)
}

/// Creates a name for a file that is renamed aside until another has its place. No sweep removes
/// it.
#[cfg(any(windows, test))]
pub(super) fn new_name_aside() -> Result<String, Refusal> {
    name_with(SUFFIX_ASIDE)
}

fn name_with(suffix: &str) -> Result<String, Refusal> {
    let mut random = [0_u8; DIGITS / 2];
    getrandom::fill(&mut random).map_err(io::Error::other)?;
    Ok(format!(
        "{PREFIX}{:0DIGITS$x}{suffix}",
        u64::from_ne_bytes(random)
    ))
}
