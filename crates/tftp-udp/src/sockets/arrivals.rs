//! Received datagrams: finds the sockets that have some, and keeps those of the last call.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use super::departures::Departures;
#[cfg(linux)]
use crate::bundle::{Bundle, CALLS};
use crate::datagrams::{Datagram, PortId, Received};
use crate::wake::PAUSE;
use crate::{
    EVENTS, IoMode, LISTENING, Poller, Ports, Reading, Ready, RecvBatch, RecvSocket, UdpSocket,
};

/// The number of datagrams per system call, and the number of calls for one socket before the next
/// has its turn.
const BATCH: usize = 64;
const BATCHES_A_TURN: usize = 4;

/// A poll that reports fewer sockets than this has reported all that have something. One event may
/// be a wake-up.
const POLLED: usize = EVENTS - 1;

/// The size in bytes of the longest UDP datagram, and of the longest run of coalesced ones.
const DATAGRAM: usize = 65_536;

/// The result of one receiving call.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Batch {
    /// As many as requested: there may be more.
    Full,
    /// All that were queued.
    Rest,
    /// The error of an earlier packet.
    Failed,
}

/// The datagrams of the last receiving call.
struct Delivery {
    batch: RecvBatch,
    /// The ports at which they arrived: `origin` for all, or one in `origins` for each.
    origin: PortId,
    origins: Vec<PortId>,
}

impl Delivery {
    /// Creates empty slots; memory is allocated as datagrams need it.
    fn new(mode: IoMode) -> Delivery {
        Delivery {
            batch: RecvBatch::new(BATCH, DATAGRAM, mode),
            origin: PortId {
                index: 0,
                generation: 0,
            },
            origins: Vec::new(),
        }
    }

    /// Returns one of its datagrams.
    ///
    /// # Panics
    /// If there is none of that index.
    #[inline]
    fn get(&self, index: usize) -> Datagram<'_> {
        let arrival = self.batch.get(index);
        debug_assert!(!arrival.truncated, "a slot holds the longest datagram");
        Datagram {
            port: *self.origins.get(index).unwrap_or(&self.origin),
            peer: arrival.peer,
            local: arrival.local,
            broadcast: arrival.broadcast,
            bytes: arrival.bytes,
        }
    }

    fn clear(&mut self) {
        self.batch.clear();
        self.origins.clear();
    }
}

/// The state of receiving from one thread's sockets.
pub(super) struct Arrivals {
    last: Delivery,
    waiting: Waiting,
}

/// The sockets that are known to have something.
#[derive(Default)]
struct Waiting {
    /// Sockets that the poller reported; those before `at` have had their turn.
    ready: Vec<Ready>,
    at: usize,
    /// The number of calls in the current socket's turn so far.
    turns: usize,
    /// Sockets that were ready and had no turn before the poller was called again.
    passed_over: Vec<usize>,
    /// True if the last poll has reported all sockets that have something.
    are_all_known: bool,
    /// True if requests are known to be queued.
    requests: bool,
    /// Sockets with a nonempty error queue whose datagrams have been received.
    failed: Vec<usize>,
}

impl Arrivals {
    pub(super) fn new(mode: IoMode) -> Arrivals {
        Arrivals {
            last: Delivery::new(mode),
            waiting: Waiting::default(),
        }
    }

    /// Returns true if something is known to be queued. Requests count only if they are `heard`: if
    /// they end a wait.
    pub(super) fn have_news(&self, heard: bool) -> bool {
        let Waiting {
            ready,
            requests,
            failed,
            ..
        } = &self.waiting;
        !ready.is_empty() || (*requests && heard) || !failed.is_empty()
    }

    /// Returns true if a socket that the poller reported has not been read to its end.
    pub(super) fn is_left(&self) -> bool {
        self.waiting.is_left()
    }

    /// Returns true if sockets have errors to report.
    pub(super) fn have_failed(&self) -> bool {
        !self.waiting.failed.is_empty()
    }

    /// Returns true if requests are known to be queued.
    pub(super) fn have_requests(&self) -> bool {
        self.waiting.requests
    }

    /// Waits, and sorts the sockets that the poller reports. Returns true if a waker has called.
    pub(super) fn look(
        &mut self,
        poller: &Poller,
        time: Option<Duration>,
        single_port: bool,
    ) -> bool {
        let waiting = &mut self.waiting;
        let begun = waiting.begin_anew();
        // Waiting fails only if memory is short. Nothing is known then, and the next turn tries
        // again, after a pause: the error may stay.
        let polled = poller.wait(&mut waiting.ready, time);
        let is_failed = polled.is_err();
        let is_called = polled.unwrap_or_else(|_| {
            waiting.ready.clear();
            std::thread::sleep(PAUSE);
            true
        });
        waiting.are_all_known = waiting.ready.len() < POLLED && !is_failed;
        let (requests, failed) = (&mut waiting.requests, &mut waiting.failed);
        let is_plain = |ready: &Ready| ready.readable && (ready.key != LISTENING || single_port);
        if !waiting.ready.iter().all(is_plain) {
            waiting.ready.retain(|ready| {
                let is_requests = ready.key == LISTENING && !single_port;
                *requests |= is_requests && ready.readable;
                if ready.error && (is_requests || !ready.readable) {
                    failed.push(ready.key);
                }
                ready.readable && !is_requests
            });
        }
        waiting.rotate(begun);
        is_called
    }

