//! A shard without its loop: sockets, transfers, and what is done with a datagram, a deadline, a message.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use tftp_proto::Instant;
use tftp_proto::wire::{self, ErrorCode, Packet};

use super::Key;
use super::admission::{self, Admission, Bounds, Limit};
use super::cause::Cause;
use super::config::{Config, Policy};
use super::context::Context;
use super::descriptors::{self, soft_limit};
use super::disk::{Completion, Settled, key_of};
use super::drain::Drain;
use super::inbox::Message;
use super::notice::{LogKind, Wants};
use super::ports::{LISTENING, Ports};
use super::transfer::{HeldRequest, Transfer};
use super::transfers::{Tid, Transfers};
use tftp_machine::networks::Networks;
use tftp_udp::{Arrival, Poller, UdpSocket, Wanted, is_too_long};

/// Why transfers end when the server does; the client reads it.
const SHUTDOWN: &str = "Server is shutting down";

pub(super) struct Core {
    pub(super) ctx: Context,
    pub(super) table: Transfers,
    pub(super) ports: Ports,
    pub(super) poller: Poller,
    pub(super) policy: Arc<Policy>,
    pub(super) listening: bool,
    pub(super) single_port: bool,
    dont_fragment: bool,
    /// Bound to no particular address: an answer names the one that was asked.
    pub(super) wildcard: bool,
    drain: Arc<Drain>,
    /// This shard has told `drain` that it is done.
    is_drained: bool,
    /// Sockets that wait for the kernel to take more.
    blocked: Vec<usize>,
    /// Requests are left where they are for a moment.
    is_deaf: bool,
    /// The system had no memory for packets: flush again after a moment.
    congested: bool,
    /// The application wants to be reminded after this time of what it was told.
    wake_due: Option<Duration>,
    /// Answers to packets that belong to no transfer.
    strays: Allowance,
    /// The networks that the server has IPv6 addresses in.
    pub(super) networks: Networks,
    io_threads: usize,
    /// Requests that waited for the end of a transfer.
    #[expect(clippy::vec_box, reason = "they move from transfers as they are")]
    waiting: Vec<Box<HeldRequest>>,
    /// Transfers whose deadline has come, if nothing of theirs waits in a socket.
    due: Vec<Key>,
    /// Sockets of ended transfers, to be closed after the next flush.
    released: Vec<usize>,
}

/// How many strays are answered in each [`ALLOWANCE`]: one in a while is a client's mistake, thousands are a flood.
const STRAYS: u32 = 100;
const ALLOWANCE: Duration = Duration::from_millis(100);

/// So much in a span of time, and no more.
#[derive(Default)]
struct Allowance {
    since: Instant,
    used: u32,
}

impl Allowance {
    fn allow(&mut self, now: Instant) -> bool {
        if now.saturating_sub(self.since) >= ALLOWANCE {
            *self = Allowance { since: now, used: 0 };
        }
        self.used += 1;
        self.used <= STRAYS
    }
}

/// How often to look whether the other shards have no transfers left either.
const DRAINING: Duration = Duration::from_millis(50);

/// What a new transfer needs: a socket, a file and the directory that it is in, the same again for syncing.
const ROOM: usize = 4;

/// How long to leave a system alone that has no memory for packets.
const CONGESTION: Duration = Duration::from_millis(1);

impl Core {
    pub(super) fn new(
        config: &Config,
        policy: Arc<Policy>,
        ctx: Context,
        poller: Poller,
        listening: UdpSocket,
        drain: Arc<Drain>,
    ) -> io::Result<Core> {
        Ok(Core {
            ctx,
            table: Transfers::default(),
            ports: Ports::new(config, listening, &poller)?,
            poller,
            policy,
            listening: true,
            single_port: config.single_port,
            dont_fragment: config.dont_fragment,
            wildcard: config.address.ip().is_unspecified(),
            drain,
            is_drained: false,
            blocked: Vec::new(),
            is_deaf: false,
            congested: false,
            wake_due: None,
            strays: Allowance::default(),
            waiting: Vec::new(),
            networks: Networks::default(),
            io_threads: config.io_threads,
            due: Vec::new(),
            released: Vec::new(),
        })
    }

    /// How many half-open transfers this thread may have. The limit is asked each time: a program may change it.
    pub(super) fn bounds(&self) -> Bounds {
        Bounds::new(self.io_threads, soft_limit())
    }

    /// Nothing is left to do: no listening, no transfers, and no other shard that needs the port of this one.
    pub(super) fn is_finished(&mut self) -> bool {
        if self.listening || !self.table.is_empty() {
            return false;
        }
        if !std::mem::replace(&mut self.is_drained, true) {
            self.drain.shard_is_done();
        }
        self.ports.get(LISTENING).is_none() || self.drain.is_done()
    }

