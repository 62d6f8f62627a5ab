//! The sockets of one thread: the listening one, those of one peer each, and those that many peers share.
//!
//! Which of them a transfer gets is not decided here. RFC 1350 section 4 names a transfer by a pair of ports, ours and
//! the client's, so transfers of several clients can share a port; but then whoever has one of them knows it.

use std::cell::Cell;
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

/// The place of the listening socket.
pub const LISTENING: usize = 0;

/// A thread's own: the listening socket, the poller, the descriptor that wakes it.
const LISTENING_DESCRIPTORS: usize = 3;

/// How the sockets of a thread are made, and how many there may be.
#[derive(Clone, Debug)]
pub struct PortOptions {
    /// Where requests are awaited.
    pub address: SocketAddr,
    /// The address to send from, where it is not the one that was asked.
    pub source: Option<IpAddr>,
    /// The ports of transfers; `None`: any.
    pub range: Option<RangeInclusive<u16>>,
    /// Whether the system draws ports.
    pub mode: IoMode,
    /// How calls on many private sockets are made together.
    #[cfg_attr(not(linux), allow(dead_code, reason = "Linux alone has bundles"))]
    pub bundling: Bundling,
    /// The options of shared sockets; `share_port` is ignored. Private ones have most of them.
    pub sockets: SocketOptions,
    /// The receive buffer of private sockets, where it does not depend on the transfer.
    pub recv_buffer: Option<usize>,
    /// Shared sockets, at most.
    pub shared: usize,
    /// Private sockets, at most. All threads of the process together have half of the soft limit of descriptors.
    pub private: usize,
    /// Private sockets that are kept for the next transfers, at most.
    pub idle: usize,
    /// A transfer without a private socket is refused: there are as many as descriptors allow.
    pub always_private: bool,
}

/// The sockets of one thread.
pub struct Ports {
    slots: Vec<Slot>,
    free: Vec<usize>,
    /// The shared sockets that are open, by bucket.
    shared: Vec<Option<usize>>,
    /// Private sockets without a transfer, whose ports were given back.
    idle: Vec<usize>,
    water: LowWater,
    /// Private sockets, the idle ones too.
    own: usize,
    options: PortOptions,
    /// Where the shared sockets are bound.
    base: SocketAddr,
    draw: Draw,
}

/// A place for a socket.
#[derive(Default)]
struct Slot {
    generation: u32,
    open: Option<Open>,
}

struct Open {
    socket: UdpSocket,
    /// Counts a socket that is not private.
    _ticket: Option<Ticket>,
    /// Where it is private.
    own: Option<Own>,
}

/// A private socket.
struct Own {
    /// Where it is bound, with port 0.
    here: SocketAddr,
    /// Whom it is connected to; `None` while it is idle, or where it must not be connected.
    peer: Option<SocketAddr>,
    reception: Reception,
    permit: Permit,
    /// The peer has been heard: what others sent before the socket was connected to it came before that, and is gone.
    is_clean: Cell<bool>,
}

/// How datagrams are taken from a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Many at once, of anybody.
    Batches,
    /// One at a time, of the peer.
    One,
    /// What waits belongs to nobody any more.
    Nothing,
}

/// A socket as who receives needs it.
#[derive(Clone, Copy)]
pub struct Inlet<'a> {
    /// The socket.
    pub socket: &'a UdpSocket,
    /// Its name.
    pub id: PortId,
    /// How datagrams are taken from it.
    pub reading: Reading,
    /// Whom it is connected to.
    pub peer: Option<&'a SocketAddr>,
    /// Nothing but that peer's waits.
    pub is_clean: bool,
}

/// Where the shared sockets are bound: where requests are awaited; with a source of its own to no address in particular,
/// as answers come to that one or, where a translator put it there, to the address that was asked.
fn base(options: &PortOptions) -> SocketAddr {
    match (options.source, options.address) {
        (None, address) => address,
        (Some(_), SocketAddr::V4(_)) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        (Some(_), SocketAddr::V6(_)) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    }
}

