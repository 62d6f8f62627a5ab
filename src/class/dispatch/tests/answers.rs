//! The answers of callbacks, at once or deferred, and their effect on a connection.

use super::*;

/// Returns a bench whose ConnectionRequest is put off.
fn putting_off() -> Bench {
    Bench::all(|_, event| {
        if let Event::ConnectionRequest { accept, .. } = event {
            *accept = Accept::Later;
        }
        0
    })
}

#[test]
fn a_deferred_answer_is_delivered_with_the_next_events() {
    let bench = putting_off();
    bench.ask(ID, Operation::Read, true);
    assert_eq!(bench.run(), ["request file 192.0.2.7 1"]);
    bench.server.accept(ID, true).unwrap();
    assert_eq!(bench.inbox.take(), Vec::<String>::new());
    assert_eq!(bench.run(), ["connected 0"]);
    assert_eq!(bench.inbox.take(), ["1 admit"]);
    assert_eq!(bench.server.accept(ID, true).unwrap_err().code, 130);
}

#[test]
fn only_held_requests_can_be_deferred() {
    let bench = putting_off();
    bench.ask(ID, Operation::Read, false);
    assert_eq!(bench.run(), ["request file 192.0.2.7 1", "connected 0"]);
    assert_eq!(bench.inbox.take(), Vec::<String>::new());
    assert_eq!(bench.server.accept(ID, false).unwrap_err().code, 130);
}

#[test]
fn an_answer_after_the_end_is_not_reported() {
    let bench = putting_off();
    bench.ask(ID, Operation::Read, true);
    bench.run();
    bench.ended(Outcome::Unanswered);
    bench.server.accept(ID, true).unwrap();
    assert_eq!(bench.run(), ["connected 301"]);
    assert_eq!(bench.server.accept(ID, true).unwrap_err().code, 903);
    assert_eq!(bench.inbox.take(), Vec::<String>::new());
}

#[test]
fn refused_connections_have_no_further_events() {
    let bench = Bench::all(|_, event| {
        if let Event::ConnectionRequest { accept, .. } = event {
            *accept = Accept::No;
        }
        0
    });
    bench.ask(ID, Operation::Write, true);
    bench.ended(Reason::Denied.refusal().into());
    assert_eq!(bench.run(), ["request file 192.0.2.7 2", "connected 10013"]);
    assert_eq!(bench.inbox.take(), ["1 end Denied"]);
    assert_eq!(bench.server.router.conns.count(), 0);
}

#[test]
fn a_reached_limit_is_reported_by_connected_alone() {
    let bench = Bench::all(|server, event| {
        if let Event::Connected { connection_id, .. } = event {
            let host = server.get(7, *connection_id).unwrap().into_text().unwrap();
            assert_eq!(host, "192.0.2.7", "its record is there while its callback runs");
        }
        0
    });
    bench.tell(EngineEvent::Refused {
        connection: testing::connection(ID),
        outcome: Outcome::Limit,
    });
    assert_eq!(bench.run(), ["connected 10068"]);
    assert_eq!(bench.server.router.conns.count(), 0);
}

#[test]
fn data_set_in_connected_is_sent() {
    let bench = Bench::all(|server, event| {
        if let Event::Connected { connection_id, .. } = event {
            let data = Value::Binary(Bytes::new(vec![1, 0, 2]));
            server.set(4, *connection_id, data).unwrap();
            server.set(6, 0, Value::Text("/a/file".into())).unwrap();
        }
        0
    });
    bench.ask(ID, Operation::Read, true);
    bench.run();
    assert_eq!(bench.inbox.take(), ["1 admit data 3"]);
    bench.started(ID, false);
    bench.run();
    let record = bench.server.router.conns.at(ID).unwrap();
    assert_eq!(record.get(ConnField::LocalFile), Value::Text("/a/file".into()));
    assert_eq!(
        bench
            .server
            .set(4, ID, Value::Text("late".into()))
            .unwrap_err()
            .code,
        130
    );
}

#[test]
fn start_transfer_is_a_second_chance() {
    let bench = Bench::new(&[7], |server, event| {
        if let Event::StartTransfer { connection_id, .. } = event {
            server
                .set(6, *connection_id, Value::Text("/late".into()))
                .unwrap();
        }
        0
    });
    bench.ask(ID, Operation::Read, false);
    bench.started(ID, true);
    assert_eq!(bench.run(), ["start download"]);
    assert_eq!(bench.inbox.take(), ["1 admit file /late"]);
}

