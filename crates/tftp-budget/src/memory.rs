//! What transfers need for themselves alone has a budget: windows of translated text and of uploads, and uploads that
//! wait for the disk. Chunks of files are shared, and data of the application is the application's: neither counts.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use tftp_proto::{Agreed, Limits, negotiate};

/// The budget in bytes.
const BUDGET: usize = 64 << 20;
/// What one transfer may take of what is left. So the first ones get any window that is granted at all, and the last
/// ones something.
const SHARE: usize = 8;

/// What is taken of the budget.
#[derive(Debug, Default)]
pub struct Memory {
    taken: AtomicUsize,
}

/// Bytes of the budget, as long as it lives.
#[derive(Debug)]
pub struct Taken {
    memory: Arc<Memory>,
    bytes: usize,
}

impl Memory {
    /// The largest window in bytes that a transfer should get now.
    pub fn most(&self) -> usize {
        BUDGET.saturating_sub(self.taken.load(Relaxed)) / SHARE
    }

    /// Negotiates a window within the budget, and takes it.
    pub fn grant(self: &Arc<Self>, limits: &Limits, agree: impl Fn(&Limits) -> Agreed) -> (Agreed, Taken) {
        let agreed = negotiate::within(limits, self.most(), agree);
        let taken = self.take(usize::from(agreed.blksize) * usize::from(agreed.windowsize));
        (agreed, taken)
    }

    /// Takes bytes in any case; what is granted was asked for by [`Memory::most`].
    pub fn take(self: &Arc<Self>, bytes: usize) -> Taken {
        self.taken.fetch_add(bytes, Relaxed);
        Taken {
            memory: Arc::clone(self),
            bytes,
        }
    }

    /// True where nothing is left: what waits for the disk has to be written first.
    pub fn is_exhausted(&self) -> bool {
        self.taken.load(Relaxed) >= BUDGET
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.memory.taken.fetch_sub(self.bytes, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use tftp_proto::negotiate::{LEAST_BLOCK, fit};

    use super::*;

    #[test]
    fn what_is_granted_is_negotiated_anew_and_taken() {
        use tftp_proto::Rollover;
        use tftp_proto::wire::Asked;
        let memory = Arc::new(Memory::default());
        let limits = Limits {
            max_blksize: 65464,
            max_windowsize: 64,
            max_large_window: 64,
            rollover: Rollover::Zero,
        };
        let asked = Asked {
            blksize: Some(8192),
            windowsize: Some(32),
            ..Asked::default()
        };
        let grant = || memory.grant(&limits, |limits| negotiate::read(&asked, limits, None));
        let (agreed, taken) = grant();
        assert_eq!(
            (agreed.blksize, agreed.windowsize, taken.bytes),
            (8192, 32, 262_144)
        );
        let most = memory.take(BUDGET - taken.bytes - 8 * 20_000);
        let (agreed, taken) = grant();
        assert_eq!(
            (agreed.blksize, agreed.windowsize, taken.bytes),
            (8192, 2, 16_384)
        );
        drop((most, taken));
        assert_eq!(grant().0.windowsize, 32);
    }

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
