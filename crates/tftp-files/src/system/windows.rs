//! Windows: names have meanings beyond those of a path, and a file is its volume and its index.

use std::ffi::OsStr;
use std::fs::{File, Metadata};
use std::io;
pub(crate) use std::os::windows::io::AsHandle as AsFile;
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, SystemTime};

use cap_fs_ext::MetadataExt;
use cap_std::fs::{Dir, OpenOptions};

use super::{Unusable, windows_names};
use crate::Identity;

/// ERROR_PATH_NOT_FOUND and ERROR_DIRECTORY.
const PATH_NOT_FOUND: i32 = 3;
const NO_DIRECTORY: i32 = 267;

/// The errors for a device in the place of a file or directory: ERROR_INVALID_FUNCTION,
/// ERROR_INVALID_HANDLE, ERROR_INVALID_PARAMETER.
pub(crate) const OF_DEVICES: [i32; 3] = [1, 6, 87];

/// The errors for a name that nothing can have: ERROR_INVALID_NAME, ERROR_BAD_PATHNAME,
/// ERROR_FILENAME_EXCED_RANGE.
pub(crate) const OF_NAMES: [i32; 3] = [123, 161, 206];

/// ERROR_STOPPED_ON_SYMLINK.
const STOPPED_ON_SYMLINK: i32 = 681;

/// The error for the name of a directory where that of a file is expected.
pub(crate) fn is_a_directory() -> io::Error {
    io::ErrorKind::PermissionDenied.into()
}

/// The error for a symlink where none is allowed.
pub(crate) fn is_a_link() -> io::Error {
    io::Error::from_raw_os_error(STOPPED_ON_SYMLINK)
}

/// The error for a path that leads out of its directory.
pub(crate) fn leads_outside() -> io::Error {
    io::ErrorKind::PermissionDenied.into()
}

/// Returns false: Windows has no known error of that kind.
pub(crate) fn is_momentary(_: &io::Error) -> bool {
    false
}

/// Returns the part of a path that can't name a file or directory, if there is one.
pub(crate) fn unusable(path: &Path) -> Option<Unusable> {
    path.to_str()
        .map_or(Some(Unusable::Directory), windows_names::unusable)
}

/// Returns the identity by which two openings recognize the same file in the same state.
pub(crate) fn identity(file: &File, metadata: &Metadata) -> io::Result<Identity> {
    let numbers = cap_std::fs::Metadata::from_file(file)?;
    let since = metadata.modified()?.duration_since(SystemTime::UNIX_EPOCH);
    let since = since.unwrap_or(Duration::ZERO);
    let modified = (since.as_secs().cast_signed(), since.subsec_nanos().into());
    Ok(Identity {
        device: numbers.dev(),
        inode: numbers.ino(),
        size: metadata.len(),
        modified,
        changed: modified,
    })
}

/// The options with which files are opened for reading. Other programs may replace them meanwhile.
pub(crate) fn reading() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true);
    options
}

/// Opens a file by `open` with these options. On Windows the system itself waits for the holders of
/// leases.
pub(crate) fn open_leased(
    options: &OpenOptions,
    open: impl Fn(&OpenOptions) -> io::Result<cap_std::fs::File>,
) -> io::Result<File> {
    open(options).map(cap_std::fs::File::into_std)
}

/// Opens a directory by its path. Its errors have the kinds that those of other systems have.
pub(crate) fn open_dir(path: &Path) -> io::Result<Dir> {
    let opened = Dir::open_ambient_dir(path, cap_std::ambient_authority());
    opened.map_err(|error| match error.raw_os_error() {
        Some(code) if OF_DEVICES.contains(&code) => io::Error::from_raw_os_error(NO_DIRECTORY),
        Some(code) if OF_NAMES.contains(&code) => io::Error::from_raw_os_error(PATH_NOT_FOUND),
        _ => error,
    })
}

/// Returns true if a name means a stream of another file.
pub(crate) fn is_stream(name: &OsStr) -> bool {
    name.as_encoded_bytes().contains(&b':')
}

/// Fails if a path leaves by `..` a directory that does not exist. Windows drops both components
/// without checking.
pub(crate) fn check_what_is_left(root: &Dir, path: &Path) -> io::Result<()> {
    let mut here = PathBuf::new();
    for component in path.components() {
        match component {
            Component::Normal(name) => here.push(name),
            Component::ParentDir if here.parent().is_some() => {
                root.open_dir(&here)?;
                here.pop();
            }
            _ => {}
        }
    }
    Ok(())
}
