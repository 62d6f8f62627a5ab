//! Callbacks that remove callbacks, interrupt or close: what is delivered then, and what waits.

use super::*;

/// Removes the callback of every event.
fn remove_all(server: &Server) {
    for event in events::FIRST..=events::LAST {
        server.register(event, None).unwrap();
    }
}

#[test]
fn what_an_interrupt_puts_back_does_not_wait_for_removed_callbacks() {
    let bench = Bench::new(&[2, 7, 8], |server, _| {
        remove_all(server);
        server.interrupt();
        0
    });
    bench.ask(ID, Operation::Read, true);
    bench.ask(ID + 1, Operation::Read, true);
    bench.ask(ID + 2, Operation::Write, false);
    bench.tell(EngineEvent::Data(DataRun {
        id: ID + 2,
        ..run_of(0, 512, &["ab"], None)
    }));
    bench.run();
    assert_eq!(bench.inbox.take(), ["1 admit", "2 admit"]);
    assert_eq!(bench.inbox.taken(), 1);
}

/// The I/O thread looks at the callbacks once for several events, and then creates some for a
/// callback that was removed meanwhile.
#[test]
fn what_comes_after_its_callback_was_removed_does_not_wait_for_it() {
    let bench = Bench::new(&[2, 7, 8], |_, _| 0);
    bench.ask(ID, Operation::Write, true);
    bench.run();
    assert_eq!(bench.inbox.take(), ["1 admit"]);
    remove_all(&bench.server);
    // Such requests are not queued at all without a callback, except where another one remains.
    bench
        .server
        .register(3, Some(Arc::new(|_: &mut Event<'_>| 0)))
        .unwrap();
    bench.started(ID, true);
    bench.tell(EngineEvent::Data(run_of(0, 512, &["ab"], None)));
    bench.ask(ID + 1, Operation::Read, true);
    bench.server.router.turn_ends(Default::default());
    let mut answers = bench.inbox.take();
    answers.sort();
    assert_eq!(answers, ["1 admit", "2 admit"]);
    assert_eq!(bench.inbox.taken(), 1);
}

#[test]
fn no_event_follows_after_a_callback_has_closed_the_server() {
    for closing in [1, 2, 7, 8] {
        let bench = Bench::all(move |server, event| {
            if event.id() == closing {
                server.release();
            }
            0
        });
        bench.ask(ID, Operation::Write, true);
        bench.started(ID, true);
        let mut data = run_of(0, 2, &["abcdef"], None);
        data.empty_block = true;
        bench.tell(EngineEvent::Data(data));
        bench.ended(Outcome::Complete);
        // 901 once it is closed.
        let _ = bench.server.do_events();
        let seen = std::mem::take(&mut *bench.seen.lock());
        let last = match closing {
            1 => "connected 0",
            2 => "request file 192.0.2.7 2",
            7 => "start upload",
            _ => "transfer 2 -1 ab",
        };
        assert_eq!(seen.last().map(String::as_str), Some(last), "{seen:?}");
    }
}
