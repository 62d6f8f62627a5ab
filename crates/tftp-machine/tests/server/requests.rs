//! Repeated requests, clients that were reset, and other requests from the same port.

use crate::drive::*;
use tftp_machine::*;
use tftp_proto::wire;

pub fn id(handled: Handled<'_>) -> TransferId {
    match handled {
        Handled::Requested(id) => id,
        other => panic!("no transfer: {other:?}"),
    }
}

#[test]
fn until_the_client_goes_on_its_request_repeats_the_current_packet() {
    let mut rig = Rig::new(Mode::Own);
    let first = id(rig.ask(client(1), &rrq("big", &[])));
    let sent = rig.take_sent();
    rig.pass(250);
    assert_eq!(rig.ask(client(1), &rrq("big", &[])), Handled::Repeated(first));
    assert_eq!(rig.take_sent(), sent);
    assert_eq!(rig.server.transfers(), 1);
}

#[test]
fn a_reset_client_begins_anew_and_silences_its_old_transfer() {
    let mut rig = Rig::new(Mode::Own);
    let old = id(rig.ask(client(1), &rrq("big", &[])));
    let old_port = rig.take_sent()[0].port;
    rig.arrive(old_port, client(1), &wire::ack(1));
    rig.take_sent();
    rig.pass(1_000);
    let new = id(rig.ask(client(1), &rrq("big", &[])));
    assert_ne!(old, new);
    let new_port = rig.take_sent()[0].port;
    assert_eq!(rig.server.limits().active(), 1, "the old one counts no more");
    rig.wait(900);
    assert!(rig.take_sent().iter().all(|sent| sent.port == new_port));
    rig.arrive(new_port, client(1), &wire::ack(1));
    assert_eq!(rig.endings(), [Ending::Replaced]);
    assert_eq!(rig.server.transfers(), 1);
}

#[test]
fn if_only_the_last_ack_is_missing_an_equal_request_begins_anew() {
    let mut rig = Rig::new(Mode::Own);
    rig.ask(client(1), &rrq("small", &[]));
    let port = rig.take_sent()[0].port;
    rig.pass(1);
    rig.arrive(port, client(1), &wire::ack(1));
    rig.take_sent();
    rig.pass(5);
    id(rig.ask(client(1), &rrq("small", &[])));
    assert_eq!(rig.read_all(client(1)), vec![5; 700]);
    let probably_complete = true;
    assert_eq!(
        rig.endings(),
        [Ending::Silent { probably_complete }, Ending::Complete]
    );
}

#[test]
fn one_forged_request_ends_no_transfer() {
    let mut rig = Rig::new(Mode::Own);
    rig.ask(client(1), &rrq("big", &[]));
    let port = rig.take_sent()[0].port;
    rig.arrive(port, client(1), &wire::ack(1));
    rig.pass(1_500);
    rig.ask(client(1), &rrq("big", &[]));
    rig.take_sent();
    rig.arrive(port, client(1), &wire::ack(2));
    let sent = rig.take_sent();
    assert_eq!((sent[0].port, &sent[0].bytes[..4]), (port, &[0, 3, 0, 3][..]));
    assert_eq!(rig.server.limits().active(), 2, "the old one counts again");
    rig.wait(35_000);
    let probably_complete = false;
    assert!(rig.endings().contains(&Ending::Silent { probably_complete }));
    assert!(!rig.endings().contains(&Ending::Replaced));
}

#[test]
fn a_transfer_that_outlives_its_successor_is_found_again() {
    let mut rig = Rig::new(Mode::Own);
    let old = id(rig.ask(client(1), &rrq("big", &[])));
    let port = rig.take_sent()[0].port;
    rig.arrive(port, client(1), &wire::ack(1));
    rig.pass(1_500);
    rig.ask(client(1), &rrq("big", &[]));
    let new_port = rig.take_sent().last().unwrap().port;
    rig.arrive(port, client(1), &wire::ack(2));
    rig.arrive(new_port, client(1), &error(5));
    assert_eq!(rig.server.transfers(), 1);
    assert_eq!(rig.ask(client(1), &rrq("big", &[])), Handled::Repeated(old));
    rig.pass(1_500);
    assert!(matches!(
        rig.ask(client(1), &rrq("big", &[])),
        Handled::Requested(_)
    ));
    assert_eq!(rig.server.limits().active(), 1, "the old one is mute again");
}

