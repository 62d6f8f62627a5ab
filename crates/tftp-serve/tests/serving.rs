//! A served directory: downloads, uploads, events, settings, the end.

mod support;

use std::time::Duration;

use support::{Client, Events, Failed, Options, get, local, pattern, put, refused};
use tftp_serve::{
    ErrorKind, Event, FileErrorKind, FileStep, LogLevel, Operation, Outcome, Refusal, Server,
};

fn root() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    std::fs::write(root.path().join("image"), pattern(3_000)).unwrap();
    root
}

#[test]
fn a_directory_is_served_and_nothing_outside() {
    let root = root();
    let server = local().root(root.path()).start().unwrap();
    assert_eq!(get(&server, "image"), Ok(pattern(3_000)));
    assert_eq!(get(&server, "missing"), Err(refused(1, "File not found")));
    assert!(matches!(
        get(&server, "../../etc/passwd"),
        Err(Failed::Error(1 | 2, _))
    ));
    assert!(server.wait_idle(Some(support::PATIENCE)));
    let stats = server.stats();
    assert_eq!((stats.requests, stats.completed, stats.bytes_sent), (3, 1, 3_000));
}

#[test]
fn uploads_are_off_until_they_are_allowed() {
    let root = root();
    let server = local().root(root.path()).start().unwrap();
    assert_eq!(
        Client::new(server.local_addr()).put("new", b"x", Options::NONE),
        Err(refused(2, "Uploads are not allowed"))
    );
    server.reconfigure(|settings| settings.read_only(false)).unwrap();
    put(&server, "new", &pattern(5_000)).unwrap();
    assert_eq!(std::fs::read(root.path().join("new")).unwrap(), pattern(5_000));
    let again = Client::new(server.local_addr()).put("new", b"x", Options::NONE);
    assert_eq!(again, Err(refused(6, "File already exists")));
    server.reconfigure(|settings| settings.overwrite(true)).unwrap();
    put(&server, "new", b"x").unwrap();
    assert_eq!(std::fs::read(root.path().join("new")).unwrap(), b"x");
}

#[test]
fn each_request_has_its_events_in_order() {
    let root = root();
    let (builder, events) = Events::of(local().root(root.path()));
    let server = builder.start().unwrap();
    get(&server, "image").unwrap();
    let Event::Requested { connection } = events.next() else {
        panic!("the request comes first")
    };
    assert_eq!(
        (connection.name(), connection.operation()),
        ("image", Operation::Read)
    );
    assert!(matches!(events.next(), Event::Started { .. }));
    let Event::Ended { connection, outcome } = events.next() else {
        panic!("the end comes last")
    };
    assert!(outcome.is_complete(), "{outcome:?}");
    assert_eq!((connection.bytes(), connection.total()), (3_000, Some(3_000)));
    assert_eq!((connection.block_size(), connection.window_size()), (512, 1));
    assert_eq!(connection.path(), Some(root.path().join("image")));
    assert!(connection.outcome().is_some_and(|outcome| outcome.is_complete()));
    drop(server);
    assert!(matches!(events.rest()[..], [Event::Closed]));
}

