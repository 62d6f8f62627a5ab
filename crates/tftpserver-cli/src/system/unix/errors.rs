//! The system's error numbers.

use std::io;

use nix::errno::Errno;

/// Returns Winsock's number for a socket error, because the library uses these numbers on all
/// systems.
pub fn winsock(error: &io::Error) -> Option<i32> {
    Some(match Errno::from_raw(error.raw_os_error()?) {
        Errno::EACCES | Errno::EPERM => 10013,
        Errno::EINVAL => 10022,
        Errno::EMFILE | Errno::ENFILE => 10024,
        Errno::EMSGSIZE => 10040,
        Errno::EADDRINUSE => 10048,
        Errno::EADDRNOTAVAIL => 10049,
        Errno::ENETDOWN => 10050,
        Errno::ENETUNREACH => 10051,
        Errno::ENOBUFS | Errno::ENOMEM => 10055,
        Errno::ECONNREFUSED => 10061,
        Errno::EHOSTUNREACH => 10065,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_sockets_have_winsocks_numbers() {
        let number = |errno: Errno| winsock(&io::Error::from_raw_os_error(errno as i32));
        assert_eq!(number(Errno::ECONNREFUSED), Some(10061));
        assert_eq!(number(Errno::EMFILE), Some(10024));
        assert_eq!(number(Errno::EISDIR), None);
        assert_eq!(winsock(&io::ErrorKind::ConnectionRefused.into()), None);
    }
}
