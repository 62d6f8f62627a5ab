//! Creates the file that an upload is gathered in, and finds out what its place allows.

use std::ffi::OsString;
use std::fs::File;

use cap_fs_ext::{FollowSymlinks, OpenOptionsFollowExt};
use cap_std::fs::{Dir, Metadata, MetadataExt, OpenOptions, OpenOptionsExt};
use rustix::fs::{Access, AtFlags, OFlags};
use rustix::io::Errno;

use super::method::{Facts, Method};
use super::temporary;
use crate::jail::Refusal;
use crate::system::open_leased;

/// S_ISVTX.
const STICKY: u32 = 0o1000;

/// The file that an upload is gathered in, and the method by which it reaches its name.
pub(super) struct Gathering {
    pub(super) method: Method,
    pub(super) file: File,
    /// The temporary name; `None` if the file has no name.
    pub(super) temporary: Option<String>,
}

impl Gathering {
    /// Creates the file, beside its place where that is possible. `old` is the existing file, open
    /// for writing.
    pub(super) fn begin(
        directory: &Dir,
        leaf: &OsString,
        existing: Option<&Metadata>,
        old: Option<&File>,
        announced: u64,
    ) -> Result<Gathering, Refusal> {
        let mut facts = facts(directory, leaf, existing, old.is_some());
        let method = facts.method().ok_or(Refusal::NotAllowed)?;
        if let (Some(old), Method::CopyInto) = (old, method) {
            check_room(old, announced.saturating_sub(existing.map_or(0, Metadata::len)))?;
        }
        check_room(directory, announced)?;
        // The temporary file is readable only for those who may read the existing file, and for us,
        // so that a later sweep can open it.
        let mode = existing.map_or(0o666, |existing| existing.mode() & 0o666 | 0o600);
        let mode = if method == Method::CopyInto { 0o600 } else { mode };
        match temporary::make(directory, mode) {
            Ok((file, name)) => Ok(Gathering {
                method,
                file,
                temporary: Some(name),
            }),
            Err(Refusal::NotAllowed) if !may_write_into(directory) => {
                facts.directory_is_writable = false;
                let method = facts.method().ok_or(Refusal::NotAllowed)?;
                let (file, elsewhere) = temporary::make_elsewhere()?;
                check_room(&elsewhere, announced)?;
                Ok(Gathering {
                    method,
                    file,
                    temporary: None,
                })
            }
            Err(refusal) => Err(refusal),
        }
    }
}

/// Checks that `existing` may be replaced: a regular file that we could also have written in place.
/// (A rename needs only permission on the directory, but a file made read-only is meant to stay.)
/// Returns it, open for writing; `None` if opening fails only because it is a running program, or
/// is gone.
pub(super) fn check_replaceable(
    directory: &Dir,
    leaf: &OsString,
    existing: &Metadata,
    allow_overwrite: bool,
) -> Result<Option<File>, Refusal> {
    if !existing.is_file() {
        return Err(Refusal::NotAllowed);
    }
    if !allow_overwrite {
        return Err(Refusal::Exists);
    }
    match open_leased(&writing(), |options| directory.open_with(leaf, options)) {
        Err(error)
            if matches!(Errno::from_io_error(&error), Some(Errno::NOENT | Errno::TXTBSY)) =>
        {
            Ok(None)
        }
        Err(error) => Err(Refusal::for_place(error)),
        Ok(file) => Ok(Some(file)),
    }
}

/// The options with which existing files are opened for writing. They do not wait for the reader of
/// a FIFO that took the name.
pub(super) fn writing() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).follow(FollowSymlinks::No);
    options.custom_flags((OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed());
    options
}

/// Returns the facts about a place. A directory is assumed to be writable until creating a file in
/// it fails.
pub(super) fn facts(
    directory: &Dir,
    leaf: &OsString,
    existing: Option<&Metadata>,
    file_is_writable: bool,
) -> Facts {
    let mut facts = Facts {
        directory_is_writable: true,
        is_sticky: false,
        owns_either: false,
        is_mount: false,
        file_is_writable,
    };
    let Some(existing) = existing else { return facts };
    let Ok(parent) = directory.dir_metadata() else {
        return facts;
    };
    let user = rustix::process::geteuid();
    facts.is_sticky = parent.mode() & STICKY != 0;
    facts.owns_either = user.is_root() || [parent.uid(), existing.uid()].contains(&user.as_raw());
    facts.is_mount = is_mount(directory, leaf, &parent, existing);
    facts
}

/// Returns whether the existing file is a mount point, also one of the same file system.
#[cfg(linux)]
fn is_mount(directory: &Dir, leaf: &OsString, _: &Metadata, _: &Metadata) -> bool {
    use rustix::fs::{StatxAttributes, StatxFlags, statx};
    let flags = AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT;
    // The devices show nothing: on overlayfs, files have those of their layers. Linux before 5.8
    // does not report mount points. There the rename fails, and the file is overwritten then.
    statx(directory, leaf, flags, StatxFlags::empty())
        .is_ok_and(|found| found.stx_attributes.contains(StatxAttributes::MOUNT_ROOT))
}

#[cfg(not(linux))]
fn is_mount(_: &Dir, _: &OsString, parent: &Metadata, existing: &Metadata) -> bool {
    parent.dev() != existing.dev()
}

/// Returns whether this process may create files in a directory.
pub(super) fn may_write_into(directory: &Dir) -> bool {
    let access = Access::WRITE_OK | Access::EXEC_OK;
    rustix::fs::accessat(directory, c".", access, AtFlags::EACCESS).is_ok()
}

fn check_room(place: impl rustix::fd::AsFd, announced: u64) -> Result<(), Refusal> {
    if announced > 0 && announced > available(place) {
        return Err(Refusal::NoSpace);
    }
    Ok(())
}

/// Returns the number of bytes that we may still write; `u64::MAX` if the file system does not
/// report it.
fn available(place: impl rustix::fd::AsFd) -> u64 {
    let Ok(space) = rustix::fs::fstatvfs(place) else {
        return u64::MAX;
    };
    if space.f_blocks == 0 {
        return u64::MAX;
    }
    // Only root may use the blocks reserved for it.
    let blocks = if rustix::process::geteuid().is_root() {
        space.f_bfree
    } else {
        space.f_bavail
    };
    blocks.saturating_mul(space.f_frsize)
}
