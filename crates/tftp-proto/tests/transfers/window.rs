//! Windows: RFC 7440.

use crate::drive::{ADAPTIVE, Download, FIXED, NOTHING, Upload};
use tftp_proto::Instant;

/// A download in windows of four blocks of 512 bytes, its first window under way.
fn download(size: u64) -> Download {
    let mut download = Download::new("windowsize 4", size, FIXED);
    download.sends();
    assert_eq!(download.ack(0)[0], "DATA 1-4");
    download
}

fn upload() -> Upload {
    let mut upload = Upload::new("windowsize 4", FIXED);
    assert_eq!(upload.sends(), ["OACK"]);
    upload
}

#[test]
fn a_window_goes_in_one_piece_and_the_next_after_its_ack() {
    let mut download = download(5000);
    assert_eq!(download.ack(4), ["DATA 5-8"]);
    assert_eq!(
        download.ack(8),
        ["DATA 9-10"],
        "the stream ends inside the window"
    );
    assert_eq!(download.ack(10), NOTHING);
    assert!(download.machine.is_over());
}

#[test]
fn an_ack_inside_the_window_restarts_behind_it_at_once() {
    let mut download = download(50_000);
    assert_eq!(download.ack(2), ["DATA 3-6"]);
    assert_eq!(download.machine.retransmissions(), 2);
    assert_eq!(download.ack(6), ["DATA 7-10"]);
}

#[test]
fn an_ack_for_every_block_does_not_bring_a_window_for_every_ack() {
    let mut download = download(50_000);
    assert_eq!(download.ack(1), ["DATA 2-5"]);
    assert_eq!(download.ack(2), ["DATA 6"]);
    assert_eq!(download.ack(3), ["DATA 7"]);
    assert_eq!(download.ack(4), ["DATA 8"]);
    assert_eq!(download.after(1).ack(8), ["DATA 9-12"]);
}

#[test]
fn stale_and_future_acks_bring_nothing() {
    let mut download = download(50_000);
    assert_eq!(download.ack(4), ["DATA 5-8"]);
    for block in [0, 1, 2, 3, 9, 10, 500, 40_000, 65_535] {
        for _ in 0..20 {
            assert_eq!(download.ack(block), NOTHING, "ACK {block}");
        }
    }
    assert_eq!(download.machine.acked_bytes(), 2048);
}

#[test]
fn a_lost_first_block_is_reported_by_a_repeated_ack() {
    let mut download = download(50_000);
    assert_eq!(download.after(30).ack(4), ["DATA 5-8"]);
    assert_eq!(download.after(31).ack(4), ["DATA 5-8"]);
    for _ in 0..50 {
        assert_eq!(
            download.after(40).ack(4),
            NOTHING,
            "once; from now on only the timer"
        );
    }
}

#[test]
fn an_early_repeated_ack_takes_effect_later_unless_progress_follows() {
    let mut moving = download(50_000);
    assert_eq!(moving.ack(0), NOTHING, "a duplicate of the network, perhaps");
    assert_eq!(moving.after(1).ack(4), ["DATA 5-8"]);
    assert_eq!(
        (moving.silence(), moving.now),
        (vec!["DATA 5-8".to_string()], 5001),
        "nothing but the timer"
    );

    let mut stuck = download(50_000);
    assert_eq!(stuck.ack(0), NOTHING);
    assert_eq!(stuck.silence(), ["DATA 1-4"]);
    assert!(stuck.now <= 20);
}

#[test]
fn a_client_that_answers_everything_with_the_same_ack_is_given_up() {
    // Each answer comes a little before a round trip is over, as it is measured.
    let mut download = Download::new("windowsize 4", 50_000, ADAPTIVE);
    download.sends();
    download.after(10).ack(0);
    let mut windows = 0;
    while !download.machine.is_over() {
        let sent = download.silence();
        windows += sent.iter().filter(|packet| packet.as_str() == "DATA 1-4").count();
        if !download.machine.is_over() {
            let sent = download.after(9).ack(0);
            windows += sent.iter().filter(|packet| packet.as_str() == "DATA 1-4").count();
        }
        assert!(windows < 100, "it never ends");
    }
    assert!(download.now < 100_000);
}

#[test]
fn silence_restarts_after_the_last_ack() {
    let mut download = download(50_000);
    download.ack(3);
    assert_eq!(download.silence(), ["DATA 4-7"]);
}

#[test]
fn the_tail_is_probed_long_before_the_timer() {
    let mut download = Download::new("windowsize 4", 50_000, ADAPTIVE);
    download.sends();
    assert_eq!(download.after(3).ack(0), ["DATA 1-4"]);
    assert_eq!(
        (download.silence(), download.now),
        (vec!["DATA 4".to_string()], 23)
    );
    assert_eq!(download.after(3).ack(3), ["DATA 4-7"], "only the tail was lost");
    let mut silent = Download::new("windowsize 4", 50_000, ADAPTIVE);
    silent.sends();
    silent.after(3).ack(0);
    silent.silence();
    assert_eq!(
        (silent.silence(), silent.now),
        (vec!["DATA 1-4".to_string()], 103),
        "one probe, then the timer"
    );
}

#[test]
fn an_upload_is_acknowledged_at_the_end_of_each_window() {
    let mut upload = upload();
    assert_eq!(
        [upload.data(1), upload.data(2), upload.data(3)],
        [const { Vec::<String>::new() }; 3]
    );
    assert_eq!(upload.data(4), ["ACK 4"]);
    assert_eq!(upload.data(5), NOTHING);
    assert_eq!(upload.last(6), NOTHING);
    assert_eq!(upload.commit(), ["ACK 6"]);
}

