//! Results that are the same for all system calls that move datagrams.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use super::super::plain;
use super::*;

in_every_mode!(
    sizes_v4,
    sizes_v6,
    sizes_mapped,
    truncation,
    windows,
    window_over_v6,
    answers_leave_from_the_requested_address,
    order_across_sockets,
    connected,
    strangers_from_before_the_connect,
    #[cfg(linux)]
    vanished_peers,
    #[cfg(linux)]
    pending_errors_hit_nobody_else,
    unsendable,
    lost_socket,
    more_than_the_slots,
    one_batch_for_all_sockets,
    more_pieces_than_one_call_takes,
);

fn sizes_v4(mode: IoMode) {
    sizes(mode, bind("127.0.0.1:0"), bind("127.0.0.1:0"), None);
}

fn sizes_v6(mode: IoMode) {
    sizes(mode, bind("[::1]:0"), bind("[::1]:0"), None);
}

/// An IPv4 peer of a dual-stack socket; the route gives its address plain and mapped.
fn sizes_mapped(mode: IoMode) {
    for mapped in [false, true] {
        let receiver = bind("127.0.0.1:0");
        let mut peer = receiver.local_addr().unwrap();
        if mapped {
            peer.set_ip(Ipv4Addr::LOCALHOST.to_ipv6_mapped().into());
        }
        sizes(mode, bind("[::]:0"), receiver, Some(peer));
    }
}

fn sizes(mode: IoMode, sender: UdpSocket, receiver: UdpSocket, peer: Option<SocketAddr>) {
    let lengths = [4, 0, 516, 1, 65507, 1472, 0, 9000, 3];
    let mut batch = SendBatch::new(mode);
    let route = to(peer.unwrap_or(receiver.local_addr().unwrap()));
    lengths
        .iter()
        .for_each(|&length| batch.push_small(route, &pattern(length)));
    assert_eq!(flush(&mut batch, &sender), lengths.len());
    let got = receive(&mut RecvBatch::new(16, 65507, mode), &receiver, lengths.len());
    for (got, length) in got.iter().zip(lengths) {
        assert_eq!(got.bytes, pattern(length));
        assert_eq!(got.peer.port(), sender.local_addr().unwrap().port());
        assert!(!got.truncated && !got.broadcast);
        let local = receiver.local_addr().unwrap().ip();
        assert_eq!(got.local.map(|local| local.ip), Some(local));
    }
}

fn truncation(mode: IoMode) {
    let (sender, receiver) = (bind("127.0.0.1:0"), bind("127.0.0.1:0"));
    let mut batch = SendBatch::new(mode);
    for length in [99, 100, 101, 5000, 1] {
        batch.push_small(to(receiver.local_addr().unwrap()), &pattern(length));
    }
    flush(&mut batch, &sender);
    let got = receive(&mut RecvBatch::new(2, 100, mode), &receiver, 5);
    let told: Vec<_> = got.iter().map(|got| (got.bytes.len(), got.truncated)).collect();
    assert_eq!(
        told,
        [(99, false), (100, false), (100, true), (100, true), (1, false)]
    );
    assert_eq!(got[3].bytes, pattern(5000)[..100]);
}

/// The block size, the number of blocks, the size of the last block, and the size of the chunks
/// that hold the data.
const WINDOWS: [(usize, usize, usize, usize); 17] = [
    (512, 1, 512, 65536),
    (512, 1, 0, 65536),
    (512, 2, 0, 65536),
    (512, 64, 512, 65536),
    (512, 64, 0, 1000),
    (512, 64, 100, 8192),
    (1468, 64, 7, 65536),
    (1468, 64, 1468, 1000),
    (1468, 200, 0, 65536),
    (8, 64, 0, 5),
    (8, 300, 3, 65536),
    (512, 20, 511, 1),
    (8192, 20, 1, 65536),
    (32749, 3, 32749, 65536),
    (65464, 3, 10, 65536),
    (65464, 3, 10, 1000),
    (1468, 64, 3, 700),
];

