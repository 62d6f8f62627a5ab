//! Uploads.

use crate::drive::*;
use tftp_machine::*;

fn upload(rig: &mut Rig, peer: std::net::SocketAddr) -> (PortId, TransferId) {
    let Handled::Requested(id) = rig.ask(peer, &wrq("up", &[])) else {
        panic!("a transfer begins")
    };
    let port = rig.take_sent()[0].port;
    (port, id)
}

#[test]
fn bytes_pass_once_and_the_last_ack_waits_for_the_commit() {
    let mut rig = Rig::new(Mode::Own);
    rig.holds_commit = true;
    let (port, id) = upload(&mut rig, client(1));
    let first = rig.arrive(port, client(1), &data(1, &[1; 512]));
    assert!(matches!(first, Handled::Received { last: false, .. }));
    assert!(rig.events.contains(&(id.index, Event::Settled)));
    assert_eq!(rig.server.settled(), 1);
    assert_eq!(
        rig.arrive(port, client(1), &data(1, &[1; 512])),
        Handled::Packet(id)
    );
    rig.take_sent();
    let last = rig.arrive(port, client(1), &data(2, &[2; 10]));
    assert!(matches!(last, Handled::Received { last: true, .. }));
    assert!(rig.sent.is_empty() && rig.events.last() == Some(&(id.index, Event::Commit)));
    rig.io(id, IoDone::Committed);
    assert_eq!(rig.take_sent()[0].bytes, [0, 4, 0, 2]);
    assert_eq!(rig.stored[&id.index], [&[1; 512][..], &[2; 10]].concat());
    assert_eq!(rig.endings(), [Ending::Complete]);
    assert!(!rig.events.contains(&(id.index, Event::Gone)), "it dallies");
    rig.pass(100);
    rig.arrive(port, client(1), &data(2, &[2; 10]));
    assert_eq!(rig.take_sent()[0].bytes, [0, 4, 0, 2]);
    rig.wait(60_000);
    assert_eq!(rig.take_events().last(), Some(&Event::Gone));
}

#[test]
fn an_upload_that_dallies_repeats_its_last_ack_also_when_its_client_has_sent_the_request_again() {
    let mut rig = Rig::new(Mode::Own);
    let (port, id) = upload(&mut rig, client(1));
    rig.arrive(port, client(1), &data(1, &[1; 10]));
    assert_eq!(rig.endings(), [Ending::Complete]);
    rig.take_sent();
    let (second, other) = upload(&mut rig, client(1));
    assert!(second != port && other != id);
    rig.pass(100);
    rig.arrive(second, client(1), &data(1, &[2; 512]));
    rig.take_sent();
    rig.pass(1_000);
    rig.arrive(port, client(1), &data(1, &[1; 10]));
    let sent = rig.take_sent();
    assert_eq!((sent[0].port, &sent[0].bytes[..]), (port, &[0, 4, 0, 1][..]));
}

/// In a flood a copy of the request waits in the listening socket until its upload is over, or its
/// client was silent for a while. It begins no second upload.
#[test]
fn a_late_copy_of_the_request_begins_no_second_upload() {
    for is_whole in [false, true] {
        let mut rig = Rig::new(Mode::Own);
        let (port, id) = upload(&mut rig, client(1));
        let empty_at = rig.now;
        rig.pass(100);
        let bytes = if is_whole { 10 } else { 512 };
        rig.arrive(port, client(1), &data(1, &vec![1; bytes]));
        rig.pass(1_200);
        rig.server.set_requests_since(empty_at);
        let late = rig.ask(client(1), &wrq("up", &[]));
        assert_eq!(late, Handled::Repeated(id));
        assert_eq!(rig.server.transfers(), 1);
        // A reset client repeats its request, and is served although the flood goes on.
        rig.pass(4_000);
        rig.server.set_requests_since(empty_at);
        let again = rig.ask(client(1), &wrq("up", &[]));
        assert!(matches!(again, Handled::Requested(_)), "{again:?}");
    }
}

#[test]
fn while_it_is_held_no_ack_goes_out() {
    let mut rig = Rig::new(Mode::Own);
    let (port, id) = upload(&mut rig, client(1));
    rig.io(id, IoDone::Held(true));
    rig.arrive(port, client(1), &data(1, &[1; 512]));
    assert!(rig.take_sent().is_empty());
    rig.io(id, IoDone::Held(false));
    assert_eq!(rig.take_sent()[0].bytes, [0, 4, 0, 1]);
}

#[test]
fn a_failed_write_sends_an_error_and_closes_the_file() {
    let mut rig = Rig::new(Mode::Own);
    let (port, id) = upload(&mut rig, client(1));
    rig.arrive(port, client(1), &data(1, &[1; 512]));
    rig.take_sent();
    rig.take_events();
    let (code, text) = (tftp_proto::ErrorCode::DISK_FULL, "Disk full");
    rig.io(
        id,
        IoDone::Failed {
            code,
            text: text.into(),
        },
    );
    assert_eq!(rig.take_sent()[0].bytes, b"\0\x05\0\x03Disk full\0");
    let expected = [
        Event::Close,
        Event::Over(Ending::Failed),
        Event::Closed(port),
        Event::Gone,
    ];
    assert_eq!(rig.take_events(), expected);
    assert_eq!(rig.figures, [(0, 512)]);
}

#[test]
fn too_much_in_a_block_is_refused() {
    let mut rig = Rig::new(Mode::Own);
    let (port, _) = upload(&mut rig, client(1));
    rig.arrive(port, client(1), &data(1, &[1; 513]));
    assert_eq!(rig.take_sent()[0].bytes[..4], [0, 5, 0, 4]);
    assert_eq!(rig.endings(), [Ending::Oversized]);
}

#[test]
fn windows_have_a_budget_and_give_it_back() {
    let mut rig = Rig::new(Mode::Shared);
    let options = [("blksize", "16000"), ("windowsize", "64")];
    for number in 0..400 {
        rig.ask(client(number), &wrq("up", &options));
    }
    assert!(rig.server.limits().windows() <= WINDOWS + 400 * 512);
    assert!(rig.server.limits().windows() > WINDOWS / 2);
    rig.wait(40_000);
    assert_eq!(rig.server.limits().windows(), 0);
}

#[test]
fn uploads_that_only_dally_give_their_ports_back_where_descriptors_are_short() {
    let mut rig = Rig::new(Mode::Own);
    let (port, _) = upload(&mut rig, client(1));
    rig.arrive(port, client(1), &data(1, &[]));
    assert_eq!(rig.server.transfers(), 1);
    rig.take_events();
    rig.server.limits().set_descriptors(Descriptors::Tight);
    rig.ask(client(2), &rrq("small", &[]));
    let events = rig.take_events();
    assert_eq!(events[..2], [Event::Closed(port), Event::Gone]);
    assert_eq!(rig.server.transfers(), 1);
}

#[test]
fn where_nothing_dallies_short_descriptors_end_no_transfer_that_could_share_its_port() {
    let mut rig = Rig::new(Mode::Own);
    rig.ask(client(1), &rrq("big", &[]));
    rig.pass(2_000);
    rig.server.limits().set_descriptors(Descriptors::Tight);
    rig.ask(client(2), &rrq("big", &[]));
    assert!(rig.endings().is_empty() && rig.server.transfers() == 2);
}
