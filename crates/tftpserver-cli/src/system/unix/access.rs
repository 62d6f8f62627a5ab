//! Checks of this user's permissions.

use std::path::Path;

use nix::unistd::AccessFlags;

/// Returns true if files can be created in this directory.
pub fn can_create_in(dir: &Path) -> bool {
    nix::unistd::access(dir, AccessFlags::W_OK).is_ok()
}
