//! Before a client has acknowledged anything its address may be forged: a request brings four
//! packets at most, and nothing at the end.

use crate::drive::{ADAPTIVE, Download, FIXED, NOTHING, Upload};
use std::time::Duration;
use tftp_proto::*;

/// Everything that was sent, from the first packet to the end.
fn all(first: Vec<String>, story: &[(u64, String)]) -> Vec<String> {
    let later = story.iter().map(|(_, sent)| sent.clone());
    first
        .into_iter()
        .chain(later)
        .filter(|sent| !sent.is_empty())
        .collect()
}

#[test]
fn silence_brings_three_repetitions_and_no_error() {
    for timing in [FIXED, ADAPTIVE] {
        for (options, packet) in [("", "DATA 1"), ("blksize 65464 windowsize 64", "OACK")] {
            let mut download = Download::new(options, 1 << 40, timing);
            let sent = all(download.sends(), &download.abandoned());
            assert_eq!(sent, [packet; 4], "{options}");
            assert!(download.now <= 30_000);
            let silent = Outcome::TimedOut {
                probably_complete: false,
            };
            assert_eq!(download.machine.outcome(), Some(&silent));
        }
        let mut upload = Upload::new("", timing);
        let sent = all(upload.sends(), &upload.abandoned());
        assert_eq!(sent, ["ACK 0"; 4]);
        assert!(upload.now <= 30_000);
    }
}

#[test]
fn repeated_requests_bring_no_more_than_silence() {
    let mut download = Download::new("tsize 0", 50_000, ADAPTIVE);
    let mut upload = Upload::new("tsize 50000", ADAPTIVE);
    let (mut down, mut up) = (download.sends(), upload.sends());
    for _ in 0..1000 {
        down.extend(download.after(25).repeat());
        up.extend(upload.after(25).repeat());
    }
    assert_eq!((down.len(), up.len()), (4, 4), "{down:?} {up:?}");
}

/// The answers to a client that retransmits its request every 0.1 s last longer than an outage of
/// some seconds.
#[test]
fn the_repetitions_last_for_a_while() {
    let mut download = Download::new("tsize 0", 50_000, FIXED);
    download.sends();
    let mut at = Vec::new();
    for _ in 0..300 {
        if !download.after(100).repeat().is_empty() {
            at.push(download.now);
        }
    }
    assert_eq!(at, [100, 600, 2600]);
}

#[test]
fn it_ends_after_thirty_seconds_whatever_was_negotiated() {
    let patient = Timing {
        inactivity: Some(Duration::from_secs(600)),
        ..FIXED
    };
    for options in ["timeout 255", "utimeout 255000000"] {
        let mut download = Download::new(options, 50_000, patient);
        download.after(7).sends();
        download.abandoned();
        assert_eq!(download.now, 30_007, "{options}");
        let mut upload = Upload::new(options, patient);
        upload.after(7).sends();
        upload.abandoned();
        assert_eq!(upload.now, 30_007, "{options}");
    }
}

/// The machine waits for the application and the disk for the whole of Timeout.
#[test]
fn the_thirty_seconds_begin_with_the_first_packet() {
    let now = |seconds: u64| Instant::from_micros(seconds * 1_000_000);
    let negotiated =
        negotiate::read(&RequestedOptions::default(), &crate::drive::LIMITS, Some(50_000));
    let patient = Timing {
        inactivity: Some(Duration::from_secs(600)),
        max_retransmits: 100,
        ..FIXED
    };
    let mut machine = ReadTransfer::new(now(0), &negotiated, &patient);
    machine.handle_timeout(now(100));
    assert_eq!(machine.outcome(), None);
    machine.supply(now(100), 512, false);
    assert!(machine.poll_transmit(now(100)).is_some());
    machine.handle_timeout(now(129));
    while machine.poll_transmit(now(129)).is_some() {}
    assert_eq!(machine.outcome(), None);
    machine.handle_timeout(now(130));
    assert!(machine.outcome().is_some());
}

/// Nothing was supplied, so nothing was sent: the ERROR is the one packet.
#[test]
fn a_client_without_an_answer_gets_an_error_at_the_end() {
    let now = |seconds: u64| Instant::from_micros(seconds * 1_000_000);
    let negotiated = negotiate::read(&RequestedOptions::default(), &crate::drive::LIMITS, None);
    let impatient = Timing {
        inactivity: Some(Duration::from_secs(10)),
        ..FIXED
    };
    let mut machine = ReadTransfer::new(now(0), &negotiated, &impatient);
    assert!(machine.poll_transmit(now(0)).is_none());
    machine.handle_timeout(now(9));
    assert_eq!(machine.outcome(), None);
    machine.handle_timeout(now(10));
    assert!(matches!(
        machine.poll_transmit(now(10)),
        Some(Transmit::Error {
            code: ErrorCode::UNDEFINED,
            ..
        })
    ));
    assert!(machine.poll_transmit(now(10)).is_none());
    let probably_complete = false;
    assert_eq!(machine.outcome(), Some(&Outcome::TimedOut { probably_complete }));

    let mut superseded = ReadTransfer::new(now(0), &negotiated, &impatient);
    superseded.supersede(now(1));
    superseded.handle_timeout(now(10));
    assert!(
        superseded.poll_transmit(now(10)).is_none(),
        "its client has another one"
    );
}

#[test]
fn an_acknowledgment_lifts_every_bound() {
    let patient = Timing {
        inactivity: Some(Duration::from_secs(600)),
        ..FIXED
    };
    let mut download = Download::new("timeout 40", 50_000, patient);
    download.sends();
    download.after(25_000).ack(0);
    assert_eq!(download.silence(), ["DATA 1"]);
    assert_eq!(download.now, 65_000);
    assert_eq!(
        download.abandoned().last().map(|(_, sent)| sent.as_str()),
        Some("ERROR 0")
    );
}

/// A client that sends block 2 has received the OACK.
#[test]
fn a_block_behind_a_gap_shows_that_the_client_is_there() {
    let mut upload = Upload::new("windowsize 8", FIXED);
    upload.sends();
    assert!(upload.machine.is_half_open());
    upload.data(9);
    assert!(upload.machine.is_half_open(), "beyond the window");
    assert_eq!(upload.data(2), ["ACK 0"]);
    assert!(!upload.machine.is_half_open());
    assert_eq!(upload.machine.heard_at(), Some(upload.at()));
}

#[test]
fn an_error_or_a_refusal_ends_it_at_once() {
    let mut download = Download::new("", 50_000, FIXED);
    download.sends();
    assert_eq!(download.error(0), NOTHING);
    assert!(download.machine.is_over() && !download.machine.is_in_doubt());
    let mut upload = Upload::new("", FIXED);
    upload.sends();
    upload.error(0);
    assert!(upload.machine.is_over());

    let mut download = Download::new("blksize 1024", 50_000, FIXED);
    download.sends();
    download.machine.handle_unreachable(Instant::from_micros(0));
    assert_eq!(download.machine.outcome(), Some(&Outcome::Unreachable));
    let mut upload = Upload::new("", FIXED);
    upload.sends();
    upload.machine.handle_unreachable(upload.at());
    assert_eq!(upload.machine.outcome(), Some(&Outcome::Unreachable));
    assert!(upload.machine.is_over());
}

#[test]
fn the_owner_may_still_give_the_reason() {
    let mut download = Download::new("blksize 1024", 50_000, FIXED);
    download.sends();
    download
        .machine
        .fail(Instant::from_micros(0), ErrorCode::UNDEFINED, "stopped");
    assert_eq!(download.sends(), ["ERROR 0"]);
}
