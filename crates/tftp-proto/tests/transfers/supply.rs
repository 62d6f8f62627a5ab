//! How a stream's source affects the limits on silence.

use std::time::Duration;

use crate::drive::{ADAPTIVE, Download, FIXED, LIMITS, Upload, requested};
use tftp_proto::*;

const IMPATIENT: Timing = Timing {
    inactivity: Some(Duration::from_secs(10)),
    ..FIXED
};

fn at(millis: u64) -> Instant {
    Instant::from_micros(millis * 1000)
}

/// A download in windows of four, whose client has acknowledged the OACK; nothing is supplied.
fn download() -> ReadTransfer {
    let negotiated = negotiate::read(&requested("windowsize 4"), &LIMITS, None);
    let mut machine = ReadTransfer::new(at(0), &negotiated, &IMPATIENT);
    assert!(machine.poll_transmit(at(0)).is_some());
    machine.handle_packet(at(1), &Packet::Ack { block: 0 });
    machine
}

fn sends(machine: &mut ReadTransfer, millis: u64) -> Vec<(u64, u32)> {
    let mut sent = Vec::new();
    while let Some(transmit) = machine.poll_transmit(at(millis)) {
        if let Transmit::Data { first, count } = transmit {
            sent.push((first, count));
        }
    }
    sent
}

/// Whether its deadlines end it at that time and not before.
fn ends_at(machine: &mut ReadTransfer, millis: u64) {
    machine.handle_timeout(at(millis - 1));
    assert!(machine.outcome().is_none());
    machine.handle_timeout(at(millis));
    assert!(machine.outcome().is_some());
}

#[test]
fn a_client_that_waits_for_the_source_is_not_silent() {
    let mut machine = download();
    machine.supply(at(9_000), 1024, false);
    assert_eq!(sends(&mut machine, 9_000), [(1, 2)]);
    ends_at(&mut machine, 19_000);
}

#[test]
fn supplied_data_does_not_postpone_a_timeout() {
    let mut machine = download();
    machine.supply(at(1), 1024, false);
    assert_eq!(sends(&mut machine, 1), [(1, 2)]);
    machine.supply(at(9_000), 4096, false);
    ends_at(&mut machine, 10_001);
}

#[test]
fn a_source_takes_nothing_back_and_adds_nothing_behind_the_end() {
    let mut machine = download();
    machine.supply(at(1), 2048, false);
    machine.supply(at(1), 512, false);
    assert_eq!(sends(&mut machine, 1), [(1, 4)]);
    let mut machine = download();
    machine.supply(at(1), 600, true);
    machine.supply(at(1), 2048, false);
    machine.supply(at(1), 100, true);
    assert_eq!(sends(&mut machine, 1), [(1, 2)]);
    machine.handle_packet(at(2), &Packet::Ack { block: 2 });
    assert_eq!(machine.outcome(), Some(&Outcome::Complete));
    assert_eq!(machine.acked_bytes(), 600);
}

#[test]
fn a_released_upload_restarts_its_timeout() {
    let upload = || {
        let mut upload = Upload::new("", IMPATIENT);
        upload.sends();
        upload.after(1).data(1);
        upload
    };
    let ends_at = |mut upload: Upload, millis: u64| {
        upload.machine.handle_timeout(at(millis - 1));
        assert!(upload.machine.outcome().is_none());
        upload.machine.handle_timeout(at(millis));
        assert!(upload.machine.outcome().is_some());
    };
    let mut never_held = upload();
    never_held.after(9_000).hold(false);
    ends_at(never_held, 10_001);

    let mut held_twice = upload();
    held_twice.hold(true);
    held_twice.after(9_000).hold(true);
    ends_at(held_twice, 10_001);

    let mut let_go = upload();
    let_go.hold(true);
    let_go.after(9_000).hold(false);
    ends_at(let_go, 19_001);
}

#[test]
fn an_upload_that_is_held_does_not_use_up_its_repetitions() {
    let mut upload = Upload::new("", FIXED);
    upload.sends();
    upload.after(1).data(1);
    upload.hold(true);
    for _ in 0..20 {
        upload.now += 6_000;
        upload.machine.handle_timeout(upload.at());
    }
    assert!(upload.machine.outcome().is_none());
    assert!(upload.hold(false).is_empty());
    assert_eq!(upload.silence(), ["ACK 1"]);
}

#[test]
fn the_size_of_a_stream_is_known_at_its_end_and_a_clients_moment_from_the_first() {
    let mut machine = download();
    assert!(machine.moment() >= Duration::from_millis(50));
    machine.supply(at(1), 2048, false);
    assert_eq!(machine.stream_size(), None);
    machine.supply(at(2), 2500, true);
    assert_eq!(machine.stream_size(), Some(2500));
}

#[test]
fn a_client_is_waited_for_since_its_ack_or_the_first_copy_of_the_answer() {
    let since =
        |download: &Download| download.machine.waits_since().map(|at| at.as_micros() / 1000);
    let mut download = Download::new("windowsize 4", 50_000, ADAPTIVE);
    download.sends();
    assert_eq!(since(&download), None, "half-open");
    let packet = Packet::Ack { block: 0 };
    download.machine.handle_packet(at(3), &packet);
    assert_eq!(since(&download), None, "nothing is in flight");
    assert_eq!(download.after(10).sends(), ["DATA 1-4"]);
    assert_eq!(since(&download), Some(10), "the storage took its time");
    assert_eq!(download.after(1).ack(2), ["DATA 3-6"]);
    assert_eq!(since(&download), Some(11));
    while download.machine.retransmissions() < 8 {
        download.silence();
    }
    assert!(download.now > 11);
    assert_eq!(since(&download), Some(11), "a repeated window is no sign of life");
}
