//! Features of Linux alone: few messages, broadcasts, shared ports, and work without the batch
//! calls.

use std::io::ErrorKind;
use std::net::SocketAddr;

use super::super::datagrams::{Class, Datagrams, PortKind, Until};
use super::super::send::SendBatch;
use super::*;

/// A window consists of as few messages as the kernel's limits permit, and of one per datagram if
/// segmentation is refused.
#[test]
fn windows_are_few_messages() {
    let (sender, receiver) = (bind("127.0.0.1:0"), bind("127.0.0.1:0"));
    for (segmentation, window, messages) in [
        (true, (512, 64, 512, 65536), 3),
        (true, (512, 65, 0, 65536), 4),
        (true, (1468, 64, 0, 65536), 4),
        (true, (8192, 8, 1, 1000), 4),
        (false, (512, 64, 512, 65536), 66),
    ] {
        let mut batch = SendBatch::new(IoMode::Auto);
        if !segmentation {
            batch.without_segmentation();
        }
        datagrams::window_arrives(IoMode::Auto, &mut batch, &sender, &receiver, window);
        assert_eq!(batch.last_messages(), messages, "{window:?}");
    }
}

#[test]
fn broadcasts_are_recognized() {
    for (server, mode) in [
        ("0.0.0.0:0", IoMode::Auto),
        ("[::]:0", IoMode::Auto),
        ("0.0.0.0:0", IoMode::Portable),
        ("[::]:0", IoMode::Portable),
    ] {
        let (server, client) = (bind(server), bind("127.0.0.1:0"));
        socket2::SockRef::from(client.std()).set_broadcast(true).unwrap();
        let port = server.local_addr().unwrap().port();
        let mut sends = SendBatch::new(IoMode::Auto);
        for ip in [[127, 255, 255, 255], [127, 0, 0, 9]] {
            sends.push_small(to(SocketAddr::from((ip, port))), &ip);
        }
        flush(&mut sends, &client);
        let got = receive(&mut RecvBatch::new(4, 16, mode), &server, 2);
        assert_eq!(
            got.iter().map(|got| got.broadcast).collect::<Vec<_>>(),
            [true, false]
        );
    }
}

/// The first bind detects other servers; the shards join after it, and the kernel spreads the
/// clients over them.
#[test]
fn ports_are_shared_on_purpose_only() {
    let shared = SocketOptions {
        share_port: true,
        ..options()
    };
    let first = bind("127.0.0.1:0");
    let address = first.local_addr().unwrap();
    let in_use = |options: &SocketOptions| UdpSocket::bind(address, options).unwrap_err().kind();
    assert_eq!(in_use(&options()), ErrorKind::AddrInUse);
    assert_eq!(in_use(&shared), ErrorKind::AddrInUse);
    first.allow_sharing().unwrap();
    let second = UdpSocket::bind(address, &shared).unwrap();
    assert_eq!(in_use(&options()), ErrorKind::AddrInUse);

    let mut sends = SendBatch::new(IoMode::Auto);
    for _ in 0..64 {
        sends.push_small(to(address), b"request");
        flush(&mut sends, &bind("127.0.0.1:0"));
    }
    let mut arrivals = RecvBatch::new(128, 16, IoMode::Auto);
    let (first, second) = (
        arrivals.receive(&first, 64).unwrap(),
        arrivals.receive(&second, 64).unwrap(),
    );
    assert!(
        first + second == 64 && first > 0 && second > 0,
        "{first} and {second}"
    );
}

fn bind_coalescing(address: &str) -> UdpSocket {
    let options = SocketOptions {
        coalesce: true,
        ..options()
    };
    UdpSocket::bind(address.parse().unwrap(), &options).unwrap()
}

