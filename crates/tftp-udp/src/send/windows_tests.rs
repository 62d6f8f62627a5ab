//! Tests of runs of blocks on Windows. wine ignores the segment size and sends a run as one
//! datagram, which shows what was gathered.

use std::net::{SocketAddr, UdpSocket as StdSocket};
use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::SocketOptions;

struct Pair {
    sender: UdpSocket,
    receiver: StdSocket,
}

impl Pair {
    fn new() -> Pair {
        let here = SocketAddr::from(([127, 0, 0, 1], 0));
        let receiver = StdSocket::bind(here).unwrap();
        receiver.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let sender = UdpSocket::bind(here, &SocketOptions::default()).unwrap();
        Pair { sender, receiver }
    }

    /// Sends blocks of 4 + `size` bytes each, the last one byte shorter, and returns them.
    fn push(&self, batch: &mut SendBatch, size: usize, count: usize) -> Vec<Vec<u8>> {
        let bytes = Arc::new((0..=255).cycle().take(size).collect::<Vec<u8>>());
        let route = Route {
            socket: 0,
            peer: self.receiver.local_addr().unwrap(),
            source: None,
            connected: false,
        };
        batch.begin_data(route, 4 + size);
        let mut blocks = Vec::new();
        for block in 0..count {
            let header = [0, 3, 0, block as u8];
            let length = size - usize::from(block + 1 == count);
            batch.block(header);
            batch.slice(&bytes, 0..length);
            blocks.push([&header, &bytes[..length]].concat());
        }
        batch.end_data();
        blocks
    }

    fn flush(&self, batch: &mut SendBatch) -> FlushReport {
        batch.flush(&|_| Some(&self.sender))
    }

    fn receive(&self) -> Vec<u8> {
        let mut buffer = vec![0; 65536];
        let length = self.receiver.recv(&mut buffer).unwrap();
        buffer.truncate(length);
        buffer
    }
}

/// Headers and data of a run reach one call in their order, also where the data is referenced and
/// not copied.
#[test]
fn a_run_is_gathered_into_one_call() {
    for size in [100, 1428] {
        let (pair, mut batch) = (Pair::new(), SendBatch::new(IoMode::Auto));
        batch.segmented.is_on = true;
        let blocks = pair.push(&mut batch, size, 5).concat();
        let report = pair.flush(&mut batch);
        assert_eq!((report.sent, report.failed.len()), (5, 0));
        assert_eq!(batch.sent.len(), 1);
        let mut received = pair.receive();
        while received.len() < blocks.len() {
            received.extend(pair.receive());
        }
        assert_eq!(received, blocks);
    }
}

/// A run that Windows refuses is sent datagram by datagram, and so are the next ones to that peer.
#[test]
fn a_refused_run_is_sent_singly() {
    let (pair, mut batch) = (Pair::new(), SendBatch::new(IoMode::Auto));
    batch.segmented.is_on = true;
    // 80 kB are more than any datagram or run.
    batch.segmented.most_bytes = 1 << 20;
    for _ in 0..2 {
        let blocks = pair.push(&mut batch, 8192, 10);
        let report = pair.flush(&mut batch);
        assert_eq!((report.sent, report.failed.len()), (10, 0));
        for block in blocks {
            assert_eq!(pair.receive(), block);
        }
    }
}

/// The probe leaves no segment size behind, on its own socket or another: a large datagram stays
/// whole.
#[test]
fn the_probe_changes_no_socket() {
    let pair = Pair::new();
    uso::supported();
    let mut batch = SendBatch::new(IoMode::Auto);
    let blocks = pair.push(&mut batch, 9000, 1);
    assert_eq!(pair.flush(&mut batch).sent, 1);
    assert_eq!(pair.receive(), blocks[0]);
    let blocks = pair.push(&mut batch, 3000, 3);
    assert_eq!(pair.flush(&mut batch).sent, 3);
    for block in blocks {
        assert_eq!(pair.receive(), block);
    }
}

#[test]
fn only_some_errors_are_about_the_run() {
    for (code, is_refusal) in [
        (10022, true),
        (10040, true),
        (10045, true),
        (10051, false),
        (10055, false),
        (10013, false),
    ] {
        assert_eq!(
            uso::is_refusal(&io::Error::from_raw_os_error(code)),
            is_refusal,
            "{code}"
        );
    }
}
