//! Sends a turn's packets to many clients together, each by a connected socket of its own.
//!
//! Each of these clients has exactly one message, a packet or a window. Other messages, and calls
//! that fail, are left to [`SendBatch::flush`].

use super::super::UdpSocket;
use super::super::bundle::{Bundle, CALLS, Work};
use super::super::queue::{Message, Queue};
use super::super::sendmmsg::Sendmmsg;
use super::{PLAIN_SEND, SendBatch};

/// The memory that the calls of a bundle use.
#[derive(Default)]
pub(super) struct Together {
    /// The message of each call.
    messages: Vec<u32>,
    copied: Vec<u8>,
}

impl SendBatch {
    /// Sends the messages that can be sent together. Returns true if nothing is left for
    /// [`SendBatch::flush`].
    pub(in super::super) fn flush_together<'s>(
        &mut self,
        bundle: &mut Bundle,
        sockets: impl Fn(usize) -> Option<&'s UdpSocket>,
    ) -> bool {
        self.queue.drop_unended();
        let messages = &self.queue.messages;
        let is_worthwhile = self.frames.is_none()
            && bundle.is_worthwhile(messages.len())
            && messages.iter().any(|message| message.route.connected);
        if !is_worthwhile {
            return false;
        }
        self.arrange();
        let mut kernel = self.kernel.as_deref_mut().filter(|_| bundle.takes_messages());
        let mut rest = &self.order[..];
        while !rest.is_empty() {
            self.together.clear();
            if let Some(kernel) = &mut kernel {
                kernel.begin();
            }
            while !bundle.is_full()
                && let Some((run, after)) = split_first_socket(rest, &self.queue)
            {
                rest = after;
                if let &[index] = run
                    && let route = &self.queue.messages[index as usize].route
                    && route.connected
                    && let Some(socket) = sockets(route.socket)
                    && let Some(work) =
                        self.together
                            .plan(socket, &self.queue, index, kernel.as_deref_mut())
                {
                    self.together.messages.push(index);
                    bundle.add(socket.fd(), work);
                }
            }
            // SAFETY: the bytes sent are in the queue, in `together` and in `kernel`, which nothing
            // changes until the calls are over.
            unsafe { bundle.perform() };
            for (result, &index) in bundle.results().zip(&self.together.messages) {
                if result.is_ok() {
                    let message = &mut self.queue.messages[index as usize];
                    message.first = message.end;
                }
            }
        }
        let is_done = self.queue.messages.iter().all(Message::is_done);
        if is_done {
            self.queue.clear();
        }
        is_done
    }
}

/// Splits an order into the messages of its first socket and the others.
fn split_first_socket<'o>(order: &'o [u32], queue: &Queue) -> Option<(&'o [u32], &'o [u32])> {
    let socket = |index: u32| queue.messages[index as usize].route.socket;
    let first = socket(*order.first()?);
    let count = order.iter().take_while(|&&index| socket(index) == first).count();
    Some(order.split_at(count))
}

impl Together {
    fn clear(&mut self) {
        self.messages.clear();
        self.copied.clear();
        // The calls of a bundle never need more, so that the memory that they point to does not
        // move.
        self.copied.reserve(CALLS * PLAIN_SEND);
    }

    /// Returns the call that sends a message. The pieces of a packet are copied together, because
    /// that costs less than a second piece. `None` if it can't be sent together with others.
    fn plan(
        &mut self,
        socket: &UdpSocket,
        queue: &Queue,
        index: u32,
        kernel: Option<&mut Sendmmsg>,
    ) -> Option<Work> {
        let message = &queue.messages[index as usize];
        let Some(datagram) = queue.lone_packet(message, PLAIN_SEND) else {
            return kernel?.whole(socket, queue, index).map(Work::SendMessage);
        };
        let mut pieces = queue.pieces(datagram);
        let bytes = match (pieces.len(), pieces.next()) {
            (1, Some(whole)) => whole,
            (_, first) => {
                let start = self.copied.len();
                let pieces = first.into_iter().chain(pieces);
                pieces.for_each(|piece| self.copied.extend_from_slice(piece));
                &self.copied[start..]
            }
        };
        Some(Work::Send(bytes.as_ptr(), bytes.len()))
    }
}
