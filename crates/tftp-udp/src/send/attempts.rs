//! Attempts to send the queued packets of one socket, and handles failed attempts.

use std::io;
use std::ops::Range;

use super::{Failure, FlushReport, PLAIN_SEND, SendBatch};
use crate::UdpSocket;

/// The maximum number of datagrams queued for one socket while it is blocked; beyond it the oldest
/// are dropped.
pub(super) const MOST_WAITING: usize = 4096;

/// The number of times that a plain send succeeds after EPERM before a sandbox is assumed rather
/// than a firewall.
#[cfg(linux)]
const SANDBOX_AFTER: u32 = 8;

/// The number of errors of other peers' packets that a message may meet in succession on a socket
/// that is not connected. An attacker can forge ICMP errors as fast as packets are sent: each of
/// them hits about every second attempt. Errors that end a transfer must not be attributed to the
/// wrong peer; others cost one packet.
#[cfg(linux)]
const FATAL_OF_OTHERS: u32 = 64;
#[cfg(linux)]
const PASSING_OF_OTHERS: u32 = 8;

/// The next step after a failure.
#[derive(Debug)]
pub(super) enum Step {
    Again,
    Stop,
    /// The message is lost.
    Drop,
    /// The message has failed.
    GiveUp(io::Error),
}

impl SendBatch {
    /// Sends the messages of one socket, those at `range` of the order.
    pub(super) fn send_all(
        &mut self,
        socket: &UdpSocket,
        index: usize,
        range: Range<usize>,
        report: &mut FlushReport,
    ) {
        let mut at = range.start;
        let mut refusals = 0;
        loop {
            while at < range.end && self.queue.messages[self.order[at] as usize].is_done() {
                at += 1;
            }
            if at == range.end {
                return;
            }
            match self.send_some(socket, at..range.end) {
                Ok(datagrams) => {
                    report.sent += datagrams;
                    self.congestion.sent(index);
                    refusals = 0;
                }
                Err(failure) => match self.react(socket, index, at, failure, &mut refusals, report)
                {
                    Step::Again => {}
                    Step::Stop => {
                        report.dropped += self.drop_oldest(at..range.end, MOST_WAITING);
                        return;
                    }
                    Step::Drop => {
                        let message = &mut self.queue.messages[self.order[at] as usize];
                        report.dropped += message.len();
                        message.first = message.end;
                        refusals = 0;
                    }
                    Step::GiveUp(error) => {
                        let message = &mut self.queue.messages[self.order[at] as usize];
                        report.failed.push((message.route, error));
                        message.first = message.end;
                        refusals = 0;
                    }
                },
            }
        }
    }

    /// Makes one call, or as many as the portable way needs. Returns the number of datagrams sent.
    fn send_some(&mut self, socket: &UdpSocket, range: Range<usize>) -> Result<usize, Failure> {
        let order = &self.order[range];
        self.sent.clear();
        if let &[message] = order
            && let Some(datagram) = self
                .queue
                .lone_packet(&self.queue.messages[message as usize], PLAIN_SEND)
        {
            return self.send_plainly(socket, message, datagram);
        }
        #[cfg(linux)]
        match &mut self.kernel {
            Some(kernel) => kernel.send(socket, &self.queue, order, &mut self.sent)?,
            None => self.single.send(socket, &self.queue, order, &mut self.sent)?,
        }
        #[cfg(windows)]
        self.segmented.send(socket, &self.queue, order, &mut self.sent)?;
        #[cfg(not(any(linux, windows)))]
        self.single.send(socket, &self.queue, order, &mut self.sent)?;
        let mut datagrams = 0;
        for unit in &self.sent {
            self.queue.messages[unit.message as usize].first += unit.datagrams;
            datagrams += unit.datagrams;
        }
        Ok(datagrams)
    }

    /// Sends the only packet of a connected socket by send(2), the cheapest call available.
    fn send_plainly(
        &mut self,
        socket: &UdpSocket,
        message: u32,
        datagram: usize,
    ) -> Result<usize, Failure> {
        let only = &self.queue.messages[message as usize];
        let sent = self.single.send_one(socket, &self.queue, only, datagram);
        sent.map_err(|error| Failure {
            error,
            segmented: false,
        })?;
        self.queue.messages[message as usize].first += 1;
        Ok(1)
    }

