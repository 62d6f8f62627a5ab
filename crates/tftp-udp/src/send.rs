//! Sends the packets of one turn of the loop together.

use std::io;
use std::ops::Range;

use super::portable::Single;
use super::queue::{Message, Queue};
#[cfg(windows)]
use super::windows::uso::{self, Segmented};
use super::{Bytes, IoMode, MacAddr, Route, UdpSocket};
pub(super) use congestion::Congestion;

mod attempts;
mod congestion;
#[cfg(test)]
mod tests;
#[cfg(linux)]
mod together;
#[cfg(all(test, windows))]
mod windows_tests;

/// The maximum size in bytes of a packet whose pieces are copied together for one plain send, if it
/// is the only packet of a connected socket: for larger ones, copying costs more than passing the
/// pieces.
const PLAIN_SEND: usize = 2048;

/// The fields common to all frames.
#[derive(Clone, Debug)]
#[cfg_attr(not(linux), expect(dead_code, reason = "only Linux sends frames"))]
pub struct FrameOptions {
    /// The source address.
    pub mac: MacAddr,
    /// The port of the requests from which the way back is learnt.
    pub port: u16,
    /// The TOS byte.
    pub traffic_class: u8,
    /// True if packets beyond the interface's MTU are refused instead of fragmented.
    pub dont_fragment: bool,
}

/// Packets collected during a turn of the loop. Memory is kept from turn to turn.
pub struct SendBatch {
    queue: Queue,
    spare: Queue,
    order: Vec<u32>,
    sent: Vec<Unit>,
    congestion: Congestion,
    single: Single,
    #[cfg(windows)]
    segmented: Segmented,
    /// Set if packets leave as frames; tried first in each flush.
    #[cfg(linux)]
    frames: Option<Box<super::frames::Frames>>,
    #[cfg(linux)]
    kernel: Option<Box<super::sendmmsg::Sendmmsg>>,
    #[cfg(linux)]
    suspicions: u32,
    #[cfg(linux)]
    together: together::Together,
}

/// The result of a flush.
#[derive(Debug, Default)]
pub struct FlushReport {
    /// Sockets whose buffer is full: their packets stay queued in order; flush again when the
    /// poller reports them writable.
    pub blocked: Vec<usize>,
    /// Sockets whose device has no room (ENOBUFS), which no poller reports: their packets stay
    /// queued in order; flush again after about a millisecond. If that lasts, the first packet is
    /// dropped, because there may be room for others.
    pub congested: Vec<usize>,
    /// Packets or whole windows that could not be sent, and the errors.
    pub failed: Vec<(Route, io::Error)>,
    /// The number of datagrams passed to the system.
    pub sent: usize,
    /// The number of datagrams dropped because a socket's queue was full, because the system had no
    /// room for long, or because the socket is closed.
    pub dropped: usize,
}

/// Datagrams of one message that were sent together.
#[derive(Clone, Copy)]
pub(super) struct Unit {
    pub(super) message: u32,
    pub(super) datagrams: usize,
}

/// The reason why the first queued message was not sent.
pub(super) struct Failure {
    pub(super) error: io::Error,
    /// True if it was several datagrams in one, for the kernel to split.
    #[cfg_attr(not(any(linux, windows)), allow(dead_code, reason = "always false there"))]
    pub(super) segmented: bool,
}

