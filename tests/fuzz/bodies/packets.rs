//! Any datagram: it parses as a packet or is rejected with a reason, a packet encodes back to the
//! same bytes, and all texts that show it or answer it are printable and short.

use tftp_proto::netascii::{Decoder, Encoder, encoded_len};
use tftp_proto::wire::{self, encode_error, parse, printable};
use tftp_proto::{ErrorCode, Malformed, Mode, Operation, Packet, Request, Rollover};

pub fn run(datagram: &[u8]) {
    let parsed = parse(datagram);
    assert_eq!(parsed.err(), expected_refusal(datagram), "{datagram:?}");
    if let Ok(packet) = parsed {
        encodes_back(datagram, &packet);
    }
    shows(datagram);
    answers_with_text(datagram);
    translates(datagram);
}

/// A second, slower implementation of RFC 1350 section 5.
fn expected_refusal(datagram: &[u8]) -> Option<Malformed> {
    let Some((opcode, rest)) = datagram.split_first_chunk::<2>() else {
        return Some(Malformed::TooShort);
    };
    match u16::from_be_bytes(*opcode) {
        1 | 2 => {
            let parts: Vec<&[u8]> = rest.splitn(3, |&byte| byte == 0).collect();
            match parts[..] {
                [name, mode, _] if !name.is_empty() => {
                    let mode = mode.to_ascii_lowercase();
                    (mode != b"octet" && mode != b"netascii").then_some(Malformed::Mode)
                }
                _ => Some(Malformed::Request),
            }
        }
        3..=5 => (rest.len() < 2).then_some(Malformed::TooShort),
        6 => None,
        _ => Some(Malformed::UnknownOpcode),
    }
}

fn encodes_back(datagram: &[u8], packet: &Packet<'_>) {
    match *packet {
        Packet::Request(request) => {
            let again = encode(&request);
            assert_eq!(parse(&again), Ok(Packet::Request(request)));
            let fixed = 2 + request.filename.len() + 1;
            assert_eq!(again[..fixed], datagram[..fixed], "opcode and name");
        }
        Packet::Data { block, data } => {
            assert_eq!([&wire::data_header(block)[..], data].concat(), datagram);
        }
        Packet::Ack { block } => assert_eq!(wire::ack(block), datagram[..4]),
        Packet::Error { code, message } => {
            assert_eq!(datagram[2..4], code.0.to_be_bytes());
            assert!(datagram[4..].starts_with(message) && !message.contains(&0));
            let after = datagram.get(4 + message.len());
            assert!(matches!(after, None | Some(0)), "the text ends at its NUL");
        }
        Packet::Oack => assert_eq!(datagram[..2], [0, 6]),
    }
}

fn encode(request: &Request<'_>) -> Vec<u8> {
    let requested = request.requested;
    let mode: &[u8] = match request.mode {
        Mode::Octet => b"octet",
        Mode::Netascii => b"netascii",
    };
    let opcode: u16 = match request.operation {
        Operation::Read => 1,
        Operation::Write => 2,
    };
    let mut out = [&opcode.to_be_bytes(), request.filename, b"\0", mode, b"\0"].concat();
    if requested.is_like_curl {
        // In this order, even if a value was no number.
        let values = [
            requested.tsize,
            requested.blksize.map(Into::into),
            requested.timeout.map(Into::into),
        ];
        for (name, value) in ["tsize", "blksize", "timeout"].into_iter().zip(values) {
            let value = value.map_or(String::new(), |value: u64| value.to_string());
            out.extend(format!("{name}\0{value}\0").bytes());
        }
        return out;
    }
    let mut option = |name: &str, value: Option<u64>| {
        if let Some(value) = value {
            out.extend(format!("{name}\0{value}\0").bytes());
        }
    };
    option("blksize", requested.blksize.map(Into::into));
    option("blksize2", requested.blksize2.map(Into::into));
    option("timeout", requested.timeout.map(Into::into));
    option("utimeout", requested.utimeout.map(Into::into));
    option("tsize", requested.tsize);
    option("windowsize", requested.windowsize.map(Into::into));
    option(
        "rollover",
        requested.rollover.map(|one| u64::from(one == Rollover::One)),
    );
    out
}

