//! An ERROR and an ICMP error are as easy to forge as a request: a running transfer acts on one
//! only if its client is silent for a moment.

use crate::drive::{ADAPTIVE, Download, FIXED, NOTHING, Upload};
use tftp_proto::*;

/// A download in lockstep that has sent block 2, of a client that answers within a millisecond.
fn lockstep() -> Download {
    let mut download = Download::new("", 50_000, FIXED);
    download.sends();
    assert_eq!(download.after(1).ack(1), ["DATA 2"]);
    download
}

fn windowed() -> Download {
    let mut download = Download::new("windowsize 4", 50_000, ADAPTIVE);
    download.sends();
    assert_eq!(download.after(1).ack(0), ["DATA 1-4"]);
    download
}

/// An upload that has acknowledged block 1.
fn upload() -> Upload {
    let mut upload = Upload::new("", FIXED);
    upload.sends();
    assert_eq!(upload.after(1).data(1), ["ACK 1"]);
    upload
}

fn refuse(download: &mut Download) -> Vec<String> {
    let now = Instant::from_micros(download.now * 1000);
    download.machine.handle_unreachable(now);
    download.sends()
}

fn error_code(outcome: Option<&Outcome>) -> Option<u16> {
    match outcome {
        Some(Outcome::ClientError {
            code, probe: false, ..
        }) => Some(code.0),
        _ => None,
    }
}

#[test]
fn an_error_counts_after_a_time_without_packets() {
    let mut download = lockstep();
    assert_eq!(download.error(3), NOTHING);
    assert!(download.machine.is_in_doubt() && download.machine.outcome().is_none());
    assert_eq!(download.silence(), NOTHING);
    assert_eq!(download.now, 51, "50 ms after it came");
    assert_eq!(error_code(download.machine.outcome()), Some(3));
    assert!(download.machine.is_over() && !download.machine.is_in_doubt());

    let mut upload = upload();
    assert_eq!(upload.error(3), NOTHING);
    assert_eq!(upload.silence(), NOTHING);
    assert_eq!((upload.now, error_code(upload.machine.outcome())), (51, Some(3)));
}

#[test]
fn a_forged_error_ends_nothing() {
    let mut download = lockstep();
    for block in 2..98 {
        for _ in 0..10 {
            assert_eq!(download.error(0), NOTHING);
        }
        let next = download.after(20).ack(block);
        assert_eq!(next, [format!("DATA {}", block + 1)]);
    }
    download.error(0);
    download.after(20).ack(98);
    assert_eq!(download.machine.outcome(), Some(&Outcome::Complete));
    assert_eq!(download.machine.retransmissions(), 0);

    let mut upload = upload();
    for block in 2..98 {
        upload.error(0);
        assert_eq!(upload.after(20).data(block), [format!("ACK {block}")]);
    }
    upload.error(0);
    upload.after(20).last(98);
    upload.error(0);
    assert_eq!(upload.commit(), ["ACK 98"]);
    assert_eq!(upload.machine.outcome(), Some(&Outcome::Complete));
}

#[test]
fn an_invalid_packet_refutes_no_doubt() {
    let mut download = windowed();
    download.error(0);
    download.ack(9);
    download.ack(60_000);
    download.repeat();
    assert!(download.machine.is_in_doubt());
    download.ack(0);
    assert!(!download.machine.is_in_doubt(), "the current ACK again fits");

    let mut upload = upload();
    upload.error(0);
    upload.data(40_000);
    upload.repeat();
    assert!(upload.machine.is_in_doubt());
    upload.after(30).data(1);
    assert!(!upload.machine.is_in_doubt());
}

/// Neither timers nor requests, nor the tail probe of a window.
#[test]
fn nothing_is_retransmitted_in_doubt() {
    let mut download = windowed();
    download.error(0);
    assert_eq!(download.after(40).repeat(), NOTHING);
    let now = Instant::from_micros(download.now * 1000);
    download.machine.handle_timeout(now);
    assert_eq!(download.sends(), NOTHING);
    assert_eq!(
        download.machine.poll_timeout(),
        Some(Instant::from_micros(51_000))
    );

    let mut upload = upload();
    upload.error(0);
    assert_eq!(upload.after(40).repeat(), NOTHING);
}

