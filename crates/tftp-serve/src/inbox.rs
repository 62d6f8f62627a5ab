//! What reaches a shard from other threads: answers of the application, results of blocking jobs, orders.

use std::sync::Arc;

use crossbeam_channel::Sender;
use tftp_files::Mailbox;

use super::Key;
use super::config::Policy;
use super::disk::{Completion, Disk};
use super::reply::{Answer, Post};
use tftp_sync::Mutex;
use tftp_udp::Waker;

/// One message to a shard.
pub(super) enum Message {
    /// The application answered.
    Answer(Key, Answer),
    /// A job of storage ended.
    Storage(Completion),
    /// New transfers begin under this policy.
    Policy(Arc<Policy>),
    /// No new transfers; answered when the listening socket is closed.
    StopListening(Sender<()>),
    /// New transfers again, under this policy, on the listening socket that was kept; answered when it is so.
    Resume(Arc<Policy>, Sender<()>),
    /// End every transfer; answered when that is done.
    Shutdown(Sender<()>),
}

/// The queue of one shard; posting wakes the shard if it sleeps.
pub(super) struct Inbox {
    /// `None`: the shard has ended, what is sent is dropped.
    messages: Mutex<Option<Vec<Message>>>,
    waker: Waker,
}

impl Inbox {
    pub(super) fn new(waker: Waker) -> Inbox {
        Inbox {
            messages: Mutex::new(Some(Vec::new())),
            waker,
        }
    }

    pub(super) fn send(&self, message: Message) {
        if let Some(messages) = &mut *self.messages.lock() {
            messages.push(message);
        }
        self.waker.wake();
    }

    /// Swaps everything that waits into `taken`, which must be empty.
    pub(super) fn take(&self, taken: &mut Vec<Message>) {
        if let Some(messages) = &mut *self.messages.lock() {
            std::mem::swap(messages, taken);
        }
    }

    /// The shard has ended.
    pub(super) fn close(&self) {
        let left = self.messages.lock().take();
        // Dropped after the lock: an unfinished upload removes its file.
        drop(left);
    }
}

impl Post for Inbox {
    fn post(&self, key: Key, answer: Answer) {
        self.send(Message::Answer(key, answer));
    }
}

impl Mailbox<Disk> for Inbox {
    fn deliver(&self, completion: Completion) {
        self.send(Message::Storage(completion));
    }
}
