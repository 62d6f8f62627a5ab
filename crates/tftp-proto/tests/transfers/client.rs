//! The client's own part, packet by packet: the request, the first answer, the OACK, unknown
//! senders, the last ACK.

use std::net::SocketAddr;

use crate::drive::{ADAPTIVE, FIXED, requested};
use tftp_proto::client::{Client, ClientRequest, Ended, Output};
use tftp_proto::*;

/// A client and the times and ports of a test.
struct TestClient {
    client: Client,
    now: u64,
    /// The bytes that a get received.
    stream: Vec<u8>,
    /// The number of bytes that a put sends.
    size: u64,
}

const SERVER: u16 = 69;
const TID: u16 = 4000;

fn port(port: u16) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1], port))
}

impl TestClient {
    fn new(operation: Operation, options: &str, timing: Timing) -> TestClient {
        let request = ClientRequest {
            operation,
            filename: b"f",
            mode: Mode::Octet,
            requested: requested(options),
        };
        TestClient {
            client: Client::new(&request, port(SERVER), &timing),
            now: 0,
            stream: Vec::new(),
            size: 0,
        }
    }

    fn get(options: &str) -> TestClient {
        TestClient::new(Operation::Read, options, FIXED)
    }

    fn put(options: &str, size: u64) -> TestClient {
        TestClient {
            size,
            ..TestClient::new(Operation::Write, options, FIXED)
        }
    }

    fn at(&self) -> Instant {
        Instant::from_micros(self.now * 1000)
    }

    /// "port packet" for each datagram.
    fn sends(&mut self) -> Vec<String> {
        let now = self.at();
        let mut sent = Vec::new();
        if let Some(put) = self.client.put()
            && put.wants().is_some()
        {
            put.supply(now, self.size, true);
        }
        while let Some(output) = self.client.poll_transmit(now) {
            sent.push(match output {
                Output::Data { to, first, count } => {
                    format!("{} DATA {first}-{}", to.port(), first + u64::from(count) - 1)
                }
                Output::Datagram { to, bytes } => format!("{} {}", to.port(), shown(&bytes)),
            });
            assert!(sent.len() < 100, "it never stops");
        }
        sent
    }

    fn hears(&mut self, from: SocketAddr, datagram: &[u8]) -> Vec<String> {
        let now = self.at();
        if let Some(bytes) = self.client.handle_datagram(now, from, datagram) {
            self.stream.extend_from_slice(bytes);
        }
        if let Some(get) = self.client.get() {
            get.commit(now);
        }
        self.sends()
    }

    fn tid(&mut self, datagram: &[u8]) -> Vec<String> {
        self.hears(port(TID), datagram)
    }

    fn silence(&mut self) -> Vec<String> {
        let at = self.client.poll_timeout().expect("a deadline");
        self.now = self.now.max(at.as_micros().div_ceil(1000));
        self.client.handle_timeout(self.at());
        self.sends()
    }
}

fn shown(bytes: &[u8]) -> String {
    match wire::parse(bytes).unwrap() {
        Packet::Request(request) => format!("{:?}", request.operation),
        Packet::Ack { block } => format!("ACK {block}"),
        Packet::Error { code, .. } => format!("ERROR {code}"),
        other => format!("{other:?}"),
    }
}

fn oack(options: &str) -> Vec<u8> {
    let mut packet = vec![0, 6];
    for word in options.split_whitespace() {
        packet.extend_from_slice(word.as_bytes());
        packet.push(0);
    }
    packet
}

fn data(block: u16, length: usize) -> Vec<u8> {
    [&wire::data_header(block)[..], &vec![block as u8; length]].concat()
}

fn error(code: u16) -> Vec<u8> {
    let mut packet = Vec::new();
    wire::encode_error(ErrorCode(code), "enough", &mut packet);
    packet
}

const NOTHING: [&str; 0] = [];
const ALL: &str = "blksize 1024 windowsize 4 tsize 0 timeout 7";

#[test]
fn a_request_parses_to_the_same_values() {
    for (operation, mode) in [(Operation::Read, Mode::Octet), (Operation::Write, Mode::Netascii)] {
        let request = ClientRequest {
            operation,
            filename: "d/\u{e4}".as_bytes(),
            mode,
            requested: requested(ALL),
        };
        let mut client = Client::new(&request, port(SERVER), &FIXED);
        let Some(Output::Datagram { to, bytes }) = client.poll_transmit(Instant::from_micros(0))
        else {
            panic!()
        };
        assert_eq!(to, port(SERVER));
        let filename = request.filename;
        let request = Request {
            operation,
            filename,
            mode,
            requested: requested(ALL),
        };
        assert_eq!(wire::parse(&bytes), Ok(Packet::Request(request)));
    }
}

