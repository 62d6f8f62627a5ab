//! The sockets of one shard: the listening one, those of one transfer each, and those that transfers share.
//!
//! `port_plan.rs` decides which of them a transfer gets. RFC 1350 section 4 names a transfer by a pair of ports, ours
//! and the client's, so transfers of several clients can share a port; but then whoever has one of them knows it.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tftp_proto::Instant;

use super::admission::Group;
use super::config::Config;
use super::descriptors::{self, Ticket, soft_limit};
use super::port_plan::{Buckets, Budget, LowWater, Mode, Occupant, Reception, Seat, most_half_open, seat};
use super::siphash::SipKey;
use draw::Draw;
use permit::Permit;
use tftp_udp::{IoMode, LocalAddr, Poller, SocketOptions, UdpSocket, is_own};

mod draw;
mod own;
mod permit;

/// The place of the listening socket.
pub(super) const LISTENING: usize = 0;

/// A thread's own: the listening socket, the poller, the descriptor that wakes it.
const LISTENING_DESCRIPTORS: usize = 3;

/// What the kernel is asked to queue for one socket where the application says nothing: a thousand clients' packets.
const DEFAULT_BUFFER: usize = 4 << 20;

pub(super) struct Ports {
    slots: Vec<Option<Slot>>,
    free: Vec<usize>,
    /// The shared sockets that are open, by bucket.
    shared: Vec<Option<usize>>,
    /// Sockets without a transfer, whose ports were given back.
    idle: Vec<usize>,
    water: LowWater,
    /// Sockets of one transfer each, the idle ones too.
    own: usize,
    mode: Mode,
    threads: usize,
    budget: Budget,
    buckets: Buckets,
    /// Where requests are awaited.
    address: SocketAddr,
    /// Where the shared sockets are bound.
    base: SocketAddr,
    source: Option<IpAddr>,
    /// Of the shared sockets.
    options: SocketOptions,
    draw: Draw,
    /// InBufferSize, where it was set.
    recv_buffer: Option<usize>,
}

struct Slot {
    socket: UdpSocket,
    /// Counts a socket that is not of one transfer.
    _ticket: Option<Ticket>,
    /// Where it is of one transfer.
    own: Option<Own>,
}

/// A socket of one transfer.
struct Own {
    /// Where it is bound, with port 0.
    here: SocketAddr,
    /// Whom it is connected to; `None` while it is idle, or where it must not be connected.
    peer: Option<SocketAddr>,
    reception: Reception,
    permit: Permit,
}

/// How datagrams are taken from a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Intake {
    /// Many at once, of anybody.
    Batches,
    /// One at a time, of this peer.
    One(SocketAddr),
    /// What waits belongs to nobody any more.
    Nothing,
}

/// What a new transfer needs a socket for.
#[derive(Clone, Copy, Debug)]
pub(super) struct SocketRequest {
    pub(super) peer: SocketAddr,
    pub(super) group: Group,
    /// The address that was asked, where the system tells it.
    pub(super) asked: Option<LocalAddr>,
    pub(super) reception: Reception,
    /// Half-open transfers of this thread: where they are many, the next ones share.
    pub(super) half_open: usize,
}

/// The options that every socket of an engine has.
pub(super) fn options(config: &Config) -> SocketOptions {
    SocketOptions {
        share_port: config.share_port,
        recv_buffer: Some(config.recv_buffer.unwrap_or(DEFAULT_BUFFER)),
        send_buffer: Some(config.send_buffer.unwrap_or(DEFAULT_BUFFER)),
        dont_fragment: config.dont_fragment,
        traffic_class: config.traffic_class,
        v6_only: !config.dual_stack,
        packet_info: config.address.ip().is_unspecified(),
        report_errors: true,
        foreign_source: config.source_ip.is_some_and(|ip| !is_own(ip)),
        coalesce: config.io_mode == IoMode::Auto,
        interface: config.interface.clone(),
        late_port: false,
        port_range: None,
    }
}

/// Where the shared sockets are bound: where requests are awaited; with SourceIPAddress to no address in particular, as
/// answers come to that one or, where a translator put it there, to LocalHost.
fn base(config: &Config) -> SocketAddr {
    match (config.source_ip, config.address) {
        (None, address) => address,
        (Some(_), SocketAddr::V4(_)) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        (Some(_), SocketAddr::V6(_)) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    }
}

