//! Sending what a loop turn produced, at once.

use std::io;
use std::ops::Range;

use super::portable::Single;
use super::queue::{Message, Queue};
use super::{Bytes, IoMode, MacAddr, Route, UdpSocket};

/// Datagrams of one socket that wait at most while it is blocked; beyond it the oldest are dropped.
const MOST_WAITING: usize = 4096;

/// Bytes of a packet that is copied together for one plain send, where it is all that a connected socket has to send:
/// beyond it copying costs more than handing its pieces over.
const PLAIN_SEND: usize = 2048;

/// Times that EPERM must be lifted by sending plainly before it counts as a sandbox rather than a firewall.
#[cfg(target_os = "linux")]
const SANDBOX_AFTER: u32 = 8;

/// What the frames have in common.
#[derive(Clone, Debug)]
pub struct FrameOptions {
    /// Where they come from.
    pub mac: MacAddr,
    /// The port whose requests tell the way back.
    pub port: u16,
    /// The TOS byte.
    pub traffic_class: u8,
    /// What exceeds the interface's MTU is refused instead of fragmented.
    pub dont_fragment: bool,
}

/// Packets collected during a loop turn. Memory is used again from turn to turn.
pub struct SendBatch {
    queue: Queue,
    spare: Queue,
    order: Vec<u32>,
    sent: Vec<Unit>,
    single: Single,
    /// Where packets leave as frames; asked once a flush.
    #[cfg(target_os = "linux")]
    frames: Option<Box<super::frames::Frames>>,
    #[cfg(target_os = "linux")]
    kernel: Option<Box<super::sendmmsg::Sendmmsg>>,
    #[cfg(target_os = "linux")]
    suspicions: u32,
}

/// What became of a flush.
#[derive(Debug, Default)]
pub struct FlushReport {
    /// Sockets without room: their packets wait in order; flush again when the poller says writable.
    pub blocked: Vec<usize>,
    /// Sockets whose device has no room (ENOBUFS), which no poller tells: their packets wait in order; flush again
    /// after about a millisecond.
    pub congested: Vec<usize>,
    /// Packets or whole windows that could not be sent, and why.
    pub failed: Vec<(Route, io::Error)>,
    /// Datagrams handed to the system.
    pub sent: usize,
    /// Datagrams dropped because more waited for a socket than may, or because the socket is gone.
    pub dropped: usize,
}

/// Datagrams of one message that went together.
#[derive(Clone, Copy)]
pub(super) struct Unit {
    pub(super) message: u32,
    pub(super) datagrams: usize,
}

/// Why the first waiting message did not go.
pub(super) struct Failure {
    pub(super) error: io::Error,
    /// It was several datagrams in one, for the kernel to cut.
    #[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "always false there"))]
    pub(super) segmented: bool,
}

/// What is to be done about a failure.
enum Step {
    Again,
    Stop,
    GiveUp(io::Error),
}

impl SendBatch {
    /// An empty batch.
    pub fn new(mode: IoMode) -> SendBatch {
        #[cfg(not(target_os = "linux"))]
        let _ = mode;
        SendBatch {
            queue: Queue::default(),
            spare: Queue::default(),
            order: Vec::new(),
            sent: Vec::new(),
            single: Single::default(),
            #[cfg(target_os = "linux")]
            frames: None,
            #[cfg(target_os = "linux")]
            kernel: (mode == IoMode::Auto).then(|| Box::new(super::sendmmsg::Sendmmsg::new())),
            #[cfg(target_os = "linux")]
            suspicions: 0,
        }
    }

    /// A batch whose packets leave as frames where their way begins with an Ethernet.
    ///
    /// # Errors
    /// `PermissionDenied` without CAP_NET_RAW; `Unsupported` where the system has no such thing.
    #[cfg(target_os = "linux")]
    pub fn with_frames(mode: IoMode, options: FrameOptions) -> io::Result<SendBatch> {
        Ok(SendBatch {
            frames: Some(Box::new(super::frames::Frames::new(options)?)),
            ..SendBatch::new(mode)
        })
    }

    /// A batch whose packets leave as frames: not on this system.
    ///
    /// # Errors
    /// `Unsupported`.
    #[cfg(not(target_os = "linux"))]
    pub fn with_frames(_: IoMode, _: FrameOptions) -> io::Result<SendBatch> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Whether nothing waits to be sent.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Whether packets of that socket wait to be sent.
    pub fn holds(&self, socket: usize) -> bool {
        let of_it = |message: &Message| message.route.socket == socket;
        self.queue.messages.iter().any(of_it)
    }

