//! Negotiation: RFC 2347, 2348, 2349, 7440, and the options of tftp-hpa.

use crate::drive::{ADAPTIVE, Download, FIXED, LIMITS, NOTHING, Upload, requested};
use std::time::Duration;
use tftp_proto::*;

/// The OACK of a download of 5000 bytes, its NULs shown as spaces.
fn answer(options: &str) -> Option<String> {
    shown(&negotiate::read(&requested(options), &LIMITS, Some(5000)))
}

fn shown(negotiated: &NegotiatedOptions) -> Option<String> {
    let mut packet = Vec::new();
    negotiated.oack?.encode(&mut packet);
    assert_eq!((&packet[..2], packet.last()), (&[0, 6][..], Some(&0)));
    let body = &packet[2..packet.len() - 1];
    Some(
        body.iter()
            .map(|&byte| if byte == 0 { ' ' } else { byte as char })
            .collect(),
    )
}

#[test]
fn no_options_no_oack() {
    assert_eq!(answer(""), None);
    assert_eq!(answer("multicast 0 saveFiles 1"), None, "no empty OACK");
}

#[test]
fn requested_options_are_granted_within_the_limits() {
    assert_eq!(answer("blksize 1428").as_deref(), Some("blksize 1428"));
    assert_eq!(
        answer("BlkSize 8 foo bar WINDOWSIZE 65535").as_deref(),
        Some("blksize 8 windowsize 64")
    );
    assert_eq!(
        answer("tsize 0 timeout 255").as_deref(),
        Some("tsize 5000 timeout 255")
    );
    let tight = Limits {
        max_blksize: 1000,
        max_windowsize: 1,
        max_large_window: u32::MAX,
        rollover: Rollover::Zero,
    };
    let negotiated = negotiate::read(&requested("blksize 65464 windowsize 9"), &tight, None);
    assert_eq!((negotiated.blksize, negotiated.windowsize), (1000, 1));
    assert_eq!(shown(&negotiated).as_deref(), Some("blksize 1000 windowsize 1"));
}

#[test]
fn the_first_of_two_equal_names_counts() {
    assert_eq!(answer("blksize 512 BLKSIZE 1024").as_deref(), Some("blksize 512"));
    assert_eq!(answer("blksize nonsense blksize 1024"), None);
}

#[test]
fn numbers_are_digits_only_and_in_range() {
    let senseless = [
        "-1",
        "12x4",
        "+512",
        "0x200",
        "7",
        "0",
        "65465",
        "99999999999999999999",
        "512.0",
        "１２８",
    ];
    for value in senseless {
        assert_eq!(answer(&format!("blksize {value}")), None, "{value}");
    }
    for option in [
        "timeout 0",
        "timeout 256",
        "windowsize 0",
        "windowsize 65536",
        "rollover 2",
        "utimeout 9999",
    ] {
        assert_eq!(answer(option), None, "{option}");
    }
    let odd: [&[u8]; 3] = [b"blksize\0\0", b"blksize\0 1428\0", b"blksize\x001428"];
    for tail in odd {
        let datagram = [b"\0\x01f\0octet\0", tail].concat();
        let Ok(Packet::Request(request)) = wire::parse(&datagram) else {
            panic!()
        };
        assert_eq!(request.requested, RequestedOptions::default(), "{tail:?}");
    }
}

#[test]
fn the_size_is_exact_beyond_four_gibibytes() {
    let size = (5 << 32) + 7;
    let negotiated = negotiate::read(&requested("tsize 0"), &LIMITS, Some(size));
    assert_eq!(shown(&negotiated), Some(format!("tsize {size}")));
    let negotiated = negotiate::write(&requested("tsize 18446744073709551615"), &LIMITS);
    assert_eq!(
        (negotiated.tsize, shown(&negotiated)),
        (Some(u64::MAX), Some(format!("tsize {}", u64::MAX)))
    );
    assert_eq!(
        negotiate::write(&requested("tsize 18446744073709551616"), &LIMITS).oack,
        None
    );
}

#[test]
fn a_size_that_is_not_known_is_left_out() {
    assert_eq!(negotiate::read(&requested("tsize 0"), &LIMITS, None).oack, None);
    assert_eq!(
        shown(&negotiate::write(&requested("tsize 0"), &LIMITS)).as_deref(),
        Some("tsize 0")
    );
}

