//! sendmmsg(2) with UDP_SEGMENT: many messages per call, many datagrams per message.

use std::io;
use std::ptr;

use libc::{iovec, mmsghdr, msghdr};

use super::UdpSocket;
use super::address::Name;
use super::cmsg::{SendControl, push_segment, push_source};
use super::queue::{Message, Queue};
use super::segmentation::{self, Refusals};
use super::send::{Failure, Unit};

/// The maximum number of messages of one call.
const MESSAGES: usize = 128;

/// The maximum number of pieces of one call, and of one message (UIO_MAXIOV).
const VECTORS: usize = 4096;
const VECTORS_A_MESSAGE: usize = 1024;

/// The arrays of the call, allocated once. Pointers are only valid during a call.
pub(super) struct Sendmmsg {
    headers: Box<[mmsghdr]>,
    names: Box<[Name]>,
    controls: Box<[SendControl]>,
    vectors: Vec<iovec>,
    units: Vec<Unit>,
    refusals: Refusals,
    /// True if segmentation may be used where the kernel supports it.
    pub(super) segmentation: bool,
}

// SAFETY: the pointers in headers and vectors are written anew before each call, from borrows that
// last as long as the call, and never followed otherwise.
unsafe impl Send for Sendmmsg {}

impl Sendmmsg {
    pub(super) fn new() -> Sendmmsg {
        // SAFETY: integers and pointers only, for which zero is a value.
        let header: mmsghdr = unsafe { std::mem::zeroed() };
        Sendmmsg {
            headers: vec![header; MESSAGES].into(),
            names: vec![Name::EMPTY; MESSAGES].into(),
            controls: vec![SendControl::EMPTY; MESSAGES].into(),
            vectors: Vec::with_capacity(VECTORS),
            units: Vec::with_capacity(MESSAGES),
            refusals: Refusals::default(),
            segmentation: true,
        }
    }

    /// Sends from the front of `order` and lists in `sent` what was sent; fails only if nothing was
    /// sent.
    pub(super) fn send(
        &mut self,
        socket: &UdpSocket,
        queue: &Queue,
        order: &[u32],
        sent: &mut Vec<Unit>,
    ) -> Result<(), Failure> {
        self.plan(socket, queue, order);
        let count = self.units.len() as libc::c_uint;
        // SAFETY: `plan` filled `count` headers; their pointers lead to the arrays of `self` and
        // the bytes of `queue`, both borrowed until the call returns. The kernel only writes
        // msg_len.
        let result = unsafe {
            libc::sendmmsg(
                socket.fd(),
                self.headers.as_mut_ptr(),
                count,
                libc::MSG_DONTWAIT as _,
            )
        };
        if result < 0 {
            let segmented = self.units.first().is_some_and(|unit| unit.datagrams > 1);
            return Err(Failure {
                error: io::Error::last_os_error(),
                segmented,
            });
        }
        sent.extend_from_slice(&self.units[..result as usize]);
        Ok(())
    }

    /// Remembers that the first message of the last call can't be segmented.
    pub(super) fn refuse(&mut self, message: &Message, error: &io::Error) {
        let whatever_size = !matches!(error.raw_os_error(), Some(libc::EINVAL | libc::EMSGSIZE));
        self.refusals
            .note(message.route.peer, message.segment, whatever_size);
    }

    /// Fills the arrays from the front of `order`, as far as they have room.
    fn plan(&mut self, socket: &UdpSocket, queue: &Queue, order: &[u32]) {
        self.units.clear();
        self.vectors.clear();
        for &index in order {
            let message = &queue.messages[index as usize];
            if message.is_done() {
                continue;
            }
            let most = self.segments_for(socket, message);
            let mut next = message.first;
            while next < message.end {
                let datagrams = self.take(queue, next..message.end.min(next + most));
                if datagrams == 0 {
                    return;
                }
                self.address(socket, message, datagrams);
                self.units.push(Unit {
                    message: index,
                    datagrams,
                });
                next += datagrams;
            }
        }
    }

