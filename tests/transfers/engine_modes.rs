//! The engine without the class above it: every way to be configured moves the same bytes.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::support::{Client, Failed, Nobody, Options, pattern, policy};
use tempfile::TempDir;
use tftp_files::jail::Jail;
use tftp_serve::config::{Config, Policy};
use tftp_serve::notice::{Application, Notice, Wants};
use tftp_serve::reply::Reply;
use tftp_serve::shared::Shared;
use tftp_serve::{Engine, ErrorCode, Refusal};
use tftp_udp::IoMode;

struct Server {
    engine: Engine,
    root: TempDir,
}

impl Server {
    fn start(config: Config) -> Server {
        let root = tempfile::tempdir().unwrap();
        let engine = Engine::start(
            &config,
            policy(root.path()),
            Arc::new(Nobody),
            Arc::new(Shared::default()),
        );
        Server {
            engine: engine.unwrap(),
            root,
        }
    }

    fn client(&self) -> Client {
        Client::new(self.address())
    }

    fn address(&self) -> SocketAddr {
        let mut address = self.engine.local_addr();
        if address.ip().is_unspecified() {
            address.set_ip("127.0.0.1".parse().unwrap());
        }
        address
    }

    fn stop(self) {
        self.engine.shutdown();
        self.engine.join();
    }
}

fn local() -> Config {
    Config {
        address: "127.0.0.1:0".parse().unwrap(),
        ..Config::default()
    }
}

fn modes() -> Vec<(&'static str, Config)> {
    let any = "0.0.0.0:0".parse().unwrap();
    let six = "[::1]:0".parse().unwrap();
    vec![
        ("default", local()),
        (
            "any address",
            Config {
                address: any,
                ..local()
            },
        ),
        (
            "IPv6",
            Config {
                address: six,
                ..local()
            },
        ),
        (
            "dual stack",
            Config {
                address: "[::]:0".parse().unwrap(),
                dual_stack: true,
                ..local()
            },
        ),
        (
            "portable system calls",
            Config {
                io_mode: IoMode::Portable,
                ..local()
            },
        ),
        (
            "single port",
            Config {
                single_port: true,
                ..local()
            },
        ),
        (
            "connected sockets",
            Config {
                use_connection: true,
                ..local()
            },
        ),
        (
            "connected sockets, any address",
            Config {
                use_connection: true,
                address: any,
                ..local()
            },
        ),
        (
            "shared ports",
            Config {
                port_per_transfer: false,
                ..local()
            },
        ),
        (
            "shared ports, any address",
            Config {
                port_per_transfer: false,
                address: any,
                ..local()
            },
        ),
        (
            "ports of a range",
            Config {
                transfer_ports: Some(45_000..=45_999),
                ..local()
            },
        ),
        (
            "ports of a range outside of the system's",
            Config {
                transfer_ports: Some(20_000..=20_999),
                ..local()
            },
        ),
        (
            "three threads",
            Config {
                io_threads: 3,
                ..local()
            },
        ),
        (
            "busy polling",
            Config {
                busy_poll: std::time::Duration::from_micros(50),
                ..local()
            },
        ),
        (
            "don't fragment",
            Config {
                dont_fragment: true,
                ..local()
            },
        ),
        (
            "traffic class",
            Config {
                traffic_class: Some(46 << 2),
                ..local()
            },
        ),
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
    for (mode, config) in modes() {
        let server = Server::start(config);
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
    for (mode, config) in modes() {
        let server = Server::start(Config {
            dont_fragment: false,
            ..config
        });
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
            scope.spawn(move || assert!(server.client().get("image", options).as_ref() == Ok(data)));
        }
    });
    server.stop();
}

#[test]
fn transfers_answer_from_their_own_port_or_with_single_port_from_the_listening_one() {
    for single_port in [false, true] {
        let server = Server::start(Config {
            single_port,
            ..local()
        });
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
    let server = Server::start(Config {
        transfer_ports: Some(range.clone()),
        ..local()
    });
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
        let first = Server::start(Config {
            io_threads,
            ..local()
        });
        let config = Config {
            address: first.address(),
            io_threads,
            ..local()
        };
        let policy = policy(first.root.path());
        let second = Engine::start(&config, policy, Arc::new(Nobody), Arc::new(Shared::default()));
        assert_eq!(
            second.err().map(|error| error.kind()),
            Some(std::io::ErrorKind::AddrInUse)
        );
        first.stop();
    }
}