#[test]
fn a_get_with_options() {
    let mut get = TestClient::get("blksize 1024 windowsize 4 tsize 0");
    assert_eq!(get.sends(), ["69 Read"]);
    assert_eq!(get.tid(&oack("BLKSIZE 16 windowsize 2 tsize 35")), ["4000 ACK 0"]);
    let negotiated = get.client.negotiated().unwrap();
    assert_eq!(
        (negotiated.blksize, negotiated.windowsize, negotiated.tsize),
        (16, 2, Some(35))
    );
    assert_eq!(get.tid(&data(1, 16)), NOTHING);
    assert_eq!(get.tid(&data(2, 16)), ["4000 ACK 2"]);
    assert_eq!(get.tid(&data(3, 3)), ["4000 ACK 3"]);
    assert_eq!(get.client.ended(), Some(Ended::Complete));
    assert_eq!(get.stream.len(), 35);
}

#[test]
fn a_server_that_leaves_options_out_is_taken_at_its_word() {
    let mut get = TestClient::get(ALL);
    get.sends();
    assert_eq!(get.tid(&oack("tsize 3")), ["4000 ACK 0"]);
    let negotiated = get.client.negotiated().unwrap();
    assert_eq!(
        (negotiated.blksize, negotiated.windowsize, negotiated.timeout),
        (512, 1, None)
    );
}

#[test]
fn a_server_that_knows_no_options_answers_at_once() {
    let mut get = TestClient::get(ALL);
    get.sends();
    assert_eq!(get.tid(&data(1, 512)), ["4000 ACK 1"]);
    assert_eq!(get.tid(&data(2, 0)), ["4000 ACK 2"]);
    assert_eq!(
        (get.client.ended(), get.stream.len()),
        (Some(Ended::Complete), 512)
    );

    let mut put = TestClient::put("blksize 1024 windowsize 4 tsize 600", 600);
    assert_eq!(put.sends(), ["69 Write"]);
    assert_eq!(put.tid(&wire::ack(0)), ["4000 DATA 1-1"]);
    assert_eq!(put.tid(&wire::ack(1)), ["4000 DATA 2-2"]);
    assert_eq!(put.tid(&wire::ack(2)), NOTHING);
    assert_eq!(put.client.ended(), Some(Ended::Complete));
    assert!(put.client.is_over());
}

#[test]
fn a_put_with_options() {
    let mut put = TestClient::put("blksize 1024 windowsize 4 tsize 2048", 2048);
    assert_eq!(put.sends(), ["69 Write"]);
    assert_eq!(
        put.tid(&oack("blksize 512 windowsize 3 tsize 2048")),
        ["4000 DATA 1-3"]
    );
    // Block 2 was lost.
    assert_eq!(put.tid(&wire::ack(1)), ["4000 DATA 2-4"]);
    assert_eq!(put.tid(&wire::ack(4)), ["4000 DATA 5-5"]);
    assert_eq!(put.tid(&wire::ack(5)), NOTHING);
    assert_eq!(put.client.ended(), Some(Ended::Complete));
}

#[test]
fn an_option_not_requested_ends_the_transfer_with_error_8() {
    for nonsense in [
        "blksize 1025",
        "blksize 7",
        "blksize",
        "blksize 12x",
        "blksize -1",
        "windowsize 5",
        "windowsize 0",
        "timeout 6",
        "timeout 8",
        "rollover 1",
        "multicast 1",
        "blksize 512 blksize 512",
        "tsize x",
        "blksize2 512",
    ] {
        let mut get = TestClient::get(ALL);
        get.sends();
        assert_eq!(get.tid(&oack(nonsense)), ["4000 ERROR 8"], "{nonsense}");
        assert!(
            matches!(get.client.ended(), Some(Ended::BadOptions(_))),
            "{nonsense}"
        );
        assert!(get.client.is_over());
        assert_eq!(get.tid(&data(1, 3)), NOTHING);
    }
    for unasked in ["blksize 512", "windowsize 1", "timeout 1", "tsize 1"] {
        let mut get = TestClient::get("");
        get.sends();
        assert_eq!(get.tid(&oack(unasked)), ["4000 ERROR 8"], "{unasked}");
    }
    let mut put = TestClient::put("tsize 100", 100);
    put.sends();
    assert_eq!(put.tid(&oack("tsize 99")), ["4000 ERROR 8"]);
    let mut open = TestClient::get(ALL);
    open.sends();
    assert_eq!(open.tid(b"\x00\x06blksize\x00512"), ["4000 ERROR 8"]);
}

