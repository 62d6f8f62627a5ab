//! Descriptors of the world's process.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};

use tftp_machine::Descriptors;

/// The number of descriptors of the process, and of those in use.
#[derive(Debug)]
pub struct Budget {
    limit: u32,
    used: AtomicU32,
    half_open: AtomicU32,
}

/// Holds one descriptor until it is dropped.
#[derive(Debug)]
pub struct Ticket {
    budget: Arc<Budget>,
    is_half_open: AtomicBool,
}

impl Budget {
    pub fn new(limit: u32) -> Arc<Budget> {
        Arc::new(Budget {
            limit,
            used: AtomicU32::new(0),
            half_open: AtomicU32::new(0),
        })
    }

    /// Returns the number of descriptors for ports, files and temporary files together.
    fn share(&self) -> u32 {
        self.limit / 4 * 3
    }

    pub fn used(&self) -> u32 {
        self.used.load(Relaxed)
    }

    /// Takes a descriptor; `None` if none is left.
    pub fn take(self: &Arc<Budget>, is_half_open: bool) -> Option<Ticket> {
        (self.used() < self.share()).then(|| self.take_in_any_case(is_half_open))
    }

    pub fn take_in_any_case(self: &Arc<Budget>, is_half_open: bool) -> Ticket {
        self.used.fetch_add(1, Relaxed);
        self.half_open.fetch_add(u32::from(is_half_open), Relaxed);
        Ticket {
            budget: Arc::clone(self),
            is_half_open: AtomicBool::new(is_half_open),
        }
    }

    /// Returns the number of descriptors that are left.
    pub fn left(&self) -> Descriptors {
        if self.used() + self.share() / 16 >= self.share() {
            Descriptors::Tight
        } else if self.half_open.load(Relaxed) >= self.share() / 8 {
            Descriptors::Crowded
        } else {
            Descriptors::Plenty
        }
    }
}

impl Ticket {
    /// Counts the descriptor as settled: its client has acknowledged something.
    pub fn settle(&self) {
        if self.is_half_open.swap(false, Relaxed) {
            self.budget.half_open.fetch_sub(1, Relaxed);
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.settle();
        self.budget.used.fetch_sub(1, Relaxed);
    }
}
