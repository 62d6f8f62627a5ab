//! Networks that differ from loopback: a small MTU, a neighbour that does not answer. The tests
//! need permission to create a network namespace; without it they print that they were skipped.

use std::process::Command;

use super::super::clock;
use super::super::datagrams::Datagrams;
use super::*;

/// Runs a test in a thread with its own network.
pub(crate) fn in_own_network(name: &str, test: fn()) {
    let test = std::thread::spawn(move || {
        // SAFETY: no pointers; the namespace is this thread's alone.
        if unsafe { libc::unshare(libc::CLONE_NEWNET) } != 0 {
            return false;
        }
        test();
        true
    });
    if !test.join().unwrap() {
        eprintln!(
            "{name}: SKIPPED, no network namespace ({})",
            std::io::Error::last_os_error()
        );
    }
}

pub(crate) fn ip(arguments: &str) {
    let status = Command::new("ip").args(arguments.split(' ')).status().unwrap();
    assert!(status.success(), "ip {arguments}");
}

fn tc(arguments: &str) {
    let status = Command::new("tc").args(arguments.split(' ')).status().unwrap();
    assert!(status.success(), "tc {arguments}");
}

/// Makes a pair of devices, the first one with an address. IPv6, which sends packets of its own at
/// any moment, is off.
fn devices(here: &str, there: &str, address: &str) {
    ip(&format!("link add {here} type veth peer name {there}"));
    ip(&format!("addr add {address} dev {here}"));
    for device in [there, here] {
        ip(&format!("link set {device} addrgenmode none"));
        ip(&format!("link set {device} up"));
    }
}

/// The time in which the commands of a round have to run, because a closed port waits for a second
/// only.
const SOON: Duration = Duration::from_millis(800);

/// Runs a round, which returns false if it took longer than SOON, until one has not.
fn in_time(mut round: impl FnMut() -> bool) {
    assert!((0..10).any(|_| round()), "the commands take longer than {SOON:?}");
}

/// The kernel can't segment blocks beyond the MTU: they are sent one by one, in fragments.
#[test]
fn blocks_larger_than_the_mtu() {
    in_own_network("blocks_larger_than_the_mtu", || {
        ip("link set lo up mtu 1500");
        let mut batch = SendBatch::new(IoMode::Auto);
        for (from, to) in [
            ("127.0.0.1:0", "127.0.0.1:0"),
            ("[::1]:0", "[::1]:0"),
            ("[::]:0", "127.0.0.1:0"),
        ] {
            let (sender, receiver) = (bind(from), bind(to));
            // Refusals are remembered by address, in any notation: only the first call fails. In
            // that case the small message in front was sent before, by the call in which the window
            // was refused.
            let refused = if from == "[::]:0" { 22 } else { 21 };
            for (window, messages) in [
                ((8192, 20, 1, 65536), refused),
                ((1428, 44, 9, 65536), 3),
                ((8192, 20, 0, 1000), 22),
                ((512, 64, 1, 65536), 3),
            ] {
                datagrams::window_arrives(IoMode::Auto, &mut batch, &sender, &receiver, window);
                assert_eq!(batch.last_messages(), messages, "{from} {window:?}");
            }
        }
    });
}

