//! Handlers: the request that they get, their answers, at once and later, and missing answers.

mod support;

use std::future::Future;
use std::pin::Pin;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use support::{Client, Events, Options, get, local, pattern, put, refused};
use tftp_serve::{Answer, Deferred, ErrorCode, Event, Outcome, Refusal, Request};

#[test]
fn a_request_has_all_its_fields() {
    let (seen, requests) = channel();
    let handler = move |request: Request| {
        seen.send(request).unwrap();
        Answer::refuse(Refusal::access_denied())
    };
    let server = local().read_only(false).handler(handler).start().unwrap();
    let mut client = Client::new(server.local_addr());
    client.start(b"\0\x02../a b\0netascii\0tsize\x0077\0blksize\x001024\0odd\x001\0");
    assert_eq!(client.receive(), Err(refused(2, "Access denied")));
    let request = requests.recv().unwrap();
    assert_eq!((request.name(), request.is_upload()), ("../a b", true));
    assert_eq!(request.mode(), tftp_serve::Mode::Netascii);
    assert_eq!(request.client(), client.socket.local_addr().unwrap());
    assert_eq!(request.local_ip(), Some("127.0.0.1".parse().unwrap()));
    assert_eq!(request.announced_size(), Some(77));
    assert_eq!(
        (request.option("BlkSize"), request.option("windowsize")),
        (Some(1024), None)
    );
    assert_eq!(request.options().count(), 2);
}

#[test]
fn each_kind_of_answer_is_served() {
    let root = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(root.path().join("plain"), "from the root").unwrap();
    std::fs::write(root.path().join("other"), "another name").unwrap();
    let path = outside.path().join("file");
    std::fs::write(&path, "any path").unwrap();
    let shared = Arc::new(pattern(100_000));
    let handler = move |request: Request| match request.name() {
        "alias" => Answer::name("other"),
        "escape" => Answer::name("../file"),
        "path" => Answer::path(&path),
        "text" => Answer::bytes(format!("for {}", request.client().ip())),
        "empty" => Answer::bytes(""),
        "shared" => Answer::bytes(Arc::clone(&shared)),
        "denied" => Answer::refuse(Refusal::new(ErrorCode::NO_USER, "Nobody of that name")),
        "sink" => Answer::writer(std::io::sink()),
        _ => Answer::root(),
    };
    let server = local().root(root.path()).handler(handler).start().unwrap();
    assert_eq!(get(&server, "plain"), Ok(b"from the root".to_vec()));
    assert_eq!(get(&server, "alias"), Ok(b"another name".to_vec()));
    assert!(get(&server, "escape").is_err());
    assert_eq!(get(&server, "path"), Ok(b"any path".to_vec()));
    assert_eq!(get(&server, "text"), Ok(b"for 127.0.0.1".to_vec()));
    assert_eq!(get(&server, "empty"), Ok(Vec::new()));
    assert_eq!(get(&server, "shared"), Ok(pattern(100_000)));
    assert_eq!(get(&server, "denied"), Err(refused(7, "Nobody of that name")));
    assert_eq!(
        get(&server, "sink"),
        Err(refused(4, "Not available in this direction"))
    );
}

#[test]
fn bytes_store_no_upload() {
    let root = tempfile::tempdir().unwrap();
    let handler = |_: Request| Answer::bytes("not for uploads");
    let server = local()
        .root(root.path())
        .read_only(false)
        .handler(handler)
        .start()
        .unwrap();
    let put = Client::new(server.local_addr()).put("new", b"x", Options::NONE);
    assert_eq!(put, Err(refused(4, "Not available in this direction")));
    assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 0);
}

#[test]
fn errors_of_the_system_become_errors_of_the_protocol() {
    let handler = |request: Request| -> Result<Answer, Refusal> {
        let text = std::fs::read(format!("/nowhere/{}", request.name()))?;
        Ok(Answer::bytes(text))
    };
    let server = local().handler(handler).start().unwrap();
    assert_eq!(get(&server, "a"), Err(refused(1, "File not found")));
}

#[test]
fn a_deferred_answer_may_come_from_any_thread() {
    let (queue, waiting) = channel::<Deferred>();
    let handler = move |request: Request| {
        queue.send(request.defer()).unwrap();
        Answer::later()
    };
    let server = local().handler(handler).start().unwrap();
    let answering = thread::spawn(move || {
        let deferred = waiting.recv().unwrap();
        let name = deferred.request().name().to_owned();
        assert!(deferred.answer(Answer::bytes(format!("late {name}"))));
        drop(waiting.recv().unwrap());
        let deferred = waiting.recv().unwrap();
        deferred.request().connection().end(Refusal::access_denied());
        deferred
    });
    assert_eq!(get(&server, "a"), Ok(b"late a".to_vec()));
    let unanswered = "The server's application did not answer";
    assert_eq!(get(&server, "b"), Err(refused(0, unanswered)), "dropped");
    assert_eq!(get(&server, "c"), Err(refused(2, "Access denied")));
    let deferred = answering.join().unwrap();
    assert!(server.wait_idle(Some(support::PATIENCE)));
    assert!(!deferred.answer(Answer::root()), "its client has its answer");
}

#[test]
fn later_without_a_deferred_refuses() {
    let server = local().handler(|_: Request| Answer::later()).start().unwrap();
    let unanswered = "The server's application did not answer";
    assert_eq!(get(&server, "a"), Err(refused(0, unanswered)));
}