impl Ports {
    /// The listening socket alone.
    ///
    /// # Errors
    /// Those of epoll.
    pub fn new(mut options: PortOptions, listening: UdpSocket, poller: &Poller) -> io::Result<Ports> {
        poller.add(&listening, LISTENING)?;
        options.sockets.share_port = false;
        // An adopted socket may be bound to another interface than the setting says: its clients are there.
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
            shared: vec![None; options.shared],
            idle: Vec::new(),
            water: LowWater::default(),
            own: 0,
            base: base(&options),
            draw: Draw::new(options.range.clone(), options.mode),
            options,
        })
    }

    /// The socket in that place.
    pub fn get(&self, index: usize) -> Option<&UdpSocket> {
        Some(&self.slots.get(index)?.open.as_ref()?.socket)
    }

    /// The name of the socket in that place.
    pub fn id(&self, index: usize) -> PortId {
        PortId {
            index: index as u32,
            generation: self.slots.get(index).map_or(0, |slot| slot.generation),
        }
    }

    /// The place of that name; `None` where it has another one by now.
    pub fn place(&self, port: PortId) -> Option<usize> {
        let index = port.index as usize;
        let is_it = |slot: &Slot| slot.generation == port.generation && slot.open.is_some();
        self.slots.get(index).is_some_and(is_it).then_some(index)
    }

    /// Whether the socket is private.
    pub fn is_own(&self, index: usize) -> bool {
        self.own(index).is_some()
    }

    /// The place of that name, and whether its socket is connected: sends to one peer, and the kernel delivers nothing of
    /// anybody else.
    #[inline]
    pub fn outlet(&self, port: PortId) -> Option<(usize, bool)> {
        let index = port.index as usize;
        let slot = self.slots.get(index)?;
        let own = &slot.open.as_ref()?.own;
        let is_connected = own.as_ref().is_some_and(|own| own.peer.is_some());
        (slot.generation == port.generation).then_some((index, is_connected))
    }

    /// What is in that place, for who receives.
    #[inline]
    pub fn inlet(&self, index: usize) -> Option<Inlet<'_>> {
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
        Some(Inlet {
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

    /// A datagram of the peer that it is connected to has been received from that private socket.
    #[inline]
    pub fn heard(&self, index: usize) {
        if let Some(own) = self.own(index) {
            own.is_clean.set(true);
        }
    }

    fn own(&self, index: usize) -> Option<&Own> {
        self.slots.get(index)?.open.as_ref()?.own.as_ref()
    }

    /// A socket as planned.
    ///
    /// # Errors
    /// Where ports or descriptors are used up, or as many are in use as may be; what else the system says.
    pub fn open(&mut self, poller: &Poller, plan: &OpenPlan) -> io::Result<usize> {
        match plan.kind {
            PortKind::Private => self.open_own(poller, plan),
            PortKind::Shared { bucket } => self.open_shared(poller, bucket.into(), plan.draw),
        }
    }

    /// The shared sockets that are open.
    pub fn open_shared_sockets(&self) -> impl Iterator<Item = usize> {
        self.shared.iter().flatten().copied()
    }

    /// The transfer on that socket is over: a private socket gives its port back, and is closed where there are enough
    /// idle ones. Others stay as they are.
    pub fn release(&mut self, poller: &Poller, index: usize, now: Instant) {
        if self.is_own(index) && !self.retire(index, now) {
            self.close(poller, index);
        }
    }

    /// When idle sockets are to be closed by [`Ports::close_unused`].
    pub fn unused_at(&self) -> Option<Instant> {
        self.water.due()
    }

    /// Closes the idle sockets that were not needed for a while.
    pub fn close_unused(&mut self, poller: &Poller, now: Instant) {
        let surplus = self.water.surplus(self.idle.len(), now);
        for index in self.idle.drain(..surplus).collect::<Vec<_>>() {
            self.close(poller, index);
        }
    }

    /// Closes the listening socket.
    pub fn close_listening(&mut self, poller: &Poller) {
        if let Some(open) = self.slots[LISTENING].open.take() {
            let _ = poller.remove(&open.socket);
        }
    }

    /// The shared socket of a bucket, opened where it is not.
    fn open_shared(&mut self, poller: &Poller, bucket: usize, draw: u64) -> io::Result<usize> {
        let known = self.shared.get(bucket).ok_or(io::ErrorKind::InvalidInput)?;
        if let Some(index) = *known {
            return Ok(index);
        }
        let _ticket = Some(Ticket::take(1, false).ok_or_else(descriptors::exhausted)?);
        let socket = self.draw.bind(self.base, &self.options.sockets, draw)?;
        let own = None;
        let index = self.add(poller, Open { socket, _ticket, own })?;
        self.shared[bucket] = Some(index);
        Ok(index)
    }

    fn add(&mut self, poller: &Poller, open: Open) -> io::Result<usize> {
        let index = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot::default());
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
            // A socket that epoll does not know any more is what is wanted.
            let _ = poller.remove(&open.socket);
            self.free.push(index);
        }
    }
}
