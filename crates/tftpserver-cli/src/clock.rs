//! The time, read in one place.
#![expect(
    clippy::disallowed_methods,
    reason = "the library's rule is about its packet path; this is where the command reads the clock"
)]

use std::time::{Instant, SystemTime};

/// For how long something took.
pub fn now() -> Instant {
    Instant::now()
}

/// The time of day, as in `2026-01-31T08:15:00.125Z`.
pub fn date() -> String {
    humantime::format_rfc3339_millis(SystemTime::now()).to_string()
}
