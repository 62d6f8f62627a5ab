//! Listening sockets and the network of each thread, from settings.

use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket as Peer};
use std::os::fd::AsRawFd;
use std::time::Duration;

use tftp_machine::Mode;

use super::super::datagrams::{Class, Datagrams, NoPort, PortKind, Route};
use super::super::{Adopted, ListenOptions, Listeners};
#[cfg(linux)]
use super::closed;
#[cfg(linux)]
use super::sockets::failures;
use super::sockets::{plan, soon};
use super::{LONG, in_every_mode};
use crate::IoMode;

in_every_mode!(
    each_thread_has_a_socket_on_the_port,
    the_modes_permit_their_ports_alone,
    an_adopted_socket_is_listened_on,
    #[cfg(linux)]
    errors_are_reported_where_transfers_use_the_listening_port,
);

fn any() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

fn options(mode: IoMode) -> ListenOptions {
    ListenOptions {
        io_mode: mode,
        ..ListenOptions::new(any())
    }
}

fn peer() -> Peer {
    let peer = Peer::bind(any()).unwrap();
    peer.set_read_timeout(Some(LONG)).unwrap();
    peer
}

/// The kernel spreads clients over the threads, and another server on the port is detected.
fn each_thread_has_a_socket_on_the_port(mode: IoMode) {
    for first_only_reserves in [false, true] {
        let options = ListenOptions {
            threads: 2,
            recv_buffer: Some(64 << 10),
            send_buffer: Some(32 << 10),
            ..options(mode)
        };
        spreads_clients(Listeners::bind_as(options, first_only_reserves).unwrap(), mode);
    }
}

fn spreads_clients(listeners: Listeners, mode: IoMode) {
    let address = listeners.local_addr().unwrap();
    assert_eq!(listeners.threads(), 2);
    assert_eq!(listeners.recv_buffer().unwrap(), 64 << 10);
    assert_eq!(listeners.send_buffer().unwrap(), 32 << 10);
    let other = Listeners::bind(ListenOptions {
        address,
        ..options(mode)
    });
    assert_eq!(other.unwrap_err().kind(), ErrorKind::AddrInUse);
    let mut nets = listeners.open().unwrap();
    assert_eq!(nets.len(), 2);
    let clients: Vec<Peer> = (0..64).map(|_| peer()).collect();
    for client in &clients {
        client.send_to(b"request", address).unwrap();
    }
    let heard: Vec<usize> = nets
        .iter_mut()
        .map(|net| {
            net.wait(soon(net));
            net.receive(Class::Requests, 64).count
        })
        .collect();
    assert_eq!(heard.iter().sum::<usize>(), 64);
    assert!(heard.iter().all(|&count| count > 0), "{heard:?}");
    nets.clear();
    // A process that another test has started has the sockets until it runs its program.
    let mut tries = std::iter::repeat_with(|| Peer::bind(address));
    let is_free = tries.by_ref().take(1000).any(|bound| {
        std::thread::sleep(Duration::from_millis(u64::from(bound.is_err())));
        bound.is_ok()
    });
    assert!(is_free);
}

fn the_modes_permit_their_ports_alone(mode: IoMode) {
    let client = peer();
    let here = client.local_addr().unwrap();
    for (ports, private, shared) in [
        (Mode::Single, false, false),
        (Mode::AlwaysOwn, true, false),
        (Mode::Own, true, true),
        (Mode::Shared, false, true),
    ] {
        let listeners = Listeners::bind(ListenOptions {
            mode: ports,
            ..options(mode)
        });
        let mut nets = listeners.unwrap().open().unwrap();
        let net = &mut nets[0];
        let opened = net.open(&plan(PortKind::Private, here));
        assert_eq!(opened.is_ok(), private, "{ports:?}");
        if let Err(refused) = opened {
            assert_eq!(refused.why, NoPort::Descriptors);
        }
        let opened = net.open(&plan(PortKind::Shared { bucket: 1 }, here));
        assert_eq!(opened.is_ok(), shared, "{ports:?}");
    }
}

/// Elsewhere errors, which anybody can forge, disturb the answers to requests.
#[cfg(linux)]
fn errors_are_reported_where_transfers_use_the_listening_port(mode: IoMode) {
    let nobody = closed("127.0.0.1:1");
    for (ports, adopts, reported) in [
        (Mode::Single, false, 1),
        (Mode::Single, true, 1),
        (Mode::Own, false, 0),
        (Mode::Own, true, 0),
        (Mode::Shared, false, 0),
        (Mode::AlwaysOwn, false, 0),
    ] {
        let options = ListenOptions {
            mode: ports,
            ..options(mode)
        };
        let theirs = Peer::bind(any()).unwrap();
        let listeners = if adopts {
            Listeners::adopt(options, Adopted::new(theirs.as_raw_fd()).unwrap())
        } else {
            Listeners::bind(options)
        };
        let mut nets = listeners.unwrap().open().unwrap();
        let net = &mut nets[0];
        let route = Route {
            port: net.listening(),
            peer: nobody,
            source: None,
        };
        net.control(&route, b"to nobody");
        net.flush();
        net.wait(super::super::datagrams::Until {
            deadline: Some(net.now() + Duration::from_millis(1)),
            poll_listeners: true,
            ..Default::default()
        });
        let class = if ports == Mode::Single {
            Class::Transfers
        } else {
            Class::Requests
        };
        assert_eq!(net.receive(class, 64).count, 0);
        assert_eq!(failures(net).len(), reported, "{ports:?} {adopts}");
    }
}

fn an_adopted_socket_is_listened_on(mode: IoMode) {
    let (theirs, client) = (Peer::bind(any()).unwrap(), peer());
    let address = theirs.local_addr().unwrap();
    let adopted = Adopted::new(theirs.as_raw_fd()).unwrap();
    let options = ListenOptions {
        address,
        threads: 4,
        ..options(mode)
    };
    let listeners = Listeners::adopt(options, adopted).unwrap();
    assert_eq!(listeners.local_addr().unwrap(), address);
    let mut nets = listeners.open().unwrap();
    // Sockets of other threads may join one of the same user.
    assert!((1..=4).contains(&nets.len()), "{}", nets.len());
    client.send_to(b"request", address).unwrap();
    let net = nets
        .iter_mut()
        .find_map(|net| {
            net.wait(super::super::datagrams::Until {
                deadline: Some(net.now()),
                poll_listeners: true,
                ..Default::default()
            });
            (net.receive(Class::Requests, 1).count == 1).then_some(net)
        })
        .unwrap();
    let arrival = net.arrival(0);
    assert_eq!(arrival.bytes, b"request");
    let route = Route {
        port: arrival.port,
        peer: arrival.peer,
        source: None,
    };
    net.control(&route, b"answer");
    net.flush();
    let mut answer = [0; 16];
    let (length, from) = client.recv_from(&mut answer).unwrap();
    assert_eq!((&answer[..length], from), (&b"answer"[..], address));
    net.close(net.listening());
    drop(nets);
    client.send_to(b"theirs", address).unwrap();
    theirs.set_read_timeout(Some(LONG)).unwrap();
    assert_eq!(theirs.recv(&mut answer).unwrap(), 6, "it stays the application's");
}
