//! What arrives: which sockets have something, and what was taken from them.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use super::departures::Departures;
use crate::datagrams::{Datagram, PortId, Received};
use crate::{Intake, IoMode, LISTENING, Poller, Ports, Ready, RecvBatch};

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

/// What one call on a private socket brought.
enum One {
    Taken,
    Nothing,
    /// The error of an earlier packet: what the peer sent before is behind it.
    Failed,
}

pub(super) struct Arrivals {
    batch: RecvBatch,
    /// Where the datagrams in the batch came to: all to `origin`, or each to the one of its index.
    origin: PortId,
    origins: Vec<PortId>,
    /// Sockets that the poller told of; those before `at` have had their turn.
    ready: Vec<Ready>,
    at: usize,
    /// Full batches of the socket whose turn it is.
    turns: usize,
    /// Requests wait, as far as is known.
    requests: bool,
    /// Sockets whose error queues have something, and whose datagrams have been received.
    failed: Vec<usize>,
}

impl Arrivals {
    pub(super) fn new(mode: IoMode) -> Arrivals {
        Arrivals {
            batch: RecvBatch::new(BATCH, DATAGRAM, mode),
            origin: PortId {
                index: 0,
                generation: 0,
            },
            origins: Vec::new(),
            ready: Vec::new(),
            at: 0,
            turns: 0,
            requests: false,
            failed: Vec::new(),
        }
    }

    /// Nothing is known to wait.
    pub(super) fn is_empty(&self) -> bool {
        self.ready.is_empty() && !self.requests && self.failed.is_empty()
    }

    /// Something that the poller told of has not been received.
    pub(super) fn is_left(&self) -> bool {
        self.at < self.ready.len()
    }

    /// Waits, and sorts what the poller tells of. True if a waker has called.
    ///
    /// What was left is told of again.
    pub(super) fn look(&mut self, poller: &Poller, time: Option<Duration>, single_port: bool) -> bool {
        (self.at, self.turns) = (0, 0);
        // Waiting fails only for want of memory, and then nothing is known: the next turn tries again.
        let is_called = poller.wait(&mut self.ready, time).unwrap_or_else(|_| {
            self.ready.clear();
            true
        });
        let (requests, failed) = (&mut self.requests, &mut self.failed);
        self.ready.retain(|ready| {
            let is_requests = ready.key == LISTENING && !single_port;
            *requests |= is_requests && ready.readable;
            if ready.error && (is_requests || !ready.readable) {
                failed.push(ready.key);
            }
            ready.readable && !is_requests
        });
        is_called
    }

    /// The listening socket is gone.
    pub(super) fn forget_requests(&mut self) {
        self.requests = false;
        self.ready.retain(|ready| ready.key != LISTENING);
        self.at = self.at.min(self.ready.len());
    }

