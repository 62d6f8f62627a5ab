//! Models of the queue between the shards and DoEvents, of a server that ends, and of transfers
//! that the application ends: see `crates/tftp-sync`.

use std::sync::Arc;
use std::time::Duration;

use shuttle::sync::mpsc::{Receiver, channel};
use shuttle::thread;
use tftp_serve::inline::{Answer, DataRun, EngineEvent, EventSink, Instant, Reply};
use tftp_serve::{Operation, Outcome};

use super::Server;
use super::errors::NOT_A_HANDLE;
use super::events::{Accept, Callback, Event};
use super::queue::{Item, Queue};
use tftp_sync::{Mutex, check};

const LONG: Duration = Duration::from_secs(3600);

fn ended(id: i32) -> Item {
    Item::Decided(id)
}

/// Transfer data, which alone does not wake at once.
fn moved(id: i32) -> Item {
    Item::Event(EngineEvent::Data(DataRun {
        id,
        before: 0,
        length: 10,
        block: 512,
        slices: Vec::new(),
        total: None,
        empty_block: false,
        is_last: false,
        is_only_copy: false,
    }))
}

/// Ends turns of a shard until the queue needs no further reminder. The time advances by the delays
/// that it returns.
fn end_turns(queue: &Queue, now: &mut Instant) {
    while let Some(delay) = queue.announce_at(*now) {
        *now = *now + delay;
    }
}

/// Takes items until `count` have arrived, and checks that those of each shard, which numbers them,
/// are in order.
fn take_all(queue: &Queue, count: usize) {
    let (mut seen, mut last) = (0, [0; 3]);
    while seen < count {
        let mut batch = queue.take(LONG);
        while !queue.take_interrupt()
            && batch.deliver_next(|item| {
                let id = item.connection();
                let shard = (id / 100) as usize;
                assert!(id > last[shard], "{id} after {}", last[shard]);
                (last[shard], seen) = (id, seen + 1);
            })
        {}
    }
}

/// Every item pushed wakes a sleeping application and arrives once, in order; an interrupt loses
/// nothing.
#[test]
fn nothing_is_lost_between_shards_and_doevents() {
    check(|| {
        let queue = Arc::new(Queue::default());
        let shards = [100, 200].map(|first| {
            let queue = Arc::clone(&queue);
            thread::spawn(move || {
                let mut now = Instant::from_micros(1_000);
                queue.push(ended(first + 1));
                end_turns(&queue, &mut now);
                queue.push(moved(first + 2));
                queue.push(moved(first + 3));
                end_turns(&queue, &mut now);
            })
        });
        let interrupter = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || queue.interrupt())
        };
        take_all(&queue, 6);
        shards.into_iter().for_each(|shard| shard.join().unwrap());
        interrupter.join().unwrap();
        assert!(queue.has_room());
    });
}

/// An interrupt ends the waiting DoEvents, or the next one.
#[test]
fn no_interrupt_is_slept_over() {
    check(|| {
        let queue = Arc::new(Queue::default());
        let other = Arc::clone(&queue);
        let interrupter = thread::spawn(move || other.interrupt());
        while !queue.take_interrupt() {
            drop(queue.take(LONG));
        }
        interrupter.join().unwrap();
    });
}

/// When all threads are done, the descriptor is readable exactly if something waits, whenever it
/// was made.
#[test]
#[cfg(target_os = "linux")]
fn the_event_descriptor_matches_the_queue() {
    check(|| {
        let queue = Arc::new(Queue::default());
        let shard = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || {
                for id in [101, 102] {
                    queue.push(ended(id));
                    queue.announce();
                }
            })
        };
        let maker = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || queue.event_fd().unwrap())
        };
        drop_one(&queue);
        shard.join().unwrap();
        let descriptor = maker.join().unwrap();
        let left = queue.len();
        assert_eq!(is_readable(descriptor), left > 0, "{left} wait");
        queue.clear();
        assert!(!is_readable(descriptor));
    });
}

#[cfg(target_os = "linux")]
fn drop_one(queue: &Queue) {
    queue.take(Duration::ZERO).deliver_next(|_| {});
}

#[cfg(target_os = "linux")]
fn is_readable(descriptor: i32) -> bool {
    let info = std::fs::read_to_string(format!("/proc/self/fdinfo/{descriptor}")).unwrap();
    let count = info.lines().find_map(|line| line.strip_prefix("eventfd-count:"));
    count.expect("it is an eventfd").trim() != "0"
}

/// Close ends every DoEvents that waits or is about to, also those that wait for their turn.
/// Afterwards every call fails.
#[test]
fn close_ends_every_doevents() {
    check(|| {
        let server = Server::open();
        server.config("SelectWaitMillis=60000").unwrap();
        let deliverers = [1, 2].map(|_| {
            let server = Arc::clone(&server);
            thread::spawn(move || while let Ok(()) = server.do_events() {})
        });
        let interrupter = {
            let server = Arc::clone(&server);
            thread::spawn(move || {
                server.interrupt();
                server.stop_listening();
                server.shutdown();
            })
        };
        server.close();
        interrupter.join().unwrap();
        deliverers
            .into_iter()
            .for_each(|deliverer| deliverer.join().unwrap());
        assert_eq!(server.do_events().unwrap_err().code, NOT_A_HANDLE);
        assert_eq!(server.start_listening().unwrap_err().code, NOT_A_HANDLE);
    });
}

