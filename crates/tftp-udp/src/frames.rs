//! Sends packets as Ethernet frames (packet(7)): their Ethernet source address need not be the
//! interface's.
//!
//! The kernel would send them from the interface's own address. Packets still arrive through the
//! UDP sockets. A second packet socket receives a copy of each request and learns the way back from
//! it: interface and next hop.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};
use std::os::fd::AsRawFd;

use hashbrown::HashMap;
use socket2::{Domain, Protocol, SockFilter, Socket, Type};

use super::frame::{Envelope, UDP_ROOM, source_of};
use super::queue::{Message, Queue};
use super::send::Congestion;
use super::{FlushReport, FrameOptions, MacAddr, UdpSocket};

const ETH_P_IP: u16 = 0x0800;
const ARPHRD_ETHER: u16 = 1;

/// The number of clients from which on those that nothing was sent to meanwhile are forgotten, and
/// learnt again from their next requests. Clients are distinguished by address and port: an
/// attacker who forges an address to misdirect its packets has to know the port too.
const MANY_HOPS: usize = 65_536;

/// The maximum number of requests to learn from at once: a flood of them does not hold up the
/// packets of transfers. The rest waits in the packet socket, as requests wait in the listening one.
const MOST_LEARNT: usize = 256;

/// The bytes of a request that are read: its IP header, and the ports behind it.
const SEEN: usize = 64;

/// The buffer size of the packet sockets, in bytes.
const BUFFER: usize = 4 << 20;

/// Sends packets as frames. Packets to hosts that are not reached by Ethernet are left to the
/// kernel.
pub struct Frames {
    options: FrameOptions,
    sniffer: Socket,
    sender: Socket,
    hops: Hops,
    ident: u16,
    datagram: Vec<u8>,
    frame: Vec<u8>,
}

/// The next hop on the way to a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hop {
    Ethernet {
        interface: i32,
        mac: MacAddr,
        mtu: usize,
    },
    /// Loopback or a tunnel: there is no Ethernet address to send to.
    Other,
}

type Table = HashMap<SocketAddrV4, Hop, foldhash::fast::RandomState>;

/// The next hops of clients. Requests, which may be a flood from forged addresses, displace only
/// those that are not used.
#[derive(Default)]
struct Hops {
    /// The hops that were learnt or used last, at most [`MANY_HOPS`].
    recent: Table,
    /// Those that were neither since `recent` was full the last time.
    older: Table,
}

impl Hops {
    /// Returns the next hop of a client, which is used now.
    fn get(&mut self, client: SocketAddrV4) -> Option<Hop> {
        if let Some(hop) = self.recent.get(&client) {
            return Some(*hop);
        }
        let hop = self.older.remove(&client)?;
        self.insert(client, hop);
        Some(hop)
    }

    fn insert(&mut self, client: SocketAddrV4, hop: Hop) {
        self.older.remove(&client);
        if self.recent.len() >= MANY_HOPS {
            std::mem::swap(&mut self.recent, &mut self.older);
            self.recent.clear();
        }
        self.recent.insert(client, hop);
    }
}

/// Checks whether this program may send frames.
///
/// # Errors
/// `PermissionDenied` without CAP_NET_RAW.
pub fn may_send_frames() -> io::Result<()> {
    packet_socket(Type::RAW).map(drop)
}

impl Frames {
    /// Opens the packet sockets; learning from requests begins.
    ///
    /// # Errors
    /// `PermissionDenied` without CAP_NET_RAW; other errors of packet sockets.
    pub fn new(options: FrameOptions) -> io::Result<Frames> {
        let sniffer = packet_socket(Type::DGRAM)?;
        sniffer.attach_filter(&requests_to(options.port))?;
        sniffer.set_recv_buffer_size(BUFFER)?;
        bind(&sniffer, ETH_P_IP)?;
        let sender = packet_socket(Type::RAW)?;
        sender.set_send_buffer_size(BUFFER)?;
        let hops = Hops::default();
        let seed = std::hash::BuildHasher::hash_one(hops.recent.hasher(), options.port);
        Ok(Frames {
            options,
            sniffer,
            sender,
            hops,
            ident: seed as u16,
            datagram: Vec::new(),
            frame: Vec::new(),
        })
    }

