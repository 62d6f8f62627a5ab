//! The time of day. It is compared with the timestamps of files, and used for nothing else in this
//! crate.

use std::time::{Duration, SystemTime};

/// Returns the time of day as the time since 1970. File systems take their timestamps from the same
/// clock.
#[expect(
    clippy::disallowed_methods,
    reason = "compared with the time at which a file was changed"
)]
pub(crate) fn time_of_day() -> Duration {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
}
