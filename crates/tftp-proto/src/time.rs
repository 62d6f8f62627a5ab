//! Points in time, given by the caller: nothing here reads a clock.

use core::ops::{Add, AddAssign};
use core::time::Duration;

/// A point in time: microseconds since an arbitrary origin that the caller chose.
///
/// Arithmetic saturates, so a deadline far away is "never" and not a wrapped, past one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(u64);

impl Instant {
    /// Later than any other point: a deadline that is not set.
    pub(crate) const NEVER: Instant = Instant(u64::MAX);

    /// The point `micros` microseconds after the origin.
    pub const fn from_micros(micros: u64) -> Instant {
        Instant(micros)
    }

    /// Microseconds since the origin.
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// The span since `earlier`, zero when `earlier` is later.
    pub const fn saturating_sub(self, earlier: Instant) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Instant {
    type Output = Instant;

    fn add(self, span: Duration) -> Instant {
        Instant(self.0.saturating_add(micros(span)))
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, span: Duration) {
        *self = *self + span;
    }
}

/// Whole microseconds of a span, saturating.
pub(crate) fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}