fn windows(mode: IoMode) {
    let (sender, receiver) = (bind("127.0.0.1:0"), bind("127.0.0.1:0"));
    for segmentation in [true, false] {
        let mut batch = SendBatch::new(mode);
        if !segmentation {
            batch.without_segmentation();
        }
        for window in WINDOWS {
            // The system counts more than the bytes of a packet.
            if window.0 * window.1 > 200_000 && !has_room("windows", &receiver, 512 << 10) {
                continue;
            }
            for push in [push_window, push_prepared] {
                pushed_window_arrives(mode, &mut batch, &sender, &receiver, window, push);
            }
        }
    }
}

fn window_over_v6(mode: IoMode) {
    let mut batch = SendBatch::new(mode);
    window_arrives(
        mode,
        &mut batch,
        &bind("[::1]:0"),
        &bind("[::1]:0"),
        (1428, 64, 9, 8192),
    );
    let mapped = bind("[::]:0");
    window_arrives(
        mode,
        &mut batch,
        &mapped,
        &bind("127.0.0.1:0"),
        (1428, 64, 0, 8192),
    );
}

/// Sends one window between two small packets and compares all received bytes.
pub(super) fn window_arrives(
    mode: IoMode,
    batch: &mut SendBatch,
    sender: &UdpSocket,
    receiver: &UdpSocket,
    window: (usize, usize, usize, usize),
) {
    pushed_window_arrives(mode, batch, sender, receiver, window, push_window);
}

type Push = fn(&mut SendBatch, Route, &[u8], usize, usize, usize);

fn pushed_window_arrives(
    mode: IoMode,
    batch: &mut SendBatch,
    sender: &UdpSocket,
    receiver: &UdpSocket,
    (blksize, blocks, last, chunk): (usize, usize, usize, usize),
    push: Push,
) {
    let data = pattern((blocks - 1) * blksize + last);
    let route = to(receiver.local_addr().unwrap());
    batch.push_small(route, b"before");
    push(batch, route, &data, blksize, blocks, chunk);
    batch.push_small(route, b"behind");
    assert_eq!(flush(batch, sender), blocks + 2);

    let got = receive(&mut RecvBatch::new(64, 65468, mode), receiver, blocks + 2);
    assert_eq!(
        (&got[0].bytes[..], &got[blocks + 1].bytes[..]),
        (&b"before"[..], &b"behind"[..])
    );
    for (block, got) in got[1..=blocks].iter().enumerate() {
        let end = data.len().min((block + 1) * blksize);
        assert_eq!(got.bytes[..4], header(block), "{blksize} {blocks} {last} {chunk}");
        assert_eq!(
            got.bytes[4..],
            data[block * blksize..end],
            "{blksize} {blocks} {last} {chunk} block {block}"
        );
    }
}

fn header(block: usize) -> [u8; 4] {
    [0, 3, (block >> 8) as u8, block as u8]
}

fn push_window(
    batch: &mut SendBatch,
    route: Route,
    data: &[u8],
    blksize: usize,
    blocks: usize,
    chunk: usize,
) {
    let chunks: Vec<_> = data.chunks(chunk).map(|chunk| Arc::new(chunk.to_vec())).collect();
    batch.begin_data(route, blksize + 4);
    for block in 0..blocks {
        batch.block(header(block));
        let (mut at, end) = (block * blksize, data.len().min((block + 1) * blksize));
        while at < end {
            let (bytes, from) = (&chunks[at / chunk], at % chunk);
            let length = (end - at).min(bytes.len() - from);
            batch.slice(bytes, from..from + length);
            at += length;
        }
    }
    batch.end_data();
    // The batch alone keeps the bytes alive.
    drop(chunks);
}