#[test]
fn a_slow_clients_moment_is_two_of_its_round_trips() {
    let mut download = Download::new("", 50_000, FIXED);
    download.sends();
    download.after(300).ack(1);
    download.error(0);
    assert_eq!((download.silence(), download.now), (Vec::new(), 900));
    assert_eq!(error_code(download.machine.outcome()), Some(0));
}

/// A client that waits for the disk has nothing to acknowledge: its moment begins with the packet
/// that it waits for.
#[test]
fn the_moment_begins_when_the_client_has_something_to_answer() {
    let at = |millis: u64| Instant::from_micros(millis * 1000);
    let negotiated =
        negotiate::read(&RequestedOptions::default(), &crate::drive::LIMITS, Some(50_000));
    let mut machine = ReadTransfer::new(at(0), &negotiated, &FIXED);
    machine.supply(at(0), 512, false);
    machine.poll_transmit(at(0));
    machine.handle_packet(at(1), &Packet::Ack { block: 1 });
    let error = Packet::Error {
        code: ErrorCode(0),
        message: b"",
    };
    machine.handle_packet(at(2), &error);
    machine.handle_timeout(at(500));
    assert!(machine.outcome().is_none());
    machine.supply(at(600), 1024, false);
    assert_eq!(
        machine.poll_transmit(at(600)),
        Some(Transmit::Data { first: 2, count: 1 })
    );
    assert_eq!(machine.poll_timeout(), Some(at(650)));
    machine.handle_packet(at(601), &Packet::Ack { block: 2 });
    assert!(!machine.is_in_doubt());
    machine.handle_packet(at(602), &error);
    machine.handle_timeout(at(1602));
    assert_eq!(
        error_code(machine.outcome()),
        Some(0),
        "but nobody is waited for for ever"
    );

    let mut upload = upload();
    upload.machine.hold(upload.at(), true);
    upload.data(2);
    upload.error(0);
    upload.after(900);
    upload.machine.handle_timeout(upload.at());
    assert_eq!(upload.hold(false), ["ACK 2"]);
    assert_eq!(upload.after(1).data(3), ["ACK 3"]);
}

/// The ACK that tftp-hpa's client sends after its own ERROR refutes nothing for long: its port is
/// closed.
#[test]
fn a_stray_ack_behind_an_error_only_puts_it_off() {
    let mut download = lockstep();
    download.error(3);
    assert_eq!(download.ack(2), ["DATA 3"]);
    refuse(&mut download);
    assert_eq!(download.silence(), ["DATA 3"]);
    refuse(&mut download);
    download.silence();
    assert_eq!(error_code(download.machine.outcome()), Some(3));
    assert!(download.now <= 110, "{}", download.now);
}

#[test]
fn a_refusal_counts_when_the_packet_is_refused_again() {
    let mut download = windowed();
    for _ in 0..4 {
        assert_eq!(refuse(&mut download), NOTHING);
    }
    assert!(download.machine.is_in_doubt());
    assert_eq!((download.silence(), download.now), (vec!["DATA 1".into()], 51));
    assert_eq!(refuse(&mut download), NOTHING);
    assert_eq!(download.silence(), NOTHING);
    assert_eq!(download.machine.outcome(), Some(&Outcome::Unreachable));
    assert_eq!(download.now, 101);

    let mut upload = upload();
    upload.machine.handle_unreachable(upload.at());
    assert_eq!(upload.silence(), ["ACK 1"]);
    upload.machine.handle_unreachable(upload.at());
    assert_eq!(upload.silence(), NOTHING);
    assert_eq!(upload.machine.outcome(), Some(&Outcome::Unreachable));
}