/// A packet that is too long with Don't Fragment is reported, not silently lost; the others are
/// sent.
#[test]
fn dont_fragment_is_kept() {
    in_own_network("dont_fragment_is_kept", || {
        ip("link set lo up mtu 1500");
        let options = SocketOptions {
            dont_fragment: true,
            ..options()
        };
        let (sender, receiver) = (
            UdpSocket::bind("127.0.0.1:0".parse().unwrap(), &options).unwrap(),
            bind("127.0.0.1:0"),
        );
        for mode in [IoMode::Auto, IoMode::Portable] {
            let mut batch = SendBatch::new(mode);
            let data = std::sync::Arc::new(pattern(20_000));
            batch.begin_data(to(receiver.local_addr().unwrap()), 2004);
            for block in 0..10 {
                batch.block([0, 3, 0, block as u8]);
                batch.slice(&data, block * 2000..(block + 1) * 2000);
            }
            batch.end_data();
            batch.push_small(to(receiver.local_addr().unwrap()), b"small");
            let report = batch.flush(&|_| Some(&sender));
            assert_eq!((report.sent, report.failed.len(), batch.is_empty()), (1, 1, true));
            assert_eq!(report.failed[0].1.raw_os_error(), Some(libc::EMSGSIZE));
            sender.take_errors(&mut |_, error| {
                assert_eq!(error.raw_os_error(), Some(libc::EMSGSIZE))
            });
            assert_eq!(
                receive(&mut RecvBatch::new(4, 16, mode), &receiver, 1)[0].bytes,
                b"small"
            );
        }
    });
}

/// Packets wait for a neighbour's address and fill the send buffer; the others stay in the batch
/// and are sent later.
#[test]
fn a_full_send_buffer_keeps_the_rest() {
    in_own_network("a_full_send_buffer_keeps_the_rest", || {
        devices("here", "there", "10.9.0.1/24");
        for mode in [IoMode::Auto, IoMode::Portable] {
            ip("neigh flush dev here");
            let options = SocketOptions {
                send_buffer: Some(1),
                ..options()
            };
            let socket = UdpSocket::bind("10.9.0.1:0".parse().unwrap(), &options).unwrap();
            let mut batch = SendBatch::new(mode);
            // On a busy machine the system has dropped the packets at once, once in hundreds of
            // runs, and the buffer was not full.
            let mut reports = (0..5).map(|_| {
                for number in 0..40u8 {
                    batch.push_small(to("10.9.0.2:69".parse().unwrap()), &[number; 500]);
                }
                batch.flush(&|_| Some(&socket))
            });
            let report = reports.find(|report| report.sent < 40);
            let report = report.expect("a full send buffer");
            assert_eq!(
                (report.blocked.as_slice(), report.failed.len(), report.dropped),
                (&[0][..], 0, 0)
            );
            let mut sent = report.sent;
            assert!(sent > 0 && sent < 40 && !batch.is_empty());

            let poller = Poller::new().unwrap();
            poller.add(&socket, 7).unwrap();
            poller.want(&socket, 7, Wanted::BOTH).unwrap();
            ip("neigh replace 10.9.0.2 lladdr 02:00:00:00:00:01 dev here nud permanent");
            let mut ready = Vec::new();
            while !batch.is_empty() {
                poller.wait(&mut ready, Some(LONG)).unwrap();
                assert!(ready.iter().any(|ready| ready.key == 7 && ready.writable));
                let report = batch.flush(&|_| Some(&socket));
                assert!(report.failed.is_empty() && report.dropped == 0);
                sent += report.sent;
            }
            assert_eq!(sent, 40);
            ip("neigh del 10.9.0.2 dev here");
        }
    });
}

/// A packet for which there is never room is dropped after a while, and those behind it leave.
#[test]
fn a_packet_that_never_finds_room_does_not_stay() {
    in_own_network("a_packet_that_never_finds_room_does_not_stay", || {
        ip("link set lo up mtu 1500");
        for mode in [IoMode::Auto, IoMode::Portable] {
            let options = SocketOptions {
                send_buffer: Some(1),
                ..options()
            };
            let socket = UdpSocket::bind("127.0.0.1:0".parse().unwrap(), &options).unwrap();
            let receiver = bind("127.0.0.1:0");
            let peer = receiver.local_addr().unwrap();
            let mut batch = SendBatch::new(mode);
            // Its fragments exceed twice the send buffer (ENOBUFS).
            batch.push_small(to(peer), &[0; 60_000]);
            batch.push_small(to(peer), b"small");
            let begin = clock::now();
            let (mut sent, mut dropped) = (0, 0);
            while !batch.is_empty() {
                let report = batch.flush(&|_| Some(&socket));
                assert!(report.failed.is_empty() && report.blocked.is_empty());
                assert_eq!(report.congested.is_empty(), batch.is_empty());
                (sent, dropped) = (sent + report.sent, dropped + report.dropped);
                assert!(clock::now().saturating_sub(begin) < LONG);
                std::thread::sleep(Duration::from_millis(1));
            }
            assert_eq!((sent, dropped), (1, 1), "{mode:?}");
            assert!(clock::now().saturating_sub(begin) >= Duration::from_millis(100));
            let got = receive(&mut RecvBatch::new(4, 16, mode), &receiver, 1);
            assert_eq!(got[0].bytes, b"small");
        }
    });
}

