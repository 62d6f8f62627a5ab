//! After the last ACK of an upload: RFC 1350 section 6.

use crate::drive::{FIXED, NOTHING, Upload};
use tftp_proto::*;

/// An upload of one block, stored and acknowledged.
fn stored() -> Upload {
    let mut upload = Upload::new("", FIXED);
    upload.sends();
    upload.last(1);
    assert_eq!(upload.commit(), ["ACK 1"]);
    assert_eq!(upload.machine.outcome(), Some(&Outcome::Complete));
    assert!(!upload.machine.is_over());
    upload
}

#[test]
fn it_dallies_and_ends() {
    let mut upload = stored();
    assert_eq!((upload.silence(), upload.now), (Vec::<String>::new(), 6000));
    assert!(upload.machine.is_over());
    assert_eq!(upload.machine.outcome(), Some(&Outcome::Complete));
    assert_eq!(upload.machine.poll_timeout(), None);
    assert_eq!(upload.last(1), NOTHING);
}

#[test]
fn a_repeated_last_block_gets_its_ack_again_and_is_no_data() {
    let mut upload = stored();
    for _ in 0..3 {
        assert_eq!(upload.after(5000).last(1), ["ACK 1"]);
    }
    assert_eq!(upload.stream, b"end");
    assert_eq!(upload.machine.received_bytes(), 3);
}

#[test]
fn it_does_not_stay_for_ever() {
    let mut upload = stored();
    while !upload.machine.is_over() {
        upload.after(500).last(1);
        let due = upload.machine.poll_timeout().is_some_and(|at| at <= upload.at());
        if due {
            upload.silence();
        }
        assert!(upload.now < 60_000);
    }
}

#[test]
fn a_burst_of_repetitions_is_not_answered_one_by_one() {
    let mut upload = stored();
    let acks: usize = (0..1000).map(|_| upload.last(1).len()).sum();
    assert_eq!(acks, 1);
}

#[test]
fn nothing_is_sent_while_the_file_is_stored() {
    let mut upload = Upload::new("", FIXED);
    upload.sends();
    upload.last(1);
    assert_eq!(upload.after(5000).last(1), NOTHING);
    assert_eq!(upload.after(5000).repeat(), NOTHING);
    upload.machine.handle_timeout(upload.at());
    assert_eq!(upload.sends(), NOTHING);
    assert_eq!(upload.commit(), ["ACK 1"]);
    assert_eq!(upload.machine.received_bytes(), 3);
}

#[test]
fn a_stray_error_afterwards_changes_nothing_about_the_file() {
    let mut upload = stored();
    assert_eq!(upload.error(0), NOTHING);
    assert!(!upload.machine.is_over(), "anybody may have sent it");
    upload.silence();
    assert!(upload.machine.is_over() && upload.now < 6000);
    assert_eq!(upload.machine.outcome(), Some(&Outcome::Complete));
}

#[test]
fn the_owner_cannot_fail_a_complete_transfer() {
    let mut upload = stored();
    upload.machine.fail(upload.at(), ErrorCode::DISK_FULL, "too late");
    assert_eq!(upload.sends(), NOTHING);
    assert_eq!(upload.machine.outcome(), Some(&Outcome::Complete));
}

#[test]
fn commit_before_the_end_does_nothing() {
    let mut upload = Upload::new("", FIXED);
    upload.sends();
    upload.data(1);
    assert_eq!(upload.commit(), NOTHING);
    assert_eq!(upload.machine.outcome(), None);
}

/// A last ACK that was lost is repeated whatever else the owner is behind with.
#[test]
fn nothing_is_held_once_the_file_is_stored() {
    let mut upload = stored();
    assert_eq!(upload.hold(true), NOTHING);
    assert_eq!(upload.after(30).last(1), ["ACK 1"]);
    assert_eq!(upload.after(1).last(1), NOTHING);
    assert_eq!(
        upload.silence(),
        ["ACK 1"],
        "and no deadline that has passed stays"
    );
    assert!(upload.machine.poll_timeout() > Some(upload.at()));
}

#[test]
fn each_repetition_prolongs_its_stay_four_times() {
    let mut upload = stored();
    for number in 0..6 {
        let until = upload.machine.poll_timeout().unwrap();
        upload.after(1_000).last(1);
        let prolonged = upload.machine.poll_timeout().unwrap() > until;
        assert_eq!(prolonged, number < 4, "{number}");
    }
}

#[test]
fn a_refused_last_ack_is_not_sent_again() {
    let mut upload = stored();
    upload.machine.handle_unreachable(upload.at());
    assert!(!upload.machine.is_over());
    assert_eq!(upload.silence(), NOTHING);
    assert!(upload.machine.is_over() && upload.now < 1_000);
}
