//! Malformed datagrams, and packets at the wrong moment.

use crate::drive::{Download, FIXED, NOTHING, Upload};
use tftp_proto::wire::{encode_error, parse, printable};
use tftp_proto::*;
use tftp_sim::Rng;

#[test]
fn a_truncated_packet_is_rejected() {
    let whole: [&[u8]; 4] = [b"\0\x03\0\x01", b"\0\x04\0\x01", b"\0\x05\0\x01", b"\0\x06"];
    for packet in whole {
        assert!(parse(packet).is_ok());
        for length in 0..packet.len() {
            assert_eq!(parse(&packet[..length]), Err(Malformed::TooShort));
        }
    }
    for request in [
        &b"\0\x01"[..],
        b"\0\x01name",
        b"\0\x01name\0",
        b"\0\x02name\0octet",
        b"\0\x01\0octet\0",
    ] {
        assert_eq!(parse(request), Err(Malformed::Request), "{request:?}");
    }
}

#[test]
fn unknown_opcodes_are_no_packets() {
    for opcode in [0u16, 7, 8, 255, 256, 0x0100, 0x0300, 65535] {
        let datagram = [&opcode.to_be_bytes()[..], b"name\0octet\0"].concat();
        assert_eq!(parse(&datagram), Err(Malformed::UnknownOpcode));
    }
}

#[test]
fn modes_are_case_insensitive_and_mail_is_rejected() {
    let mode = |mode: &str| match parse(format!("\0\x02name\0{mode}\0").as_bytes()) {
        Ok(Packet::Request(request)) => Ok(request.mode),
        Ok(other) => panic!("{other:?}"),
        Err(cause) => Err(cause),
    };
    assert_eq!(mode("OcTeT"), Ok(Mode::Octet));
    assert_eq!(mode("NETASCII"), Ok(Mode::Netascii));
    for unknown in ["mail", "", "octet ", "binary"] {
        assert_eq!(mode(unknown), Err(Malformed::Mode), "{unknown:?}");
    }
}

#[test]
fn a_name_is_bounded_by_the_datagram_only() {
    let name = vec![0xFF; 60_000];
    let datagram = [&b"\0\x01"[..], &name, b"\0octet\0"].concat();
    let Ok(Packet::Request(request)) = parse(&datagram) else {
        panic!()
    };
    assert_eq!(request.filename, name);
    assert_eq!(
        (request.operation, request.operation.opcode()),
        (Operation::Read, 1)
    );
}

#[test]
fn an_error_may_lack_its_nul() {
    let expected = Packet::Error {
        code: ErrorCode::ACCESS,
        message: b"no",
    };
    assert_eq!(parse(b"\0\x05\0\x02no"), Ok(expected));
    assert_eq!(parse(b"\0\x05\0\x02no\0way"), Ok(expected));
}

#[test]
fn any_bytes_are_parsed_without_panic() {
    let mut rng = Rng(7);
    let words: [&[u8]; 8] = [
        b"\0",
        b"\0\x01",
        b"\0\x02",
        b"octet\0",
        b"blksize\0",
        b"99999",
        b"\xFF",
        b"a",
    ];
    for _ in 0..200_000 {
        let datagram: Vec<u8> = (0..rng.below(9))
            .flat_map(|_| rng.pick(&words).to_vec())
            .collect();
        if let Ok(Packet::Request(request)) = parse(&datagram) {
            assert!(!request.filename.is_empty() && !request.filename.contains(&0));
        }
    }
}

fn any_packet(rng: &mut Rng) -> Packet<'static> {
    let block = if rng.percent(90) {
        rng.below(20) as u16
    } else {
        rng.next() as u16
    };
    match rng.below(100) {
        0 => Packet::Error {
            code: ErrorCode(block),
            message: b"\x1b[0m",
        },
        1..=3 => Packet::Oack,
        4..=49 => Packet::Data {
            block,
            data: &[7; 8],
        },
        _ => Packet::Ack { block },
    }
}

