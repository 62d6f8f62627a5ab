//! Tests of the packets left in the queue after a flush, without sockets.

use std::sync::Arc;

use super::*;

fn route(socket: usize) -> Route {
    Route {
        socket,
        peer: "127.0.0.1:9".parse().unwrap(),
        source: None,
        connected: false,
    }
}

fn push(batch: &mut SendBatch, socket: usize, blocks: u8) {
    let bytes = Arc::new(vec![7; 600]);
    batch.begin_data(route(socket), 604);
    for block in 0..blocks {
        batch.block([0, 3, 0, block]);
        batch.slice(&bytes, 0..300);
        batch.slice(&bytes, 300..600);
    }
    batch.end_data();
}

fn waiting(batch: &SendBatch) -> Vec<(usize, usize)> {
    batch
        .queue
        .messages
        .iter()
        .map(|message| (message.route.socket, message.len()))
        .collect()
}

/// The oldest are dropped, no newer one of the same socket before an older one, and the newest
/// stays.
#[test]
fn the_oldest_are_dropped() {
    for (most, left, dropped) in [
        (100, 3, 0),
        (60, 3, 0),
        (59, 2, 10),
        (50, 2, 10),
        (49, 1, 30),
        (1, 1, 30),
        (0, 0, 60),
    ] {
        let mut batch = SendBatch::new(IoMode::Portable);
        [10, 20, 30]
            .into_iter()
            .for_each(|blocks| push(&mut batch, 0, blocks));
        batch.arrange();
        assert_eq!(batch.drop_oldest(0..3, most), dropped, "{most}");
        batch.queue.compact(&mut batch.spare);
        assert_eq!(waiting(&batch), [(0, 10), (0, 20), (0, 30)][3 - left..], "{most}");
    }
}

/// Packets left after a flush are whole, in order, and keep their bytes alive; the other bytes are
/// released.
#[test]
fn the_rest_is_kept_whole() {
    let mut batch = SendBatch::new(IoMode::Portable);
    let bytes = Arc::new((0..=255).cycle().take(1000).collect::<Vec<u8>>());
    let gone = Arc::new(vec![1; 1000]);
    batch.push_small(route(0), b"small");
    for source in [&gone, &bytes] {
        batch.begin_data(route(0), 1004);
        batch.block(*b"head");
        batch.slice(source, 0..400);
        batch.slice(source, 400..1000);
        batch.block(*b"tail");
        batch.slice(source, 0..3);
        batch.end_data();
    }
    batch.queue.messages[1].first += 2;
    batch.queue.messages[2].first += 1;
    batch.queue.compact(&mut batch.spare);
    assert_eq!(waiting(&batch), [(0, 1), (0, 1)]);
    assert_eq!(Arc::strong_count(&gone), 1);
    let datagram = |at: usize| {
        batch
            .queue
            .pieces(batch.queue.messages[at].first)
            .collect::<Vec<_>>()
            .concat()
    };
    assert_eq!(datagram(0), b"small");
    assert_eq!(datagram(1), [b"tail", &bytes[..3]].concat());
    batch
        .queue
        .messages
        .iter_mut()
        .for_each(|message| message.first = message.end);
    batch.queue.compact(&mut batch.spare);
    assert!(batch.is_empty());
    assert_eq!(Arc::strong_count(&bytes), 1);
}

/// A queued window of prepared packets is not copied, and is still one piece of memory.
#[test]
fn prepared_packets_lie_one_behind_the_other() {
    let mut batch = SendBatch::new(IoMode::Portable);
    let bytes = Arc::new((0..=255).cycle().take(40).collect::<Vec<u8>>());
    batch.begin_data(route(0), 12);
    for block in 0..3 {
        batch.packet(&bytes, block * 12..block * 12 + 12);
    }
    batch.end_data();
    batch.queue.messages[0].first += 1;
    batch.queue.compact(&mut batch.spare);
    let pieces: Vec<_> = (0..2).flat_map(|datagram| batch.queue.pieces(datagram)).collect();
    assert_eq!(pieces.concat(), bytes[12..36]);
    assert!(
        pieces
            .iter()
            .zip([12, 24])
            .all(|(piece, at)| piece.as_ptr() == bytes[at..].as_ptr())
    );
    assert_eq!(Arc::strong_count(&bytes), 2);
}