    /// How long to sleep at most.
    pub(super) fn patience(&self) -> Option<Duration> {
        let deadline = self.ctx.timers.next().map(|at| at.saturating_sub(self.ctx.now));
        let draining = self.is_drained.then_some(DRAINING);
        let congestion = self.congested.then_some(CONGESTION);
        let unused = self.ports.unused_at().map(|at| at.saturating_sub(self.ctx.now));
        [deadline, draining, congestion, unused, self.wake_due]
            .into_iter()
            .flatten()
            .min()
    }

    /// What was told in this turn may wake the application now: its packets are out.
    pub(super) fn end_turn(&mut self) {
        self.wake_due = self.ctx.observer.turn_ends(self.ctx.now);
    }

    pub(super) fn arrive(&mut self, socket: usize, arrival: &Arrival<'_>) {
        if socket == LISTENING {
            return self.arrive_listening(arrival);
        }
        let tid = Tid {
            socket,
            peer: arrival.peer,
        };
        let Ok(packet) = wire::parse(arrival.bytes) else {
            return;
        };
        if self.arrive_known(tid, &packet) || matches!(packet, Packet::Error { .. } | Packet::Request(_)) {
            return;
        }
        // The kernel delivers none of a stranger to a connected socket: this one came before it was connected.
        if self.ports.is_connected(socket) {
            return;
        }
        // RFC 1350 section 4: a packet from an unknown TID, the transfer it strays into undisturbed, also by the answers.
        if !self.strays.allow(self.ctx.now) {
            return;
        }
        let route = self.route(socket, arrival);
        self.ctx
            .send_error(route, 0, ErrorCode::UNKNOWN_TID, "Unknown transfer ID");
    }

    /// True if the packet belongs to a transfer.
    pub(super) fn arrive_known(&mut self, tid: Tid, packet: &Packet<'_>) -> bool {
        let Some(transfer) = self.table.by_tid(tid) else {
            return false;
        };
        transfer.handle_packet(&mut self.ctx, packet);
        let key = transfer.key();
        self.remove_if_over(key);
        true
    }

    /// After a batch: uploads pass on what it brought.
    pub(super) fn after_batch(&mut self) {
        self.ctx.shelf.batch_ends();
        while let Some(key) = self.ctx.dirty.pop() {
            self.step(key, |transfer, ctx| transfer.pass_on(ctx));
        }
    }

    /// Collects the transfers whose deadline has come, for [`Core::expire`]. True if there are any.
    pub(super) fn has_due(&mut self) -> bool {
        while let Some((at, key)) = self.ctx.timers.pop(self.ctx.now) {
            let Some(transfer) = self.table.get(key) else {
                continue;
            };
            if self.ctx.timers.popped(self.ctx.now, at, key, transfer.timer()) {
                self.due.push(key);
            }
        }
        !self.due.is_empty()
    }

    /// Believes the deadlines that [`Core::has_due`] found and no packet has moved since.
    pub(super) fn expire(&mut self) {
        let mut due = std::mem::take(&mut self.due);
        for key in due.drain(..) {
            if let Some(transfer) = self.table.get(key)
                && transfer.timer().is_due(self.ctx.now)
            {
                transfer.handle_timeout(&mut self.ctx);
                self.remove_if_over(key);
            }
        }
        self.due = due;
    }

    /// Closes sockets that waited long enough for another transfer.
    pub(super) fn close_unused(&mut self) {
        self.ports.close_unused(&self.poller, self.ctx.now);
    }

    pub(super) fn handle(&mut self, message: Message) {
        match message {
            Message::Answer(key, answer) => {
                self.step(key, |transfer, ctx| transfer.handle_answer(ctx, answer))
            }
            Message::Storage(completion) => self.handle_storage(completion),
            Message::Policy(policy) => self.policy = policy,
            Message::StopListening(done) => {
                self.stop_listening();
                // Whoever asked may have given up waiting.
                let _ = done.send(());
            }
            Message::Resume(policy, done) => {
                self.policy = policy;
                (self.listening, self.is_drained) = (true, false);
                let _ = done.send(());
            }
            Message::Shutdown(done) => {
                self.shutdown();
                let _ = done.send(());
            }
        }
    }