#[test]
fn forged_refusals_end_nothing() {
    let mut download = lockstep();
    for block in 2..98 {
        refuse(&mut download);
        assert_eq!(download.after(20).ack(block), [format!("DATA {}", block + 1)]);
        refuse(&mut download);
    }
    // One refusal, and a client that is only slow: it gets the block once more.
    assert_eq!(download.silence(), ["DATA 98"]);
    download.after(2000).ack(98);
    assert_eq!(download.machine.outcome(), Some(&Outcome::Complete));

    let mut upload = upload();
    upload.machine.handle_unreachable(upload.at());
    assert_eq!(upload.silence(), ["ACK 1"]);
    upload.machine.handle_unreachable(upload.at());
    assert_eq!(upload.after(20).data(2), ["ACK 2"]);
    assert!(!upload.machine.is_in_doubt());
}

/// Routers send few of these messages in a second: the second one may be that of a later
/// repetition.
#[test]
fn a_late_refusal_counts_as_the_second() {
    let mut download = lockstep();
    refuse(&mut download);
    assert_eq!(download.silence(), ["DATA 2"]);
    assert!(!download.machine.is_in_doubt());
    assert_eq!(download.silence(), ["DATA 2"]);
    refuse(&mut download);
    download.silence();
    assert_eq!(download.machine.outcome(), Some(&Outcome::Unreachable));
}

#[test]
fn an_error_while_the_file_is_stored_does_not_undo_it() {
    let mut upload = upload();
    upload.last(2);
    upload.error(0);
    assert_eq!(upload.after(500).commit(), ["ACK 2"]);
    assert_eq!(upload.machine.outcome(), Some(&Outcome::Complete));

    let mut upload = self::upload();
    upload.last(2);
    upload.error(7);
    upload.silence();
    assert_eq!(error_code(upload.machine.outcome()), Some(7), "a disk that hangs");
}

#[test]
fn a_superseded_transfer_is_silent_until_its_client_sends() {
    let mut download = lockstep();
    download.machine.supersede(Instant::from_micros(1_000_000));
    assert_eq!(download.after(3000).repeat(), NOTHING);
    assert_eq!(download.silence(), NOTHING);
    assert!(download.machine.is_superseded() && !download.machine.is_in_doubt());
    assert_eq!(download.ack(2), ["DATA 3"], "the request was forged");
    assert!(!download.machine.is_superseded());

    let mut upload = upload();
    upload.machine.supersede(upload.at());
    let story = upload.abandoned();
    assert!(story.iter().all(|(_, sent)| sent.is_empty()), "{story:?}");
    let silent = Outcome::TimedOut {
        probably_complete: false,
    };
    assert_eq!(upload.machine.outcome(), Some(&silent));

    let mut upload = self::upload();
    upload.machine.supersede(upload.at());
    assert_eq!(upload.after(9).data(2), ["ACK 2"]);
}

#[test]
fn a_released_superseded_upload_ends_by_its_timers() {
    let mut upload = upload();
    upload.hold(true);
    assert_eq!(upload.after(1).data(2), NOTHING);
    upload.machine.supersede(upload.at());
    assert_eq!(upload.hold(false), NOTHING, "its newer transfer speaks");
    let story = upload.abandoned();
    assert!(story.iter().all(|(_, sent)| sent.is_empty()), "{story:?}");
}

/// The owner looks at doubts, half-open limits and ends only where a transfer is not steady.
#[test]
fn a_download_is_steady_while_only_acknowledgements_come() {
    let mut download = Download::new("", 50_000, FIXED);
    download.sends();
    assert!(!download.machine.is_steady(), "half-open");
    download.after(1).ack(1);
    assert!(download.machine.is_steady());
    download.error(3);
    assert!(!download.machine.is_steady(), "in doubt");
    download.after(1).ack(2);
    assert!(
        !download.machine.is_steady(),
        "its ERROR is kept until the next packet"
    );
    download.after(1).ack(3);
    assert!(download.machine.is_steady());
    download.machine.supersede(Instant::from_micros(3000));
    assert!(!download.machine.is_steady(), "superseded");
    download.after(1).ack(4);
    assert!(download.machine.is_steady());
    let now = Instant::from_micros(4000);
    download.machine.fail(now, ErrorCode::UNDEFINED, "stopped");
    assert!(!download.machine.is_steady(), "ended");
}

