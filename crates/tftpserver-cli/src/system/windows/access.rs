//! What the user of this process may do.

use std::path::Path;

/// Whether files can be created in this directory.
pub fn can_create_in(dir: &Path) -> bool {
    tempfile::tempfile_in(dir).is_ok()
}