#[test]
fn the_request_is_repeated_until_the_limit() {
    let mut get = TestClient::get(ALL);
    assert_eq!(get.sends(), ["69 Read"]);
    for time in [5000, 10_000, 15_000] {
        assert_eq!(get.silence(), ["69 Read"]);
        assert_eq!(get.now, time);
    }
    assert_eq!(get.silence(), NOTHING);
    let (answered, probably_complete) = (false, false);
    assert_eq!(
        get.client.ended(),
        Some(Ended::TimedOut {
            answered,
            probably_complete
        })
    );
    assert_eq!(get.client.retransmissions(), 3);
    let mut get = TestClient::new(Operation::Read, "", ADAPTIVE);
    get.sends();
    get.silence();
    assert_eq!(get.now, 1000);
}

#[test]
fn the_agreed_timeout_is_kept_to_the_second() {
    let mut get = TestClient::get(ALL);
    get.sends();
    get.tid(&oack("timeout 7"));
    assert_eq!(get.silence(), ["4000 ACK 0"]);
    assert_eq!(get.now, 7000);
}

#[test]
fn a_repeated_oack_is_answered_and_restarts_nothing() {
    let mut get = TestClient::get(ALL);
    get.sends();
    assert_eq!(get.tid(&oack("blksize 16")), ["4000 ACK 0"]);
    assert_eq!(get.tid(&oack("blksize 16")), NOTHING, "doubled by the network");
    get.now += 1000;
    assert_eq!(get.tid(&oack("blksize 16")), ["4000 ACK 0"]);
    assert_eq!(get.tid(&data(1, 16)), ["4000 ACK 1"]);
    get.now += 1000;
    assert_eq!(get.tid(&oack("blksize 16")), NOTHING);

    let mut put = TestClient::put(ALL, 100);
    put.sends();
    let _ = put.tid(&oack("blksize 16"));
    put.now += 1000;
    assert_eq!(put.tid(&oack("blksize 16")), ["4000 DATA 1-1"]);
}

#[test]
fn strangers_get_error_5_and_disturb_nothing() {
    let mut get = TestClient::get("");
    get.sends();
    let elsewhere = SocketAddr::from(([192, 0, 2, 2], TID));
    assert_eq!(
        get.hears(elsewhere, &data(1, 3)),
        NOTHING,
        "nobody else's answer counts"
    );
    assert_eq!(get.tid(&data(1, 512)), ["4000 ACK 1"]);
    assert_eq!(get.hears(port(TID + 1), &data(2, 3)), ["4001 ERROR 5"]);
    assert_eq!(get.hears(elsewhere, &data(2, 3)), ["4000 ERROR 5"]);
    assert_eq!(
        get.hears(port(TID + 1), &error(0)),
        NOTHING,
        "an ERROR is never answered"
    );
    assert_eq!(get.hears(port(TID + 1), b"\0"), NOTHING);
    assert_eq!(get.tid(&data(2, 3)), ["4000 ACK 2"]);
    assert_eq!(
        (get.client.ended(), get.stream.len()),
        (Some(Ended::Complete), 515)
    );
}

#[test]
fn an_error_ends_it_and_is_not_answered() {
    let refused = |code| {
        Some(Ended::Refused {
            code: ErrorCode(code),
            message: "enough".to_owned(),
        })
    };
    for begin in [None, Some(oack("blksize 16"))] {
        let mut get = TestClient::get(ALL);
        get.sends();
        let _ = begin.map(|oack| get.tid(&oack));
        assert_eq!(get.tid(&error(1)), NOTHING);
        assert_eq!((get.client.ended(), get.client.is_over()), (refused(1), true));
        let mut put = TestClient::put(ALL, 100);
        put.sends();
        assert_eq!(put.tid(&error(2)), NOTHING);
        assert_eq!((put.client.ended(), put.client.is_over()), (refused(2), true));
    }
}

