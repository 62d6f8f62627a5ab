//! When the threads of one engine may let go of a port that they share.
//!
//! With SinglePort transfers go on over the listening port after StopListening. The kernel spreads the clients over
//! the sockets of a port by their number: the first one that closed would move other threads' clients. So each thread
//! keeps its socket until the last transfer of all has ended.

use tftp_sync::Mutex;
use tftp_sync::atomic::{AtomicUsize, Ordering::AcqRel, Ordering::Acquire, Ordering::Release};

type Call = Box<dyn Fn() + Send + Sync>;

/// The threads of one engine, as far as they share a port.
#[derive(Default)]
pub struct Drain {
    busy: AtomicUsize,
    /// Calls every thread, so that it looks at [`Drain::is_done`].
    calls: Mutex<Vec<Call>>,
}

impl Drain {
    /// One more thread: `call` wakes it.
    pub(super) fn join(&self, call: Call) {
        self.calls.lock().push(call);
    }

    /// So many threads are about to take no new requests.
    pub fn begin(&self, threads: usize) {
        self.busy.store(threads, Release);
    }

    /// One more thread has no transfers left; each says so once. The last one calls them all.
    pub(super) fn thread_is_done(&self) {
        let before = self
            .busy
            .fetch_update(AcqRel, Acquire, |busy| busy.checked_sub(1));
        if before == Ok(1) {
            self.calls.lock().iter().for_each(|call| call());
        }
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
    use std::sync::Arc;

    use super::*;

    #[test]
    fn done_with_the_last_thread_and_not_while_held() {
        let (drain, called) = (Drain::default(), Arc::new(AtomicUsize::new(0)));
        let count = Arc::clone(&called);
        drain.join(Box::new(move || {
            count.fetch_add(1, AcqRel);
        }));
        assert!(!drain.hold());
        drain.begin(2);
        drain.thread_is_done();
        assert!(!drain.is_done() && drain.hold());
        drain.thread_is_done();
        assert!(!drain.is_done());
        assert_eq!(called.load(Acquire), 0);
        drain.thread_is_done();
        assert!(drain.is_done() && !drain.hold());
        assert_eq!(called.load(Acquire), 1, "all look when the last is done");
        drain.thread_is_done();
        assert_eq!(called.load(Acquire), 1);
    }
}
