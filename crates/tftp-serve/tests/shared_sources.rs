//! Downloads that share a source by its key.

mod support;

use std::io::{self, Read};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;

use futures_core::Stream;
use support::{
    Client, Events, Failed, Failing, Gate, Options, PATIENCE, PanicsWhenDropped, local, patient,
    pattern,
};
use tftp_serve::{Answer, Event, Outcome, Refusal, Request, Server, Source};

/// Content that counts how often it is opened, and how many of it are open.
struct Content {
    rest: io::Cursor<Vec<u8>>,
    open: Arc<AtomicUsize>,
}

impl Content {
    fn new(length: usize, opened: &AtomicUsize, open: &Arc<AtomicUsize>) -> Content {
        opened.fetch_add(1, SeqCst);
        open.fetch_add(1, SeqCst);
        Content {
            rest: io::Cursor::new(pattern(length)),
            open: Arc::clone(open),
        }
    }
}

impl Drop for Content {
    fn drop(&mut self) {
        self.open.fetch_sub(1, SeqCst);
    }
}

impl Read for Content {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.rest.read(buffer)
    }
}

impl Stream for Content {
    type Item = io::Result<Vec<u8>>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut piece = vec![0; 10_000];
        Poll::Ready(match self.rest.read(&mut piece) {
            Ok(0) => None,
            read => Some(read.map(|count| {
                piece.truncate(count);
                piece
            })),
        })
    }
}

fn goes_on(is_stream: bool) {
    const LENGTH: usize = 400_000;
    let [opened, open] = [(); 2].map(|()| Arc::new(AtomicUsize::new(0)));
    let (counting, counting_open) = (Arc::clone(&opened), Arc::clone(&open));
    let handler = move |_: Request| {
        let (opened, open) = (Arc::clone(&counting), Arc::clone(&counting_open));
        let content = move || Content::new(LENGTH, &opened, &open);
        match is_stream {
            true => Answer::shared_stream("one", Some(LENGTH as u64), content),
            false => Answer::shared_reader("one", Some(LENGTH as u64), move || Ok(content())),
        }
    };
    let (builder, events) = Events::of(local().handler(handler));
    let server = builder.start().unwrap();
    let mut clients = [(); 3].map(|()| {
        let mut client = Client::new(server.local_addr());
        client.socket.set_read_timeout(Some(PATIENCE)).unwrap();
        client.start(b"\0\x01image\0octet\0blksize\x001428\0");
        client.receive().unwrap();
        client.acknowledge(0);
        assert_eq!(client.receive().unwrap()[..4], *b"\0\x03\0\x01");
        client
    });
    // The first two leave, one after the other, and the third reads on.
    for client in &clients[..2] {
        client.send(b"\0\x05\0\0gone\0");
        assert!(matches!(events.outcome(), Outcome::ClientError { .. }));
    }
    let (mut file, mut block) = (pattern(LENGTH)[..1428].to_vec(), 1u16);
    while file.len() == usize::from(block) * 1428 {
        clients[2].acknowledge(block);
        let packet = clients[2].receive().unwrap();
        if packet[2..4] == (block + 1).to_be_bytes() {
            block += 1;
            file.extend_from_slice(&packet[4..]);
        }
    }
    clients[2].acknowledge(block);
    assert!(file == pattern(LENGTH));
    assert!(events.outcome().is_complete());
    assert_eq!(opened.load(SeqCst), 1, "it goes on with the next download");
    assert_eq!(
        open.load(SeqCst),
        0,
        "it is dropped before the last end is reported"
    );
}

#[test]
fn a_shared_reader_goes_on_when_its_first_client_leaves() {
    goes_on(false);
}

#[test]
fn a_shared_stream_goes_on_when_its_first_client_leaves() {
    goes_on(true);
}

/// The calls of all sources of one key.
struct Ledger {
    content: Vec<u8>,
    /// Calls from this offset on wait for the gate.
    gate_at: usize,
    gate: Gate,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The offsets at which the passes stand that are in no call.
    passes: Vec<usize>,
    begun: usize,
    /// The number of sources that were called.
    used: usize,
    faults: Vec<String>,
}

/// A source that checks the offsets and lengths of its calls.
struct Checked {
    ledger: Arc<Ledger>,
    was_used: bool,
}

impl Source for Checked {
    fn size(&self) -> Option<u64> {
        Some(self.ledger.content.len() as u64)
    }

