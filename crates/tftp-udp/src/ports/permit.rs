//! Counts the private sockets of the process. No other place checks this budget.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use tftp_budget::descriptors::{self, Ticket};

/// The private sockets of all servers of the process, because the limit of descriptors is the
/// process's. A static of std's: the thread models (crates/tftp-sync) have no sockets.
static OWN_SOCKETS: AtomicUsize = AtomicUsize::new(0);

/// Returns how many private sockets the whole process may have, given its soft limit of
/// descriptors: the other half is for files and for the application.
fn most_own_sockets(descriptors: usize) -> usize {
    descriptors / 2
}

/// Counts one socket until it is dropped, here and among all descriptors.
#[derive(Debug)]
pub(super) struct Permit {
    ticket: Ticket,
}

impl Permit {
    /// Counts one more socket; `None` if the process has reached its limit.
    pub(super) fn take() -> Option<Permit> {
        if descriptors::half_open_share_is_full() {
            return None;
        }
        let most = most_own_sockets(descriptors::limit());
        let more = |count| (count < most).then_some(count + 1);
        // Taken first: a drop returns the ticket if the limit below refuses the socket.
        let ticket = Ticket::take(1, true)?;
        let counted = OWN_SOCKETS.fetch_update(Relaxed, Relaxed, more);
        counted.ok().map(|_| Permit { ticket })
    }

    /// Counts one more socket as long as any descriptors are left, without regard to the limit of
    /// private ones.
    pub(super) fn within_descriptors() -> Option<Permit> {
        let ticket = Ticket::take(1, true)?;
        OWN_SOCKETS.fetch_add(1, Relaxed);
        Some(Permit { ticket })
    }

    /// Called when the socket's client has acknowledged something, or when the socket has no client
    /// any more.
    pub(super) fn settle(&self) {
        self.ticket.settle();
    }

    /// Called when the socket has a new client.
    pub(super) fn unsettle(&self) {
        self.ticket.unsettle();
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        OWN_SOCKETS.fetch_sub(1, Relaxed);
    }
}
