//! Files of the client commands: names from the wire, and what a new file is like.

use std::path::Path;

/// Bytes of the wire as the name of a file; `None` where this system takes no such name.
pub fn name_of(bytes: &[u8]) -> Option<&Path> {
    std::str::from_utf8(bytes).ok().map(Path::new)
}

/// A new file has the rights of its directory.
pub fn like_any_new_file(_: &mut tempfile::Builder<'_, '_>) {}
