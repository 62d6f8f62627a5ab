//! Sending what a loop turn produced, at once.

use std::io;
use std::ops::Range;

use super::portable::Single;
use super::queue::{Message, Queue};
use super::{Bytes, IoMode, MacAddr, Route, UdpSocket};

mod attempts;
#[cfg(test)]
mod tests;
#[cfg(linux)]
mod together;

/// Bytes of a packet that is copied together for one plain send, where it is all that a connected socket has to send:
/// beyond it copying costs more than handing its pieces over.
const PLAIN_SEND: usize = 2048;

/// What the frames have in common.
#[derive(Clone, Debug)]
#[cfg_attr(not(linux), expect(dead_code, reason = "only Linux sends frames"))]
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
    #[cfg(linux)]
    frames: Option<Box<super::frames::Frames>>,
    #[cfg(linux)]
    kernel: Option<Box<super::sendmmsg::Sendmmsg>>,
    #[cfg(linux)]
    suspicions: u32,
    #[cfg(linux)]
    together: together::Together,
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
    #[cfg_attr(not(linux), allow(dead_code, reason = "always false there"))]
    pub(super) segmented: bool,
}

impl SendBatch {
    /// An empty batch.
    pub fn new(mode: IoMode) -> SendBatch {
        #[cfg(not(linux))]
        let _ = mode;
        SendBatch {
            queue: Queue::default(),
            spare: Queue::default(),
            order: Vec::new(),
            sent: Vec::new(),
            single: Single::default(),
            #[cfg(linux)]
            frames: None,
            #[cfg(linux)]
            kernel: (mode == IoMode::Auto).then(|| Box::new(super::sendmmsg::Sendmmsg::new())),
            #[cfg(linux)]
            suspicions: 0,
            #[cfg(linux)]
            together: together::Together::default(),
        }
    }

    /// A batch whose packets leave as frames where their way begins with an Ethernet.
    ///
    /// # Errors
    /// `PermissionDenied` without CAP_NET_RAW; `Unsupported` where the system has no such thing.
    #[cfg(linux)]
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
    #[cfg(not(linux))]
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
        self.queue.drop_unended();
        self.queue.push_small(to, packet);
    }

    /// Begins DATA packets to one client, `segment_size` bytes each with their headers; only the last may have
    /// fewer. Each is a [`SendBatch::block`] with its [`SendBatch::slice`]s, or a [`SendBatch::packet`]; [`SendBatch::end_data`] ends them. Packets that
    /// are not ended are never sent.
    #[inline]
    pub fn begin_data(&mut self, to: Route, segment_size: usize) {
        self.queue.drop_unended();
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

    /// Adds a packet whose header stands before its data: by reference, so that successive packets of one piece of memory
    /// are one piece of a message.
    ///
    /// # Panics
    /// If the range is not within the bytes.
    #[inline]
    pub fn packet(&mut self, bytes: &Bytes, range: Range<usize>) {
        self.queue.packet(bytes, range);
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
        self.queue.drop_unended();
        #[cfg(linux)]
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
        self.queue.drop_unended();
        let mut report = FlushReport::default();
        #[cfg(linux)]
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

    /// Drops what waits for a socket that is about to get another peer. Returns the datagrams dropped.
    pub fn forget(&mut self, socket: usize) -> usize {
        self.queue.drop_unended();
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

    /// Messages that the last call of the last flush sent.
    #[cfg(all(test, linux))]
    pub(super) fn last_messages(&self) -> usize {
        self.sent.len()
    }

    /// Never lets the kernel cut a run into datagrams.
    #[cfg(all(test, unix))]
    pub(super) fn without_segmentation(&mut self) {
        #[cfg(linux)]
        if let Some(kernel) = &mut self.kernel {
            kernel.segmentation = false;
        }
    }
}
