//! Loss: what goes again, when, and when to give up. RFC 1123 section 4.2.3, RFC 6298.

use crate::drive::{ADAPTIVE, Download, FIXED, NOTHING, Upload};
use std::time::Duration;
use tftp_proto::*;

fn times(story: &[(u64, String)]) -> Vec<u64> {
    story.iter().map(|(at, _)| *at).collect()
}

#[test]
fn sorcerers_apprentice_a_duplicate_ack_does_not_double_data() {
    let mut download = Download::new("", 50_000, FIXED);
    download.sends();
    for block in 1..50 {
        assert_eq!(download.ack(block), [format!("DATA {}", block + 1)]);
        assert_eq!(download.ack(block), NOTHING);
        assert_eq!(download.after(5).ack(block), NOTHING);
    }
    assert_eq!(download.machine.retransmissions(), 0);
}

#[test]
fn a_client_that_reports_a_lost_block_gets_it_once_more() {
    let mut download = Download::new("", 50_000, FIXED);
    download.sends();
    assert_eq!(download.after(1).ack(1), ["DATA 2"]);
    assert_eq!(
        download.after(19).ack(1),
        NOTHING,
        "too early: the network may have doubled it"
    );
    assert_eq!(download.after(1).ack(1), ["DATA 2"]);
    for _ in 0..100 {
        assert_eq!(download.after(40).ack(1), NOTHING, "only the timer from now on");
    }
    assert_eq!(download.silence(), ["DATA 2"]);
    assert_eq!(download.after(40).ack(1), NOTHING, "also after the timer");
    assert_eq!(download.ack(2), ["DATA 3"]);
}

#[test]
fn on_a_slow_path_a_repeated_ack_counts_after_a_round_trip() {
    let mut download = Download::new("", 50_000, FIXED);
    download.sends();
    assert_eq!(download.after(400).ack(1), ["DATA 2"]);
    assert_eq!(download.after(399).ack(1), NOTHING);
    assert_eq!(download.after(1).ack(1), ["DATA 2"]);
}

#[test]
fn ack_0_is_repeated() {
    let mut download = Download::new("blksize 1024", 50_000, FIXED);
    download.sends();
    assert_eq!(download.ack(0), ["DATA 1"]);
    assert_eq!(download.ack(0), NOTHING);
    assert_eq!(download.after(25).ack(0), ["DATA 1"]);
    assert_eq!(download.after(25).ack(0), NOTHING);
}

#[test]
fn without_an_oack_ack_0_brings_nothing() {
    let mut download = Download::new("", 50_000, FIXED);
    download.sends();
    for _ in 0..10 {
        assert_eq!(download.after(25).ack(0), NOTHING);
    }
    assert_eq!(download.after(25).ack(1), ["DATA 2"]);
}

#[test]
fn a_repeated_request_gets_the_current_packet_not_a_window() {
    let mut download = Download::new("windowsize 16", 50_000, FIXED);
    assert_eq!(download.sends(), ["OACK"]);
    assert_eq!(download.repeat(), NOTHING);
    assert_eq!(download.after(250).repeat(), ["OACK"]);
    assert_eq!(download.ack(0), ["DATA 1-16"]);
    let mut sent = Vec::new();
    for _ in 0..100 {
        sent.extend(download.after(1).repeat());
    }
    assert_eq!(
        sent, ["DATA 1"; 5],
        "one block in twenty milliseconds, whatever comes"
    );

    let mut upload = Upload::new("windowsize 16", FIXED);
    assert_eq!(upload.sends(), ["OACK"]);
    assert_eq!(upload.repeat(), NOTHING);
    assert_eq!(upload.after(250).repeat(), ["OACK"]);
    upload.data(1);
    assert_eq!(upload.after(250).repeat(), ["ACK 1"]);
}

#[test]
fn repeated_requests_alone_do_not_keep_a_transfer_alive() {
    let mut download = Download::new("tsize 0", 50_000, FIXED);
    download.sends();
    while !download.machine.is_over() {
        let due = download.machine.poll_timeout().unwrap();
        download.after(250).repeat();
        if due.as_micros() <= download.now * 1000 {
            download.silence();
        }
        assert!(download.now <= 20_000);
    }
    assert!(download.machine.is_half_open());

    let mut upload = Upload::new("tsize 0", FIXED);
    upload.sends();
    while !upload.machine.is_over() {
        let due = upload.machine.poll_timeout().unwrap();
        upload.after(250).repeat();
        if due <= upload.at() {
            upload.silence();
        }
        assert!(upload.now <= 20_000);
    }
}

