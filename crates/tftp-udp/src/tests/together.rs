//! Many transfers in one turn, received and sent together by each mechanism that the system
//! permits.

use std::net::{SocketAddr, UdpSocket as Peer};
use std::sync::Arc;
use std::time::Duration;

use super::super::Bundling;
use super::super::datagrams::{Class, Datagrams, NetFailure, Route, Until};
use super::super::sockets::Sockets;
use super::sockets::{
    AUTO, by, failures, is_permitted, net, open, peer, receive_at, slow, soon, take,
};
use super::{LONG, forbid, pattern};

/// More than one bundle holds.
const CLIENTS: usize = 70;

/// A client, and the route to it.
struct Client {
    peer: Peer,
    here: SocketAddr,
    route: Route,
    /// The address that its transfer sends from.
    there: SocketAddr,
}

fn packet(number: usize, step: u8) -> [u8; 3] {
    [number as u8, step, 7]
}

/// Creates clients that have received a first reply, and sent a first packet that was received.
fn clients(net: &mut Sockets, count: usize) -> Vec<Client> {
    let opened: Vec<_> = (0..count)
        .map(|_| {
            let (peer, here) = peer();
            (peer, here, open(net, here))
        })
        .collect();
    for (_, _, route) in &opened {
        net.control(route, b"answer");
    }
    net.flush();
    let clients: Vec<_> = opened
        .into_iter()
        .map(|(peer, here, route)| {
            let there = receive_at(&peer).1;
            peer.send_to(b"first", there).unwrap();
            Client {
                peer,
                here,
                route,
                there,
            }
        })
        .collect();
    take(net, Class::Transfers, count);
    clients
}

fn ways() -> impl Iterator<Item = Bundling> {
    [Bundling::Uring, Bundling::Aio, Bundling::None]
        .into_iter()
        .filter(|&bundling| is_permitted(bundling))
}

/// Lets every client send a packet and receive one.
fn lockstep(net: &mut Sockets, clients: &[Client], step: u8) {
    for (number, client) in clients.iter().enumerate() {
        client.peer.send_to(&packet(number, step), client.there).unwrap();
    }
    let mut taken = take(net, Class::Transfers, clients.len());
    taken.sort_by_key(|(_, _, bytes)| bytes[0]);
    for (number, (port, peer, bytes)) in taken.into_iter().enumerate() {
        let client = &clients[number];
        assert_eq!((port, peer), (client.route.port, client.here));
        assert_eq!(bytes, packet(number, step));
    }
    for (number, client) in clients.iter().enumerate() {
        net.control(&client.route, &packet(number, step));
    }
    net.flush();
    for (number, client) in clients.iter().enumerate() {
        assert_eq!(
            receive_at(&client.peer),
            (packet(number, step).to_vec(), client.there)
        );
    }
}

#[test]
fn a_turn_of_many_is_few_calls() {
    for bundling in ways() {
        let (mut net, _) = net(by(bundling));
        let clients = clients(&mut net, CLIENTS);
        let before = net.bundle.made;
        for step in 0..5 {
            lockstep(&mut net, &clients, step);
        }
        let made = net.bundle.made - before;
        if bundling == Bundling::None {
            assert_eq!(made, 0);
        } else {
            // Not every packet is received in a bundle: the packets of a turn may arrive one after
            // another.
            assert!(made > 5 * CLIENTS, "{bundling:?}: {made}");
            assert_eq!(net.bundle.bundling(), bundling);
        }
        assert!(failures(&mut net).is_empty());
    }
}

/// A single client takes one call per packet, which costs least.
#[test]
fn few_are_not_worth_a_bundle() {
    let (mut net, _) = net(AUTO);
    let clients = clients(&mut net, 3);
    lockstep(&mut net, &clients, 0);
    assert_eq!(net.bundle.made, 0);
}

