//! The sockets of one shard: the listening one, a few shared ones for transfers, and, with UseConnection, one each.
//!
//! RFC 1350 section 4 asks that a transfer's port differ from the listening one and that the pair of ports name the
//! transfer; it does not ask for a socket each. A new transfer takes the next shared socket on which its client address
//! is not active, so one system call brings many clients' ACKs and ten thousand transfers need a handful of sockets.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ops::RangeInclusive;

use super::config::Config;
use super::platform::{IoMode, LocalAddr, Poller, SocketOptions, UdpSocket, is_own};

/// The place of the listening socket.
pub(super) const LISTENING: usize = 0;

/// Shared sockets of a shard at most, and how many transfers let it open one more: the kernel's queue of one socket
/// holds some hundred ACKs at its default size, and fewer sockets mean more datagrams a system call.
const SHARED_AT_MOST: usize = 16;
const TRANSFERS_A_SOCKET: usize = 256;

/// What the kernel is asked to queue for one socket where the application says nothing: a thousand clients' packets.
const DEFAULT_BUFFER: usize = 4 << 20;

pub(super) struct Ports {
    slots: Vec<Option<UdpSocket>>,
    free: Vec<usize>,
    shared: Vec<usize>,
    turn: usize,
    /// Where requests are awaited.
    address: SocketAddr,
    /// Where the shared sockets are bound.
    base: SocketAddr,
    source: Option<IpAddr>,
    options: SocketOptions,
    transfer_ports: Option<RangeInclusive<u16>>,
    single_port: bool,
    use_connection: bool,
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

/// An IPv4 address as a dual-stack socket has it.
fn in_family(ip: IpAddr, socket: SocketAddr) -> IpAddr {
    match ip {
        IpAddr::V4(v4) if socket.is_ipv6() => v4.to_ipv6_mapped().into(),
        _ => ip,
    }
}

impl Ports {
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

    pub(super) fn new(config: &Config, listening: UdpSocket, poller: &Poller) -> io::Result<Ports> {
        poller.add(&listening, LISTENING)?;
        Ok(Ports {
            slots: vec![Some(listening)],
            free: Vec::new(),
            shared: Vec::new(),
            turn: 0,
            address: config.address,
            base: base(config),
            source: config.source_ip,
            options: SocketOptions {
                share_port: false,
                ..options(config)
            },
            transfer_ports: config.transfer_ports.clone(),
            single_port: config.single_port,
            use_connection: config.use_connection,
        })
    }

    pub(super) fn get(&self, index: usize) -> Option<&UdpSocket> {
        self.slots.get(index)?.as_ref()
    }

    /// A socket for a new transfer with `peer`; `taken` tells where that address is active already, `active` how many
    /// transfers there are. `None`: the address is active on every port there may be.
    pub(super) fn choose(
        &mut self,
        poller: &Poller,
        peer: SocketAddr,
        asked: Option<LocalAddr>,
        active: usize,
        taken: impl Fn(usize) -> bool,
    ) -> io::Result<Option<usize>> {
        if self.use_connection {
            return self.connected(poller, peer, asked).map(Some);
        }
        if self.single_port {
            return Ok((!taken(LISTENING)).then_some(LISTENING));
        }
        if self.shared.len() * TRANSFERS_A_SOCKET <= active {
            self.grow(poller)?;
        }
        if let Some(socket) = self.next_free(&taken) {
            return Ok(Some(socket));
        }
        self.grow(poller)?;
        Ok(self.next_free(&taken))
    }

    /// Closes a transfer's own socket; shared ones stay.
    pub(super) fn release(&mut self, poller: &Poller, index: usize) {
        if !self.use_connection || index == LISTENING {
            return;
        }
        if let Some(socket) = self.slots[index].take() {
            // A socket that epoll does not know any more is what is wanted.
            let _ = poller.remove(&socket);
            self.free.push(index);
        }
    }

    pub(super) fn close_listening(&mut self, poller: &Poller) {
        if let Some(socket) = self.slots[LISTENING].take() {
            let _ = poller.remove(&socket);
        }
    }

    fn next_free(&mut self, taken: impl Fn(usize) -> bool) -> Option<usize> {
        let count = self.shared.len();
        let free = (0..count)
            .map(|step| self.shared[(self.turn + step) % count])
            .find(|&socket| !taken(socket));
        self.turn = self.turn.wrapping_add(1);
        free
    }

    /// One more shared socket. Failing is no harm while there is one.
    fn grow(&mut self, poller: &Poller) -> io::Result<()> {
        if self.shared.len() >= SHARED_AT_MOST {
            return Ok(());
        }
        match self.bind(self.base).and_then(|socket| self.add(poller, socket)) {
            Ok(index) => self.shared.push(index),
            Err(error) if self.shared.is_empty() => return Err(error),
            Err(_) => {}
        }
        Ok(())
    }

    fn connected(
        &mut self,
        poller: &Poller,
        peer: SocketAddr,
        asked: Option<LocalAddr>,
    ) -> io::Result<usize> {
        let here = match (self.source_for(peer), asked) {
            (Some(ip), _) => SocketAddr::new(in_family(ip, self.address), 0),
            (None, Some(asked)) => asked.to_bind(),
            (None, None) => self.address,
        };
        let socket = self.bind(here)?;
        socket.connect(peer)?;
        self.add(poller, socket)
    }

    /// A socket with that address and a transfer port.
    fn bind(&self, mut address: SocketAddr) -> io::Result<UdpSocket> {
        let Some(range) = self.transfer_ports.clone() else {
            address.set_port(0);
            return UdpSocket::bind(address, &self.options);
        };
        let mut refused = io::Error::from(io::ErrorKind::AddrInUse);
        for port in range {
            address.set_port(port);
            match UdpSocket::bind(address, &self.options) {
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => refused = error,
                bound => return bound,
            }
        }
        Err(refused)
    }

    fn add(&mut self, poller: &Poller, socket: UdpSocket) -> io::Result<usize> {
        let index = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            self.slots.len() - 1
        });
        if let Err(error) = poller.add(&socket, index) {
            self.free.push(index);
            return Err(error);
        }
        self.slots[index] = Some(socket);
        Ok(index)
    }
}
