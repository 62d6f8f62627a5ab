//! What the process may use, and what its files are like.

use crate::options::Umask;

/// There is no such limit.
pub fn raise_descriptors() {}

/// New files have the rights of their directory.
pub fn set_umask(_: Umask) {
    // Before the log begins.
    crate::output::last_words("tftpserver: --umask has no effect on Windows");
}