#[test]
fn the_transfer_of_a_client_that_was_reset_has_left_the_limits_when_its_new_one_enters_them() {
    for (max_connections, max_per_host) in [(1, 0), (1000, 1)] {
        let policy = Policy {
            max_connections,
            max_per_host,
            ..policy()
        };
        let mut rig = Rig::with(config(Mode::Own), policy);
        let old = id(rig.ask(client(1), &rrq("big", &[])));
        let port = rig.server.transfer(old).unwrap().route().port;
        rig.arrive(port, client(1), &wire::ack(1));
        rig.pass(1_100);
        let again = rig.ask(client(1), &rrq("big", &[]));
        assert!(matches!(again, Handled::Requested(_)), "{again:?}");
    }
}

#[test]
fn another_request_from_the_same_port_is_another_transfer() {
    let mut rig = Rig::new(Mode::Shared);
    rig.ask(client(1), &rrq("big", &[]));
    rig.ask(client(1), &rrq("small", &[]));
    let sent = rig.take_sent();
    assert_ne!(sent[0].port, sent[1].port, "an address has two shared ports");
    assert_eq!(rig.server.transfers(), 2);
    rig.pass(10);
    rig.ask(client(1), &wrq("third", &[]));
    assert_eq!(rig.endings(), [Ending::Replaced], "the oldest leaves its place");
}

/// A client that was reset may take a late packet of its former transfer for the answer to its new
/// request.
#[test]
fn a_silent_clients_transfer_is_silenced_by_its_next_request() {
    for mode in [Mode::Own, Mode::Shared] {
        for goes_on in [false, true] {
            let mut rig = Rig::new(mode);
            rig.ask(client(1), &rrq("big", &[]));
            let old_port = rig.take_sent()[0].port;
            if goes_on {
                rig.arrive(old_port, client(1), &wire::ack(1));
            }
            rig.pass(1_000);
            rig.take_sent();
            id(rig.ask(client(1), &rrq("small", &[])));
            let new_port = rig.take_sent()[0].port;
            assert_eq!(
                rig.server.limits().active(),
                2,
                "it is no way past MaxConnections"
            );
            rig.wait(31_000);
            assert!(rig.take_sent().iter().all(|sent| sent.port == new_port));
            assert_eq!(rig.endings().len(), 2, "both were silent for ever");
        }
    }
}

#[test]
fn an_active_client_keeps_its_transfer_beside_another() {
    let mut rig = Rig::new(Mode::Own);
    rig.ask(client(1), &rrq("big", &[]));
    let port = rig.take_sent()[0].port;
    rig.arrive(port, client(1), &wire::ack(1));
    rig.pass(999);
    rig.ask(client(1), &rrq("small", &[]));
    rig.take_sent();
    rig.wait(4_500);
    assert!(
        rig.take_sent().iter().any(|sent| sent.port == port),
        "it was heard within a second"
    );
    rig.pass(1_000);
    rig.ask(client(1), &wrq("third", &[]));
    rig.take_sent();
    rig.arrive(port, client(1), &wire::ack(2));
    assert_eq!(rig.take_sent()[0].bytes[..4], [0, 3, 0, 3]);
    rig.wait(5_500);
    assert!(
        rig.take_sent().iter().any(|sent| sent.port == port),
        "it takes part again"
    );
}