#[test]
fn a_missing_answer_ends_by_the_inactivity_timeout() {
    let kept = Arc::new(Mutex::new(Vec::new()));
    let keeping = Arc::clone(&kept);
    let handler = move |request: Request| {
        keeping.lock().unwrap().push(request.defer());
        Answer::later()
    };
    let limit = Some(Duration::from_millis(50));
    let (builder, events) = Events::of(local().handler(handler).inactivity_timeout(limit));
    let server = builder.start().unwrap();
    let unanswered = "The server's application did not answer";
    assert_eq!(get(&server, "a"), Err(refused(0, unanswered)));
    assert!(matches!(events.outcome(), Outcome::Unanswered));
    assert!(!kept.lock().unwrap().pop().unwrap().answer(Answer::root()));
}

#[test]
fn a_panic_refuses_and_ends_nothing_else() {
    let handler = |request: Request| match request.name() {
        "bad" => panic!("a fault of the handler"),
        name => Answer::bytes(name.to_owned()),
    };
    let server = local().handler(handler).handler_threads(1).start().unwrap();
    assert_eq!(get(&server, "bad"), Err(refused(0, "Internal error")));
    assert_eq!(get(&server, "good"), Ok(b"good".to_vec()));
}

#[test]
fn the_end_is_reported_after_the_handler_has_returned() {
    let (told, order) = channel();
    let events = told.clone();
    let (client_gone, wait) = channel::<()>();
    let wait = Mutex::new(wait);
    let handler = move |_: Request| {
        wait.lock().unwrap().recv().unwrap();
        told.send("answered").unwrap();
        Answer::bytes("x")
    };
    let server = local()
        .handler(handler)
        .inactivity_timeout(Some(Duration::from_millis(20)))
        .on_event(move |event| {
            if matches!(event, Event::Ended { .. }) {
                events.send("ended").unwrap();
            }
        })
        .start()
        .unwrap();
    assert!(get(&server, "a").is_err(), "the handler takes too long");
    client_gone.send(()).unwrap();
    assert_eq!(order.recv_timeout(support::PATIENCE), Ok("answered"));
    assert_eq!(order.recv_timeout(support::PATIENCE), Ok("ended"));
}

/// A gate for futures, which another thread opens.
#[derive(Clone, Default)]
struct Gate(Arc<Mutex<(bool, Vec<Waker>)>>);

impl Gate {
    fn open(&self) {
        let mut state = self.0.lock().unwrap();
        state.0 = true;
        state.1.drain(..).for_each(Waker::wake);
    }
}

impl Future for Gate {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.0.lock().unwrap();
        match state.0 {
            true => Poll::Ready(()),
            false => {
                state.1.push(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

#[test]
fn futures_need_no_runtime() {
    let gate = Gate::default();
    let waiting = gate.clone();
    let handler = move |request: Request| {
        let gate = waiting.clone();
        async move {
            match request.name() {
                "now" => {}
                "bad" => panic!("a fault of the handler"),
                _ => gate.await,
            }
            Answer::bytes(request.name().to_owned())
        }
    };
    let server = local().async_handler(handler).handler_threads(1).start().unwrap();
    let clients: Vec<_> = (0..8)
        .map(|number| {
            let address = server.local_addr();
            thread::spawn(move || {
                Client::new(address).get(&format!("later {number}"), Options::NONE)
            })
        })
        .collect();
    // One thread is enough: pending futures delay no other request.
    assert_eq!(get(&server, "now"), Ok(b"now".to_vec()));
    let unanswered = "The server's application did not answer";
    assert_eq!(get(&server, "bad"), Err(refused(0, unanswered)));
    gate.open();
    for (number, client) in clients.into_iter().enumerate() {
        let got = client.join().unwrap();
        assert_eq!(got, Ok(format!("later {number}").into_bytes()));
    }
}

#[test]
fn a_spawner_runs_the_futures() {
    let (tasks, queue) = channel();
    let server = local()
        .async_handler(|request: Request| async move { Answer::bytes(request.name().to_owned()) })
        .spawner(move |task| tasks.send(task).unwrap())
        .start()
        .unwrap();
    thread::spawn(move || {
        for mut task in queue {
            let waker = Waker::noop();
            assert!(task.as_mut().poll(&mut Context::from_waker(waker)).is_ready());
        }
    });
    assert_eq!(get(&server, "a"), Ok(b"a".to_vec()));
}

#[test]
fn a_server_may_be_dropped_while_requests_wait() {
    let (queue, waiting) = channel::<Deferred>();
    let handler = move |request: Request| {
        queue.send(request.defer()).unwrap();
        Answer::later()
    };
    let (builder, events) = Events::of(local().handler(handler));
    let server = builder.start().unwrap();
    let mut client = Client::new(server.local_addr());
    client.start(b"\0\x01a\0octet\0");
    let deferred = waiting.recv().unwrap();
    drop(server);
    assert!(client.receive().is_err());
    assert!(!deferred.answer(Answer::root()));
    let ended = events
        .rest()
        .into_iter()
        .filter(|event| matches!(event, Event::Ended { .. }));
    assert_eq!(ended.count(), 1);
}

#[test]
fn uploads_reach_the_handler_only_where_they_are_allowed() {
    let handler = |_: Request| panic!("not asked");
    let handler = move |request: Request| -> Answer { handler(request) };
    let server = local().handler(handler).start().unwrap();
    let put = put(&server, "new", b"x");
    assert_eq!(put, Err(refused(2, "Uploads are not allowed")));
}