/// Checks how a log shows a peer's bytes: completely if they fit, otherwise their beginning, and
/// never more than fits.
fn shows(bytes: &[u8]) {
    let whole = printable(bytes, usize::MAX);
    assert!(
        whole
            .chars()
            .all(|letter| matches!(letter, ' '..='~') || letter.is_alphanumeric())
    );
    assert_eq!(unescape(&whole), bytes, "{whole}");
    for max in [0, 1, 2, 3, 4, 7, 16, 63, 256] {
        let shown = printable(bytes, max);
        assert!(shown.len() <= max, "{max}: {shown}");
        if shown != whole {
            let kept = shown
                .strip_suffix(&"..."[..max.min(3)])
                .expect("a mark where text was cut off");
            assert!(whole.starts_with(kept), "{shown} of {whole}");
        }
    }
}

fn unescape(shown: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = shown;
    while let Some(at) = rest.find('\\') {
        bytes.extend_from_slice(&rest.as_bytes()[..at]);
        let escape = &rest[at + 1..];
        let length = match escape.as_bytes()[0] {
            b'x' => {
                bytes.push(u8::from_str_radix(&escape[1..3], 16).expect("two digits"));
                3
            }
            b'u' => {
                let end = escape.find('}').expect("an end");
                let letter = u32::from_str_radix(&escape[2..end], 16)
                    .ok()
                    .and_then(char::from_u32);
                bytes.extend(letter.expect("a character").to_string().bytes());
                end + 1
            }
            other => {
                assert_eq!(other, b'\\');
                bytes.push(b'\\');
                1
            }
        };
        rest = &escape[length..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    bytes
}

/// Checks that an ERROR with any text is bounded, printable, and ends with one NUL.
fn answers_with_text(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let code = ErrorCode(bytes.len() as u16);
    let mut packet = vec![0xAA];
    encode_error(code, &text, &mut packet);
    assert_eq!(packet.remove(0), 0xAA, "it is appended");
    assert!(packet.len() <= 4 + 256 + 1);
    let message = std::str::from_utf8(&packet[4..packet.len() - 1])
        .expect("it is UTF-8, cut between characters");
    assert!(!message.chars().any(char::is_control));
    assert_eq!(packet.last(), Some(&0));
    let message = message.as_bytes();
    assert_eq!(parse(&packet), Ok(Packet::Error { code, message }));
}

/// Checks netascii in both directions, in one piece and in three, and with any bytes that a client
/// may send.
fn translates(bytes: &[u8]) {
    let (first, rest) = bytes.split_at(bytes.len() / 3);
    let (second, third) = rest.split_at(rest.len() / 2);
    let mut wire = Vec::new();
    let mut encoder = Encoder::new();
    for piece in [first, second, third] {
        encoder.encode(piece, &mut wire);
    }
    assert_eq!(wire.len() as u64, encoded_len(bytes));
    for (at, &byte) in wire.iter().enumerate() {
        let before = at.checked_sub(1).map(|before| wire[before]);
        assert!(byte != b'\n' || before == Some(b'\r'));
        assert!(byte != b'\r' || matches!(wire.get(at + 1), Some(b'\n' | 0)));
    }
    assert_eq!(decode(&[&wire]), bytes);
    let (one, other) = wire.split_at(wire.len() / 2);
    assert_eq!(decode(&[one, other]), bytes, "a pair may be split");
    assert_eq!(decode(&[bytes]), decode(&[first, second, third]));
    assert!(decode(&[bytes]).len() <= bytes.len());
}

fn decode(pieces: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut decoder = Decoder::new();
    for piece in pieces {
        decoder.decode(piece, &mut out);
    }
    decoder.finish(&mut out);
    out
}