#[test]
fn an_invalid_first_answer_is_ignored() {
    let mut get = TestClient::get("");
    get.sends();
    for packet in [
        data(2, 3),
        wire::ack(0).to_vec(),
        b"\0\x01f\0octet\0".to_vec(),
        vec![],
        vec![0, 9],
    ] {
        assert_eq!(get.tid(&packet), NOTHING, "{packet:?}");
    }
    let mut put = TestClient::put("", 3);
    put.sends();
    for packet in [data(1, 3), wire::ack(1).to_vec()] {
        assert_eq!(put.tid(&packet), NOTHING, "{packet:?}");
    }
    assert_eq!((get.client.ended(), put.client.ended()), (None, None));
}

#[test]
fn a_block_longer_than_agreed_ends_it() {
    let mut get = TestClient::get("");
    get.sends();
    assert_eq!(get.tid(&data(1, 513)), ["4000 ERROR 4"]);
    assert_eq!(
        (get.client.ended(), get.stream.len()),
        (Some(Ended::Oversized), 0)
    );
}

#[test]
fn a_lost_last_ack_is_sent_again() {
    let mut get = TestClient::get("");
    get.sends();
    assert_eq!(get.tid(&data(1, 3)), ["4000 ACK 1"]);
    assert_eq!(
        (get.client.ended(), get.client.is_over()),
        (Some(Ended::Complete), false)
    );
    get.now += 1000;
    assert_eq!(get.tid(&data(1, 3)), ["4000 ACK 1"]);
    assert_eq!(get.stream.len(), 3);
    while !get.client.is_over() {
        assert_eq!(get.silence(), NOTHING);
    }
    assert!(get.now < 20_000);
}

#[test]
fn a_client_that_leaves_is_over_at_once_if_nothing_was_lost() {
    let mut get = TestClient::get("");
    get.sends();
    get.client.leave(get.at());
    assert!(!get.client.is_over(), "the get runs");
    assert_eq!(get.tid(&data(1, 3)), ["4000 ACK 1"]);
    get.client.leave(get.at());
    assert_eq!(
        (get.client.ended(), get.client.is_over()),
        (Some(Ended::Complete), true)
    );
    assert_eq!(get.client.poll_timeout(), None);
}

#[test]
fn an_ack_that_is_due_goes_before_the_client_is_over() {
    let mut get = TestClient::get("");
    get.sends();
    get.client.handle_datagram(get.at(), port(TID), &data(1, 3));
    let now = get.at();
    get.client.get().unwrap().commit(now);
    get.client.leave(get.at());
    assert!(!get.client.is_over());
    assert_eq!(get.sends(), ["4000 ACK 1"]);
    assert!(get.client.is_over());
}

/// A get of two blocks, of which the first came twice.
fn complete_after_a_loss() -> TestClient {
    let mut get = TestClient::get("");
    get.sends();
    assert_eq!(get.tid(&data(1, 512)), ["4000 ACK 1"]);
    get.now += 1000;
    assert_eq!(get.tid(&data(1, 512)), ["4000 ACK 1"]);
    assert_eq!(get.tid(&data(2, 3)), ["4000 ACK 2"]);
    get.client.leave(get.at());
    get
}

#[test]
fn after_a_loss_a_client_that_leaves_sends_copies_of_the_last_ack() {
    let mut get = complete_after_a_loss();
    for _ in 0..3 {
        assert!(!get.client.is_over());
        assert_eq!(get.silence(), ["4000 ACK 2"]);
    }
    assert!(get.client.is_over() && get.now <= 1300, "{} ms", get.now);
    assert_eq!(get.client.ended(), Some(Ended::Complete));
}

#[test]
fn a_repeated_last_block_gets_the_next_copy_at_once() {
    let mut get = complete_after_a_loss();
    for _ in 0..3 {
        assert_eq!(get.tid(&data(2, 3)), ["4000 ACK 2"]);
    }
    assert!(get.client.is_over());
    assert_eq!((get.now, get.stream.len()), (1000, 515));
    assert_eq!(get.tid(&data(2, 3)), NOTHING);
}

#[test]
fn an_error_ends_a_client_that_leaves() {
    let mut get = complete_after_a_loss();
    assert_eq!(get.tid(&error(5)), NOTHING);
    assert_eq!(
        (get.client.ended(), get.client.is_over()),
        (Some(Ended::Complete), true)
    );
}

