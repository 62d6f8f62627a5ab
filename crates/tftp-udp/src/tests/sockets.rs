//! The network of a thread, with real sockets.

#[cfg(linux)]
use std::net::IpAddr;
use std::net::{SocketAddr, UdpSocket as Peer};
use std::sync::Arc;
use std::time::Duration;

use super::super::datagrams::{
    Class, Datagrams, Failure, NetFailure, NoPort, OpenPlan, PortId, PortKind, Reception, Route,
    Until,
};
use super::super::sockets::{NetOptions, Sockets};
use super::super::{Bundling, IoMode, PortOptions, SocketOptions, UdpSocket};
#[cfg(linux)]
use super::super::{FrameOptions, LocalAddr};
use super::{LONG, options, pattern};

/// The system calls that move datagrams.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way {
    mode: IoMode,
    pub(super) bundling: Bundling,
}

pub(super) const fn by(bundling: Bundling) -> Way {
    let mode = IoMode::Auto;
    Way { mode, bundling }
}

pub(super) const AUTO: Way = by(Bundling::Auto);
pub(super) const PORTABLE: Way = Way {
    mode: IoMode::Portable,
    bundling: Bundling::None,
};

/// Returns every way that this system permits.
fn ways() -> impl Iterator<Item = Way> {
    let forced = [Bundling::Uring, Bundling::Aio, Bundling::None];
    let forced = forced.into_iter().filter(|&bundling| is_permitted(bundling));
    [AUTO, PORTABLE].into_iter().chain(forced.map(by))
}

#[cfg(linux)]
pub(super) fn is_permitted(bundling: Bundling) -> bool {
    bundling == Bundling::None || bundling.is_permitted()
}

#[cfg(not(linux))]
fn is_permitted(_: Bundling) -> bool {
    false
}