#[test]
fn messages_are_sorted_by_socket_alone() {
    let mut batch = SendBatch::new(IoMode::Portable);
    for (socket, blocks) in [(2, 1), (0, 2), (2, 3), (1, 4), (0, 5)] {
        push(&mut batch, socket, blocks);
    }
    batch.arrange();
    assert_eq!(batch.order, [1, 4, 3, 0, 2]);
}

/// A fault between two calls must not send half a block, which a client takes for the end of the
/// file.
#[test]
fn a_run_that_is_not_ended_is_never_sent() {
    let bytes = Arc::new(vec![7; 600]);
    let begin = |batch: &mut SendBatch, blocks: u8| {
        batch.begin_data(route(0), 604);
        for block in 0..blocks {
            batch.block([0, 3, 0, block]);
            batch.slice(&bytes, 0..600);
        }
    };
    for blocks in 0..3 {
        let mut batch = SendBatch::new(IoMode::Portable);
        push(&mut batch, 1, 2);
        begin(&mut batch, blocks);
        batch.push_small(route(0), b"error");
        assert_eq!(waiting(&batch), [(1, 2), (0, 1)]);
        begin(&mut batch, blocks);
        push(&mut batch, 2, 3);
        assert_eq!(waiting(&batch), [(1, 2), (0, 1), (2, 3)]);
        let lengths = |datagram| batch.queue.pieces(datagram).map(<[u8]>::len).sum::<usize>();
        let expected = [604, 604, 5, 604, 604, 604];
        assert_eq!([0, 1, 2, 3, 4, 5].map(lengths), expected);
        begin(&mut batch, blocks);
        let report = batch.flush(&|_| None);
        assert_eq!((report.dropped, batch.is_empty()), (6, true));
    }
}

/// On a socket with many peers, a send may return the ICMP error for a packet to another peer. The
/// message that it was sending has not failed.
#[cfg(linux)]
#[test]
fn errors_of_other_peers_are_not_a_messages_own() {
    use super::attempts::Step;
    let socket = UdpSocket::bind("127.0.0.1:0".parse().unwrap(), &Default::default()).unwrap();
    // The number of attempts, and the error that is reported in the end.
    let attempts = |connected: bool, code: i32| {
        let (mut batch, mut report) = (SendBatch::new(IoMode::Auto), FlushReport::default());
        let to = Route {
            connected,
            ..route(3)
        };
        batch.push_small(to, b"packet");
        batch.arrange();
        let mut refusals = 0;
        for attempt in 1.. {
            let failure = Failure {
                error: io::Error::from_raw_os_error(code),
                segmented: false,
            };
            match batch.react(&socket, 3, 0, failure, &mut refusals, &mut report) {
                Step::Again => {}
                Step::Stop => {
                    assert_eq!(report.congested, [3]);
                    return (attempt, None);
                }
                Step::Drop => panic!("it is tried again"),
                Step::GiveUp(error) => return (attempt, error.raw_os_error()),
            }
        }
        unreachable!("it ends")
    };
    assert_eq!(attempts(true, libc::ECONNREFUSED), (2, Some(libc::ECONNREFUSED)));
    assert_eq!(attempts(false, libc::ECONNREFUSED), (65, None));
    assert_eq!(attempts(false, libc::EMSGSIZE), (65, Some(libc::EMSGSIZE)));
    assert_eq!(attempts(false, libc::EHOSTUNREACH), (9, Some(libc::EHOSTUNREACH)));
    assert_eq!(attempts(false, libc::EINVAL), (2, Some(libc::EINVAL)));
}
