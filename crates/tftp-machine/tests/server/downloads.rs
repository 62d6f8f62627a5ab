//! Downloads.

use crate::drive::*;
use tftp_machine::*;
use tftp_proto::wire;

#[test]
fn a_file_arrives_whole_from_a_port_of_its_own() {
    let mut rig = Rig::new(Mode::Own);
    let asked = rig.ask(client(1), &rrq("small", &[]));
    assert!(matches!(asked, Handled::Requested(_)));
    let port = rig.sent[0].port;
    assert_ne!(port, LISTENING);
    assert_eq!(rig.read_all(client(1)), vec![5; 700]);
    let events = rig.take_events();
    let after = events.iter().skip_while(|event| **event != Event::Begun);
    let expected = [
        Event::Begun,
        Event::Settled,
        Event::Close,
        Event::Over(Ending::Complete),
        Event::Closed(port),
        Event::Gone,
    ];
    assert_eq!(after.cloned().collect::<Vec<_>>(), expected);
    assert_eq!(rig.server.transfers(), 0);
}

#[test]
fn windows_and_options_are_agreed_and_every_mode_serves() {
    for mode in [Mode::Own, Mode::AlwaysOwn, Mode::Shared, Mode::Single] {
        let mut rig = Rig::new(mode);
        rig.ask(
            client(1),
            &rrq("big", &[("blksize", "1000"), ("windowsize", "16")]),
        );
        assert_eq!(rig.sent[0].bytes[1], 6, "an OACK");
        assert_eq!(rig.sent[0].port == LISTENING, mode == Mode::Single);
        assert_eq!(rig.read_all(client(1)), vec![6; 100_000], "{mode:?}");
        assert_eq!(rig.endings(), [Ending::Complete]);
    }
}

#[test]
fn a_read_that_is_late_stops_nothing_else() {
    let mut rig = Rig::new(Mode::Own);
    rig.holds_read = true;
    let Handled::Requested(id) = rig.ask(client(1), &rrq("small", &[])) else {
        panic!("a transfer begins")
    };
    assert!(rig.sent.is_empty());
    rig.holds_read = false;
    rig.ask(client(2), &rrq("small", &[]));
    assert_eq!(rig.read_all(client(2)), vec![5; 700]);
    let (available, end) = (700, true);
    rig.io(id, IoDone::Supplied { available, end });
    assert_eq!(rig.read_all(client(1)), vec![5; 700]);
}

#[test]
fn a_failed_read_sends_an_error() {
    let mut rig = Rig::new(Mode::Own);
    rig.holds_read = true;
    let Handled::Requested(id) = rig.ask(client(1), &rrq("small", &[])) else {
        panic!("a transfer begins")
    };
    let (code, text) = (tftp_proto::ErrorCode::UNDEFINED, "Read error");
    rig.io(
        id,
        IoDone::Failed {
            code,
            text: text.into(),
        },
    );
    assert_eq!(rig.sent[0].bytes, b"\0\x05\0\0Read error\0");
    assert_eq!(rig.endings(), [Ending::Failed]);
}

#[test]
fn a_client_that_never_acknowledges_gets_four_packets_and_no_error() {
    let mut rig = Rig::new(Mode::Own);
    rig.ask(client(1), &rrq("big", &[("windowsize", "64"), ("timeout", "1")]));
    rig.wait(31_000);
    let sent = rig.take_sent();
    assert!(
        sent.len() <= 4 && sent.iter().all(|sent| sent.bytes[1] == 6),
        "{sent:?}"
    );
    let probably_complete = false;
    assert_eq!(rig.endings(), [Ending::Silent { probably_complete }]);
    assert_eq!(rig.server.transfers(), 0);
}

#[test]
fn a_file_of_a_half_open_transfer_is_closed_and_reopened() {
    let mut rig = Rig::new(Mode::Shared);
    rig.server.limits().set_descriptors(Descriptors::Crowded);
    rig.ask(client(1), &rrq("big", &[("blksize", "1000")]));
    assert_eq!(rig.take_events().last(), Some(&Event::LetGo));
    assert_eq!(rig.read_all(client(1)).len(), 100_000);
    assert!(rig.take_events().contains(&Event::Reopen));
}

#[test]
fn a_probe_is_distinguished_from_a_failure() {
    for (options, probe) in [(("tsize", "0"), true), (("blksize", "1400"), false)] {
        let mut rig = Rig::new(Mode::Own);
        rig.ask(client(1), &rrq("small", &[options]));
        let port = rig.sent[0].port;
        rig.arrive(port, client(1), &error(8));
        let is_probe = matches!(&rig.endings()[..], [Ending::ClientError { probe, .. }] if *probe);
        assert_eq!(is_probe, probe);
    }
}

#[test]
fn packets_beyond_the_mtu_are_sent_again_or_end_the_transfer() {
    for dont_fragment in [false, true] {
        let mut rig = Rig::with(
            Config {
                dont_fragment,
                ..config(Mode::Own)
            },
            policy(),
        );
        rig.ask(client(1), &rrq("big", &[("blksize", "8000")]));
        let port = rig.take_sent()[0].port;
        rig.arrive(port, client(1), &wire::ack(0));
        let first = rig.take_sent();
        rig.pass(1);
        rig.fail(port, client(1), NetFailure::Shrunk);
        let again = rig.take_sent();
        assert_eq!(again == first, !dont_fragment);
        assert_eq!(rig.endings().contains(&Ending::TooLong), dont_fragment);
    }
}
