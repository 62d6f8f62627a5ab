//! The Transfer events: blocks, percentages, holds, and uploads that only the application receives.

use super::*;

#[test]
fn empty_blocks() {
    let bench = Bench::new(&[8], |_, _| 0);
    bench.ask(ID, Operation::Read, false);
    let mut empty = run_of(0, 512, &[], Some(0));
    empty.empty_block = true;
    bench.tell(EngineEvent::Data(empty));
    assert_eq!(bench.run(), ["transfer 0 100 "]);
    let mut multiple = run_of(2, 2, &["ab"], Some(4));
    multiple.empty_block = true;
    bench.tell(EngineEvent::Data(multiple));
    assert_eq!(bench.run(), ["transfer 4 100 ab", "transfer 4 100 "]);
}

#[test]
fn beyond_four_gigabytes() {
    let bench = Bench::new(&[8], |_, _| 0);
    bench.ask(ID, Operation::Read, false);
    bench.tell(EngineEvent::Data(run_of(1 << 40, 4, &["ab"], Some(1 << 41))));
    assert_eq!(bench.run(), [format!("transfer {} 50 ab", (1u64 << 40) + 2)]);
}

/// Returns data of an upload that no file takes.
fn only_copy(text: &str) -> EngineEvent {
    EngineEvent::Data(DataRun {
        is_only_copy: true,
        ..run_of(0, 512, &[text], None)
    })
}

#[test]
fn an_upload_whose_only_taker_is_unregistered_fails() {
    // While its data waits in the queue.
    let bench = Bench::new(&[3, 8], |_, _| 0);
    bench.ask(ID, Operation::Write, false);
    bench.tell(only_copy("ab"));
    bench.server.register(8, None).unwrap();
    assert_eq!(bench.inbox.take(), ["1 end NoPlace"]);
    bench.ended(Outcome::NoSource);
    assert_eq!(bench.run().len(), 1, "only Disconnected");
    // While it is being delivered.
    let bench = Bench::new(&[3, 8], |server, event| {
        server
            .register(event.id(), None)
            .map_or_else(|failure| failure.code, |()| 0)
    });
    bench.ask(ID, Operation::Write, false);
    bench.tell(only_copy("ab"));
    bench.tell(only_copy("cd"));
    bench.server.do_events().unwrap();
    assert_eq!(bench.inbox.take(), ["1 end NoPlace"]);
}

#[test]
fn an_upload_of_an_unobserved_connection_fails_where_no_file_takes_it() {
    let bench = Bench::new(&[], |_, _| 0);
    bench.ask(ID, Operation::Write, false);
    bench.tell(only_copy("ab"));
    assert_eq!(bench.inbox.take(), ["1 end NoPlace"]);
}

#[test]
fn blocks_of_a_file_go_on_without_their_callback() {
    let bench = Bench::new(&[3, 8], |_, _| 0);
    bench.ask(ID, Operation::Write, false);
    bench.tell(EngineEvent::Data(run_of(0, 512, &["ab"], None)));
    bench.server.register(8, None).unwrap();
    assert!(bench.inbox.take().is_empty());
}

#[test]
fn data_delivered_during_a_hold_is_taken_at_its_end() {
    let bench = Bench::new(&[8], |server, event| match event {
        Event::Transfer { connection_id, .. } => {
            server.hold(*connection_id, true).map_or(1, |()| 0)
        }
        _ => 0,
    });
    bench.ask(ID, Operation::Write, false);
    for text in ["ab", "cd"] {
        bench.tell(EngineEvent::Data(run_of(0, 512, &[text], None)));
    }
    assert_eq!(bench.run().len(), 2);
    assert_eq!(bench.inbox.taken(), 0, "delivered and not taken");
    bench.server.hold(ID, false).unwrap();
    assert_eq!(bench.inbox.taken(), 1);
    assert_eq!(bench.server.hold(ID + 1, true).unwrap_err().code, 903);
}

#[test]
fn a_size_that_was_announced_as_0_is_no_size() {
    let bench = Bench::all(|_, _| 0);
    bench.ask(ID, Operation::Write, false);
    bench.run();
    bench.tell(EngineEvent::Data(run_of(0, 4, &["ab"], Some(0))));
    assert_eq!(bench.run(), ["transfer 2 -1 ab"]);
}

/// The last block of an upload may be empty. Its run is taken when the callback is removed, and not
/// again when it is delivered.
#[test]
fn data_whose_callback_is_removed_is_taken_once() {
    for text in ["ab", ""] {
        let bench = Bench::new(&[3, 8], |_, _| 0);
        bench.ask(ID, Operation::Write, false);
        bench.run();
        bench.tell(EngineEvent::Data(run_of(0, 512, &[text], None)));
        bench.server.register(8, None).unwrap();
        assert_eq!(bench.inbox.taken(), 1, "{text:?}");
        bench.run();
        assert_eq!(bench.inbox.taken(), 1, "{text:?}");
    }
}
