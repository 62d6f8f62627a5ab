//! What leaves: packets until the system takes them, what became of them, and ports that wait for their last ones.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tftp_proto::Instant;

#[cfg(linux)]
use crate::bundle::Bundle;
use crate::datagrams::{Failure, NetFailure, PortId};
use crate::{Ports, SendBatch, is_too_long};

/// How long a port stays open for packets that the system does not take.
const LAST: Duration = Duration::from_secs(1);

pub(super) struct Departures {
    pub(super) batch: SendBatch,
    dont_fragment: bool,
    /// Sockets that wait for the system to take more.
    blocked: Vec<usize>,
    /// Sockets whose device has no room.
    congested: Vec<usize>,
    /// Ports to be closed once nothing of theirs waits, and until when they may wait.
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

    /// Packets have failed since they were asked for.
    pub(super) fn have_failed(&self) -> bool {
        !self.failures.is_empty()
    }

    pub(super) fn is_congested(&self) -> bool {
        !self.congested.is_empty()
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

    /// When the first port that waits is closed in any case.
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

    /// A port of which nothing waits any more, or has waited for too long. What it could not send must not reach the
    /// next client.
    pub(super) fn take_left(&mut self, now: Instant) -> Option<usize> {
        let (blocked, congested) = (&self.blocked, &self.congested);
        let waits = |index: &usize| blocked.contains(index) || congested.contains(index);
        let has_left = |(index, until): &(usize, Instant)| *until <= now || !waits(index);
        let at = self.closing.iter().position(has_left)?;
        let (index, _) = self.closing.swap_remove(at);
        if waits(&index) {
            self.batch.forget(index);
            self.blocked.retain(|&blocked| blocked != index);
            self.congested.retain(|&congested| congested != index);
        }
        Some(index)
    }

    /// Sends what waits. Returns the sockets that begin or cease to wait for the system, if there can be any.
    #[inline]
    pub(super) fn flush(&mut self, #[cfg(linux)] bundle: &mut Bundle, ports: &Ports) -> Option<Vec<usize>> {
        let is_stuck = !self.congested.is_empty() || !self.blocked.is_empty();
        // Where some wait others must not overtake them.
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

    /// A packet has failed.
    pub(super) fn fail(&mut self, port: PortId, peer: Option<SocketAddr>, error: io::Error) {
        self.failures.push(Failure {
            port,
            peer,
            what: self.what(&error),
            error,
        });
    }

    /// Linux takes datagrams of any length: one that is too long met a path that is smaller than its first link (IPv6
    /// Packet Too Big), and goes in fragments the next time. Other systems never take it.
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

    /// The failures of ports that are open.
    pub(super) fn take_failures(&mut self, ports: &Ports, each: &mut Vec<Failure>) {
        let mut failures = std::mem::take(&mut self.failures);
        failures.retain(|failure| {
            let place = ports.place(failure.port);
            place.is_some_and(|index| !self.is_closing(index))
        });
        each.append(&mut failures);
    }
}
