//! Streams, compared byte by byte with the plain contents.

use std::sync::Arc;

use tftp_proto::block::to_wire;
use tftp_proto::netascii::Encoder;
use tftp_proto::wire::data_header;

use super::*;
use crate::content_cache::Completed;
use crate::testing::{Bench, Simulated, owner};

type Stream = DownloadStream<Simulated>;

/// Returns reproducible contents in which every pair of line-end bytes is likely.
fn contents(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed | 1;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        match state % 5 {
            0 => b'\n',
            1 => b'\r',
            _ => (state >> 32) as u8,
        }
    };
    std::iter::repeat_with(next).take(length).collect()
}

fn translated(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    Encoder::new().encode(bytes, &mut out);
    out
}

fn slice(download: &Stream, range: Range<u64>) -> Vec<u8> {
    let mut out = Vec::new();
    download.slices(range, |bytes, range| out.extend_from_slice(&bytes[range]));
    out
}

/// Sends the packets of a window: its blocks from `first` on, of which those at the end of the
/// stream may be short or missing. A prepared packet is sent as it is. Returns the number of
/// prepared ones.
fn send(
    download: &Stream,
    first: u64,
    (blksize, blocks): (u64, u64),
    rollover: Rollover,
    out: &mut Vec<u8>,
) -> u64 {
    let mut prepared = 0;
    for block in first..first + blocks {
        let (header, range) = (
            data_header(to_wire(block, rollover)),
            (block - 1) * blksize..block * blksize,
        );
        let data = slice(download, range.clone());
        if let Some((bytes, packet)) = download.packet(header, range.clone()) {
            assert!(bytes[packet] == [&header[..], &data].concat(), "block {block}");
            prepared += 1;
        }
        let other = data_header(to_wire(block + 100, rollover));
        assert!(
            download.packet(other, range).is_none(),
            "a packet with another number"
        );
        out.extend(data);
    }
    prepared
}

impl Bench {
    fn download(&mut self, name: &str, mode: Mode) -> Stream {
        self.cache.batch_ends();
        DownloadStream::new(self.opened(name), mode)
    }

    fn memory(&mut self, bytes: Vec<u8>, mode: Mode) -> Stream {
        let place = crate::Place::Memory(Arc::new(bytes));
        match self.cache.open(owner(0), &place, crate::Standing::HalfOpen) {
            crate::Opening::Now(opened) => DownloadStream::new(opened.unwrap(), mode),
            _ => panic!("not at once"),
        }
    }

    /// Runs the waiting jobs, whose chunks are for this download.
    fn deliver(&mut self, download: &mut Stream) -> Vec<Owner> {
        let mut waiting = Vec::new();
        for completion in self.run() {
            let Completed::Read(mut read) = self.cache.complete(completion) else {
                panic!("a read")
            };
            download.accept(&mut self.cache, owner(0), &mut read);
            waiting.extend(read.waiting);
        }
        waiting
    }

    /// Calls `ensure`, and runs every job at once.
    fn ensure(&mut self, download: &mut Stream, upto: u64) -> io::Result<(u64, bool)> {
        loop {
            match download.ensure(&mut self.cache, owner(0), upto) {
                Supply::Have { available, end } => return Ok((available, end)),
                Supply::Pending => assert!(self.deliver(download).is_empty(), "nobody else reads"),
                Supply::Parked => panic!("it was not closed"),
                Supply::Failed(error) => return Err(error),
            }
        }
    }

    /// Reads a stream as a transfer would: windows of `blocks` blocks, acknowledged whole. Of three
    /// windows, one stays, one is given up and sent again, one is given up and acknowledged.
    fn stream(&mut self, download: &mut Stream, blksize: u64, blocks: u64) -> Vec<u8> {
        download.set_window(blksize as u16, blocks as u16, Rollover::Zero, MANY);
        let (mut all, mut window) = (Vec::new(), 0);
        loop {
            let acked = all.len() as u64;
            let upto = acked + blksize * blocks;
            let (available, end) = self.ensure(download, upto).unwrap();
            assert!(end || available >= upto);
            let first = acked / blksize + 1;
            let (mut sent, mut again) = (Vec::new(), Vec::new());
            send(download, first, (blksize, blocks), Rollover::Zero, &mut sent);
            assert_eq!(sent.len() as u64, available.min(upto) - acked);
            send(download, first, (blksize, blocks), Rollover::Zero, &mut again);
            assert!(again == sent, "a retransmission");
            if window % 3 > 0 {
                download.give_up();
            }
            if window % 3 == 1 {
                assert_eq!(self.ensure(download, upto).unwrap(), (available, end));
                again.clear();
                send(download, first, (blksize, blocks), Rollover::Zero, &mut again);
                assert!(again == sent, "a retransmission of what was given up");
            }
            window += 1;
            all.extend(sent);
            download.release(all.len() as u64);
            if end && all.len() as u64 == available {
                assert!(download.chunks.is_empty());
                return all;
            }
        }
    }
}

