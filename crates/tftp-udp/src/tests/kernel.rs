//! Features of Linux alone: addresses of both ends, shared ports, options, and work without the batch calls.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::fd::AsRawFd;

use super::super::send::SendBatch;
use super::*;

/// A client sends to an address of the server that routing would not choose; the reply comes from there.
#[test]
fn answers_leave_from_the_address_asked() {
    let asked: IpAddr = Ipv4Addr::new(127, 0, 0, 2).into();
    let asked_mapped = IpAddr::from(Ipv4Addr::new(127, 0, 0, 2).to_ipv6_mapped());
    let loopback_v6: IpAddr = "::1".parse().unwrap();
    for (server, ask, told) in [
        ("0.0.0.0:0", asked, asked),
        ("[::]:0", asked, asked_mapped),
        ("[::]:0", loopback_v6, loopback_v6),
    ] {
        let server = bind(server);
        let client = bind(if ask.is_ipv4() { "127.0.0.1:0" } else { "[::1]:0" });
        let address = SocketAddr::new(ask, server.local_addr().unwrap().port());
        let (mut sends, mut arrivals) = (
            SendBatch::new(IoMode::Auto),
            RecvBatch::new(128, 2000, IoMode::Auto),
        );
        sends.push_small(to(address), b"request");
        flush(&mut sends, &client);
        let request = receive(&mut arrivals, &server, 1).remove(0);
        assert_eq!(request.local.map(|local| local.ip), Some(told));
        assert!(!request.broadcast);

        let route = Route {
            source: request.local,
            ..to(request.peer)
        };
        let data = std::sync::Arc::new(pattern(64 * 512));
        sends.push_small(route, b"answer");
        sends.begin_data(route, 516);
        for block in 0..64 {
            sends.block([0, 3, 0, block as u8]);
            sends.slice(&data, block * 512..(block + 1) * 512);
        }
        sends.end_data();
        assert_eq!(flush(&mut sends, &server), 65);
        let answers = receive(&mut arrivals, &client, 65);
        assert!(answers.iter().all(|answer| answer.peer == address), "{answers:?}");
    }
}

/// A window consists of as few messages as the kernel's limits permit, and of one per datagram if segmentation is
/// refused.
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
fn broadcasts_are_told_apart() {
    for server in ["0.0.0.0:0", "[::]:0"] {
        let (server, client) = (bind(server), bind("127.0.0.1:0"));
        socket2::SockRef::from(client.std()).set_broadcast(true).unwrap();
        let port = server.local_addr().unwrap().port();
        let mut sends = SendBatch::new(IoMode::Auto);
        for ip in [[127, 255, 255, 255], [127, 0, 0, 9]] {
            sends.push_small(to(SocketAddr::from((ip, port))), &ip);
        }
        flush(&mut sends, &client);
        let got = receive(&mut RecvBatch::new(4, 16, IoMode::Auto), &server, 2);
        assert_eq!(
            got.iter().map(|got| got.broadcast).collect::<Vec<_>>(),
            [true, false]
        );
    }
}

/// The first bind detects other servers; the shards join after it, and the kernel spreads the clients over them.
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

/// Each block of a window that passed the kernel as one piece is received separately, with the addresses of all.
#[test]
fn a_window_that_comes_as_one_is_taken_apart() {
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

/// Without the batch calls the ends of coalesced datagrams are unknown: queued ones are dropped, later ones are
/// separate.
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
fn options_reach_both_families() {
    let get = |socket: &UdpSocket, level, name| {
        let (mut value, mut length) = (0i32, 4);
        let fd = socket.std().as_raw_fd();
        // SAFETY: value and length are locals of the right size.
        let result = unsafe { libc::getsockopt(fd, level, name, (&raw mut value).cast(), &mut length) };
        assert_eq!(result, 0);
        value
    };
    for (address, v4, v6) in [("127.0.0.1:0", true, false), ("[::]:0", true, true)] {
        for dont_fragment in [true, false] {
            let options = SocketOptions {
                dont_fragment,
                traffic_class: Some(0xb8),
                ..options()
            };
            let socket = UdpSocket::bind(address.parse().unwrap(), &options).unwrap();
            let discover = if dont_fragment {
                libc::IP_PMTUDISC_DO
            } else {
                libc::IP_PMTUDISC_DONT
            };
            if v4 {
                assert_eq!(get(&socket, libc::SOL_IP, libc::IP_TOS), 0xb8);
                assert_eq!(get(&socket, libc::SOL_IP, libc::IP_MTU_DISCOVER), discover);
            }
            if v6 {
                assert_eq!(get(&socket, libc::SOL_IPV6, libc::IPV6_TCLASS), 0xb8);
                assert_eq!(get(&socket, libc::SOL_IPV6, libc::IPV6_MTU_DISCOVER), discover);
            }
        }
    }
    let v6_only = SocketOptions {
        v6_only: true,
        ..options()
    };
    let socket = UdpSocket::bind("[::]:0".parse().unwrap(), &v6_only).unwrap();
    assert_eq!(get(&socket, libc::SOL_IPV6, libc::IPV6_V6ONLY), 1);
}

#[test]
fn buffers_are_told_as_they_were_asked() {
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
    let untouched = UdpSocket::bind("127.0.0.1:0".parse().unwrap(), &SocketOptions::default()).unwrap();
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