/// Windows beside packets, with blocks of different sizes: complete, in order, each to its client.
#[test]
fn windows_of_many_arrive_in_order() {
    let bytes = Arc::new(pattern(40_000));
    for bundling in ways() {
        let (mut net, _) = net(by(bundling));
        let clients = clients(&mut net, 20);
        for block in [8, 512, 1428, 4000] {
            for (number, client) in clients.iter().enumerate() {
                net.begin(&client.route, 4 + block);
                for count in 0..=number % 8 {
                    net.block([0, 3, number as u8, count as u8]);
                    let start = count * block;
                    net.slice(&bytes, start..start + block);
                }
                net.end();
                if number % 3 == 0 {
                    net.control(&client.route, b"behind");
                }
            }
            net.flush();
            for (number, client) in clients.iter().enumerate() {
                for count in 0..=number % 8 {
                    let mut buffer = [0; 5000];
                    let (length, _) = client.peer.recv_from(&mut buffer).unwrap();
                    assert_eq!(buffer[..4], [0, 3, number as u8, count as u8]);
                    assert_eq!(buffer[4..length], bytes[count * block..(count + 1) * block]);
                }
                if number % 3 == 0 {
                    assert_eq!(receive_at(&client.peer).0, b"behind");
                }
            }
        }
        assert!(failures(&mut net).is_empty());
    }
}

/// Errors of some clients' packets concern these clients only: what they sent before is received,
/// and others are unaffected.
#[test]
fn packets_of_gone_clients_are_received_and_disturb_no_others() {
    for bundling in ways() {
        let (mut net, _) = net(by(bundling));
        let (mut gone, mut there) = (clients(&mut net, 10), clients(&mut net, 10));
        gone.iter().chain(&there).for_each(|client| {
            client.peer.send_to(b"one", client.there).unwrap();
            client.peer.send_to(b"two", client.there).unwrap();
        });
        let gone: Vec<_> = gone.drain(..).map(|client| (client.route, client.here)).collect();
        for route in gone
            .iter()
            .map(|(route, _)| route)
            .chain(there.iter().map(|client| &client.route))
        {
            net.control(route, b"to all");
        }
        net.flush();
        let (mut heard, mut failed, end) = (Vec::new(), Vec::new(), net.now() + LONG);
        while heard.len() < 40 || failed.len() < 10 {
            assert!(net.now() < end, "{bundling:?}: {heard:?} {failed:?}");
            net.wait(soon(&net));
            let count = net.receive(Class::Transfers, 64).count;
            heard.extend((0..count).map(|index| {
                let arrival = net.arrival(index);
                (arrival.port, arrival.bytes.to_vec())
            }));
            for failure in failures(&mut net) {
                assert_eq!(failure.what, NetFailure::Gone);
                let of_it = heard.iter().filter(|(port, _)| *port == failure.port);
                assert_eq!(of_it.count(), 2, "{bundling:?}: told before what came earlier");
                failed.push(failure.port);
            }
        }
        let routes = gone
            .iter()
            .map(|(route, _)| route)
            .chain(there.iter().map(|client| &client.route));
        for route in routes {
            let of_it = heard.iter().filter(|(port, _)| *port == route.port);
            let words: Vec<_> = of_it.map(|(_, bytes)| &bytes[..]).collect();
            assert_eq!(words, [&b"one"[..], b"two"], "{bundling:?}");
        }
        assert!(
            failed
                .iter()
                .all(|port| gone.iter().any(|(route, _)| route.port == *port))
        );
        there
            .iter_mut()
            .for_each(|client| assert_eq!(receive_at(&client.peer).0, b"to all"));
        lockstep(&mut net, &there, 1);
    }
}

/// A packet that fails with an earlier packet's error is sent again: a client that came back
/// receives it.
#[test]
fn an_error_of_before_swallows_no_packet() {
    for bundling in ways() {
        let (mut net, _) = net(by(bundling));
        let mut clients = clients(&mut net, 20);
        let here = clients[3].here;
        let was = std::mem::replace(&mut clients[3].peer, peer().0);
        drop(was);
        net.control(&clients[3].route, b"to nobody");
        net.flush();
        clients[3].peer = Peer::bind(here).unwrap();
        clients[3].peer.set_read_timeout(Some(LONG)).unwrap();
        for client in &clients {
            net.control(&client.route, b"again");
        }
        net.flush();
        for client in &clients {
            assert_eq!(receive_at(&client.peer).0, b"again", "{bundling:?}");
        }
    }
}