    /// Sends the packets whose next hop is on an Ethernet; the rest stays in the queue. Reports a
    /// socket as congested if the device has no room; the caller then must not send the packets of
    /// that socket in any other way.
    pub(super) fn send<'s>(
        &mut self,
        queue: &mut Queue,
        sockets: &dyn Fn(usize) -> Option<&'s UdpSocket>,
        congestion: &mut Congestion,
        report: &mut FlushReport,
    ) {
        self.learn();
        for index in 0..queue.messages.len() {
            let message = queue.messages[index];
            if congestion.holds_up(message.route.socket) {
                continue;
            }
            let Some(socket) = sockets(message.route.socket) else {
                continue;
            };
            match self.send_message(socket, queue, &message, report) {
                Ok(Some(first)) => {
                    queue.messages[index].first = first;
                    congestion.sent(message.route.socket);
                }
                Ok(None) => {}
                Err((first, error)) => {
                    queue.messages[index].first = first;
                    if first > message.first {
                        congestion.sent(message.route.socket);
                    }
                    if is_full(&error) {
                        if congestion.is_lasting(message.route.socket) {
                            report.dropped += message.end - first;
                            queue.messages[index].first = message.end;
                        } else {
                            report.congested.push(message.route.socket);
                        }
                        continue;
                    }
                    report.failed.push((message.route, error));
                    queue.messages[index].first = message.end;
                }
            }
        }
    }

    /// Sends a message and returns the index behind its last sent datagram; `None` if the kernel
    /// has to send it.
    fn send_message(
        &mut self,
        socket: &UdpSocket,
        queue: &Queue,
        message: &Message,
        report: &mut FlushReport,
    ) -> Result<Option<usize>, (usize, io::Error)> {
        let way = self
            .way(socket, message)
            .map_err(|error| (message.first, error))?;
        let Some((mut envelope, interface, mtu)) = way else {
            return Ok(None);
        };
        for datagram in message.first..message.end {
            self.ident = self.ident.wrapping_add(1);
            envelope.ident = self.ident;
            self.datagram.clear();
            self.datagram.resize(UDP_ROOM, 0);
            queue
                .pieces(datagram)
                .for_each(|piece| self.datagram.extend_from_slice(piece));
            self.send_datagram(&envelope, interface, mtu)
                .map_err(|error| (datagram, error))?;
            report.sent += 1;
        }
        Ok(Some(message.end))
    }

    fn send_datagram(&mut self, envelope: &Envelope, interface: i32, mtu: usize) -> io::Result<()> {
        let length = self.datagram.len() - UDP_ROOM;
        if envelope.dont_fragment && Envelope::is_fragmented(length, mtu) {
            return Err(io::Error::from_raw_os_error(libc::EMSGSIZE));
        }
        let sender = &self.sender;
        let each = &mut |frame: &[u8]| send_frame(sender, interface, frame);
        envelope.frames(&mut self.datagram, mtu, &mut self.frame, each)
    }

    /// Returns the headers of a message, its interface and the MTU.
    fn way(
        &mut self,
        socket: &UdpSocket,
        message: &Message,
    ) -> io::Result<Option<(Envelope, i32, usize)>> {
        let to = v4(message.route.peer)?;
        let Hop::Ethernet { interface, mac, mtu } = self.hop(to)? else {
            return Ok(None);
        };
        let mut from = v4(socket.local_addr()?)?;
        if let Some(IpAddr::V4(ip)) = message.route.source.map(|source| source.ip.to_canonical()) {
            from.set_ip(ip);
        }
        if from.ip().is_unspecified() {
            return Err(io::Error::from_raw_os_error(libc::EADDRNOTAVAIL));
        }
        let envelope = Envelope {
            from_mac: self.options.mac,
            to_mac: mac,
            from,
            to,
            class: self.options.traffic_class,
            dont_fragment: self.options.dont_fragment,
            ident: 0,
        };
        Ok(Some((envelope, interface, mtu)))
    }

    /// Returns the hop learnt from a request, or else the one in the system's neighbour table.
    fn hop(&mut self, client: SocketAddrV4) -> io::Result<Hop> {
        if let Some(hop) = self.hops.get(client) {
            return Ok(hop);
        }
        // Its request may be one of those that wait.
        self.learn();
        if let Some(hop) = self.hops.get(client) {
            return Ok(hop);
        }
        let (interface, mac) = neighbour(*client.ip()).ok_or(io::ErrorKind::HostUnreachable)?;
        let hop = ethernet(&self.sender, interface, mac)?;
        self.hops.insert(client, hop);
        Ok(hop)
    }

    /// Learns from the requests that have arrived since the last call, at most [`MOST_LEARNT`].
    fn learn(&mut self) {
        // Most of them come from one interface.
        let mut last = None;
        for _ in 0..MOST_LEARNT {
            let Some((packet, from)) = receive(&self.sniffer) else {
                return;
            };
            let is_for_us = from.sll_pkttype == libc::PACKET_HOST;
            let Some(client) = source_of(&packet).filter(|_| is_for_us) else {
                continue;
            };
            let mut mac = MacAddr::default();
            mac.copy_from_slice(&from.sll_addr[..6]);
            let hop = match (from.sll_hatype, self.hops.get(client)) {
                (
                    ARPHRD_ETHER,
                    Some(Hop::Ethernet {
                        interface,
                        mac: known,
                        ..
                    }),
                ) if (interface, known) == (from.sll_ifindex, mac) => {
                    continue;
                }
                (ARPHRD_ETHER, _) => {
                    let interface = from.sll_ifindex;
                    let known = last.filter(|&(index, _)| index == interface);
                    let found = known.map(|(_, mtu)| mtu);
                    let Some(mtu) = found.or_else(|| mtu(&self.sender, interface).ok()) else {
                        // The interface is gone.
                        continue;
                    };
                    last = Some((interface, mtu));
                    Hop::Ethernet { interface, mac, mtu }
                }
                _ => Hop::Other,
            };
            self.hops.insert(client, hop);
        }
    }
}

