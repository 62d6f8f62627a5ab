//! The time of day: what the timestamps of files are compared with, and nothing else here is.

use std::time::{Duration, SystemTime};

/// The time of day, since 1970: the clock that file systems take their timestamps from.
#[expect(
    clippy::disallowed_methods,
    reason = "compared with the time at which a file was changed"
)]
pub(crate) fn time_of_day() -> Duration {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
}
