//! Uploads into sinks.

mod support;

use std::error::Error;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;

use support::{Client, Events, Failing, Options, PATIENCE, PanicsWhenDropped};
use support::{get, local, pattern, put, refused};
use tftp_serve::{Answer, ErrorCode, Outcome, Refusal, Request, Sink};

/// An event of a sink that records everything.
#[derive(Debug, PartialEq)]
enum Said {
    Bytes(Vec<u8>),
    Dropped,
}

struct Keeping {
    bytes: Vec<u8>,
    said: Sender<Said>,
}

impl Sink for Keeping {
    fn write(&mut self, data: &[u8]) -> Result<(), Refusal> {
        self.bytes.extend_from_slice(data);
        Ok(())
    }

    fn finish(&mut self) -> Result<(), Refusal> {
        self.said
            .send(Said::Bytes(std::mem::take(&mut self.bytes)))
            .unwrap();
        Ok(())
    }
}

impl Drop for Keeping {
    fn drop(&mut self) {
        // The test may be over.
        let _ = self.said.send(Said::Dropped);
    }
}

fn keeping(said: Sender<Said>) -> impl Fn(Request) -> Answer {
    move |_: Request| {
        let (bytes, said) = (Vec::new(), said.clone());
        Answer::sink(Keeping { bytes, said })
    }
}

#[test]
fn a_sink_gets_the_bytes_and_no_file_is_written() {
    let root = tempfile::tempdir().unwrap();
    let (said, heard) = channel();
    let builder = local().root(root.path()).read_only(false).handler(keeping(said));
    let (builder, events) = Events::of(builder);
    let server = builder.start().unwrap();
    for length in [0, 1, 1_024, 4_096, 1_000_000] {
        put(&server, "up", &pattern(length)).unwrap();
        // The last ACK comes after finish.
        assert_eq!(heard.try_recv(), Ok(Said::Bytes(pattern(length))));
        assert!(events.outcome().is_complete());
        assert_eq!(heard.try_recv(), Ok(Said::Dropped), "before its end is told");
    }
    assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 0);
}

