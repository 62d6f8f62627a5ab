//! The low-level interface: events and answers of an event sink, and a server that listens again.

mod support;

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use support::{Client, Failed, Options, PATIENCE, becomes_free, pattern, refused};
use tftp_serve::inline::{Asks, Wanted};
use tftp_serve::inline::{EngineEvent, EventSink, Fed, Feeds, Interests, Reply, Sources};
use tftp_serve::{ErrorCode, Listen, Outcome, Refusal, Server};

/// Passes every event on, and answers requests with a closure on the I/O thread.
struct Passing<F> {
    interests: Interests,
    events: Mutex<Sender<EngineEvent>>,
    answer: F,
}

impl<F: Fn(&Reply) + Send + Sync + 'static> EventSink for Passing<F> {
    fn interests(&self) -> Interests {
        self.interests
    }

    fn event(&self, event: EngineEvent) {
        if let EngineEvent::Requested { reply, held: true } = &event {
            (self.answer)(reply);
        }
        let _ = self.events.lock().unwrap().send(event);
    }
}

/// Starts a server without a directory, and returns the events of its sink.
fn opened(
    interests: Interests,
    answer: impl Fn(&Reply) + Send + Sync + 'static,
) -> (Server, Receiver<EngineEvent>) {
    let (sender, events) = channel();
    let sink = Passing {
        interests,
        events: Mutex::new(sender),
        answer,
    };
    let builder = Server::builder().read_only(false).event_sink(Arc::new(sink));
    (builder.open().unwrap(), events)
}

fn local() -> Listen {
    Listen::default().listen(([127, 0, 0, 1], 0))
}

fn next(events: &Receiver<EngineEvent>) -> EngineEvent {
    events.recv_timeout(PATIENCE).expect("an event comes")
}

fn admit(reply: &Reply) {
    reply.admit(Sources::default());
}

fn bytes(data: &[u8]) -> Sources {
    Sources {
        data: Some(Arc::new(data.to_vec())),
        ..Sources::default()
    }
}

/// Waits for the next connection that ends; returns its number and outcome.
fn end(events: &Receiver<EngineEvent>) -> (i32, Outcome) {
    loop {
        if let EngineEvent::Ended { connection, outcome } = next(events) {
            return (connection.id(), outcome);
        }
    }
}

fn get(server: &Server) -> Result<Vec<u8>, Failed> {
    Client::new(server.local_addr()).get("file", Options::NONE)
}

