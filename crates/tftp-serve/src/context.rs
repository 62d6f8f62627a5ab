//! What a transfer needs of its shard while it takes a step.

use std::cell::Cell;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;

use tftp_proto::negotiate::Oack;
use tftp_proto::wire::{self, ErrorCode};
use tftp_proto::{Instant, Transmit};

use super::Key;
use super::admission::{Admission, HalfOpen};
use super::descriptors::Ticket;
use super::inbox::{Inbox, Message};
use super::jail::{Jail, Opened, Refusal};
use super::notice::{Notice, Wants};
use super::observer::Observer;
use super::pool::Pool;
use super::shared::Shared;
use super::store::{SharedFile, Store};
use super::timers::Timers;
use super::transfer::Link;
use tftp_files::Lane;
use tftp_udp::{Route, SendBatch};

/// One shard's means, lent to one transfer at a time.
pub(super) struct Context {
    /// The time of this loop turn.
    pub(super) now: Instant,
    pub(super) outbox: SendBatch,
    pub(super) timers: Timers,
    pub(super) store: Store,
    pub(super) pool: Arc<Pool>,
    pub(super) inbox: Arc<Inbox>,
    pub(super) observer: Observer,
    pub(super) shared: Arc<Shared>,
    /// Transfers of this shard that no client has acknowledged yet.
    pub(super) half_open: Admission<Key>,
    /// Uploads that took data in this batch and have not passed it on yet.
    pub(super) dirty: Vec<Key>,
    /// Sockets whose clients have acknowledged something.
    pub(super) settled: Vec<usize>,
    /// Uploads that stay only to repeat their last ACK, in order of their ends.
    pub(super) dallying: VecDeque<Key>,
    /// Transfers whose clients have acknowledged a newer one of the same request.
    pub(super) outdated: Vec<Key>,
    /// Downloads that wait for a chunk which another one's job reads.
    pub(super) waiting: Vec<Key>,
    scratch: Vec<u8>,
    /// The pool has jobs of this turn, and nobody was called for them.
    has_jobs: Cell<bool>,
    /// What this batch of datagrams opened last.
    latest: Option<Latest>,
}

/// A file with the name that found it.
struct Latest {
    root: Arc<Jail>,
    name: String,
    file: Arc<SharedFile>,
    path: PathBuf,
}

impl Context {
    pub(super) fn new(
        now: Instant,
        outbox: SendBatch,
        pool: Arc<Pool>,
        inbox: Arc<Inbox>,
        observer: Observer,
        shared: Arc<Shared>,
    ) -> Context {
        Context {
            now,
            outbox,
            timers: Timers::default(),
            store: Store::new(),
            pool,
            inbox,
            observer,
            shared,
            half_open: Admission::default(),
            dirty: Vec::new(),
            settled: Vec::new(),
            dallying: VecDeque::new(),
            outdated: Vec::new(),
            waiting: Vec::new(),
            scratch: Vec::new(),
            has_jobs: Cell::new(false),
            latest: None,
        }
    }

    pub(super) fn wants(&self) -> Wants {
        self.observer.wants()
    }

    pub(super) fn tell(&self, notice: Notice) {
        self.observer.tell(notice);
    }

    /// A transfer is not half-open any more.
    pub(super) fn settle(&mut self, place: HalfOpen) {
        self.half_open.leave(place);
        self.shared.settle();
    }

    /// Queues one packet that `write` appends to an empty buffer.
    pub(super) fn send(&mut self, route: Route, write: impl FnOnce(&mut Vec<u8>)) {
        self.scratch.clear();
        write(&mut self.scratch);
        self.outbox.push_small(route, &self.scratch);
    }

    /// `id`: the connection that it belongs to; 0: none.
    pub(super) fn send_error(&mut self, route: Route, id: i32, code: ErrorCode, message: &str) {
        self.observer.error_goes(id, route.peer, code, message);
        self.send(route, |packet| wire::encode_error(code, message, packet));
    }

    /// Sends what a machine has to say besides DATA, which only a sender knows where to take from.
    pub(super) fn send_control(&mut self, link: &Link, transmit: &Transmit) {
        let (route, id) = (link.route, link.connection.id);
        match *transmit {
            Transmit::Oack(oack) => self.send_oack(route, id, &oack),
            Transmit::Ack { block } => {
                self.observer.ack_goes(id, block);
                self.send(route, |packet| packet.extend(wire::ack(block)));
            }
            Transmit::Error { code, message } => self.send_error(route, id, code, message),
            Transmit::Data { .. } => unreachable!("only a sender sends DATA, and takes it to its source"),
        }
    }

    fn send_oack(&mut self, route: Route, id: i32, oack: &Oack) {
        self.send(route, |packet| oack.encode(packet));
        self.observer.oack_goes(id, &self.scratch);
    }

    /// Runs `job` where it may block, from the end of this turn on; its message, if it has one, comes back to this
    /// shard's inbox.
    pub(super) fn block_on(&self, lane: Lane, job: impl FnOnce() -> Option<Message> + Send + 'static) {
        let inbox = Arc::clone(&self.inbox);
        self.queue(lane, move || {
            if let Some(message) = job() {
                inbox.send(message);
            }
        });
    }

    /// Lets go of what may block: removing an unfinished upload does.
    pub(super) fn drop_apart<T: Send + 'static>(&self, lane: Lane, unfinished: T) {
        self.queue(lane, move || drop(unfinished));
    }

    fn queue(&self, lane: Lane, job: impl FnOnce() + Send + 'static) {
        self.pool.queue(lane, Box::new(job));
        self.has_jobs.set(true);
    }

    /// The packets of this turn are out: now its jobs may have the processor.
    pub(super) fn call_pool(&self) {
        if self.has_jobs.take() {
            self.pool.call();
        }
    }

    /// Opens a file as [`Jail::open_cached`] does. Requests of one batch for one name, and a thousand machines that boot
    /// send them, open it once: all of them were sent before, so none can ask for a later state of it.
    pub(super) fn open_cached(
        &mut self,
        root: &Arc<Jail>,
        name: &str,
        is_half_open: bool,
    ) -> Option<Result<(Arc<SharedFile>, PathBuf), Refusal>> {
        let is_same = |latest: &&Latest| latest.name == name && Arc::ptr_eq(&latest.root, root);
        if let Some(latest) = self.latest.as_ref().filter(is_same) {
            return Some(Ok((Arc::clone(&latest.file), latest.path.clone())));
        }
        let Some(ticket) = Ticket::take(1, is_half_open) else {
            return Some(Err(Refusal::TooManyFiles));
        };
        let (file, path) = match root.open_cached(name)? {
            Ok(opened) => self.adopt(opened, ticket),
            Err(refusal) => return Some(Err(refusal)),
        };
        self.latest = Some(Latest {
            root: Arc::clone(root),
            name: name.to_owned(),
            file: Arc::clone(&file),
            path: path.clone(),
        });
        Some(Ok((file, path)))
    }

    /// The file as this shard shares it, and where it is.
    pub(super) fn adopt(&mut self, mut opened: Opened, ticket: Ticket) -> (Arc<SharedFile>, PathBuf) {
        let path = std::mem::take(&mut opened.path);
        (self.store.adopt_counted(opened, Some(ticket)), path)
    }

    /// A batch of datagrams is through: what the next one asks for is opened anew.
    pub(super) fn forget_latest(&mut self) {
        self.latest = None;
    }
}