/// curl takes a size of 0 for an error, Erlang's client an OACK without the size.
#[test]
fn the_size_of_an_empty_file_is_reported_to_all_but_curl() {
    let empty = |options| shown(&negotiate::read(&requested(options), &LIMITS, Some(0)));
    assert_eq!(empty("tsize 0").as_deref(), Some("tsize 0"));
    assert_eq!(
        empty("tsize 0 blksize 512 timeout 6").as_deref(),
        Some("blksize 512 timeout 6"),
        "curl"
    );
    assert_eq!(
        empty("TSIZE 0 BLKSIZE 512 TIMEOUT 6").as_deref(),
        Some("blksize 512 timeout 6")
    );
    let others = [
        "tsize 0 blksize 512",
        "blksize 512 tsize 0 timeout 6",
        "timeout 6 tsize 0 blksize 1468",
        "tsize 0 blksize 512 timeout 6 windowsize 4",
        "tsize 0 blksize 512 timeout 6 unknown 1",
        "unknown 1 tsize 0 blksize 512 timeout 6",
    ];
    for options in others {
        let answer = empty(options).expect("an OACK");
        assert!(answer.starts_with("tsize 0 "), "{options}: {answer}");
    }
    assert_eq!(
        answer("tsize 0 blksize 512 timeout 6").as_deref(),
        Some("tsize 5000 blksize 512 timeout 6")
    );
    let upload = negotiate::write(&requested("tsize 0 blksize 512 timeout 6"), &LIMITS);
    assert_eq!(
        shown(&upload).as_deref(),
        Some("tsize 0 blksize 512 timeout 6"),
        "an upload's size is echoed"
    );
}

/// The order of the request does not matter; captures of clients are compared with the order of the
/// answer.
#[test]
fn an_answer_has_its_options_in_one_order() {
    assert_eq!(
        answer("rollover 1 windowsize 4 timeout 3 blksize 1024 tsize 0").as_deref(),
        Some("tsize 5000 blksize 1024 timeout 3 windowsize 4 rollover 1")
    );
    assert_eq!(
        answer("rollover 0 windowsize 4 utimeout 20000 blksize2 1500 tsize 0").as_deref(),
        Some("tsize 5000 blksize2 1024 utimeout 20000 windowsize 4 rollover 0")
    );
}

#[test]
fn requested_options_are_listed_in_the_order_of_the_answer() {
    let requested =
        requested("rollover 1 windowsize 65536 BLKSIZE2 8 utimeout 20000 unknown 1 tsize 7");
    let listed: Vec<_> = requested.options().collect();
    assert_eq!(
        listed,
        [
            ("tsize", 7),
            ("blksize2", 8),
            ("utimeout", 20_000),
            ("rollover", 1)
        ]
    );
}

/// A receive buffer of the default size holds two datagrams of 64 kB.
#[test]
fn a_window_of_large_blocks_fits_a_receive_buffer() {
    let limits = Limits {
        max_large_window: negotiate::LARGE_WINDOW,
        ..LIMITS
    };
    let granted = |limits: &Limits, blksize: u32| {
        let requested = requested(&format!("blksize {blksize} windowsize 64"));
        let windows = [
            negotiate::read(&requested, limits, None).windowsize,
            negotiate::write(&requested, limits).windowsize,
        ];
        assert_eq!(windows[0], windows[1]);
        windows[0]
    };
    let sizes = [512, 16_384, 16_385, 32_768, 43_691, 65_464];
    assert_eq!(sizes.map(|size| granted(&limits, size)), [64, 64, 7, 4, 2, 2]);
    let unlimited = Limits {
        max_large_window: u32::MAX,
        ..LIMITS
    };
    assert_eq!(sizes.map(|size| granted(&unlimited, size)), [64; 6]);
    let tiny = Limits {
        max_large_window: 1,
        ..LIMITS
    };
    assert_eq!(granted(&tiny, 65_464), 1, "one block in any case");
}

#[test]
fn the_options_of_tftp_hpa() {
    assert_eq!(answer("blksize2 1500").as_deref(), Some("blksize2 1024"));
    assert_eq!(answer("blksize2 65464").as_deref(), Some("blksize2 32768"));
    assert_eq!(
        answer("blksize2 1500 blksize 1400").as_deref(),
        Some("blksize 1400")
    );
    assert_eq!(answer("utimeout 250000").as_deref(), Some("utimeout 250000"));
    assert_eq!(answer("utimeout 250000 timeout 2").as_deref(), Some("timeout 2"));
    assert_eq!(answer("rollover 1").as_deref(), Some("rollover 1"));
    let negotiated = negotiate::read(&requested("rollover 1 utimeout 250000"), &LIMITS, None);
    assert_eq!(
        (negotiated.rollover, negotiated.timeout),
        (Rollover::One, Some(Duration::from_millis(250)))
    );
}