    /// Returns true if the last poll has reported all sockets that have something.
    pub(super) fn are_all_known(&self) -> bool {
        self.waiting.are_all_known
    }

    /// Returns true if the last poll has reported nothing of a socket.
    pub(super) fn is_quiet(&self, index: usize) -> bool {
        let Waiting { ready, failed, .. } = &self.waiting;
        self.are_all_known()
            && !failed.contains(&index)
            && ready.iter().all(|ready| ready.key != index)
    }

    /// Called when a socket's port is closed: errors still in its queue concern no open port.
    pub(super) fn forget_errors(&mut self, index: usize) {
        self.waiting.failed.retain(|&failed| failed != index);
    }

    /// Called when the listening socket is closed.
    pub(super) fn forget_requests(&mut self) {
        let waiting = &mut self.waiting;
        waiting.requests = false;
        let at = waiting.at.min(waiting.ready.len());
        waiting.ready.drain(..at);
        waiting.at = 0;
        waiting.ready.retain(|ready| ready.key != LISTENING);
    }

    #[inline]
    pub(super) fn get(&self, index: usize) -> Datagram<'_> {
        self.last.get(index)
    }

    /// Returns the emptied slots, and the sockets that have something.
    fn slots(&mut self) -> (&mut Delivery, &mut Waiting) {
        self.last.clear();
        (&mut self.last, &mut self.waiting)
    }

    /// Receives datagrams for transfers: one batch of one socket, or one datagram of each of many.
    pub(super) fn receive(
        &mut self,
        #[cfg(linux)] bundle: &mut Bundle,
        ports: &Ports,
        departures: &Departures,
        most: usize,
    ) -> Received {
        let (last, waiting) = self.slots();
        #[cfg(linux)]
        {
            let count = waiting.receive_together(last, bundle, ports, departures, most.min(BATCH));
            if count > 0 {
                let more = waiting.is_left();
                return Received { count, more };
            }
        }
        let count = waiting.receive(last, ports, departures, most.min(BATCH));
        Received {
            count,
            more: waiting.is_left(),
        }
    }

    /// Receives requests from the listening port. `unheard`: the poller does not watch that port.
    pub(super) fn receive_requests(
        &mut self,
        ports: &Ports,
        most: usize,
        unheard: bool,
    ) -> Received {
        let (last, waiting) = self.slots();
        if !waiting.requests && !unheard {
            return Received::default();
        }
        let Some(socket) = ports.get(LISTENING) else {
            return Received::default();
        };
        last.origin = ports.id(LISTENING);
        for _ in 0..2 {
            let (count, batch) = receive(&mut last.batch, socket, most.min(BATCH), None);
            waiting.requests = batch != Batch::Rest;
            if batch != Batch::Failed {
                let more = waiting.requests;
                return Received { count, more };
            }
            waiting.failed.push(LISTENING);
        }
        Received {
            count: 0,
            more: true,
        }
    }

    /// Takes the errors of earlier packets and reports them as failures.
    pub(super) fn take_errors(&mut self, ports: &Ports, departures: &mut Departures) {
        for index in self.waiting.failed.drain(..) {
            let Some(recv_socket) = ports.recv_socket(index) else {
                continue;
            };
            let is_over = recv_socket.reading == Reading::Nothing || departures.is_closing(index);
            recv_socket.socket.take_errors(&mut |peer, error| {
                if !is_over {
                    departures.fail(recv_socket.id, Some(peer), error);
                }
            });
        }
    }
}

impl Waiting {
    fn is_left(&self) -> bool {
        self.at < self.ready.len()
    }

    /// Drops the ready list, except for the sockets that had no turn. Returns the socket that is in
    /// the middle of its turn.
    fn begin_anew(&mut self) -> Option<usize> {
        self.passed_over.clear();
        let mut begun = None;
        if self.is_left() {
            let mut left = self.ready[self.at..].iter().map(|ready| ready.key);
            begun = if self.turns > 0 { left.next() } else { None };
            self.passed_over.extend(left);
        }
        (self.at, self.turns) = (0, 0);
        begun
    }

    /// Sorts the ready list, because the poller may report the same sockets first each time: those
    /// that had no turn come first, and the one that was in the middle of its turn comes last.
    fn rotate(&mut self, begun: Option<usize>) {
        if self.passed_over.is_empty() && begun.is_none() {
            return;
        }
        let passed_over = &self.passed_over;
        self.ready.sort_by_key(|ready| {
            if passed_over.contains(&ready.key) {
                0
            } else if begun == Some(ready.key) {
                2
            } else {
                1
            }
        });
    }

