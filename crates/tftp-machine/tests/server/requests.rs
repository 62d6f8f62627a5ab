//! Repeated requests, clients that were reset, and other requests from the same port.

use crate::drive::*;
use tftp_machine::*;
use tftp_proto::wire;

fn id(handled: Handled<'_>) -> TransferId {
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
fn on_a_single_port_the_former_transfer_ends_at_once() {
    let mut rig = Rig::new(Mode::Single);
    rig.ask(client(1), &rrq("big", &[]));
    rig.ask(client(1), &rrq("small", &[]));
    assert_eq!(rig.endings(), [Ending::Replaced]);
    assert_eq!(rig.server.transfers(), 1);
    rig.take_sent();
    rig.pass(100);
    rig.arrive(LISTENING, client(1), &wire::ack(1));
    assert_eq!(rig.take_sent()[0].bytes.len(), 4 + 700 - 512);
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
fn on_a_single_port_an_equal_request_begins_anew_soon_if_only_the_last_ack_is_missing() {
    let mut rig = Rig::new(Mode::Single);
    let old = id(rig.ask(client(1), &rrq("small", &[])));
    rig.pass(1);
    rig.arrive(LISTENING, client(1), &wire::ack(1));
    rig.take_sent();
    rig.pass(100);
    assert_eq!(rig.ask(client(1), &rrq("small", &[])), Handled::Repeated(old));
    assert_eq!(rig.ask(client(1), &rrq("small", &[])), Handled::Repeated(old));
    let sent = rig.take_sent();
    assert_eq!((sent.len(), &sent[0].bytes[..4]), (1, &[0, 3, 0, 2][..]));
    rig.wait(20);
    assert!(rig.endings().is_empty(), "the moment is not over");
    rig.wait(40);
    assert_eq!(rig.server.transfers(), 2, "the last block may have been lost");
    assert_eq!(rig.read_all(client(1)), vec![5; 700]);
    let probably_complete = true;
    assert_eq!(
        rig.endings(),
        [Ending::Silent { probably_complete }, Ending::Complete]
    );
    assert_eq!(rig.server.transfers(), 0);
}

/// A late copy of the request arrives, and the retransmitted last block is lost. The client's ACKs do not fit the
/// transfer that begins then; its former transfer answers them.
#[test]
fn on_a_single_port_a_client_that_lost_the_last_block_twice_gets_it_from_its_transfer() {
    for (file, size, acked) in [("small", 700, 1), ("big", 100_000, 195)] {
        let mut rig = Rig::new(Mode::Single);
        rig.ask(client(1), &rrq(file, &[]));
        for block in 1..=acked {
            rig.pass(1);
            rig.take_sent();
            rig.arrive(LISTENING, client(1), &wire::ack(block));
        }
        rig.take_sent();
        rig.pass(100);
        rig.ask(client(1), &rrq(file, &[]));
        rig.wait(60);
        assert_eq!(rig.server.transfers(), 2, "the copy begins another one");
        rig.take_sent();
        rig.wait(1_000);
        rig.arrive(LISTENING, client(1), &wire::ack(acked));
        let sent = rig.take_sent();
        let last = sent.last().map(|sent| (sent.bytes.len() - 4, sent.bytes[3]));
        assert_eq!(last, Some((size - usize::from(acked) * 512, acked as u8 + 1)));
        rig.arrive(LISTENING, client(1), &wire::ack(acked + 1));
        assert!(rig.endings().contains(&Ending::Complete), "{:?}", rig.endings());
        assert_eq!(rig.server.transfers(), 0);
    }
}

/// A client that requests something else leaves both transfers.
#[test]
fn on_a_single_port_a_different_request_ends_a_transfer_and_its_successor() {
    let mut rig = Rig::new(Mode::Single);
    rig.ask(client(1), &rrq("small", &[]));
    rig.pass(1);
    rig.arrive(LISTENING, client(1), &wire::ack(1));
    rig.pass(100);
    rig.ask(client(1), &rrq("small", &[]));
    rig.wait(60);
    assert_eq!(rig.server.transfers(), 2);
    rig.ask(client(1), &rrq("big", &[]));
    assert_eq!(rig.server.transfers(), 1);
    rig.wait(31_000);
    assert_eq!((rig.server.transfers(), rig.endings().len()), (0, 3));
}

#[test]
fn on_a_single_port_a_client_that_awaits_the_last_block_keeps_its_transfer() {
    let mut rig = Rig::new(Mode::Single);
    rig.ask(client(1), &rrq("small", &[]));
    rig.pass(1);
    rig.arrive(LISTENING, client(1), &wire::ack(1));
    rig.take_sent();
    rig.pass(100);
    rig.ask(client(1), &rrq("small", &[]));
    rig.pass(10);
    rig.arrive(LISTENING, client(1), &wire::ack(1));
    rig.wait(200);
    assert!(rig.endings().is_empty(), "it takes part");
    rig.arrive(LISTENING, client(1), &wire::ack(2));
    assert_eq!(rig.endings(), [Ending::Complete]);
    assert_eq!(rig.server.transfers(), 0, "the copy begins nothing");
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

/// A client that was reset may take a late packet of its former transfer for the answer to its new request.
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
fn an_error_is_delayed_and_so_is_a_request_meanwhile() {
    let mut rig = Rig::new(Mode::Own);
    let old = id(rig.ask(client(1), &rrq("big", &[])));
    let port = rig.take_sent()[0].port;
    rig.pass(1);
    rig.arrive(port, client(1), &wire::ack(1));
    rig.take_sent();
    rig.arrive(port, client(1), &error(0));
    assert!(rig.endings().is_empty(), "not believed yet");
    assert_eq!(rig.server.limits().active(), 0, "it counts in no limit");
    assert_eq!(rig.ask(client(1), &rrq("big", &[])), Handled::Repeated(old));
    rig.wait(60);
    assert!(matches!(
        rig.endings()[..],
        [Ending::ClientError { probe: false, .. }]
    ));
    assert!(rig.take_events().contains(&Event::Retried(true)));
    let retried = rig.server.take_retried().expect("the request that waited");
    assert_eq!(retried.datagram().bytes, rrq("big", &[]));
    assert!(rig.server.take_retried().is_none(), "once");
    assert_eq!(rig.take_sent()[0].bytes[..4], [0, 3, 0, 1]);
}

#[test]
fn an_error_that_a_valid_packet_follows_ends_nothing() {
    let mut rig = Rig::new(Mode::Own);
    rig.ask(client(1), &rrq("big", &[]));
    let port = rig.take_sent()[0].port;
    rig.arrive(port, client(1), &wire::ack(1));
    rig.arrive(port, client(1), &error(0));
    rig.ask(client(1), &rrq("big", &[]));
    rig.pass(10);
    rig.arrive(port, client(1), &wire::ack(2));
    rig.wait(80);
    assert!(rig.endings().is_empty() && rig.server.transfers() == 1);
    assert_eq!(rig.server.limits().active(), 1);
    rig.pass(1);
    rig.arrive(port, client(1), &wire::ack(3));
    let rest = rig.read_from(client(1), 3);
    assert_eq!(rest.len(), 100_000 - 3 * 512);
    assert!(
        !rig.take_events().contains(&Event::Retried(true)) && rig.server.transfers() == 0,
        "its request is forgotten"
    );
}

#[test]
fn a_refused_port_counts_the_second_time() {
    let mut rig = Rig::new(Mode::Own);
    rig.ask(client(1), &rrq("big", &[]));
    let port = rig.take_sent()[0].port;
    rig.pass(1);
    rig.arrive(port, client(1), &wire::ack(1));
    rig.take_sent();
    rig.fail(port, client(1), NetFailure::Gone);
    rig.wait(60);
    assert_eq!(rig.take_sent().len(), 1, "the packet goes once more");
    assert!(rig.endings().is_empty());
    rig.fail(port, client(1), NetFailure::Gone);
    rig.wait(60);
    assert_eq!(rig.endings(), [Ending::Unreachable]);
}

#[test]
fn a_client_that_refuses_packets_when_only_its_last_ack_is_missing_is_probably_complete() {
    let size = ("tsize", "0");
    let in_windows = [size, ("windowsize", "4")];
    // The blocks that are acknowledged before the port is closed, and whether the file may be complete.
    for (name, options, acked, probably_complete) in [
        ("small", &[size][..], 0..2, true),
        ("small", &in_windows, 0..1, true),
        ("small", &[size], 0..0, false),
        ("big", &[], 1..2, false),
        ("big", &in_windows, 0..1, false),
    ] {
        let mut rig = Rig::new(Mode::Own);
        rig.ask(client(1), &rrq(name, options));
        let port = rig.take_sent()[0].port;
        for block in acked {
            rig.pass(1);
            rig.arrive(port, client(1), &wire::ack(block));
        }
        for _ in 0..2 {
            rig.fail(port, client(1), NetFailure::Gone);
            rig.wait(60);
        }
        let expected = match probably_complete {
            true => Ending::Silent { probably_complete },
            false => Ending::Unreachable,
        };
        assert_eq!(rig.endings(), [expected], "{name} {options:?}");
    }
}

#[test]
fn the_same_holds_where_the_length_is_known_at_the_end_alone() {
    let mut rig = Rig::new(Mode::Own);
    rig.knows_length = false;
    rig.ask(client(1), &rrq("small", &[]));
    let port = rig.take_sent()[0].port;
    rig.pass(1);
    rig.arrive(port, client(1), &wire::ack(1));
    for _ in 0..2 {
        rig.fail(port, client(1), NetFailure::Gone);
        rig.wait(60);
    }
    let probably_complete = true;
    assert_eq!(rig.endings(), [Ending::Silent { probably_complete }]);
}

#[test]
fn before_anything_was_acknowledged_a_refused_port_ends_it_at_once() {
    let mut rig = Rig::new(Mode::Own);
    rig.ask(client(1), &rrq("big", &[]));
    let port = rig.take_sent()[0].port;
    rig.fail(port, client(2), NetFailure::Gone);
    assert!(rig.endings().is_empty(), "somebody else's");
    rig.fail(port, client(1), NetFailure::Gone);
    assert_eq!(rig.endings(), [Ending::Unreachable]);
}

#[test]
fn an_error_before_the_answer_ends_the_transfer_at_once() {
    let mut rig = Rig::new(Mode::Own);
    rig.holds_open = true;
    rig.ask(client(1), &rrq("big", &[]));
    let port = PortId {
        index: 2,
        generation: 1,
    };
    assert!(rig.take_events().contains(&Event::Opened(port)));
    rig.arrive(port, client(1), &wire::ack(0));
    assert_eq!(rig.server.transfers(), 1);
    rig.arrive(port, client(1), &error(8));
    let (code, message) = (tftp_proto::ErrorCode(8), "enough".into());
    let probe = false;
    assert_eq!(rig.endings(), [Ending::ClientError { code, message, probe }]);
    assert!(rig.take_sent().is_empty() && rig.server.transfers() == 0);
}

#[test]
fn the_limits_count_a_transfer_again_when_a_doubt_is_refuted() {
    let mut rig = Rig::new(Mode::Own);
    rig.ask(client(1), &rrq("big", &[]));
    let download = rig.take_sent()[0].port;
    rig.ask(client(2), &wrq("up", &[]));
    let upload = rig.take_sent()[0].port;
    rig.arrive(download, client(1), &wire::ack(1));
    rig.arrive(upload, client(2), &data(1, &[1; 512]));
    rig.pass(10);
    for (port, peer, next) in [
        (download, client(1), wire::ack(2).to_vec()),
        (upload, client(2), data(2, &[1; 512])),
    ] {
        assert_eq!(rig.server.limits().active(), 2);
        rig.arrive(port, peer, &error(0));
        assert_eq!(rig.server.limits().active(), 1);
        rig.arrive(port, peer, &next);
        assert_eq!(rig.server.limits().active(), 2);
    }
    assert!(rig.endings().is_empty());
}

#[test]
fn a_request_to_a_broadcast_address_does_not_wait_for_the_end_of_a_doubt() {
    for broadcast in [false, true] {
        let mut rig = Rig::new(Mode::Own);
        let bytes = rrq("big", &[]);
        rig.ask(client(1), &bytes);
        let port = rig.take_sent()[0].port;
        rig.arrive(port, client(1), &wire::ack(1));
        rig.arrive(port, client(1), &error(0));
        rig.handle(&Datagram {
            port: LISTENING,
            peer: client(1),
            local: None,
            broadcast,
            bytes: &bytes,
        });
        rig.wait(1_000);
        assert_eq!(rig.take_events().contains(&Event::Retried(true)), !broadcast);
    }
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
fn a_copy_to_a_broadcast_address_replaces_no_transfer_on_a_single_port() {
    let mut rig = Rig::new(Mode::Single);
    let bytes = rrq("small", &[]);
    rig.ask(client(1), &bytes);
    rig.pass(1);
    rig.arrive(LISTENING, client(1), &wire::ack(1));
    rig.take_sent();
    rig.pass(100);
    rig.handle(&Datagram {
        port: LISTENING,
        peer: client(1),
        local: None,
        broadcast: true,
        bytes: &bytes,
    });
    rig.wait(200);
    assert!(rig.endings().is_empty());
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
