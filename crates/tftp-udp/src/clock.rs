//! The real clock, read once per turn of the loop and passed down.

use tftp_proto::Instant;

/// Returns the time of the system's monotonic clock, in microseconds since an origin that does not
/// change.
#[cfg(linux)]
#[inline]
pub fn now() -> Instant {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // Half the instructions of std's clock, which computes a difference and a `Duration`.
    // SAFETY: the time is writable. The call cannot fail: Linux always has this clock.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut time) };
    let (seconds, micros) = (time.tv_sec as u64, time.tv_nsec as u64 / 1000);
    Instant::from_micros(seconds.wrapping_mul(1_000_000).wrapping_add(micros))
}

/// Returns the time since the first call in this process, in microseconds.
#[cfg(not(linux))]
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that reads the clock"
)]
pub fn now() -> Instant {
    use std::sync::OnceLock;
    static ORIGIN: OnceLock<std::time::Instant> = OnceLock::new();
    let origin = ORIGIN.get_or_init(std::time::Instant::now);
    let elapsed = origin.elapsed();
    let micros = u64::from(elapsed.subsec_micros());
    Instant::from_micros(elapsed.as_secs().saturating_mul(1_000_000).saturating_add(micros))
}
