//! Sending: packets leave at once, or when their port or the network accepts them.

use std::net::SocketAddr;

use tftp_machine::{NetFailure, PortId};

use super::super::event::{Observation, Sent};
use super::super::net::{Flight, Kind};
use super::super::plan::Failing;
use super::{Waiting, Wire};

impl Wire {
    pub fn hand_over(&mut self, port: PortId, to: SocketAddr, bytes: Vec<u8>) {
        let number = self.number(port);
        let sent = Sent {
            port: number,
            to,
            bytes: bytes.clone(),
        };
        self.log.record(Observation::Sent(sent));
        self.outbox.push(Flight {
            from: SocketAddr::new(self.address, number),
            to,
            bytes,
            clean: true,
            kind: Kind::Plain,
        });
    }

    pub fn flush(&mut self) {
        for flight in std::mem::take(&mut self.outbox) {
            self.leave(flight);
        }
        self.release(self.now);
    }

    fn leave(&mut self, flight: Flight) {
        let number = flight.from.port();
        let is_narrow = self.link.is_too_long(&flight) && self.narrow.contains(&flight.to.ip());
        let Some(socket) = self.sockets.get_mut(&number) else {
            return;
        };
        self.counts.left += 1;
        let fails = self.failing == Failing::Packet(self.counts.left);
        let is_too_long = is_narrow && self.link.dont_fragment;
        if fails || is_too_long {
            self.counts.too_long += u64::from(is_too_long);
            let what = if fails {
                NetFailure::Passing
            } else {
                NetFailure::TooLong
            };
            let failure = Waiting::Failure(flight.to, what);
            socket
                .waiting
                .push_front((self.now, self.settled_time.total, failure));
            if !std::mem::replace(&mut socket.is_ready, true) {
                let class = self.class(number);
                self.queue(class).push_back(number);
            }
            return;
        }
        if self.rng.percent(self.faults.congested) {
            self.congested_until = self.now + self.rng.below(5_000);
        }
        if self.rng.percent(self.faults.blocked) {
            socket.blocked_until = self.now + self.rng.below(20_000);
        }
        let is_blocked = socket.blocked_until.max(self.congested_until) > self.now;
        if is_blocked || !socket.stuck.is_empty() {
            self.counts.blocked += 1;
            socket.stuck.push_back(flight);
            self.late.insert(number);
        } else {
            self.departed.push((self.now, flight));
        }
    }

    /// Sends packets that could not leave before, and closes the ports that waited for that.
    pub fn release(&mut self, now: u64) {
        let congested = self.congested_until > now;
        let mut rest = std::mem::take(&mut self.late);
        rest.retain(|&number| {
            let Some(socket) = self.sockets.get_mut(&number) else {
                return false;
            };
            if !congested && socket.blocked_until <= now {
                self.departed
                    .extend(socket.stuck.drain(..).map(|flight| (now, flight)));
            }
            let is_through =
                socket.stuck.is_empty() || socket.closes_at.is_some_and(|at| at <= now);
            if is_through && socket.closes_at.is_some() {
                self.remove(number);
            }
            !is_through
        });
        self.late = rest;
    }

    /// Returns the time of the next [`Wire::release`].
    pub fn next_release(&self) -> Option<u64> {
        let due = |number: &u16| {
            let socket = self.sockets.get(number)?;
            let free = socket.blocked_until.max(self.congested_until);
            Some(socket.closes_at.map_or(free, |at| free.min(at)))
        };
        self.late.iter().filter_map(due).min()
    }

    /// Takes the packets that have left the server, with their times.
    pub fn take_departed(&mut self) -> Vec<(u64, Flight)> {
        std::mem::take(&mut self.departed)
    }
}