    /// Ends the transfers whose clients go on with newer ones, and begins with the requests that waited for an end.
    fn settle_repeats(&mut self) {
        for socket in std::mem::take(&mut self.ctx.settled) {
            self.ports.settle(socket);
        }
        let table = &mut self.table;
        while self
            .ctx
            .dallying
            .front()
            .is_some_and(|key| table.get(*key).is_none())
        {
            self.ctx.dallying.pop_front();
        }
        for key in std::mem::take(&mut self.ctx.outdated) {
            if self
                .table
                .get(key)
                .is_some_and(|transfer| transfer.is_superseded())
            {
                self.replace(key);
            }
        }
        for request in std::mem::take(&mut self.waiting) {
            self.arrive_listening(&request.arrival());
        }
    }

    /// Sends what this turn brought together, then closes what is not needed any more.
    pub(super) fn flush(&mut self) {
        self.settle_repeats();
        // What fails may leave something to say to the client, at once.
        if self.flush_once() {
            self.flush_once();
        }
        self.release_ended();
        self.ctx.shelf.call();
    }

    /// Gives descriptors back where few are left: those of idle sockets, then those of uploads that only dally. With
    /// UseConnection half-open transfers have a socket each, however many they are: some of these give way last.
    pub(super) fn make_room(&mut self, newcomer: &admission::Newcomer) {
        let mut given = 0;
        while descriptors::is_tight(ROOM) {
            if self.ports.close_idle(&self.poller) || self.end_dallying() {
                continue;
            }
            if given == ROOM || !self.ports.are_always_own() || !self.give_socket_way(newcomer) {
                return;
            }
            given += 1;
        }
    }

    /// Ends the oldest upload that only dallies on a socket of its own, and gives that back; false where there is none.
    pub(super) fn end_dallying(&mut self) -> bool {
        while let Some(key) = self.ctx.dallying.pop_front() {
            let is_own = |transfer: &mut Transfer| self.ports.is_own(transfer.tid().socket);
            if !self.table.get(key).is_some_and(is_own) {
                continue;
            }
            // Its last ACK may still be on its way out.
            self.flush_once();
            if let Some(transfer) = self.table.get(key) {
                transfer.let_go();
            }
            self.remove_if_over(key);
            self.release_ended();
            return true;
        }
        false
    }

    /// Gives the sockets of ended transfers back. What these had to say has to be out.
    fn release_ended(&mut self) {
        for index in std::mem::take(&mut self.released) {
            self.release(index);
        }
    }

    /// A half-open transfer gives way to a newcomer for which there is no socket; false where none is old enough.
    pub(super) fn give_socket_way(&mut self, newcomer: &admission::Newcomer) -> bool {
        let oldest = self
            .ctx
            .half_open
            .gives_way(self.ctx.now, newcomer, Limit::Connections);
        if let Some(key) = oldest {
            self.give_way(key);
            self.flush_once();
            self.release_ended();
        }
        oldest.is_some()
    }

    /// Gives a socket of an ended transfer back. What it could not send any more must not reach the next client.
    fn release(&mut self, index: usize) {
        if !self.ports.is_own(index) {
            return;
        }
        self.ctx.outbox.forget(index);
        if let Some(at) = self.blocked.iter().position(|&blocked| blocked == index) {
            self.blocked.swap_remove(at);
            self.watch(index);
        }
        self.ports.release(&self.poller, index, self.ctx.now);
    }

    /// True if something failed.
    fn flush_once(&mut self) -> bool {
        let ports = &self.ports;
        let report = self.ctx.outbox.flush(&|index| ports.get(index));
        let has_failed = !report.failed.is_empty();
        for (route, error) in report.failed {
            self.unreachable(
                Tid {
                    socket: route.socket,
                    peer: route.peer,
                },
                error,
            );
        }
        self.congested = !report.congested.is_empty();
        self.watch_blocked(report.blocked);
        has_failed
    }

    /// The kernel's error queue: whose packet found nobody.
    pub(super) fn take_errors(&mut self, socket: usize) {
        let mut errors = Vec::new();
        if let Some(open) = self.ports.get(socket) {
            open.take_errors(&mut |peer, error| errors.push((peer, error)));
        }
        for (peer, error) in errors {
            self.unreachable(Tid { socket, peer }, error);
        }
    }

    pub(super) fn remove_if_over(&mut self, key: Key) {
        if !self.table.get(key).is_some_and(|transfer| transfer.is_over()) {
            return;
        }
        self.remove(key);
    }

    fn remove(&mut self, key: Key) {
        if let Some(mut transfer) = self.table.remove(key) {
            self.waiting.extend(transfer.take_waiting());
            self.released.push(transfer.tid().socket);
        }
    }

