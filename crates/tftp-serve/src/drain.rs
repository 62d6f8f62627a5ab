//! When the shards of one engine may let go of a port that they share.
//!
//! With SinglePort transfers go on over the listening port after StopListening. The kernel spreads the clients over
//! the sockets of a port by their number: the first one that closed would move other shards' clients. So each shard
//! keeps its socket until the last transfer of all has ended.

use tftp_sync::atomic::{AtomicUsize, Ordering::AcqRel, Ordering::Acquire, Ordering::Release};

#[derive(Debug, Default)]
pub(super) struct Drain {
    busy: AtomicUsize,
}

impl Drain {
    /// So many shards are about to take no new requests.
    pub(super) fn begin(&self, shards: usize) {
        self.busy.store(shards, Release);
    }

    /// One more shard has no transfers left; each says so once.
    pub(super) fn shard_is_done(&self) {
        let _ = self
            .busy
            .fetch_update(AcqRel, Acquire, |busy| busy.checked_sub(1));
    }

    pub(super) fn is_done(&self) -> bool {
        self.busy.load(Acquire) == 0
    }

    /// Keeps it from ever being done; false if it is already.
    pub(super) fn hold(&self) -> bool {
        let more = |busy| (busy != 0).then_some(busy + 1);
        self.busy.fetch_update(AcqRel, Acquire, more).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn done_with_the_last_shard_and_not_while_held() {
        let drain = Drain::default();
        assert!(!drain.hold());
        drain.begin(2);
        drain.shard_is_done();
        assert!(!drain.is_done() && drain.hold());
        drain.shard_is_done();
        assert!(!drain.is_done());
        drain.begin(1);
        drain.shard_is_done();
        assert!(drain.is_done() && !drain.hold());
    }
}
