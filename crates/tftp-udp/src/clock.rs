//! The real clock, read once per turn of the loop and passed down.

use std::sync::OnceLock;

use tftp_proto::Instant;

/// Returns the time since the first call in this process, in microseconds.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that reads the clock"
)]
pub fn now() -> Instant {
    static ORIGIN: OnceLock<std::time::Instant> = OnceLock::new();
    let origin = ORIGIN.get_or_init(std::time::Instant::now);
    let elapsed = origin.elapsed();
    let micros = u64::from(elapsed.subsec_micros());
    Instant::from_micros(elapsed.as_secs().saturating_mul(1_000_000).saturating_add(micros))
}
