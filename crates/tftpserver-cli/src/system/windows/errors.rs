//! The system's error numbers.

use std::io;

/// Returns Winsock's number for a socket error, which is the system's own.
pub fn winsock(error: &io::Error) -> Option<i32> {
    error
        .raw_os_error()
        .filter(|number| (10_000..12_000).contains(number))
}