/// A number that nobody can guess: std keys its hash tables with the system's random bytes.
fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

fn random_key() -> SipKey {
    let secret = RandomState::new();
    let mut key = [0; 16];
    key[..8].copy_from_slice(&secret.hash_one(0).to_le_bytes());
    key[8..].copy_from_slice(&secret.hash_one(1).to_le_bytes());
    SipKey(key)
}

impl Ports {
    pub(super) fn new(config: &Config, listening: UdpSocket, poller: &Poller) -> io::Result<Ports> {
        poller.add(&listening, LISTENING)?;
        let mode = Mode::new(
            config.single_port,
            config.use_connection,
            config.port_per_transfer,
        );
        let range = config.transfer_ports.clone();
        let budget = Budget::new(mode, range.as_ref(), config.io_threads, soft_limit());
        let options = SocketOptions {
            share_port: false,
            // An adopted socket may be bound to another interface than the setting says: its clients are there.
            interface: listening.interface().or(config.interface.clone()),
            ..options(config)
        };
        let mut ports = Ports {
            slots: vec![Some(Slot {
                socket: listening,
                _ticket: Some(Ticket::without_limit(LISTENING_DESCRIPTORS)),
                own: None,
            })],
            free: Vec::new(),
            shared: vec![None; budget.shared],
            idle: Vec::new(),
            water: LowWater::default(),
            own: 0,
            mode,
            threads: config.io_threads,
            budget,
            buckets: Buckets::new(random_key(), budget.shared.max(1)),
            address: config.address,
            base: base(config),
            source: config.source_ip,
            draw: Draw::new(range, config.io_mode),
            options,
            recv_buffer: config.recv_buffer,
        };
        if mode == Mode::Own {
            // One is open in any case, for the time when there are no descriptors. Where it fails, later ones may not.
            let _ = ports.open_bucket(poller, random() as usize % budget.shared);
        }
        Ok(ports)
    }

    /// The address that every request was sent to, where the sockets are bound to one.
    pub(super) fn only_address(&self) -> Option<IpAddr> {
        let ip = self.address.ip().to_canonical();
        (!ip.is_unspecified()).then_some(ip)
    }

    /// SourceIPAddress, where it is of the peer's family.
    pub(super) fn source_for(&self, peer: SocketAddr) -> Option<IpAddr> {
        self.source
            .filter(|ip| ip.is_ipv4() == peer.ip().to_canonical().is_ipv4())
    }

    pub(super) fn get(&self, index: usize) -> Option<&UdpSocket> {
        Some(&self.slots.get(index)?.as_ref()?.socket)
    }

    /// How many sockets of one transfer each there are.
    pub(super) fn own_sockets(&self) -> usize {
        self.own
    }

    /// Whether every transfer has a socket of its own, or none at all.
    pub(super) fn are_always_own(&self) -> bool {
        self.mode == Mode::AlwaysOwn
    }

    /// Whether the socket is of one transfer.
    pub(super) fn is_own(&self, index: usize) -> bool {
        self.own(index).is_some()
    }

    /// Whether the socket sends to one peer and the kernel delivers nothing of anybody else.
    pub(super) fn is_connected(&self, index: usize) -> bool {
        self.own(index).is_some_and(|own| own.peer.is_some())
    }

    /// How datagrams are taken from that socket.
    pub(super) fn intake(&self, index: usize) -> Intake {
        match self.own(index) {
            Some(own) if own.reception.batches => Intake::Batches,
            Some(Own { peer: Some(peer), .. }) => Intake::One(*peer),
            Some(own) if own.here.port() != 0 => Intake::Batches,
            Some(_) => Intake::Nothing,
            None => Intake::Batches,
        }
    }

    fn own(&self, index: usize) -> Option<&Own> {
        self.slots.get(index)?.as_ref()?.own.as_ref()
    }