    /// A job of storage ended: for the transfer that asked, and for those that wait for the same chunk.
    fn handle_storage(&mut self, completion: Completion) {
        let (key, lane) = (key_of(completion.owner()), completion.lane());
        let read = if self.table.get(key).is_some() {
            match self.ctx.shelf.settle(completion) {
                Settled::Read(mut read) => {
                    self.step(key, |transfer, ctx| transfer.handle_read(ctx, &mut read));
                    Some(read)
                }
                settled => {
                    self.step(key, |transfer, ctx| transfer.handle_settled(ctx, lane, settled));
                    None
                }
            }
        } else {
            self.ctx.shelf.abandon(completion)
        };
        // The chunk is held until all have it.
        for owner in read.iter().flat_map(|read| &read.waiting) {
            self.step(key_of(*owner), Transfer::resume);
        }
    }

    fn step(&mut self, key: Key, step: impl FnOnce(&mut Transfer, &mut Context)) {
        if let Some(transfer) = self.table.get(key) {
            step(transfer, &mut self.ctx);
            self.remove_if_over(key);
        }
    }

    /// ICMP port unreachable: the client may be gone. Anything else but a packet that is too long may pass.
    fn unreachable(&mut self, tid: Tid, error: io::Error) {
        if is_too_long(&error) {
            return self.too_long(tid, error);
        }
        if error.kind() != io::ErrorKind::ConnectionRefused {
            self.ctx.observer.log(Wants::LOG_DEBUG, 0, LogKind::Debug, || {
                format!("{}: {error}", tid.peer)
            });
            return;
        }
        if let Some(transfer) = self.table.by_tid(tid) {
            transfer.handle_unreachable(&mut self.ctx, error);
            let key = transfer.key();
            self.remove_if_over(key);
        }
    }

    /// With DontFragment no block will ever reach this client, and where the system itself takes no datagram of this
    /// length neither. Linux takes them all: there the path was found to be smaller than its first link (IPv6 Packet Too
    /// Big), and the packet goes again in fragments.
    fn too_long(&mut self, tid: Tid, error: io::Error) {
        if self.dont_fragment || !cfg!(target_os = "linux") {
            return self.end(tid, Cause::Socket(error));
        }
        if let Some(transfer) = self.table.by_tid(tid) {
            transfer.handle_too_big(&mut self.ctx);
        }
    }

    fn end(&mut self, tid: Tid, cause: Cause) {
        if let Some(transfer) = self.table.by_tid(tid) {
            transfer.end(&mut self.ctx, cause);
            let key = transfer.key();
            self.remove_if_over(key);
        }
    }

    fn watch_blocked(&mut self, blocked: Vec<usize>) {
        let before = std::mem::replace(&mut self.blocked, blocked);
        for &index in before.iter().filter(|index| !self.blocked.contains(index)) {
            self.watch(index);
        }
        for &index in self.blocked.iter().filter(|index| !before.contains(index)) {
            self.watch(index);
        }
    }

    /// Whether requests end this thread's sleep.
    pub(super) fn hear_requests(&mut self, on: bool) {
        if self.is_deaf == on {
            self.is_deaf = !on;
            self.watch(LISTENING);
        }
    }

    fn watch(&self, index: usize) {
        let wanted = Wanted {
            read: index != LISTENING || !self.is_deaf,
            write: self.blocked.contains(&index),
        };
        if let Some(socket) = self.ports.get(index) {
            // Failing here costs a wake-up for nothing, no more.
            let _ = self.poller.want(socket, index, wanted);
        }
    }

    fn stop_listening(&mut self) {
        self.listening = false;
        // With SinglePort the transfers in progress still need it, those of other shards too.
        if !self.single_port || self.is_finished() {
            self.ports.close_listening(&self.poller);
        }
    }

    /// After a fault: what every transfer was doing is not to be trusted.
    pub(super) fn abandon_all(&mut self) {
        self.ctx.dirty.clear();
        self.ctx.shelf.batch_ends();
        for key in self.table.keys() {
            let (table, ctx) = (&mut self.table, &mut self.ctx);
            // What cannot even be ended is only forgotten.
            let _ = catch_unwind(AssertUnwindSafe(|| {
                if let Some(transfer) = table.get(key) {
                    transfer.end(ctx, Cause::Internal);
                }
            }));
            self.remove(key);
        }
        self.ctx.half_open = Admission::default();
        let _ = catch_unwind(AssertUnwindSafe(|| {
            self.flush();
            self.end_turn();
        }));
    }

    fn shutdown(&mut self) {
        self.listening = false;
        self.waiting.clear();
        for key in self.table.keys() {
            if let Some(transfer) = self.table.get(key) {
                transfer.end(&mut self.ctx, Cause::Ended(SHUTDOWN));
            }
            self.remove(key);
        }
        self.flush();
        self.ports.close_listening(&self.poller);
    }
}
