//! The library without the class above it: every way to be configured moves the same bytes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::support::{Client, Failed, Nobody, Options, becomes_free, pattern, settings};
use tempfile::TempDir;
use tftp_serve::inline::{EngineEvent, EventSink, Interests, Reply};
use tftp_serve::{ErrorCode, Listen, Refusal, Settings};

struct Server {
    server: tftp_serve::Server,
    root: TempDir,
}

/// Returns a server that does not listen yet.
fn opened(settings: Settings, sink: Arc<dyn EventSink>) -> tftp_serve::Server {
    let builder = tftp_serve::Server::builder().settings(settings);
    builder.event_sink(sink).open().unwrap()
}

impl Server {
    fn start(listen: Listen) -> Server {
        let root = tempfile::tempdir().unwrap();
        let server = opened(settings(root.path()), Arc::new(Nobody));
        server.listen(listen).unwrap();
        Server { server, root }
    }

    fn client(&self) -> Client {
        Client::new(self.address())
    }

    fn address(&self) -> SocketAddr {
        let mut address = self.server.local_addr();
        if address.ip().is_unspecified() {
            address.set_ip("127.0.0.1".parse().unwrap());
        }
        address
    }

    fn stop(self) {
        self.server.close();
    }
}

fn at(address: &str) -> Listen {
    Listen::default().listen(address.parse::<SocketAddr>().unwrap())
}

fn local() -> Listen {
    at("127.0.0.1:0")
}

fn modes() -> Vec<(&'static str, Listen)> {
    let any = "0.0.0.0:0";
    vec![
        ("default", local()),
        ("any address", at(any)),
        ("IPv6", at("[::1]:0")),
        ("dual stack", Listen::default().listen_dual_stack(0)),
        ("portable system calls", local().one_datagram_per_call(true)),
        ("single port", local().single_port(true)),
        ("connected sockets", local().require_port_per_transfer(true)),
        (
            "connected sockets, any address",
            at(any).require_port_per_transfer(true),
        ),
        ("shared ports", local().port_per_transfer(false)),
        ("shared ports, any address", at(any).port_per_transfer(false)),
        ("ports of a range", local().transfer_ports(45_000..=45_999)),
        (
            "ports of a range outside of the system's",
            local().transfer_ports(20_000..=20_999),
        ),
        ("three threads", local().io_threads(3)),
        ("busy polling", local().busy_poll(Duration::from_micros(50))),
        ("don't fragment", local().dont_fragment(true)),
        ("traffic class", local().traffic_class(46 << 2)),
    ]
}

#[test]
fn every_mode_moves_the_same_bytes_both_ways() {
    let options = [
        Options::NONE,
        Options::new(1428, 1),
        Options::new(1428, 16),
        Options::new(8192, 64),
    ];
    for (mode, listen) in modes() {
        let server = Server::start(listen);
        for size in [0, 1, 511, 512, 513, 1428, 65_536, 300_000] {
            let data = pattern(size);
            std::fs::write(server.root.path().join("file"), &data).unwrap();
            for options in options {
                let context = format!("{mode}, {size} bytes, {options:?}");
                assert_eq!(
                    server.client().get("file", options).as_ref(),
                    Ok(&data),
                    "{context}"
                );
                server
                    .client()
                    .put("upload", &data, options)
                    .unwrap_or_else(|e| panic!("{context}: {e:?}"));
                assert!(
                    std::fs::read(server.root.path().join("upload")).unwrap() == data,
                    "{context}"
                );
            }
        }
        server.stop();
    }
}

#[test]
fn the_largest_blocks_work_in_every_mode() {
    let data = pattern(1_000_000);
    for (mode, listen) in modes() {
        let server = Server::start(listen.dont_fragment(false));
        std::fs::write(server.root.path().join("file"), &data).unwrap();
        let options = Options::new(65_464, 1);
        assert!(
            server.client().get("file", options).as_ref() == Ok(&data),
            "{mode}"
        );
        server.client().put("upload", &data, options).unwrap();
        assert!(
            std::fs::read(server.root.path().join("upload")).unwrap() == data,
            "{mode}"
        );
        server.stop();
    }
}

