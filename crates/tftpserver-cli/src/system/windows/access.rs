//! Checks of this user's permissions.

use std::path::Path;

/// Returns true if files can be created in this directory.
pub fn can_create_in(dir: &Path) -> bool {
    tempfile::tempfile_in(dir).is_ok()
}