/// Queues 40 blocks of 100 bytes and one of 7 as one window.
fn window_of_41(sends: &mut SendBatch, peer: SocketAddr) {
    let bytes = std::sync::Arc::new(pattern(41 * 96));
    sends.begin_data(to(peer), 100);
    for block in 0..41_usize {
        sends.block([0, 3, 0, block as u8]);
        sends.slice(&bytes, block * 96..block * 96 + if block == 40 { 3 } else { 96 });
    }
    sends.end_data();
}

/// Each block of a window that passed the kernel as one piece is received separately, with the
/// addresses of all.
#[test]
fn coalesced_datagrams_are_split() {
    for (here, there) in [("127.0.0.1:0", "0.0.0.0:0"), ("[::1]:0", "[::]:0")] {
        let (sender, receiver) = (bind(here), bind_coalescing(there));
        let peer = SocketAddr::new(
            sender.local_addr().unwrap().ip(),
            receiver.local_addr().unwrap().port(),
        );
        let mut sends = SendBatch::new(IoMode::Auto);
        sends.push_small(to(peer), b"before");
        window_of_41(&mut sends, peer);
        sends.push_small(to(peer), b"");
        flush(&mut sends, &sender);
        let mut arrivals = RecvBatch::new(3, 65_536, IoMode::Auto);
        assert_eq!(
            arrivals.receive(&receiver, usize::MAX).unwrap(),
            43,
            "three slots hold it all"
        );
        let got: Vec<Got> = (0..43).map(|index| own(&arrivals, index)).collect();
        assert!(got.iter().all(|got| got.peer == sender.local_addr().unwrap()
            && got.local.map(|local| local.ip) == Some(peer.ip())
            && !got.truncated));
        assert_eq!(
            (&got[0].bytes[..], &got[42].bytes[..]),
            (&b"before"[..], &b""[..])
        );
        for (block, got) in got[1..42].iter().enumerate() {
            assert_eq!(got.bytes.len(), if block == 40 { 7 } else { 100 });
            assert_eq!(got.bytes[..4], [0, 3, 0, block as u8]);
            assert_eq!(
                got.bytes[4..],
                pattern(41 * 96)[block * 96..][..got.bytes.len() - 4]
            );
        }
    }
}

/// Without the batch calls the ends of coalesced datagrams are unknown: queued ones are dropped,
/// later ones are separate.
#[test]
fn one_by_one_never_takes_two_datagrams_for_one() {
    let (sender, receiver) = (bind("127.0.0.1:0"), bind_coalescing("127.0.0.1:0"));
    let peer = receiver.local_addr().unwrap();
    let mut sends = SendBatch::new(IoMode::Auto);
    let mut arrivals = RecvBatch::new(128, 65_536, IoMode::Portable);
    window_of_41(&mut sends, peer);
    flush(&mut sends, &sender);
    let kind = arrivals.receive(&receiver, usize::MAX).unwrap_err().kind();
    assert_eq!(kind, ErrorKind::WouldBlock);
    window_of_41(&mut sends, peer);
    flush(&mut sends, &sender);
    let got = receive(&mut arrivals, &receiver, 41);
    assert!(
        got.iter()
            .enumerate()
            .all(|(block, got)| got.bytes[3] == block as u8)
    );
}

#[test]
fn buffer_sizes_are_reported_as_requested() {
    let options = SocketOptions {
        recv_buffer: Some(100_000),
        send_buffer: Some(50_000),
        ..options()
    };
    let socket = UdpSocket::bind("127.0.0.1:0".parse().unwrap(), &options).unwrap();
    assert_eq!(
        (socket.recv_buffer().unwrap(), socket.send_buffer().unwrap()),
        (100_000, 50_000)
    );
    let untouched =
        UdpSocket::bind("127.0.0.1:0".parse().unwrap(), &SocketOptions::default()).unwrap();
    let std = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let default = socket2::SockRef::from(&std).recv_buffer_size().unwrap();
    assert_eq!(untouched.recv_buffer().unwrap() * 2, default);
}

