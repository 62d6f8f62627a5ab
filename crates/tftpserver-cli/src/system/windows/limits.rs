//! The limit of descriptors, and the umask.

use crate::options::Umask;

/// Does nothing: there is no such limit.
pub fn raise_descriptors() {}

/// Prints that the option has no effect: new files have the permissions of their directory.
pub fn set_umask(_: Umask) {
    // The log has not begun yet.
    crate::output::write_final_line("tftpserver: --umask has no effect on Windows");
}
