//! Unix: names are bytes, and a file is its device and its inode number.

use std::ffi::OsStr;
use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use cap_std::fs::{Dir, OpenOptions, OpenOptionsExt};
pub(crate) use rustix::fd::AsFd as AsFile;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use super::Unusable;
use crate::Identity;

/// The time for which an opening waits for the holder of a lease or delegation. Most give it up at
/// once; the kernel takes it away after 45 s (/proc/sys/fs/lease-break-time).
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(10);

/// The error for the name of a directory where that of a file is expected.
pub(crate) fn is_a_directory() -> io::Error {
    Errno::ISDIR.into()
}

/// The error for a symlink where none is allowed.
pub(crate) fn is_a_link() -> io::Error {
    Errno::LOOP.into()
}

/// The error for a path that leads out of its directory.
pub(crate) fn leads_outside() -> io::Error {
    Errno::XDEV.into()
}

/// Returns whether an error means that a symlink became something else between two steps
/// (readlink(2): EINVAL).
pub(crate) fn is_momentary(error: &io::Error) -> bool {
    Errno::from_io_error(error) == Some(Errno::INVAL)
}

/// Returns the part of a path that can't name a file or directory. Always `None`: the file system
/// decides.
#[inline]
pub(crate) fn unusable(_: &Path) -> Option<Unusable> {
    None
}

/// Returns false: no name means a part of another file.
#[inline]
pub(crate) fn is_stream(_: &OsStr) -> bool {
    false
}

/// Returns the identity by which two openings recognize the same file in the same state.
pub(crate) fn identity(_: &File, metadata: &Metadata) -> io::Result<Identity> {
    Ok(Identity {
        device: metadata.dev(),
        inode: metadata.ino(),
        size: metadata.len(),
        modified: (metadata.mtime(), metadata.mtime_nsec()),
        changed: (metadata.ctime(), metadata.ctime_nsec()),
    })
}

/// The options with which files are opened for reading. They do not wait for the writer of a FIFO,
/// and a terminal does not become ours.
pub(crate) fn reading() -> OpenOptions {
    let mut options = OpenOptions::new();
    options
        .read(true)
        .custom_flags((OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed());
    options
}

/// Opens a file by `open` with these options, which do not wait (O_NONBLOCK), and waits after all
/// if another process holds a lease of it (Samba) or a delegation (the kernel's NFS server). May
/// block.
///
/// # Errors
/// The error of `open`; EAGAIN if the lease is not given up in time.
pub(crate) fn open_leased(
    options: &OpenOptions,
    open: impl Fn(&OpenOptions) -> io::Result<cap_std::fs::File>,
) -> io::Result<File> {
    let is_leased = |opened: &io::Result<_>| {
        opened
            .as_ref()
            .is_err_and(|error| Errno::from_io_error(error) == Some(Errno::AGAIN))
    };
    let mut opened = open(options);
    if is_leased(&opened) && is_regular(options, &open) {
        for _ in 0..PATIENCE.as_millis() / PAUSE.as_millis() {
            std::thread::sleep(PAUSE);
            opened = open(options);
            if !is_leased(&opened) {
                break;
            }
        }
    }
    opened.map(cap_std::fs::File::into_std)
}

/// Returns whether the file that `open` opens is a regular one: others have no leases, and are not
/// opened again and again.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn is_regular(
    options: &OpenOptions,
    open: impl Fn(&OpenOptions) -> io::Result<cap_std::fs::File>,
) -> bool {
    let mut looking = options.clone();
    looking
        .read(true)
        .write(false)
        .custom_flags(OFlags::PATH.bits().cast_signed());
    open(&looking)
        .and_then(|file| file.metadata())
        .is_ok_and(|found| found.is_file())
}

/// Only Linux has leases.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn is_regular(_: &OpenOptions, _: impl Fn(&OpenOptions) -> io::Result<cap_std::fs::File>) -> bool {
    false
}

/// Opens a directory by its path, without needing permission to list it where the system offers
/// that.
pub(crate) fn open_dir(path: &Path) -> io::Result<Dir> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let access = OFlags::PATH;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let access = OFlags::RDONLY;
    let directory =
        rustix::fs::open(path, access | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    Ok(Dir::from_std_file(File::from(directory)))
}

/// Fails if a path leaves by `..` a directory that does not exist. The kernel checks that itself.
pub(crate) fn check_what_is_left(_: &Dir, _: &Path) -> io::Result<()> {
    Ok(())
}