impl SendBatch {
    /// Creates an empty batch.
    pub fn new(mode: IoMode) -> SendBatch {
        #[cfg(not(any(linux, windows)))]
        let _ = mode;
        SendBatch {
            queue: Queue::default(),
            spare: Queue::default(),
            order: Vec::new(),
            sent: Vec::new(),
            congestion: Congestion::default(),
            single: Single::default(),
            #[cfg(windows)]
            segmented: Segmented::new(mode == IoMode::Auto && uso::supported()),
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

    /// Creates a batch whose packets leave as frames if their next hop is on an Ethernet.
    ///
    /// # Errors
    /// `PermissionDenied` without CAP_NET_RAW; `Unsupported` if the system has no packet sockets.
    #[cfg(linux)]
    pub fn with_frames(mode: IoMode, options: FrameOptions) -> io::Result<SendBatch> {
        Ok(SendBatch {
            frames: Some(Box::new(super::frames::Frames::new(options)?)),
            ..SendBatch::new(mode)
        })
    }

    /// Creates a batch whose packets leave as frames: not available on this system.
    ///
    /// # Errors
    /// `Unsupported`.
    #[cfg(not(linux))]
    pub fn with_frames(_: IoMode, _: FrameOptions) -> io::Result<SendBatch> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Returns true if no packets are queued.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Returns true if packets of that socket are queued.
    pub fn holds(&self, socket: usize) -> bool {
        let of_it = |message: &Message| message.route.socket == socket;
        self.queue.messages.iter().any(of_it)
    }

    /// Queues a copy of one packet: ACK, OACK, ERROR.
    #[inline]
    pub fn push_small(&mut self, to: Route, packet: &[u8]) {
        self.queue.drop_unended();
        self.queue.push_small(to, packet);
    }

    /// Begins DATA packets to one client, `segment_size` bytes each, headers included; only the
    /// last may be shorter. Each is a [`SendBatch::block`] with its [`SendBatch::slice`]s, or a
    /// [`SendBatch::packet`]; [`SendBatch::end_data`] ends them. Packets that are not ended are
    /// never sent.
    #[inline]
    pub fn begin_data(&mut self, to: Route, segment_size: usize) {
        self.queue.drop_unended();
        self.queue.begin_data(to, segment_size);
    }

    /// As [`SendBatch::begin_data`], for a single packet. Its pieces are copied together as soon as
    /// they come, where a plain send would do that later.
    #[inline]
    pub fn begin_one(&mut self, to: Route, segment_size: usize) {
        self.queue.drop_unended();
        self.queue.begin_one(to, segment_size, PLAIN_SEND);
    }

    /// Begins the next packet with its header.
    #[inline]
    pub fn block(&mut self, header: [u8; 4]) {
        self.queue.block(header);
    }

    /// Adds data to the packet by reference, or by copy if it is so small that copying is cheaper.
    ///
    /// # Panics
    /// If the range is not within the bytes.
    #[inline]
    pub fn slice(&mut self, bytes: &Bytes, range: Range<usize>) {
        self.queue.slice(bytes, range);
    }

    /// Adds a packet whose header stands before its data, by reference, so that successive packets
    /// in the same memory become one piece of a message.
    ///
    /// # Panics
    /// If the range is not within the bytes.
    #[inline]
    pub fn packet(&mut self, bytes: &Bytes, range: Range<usize>) {
        self.queue.packet(bytes, range);
    }

    /// Ends the DATA packets begun, if there are any.
    #[inline]
    pub fn end_data(&mut self) {
        self.queue.end_data();
    }

    /// Sends the only queued packet, as for a transfer in lockstep, to the peer that its socket is
    /// connected to. Returns false if there is not exactly one such packet, or the system did not
    /// accept it: then [`SendBatch::flush`] is needed.
    #[inline]
    pub(super) fn flush_one<'s>(
        &mut self,
        socket: impl Fn(usize) -> Option<&'s UdpSocket>,
    ) -> bool {
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

    /// Sends the queued packets: socket by socket, and for each socket in the order they were
    /// queued. `sockets` finds a socket by the index of the routes; packets of a socket that it
    /// does not find are dropped. Packets that can't be sent yet stay queued.
    pub fn flush<'s>(&mut self, sockets: &dyn Fn(usize) -> Option<&'s UdpSocket>) -> FlushReport {
        self.queue.drop_unended();
        let mut report = FlushReport::default();
        self.congestion.begin();
        #[cfg(linux)]
        if let Some(frames) = &mut self.frames {
            frames.send(&mut self.queue, sockets, &mut self.congestion, &mut report);
        }
        self.arrange();
        let mut begin = 0;
        while let Some(&first) = self.order.get(begin) {
            let index = self.queue.messages[first as usize].route.socket;
            let same =
                |&&message: &&u32| self.queue.messages[message as usize].route.socket == index;
            let end = begin + self.order[begin..].iter().take_while(same).count();
            match sockets(index) {
                // Some of its packets wait for room as frames, which others must not overtake.
                Some(_) if self.congestion.holds_up(index) => {
                    report.dropped += self.drop_oldest(begin..end, attempts::MOST_WAITING);
                }
                Some(socket) => self.send_all(socket, index, begin..end, &mut report),
                None => report.dropped += self.drop_oldest(begin..end, 0),
            }
            begin = end;
        }
        self.queue.compact(&mut self.spare);
        report
    }

    /// Sorts the messages by socket, those of each socket in the order they were queued.
    fn arrange(&mut self) {
        self.order.clear();
        self.order.extend(0..self.queue.messages.len() as u32);
        let messages = &self.queue.messages;
        if !messages.is_sorted_by_key(|message| message.route.socket) {
            self.order
                .sort_unstable_by_key(|&index| (messages[index as usize].route.socket, index));
        }
    }

    /// Drops the queued packets of a socket that is about to get another peer. Returns the number
    /// of datagrams dropped.
    pub fn forget(&mut self, socket: usize) -> usize {
        self.queue.drop_unended();
        self.congestion.forget(socket);
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

    /// Frees the memory that the queued packets do not need.
    pub fn shrink(&mut self) {
        self.queue.shrink();
        self.spare.shrink();
        self.order.shrink_to_fit();
        self.sent.shrink_to_fit();
    }

    /// Returns the number of messages that the last call of the last flush sent.
    #[cfg(all(test, linux))]
    pub(super) fn last_messages(&self) -> usize {
        self.sent.len()
    }

    /// Disables segmentation by the kernel.
    #[cfg(all(test, unix))]
    pub(super) fn without_segmentation(&mut self) {
        #[cfg(linux)]
        if let Some(kernel) = &mut self.kernel {
            kernel.segmentation = false;
        }
    }
}