/// So many active transfers that lockstep ones get small chunks.
const MANY: usize = 10_000;

const SIZES: [usize; 12] = [
    0, 1, 511, 512, 8191, 8192, 8193, 16384, 65535, 65536, 65537, 200_001,
];
const WINDOWS: [(u64, u64); 6] = [(512, 1), (8, 64), (1428, 4), (1468, 64), (8192, 1), (65464, 2)];

#[test]
fn every_stream_equals_its_contents() {
    for (index, size) in SIZES.into_iter().enumerate() {
        let plain = contents(size, index as u64 + 1);
        let text = translated(&plain);
        let mut bench = Bench::new();
        bench.put("file", &plain);
        for is_cold in [false, true] {
            for (blksize, blocks) in WINDOWS {
                for (mode, expected) in [(Mode::Octet, &plain), (Mode::Netascii, &text)] {
                    let case =
                        format!("{size} bytes, {blksize} x {blocks}, {mode:?}, cold {is_cold}");
                    let mut download = bench.download("file", mode);
                    bench.disk().set_cold(is_cold);
                    assert!(
                        bench.stream(&mut download, blksize, blocks) == *expected,
                        "file: {case}"
                    );
                    bench.disk().set_cold(false);
                    let mut download = bench.memory(plain.clone(), mode);
                    assert_eq!(download.stream_size(), Some(expected.len() as u64));
                    assert!(
                        bench.stream(&mut download, blksize, blocks) == *expected,
                        "memory: {case}"
                    );
                }
            }
            assert_eq!(bench.held(), 0);
        }
    }
}

/// Prepared windows across every border: of chunks, of the block numbers in both roll-over modes,
/// of the stream.
#[test]
fn windows_leave_as_they_were_prepared() {
    let plain = contents(256 * 65_600 + 100, 7);
    let mut bench = Bench::new();
    bench.put("large", &plain);
    bench.put("small", &plain[..500_000]);
    for rollover in [Rollover::Zero, Rollover::One] {
        for (name, blksize, blocks) in [
            ("large", 256, 300),
            ("small", 1428, 16),
            ("small", 8192, 7),
            ("small", 65464, 2),
        ] {
            let mut download = bench.download(name, Mode::Octet);
            let length = download.stream_size().unwrap();
            download.set_window(blksize as u16, blocks as u16, rollover, MANY);
            let (mut sent, mut prepared, mut first) = (Vec::new(), 0, 1);
            while (sent.len() as u64) < length {
                let upto = sent.len() as u64 + blksize * blocks;
                bench.ensure(&mut download, upto).unwrap();
                prepared += send(&download, first, (blksize, blocks), rollover, &mut sent);
                first += blocks;
                download.release(sent.len() as u64);
            }
            assert!(plain.starts_with(&sent), "{blksize} x {blocks}");
            assert_eq!(prepared, length.div_ceil(blksize), "all of them");
        }
    }
}

/// The transfer's header is sent, also if the chunks were prepared for another roll-over mode.
#[test]
fn packets_with_other_block_numbers_are_assembled_singly() {
    let plain = contents(256 * 65_540, 8);
    let mut bench = Bench::new();
    bench.put("file", &plain);
    let mut download = bench.download("file", Mode::Octet);
    download.set_window(256, 300, Rollover::One, MANY);
    bench.ensure(&mut download, plain.len() as u64).unwrap();
    let mut sent = Vec::new();
    let prepared = send(&download, 65_530, (256, 11), Rollover::Zero, &mut sent);
    assert_eq!(prepared, 6, "up to block 65535");
    assert!(sent == plain[65_529 * 256..65_540 * 256]);
}

