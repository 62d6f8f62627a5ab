//! Descriptors of the process.

/// The soft limit of descriptors.
#[cfg(unix)]
pub(super) fn soft_limit() -> usize {
    use rustix::process::{Resource, getrlimit};
    let limit = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    usize::try_from(limit).unwrap_or(usize::MAX)
}

/// No limit but memory.
#[cfg(not(unix))]
pub(super) fn soft_limit() -> usize {
    usize::MAX
}
