//! Downloads from readers and sources.

mod support;

use std::error::Error;
use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};
use std::thread;

use support::{Client, Events, Failed, Options, get, local, patient, pattern, refused};
use tftp_serve::{Answer, AsyncSource, ErrorCode, Event, Outcome, Refusal, Request, Source, Task};

#[test]
fn a_reader_is_read_to_its_end() {
    let handler = |request: Request| {
        let length: usize = request.name().parse().unwrap_or(0);
        Answer::reader(io::Cursor::new(pattern(length)), None)
    };
    let server = local().handler(handler).start().unwrap();
    for length in [0, 1, 511, 512, 513, 100_000] {
        assert_eq!(get(&server, &length.to_string()), Ok(pattern(length)), "{length}");
        let mut client = Client::new(server.local_addr());
        let options = Options::new(1_428, 16);
        assert_eq!(
            client.get(&length.to_string(), options),
            Ok(pattern(length)),
            "{length}"
        );
    }
}

#[test]
fn a_size_is_announced_and_enforced() {
    let handler = |request: Request| match request.name() {
        "short" => Answer::reader(io::Cursor::new(pattern(1_000)), Some(2_000)),
        _ => Answer::reader(io::Cursor::new(pattern(2_000)), Some(2_000)),
    };
    let (builder, events) = Events::of(local().handler(handler));
    let server = builder.start().unwrap();
    let mut client = Client::new(server.local_addr());
    client.start(b"\0\x01right\0octet\0tsize\x000\0");
    assert_eq!(client.receive().unwrap(), b"\0\x06tsize\x002000\0");
    client.send(b"\0\x05\0\x08enough\0");
    assert!(matches!(events.outcome(), Outcome::Probe { .. }));
    assert_eq!(get(&server, "right"), Ok(pattern(2_000)));
    assert!(events.outcome().is_complete());
    assert!(matches!(get(&server, "short"), Err(Failed::Error(0, _))));
    assert!(matches!(events.outcome(), Outcome::File(_)));
}

/// A reader that fails after some bytes.
struct Failing(usize, fn() -> io::Error);

impl Read for Failing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.0.min(buffer.len());
        self.0 -= count;
        match count {
            0 => Err((self.1)()),
            count => Ok(count),
        }
    }
}

#[test]
fn a_failed_reader_ends_its_download_with_its_error() {
    let handler = |request: Request| match request.name() {
        "plain" => Answer::reader(Failing(600, || io::Error::other("a secret path")), None),
        "said" => {
            let gone = || Refusal::new(ErrorCode::NOT_FOUND, "The origin is gone").into();
            Answer::reader(Failing(600, gone), None)
        }
        _ => Answer::reader(Failing(0, || panic!("a fault of the reader")), None),
    };
    let (builder, events) = Events::of(local().handler(handler));
    let server = builder.start().unwrap();
    assert_eq!(get(&server, "plain"), Err(refused(0, "Input/output error")));
    // The application sees the error, and no client does.
    match events.outcome() {
        Outcome::Refused(refusal) => {
            assert_eq!(refusal, Refusal::new(ErrorCode::UNDEFINED, "Input/output error"));
            assert_eq!(refusal.source().unwrap().to_string(), "a secret path");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(get(&server, "said"), Err(refused(1, "The origin is gone")));
    assert!(matches!(events.outcome(), Outcome::Refused(_)));
    assert_eq!(get(&server, "panic"), Err(refused(0, "Internal error")));
    assert!(matches!(events.outcome(), Outcome::Refused(_)));
}

/// A source that counts how often it is read from its beginning, and waits for a gate before it
/// continues.
struct Counted {
    length: usize,
    passes: Arc<AtomicUsize>,
    gate: Arc<Mutex<std::sync::mpsc::Receiver<()>>>,
}

impl Source for Counted {
    fn size(&self) -> Option<u64> {
        Some(self.length as u64)
    }

    fn key(&self) -> Option<Arc<str>> {
        Some(Arc::from("one"))
    }

    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        if offset == 0 {
            self.passes.fetch_add(1, SeqCst);
            while self.gate.lock().unwrap().recv().is_ok() {}
        }
        let all = pattern(self.length);
        let rest = &all[offset as usize..];
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }
}

#[test]
fn clients_that_begin_together_share_one_pass() {
    let (gate, closed) = channel::<()>();
    let (gate_of_sources, passes) = (Arc::new(Mutex::new(closed)), Arc::new(AtomicUsize::new(0)));
    let counting = Arc::clone(&passes);
    let handler = move |_: Request| {
        Answer::source(Counted {
            length: 200_000,
            passes: Arc::clone(&counting),
            gate: Arc::clone(&gate_of_sources),
        })
    };
    let (builder, events) = Events::of(local().handler(handler).handler_threads(2));
    let server = builder.start().unwrap();
    let address = server.local_addr();
    let clients: Vec<_> = (0..8)
        .map(|_| thread::spawn(move || Client::new(address).get("image", Options::new(1_428, 4))))
        .collect();
    let mut started = 0;
    while started < 8 {
        started += usize::from(matches!(events.next(), Event::Started { .. }));
    }
    drop(gate);
    for client in clients {
        assert_eq!(client.join().unwrap(), Ok(pattern(200_000)));
    }
    assert_eq!(passes.load(SeqCst), 1);
}

#[test]
fn no_more_than_two_windows_are_read_ahead_at_first() {
    let read = Arc::new(AtomicUsize::new(0));
    let counting = Arc::clone(&read);
    let handler = move |_: Request| {
        let counting = Arc::clone(&counting);
        Answer::reader(Counting(counting), None)
    };
    let server = local().handler(handler).start().unwrap();
    let mut client = Client::new(server.local_addr());
    client.start(b"\0\x01endless\0octet\0");
    client.receive().unwrap();
    for block in 1..=100 {
        client.acknowledge(block);
        client.receive().unwrap();
    }
    // In blocks of 512 bytes: the bytes sent, 16 KiB read ahead, and another 16 KiB.
    assert!(
        read.load(SeqCst) <= 101 * 512 + 2 * (16 << 10) + 512,
        "{}",
        read.load(SeqCst)
    );
    // And later, by a client that has shown that it goes on: half a megabyte more at most.
    for block in 101..=10_000 {
        client.acknowledge(block);
        client.receive().unwrap();
    }
    let ahead = read.load(SeqCst).saturating_sub(10_001 * 512);
    assert!(ahead <= (512 << 10) + 2 * (16 << 10), "{ahead}");
    client.send(b"\0\x05\0\0enough\0");
}

/// An endless reader that counts the bytes read.
struct Counting(Arc<AtomicUsize>);

impl Read for Counting {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        buffer.fill(7);
        self.0.fetch_add(buffer.len(), SeqCst);
        Ok(buffer.len())
    }
}