#[test]
fn two_hundred_clients_at_once_all_get_the_image() {
    let data = pattern(100_000);
    let server = Server::start(local());
    std::fs::write(server.root.path().join("image"), &data).unwrap();
    std::thread::scope(|scope| {
        for number in 0..200 {
            let (server, data) = (&server, &data);
            let options = if number % 2 == 0 {
                Options::NONE
            } else {
                Options::new(1428, 8)
            };
            scope
                .spawn(move || assert!(server.client().get("image", options).as_ref() == Ok(data)));
        }
    });
    server.stop();
}

#[test]
fn transfers_answer_from_their_own_port_or_with_single_port_from_the_listening_one() {
    for single_port in [false, true] {
        let server = Server::start(local().single_port(single_port));
        std::fs::write(server.root.path().join("file"), b"x").unwrap();
        let mut client = server.client();
        client.get("file", Options::NONE).unwrap();
        assert_eq!(client.transfer_address() == Some(server.address()), single_port);
        server.stop();
    }
}

#[test]
fn transfer_ports_stay_inside_the_range() {
    let probe = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = probe.local_addr().unwrap().port().clamp(20_000, 65_000);
    drop(probe);
    let range = port..=port + 20;
    let server = Server::start(local().transfer_ports(range.clone()));
    std::fs::write(server.root.path().join("file"), b"x").unwrap();
    let mut client = server.client();
    client.get("file", Options::NONE).unwrap();
    let used = client.transfer_address().unwrap().port();
    assert!(range.contains(&used), "{used} is outside {range:?}");
    server.stop();
}

#[test]
fn a_stranger_on_the_port_is_found_out_even_with_several_threads() {
    for io_threads in [1, 2] {
        let first = Server::start(local().io_threads(io_threads));
        let second = opened(settings(first.root.path()), Arc::new(Nobody));
        let address = first.address();
        let error = second.listen(Listen::default().listen(address).io_threads(io_threads));
        let error = error.unwrap_err();
        assert_eq!((error.address(), error.position()), (Some(address), Some(0)));
        assert_eq!(
            error.io_error().map(std::io::Error::kind),
            Some(std::io::ErrorKind::AddrInUse)
        );
        first.stop();
    }
}

#[test]
fn one_client_port_may_read_many_files_at_once() {
    let server = Server::start(local());
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let mut ports = std::collections::HashSet::new();
    for number in 0..16 {
        std::fs::write(server.root.path().join(number.to_string()), [number]).unwrap();
        socket
            .send_to(format!("\0\u{1}{number}\0octet\0").as_bytes(), server.address())
            .unwrap();
    }
    let mut seen = std::collections::HashSet::new();
    while seen.len() < 16 {
        let mut packet = [0; 16];
        let (length, from) = socket.recv_from(&mut packet).unwrap();
        assert_eq!((length, &packet[..4]), (5, &[0, 3, 0, 1][..]));
        if seen.insert(packet[4]) {
            assert!(
                ports.insert(from),
                "each transfer of one client port needs a port of its own"
            );
        }
    }
    server.stop();
}

#[test]
fn stop_listening_lets_transfers_end_and_refuses_new_ones() {
    let server = Server::start(local());
    let data = pattern(2000);
    std::fs::write(server.root.path().join("file"), &data).unwrap();
    let mut client = server.client();
    client.start(b"\0\x01file\0octet\0");
    let first = client.receive().unwrap();
    server.server.stop_listening();
    assert_eq!(server.server.connection_count(), 1);
    client.acknowledge(1);
    let second = client.receive().unwrap();
    assert_eq!([&first[4..], &second[4..]].concat(), data[..1024]);
    client.acknowledge(2);
    client.receive().unwrap();
    client.acknowledge(3);
    client.receive().unwrap();
    client.acknowledge(4);
    let address = server.address();
    assert!(server.server.wait_idle(Some(Duration::from_secs(60))));
    assert!(becomes_free(address), "the port is free again");
}

