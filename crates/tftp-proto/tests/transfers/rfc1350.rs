//! The protocol of 1992, without options: RFC 1350.

use crate::drive::{Download, FIXED, NOTHING, Upload};
use tftp_proto::*;

#[test]
fn a_download_in_lockstep() {
    let mut download = Download::new("", 1300, FIXED);
    assert_eq!(download.sends(), ["DATA 1"]);
    assert!(download.machine.is_half_open());
    assert_eq!(download.ack(1), ["DATA 2"]);
    assert!(!download.machine.is_half_open());
    assert_eq!(download.machine.acked_bytes(), 512);
    assert_eq!(download.ack(2), ["DATA 3"]);
    assert_eq!(download.ack(3), NOTHING);
    assert_eq!(download.machine.outcome(), Some(&Outcome::Complete));
    assert!(download.machine.is_over());
    assert_eq!(download.machine.acked_bytes(), 1300);
    assert_eq!(download.machine.poll_timeout(), None);
}

#[test]
fn an_exact_multiple_ends_with_an_empty_block() {
    let mut download = Download::new("", 1024, FIXED);
    assert_eq!(download.sends(), ["DATA 1"]);
    assert_eq!(download.ack(1), ["DATA 2"]);
    assert_eq!(download.ack(2), ["DATA 3"]);
    assert_eq!(download.machine.outcome(), None);
    assert_eq!(download.ack(3), NOTHING);
    assert!(download.machine.is_over());
}

#[test]
fn an_empty_file_is_one_empty_block() {
    let mut download = Download::new("", 0, FIXED);
    assert_eq!(download.sends(), ["DATA 1"]);
    assert_eq!(download.ack(1), NOTHING);
    assert_eq!(download.machine.outcome(), Some(&Outcome::Complete));
}

#[test]
fn a_download_waits_for_its_bytes_and_not_for_the_client_meanwhile() {
    let negotiated = negotiate::read(&RequestedOptions::default(), &crate::drive::LIMITS, None);
    let now = Instant::from_micros(0);
    let mut machine = ReadTransfer::new(now, &negotiated, &FIXED);
    assert_eq!(machine.wants(), Some(512));
    assert_eq!((machine.poll_transmit(now), machine.poll_timeout()), (None, None));
    machine.supply(now, 511, false);
    assert_eq!((machine.poll_transmit(now), machine.wants()), (None, Some(512)));
    machine.supply(now, 512, false);
    assert_eq!(
        machine.poll_transmit(now),
        Some(Transmit::Data { first: 1, count: 1 })
    );
    assert_eq!(machine.wants(), None);
    machine.handle_packet(now, &Packet::Ack { block: 1 });
    assert_eq!((machine.poll_transmit(now), machine.wants()), (None, Some(1024)));
    machine.supply(now, 512, true);
    assert_eq!(
        machine.poll_transmit(now),
        Some(Transmit::Data { first: 2, count: 1 })
    );
    assert_eq!(machine.wants(), None);
}

#[test]
fn an_upload_in_lockstep() {
    let mut upload = Upload::new("", FIXED);
    assert_eq!(upload.sends(), ["ACK 0"]);
    assert!(upload.machine.is_half_open());
    assert_eq!(upload.data(1), ["ACK 1"]);
    assert!(!upload.machine.is_half_open());
    assert_eq!(upload.data(2), ["ACK 2"]);
    assert_eq!(
        upload.last(3),
        NOTHING,
        "the last ACK waits until the file is stored"
    );
    assert!(upload.machine.is_complete());
    assert_eq!(
        upload.machine.poll_timeout(),
        None,
        "the client does not keep us waiting now"
    );
    assert_eq!(upload.commit(), ["ACK 3"]);
    assert_eq!(upload.machine.outcome(), Some(&Outcome::Complete));
    assert_eq!(upload.machine.received_bytes(), 1027);
    assert_eq!(
        upload.stream,
        [vec![1; 512], vec![2; 512], b"end".to_vec()].concat()
    );
}

#[test]
fn an_empty_upload_is_one_empty_block() {
    let mut upload = Upload::new("", FIXED);
    upload.sends();
    let bytes = upload
        .machine
        .handle_packet(upload.at(), &Packet::Data { block: 1, data: b"" });
    assert_eq!(bytes, Some(&b""[..]));
    assert!(upload.machine.is_complete());
}

#[test]
fn an_upload_that_cannot_be_stored_ends_with_an_error() {
    let mut upload = Upload::new("", FIXED);
    upload.sends();
    upload.last(1);
    upload
        .machine
        .fail(upload.at(), ErrorCode::DISK_FULL, "Disk full");
    assert!(!upload.machine.is_over(), "the ERROR is still to be sent");
    assert_eq!(upload.sends(), ["ERROR 3"]);
    assert!(upload.machine.is_over());
    assert_eq!(upload.machine.outcome(), Some(&Outcome::Failed));
    assert_eq!(upload.commit(), NOTHING, "too late");
}

#[test]
fn a_failed_download_sends_one_error() {
    let mut download = Download::new("", 5000, FIXED);
    download.sends();
    download
        .machine
        .fail(Instant::from_micros(1), ErrorCode::UNDEFINED, "The file shrank");
    download
        .machine
        .fail(Instant::from_micros(2), ErrorCode::ACCESS, "again");
    assert_eq!(download.sends(), ["ERROR 0"]);
    assert_eq!(download.ack(1), NOTHING);
    assert_eq!(download.machine.outcome(), Some(&Outcome::Failed));
}

#[test]
fn an_error_is_never_answered_and_ends_it_at_once() {
    let mut download = Download::new("", 5000, FIXED);
    download.sends();
    assert_eq!(download.error(3), NOTHING);
    let message = "enough".to_string();
    let expected = Outcome::ClientError {
        code: ErrorCode::DISK_FULL,
        message,
        probe: false,
    };
    assert_eq!(download.machine.outcome(), Some(&expected));
    assert!(download.machine.is_over());
    assert_eq!((download.ack(1), download.repeat()), (vec![], vec![]));

    let mut upload = Upload::new("", FIXED);
    upload.sends();
    assert_eq!(upload.error(0), NOTHING);
    assert!(matches!(
        upload.machine.outcome(),
        Some(Outcome::ClientError { probe: false, .. })
    ));
    assert_eq!((upload.data(1), upload.repeat()), (vec![], vec![]));
}

#[test]
fn a_hold_delays_the_ack() {
    let mut upload = Upload::new("", FIXED);
    assert_eq!(upload.hold(true), NOTHING, "not even the first one");
    assert_eq!(upload.hold(false), ["ACK 0"]);
    upload.machine.hold(upload.at(), true);
    assert_eq!(upload.data(1), NOTHING);
    assert_eq!(
        upload.after(9000).data(1),
        NOTHING,
        "the client asks, and has to wait"
    );
    assert_eq!(upload.machine.poll_timeout(), None);
    assert_eq!(upload.hold(false), ["ACK 1"]);
    assert_eq!(upload.data(2), ["ACK 2"]);
    assert_eq!(upload.machine.received_bytes(), 1024);
}

#[test]
fn a_transfer_is_small() {
    assert!(size_of::<ReadTransfer>() <= 288, "{}", size_of::<ReadTransfer>());
    assert!(
        size_of::<WriteTransfer>() <= 288,
        "{}",
        size_of::<WriteTransfer>()
    );
}