    /// A socket for a new transfer, and the transfer that gives way for it; `occupant` tells which transfer the client
    /// has on a socket.
    ///
    /// # Errors
    /// With UseConnection where there is no descriptor or port; else only where not even one socket could be opened.
    pub(super) fn choose<T: Copy>(
        &mut self,
        poller: &Poller,
        request: &SocketRequest,
        occupant: impl Fn(usize) -> Option<Occupant<T>>,
    ) -> io::Result<Seat<usize, T>> {
        let own = |place| Seat {
            place,
            gives_way: None,
        };
        match self.mode {
            Mode::Single => Ok(Seat {
                place: LISTENING,
                gives_way: occupant(LISTENING).map(|it| it.transfer),
            }),
            Mode::AlwaysOwn => self.open_own(poller, request).map(own),
            Mode::Own if self.has_room(request) => match self.open_own(poller, request) {
                Ok(place) => Ok(own(place)),
                Err(_) => self.take_shared(poller, request, occupant),
            },
            Mode::Own | Mode::Shared => self.take_shared(poller, request, occupant),
        }
    }

    fn has_room(&self, request: &SocketRequest) -> bool {
        request.half_open < most_half_open(soft_limit(), self.threads)
    }

    /// The transfer on that socket is over: a socket of its own gives its port back, and is closed where there are enough
    /// idle ones. Others stay as they are.
    pub(super) fn release(&mut self, poller: &Poller, index: usize, now: Instant) {
        if self.is_own(index) && !self.retire(index, now) {
            self.close(poller, index);
        }
    }

    /// When idle sockets are to be closed by [`Ports::close_unused`].
    pub(super) fn unused_at(&self) -> Option<Instant> {
        self.water.due()
    }

    /// Closes the idle sockets that were not needed for a while.
    pub(super) fn close_unused(&mut self, poller: &Poller, now: Instant) {
        let surplus = self.water.surplus(self.idle.len(), now);
        for index in self.idle.drain(..surplus).collect::<Vec<_>>() {
            self.close(poller, index);
        }
    }

    pub(super) fn close_listening(&mut self, poller: &Poller) {
        if let Some(slot) = self.slots[LISTENING].take() {
            let _ = poller.remove(&slot.socket);
        }
    }

    fn take_shared<T: Copy>(
        &mut self,
        poller: &Poller,
        request: &SocketRequest,
        occupant: impl Fn(usize) -> Option<Occupant<T>>,
    ) -> io::Result<Seat<usize, T>> {
        let (mut places, mut refused) = (Vec::with_capacity(2), None);
        for bucket in self.buckets.of(request.group) {
            match self.open_bucket(poller, bucket) {
                Ok(socket) => places.push((socket, occupant(socket))),
                Err(error) => refused = Some(error),
            }
            if let Some((_, None)) = places.last() {
                break;
            }
        }
        if places.is_empty() {
            // Any socket is better than to refuse.
            places.extend(
                self.shared
                    .iter()
                    .flatten()
                    .map(|&socket| (socket, occupant(socket))),
            );
        }
        seat(&places).ok_or_else(|| refused.unwrap_or(io::ErrorKind::AddrInUse.into()))
    }

    /// The shared socket of a bucket, opened where it is not.
    fn open_bucket(&mut self, poller: &Poller, bucket: usize) -> io::Result<usize> {
        if let Some(index) = self.shared[bucket] {
            return Ok(index);
        }
        let _ticket = Some(Ticket::take(1, false).ok_or_else(descriptors::exhausted)?);
        let socket = self.draw.bind(self.base, &self.options)?;
        let index = self.add(
            poller,
            Slot {
                socket,
                _ticket,
                own: None,
            },
        )?;
        self.shared[bucket] = Some(index);
        Ok(index)
    }

    fn add(&mut self, poller: &Poller, slot: Slot) -> io::Result<usize> {
        let index = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            self.slots.len() - 1
        });
        if let Err(error) = poller.add(&slot.socket, index) {
            self.free.push(index);
            return Err(error);
        }
        self.slots[index] = Some(slot);
        Ok(index)
    }

    fn close(&mut self, poller: &Poller, index: usize) {
        if let Some(slot) = self.slots[index].take() {
            self.own -= usize::from(slot.own.is_some());
            // A socket that epoll does not know any more is what is wanted.
            let _ = poller.remove(&slot.socket);
            self.free.push(index);
        }
    }
}