/// A device without room for frames holds up neither those of other devices nor packets that do not
/// leave as frames, and not for ever the port whose frames it does not take.
#[test]
fn a_full_device_holds_up_no_other() {
    in_own_network("a_full_device_holds_up_no_other", || {
        device_without_room();
        ip("link set lo up");
        devices("other", "far", "10.8.0.1/24");
        ip("neigh replace 10.8.0.2 lladdr 02:00:00:00:00:02 dev other nud permanent");
        let (mut net, address) = sockets::framed("0.0.0.0:0");
        let (client, here) = sockets::peer();
        // The way back over the loopback device is learnt from a request.
        let listening = SocketAddr::new(here.ip(), address.port());
        client.send_to(b"\0\x01file\0octet\0", listening).unwrap();
        let [stuck, other, local] = [
            ("10.9.0.1", "10.9.0.2:69".parse().unwrap()),
            ("10.8.0.1", "10.8.0.2:69".parse().unwrap()),
            ("127.0.0.1", here),
        ]
        .map(|(from, peer)| sockets::open_from(&mut net, from.parse().unwrap(), peer));
        for route in [&stuck, &other, &local] {
            net.control(route, b"packet");
        }
        let before = sent_by("other");
        let begin = net.now();
        net.flush();
        assert_eq!(sent_by("other"), before + 1);
        assert_eq!(sockets::receive_at(&client).0, b"packet");
        while net.now().saturating_sub(begin) < Duration::from_millis(150) {
            std::thread::sleep(Duration::from_millis(1));
            net.flush();
        }
        tc("qdisc del dev here root");
        let before = sent_here();
        net.flush();
        assert_eq!(sent_here(), before, "it was dropped");
        net.control(&stuck, b"packet");
        net.flush();
        assert_eq!(sent_here(), before + 1);
    });
}

fn sent_here() -> u64 {
    sent_by("here")
}

/// Returns the number of packets that a device of this namespace has sent.
fn sent_by(device: &str) -> u64 {
    let devices = std::fs::read_to_string("/proc/thread-self/net/dev").unwrap();
    let line = devices.lines().find_map(|line| line.trim().strip_prefix(device));
    let columns: Vec<u64> = line
        .and_then(|line| line.strip_prefix(':'))
        .unwrap()
        .split_whitespace()
        .map(|column| column.parse().unwrap())
        .collect();
    columns[9]
}

/// A port that is closed while the system accepts no packets stays open until they have left, at
/// most a second. Packets still queued by then never reach the next client.
#[test]
fn a_port_closes_behind_its_last_packet() {
    in_own_network("a_port_closes_behind_its_last_packet", || {
        devices("here", "there", "10.9.0.1/24");
        for (way, is_answered) in [
            (sockets::AUTO, true),
            (sockets::PORTABLE, true),
            (sockets::AUTO, false),
        ] {
            in_time(|| closes_behind_its_last_packet(way, is_answered));
        }
    });
}

