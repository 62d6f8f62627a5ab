//! Limits of the process: getrlimit(2), which a seccomp filter may forbid. Windows has none of
//! them.

/// The soft limit of descriptors; `u64::MAX` if there is none, and 1024, the usual one, if the
/// system does not report it.
#[cfg(unix)]
pub fn open_files() -> u64 {
    soft(libc::RLIMIT_NOFILE).unwrap_or(1024)
}

/// Processors that the system uses, also those that this process may not run on; 1 if unknown.
#[cfg(unix)]
pub fn processors() -> usize {
    // SAFETY: no pointers.
    let count = unsafe { libc::sysconf(libc::_SC_NPROCESSORS_ONLN) };
    usize::try_from(count).unwrap_or(1).max(1)
}

/// Processors that this process may run on; 1 if unknown.
#[cfg(not(unix))]
pub fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Bytes that a file may have; one byte more raises SIGXFSZ. `u64::MAX` where there is no limit, or
/// none is known.
#[cfg(unix)]
pub fn file_size() -> u64 {
    soft(libc::RLIMIT_FSIZE).unwrap_or(u64::MAX)
}

/// Bytes that a file may have: only the file system limits it.
#[cfg(not(unix))]
pub fn file_size() -> u64 {
    u64::MAX
}

/// Bytes that this process may still write below a directory; `None` if the system does not report
/// it.
#[cfg(windows)]
pub fn free_space(directory: &std::path::Path) -> Option<u64> {
    use std::os::windows::ffi::OsStrExt;
    let name: Vec<u16> = directory.as_os_str().encode_wide().chain([0]).collect();
    let mut free = 0;
    // SAFETY: the name is terminated, and the number is writable; the others are not wanted.
    let done = unsafe {
        windows_sys::Win32::Storage::FileSystem::GetDiskFreeSpaceExW(
            name.as_ptr(),
            &mut free,
            std::ptr::null_mut(),
            std::ptr::null_mut(),
        )
    };
    (done != 0).then_some(free)
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
type Resource = libc::__rlimit_resource_t;
#[cfg(all(unix, not(all(target_os = "linux", target_env = "gnu"))))]
type Resource = libc::c_int;

#[cfg(unix)]
fn soft(resource: Resource) -> Option<u64> {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: `limit` is writable and of the type that the call fills.
    let result = unsafe { libc::getrlimit(resource, &raw mut limit) };
    let is_known = result == 0;
    // RLIM_INFINITY is the highest number on the systems here, but for its type.
    #[allow(clippy::unnecessary_cast, reason = "signed on some systems")]
    let current = match limit.rlim_cur {
        libc::RLIM_INFINITY => u64::MAX,
        number => number as u64,
    };
    is_known.then_some(current)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn limits_are_those_of_the_process() {
        let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
        assert_eq!(open_files(), limit.current.unwrap_or(u64::MAX));
        let limit = rustix::process::getrlimit(rustix::process::Resource::Fsize);
        assert_eq!(file_size(), limit.current.unwrap_or(u64::MAX));
        assert_eq!(soft(Resource::MAX), None, "there is no such limit");
        assert!(processors() >= std::thread::available_parallelism().unwrap().get());
    }
}
