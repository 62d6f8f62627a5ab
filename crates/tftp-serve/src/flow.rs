//! Flow control between an I/O thread and the application that takes the data of a connection.

use tftp_sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};

/// Counts the data of one connection that was passed on and not taken yet.
///
/// The I/O thread adds, the application's thread subtracts. A message to the I/O thread is needed
/// only if it waits.
#[derive(Debug, Default)]
pub struct Flow {
    outstanding: AtomicU64,
    /// 0: the I/O thread does not wait. Otherwise it waits until at most this minus one is
    /// outstanding.
    notify_at: AtomicU64,
    /// The application has ended the connection; its message may still be on its way.
    is_refused: AtomicBool,
}

impl Flow {
    /// Counts data that was passed to the application.
    pub(crate) fn add(&self, bytes: u64) {
        self.outstanding.fetch_add(bytes, SeqCst);
    }

    /// Returns true if at most `limit` is outstanding; if not, an
    /// [`Answer::Taken`](crate::reply::Answer) arrives when that is so.
    pub(crate) fn below(&self, limit: u64) -> bool {
        if self.outstanding.load(SeqCst) <= limit {
            return true;
        }
        self.notify_at.store(limit + 1, SeqCst);
        // The application may have taken everything between the two lines above.
        self.outstanding.load(SeqCst) <= limit && self.notify_at.swap(0, SeqCst) != 0
    }

    /// Returns true if the application has ended the connection. The flag is set before the refused
    /// data counts as taken, so that the end of an upload that the application refused is never
    /// acknowledged.
    pub(crate) fn is_refused(&self) -> bool {
        self.is_refused.load(SeqCst)
    }

    /// Marks the connection as ended by the application: see [`Flow::is_refused`].
    pub(crate) fn refuse(&self) {
        self.is_refused.store(true, SeqCst);
    }

    /// Counts data as taken. Returns true if the I/O thread waits for that.
    pub(crate) fn subtract(&self, bytes: u64) -> bool {
        let left = self.outstanding.fetch_sub(bytes, SeqCst).saturating_sub(bytes);
        let wanted = self.notify_at.load(SeqCst);
        wanted > left && self.notify_at.compare_exchange(wanted, 0, SeqCst, SeqCst).is_ok()
    }
}