    fn key(&self) -> Option<Arc<str>> {
        Some(Arc::from("one"))
    }

    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let Ledger {
            content,
            gate,
            state,
            ..
        } = &*self.ledger;
        let (from, room) = (offset as usize, buffer.len());
        {
            let mut state = state.lock().unwrap();
            state.used += usize::from(!std::mem::replace(&mut self.was_used, true));
            let pass = state.passes.iter().position(|at| *at == from);
            if let Some(pass) = pass {
                state.passes.swap_remove(pass);
            } else if from == 0 {
                state.begun += 1;
            } else {
                let fault = format!("{from} was asked for, not {:?}", state.passes);
                state.faults.push(fault);
            }
            if from + room > content.len() || room == 0 {
                state
                    .faults
                    .push(format!("{room} bytes were asked for at {from}"));
            }
        }
        if from >= self.ledger.gate_at {
            gate.pass();
        }
        if from % 5 == 0 {
            // Other threads get their chance in the middle of a call.
            thread::sleep(Duration::from_millis(2));
        }
        // Now and then fewer bytes than there is room for.
        let count = if from % 3 == 0 { room.min(3_001) } else { room };
        buffer[..count].copy_from_slice(&content[from..from + count]);
        state.lock().unwrap().passes.push(from + count);
        Ok(count)
    }
}

/// The behaviour of a client.
#[derive(Clone, Copy)]
enum Manner {
    /// Reads to the end, and pauses so long before each acknowledgement.
    Reads(Duration),
    /// Sends an ERROR in place of the acknowledgement of this block.
    Leaves(u64),
    /// Sends nothing more from this block on.
    FallsSilent(u64),
}

/// Reads the file, and returns the client with what it got.
fn fetch(
    address: SocketAddr,
    (blksize, window): (usize, u64),
    manner: Manner,
) -> (Client, Vec<u8>) {
    let mut client = Client::new(address);
    client.socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let options = format!("blksize\0{blksize}\0windowsize\0{window}\0");
    client.start(format!("\0\x01image\0octet\0{options}").as_bytes());
    let (mut file, mut block, mut in_window) = (Vec::new(), 0u64, 0);
    loop {
        let packet = client.receive().unwrap();
        let is_next = packet[..2] == [0, 3] && packet[2..4] == (block as u16 + 1).to_be_bytes();
        if is_next {
            (block, in_window) = (block + 1, in_window + 1);
            file.extend_from_slice(&packet[4..]);
        }
        let is_last = is_next && packet.len() < blksize + 4;
        match manner {
            Manner::Leaves(after) if block == after => {
                client.send(b"\0\x05\0\0gone\0");
                return (client, file);
            }
            Manner::FallsSilent(after) if block == after => return (client, file),
            Manner::Reads(pause) if pause > Duration::ZERO => thread::sleep(pause),
            _ => {}
        }
        if !is_next || is_last || in_window == window {
            client.acknowledge(block as u16);
            in_window = 0;
        }
        if is_last {
            return (client, file);
        }
    }
}

/// Makes a server of one shared source, whose calls from `gate_at` on wait.
fn checked(length: usize, gate_at: usize) -> (Arc<Ledger>, Server, Events) {
    let ledger = Arc::new(Ledger {
        content: pattern(length),
        gate_at,
        gate: Gate::default(),
        state: Mutex::default(),
    });
    let of_sources = Arc::clone(&ledger);
    let handler = move |_: Request| {
        let ledger = Arc::clone(&of_sources);
        Answer::source(Checked {
            ledger,
            was_used: false,
        })
    };
    let (builder, events) = Events::of(local().handler(handler));
    (ledger, builder.start().unwrap(), events)
}

/// Fifty clients of all manners read one file. Returns the calls of the sources.
fn fifty(length: usize) -> State {
    let (ledger, server, events) = checked(length, 0);
    let address = server.local_addr();
    let clients: Vec<_> = (0..50u64)
        .map(|number| {
            let manner = match number % 5 {
                0 => Manner::Leaves(30 + 10 * number),
                1 => Manner::FallsSilent(1 + 5 * number),
                2 => Manner::Reads(Duration::from_micros(300)),
                _ => Manner::Reads(Duration::ZERO),
            };
            let options = [(512, 1), (1_428, 4), (1_428, 1), (1_024, 16)][number as usize % 4];
            let client = thread::spawn(move || fetch(address, options, manner));
            // One after the other, so that the first one is the first that leaves.
            while !matches!(events.next(), Event::Started { .. }) {}
            (manner, client)
        })
        .collect();
    ledger.gate.open();
    let mut open = Vec::new();
    for (manner, client) in clients {
        let (client, file) = client.join().unwrap();
        assert!(ledger.content.starts_with(&file));
        if matches!(manner, Manner::Reads(_)) {
            assert_eq!(file.len(), length);
        }
        // The sockets of the silent ones stay open.
        open.push(client);
    }
    drop(server);
    std::mem::take(&mut *ledger.state.lock().unwrap())
}

