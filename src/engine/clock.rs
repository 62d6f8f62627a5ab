//! The clocks: the one that runs, read once a loop turn and handed down, and the time of day.

use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use tftp_proto::Instant;

/// Microseconds since the first call in this process.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that reads the clock"
)]
pub fn now() -> Instant {
    static ORIGIN: OnceLock<std::time::Instant> = OnceLock::new();
    let origin = ORIGIN.get_or_init(std::time::Instant::now);
    let elapsed = origin.elapsed();
    Instant::from_micros(u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX))
}

/// The time of day, since 1970: the clock that file systems take their timestamps from, and nothing else here does.
#[expect(
    clippy::disallowed_methods,
    reason = "compared with the time at which a file was changed"
)]
pub fn time_of_day() -> Duration {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
}