#[test]
fn an_upload_is_steady_while_only_data_comes() {
    let mut upload = Upload::new("", FIXED);
    upload.sends();
    assert!(!upload.machine.is_steady(), "half-open");
    upload.after(1).data(1);
    assert!(upload.machine.is_steady());
    upload.error(3);
    assert!(!upload.machine.is_steady(), "in doubt");
    upload.after(1).data(2);
    upload.after(1).data(3);
    assert!(upload.machine.is_steady());
    upload.machine.supersede(upload.at());
    assert!(!upload.machine.is_steady(), "superseded");
    upload.after(1).data(4);
    assert!(upload.machine.is_steady());
    upload.after(1).last(5);
    assert!(upload.machine.is_steady(), "the file is being stored");
    upload.commit();
    assert!(!upload.machine.is_steady(), "ended");
}

/// A client that has answered and has every block may have been complete when it is given up.
#[test]
fn a_download_awaits_its_last_ack_when_everything_was_sent_to_a_client_that_answers() {
    let mut download = Download::new("", 700, FIXED);
    download.sends();
    assert!(!download.machine.awaits_last_ack(), "block 2 was not sent");
    assert_eq!(download.after(1).ack(1), ["DATA 2"]);
    assert!(download.machine.awaits_last_ack());
    download.after(1).ack(2);
    assert!(!download.machine.awaits_last_ack(), "it has come");

    let mut short = Download::new("", 100, FIXED);
    assert_eq!(short.sends(), ["DATA 1"]);
    assert!(
        !short.machine.awaits_last_ack(),
        "nothing shows that a client is there"
    );

    let mut open = Download::new("", 700, FIXED);
    let now = Instant::from_micros(0);
    open.machine.supply(now, 512, false);
    assert!(open.machine.poll_transmit(now).is_some());
    let now = Instant::from_micros(1000);
    open.machine.handle_packet(now, &Packet::Ack { block: 1 });
    assert!(!open.machine.awaits_last_ack(), "the stream has not ended");
}

#[test]
fn the_time_of_the_last_valid_packet_is_kept() {
    let mut download = Download::new("", 50_000, FIXED);
    download.sends();
    assert_eq!(download.machine.heard_at(), None);
    download.after(1).ack(1);
    download.after(1).ack(9);
    assert_eq!(download.machine.heard_at(), Some(Instant::from_micros(1000)));

    let mut upload = Upload::new("", FIXED);
    upload.sends();
    assert_eq!(upload.machine.heard_at(), None);
    upload.after(3).data(1);
    upload.after(1).data(9);
    assert_eq!(upload.machine.heard_at(), Some(Instant::from_micros(3000)));
    assert!(!upload.machine.is_superseded());
    upload.machine.supersede(upload.at());
    assert!(upload.machine.is_superseded());
}

#[test]
fn a_superseded_download_waits_as_often_as_it_would_repeat_itself_and_gives_up() {
    let mut download = windowed();
    download
        .machine
        .supersede(Instant::from_micros(download.now * 1000));
    let mut waits = 0;
    while !download.machine.is_over() {
        // A call that comes too early counts for nothing.
        for _ in 0..20 {
            let now = Instant::from_micros(download.now * 1000);
            download.machine.handle_timeout(now);
        }
        assert!(!download.machine.is_over());
        let before = download.now;
        assert_eq!(download.silence(), NOTHING);
        assert!(download.now > before, "each wait takes its time");
        waits += 1;
    }
    assert!((4..=10).contains(&waits), "{waits}");
}

#[test]
fn a_path_that_shrinks_during_a_doubt_brings_no_packet() {
    let mut download = lockstep();
    assert_eq!(download.error(3), NOTHING);
    download
        .machine
        .handle_too_big(Instant::from_micros(download.now * 1000));
    assert_eq!(download.sends(), NOTHING);
}

