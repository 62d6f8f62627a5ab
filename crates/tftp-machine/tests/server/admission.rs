//! Requests that are admitted, refused or left unanswered, and transfers that give way.

use crate::drive::*;
use tftp_machine::*;
use tftp_proto::wire;

#[test]
fn requests_to_a_broadcast_address_meet_silence() {
    let mut rig = Rig::new(Mode::Own);
    for bytes in [rrq("small", &[]), b"\0\x01small\0mail\0".to_vec()] {
        let handled = rig.handle(&Datagram {
            port: LISTENING,
            peer: client(1),
            local: None,
            broadcast: true,
            bytes: &bytes,
        });
        assert!(matches!(
            handled,
            Handled::Unanswered(DropReason::Broadcast) | Handled::Ignored(DropReason::Broadcast)
        ));
    }
    assert!(rig.sent.is_empty());
}

#[test]
fn nothing_but_requests_is_answered_where_they_are_awaited() {
    let mut rig = Rig::new(Mode::Own);
    for bytes in [
        error(5),
        wire::ack(1).to_vec(),
        data(1, b"x"),
        b"\0\x09".to_vec(),
        vec![],
    ] {
        assert!(matches!(rig.ask(client(1), &bytes), Handled::Ignored(_)));
    }
    assert!(rig.sent.is_empty());
    assert_eq!(
        rig.ask(client(1), b"\0\x01small\0mail\0"),
        Handled::Ignored(DropReason::Mode)
    );
    assert_eq!(rig.take_sent()[0].bytes[..4], [0, 5, 0, 4]);
}

#[test]
fn uploads_are_refused_where_reading_is_all_that_is_allowed() {
    let mut rig = Rig::with(
        config(Mode::Own),
        Policy {
            read_only: true,
            ..policy()
        },
    );
    let refused = rig.ask(client(1), &wrq("up", &[]));
    assert_eq!(
        refused,
        Handled::Refused(DropReason::ReadOnly, ConnectionId(FIRST_CONNECTION_ID))
    );
    assert_eq!(rig.take_sent()[0].bytes, b"\0\x05\0\x02Uploads are not allowed\0");
    assert_eq!(rig.server.limits().active(), 0);
}

#[test]
fn a_full_queue_of_events_leaves_requests_unanswered_and_transfers_alone() {
    let mut rig = Rig::new(Mode::Own);
    rig.ask(client(1), &rrq("big", &[]));
    let port = rig.take_sent()[0].port;
    rig.server.admit_requests(false);
    assert_eq!(
        rig.ask(client(2), &rrq("big", &[])),
        Handled::Unanswered(DropReason::Full)
    );
    assert!(rig.sent.is_empty());
    rig.pass(100);
    assert!(matches!(
        rig.ask(client(1), &rrq("big", &[])),
        Handled::Repeated(_)
    ));
    rig.arrive(port, client(1), &wire::ack(1));
    assert_eq!(rig.take_sent().len(), 2);
}

#[test]
fn at_max_connections_the_oldest_that_is_half_open_gives_way_and_settled_ones_do_not() {
    let mut rig = Rig::with(
        config(Mode::Own),
        Policy {
            max_connections: 2,
            ..policy()
        },
    );
    rig.ask(client(1), &rrq("big", &[]));
    let port = rig.take_sent()[0].port;
    rig.arrive(port, client(1), &wire::ack(1));
    rig.ask(client(2), &rrq("big", &[]));
    rig.pass(999);
    let refused = rig.ask(client(3), &rrq("big", &[]));
    assert!(matches!(refused, Handled::Refused(DropReason::TooMany, _)));
    rig.pass(1);
    rig.take_events();
    assert!(matches!(
        rig.ask(client(3), &rrq("big", &[])),
        Handled::Requested(_)
    ));
    assert_eq!(rig.endings(), [Ending::GaveWay]);
    assert_eq!(rig.server.limits().active(), 2);
}

#[test]
fn a_limit_of_one_address_is_that_addresses_alone() {
    let mut rig = Rig::with(
        config(Mode::Own),
        Policy {
            max_per_host: 1,
            ..policy()
        },
    );
    let mapped = "[::ffff:192.0.0.1]:4000".parse().unwrap();
    rig.ask(client(1), &rrq("big", &[]));
    assert!(matches!(
        rig.ask(mapped, &rrq("small", &[])),
        Handled::Refused(DropReason::TooMany, _)
    ));
    assert!(matches!(
        rig.ask(client(2), &rrq("big", &[])),
        Handled::Requested(_)
    ));
}

#[test]
fn silent_uploads_exclude_no_client() {
    let mut rig = Rig::new(Mode::Own);
    let mut silent = 0;
    for number in 0..130 {
        silent += usize::from(matches!(
            rig.ask(client(number), &wrq("up", &[])),
            Handled::Requested(_)
        ));
        rig.pass(1);
    }
    assert_eq!(
        silent, 128,
        "an eighth of the descriptors; the rest are too young to give way"
    );
    let honest = client(9_000);
    let mut tries = 0;
    while !matches!(rig.ask(honest, &wrq("mine", &[])), Handled::Requested(_)) {
        rig.pass(1_000);
        tries += 1;
    }
    assert!(tries <= 1, "{tries}");
}

#[test]
fn a_half_open_transfer_lives_half_a_minute_whatever_was_negotiated() {
    let mut rig = Rig::new(Mode::Own);
    rig.ask(client(1), &wrq("up", &[("timeout", "255")]));
    rig.wait(29_000);
    assert_eq!(rig.server.transfers(), 1);
    rig.wait(1_500);
    assert_eq!(rig.server.transfers(), 0);
    assert!(rig.take_sent().len() <= 4);
}

#[test]
fn refused_options_are_passed_over() {
    let mut refused_options = wire::OptionSet::default();
    refused_options.insert("windowsize");
    let mut rig = Rig::with(
        config(Mode::Own),
        Policy {
            refused_options,
            ..policy()
        },
    );
    rig.ask(client(1), &rrq("big", &[("windowsize", "8")]));
    assert_eq!(rig.sent[0].bytes[..4], [0, 3, 0, 1]);
}
