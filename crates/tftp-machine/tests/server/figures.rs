//! The public state of a transfer, and the results of its packets.

use crate::drive::*;
use tftp_machine::*;
use tftp_proto::wire;

fn ask(rig: &mut Rig, bytes: &[u8]) -> TransferId {
    match rig.ask(client(1), bytes) {
        Handled::Requested(id) => id,
        other => panic!("no transfer: {other:?}"),
    }
}

fn transfer(rig: &Rig, id: TransferId) -> &Transfer {
    rig.server.transfer(id).expect("a transfer")
}

#[test]
fn requested_options_are_readable_until_a_transfer_begins() {
    let mut rig = Rig::new(Mode::Own);
    rig.holds_open = true;
    let id = ask(&mut rig, &rrq("big", &[("blksize", "1400")]));
    assert_eq!(transfer(&rig, id).requested().unwrap().blksize, Some(1400));
    assert_eq!(transfer(&rig, id).filename(), Some(&b"big"[..]));
    assert_eq!(transfer(&rig, id).began(), rig.now);
    rig.pass(10);
    rig.io(
        id,
        IoDone::Opened {
            length: Some(100_000),
        },
    );
    let begun = transfer(&rig, id);
    assert!(begun.requested().is_none() && begun.filename().is_none());
    assert_eq!(begun.negotiated().unwrap().blksize, 1400);
}

#[test]
fn the_figures_of_a_download() {
    let mut rig = Rig::new(Mode::Own);
    let id = ask(&mut rig, &rrq("big", &[]));
    let port = rig.take_sent()[0].port;
    let figures = |rig: &Rig| {
        let it = transfer(rig, id);
        (it.acked(), it.received(), it.repeated(), it.is_half_open())
    };
    assert_eq!(figures(&rig), (0, 0, 0, true));
    rig.pass(1);
    assert_eq!(
        rig.arrive(port, client(1), &wire::ack(1)),
        Handled::Acked(id, 512)
    );
    assert_eq!(rig.arrive(port, client(1), &wire::ack(1)), Handled::Packet(id));
    assert_eq!(figures(&rig), (512, 0, 0, false));
    rig.pass(1);
    assert_eq!(
        rig.arrive(port, client(1), &wire::ack(2)),
        Handled::Acked(id, 1024)
    );
    rig.take_sent();
    while rig.sent.len() < 2 {
        assert!(rig.tick(20_000), "the packet is repeated");
    }
    assert_eq!(figures(&rig), (1024, 0, 2, false));
}

#[test]
fn the_figures_of_an_upload() {
    let mut rig = Rig::new(Mode::Own);
    let id = ask(&mut rig, &wrq("up", &[("blksize", "1000")]));
    let port = rig.take_sent()[0].port;
    let figures = |rig: &Rig| {
        let it = transfer(rig, id);
        (it.acked(), it.received(), it.repeated(), it.is_half_open())
    };
    assert_eq!(transfer(&rig, id).negotiated().unwrap().blksize, 1000);
    assert_eq!(figures(&rig), (0, 0, 0, true));
    for block in 1..3 {
        rig.pass(1);
        rig.arrive(port, client(1), &data(block, &[1; 1000]));
    }
    assert_eq!(figures(&rig), (0, 2000, 0, false));
    rig.take_sent();
    while rig.sent.len() < 2 {
        assert!(rig.tick(20_000), "the ACK is repeated");
    }
    assert_eq!(figures(&rig), (0, 2000, 2, false));
    assert!(!transfer(&rig, id).is_complete());
    rig.arrive(port, client(1), &data(3, &[1; 10]));
    assert!(transfer(&rig, id).is_complete(), "while it repeats its last ACK");
}

#[test]
fn the_only_ack_of_an_empty_file_moves_its_download_to_the_end() {
    let mut rig = Rig::new(Mode::Own);
    rig.files.insert(b"empty".to_vec(), Vec::new());
    let id = ask(&mut rig, &rrq("empty", &[]));
    let port = rig.take_sent()[0].port;
    assert_eq!(rig.arrive(port, client(1), &wire::ack(1)), Handled::Acked(id, 0));
    assert_eq!(rig.endings(), [Ending::Complete]);
}
