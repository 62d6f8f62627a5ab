//! Figures of one transfer, which any thread may read while it runs.

use std::sync::atomic::{AtomicU16, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tftp_proto::Instant;
use tftp_proto::negotiate::NegotiatedOptions;

/// The value of a figure that is not known, or not yet.
const UNKNOWN: u64 = u64::MAX;

/// The figures, written by the transfer's thread and read by any thread. One cache line and plain
/// stores: each figure is right, but two of them need not be of the same moment.
#[derive(Debug)]
#[repr(align(64))]
pub struct Progress {
    began: Instant,
    bytes: AtomicU64,
    total: AtomicU64,
    repeated: AtomicU64,
    /// Microseconds from the request to the end.
    took: AtomicU64,
    blksize: AtomicU16,
    windowsize: AtomicU16,
}

impl Progress {
    /// Makes the figures of a request that came at `began`.
    pub fn new(began: Instant) -> Progress {
        Progress {
            began,
            bytes: AtomicU64::new(0),
            total: AtomicU64::new(UNKNOWN),
            repeated: AtomicU64::new(0),
            took: AtomicU64::new(UNKNOWN),
            blksize: AtomicU16::new(0),
            windowsize: AtomicU16::new(0),
        }
    }

    /// Returns the number of bytes on the wire that the client has acknowledged (download) or the
    /// server has taken (upload).
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Relaxed)
    }

    /// Returns the length of the whole stream in bytes, if known.
    pub fn total(&self) -> Option<u64> {
        Some(self.total.load(Relaxed)).filter(|&total| total != UNKNOWN)
    }

    /// Returns the number of retransmitted packets.
    pub fn repeated(&self) -> u64 {
        self.repeated.load(Relaxed)
    }

    /// Returns the block size in bytes; 0 before the negotiation.
    pub fn blksize(&self) -> u16 {
        self.blksize.load(Relaxed)
    }

    /// Returns the window size in blocks; 0 before the negotiation.
    pub fn windowsize(&self) -> u16 {
        self.windowsize.load(Relaxed)
    }

    /// Returns the time from the request until now, or until the end.
    pub fn elapsed(&self) -> Duration {
        match self.took.load(Relaxed) {
            UNKNOWN => tftp_udp::now().saturating_sub(self.began),
            took => Duration::from_micros(took),
        }
    }

    pub(super) fn negotiated(&self, negotiated: &NegotiatedOptions, total: Option<u64>) {
        self.blksize.store(negotiated.blksize, Relaxed);
        self.windowsize.store(negotiated.windowsize, Relaxed);
        self.total.store(total.unwrap_or(UNKNOWN), Relaxed);
    }

    pub(super) fn set_bytes(&self, bytes: u64) {
        self.bytes.store(bytes, Relaxed);
    }

    pub(super) fn set_repeated(&self, packets: u64) {
        self.repeated.store(packets, Relaxed);
    }

    pub(super) fn ended(&self, now: Instant) {
        let took = now.saturating_sub(self.began).as_micros();
        self.took
            .store(u64::try_from(took).unwrap_or(UNKNOWN - 1), Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_cache_line() {
        assert_eq!((size_of::<Progress>(), align_of::<Progress>()), (64, 64));
    }

    #[test]
    fn the_time_stands_still_at_the_end() {
        let began = tftp_udp::now();
        let progress = Progress::new(began);
        std::thread::sleep(Duration::from_millis(2));
        assert!(progress.elapsed() >= Duration::from_millis(2));
        progress.ended(began + Duration::from_millis(7));
        assert_eq!(progress.elapsed(), Duration::from_millis(7));
    }
}
