//! A request and a server's limits: the OACK has only options of the request, with values no larger
//! than requested and allowed, and leaves out none that can be answered.
//!
//! Input: max_blksize (2 bytes), max_windowsize (2), the roll-over (1), the file's size (8),
//! whether the size is known (1), the request.

use std::collections::BTreeMap;
use std::time::Duration;

use tftp_proto::{
    Instant, Limits, NegotiatedOptions, Operation, Packet, ReadTransfer, Rollover, Timing,
    Transmit, WriteTransfer, negotiate, wire,
};

use super::input::Input;

/// Names in lower case and their values.
type Options = BTreeMap<Vec<u8>, Vec<u8>>;

pub fn run(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let limits = Limits {
        max_blksize: 8 + input.short() % (65464 - 8 + 1),
        max_windowsize: input.short().max(1),
        max_large_window: negotiate::LARGE_WINDOW,
        rollover: input.pick(&[Rollover::Zero, Rollover::One]),
    };
    let size = input.long();
    let size = input.pick(&[None, Some(size), Some(0)]);
    let datagram = input.rest();
    let Ok(Packet::Request(request)) = wire::parse(datagram) else {
        return;
    };
    let writes = request.operation == Operation::Write;
    let negotiated = match writes {
        true => negotiate::write(&request.requested, &limits),
        false => negotiate::read(&request.requested, &limits, size),
    };
    let requested = asked_for(datagram);
    // curl treats a size of 0 as an error.
    let is_told =
        |&size: &u64| !writes && (size > 0 || order(datagram) != ["tsize", "blksize", "timeout"]);
    let expected = expected(&requested, &limits, size.filter(is_told), writes);
    let answered = answered(&negotiated, datagram.len());
    assert_eq!(answered, expected, "requested {requested:?}");
    holds_what_it_says(&negotiated, &answered);
    begins(&negotiated, writes);
}

/// Parses the options of a request by RFC 2347: pairs up to the first incomplete one, of each name
/// the first.
fn asked_for(datagram: &[u8]) -> Options {
    let mut words: Vec<&[u8]> = datagram[2..].split(|&byte| byte == 0).collect();
    words.pop();
    let mut options = Options::new();
    for pair in words[2..].chunks_exact(2) {
        let name = pair[0].to_ascii_lowercase();
        options.entry(name).or_insert_with(|| pair[1].to_vec());
    }
    options
}

/// Returns the names of all options in their order.
fn order(datagram: &[u8]) -> Vec<String> {
    let mut words: Vec<&[u8]> = datagram[2..].split(|&byte| byte == 0).collect();
    words.pop();
    let names = words[2..].chunks_exact(2);
    names
        .map(|pair| String::from_utf8_lossy(pair[0]).to_ascii_lowercase())
        .collect()
}

/// Returns the answer that the standards require.
fn expected(requested: &Options, limits: &Limits, size: Option<u64>, writes: bool) -> Options {
    let number = |name: &str, least: u64, most: u64| {
        let text = std::str::from_utf8(requested.get(name.as_bytes())?).ok()?;
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = digits.then(|| text.parse::<u64>().ok())??;
        (least..=most).contains(&number).then_some(number)
    };
    let mut answer = Options::new();
    let mut say = |name: &str, value: Option<u64>| {
        if let Some(value) = value {
            answer.insert(name.into(), value.to_string().into_bytes());
        }
        value.is_some()
    };
    let max_blksize = u64::from(limits.max_blksize);
    if !say(
        "blksize",
        number("blksize", 8, 65464).map(|size| size.min(max_blksize)),
    ) {
        let powers = || (3..16).rev().map(|power| 1 << power);
        let most = number("blksize2", 8, 65464).map(|size| size.min(max_blksize));
        say(
            "blksize2",
            most.and_then(|most| powers().find(|&power| power <= most)),
        );
    }
    if !say("timeout", number("timeout", 1, 255)) {
        say("utimeout", number("utimeout", 10_000, 255_000_000));
    }
    let tsize = number("tsize", 0, u64::MAX);
    say("tsize", if writes { tsize } else { tsize.and(size) });
    say("rollover", number("rollover", 0, 1));
    // With a larger window a late ACK could be mistaken for one of the window in flight.
    let most = if writes { 65535 } else { 32767 };
    let most = u64::from(limits.max_windowsize).min(most);
    let windowsize = number("windowsize", 1, 65535).map(|size| size.min(most));
    // Datagrams of many fragments: only as many as a receive buffer of the default size holds.
    let most = match blksize(&answer) {
        size if size > 16_384 => 131_072 / size,
        _ => u64::MAX,
    };
    if let Some(size) = windowsize {
        answer.insert(b"windowsize".to_vec(), size.min(most).to_string().into_bytes());
    }
    answer
}