/// Puts every block behind its header, as many as one chunk holds in the same piece of memory.
fn push_prepared(
    batch: &mut SendBatch,
    route: Route,
    data: &[u8],
    blksize: usize,
    blocks: usize,
    chunk: usize,
) {
    batch.begin_data(route, blksize + 4);
    let several = (chunk / blksize).max(1);
    for first in (0..blocks).step_by(several) {
        let (mut bytes, mut packets) = (Vec::new(), Vec::new());
        for block in first..blocks.min(first + several) {
            let (start, end) = (block * blksize, data.len().min((block + 1) * blksize));
            let from = bytes.len();
            bytes.extend(header(block));
            bytes.extend(&data[start..end]);
            packets.push(from..bytes.len());
        }
        let bytes = Arc::new(bytes);
        packets
            .into_iter()
            .for_each(|packet| batch.packet(&bytes, packet));
    }
    batch.end_data();
}

fn order_across_sockets(mode: IoMode) {
    let senders = [bind("127.0.0.1:0"), bind("127.0.0.1:0"), bind("127.0.0.1:0")];
    let receiver = bind("127.0.0.1:0");
    let mut batch = SendBatch::new(mode);
    for number in 0..300usize {
        let route = Route {
            socket: number * 7 % 3,
            ..to(receiver.local_addr().unwrap())
        };
        batch.push_small(route, &(number as u32).to_be_bytes());
    }
    let report = batch.flush(&|index| senders.get(index));
    assert_eq!((report.sent, batch.is_empty()), (300, true));
    let got = receive(&mut RecvBatch::new(50, 16, mode), &receiver, 300);
    for sender in &senders {
        let from = sender.local_addr().unwrap();
        let mine: Vec<_> = got
            .iter()
            .filter(|got| got.peer == from)
            .map(|got| got.bytes.clone())
            .collect();
        assert!(mine.len() == 100 && mine.is_sorted());
    }
}

fn connected(mode: IoMode) {
    let (sender, receiver, stranger) =
        (bind("127.0.0.1:0"), bind("127.0.0.1:0"), bind("127.0.0.1:0"));
    sender.connect(receiver.local_addr().unwrap()).unwrap();
    let mut batch = SendBatch::new(mode);
    let route = Route {
        connected: true,
        ..to(receiver.local_addr().unwrap())
    };
    push_window(&mut batch, route, &pattern(5000), 1000, 6, 8192);
    assert_eq!(flush(&mut batch, &sender), 6);
    assert_eq!(
        receive(&mut RecvBatch::new(4, 2000, mode), &receiver, 6)[5].bytes,
        header(5)
    );
    // A stranger's packet is not received.
    batch.push_small(to(sender.local_addr().unwrap()), b"stranger");
    flush(&mut batch, &stranger);
    batch.push_small(to(sender.local_addr().unwrap()), b"peer");
    flush(&mut batch, &receiver);
    assert_eq!(
        receive(&mut RecvBatch::new(4, 2000, mode), &sender, 1)[0].bytes,
        b"peer"
    );
}

/// Datagrams that came before a socket was connected are still in its queue.
fn strangers_from_before_the_connect(mode: IoMode) {
    for address in ["127.0.0.1:0", "[::]:0"] {
        let (socket, peer, stranger) = (bind(address), bind("127.0.0.1:0"), bind("127.0.0.1:0"));
        let there =
            SocketAddr::new(Ipv4Addr::LOCALHOST.into(), socket.local_addr().unwrap().port());
        let (mut batch, from) = (SendBatch::new(mode), peer.local_addr().unwrap());
        for (sender, bytes) in [(&stranger, b"forged"), (&peer, b"packet"), (&stranger, b"forged")]
        {
            batch.push_small(to(there), bytes);
            flush(&mut batch, sender);
        }
        socket.connect(from).unwrap();
        let mut arrivals = RecvBatch::new(8, 16, mode);
        assert_eq!(
            arrivals.receive_of(&socket, 8, Some(&from)).unwrap(),
            1,
            "{address}"
        );
        assert_eq!(arrivals.get(0).bytes, b"packet");
    }
}

