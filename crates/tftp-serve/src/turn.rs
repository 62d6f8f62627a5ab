//! The loop of one I/O thread: `turn` is its order of priorities.
//!
//! Requests may be a flood, from anybody: what they get of a turn while transfers run is in `ration.rs`.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use tftp_proto::Instant;

use super::core::Core;
use super::inbox::Message;
use super::ports::{Intake, LISTENING};
use super::ration::{Piece, Ration};
use tftp_udp::{Ready, RecvBatch};

/// Datagrams of one system call, and how many calls one socket gets before the next has its turn.
const BATCH: usize = 64;
const BATCHES_A_TURN: usize = 4;

/// How often sockets are read before deadlines are believed all the same: a flood must not put them off for ever.
const LOOKS: usize = 64;

/// Transfers' own sockets that one more look is allowed for: each look reads a datagram of as many as the poller tells of,
/// which is more than this.
const SOCKETS_A_LOOK: usize = 64;

/// The longest UDP datagram, and the longest run of those that come in one piece.
const DATAGRAM: usize = 65_536;

/// What one receiving call brought.
enum Batch {
    /// As much as was asked for: there may be more.
    Full,
    /// All that waited.
    Rest,
    /// The error of an earlier packet.
    Failed,
}

pub(super) struct Loop {
    core: Core,
    arrivals: RecvBatch,
    ready: Vec<Ready>,
    messages: Vec<Message>,
    busy_poll: Duration,
    ration: Ration,
}

impl Loop {
    pub(super) fn new(core: Core, config: &super::config::Config) -> Loop {
        Loop {
            core,
            arrivals: RecvBatch::new(BATCH, DATAGRAM, config.io_mode),
            ready: Vec::new(),
            messages: Vec::new(),
            busy_poll: config.busy_poll,
            ration: Ration::default(),
        }
    }

    /// Until listening has stopped and the last transfer is over.
    pub(super) fn run(mut self) {
        while !self.core.is_finished() {
            // A fault ends this thread's transfers, which it may have left half done, and not the server.
            if catch_unwind(AssertUnwindSafe(|| self.turn())).is_err() {
                self.core.abandon_all();
            }
        }
        self.core.ctx.inbox.close();
    }

    fn turn(&mut self) {
        self.sleep();
        // 1. Packets of transfers.
        let (others, requests) = self.receive_from_transfers();
        // 2. Results of the pool, the application's answers, orders.
        self.take_messages();
        // 3. Requests, within their budget.
        self.receive_requests(requests, others);
        // 4. Deadlines.
        self.expire();
        // 5. Everything that is to be sent, in one flush; then the pool and the application are called.
        self.core.flush();
        self.core.end_turn();
    }

    /// Deadlines are believed only when nothing waits in the sockets of transfers: after a pause of the process or of the
    /// system (SIGSTOP, the freezer, suspend) the packets that came meanwhile count first.
    fn expire(&mut self) {
        self.core.close_unused();
        if !self.core.has_due() {
            return;
        }
        for _ in 0..LOOKS + self.core.ports.own_sockets() / SOCKETS_A_LOOK {
            if !self.look() {
                break;
            }
        }
        self.core.expire();
    }

    /// Receives what waits for transfers now. False if there was nothing.
    fn look(&mut self) -> bool {
        // Where looking fails for want of memory nothing is known: once more.
        let is_called = self.core.poller.wait(&mut self.ready, Some(Duration::ZERO));
        if *is_called.as_ref().unwrap_or(&true) {
            self.take_messages();
        }
        let single_port = self.core.single_port;
        self.ready
            .retain(|ready| ready.readable && (ready.key != LISTENING || single_port));
        if self.ready.is_empty() {
            return is_called.is_err();
        }
        self.core.ctx.now = tftp_udp::now();
        for index in 0..self.ready.len() {
            let ready = self.ready[index];
            let has_failed = self.receive_from(ready.key);
            self.look_at_errors(ready, has_failed);
        }
        self.core.flush();
        true
    }

    fn sleep(&mut self) {
        self.ready.clear();
        if self.busy_poll.is_zero() || self.core.table.is_empty() || !self.spin() {
            let patience = self.patience();
            // Waiting fails only for want of memory: the next turn tries again.
            let _ = self.core.poller.wait(&mut self.ready, patience);
        }
        self.core.ctx.now = tftp_udp::now();
    }

    /// How long to sleep at most.
    fn patience(&self) -> Option<Duration> {
        let pause = self.ration.paused_until();
        let pause = pause.map(|until| until.saturating_sub(self.core.ctx.now));
        [self.core.patience(), pause].into_iter().flatten().min()
    }

    /// BusyPollMicros: looks without sleeping for a moment; true if something came, a message too.
    fn spin(&mut self) -> bool {
        let until = tftp_udp::now() + self.busy_poll;
        while tftp_udp::now() < until {
            let is_called = self.core.poller.wait(&mut self.ready, Some(Duration::ZERO));
            if !self.ready.is_empty() || is_called.unwrap_or(true) {
                return true;
            }
            // The thread that writes our files may have to share this processor.
            std::thread::yield_now();
        }
        false
    }