#[test]
fn any_packets_in_any_order_never_stall_or_panic_a_machine() {
    let mut rng = Rng(11);
    for round in 0..400 {
        let options = rng.pick(&[
            "",
            "blksize 8",
            "windowsize 4 blksize 8",
            "windowsize 64 timeout 1 blksize 8",
        ]);
        let (mut download, mut upload) =
            (Download::new(options, 3000, FIXED), Upload::new(options, FIXED));
        download.sends();
        upload.sends();
        for _ in 0..300 {
            let packet = any_packet(&mut rng);
            download.hears(packet);
            upload.hears(packet);
            download.after(rng.below(50));
            upload.after(rng.below(50));
            if rng.percent(10) {
                download.repeat();
                upload.repeat();
            }
            if rng.percent(10)
                && !download.machine.is_over()
                && !upload.machine.is_complete()
                && !upload.machine.is_over()
            {
                download.silence();
                upload.silence();
            }
            let got = upload.machine.received_bytes();
            assert_eq!(got, upload.stream.len() as u64, "round {round}");
        }
        // Left alone, both come to an end of their own.
        download.abandoned();
        if !upload.machine.is_complete() {
            upload.abandoned();
        }
    }
}

#[test]
fn invalid_packets_in_a_transfer_are_ignored() {
    let mut download = Download::new("", 5000, FIXED);
    download.sends();
    let Ok(Packet::Request(request)) = parse(b"\0\x01other\0octet\0") else {
        panic!()
    };
    for packet in [
        Packet::Oack,
        Packet::Request(request),
        Packet::Data {
            block: 1,
            data: b"x",
        },
    ] {
        assert_eq!(download.hears(packet), NOTHING);
    }
    let mut upload = Upload::new("", FIXED);
    upload.sends();
    for packet in [Packet::Oack, Packet::Request(request), Packet::Ack { block: 1 }] {
        assert_eq!(upload.hears(packet), NOTHING);
    }
    for block in [0, 2, 3, 40_000, 65_535] {
        upload.after(100).data(block);
        assert_eq!(upload.machine.received_bytes(), 0, "DATA {block}");
    }
}

#[test]
fn data_longer_than_agreed_ends_the_upload_and_is_not_written() {
    let mut upload = Upload::new("blksize 8", FIXED);
    upload.sends();
    upload.data(1);
    assert_eq!(
        upload.hears(Packet::Data {
            block: 2,
            data: &[0; 9]
        }),
        ["ERROR 4"]
    );
    assert_eq!(upload.machine.outcome(), Some(&Outcome::Oversized));
    assert_eq!(upload.machine.received_bytes(), 8);
    assert!(upload.machine.is_over());
}

#[test]
fn data_longer_than_agreed_with_another_number_is_ignored() {
    for options in ["blksize 8", "blksize 8 windowsize 4"] {
        let mut upload = Upload::new(options, FIXED);
        upload.sends();
        for block in 1..=4 {
            upload.data(block);
        }
        for block in [0, 3, 4, 6, 9, 40_000, 65_535] {
            let data = &[0; 9];
            assert_eq!(upload.hears(Packet::Data { block, data }), NOTHING, "{block}");
        }
        assert_eq!(upload.machine.outcome(), None);
        assert_eq!(upload.machine.received_bytes(), 32);
        upload.data(5);
        assert_eq!(upload.machine.received_bytes(), 40);
    }
}

#[test]
fn peer_text_is_bounded_and_escaped() {
    assert_eq!(printable(b"boot.cfg", 100), "boot.cfg");
    assert_eq!(
        printable(b"a\x1b[31m\r\n\0\\\xFF", 100),
        "a\\u{1b}[31m\\u{d}\\u{a}\\u{0}\\\\\\xff"
    );
    assert_eq!(printable("Grüße\u{202e}".as_bytes(), 100), "Grüße\\u{202e}");
    assert_eq!(printable(b"0123456789", 10), "0123456789");
    assert_eq!(printable(b"0123456789a", 10), "0123456...");
    for max in 0..30 {
        let shown = printable("ÄÖ\u{0}\u{1F600}ABCDEFGHIJKLMN".as_bytes(), max);
        assert!(shown.len() <= max, "{max}: {shown}");
    }
    let mut upload = Upload::new("", FIXED);
    upload.hears(Packet::Error {
        code: ErrorCode(0),
        message: &[0x07; 60_000],
    });
    let Some(Outcome::ClientError { message, .. }) = upload.machine.outcome() else {
        panic!()
    };
    assert!(message.len() <= 256 && message.starts_with("\\u{7}"));
}

#[test]
fn an_error_packet_is_short_printable_and_ends_with_one_nul() {
    let mut packet = Vec::new();
    encode_error(ErrorCode::NOT_FOUND, "no \0 such\nfile ü", &mut packet);
    assert_eq!(packet, "\0\x05\0\x01no ? such?file ü\0".as_bytes());
    packet.clear();
    encode_error(ErrorCode::UNDEFINED, &"x".repeat(70_000), &mut packet);
    assert_eq!(packet.len(), 4 + 256 + 1);
}