/// Returns addresses to bind to, with the address of a closed port, on IPv4, IPv6 and IPv4 through
/// IPv6.
fn vanished() -> [(UdpSocket, SocketAddr); 3] {
    [
        (bind("127.0.0.1:0"), closed("127.0.0.1:1")),
        (bind("[::1]:0"), closed("[::1]:1")),
        (bind("[::]:0"), closed("[::ffff:127.0.0.1]:1")),
    ]
}

/// Only Linux reports the peer whose packet failed.
#[cfg(linux)]
fn vanished_peers(mode: IoMode) {
    for (socket, peer) in vanished() {
        let mut batch = SendBatch::new(mode);
        batch.push_small(to(peer), b"anybody?");
        flush(&mut batch, &socket);
        let mut errors = Vec::new();
        socket.take_errors(&mut |peer, error| errors.push((peer, error)));
        assert_eq!(errors.len(), 1);
        assert_eq!(
            (errors[0].0, errors[0].1.kind()),
            (peer, ErrorKind::ConnectionRefused)
        );
        assert_eq!(errors[0].1.raw_os_error(), Some(libc::ECONNREFUSED));
        socket.take_errors(&mut |peer, error| panic!("again {peer}: {error}"));
        // Once taken from the queue, the error is not pending any more either.
        let kind = RecvBatch::new(1, 16, mode)
            .receive(&socket, 64)
            .unwrap_err()
            .kind();
        assert_eq!(kind, ErrorKind::WouldBlock);
    }
}

/// Only Linux reports the peer whose packet failed.
#[cfg(linux)]
fn pending_errors_hit_nobody_else(mode: IoMode) {
    for (socket, gone) in vanished() {
        let there = bind(if plain(gone).is_ipv4() {
            "127.0.0.1:0"
        } else {
            "[::1]:0"
        });
        let mut batch = SendBatch::new(mode);
        batch.push_small(to(gone), b"anybody?");
        flush(&mut batch, &socket);
        push_window(
            &mut batch,
            to(there.local_addr().unwrap()),
            &pattern(5120),
            512,
            11,
            8192,
        );
        assert_eq!(flush(&mut batch, &socket), 11);
        assert_eq!(receive(&mut RecvBatch::new(4, 600, mode), &there, 11).len(), 11);
        // A read returns a pending error once, and then continues.
        batch.push_small(to(gone), b"anybody?");
        flush(&mut batch, &socket);
        let mut arrivals = RecvBatch::new(4, 600, mode);
        assert_eq!(
            arrivals.receive(&socket, 64).unwrap_err().kind(),
            ErrorKind::ConnectionRefused
        );
        let mut errors = 0;
        socket.take_errors(&mut |peer, _| errors += usize::from(peer == gone));
        assert_eq!(errors, 2);
        assert_eq!(
            arrivals.receive(&socket, 64).unwrap_err().kind(),
            ErrorKind::WouldBlock
        );
    }
}

/// One message that can't be sent (too long) is reported; the messages beside it are sent.
fn unsendable(mode: IoMode) {
    let (sender, receiver) = (bind("127.0.0.1:0"), bind("127.0.0.1:0"));
    let route = to(receiver.local_addr().unwrap());
    let mut batch = SendBatch::new(mode);
    batch.push_small(route, b"1");
    batch.push_small(route, &[0; 65508]);
    batch.push_small(route, b"3");
    let report = batch.flush(&|_| Some(&sender));
    assert_eq!((report.sent, report.failed.len(), batch.is_empty()), (2, 1, true));
    assert_eq!(report.failed[0].0, route);
    assert_eq!(report.failed[0].1.raw_os_error(), Some(libc::EMSGSIZE));
    assert_eq!(
        receive(&mut RecvBatch::new(4, 16, mode), &receiver, 2)[1].bytes,
        b"3"
    );
}