/// Returns the block size under this answer.
fn blksize(answer: &Options) -> u64 {
    let told = [&b"blksize"[..], b"blksize2"].map(|name| answer.get(name));
    let text = told
        .into_iter()
        .flatten()
        .next()
        .map(|text| String::from_utf8_lossy(text));
    text.and_then(|text| text.parse().ok()).unwrap_or(512)
}

/// Parses the OACK as a client does.
fn answered(negotiated: &NegotiatedOptions, request_length: usize) -> Options {
    let mut options = Options::new();
    let Some(oack) = negotiated.oack else {
        return options;
    };
    let mut packet = Vec::new();
    oack.encode(&mut packet);
    assert_eq!(wire::parse(&packet), Ok(Packet::Oack));
    // Only the size, in place of a "0", can be longer than in the request.
    assert!(packet.len() < request_length + 20, "{packet:?}");
    let body = packet[2..]
        .strip_suffix(b"\0")
        .expect("no OACK is empty, and a NUL ends it");
    let words: Vec<&[u8]> = body.split(|&byte| byte == 0).collect();
    assert_eq!(words.len() % 2, 0, "{packet:?}");
    for pair in words.chunks_exact(2) {
        let twice = options.insert(pair[0].to_vec(), pair[1].to_vec());
        assert_eq!(twice, None, "{packet:?}");
    }
    options
}

/// Asserts that the parameters of the transfer are those of the OACK.
fn holds_what_it_says(negotiated: &NegotiatedOptions, answered: &Options) {
    let number = |name: &str| {
        let text = String::from_utf8(answered.get(name.as_bytes())?.clone()).unwrap();
        Some(text.parse::<u64>().unwrap())
    };
    let blksize = number("blksize").or(number("blksize2")).unwrap_or(512);
    assert_eq!(u64::from(negotiated.blksize), blksize);
    assert_eq!(
        u64::from(negotiated.windowsize),
        number("windowsize").unwrap_or(1)
    );
    let seconds = number("timeout").map(Duration::from_secs);
    assert_eq!(
        negotiated.timeout,
        seconds.or(number("utimeout").map(Duration::from_micros))
    );
    if let Some(rollover) = number("rollover") {
        assert_eq!(negotiated.rollover == Rollover::One, rollover == 1);
    }
}

/// Checks the first packet: the OACK if there is one, otherwise ACK 0 for an upload, and nothing
/// for a download before it has data.
fn begins(negotiated: &NegotiatedOptions, writes: bool) {
    let timing = Timing {
        retransmit_timeout: Duration::from_secs(5),
        max_retransmits: 3,
        adaptive: true,
        inactivity: None,
        absolute: None,
    };
    let now = Instant::from_micros(0);
    let (first, second) = if writes {
        let mut machine = WriteTransfer::new(now, negotiated, &timing);
        (machine.poll_transmit(now), machine.poll_transmit(now))
    } else {
        let mut machine = ReadTransfer::new(now, negotiated, &timing);
        (machine.poll_transmit(now), machine.poll_transmit(now))
    };
    let plain = writes.then_some(Transmit::Ack { block: 0 });
    assert_eq!(first, negotiated.oack.map(Transmit::Oack).or(plain));
    assert_eq!(second, None);
}