#[test]
fn after_its_end_an_upload_doubts_nothing() {
    let mut upload = upload();
    upload.machine.fail(upload.at(), ErrorCode::UNDEFINED, "enough");
    assert_eq!(upload.sends(), ["ERROR 0"]);
    upload.error(3);
    assert!(upload.machine.is_over() && !upload.machine.is_in_doubt());
    assert_eq!(upload.machine.outcome(), Some(&Outcome::Failed));
}

#[test]
fn an_upload_that_is_held_sends_nothing_that_could_be_refused() {
    let mut held = upload();
    held.hold(true);
    held.machine.handle_unreachable(held.at());
    assert!(!held.machine.is_in_doubt());

    // Refused before it was held: what would go once more is the ACK that goes when it is let go.
    let mut refused = upload();
    refused.machine.handle_unreachable(refused.at());
    assert!(refused.machine.is_in_doubt());
    refused.hold(true);
    assert_eq!(refused.silence(), NOTHING);
    assert_eq!(refused.hold(false), NOTHING, "its ACK has gone");
    assert!(refused.machine.is_steady());
}

#[test]
fn an_upload_superseded_before_its_ack_ends_anyway() {
    let mut upload = upload();
    let data = Packet::Data {
        block: 2,
        data: &[2; 512],
    };
    upload.machine.handle_packet(upload.at(), &data);
    upload.machine.supersede(upload.at());
    assert_eq!(upload.sends(), NOTHING);
    assert!(upload.abandoned().iter().all(|(_, sent)| sent.is_empty()));
}

#[test]
fn a_superseded_upload_counts_its_waits_and_not_how_often_it_is_called() {
    let mut upload = upload();
    upload.machine.supersede(upload.at());
    for _ in 0..20 {
        upload.machine.handle_timeout(upload.at());
    }
    assert!(upload.machine.outcome().is_none());
    let story = upload.abandoned();
    assert!(story.windows(2).all(|pair| pair[0].0 < pair[1].0), "{story:?}");
}

#[test]
fn a_repetition_that_is_due_during_a_doubt_waits_for_its_end() {
    let mut download = lockstep();
    assert_eq!(download.after(4_990).error(3), NOTHING);
    download.after(20);
    let now = Instant::from_micros(download.now * 1000);
    download.machine.handle_timeout(now);
    assert_eq!(download.sends(), NOTHING);
    assert!(download.machine.is_in_doubt());

    let mut upload = upload();
    assert_eq!(upload.after(4_990).error(3), NOTHING);
    upload
        .after(20)
        .machine
        .handle_timeout(Instant::from_micros(5_011_000));
    assert_eq!(upload.sends(), NOTHING);
    assert!(upload.machine.is_in_doubt());
}

#[test]
fn a_superseded_half_open_transfer_answers_its_repeated_request() {
    let mut download = Download::new("", 50_000, FIXED);
    assert_eq!(download.sends(), ["DATA 1"]);
    download.machine.supersede(Instant::from_micros(0));
    assert!(download.machine.is_superseded());
    assert_eq!(download.after(3_000).repeat(), ["DATA 1"]);
    assert!(!download.machine.is_superseded());

    let mut upload = Upload::new("", FIXED);
    assert_eq!(upload.sends(), ["ACK 0"]);
    upload.machine.supersede(upload.at());
    assert_eq!(upload.after(3_000).repeat(), ["ACK 0"]);
    assert!(!upload.machine.is_superseded());

    let mut answered = self::upload();
    answered.machine.supersede(answered.at());
    assert_eq!(
        answered.after(3_000).repeat(),
        NOTHING,
        "anybody can repeat a request"
    );
    assert!(answered.machine.is_superseded());
    answered.error(3);
    assert_eq!(answered.machine.outcome(), None);

    // An ERROR of a transfer that was answered is not taken back by a request.
    let mut doubted = self::upload();
    doubted.error(3);
    doubted.after(10).repeat();
    assert!(doubted.machine.is_in_doubt());
}
