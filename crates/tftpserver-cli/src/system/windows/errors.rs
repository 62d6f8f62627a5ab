//! The system's numbers of errors.

use std::io;

/// Winsock's number of an error of a socket, which is the system's own.
pub fn winsock(error: &io::Error) -> Option<i32> {
    error
        .raw_os_error()
        .filter(|number| (10_000..12_000).contains(number))
}
