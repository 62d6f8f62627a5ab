//! Descriptors of the process.

/// The soft limit of descriptors.
#[cfg(unix)]
pub(super) fn soft_limit() -> usize {
    let limit = crate::engine::platform::limits::open_files();
    usize::try_from(limit).unwrap_or(usize::MAX)
}

/// No limit but memory.
#[cfg(not(unix))]
pub(super) fn soft_limit() -> usize {
    usize::MAX
}
