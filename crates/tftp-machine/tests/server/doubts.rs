//! ERRORs and closed ports, which may be forged: they end a transfer only after a delay without a
//! valid packet.

use super::requests::id;
use crate::drive::*;
use tftp_machine::*;
use tftp_proto::wire;

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
    // The blocks that are acknowledged before the port is closed, and whether the file may be
    // complete.
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
fn before_anything_was_sent_no_failure_ends_it() {
    for dont_fragment in [false, true] {
        for mode in [Mode::Own, Mode::Single] {
            let config = Config {
                dont_fragment,
                ..config(mode)
            };
            let mut rig = Rig::with(config, policy());
            rig.holds_open = true;
            rig.ask(client(1), &rrq("big", &[]));
            let opened = rig.take_events().into_iter().find_map(|event| match event {
                Event::Opened(port) => Some(port),
                _ => None,
            });
            let port = opened.unwrap_or(LISTENING);
            for what in [NetFailure::Gone, NetFailure::TooLong, NetFailure::Shrunk] {
                rig.fail(port, client(1), what);
            }
            rig.wait(1_000);
            assert!(rig.endings().is_empty(), "{mode:?}");
            assert_eq!(rig.server.transfers(), 1);
        }
    }
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
    assert_eq!(
        rig.endings(),
        [Ending::ClientError {
            code,
            message,
            probe
        }]
    );
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
