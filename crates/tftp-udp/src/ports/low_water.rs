//! Decides how many idle sockets are kept; has no sockets itself.

use std::time::Duration;

use tftp_proto::Instant;

/// The time that idle sockets have to be unused before they are closed.
const UNUSED: Duration = Duration::from_secs(2);

/// Finds out how many idle sockets were not needed for a while. These are closed, so that a busy
/// server keeps the sockets that it uses and an idle one keeps none.
#[derive(Debug, Default)]
pub(super) struct LowWater {
    /// The time of the next check; set while there are idle sockets.
    due: Option<Instant>,
    /// The lowest number of idle sockets since the last check.
    low: usize,
}

impl LowWater {
    /// Returns the time at which [`LowWater::surplus`] is to be called.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Called when a socket became idle.
    pub(super) fn added(&mut self, now: Instant) {
        if self.due.is_none() {
            *self = LowWater {
                due: Some(now + UNUSED),
                low: 0,
            };
        }
    }

    /// Called when an idle socket was taken; `left` is the number of those left.
    pub(super) fn taken(&mut self, left: usize) {
        self.low = self.low.min(left);
    }

    /// Returns how many of the idle sockets are to be closed now.
    pub(super) fn surplus(&mut self, idle: usize, now: Instant) -> usize {
        if self.due.is_none_or(|due| now < due) {
            return 0;
        }
        let surplus = self.low.min(idle);
        let left = idle - surplus;
        *self = LowWater {
            due: (left > 0).then_some(now + UNUSED),
            low: left,
        };
        surplus
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idle_sockets_that_are_not_used_are_closed() {
        let at = |seconds: u64| Instant::from_micros(seconds * 1_000_000);
        let mut water = LowWater::default();
        assert_eq!((water.due(), water.surplus(0, at(0))), (None, 0));
        (0..10).for_each(|_| water.added(at(0)));
        assert_eq!(water.due(), Some(at(2)));
        assert_eq!(water.surplus(10, at(1)), 0);
        assert_eq!(water.surplus(10, at(2)), 0, "they came in this span");
        // Of ten sockets, four were in use at the same time.
        water.taken(6);
        water.added(at(3));
        assert_eq!(water.surplus(10, at(4)), 6);
        assert_eq!(water.surplus(4, at(6)), 4, "at rest nothing is kept");
        assert_eq!(water.due(), None);
        water.added(at(60));
        assert_eq!(water.due(), Some(at(62)));
    }
}