fn lost_socket(mode: IoMode) {
    let (sender, receiver) = (bind("127.0.0.1:0"), bind("127.0.0.1:0"));
    let route = to(receiver.local_addr().unwrap());
    let mut batch = SendBatch::new(mode);
    batch.push_small(Route { socket: 5, ..route }, b"never");
    batch.push_small(route, b"there");
    batch.begin_data(route, 516);
    batch.end_data();
    let report = batch.flush(&|index| (index == 0).then_some(&sender));
    assert_eq!((report.sent, report.dropped, batch.is_empty()), (1, 1, true));
    assert_eq!(
        receive(&mut RecvBatch::new(4, 16, mode), &receiver, 1)[0].bytes,
        b"there"
    );
}

fn more_than_the_slots(mode: IoMode) {
    let (sender, receiver) = (bind("127.0.0.1:0"), bind("127.0.0.1:0"));
    let mut batch = SendBatch::new(mode);
    for number in 0..10u8 {
        batch.push_small(to(receiver.local_addr().unwrap()), &[number]);
    }
    flush(&mut batch, &sender);
    let mut arrivals = RecvBatch::new(4, 16, mode);
    let counts: Vec<_> = (0..3).map(|_| arrivals.receive(&receiver, 64).unwrap()).collect();
    assert_eq!(counts, [4, 4, 2]);
    assert_eq!(arrivals.get(1).bytes, [9]);
    assert_eq!(arrivals.get(1).peer.ip(), IpAddr::V4(Ipv4Addr::LOCALHOST));
}

/// 40 windows, each of 64 blocks of two pieces.
fn more_pieces_than_one_call_takes(mode: IoMode) {
    let (sender, receiver) = (bind("127.0.0.1:0"), bind("127.0.0.1:0"));
    if !has_room("more_pieces_than_one_call_takes", &receiver, 4 << 20) {
        return;
    }
    let mut batch = SendBatch::new(mode);
    let bytes = Arc::new(pattern(600));
    for window in 0..40 {
        batch.begin_data(to(receiver.local_addr().unwrap()), 604);
        for block in 0..64 {
            batch.block(header(window * 64 + block));
            batch.slice(&bytes, 0..600);
        }
        batch.end_data();
    }
    assert_eq!(flush(&mut batch, &sender), 40 * 64);
    assert_eq!(Arc::strong_count(&bytes), 1);
    let got = receive(&mut RecvBatch::new(128, 700, mode), &receiver, 40 * 64);
    assert!(
        got.iter()
            .enumerate()
            .all(|(block, got)| got.bytes[..4] == header(block))
    );
    assert!(got.iter().all(|got| got.bytes[4..] == bytes[..]));
}

/// Values that the kernel left in the headers of one call do not limit the next, which has longer
/// addresses.
fn one_batch_for_all_sockets(mode: IoMode) {
    let (mut sends, mut arrivals) = (SendBatch::new(mode), RecvBatch::new(4, 16, mode));
    for address in ["127.0.0.1:0", "[::1]:0", "127.0.0.1:0", "[::1]:0"] {
        let (sender, receiver) = (bind(address), bind(address));
        (0..4).for_each(|_| sends.push_small(to(receiver.local_addr().unwrap()), b"x"));
        flush(&mut sends, &sender);
        for got in receive(&mut arrivals, &receiver, 4) {
            assert_eq!(got.peer, sender.local_addr().unwrap());
            assert!(got.local.is_some());
        }
    }
}

/// A client sends to an address of the server that routing would not choose; the reply comes from
/// there.
fn answers_leave_from_the_requested_address(mode: IoMode) {
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
        let (mut sends, mut arrivals) = (SendBatch::new(mode), RecvBatch::new(128, 2000, mode));
        sends.push_small(to(address), b"request");
        flush(&mut sends, &client);
        let request = receive(&mut arrivals, &server, 1).remove(0);
        assert_eq!(request.local.map(|local| local.ip), Some(told));
        assert!(!request.broadcast);

        let route = Route {
            source: request.local,
            ..to(request.peer)
        };
        let data = Arc::new(pattern(64 * 512));
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