#[test]
fn a_gap_is_acknowledged_once_at_once_with_the_last_good_block() {
    let mut upload = upload();
    upload.data(1);
    assert_eq!(upload.data(3), ["ACK 1"]);
    assert_eq!(upload.data(4), NOTHING);
    assert_eq!(
        [upload.data(2), upload.data(3), upload.data(4)].concat(),
        NOTHING,
        "the client has restarted"
    );
    assert_eq!(upload.data(5), ["ACK 5"], "a window from block 2 on");
    assert_eq!(upload.machine.received_bytes(), 5 * 512);
}

#[test]
fn a_block_lost_twice_is_reported_twice() {
    let mut upload = upload();
    upload.data(1);
    assert_eq!(upload.data(3), ["ACK 1"]);
    upload.data(4);
    assert_eq!(upload.after(30).data(3), ["ACK 1"]);
}

#[test]
fn a_repeated_window_is_acknowledged_once() {
    let mut upload = upload();
    (1..=4).for_each(|block| drop(upload.data(block)));
    assert_eq!(upload.after(1000).data(1), ["ACK 4"], "the first ACK was lost");
    for block in 2..=4 {
        assert_eq!(upload.data(block), NOTHING);
    }
    assert_eq!(upload.data(5), NOTHING);
    assert_eq!(
        [upload.data(6), upload.data(7), upload.data(8)].concat(),
        ["ACK 8"]
    );
}

#[test]
fn an_old_block_inside_a_window_is_acknowledged_if_nothing_new_follows() {
    let mut upload = upload();
    upload.data(1);
    upload.data(2);
    assert_eq!(upload.data(1), NOTHING);
    assert_eq!((upload.silence(), upload.now), (vec!["ACK 2".to_string()], 20));
}

#[test]
fn a_lost_window_tail_is_requested_by_the_receiver() {
    let mut upload = Upload::new("windowsize 4", ADAPTIVE);
    upload.sends();
    upload.after(2).data(1);
    upload.data(2);
    assert_eq!((upload.silence(), upload.now), (vec!["ACK 2".to_string()], 22));
}

/// A client that goes on without waiting for ACKs does not get past a store, or an application,
/// that is behind.
#[test]
fn while_held_no_more_than_a_window_is_taken() {
    let mut upload = upload();
    upload.hold(true);
    for block in 1..100 {
        assert_eq!(upload.after(50).data(block), NOTHING);
        upload.after(50).data(block.wrapping_add(2));
    }
    assert_eq!(upload.machine.received_bytes(), 4 * 512);
    assert_eq!(upload.hold(false), ["ACK 4"]);
    upload.data(5);
    assert_eq!(upload.machine.received_bytes(), 5 * 512);
}

/// ACK 0, not the OACK again: its sender has had that. atftp takes a second one for an ACK of its
/// window and leaves out what was lost.
#[test]
fn a_lost_first_block_of_an_upload_is_reported_by_ack_0() {
    let mut upload = upload();
    assert_eq!(upload.data(2), ["ACK 0"]);
    assert_eq!(upload.data(3), NOTHING);
    assert_eq!(upload.data(4), NOTHING);
    assert_eq!(upload.silence(), ["ACK 0"], "and again when that was lost");
    for block in 1..4 {
        assert_eq!(upload.data(block), NOTHING);
    }
    assert_eq!(upload.data(4), ["ACK 4"]);
}

#[test]
fn an_ack_that_comes_with_the_timeout_spares_the_window_that_it_acknowledges() {
    let mut download = Download::new("windowsize 4", 50_000, FIXED);
    download.sends();
    assert_eq!(download.after(1).ack(0), ["DATA 1-4"]);
    // The owner handles both before it polls.
    let at = download.machine.poll_timeout().unwrap();
    download.now = at.as_micros().div_ceil(1000);
    download
        .machine
        .handle_timeout(Instant::from_micros(download.now * 1000));
    assert_eq!(download.ack(4), ["DATA 5-8"]);
}

#[test]
fn after_a_timeout_a_repeated_ack_requests_the_window_once_more() {
    let mut download = Download::new("windowsize 4", 50_000, FIXED);
    download.sends();
    assert_eq!(download.after(1).ack(0), ["DATA 1-4"]);
    assert_eq!(download.after(2_000).ack(0), ["DATA 1-4"]);
    assert_eq!(download.after(2_000).ack(0), NOTHING, "once");
    assert_eq!(download.silence(), ["DATA 1-4"]);
    assert_eq!(download.after(2_000).ack(0), ["DATA 1-4"]);
}

#[test]
fn an_upload_measures_from_the_ack_of_a_whole_window_to_the_next_data() {
    for windowsize in [1, 4] {
        let mut upload = Upload::new(&format!("windowsize {windowsize}"), ADAPTIVE);
        upload.sends();
        upload.now = 4_000;
        for window in 0..40 {
            for block in 1..=windowsize {
                upload.data(window * windowsize + block);
            }
            upload.after(300);
        }
        upload.now -= 300;
        let acked_at = upload.now;
        assert_eq!(upload.silence(), [format!("ACK {}", 40 * windowsize)]);
        assert!(
            (300..600).contains(&(upload.now - acked_at)),
            "{}",
            upload.now - acked_at
        );
    }
}

#[test]
fn an_ack_that_was_sent_twice_measures_nothing() {
    let mut upload = Upload::new("", ADAPTIVE);
    upload.sends();
    assert_eq!(upload.silence(), ["ACK 0"]);
    assert_eq!(upload.now, 1_000);
    assert_eq!(upload.after(1).data(1), ["ACK 1"]);
    assert_eq!(upload.silence(), ["ACK 1"]);
    assert_eq!(upload.now, 3_001, "the wait is still the doubled one");
}
