//! Translates the system's error numbers into those of the specification, which are Winsock's on
//! every system.

use std::io;

#[cfg(windows)]
use super::errors::TABLE;
use super::errors::{
    ACCESS_DENIED, ADDRESS_IN_USE, INVALID_VALUE, NOT_AVAILABLE, SYSTEM, strerror,
};

/// Returns the number for a system error.
pub(super) fn code_of(error: &io::Error) -> i32 {
    exact(error).unwrap_or_else(|| code_of_kind(error.kind()))
}

/// Returns the number that has exactly the meaning of the system error, if there is one.
pub(super) fn exact(error: &io::Error) -> Option<i32> {
    error.raw_os_error().and_then(code_of_errno)
}

/// Returns the text of a system error: the table's if it has one, otherwise the system's without
/// its errno.
pub(super) fn words(error: &io::Error) -> String {
    match exact(error) {
        Some(code) => strerror(code).to_owned(),
        None => {
            let said = error.to_string();
            let (words, _) = said.split_once(" (os error ").unwrap_or((&said, ""));
            words.to_owned()
        }
    }
}

/// Returns the number for an error that has none of its own: one of the same meaning, otherwise
/// [`SYSTEM`], whose text is followed by the system's.
fn code_of_kind(kind: io::ErrorKind) -> i32 {
    match kind {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => ACCESS_DENIED,
        io::ErrorKind::Unsupported => NOT_AVAILABLE,
        io::ErrorKind::OutOfMemory | io::ErrorKind::StorageFull => 10055,
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => INVALID_VALUE,
        io::ErrorKind::AddrInUse => ADDRESS_IN_USE,
        io::ErrorKind::TimedOut => 10060,
        io::ErrorKind::Interrupted => 10004,
        io::ErrorKind::WouldBlock => 10035,
        io::ErrorKind::InvalidInput => 10022,
        _ => SYSTEM,
    }
}

/// Returns the number itself: on Windows the system uses the same numbers.
#[cfg(windows)]
fn code_of_errno(errno: i32) -> Option<i32> {
    TABLE
        .iter()
        .any(|entry| entry.code == errno && errno >= 10000)
        .then_some(errno)
}

#[cfg(unix)]
fn code_of_errno(errno: i32) -> Option<i32> {
    ERRNOS
        .iter()
        .find(|(number, _)| *number == errno)
        .map(|(_, code)| *code)
}

/// Every errno that has a Winsock number or is close in meaning to one.
#[cfg(unix)]
const ERRNOS: &[(i32, i32)] = &[
    // api: begin errnos
    (libc::EINTR, 10004),
    (libc::EBADF, 10009),
    (libc::EACCES, 10013),
    (libc::EPERM, 10013),
    (libc::EFAULT, 10014),
    (libc::EINVAL, 10022),
    (libc::EMFILE, 10024),
    (libc::ENFILE, 10024),
    (libc::EWOULDBLOCK, 10035),
    (libc::EAGAIN, 10035),
    (libc::EINPROGRESS, 10036),
    (libc::EALREADY, 10037),
    (libc::ENOTSOCK, 10038),
    (libc::EDESTADDRREQ, 10039),
    (libc::EMSGSIZE, 10040),
    (libc::EPROTOTYPE, 10041),
    (libc::ENOPROTOOPT, 10042),
    (libc::EPROTONOSUPPORT, 10043),
    (libc::ESOCKTNOSUPPORT, 10044),
    (libc::EOPNOTSUPP, 10045),
    (libc::EPFNOSUPPORT, 10046),
    (libc::EAFNOSUPPORT, 10047),
    (libc::EADDRINUSE, 10048),
    (libc::EADDRNOTAVAIL, 10049),
    (libc::ENETDOWN, 10050),
    (libc::ENETUNREACH, 10051),
    (libc::ENETRESET, 10052),
    (libc::ECONNABORTED, 10053),
    (libc::ECONNRESET, 10054),
    (libc::ENOBUFS, 10055),
    (libc::ENOMEM, 10055),
    (libc::EISCONN, 10056),
    (libc::ENOTCONN, 10057),
    (libc::ESHUTDOWN, 10058),
    (libc::ETOOMANYREFS, 10059),
    (libc::ETIMEDOUT, 10060),
    (libc::ECONNREFUSED, 10061),
    (libc::ELOOP, 10062),
    (libc::ENAMETOOLONG, 10063),
    (libc::EHOSTDOWN, 10064),
    (libc::EHOSTUNREACH, 10065),
    (libc::ENOTEMPTY, 10066),
    (libc::EUSERS, 10068),
    (libc::EDQUOT, 10069),
    (libc::ESTALE, 10070),
    (libc::EREMOTE, 10071),
    // api: end errnos
];

#[cfg(test)]
mod tests {
    use super::super::errors::TABLE;
    use super::*;

    #[test]
    #[cfg(unix)]
    fn an_errno_becomes_its_winsock_number() {
        let code = |errno| code_of(&io::Error::from_raw_os_error(errno));
        assert_eq!(code(libc::EADDRINUSE), 10048);
        assert_eq!(code(libc::EADDRNOTAVAIL), 10049);
        assert_eq!(code(libc::EACCES), 10013);
        assert_eq!(code(libc::ENOSYS), NOT_AVAILABLE);
        assert_eq!(code(libc::EINVAL), 10022);
        for errno in [libc::EIO, libc::ENODEV, libc::EPIPE, libc::EPROTO] {
            assert_eq!(code(errno), SYSTEM, "errno {errno} is no invalid argument");
            let failure = super::super::errors::Failure::from_io(
                &io::Error::from_raw_os_error(errno),
                "Listening on 0.0.0.0:69.",
            );
            let said = words(&io::Error::from_raw_os_error(errno));
            assert_eq!(
                failure.text,
                format!("System error. Listening on 0.0.0.0:69. {said}")
            );
        }
        for errno in 1..200 {
            let code = code(errno);
            assert!(
                TABLE.iter().any(|entry| entry.code == code),
                "errno {errno} became {code}"
            );
        }
    }
}