#[test]
fn a_silent_server_is_given_up() {
    let mut get = TestClient::get("");
    get.sends();
    get.tid(&data(1, 512));
    while !get.client.is_over() {
        get.silence();
    }
    let (answered, probably_complete) = (true, false);
    assert_eq!(
        get.client.ended(),
        Some(Ended::TimedOut {
            answered,
            probably_complete
        })
    );
    let mut put = TestClient::put("", 600);
    put.sends();
    put.tid(&wire::ack(0));
    put.tid(&wire::ack(1));
    while !put.client.is_over() {
        put.silence();
    }
    let (answered, probably_complete) = (true, true);
    assert_eq!(
        put.client.ended(),
        Some(Ended::TimedOut {
            answered,
            probably_complete
        })
    );
}

#[test]
fn a_late_oack_does_not_advance_a_put() {
    let mut put = TestClient::put(ALL, 100);
    put.sends();
    let _ = put.tid(&oack("blksize 16"));
    assert_eq!(put.tid(&wire::ack(1)), ["4000 DATA 2-2"]);
    put.now += 1000;
    assert_eq!(put.tid(&oack("blksize 16")), NOTHING);
}

#[test]
fn a_late_timer_counts_and_an_early_one_does_not() {
    let mut get = TestClient::get("");
    get.sends();
    let at = get.client.poll_timeout().unwrap().as_micros() / 1000;
    get.now = at - 1;
    get.client.handle_timeout(get.at());
    assert_eq!(get.sends(), NOTHING);
    get.now = at + 1000;
    get.client.handle_timeout(get.at());
    assert_eq!(get.sends().len(), 1);
}

#[test]
fn an_aborted_client_sends_an_error_to_a_server_that_answered() {
    let code = ErrorCode::UNDEFINED;
    let mut asking = TestClient::get("");
    asking.sends();
    let mut get = TestClient::get("");
    get.sends();
    get.tid(&data(1, 512));
    let mut put = TestClient::put("", 100);
    put.sends();
    put.tid(&wire::ack(0));
    for (mut client, told) in [(asking, false), (get, true), (put, true)] {
        client.client.fail(client.at(), code, "enough");
        assert_eq!(client.sends().concat(), if told { "4000 ERROR 0" } else { "" });
        assert_eq!(client.client.ended(), Some(Ended::Failed));
        assert!(client.client.is_over());
    }
}

#[test]
fn repetitions_of_the_request_and_of_packets_are_counted_together() {
    let mut put = TestClient::put("", 100);
    put.sends();
    assert_eq!(put.client.retransmissions(), 0);
    put.silence();
    assert_eq!(put.client.retransmissions(), 1);
    put.tid(&wire::ack(0));
    put.silence();
    assert_eq!(put.client.retransmissions(), 2);
}

#[test]
fn an_error_of_a_server_that_answered_counts_at_once() {
    let mut get = TestClient::get("");
    get.sends();
    get.tid(&data(1, 512));
    let mut put = TestClient::put("", 1000);
    put.sends();
    put.tid(&wire::ack(0));
    assert_eq!(put.tid(&wire::ack(1)).len(), 1);
    for mut client in [get, put] {
        assert_eq!(client.tid(&error(3)), NOTHING);
        assert!(matches!(client.client.ended(), Some(Ended::Refused { .. })));
    }
}

/// Half a minute is the limit of servers, for requests whose sender may be forged.
#[test]
fn a_client_waits_for_its_server_until_its_limit() {
    let patient = Timing {
        retransmit_timeout: std::time::Duration::from_secs(20),
        ..FIXED
    };
    let mut put = TestClient {
        size: 100,
        ..TestClient::new(Operation::Write, "", patient)
    };
    put.sends();
    assert_eq!(put.tid(&wire::ack(0)), ["4000 DATA 1-1"]);
    let mut get = TestClient::new(Operation::Read, "blksize 16", patient);
    get.sends();
    assert_eq!(get.tid(&oack("blksize 16")), ["4000 ACK 0"]);
    for mut client in [put, get] {
        while client.client.ended().is_none() {
            client.silence();
        }
        assert_eq!(client.now, 80_000);
    }
}

#[test]
fn without_an_oack_the_size_of_a_put_is_known_and_that_of_a_get_is_not() {
    let mut put = TestClient::put("tsize 100", 100);
    put.sends();
    put.tid(&wire::ack(0));
    assert_eq!(put.client.negotiated().unwrap().tsize, Some(100));
    let mut get = TestClient::get("tsize 0");
    get.sends();
    get.tid(&data(1, 512));
    assert_eq!(get.client.negotiated().unwrap().tsize, None);
}