#[test]
fn outcomes_contain_all_known_details() {
    let root = root();
    let (builder, events) = Events::of(local().root(root.path()));
    let server = builder.start().unwrap();
    let _ = get(&server, "missing");
    match events.outcome() {
        Outcome::File(error) => {
            assert_eq!(
                (error.step(), error.kind()),
                (FileStep::Open, FileErrorKind::NotFound)
            );
        }
        other => panic!("{other:?}"),
    }
    let _ = Client::new(server.local_addr()).put("new", b"x", Options::NONE);
    assert!(matches!(events.outcome(), Outcome::ReadOnly));
    // A boot loader that requests only the size.
    let mut client = Client::new(server.local_addr());
    client.start(b"\0\x01image\0octet\0tsize\x000\0");
    assert_eq!(client.receive().unwrap(), b"\0\x06tsize\x003000\0");
    client.send(b"\0\x05\0\x08enough\0");
    match events.outcome() {
        Outcome::Probe { code, text } => assert_eq!((code.0, &text[..]), (8, "enough")),
        other => panic!("{other:?}"),
    }
    // A client that gives up later.
    client.start(b"\0\x01image\0octet\0");
    client.receive().unwrap();
    client.acknowledge(1);
    client.receive().unwrap();
    client.send(b"\0\x05\0\x03full\0");
    match events.outcome() {
        Outcome::ClientError { code, text } => assert_eq!((code.0, &text[..]), (3, "full")),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_connection_is_ended_by_its_handle() {
    let root = root();
    let (builder, events) = Events::of(local().root(root.path()));
    let server = builder.start().unwrap();
    let mut client = Client::new(server.local_addr());
    client.start(b"\0\x01image\0octet\0");
    client.receive().unwrap();
    client.acknowledge(1);
    client.receive().unwrap();
    let connections = server.connections();
    assert_eq!((connections.len(), server.connection_count()), (1, 1));
    assert_eq!(connections[0].bytes(), 512);
    let code = tftp_serve::ErrorCode::DISK_FULL;
    connections[0].end(Refusal::new(code, format!("stop at {}", connections[0].bytes())));
    assert_eq!(client.receive(), Err(refused(3, "stop at 512")));
    match events.outcome() {
        Outcome::Refused(refusal) => {
            assert_eq!((refusal.code().0, refusal.text()), (3, "stop at 512"))
        }
        other => panic!("{other:?}"),
    }
    assert!(server.connections().is_empty());
}

#[test]
fn limits_refuse_with_events() {
    let root = root();
    let (builder, events) =
        Events::of(local().root(root.path()).max_connections_per_client(Some(1)));
    let server = builder.start().unwrap();
    let mut first = Client::new(server.local_addr());
    first.start(b"\0\x01image\0octet\0");
    first.receive().unwrap();
    first.acknowledge(1);
    first.receive().unwrap();
    assert!(matches!(get(&server, "image"), Err(Failed::Error(0, _))));
    assert!(matches!(events.outcome(), Outcome::Limit));
}

#[test]
fn transfers_finish_or_are_cut_off_at_the_end() {
    let root = root();
    let server = local().root(root.path()).start().unwrap();
    let mut client = Client::new(server.local_addr());
    client.start(b"\0\x01image\0octet\0");
    client.receive().unwrap();
    server.stop_listening();
    assert!(!server.is_listening());
    assert!(!server.wait_idle(Some(Duration::from_millis(1))));
    for block in 1..=6 {
        client.acknowledge(block);
        if block < 6 {
            client.receive().unwrap();
        }
    }
    assert!(server.shutdown_gracefully(support::PATIENCE));

    let server = local().root(root.path()).start().unwrap();
    client.server = server.local_addr();
    client.start(b"\0\x01image\0octet\0");
    client.receive().unwrap();
    client.acknowledge(1);
    client.receive().unwrap();
    assert!(!server.shutdown_gracefully(Duration::from_millis(1)));
    assert!(matches!(client.receive(), Err(Failed::Error(0, _))));
}

#[test]
fn log_messages_are_reported_up_to_the_level() {
    let root = root();
    let lines = |level| {
        let (builder, events) = Events::of(local().root(root.path()).log_level(level));
        let server = builder.start().unwrap();
        get(&server, "image").unwrap();
        drop(server);
        let (mut levels, mut of_threads) = (Vec::new(), 0);
        for event in events.rest() {
            if let Event::Log {
                level,
                connection,
                message,
                ..
            } = event
            {
                let is_of_the_thread = message.starts_with("Packets of many clients are moved ");
                assert_eq!(connection.is_none(), is_of_the_thread, "{message}");
                of_threads += usize::from(is_of_the_thread);
                levels.push(level);
            }
        }
        levels.sort_unstable();
        levels.dedup();
        // Each I/O thread logs which system calls it uses, if there is a choice.
        let has_choice = cfg!(all(target_os = "linux", not(portable)));
        assert_eq!(of_threads, usize::from(has_choice && level >= LogLevel::Verbose));
        levels
    };
    let all = [LogLevel::Info, LogLevel::Verbose, LogLevel::Debug];
    assert!(lines(LogLevel::Off).is_empty());
    assert_eq!(lines(LogLevel::Info), all[..1]);
    assert_eq!(lines(LogLevel::Debug), all);
}

#[test]
fn some_clients_meet_silence() {
    let root = root();
    let server = local()
        .root(root.path())
        .clients(|ip| ip.is_ipv6())
        .start()
        .unwrap();
    let mut client = Client::new(server.local_addr());
    client
        .socket
        .set_read_timeout(Some(Duration::from_millis(100)))
        .unwrap();
    assert_eq!(client.get("image", Options::NONE), Err(Failed::Silence));
    server.reconfigure(|settings| settings.all_clients()).unwrap();
    assert_eq!(get(&server, "image"), Ok(pattern(3_000)));
}

#[test]
fn options_are_passed_over() {
    let root = root();
    let server = local()
        .root(root.path())
        .ignore_option("BLKSIZE")
        .start()
        .unwrap();
    let mut client = Client::new(server.local_addr());
    client.start(b"\0\x01image\0octet\0blksize\x001024\0");
    assert_eq!(client.receive().unwrap()[..4], *b"\0\x03\0\x01");
}

#[test]
fn errors_have_their_kind() {
    let root = root();
    let kind = |server: Result<Server, tftp_serve::Error>| server.unwrap_err().kind();
    assert_eq!(kind(local().start()), ErrorKind::Invalid, "nothing to serve");
    let served = || local().root(root.path());
    for wrong in [
        served().max_connections(1_000_001),
        served().max_connections_per_client(Some(0)),
        served().max_block_size(7),
        served().max_block_size(65_465),
        served().max_window_size(0),
        served().first_block_after_wrap(2),
        served().retransmit_timeout(Duration::ZERO),
        served().inactivity_timeout(Some(Duration::ZERO)),
        served().transfer_timeout(Some(Duration::ZERO)),
        served().ignore_option("multicast"),
        served().io_threads(0),
        served().handler_threads(0),
        served().max_connections(1_000_001),
        served().io_threads(65),
        served().interface("a b"),
        served().interface("sixteen--letters"),
        served().transfer_ports(0..=9),
    ] {
        let shown = format!("{wrong:?}");
        assert_eq!(wrong.check().unwrap_err().kind(), ErrorKind::Invalid, "{shown}");
        assert!(wrong.start().is_err(), "{shown}");
    }
    let other_family = served().source_ip("::1".parse().unwrap());
    assert_eq!(kind(other_family.start()), ErrorKind::Invalid);
    let error = local().root(root.path().join("missing")).start().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Root);
    assert!(error.to_string().contains("missing"), "{error}");
    let taken = served().start().unwrap();
    let error = Server::builder()
        .listen(taken.local_addr())
        .root(root.path())
        .start()
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.address()),
        (ErrorKind::Listen, Some(taken.local_addr()))
    );
    assert_eq!(error.io_error().unwrap().kind(), std::io::ErrorKind::AddrInUse);
}

#[test]
fn several_addresses_are_one_server() {
    let root = root();
    let server = local()
        .listen(([127, 0, 0, 1], 0))
        .root(root.path())
        .single_port(true)
        .start()
        .unwrap();
    let addresses = server.local_addrs();
    assert_eq!((addresses.len(), server.dual_stack()), (2, vec![false, false]));
    for address in addresses {
        let mut client = Client::new(address);
        assert_eq!(client.get("image", Options::NONE), Ok(pattern(3_000)));
        assert_eq!(client.transfer_address(), Some(address), "one port for all");
    }
}

#[test]
#[cfg(unix)]
fn a_socket_is_adopted() {
    let root = root();
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let builder = Server::builder().adopt(&socket).root(root.path());
    drop(socket);
    let server = builder.start().unwrap();
    assert_eq!(server.local_addr(), address);
    assert_eq!(get(&server, "image"), Ok(pattern(3_000)));
    drop(server);
    let stream = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let error = Server::builder()
        .adopt(&stream)
        .root(root.path())
        .start()
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Socket);
}
