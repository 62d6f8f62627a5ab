//! The budget of descriptors of all servers of the process. A ticket counts the descriptors that it
//! is kept with.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

/// The servers' share of the descriptors that were free when the first of them started. The rest is
/// for the application, and for descriptors that are open for a moment (directories on the way to a
/// file).
const SHARE: (usize, usize) = (3, 4);
/// The share of the soft limit that half-open transfers may hold.
const HALF_OPEN_SHARE: usize = 8;

/// A budget of descriptors. A program may change the limit while it runs, so that it is read again
/// for each batch of requests ([`read_limit`]), but not for each question: that would be ten system
/// calls a transfer.
#[derive(Debug)]
pub struct Budget {
    /// The limit when it was last read; 0: not yet.
    known: AtomicUsize,
    /// Descriptors that were open when the first server started.
    others: AtomicUsize,
    held: AtomicUsize,
    half_open: AtomicUsize,
    limit: fn() -> usize,
}

/// The budget of the process. Statics of std: the models of threads (crates/tftp-sync) have no
/// descriptors.
static BUDGET: Budget = Budget::new(soft_limit);
static SERVERS: AtomicUsize = AtomicUsize::new(0);

/// Counts open descriptors until it is dropped.
#[derive(Debug)]
pub struct Ticket {
    budget: &'static Budget,
    count: usize,
    is_half_open: AtomicBool,
}

/// A running server. When the first one starts, the descriptors that others hold are counted.
#[derive(Debug)]
pub struct Running(());

impl Budget {
    const fn new(limit: fn() -> usize) -> Budget {
        Budget {
            known: AtomicUsize::new(0),
            others: AtomicUsize::new(0),
            held: AtomicUsize::new(0),
            half_open: AtomicUsize::new(0),
            limit,
        }
    }

    fn read_limit(&self) -> usize {
        let limit = (self.limit)();
        self.known.store(limit, Relaxed);
        limit
    }

    fn limit(&self) -> usize {
        match self.known.load(Relaxed) {
            0 => self.read_limit(),
            known => known,
        }
    }

    fn most(&self) -> usize {
        let free = self.limit().saturating_sub(self.others.load(Relaxed));
        // Divided first: the limit may be the largest number.
        free / SHARE.1 * SHARE.0 + free % SHARE.1 * SHARE.0 / SHARE.1
    }

    fn take(&'static self, count: usize, is_half_open: bool) -> Option<Ticket> {
        let most = self.most();
        let more = |held: usize| held.checked_add(count).filter(|sum| *sum <= most);
        self.held.fetch_update(Relaxed, Relaxed, more).ok()?;
        Some(self.ticket(count, is_half_open))
    }

    fn ticket(&'static self, count: usize, is_half_open: bool) -> Ticket {
        if is_half_open {
            self.half_open.fetch_add(count, Relaxed);
        }
        Ticket {
            budget: self,
            count,
            is_half_open: AtomicBool::new(is_half_open),
        }
    }

    fn half_open_share_is_full(&self) -> bool {
        self.half_open.load(Relaxed) >= self.limit() / HALF_OPEN_SHARE
    }

    fn has_fewer_than(&self, count: usize) -> bool {
        self.held.load(Relaxed).saturating_add(count) > self.most()
    }
}

impl Ticket {
    /// Counts `count` descriptors that are about to be opened; `None` where that exceeds the
    /// budget.
    pub fn take(count: usize, is_half_open: bool) -> Option<Ticket> {
        BUDGET.take(count, is_half_open)
    }

    /// Counts descriptors that are open in any case: listening sockets.
    pub fn without_limit(count: usize) -> Ticket {
        BUDGET.held.fetch_add(count, Relaxed);
        BUDGET.ticket(count, false)
    }

    /// Counts the ticket as half-open: its client has acknowledged nothing yet.
    pub fn unsettle(&self) {
        if !self.is_half_open.swap(true, Relaxed) {
            self.budget.half_open.fetch_add(self.count, Relaxed);
        }
    }

