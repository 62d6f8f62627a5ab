//! Roll-over after block 65535 to 0 or 1, and uploads whose client did not negotiate which.

use crate::drive::{Download, FIXED, NOTHING, Upload};
use tftp_proto::*;

/// A download in blocks of 8 bytes, brought to the acknowledgement of block 65535.
fn download(options: &str) -> Download {
    let mut download = Download::new(&format!("blksize 8 {options}"), 8 * 70_000, FIXED);
    download.sends();
    download.ack(0);
    (1..=65535).for_each(|block| drop(download.ack(block)));
    assert_eq!(download.machine.acked_bytes(), 8 * 65535);
    download
}

/// An upload in blocks of 8 bytes, brought to block `upto`.
fn upload(options: &str, upto: u16) -> Upload {
    let mut upload = Upload::new(&format!("blksize 8 {options}"), FIXED);
    upload.sends();
    for block in 1..=upto {
        upload.data(block);
    }
    assert_eq!(upload.machine.received_bytes(), 8 * u64::from(upto));
    upload
}

#[test]
fn a_download_rolls_over_to_0_or_1() {
    let mut zero = download("rollover 0");
    assert_eq!(
        (zero.machine.wire_block(65536), zero.machine.wire_block(65537)),
        (0, 1)
    );
    assert_eq!(zero.ack(1), NOTHING);
    assert_eq!(zero.ack(0), ["DATA 65537"]);
    let mut one = download("rollover 1");
    assert_eq!(
        (one.machine.wire_block(65536), one.machine.wire_block(65537)),
        (1, 2)
    );
    assert_eq!(one.ack(0), NOTHING, "no block has this number any more");
    assert_eq!(one.ack(1), ["DATA 65537"]);
}

#[test]
fn a_window_crosses_the_rollover_in_one_piece() {
    let mut download = Download::new("blksize 8 windowsize 64", 8 * 70_000, FIXED);
    download.sends();
    download.ack(0);
    (1..1024).for_each(|window| drop(download.ack(window * 64)));
    assert_eq!(download.ack(65530), ["DATA 65531-65594"]);
    assert_eq!(download.ack(58), ["DATA 65595-65658"]);
    assert_eq!(download.machine.acked_bytes(), 8 * 65594);
}

/// With the largest window the last block of this file would have the number of the first.
#[test]
fn a_late_ack_is_none_of_the_window_in_flight() {
    let limits = Limits {
        max_windowsize: 65535,
        max_large_window: u32::MAX,
        ..crate::drive::LIMITS
    };
    for rollover in [0, 1] {
        let options = format!("blksize 8 windowsize 65535 rollover {rollover}");
        let mut download = Download::within(&limits, &options, 8 * 65536 - 1, FIXED);
        download.sends();
        download.ack(0);
        download.ack(2);
        assert_eq!(download.ack(1), NOTHING);
        assert_eq!(download.machine.acked_bytes(), 16);
        assert!(!download.machine.is_over());
    }
}

#[test]
fn an_upload_accepts_either_in_lockstep() {
    for (after, next) in [([0, 1], 2), ([1, 2], 3)] {
        let mut upload = upload("", 65535);
        assert_eq!(upload.data(after[0]), [format!("ACK {}", after[0])]);
        assert_eq!(upload.data(after[1]), [format!("ACK {}", after[1])]);
        assert_eq!(upload.data(next), [format!("ACK {next}")]);
        assert_eq!(upload.machine.received_bytes(), 8 * 65538);
    }
}

#[test]
fn the_negotiated_rollover_counts() {
    let mut upload = upload("rollover 1", 65535);
    assert_eq!(upload.data(0), NOTHING);
    assert_eq!(upload.data(1), ["ACK 1"]);
}

// In windows of seven, 65535 is the first block of one: 65536 is not at its edge.

#[test]
fn in_a_window_a_lost_block_65536_is_not_mistaken_for_a_rollover_to_1() {
    let mut upload = upload("windowsize 7", 65535);
    // Block 65536, number 0, was lost; 65537, number 1, comes.
    assert_eq!(upload.data(1), ["ACK 65535"]);
    assert_eq!(
        [0, 1, 2, 3, 4, 5].map(|block| upload.data(block)).concat(),
        NOTHING
    );
    assert_eq!(upload.data(6), ["ACK 6"]);
    assert_eq!(upload.machine.received_bytes(), 8 * 65542);
}