    fn take_messages(&mut self) {
        self.core.ctx.inbox.take(&mut self.messages);
        for message in self.messages.drain(..) {
            self.core.handle(message);
        }
        self.core.ctx.shelf.batch_ends();
    }

    /// Whether transfers have had packets, and what the poller told of the listening port.
    fn receive_from_transfers(&mut self) -> (bool, Option<Ready>) {
        let (mut requests, mut others) = (None, false);
        for index in 0..self.ready.len() {
            let ready = self.ready[index];
            if ready.key == LISTENING && !self.core.single_port {
                requests = Some(ready);
                continue;
            }
            others |= ready.readable;
            let has_failed = ready.readable && self.receive_from(ready.key);
            self.look_at_errors(ready, has_failed);
        }
        (others, requests)
    }

    /// `others`: transfers have had packets in this turn.
    fn receive_requests(&mut self, requests: Option<Ready>, others: bool) {
        let has_failed = match self.ration.resume(self.core.ctx.now) {
            Some(piece) => self.take_piece(piece, others),
            None => requests.is_some_and(|ready| ready.readable) && self.take_ration(others),
        };
        if has_failed || requests.is_some_and(|ready| ready.error) {
            self.core.take_errors(LISTENING);
        }
        self.core.hear_requests(self.ration.paused_until().is_none());
    }

    /// Afterwards: what a client sent before it went away, its last ACK, is in the socket's queue already.
    fn look_at_errors(&mut self, ready: Ready, has_failed: bool) {
        if ready.error || has_failed {
            self.core.take_errors(ready.key);
        }
    }

    /// True if the socket told of an error of an earlier packet: the error queue says whose.
    fn receive_from(&mut self, key: usize) -> bool {
        match self.core.ports.intake(key) {
            Intake::Batches => self.receive_batches(key),
            Intake::One(peer) => self.receive_one(key, peer),
            Intake::Nothing => {
                if let Some(socket) = self.core.ports.get(key) {
                    socket.discard_received(BATCH);
                }
                false
            }
        }
    }

    /// A client in lockstep has one packet under way: one call, and the poller tells of what else there is.
    fn receive_one(&mut self, key: usize, peer: SocketAddr) -> bool {
        let Some(socket) = self.core.ports.get(key) else {
            return false;
        };
        match self.arrivals.receive_from(socket, peer) {
            Ok(count) => {
                self.arrived(key, count);
                false
            }
            Err(error) => error.kind() != ErrorKind::WouldBlock,
        }
    }

    fn receive_batches(&mut self, key: usize) -> bool {
        let mut has_failed = false;
        for _ in 0..BATCHES_A_TURN {
            match self.receive_batch(key, BATCH) {
                Batch::Full => {}
                Batch::Rest => break,
                Batch::Failed => has_failed = true,
            }
        }
        has_failed
    }

    /// As [`Loop::receive_from`], for the listening port.
    fn take_ration(&mut self, others: bool) -> bool {
        if self.core.ctx.shared.settled() == 0 {
            self.ration.forget();
            return self.receive_from(LISTENING);
        }
        let time = others.then(|| tftp_udp::now().saturating_sub(self.core.ctx.now));
        match self.ration.piece(time) {
            Some(piece) => self.take_piece(piece, others),
            None => false,
        }
    }

    fn take_piece(&mut self, piece: Piece, others: bool) -> bool {
        if others {
            // What the transfers have to say does not wait for anybody's requests.
            self.core.flush();
        }
        let begin = tftp_udp::now();
        let (more, has_failed) = self.receive_until(begin + piece.time, piece.first.min(BATCH));
        self.ration.taken(begin, tftp_udp::now(), more);
        has_failed
    }

    /// Whether there is more, and whether the socket told of an error of an earlier packet.
    fn receive_until(&mut self, until: Instant, first: usize) -> (bool, bool) {
        let (mut most, mut has_failed) = (first, false);
        loop {
            match self.receive_batch(LISTENING, most) {
                Batch::Full => {}
                Batch::Rest => return (false, has_failed),
                Batch::Failed if has_failed => return (true, true),
                Batch::Failed => has_failed = true,
            }
            self.core.flush();
            if tftp_udp::now() >= until {
                return (true, has_failed);
            }
            most = (2 * most).min(BATCH);
        }
    }

    fn receive_batch(&mut self, key: usize, most: usize) -> Batch {
        let Some(socket) = self.core.ports.get(key) else {
            return Batch::Rest;
        };
        match self.arrivals.receive(socket, most) {
            Ok(count) => {
                self.arrived(key, count);
                if count < most { Batch::Rest } else { Batch::Full }
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Batch::Rest,
            Err(_) => Batch::Failed,
        }
    }

    fn arrived(&mut self, key: usize, count: usize) {
        (0..count).for_each(|index| self.core.arrive(key, &self.arrivals.get(index)));
        self.core.after_batch();
    }
}