/// In a sandbox without the batch calls, with either error, everything still arrives, in order.
#[test]
fn works_without_the_batch_calls() {
    for error in [libc::ENOSYS, libc::EPERM] {
        std::thread::spawn(move || {
            forbid(&[libc::SYS_sendmmsg, libc::SYS_recvmmsg], error);
            let (sender, receiver) = (bind("127.0.0.1:0"), bind("127.0.0.1:0"));
            let mut batch = SendBatch::new(IoMode::Auto);
            for _ in 0..3 {
                let window = (512, 20, 100, 1000);
                datagrams::window_arrives(IoMode::Auto, &mut batch, &sender, &receiver, window);
            }
        })
        .join()
        .unwrap();
    }
}

/// Idle sockets that were just released may have packets of their former clients, so that another
/// one is preferred. If the system opens no more, an idle one serves.
#[test]
fn without_a_new_socket_an_idle_one_is_reused_at_once() {
    for error in [libc::EMFILE, libc::ENFILE, libc::ENOBUFS] {
        std::thread::spawn(move || {
            let ((mut net, _), (client, here)) = (sockets::net(sockets::AUTO), sockets::peer());
            let former: Vec<_> = (0..3).map(|_| sockets::open(&mut net, here)).collect();
            net.control(&former[0], b"answer");
            net.flush();
            let (_, from) = sockets::receive_at(&client);
            client.send_to(b"late", from).unwrap();
            former.iter().for_each(|route| net.close(route.port));
            forbid(&[libc::SYS_socket], error);
            for _ in 0..3 {
                let route = sockets::open(&mut net, here);
                assert!(former.iter().any(|port| port.port.index == route.port.index));
                net.control(&route, b"answer");
                net.flush();
                let (_, from) = sockets::receive_at(&client);
                client.send_to(b"packet", from).unwrap();
                let expected = [(route.port, here, b"packet".to_vec())];
                assert_eq!(sockets::take(&mut net, Class::Transfers, 1), expected);
            }
            assert!(net.open(&sockets::plan(PortKind::Private, here)).is_err());
        })
        .join()
        .unwrap();
    }
}

/// A poll does not report that a device has room again, and room in a send buffer is no arrival: a
/// thread with packets that wait for either does not spin.
#[test]
fn spinning_does_not_delay_packets_that_wait_for_room() {
    for error in [libc::ENOBUFS, libc::EAGAIN] {
        std::thread::spawn(move || {
            let ((mut net, _), (_peer, here)) = (sockets::net(sockets::AUTO), sockets::peer());
            let route = sockets::open(&mut net, here);
            forbid(&[libc::SYS_sendto, libc::SYS_sendmsg, libc::SYS_sendmmsg], error);
            net.control(&route, b"answer");
            net.flush();
            let begin = net.now();
            net.wait(Until {
                spin: LONG,
                ..sockets::soon(&net)
            });
            assert!(net.now().saturating_sub(begin) < LONG);
        })
        .join()
        .unwrap();
    }
}

/// A pending error that is in no queue, as when the queue has no room for it, does not make the
/// poller report the socket for ever.
#[test]
fn a_pending_error_without_an_entry_is_taken() {
    let options = SocketOptions {
        recv_buffer: Some(1),
        ..options()
    };
    let socket = UdpSocket::bind("127.0.0.1:0".parse().unwrap(), &options).unwrap();
    let (here, filler) = (socket.local_addr().unwrap(), bind("127.0.0.1:0"));
    for _ in 0..100 {
        filler.std().send_to(&[0], here).unwrap();
    }
    socket.std().send_to(b"to nobody", closed("127.0.0.1:1")).unwrap();
    let poller = Poller::new().unwrap();
    poller.add(&socket, 7).unwrap();
    let mut ready = Vec::new();
    for is_pending in [true, false] {
        poller.wait(&mut ready, Some(Duration::ZERO)).unwrap();
        assert!(ready.len() == 1 && ready[0].readable);
        assert_eq!(ready[0].error, is_pending);
        socket.take_errors(&mut |peer, _| panic!("{peer} is in the queue"));
    }
}
