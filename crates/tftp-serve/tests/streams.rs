//! Downloads from asynchronous readers and streams, uploads into asynchronous sinks.

mod support;

use std::collections::VecDeque;
use std::error::Error;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::thread;

use futures_core::Stream;
use futures_io::{AsyncRead, AsyncWrite};
use support::{Client, Events, Failed, Gate, Options, get, local, pattern, put, refused};
use tftp_serve::{
    Answer, AsyncSink, AsyncSource, ErrorCode, Event, Outcome, Refusal, Request, Task,
};

/// A stream or reader of these pieces, each of which is pending once and woken by another thread.
struct Pieces {
    left: VecDeque<Result<Vec<u8>, io::Error>>,
    was_pending: bool,
}

impl Pieces {
    /// Cuts the bytes into pieces of many lengths, including empty ones.
    fn of(bytes: &[u8]) -> Pieces {
        let (mut left, mut rest, mut length) = (VecDeque::new(), bytes, 0);
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(rest.len().min(length));
            left.push_back(Ok(piece.to_vec()));
            (rest, length) = (after, (length * 7 + 1) % 50_000);
        }
        Pieces::new(left)
    }

    fn new(left: impl Into<VecDeque<Result<Vec<u8>, io::Error>>>) -> Pieces {
        Pieces {
            left: left.into(),
            was_pending: false,
        }
    }

    fn poll_piece(&mut self, context: &Context<'_>) -> Poll<Option<io::Result<Vec<u8>>>> {
        self.was_pending = !self.was_pending;
        if self.was_pending {
            let waker = context.waker().clone();
            thread::spawn(move || waker.wake());
            return Poll::Pending;
        }
        Poll::Ready(self.left.pop_front())
    }
}

impl Stream for Pieces {
    type Item = io::Result<Vec<u8>>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_piece(context)
    }
}

impl AsyncRead for Pieces {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let piece = match self.poll_piece(context) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(None) => return Poll::Ready(Ok(0)),
            Poll::Ready(Some(piece)) => piece?,
        };
        let (now, later) = piece.split_at(piece.len().min(buffer.len()));
        buffer[..now.len()].copy_from_slice(now);
        if !later.is_empty() {
            self.left.push_front(Ok(later.to_vec()));
        }
        match (now.len(), self.left.is_empty()) {
            // A read of no bytes would mean the end.
            (0, false) => {
                context.waker().wake_by_ref();
                self.was_pending = false;
                Poll::Pending
            }
            (count, _) => Poll::Ready(Ok(count)),
        }
    }
}

#[test]
fn readers_and_streams_are_read_to_their_ends() {
    let handler = |request: Request| {
        let (kind, length) = request.name().split_once(' ').unwrap();
        let all = pattern(length.parse().unwrap());
        let size = request.option("tsize").map(|_| all.len() as u64);
        match kind {
            "reader" => Answer::async_reader(Pieces::of(&all), size),
            _ => Answer::stream(Pieces::of(&all), size),
        }
    };
    let server = local().handler(handler).start().unwrap();
    for kind in ["reader", "stream"] {
        for length in [0, 1, 511, 512, 513, 100_000] {
            let name = format!("{kind} {length}");
            assert_eq!(get(&server, &name), Ok(pattern(length)), "{name}");
            let mut client = Client::new(server.local_addr());
            assert_eq!(
                client.get(&name, Options::new(1_428, 16)),
                Ok(pattern(length)),
                "{name}"
            );
        }
        let mut client = Client::new(server.local_addr());
        client.start(format!("\0\x01{kind} 2000\0octet\0tsize\x000\0").as_bytes());
        assert_eq!(client.receive().unwrap(), b"\0\x06tsize\x002000\0");
        client.send(b"\0\x05\0\x08enough\0");
    }
}

