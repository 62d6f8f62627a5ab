//! Flow control between an I/O thread and whoever takes the data of a connection.

use tftp_sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};

/// Counts the data of one connection that was passed on and not taken yet.
///
/// The thread adds, the application's thread subtracts; a message to the thread is needed only when it waits.
#[derive(Debug, Default)]
pub struct Flow {
    outstanding: AtomicU64,
    /// 0: nobody waits. Otherwise the thread wants to know when no more than this minus one is outstanding.
    notify_at: AtomicU64,
    /// The application has ended the connection; the message that says so may still be on its way.
    is_refused: AtomicBool,
}

impl Flow {
    /// So much more was told.
    pub(crate) fn add(&self, bytes: u64) {
        self.outstanding.fetch_add(bytes, SeqCst);
    }

    /// True if no more than `limit` is outstanding; otherwise [`Answer::Taken`](crate::reply::Answer) will come when that is so.
    pub(crate) fn below(&self, limit: u64) -> bool {
        if self.outstanding.load(SeqCst) <= limit {
            return true;
        }
        self.notify_at.store(limit + 1, SeqCst);
        // The application may have taken everything between the two lines above.
        self.outstanding.load(SeqCst) <= limit && self.notify_at.swap(0, SeqCst) != 0
    }

    /// Whether the application has ended the connection. Set before what it refused counts as taken, so that the end of
    /// an upload is never acknowledged over its head.
    pub(crate) fn is_refused(&self) -> bool {
        self.is_refused.load(SeqCst)
    }

    /// Marks the connection as ended by the application: see [`Flow::is_refused`].
    pub(crate) fn refuse(&self) {
        self.is_refused.store(true, SeqCst);
    }

    /// So much was taken; true if the thread waits for that.
    pub(crate) fn subtract(&self, bytes: u64) -> bool {
        let left = self.outstanding.fetch_sub(bytes, SeqCst).saturating_sub(bytes);
        let wanted = self.notify_at.load(SeqCst);
        wanted > left && self.notify_at.compare_exchange(wanted, 0, SeqCst, SeqCst).is_ok()
    }
}
