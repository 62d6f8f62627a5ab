//! The sockets of one thread: the listening one, private ones with one peer each, and those that
//! many peers share.
//!
//! The caller decides which of them a transfer gets. RFC 1350 section 4 identifies a transfer by a
//! pair of ports, ours and the client's, so that transfers of several clients can share a port; but
//! then any of these clients knows it.

use std::cell::Cell;
use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ops::RangeInclusive;

use tftp_budget::descriptors::{self, Ticket};
use tftp_proto::Instant;

use super::datagrams::{OpenPlan, PortId, PortKind, Reception};
use super::{Bundling, IoMode, Poller, SocketOptions, UdpSocket};
use draw::Draw;
use low_water::LowWater;
use permit::Permit;

mod draw;
mod low_water;
mod own;
mod permit;

/// The index of the listening socket.
pub const LISTENING: usize = 0;

/// The descriptors of a thread itself: the listening socket, the poller, those that wake it. Those
/// are one on Linux and a pipe elsewhere; the crate `polling` adds two of its own on Linux.
const LISTENING_DESCRIPTORS: usize = if cfg!(any(linux, windows)) {
    3
} else if cfg!(target_os = "linux") {
    6
} else {
    4
};

/// The options of a thread's sockets, and the limits on their number.
#[derive(Clone, Debug)]
pub struct PortOptions {
    /// The address that requests are sent to.
    pub address: SocketAddr,
    /// The address to send from, if it is not the address that the request was sent to.
    pub source: Option<IpAddr>,
    /// The ports of transfers; `None`: any.
    pub range: Option<RangeInclusive<u16>>,
    /// In [`IoMode::Auto`] the system chooses the ports of private sockets.
    pub mode: IoMode,
    /// The mechanism by which calls on many private sockets are made together.
    #[cfg_attr(not(linux), allow(dead_code, reason = "Linux alone has bundles"))]
    pub bundling: Bundling,
    /// The options of shared sockets; `share_port` is ignored. Private sockets get most of them.
    pub sockets: SocketOptions,
    /// The receive buffer of private sockets in bytes, where it does not depend on the transfer.
    pub recv_buffer: Option<usize>,
    /// The maximum number of shared sockets.
    pub shared: usize,
    /// The maximum number of private sockets. All threads of the process together get half of the
    /// soft limit of descriptors.
    pub private: usize,
    /// The maximum number of private sockets that are kept for the next transfers.
    pub idle: usize,
    /// True if transfers without a private socket are refused; descriptors alone then limit the
    /// number of sockets.
    pub always_private: bool,
}

/// The sockets of one thread.
pub struct Ports {
    slots: Vec<Slot>,
    free: Vec<usize>,
    /// The generation of new slots: no slot that was freed had a larger one.
    generation: u32,
    /// The shared sockets that are open, by bucket.
    shared: Vec<Option<usize>>,
    /// Private sockets without a transfer, whose ports were released, in the order of that.
    idle: VecDeque<usize>,
    /// The number of times that the poller has reported all sockets that have something.
    polls: u64,
    water: LowWater,
    /// The number of private sockets, including the idle ones.
    own: usize,
    options: PortOptions,
    /// The address that the shared sockets are bound to.
    base: SocketAddr,
    draw: Draw,
}

/// A place for a socket, with a generation that distinguishes successive ports.
#[derive(Default)]
struct Slot {
    generation: u32,
    open: Option<Open>,
}

struct Open {
    socket: UdpSocket,
    /// The share of the descriptor budget of a socket that is not private.
    _ticket: Option<Ticket>,
    /// Set for a private socket.
    own: Option<Own>,
}

/// A private socket.
struct Own {
    /// The address it is bound to, with port 0.
    here: SocketAddr,
    /// The peer it is connected to; `None` while it is idle, or where it must not be connected.
    peer: Option<SocketAddr>,
    reception: Reception,
    permit: Permit,
    /// The value of [`Ports::polls`] when its port was released.
    released_at: u64,
    /// True once a datagram of the peer was read. Datagrams that others sent before the socket was
    /// connected stood before it in the queue, so that none of them is left.
    is_clean: Cell<bool>,
}

/// How datagrams are read from a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Many at once, from any peer.
    Batches,
    /// One at a time, from the connected peer.
    One,
    /// Not at all: the queued datagrams belong to an ended transfer.
    Nothing,
}