    pub(super) fn get(&self, index: usize) -> Datagram<'_> {
        let arrival = self.batch.get(index);
        Datagram {
            port: self.origins.get(index).copied().unwrap_or(self.origin),
            peer: arrival.peer,
            local: arrival.local,
            broadcast: arrival.broadcast,
            bytes: arrival.bytes,
        }
    }

    /// Takes what waits for transfers: one batch of one socket, or one datagram of each of many.
    pub(super) fn receive(&mut self, ports: &Ports, departures: &Departures, most: usize) -> Received {
        self.batch.clear();
        self.origins.clear();
        let mut count = 0;
        while count == 0
            && let Some(&ready) = self.ready.get(self.at)
        {
            match ports.intake(ready.key) {
                _ if departures.is_closing(ready.key) => self.discard(ports, ready),
                Intake::Nothing => self.discard(ports, ready),
                Intake::Batches => count = self.receive_batch(ports, ready, most.min(BATCH)),
                Intake::One(_) => count = self.gather(ports, departures, most.min(BATCH)),
            }
        }
        Received {
            count,
            more: self.is_left(),
        }
    }

    /// The same for the listening port. `unheard`: the poller was not told to look at it.
    pub(super) fn receive_requests(&mut self, ports: &Ports, most: usize, unheard: bool) -> Received {
        self.origins.clear();
        self.batch.clear();
        if !self.requests && !unheard {
            return Received::default();
        }
        let Some(socket) = ports.get(LISTENING) else {
            return Received::default();
        };
        self.origin = ports.id(LISTENING);
        for _ in 0..2 {
            let (count, batch) = receive(&mut self.batch, socket, most.min(BATCH));
            self.requests = batch != Batch::Rest;
            if batch != Batch::Failed {
                let more = self.requests;
                return Received { count, more };
            }
            self.failed.push(LISTENING);
        }
        Received { count: 0, more: true }
    }

    /// Takes the errors of earlier packets.
    pub(super) fn take_errors(&mut self, ports: &Ports, departures: &mut Departures) {
        for index in self.failed.drain(..) {
            let Some(socket) = ports.get(index) else {
                continue;
            };
            let port = ports.id(index);
            let is_over = ports.intake(index) == Intake::Nothing || departures.is_closing(index);
            socket.take_errors(&mut |peer, error| {
                if !is_over {
                    departures.fail(port, Some(peer), error);
                }
            });
        }
    }

    fn discard(&mut self, ports: &Ports, ready: Ready) {
        if let Some(socket) = ports.get(ready.key) {
            socket.discard_received(BATCH);
        }
        self.next();
    }

    fn next(&mut self) {
        (self.at, self.turns) = (self.at + 1, 0);
    }

    fn receive_batch(&mut self, ports: &Ports, ready: Ready, most: usize) -> usize {
        let Some(socket) = ports.get(ready.key) else {
            self.next();
            return 0;
        };
        self.origin = ports.id(ready.key);
        let (count, batch) = receive(&mut self.batch, socket, most);
        self.turns += 1;
        self.ready[self.at].error |= batch == Batch::Failed;
        if batch == Batch::Rest || self.turns == BATCHES_A_TURN {
            self.end();
        }
        count
    }

    /// The socket's turn is over; its errors come after what has been received.
    fn end(&mut self) {
        let ready = self.ready[self.at];
        if ready.error {
            self.failed.push(ready.key);
        }
        self.next();
    }

    /// Takes one datagram of each private socket that comes next. A client in lockstep has one under way: one call, and
    /// the poller tells of what else there is. Where errors wait everything before them is taken.
    fn gather(&mut self, ports: &Ports, departures: &Departures, most: usize) -> usize {
        let mut count = 0;
        while count < most
            && let Some(&ready) = self.ready.get(self.at)
            && !departures.is_closing(ready.key)
            && let Intake::One(peer) = ports.intake(ready.key)
        {
            match self.receive_one(ports, ready.key, peer) {
                One::Taken => {
                    count += 1;
                    if !ready.error {
                        self.next();
                    }
                }
                One::Failed if self.turns < BATCHES_A_TURN => {
                    self.turns += 1;
                    self.ready[self.at].error = true;
                }
                One::Failed | One::Nothing => self.end(),
            }
        }
        count
    }

    /// One datagram of a private socket. One of anybody else, which came before the socket was connected, is nothing: the
    /// poller tells of what is behind it.
    fn receive_one(&mut self, ports: &Ports, key: usize, peer: SocketAddr) -> One {
        let Some(socket) = ports.get(key) else {
            return One::Nothing;
        };
        match self.batch.receive_one_more(socket, peer) {
            Ok(0) => One::Nothing,
            Ok(_) => {
                self.origins.push(ports.id(key));
                One::Taken
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => One::Nothing,
            Err(_) => One::Failed,
        }
    }
}

fn receive(batch: &mut RecvBatch, socket: &crate::UdpSocket, most: usize) -> (usize, Batch) {
    match batch.receive(socket, most) {
        Ok(count) if count < most => (count, Batch::Rest),
        Ok(count) => (count, Batch::Full),
        Err(error) if error.kind() == ErrorKind::WouldBlock => (0, Batch::Rest),
        Err(_) => (0, Batch::Failed),
    }
}
