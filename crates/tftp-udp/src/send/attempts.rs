//! The attempts to send what waits for one socket, and what is done about those that fail.

use std::io;
use std::ops::Range;

use super::{Failure, FlushReport, PLAIN_SEND, SendBatch};
use crate::UdpSocket;

/// Datagrams of one socket that wait at most while it is blocked; beyond it the oldest are dropped.
const MOST_WAITING: usize = 4096;

/// Times that EPERM must be lifted by sending plainly before it counts as a sandbox rather than a firewall.
#[cfg(linux)]
const SANDBOX_AFTER: u32 = 8;

/// What is to be done about a failure.
enum Step {
    Again,
    Stop,
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
        let mut fresh = true;
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
                    fresh = true;
                }
                Err(failure) => match self.react(socket, index, at, failure, &mut fresh, report) {
                    Step::Again => {}
                    Step::Stop => {
                        report.dropped += self.drop_oldest(at..range.end, MOST_WAITING);
                        return;
                    }
                    Step::GiveUp(error) => {
                        let message = &mut self.queue.messages[self.order[at] as usize];
                        report.failed.push((message.route, error));
                        message.first = message.end;
                        fresh = true;
                    }
                },
            }
        }
    }

    /// One call, or as many as the portable way needs. Returns the datagrams that went.
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
        #[cfg(not(linux))]
        self.single.send(socket, &self.queue, order, &mut self.sent)?;
        let mut datagrams = 0;
        for unit in &self.sent {
            self.queue.messages[unit.message as usize].first += unit.datagrams;
            datagrams += unit.datagrams;
        }
        Ok(datagrams)
    }

    /// The only packet of a connected socket: send(2) is the cheapest call there is.
    fn send_plainly(&mut self, socket: &UdpSocket, message: u32, datagram: usize) -> Result<usize, Failure> {
        let only = &self.queue.messages[message as usize];
        let sent = self.single.send_one(socket, &self.queue, only, datagram);
        sent.map_err(|error| Failure {
            error,
            segmented: false,
        })?;
        self.queue.messages[message as usize].first += 1;
        Ok(1)
    }

    /// What to do now that the message at `at` was refused. `fresh`: it was not refused before.
    fn react(
        &mut self,
        socket: &UdpSocket,
        index: usize,
        at: usize,
        failure: Failure,
        fresh: &mut bool,
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
        if is_no_buffers(&failure.error) {
            report.congested.push(index);
            return Step::Stop;
        }
        // The first error may be a pending one that an earlier packet to anybody has caused: reading it cleared it.
        if std::mem::take(fresh) {
            return Step::Again;
        }
        self.work_around(socket, at, failure, report)
    }

    /// The message itself is refused: another way to send it, if there is one.
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
                // A firewall, or a sandbox that forbids the call: a plain one tells.
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

    #[cfg(not(linux))]
    fn work_around(&mut self, _: &UdpSocket, _: usize, failure: Failure, _: &mut FlushReport) -> Step {
        Step::GiveUp(failure.error)
    }

    /// Drops messages at the front of those at `range` until no more than `most` datagrams wait (the newest message
    /// stays whole). Returns the datagrams dropped.
    pub(super) fn drop_oldest(&mut self, range: Range<usize>, most: usize) -> usize {
        let (mut waiting, mut dropped) = (0, 0);
        for &index in self.order[range].iter().rev() {
            let message = &mut self.queue.messages[index as usize];
            let fits = dropped == 0 && (waiting + message.len() <= most || (waiting == 0 && most > 0));
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

#[cfg(unix)]
fn is_no_buffers(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::ENOBUFS | libc::ENOMEM))
}

#[cfg(not(unix))]
fn is_no_buffers(_: &io::Error) -> bool {
    false
}
