//! Files of the client commands: names from the wire, and the permissions of new files.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Returns bytes from the wire as a file name; `None` if this system does not permit such a name.
pub fn name_of(bytes: &[u8]) -> Option<&Path> {
    Some(Path::new(OsStr::from_bytes(bytes)))
}

/// Gives temporary files the permissions of any new file, from which the umask removes bits.
pub fn use_default_permissions(builder: &mut tempfile::Builder<'_, '_>) {
    builder.permissions(std::fs::Permissions::from_mode(0o666));
}
