//! The application's decisions: now, later, never.

use crate::drive::*;
use tftp_machine::*;
use tftp_proto::{ErrorCode, wire};

fn ask(rig: &mut Rig, name: &str) -> TransferId {
    match rig.ask(client(1), &rrq(name, &[])) {
        Handled::Requested(id) => id,
        other => panic!("no transfer: {other:?}"),
    }
}

#[test]
fn a_decision_that_is_put_off_is_waited_for_at_either_question() {
    for answers in [Answers::LaterAtRequest, Answers::LaterAtStart] {
        let mut rig = Rig::new(Mode::Own);
        rig.answers = answers;
        let id = ask(&mut rig, "small");
        rig.wait(20_000);
        assert!(rig.sent.is_empty());
        rig.decide(id, Decision::Go);
        assert_eq!(rig.read_all(client(1)), vec![5; 700]);
        let questions: Vec<_> = rig.asked.iter().map(|(_, question)| *question).collect();
        assert_eq!(questions, [Question::Request, Question::Start { found: true }]);
    }
}

#[test]
fn a_missing_decision_ends_the_transfer() {
    let mut rig = Rig::new(Mode::Own);
    rig.answers = Answers::LaterAtRequest;
    ask(&mut rig, "small");
    rig.wait(61_000);
    assert_eq!(
        rig.sent[0].bytes,
        b"\0\x05\0\0The server's application did not answer\0"
    );
    assert_eq!(rig.endings(), [Ending::Unanswered]);
}

#[test]
fn a_client_that_repeats_its_request_is_waited_for_longer() {
    let mut rig = Rig::new(Mode::Own);
    rig.answers = Answers::LaterAtRequest;
    let id = ask(&mut rig, "small");
    rig.wait(50_000);
    assert_eq!(rig.ask(client(1), &rrq("small", &[])), Handled::Repeated(id));
    rig.wait(50_000);
    assert_eq!(rig.server.transfers(), 1);
}

#[test]
fn the_application_refuses() {
    let mut rig = Rig::new(Mode::Own);
    rig.answers = Answers::Refuse;
    ask(&mut rig, "small");
    assert_eq!(rig.sent[0].bytes, b"\0\x05\0\x02Access denied\0");
    assert_eq!(rig.endings(), [Ending::Decided]);
}

#[test]
fn the_application_ends_a_transfer_aloud_or_in_silence() {
    for silent in [false, true] {
        let mut rig = Rig::new(Mode::Own);
        let id = ask(&mut rig, "big");
        let port = rig.take_sent()[0].port;
        rig.arrive(port, client(1), &wire::ack(1));
        rig.take_sent();
        // An owned text, made for this transfer.
        let (code, text) = (ErrorCode::UNDEFINED, format!("enough, {silent}").into());
        rig.decide(id, Decision::End { code, text, silent });
        let sent = rig.take_sent();
        let expected: &[&[u8]] = if silent {
            &[]
        } else {
            &[b"\0\x05\0\0enough, false\0"]
        };
        assert_eq!(
            sent.iter().map(|sent| &sent.bytes[..]).collect::<Vec<_>>(),
            expected
        );
        assert_eq!(rig.endings(), [Ending::Decided]);
        assert!(
            silent || rig.figures == [(512, 0)],
            "what was acknowledged can be read when its end is told"
        );
        rig.decide(id, Decision::Go);
        rig.io(id, IoDone::Committed);
        assert_eq!(rig.server.transfers(), 0);
    }
}

#[test]
fn a_missing_file_is_looked_up_again_only_after_a_slow_decision() {
    let mut rig = Rig::new(Mode::Own);
    ask(&mut rig, "nothing");
    assert_eq!(rig.sent[0].bytes, b"\0\x05\0\x01File not found\0");
    assert_eq!(rig.endings(), [Ending::Missing]);
    assert_eq!(rig.opened, [false]);

    let mut rig = Rig::new(Mode::Own);
    rig.answers = Answers::LaterAtStart;
    let id = ask(&mut rig, "nothing");
    rig.decide(id, Decision::Go);
    assert_eq!(rig.sent[0].bytes, b"\0\x05\0\x01File not found\0");
    assert_eq!(rig.endings(), [Ending::Missing]);
    assert_eq!(rig.opened, [false, true]);

    let mut rig = Rig::new(Mode::Own);
    rig.answers = Answers::LaterAtStart;
    let id = ask(&mut rig, "nothing");
    assert_eq!(
        rig.asked.last(),
        Some(&(id.index, Question::Start { found: false }))
    );
    rig.files.insert(b"nothing".to_vec(), vec![9; 3]);
    rig.decide(id, Decision::Go);
    assert_eq!(rig.read_all(client(1)), [9; 3]);
}

#[test]
fn a_lane_that_is_full_is_met_with_silence() {
    let mut rig = Rig::new(Mode::Own);
    rig.holds_open = true;
    let id = ask(&mut rig, "small");
    rig.io(id, IoDone::Busy);
    assert!(rig.sent.is_empty());
    assert_eq!(rig.endings(), [Ending::Busy]);
}

#[test]
fn a_transfer_keeps_the_limits_that_it_began_with() {
    let mut rig = Rig::new(Mode::Own);
    rig.answers = Answers::LaterAtRequest;
    let Handled::Requested(id) = rig.ask(client(1), &rrq("big", &[("blksize", "1400")])) else {
        panic!("no transfer")
    };
    let mut later = policy();
    later.limits.max_blksize = 512;
    rig.server.set_policy(later);
    rig.decide(id, Decision::Go);
    let negotiated = rig.server.transfer(id).unwrap().negotiated().unwrap();
    assert_eq!(negotiated.blksize, 1400);
    let Handled::Requested(id) = rig.ask(client(2), &rrq("big", &[("blksize", "1400")])) else {
        panic!("no transfer")
    };
    rig.decide(id, Decision::Go);
    assert_eq!(
        rig.server.transfer(id).unwrap().negotiated().unwrap().blksize,
        512
    );
}
