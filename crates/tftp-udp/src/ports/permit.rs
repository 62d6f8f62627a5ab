//! How many private sockets the process has: the one place where that budget is asked.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use tftp_budget::descriptors::{self, Ticket, soft_limit};

/// All servers of the process together, as the limit of descriptors is the process's. A static of std's: the models of
/// threads (crates/tftp-sync) have no sockets.
static OWN_SOCKETS: AtomicUsize = AtomicUsize::new(0);

/// Private sockets that the whole process may have, by its soft limit of descriptors: the other half is for files and for
/// the application.
fn most_own_sockets(descriptors: usize) -> usize {
    descriptors / 2
}

/// Counts one socket for as long as it lives, here and among all descriptors.
#[derive(Debug)]
pub(super) struct Permit {
    ticket: Ticket,
}

impl Permit {
    /// One more socket; `None` where the process has as many as it may.
    pub(super) fn take() -> Option<Permit> {
        if descriptors::is_crowded() {
            return None;
        }
        let most = most_own_sockets(soft_limit());
        let more = |count| (count < most).then_some(count + 1);
        // Taken first: dropping it is what gives the count back.
        let ticket = Ticket::take(1, true)?;
        let counted = OWN_SOCKETS.fetch_update(Relaxed, Relaxed, more);
        counted.ok().map(|_| Permit { ticket })
    }

    /// One more socket, as long as the process may have descriptors at all.
    pub(super) fn within_descriptors() -> Option<Permit> {
        let ticket = Ticket::take(1, true)?;
        OWN_SOCKETS.fetch_add(1, Relaxed);
        Some(Permit { ticket })
    }

    /// The socket's client has acknowledged something, or the socket has none.
    pub(super) fn settle(&self) {
        self.ticket.settle();
    }

    /// The socket has a new client.
    pub(super) fn unsettle(&self) {
        self.ticket.unsettle();
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        OWN_SOCKETS.fetch_sub(1, Relaxed);
    }
}
