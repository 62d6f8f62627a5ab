//! Outgoing packets until the system accepts them, their failures, and ports that close after their
//! last packets.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tftp_proto::Instant;

#[cfg(linux)]
use crate::bundle::Bundle;
use crate::datagrams::{Failure, NetFailure, PortId};
use crate::{Ports, SendBatch, is_too_long};

/// The time that a port stays open for packets that the system does not accept.
const LAST: Duration = Duration::from_secs(1);

pub(super) struct Departures {
    pub(super) batch: SendBatch,
    dont_fragment: bool,
    /// Sockets whose send buffer is full.
    blocked: Vec<usize>,
    /// Sockets whose device has no room.
    congested: Vec<usize>,
    /// Ports to close as soon as none of their packets is queued, with the time at which they close
    /// in any case.
    closing: Vec<(usize, Instant)>,
    failures: Vec<Failure>,
}

impl Departures {
    pub(super) fn new(batch: SendBatch, dont_fragment: bool) -> Departures {
        Departures {
            batch,
            dont_fragment,
            blocked: Vec::new(),
            congested: Vec::new(),
            closing: Vec::new(),
            failures: Vec::new(),
        }
    }

    /// Returns true if packets have failed since the last [`Departures::take_failures`].
    pub(super) fn have_failed(&self) -> bool {
        !self.failures.is_empty()
    }

    pub(super) fn is_congested(&self) -> bool {
        !self.congested.is_empty()
    }

    /// Returns true if packets wait for room in a send buffer or a device.
    pub(super) fn are_stuck(&self) -> bool {
        !self.congested.is_empty() || !self.blocked.is_empty()
    }

    pub(super) fn is_blocked(&self, index: usize) -> bool {
        self.blocked.contains(&index)
    }

    pub(super) fn are_closing(&self) -> bool {
        !self.closing.is_empty()
    }

    pub(super) fn is_closing(&self, index: usize) -> bool {
        !self.closing.is_empty() && self.closing.iter().any(|&(closing, _)| closing == index)
    }

    /// Returns the time at which the next closing port closes in any case.
    pub(super) fn closing_at(&self) -> Option<Instant> {
        if self.closing.is_empty() {
            return None;
        }
        self.closing.iter().map(|&(_, at)| at).min()
    }

    /// Closes a port once its last packets have left.
    pub(super) fn close(&mut self, index: usize, now: Instant) {
        if !self.is_closing(index) {
            self.closing.push((index, now + LAST));
        }
    }

    /// Returns a port to close now: none of its packets is queued any more, or its time is over.
    /// Packets that could not be sent are dropped, because they must not reach the next client.
    pub(super) fn take_left(&mut self, now: Instant) -> Option<usize> {
        let batch = &self.batch;
        let has_left = |&(index, until): &(usize, Instant)| until <= now || !batch.holds(index);
        let at = self.closing.iter().position(has_left)?;
        let (index, _) = self.closing.swap_remove(at);
        if self.batch.holds(index) {
            self.batch.forget(index);
        }
        self.blocked.retain(|&blocked| blocked != index);
        self.congested.retain(|&congested| congested != index);
        Some(index)
    }

    /// Sends the queued packets. Returns the sockets that became blocked or unblocked, if there can
    /// be any.
    #[inline]
    pub(super) fn flush(
        &mut self,
        #[cfg(linux)] bundle: &mut Bundle,
        ports: &Ports,
    ) -> Option<Vec<usize>> {
        let is_stuck = self.are_stuck();
        // While sockets are stuck, other packets must not overtake theirs.
        #[cfg(linux)]
        if !is_stuck && self.batch.flush_together(bundle, |index| ports.get(index)) {
            return None;
        }
        if !is_stuck && (self.batch.flush_one(|index| ports.get(index)) || self.batch.is_empty()) {
            return None;
        }
        self.flush_all(ports)
    }

    fn flush_all(&mut self, ports: &Ports) -> Option<Vec<usize>> {
        let report = self.batch.flush(&|index| ports.get(index));
        if !report.failed.is_empty() {
            for (route, error) in report.failed {
                self.fail(ports.id(route.socket), Some(route.peer), error);
            }
        }
        let is_stuck = !report.congested.is_empty() || !report.blocked.is_empty();
        if !is_stuck && self.congested.is_empty() && self.blocked.is_empty() {
            return None;
        }
        self.congested = report.congested;
        let before = std::mem::replace(&mut self.blocked, report.blocked);
        let ceased = before.iter().filter(|index| !self.blocked.contains(index));
        let begun = self.blocked.iter().filter(|index| !before.contains(index));
        Some(ceased.chain(begun).copied().collect())
    }

    /// Records the failure of a packet.
    pub(super) fn fail(&mut self, port: PortId, peer: Option<SocketAddr>, error: io::Error) {
        self.failures.push(Failure {
            port,
            peer,
            what: self.what(&error),
            error,
        });
    }

    /// Classifies a failure. Without Don't Fragment, Linux accepts datagrams of any length: one
    /// that is too long met a path whose MTU is smaller than that of its first link (IPv6 Packet
    /// Too Big), and is fragmented the next time. Other systems never accept it.
    fn what(&self, error: &io::Error) -> NetFailure {
        if is_too_long(error) {
            let never = self.dont_fragment || !cfg!(linux);
            return if never {
                NetFailure::TooLong
            } else {
                NetFailure::Shrunk
            };
        }
        match error.kind() {
            io::ErrorKind::ConnectionRefused => NetFailure::Gone,
            _ => NetFailure::Passing,
        }
    }

    /// Moves the failures of open ports to `each` and drops the others.
    pub(super) fn take_failures(&mut self, ports: &Ports, each: &mut Vec<Failure>) {
        let mut failures = std::mem::take(&mut self.failures);
        failures.retain(|failure| {
            let place = ports.place(failure.port);
            place.is_some_and(|index| !self.is_closing(index))
        });
        each.append(&mut failures);
    }
}
