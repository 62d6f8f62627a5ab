//! What the user of this process may do.

use std::path::Path;

use nix::unistd::AccessFlags;

/// Whether files can be created in this directory.
pub fn can_create_in(dir: &Path) -> bool {
    nix::unistd::access(dir, AccessFlags::W_OK).is_ok()
}