/// A socket with the details needed to receive from it.
#[derive(Clone, Copy)]
pub struct RecvSocket<'a> {
    /// The socket.
    pub socket: &'a UdpSocket,
    /// Its id.
    pub id: PortId,
    /// How datagrams are read from it.
    pub reading: Reading,
    /// The peer it is connected to.
    pub peer: Option<&'a SocketAddr>,
    /// True if only datagrams of that peer can be queued.
    pub is_clean: bool,
}

/// Returns the address for the shared sockets: the listening address. With a source address set it
/// is unspecified, because replies arrive at the source or, if an address translator inserted it,
/// at the address that the request was sent to.
fn base(options: &PortOptions) -> SocketAddr {
    match (options.source, options.address) {
        (None, address) => address,
        (Some(_), SocketAddr::V4(_)) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        (Some(_), SocketAddr::V6(_)) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    }
}

impl Ports {
    /// Creates the ports of a thread, with the listening socket alone.
    ///
    /// # Errors
    /// Those of epoll.
    pub fn new(
        mut options: PortOptions,
        listening: UdpSocket,
        poller: &Poller,
    ) -> io::Result<Ports> {
        poller.add(&listening, LISTENING)?;
        options.sockets.share_port = false;
        // An adopted socket may be bound to another interface than the one that is set; its clients
        // are reached by that one.
        options.sockets.interface = listening.interface().or(options.sockets.interface);
        let first = Open {
            socket: listening,
            _ticket: Some(Ticket::without_limit(LISTENING_DESCRIPTORS)),
            own: None,
        };
        Ok(Ports {
            slots: vec![Slot {
                generation: 0,
                open: Some(first),
            }],
            free: Vec::new(),
            generation: 0,
            shared: vec![None; options.shared],
            idle: VecDeque::new(),
            polls: 0,
            water: LowWater::default(),
            own: 0,
            base: base(&options),
            draw: Draw::new(options.range.clone(), options.mode),
            options,
        })
    }

    /// Returns the socket at an index.
    pub fn get(&self, index: usize) -> Option<&UdpSocket> {
        Some(&self.slots.get(index)?.open.as_ref()?.socket)
    }

    /// Returns the current id of the port at an index.
    pub fn id(&self, index: usize) -> PortId {
        PortId {
            index: index as u32,
            generation: self.slots.get(index).map_or(0, |slot| slot.generation),
        }
    }

    /// Returns the index of a port; `None` if that port is closed.
    pub fn place(&self, port: PortId) -> Option<usize> {
        let index = port.index as usize;
        let is_it = |slot: &Slot| slot.generation == port.generation && slot.open.is_some();
        self.slots.get(index).is_some_and(is_it).then_some(index)
    }

    /// Returns true if the socket is private.
    pub fn is_own(&self, index: usize) -> bool {
        self.own(index).is_some()
    }

    /// Returns the index of a port, and whether its socket is connected: then it sends to one peer,
    /// and the kernel delivers nothing from others.
    #[inline]
    pub fn send_socket(&self, port: PortId) -> Option<(usize, bool)> {
        let index = port.index as usize;
        let slot = self.slots.get(index)?;
        let own = &slot.open.as_ref()?.own;
        let is_connected = own.as_ref().is_some_and(|own| own.peer.is_some());
        (slot.generation == port.generation).then_some((index, is_connected))
    }