#[test]
fn an_answer_ends_the_connection_and_silences_it() {
    let answer = |_: &Server, event: &mut Event<'_>| match event {
        Event::Transfer { .. } => -3,
        _ => 0,
    };
    let bench = Bench::all(answer);
    bench.ask(ID, Operation::Read, false);
    bench.tell(EngineEvent::Data(run_of(0, 2, &["abcd"], None)));
    bench.tell(EngineEvent::Data(run_of(4, 2, &["ef"], None)));
    bench.tell(EngineEvent::Failed {
        connection: testing::connection(ID),
        outcome: Reason::Callback(-3).refusal().into(),
    });
    bench.ended(Reason::Callback(-3).refusal().into());
    let expected = [
        "request file 192.0.2.7 1",
        "connected 0",
        "transfer 2 -1 ab",
        "error 10053 1000001",
        "disconnected 10053",
    ];
    assert_eq!(bench.run(), expected);
    assert_eq!(bench.inbox.take(), ["1 end Callback(-3)"]);
}

#[test]
fn an_answer_to_the_request_refuses() {
    let bench = Bench::new(&[1, 2, 3], |_, event| {
        i32::from(matches!(event, Event::ConnectionRequest { .. }))
    });
    bench.ask(ID, Operation::Read, true);
    bench.ended(Reason::Callback(1).refusal().into());
    assert_eq!(bench.run(), ["request file 192.0.2.7 1", "connected 10053"]);
    assert_eq!(bench.inbox.take(), ["1 end Callback(1)"]);
}

#[test]
fn an_answer_to_connected_is_not_followed_by_an_admission() {
    let bench = Bench::new(&[1, 3], |_, event| {
        i32::from(matches!(event, Event::Connected { .. }))
    });
    bench.ask(ID, Operation::Read, true);
    bench.ended(Reason::Callback(1).refusal().into());
    assert_eq!(bench.run(), ["connected 0", "disconnected 10053"]);
    assert_eq!(bench.inbox.take(), ["1 end Callback(1)"]);
}

#[test]
fn a_refusal_after_the_end_is_still_reported() {
    for refusing in [8, 4] {
        let bench = Bench::all(move |_, event| i32::from(event.id() == refusing) * 7);
        bench.ask(ID, Operation::Read, false);
        bench.started(ID, false);
        bench.tell(EngineEvent::Data(run_of(0, 4, &["ab"], Some(2))));
        bench.ended(Outcome::Complete);
        let seen = bench.run();
        assert_eq!(seen.contains(&"end download".to_owned()), refusing == 4);
        assert_eq!(seen.last().unwrap(), "disconnected 10053");
    }
}

#[test]
fn a_log_callback_ends_a_connection_that_has_no_other_callback() {
    let bench = Bench::new(&[6], |_, _| 3);
    bench.ask(ID, Operation::Read, false);
    bench.tell(EngineEvent::Log {
        id: ID,
        level: LogLevel::Info,
        kind: LogKind::Info,
        message: "asks".into(),
    });
    bench.run();
    assert_eq!(bench.inbox.take(), ["1 end Callback(3)"]);
}

/// The choice of the source is made when Connected has returned, and again after StartTransfer only
/// if nothing was found.
#[test]
fn sources_are_refused_once_the_choice_is_made() {
    let set = |server: &Server| {
        let set = server.set(6, ID, Value::Text("/late".into()));
        set.map_or_else(|failure| failure.code, |()| 0)
    };
    let bench = Bench::new(&[1, 7], move |server, event| {
        if let Event::StartTransfer { .. } = event {
            assert_eq!(set(server), 130);
        }
        0
    });
    bench.ask(ID, Operation::Read, true);
    bench.run();
    assert_eq!(set(&bench.server), 130);
    bench.tell(EngineEvent::Started {
        connection: testing::connection(ID),
        held: true,
        found: true,
    });
    assert_eq!(bench.run(), ["start download"]);
    assert_eq!(bench.inbox.take(), ["1 admit", "1 admit"]);
}
