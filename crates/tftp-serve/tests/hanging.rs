//! Hanging sources and sinks delay no other client.

mod support;

use std::io::{self, Cursor, Read};
use std::task::Poll;

use support::{Client, Gate, Options, get, local, pattern, put};
use tftp_serve::{Answer, AsyncSink, AsyncSource, Refusal, Request, Server};

/// The number of hanging clients: more than the handler threads, and more than all threads of the
/// servers below.
const HANGING: usize = 8;

/// A reader that hangs at its first byte.
struct Hanging(Gate);

impl Read for Hanging {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.pass();
        buffer.fill(7);
        Ok(0)
    }
}

struct AsyncHanging(Gate);

impl AsyncSource for AsyncHanging {
    async fn read_at(&mut self, _: u64, _: &mut [u8]) -> io::Result<usize> {
        self.0.wait().await;
        Ok(0)
    }
}

impl AsyncSink for AsyncHanging {
    async fn write(&mut self, _: &[u8]) -> Result<(), Refusal> {
        self.0.wait().await;
        Ok(())
    }
}

/// Answers according to the requested name.
fn handler(gate: Gate) -> impl Fn(Request) -> Answer {
    move |request: Request| {
        let gate = gate.clone();
        match (request.name(), request.is_upload()) {
            ("hang", false) => Answer::reader(Hanging(gate), None),
            ("hang", true) => Answer::sink(move |_: &[u8]| {
                gate.pass();
                Ok(())
            }),
            ("wait", false) => Answer::async_source(AsyncHanging(gate)),
            ("wait", true) => Answer::async_sink(AsyncHanging(gate)),
            ("bytes", _) => Answer::bytes(pattern(5_000)),
            (_, false) => Answer::reader(Cursor::new(pattern(300_000)), None),
            (_, true) => Answer::writer(Vec::new()),
        }
    }
}

/// Starts clients whose downloads and uploads hang.
fn hang(server: &Server, gate: &Gate, name: &str) -> Vec<Client> {
    let begin = |number: usize| {
        let mut client = Client::new(server.local_addr());
        client.socket.set_read_timeout(Some(support::PATIENCE)).unwrap();
        match number % 2 {
            0 => client.start(format!("\0\x01{name}\0octet\0").as_bytes()),
            _ => {
                client.start(format!("\0\x02{name}\0octet\0").as_bytes());
                client.receive().unwrap();
                client.send(b"\0\x03\0\x01the end");
            }
        }
        client
    };
    let clients = (0..2 * HANGING).map(begin).collect();
    gate.has_seen(2 * HANGING);
    clients
}

/// Checks that all other clients are served, and the hanging ones, too, once they can continue.
fn others_are_served(server: &Server, gate: &Gate, hanging: Vec<Client>) {
    for _ in 0..3 {
        assert_eq!(get(server, "bytes"), Ok(pattern(5_000)));
        assert_eq!(get(server, "source"), Ok(pattern(300_000)));
        assert_eq!(put(server, "sink", &pattern(100_000)), Ok(()));
        let mut client = Client::new(server.local_addr());
        assert_eq!(
            client.get("source", Options::new(1_428, 16)),
            Ok(pattern(300_000))
        );
    }
    gate.open();
    for (number, mut client) in hanging.into_iter().enumerate() {
        let expected: &[u8] = if number % 2 == 0 {
            b"\0\x03\0\x01"
        } else {
            b"\0\x04\0\x01"
        };
        assert_eq!(client.receive().unwrap(), expected);
    }
}

#[test]
fn sources_and_sinks_that_block_keep_no_other_client_waiting() {
    let gate = Gate::default();
    let server = local().read_only(false).handler(handler(gate.clone()));
    let server = server.handler_threads(1).start().unwrap();
    let hanging = hang(&server, &gate, "hang");
    others_are_served(&server, &gate, hanging);
}

#[test]
fn asynchronous_ones_hold_no_thread_while_they_wait() {
    let gate = Gate::default();
    let server = local().read_only(false).handler(handler(gate.clone()));
    let server = server.handler_threads(1).blocking_threads(1).start().unwrap();
    let hanging = hang(&server, &gate, "wait");
    others_are_served(&server, &gate, hanging);
}

#[test]
fn handlers_that_block_keep_no_source_or_sink_waiting() {
    let gate = Gate::default();
    let blocking = gate.clone();
    let answer = handler(Gate::default());
    let handler = move |request: Request| {
        if request.name() == "blocks" {
            blocking.pass();
        }
        answer(request)
    };
    let server = local()
        .read_only(false)
        .handler(handler)
        .handler_threads(1)
        .start()
        .unwrap();
    // Both transfers are active when the only handler thread begins to block.
    let (mut reading, mut asking) =
        (Client::new(server.local_addr()), Client::new(server.local_addr()));
    reading.start(b"\0\x01source\0octet\0");
    let mut got = reading.receive().unwrap()[4..].to_vec();
    asking.start(b"\0\x01blocks\0octet\0");
    gate.has_seen(1);
    let mut block = 1;
    while got.len() == usize::from(block) * 512 {
        reading.acknowledge(block);
        got.extend_from_slice(&reading.receive().unwrap()[4..]);
        block += 1;
    }
    assert_eq!(got, pattern(300_000));
    gate.open();
}

#[test]
fn a_future_that_waits_for_ever_is_dropped_with_its_server() {
    let gate = Gate::default();
    let server = local()
        .read_only(false)
        .handler(handler(gate.clone()))
        .start()
        .unwrap();
    let hanging = hang(&server, &gate, "wait");
    server.close();
    assert_eq!(server.connection_count(), 0);
    drop(hanging);
    let mut waiting = std::pin::pin!(gate.wait());
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert_eq!(
        waiting.as_mut().poll(&mut context),
        Poll::Pending,
        "it was never opened"
    );
}