#[test]
fn each_byte_of_a_shared_source_is_asked_for_once_and_in_order() {
    let length = 1_000_000;
    let state = fifty(length);
    assert_eq!(state.faults, [""; 0]);
    assert_eq!((state.begun, state.passes), (1, vec![length]));
    assert_eq!(state.used, 1, "one source goes on for all");
}

/// Of a file of this length, the beginning is not kept: clients that hold others back for too long
/// are left behind, and cause passes of their own.
#[test]
fn every_pass_over_a_long_shared_source_is_in_order() {
    let length = 3_000_001;
    let state = fifty(length);
    assert_eq!(state.faults, [""; 0]);
    assert!(state.passes.contains(&length));
}

/// The download whose source is in a call ends, and the other one has room for more: it is read on
/// when that call has returned.
#[test]
fn another_source_goes_on_only_after_the_call_of_the_first_one() {
    let length = 200_000;
    let (ledger, server, _events) = checked(length, 50_000);
    let [mut first, mut second] = [(); 2].map(|()| {
        let mut client = Client::new(server.local_addr());
        client.socket.set_read_timeout(Some(PATIENCE)).unwrap();
        client.start(b"\0\x01image\0octet\0");
        assert_eq!(client.receive().unwrap()[..4], *b"\0\x03\0\x01");
        client
    });
    ledger.gate.has_seen(1);
    let mut connections = server.connections();
    connections.sort_by_key(tftp_serve::Connection::id);
    connections[0].end(Refusal::access_denied());
    assert!(matches!(first.receive(), Err(Failed::Error(2, _))));
    // All blocks that were supplied: after enough of them, a pause is their end.
    let mut block = 1u16;
    loop {
        second.acknowledge(block);
        match second.receive() {
            Ok(packet) if packet[2..4] == (block + 1).to_be_bytes() => {
                block += 1;
                if block == 81 {
                    let pause = Some(Duration::from_millis(300));
                    second.socket.set_read_timeout(pause).unwrap();
                }
            }
            Ok(_) => {}
            Err(_) => break,
        }
    }
    assert!(block > 80, "it gets the bytes before the call: {block}");
    ledger.gate.open();
    second.socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let rest = second.finish(block + 1).unwrap();
    assert!(rest == ledger.content[usize::from(block) * 512..]);
    let state = ledger.state.lock().unwrap();
    assert_eq!(state.faults, [""; 0]);
    assert_eq!(state.begun, 1);
}

/// Downloads join a key, while the sources of others fail, on several I/O threads. Each ends with
/// the whole file or with the source's error, before its client gives up.
fn failing_sources(is_async: bool, panics: bool) {
    const LENGTH: usize = 40_000;
    let content = Arc::new(pattern(LENGTH));
    let made = AtomicUsize::new(0);
    let of_sources = Arc::clone(&content);
    let handler = move |request: Request| {
        let number = made.fetch_add(1, SeqCst) as u64;
        // Half of the sources never fail, the others in their first to fourth call.
        let random = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let fails_in = match random >> 61 {
            call @ 1..=4 => call,
            _ => u64::MAX,
        };
        let source = Failing {
            content: Arc::clone(&of_sources),
            key: Some(Arc::from(request.name())),
            fails_in,
            panics,
            most: usize::MAX,
            end: PanicsWhenDropped(panics),
        };
        match is_async {
            true => Answer::async_source(source),
            false => Answer::source(source),
        }
    };
    let server = local().io_threads(4).handler(handler).start().unwrap();
    let address = server.local_addr();
    let clients: Vec<_> = (0..16)
        .map(|number| {
            let content = Arc::clone(&content);
            thread::spawn(move || {
                let (mut whole, mut failed) = (0, 0);
                for turn in 0..100 {
                    // Two or three downloads share each key.
                    let name = format!("{}-{turn}", number / 3);
                    match patient(address).get(&name, Options::new(1024, 4)) {
                        Ok(bytes) => {
                            assert!(bytes == *content);
                            whole += 1;
                        }
                        Err(Failed::Error(..)) => failed += 1,
                        Err(other) => panic!("{other:?}"),
                    }
                }
                (whole, failed)
            })
        })
        .collect();
    let (whole, failed) = clients
        .into_iter()
        .map(|client| client.join().unwrap())
        .fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    println!("{whole} whole, {failed} failed");
    assert!(whole > 0 && failed > 0, "{whole} whole, {failed} failed");
}

#[test]
fn a_source_that_fails_keeps_no_other_download_waiting() {
    failing_sources(false, false);
}

#[test]
fn a_source_that_panics_keeps_no_other_download_waiting() {
    failing_sources(false, true);
}

#[test]
fn an_async_source_that_fails_keeps_no_other_download_waiting() {
    failing_sources(true, false);
}

#[test]
fn an_async_source_that_panics_keeps_no_other_download_waiting() {
    failing_sources(true, true);
}
