//! What a transfer needs of its shard while it takes a step.

use std::sync::Arc;

use tftp_proto::Instant;
use tftp_proto::negotiate::Oack;
use tftp_proto::wire::{self, ErrorCode};

use super::inbox::{Inbox, Message};
use super::notice::{Application, Cause, LogKind, Notice, Wants};
use super::platform::{Route, SendBatch};
use super::pool::Pool;
use super::reply::Key;
use super::shared::Shared;
use super::store::Store;
use super::timers::Timers;
use super::trail;

/// One shard's means, lent to one transfer at a time.
pub(super) struct Context {
    /// The time of this loop turn.
    pub(super) now: Instant,
    pub(super) outbox: SendBatch,
    pub(super) timers: Timers,
    pub(super) store: Store,
    pub(super) pool: Arc<Pool>,
    pub(super) inbox: Arc<Inbox>,
    pub(super) application: Arc<dyn Application>,
    pub(super) shared: Arc<Shared>,
    /// Uploads that took data in this batch and have not passed it on yet.
    pub(super) dirty: Vec<Key>,
    /// Downloads that wait for a chunk which another one's job reads.
    pub(super) waiting: Vec<Key>,
    scratch: Vec<u8>,
}

impl Context {
    pub(super) fn new(
        now: Instant,
        outbox: SendBatch,
        pool: Arc<Pool>,
        inbox: Arc<Inbox>,
        application: Arc<dyn Application>,
        shared: Arc<Shared>,
    ) -> Context {
        Context {
            now,
            outbox,
            timers: Timers::default(),
            store: Store::new(),
            pool,
            inbox,
            application,
            shared,
            dirty: Vec::new(),
            waiting: Vec::new(),
            scratch: Vec::new(),
        }
    }

    pub(super) fn wants(&self) -> Wants {
        self.application.wants()
    }

    pub(super) fn tell(&self, notice: Notice) {
        self.application.tell(notice);
    }

    /// Queues one packet that `write` appends to an empty buffer.
    pub(super) fn send(&mut self, route: Route, write: impl FnOnce(&mut Vec<u8>)) {
        self.scratch.clear();
        write(&mut self.scratch);
        self.outbox.push_small(route, &self.scratch);
    }

    /// `id`: the connection that it belongs to; 0: none.
    pub(super) fn send_error(&mut self, route: Route, id: i32, code: ErrorCode, message: &str) {
        trail::error_goes(self, id, route.peer, code, message);
        self.send(route, |packet| wire::encode_error(code, message, packet));
    }

    pub(super) fn send_oack(&mut self, route: Route, id: i32, oack: &Oack) {
        self.send(route, |packet| oack.encode(packet));
        trail::oack_goes(self, id, &self.scratch);
    }

    /// Runs `job` where it may block; its message comes back to this shard's inbox.
    pub(super) fn block_on(&self, job: impl FnOnce() -> Message + Send + 'static) {
        let inbox = Arc::clone(&self.inbox);
        self.pool.submit(Box::new(move || inbox.send(job())));
    }

    /// Tells that something failed, where somebody listens.
    pub(super) fn failed(&self, id: i32, cause: Arc<Cause>) {
        if self.wants().has(Wants::ERROR) {
            self.tell(Notice::Failed { id, cause });
        }
    }

    pub(super) fn log(&self, level: Wants, id: i32, kind: LogKind, message: impl FnOnce() -> String) {
        if self.wants().has(level) {
            let number = match level {
                Wants::LOG_INFO => 1,
                Wants::LOG_VERBOSE => 2,
                _ => 3,
            };
            self.tell(Notice::Log {
                id,
                level: number,
                kind,
                message: message(),
            });
        }
    }
}
