//! Decides when the threads of one engine may close a port that they share.
//!
//! With SinglePort, transfers continue on the listening port after StopListening. The kernel
//! distributes the clients over the sockets of a port by the number of sockets: the first one that
//! closed would move other threads' clients. So each thread keeps its socket until the last
//! transfer of all threads has ended.

use tftp_sync::Mutex;
use tftp_sync::atomic::{AtomicUsize, Ordering::AcqRel, Ordering::Acquire, Ordering::Release};

type Call = Box<dyn Fn() + Send + Sync>;

/// Counts the threads of one engine that still need their shared port.
#[derive(Default)]
pub struct Drain {
    busy: AtomicUsize,
    /// Wakes every thread, so that it checks [`Drain::is_done`].
    calls: Mutex<Vec<Call>>,
}

impl Drain {
    /// Adds a thread, which `call` wakes.
    pub(super) fn join(&self, call: Call) {
        self.calls.lock().push(call);
    }

    /// Starts the count: `threads` are about to stop accepting requests.
    pub fn begin(&self, threads: usize) {
        self.busy.store(threads, Release);
    }

    /// Notes that one more thread has no transfers left; each thread calls it once. The last call
    /// wakes all threads.
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

    /// Adds a holder, so that the port is kept until [`Drain::thread_is_done`] is called for it.
    /// Returns false if the drain is already done.
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
