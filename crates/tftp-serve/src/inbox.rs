//! What reaches an I/O thread from others: answers of the application, results of storage, orders.

use std::collections::VecDeque;
use std::sync::Arc;

use crossbeam_channel::Sender;
use tftp_files::{Completion, Mailbox, Store};
use tftp_udp::datagrams::Wake;

use super::Key;
use super::config::Policy;
use super::reply::{Answer, Post};
use tftp_sync::Mutex;
use tftp_sync::atomic::{AtomicBool, Ordering::Acquire, Ordering::Release};

/// One message to an I/O thread.
pub enum Message<S: Store> {
    /// The application answered.
    Answer(Key, Answer),
    /// A job of storage ended.
    Storage(Completion<S>),
    /// New transfers begin under this policy.
    Policy(Arc<Policy>),
    /// No new transfers; answered when the listening socket is closed, or is kept for transfers.
    StopListening(Sender<()>),
    /// The threads of this engine may have no transfers left, so that nobody needs the listening sockets.
    Drained,
    /// New transfers again, under this policy, on the listening socket that was kept; answered when it is so.
    Resume(Arc<Policy>, Sender<()>),
    /// End every transfer; answered when that is done.
    Shutdown(Sender<()>),
}

/// The queue of one I/O thread; sending wakes the thread if it sleeps.
pub struct Inbox<S: Store, W> {
    /// `None`: the thread has ended, what is sent is dropped.
    messages: Mutex<Option<VecDeque<Message<S>>>>,
    /// Something was sent since the last [`Inbox::take`]: most turns of a loop have nothing to take.
    has_some: AtomicBool,
    waker: W,
}

impl<S: Store, W: Wake> Inbox<S, W> {
    pub(super) fn new(waker: W) -> Self {
        Inbox {
            messages: Mutex::new(Some(VecDeque::new())),
            has_some: AtomicBool::new(false),
            waker,
        }
    }

    /// Brings a message to the thread, and wakes it.
    pub fn send(&self, message: Message<S>) {
        if let Some(messages) = &mut *self.messages.lock() {
            messages.push_back(message);
            // Seen at the latest when the wake-up is.
            self.has_some.store(true, Release);
        }
        self.waker.wake();
    }

    /// Swaps everything that waits into `taken`, which must be empty.
    #[inline]
    pub(super) fn take(&self, taken: &mut VecDeque<Message<S>>) {
        if self.has_some.load(Acquire) {
            self.swap(taken);
        }
    }

    fn swap(&self, taken: &mut VecDeque<Message<S>>) {
        // Before the lock: what is sent from now on is seen by the next look.
        self.has_some.store(false, Release);
        if let Some(messages) = &mut *self.messages.lock() {
            std::mem::swap(messages, taken);
        }
    }

    /// The thread has ended.
    pub(super) fn close(&self) {
        let left = self.messages.lock().take();
        // Dropped after the lock: an unfinished upload removes its file.
        drop(left);
    }
}

impl<S: Store, W: Wake> Post for Inbox<S, W> {
    fn post(&self, key: Key, answer: Answer) {
        self.send(Message::Answer(key, answer));
    }
}

impl<S: Store, W: Wake> Mailbox<S> for Inbox<S, W> {
    fn deliver(&self, completion: Completion<S>) {
        self.send(Message::Storage(completion));
    }
}