/// Sockets without room keep their packets in order, and the others send.
#[test]
fn datagrams_without_room_wait_in_order() {
    for bundling in ways() {
        let (mut net, _) = slow("127.0.0.1:0", by(bundling));
        let clients = clients(&mut net, 20);
        let bytes = Arc::new(pattern(60_000));
        // More than the smallest send buffer holds, in one turn and the next: on loopback it leaves
        // at once.
        for step in 0..3_u8 {
            for client in &clients {
                net.begin(&client.route, 4 + 1428);
                for block in 0..8_u8 {
                    net.block([0, 3, step, block]);
                    net.slice(&bytes, usize::from(block) * 1428..(usize::from(block) + 1) * 1428);
                }
                net.end();
            }
            let mut heard = vec![0_u8; clients.len()];
            let end = net.now() + LONG;
            while heard.iter().any(|&count| count < 8) {
                assert!(net.now() < end, "{bundling:?}: {heard:?}");
                net.flush();
                for (client, count) in clients.iter().zip(&mut heard) {
                    client.peer.set_nonblocking(true).unwrap();
                    let mut buffer = [0; 2048];
                    while let Ok((length, _)) = client.peer.recv_from(&mut buffer) {
                        assert_eq!((length, &buffer[..4]), (1432, &[0, 3, step, *count][..]));
                        *count += 1;
                    }
                }
            }
        }
        assert!(failures(&mut net).is_empty());
    }
}

/// A packet received by a bundle never came before the socket was connected.
#[test]
fn a_socket_is_clean_once_its_peer_was_heard() {
    for bundling in ways().filter(|&bundling| bundling != Bundling::None) {
        let (mut net, _) = net(by(bundling));
        let clients = clients(&mut net, 20);
        let before = net.bundle.made;
        for client in &clients {
            net.close(client.route.port);
        }
        net.flush();
        let again = self::clients(&mut net, 20);
        assert_eq!(net.bundle.made - before, 20, "{bundling:?}: the answers alone");
        lockstep(&mut net, &again, 0);
    }
}

/// A sandbox that begins while the server runs, or that was not detected at the start.
#[test]
fn a_forbidden_call_is_done_without() {
    let chain = [
        (Bundling::Uring, libc::SYS_io_uring_enter),
        (Bundling::Aio, libc::SYS_io_submit),
    ];
    for (bundling, call) in chain.into_iter().filter(|(bundling, _)| is_permitted(*bundling)) {
        for error in [libc::ENOSYS, libc::EPERM] {
            let serve = move || {
                let (mut net, _) = net(by(bundling));
                let clients = clients(&mut net, 20);
                lockstep(&mut net, &clients, 0);
                assert_eq!(net.bundle.bundling(), bundling);
                forbid(&[call], error);
                lockstep(&mut net, &clients, 1);
                assert_ne!(net.bundle.bundling(), bundling);
                forbid(&[libc::SYS_io_submit, libc::SYS_io_getevents], error);
                lockstep(&mut net, &clients, 2);
                lockstep(&mut net, &clients, 3);
                assert_eq!(net.bundle.bundling(), Bundling::None);
                assert!(failures(&mut net).is_empty());
            };
            std::thread::spawn(serve).join().unwrap();
        }
    }
}

/// Neither mechanism can be set up or used.
#[test]
fn neither_is_permitted() {
    std::thread::spawn(|| {
        // A context may be left from an earlier test.
        let calls = [libc::SYS_io_uring_setup, libc::SYS_io_setup, libc::SYS_io_submit];
        forbid(&calls, libc::EPERM);
        assert!(!is_permitted(Bundling::Uring) && !is_permitted(Bundling::Aio));
        let (mut net, _) = net(by(Bundling::Uring));
        let clients = clients(&mut net, 20);
        lockstep(&mut net, &clients, 0);
        assert_eq!((net.bundle.bundling(), net.bundle.made), (Bundling::None, 0));
    })
    .join()
    .unwrap();
}

/// Bundles leave no readiness behind that would end waits again and again.
#[test]
fn sockets_received_in_a_bundle_are_not_ready_again() {
    for bundling in ways() {
        let (mut net, _) = net(by(bundling));
        let clients = clients(&mut net, 20);
        lockstep(&mut net, &clients, 0);
        let until = Until {
            deadline: Some(net.now() + Duration::from_millis(20)),
            poll_listeners: true,
            spin: Duration::ZERO,
        };
        let mut waits = 0;
        while Some(net.now()) < until.deadline {
            net.wait(until);
            assert_eq!(net.receive(Class::Transfers, 64).count, 0);
            waits += 1;
        }
        // The end of a ring interrupts the thread that had it, here the ring of the mechanism
        // before.
        assert!(waits < 8, "{bundling:?}: {waits}");
    }
}
