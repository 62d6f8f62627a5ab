//! Files of the client commands: names from the wire, and the permissions of new files.

use std::path::Path;

/// Returns bytes from the wire as a file name; `None` if this system does not permit such a name.
pub fn name_of(bytes: &[u8]) -> Option<&Path> {
    std::str::from_utf8(bytes).ok().map(Path::new)
}

/// Does nothing: a new file has the permissions of its directory.
pub fn use_default_permissions(_: &mut tempfile::Builder<'_, '_>) {}