#[test]
fn a_stream_of_unknown_length_ends_at_the_first_empty_read() {
    for (index, size) in SIZES.into_iter().chain([131_072, 131_073]).enumerate() {
        let plain = contents(size, index as u64 + 1);
        let text = translated(&plain);
        let mut bench = Bench::new();
        bench.put("file", &plain);
        bench.disk().is_generated = true;
        for is_cold in [false, true] {
            for (blksize, blocks) in WINDOWS {
                for (mode, expected) in [(Mode::Octet, &plain), (Mode::Netascii, &text)] {
                    let case =
                        format!("{size} bytes, {blksize} x {blocks}, {mode:?}, cold {is_cold}");
                    let mut download = bench.download("file", mode);
                    bench.disk().set_cold(is_cold);
                    assert_eq!(
                        (download.stream_size(), download.known_size()),
                        (None, None),
                        "{case}"
                    );
                    assert!(
                        bench.stream(&mut download, blksize, blocks) == *expected,
                        "{case}"
                    );
                    assert_eq!(download.known_size(), Some(expected.len() as u64), "{case}");
                    bench.disk().set_cold(false);
                }
            }
        }
    }
}

#[test]
fn sizes_are_reported_if_known() {
    let mut bench = Bench::new();
    bench.put("file", &[b'\n'; 1000]);
    assert_eq!(bench.download("file", Mode::Octet).stream_size(), Some(1000));
    assert_eq!(bench.download("file", Mode::Netascii).stream_size(), None);
    let text = bench.memory(vec![b'\n'; 1000], Mode::Netascii);
    assert_eq!(text.stream_size(), Some(2000));
    let large = bench.memory(vec![b'\n'; COUNTED + 1], Mode::Netascii);
    assert_eq!(large.stream_size(), None);
    assert_eq!(bench.memory(Vec::new(), Mode::Octet).stream_size(), Some(0));
}

#[test]
fn lockstep_transfers_among_few_read_more_at_a_time() {
    let mut bench = Bench::new();
    bench.put("file", &contents(300_000, 3));
    for (blksize, windowsize, active, class) in [
        (512, 1, FEW, 32_768),
        (8192, 1, 1, 32_768),
        (512, 2, FEW, 32_768),
        (512, 1, FEW + 1, 8192),
        (8193, 1, 1, 65_536),
    ] {
        let mut download = bench.download("file", Mode::Octet);
        download.set_window(blksize, windowsize, Rollover::Zero, active);
        let (available, _) = bench.ensure(&mut download, 1).unwrap();
        assert_eq!(available, class, "{blksize} x {windowsize} among {active}");
    }
}

#[test]
fn chunks_are_of_the_class_of_the_window_and_no_more_are_held_than_needed() {
    let mut bench = Bench::new();
    bench.put("file", &contents(300_000, 3));
    for (blksize, windowsize, class, in_memory) in [
        (512, 1, 8192, 8192),
        (8192, 1, 8192, 8192),
        (8193, 1, 65536, 65536),
        // Whole blocks, each with its header.
        (512, 2, 8192, 8192 + 4 * 16),
        (1428, 4, 5 * 1428, 5 * 1432),
        (1428, 16, 45 * 1428, 45 * 1432),
        (65464, 60, 65464, 65468),
        (255, 16, 8192, 8192),
    ] {
        let mut download = bench.download("file", Mode::Octet);
        download.set_window(blksize, windowsize, Rollover::Zero, MANY);
        assert_eq!(bench.held(), 0);
        let (available, end) = bench.ensure(&mut download, 1).unwrap();
        assert_eq!(
            (available, end, bench.held()),
            (class, false, in_memory),
            "{blksize} x {windowsize}"
        );
        download.release(class - 1);
        assert_eq!(bench.held(), in_memory);
        download.release(class);
        assert_eq!(bench.held(), 0);
    }
    assert!(size_of::<Stream>() <= 104, "{}", size_of::<Stream>());
}