/// An application with a fault: it panics at its first event.
struct Faulty {
    told: std::sync::atomic::AtomicUsize,
}

impl EventSink for Faulty {
    fn interests(&self) -> Interests {
        Interests::CONNECTIONS
    }

    fn event(&self, _: EngineEvent) {
        let before = self.told.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        assert_ne!(before, 0, "this is the fault that the test is about");
    }
}

#[test]
fn a_panic_ends_the_transfers_of_its_thread_and_not_the_server() {
    let root = tempfile::tempdir().unwrap();
    let data = pattern(3000);
    std::fs::write(root.path().join("file"), &data).unwrap();
    let application = Arc::new(Faulty {
        told: Default::default(),
    });
    let server = opened(settings(root.path()), application);
    server.listen(local()).unwrap();
    let answer = Client::new(server.local_addr()).get("file", Options::NONE);
    assert_eq!(answer, Err(Failed::Error(0, "Internal error".into())));
    assert_eq!(
        Client::new(server.local_addr())
            .get("file", Options::NONE)
            .as_ref(),
        Ok(&data)
    );
    server.close();
    assert_eq!(server.connection_count(), 0);
}

/// An application that refuses each upload after it has seen data, and at once reports the data as
/// taken.
#[derive(Default)]
struct Refuser {
    reply: std::sync::Mutex<Option<Reply>>,
}

impl EventSink for Refuser {
    fn interests(&self) -> Interests {
        Interests::DATA
    }

    fn event(&self, event: EngineEvent) {
        match event {
            EngineEvent::Requested { reply, .. } => *self.reply.lock().unwrap() = Some(reply),
            EngineEvent::Data(run) => {
                let reply = self.reply.lock().unwrap().clone().unwrap();
                reply.end(Refusal::new(ErrorCode::UNDEFINED, "Ended by a callback"));
                reply.taken(run.weight());
            }
            _ => {}
        }
    }
}

#[test]
fn an_upload_whose_last_block_was_refused_is_never_acknowledged_nor_kept() {
    let root = tempfile::tempdir().unwrap();
    for has_root in [true, false] {
        let settings = match has_root {
            true => settings(root.path()),
            false => settings(root.path()).no_root(),
        };
        let server = opened(settings, Arc::new(Refuser::default()));
        server.listen(local()).unwrap();
        let answer =
            Client::new(server.local_addr()).put("upload", b"one short block", Options::NONE);
        assert!(matches!(answer, Err(Failed::Error(0, _))), "{answer:?}");
        server.close();
        assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 0);
    }
}

#[test]
fn shutdown_sends_errors_to_clients() {
    let server = Server::start(local());
    std::fs::write(server.root.path().join("file"), pattern(2000)).unwrap();
    let mut client = server.client();
    client.start(b"\0\x01file\0octet\0");
    client.receive().unwrap();
    server.server.shutdown();
    assert_eq!(
        client.receive(),
        Err(Failed::Error(0, "Server is shutting down".into()))
    );
    server.stop();
}

// On other systems no error names the packet that failed: such a client ends by timeout.
#[cfg(not(portable))]
#[test]
fn a_client_that_is_gone_frees_its_transfer_at_once() {
    for use_connection in [false, true] {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("file"), pattern(5000)).unwrap();
        let server = opened(settings(root.path()), Arc::new(Nobody));
        server
            .listen(local().require_port_per_transfer(use_connection))
            .unwrap();
        let mut client = Client::new(server.local_addr());
        client.start(b"\0\x01file\0octet\0");
        client.receive().unwrap();
        assert_eq!(server.connection_count(), 1);
        let (gone, to) = (
            client.socket.local_addr().unwrap(),
            client.transfer_address().unwrap(),
        );
        drop(client);
        // A last ACK from the same address makes the server send to a port that is closed by then.
        let last = std::net::UdpSocket::bind(gone).unwrap();
        last.send_to(&[0, 4, 0, 1], to).unwrap();
        drop(last);
        let is_freed = server.wait_idle(Some(Duration::from_secs(4)));
        assert!(is_freed, "no retransmission limit is that short");
        server.close();
    }
}
