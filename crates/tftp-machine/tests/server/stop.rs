//! The end of listening, of single transfers, and of the machine.

use crate::drive::*;
use tftp_machine::*;
use tftp_proto::wire;

#[test]
fn transfers_outlive_listening_and_their_end_is_reported() {
    let mut rig = Rig::new(Mode::Own);
    rig.ask(client(1), &rrq("small", &[]));
    rig.server.stop_listening(rig.now);
    rig.drain();
    assert_eq!(rig.take_events().last(), Some(&Event::Closed(LISTENING)));
    assert!(!rig.server.is_done());
    assert_eq!(rig.read_all(client(1)), vec![5; 700]);
    assert_eq!(rig.take_events().last(), Some(&Event::Drained));
    assert!(rig.server.is_done());
}

#[test]
fn whether_it_listens_and_which_transfers_there_are() {
    let mut rig = Rig::new(Mode::Single);
    assert!(rig.server.is_listening() && rig.server.ids().is_empty());
    let mut asked = Vec::new();
    for number in 0..3 {
        if let Handled::Requested(id) = rig.ask(client(number), &rrq("small", &[])) {
            asked.push(id);
        }
    }
    assert_eq!(rig.server.ids(), asked);
    assert_eq!(rig.read_all(client(1)).len(), 700);
    assert_eq!(rig.server.ids(), [asked[0], asked[2]]);
    rig.server.stop_listening(rig.now);
    rig.drain();
    assert!(!rig.server.is_listening());
    rig.server.resume(policy());
    assert!(rig.server.is_listening());
    rig.server.shutdown(rig.now);
    rig.drain();
    assert!(!rig.server.is_listening() && rig.server.ids().is_empty());
}

#[test]
fn a_single_port_stays_open_until_it_is_released() {
    let mut rig = Rig::new(Mode::Single);
    rig.ask(client(1), &rrq("small", &[]));
    rig.server.stop_listening(rig.now);
    rig.drain();
    assert_eq!(
        rig.ask(client(2), &rrq("small", &[])),
        Handled::Unanswered(DropReason::NotListening)
    );
    assert_eq!(rig.read_all(client(1)), vec![5; 700]);
    assert_eq!(rig.take_events().last(), Some(&Event::Drained));
    assert!(!rig.server.is_done());
    rig.server.release_listening();
    rig.drain();
    assert_eq!(rig.take_events(), [Event::Closed(LISTENING)]);
    assert!(rig.server.is_done());
}

#[test]
fn listening_is_resumed_with_another_policy() {
    let mut rig = Rig::new(Mode::Single);
    rig.server.stop_listening(rig.now);
    rig.drain();
    rig.server.resume(Policy {
        read_only: true,
        ..policy()
    });
    assert!(matches!(
        rig.ask(client(1), &wrq("up", &[])),
        Handled::Refused(DropReason::ReadOnly, _)
    ));
    rig.ask(client(1), &rrq("small", &[]));
    rig.sent.remove(0);
    assert_eq!(rig.read_all(client(1)), vec![5; 700]);
}

#[test]
fn shutdown_ends_all_transfers_with_an_error() {
    let mut rig = Rig::new(Mode::Own);
    rig.ask(client(1), &rrq("big", &[]));
    rig.ask(client(2), &wrq("up", &[]));
    let port = rig.sent[1].port;
    rig.arrive(port, client(2), &data(1, &[]));
    rig.answers = Answers::LaterAtRequest;
    rig.ask(client(3), &rrq("small", &[]));
    rig.take_sent();
    rig.take_events();
    rig.server.shutdown(rig.now);
    rig.drain();
    let sent = rig.take_sent();
    assert_eq!(sent.len(), 2, "the upload is stored");
    assert!(
        sent.iter()
            .all(|sent| sent.bytes.ends_with(b"Server is shutting down\0"))
    );
    assert_eq!(rig.endings(), [Ending::Shutdown, Ending::Shutdown]);
    assert!(rig.server.is_done());
    assert_eq!(rig.server.limits().active(), 0);
    let events = rig.take_events();
    assert_eq!(events.iter().filter(|event| **event == Event::Gone).count(), 3);
    assert!(events.contains(&Event::Closed(LISTENING)));
}

#[test]
fn after_a_fault_transfers_end_one_by_one() {
    let mut rig = Rig::new(Mode::Own);
    let Handled::Requested(id) = rig.ask(client(1), &rrq("big", &[])) else {
        panic!("no transfer")
    };
    rig.ask(client(2), &rrq("big", &[]));
    rig.take_sent();
    rig.server.abandon(id);
    rig.drain();
    assert_eq!(rig.take_sent()[0].bytes, b"\0\x05\0\0Internal error\0");
    assert_eq!(rig.endings(), [Ending::Abandoned]);
    assert_eq!(rig.server.transfers(), 1);
}

#[test]
fn after_a_fault_an_acknowledged_or_restarted_client_gets_no_packet() {
    let mut rig = Rig::new(Mode::Own);
    let Handled::Requested(stored) = rig.ask(client(1), &wrq("up", &[])) else {
        panic!("no transfer")
    };
    let port = rig.take_sent()[0].port;
    rig.arrive(port, client(1), &data(1, &[]));
    let Handled::Requested(old) = rig.ask(client(2), &rrq("big", &[])) else {
        panic!("no transfer")
    };
    let port = rig.take_sent().last().unwrap().port;
    rig.arrive(port, client(2), &wire::ack(1));
    rig.pass(1_500);
    rig.ask(client(2), &rrq("big", &[]));
    rig.take_sent();
    rig.take_events();
    for id in [stored, old] {
        rig.server.abandon(id);
        rig.drain();
    }
    assert!(rig.take_sent().is_empty());
    assert_eq!(rig.endings(), [Ending::Abandoned], "the upload has ended before");
    assert_eq!(rig.server.transfers(), 1);
}

#[test]
fn connections_have_numbers_of_their_own() {
    let mut rig = Rig::new(Mode::Own);
    let mut numbers = Vec::new();
    for number in 0..3 {
        if let Handled::Requested(id) = rig.ask(client(number), &rrq("big", &[])) {
            numbers.push(rig.server.transfer(id).unwrap().connection().0);
        }
    }
    assert_eq!(numbers, [1_000_001, 1_000_002, 1_000_003]);
    rig.arrive(LISTENING, client(1), &wire::ack(1));
    assert_eq!(rig.server.transfers(), 3);
}

#[test]
fn two_machines_with_one_seed_act_alike() {
    let run = || {
        let mut rig = Rig::new(Mode::Shared);
        for number in 0..300 {
            rig.ask(client(number), &rrq("big", &[]));
            rig.pass(7);
        }
        rig.wait(40_000);
        (rig.sent, rig.events)
    };
    assert_eq!(run(), run());
}
