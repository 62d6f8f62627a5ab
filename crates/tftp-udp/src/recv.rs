//! Receives many datagrams at once.

use std::io;
use std::net::SocketAddr;

#[cfg(linux)]
use super::bundle::{Bundle, CALLS, Work};
use super::{IoMode, LocalAddr, UdpSocket, portable, renewing};

/// A received datagram.
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'a> {
    /// The sender, in the socket's form (IPv4-mapped on a dual-stack socket; see [`super::plain`]).
    pub peer: SocketAddr,
    /// The address it was sent to, if the socket was opened with packet information and the system
    /// reports it.
    pub local: Option<LocalAddr>,
    /// True if it was sent to a broadcast or multicast address, as far as packet information shows.
    pub broadcast: bool,
    /// Its bytes, at most the size of a slot.
    pub bytes: &'a [u8],
    /// True if it was longer than a slot; the rest is lost.
    pub truncated: bool,
}

/// The details of a received datagram, without its bytes.
pub(super) struct Meta {
    pub(super) peer: SocketAddr,
    pub(super) local: Option<LocalAddr>,
    pub(super) broadcast: bool,
    pub(super) truncated: bool,
    /// The offset of its bytes in the memory of all slots.
    pub(super) start: usize,
    pub(super) length: usize,
}

/// Slots for datagrams, and the data structures of the system call, allocated once.
pub struct RecvBatch {
    slots: Slots,
    arrivals: Vec<Meta>,
    #[cfg(linux)]
    kernel: Option<super::recvmmsg::Recvmmsg>,
}

/// The slots' memory. Pages of slots that are never used stay untouched.
pub(super) struct Slots {
    memory: Vec<u8>,
    pub(super) count: usize,
    pub(super) size: usize,
    pub(super) stride: usize,
}

impl Slots {
    fn new(count: usize, size: usize) -> Slots {
        // The additional byte reveals truncation where the system does not report it. An odd number
        // of cache lines keeps the first lines of all slots, where the small packets are, from
        // falling into one set of the cache.
        let stride = ((size + 1).div_ceil(64) | 1) * 64;
        Slots {
            memory: vec![0; count * stride],
            count,
            size,
            stride,
        }
    }

    /// Returns a slot, including the additional byte.
    fn slot(&mut self, index: usize) -> &mut [u8] {
        &mut self.memory[index * self.stride..][..self.size + 1]
    }

    /// Returns the beginning of the memory; slot `i` is at `i * stride`.
    #[cfg(linux)]
    pub(super) fn base(&mut self) -> *mut u8 {
        self.memory.as_mut_ptr()
    }
}

impl RecvBatch {
    /// Creates a batch of that many slots (1 to 1024) of `slot_size` bytes each. Pages are
    /// allocated when datagrams use them.
    pub fn new(slots: usize, slot_size: usize, mode: IoMode) -> RecvBatch {
        let slots = Slots::new(slots.clamp(1, 1024), slot_size);
        #[cfg(not(linux))]
        let _ = mode;
        RecvBatch {
            arrivals: Vec::with_capacity(slots.count),
            #[cfg(linux)]
            kernel: (mode == IoMode::Auto).then(|| super::recvmmsg::Recvmmsg::new(slots.count)),
            slots,
        }
    }

    /// Receives queued datagrams into the slots, at most `most` slots, and drops the former
    /// arrivals. Returns the number of datagrams: it exceeds the number of slots if the socket
    /// coalesces (see [`super::SocketOptions::coalesce`]). If the socket is connected to `peer`,
    /// datagrams that others sent before are skipped.
    ///
    /// # Errors
    /// `WouldBlock` if no datagrams are queued. A pending error of the socket (`ConnectionRefused`,
    /// ...) is returned once: see [`UdpSocket::take_errors`], then receive again.
    pub(super) fn receive_of(
        &mut self,
        socket: &UdpSocket,
        most: usize,
        peer: Option<&SocketAddr>,
    ) -> io::Result<usize> {
        self.arrivals.clear();
        #[cfg(linux)]
        if let Some(kernel) = &mut self.kernel {
            match kernel.receive(socket, &mut self.slots, most, peer, &mut self.arrivals) {
                // The call does not exist, or a sandbox forbids it: a UDP socket itself never
                // returns these errors.
                Err(error) if matches!(error.raw_os_error(), Some(libc::ENOSYS | libc::EPERM)) => {
                    self.kernel = None
                }
                result => return result.map(|()| self.arrivals.len()),
            }
        }
        self.receive_one_by_one(socket, most, peer)
    }