    /// Adds one packet, copied: ACK, OACK, ERROR.
    #[inline]
    pub fn push_small(&mut self, to: Route, packet: &[u8]) {
        self.end_data();
        self.queue.push_small(to, packet);
    }

    /// Begins DATA packets to one client, `segment_size` bytes each with their headers; only the last may have
    /// fewer. Each is a [`SendBatch::block`] with its [`SendBatch::slice`]s; [`SendBatch::end_data`] ends them.
    #[inline]
    pub fn begin_data(&mut self, to: Route, segment_size: usize) {
        self.end_data();
        self.queue.begin_data(to, segment_size);
    }

    /// Begins the next packet with its header.
    #[inline]
    pub fn block(&mut self, header: [u8; 4]) {
        self.queue.block(header);
    }

    /// Adds data to the packet: by reference, unless it is so little that a copy is cheaper.
    ///
    /// # Panics
    /// If the range is not within the bytes.
    #[inline]
    pub fn slice(&mut self, bytes: &Bytes, range: Range<usize>) {
        self.queue.slice(bytes, range);
    }

    /// Ends the DATA packets begun; nothing where there are none.
    #[inline]
    pub fn end_data(&mut self) {
        self.queue.end_data();
    }

    /// Sends the packet of a transfer in lockstep: all that waits is one packet, to the peer that its socket is connected
    /// to. False where that is not so, or the system did not take it: [`SendBatch::flush`] does the rest.
    #[inline]
    pub(super) fn flush_one<'s>(&mut self, socket: impl Fn(usize) -> Option<&'s UdpSocket>) -> bool {
        self.end_data();
        #[cfg(target_os = "linux")]
        if self.frames.is_some() {
            return false;
        }
        let Some(message) = self.queue.only() else {
            return false;
        };
        let Some(datagram) = self.queue.lone_packet(message, PLAIN_SEND) else {
            return false;
        };
        let Some(socket) = socket(message.route.socket) else {
            return false;
        };
        let is_sent = self
            .single
            .send_one(socket, &self.queue, message, datagram)
            .is_ok();
        if is_sent {
            self.queue.clear();
        }
        is_sent
    }

    /// Sends what waits: socket by socket, and on each in the order it was pushed. `sockets` finds a socket by the
    /// index of the routes; the packets of one that it does not find are dropped. What can't be sent yet waits.
    pub fn flush<'s>(&mut self, sockets: &dyn Fn(usize) -> Option<&'s UdpSocket>) -> FlushReport {
        self.end_data();
        let mut report = FlushReport::default();
        #[cfg(target_os = "linux")]
        if let Some(frames) = &mut self.frames {
            frames.send(&mut self.queue, sockets, &mut report);
            if !report.congested.is_empty() {
                self.queue.compact(&mut self.spare);
                return report;
            }
        }
        self.arrange();
        let mut begin = 0;
        while let Some(&first) = self.order.get(begin) {
            let index = self.queue.messages[first as usize].route.socket;
            let same = |&&message: &&u32| self.queue.messages[message as usize].route.socket == index;
            let end = begin + self.order[begin..].iter().take_while(same).count();
            match sockets(index) {
                Some(socket) => self.send_all(socket, index, begin..end, &mut report),
                None => report.dropped += self.drop_oldest(begin..end, 0),
            }
            begin = end;
        }
        self.queue.compact(&mut self.spare);
        report
    }

    /// Sorts the messages by socket, each socket's in the order they were pushed.
    fn arrange(&mut self) {
        self.order.clear();
        self.order.extend(0..self.queue.messages.len() as u32);
        let messages = &self.queue.messages;
        if !messages.is_sorted_by_key(|message| message.route.socket) {
            self.order
                .sort_unstable_by_key(|&index| (messages[index as usize].route.socket, index));
        }
    }

    /// Sends the messages of one socket, those at `range` of the order.
    fn send_all(&mut self, socket: &UdpSocket, index: usize, range: Range<usize>, report: &mut FlushReport) {
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
        #[cfg(target_os = "linux")]
        match &mut self.kernel {
            Some(kernel) => kernel.send(socket, &self.queue, order, &mut self.sent)?,
            None => self.single.send(socket, &self.queue, order, &mut self.sent)?,
        }
        #[cfg(not(target_os = "linux"))]
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

    /// Drops what waits for a socket that is about to get another peer. Returns the datagrams dropped.
    pub fn forget(&mut self, socket: usize) -> usize {
        self.end_data();
        let mut dropped = 0;
        for message in &mut self.queue.messages {
            if message.route.socket == socket {
                dropped += message.len();
                message.first = message.end;
            }
        }
        self.queue.compact(&mut self.spare);
        dropped
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
    #[cfg(target_os = "linux")]
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
        if segmented && super::segmentation::is_refusal(&error) {
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

    #[cfg(not(target_os = "linux"))]
    fn work_around(&mut self, _: &UdpSocket, _: usize, failure: Failure, _: &mut FlushReport) -> Step {
        Step::GiveUp(failure.error)
    }

    /// Drops messages at the front of those at `range` until no more than `most` datagrams wait (the newest message
    /// stays whole). Returns the datagrams dropped.
    fn drop_oldest(&mut self, range: Range<usize>, most: usize) -> usize {
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

    /// Messages that the last call of the last flush sent.
    #[cfg(all(test, target_os = "linux"))]
    pub(super) fn last_messages(&self) -> usize {
        self.sent.len()
    }

    /// Never lets the kernel cut a run into datagrams.
    #[cfg(all(test, target_os = "linux"))]
    pub(super) fn without_segmentation(&mut self) {
        if let Some(kernel) = &mut self.kernel {
            kernel.segmentation = false;
        }
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn route(socket: usize) -> Route {
        Route {
            socket,
            peer: "127.0.0.1:9".parse().unwrap(),
            source: None,
            connected: false,
        }
    }

    fn push(batch: &mut SendBatch, socket: usize, blocks: u8) {
        let bytes = Arc::new(vec![7; 600]);
        batch.begin_data(route(socket), 604);
        for block in 0..blocks {
            batch.block([0, 3, 0, block]);
            batch.slice(&bytes, 0..300);
            batch.slice(&bytes, 300..600);
        }
        batch.end_data();
    }

    fn waiting(batch: &SendBatch) -> Vec<(usize, usize)> {
        batch
            .queue
            .messages
            .iter()
            .map(|message| (message.route.socket, message.len()))
            .collect()
    }

    /// The oldest go, no newer one of the same socket goes before an older one, and the newest stays.
    #[test]
    fn the_oldest_are_dropped() {
        for (most, left, dropped) in [
            (100, 3, 0),
            (60, 3, 0),
            (59, 2, 10),
            (50, 2, 10),
            (49, 1, 30),
            (1, 1, 30),
            (0, 0, 60),
        ] {
            let mut batch = SendBatch::new(IoMode::Portable);
            [10, 20, 30]
                .into_iter()
                .for_each(|blocks| push(&mut batch, 0, blocks));
            batch.arrange();
            assert_eq!(batch.drop_oldest(0..3, most), dropped, "{most}");
            batch.queue.compact(&mut batch.spare);
            assert_eq!(waiting(&batch), [(0, 10), (0, 20), (0, 30)][3 - left..], "{most}");
        }
    }

    /// What stays after a flush is whole, in order, and keeps its bytes alive; the rest is let go.
    #[test]
    fn the_rest_is_kept_whole() {
        let mut batch = SendBatch::new(IoMode::Portable);
        let bytes = Arc::new((0..=255).cycle().take(1000).collect::<Vec<u8>>());
        let gone = Arc::new(vec![1; 1000]);
        batch.push_small(route(0), b"small");
        for source in [&gone, &bytes] {
            batch.begin_data(route(0), 1004);
            batch.block(*b"head");
            batch.slice(source, 0..400);
            batch.slice(source, 400..1000);
            batch.block(*b"tail");
            batch.slice(source, 0..3);
            batch.end_data();
        }
        batch.queue.messages[1].first += 2;
        batch.queue.messages[2].first += 1;
        batch.queue.compact(&mut batch.spare);
        assert_eq!(waiting(&batch), [(0, 1), (0, 1)]);
        assert_eq!(Arc::strong_count(&gone), 1);
        let datagram = |at: usize| {
            batch
                .queue
                .pieces(batch.queue.messages[at].first)
                .collect::<Vec<_>>()
                .concat()
        };
        assert_eq!(datagram(0), b"small");
        assert_eq!(datagram(1), [b"tail", &bytes[..3]].concat());
        batch
            .queue
            .messages
            .iter_mut()
            .for_each(|message| message.first = message.end);
        batch.queue.compact(&mut batch.spare);
        assert!(batch.is_empty());
        assert_eq!(Arc::strong_count(&bytes), 1);
    }

    #[test]
    fn messages_are_sorted_by_socket_alone() {
        let mut batch = SendBatch::new(IoMode::Portable);
        for (socket, blocks) in [(2, 1), (0, 2), (2, 3), (1, 4), (0, 5)] {
            push(&mut batch, socket, blocks);
        }
        batch.arrange();
        assert_eq!(batch.order, [1, 4, 3, 0, 2]);
    }
}
