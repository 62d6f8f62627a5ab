//! The budget of memory that transfers do not share: windows of translated text and of uploads, and
//! uploads that wait for the disk. Chunks of files are shared, and the application owns its data:
//! neither counts. Chunks have a limit of their own, [`Memory::held`].

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// The budget in bytes.
const BUDGET: usize = 64 << 20;
/// One transfer may take this fraction (an eighth) of what is left: the first ones get any window
/// that is allowed at all, and the last ones still get something.
const SHARE: usize = 8;

/// The bytes of chunks of one I/O thread above which downloads of silent clients give theirs up.
const HELD: usize = 32 << 20;

/// The bytes taken of the budget.
#[derive(Debug)]
pub struct Memory {
    taken: AtomicUsize,
    held: usize,
}

impl Default for Memory {
    fn default() -> Memory {
        Memory::with_held(HELD)
    }
}

/// Bytes of the budget, given back on drop.
#[derive(Debug)]
pub struct Taken {
    memory: Arc<Memory>,
    bytes: usize,
}

impl Memory {
    /// A budget with another limit on chunks, for tests.
    pub fn with_held(held: usize) -> Memory {
        Memory {
            taken: AtomicUsize::new(0),
            held,
        }
    }

    /// The bytes of chunks of one I/O thread above which downloads of silent clients give theirs up.
    pub fn held(&self) -> usize {
        self.held
    }

    /// The largest window in bytes that a transfer should get now.
    pub fn most(&self) -> usize {
        BUDGET.saturating_sub(self.taken()) / SHARE
    }

    /// Takes bytes, whatever is left: the caller has limited them by [`Memory::most`].
    pub fn take(self: &Arc<Self>, bytes: usize) -> Taken {
        self.add(bytes);
        Taken {
            memory: Arc::clone(self),
            bytes,
        }
    }

    /// Takes bytes that nothing gives back by itself: see [`Memory::give`].
    pub fn add(&self, bytes: usize) {
        self.taken.fetch_add(bytes, Relaxed);
    }

    /// Gives bytes back that were taken by [`Memory::add`].
    pub fn give(&self, bytes: usize) {
        self.taken.fetch_sub(bytes, Relaxed);
    }

    /// The bytes taken.
    pub fn taken(&self) -> usize {
        self.taken.load(Relaxed)
    }

    /// Returns true when nothing is left: data that waits for the disk has to be written first.
    pub fn is_exhausted(&self) -> bool {
        self.taken() >= BUDGET
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.memory.give(self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use tftp_proto::negotiate::{LEAST_BLOCK, fit};

    use super::*;

    #[test]
    fn all_windows_together_stay_within_the_budget() {
        let memory = Arc::new(Memory::default());
        let mut held = Vec::new();
        for count in 0..10_000 {
            let (blksize, windowsize) = fit(65464, 64, memory.most());
            assert!(count > 0 || windowsize == 64);
            held.push(memory.take(usize::from(blksize) * usize::from(windowsize)));
        }
        let least = 10_000 * usize::from(LEAST_BLOCK);
        assert!(memory.taken.load(Relaxed) <= BUDGET + least);
        held.clear();
        assert_eq!((memory.most(), memory.is_exhausted()), (BUDGET / SHARE, false));
    }
}