    /// Decides how to continue after the message at `at` was refused. `refusals`: how often it was
    /// refused before.
    pub(super) fn react(
        &mut self,
        socket: &UdpSocket,
        index: usize,
        at: usize,
        failure: Failure,
        refusals: &mut u32,
        report: &mut FlushReport,
    ) -> Step {
        match failure.error.kind() {
            io::ErrorKind::Interrupted => return Step::Again,
            io::ErrorKind::WouldBlock => {
                report.blocked.push(index);
                return Step::Stop;
            }
            _ => {}
        }
        if crate::sockopt::is_no_buffers(&failure.error) {
            return self.wait_for_room(index, report);
        }
        // The error may be a pending one, caused by an earlier packet to any peer: reading it cleared
        // it. Where anybody can cause errors, the next one may have come meanwhile.
        *refusals += 1;
        let is_connected = self.queue.messages[self.order[at] as usize].route.connected;
        let others = if is_connected { 0 } else { others_errors(&failure) };
        if *refusals <= others.max(1) {
            return Step::Again;
        }
        if !is_connected && failure.error.kind() == io::ErrorKind::ConnectionRefused {
            // Never this message's own: its peer is not gone.
            return self.wait_for_room(index, report);
        }
        self.work_around(socket, at, failure, report)
    }

    /// Leaves the socket's messages queued for a moment, but the first one not for long.
    fn wait_for_room(&mut self, index: usize, report: &mut FlushReport) -> Step {
        if self.congestion.is_lasting(index) {
            return Step::Drop;
        }
        report.congested.push(index);
        Step::Stop
    }

    /// Looks for another way to send a message that was itself refused.
    #[cfg(linux)]
    fn work_around(
        &mut self,
        socket: &UdpSocket,
        at: usize,
        failure: Failure,
        report: &mut FlushReport,
    ) -> Step {
        let Failure { error, segmented } = failure;
        let Some(kernel) = &mut self.kernel else {
            return Step::GiveUp(error);
        };
        let index = self.order[at];
        let message = &mut self.queue.messages[index as usize];
        if segmented && crate::segmentation::is_refusal(&error) {
            kernel.refuse(message, &error);
            return Step::Again;
        }
        match error.raw_os_error() {
            Some(libc::ENOSYS) => self.kernel = None,
            Some(libc::EPERM) => {
                // Either a firewall refused the packet, or a sandbox the call: a plain send shows
                // which.
                let message = &self.queue.messages[index as usize];
                if self
                    .single
                    .send_one(socket, &self.queue, message, message.first)
                    .is_err()
                {
                    return Step::GiveUp(error);
                }
                self.queue.messages[index as usize].first += 1;
                report.sent += 1;
                self.suspicions += 1;
                if self.suspicions == SANDBOX_AFTER {
                    self.kernel = None;
                }
            }
            _ => return Step::GiveUp(error),
        }
        Step::Again
    }

    /// Sends a run whose segmentation was refused as datagrams of its own.
    #[cfg(windows)]
    fn work_around(
        &mut self,
        _: &UdpSocket,
        at: usize,
        failure: Failure,
        _: &mut FlushReport,
    ) -> Step {
        let Failure { error, segmented } = failure;
        if !segmented || !crate::windows::uso::is_refusal(&error) {
            return Step::GiveUp(error);
        }
        let message = &self.queue.messages[self.order[at] as usize];
        self.segmented.refuse(message, &error);
        Step::Again
    }

    #[cfg(not(any(linux, windows)))]
    fn work_around(
        &mut self,
        _: &UdpSocket,
        _: usize,
        failure: Failure,
        _: &mut FlushReport,
    ) -> Step {
        Step::GiveUp(failure.error)
    }

    /// Drops the oldest of the messages at `range` until at most `most` datagrams are queued (the
    /// newest message stays whole). Returns the number of datagrams dropped.
    pub(super) fn drop_oldest(&mut self, range: Range<usize>, most: usize) -> usize {
        let (mut waiting, mut dropped) = (0, 0);
        for &index in self.order[range].iter().rev() {
            let message = &mut self.queue.messages[index as usize];
            let fits =
                dropped == 0 && (waiting + message.len() <= most || (waiting == 0 && most > 0));
            if fits {
                waiting += message.len();
            } else {
                dropped += message.len();
                message.first = message.end;
            }
        }
        dropped
    }
}

/// Returns the number of times in succession that an error on a socket with many peers may be that
/// of a packet to another peer, which the network has reported.
#[cfg(linux)]
fn others_errors(failure: &Failure) -> u32 {
    if failure.segmented && crate::segmentation::is_refusal(&failure.error) {
        return 0;
    }
    match failure.error.raw_os_error() {
        Some(libc::ECONNREFUSED | libc::EMSGSIZE) => FATAL_OF_OTHERS,
        Some(
            libc::EHOSTUNREACH
            | libc::ENETUNREACH
            | libc::EHOSTDOWN
            | libc::ENONET
            | libc::EACCES
            | libc::ENOPROTOOPT
            | libc::EOPNOTSUPP
            | libc::EPROTO,
        ) => PASSING_OF_OTHERS,
        _ => 0,
    }
}

/// Always 0: other systems report such errors on connected sockets only.
#[cfg(not(linux))]
fn others_errors(_: &Failure) -> u32 {
    0
}