    fn receive(
        &mut self,
        last: &mut Delivery,
        ports: &Ports,
        departures: &Departures,
        most: usize,
    ) -> usize {
        let mut count = 0;
        while count < most
            && let Some(&ready) = self.ready.get(self.at)
        {
            let Some(recv_socket) = ports.recv_socket(ready.key) else {
                self.next();
                continue;
            };
            match recv_socket.reading {
                _ if departures.is_closing(ready.key) => self.discard(recv_socket),
                Reading::Nothing => self.discard(recv_socket),
                Reading::One => count += self.receive_one(last, ports, recv_socket, ready.error),
                // A batch needs all slots.
                Reading::Batches if count > 0 => break,
                Reading::Batches => {
                    count = self.receive_batch(last, recv_socket, most);
                    if count > 0 {
                        break;
                    }
                }
            }
        }
        count
    }

    /// Receives one datagram from each of many private sockets. They must be next to each other in
    /// the ready list, enough for a bundle, and have only their peers' packets. Those whose call
    /// failed come next, each by itself.
    #[cfg(linux)]
    fn receive_together(
        &mut self,
        last: &mut Delivery,
        bundle: &mut Bundle,
        ports: &Ports,
        departures: &Departures,
        most: usize,
    ) -> usize {
        let ready = &mut self.ready[self.at..];
        if self.turns > 0 || !bundle.is_worthwhile(ready.len().min(most)) {
            return 0;
        }
        let socket = |ready: &Ready| {
            let recv_socket = ports
                .recv_socket(ready.key)
                .filter(|recv_socket| recv_socket.is_clean)?;
            let is_plain = recv_socket.reading == Reading::One
                && !ready.error
                && !departures.is_closing(ready.key);
            is_plain.then_some((recv_socket.socket, recv_socket.peer?))
        };
        let sockets = ready.iter().take(most.min(CALLS)).map_while(socket);
        let taken = sockets.clone().count();
        if !bundle.is_worthwhile(taken) {
            return 0;
        }
        let (mut at, mut failed) = (0, Vec::new());
        last.batch.receive_together(bundle, sockets, |received| {
            match received {
                Ok(()) => last.origins.push(ports.id(ready[at].key)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => failed.push(Ready {
                    error: true,
                    ..ready[at]
                }),
            }
            at += 1;
        });
        let done = taken - failed.len();
        ready[done..taken].copy_from_slice(&failed);
        self.at += done;
        last.origins.len()
    }

    fn discard(&mut self, recv_socket: RecvSocket<'_>) {
        recv_socket.socket.discard_received(BATCH);
        self.next();
    }

    fn next(&mut self) {
        (self.at, self.turns) = (self.at + 1, 0);
    }

    /// Ends the socket's turn; its errors are reported after its datagrams.
    fn end(&mut self) {
        let ready = self.ready[self.at];
        if ready.error {
            self.failed.push(ready.key);
        }
        self.next();
    }

    fn receive_batch(
        &mut self,
        last: &mut Delivery,
        recv_socket: RecvSocket<'_>,
        most: usize,
    ) -> usize {
        last.origin = recv_socket.id;
        let (count, batch) = receive(&mut last.batch, recv_socket.socket, most, recv_socket.peer);
        self.turns += 1;
        self.ready[self.at].error |= batch == Batch::Failed;
        if batch == Batch::Rest || self.turns == BATCHES_A_TURN {
            self.end();
        }
        count
    }

    /// Receives one datagram from a private socket. A client in lockstep has one in flight, so that
    /// one call is enough; the poller reports further ones. If errors are pending, all datagrams
    /// before them are received. Returns 0 for a datagram of another peer, which came before the
    /// socket was connected.
    fn receive_one(
        &mut self,
        last: &mut Delivery,
        ports: &Ports,
        recv_socket: RecvSocket<'_>,
        has_errors: bool,
    ) -> usize {
        let Some(peer) = recv_socket.peer else {
            self.next();
            return 0;
        };
        match last.batch.receive_one_more(recv_socket.socket, peer) {
            Ok(1) => {
                last.origins.push(recv_socket.id);
                if !recv_socket.is_clean {
                    ports.heard(self.ready[self.at].key);
                }
                if has_errors {
                    self.turns = self.turns.max(1);
                } else {
                    self.next();
                }
                return 1;
            }
            Err(error) if error.kind() != ErrorKind::WouldBlock && self.turns < BATCHES_A_TURN => {
                // The error of an earlier packet: datagrams that the peer sent before are behind
                // it.
                self.turns += 1;
                self.ready[self.at].error = true;
            }
            _ => self.end(),
        }
        0
    }
}

fn receive(
    batch: &mut RecvBatch,
    socket: &UdpSocket,
    most: usize,
    peer: Option<&SocketAddr>,
) -> (usize, Batch) {
    match batch.receive_of(socket, most, peer) {
        Ok(count) if count < most => (count, Batch::Rest),
        Ok(count) => (count, Batch::Full),
        Err(error) if error.kind() == ErrorKind::WouldBlock => (0, Batch::Rest),
        Err(_) => (0, Batch::Failed),
    }
}