fn v4(address: SocketAddr) -> io::Result<SocketAddrV4> {
    match super::plain(address) {
        SocketAddr::V4(address) => Ok(address),
        SocketAddr::V6(_) => Err(io::Error::from_raw_os_error(libc::EAFNOSUPPORT)),
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(libc::EAGAIN | libc::ENOBUFS | libc::ENOMEM | libc::EINTR)
    )
}

fn ethernet(socket: &Socket, interface: i32, mac: MacAddr) -> io::Result<Hop> {
    mtu(socket, interface).map(|mtu| Hop::Ethernet { interface, mac, mtu })
}

/// The socket filter: IPv4, UDP, the first fragment, to this port, RRQ or WRQ.
fn requests_to(port: u16) -> [SockFilter; 12] {
    let (load_byte, load_half, load_header) = (0x30, 0x28, 0xB1);
    let (load_half_behind, equal, any_bit, give) = (0x48, 0x15, 0x45, 0x06);
    [
        SockFilter::new(load_byte, 0, 0, 9),
        SockFilter::new(equal, 0, 9, 17),
        SockFilter::new(load_half, 0, 0, 6),
        SockFilter::new(any_bit, 7, 0, 0x1FFF),
        SockFilter::new(load_header, 0, 0, 0),
        SockFilter::new(load_half_behind, 0, 0, 2),
        SockFilter::new(equal, 0, 4, port.into()),
        SockFilter::new(load_half_behind, 0, 0, 8),
        SockFilter::new(equal, 1, 0, 1),
        SockFilter::new(equal, 0, 1, 2),
        SockFilter::new(give, 0, 0, SEEN as u32),
        SockFilter::new(give, 0, 0, 0),
    ]
}