#[test]
fn what_was_given_up_is_read_again_from_the_first_block_that_is_missing() {
    let plain = contents(300_000, 9);
    let mut bench = Bench::new();
    bench.put("file", &plain);
    let mut download = bench.download("file", Mode::Octet);
    download.set_window(1428, 64, Rollover::Zero, MANY);
    let window = 1428 * 64;
    let (available, _) = bench.ensure(&mut download, window).unwrap();
    let held = bench.held();
    assert!(held > 0 && !download.lacks(available));
    download.release(1428);
    download.give_up();
    assert_eq!(bench.held(), 0);
    assert!(download.lacks(window) && download.lacks(2 * 1428));
    assert!(slice(&download, 1428..2 * 1428).is_empty());
    // The first block again, and then the rest.
    bench.ensure(&mut download, 2 * 1428).unwrap();
    assert!(slice(&download, 1428..2 * 1428) == plain[1428..2 * 1428]);
    bench.ensure(&mut download, window).unwrap();
    assert_eq!((bench.held(), download.lacks(available)), (held, false));
    // Its client acknowledges the whole window meanwhile: only what follows is read.
    download.give_up();
    download.release(window);
    bench.ensure(&mut download, window + 1).unwrap();
    assert!(slice(&download, window..window + 1428) == plain[window as usize..][..1428]);
    assert_eq!(bench.held(), 45 * 1432, "one chunk");
}

/// Downloads that share nothing get a window each and fall silent: together they hold about twice
/// the limit, also after many that were not silent. One that moves keeps its window.
#[test]
fn silent_downloads_hold_little_together() {
    let mut bench = Bench::new();
    bench.put("file", &contents(2 << 20, 11));
    let limit = bench.memory.held();
    let begin = |bench: &mut Bench, downloads: &mut Vec<Stream>| {
        let mut download = bench.download("file", Mode::Octet);
        download.set_window(16_384 - downloads.len() as u16, 64, Rollover::Zero, MANY);
        bench.ensure(&mut download, 1 << 20).unwrap();
        downloads.push(download);
    };
    let mut downloads: Vec<Stream> = Vec::new();
    for _ in 0..100 {
        begin(&mut bench, &mut downloads);
        if bench.cache.is_due() {
            bench.cache.weigh(|| {});
        }
    }
    assert!(bench.held() >= 100 << 20 && downloads.iter().all(|download| !download.lacks(1 << 20)));
    downloads.truncate(1);
    bench.cache.shrink();
    for number in 0..300 {
        begin(&mut bench, &mut downloads);
        if bench.cache.is_due() {
            bench
                .cache
                .weigh(|| downloads[1..].iter_mut().for_each(Stream::give_up));
        }
        assert!(
            bench.held() <= 2 * limit + (4 << 20),
            "{} after {number}",
            bench.held()
        );
    }
    assert!(!downloads[0].lacks(1 << 20) && downloads[1].lacks(1 << 20));
}

/// Translated text, the bytes of a closed file and those of a source of unknown size stay: a second
/// read would fail or could return other bytes.
#[test]
fn what_cannot_be_read_again_is_never_given_up() {
    let plain = contents(100_000, 10);
    let mut bench = Bench::new();
    bench.put("file", &plain);
    let mut text = bench.download("file", Mode::Netascii);
    bench.ensure(&mut text, 2000).unwrap();
    text.give_up();
    assert!(slice(&text, 0..2000) == translated(&plain)[..2000]);
    let mut closed = bench.download("file", Mode::Octet);
    bench.ensure(&mut closed, 2000).unwrap();
    assert!(closed.park().is_some());
    closed.give_up();
    assert!(slice(&closed, 0..2000) == plain[..2000]);
    bench.disk().is_generated = true;
    let mut generated = bench.download("file", Mode::Octet);
    bench.ensure(&mut generated, 2000).unwrap();
    generated.give_up();
    assert!(slice(&generated, 0..2000) == plain[..2000]);
}

#[test]
fn ten_thousand_readers_of_one_file_hold_one_descriptor_and_one_chunk() {
    let plain = contents(100_000, 4);
    let mut bench = Bench::new();
    bench.put("file", &plain);
    let mut downloads: Vec<_> = (0..10_000).map(|_| bench.download("file", Mode::Octet)).collect();
    for download in &mut downloads {
        bench.ensure(download, 8192).unwrap();
        assert!(slice(download, 0..8192) == plain[..8192]);
    }
    assert_eq!((bench.open_files(), bench.held()), (1, 8192));
    drop(downloads);
    bench.cache.batch_ends();
    assert_eq!((bench.open_files(), bench.held()), (0, 0));
}