    /// Returns the socket at an index, with the details needed to receive from it.
    #[inline]
    pub fn recv_socket(&self, index: usize) -> Option<RecvSocket<'_>> {
        let slot = self.slots.get(index)?;
        let open = slot.open.as_ref()?;
        let peer = open.own.as_ref().and_then(|own| own.peer.as_ref());
        let reading = match (&open.own, peer) {
            (None, _) => Reading::Batches,
            (Some(own), _) if own.reception.batches => Reading::Batches,
            (Some(_), Some(_)) => Reading::One,
            (Some(own), None) if own.here.port() != 0 => Reading::Batches,
            (Some(_), None) => Reading::Nothing,
        };
        Some(RecvSocket {
            socket: &open.socket,
            id: PortId {
                index: index as u32,
                generation: slot.generation,
            },
            reading,
            peer,
            is_clean: open.own.as_ref().is_some_and(|own| own.is_clean.get()),
        })
    }

    /// Called when a private socket received a datagram of the peer that it is connected to.
    #[inline]
    pub fn heard(&self, index: usize) {
        if let Some(own) = self.own(index) {
            own.is_clean.set(true);
        }
    }

    fn own(&self, index: usize) -> Option<&Own> {
        self.slots.get(index)?.open.as_ref()?.own.as_ref()
    }

    /// Called after a poll that has reported all sockets that have something.
    pub fn polled(&mut self) {
        self.polls += 1;
    }

    /// Opens a socket as planned. `is_quiet`: returns true if the last poll has reported nothing of
    /// a socket.
    ///
    /// # Errors
    /// No ports or descriptors are left, the limit of sockets is reached, or another error of the
    /// system.
    pub fn open(
        &mut self,
        poller: &Poller,
        plan: &OpenPlan,
        is_quiet: &dyn Fn(usize) -> bool,
    ) -> io::Result<usize> {
        match plan.kind {
            PortKind::Private => self.open_own(poller, plan, is_quiet),
            PortKind::Shared { bucket } => self.open_shared(poller, bucket.into(), plan.draw),
        }
    }

    /// Returns the indices of the open shared sockets.
    pub fn open_shared_sockets(&self) -> impl Iterator<Item = usize> {
        self.shared.iter().flatten().copied()
    }

    /// Ends the transfer on a socket: a private socket releases its port and becomes idle, or is
    /// closed if there are enough idle ones. Other sockets stay as they are.
    pub fn release(&mut self, poller: &Poller, index: usize, now: Instant) {
        if self.is_own(index) && !self.retire(index, now) {
            self.close(poller, index);
        }
    }

    /// Returns the time at which [`Ports::close_unused`] is to be called.
    pub fn unused_at(&self) -> Option<Instant> {
        self.water.due()
    }

    /// Closes idle sockets that were not needed for a while.
    pub fn close_unused(&mut self, poller: &Poller, now: Instant) {
        let surplus = self.water.surplus(self.idle.len(), now);
        for index in self.idle.drain(..surplus).collect::<Vec<_>>() {
            self.close(poller, index);
        }
    }

    /// Frees the places behind the last open socket. New sockets get the lowest free places.
    pub fn shrink(&mut self) {
        let last = self.slots.iter().rposition(|slot| slot.open.is_some());
        // The place of the listening socket stays also when that is closed.
        let used = last.unwrap_or(LISTENING) + 1;
        for slot in self.slots.drain(used..) {
            self.generation = self.generation.max(slot.generation);
        }
        self.free.retain(|&index| index < used);
        self.free.sort_unstable_by(|one, other| other.cmp(one));
        self.slots.shrink_to_fit();
        self.free.shrink_to_fit();
        self.idle.shrink_to_fit();
    }

    /// Closes the listening socket.
    pub fn close_listening(&mut self, poller: &Poller) {
        if let Some(open) = self.slots[LISTENING].open.take() {
            let _ = poller.remove(&open.socket);
        }
    }

    /// Returns the shared socket of a bucket, and opens it if necessary.
    fn open_shared(&mut self, poller: &Poller, bucket: usize, draw: u64) -> io::Result<usize> {
        let known = self.shared.get(bucket).ok_or(io::ErrorKind::InvalidInput)?;
        if let Some(index) = *known {
            return Ok(index);
        }
        let _ticket = Some(Ticket::take(1, false).ok_or_else(descriptors::exhausted)?);
        let socket = self.draw.bind(self.base, &self.options.sockets, draw)?;
        let own = None;
        let index = self.add(
            poller,
            Open {
                socket,
                _ticket,
                own,
            },
        )?;
        self.shared[bucket] = Some(index);
        Ok(index)
    }

    fn add(&mut self, poller: &Poller, open: Open) -> io::Result<usize> {
        let index = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot {
                generation: self.generation,
                open: None,
            });
            self.slots.len() - 1
        });
        if let Err(error) = poller.add(&open.socket, index) {
            self.free.push(index);
            return Err(error);
        }
        self.slots[index].open = Some(open);
        Ok(index)
    }

    fn close(&mut self, poller: &Poller, index: usize) {
        let slot = &mut self.slots[index];
        if let Some(open) = slot.open.take() {
            slot.generation = slot.generation.wrapping_add(1);
            self.own -= usize::from(open.own.is_some());
            // Failure means that epoll does not watch the socket any more, as intended.
            let _ = poller.remove(&open.socket);
            self.free.push(index);
        }
    }
}