#[test]
fn a_source_stores_no_upload() {
    let handler = |_: Request| Answer::reader(io::empty(), None);
    let server = local().read_only(false).handler(handler).start().unwrap();
    let put = Client::new(server.local_addr()).put("new", b"x", Options::NONE);
    assert_eq!(put, Err(refused(4, "Not available in this direction")));
}

/// A source that panics.
struct Faulty;

impl Source for Faulty {
    fn size(&self) -> Option<u64> {
        panic!("a fault of the source")
    }

    fn read_at(&mut self, _: u64, _: &mut [u8]) -> io::Result<usize> {
        Ok(0)
    }
}

#[test]
fn a_source_that_panics_refuses_and_ends_nothing_else() {
    let handler = |request: Request| match request.name() {
        "bad" => Answer::source(Faulty),
        _ => Answer::bytes("good"),
    };
    let server = local().handler(handler).handler_threads(1).start().unwrap();
    assert_eq!(get(&server, "bad"), Err(refused(0, "Internal error")));
    assert_eq!(get(&server, "good"), Ok(b"good".to_vec()));
}

/// A source that closes its executor's queue when it has supplied some bytes.
struct Closing(Arc<AtomicBool>);

impl AsyncSource for Closing {
    fn size(&self) -> Option<u64> {
        Some(1 << 20)
    }

    async fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.fetch_or(offset > 100_000, SeqCst);
        let count = buffer.len().min((1 << 20) - offset as usize);
        buffer[..count].fill(7);
        Ok(count)
    }
}

/// A task of an executor, which drops it in the waker as soon as the executor's queue is closed.
struct Spawned {
    task: Mutex<Option<Task>>,
    is_closed: Arc<AtomicBool>,
    queue: Sender<Arc<Spawned>>,
}

impl Wake for Spawned {
    fn wake(self: Arc<Self>) {
        if self.is_closed.load(SeqCst)
            && let Ok(mut slot) = self.task.try_lock()
        {
            let task = slot.take();
            drop(slot);
            return drop(task);
        }
        let _ = self.queue.send(Arc::clone(&self));
    }
}

#[test]
fn a_task_may_be_dropped_by_its_waker() {
    let is_closed = Arc::new(AtomicBool::new(false));
    let (queue, queued) = channel::<Arc<Spawned>>();
    let executor = thread::spawn(move || {
        while let Ok(spawned) = queued.recv() {
            let waker = Waker::from(Arc::clone(&spawned));
            if let Some(task) = &mut *spawned.task.lock().unwrap() {
                let _ = task.as_mut().poll(&mut Context::from_waker(&waker));
            }
        }
    });
    let (of_executor, of_source) = (Arc::clone(&is_closed), Arc::clone(&is_closed));
    let server = local()
        .spawner(move |task| {
            let spawned = Spawned {
                task: Mutex::new(Some(task)),
                is_closed: Arc::clone(&of_executor),
                queue: queue.clone(),
            };
            Arc::new(spawned).wake();
        })
        .handler(move |_: Request| Answer::async_source(Closing(Arc::clone(&of_source))))
        .start()
        .unwrap();
    let read = patient(server.local_addr()).get("any", Options::new(1428, 4));
    assert!(matches!(read, Err(Failed::Error(0, _))), "{read:?}");
    drop(server);
    executor.join().unwrap();
}
