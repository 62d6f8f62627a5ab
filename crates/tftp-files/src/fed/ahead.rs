//! The memory for reading sources ahead of their downloads, beyond the windows that each download
//! always has.
//!
//! A source is read in larger pieces, with fewer wake-ups of its thread, if few others share the
//! budget. The grant of a source grows with the bytes that its downloads have acknowledged, so a
//! thousand that begin at once get nothing.

use std::sync::Arc;

use tftp_sync::atomic::{AtomicU64, Ordering::Relaxed};

/// The budget of all sources of a server in bytes.
const TOTAL: u64 = 16 << 20;

/// The bounds of the grant of one source in bytes: beyond the most a source does not become
/// cheaper, below the least it is not worth the memory.
pub(super) const MOST: u64 = 512 << 10;
const LEAST: u64 = 64 << 10;

/// The budget of one server.
#[derive(Debug)]
pub(super) struct Budget {
    total: u64,
    granted: AtomicU64,
    /// The number of shares.
    sources: AtomicU64,
}

/// The part of the budget that one pass over a source has.
#[derive(Debug)]
pub(super) struct Share {
    budget: Arc<Budget>,
    granted: u64,
}

impl Budget {
    /// Creates the budget of a server that reads ahead.
    pub(super) fn new() -> Arc<Budget> {
        Budget::of(TOTAL)
    }

    /// Creates a budget from which nothing is granted.
    pub(super) fn none() -> Arc<Budget> {
        Budget::of(0)
    }

    fn of(total: u64) -> Arc<Budget> {
        Arc::new(Budget {
            total,
            granted: AtomicU64::new(0),
            sources: AtomicU64::new(0),
        })
    }

    /// Returns the part for each source.
    fn part(&self) -> u64 {
        let part = (self.total / self.sources.load(Relaxed).max(1)).min(MOST);
        if part < LEAST { 0 } else { part }
    }

    /// Takes up to `wanted` bytes out of the budget, and returns how many.
    fn take(&self, wanted: u64) -> u64 {
        let mut taken = 0;
        let take = |granted: u64| {
            taken = wanted.min(self.total.saturating_sub(granted));
            Some(granted + taken)
        };
        // Cannot fail, because `take` always returns a value.
        let _ = self.granted.fetch_update(Relaxed, Relaxed, take);
        taken
    }
}

impl Share {
    pub(super) fn new(budget: &Arc<Budget>) -> Share {
        budget.sources.fetch_add(1, Relaxed);
        Share {
            budget: Arc::clone(budget),
            granted: 0,
        }
    }

    /// Sets the grant and returns it: at most `useful` bytes and a fair part of the budget, but at
    /// least `used`, which are in use of the present one.
    pub(super) fn adjust(&mut self, useful: u64, used: u64) -> u64 {
        if self.budget.total == 0 {
            return 0;
        }
        let target = useful.min(self.budget.part()).max(used.min(self.granted));
        if target > self.granted {
            self.granted += self.budget.take(target - self.granted);
        } else {
            self.budget.granted.fetch_sub(self.granted - target, Relaxed);
            self.granted = target;
        }
        self.granted
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.budget.granted.fetch_sub(self.granted, Relaxed);
        self.budget.sources.fetch_sub(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_sources_get_much_and_many_get_nothing() {
        let budget = Budget::new();
        let mut shares: Vec<Share> = (0..1000).map(|_| Share::new(&budget)).collect();
        assert!(shares.iter_mut().all(|share| share.adjust(u64::MAX, 0) == 0));
        shares.truncate(4);
        assert!(shares.iter_mut().all(|share| share.adjust(u64::MAX, 0) == MOST));
        assert_eq!(shares[0].adjust(100_000, 0), 100_000);
        shares.clear();
        assert_eq!(budget.granted.load(Relaxed), 0);
        assert_eq!(Budget::none().part(), 0);
    }

    /// Sources that stand still keep what they hold, and the others get no more than the rest.
    #[test]
    fn grants_never_exceed_the_budget() {
        let budget = Budget::new();
        let mut shares = Vec::new();
        for _ in 0..1000 {
            let mut share = Share::new(&budget);
            share.adjust(MOST, 0);
            shares.push(share);
            assert!(budget.granted.load(Relaxed) <= TOTAL);
        }
        // Their parts are smaller now, but what is in use remains granted until it is consumed.
        assert_eq!(shares[0].adjust(MOST, 300_000), 300_000);
        assert_eq!(shares[0].adjust(MOST, 0), 0);
        assert_eq!(shares[0].adjust(MOST, 300_000), 0);
    }
}