#[test]
fn a_download_from_its_request_to_its_end() {
    let data = pattern(1500);
    let served = data.clone();
    let interests = Interests::REQUESTS.with(Interests::DATA);
    let (server, events) = opened(interests, move |reply| reply.admit(bytes(&served)));
    server.listen(local()).unwrap();
    assert_eq!(get(&server).as_ref(), Ok(&data));
    let EngineEvent::Requested { reply, held: true } = next(&events) else {
        panic!("the request comes first");
    };
    let connection = reply.connection();
    assert_eq!((connection.id(), connection.name()), (1_000_001, "file"));
    assert!(matches!(next(&events), EngineEvent::Started { held: false, .. }));
    let mut taken = Vec::new();
    loop {
        match next(&events) {
            EngineEvent::Data(run) => {
                assert_eq!((run.id, run.before), (1_000_001, taken.len() as u64));
                for (bytes, range) in &run.slices {
                    taken.extend_from_slice(&bytes[range.clone()]);
                }
                reply.taken(run.weight());
            }
            EngineEvent::Ended { connection, outcome } => {
                assert!(outcome.is_complete() && connection.outcome().is_some());
                assert_eq!((connection.bytes(), connection.total()), (1500, Some(1500)));
                break;
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(taken, data);
}

#[test]
fn events_without_interest_are_not_created() {
    let (server, events) = opened(Interests::FAILURES, admit);
    server.listen(local()).unwrap();
    assert_eq!(get(&server), Err(refused(1, "File not found")));
    let failed = next(&events);
    assert!(matches!(
        failed,
        EngineEvent::Failed {
            outcome: Outcome::NoSource,
            ..
        }
    ));
    server.close();
    assert!(events.try_iter().next().is_none(), "neither request nor end");
}

#[test]
fn an_end_reports_its_reason() {
    use std::error::Error;

    #[derive(Debug)]
    struct Reason(u8);

    impl std::fmt::Display for Reason {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(f, "reason {}", self.0)
        }
    }

    impl Error for Reason {}

    let (server, events) = opened(Interests::REQUESTS, |reply| {
        reply.end(Refusal::new(ErrorCode::ACCESS, "Not today").because(Reason(7)));
    });
    server.listen(local()).unwrap();
    assert_eq!(get(&server), Err(refused(2, "Not today")));
    let (_, outcome) = end(&events);
    let Outcome::Refused(refusal) = &outcome else {
        panic!("{outcome:?}");
    };
    let reason = refusal
        .source()
        .and_then(|source| source.downcast_ref::<Reason>());
    assert_eq!(reason.map(|reason| reason.0), Some(7));
    assert_eq!(server.stats().refused, 1);
}

#[test]
fn a_held_start_may_still_bring_a_source() {
    let (server, events) = opened(Interests::STARTS, admit);
    server.listen(local()).unwrap();
    let address = server.local_addr();
    let client = std::thread::spawn(move || Client::new(address).get("file", Options::NONE));
    let EngineEvent::Requested { reply, held: false } = next(&events) else {
        panic!("nothing holds the request");
    };
    assert!(matches!(next(&events), EngineEvent::Started { held: true, .. }));
    reply.admit(bytes(b"found late"));
    assert_eq!(client.join().unwrap().as_deref(), Ok(&b"found late"[..]));
}

#[test]
fn a_server_listens_again_and_numbers_and_totals_go_on() {
    let (server, events) = opened(Interests::REQUESTS, |reply| reply.admit(bytes(b"x")));
    assert_eq!((server.is_listening(), server.local_addrs().len()), (false, 0));
    for period in 0..3 {
        server.listen(local()).unwrap();
        assert!(server.listen(local()).is_err(), "it listens already");
        assert_eq!(get(&server).as_deref(), Ok(&b"x"[..]));
        let (id, outcome) = end(&events);
        assert!(outcome.is_complete());
        assert_eq!(id, 1_000_001 + period);
        let address = server.local_addr();
        server.stop_listening();
        assert!(!server.is_listening());
        assert!(becomes_free(address), "the port is free");
    }
    assert_eq!(server.stats().completed, 3);
    server.close();
    assert!(server.listen(local()).is_err(), "it is closed");
}

#[test]
fn a_single_port_that_transfers_still_use_is_listened_on_again() {
    let data = pattern(1000);
    let served = data.clone();
    let (server, _events) = opened(Interests::REQUESTS, move |reply| reply.admit(bytes(&served)));
    server.listen(local().single_port(true)).unwrap();
    let address = server.local_addr();
    let mut client = Client::new(address);
    client.start(b"\0\x01file\0octet\0");
    client.receive().unwrap();
    server.stop_listening();
    let other = Listen::default().listen(address);
    let error = server.listen(other).unwrap_err();
    assert_eq!(error.address(), Some(address), "other sockets cannot have it");
    server
        .listen(Listen::default().listen(address).single_port(true))
        .unwrap();
    assert_eq!(server.local_addr(), address);
    assert_eq!(get(&server).as_ref(), Ok(&data), "new requests are taken");
    client.acknowledge(1);
    assert_eq!(
        client.receive().unwrap()[4..],
        data[512..],
        "the old transfer goes on"
    );
    client.acknowledge(2);
    assert!(server.wait_idle(Some(PATIENCE)));
}

#[test]
fn of_several_addresses_all_are_listened_on_or_none() {
    let (server, _events) = opened(Interests::NONE, admit);
    let taken = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().map(|address| (taken, address)).unwrap();
    let free = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let error = server
        .listen(Listen::default().listen(address).listen(taken.1))
        .unwrap_err();
    assert_eq!((error.position(), error.address()), (Some(1), Some(taken.1)));
    assert!(!server.is_listening());
    assert!(becomes_free(address), "the first is given back");
}

#[test]
fn the_application_feeds_a_download_and_memory_comes_before_that() {
    struct Passed(Mutex<Sender<Wanted>>);

    impl Asks for Passed {
        fn ask(&self, wanted: Wanted) {
            let _ = self.0.lock().unwrap().send(wanted);
        }
    }

    let (asks, wanted) = channel();
    let feeds = Feeds::new(Passed(Mutex::new(asks)));
    let feeding = Arc::clone(&feeds);
    let (server, _events) = opened(Interests::REQUESTS, move |reply| {
        let connection = reply.connection();
        let has_memory = connection.name() == "both";
        reply.admit(Sources {
            data: has_memory.then(|| Arc::new(b"memory".to_vec())),
            fed: Some(Arc::new(Fed {
                feeds: Arc::clone(&feeding),
                name: connection.id(),
                size: None,
                key: None,
            })),
            ..Sources::default()
        });
    });
    server.listen(local()).unwrap();
    let address = server.local_addr();
    let both = Client::new(address).get("both", Options::NONE);
    assert_eq!(both.as_deref(), Ok(&b"memory"[..]));
    let client = std::thread::spawn(move || Client::new(address).get("fed", Options::NONE));
    let asked = wanted.recv_timeout(PATIENCE).unwrap();
    assert_eq!((asked.name, asked.offset), (1_000_002, 0));
    feeds.supply(asked.name, b"fed", true).unwrap();
    assert_eq!(client.join().unwrap().as_deref(), Ok(&b"fed"[..]));
}