/// Returns false if it was too slow.
fn closes_behind_its_last_packet(way: sockets::Way, is_answered: bool) -> bool {
    ip("neigh flush dev here nud all");
    let (mut net, _) = sockets::slow("10.9.0.1:0", way);
    let route = sockets::open(&mut net, "10.9.0.2:69".parse().unwrap());
    for number in 0..40u8 {
        net.control(&route, &[number; 500]);
    }
    net.flush();
    let (before, begin) = (sent_here(), net.now());
    net.close(route.port);
    net.flush();
    let other = sockets::open(&mut net, "10.9.0.3:69".parse().unwrap());
    if is_answered {
        ip("neigh replace 10.9.0.2 lladdr 02:00:00:00:00:01 dev here nud permanent");
    }
    if net.now().saturating_sub(begin) > SOON {
        return false;
    }
    assert_ne!(other.port.index, route.port.index, "it is open still");
    let again = loop {
        net.wait(sockets::soon(&net));
        net.flush();
        let again = sockets::open(&mut net, "10.9.0.3:69".parse().unwrap());
        if again.port.index == route.port.index {
            break again;
        }
        assert!(net.now().saturating_sub(begin) < LONG);
    };
    assert_ne!(again.port, route.port);
    if is_answered {
        assert!(sent_here() >= before + 40, "{way:?}");
    } else {
        assert!(net.now().saturating_sub(begin) >= Duration::from_millis(900));
    }
    true
}

/// Makes a network whose device has no room for any frame (ENOBUFS), with two neighbours.
fn device_without_room() {
    devices("here", "there", "10.9.0.1/24");
    for (host, mac) in [
        ("10.9.0.2", "02:00:00:00:00:02"),
        ("10.9.0.3", "02:00:00:00:00:03"),
    ] {
        ip(&format!(
            "neigh replace {host} lladdr {mac} dev here nud permanent"
        ));
    }
    take_room();
}

fn take_room() {
    tc("qdisc replace dev here root pfifo limit 0");
}

/// Of several ports with frames that wait for room, none is released before its frames have left.
#[test]
fn every_port_closes_behind_its_last_frame() {
    in_own_network("every_port_closes_behind_its_last_frame", || {
        device_without_room();
        in_time(|| {
            take_room();
            let (mut net, _) = sockets::framed("10.9.0.1:0");
            let routes = ["10.9.0.2:69", "10.9.0.3:69"]
                .map(|peer| sockets::open(&mut net, peer.parse().unwrap()));
            for route in &routes {
                net.control(route, b"waits");
            }
            net.flush();
            let begin = net.now();
            for route in &routes {
                net.close(route.port);
            }
            net.flush();
            let later = sockets::open(&mut net, "10.9.0.2:69".parse().unwrap());
            tc("qdisc del dev here root");
            let before = sent_here();
            net.flush();
            let sent = sent_here() - before;
            if net.now().saturating_sub(begin) > SOON {
                return false;
            }
            for route in &routes {
                assert_ne!(later.port.index, route.port.index, "it is open still");
            }
            assert_eq!(sent, 2);
            true
        });
    });
}

/// What systems without packet information of Linux's kind use instead.
#[test]
fn broadcast_addresses_are_those_of_the_interfaces() {
    in_own_network("broadcast_addresses_are_those_of_the_interfaces", || {
        use crate::interfaces::{ipv6_addresses, is_broadcast};
        ip("link set lo up");
        ip("link add here type veth peer name there");
        ip("addr add 10.9.0.1/24 brd 10.9.0.255 dev here");
        // No broadcast address.
        ip("addr add 10.8.0.1/24 dev here");
        ip("addr add 2001:db8::9/64 dev here nodad");
        // Twice: the second time an address of one host is remembered.
        for _ in 0..2 {
            for (address, many) in [
                ("10.9.0.255", true),
                ("10.9.0.1", false),
                ("10.9.0.7", false),
                ("10.8.0.1", false),
                ("127.0.0.1", false),
            ] {
                assert_eq!(is_broadcast(address.parse().unwrap()), many, "{address}");
            }
        }
        let mut known = ipv6_addresses();
        let mut listed = crate::own_ipv6_addresses();
        known.sort();
        listed.sort();
        assert_eq!(known, listed);
        assert!(known.contains(&"2001:db8::9".parse().unwrap()));
    });
}