#[test]
fn one_client_port_may_read_many_files_at_once() {
    let server = Server::start(local());
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    socket
        .set_read_timeout(Some(std::time::Duration::from_secs(5)))
        .unwrap();
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
    server.engine.stop_listening();
    assert!(!server.engine.is_finished());
    client.acknowledge(1);
    let second = client.receive().unwrap();
    assert_eq!([&first[4..], &second[4..]].concat(), data[..1024]);
    client.acknowledge(2);
    client.receive().unwrap();
    client.acknowledge(3);
    client.receive().unwrap();
    client.acknowledge(4);
    let address = server.address();
    server.engine.join();
    assert!(
        std::net::UdpSocket::bind(address).is_ok(),
        "the port is free again"
    );
}

/// An application with a fault: it panics at the first thing it is told.
struct Faulty {
    told: std::sync::atomic::AtomicUsize,
}

impl Application for Faulty {
    fn wants(&self) -> Wants {
        Wants::END
    }

    fn admits(&self) -> bool {
        true
    }

    fn tell(&self, _: Notice) {
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
    let shared = Arc::new(Shared::default());
    let engine = Engine::start(&local(), policy(root.path()), application, Arc::clone(&shared)).unwrap();
    let answer = Client::new(engine.local_addr()).get("file", Options::NONE);
    assert_eq!(answer, Err(Failed::Error(0, "Internal error".into())));
    assert_eq!(
        Client::new(engine.local_addr())
            .get("file", Options::NONE)
            .as_ref(),
        Ok(&data)
    );
    engine.shutdown();
    engine.join();
    assert_eq!(shared.active(), 0);
}

/// An application that refuses each upload when it has seen its data, and at once counts the data as taken.
#[derive(Default)]
struct Refuser {
    reply: std::sync::Mutex<Option<Reply>>,
}

impl Application for Refuser {
    fn wants(&self) -> Wants {
        Wants::TRANSFER
    }

    fn admits(&self) -> bool {
        true
    }

    fn tell(&self, notice: Notice) {
        match notice {
            Notice::Asked { reply, .. } => *self.reply.lock().unwrap() = Some(reply),
            Notice::Moved(run) => {
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
    for path in [Some(root.path()), None] {
        let policy = Policy {
            root: path.map(|path| Arc::new(Jail::new(path, true).unwrap())),
            ..policy(root.path())
        };
        let application = Arc::new(Refuser::default());
        let engine = Engine::start(&local(), policy, application, Arc::new(Shared::default())).unwrap();
        let answer = Client::new(engine.local_addr()).put("upload", b"one short block", Options::NONE);
        assert!(matches!(answer, Err(Failed::Error(0, _))), "{answer:?}");
        engine.shutdown();
        engine.join();
        assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 0);
    }
}

#[test]
fn shutdown_tells_the_clients() {
    let server = Server::start(local());
    std::fs::write(server.root.path().join("file"), pattern(2000)).unwrap();
    let mut client = server.client();
    client.start(b"\0\x01file\0octet\0");
    client.receive().unwrap();
    server.engine.shutdown();
    assert_eq!(
        client.receive(),
        Err(Failed::Error(0, "Server is shutting down".into()))
    );
    server.engine.join();
}

// Elsewhere no error says whose packet failed: such a client ends by time.
#[cfg(not(portable))]
#[test]
fn a_client_that_is_gone_frees_its_transfer_at_once() {
    for use_connection in [false, true] {
        let shared = Arc::new(Shared::default());
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("file"), pattern(5000)).unwrap();
        let config = Config {
            use_connection,
            ..local()
        };
        let engine = Engine::start(
            &config,
            policy(root.path()),
            Arc::new(Nobody),
            Arc::clone(&shared),
        )
        .unwrap();
        let mut client = Client::new(engine.local_addr());
        client.start(b"\0\x01file\0octet\0");
        client.receive().unwrap();
        assert_eq!(shared.active(), 1);
        let (gone, to) = (
            client.socket.local_addr().unwrap(),
            client.transfer_address().unwrap(),
        );
        drop(client);
        // A last ACK under the same address makes the server send to a port that nobody has.
        let last = std::net::UdpSocket::bind(gone).unwrap();
        last.send_to(&[0, 4, 0, 1], to).unwrap();
        drop(last);
        for _ in 0..400 {
            if shared.active() == 0 {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        assert_eq!(shared.active(), 0, "no retransmission limit is that short");
        engine.shutdown();
        engine.join();
    }
}