#[test]
fn waiting_for_the_owner_is_not_the_clients_silence() {
    let timing = Timing {
        inactivity: Some(Duration::from_secs(12)),
        ..FIXED
    };
    let mut upload = Upload::new("", timing);
    upload.sends();
    upload.machine.hold(upload.at(), true);
    upload.data(1);
    assert_eq!(upload.after(11_000).hold(false), ["ACK 1"]);
    assert_eq!(upload.after(11_000).data(2), ["ACK 2"]);
}

#[test]
fn without_adaptation_every_wait_is_the_configured_one() {
    let mut download = Download::new("", 50_000, FIXED);
    download.sends();
    download.ack(1);
    let story = download.abandoned();
    assert_eq!(times(&story), [5000, 10_000, 15_000, 20_000]);
    assert_eq!(story[2].1, "DATA 2");
    assert_eq!(story[3].1, "ERROR 0");
    assert_eq!(
        download.machine.outcome(),
        Some(&Outcome::TimedOut {
            probably_complete: false
        })
    );
}

#[test]
fn with_adaptation_the_first_waits_are_short_and_patience_is_not() {
    let mut download = Download::new("", 50_000, ADAPTIVE);
    download.sends();
    // Repeated, so that its acknowledgment measures nothing.
    download.silence();
    download.ack(1);
    let story = download.abandoned();
    assert_eq!(times(&story), [3000, 7000, 12_000, 17_000, 22_000, 27_000]);
    assert_eq!(story[5].1, "ERROR 0");
}

#[test]
fn the_measured_round_trip_sets_the_wait_down_to_a_floor() {
    let mut download = Download::new("", 500_000, ADAPTIVE);
    download.sends();
    for block in 1..=30 {
        download.after(2).ack(block);
    }
    let begin = download.now;
    assert_eq!(
        (download.silence(), download.now - begin),
        (vec!["DATA 31".to_string()], 100)
    );
    assert_eq!(
        (download.silence(), download.now - begin),
        (vec!["DATA 31".to_string()], 300)
    );
    // Karn: the ACK may belong to any copy. The wait stays backed off until a block is answered at
    // its first copy.
    download.after(2).ack(31);
    let begin = download.now;
    assert_eq!(
        (download.silence(), download.now - begin),
        (vec!["DATA 32".to_string()], 400)
    );
}

#[test]
fn a_path_slower_than_the_first_wait_is_learnt() {
    let mut download = Download::new("", 500_000, ADAPTIVE);
    download.sends();
    // A round trip of three seconds: the first block goes twice, and the wait is four seconds then.
    assert_eq!(download.silence(), ["DATA 1"]);
    download.now = 3000;
    download.machine.handle_timeout(Instant::from_micros(3_000_000));
    assert_eq!(download.sends(), ["DATA 1"]);
    assert_eq!(download.ack(1), ["DATA 2"]);
    for block in 2..20 {
        let due = download.machine.poll_timeout().unwrap().as_micros() / 1000;
        assert!(due >= download.now + 3000, "block {block} would go twice");
        download.after(3000).ack(block);
    }
}

#[test]
fn an_upload_repeats_its_ack_on_its_own_timer() {
    let mut upload = Upload::new("", FIXED);
    upload.sends();
    upload.data(1);
    let story = upload.abandoned();
    assert_eq!(times(&story), [5000, 10_000, 15_000, 20_000]);
    assert_eq!(
        story.iter().map(|(_, sent)| sent.as_str()).collect::<Vec<_>>(),
        ["ACK 1", "ACK 1", "ACK 1", "ERROR 0"]
    );
    assert_eq!(
        upload.machine.outcome(),
        Some(&Outcome::TimedOut {
            probably_complete: false
        })
    );
    assert_eq!(upload.machine.retransmissions(), 3);
}

