//! Everything at once, on several I/O threads: handlers that answer in every way, sources and sinks
//! that fail and panic, also when they are dropped, transfers that the application ends, clients
//! that leave. Each transfer ends soon, what is received is whole, and each connection is reported
//! once.
//!
//! The seed is printed; `TFTP_SEED=<seed>` makes the same requests again. Their order in time
//! differs from run to run.

mod support;

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use support::{Events, Failed, Failing, Left, PATIENCE, PanicsWhenDropped};
use support::{local, options, patient, pattern, random};
use tftp_serve::{Answer, AsyncSink, Event, Refusal, Request, Server, Sink};
use tftp_sim::Rng;

const LENGTH: usize = 30_000;
const CLIENTS: u64 = 16;
const REQUESTS: u64 = 120;

/// Defines the kinds, and lists them in `KINDS`.
macro_rules! kinds {
    ($($(#[$note:meta])* $kind:ident,)*) => {
        /// The server's behaviour for a request, which the request's name selects.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        enum Kind {
            $($(#[$note])* $kind,)*
        }

        const KINDS: &[Kind] = &[$(Kind::$kind),*];
    };
}

kinds! {
    Bytes,
    Reader,
    Shared,
    Async,
    Later,
    /// The application may end it at any time.
    Victim,
    Failing,
    FailingShared,
    FailingAsync,
    Panicking,
    Refused,
    /// The handler drops the request that it has put off.
    Forgotten,
}

impl Kind {
    fn of(name: &str) -> Kind {
        let word = name.split('-').next().unwrap_or_default();
        let kind = KINDS.iter().find(|kind| format!("{kind:?}") == word);
        *kind.expect("a name that this test made")
    }

    /// Whether a client that reads or writes to the end must succeed; `None`: it may.
    fn succeeds(self) -> Option<bool> {
        match self {
            Kind::Bytes | Kind::Reader | Kind::Shared | Kind::Async | Kind::Later => Some(true),
            Kind::Victim | Kind::Failing | Kind::FailingShared | Kind::FailingAsync => None,
            Kind::Panicking | Kind::Refused | Kind::Forgotten => Some(false),
        }
    }
}

/// A sink that fails in one of its calls, and may panic when it is dropped.
struct Upload {
    name: String,
    received: Vec<u8>,
    /// The number of the call that fails, counted from 1.
    fails_in: u64,
    uploads: Uploads,
    _end: PanicsWhenDropped,
}

/// The complete uploads, by name.
type Uploads = Arc<Mutex<BTreeMap<String, Vec<u8>>>>;

impl Upload {
    fn take(&mut self, data: &[u8]) -> Result<(), Refusal> {
        self.fails_in = self.fails_in.saturating_sub(1);
        if self.fails_in == 0 {
            return Err(io::Error::other("broken").into());
        }
        self.received.extend_from_slice(data);
        Ok(())
    }

    fn complete(&mut self) -> Result<(), Refusal> {
        let received = std::mem::take(&mut self.received);
        self.uploads.lock().unwrap().insert(self.name.clone(), received);
        Ok(())
    }
}

impl Sink for Upload {
    fn write(&mut self, data: &[u8]) -> Result<(), Refusal> {
        self.take(data)
    }

    fn finish(&mut self) -> Result<(), Refusal> {
        self.complete()
    }
}

impl AsyncSink for Upload {
    async fn write(&mut self, data: &[u8]) -> Result<(), Refusal> {
        self.take(data)
    }

    async fn finish(&mut self) -> Result<(), Refusal> {
        self.complete()
    }
}

/// The application: its answers, and what it has received.
#[derive(Clone)]
struct Application {
    content: Arc<Vec<u8>>,
    uploads: Uploads,
    random: Arc<Mutex<Rng>>,
}

impl Application {
    fn answer(&self, request: &Request) -> Answer {
        let kind = Kind::of(request.name());
        match kind {
            Kind::Refused => return Answer::refuse(Refusal::access_denied()),
            Kind::Panicking => panic!("on purpose"),
            Kind::Forgotten => {
                drop(request.defer());
                return Answer::later();
            }
            Kind::Later => {
                let (application, deferred) = (self.clone(), request.defer());
                let pause = Duration::from_micros(self.random(3_000));
                thread::spawn(move || {
                    thread::sleep(pause);
                    let answer = application.endpoint(&deferred.request(), Kind::Later);
                    deferred.answer(answer);
                });
                return Answer::later();
            }
            _ => {}
        }
        self.endpoint(request, kind)
    }

    fn endpoint(&self, request: &Request, kind: Kind) -> Answer {
        let key = match kind {
            Kind::Shared | Kind::FailingShared => Some(Arc::from(request.name())),
            _ => None,
        };
        let fails_in = match kind {
            Kind::Failing | Kind::FailingShared | Kind::FailingAsync => 1 + self.random(6),
            _ => u64::MAX,
        };
        let end = || PanicsWhenDropped(fails_in < u64::MAX && self.random(2) == 0);
        let is_async = matches!(kind, Kind::Async | Kind::FailingAsync) || self.random(4) == 0;
        if request.is_upload() {
            let upload = Upload {
                name: request.name().to_owned(),
                received: Vec::new(),
                fails_in,
                uploads: Arc::clone(&self.uploads),
                _end: end(),
            };
            return match is_async {
                true => Answer::async_sink(upload),
                false => Answer::sink(upload),
            };
        }
        let source = Failing {
            content: Arc::clone(&self.content),
            key,
            fails_in,
            panics: false,
            most: 7_001,
            end: end(),
        };
        match kind {
            Kind::Bytes => Answer::bytes(Arc::clone(&self.content)),
            Kind::Reader => {
                let content = io::Cursor::new(self.content.to_vec());
                Answer::reader(content, Some(LENGTH as u64))
            }
            _ if is_async => Answer::async_source(source),
            _ => Answer::source(source),
        }
    }

    fn random(&self, bound: u64) -> u64 {
        self.random.lock().unwrap().below(bound)
    }
}

/// Makes requests until it has made all of them; returns how many succeeded.
fn client(address: SocketAddr, number: u64, mut random: Rng, application: &Application) -> u64 {
    let (mut complete, mut left) = (0, Left::default());
    for turn in 0..REQUESTS {
        // The same kind and name for the clients of one number: shared sources.
        let kind = Rng(number << 32 | turn).pick(KINDS);
        let name = format!("{kind:?}-{number}-{turn}");
        let options = options(&mut random);
        let mut client = patient(address);
        let is_upload = random.below(3) == 0;
        if random.below(6) == 0 {
            left.begin(client, &name, is_upload, random.below(20) as u16);
            continue;
        }
        let done = match is_upload {
            true => client.put(&name, &application.content, options),
            false => client
                .get(&name, options)
                .map(|bytes| assert!(bytes == *application.content, "{name}")),
        };
        if let Err(Failed::Silence) = done {
            panic!("{name} is left waiting");
        }
        if let Some(succeeds) = kind.succeeds() {
            assert_eq!(done.is_ok(), succeeds, "{name}: {done:?}");
        }
        if done.is_ok() {
            complete += 1;
        }
        if done.is_ok() && is_upload {
            let uploads = application.uploads.lock().unwrap();
            assert!(uploads.get(&name) == Some(&application.content), "{name}");
        }
    }
    complete
}

/// Ends victims until `is_over`.
fn end_victims(server: &Server, is_over: &AtomicBool) {
    while !is_over.load(SeqCst) {
        for connection in server.connections() {
            if Kind::of(connection.name()) == Kind::Victim {
                connection.end(Refusal::access_denied());
            }
        }
        thread::sleep(Duration::from_millis(1));
    }
}

fn check_events(events: &[Event]) {
    let mut connections = BTreeMap::new();
    for event in events {
        match event {
            Event::Requested { connection } => {
                let before = connections.insert(connection.id(), "requested");
                assert!(before.is_none_or(|state| state == "ended"), "{event:?}");
            }
            Event::Started { connection } => {
                let before = connections.insert(connection.id(), "started");
                assert_eq!(before, Some("requested"), "{event:?}");
            }
            Event::Ended { connection, .. } => {
                let before = connections.insert(connection.id(), "ended");
                assert!(matches!(before, Some("requested" | "started")), "{event:?}");
            }
            _ => {}
        }
    }
    assert!(connections.values().all(|state| *state == "ended"));
}

#[test]
fn everything_at_once_ends_soon_and_whole() {
    let random = random();
    let application = Application {
        content: Arc::new(pattern(LENGTH)),
        uploads: Arc::default(),
        random: Arc::new(Mutex::new(random.clone())),
    };
    let answering = application.clone();
    let builder = local()
        .io_threads(4)
        .read_only(false)
        .handler(move |request: Request| answering.answer(&request))
        // Clients that leave without a word are given up soon.
        .retransmit_timeout(Duration::from_secs(1))
        .max_retransmits(10);
    let (builder, events) = Events::of(builder);
    let server = Arc::new(builder.start().unwrap());
    let is_over = AtomicBool::new(false);
    let address = server.local_addr();
    let complete: u64 = thread::scope(|scope| {
        scope.spawn(|| end_victims(&server, &is_over));
        let clients: Vec<_> = (0..CLIENTS)
            .map(|number| {
                let (random, application) = (random.part(number), &application);
                // Four clients use the same names.
                scope.spawn(move || client(address, number / 4, random, application))
            })
            .collect();
        let results: Vec<_> = clients.into_iter().map(|client| client.join()).collect();
        is_over.store(true, SeqCst);
        results.into_iter().map(|result| result.unwrap()).sum()
    });
    assert!(complete > CLIENTS * REQUESTS / 4, "{complete}");
    assert!(server.wait_idle(Some(PATIENCE)), "{:?}", server.connections());
    server.shutdown();
    server.close();
    check_events(&events.rest());
}