    /// Counts the ticket as settled: its client has acknowledged something.
    pub fn settle(&self) {
        if self.is_half_open.swap(false, Relaxed) {
            self.budget.half_open.fetch_sub(self.count, Relaxed);
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.settle();
        self.budget.held.fetch_sub(self.count, Relaxed);
    }
}

/// Reads the process's soft limit of descriptors, and returns it. Until the next call, everything
/// here uses this value.
pub fn read_limit() -> usize {
    BUDGET.read_limit()
}

/// Returns the soft limit of descriptors when it was last read.
pub fn limit() -> usize {
    BUDGET.limit()
}

/// Returns true when half-open transfers hold their whole share: further ones close files that they
/// can open again, and share sockets.
pub fn half_open_share_is_full() -> bool {
    BUDGET.half_open_share_is_full()
}

/// Returns true when fewer than `count` descriptors are left in the budget.
pub fn has_fewer_than(count: usize) -> bool {
    BUDGET.has_fewer_than(count)
}

/// The error of an exhausted budget, in the form of the system's own (EMFILE).
pub fn exhausted() -> std::io::Error {
    #[cfg(unix)]
    return rustix::io::Errno::MFILE.into();
    #[cfg(not(unix))]
    return std::io::ErrorKind::QuotaExceeded.into();
}

impl Running {
    /// Counts one more server until the value is dropped.
    pub fn start() -> Running {
        read_limit();
        // Without a lock: a process that is forked meanwhile would have it locked for ever.
        if SERVERS.fetch_add(1, Relaxed) == 0 {
            let held = BUDGET.held.load(Relaxed);
            BUDGET
                .others
                .store(open_descriptors().saturating_sub(held), Relaxed);
        }
        Running(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        SERVERS.fetch_sub(1, Relaxed);
    }
}

/// The soft limit of descriptors, read now.
#[cfg(unix)]
fn soft_limit() -> usize {
    usize::try_from(super::limits::open_files()).unwrap_or(usize::MAX)
}

/// No limit but memory.
#[cfg(not(unix))]
fn soft_limit() -> usize {
    usize::MAX
}

/// The number of open descriptors; 0 if the system does not report it.
fn open_descriptors() -> usize {
    let directory = if cfg!(target_os = "linux") {
        "/proc/self/fd"
    } else {
        "/dev/fd"
    };
    // Without the one that reads the directory.
    std::fs::read_dir(directory).map_or(0, |entries| entries.count().saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget(others: usize) -> &'static Budget {
        let budget = Box::leak(Box::new(Budget::new(|| 1024)));
        budget.others.store(others, Relaxed);
        budget
    }

    #[test]
    fn three_quarters_of_the_free_descriptors_and_no_more() {
        let budget = budget(24);
        let held = budget.take(750, false).expect("750 of 1000");
        assert!(budget.take(1, false).is_none());
        drop(held);
        assert!(budget.take(751, false).is_none());
        assert!(budget.take(usize::MAX, false).is_none());
        assert_eq!(budget.take(750, false).map(|ticket| ticket.count), Some(750));
    }

    #[test]
    fn half_open_tickets_count_until_settled_or_closed() {
        let budget = budget(0);
        let tickets: Vec<Ticket> = (0..64).map_while(|_| budget.take(2, true)).collect();
        assert_eq!(tickets.len(), 64);
        assert!(budget.half_open_share_is_full(), "128 of 128");
        tickets[0].settle();
        tickets[0].settle();
        assert!(!budget.half_open_share_is_full());
        tickets[0].unsettle();
        tickets[0].unsettle();
        assert_eq!(budget.half_open.load(Relaxed), 128);
        assert_eq!(
            (budget.has_fewer_than(640), budget.has_fewer_than(641)),
            (false, true)
        );
        drop(tickets);
        assert_eq!(
            (budget.half_open.load(Relaxed), budget.held.load(Relaxed)),
            (0, 0)
        );
    }

    /// A program raises its limit, or lowers it.
    #[test]
    fn another_limit_counts_once_it_is_read() {
        static LIMIT: AtomicUsize = AtomicUsize::new(1000);
        let budget: &'static Budget = Box::leak(Box::new(Budget::new(|| LIMIT.load(Relaxed))));
        let held = budget.take(700, false).expect("700 of 750");
        LIMIT.store(100, Relaxed);
        assert!(!budget.has_fewer_than(1));
        budget.read_limit();
        assert!(budget.has_fewer_than(1) && budget.take(1, false).is_none());
        drop(held);
        assert_eq!((budget.most(), budget.limit()), (75, 100));
    }

    #[test]
    fn a_system_without_a_limit_has_a_budget() {
        let budget: &'static Budget = Box::leak(Box::new(Budget::new(|| usize::MAX)));
        assert!(budget.most() > usize::MAX / 2);
        assert!(budget.take(1, true).is_some());
        assert!(!budget.half_open_share_is_full());
    }
}
