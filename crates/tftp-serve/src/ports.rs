//! The sockets of one shard: which of them a transfer gets. Those themselves are `tftp_udp`'s.
//!
//! `port_plan.rs` decides which of them a transfer gets. RFC 1350 section 4 names a transfer by a pair of ports, ours
//! and the client's, so transfers of several clients can share a port; but then whoever has one of them knows it.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::ops::Deref;

use tftp_proto::Instant;
use tftp_udp::datagrams::{OpenPlan, PortKind};
pub(super) use tftp_udp::{Intake, LISTENING};
use tftp_udp::{IoMode, LocalAddr, Poller, PortOptions, SocketOptions, UdpSocket, is_own};

use super::admission::Group;
use super::config::Config;
use super::descriptors::soft_limit;
use super::port_plan::{Buckets, Budget, Mode, Occupant, Reception, Seat, most_half_open, seat};
use super::siphash::SipKey;

/// What the kernel is asked to queue for one socket where the application says nothing: a thousand clients' packets.
const DEFAULT_BUFFER: usize = 4 << 20;

pub(super) struct Ports {
    sockets: tftp_udp::Ports,
    mode: Mode,
    threads: usize,
    buckets: Buckets,
    /// Where requests are awaited.
    address: SocketAddr,
    source: Option<IpAddr>,
}

impl Deref for Ports {
    type Target = tftp_udp::Ports;

    fn deref(&self) -> &tftp_udp::Ports {
        &self.sockets
    }
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
        let mode = Mode::new(
            config.single_port,
            config.use_connection,
            config.port_per_transfer,
        );
        let range = config.transfer_ports.clone();
        let budget = Budget::new(mode, range.as_ref(), config.io_threads, soft_limit());
        let sockets = PortOptions {
            address: config.address,
            source: config.source_ip,
            range,
            mode: config.io_mode,
            sockets: options(config),
            recv_buffer: config.recv_buffer,
            shared: budget.shared,
            private: budget.own,
            idle: budget.idle,
            always_private: mode == Mode::AlwaysOwn,
        };
        Ok(Ports {
            sockets: tftp_udp::Ports::new(sockets, listening, poller)?,
            mode,
            threads: config.io_threads,
            buckets: Buckets::new(random_key(), budget.shared.max(1)),
            address: config.address,
            source: config.source_ip,
        })
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

    /// Whether every transfer has a socket of its own, or none at all.
    pub(super) fn are_always_own(&self) -> bool {
        self.mode == Mode::AlwaysOwn
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
            Mode::AlwaysOwn => self.open(poller, request, PortKind::Private).map(own),
            Mode::Own if self.has_room(request) => match self.open(poller, request, PortKind::Private) {
                Ok(place) => Ok(own(place)),
                Err(_) => self.take_shared(poller, request, occupant),
            },
            Mode::Own | Mode::Shared => self.take_shared(poller, request, occupant),
        }
    }

    fn has_room(&self, request: &SocketRequest) -> bool {
        request.half_open < most_half_open(soft_limit(), self.threads)
    }

    fn open(&mut self, poller: &Poller, request: &SocketRequest, kind: PortKind) -> io::Result<usize> {
        let plan = OpenPlan {
            kind,
            peer: request.peer,
            local: request.asked,
            reception: request.reception,
            draw: random(),
        };
        self.sockets.open(poller, &plan)
    }

    pub(super) fn release(&mut self, poller: &Poller, index: usize, now: Instant) {
        self.sockets.release(poller, index, now);
    }

    pub(super) fn close_idle(&mut self, poller: &Poller) -> bool {
        self.sockets.close_idle(poller)
    }

    pub(super) fn close_unused(&mut self, poller: &Poller, now: Instant) {
        self.sockets.close_unused(poller, now);
    }

    pub(super) fn close_listening(&mut self, poller: &Poller) {
        self.sockets.close_listening(poller);
    }

    fn take_shared<T: Copy>(
        &mut self,
        poller: &Poller,
        request: &SocketRequest,
        occupant: impl Fn(usize) -> Option<Occupant<T>>,
    ) -> io::Result<Seat<usize, T>> {
        let (mut places, mut refused) = (Vec::with_capacity(2), None);
        for bucket in self.buckets.of(request.group) {
            let kind = PortKind::Shared { bucket: bucket as u8 };
            match self.open(poller, request, kind) {
                Ok(socket) => places.push((socket, occupant(socket))),
                Err(error) => refused = Some(error),
            }
            if let Some((_, None)) = places.last() {
                break;
            }
        }
        if places.is_empty() {
            // Any socket is better than to refuse.
            let open = self.sockets.open_shared_sockets();
            places.extend(open.map(|socket| (socket, occupant(socket))));
        }
        seat(&places).ok_or_else(|| refused.unwrap_or(io::ErrorKind::AddrInUse.into()))
    }
}
