//! Files of the client commands: names from the wire, and what a new file is like.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Bytes of the wire as the name of a file; `None` where this system takes no such name.
pub fn name_of(bytes: &[u8]) -> Option<&Path> {
    Some(Path::new(OsStr::from_bytes(bytes)))
}

/// Temporary files that become files of their own: as any new file, from which the umask takes away.
pub fn like_any_new_file(builder: &mut tempfile::Builder<'_, '_>) {
    builder.permissions(std::fs::Permissions::from_mode(0o666));
}