#[test]
fn in_a_window_a_rollover_to_1_is_found_out_at_its_end() {
    let mut upload = upload("windowsize 7", 65535);
    assert_eq!(upload.data(1), ["ACK 65535"], "unclear: please restart there");
    assert_eq!(
        [1, 2, 3, 4, 5, 6].map(|block| upload.data(block)).concat(),
        NOTHING
    );
    assert_eq!(
        upload.data(7),
        ["ACK 65535"],
        "no client that rolls over to 0 could send this yet"
    );
    assert_eq!(
        [1, 2, 3, 4, 5, 6].map(|block| upload.data(block)).concat(),
        NOTHING
    );
    assert_eq!(upload.data(7), ["ACK 7"]);
    assert_eq!(upload.machine.received_bytes(), 8 * 65542);
}

#[test]
fn the_announced_size_places_the_last_block() {
    let mut upload = upload(&format!("windowsize 7 tsize {}", 65536 * 8 + 3), 65535);
    upload.data(1);
    assert_eq!(
        upload.last(2),
        ["ACK 65535"],
        "block 65537, with number 2: the client rolls over to 1"
    );
    upload.data(1);
    upload.last(2);
    assert!(upload.machine.is_complete());
    assert_eq!(upload.machine.received_bytes(), 65536 * 8 + 3);
}

#[test]
fn short_ambiguous_windows_are_decided_in_the_end() {
    let mut upload = upload("windowsize 7", 65535);
    let mut windows = 0;
    while !upload.machine.is_complete() {
        upload.after(1000).data(1);
        upload.last(2);
        windows += 1;
        assert!(windows < 12, "never decided");
    }
    assert_eq!(upload.machine.received_bytes(), 65536 * 8 + 3);
}

#[test]
fn an_ambiguous_last_block_requests_another_window() {
    let mut upload = upload("windowsize 7", 65535);
    assert_eq!(upload.data(1), ["ACK 65535"]);
    assert_eq!(upload.after(1000).last(2), ["ACK 65535"]);
}

#[test]
fn four_times_around() {
    for (rollover, cycle) in [(Rollover::Zero, 65536u64), (Rollover::One, 65535)] {
        let limits = Limits {
            rollover,
            ..crate::drive::LIMITS
        };
        let negotiated = negotiate::read(&crate::drive::requested("blksize 8"), &limits, None);
        let now = Instant::from_micros(0);
        let mut machine = ReadTransfer::new(now, &negotiated, &FIXED);
        machine.poll_transmit(now);
        machine.handle_packet(now, &Packet::Ack { block: 0 });
        machine.supply(now, 8 * 4 * cycle, true);
        for block in 1..=4 * cycle + 1 {
            assert_eq!(
                machine.poll_transmit(now),
                Some(Transmit::Data {
                    first: block,
                    count: 1
                })
            );
            machine.handle_packet(
                now,
                &Packet::Ack {
                    block: machine.wire_block(block),
                },
            );
        }
        assert_eq!(machine.outcome(), Some(&Outcome::Complete));
    }
}

#[test]
fn while_it_is_unclear_only_the_end_of_a_stream_is_answered_again() {
    let mut upload = upload("windowsize 7", 65535);
    assert_eq!(upload.data(1), ["ACK 65535"]);
    assert_eq!(upload.last(2), NOTHING, "it came too soon to be an answer");
    upload.after(5_000);
    assert_eq!(upload.data(3), NOTHING, "more of the window follows");
    assert_eq!(upload.last(4), ["ACK 65535"], "nothing can follow");
}

#[test]
fn blocks_of_a_window_that_is_unclear_decide_nothing_one_by_one() {
    // 65535 is the second block of a window of thirteen.
    let mut upload = upload("windowsize 13", 65535);
    assert_eq!(upload.data(1), ["ACK 65535"]);
    for block in 2..12 {
        assert_eq!(upload.data(block), NOTHING);
    }
    upload.data(0);
    assert_eq!(upload.machine.received_bytes(), 8 * 65536);
}
