//! Tests the events that the application receives, and the effect of its answers, without a socket.

use std::sync::Arc;

use super::super::events::{self, Callback};
use super::super::testing::{self, Inbox};
use super::super::value::Value;
use super::*;
use crate::class::Server;
use crate::class::property::ConnField;
use tftp_serve::Operation;
use tftp_serve::inline::EventSink;
use tftp_sync::Mutex;

mod answers;
mod data;
mod ends;

const ID: i32 = 1_000_001;

/// A server with an inbox in place of an engine, and a record of the events.
struct Bench {
    server: Arc<Server>,
    inbox: Arc<Inbox>,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Bench {
    /// Records these events; `answer` may change an event and is what the callback returns.
    fn new(
        events: &[i32],
        answer: impl Fn(&Server, &mut Event<'_>) -> i32 + Send + Sync + 'static,
    ) -> Bench {
        let bench = Bench {
            server: Server::open(),
            inbox: Inbox::new(),
            seen: Arc::default(),
        };
        bench.server.config("SelectWaitMillis=0").unwrap();
        let answer = Arc::new(answer);
        for &event in events {
            let (server, seen, answer) =
                (Arc::downgrade(&bench.server), bench.seen.clone(), answer.clone());
            let callback = move |event: &mut Event<'_>| {
                seen.lock().push(describe(event));
                answer(
                    &server.upgrade().expect("the server is there while it delivers"),
                    event,
                )
            };
            bench
                .server
                .register(event, Some(Arc::new(callback) as Arc<dyn Callback>))
                .unwrap();
        }
        bench
    }

    fn all(answer: impl Fn(&Server, &mut Event<'_>) -> i32 + Send + Sync + 'static) -> Bench {
        Bench::new(&[1, 2, 3, 4, 5, 6, 7, 8, 9], answer)
    }

    fn tell(&self, event: EngineEvent) {
        self.server.router.event(event);
    }

    fn ask(&self, id: i32, operation: Operation, held: bool) {
        let reply = testing::reply_to(&self.inbox, id, operation);
        self.tell(EngineEvent::Requested { reply, held });
    }

    /// Nothing was found if the connection is held.
    fn started(&self, id: i32, held: bool) {
        self.tell(EngineEvent::Started {
            connection: testing::connection(id),
            held,
            found: !held,
        });
    }

    fn ended(&self, outcome: Outcome) {
        let connection = testing::connection(ID);
        self.tell(EngineEvent::Ended { connection, outcome });
    }

    /// Calls DoEvents once and returns what it delivered.
    fn run(&self) -> Vec<String> {
        self.server.do_events().unwrap();
        std::mem::take(&mut self.seen.lock())
    }
}

fn describe(event: &Event<'_>) -> String {
    match event {
        Event::Connected { status_code, .. } => format!("connected {status_code}"),
        Event::ConnectionRequest {
            filename,
            remote_host,
            operation,
            ..
        } => {
            format!("request {filename} {remote_host} {operation}")
        }
        Event::Disconnected { status_code, .. } => format!("disconnected {status_code}"),
        Event::EndTransfer { direction, .. } => format!("end {direction}"),
        Event::Error {
            error_code,
            connection_id,
            ..
        } => format!("error {error_code} {connection_id}"),
        Event::Log {
            message, log_type, ..
        } => format!("log {log_type} {message}"),
        Event::StartTransfer { direction, .. } => format!("start {direction}"),
        Event::DataWanted { offset, length, .. } => format!("wanted {offset} {length}"),
        Event::Transfer {
            bytes_transferred,
            percent_done,
            text,
            ..
        } => {
            format!(
                "transfer {bytes_transferred} {percent_done} {}",
                String::from_utf8_lossy(text)
            )
        }
    }
}

fn run_of(before: u64, block: u32, slices: &[&str], total: Option<u64>) -> DataRun {
    // Each slice lies in the middle of its buffer.
    let slices: Vec<_> = slices
        .iter()
        .map(|text| (Bytes::new(format!("<{text}>").into_bytes()), 1..text.len() + 1))
        .collect();
    let length = slices.iter().map(|(_, range)| range.len() as u64).sum();
    DataRun {
        id: ID,
        before,
        length,
        block,
        slices,
        total,
        empty_block: false,
        is_last: false,
        is_only_copy: false,
    }
}

#[test]
fn a_whole_download_in_order() {
    let bench = Bench::all(|_, _| 0);
    bench.ask(ID, Operation::Read, true);
    assert_eq!(bench.run(), ["request file 192.0.2.7 1", "connected 0"]);
    assert_eq!(bench.inbox.take(), ["1 admit"]);
    bench.started(ID, true);
    assert_eq!(bench.run(), ["start download"]);
    assert_eq!(bench.inbox.take(), ["1 admit"]);
    bench.tell(EngineEvent::Data(run_of(0, 4, &["abcdef", "gh", "i"], Some(9))));
    bench.ended(Outcome::Complete);
    assert_eq!(
        bench.run(),
        [
            "transfer 4 44 abcd",
            "transfer 8 88 efgh",
            "transfer 9 100 i",
            "end download",
            "disconnected 0"
        ]
    );
    assert_eq!(bench.server.router.conns.count(), 0);
}

#[test]
fn records_come_and_go_only_inside_do_events() {
    let bench = Bench::new(&[1, 3], |server, _| {
        assert_eq!(server.get(1, 0).unwrap(), Value::Integer(1));
        0
    });
    bench.ask(ID, Operation::Read, true);
    assert_eq!(bench.server.get(1, 0).unwrap(), Value::Integer(0));
    bench.run();
    assert_eq!(bench.server.get(1, 0).unwrap(), Value::Integer(1));
    bench.ended(Outcome::Complete);
    assert_eq!(bench.server.get(1, 0).unwrap(), Value::Integer(1));
    assert_eq!(bench.run(), ["disconnected 0"]);
    assert_eq!(bench.server.get(1, 0).unwrap(), Value::Integer(0));
}

#[test]
fn an_application_without_callbacks_accumulates_nothing_and_still_sees_connections() {
    let bench = Bench::new(&[], |_, _| 0);
    assert!(!bench.server.router.interests().follows_connections());
    assert_eq!(bench.server.get(1, 0).unwrap(), Value::Integer(0));
    assert!(
        bench.server.router.interests().follows_connections(),
        "it looks at the Conn arrays"
    );
    bench.ask(ID, Operation::Read, false);
    bench.ask(ID + 1, Operation::Read, false);
    bench.ended(Outcome::Complete);
    bench.run();
    assert_eq!(bench.server.get(2, 0).unwrap(), Value::Text("1000002".into()));
    assert_eq!(bench.server.get(1, 0).unwrap(), Value::Integer(1));
}

#[test]
fn connections_waiting_for_a_callback_resume_when_it_is_unregistered() {
    let bench = Bench::all(|_, _| 0);
    bench.ask(ID, Operation::Read, true);
    bench.ask(ID + 1, Operation::Read, true);
    bench.started(ID + 1, true);
    let mut run = run_of(0, 2, &["ab"], None);
    run.id = ID + 1;
    bench.tell(EngineEvent::Data(run));
    bench.server.register(2, None).unwrap();
    assert!(bench.inbox.take().is_empty(), "Connected is still registered");
    bench.server.register(1, None).unwrap();
    assert_eq!(bench.inbox.take(), ["1 admit", "2 admit"]);
    bench.server.register(7, None).unwrap();
    assert_eq!(bench.inbox.take(), ["2 admit"]);
    bench.server.register(8, None).unwrap();
    assert_eq!(bench.run(), Vec::<String>::new());
    assert!(bench.inbox.take().is_empty());
}

#[test]
fn errors_and_logs_need_no_connection() {
    let bench = Bench::new(&[5, 6], |_, _| 7);
    bench.tell(EngineEvent::Failed {
        connection: testing::connection(0),
        outcome: Outcome::Name,
    });
    bench.tell(EngineEvent::Log {
        id: 0,
        level: LogLevel::Info,
        kind: LogKind::Error,
        message: "it went wrong".into(),
    });
    assert_eq!(bench.run(), ["error 434 0", "log Error it went wrong"]);
}

#[test]
fn an_interrupt_leaves_the_rest_for_the_next_time() {
    let bench = Bench::new(&[5], |server, event| {
        if let Event::Error {
            connection_id: 1, ..
        } = event
        {
            server.interrupt();
        }
        0
    });
    for id in 1..=3 {
        bench.tell(EngineEvent::Failed {
            connection: testing::connection(id),
            outcome: Outcome::Name,
        });
    }
    assert_eq!(bench.run(), ["error 434 1"]);
    assert_eq!(bench.run(), ["error 434 2", "error 434 3"]);
}

#[test]
fn events_during_a_delivery_wait_for_the_next() {
    let bench = Bench::new(&[6], |server, event| {
        if let Event::Log { message: "one", .. } = event {
            server.router.log("two".to_owned());
        }
        0
    });
    bench.server.router.log("one".to_owned());
    assert_eq!(bench.run(), ["log Info one"]);
    assert_eq!(bench.run(), ["log Info two"]);
}

#[test]
fn callbacks_may_call_everything_but_close_and_do_events() {
    let bench = Bench::new(&[1], |server, _| {
        server.register(1, None).unwrap();
        server.set(17, 0, Value::Integer(5)).unwrap();
        server.disconnect(0).unwrap();
        server.stop_listening();
        server.shutdown();
        server.reset();
        server.interrupt();
        0
    });
    bench.ask(ID, Operation::Read, true);
    bench.ask(ID + 1, Operation::Read, true);
    assert_eq!(bench.run(), ["connected 0"]);
    let answers = bench.inbox.take();
    // The second waits no longer for a callback that is gone.
    assert_eq!(answers, ["1 end Disconnect", "1 admit", "2 admit"]);
    bench.run();
    assert!(bench.inbox.take().is_empty());
}

#[test]
fn threads_take_turns() {
    let bench = Arc::new(Bench::new(&[6], |_, _| 0));
    (0..500).for_each(|number| bench.server.router.log(number.to_string()));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| bench.server.do_events().unwrap());
        }
    });
    let expected: Vec<String> = (0..500).map(|number| format!("log Info {number}")).collect();
    assert_eq!(*bench.seen.lock(), expected);
}

#[test]
fn every_event_has_its_number() {
    assert_eq!((events::FIRST, events::LAST), (1, 9));
    let bench = Bench::new(&[], |_, _| 0);
    for event in [0, 10, -1, i32::MAX, i32::MIN] {
        assert_eq!(bench.server.register(event, None).unwrap_err().code, 905);
    }
}