#[test]
fn progress_gives_back_all_retries() {
    let mut download = Download::new("", 50_000, FIXED);
    download.sends();
    for block in 1..10 {
        for _ in 0..3 {
            assert_eq!(download.silence(), [format!("DATA {block}")]);
        }
        download.ack(block);
    }
    assert_eq!(download.machine.outcome(), None);
}

#[test]
fn a_download_whose_last_ack_never_came_is_probably_complete() {
    let mut download = Download::new("", 600, FIXED);
    download.sends();
    download.ack(1);
    download.abandoned();
    assert_eq!(
        download.machine.outcome(),
        Some(&Outcome::TimedOut {
            probably_complete: true
        })
    );

    let mut silent = Download::new("", 6, FIXED);
    silent.sends();
    silent.abandoned();
    let expected = Outcome::TimedOut {
        probably_complete: false,
    };
    assert_eq!(
        silent.machine.outcome(),
        Some(&expected),
        "it never answered at all"
    );
}

#[test]
fn a_half_open_download_never_sends_more_than_one_packet_at_a_time() {
    let mut download = Download::new("blksize 65464 windowsize 64", 1 << 40, ADAPTIVE);
    assert_eq!(download.sends(), ["OACK"]);
    let story = download.abandoned();
    assert!(story.len() <= 8, "{story:?}");
    assert!(story.iter().all(|(_, sent)| !sent.contains("DATA")));
}

#[test]
fn inactivity_ends_a_transfer_however_many_packets_come() {
    let timing = Timing {
        inactivity: Some(Duration::from_secs(12)),
        ..FIXED
    };
    let mut download = Download::new("", 50_000, timing);
    download.sends();
    download.after(4000).ack(1);
    let story = download.abandoned();
    assert_eq!(story.last(), Some(&(16_000, "ERROR 0".to_string())));

    let mut upload = Upload::new("", timing);
    upload.sends();
    upload.data(1);
    for _ in 0..11 {
        upload.after(1000).repeat();
    }
    assert_eq!(upload.abandoned().last(), Some(&(12_000, "ERROR 0".to_string())));
}

/// ICMPv6 Packet Too Big teaches the system the path's size: what was lost goes again at once, in
/// fragments.
#[test]
fn a_packet_beyond_the_path_mtu_is_sent_again_once() {
    let mut download = Download::new("windowsize 4", 50_000, FIXED);
    download.sends();
    assert_eq!(download.after(1).ack(0), ["DATA 1-4"]);
    let too_big = |download: &mut Download| {
        let now = Instant::from_micros(download.now * 1000);
        download.machine.handle_too_big(now);
        download.sends()
    };
    assert_eq!(too_big(&mut download), ["DATA 1-4"]);
    for _ in 0..10 {
        assert_eq!(
            too_big(download.after(1)),
            NOTHING,
            "one message for each packet of the window"
        );
    }
    assert_eq!(download.ack(4), ["DATA 5-8"]);
    assert_eq!(too_big(&mut download), ["DATA 5-8"], "a smaller one still");
    assert_eq!(download.machine.outcome(), None);
    let mut half_open = Download::new("", 50_000, FIXED);
    half_open.sends();
    assert_eq!(too_big(&mut half_open), NOTHING);
}

#[test]
fn the_absolute_limit_ends_an_active_transfer() {
    let timing = Timing {
        absolute: Some(Duration::from_secs(2)),
        ..FIXED
    };
    let mut download = Download::new("", 500_000, timing);
    download.sends();
    (1..=19).for_each(|block| drop(download.after(100).ack(block)));
    assert_eq!(
        (download.silence(), download.now),
        (vec!["ERROR 0".to_string()], 2000)
    );
    assert_eq!(
        download.machine.outcome(),
        Some(&Outcome::TimedOut {
            probably_complete: false
        })
    );
}

#[test]
fn an_early_timeout_changes_nothing() {
    let mut download = Download::new("windowsize 4", 50_000, ADAPTIVE);
    download.sends();
    for _ in 0..100 {
        download.machine.handle_timeout(Instant::from_micros(999_999));
        assert_eq!(download.sends(), NOTHING);
    }
    assert_eq!(
        download.machine.poll_timeout(),
        Some(Instant::from_micros(1_000_000))
    );
}
