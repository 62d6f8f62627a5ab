//! What a transfer needs of its shard while it takes a step.

use std::collections::VecDeque;
use std::sync::Arc;

use tftp_files::{Directory, Pooled};
use tftp_proto::negotiate::Oack;
use tftp_proto::wire::{self, ErrorCode};
use tftp_proto::{Instant, Transmit};

use super::Key;
use super::admission::{Admission, HalfOpen};
use super::disk::Shelf;
use super::inbox::Inbox;
use super::notice::{Notice, Wants};
use super::observer::Observer;
use super::pool::Pool;
use super::shared::Shared;
use super::timers::Timers;
use super::transfer::Link;
use tftp_udp::{Route, SendBatch};

/// One shard's means, lent to one transfer at a time.
pub(super) struct Context {
    /// The time of this loop turn.
    pub(super) now: Instant,
    pub(super) outbox: SendBatch,
    pub(super) timers: Timers,
    pub(super) shelf: Shelf,
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
    scratch: Vec<u8>,
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
            shelf: Shelf::new(
                Pooled::new(Directory, pool),
                Arc::clone(&inbox) as _,
                Arc::clone(&shared.memory),
            ),
            inbox,
            observer,
            shared,
            half_open: Admission::default(),
            dirty: Vec::new(),
            settled: Vec::new(),
            dallying: VecDeque::new(),
            outdated: Vec::new(),
            scratch: Vec::new(),
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
        match transmit {
            Transmit::Oack(oack) => self.send_oack(route, id, oack),
            Transmit::Ack { block } => {
                self.observer.ack_goes(id, *block);
                self.send(route, |packet| packet.extend(wire::ack(*block)));
            }
            Transmit::Error { code, message } => self.send_error(route, id, *code, message),
            Transmit::Data { .. } => unreachable!("only a sender sends DATA, and takes it to its source"),
        }
    }

    fn send_oack(&mut self, route: Route, id: i32, oack: &Oack) {
        self.send(route, |packet| oack.encode(packet));
        self.observer.oack_goes(id, &self.scratch);
    }
}
