//! How many sockets of one transfer each the process has: the one place where that budget is asked.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use super::super::descriptors::soft_limit;
use super::super::port_plan;

/// All servers of the process together, as the limit of descriptors is the process's. A static of std's: the models of
/// threads (src/sync.rs) have no sockets.
static OWN_SOCKETS: AtomicUsize = AtomicUsize::new(0);

/// Counts one socket for as long as it lives.
#[derive(Debug)]
pub(super) struct Permit(());

impl Permit {
    /// One more socket; `None` where the process has as many as it may.
    pub(super) fn take() -> Option<Permit> {
        let most = port_plan::most_own_sockets(soft_limit());
        let more = |count| (count < most).then_some(count + 1);
        let counted = OWN_SOCKETS.fetch_update(Relaxed, Relaxed, more);
        counted.ok().map(|_| Permit(()))
    }

    /// One more socket, whatever there are: UseConnection has its limit in the system's answer.
    pub(super) fn without_limit() -> Permit {
        OWN_SOCKETS.fetch_add(1, Relaxed);
        Permit(())
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        OWN_SOCKETS.fetch_sub(1, Relaxed);
    }
}
