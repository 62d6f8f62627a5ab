//! An application that does not call DoEvents for a while: what waits for it waits, and when it is
//! back nothing is missing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::class::{CONNECTED, Class, DISCONNECTED, ERROR, START_TRANSFER};
use crate::support::{Failed, Options, pattern};
use tftpserver::class::events::Event;
use tftpserver::class::events::id::{CONNECTION_REQUEST as REQUEST, END_TRANSFER, TRANSFER};
use tftpserver::class::property::id::TIMEOUT;

const CLIENTS: usize = 60;

/// The error number of a client that was silent for too long.
const TIMED_OUT: i32 = 301;

/// The events of each connection: the number and, for Transfer, the bytes so far and those of the
/// event.
type Record = Arc<Mutex<HashMap<i32, Vec<(i32, i64, usize)>>>>;

fn note(event: &Event<'_>) -> (i32, (i32, i64, usize)) {
    let (connection, sofar, bytes) = match event {
        Event::Transfer {
            connection_id,
            bytes_transferred,
            text,
            ..
        } => (*connection_id, *bytes_transferred, text.len()),
        Event::ConnectionRequest { connection_id, .. }
        | Event::Connected { connection_id, .. }
        | Event::StartTransfer { connection_id, .. }
        | Event::EndTransfer { connection_id, .. }
        | Event::Disconnected { connection_id, .. } => (*connection_id, 0, 0),
        _ => (0, 0, 0),
    };
    (connection, (event.id(), sofar, bytes))
}

fn recorded(class: &Class) -> Record {
    let record = Record::default();
    for event in [
        REQUEST,
        CONNECTED,
        START_TRANSFER,
        TRANSFER,
        END_TRANSFER,
        DISCONNECTED,
    ] {
        let record = Arc::clone(&record);
        class.on(event, move |event: &mut Event<'_>| {
            let (connection, what) = note(event);
            record.lock().unwrap().entry(connection).or_default().push(what);
            0
        });
    }
    record
}

fn pump(class: &Class, record: &Record, ended: usize) {
    let is_over =
        |events: &Vec<(i32, i64, usize)>| events.iter().any(|event| event.0 == DISCONNECTED);
    while record
        .lock()
        .unwrap()
        .values()
        .filter(|events| is_over(events))
        .count()
        < ended
    {
        class.server.do_events().unwrap();
    }
}

#[test]
fn a_resumed_application_gets_every_event_in_order() {
    let class = Class::new();
    let record = recorded(&class);
    class.server.start_listening().unwrap();
    let data = pattern(3000);
    class.write("file", &data);
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|number| {
                let (mut client, data) = (class.client(), &data);
                scope.spawn(move || match number % 2 {
                    0 => assert_eq!(client.get("file", Options::NONE).as_ref(), Ok(data)),
                    _ => client
                        .put(&format!("sent {number}"), data, Options::NONE)
                        .unwrap(),
                })
            })
            .collect();
        std::thread::sleep(Duration::from_millis(1200));
        assert!(
            clients.iter().all(|client| !client.is_finished()),
            "they wait for ConnectionRequest"
        );
        assert_eq!(*record.lock().unwrap(), HashMap::new());
        pump(&class, &record, CLIENTS);
    });
    let record = record.lock().unwrap();
    assert_eq!(record.len(), CLIENTS);
    for events in record.values() {
        let numbers: Vec<i32> = events.iter().map(|event| event.0).collect();
        assert!(
            numbers.starts_with(&[REQUEST, CONNECTED, START_TRANSFER, TRANSFER]),
            "{events:?}"
        );
        assert!(
            numbers.ends_with(&[TRANSFER, END_TRANSFER, DISCONNECTED]),
            "{events:?}"
        );
        let mut sofar = 0;
        for &(_, told, bytes) in events.iter().filter(|event| event.0 == TRANSFER) {
            sofar += bytes;
            assert_eq!(told, sofar as i64, "{events:?}");
        }
        assert_eq!(sofar, data.len());
    }
}

/// A client sends one request while the application does not call DoEvents. The client gets an
/// ERROR at the end of Timeout, and the application gets the events when it is back.
#[test]
fn connections_held_beyond_timeout_end_and_are_reported() {
    for operation in [1, 2] {
        let class = Class::listening();
        class.set(TIMEOUT, "1");
        class.write("file", b"data");
        let mut client = class.client();
        client.start(&[b"\0", [operation].as_slice(), b"file\0octet\0"].concat());
        let answer = client.receive();
        assert!(matches!(answer, Err(Failed::Error(0, _))), "{answer:?}");
        assert_eq!(class.server.statistics().split(',').next(), Some("{\"active\":0"));
        assert_eq!(class.first(DISCONNECTED).code, TIMED_OUT);
        assert_eq!(class.first(ERROR).code, TIMED_OUT);
        assert_eq!(class.first(CONNECTED).code, 0);
        // Later clients are served.
        let mut next = class.client();
        std::thread::scope(|scope| {
            let next = scope.spawn(move || next.get("file", Options::NONE));
            while !next.is_finished() {
                class.server.do_events().unwrap();
            }
            assert_eq!(next.join().unwrap(), Ok(b"data".to_vec()));
        });
    }
}

/// A client that repeats its request is alive, so its request stays.
#[test]
fn a_client_that_repeats_its_request_is_waited_for() {
    let class = Class::listening();
    class.set(TIMEOUT, "4");
    class.write("file", b"data");
    let mut client = class.client();
    for _ in 0..24 {
        client.start(b"\0\x01file\0octet\0");
        std::thread::sleep(Duration::from_millis(250));
    }
    let packet = client.poll(|| class.server.do_events().unwrap());
    assert_eq!(packet, b"\0\x03\0\x01data");
}

/// A download stalls because its Transfer events are not delivered.
#[test]
fn a_download_held_beyond_timeout_ends_after_all_its_events() {
    let class = Class::new();
    let record = recorded(&class);
    class.set(TIMEOUT, "1");
    class.write("file", &pattern(2 << 20));
    class.server.start_listening().unwrap();
    let mut client = class.client();
    client.start(b"\0\x01file\0octet\0blksize\x001024\0");
    let (mut got, mut block) = (0, 0_u16);
    let mut is_away = false;
    let failed = loop {
        let packet = if is_away {
            client.receive()
        } else {
            Ok(client.poll(|| class.server.do_events().unwrap()))
        };
        match packet {
            Ok(packet) if packet[1] == 6 => client.acknowledge(0),
            Ok(packet) => {
                is_away = true;
                client
                    .socket
                    .set_read_timeout(Some(Duration::from_secs(20)))
                    .unwrap();
                if packet[2..4] == (block + 1_u16).to_be_bytes() {
                    got += packet.len() - 4;
                    block += 1;
                }
                client.acknowledge(block);
            }
            Err(failed) => break failed,
        }
    };
    assert!(matches!(failed, Failed::Error(0, _)), "{failed:?}");
    pump(&class, &record, 1);
    let record = record.lock().unwrap();
    let events = record.values().next().unwrap();
    let told: usize = events.iter().map(|event| event.2).sum();
    assert_eq!(told, got, "everything that was acknowledged is told");
    assert_eq!(events.last().unwrap().0, DISCONNECTED);
    assert!(!events.iter().any(|event| event.0 == END_TRANSFER));
}