/// Opens a packet socket that receives nothing until it is bound.
fn packet_socket(kind: Type) -> io::Result<Socket> {
    let socket = Socket::new(Domain::PACKET, kind, Some(Protocol::from(0)))?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// Returns an empty address of a packet socket.
fn link() -> libc::sockaddr_ll {
    // SAFETY: integers only, for which zero is a value.
    let mut address: libc::sockaddr_ll = unsafe { std::mem::zeroed() };
    address.sll_family = libc::AF_PACKET as u16;
    address
}

const LINK_SIZE: libc::socklen_t = size_of::<libc::sockaddr_ll>() as libc::socklen_t;

/// Receives packets of this protocol from every interface.
fn bind(socket: &Socket, protocol: u16) -> io::Result<()> {
    let mut address = link();
    address.sll_protocol = protocol.to_be();
    // SAFETY: the address is a local of the size given.
    let result = unsafe { libc::bind(socket.as_raw_fd(), (&raw const address).cast(), LINK_SIZE) };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Receives the beginning of one packet, and the link-layer address it came from.
fn receive(socket: &Socket) -> Option<([u8; SEEN], libc::sockaddr_ll)> {
    let (mut packet, mut from, mut size) = ([0; SEEN], link(), LINK_SIZE);
    // SAFETY: packet, address and size are locals, and their true lengths are given.
    let length = unsafe {
        libc::recvfrom(
            socket.as_raw_fd(),
            packet.as_mut_ptr().cast(),
            SEEN,
            libc::MSG_DONTWAIT,
            (&raw mut from).cast(),
            &mut size,
        )
    };
    (length >= 0).then_some((packet, from))
}

fn send_frame(socket: &Socket, interface: i32, frame: &[u8]) -> io::Result<()> {
    let mut to = link();
    to.sll_ifindex = interface;
    to.sll_protocol = ETH_P_IP.to_be();
    // SAFETY: the frame is borrowed until the call returns, the address is a local, and their true
    // lengths are given.
    let sent = unsafe {
        libc::sendto(
            socket.as_raw_fd(),
            frame.as_ptr().cast(),
            frame.len(),
            libc::MSG_DONTWAIT,
            (&raw const to).cast(),
            LINK_SIZE,
        )
    };
    if sent < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

/// Returns the MTU of an interface.
fn mtu(socket: &Socket, interface: i32) -> io::Result<usize> {
    // SAFETY: integers only, for which zero is a value.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    // SAFETY: the buffer has IF_NAMESIZE bytes, as the call requires.
    let found = unsafe { libc::if_indextoname(interface as u32, request.ifr_name.as_mut_ptr()) };
    if found.is_null() {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the request holds the name and room for the answer; an MTU is plain data.
    let mtu = unsafe {
        if libc::ioctl(socket.as_raw_fd(), libc::SIOCGIFMTU as libc::Ioctl, &mut request) != 0 {
            return Err(io::Error::last_os_error());
        }
        request.ifr_ifru.ifru_mtu
    };
    Ok(usize::try_from(mtu).unwrap_or_default())
}

/// Looks up a host in the neighbour table of this thread's network namespace.
fn neighbour(host: Ipv4Addr) -> Option<(i32, MacAddr)> {
    let table = std::fs::read_to_string("/proc/thread-self/net/arp").ok()?;
    let host = host.to_string();
    let row = table
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .find(|row| row.len() >= 6 && row[0] == host && row[2] != "0x0")?;
    let mut mac = MacAddr::default();
    for (byte, digits) in mac.iter_mut().zip(row[3].split(':')) {
        *byte = u8::from_str_radix(digits, 16).ok()?;
    }
    let name = format!("{}\0", row[5]);
    // SAFETY: a string that ends with a NUL.
    let interface = unsafe { libc::if_nametoindex(name.as_ptr().cast()) };
    (interface != 0).then_some((interface as i32, mac))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(number: usize) -> SocketAddrV4 {
        SocketAddrV4::new(Ipv4Addr::from_bits(number as u32), 4000)
    }

    /// A flush takes no longer than that, and finds a client whose request waits.
    #[test]
    fn a_flood_of_requests_is_learnt_from_in_parts() {
        crate::tests::namespaces::in_own_network(
            "a_flood_of_requests_is_learnt_from_in_parts",
            || {
                crate::tests::namespaces::ip("link set lo up");
                let listening = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
                let address = listening.local_addr().unwrap();
                let mut frames = Frames::new(FrameOptions {
                    mac: [2, 0, 0, 0, 0, 9],
                    port: address.port(),
                    traffic_class: 0,
                    dont_fragment: false,
                })
                .unwrap();
                let clients: Vec<_> = (0..300)
                    .map(|_| std::net::UdpSocket::bind("127.0.0.1:0").unwrap())
                    .collect();
                for client in &clients {
                    client.send_to(b"\0\x01file\0octet\0", address).unwrap();
                }
                let place = |at: usize| v4(clients[at].local_addr().unwrap()).unwrap();
                frames.learn();
                assert_eq!(frames.hops.recent.len(), MOST_LEARNT);
                assert_eq!(frames.hop(place(0)).unwrap(), Hop::Other);
                assert_eq!(frames.hops.recent.len(), MOST_LEARNT);
                assert_eq!(frames.hop(place(299)).unwrap(), Hop::Other);
                assert_eq!(frames.hops.recent.len(), 300);
            },
        );
    }

    #[test]
    fn requests_displace_only_hops_that_are_not_used() {
        let mut hops = Hops::default();
        let hop = Hop::Ethernet {
            interface: 1,
            mac: [2, 0, 0, 0, 0, 1],
            mtu: 1500,
        };
        hops.insert(client(0), hop);
        hops.insert(client(1), hop);
        for number in 2..5 * MANY_HOPS {
            hops.insert(client(number), Hop::Other);
            if number % (MANY_HOPS / 2) == 0 {
                assert_eq!(hops.get(client(0)), Some(hop));
            }
            assert!(hops.recent.len() <= MANY_HOPS && hops.older.len() <= MANY_HOPS);
        }
        assert_eq!(hops.get(client(1)), None);
        hops.insert(client(0), Hop::Other);
        assert_eq!(hops.get(client(0)), Some(Hop::Other), "the newest counts");
    }
}