    /// Drops the messages that [`Sendmmsg::whole`] has built.
    pub(super) fn begin(&mut self) {
        self.units.clear();
        self.vectors.clear();
    }

    /// Builds one message, in addition to those built since [`Sendmmsg::begin`], for a call that
    /// sends it alone. `None` if it consists of several datagrams that the kernel must not split,
    /// or if the arrays are full.
    pub(super) fn whole(
        &mut self,
        socket: &UdpSocket,
        queue: &Queue,
        index: u32,
    ) -> Option<*const msghdr> {
        let message = &queue.messages[index as usize];
        let (datagrams, begin) = (message.len(), self.vectors.len());
        if datagrams > self.segments_for(socket, message)
            || self.take(queue, message.first..message.end) < datagrams
        {
            self.vectors.truncate(begin);
            return None;
        }
        self.address(socket, message, datagrams);
        self.units.push(Unit {
            message: index,
            datagrams,
        });
        Some(&raw const self.headers[self.units.len() - 1].msg_hdr)
    }

    /// Returns the maximum number of datagrams of one message to this peer.
    fn segments_for(&mut self, socket: &UdpSocket, message: &Message) -> usize {
        let several = message.segment > 0 && message.len() > 1;
        if several
            && self.segmentation
            && segmentation::supported(socket)
            && self.refusals.permit(message.route.peer, message.segment)
        {
            segmentation::segments_of(message.segment)
        } else {
            1
        }
    }

    /// Gathers the pieces of as many of these datagrams as fit into one message; returns 0 if the
    /// arrays are full.
    fn take(&mut self, queue: &Queue, datagrams: std::ops::Range<usize>) -> usize {
        if self.units.len() == MESSAGES {
            return 0;
        }
        let (begin, first) = (self.vectors.len(), datagrams.start);
        let room = (VECTORS - begin).min(VECTORS_A_MESSAGE);
        let mut taken = 0;
        for datagram in datagrams {
            let pieces = queue.pieces(datagram);
            if self.vectors.len() - begin + pieces.len() > room {
                break;
            }
            for piece in pieces {
                self.gather(piece, begin);
            }
            taken = datagram - first + 1;
        }
        let header = &mut self.headers[self.units.len()].msg_hdr;
        // Only an address is computed, which the kernel follows during the call; the vectors never
        // grow beyond their capacity.
        header.msg_iov = self.vectors.as_mut_ptr().wrapping_add(begin);
        header.msg_iovlen = (self.vectors.len() - begin) as _;
        taken
    }

    /// Adds bytes to the message that begins at `begin`: to its last vector if they directly follow
    /// it in memory.
    #[inline]
    fn gather(&mut self, piece: &[u8], begin: usize) {
        let start = piece.as_ptr().cast_mut();
        if let Some(last) = self.vectors[begin..].last_mut()
            && ptr::eq(last.iov_base.cast::<u8>().wrapping_add(last.iov_len), start)
        {
            last.iov_len += piece.len();
            return;
        }
        debug_assert!(self.vectors.len() < VECTORS);
        self.vectors.push(iovec {
            iov_base: start.cast(),
            iov_len: piece.len(),
        });
    }

    /// Sets the address and the control data of the next message.
    fn address(&mut self, socket: &UdpSocket, message: &Message, datagrams: usize) {
        let index = self.units.len();
        let header = &mut self.headers[index].msg_hdr;
        if message.route.connected {
            (header.msg_name, header.msg_namelen) = (ptr::null_mut(), 0);
        } else {
            header.msg_namelen = self.names[index].set(socket.in_family(message.route.peer));
            header.msg_name = (&raw mut self.names[index]).cast();
        }
        let control = &mut self.controls[index];
        let mut used = push_source(control, &message.route);
        if datagrams > 1 {
            used = push_segment(control, used, message.segment as u16);
        }
        header.msg_control = if used == 0 {
            ptr::null_mut()
        } else {
            (&raw mut *control).cast()
        };
        header.msg_controllen = used as _;
    }
}
