//! Repeated and new requests of a client while all transfers share the listening port.

use super::requests::id;
use crate::drive::*;
use tftp_machine::*;
use tftp_proto::wire;

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

/// A late copy of the request arrives, and the retransmitted last block is lost. The client's ACKs
/// do not fit the transfer that begins then; its former transfer answers them.
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
