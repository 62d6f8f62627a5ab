//! The rate limit of answers to packets that belong to no transfer.

use core::time::Duration;

use tftp_proto::Instant;

/// The number of stray packets that are answered in each [`SPAN`]: a few are mistakes of clients,
/// thousands are a flood.
const STRAYS: u32 = 100;
const SPAN: Duration = Duration::from_millis(100);

/// A fixed-window rate limiter: at most [`STRAYS`] in each [`SPAN`].
#[derive(Debug, Default)]
pub(crate) struct RateLimiter {
    since: Instant,
    used: u32,
}

impl RateLimiter {
    pub(crate) fn allow(&mut self, now: Instant) -> bool {
        if now.saturating_sub(self.since) >= SPAN {
            *self = RateLimiter { since: now, used: 0 };
        }
        self.used = self.used.saturating_add(1);
        self.used <= STRAYS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_in_a_tenth_of_a_second() {
        let mut allowance = RateLimiter::default();
        let at = |millis: u64| Instant::from_micros(millis * 1000);
        let allowed = |allowance: &mut RateLimiter, millis| {
            (0..150).filter(|_| allowance.allow(at(millis))).count()
        };
        assert_eq!(allowed(&mut allowance, 0), 100);
        assert_eq!(allowed(&mut allowance, 99), 0);
        assert_eq!(allowed(&mut allowance, 100), 100);
    }
}
