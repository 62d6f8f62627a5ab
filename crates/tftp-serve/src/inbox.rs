//! The inbox of an I/O thread: answers of the application, results of storage, orders.

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
    /// An answer of the application.
    Answer(Key, Answer),
    /// The result of a storage job.
    Storage(Completion<S>),
    /// Sets the policy of new transfers.
    Policy(Arc<Policy>),
    /// Stop accepting requests. Confirmed when the listening socket is closed, or is kept for
    /// transfers.
    StopListening(Sender<()>),
    /// The threads of this engine may have no transfers left, so that the listening sockets can be
    /// closed.
    Drained,
    /// Accept requests again, under this policy, on the listening socket that was kept. Confirmed
    /// when that is done.
    Resume(Arc<Policy>, Sender<()>),
    /// End every transfer. Confirmed when that is done.
    Shutdown(Sender<()>),
}

/// The message queue of one I/O thread. Sending wakes the thread if it sleeps.
pub struct Inbox<S: Store, W> {
    /// `None`: the thread has ended, and messages are dropped.
    messages: Mutex<Option<VecDeque<Message<S>>>>,
    /// A message was sent since the last [`Inbox::take`]. Saves the lock in most turns of a loop,
    /// which have no message.
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

    /// Sends a message to the thread, and wakes it.
    pub fn send(&self, message: Message<S>) {
        if let Some(messages) = &mut *self.messages.lock() {
            messages.push_back(message);
            // The thread sees this at the latest when it sees the wake-up.
            self.has_some.store(true, Release);
        }
        self.waker.wake();
    }

    /// Swaps all waiting messages into `taken`, which must be empty.
    #[inline]
    pub(super) fn take(&self, taken: &mut VecDeque<Message<S>>) {
        if self.has_some.load(Acquire) {
            self.swap(taken);
        }
    }

    fn swap(&self, taken: &mut VecDeque<Message<S>>) {
        // Cleared before the lock is taken, so that the next call sees messages sent from now on.
        self.has_some.store(false, Release);
        if let Some(messages) = &mut *self.messages.lock() {
            std::mem::swap(messages, taken);
        }
    }

    /// Frees the room that was needed for more messages than there are.
    pub(super) fn shrink(&self) {
        if let Some(messages) = &mut *self.messages.lock() {
            messages.shrink_to_fit();
        }
    }

    /// Closes the inbox, because the thread has ended.
    pub(super) fn close(&self) {
        let left = self.messages.lock().take();
        // Dropped after the lock is released: an unfinished upload removes its file.
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
