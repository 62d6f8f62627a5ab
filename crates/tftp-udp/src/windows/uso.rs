//! Segmentation by Windows (USO): one WSASendMsg with UDP_SEND_MSG_SIZE sends a run of equal blocks
//! as datagrams.

use std::io;
use std::sync::OnceLock;

use socket2::{Domain, Protocol, Socket, Type};
use windows_sys::Win32::Networking::WinSock::{
    IPPROTO_UDP, UDP_SEND_MSG_SIZE, WSABUF, WSAEINVAL, WSAEMSGSIZE, WSAENOPROTOOPT, WSAEOPNOTSUPP,
};

use super::{Control, set};
use crate::UdpSocket;
use crate::portable::Single;
use crate::queue::{Message, Queue};
use crate::segmentation::{MAX_BYTES, Refusals, segments_of};
use crate::send::{Failure, Unit};

/// The maximum number of pieces of one call.
const MOST_PIECES: usize = 1024;

/// Sends the messages of one socket: runs of blocks by one call each where Windows splits them, all
/// other datagrams by a call of their own.
pub(in super::super) struct Segmented {
    single: Single,
    buffers: Vec<WSABUF>,
    refusals: Refusals,
    /// True if runs may be sent by one call. Starts as the result of [`supported`].
    pub(in super::super) is_on: bool,
    /// The maximum number of bytes of one call; tests exceed what a system accepts.
    pub(in super::super) most_bytes: usize,
}

// SAFETY: the pointers in `buffers` are written anew before each call, from borrows that last as
// long as the call, and never followed otherwise.
unsafe impl Send for Segmented {}

impl Segmented {
    pub(in super::super) fn new(is_on: bool) -> Segmented {
        Segmented {
            single: Single::default(),
            buffers: Vec::new(),
            refusals: Refusals::default(),
            is_on,
            most_bytes: MAX_BYTES,
        }
    }

    /// Sends from the front of `order` and lists in `sent` what was sent; fails only if nothing was
    /// sent.
    pub(in super::super) fn send(
        &mut self,
        socket: &UdpSocket,
        queue: &Queue,
        order: &[u32],
        sent: &mut Vec<Unit>,
    ) -> Result<(), Failure> {
        if !self.is_on {
            return self.single.send(socket, queue, order, sent);
        }
        for &index in order {
            let message = &queue.messages[index as usize];
            let most = self.segments_for(message);
            let mut first = message.first;
            while first < message.end {
                let datagrams = self.gather(queue, first..message.end.min(first + most));
                let result = match datagrams {
                    1 => self.single.send_one(socket, queue, message, first),
                    _ => self.send_run(socket, message),
                };
                match result {
                    Ok(()) => sent.push(Unit {
                        message: index,
                        datagrams,
                    }),
                    Err(error) if sent.is_empty() => {
                        return Err(Failure {
                            error,
                            segmented: datagrams > 1,
                        });
                    }
                    Err(_) => return Ok(()),
                }
                first += datagrams;
            }
        }
        Ok(())
    }

    /// Remembers that the first message of the last call was refused as a run.
    pub(in super::super) fn refuse(&mut self, message: &Message, error: &io::Error) {
        let whatever_size = error.raw_os_error() != Some(WSAEMSGSIZE);
        self.refusals
            .note(message.route.peer, message.segment, whatever_size);
    }

    /// Returns how many datagrams of a message one call may send.
    fn segments_for(&mut self, message: &Message) -> usize {
        // A size that is set for a single datagram makes some drivers refuse it.
        let is_run = message.segment > 0 && message.len() > 1;
        if !is_run || !self.refusals.permit(message.route.peer, message.segment) {
            return 1;
        }
        match self.most_bytes {
            MAX_BYTES => segments_of(message.segment),
            most => most / message.segment,
        }
    }

    /// Gathers the pieces of these datagrams, as far as a call takes them. Returns the number of
    /// datagrams, at least 1; a single datagram is not gathered.
    fn gather(&mut self, queue: &Queue, datagrams: std::ops::Range<usize>) -> usize {
        self.buffers.clear();
        let first = datagrams.start;
        if datagrams.len() == 1 {
            return 1;
        }
        for datagram in datagrams.clone() {
            let pieces = queue.pieces(datagram);
            if self.buffers.len() + pieces.len() > MOST_PIECES {
                return (datagram - first).max(1);
            }
            for piece in pieces {
                self.add(piece);
            }
        }
        datagrams.len()
    }

    /// Adds bytes: to the last buffer if they directly follow it in memory.
    fn add(&mut self, piece: &[u8]) {
        let start = piece.as_ptr().cast_mut();
        if let Some(last) = self.buffers.last_mut()
            && last.buf.wrapping_add(last.len as usize) == start
        {
            last.len += piece.len() as u32;
            return;
        }
        self.buffers.push(WSABUF {
            len: piece.len() as u32,
            buf: start,
        });
    }

    /// Sends what was gathered, as datagrams of the message's segment size.
    fn send_run(&mut self, socket: &UdpSocket, message: &Message) -> io::Result<()> {
        let route = &message.route;
        let peer = (!route.connected).then(|| socket.in_family(route.peer));
        super::send_from(route.source.filter(|_| peer.is_some()), |source| {
            let mut control = Control::empty();
            if let Some(source) = source {
                control.push_source(source);
            }
            control.push_number(IPPROTO_UDP, UDP_SEND_MSG_SIZE, message.segment as u32);
            super::send_message(socket, &mut self.buffers, peer, &mut control)
        })
    }
}

/// Returns true if the system has the option (Windows 10 since version 2004). Even then some
/// drivers and filters refuse it for a call, see [`is_refusal`].
pub(in super::super) fn supported() -> bool {
    static SUPPORTED: OnceLock<bool> = OnceLock::new();
    // A socket of its own: an option that is set on a socket would split every later datagram, too.
    *SUPPORTED.get_or_init(|| {
        Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))
            .is_ok_and(|socket| set(&socket, IPPROTO_UDP, UDP_SEND_MSG_SIZE, 1472).is_ok())
    })
}

/// Returns true if an error means that a run cannot be sent by one call, although its datagrams may
/// be sent one by one.
pub(in super::super) fn is_refusal(error: &io::Error) -> bool {
    let refusals = [WSAEINVAL, WSAEMSGSIZE, WSAENOPROTOOPT, WSAEOPNOTSUPP];
    error.raw_os_error().is_some_and(|code| refusals.contains(&code))
}