    /// Receives queued datagrams of any peer.
    #[cfg(all(test, unix))]
    pub(super) fn receive(&mut self, socket: &UdpSocket, most: usize) -> io::Result<usize> {
        self.receive_of(socket, most, None)
    }

    /// Receives one datagram of `peer` alone.
    #[cfg(all(test, linux))]
    pub(super) fn receive_from(
        &mut self,
        socket: &UdpSocket,
        peer: SocketAddr,
    ) -> io::Result<usize> {
        self.clear();
        self.receive_one_more(socket, &peer)
    }

    /// Drops the arrivals.
    pub(super) fn clear(&mut self) {
        self.arrivals.clear();
    }

    /// Adds one datagram of `peer` to the arrivals by a single plain call, for a socket that is
    /// connected to `peer` and does not coalesce. Returns 0 for a datagram of another peer, which
    /// came before the socket was connected, and if no slot is free.
    ///
    /// # Errors
    /// As [`RecvBatch::receive_of`].
    #[inline]
    pub(super) fn receive_one_more(
        &mut self,
        socket: &UdpSocket,
        peer: &SocketAddr,
    ) -> io::Result<usize> {
        let slot = self.arrivals.len();
        if slot >= self.slots.count {
            return Ok(0);
        }
        let received = loop {
            match renewing::receive_from(socket, peer, self.slots.slot(slot)) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                received => break received?,
            }
        };
        self.arrivals.extend(received.map(|(length, truncated)| Meta {
            peer: *peer,
            local: None,
            broadcast: false,
            truncated,
            start: slot * self.slots.stride,
            length,
        }));
        Ok(self.arrivals.len() - slot)
    }

    /// Receives one datagram from each of several sockets together, and drops the former arrivals.
    /// Each socket is connected to the peer beside it, has datagrams of that peer alone in its
    /// queue, and does not coalesce. Calls `each` with the result of each socket, in their order;
    /// errors are those of [`RecvBatch::receive_one_more`].
    #[cfg(linux)]
    pub(super) fn receive_together<'a>(
        &mut self,
        bundle: &mut Bundle,
        sockets: impl Iterator<Item = (&'a UdpSocket, &'a SocketAddr)> + Clone,
        mut each: impl FnMut(io::Result<()>),
    ) {
        self.arrivals.clear();
        let count = self.slots.count.min(CALLS);
        for (index, (socket, _)) in sockets.clone().take(count).enumerate() {
            let slot = self.slots.slot(index);
            bundle.add(socket.fd(), Work::Receive(slot.as_mut_ptr(), slot.len()));
        }
        // SAFETY: slots of `self`, each used by one call.
        unsafe { bundle.perform() };
        let (size, stride) = (self.slots.size, self.slots.stride);
        for ((index, result), (_, peer)) in bundle.results().enumerate().zip(sockets) {
            each(result.map(|length| {
                self.arrivals.push(Meta {
                    peer: *peer,
                    local: None,
                    broadcast: false,
                    truncated: length > size,
                    start: index * stride,
                    length: length.min(size),
                });
            }));
        }
    }

    fn receive_one_by_one(
        &mut self,
        socket: &UdpSocket,
        most: usize,
        only: Option<&SocketAddr>,
    ) -> io::Result<usize> {
        if socket.stop_coalescing() {
            // This call does not report where one datagram ends and the next begins; the senders
            // retransmit them.
            while portable::receive_one(socket, self.slots.slot(0)).is_ok() {}
        }
        while self.arrivals.len() < self.slots.count.min(most) {
            let slot = self.arrivals.len();
            match portable::receive_one(socket, self.slots.slot(slot)) {
                Ok(one)
                    if only
                        .is_some_and(|only| !renewing::same(one.peer, socket.in_family(*only))) => {
                }
                Ok(one) => {
                    self.arrivals.push(Meta {
                        peer: one.peer,
                        local: one.local,
                        broadcast: one.broadcast,
                        truncated: one.truncated,
                        start: slot * self.slots.stride,
                        length: one.length,
                    });
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if self.arrivals.is_empty() => return Err(error),
                // A pending error behind received datagrams is lost here; the error queue, where
                // there is one, still has it.
                Err(_) => break,
            }
        }
        Ok(self.arrivals.len())
    }

    /// Returns an arrival by its index, below the result of [`RecvBatch::receive_of`].
    ///
    /// # Panics
    /// If there is none.
    #[inline]
    pub fn get(&self, index: usize) -> Arrival<'_> {
        let meta = &self.arrivals[index];
        Arrival {
            peer: meta.peer,
            local: meta.local,
            broadcast: meta.broadcast,
            bytes: &self.slots.memory[meta.start..][..meta.length],
            truncated: meta.truncated,
        }
    }
}