#[test]
fn a_boot_storm_on_a_cold_file_reads_each_chunk_once() {
    let plain = contents(30_000, 5);
    let mut bench = Bench::new();
    bench.put("file", &plain);
    let mut downloads: Vec<_> = (0..50).map(|_| bench.download("file", Mode::Octet)).collect();
    bench.disk().set_cold(true);
    for upto in [1, 8193, 16385, 24577] {
        for (index, download) in (0..).zip(&mut downloads) {
            // Twice, as when a client repeats its packet.
            for _ in 0..2 {
                let supply = download.ensure(&mut bench.cache, owner(index), upto);
                assert!(matches!(supply, Supply::Pending), "{supply:?}");
            }
        }
        assert_eq!(bench.disk().jobs.len(), 1);
        let completion = bench.one();
        assert_eq!(completion.owner(), owner(0));
        let Completed::Read(mut read) = bench.cache.complete(completion) else {
            panic!("a read")
        };
        downloads[0].accept(&mut bench.cache, owner(0), &mut read);
        assert_eq!(read.waiting, (1..50).map(owner).collect::<Vec<_>>());
        for (index, download) in (0..).zip(&mut downloads) {
            let supply = download.ensure(&mut bench.cache, owner(index), upto);
            assert!(matches!(supply, Supply::Have { .. }), "{supply:?}");
        }
    }
    assert_eq!(bench.disk().jobs.len(), 0);
    for download in &downloads {
        assert!(slice(download, 0..30_000) == plain);
    }
}

#[test]
fn a_file_that_shrinks_fails_and_one_that_grows_is_sent_as_it_was() {
    for is_cold in [false, true] {
        for mode in [Mode::Octet, Mode::Netascii] {
            let plain = contents(20_000, 6);
            let mut bench = Bench::new();
            bench.put("file", &plain);
            let mut download = bench.download("file", mode);
            bench.disk().files["file"].lock().unwrap().bytes.extend(b"more");
            let expected = match mode {
                Mode::Octet => plain.clone(),
                Mode::Netascii => translated(&plain),
            };
            bench.disk().set_cold(is_cold);
            assert!(bench.stream(&mut download, 512, 1) == expected);
            bench.disk().set_cold(false);

            bench.put("file", &plain);
            let mut download = bench.download("file", mode);
            bench.disk().set_cold(is_cold);
            bench.ensure(&mut download, 1).unwrap();
            bench.disk().files["file"].lock().unwrap().bytes.truncate(10_000);
            let error = bench.ensure(&mut download, 100_000).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        }
    }
}

#[test]
fn a_reopened_file_continues_only_if_unchanged() {
    let plain = contents(30_000, 4);
    for mode in [Mode::Octet, Mode::Netascii] {
        let mut bench = Bench::new();
        bench.put("file", &plain);
        let mut download = bench.download("file", mode);
        bench.cache.batch_ends();
        download.set_window(512, 1, Rollover::Zero, MANY);
        bench.ensure(&mut download, 512).unwrap();
        let first = slice(&download, 0..512);
        drop(download.park());
        assert_eq!(bench.open_files(), 0, "closed");
        assert_eq!(slice(&download, 0..512), first, "and sent again all the same");
        let supply = download.ensure(&mut bench.cache, owner(0), 20_000);
        assert!(matches!(supply, Supply::Parked), "{supply:?}");
        let supply = download.ensure(&mut bench.cache, owner(0), 20_000);
        assert!(matches!(supply, Supply::Pending), "asked for once: {supply:?}");
        assert_eq!(bench.settled(), 0);
        download.reopen(bench.opened("file")).unwrap();
        assert_eq!(bench.settled(), 1, "its client goes on");
        assert!(bench.ensure(&mut download, 20_000).unwrap().0 >= 20_000);

        drop(download.park());
        bench.put("file", &contents(30_000, 5));
        bench.cache.batch_ends();
        assert!(download.reopen(bench.opened("file")).is_err());
    }
}

#[test]
fn a_file_that_is_being_read_or_cannot_be_known_again_is_not_closed() {
    let mut bench = Bench::new();
    bench.put("file", &contents(30_000, 4));
    let mut download = bench.download("file", Mode::Octet);
    bench.cache.batch_ends();
    bench.disk().set_cold(true);
    assert!(matches!(
        download.ensure(&mut bench.cache, owner(0), 512),
        Supply::Pending
    ));
    drop(download.park());
    assert_eq!(bench.open_files(), 1);
    bench.deliver(&mut download);
    bench.disk().set_cold(false);
    drop(download.park());
    assert_eq!(bench.open_files(), 0);

    bench.disk().is_generated = true;
    let mut download = bench.download("file", Mode::Octet);
    bench.cache.batch_ends();
    drop(download.park());
    assert_eq!(bench.open_files(), 1);
    download.settle();
    assert_eq!(bench.settled(), 1);
}
