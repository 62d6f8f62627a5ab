//! Receiving: datagrams wait in their sockets until the server takes them.

use std::collections::VecDeque;
use std::net::SocketAddr;

use tftp_machine::{NetFailure, PortId};
use tftp_udp::datagrams::Class;

use super::super::event::{Observation, Received};
use super::super::net::{Flight, Kind};
use super::{Waiting, Wire};

/// The time for one datagram, in microseconds. A request takes longer: it needs a port, a file and
/// table entries.
const TAKE: u64 = 2;
const TAKE_REQUEST: u64 = 12;
/// The most datagrams taken from one port in a row.
const IN_A_ROW: usize = 16;

/// The number of packets of which the time is known at which they were taken: more than those of a
/// turn.
const RECENT: usize = 4096;

/// The time spent on packets of settled transfers.
#[derive(Default)]
pub struct SettledTime {
    pub total: u64,
    /// The times at which the last of them were taken, and the total then.
    recent: VecDeque<(u64, u64)>,
}

impl SettledTime {
    fn add(&mut self, now: u64, cost: u64) {
        self.total += cost;
        self.recent.push_back((now, self.total));
        if self.recent.len() > RECENT {
            self.recent.pop_front();
        }
    }

    /// Returns the total at an earlier time: packets that arrive during a turn are delivered after
    /// it.
    fn until(&self, at: u64) -> u64 {
        let later = self.recent.partition_point(|&(taken, _)| taken <= at);
        match later.checked_sub(1) {
            Some(last) => self.recent[last].1,
            None => self.recent.front().map_or(0, |&(_, total)| total),
        }
    }
}

impl Wire {
    /// Delivers a datagram to its socket. Returns it if its port is closed.
    pub fn deliver(&mut self, at: u64, flight: Flight) -> Result<(), Flight> {
        let number = flight.to.port();
        let class = self.class(number);
        let Some(socket) = self.sockets.get_mut(&number) else {
            return Err(flight);
        };
        if !socket.takes(flight.from) {
            return Err(flight);
        }
        let waiting = match flight.kind {
            Kind::Gone => Waiting::Failure(flight.from, NetFailure::Gone),
            Kind::TooLong => {
                self.narrow.insert(flight.from.ip());
                self.counts.shrunk += 1;
                Waiting::Failure(flight.from, NetFailure::Shrunk)
            }
            _ if socket.waiting.len() >= self.faults.queue => {
                self.counts.overflows += 1;
                return Ok(());
            }
            _ => Waiting::Datagram(flight),
        };
        let settled = self.settled_time.until(at);
        socket.waiting.push_back((at, settled, waiting));
        if !std::mem::replace(&mut socket.is_ready, true) {
            self.queue(class).push_back(number);
        }
        Ok(())
    }

    /// Returns true if a datagram or failure waits that ends the server's wait.
    pub fn has_arrivals(&self) -> bool {
        !self.ready[0].is_empty() || self.until.poll_listeners && !self.ready[1].is_empty()
    }

    /// Takes datagrams of a class, from each port in turn. Returns true if some are left.
    pub fn take(&mut self, class: Class, most: usize, into: &mut Vec<(PortId, Flight)>) -> bool {
        let mut turns = self.queue(class).len();
        while turns > 0 && into.len() < most {
            turns -= 1;
            let Some(number) = self.queue(class).pop_front() else {
                break;
            };
            if self.take_from(number, most.min(into.len() + IN_A_ROW), into) {
                self.queue(class).push_back(number);
            }
        }
        !self.queue(class).is_empty()
    }

    /// Takes datagrams of one port. Returns true if some are left.
    fn take_from(&mut self, number: u16, upto: usize, into: &mut Vec<(PortId, Flight)>) -> bool {
        let Some(socket) = self.sockets.get_mut(&number) else {
            return false;
        };
        while into.len() < upto
            && matches!(socket.waiting.front(), Some((.., Waiting::Datagram(_))))
        {
            let Some((arrived, settled, Waiting::Datagram(flight))) = socket.waiting.pop_front()
            else {
                break;
            };
            let opcode = flight.bytes.get(1).copied().unwrap_or(0);
            let cost = if matches!(opcode, 1 | 2) {
                TAKE_REQUEST
            } else {
                TAKE
            };
            self.now += cost;
            // Requests may take a quarter of that time besides.
            let others = (self.settled_time.total - settled) * 5 / 4;
            if socket.is_settled {
                self.settled_time.add(self.now, cost);
            }
            // A request to a broadcast address begins no transfer.
            let is_broadcast = flight.to.ip() != self.address;
            self.counts.broadcasts += u64::from(is_broadcast);
            let is_request = matches!(opcode, 1 | 2) && flight.bytes[0] == 0 && !is_broadcast;
            self.log.record(Observation::Received(Received {
                at: self.now,
                from: flight.from,
                port: number,
                kind: flight.kind,
                opcode,
                request: is_request.then(|| flight.bytes.as_slice().into()),
                waited: self.now.saturating_sub(arrived.max(self.resumed_at) + others),
                is_settled: socket.is_settled,
            }));
            into.push((socket.id, flight));
        }
        socket.is_ready = !socket.waiting.is_empty();
        socket.is_ready
    }

    /// Reports the failures that arrived before every datagram which still waits at their port.
    pub fn failures(&mut self, mut each: impl FnMut(PortId, SocketAddr, NetFailure)) {
        for number in self.ready.iter().flatten() {
            let Some(socket) = self.sockets.get_mut(number) else {
                continue;
            };
            while let Some((.., Waiting::Failure(peer, what))) = socket.waiting.front() {
                each(socket.id, *peer, *what);
                socket.waiting.pop_front();
            }
        }
    }
}