/// A release during DoEvents on two threads waits for neither. When all have returned, the closing
/// is finished, whichever thread had the turn.
#[test]
fn a_release_always_finishes() {
    check(|| {
        let server = Server::open();
        server.config("SelectWaitMillis=60000").unwrap();
        let deliverers = [1, 2].map(|_| {
            let server = Arc::clone(&server);
            thread::spawn(move || while let Ok(()) = server.do_events() {})
        });
        server.release();
        deliverers
            .into_iter()
            .for_each(|deliverer| deliverer.join().unwrap());
        assert_eq!(server.start_listening().unwrap_err().code, NOT_A_HANDLE);
    });
}

const ID: i32 = 1_000_001;

/// Plays the I/O thread of one held request: a transfer that is admitted is complete at once,
/// unless the application has ended it. Returns the outcome that it reports.
fn io_thread(server: &Server, reply: &Reply, answers: &Receiver<Answer>) -> Outcome {
    let (connection, held) = (reply.connection(), true);
    let reply = reply.clone();
    server.router.event(EngineEvent::Requested { reply, held });
    server.router.queue.announce();
    let outcome = match answers.recv().unwrap() {
        Answer::End(refusal) => Outcome::Refused(refusal),
        _ => match answers.try_recv() {
            Ok(Answer::End(refusal)) => Outcome::Refused(refusal),
            _ => Outcome::Complete,
        },
    };
    let reported = outcome.clone();
    server.router.event(EngineEvent::Ended {
        connection,
        outcome: reported,
    });
    server.router.queue.announce();
    outcome
}

/// The application ends a transfer at any moment after its ConnectionRequest has begun, whose
/// answer is `answer`; another thread accepts a request that was put off. Its end is reported once,
/// by Connected or by Disconnected, and as what the client sees.
fn an_abort_is_reported_once(answer: Accept) {
    let server = Server::open();
    server.config("SelectWaitMillis=60000").unwrap();
    let (sender, answers) = channel();
    let sender = Mutex::new(sender);
    let client = ([192, 0, 2, 7], 4000).into();
    let reply = Reply::detached(ID, client, None, "file", Operation::Read, move |answer| {
        // Fails once the I/O thread has reported the end, which nothing changes any more.
        let _ = sender.lock().send(answer);
    });
    let (begin, begun) = channel();
    let begin = Mutex::new(begin);
    let reports = Arc::new(Mutex::new(Vec::new()));
    let callback = {
        let reports = Arc::clone(&reports);
        move |event: &mut Event<'_>| {
            match event {
                Event::ConnectionRequest { accept, .. } => {
                    *accept = answer;
                    begin.lock().send(()).unwrap();
                }
                Event::Connected {
                    status_code,
                    description,
                    ..
                } => reports
                    .lock()
                    .push(("connected", *status_code, (*description).to_owned())),
                Event::Disconnected {
                    status_code,
                    description,
                    ..
                } => reports
                    .lock()
                    .push(("disconnected", *status_code, (*description).to_owned())),
                _ => {}
            }
            0
        }
    };
    let callback: Arc<dyn Callback> = Arc::new(callback);
    for event in [1, 2, 3] {
        server.register(event, Some(Arc::clone(&callback))).unwrap();
    }
    let io_thread = {
        let server = Arc::clone(&server);
        thread::spawn(move || io_thread(&server, &reply, &answers))
    };
    let application = {
        let server = Arc::clone(&server);
        thread::spawn(move || {
            begun.recv().unwrap();
            let accepter = Arc::clone(&server);
            // Fails if the request is not put off, or has ended.
            let accepter = thread::spawn(move || drop(accepter.accept(ID, true)));
            let aborted = server.abort(ID, 0, Some("tape ended"));
            accepter.join().unwrap();
            aborted.is_ok()
        })
    };
    let is_over = |reports: &[(&str, i32, String)]| {
        let ends = |(event, code, _): &(&str, i32, String)| *event == "disconnected" || *code != 0;
        reports.iter().any(ends)
    };
    while !is_over(&reports.lock()) {
        server.do_events().unwrap();
    }
    let outcome = io_thread.join().unwrap();
    let was_aborted = application.join().unwrap();
    server.interrupt();
    server.do_events().unwrap();
    assert_eq!(server.router.conns.count(), 0);
    let reports = reports.lock();
    let names: Vec<_> = reports.iter().map(|(event, ..)| *event).collect();
    let (_, code, text) = reports.last().unwrap();
    match outcome {
        Outcome::Refused(_) => {
            assert!(was_aborted);
            assert_eq!(*code, 10053);
            assert!(text.ends_with("tape ended"), "{text}");
            assert!(names == ["connected"] || (names.len() == 2 && reports[0].1 == 0));
        }
        _ => assert_eq!(reports.iter().map(|report| report.1).collect::<Vec<_>>(), [0, 0]),
    }
}

#[test]
fn an_abort_at_any_moment_is_reported_once() {
    check(|| an_abort_is_reported_once(Accept::Yes));
}

#[test]
fn an_abort_of_a_request_that_was_put_off_is_reported_once() {
    check(|| an_abort_is_reported_once(Accept::Later));
}