#[test]
fn a_window_of_a_download_is_not_half_of_the_numbers() {
    let limits = Limits {
        max_windowsize: 65535,
        ..LIMITS
    };
    for rollover in ["", "rollover 1"] {
        let requested = requested(&format!("windowsize 65535 {rollover}"));
        assert_eq!(negotiate::read(&requested, &limits, None).windowsize, 32767);
        assert_eq!(negotiate::write(&requested, &limits).windowsize, 65535);
    }
}

#[test]
fn after_the_oack_of_a_download_nothing_before_ack_0() {
    let mut download = Download::new("windowsize 4", 5000, FIXED);
    assert_eq!(download.sends(), ["OACK"]);
    assert_eq!(
        download.machine.wants(),
        None,
        "nothing is read for an address that may be forged"
    );
    assert_eq!(download.ack(1), NOTHING, "that confirms nothing");
    assert!(download.machine.is_half_open());
    assert_eq!(download.ack(0), ["DATA 1-4"]);
    assert!(!download.machine.is_half_open());
}

#[test]
fn a_lost_oack_is_sent_again() {
    let mut download = Download::new("blksize 1024", 5000, FIXED);
    assert_eq!(download.sends(), ["OACK"]);
    assert_eq!(
        (download.silence(), download.now),
        (vec!["OACK".to_string()], 5000)
    );
    assert_eq!(download.ack(0), ["DATA 1"]);
    assert_eq!(download.machine.retransmissions(), 1);
}

#[test]
fn data_1_confirms_the_oack_of_an_upload() {
    let mut upload = Upload::new("blksize 1024", FIXED);
    assert_eq!(upload.sends(), ["OACK"]);
    assert_eq!(upload.data(1), ["ACK 1"]);
    assert_eq!(upload.machine.received_bytes(), 1024);
}

/// Not by itself: where DATA 1 was lost, curl takes a second OACK for its ACK.
#[test]
fn the_oack_of_an_upload_is_repeated_only_for_the_wrq() {
    let mut upload = Upload::new("blksize 1024", FIXED);
    assert_eq!(upload.sends(), ["OACK"]);
    assert_eq!(upload.silence(), NOTHING);
    assert_eq!(upload.repeat(), ["OACK"]);
    let mut given_up = Upload::new("blksize 1024", FIXED);
    given_up.sends();
    let texts: Vec<String> = given_up.abandoned().into_iter().map(|(_, texts)| texts).collect();
    assert_eq!(
        texts,
        ["", "", "", ""],
        "it waits as long as ever, in silence, and ends so"
    );
}

#[test]
fn a_probe_for_the_size_is_distinguished_from_a_failure() {
    let is_probe = |options, size, code| {
        let mut download = Download::new(options, size, FIXED);
        download.sends();
        assert_eq!(download.error(code), NOTHING);
        matches!(
            download.machine.outcome(),
            Some(Outcome::ClientError { probe: true, .. })
        )
    };
    assert_eq!(
        [0, 3, 8].map(|code| is_probe("tsize 0", 5000, code)),
        [true, false, true]
    );
    assert!(
        is_probe("tsize 0 blksize 1024", 0, 8),
        "asked for, though curl forbids the answer"
    );
    for code in [0, 8] {
        assert!(
            !is_probe("blksize 1024", 5000, code),
            "it cannot live with the block size"
        );
    }
    let mut download = Download::new("tsize 0", 5000, FIXED);
    download.sends();
    download.ack(0);
    download.error(8);
    download.silence();
    assert!(matches!(
        download.machine.outcome(),
        Some(Outcome::ClientError { probe: false, .. })
    ));
}

#[test]
fn a_negotiated_timeout_is_kept_to_the_second() {
    for timing in [FIXED, ADAPTIVE] {
        let mut download = Download::new("timeout 7", 5000, timing);
        download.sends();
        download.after(3).ack(0);
        let story = download.abandoned();
        assert_eq!(
            story.iter().map(|(at, _)| at - 3).collect::<Vec<_>>(),
            [7000, 14000, 21000, 28000]
        );
        assert_eq!(story[3].1, "ERROR 0");
    }
}

#[test]
fn a_negotiated_timeout_is_kept_beyond_the_limit_on_silence() {
    let timing = Timing {
        inactivity: Some(Duration::from_secs(60)),
        ..FIXED
    };
    let mut upload = Upload::new("timeout 90", timing);
    upload.sends();
    upload.data(1);
    assert_eq!(
        (upload.silence(), upload.now),
        (vec!["ACK 1".to_string()], 90_000)
    );
    assert_eq!(
        (upload.silence(), upload.now),
        (vec!["ERROR 0".to_string()], 180_000)
    );
}
