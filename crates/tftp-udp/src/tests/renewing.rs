//! Sockets for one peer at a time.

use std::io::ErrorKind;

use super::*;

fn renewable() -> UdpSocket {
    let options = SocketOptions {
        late_port: true,
        report_errors: true,
        ..SocketOptions::default()
    };
    UdpSocket::bind("127.0.0.1:0".parse().unwrap(), &options).unwrap()
}

/// Each peer gets another port, the former one is closed, and the socket stays in its poller.
#[test]
fn each_peer_has_another_port() {
    let poller = Poller::new().unwrap();
    let socket = renewable();
    assert!(socket.is_renewable());
    assert_eq!(socket.local_addr().unwrap().port(), 0);
    poller.add(&socket, 7).unwrap();
    let mut ports = Vec::new();
    let mut batch = RecvBatch::new(4, 100, IoMode::Auto);
    for round in 0..20_u8 {
        let peer = bind("127.0.0.1:0");
        socket.connect(peer.local_addr().unwrap()).unwrap();
        let here = socket.local_addr().unwrap();
        peer.std().send_to(&[round], here).unwrap();
        let mut ready = Vec::new();
        poller.wait(&mut ready, Some(LONG)).unwrap();
        assert_eq!(ready.first().map(|ready| ready.key), Some(7));
        assert_eq!(
            batch.receive_from(&socket, peer.local_addr().unwrap()).unwrap(),
            1
        );
        assert_eq!(batch.get(0).bytes, [round]);
        // Bound first, so that it does not get the port that becomes free.
        let stranger = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.disconnect().unwrap();
        stranger.connect(here).unwrap();
        stranger.send(b"late").unwrap();
        let mut answer = [0; 8];
        stranger.set_read_timeout(Some(LONG)).unwrap();
        assert_eq!(
            stranger.recv(&mut answer).unwrap_err().kind(),
            ErrorKind::ConnectionRefused
        );
        ports.push(here.port());
    }
    ports.sort_unstable();
    ports.dedup();
    assert!(ports.len() > 17, "{ports:?}");
}

/// A socket keeps its interface from one peer to the next, although the kernel releases it with the
/// port.
#[test]
fn each_peer_is_reached_by_the_interface_that_is_set() {
    let options = SocketOptions {
        late_port: true,
        interface: Some("lo".into()),
        ..SocketOptions::default()
    };
    for address in ["127.0.0.1:0", "[::]:0"] {
        let socket = UdpSocket::bind(address.parse().unwrap(), &options);
        let Ok(socket) = socket else {
            eprintln!("SKIPPED: sockets cannot be bound to an interface ({socket:?})");
            return;
        };
        assert!(socket.is_renewable());
        for _ in 0..3 {
            socket.connect("127.0.0.1:9".parse().unwrap()).unwrap();
            assert_eq!(socket.interface().as_deref(), Some("lo"));
            if let Err(error) = socket.disconnect() {
                // Before Linux 5.7, without a privilege.
                assert_eq!(error.kind(), ErrorKind::PermissionDenied);
                return;
            }
        }
    }
}

/// A stranger's datagram that came before the socket was connected is not attributed to the peer,
/// and datagrams of a former peer can be discarded.
#[test]
fn only_the_peers_datagrams_count() {
    let (peer, stranger) = (bind("127.0.0.1:0"), bind("127.0.0.1:0"));
    let socket = bind("127.0.0.1:0");
    let here = socket.local_addr().unwrap();
    stranger.std().send_to(b"stranger", here).unwrap();
    socket.connect(peer.local_addr().unwrap()).unwrap();
    peer.std().send_to(b"peer", here).unwrap();
    let mut batch = RecvBatch::new(4, 100, IoMode::Auto);
    let from = peer.local_addr().unwrap();
    assert_eq!(batch.receive_from(&socket, from).unwrap(), 0);
    assert_eq!(batch.receive_from(&socket, from).unwrap(), 1);
    assert_eq!(
        (batch.get(0).bytes, batch.get(0).peer, batch.get(0).truncated),
        (&b"peer"[..], from, false)
    );
    assert_eq!(
        batch.receive_from(&socket, from).unwrap_err().kind(),
        ErrorKind::WouldBlock
    );
    peer.std().send_to(&[1; 101], here).unwrap();
    assert_eq!(batch.receive_from(&socket, from).unwrap(), 1);
    assert!(batch.get(0).truncated && batch.get(0).bytes.len() == 100);
    for _ in 0..5 {
        peer.std().send_to(b"late", here).unwrap();
    }
    assert!(!socket.discard_received(3), "there are more");
    assert!(socket.discard_received(3));
}

/// Refusals of a former peer's packets are discarded too: the same peer may be the next.
#[cfg(linux)]
#[test]
fn refusals_are_discarded_with_the_rest() {
    let closed = closed("127.0.0.1:1");
    for discarded in [false, true] {
        let socket = renewable();
        let poller = Poller::new().unwrap();
        poller.add(&socket, 7).unwrap();
        socket.connect(closed).unwrap();
        socket.std().send(b"to nobody").unwrap();
        let mut ready = Vec::new();
        poller.wait(&mut ready, Some(LONG)).unwrap();
        assert_eq!(ready.first().map(|ready| ready.error), Some(true));
        socket.disconnect().unwrap();
        if discarded {
            assert!(socket.discard_received(4));
        }
        let mut refused = 0;
        socket.take_errors(&mut |_, _| refused += 1);
        assert_eq!(refused, usize::from(!discarded));
    }
}

/// The port stays within a range, if the kernel has the option (Linux 6.3).
#[test]
fn a_range_confines_the_port() {
    let range = 50_000..=50_099;
    let options = SocketOptions {
        late_port: true,
        port_range: Some(range.clone()),
        ..SocketOptions::default()
    };
    let Ok(socket) = UdpSocket::bind("127.0.0.1:0".parse().unwrap(), &options) else {
        return;
    };
    let peer = bind("127.0.0.1:0").local_addr().unwrap();
    for _ in 0..20 {
        socket.connect(peer).unwrap();
        assert!(range.contains(&socket.local_addr().unwrap().port()));
        socket.disconnect().unwrap();
    }
}

/// Queued packets of a socket that gets another peer are dropped, and no others.
#[test]
fn a_new_peer_gets_nothing_of_the_former() {
    let (socket, peer) = (bind("127.0.0.1:0"), bind("127.0.0.1:0"));
    for mode in [IoMode::Auto, IoMode::Portable] {
        let mut batch = SendBatch::new(mode);
        let route = |socket| Route {
            socket,
            ..to(peer.local_addr().unwrap())
        };
        batch.push_small(route(1), b"former");
        batch.push_small(route(0), b"other");
        assert_eq!(batch.forget(1), 1);
        assert_eq!(flush(&mut batch, &socket), 1);
        assert_eq!(
            receive(&mut RecvBatch::new(4, 100, mode), &peer, 1)[0].bytes,
            b"other"
        );
    }
}
