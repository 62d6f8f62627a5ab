//! What arrives: which sockets have something, and what was taken from them.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use super::departures::Departures;
#[cfg(linux)]
use crate::bundle::{Bundle, CALLS};
use crate::datagrams::{Datagram, PortId, Received};
use crate::{Inlet, IoMode, LISTENING, Poller, Ports, Reading, Ready, RecvBatch, UdpSocket};

/// Datagrams of one system call, and how many calls one socket gets before the next has its turn.
const BATCH: usize = 64;
const BATCHES_A_TURN: usize = 4;

/// The longest UDP datagram, and the longest run of those that come in one piece.
const DATAGRAM: usize = 65_536;

/// What one receiving call brought.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Batch {
    /// As much as was asked for: there may be more.
    Full,
    /// All that waited.
    Rest,
    /// The error of an earlier packet.
    Failed,
}

/// What the last receiving call brought.
struct Delivery {
    batch: RecvBatch,
    /// Where the datagrams in the batch came to: all to `origin`, or each to the one of its index.
    origin: PortId,
    origins: Vec<PortId>,
}

impl Delivery {
    /// Slots that nothing has come to: memory is taken as datagrams need it.
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

    /// One of its datagrams.
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

/// What arrives at one thread's sockets.
pub(super) struct Arrivals {
    last: Delivery,
    waiting: Waiting,
}

/// Where something is known to wait.
#[derive(Default)]
struct Waiting {
    /// Sockets that the poller told of; those before `at` have had their turn.
    ready: Vec<Ready>,
    at: usize,
    /// Calls for the socket whose turn it is that did not end it.
    turns: usize,
    /// Sockets that were ready and had no turn before the poller was asked again.
    passed_over: Vec<usize>,
    /// Requests wait, as far as is known.
    requests: bool,
    /// Sockets whose error queues have something, and whose datagrams have been received.
    failed: Vec<usize>,
}

impl Arrivals {
    pub(super) fn new(mode: IoMode) -> Arrivals {
        Arrivals {
            last: Delivery::new(mode),
            waiting: Waiting::default(),
        }
    }

    /// Nothing is known to wait.
    pub(super) fn is_empty(&self) -> bool {
        let Waiting {
            ready,
            requests,
            failed,
            ..
        } = &self.waiting;
        ready.is_empty() && !requests && failed.is_empty()
    }

    /// Something that the poller told of has not been received.
    pub(super) fn is_left(&self) -> bool {
        self.waiting.is_left()
    }

    /// Sockets have errors to tell.
    pub(super) fn have_failed(&self) -> bool {
        !self.waiting.failed.is_empty()
    }

    /// Requests are known to wait.
    pub(super) fn have_requests(&self) -> bool {
        self.waiting.requests
    }

    /// Waits, and sorts what the poller reports. True if a waker has called.
    pub(super) fn look(&mut self, poller: &Poller, time: Option<Duration>, single_port: bool) -> bool {
        let waiting = &mut self.waiting;
        let begun = waiting.begin_anew();
        // Waiting fails only for want of memory, and then nothing is known: the next turn tries again.
        let is_called = poller.wait(&mut waiting.ready, time).unwrap_or_else(|_| {
            waiting.ready.clear();
            true
        });
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

    /// A socket's port is closed: errors that are still in its queue are of nobody's packets.
    pub(super) fn forget_errors(&mut self, index: usize) {
        self.waiting.failed.retain(|&failed| failed != index);
    }

    /// The listening socket is gone.
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

    /// Empty slots, and where something waits.
    fn slots(&mut self) -> (&mut Delivery, &mut Waiting) {
        self.last.clear();
        (&mut self.last, &mut self.waiting)
    }

    /// Takes what waits for transfers: one batch of one socket, or one datagram of each of many.
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

    /// The same for the listening port. `unheard`: the poller was not told to look at it.
    pub(super) fn receive_requests(&mut self, ports: &Ports, most: usize, unheard: bool) -> Received {
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
        Received { count: 0, more: true }
    }

    /// Takes the errors of earlier packets.
    pub(super) fn take_errors(&mut self, ports: &Ports, departures: &mut Departures) {
        for index in self.waiting.failed.drain(..) {
            let Some(inlet) = ports.inlet(index) else {
                continue;
            };
            let is_over = inlet.reading == Reading::Nothing || departures.is_closing(index);
            inlet.socket.take_errors(&mut |peer, error| {
                if !is_over {
                    departures.fail(inlet.id, Some(peer), error);
                }
            });
        }
    }
}

impl Waiting {
    fn is_left(&self) -> bool {
        self.at < self.ready.len()
    }

    /// Forgets what is ready, except for the sockets that had no turn. Returns the one that is in the middle of its turn.
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

    /// The poller may report the same sockets first each time: those that had no turn go before them, and the one that
    /// was in the middle of its turn comes last.
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

    fn receive(&mut self, last: &mut Delivery, ports: &Ports, departures: &Departures, most: usize) -> usize {
        let mut count = 0;
        while count < most
            && let Some(&ready) = self.ready.get(self.at)
        {
            let Some(inlet) = ports.inlet(ready.key) else {
                self.next();
                continue;
            };
            match inlet.reading {
                _ if departures.is_closing(ready.key) => self.discard(inlet),
                Reading::Nothing => self.discard(inlet),
                Reading::One => count += self.receive_one(last, ports, inlet, ready.error),
                // Those take all slots.
                Reading::Batches if count > 0 => break,
                Reading::Batches => {
                    count = self.receive_batch(last, inlet, most);
                    if count > 0 {
                        break;
                    }
                }
            }
        }
        count
    }

    /// Takes one datagram of each of many private sockets, where so many are ready one behind the other and nothing but
    /// their peers' packets waits. Those that tell of an error come next, by themselves.
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
            let inlet = ports.inlet(ready.key).filter(|inlet| inlet.is_clean)?;
            let is_plain = inlet.reading == Reading::One && !ready.error && !departures.is_closing(ready.key);
            is_plain.then_some((inlet.socket, inlet.peer?))
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

    fn discard(&mut self, inlet: Inlet<'_>) {
        inlet.socket.discard_received(BATCH);
        self.next();
    }

    fn next(&mut self) {
        (self.at, self.turns) = (self.at + 1, 0);
    }

    /// The socket's turn is over; its errors come after what has been received.
    fn end(&mut self) {
        let ready = self.ready[self.at];
        if ready.error {
            self.failed.push(ready.key);
        }
        self.next();
    }

    fn receive_batch(&mut self, last: &mut Delivery, inlet: Inlet<'_>, most: usize) -> usize {
        last.origin = inlet.id;
        let (count, batch) = receive(&mut last.batch, inlet.socket, most, inlet.peer);
        self.turns += 1;
        self.ready[self.at].error |= batch == Batch::Failed;
        if batch == Batch::Rest || self.turns == BATCHES_A_TURN {
            self.end();
        }
        count
    }

    /// Takes one datagram of a private socket. A client in lockstep has one under way: one call, and the poller tells of
    /// what else there is. Where errors wait everything before them is taken. One of anybody else, which came before the
    /// socket was connected, is nothing.
    fn receive_one(
        &mut self,
        last: &mut Delivery,
        ports: &Ports,
        inlet: Inlet<'_>,
        has_errors: bool,
    ) -> usize {
        let Some(peer) = inlet.peer else {
            self.next();
            return 0;
        };
        match last.batch.receive_one_more(inlet.socket, peer) {
            Ok(1) => {
                last.origins.push(inlet.id);
                if !inlet.is_clean {
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
                // The error of an earlier packet: what the peer sent before is behind it.
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