/// Makes a test per way of each function.
macro_rules! in_every_way {
    ($($name:ident),* $(,)?) => {
        mod auto {
            $(#[test] fn $name() { super::$name(super::AUTO); })*
        }
        mod portable {
            $(#[test] fn $name() { super::$name(super::PORTABLE); })*
        }
        in_every_way!(uring Uring $($name)*);
        in_every_way!(aio Aio $($name)*);
        in_every_way!(singly None $($name)*);
    };
    ($module:ident $bundling:ident $($name:ident)*) => {
        #[cfg(linux)]
        mod $module {
            use super::{Bundling, by, is_permitted};
            $(#[test] fn $name() {
                // If a sandbox forbids it, `auto` tests the mechanism used instead.
                if is_permitted(Bundling::$bundling) {
                    super::$name(by(Bundling::$bundling));
                }
            })*
        }
    };
}

in_every_way!(
    requests_and_packets_of_transfers_come_apart,
    strangers_are_not_heard_on_a_private_port,
    a_port_of_many_brings_each_its_datagram,
    what_came_before_the_close_is_of_no_later_port,
    a_socket_that_rests_is_reused_first,
    a_windows_blocks_leave_in_order,
    a_shared_port_is_one_and_stays,
    what_is_not_heard_waits,
    a_waker_ends_a_wait,
    packets_for_a_closed_port_go_nowhere,
    a_port_closes_at_once_where_nothing_waits,
    a_closed_port_makes_room_for_the_next,
    an_error_of_a_closed_port_is_of_no_later_one,
    a_flooded_port_lets_the_others_have_their_turns,
    too_many_are_refused,
    with_one_port_requests_are_no_class_of_their_own,
);

fn ports(way: Way) -> PortOptions {
    PortOptions {
        address: "127.0.0.1:0".parse().unwrap(),
        source: None,
        range: None,
        mode: way.mode,
        bundling: way.bundling,
        sockets: options(),
        recv_buffer: None,
        shared: 4,
        private: 1000,
        idle: 16,
        always_private: false,
    }
}

/// Creates a network at that address whose packets leave as frames.
#[cfg(linux)]
pub(super) fn framed(address: &str) -> (Sockets, SocketAddr) {
    let ports = PortOptions {
        address: address.parse().unwrap(),
        ..ports(AUTO)
    };
    let listening = UdpSocket::bind(ports.address, &options()).unwrap();
    let address = listening.local_addr().unwrap();
    let frames = Some(FrameOptions {
        mac: [2, 0, 0, 0, 0, 9],
        port: address.port(),
        traffic_class: 0,
        dont_fragment: false,
    });
    let options = NetOptions {
        ports,
        single_port: false,
        frames,
        dont_fragment: false,
    };
    (Sockets::new(listening, options).unwrap(), address)
}

fn made(ports: PortOptions, single_port: bool) -> (Sockets, SocketAddr) {
    let listening = UdpSocket::bind(ports.address, &options()).unwrap();
    let address = listening.local_addr().unwrap();
    let options = NetOptions {
        ports,
        single_port,
        frames: None,
        dont_fragment: false,
    };
    (Sockets::new(listening, options).unwrap(), address)
}

pub(super) fn net(way: Way) -> (Sockets, SocketAddr) {
    made(ports(way), false)
}

/// Creates a network at that address whose sockets hold few packets.
pub(super) fn slow(address: &str, way: Way) -> (Sockets, SocketAddr) {
    let usual = ports(way);
    let slow = PortOptions {
        address: address.parse().unwrap(),
        sockets: SocketOptions {
            send_buffer: Some(1),
            ..usual.sockets
        },
        ..usual
    };
    made(slow, false)
}

pub(super) fn peer() -> (Peer, SocketAddr) {
    let peer = Peer::bind("127.0.0.1:0").unwrap();
    peer.set_read_timeout(Some(LONG)).unwrap();
    let address = peer.local_addr().unwrap();
    (peer, address)
}

pub(super) fn plan(kind: PortKind, peer: SocketAddr) -> OpenPlan {
    OpenPlan {
        kind,
        peer,
        local: None,
        reception: Reception {
            buffer: 64 << 10,
            batches: false,
        },
        draw: 7,
    }
}

/// Opens a private port for a request that was sent to that address.
#[cfg(linux)]
pub(super) fn open_from(net: &mut Sockets, ip: IpAddr, peer: SocketAddr) -> Route {
    let interface = 0;
    let plan = OpenPlan {
        local: Some(LocalAddr { ip, interface }),
        ..plan(PortKind::Private, peer)
    };
    let port = net.open(&plan).unwrap();
    Route {
        port,
        peer,
        source: None,
    }
}

pub(super) fn open(net: &mut Sockets, peer: SocketAddr) -> Route {
    let port = net.open(&plan(PortKind::Private, peer)).unwrap();
    Route {
        port,
        peer,
        source: None,
    }
}

pub(super) fn soon(net: &Sockets) -> Until {
    Until {
        deadline: Some(net.now() + LONG),
        poll_listeners: true,
        spin: Duration::ZERO,
    }
}

/// Waits for exactly `count` datagrams of a class.
pub(super) fn take(
    net: &mut Sockets,
    class: Class,
    count: usize,
) -> Vec<(PortId, SocketAddr, Vec<u8>)> {
    let mut taken = Vec::new();
    let end = net.now() + LONG;
    while taken.len() < count {
        assert!(net.now() < end, "{} of {count} came", taken.len());
        net.wait(soon(net));
        loop {
            let received = net.receive(class, 64);
            taken.extend((0..received.count).map(|index| {
                let arrival = net.arrival(index);
                (arrival.port, arrival.peer, arrival.bytes.to_vec())
            }));
            if !received.more {
                break;
            }
        }
    }
    assert_eq!(taken.len(), count);
    taken
}

/// The end of a wait that does not sleep.
fn now(net: &Sockets) -> Until {
    Until {
        deadline: Some(net.now()),
        poll_listeners: true,
        spin: Duration::ZERO,
    }
}

/// Returns the number of datagrams received without waiting.
fn at_once(net: &mut Sockets, class: Class) -> usize {
    net.wait(now(net));
    net.receive(class, 64).count
}

pub(super) fn failures(net: &mut Sockets) -> Vec<Failure> {
    let mut failures = Vec::new();
    net.failures(&mut failures);
    failures
}

pub(super) fn receive_at(peer: &Peer) -> (Vec<u8>, SocketAddr) {
    let mut buffer = [0; 2048];
    let (length, from) = peer.recv_from(&mut buffer).unwrap();
    (buffer[..length].to_vec(), from)
}

fn requests_and_packets_of_transfers_come_apart(way: Way) {
    let ((mut net, address), (peer, here)) = (net(way), peer());
    peer.send_to(b"request", address).unwrap();
    let listening = net.listening();
    assert_eq!(
        take(&mut net, Class::Requests, 1),
        [(listening, here, b"request".to_vec())]
    );
    let route = open(&mut net, here);
    net.control(&route, b"answer");
    net.flush();
    let (answer, from) = receive_at(&peer);
    assert_eq!(answer, b"answer");
    assert_ne!(from, address);
    peer.send_to(b"packet", from).unwrap();
    assert_eq!(
        take(&mut net, Class::Transfers, 1),
        [(route.port, here, b"packet".to_vec())]
    );
    assert_eq!(at_once(&mut net, Class::Requests), 0);
    assert!(failures(&mut net).is_empty());
}

fn strangers_are_not_heard_on_a_private_port(way: Way) {
    let ((mut net, _), (peer, here), (stranger, _)) = (net(way), peer(), peer());
    let route = open(&mut net, here);
    net.control(&route, b"answer");
    net.flush();
    let (_, from) = receive_at(&peer);
    stranger.connect(from).unwrap();
    stranger.send(b"forged").unwrap();
    peer.send_to(b"packet", from).unwrap();
    assert_eq!(
        take(&mut net, Class::Transfers, 1),
        [(route.port, here, b"packet".to_vec())]
    );
    assert_eq!(at_once(&mut net, Class::Transfers), 0);
    assert!(net.features().hides_probes);
    let refused = stranger.recv(&mut [0; 8]).unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
}

fn a_port_of_many_brings_each_its_datagram(way: Way) {
    let (mut net, _) = net(way);
    let peers: Vec<_> = (0..100).map(|_| peer()).collect();
    let routes: Vec<_> = peers.iter().map(|(_, here)| open(&mut net, *here)).collect();
    for route in &routes {
        net.control(route, b"answer");
    }
    net.flush();
    for (number, (peer, _)) in peers.iter().enumerate() {
        let (_, from) = receive_at(peer);
        peer.send_to(&[number as u8; 3], from).unwrap();
    }
    let mut taken = take(&mut net, Class::Transfers, 100);
    taken.sort_by_key(|(_, _, bytes)| bytes[0]);
    for (number, (port, peer, bytes)) in taken.into_iter().enumerate() {
        assert_eq!((port, peer), (routes[number].port, routes[number].peer));
        assert_eq!(bytes, [number as u8; 3]);
    }
}

/// The same client may be the next: datagrams that it sent to the former port must not count for
/// the later one.
fn what_came_before_the_close_is_of_no_later_port(way: Way) {
    for rests in [false, true] {
        let ((mut net, _), (peer, here)) = (net(way), peer());
        let former = open(&mut net, here);
        net.control(&former, b"answer");
        net.flush();
        let (_, from) = receive_at(&peer);
        peer.send_to(b"late", from).unwrap();
        net.close(former.port);
        net.flush();
        if rests {
            net.wait(now(&net));
        }
        let later = open(&mut net, here);
        assert_ne!(former.port, later.port);
        net.control(&later, b"answer");
        net.flush();
        let (_, there) = receive_at(&peer);
        peer.send_to(b"later still", from).unwrap();
        peer.send_to(b"packet", there).unwrap();
        assert_eq!(
            take(&mut net, Class::Transfers, 1),
            [(later.port, here, b"packet".to_vec())]
        );
        assert_eq!(at_once(&mut net, Class::Transfers), 0);
    }
}

/// A socket whose port was just released may have packets of its former client in its queue. One of
/// which a poll has reported nothing since is free of them, and needs no look.
fn a_socket_that_rests_is_reused_first(way: Way) {
    let ((mut net, _), (peer, here)) = (net(way), peer());
    let former: Vec<_> = (0..3).map(|_| open(&mut net, here).port).collect();
    former.iter().for_each(|&port| net.close(port));
    let another = open(&mut net, here).port;
    if way.mode == IoMode::Portable || !cfg!(linux) {
        return assert!(
            former.iter().any(|port| port.index == another.index),
            "they were closed"
        );
    }
    assert!(
        former.iter().all(|port| port.index != another.index),
        "all were just released"
    );
    let (last, _) = (open(&mut net, here), net.close(another));
    net.control(&last, b"answer");
    net.flush();
    let (_, from) = receive_at(&peer);
    peer.send_to(b"late", from).unwrap();
    net.close(last.port);
    net.flush();
    net.wait(now(&net));
    let later: Vec<_> = (0..4).map(|_| open(&mut net, here).port.index).collect();
    let order: Vec<_> = former.iter().chain([&another]).map(|port| port.index).collect();
    assert_eq!(later, order, "the one with a packet in its queue is the last");
}

/// A poll that reports a hundred sockets reports all, so that it shows which of the others rest.
#[cfg(linux)]
#[test]
fn a_socket_rests_beside_many_that_have_something() {
    let ((mut net, _), (peer, here)) = (net(AUTO), peer());
    let former: Vec<_> = (0..3).map(|_| open(&mut net, here).port).collect();
    for _ in 0..100 {
        let route = open(&mut net, here);
        net.control(&route, b"answer");
        net.flush();
        let (_, from) = receive_at(&peer);
        peer.send_to(b"packet", from).unwrap();
    }
    former.iter().for_each(|&port| net.close(port));
    net.wait(now(&net));
    let later = open(&mut net, here).port;
    assert_eq!(later.index, former[0].index);
}

fn a_windows_blocks_leave_in_order(way: Way) {
    let ((mut net, _), (peer, here)) = (net(way), peer());
    let route = open(&mut net, here);
    let bytes = Arc::new(pattern(5 * 600 - 100));
    net.begin(&route, 604);
    for block in 0..5_u8 {
        net.block([0, 3, 0, block]);
        let start = usize::from(block) * 600;
        net.slice(&bytes, start..(start + 600).min(bytes.len()));
    }
    net.end();
    net.control(&route, b"behind");
    net.flush();
    for block in 0..5_u8 {
        let (datagram, _) = receive_at(&peer);
        assert_eq!(datagram[..4], [0, 3, 0, block]);
        let start = usize::from(block) * 600;
        assert_eq!(datagram[4..], bytes[start..(start + 600).min(bytes.len())]);
    }
    assert_eq!(receive_at(&peer).0, b"behind");
}

fn a_shared_port_is_one_and_stays(way: Way) {
    let ((mut net, _), (one, here), (other, there)) = (net(way), peer(), peer());
    let kind = PortKind::Shared { bucket: 3 };
    let port = net.open(&plan(kind, here)).unwrap();
    assert_eq!(net.open(&plan(kind, there)).unwrap(), port);
    net.close(port);
    net.flush();
    for peer in [here, there] {
        let route = Route {
            port,
            peer,
            source: None,
        };
        net.control(&route, b"answer");
    }
    net.flush();
    let (_, from) = receive_at(&one);
    assert_eq!(receive_at(&other).1, from);
    one.send_to(b"one", from).unwrap();
    other.send_to(b"other", from).unwrap();
    let taken = take(&mut net, Class::Transfers, 2);
    assert!(taken.iter().all(|(by, _, _)| *by == port), "{taken:?}");
    let beyond = net.open(&plan(PortKind::Shared { bucket: 200 }, here)).unwrap();
    net.settle(beyond);
    assert_ne!(beyond, net.listening(), "any other is better than none");
}

fn what_is_not_heard_waits(way: Way) {
    let ((mut net, address), (peer, _)) = (net(way), peer());
    let until = Until {
        deadline: Some(net.now() + Duration::from_millis(20)),
        poll_listeners: false,
        spin: Duration::from_millis(1),
    };
    peer.send_to(b"request", address).unwrap();
    net.wait(until);
    assert!(
        Some(net.now()) >= until.deadline,
        "a request ended a wait for others"
    );
    assert_eq!(net.receive(Class::Transfers, 64).count, 0);
    assert_eq!(net.receive(Class::Requests, 64).count, 1);
    peer.send_to(b"request", address).unwrap();
    assert_eq!(take(&mut net, Class::Requests, 1).len(), 1);
}

fn a_waker_ends_a_wait(way: Way) {
    let (mut net, _) = net(way);
    for spin in [Duration::ZERO, Duration::from_millis(5)] {
        let waker = net.waker();
        let begin = net.now();
        let waking = std::thread::spawn(move || waker.wake());
        net.wait(Until { spin, ..soon(&net) });
        assert!(net.now().saturating_sub(begin) < LONG);
        waking.join().unwrap();
    }
}

fn packets_for_a_closed_port_go_nowhere(way: Way) {
    let ((mut net, _), (peer, here)) = (net(way), peer());
    let route = open(&mut net, here);
    net.control(&route, b"last");
    net.close(route.port);
    net.flush();
    assert_eq!(
        receive_at(&peer).0,
        b"last",
        "what was sent before the close leaves"
    );
    net.control(&route, b"never");
    net.flush();
    let other = open(&mut net, here);
    net.control(&other, b"other");
    net.flush();
    assert_eq!(receive_at(&peer).0, b"other");
    assert!(failures(&mut net).is_empty());
}

fn a_port_closes_at_once_where_nothing_waits(way: Way) {
    let ((mut net, _), (peer, here)) = (net(way), peer());
    let route = open(&mut net, here);
    net.control(&route, b"last");
    net.flush();
    let (_, from) = receive_at(&peer);
    net.close(route.port);
    peer.connect(from).unwrap();
    peer.send(b"late").unwrap();
    let refused = peer.recv(&mut [0; 8]).unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
}

/// The last packet of the closed port leaves before.
fn a_closed_port_makes_room_for_the_next(way: Way) {
    let (peer, here) = peer();
    let one = PortOptions {
        private: 1,
        idle: 0,
        ..ports(way)
    };
    let (mut net, _) = made(one, false);
    for _ in 0..3 {
        let route = open(&mut net, here);
        net.control(&route, b"last");
        net.close(route.port);
    }
    net.flush();
    for _ in 0..3 {
        assert_eq!(receive_at(&peer).0, b"last");
    }
}

/// A client that was reset begins again from the same port.
fn an_error_of_a_closed_port_is_of_no_later_one(way: Way) {
    for (is_read, rests) in [(false, false), (true, false), (false, true), (true, true)] {
        let ((mut net, _), (peer, here)) = (net(way), peer());
        let former = open(&mut net, here);
        net.control(&former, b"answer");
        net.flush();
        let (_, from) = receive_at(&peer);
        peer.send_to(b"packet", from).unwrap();
        drop(peer);
        net.control(&former, b"to nobody");
        net.flush();
        net.wait(soon(&net));
        if is_read {
            // This takes the pending error as well, which stays in the socket's error queue.
            assert_eq!(net.receive(Class::Transfers, 64).count, 1);
        }
        net.close(former.port);
        if rests {
            net.wait(now(&net));
        }
        let again = Peer::bind(here).unwrap();
        again.set_read_timeout(Some(LONG)).unwrap();
        let later = open(&mut net, here);
        assert_eq!(later.port.index, former.port.index, "the same place");
        assert_eq!(at_once(&mut net, Class::Transfers), 0);
        assert!(failures(&mut net).is_empty());
        net.control(&later, b"answer");
        net.flush();
        assert_eq!(receive_at(&again).0, b"answer");
    }
}

/// A loop calls `receive` a few times per turn, and waits again.
fn a_flooded_port_lets_the_others_have_their_turns(way: Way) {
    let ((mut net, _), (flooder, here), (client, there)) = (net(way), peer(), peer());
    let flooded = Route {
        port: net.open(&plan(PortKind::Shared { bucket: 0 }, here)).unwrap(),
        peer: here,
        source: None,
    };
    let quiet = open(&mut net, there);
    net.control(&flooded, b"answer");
    net.control(&quiet, b"answer");
    net.flush();
    let (from, at) = (receive_at(&flooder).1, receive_at(&client).1);
    let flood = |net: &mut Sockets| {
        (0..300).for_each(|_| drop(flooder.send_to(b"flood", from)));
        net.wait(soon(net));
    };
    flood(&mut net);
    client.send_to(b"packet", at).unwrap();
    let served = (0..8).any(|_| {
        flood(&mut net);
        (0..4).any(|_| {
            let count = net.receive(Class::Transfers, 64).count;
            (0..count).any(|index| net.arrival(index).port == quiet.port)
        })
    });
    assert!(served, "the flooded port had every turn");
}

fn too_many_are_refused(way: Way) {
    let (_, here) = peer();
    let few = PortOptions {
        private: 1,
        ..ports(way)
    };
    let (mut net, _) = made(few, false);
    let first = open(&mut net, here);
    let refused = net.open(&plan(PortKind::Private, here)).unwrap_err();
    assert_eq!(refused.why, NoPort::Descriptors, "{refused}");
    net.close(first.port);
    net.flush();
    let again = open(&mut net, here);
    assert_ne!(first.port, again.port);
    let free = UdpSocket::bind("127.0.0.1:0".parse().unwrap(), &options()).unwrap();
    let taken = free.local_addr().unwrap().port();
    let narrow = PortOptions {
        range: Some(taken..=taken),
        ..ports(way)
    };
    let (mut net, _) = made(narrow, false);
    let refused = net.open(&plan(PortKind::Private, here)).unwrap_err();
    assert_eq!(refused.why, NoPort::InUse, "{refused}");
}

fn with_one_port_requests_are_no_class_of_their_own(way: Way) {
    let (_, (peer, here)) = ((), peer());
    let (mut net, address) = made(ports(way), true);
    peer.send_to(b"request", address).unwrap();
    let listening = net.listening();
    assert_eq!(
        take(&mut net, Class::Transfers, 1),
        [(listening, here, b"request".to_vec())]
    );
    net.close(listening);
    peer.send_to(b"request", address).unwrap();
    assert_eq!(at_once(&mut net, Class::Transfers), 0);
    assert_eq!(net.listening(), listening);
}

/// An error caused by the peer's closed port is reported after the datagrams that the peer sent
/// before.
#[cfg(linux)]
#[test]
fn packets_of_a_gone_client_are_received_to_the_end() {
    for way in ways() {
        let ((mut net, _), (peer, here)) = (net(way), peer());
        let route = open(&mut net, here);
        net.control(&route, b"answer");
        net.flush();
        let (_, from) = receive_at(&peer);
        peer.send_to(b"first", from).unwrap();
        peer.send_to(b"last", from).unwrap();
        drop(peer);
        net.control(&route, b"to nobody");
        net.flush();
        let mut heard = Vec::new();
        let end = net.now() + LONG;
        let failed = loop {
            assert!(net.now() < end);
            net.wait(soon(&net));
            let found = failures(&mut net);
            if !found.is_empty() {
                break found;
            }
            let count = net.receive(Class::Transfers, 64).count;
            heard.extend((0..count).map(|index| net.arrival(index).bytes.to_vec()));
        };
        assert_eq!(heard, [b"first".to_vec(), b"last".to_vec()], "{way:?}");
        let [failure] = &failed[..] else {
            panic!("{failed:?}");
        };
        assert_eq!((failure.port, failure.what), (route.port, NetFailure::Gone));
        assert_eq!(failure.peer, Some(here));
    }
}

/// Spinning ends at the deadline, and as soon as something arrives.
#[test]
fn spinning_ends_at_the_deadline_or_with_an_arrival() {
    let ((mut net, address), (peer, _)) = (net(AUTO), peer());
    let (begin, time) = (net.now(), Duration::from_millis(5));
    net.wait(Until {
        deadline: Some(begin + time),
        poll_listeners: true,
        spin: LONG,
    });
    let took = net.now().saturating_sub(begin);
    assert!((time..LONG).contains(&took), "{took:?}");
    peer.send_to(b"request", address).unwrap();
    net.wait(Until {
        spin: LONG,
        ..soon(&net)
    });
    assert!(net.now().saturating_sub(begin) < LONG);
    assert_eq!(net.receive(Class::Requests, 64).count, 1);
}

/// Requests that are left for later end neither a sleep nor a spin.
#[test]
fn unheard_requests_do_not_end_a_wait() {
    let ((mut net, address), (peer, _)) = (net(AUTO), peer());
    for spin in [Duration::ZERO, LONG] {
        for _ in 0..2 {
            peer.send_to(b"request", address).unwrap();
        }
        net.wait(Until { spin, ..soon(&net) });
        let received = net.receive(Class::Requests, 1);
        assert_eq!((received.count, received.more), (1, true));
        let (begin, time) = (net.now(), Duration::from_millis(5));
        net.wait(Until {
            deadline: Some(begin + time),
            poll_listeners: false,
            spin,
        });
        let took = net.now().saturating_sub(begin);
        assert!((time..LONG).contains(&took), "{spin:?}: {took:?}");
        assert_eq!(net.receive(Class::Requests, 64).count, 1);
    }
}

/// The time that a thread has spent spinning is part of its wait.
#[test]
fn the_sleep_after_spinning_ends_at_the_deadline() {
    let (mut net, _) = net(AUTO);
    let (spin, time) = (Duration::from_millis(30), Duration::from_millis(40));
    let mut wait = || {
        let begin = net.now();
        net.wait(Until {
            deadline: Some(begin + time),
            poll_listeners: true,
            spin,
        });
        net.now().saturating_sub(begin)
    };
    // Delays of the machine make a wait longer, never shorter.
    let shortest = (0..50).map(|_| wait()).find(|took| *took < spin + time);
    assert!(shortest.is_some_and(|took| took >= time), "{shortest:?}");
}