#[test]
fn a_failed_stream_ends_its_download_with_its_error() {
    let failing =
        |error: io::Error| Answer::stream(Pieces::new([Ok(pattern(600)), Err(error)]), None);
    let handler = move |request: Request| match request.name() {
        "plain" => failing(io::Error::other("a secret path")),
        "missing" => failing(io::ErrorKind::NotFound.into()),
        "refused" => failing(Refusal::new(ErrorCode::ACCESS, "The origin says no").into()),
        "short" => Answer::stream(Pieces::of(&pattern(600)), Some(601)),
        _ => Answer::async_source(Panicking),
    };
    let (builder, events) = Events::of(local().handler(handler));
    let server = builder.start().unwrap();
    assert_eq!(get(&server, "plain"), Err(refused(0, "Input/output error")));
    match events.outcome() {
        Outcome::Refused(refusal) => {
            assert_eq!(refusal, Refusal::new(ErrorCode::UNDEFINED, "Input/output error"));
            assert_eq!(refusal.source().unwrap().to_string(), "a secret path");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(get(&server, "missing"), Err(refused(1, "File not found")));
    assert!(matches!(events.outcome(), Outcome::Refused(refusal) if refusal.source().is_some()));
    assert_eq!(get(&server, "refused"), Err(refused(2, "The origin says no")));
    assert!(matches!(events.outcome(), Outcome::Refused(_)));
    assert!(matches!(get(&server, "short"), Err(Failed::Error(0, _))));
    assert!(matches!(events.outcome(), Outcome::File(_)));
    assert_eq!(get(&server, "panic"), Err(refused(0, "Internal error")));
    assert!(matches!(events.outcome(), Outcome::Refused(_)));
}

struct Panicking;

impl AsyncSource for Panicking {
    async fn read_at(&mut self, _: u64, _: &mut [u8]) -> io::Result<usize> {
        panic!("a fault of the source")
    }
}

/// Sends a message when it is dropped.
struct Told(Sender<()>);

impl Drop for Told {
    fn drop(&mut self) {
        // The test may be over.
        let _ = self.0.send(());
    }
}

/// Waits at a gate whenever it is used.
struct Waiting {
    gate: Gate,
    _told: Told,
}

impl AsyncSource for Waiting {
    async fn read_at(&mut self, _: u64, _: &mut [u8]) -> io::Result<usize> {
        self.gate.wait().await;
        Ok(0)
    }
}

impl AsyncSink for Waiting {
    async fn write(&mut self, _: &[u8]) -> Result<(), Refusal> {
        self.gate.wait().await;
        Ok(())
    }
}

#[test]
fn a_client_that_leaves_has_its_pending_source_or_sink_dropped_before_the_end_is_reported() {
    let (gate, (told, dropped)) = (Gate::default(), channel());
    let waiting = gate.clone();
    let handler = move |request: Request| {
        let waiting = Waiting {
            gate: waiting.clone(),
            _told: Told(told.clone()),
        };
        match request.is_upload() {
            true => Answer::async_sink(waiting),
            false => Answer::async_source(waiting),
        }
    };
    let (builder, events) = Events::of(local().read_only(false).handler(handler));
    let server = builder.start().unwrap();
    let mut client = Client::new(server.local_addr());
    client.start(b"\0\x02up\0octet\0");
    client.receive().unwrap();
    client.send(b"\0\x03\0\x01the end");
    gate.has_seen(1);
    client.send(b"\0\x05\0\0gone\0");
    assert!(matches!(events.outcome(), Outcome::ClientError { .. }));
    assert_eq!(dropped.try_recv(), Ok(()));
    // No packet was sent yet that the client could answer, so the server ends the transfer.
    client.start(b"\0\x01down\0octet\0");
    gate.has_seen(2);
    server.connections()[0].end(Refusal::access_denied());
    assert!(matches!(events.outcome(), Outcome::Refused(_)));
    assert_eq!(dropped.try_recv(), Ok(()));
}

/// Serves a shared stream whose openings are counted, from behind a gate.
fn shared(opened: Arc<AtomicUsize>, gate: Gate) -> impl Fn(Request) -> Answer {
    move |_: Request| {
        let (opened, gate) = (Arc::clone(&opened), gate.clone());
        Answer::shared_stream("one", Some(200_000), move || {
            opened.fetch_add(1, SeqCst);
            Gated(Box::pin(gate.wait()), Pieces::of(&pattern(200_000)))
        })
    }
}

struct Gated(Pin<Box<dyn Future<Output = ()> + Send>>, Pieces);

impl Stream for Gated {
    type Item = io::Result<Vec<u8>>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match self.0.as_mut().poll(context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(()) => {
                self.0 = Box::pin(std::future::ready(()));
                self.1.poll_piece(context)
            }
        }
    }
}

#[test]
fn a_shared_stream_is_opened_once_for_clients_that_begin_together() {
    let (gate, opened) = (Gate::default(), Arc::new(AtomicUsize::new(0)));
    let handler = shared(Arc::clone(&opened), gate.clone());
    let (builder, events) = Events::of(local().handler(handler));
    let server = builder.start().unwrap();
    let address = server.local_addr();
    let clients: Vec<_> = (0..8)
        .map(|_| {
            thread::spawn(move || {
                let mut client = Client::new(address);
                client.socket.set_read_timeout(Some(support::PATIENCE)).unwrap();
                client.get("image", Options::new(1_428, 4))
            })
        })
        .collect();
    let mut started = 0;
    while started < 8 {
        started += usize::from(matches!(events.next(), Event::Started { .. }));
    }
    gate.open();
    for client in clients {
        assert_eq!(client.join().unwrap(), Ok(pattern(200_000)));
    }
    assert_eq!(opened.load(SeqCst), 1);
    assert_eq!(get(&server, "image"), Ok(pattern(200_000)));
    assert_eq!(opened.load(SeqCst), 2, "once more for a client that comes later");
}

#[test]
fn a_client_that_leaves_does_not_disturb_downloads_that_share_its_source() {
    let (gate, opened) = (Gate::default(), Arc::new(AtomicUsize::new(0)));
    let (builder, events) = Events::of(local().handler(shared(Arc::clone(&opened), gate.clone())));
    let server = builder.start().unwrap();
    let mut first = Client::new(server.local_addr());
    first.start(b"\0\x01image\0octet\0blksize\x001428\0");
    assert_eq!(&first.receive().unwrap()[..2], b"\0\x06");
    first.acknowledge(0);
    gate.has_seen(1);
    let address = server.local_addr();
    let second = thread::spawn(move || {
        let mut client = Client::new(address);
        client.socket.set_read_timeout(Some(support::PATIENCE)).unwrap();
        client.get("image", Options::new(1_428, 4))
    });
    let mut started = 0;
    while started < 2 {
        started += usize::from(matches!(events.next(), Event::Started { .. }));
    }
    first.send(b"\0\x05\0\0gone\0");
    // The stream of the first client has been polled already, and still supplies the second.
    gate.open();
    assert_eq!(second.join().unwrap(), Ok(pattern(200_000)));
    let ends = [events.outcome(), events.outcome()];
    assert!(
        ends.iter().any(|end| matches!(end, Outcome::ClientError { .. })),
        "{ends:?}"
    );
    assert!(ends.iter().any(Outcome::is_complete), "{ends:?}");
}

#[test]
fn when_all_that_share_a_pending_stream_leave_it_is_dropped() {
    let (gate, opened) = (Gate::default(), Arc::new(AtomicUsize::new(0)));
    let (builder, events) = Events::of(local().handler(shared(Arc::clone(&opened), gate.clone())));
    let server = builder.start().unwrap();
    let mut clients = Vec::new();
    for count in 1..=3 {
        let mut client = Client::new(server.local_addr());
        client.start(b"\0\x01image\0octet\0blksize\x001428\0");
        assert_eq!(&client.receive().unwrap()[..2], b"\0\x06");
        client.acknowledge(0);
        if count == 1 {
            gate.has_seen(1);
        }
        clients.push(client);
    }
    for client in &mut clients {
        client.send(b"\0\x05\0\0gone\0");
    }
    for _ in 0..3 {
        assert!(matches!(events.outcome(), Outcome::ClientError { .. }));
    }
    assert!(server.wait_idle(Some(support::PATIENCE)));
}

/// A writer that records a few bytes at a time, and sends them all when it is closed.
struct Keeping {
    bytes: Vec<u8>,
    closed: Sender<Vec<u8>>,
    was_pending: bool,
}

impl AsyncWrite for Keeping {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.was_pending = !self.was_pending;
        if self.was_pending {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let count = data.len().min(1_000);
        self.bytes.extend_from_slice(&data[..count]);
        Poll::Ready(Ok(count))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let bytes = std::mem::take(&mut self.bytes);
        self.closed.send(bytes).unwrap();
        Poll::Ready(Ok(()))
    }
}

#[test]
fn an_asynchronous_writer_gets_the_bytes_and_is_closed_before_the_last_acknowledgement() {
    let (closed, whole) = channel();
    let handler = move |_: Request| {
        Answer::async_writer(Keeping {
            bytes: Vec::new(),
            closed: closed.clone(),
            was_pending: false,
        })
    };
    let (builder, events) = Events::of(local().read_only(false).handler(handler));
    let server = builder.start().unwrap();
    for length in [0, 1, 1_024, 4_096, 300_000] {
        put(&server, "up", &pattern(length)).unwrap();
        assert_eq!(whole.try_recv(), Ok(pattern(length)));
        assert!(events.outcome().is_complete());
    }
}

/// A sink that fails after a number of bytes.
struct Limited(usize, fn() -> Refusal);

impl AsyncSink for Limited {
    async fn write(&mut self, data: &[u8]) -> Result<(), Refusal> {
        self.0 = self.0.checked_sub(data.len()).ok_or_else(self.1)?;
        Ok(())
    }

    async fn finish(&mut self) -> Result<(), Refusal> {
        Err((self.1)())
    }
}

#[test]
fn an_asynchronous_sink_that_fails_ends_the_upload() {
    let handler = |request: Request| match request.name() {
        "write" => Answer::async_sink(Limited(10_000, || {
            Refusal::new(ErrorCode::DISK_FULL, "The tape is full")
        })),
        "panic" => Answer::async_sink(Limited(5, || panic!("a fault of the sink"))),
        _ => Answer::async_sink(Limited(1 << 20, || io::Error::other("no").into())),
    };
    let (builder, events) = Events::of(local().read_only(false).handler(handler));
    let server = builder.start().unwrap();
    let full = || refused(3, "The tape is full");
    assert_eq!(put(&server, "write", &pattern(100_000)), Err(full()));
    assert!(matches!(events.outcome(), Outcome::Refused(_)));
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

#[test]
fn a_slow_asynchronous_sink_makes_its_client_wait_and_memory_stay_bounded() {
    let (gate, taken) = (Gate::default(), Arc::new(AtomicUsize::new(0)));
    let (waiting, counting) = (gate.clone(), Arc::clone(&taken));
    let handler =
        move |_: Request| Answer::async_sink(Counting(waiting.clone(), Arc::clone(&counting)));
    let (builder, events) = Events::of(local().read_only(false).handler(handler));
    let server = builder.start().unwrap();
    let address = server.local_addr();
    let client = thread::spawn(move || {
        let mut client = Client::new(address);
        client.socket.set_read_timeout(Some(support::PATIENCE)).unwrap();
        client.put("up", &pattern(4_000_000), Options::new(8_192, 8))
    });
    gate.has_seen(1);
    let connection = server.connections().remove(0);
    // At most the flow limit, and the data on its way, is received ahead of the sink.
    let mut before = 0;
    while before != connection.bytes() {
        before = connection.bytes();
        thread::sleep(std::time::Duration::from_millis(100));
    }
    assert!(before < 1 << 20, "{before} bytes wait");
    assert_eq!(taken.load(SeqCst), 0);
    gate.open();
    client.join().unwrap().unwrap();
    assert_eq!(taken.load(SeqCst), 4_000_000);
    assert!(events.outcome().is_complete());
}

struct Counting(Gate, Arc<AtomicUsize>);

impl AsyncSink for Counting {
    async fn write(&mut self, data: &[u8]) -> Result<(), Refusal> {
        self.0.wait().await;
        self.1.fetch_add(data.len(), SeqCst);
        Ok(())
    }
}

/// A runtime that polls only when the test does.
type Runtime = Arc<Mutex<Vec<Task>>>;

fn with_runtime(
    handler: impl Fn(Request) -> Answer + Send + Sync + 'static,
) -> (tftp_serve::Builder, Runtime) {
    let runtime = Runtime::default();
    let tasks = Arc::clone(&runtime);
    let builder = local().read_only(false).handler(handler);
    (
        builder.spawner(move |task| tasks.lock().unwrap().push(task)),
        runtime,
    )
}

/// Polls all spawned tasks repeatedly until a client ends.
fn drive(runtime: &Runtime, ended: &Receiver<Result<Vec<u8>, Failed>>) -> Result<Vec<u8>, Failed> {
    let mut context = Context::from_waker(std::task::Waker::noop());
    loop {
        let mut tasks = std::mem::take(&mut *runtime.lock().unwrap());
        tasks.retain_mut(|task| task.as_mut().poll(&mut context).is_pending());
        runtime.lock().unwrap().append(&mut tasks);
        if let Ok(result) = ended.try_recv() {
            return result;
        }
        thread::yield_now();
    }
}

fn fetching(address: std::net::SocketAddr) -> Receiver<Result<Vec<u8>, Failed>> {
    let (ended, result) = channel();
    thread::spawn(move || {
        let mut client = Client::new(address);
        client.socket.set_read_timeout(Some(support::PATIENCE)).unwrap();
        ended.send(client.get("file", Options::NONE))
    });
    result
}

#[test]
fn a_runtime_of_the_application_polls_sources_and_one_that_ends_fails_them() {
    let (builder, runtime) = with_runtime(|_| Answer::stream(Pieces::of(&pattern(100_000)), None));
    let (builder, events) = Events::of(builder);
    let server = builder.start().unwrap();
    let result = fetching(server.local_addr());
    assert_eq!(drive(&runtime, &result), Ok(pattern(100_000)));
    assert!(events.outcome().is_complete());
    // A future that the server has dropped is finished for the runtime.
    let mut context = Context::from_waker(std::task::Waker::noop());
    runtime
        .lock()
        .unwrap()
        .retain_mut(|task| task.as_mut().poll(&mut context).is_pending());
    assert!(runtime.lock().unwrap().is_empty());
    let result = fetching(server.local_addr());
    while runtime.lock().unwrap().is_empty() {
        thread::yield_now();
    }
    runtime.lock().unwrap().clear();
    assert_eq!(result.recv().unwrap(), Err(refused(0, "Internal error")));
}

#[test]
fn a_server_closes_without_the_runtime_that_should_poll_its_sources() {
    let (told, dropped) = channel();
    let (builder, _runtime) = with_runtime(move |_| {
        Answer::async_source(Waiting {
            gate: Gate::default(),
            _told: Told(told.clone()),
        })
    });
    let (builder, events) = Events::of(builder);
    let server = builder.start().unwrap();
    let mut client = Client::new(server.local_addr());
    client.start(b"\0\x01file\0octet\0");
    while !matches!(events.next(), Event::Started { .. }) {}
    server.close();
    assert_eq!(dropped.try_recv(), Ok(()));
    assert!(matches!(events.outcome(), Outcome::Shutdown));
}

#[test]
fn an_answer_for_the_other_direction_is_refused() {
    let handler = |request: Request| match request.is_upload() {
        true => Answer::stream(Pieces::of(b"x"), None),
        false => Answer::async_sink(Limited(0, Refusal::not_found)),
    };
    let server = local().read_only(false).handler(handler).start().unwrap();
    let no = || refused(4, "Not available in this direction");
    assert_eq!(get(&server, "new"), Err(no()));
    assert_eq!(put(&server, "new", b"x"), Err(no()));
}