#[test]
fn a_sink_that_refuses_ends_the_upload() {
    let handler = |request: Request| {
        let mut room = 10_000usize;
        match request.name() {
            "write" => Answer::sink(move |data: &[u8]| {
                room = room
                    .checked_sub(data.len())
                    .ok_or_else(|| Refusal::new(ErrorCode::DISK_FULL, "The tape is full"))?;
                Ok(())
            }),
            "panic" => Answer::sink(|_: &[u8]| panic!("a fault of the sink")),
            _ => Answer::sink(Unfinished),
        }
    };
    let (builder, events) = Events::of(local().read_only(false).handler(handler));
    let server = builder.start().unwrap();
    let full = || refused(3, "The tape is full");
    assert_eq!(put(&server, "write", &pattern(100_000)), Err(full()));
    match events.outcome() {
        Outcome::Refused(refusal) => {
            assert_eq!((refusal.code().0, refusal.text()), (3, "The tape is full"))
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(
        put(&server, "panic", &pattern(10)),
        Err(refused(0, "Internal error"))
    );
    assert!(matches!(events.outcome(), Outcome::Refused(_)));
    // The last block of the failed upload is never acknowledged.
    assert_eq!(
        put(&server, "finish", &pattern(10)),
        Err(refused(0, "Input/output error"))
    );
    match events.outcome() {
        Outcome::Refused(refusal) => assert_eq!(refusal.source().unwrap().to_string(), "no"),
        other => panic!("{other:?}"),
    }
}

struct Unfinished;

impl Sink for Unfinished {
    fn write(&mut self, _: &[u8]) -> Result<(), Refusal> {
        Ok(())
    }

    fn finish(&mut self) -> Result<(), Refusal> {
        Err(std::io::Error::other("no").into())
    }
}

#[test]
fn a_sink_of_an_upload_that_fails_is_dropped_without_finish() {
    let (said, heard) = channel();
    let (builder, events) = Events::of(local().read_only(false).handler(keeping(said)));
    let server = builder.start().unwrap();
    let mut client = Client::new(server.local_addr());
    client.start(b"\0\x02up\0octet\0");
    client.receive().unwrap();
    client.send(&[&b"\0\x03\0\x01"[..], &[7; 512]].concat());
    client.receive().unwrap();
    client.send(b"\0\x05\0\0gone\0");
    assert!(matches!(events.outcome(), Outcome::ClientError { .. }));
    assert_eq!(heard.try_recv(), Ok(Said::Dropped));
}

#[test]
fn a_slow_sink_makes_its_client_wait_and_memory_stay_bounded() {
    let (gate, open) = channel::<()>();
    let open = Arc::new(Mutex::new(open));
    let taken = Arc::new(AtomicUsize::new(0));
    let counting = Arc::clone(&taken);
    let handler = move |_: Request| {
        let (open, taken) = (Arc::clone(&open), Arc::clone(&counting));
        Answer::sink(move |data: &[u8]| {
            // Takes no data until the sender is dropped.
            while open.lock().unwrap().recv().is_ok() {}
            taken.fetch_add(data.len(), SeqCst);
            Ok(())
        })
    };
    let (builder, events) = Events::of(local().read_only(false).handler(handler));
    let server = builder.start().unwrap();
    let address = server.local_addr();
    let client = thread::spawn(move || {
        let mut client = Client::new(address);
        client.socket.set_read_timeout(Some(PATIENCE)).unwrap();
        client.put("up", &pattern(4_000_000), Options::new(8_192, 8))
    });
    // At most the flow limit, and the data on its way, is received ahead of the sink.
    let connection = loop {
        match events.next() {
            tftp_serve::Event::Started { connection } => break connection,
            _ => continue,
        }
    };
    let mut before = 1;
    while before != connection.bytes() || before == 0 {
        before = connection.bytes();
        thread::sleep(std::time::Duration::from_millis(50));
    }
    assert!(before < 1 << 20, "{before} bytes wait");
    assert_eq!(taken.load(SeqCst), 0);
    drop(gate);
    client.join().unwrap().unwrap();
    assert_eq!(taken.load(SeqCst), 4_000_000);
    assert!(events.outcome().is_complete());
}

#[test]
fn downloads_beside_a_sink_go_on() {
    let root = tempfile::tempdir().unwrap();
    std::fs::write(root.path().join("image"), pattern(300_000)).unwrap();
    let (gate, open) = channel::<()>();
    let open = Mutex::new(open);
    let open = Arc::new(open);
    let handler = move |request: Request| match request.is_upload() {
        true => {
            let open = Arc::clone(&open);
            Answer::sink(move |_: &[u8]| {
                while open.lock().unwrap().recv().is_ok() {}
                Ok(())
            })
        }
        false => Answer::root(),
    };
    let server = local()
        .root(root.path())
        .read_only(false)
        .handler(handler)
        .start()
        .unwrap();
    let mut uploading = Client::new(server.local_addr());
    uploading.start(b"\0\x02up\0octet\0");
    uploading.receive().unwrap();
    uploading.send(b"\0\x03\0\x01the end");
    for _ in 0..3 {
        assert_eq!(get(&server, "image"), Ok(pattern(300_000)));
    }
    drop(gate);
    assert_eq!(uploading.receive().unwrap(), b"\0\x04\0\x01");
}

/// A sink that fails, and panics when it is dropped.
struct Broken(#[expect(dead_code, reason = "its drop is all it does")] PanicsWhenDropped);

impl Sink for Broken {
    fn write(&mut self, _: &[u8]) -> Result<(), Refusal> {
        Err(Refusal::access_denied())
    }

    fn finish(&mut self) -> Result<(), Refusal> {
        Ok(())
    }
}

#[test]
fn a_connection_ends_although_its_failed_sink_or_source_panics_when_it_is_dropped() {
    let handler = |request: Request| match request.is_upload() {
        true => Answer::sink(Broken(PanicsWhenDropped(true))),
        false => Answer::source(Failing {
            content: Arc::new(pattern(3000)),
            key: None,
            fails_in: 1,
            panics: false,
            most: 512,
            end: PanicsWhenDropped(true),
        }),
    };
    let builder = local().read_only(false).handler(handler);
    let (builder, events) = Events::of(builder);
    let server = builder.start().unwrap();
    put(&server, "x", b"data").unwrap_err();
    assert!(matches!(events.outcome(), Outcome::Refused(_)));
    get(&server, "x").unwrap_err();
    assert!(matches!(events.outcome(), Outcome::Refused(_)));
    assert!(server.wait_idle(Some(PATIENCE)), "{:?}", server.connections());
}