#[test]
fn a_repeated_request_for_a_silenced_transfer_is_answered() {
    let mut rig = Rig::new(Mode::Own);
    let first = id(rig.ask(client(1), &rrq("big", &[])));
    let port = rig.take_sent()[0].port;
    rig.pass(1_500);
    rig.take_sent();
    rig.ask(client(1), &rrq("small", &[]));
    rig.take_sent();
    rig.pass(100);
    assert_eq!(rig.ask(client(1), &rrq("big", &[])), Handled::Repeated(first));
    let sent = rig.take_sent();
    assert_eq!((sent[0].port, &sent[0].bytes[..4]), (port, &[0, 3, 0, 1][..]));
}

#[test]
fn a_transfer_silenced_before_its_begin_sends_nothing() {
    for fails in [false, true] {
        let mut rig = Rig::new(Mode::Own);
        rig.answers = Answers::LaterAtRequest;
        let first = id(rig.ask(client(1), &rrq(if fails { "missing" } else { "big" }, &[])));
        rig.pass(1_500);
        rig.answers = Answers::Go;
        rig.ask(client(1), &rrq("small", &[]));
        let port = rig.take_sent()[0].port;
        rig.decide(first, Decision::Go);
        rig.wait(1_000);
        assert!(rig.take_sent().iter().all(|sent| sent.port == port));
    }
}

#[test]
fn forty_uploads_in_a_row_from_one_port_wait_for_none() {
    let mut rig = Rig::new(Mode::Shared);
    for number in 0..40 {
        rig.take_sent();
        id(rig.ask(client(1), &wrq(&format!("up{number}"), &[])));
        let port = rig.take_sent()[0].port;
        rig.arrive(port, client(1), &data(1, &[1]));
        assert_eq!(rig.take_sent()[0].bytes, [0, 4, 0, 1]);
    }
    assert_eq!(rig.endings().len(), 40);
    assert!(rig.server.transfers() <= 2);
}

#[test]
fn an_upload_of_a_reset_client_is_silent_until_the_new_one_goes_on() {
    let mut rig = Rig::new(Mode::Own);
    rig.ask(client(1), &wrq("up", &[]));
    let port = rig.take_sent()[0].port;
    rig.arrive(port, client(1), &data(1, &[1; 512]));
    rig.take_sent();
    rig.pass(999);
    assert!(matches!(
        rig.ask(client(1), &wrq("up", &[])),
        Handled::Repeated(_)
    ));
    rig.take_sent();
    rig.pass(1);
    id(rig.ask(client(1), &wrq("up", &[])));
    let new_port = rig.take_sent()[0].port;
    assert_eq!(rig.server.limits().active(), 1, "the old one counts no more");
    rig.wait(9_000);
    assert!(rig.take_sent().iter().all(|sent| sent.port == new_port));
    rig.arrive(new_port, client(1), &data(1, &[2; 512]));
    assert_eq!(rig.endings(), [Ending::Replaced]);
}

#[test]
fn a_client_may_be_silent_while_its_upload_is_stored() {
    let mut rig = Rig::new(Mode::Own);
    rig.holds_commit = true;
    let upload = id(rig.ask(client(1), &wrq("up", &[])));
    let port = rig.take_sent()[0].port;
    rig.arrive(port, client(1), &data(1, &[1; 10]));
    rig.pass(5_000);
    assert_eq!(rig.ask(client(1), &wrq("up", &[])), Handled::Repeated(upload));
}

#[test]
fn a_client_that_repeated_its_request_while_it_runs_hears_of_the_end() {
    let mut rig = Rig::new(Mode::Own);
    let running = id(rig.ask(client(1), &rrq("big", &[])));
    let port = rig.take_sent()[0].port;
    rig.pass(1);
    rig.arrive(port, client(1), &wire::ack(1));
    rig.pass(100);
    assert_eq!(rig.ask(client(1), &rrq("big", &[])), Handled::Repeated(running));
    rig.take_sent();
    let end = Decision::End {
        code: tftp_proto::ErrorCode::UNDEFINED,
        text: "enough".into(),
        silent: false,
    };
    rig.decide(running, end);
    assert_eq!(rig.take_sent()[0].bytes, b"\0\x05\0\0enough\0");
}
