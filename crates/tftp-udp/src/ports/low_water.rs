//! How many idle sockets are kept: decided without sockets.

use std::time::Duration;

use tftp_proto::Instant;

/// How long idle sockets have to go unused before they are closed.
const UNUSED: Duration = Duration::from_secs(2);

/// When idle sockets are closed: as many as were not needed for a while, so that a busy server keeps what it uses and one
/// at rest holds none.
#[derive(Debug, Default)]
pub(super) struct LowWater {
    /// When to look; set while there are idle sockets.
    due: Option<Instant>,
    /// The fewest idle sockets since the last look.
    low: usize,
}

impl LowWater {
    /// When [`LowWater::surplus`] is to be called.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// A socket became idle.
    pub(super) fn added(&mut self, now: Instant) {
        if self.due.is_none() {
            *self = LowWater {
                due: Some(now + UNUSED),
                low: 0,
            };
        }
    }

    /// A socket was taken, and so many idle ones are left.
    pub(super) fn taken(&mut self, left: usize) {
        self.low = self.low.min(left);
    }

    /// How many of the idle sockets are to be closed now.
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
        // Of ten, four were in use at once.
        water.taken(6);
        water.added(at(3));
        assert_eq!(water.surplus(10, at(4)), 6);
        assert_eq!(water.surplus(4, at(6)), 4, "at rest nothing is kept");
        assert_eq!(water.due(), None);
        water.added(at(60));
        assert_eq!(water.due(), Some(at(62)));
    }
}
