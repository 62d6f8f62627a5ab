//! Streams, compared byte by byte with the plain contents.

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use super::super::jail::Opened;
use super::super::store::tests::{is_shared, open_path};
use super::*;

/// A reproducible mixture, with every pair of line-end bytes likely.
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

fn file(bytes: &[u8]) -> (TempDir, PathBuf) {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("file");
    fs::write(&path, bytes).unwrap();
    (directory, path)
}

fn translated(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    Encoder::new().encode(bytes, &mut out);
    out
}

fn slice(source: &Source, range: Range<u64>) -> Vec<u8> {
    let mut out = Vec::new();
    source.slices(range, &mut |bytes, range| out.extend_from_slice(&bytes[range]));
    out
}

/// `ensure`, with every job run at once.
fn ensure(source: &mut Source, store: &mut Store, upto: u64) -> io::Result<(u64, bool)> {
    loop {
        match source.ensure(store, upto) {
            Supply::Have { available, end } => return Ok((available, end)),
            Supply::Pending(job) => source.accept(store, job.run()),
            Supply::Waiting => panic!("nobody else reads"),
            Supply::Parked => panic!("it was not closed"),
            Supply::Failed(error) => return Err(error),
        }
    }
}

/// Reads a stream as a transfer would: windows of `blocks` blocks, acknowledged whole.
fn stream(source: &mut Source, store: &mut Store, blksize: u64, blocks: u64) -> Vec<u8> {
    source.set_window(blksize * blocks);
    let mut all = Vec::new();
    loop {
        let acked = all.len() as u64;
        let upto = acked + blksize * blocks;
        let (available, end) = ensure(source, store, upto).unwrap();
        assert!(end || available >= upto);
        for block in 0..blocks {
            let start = acked + block * blksize;
            let range = start.min(available)..(start + blksize).min(available);
            let sent = slice(source, range.clone());
            assert_eq!(sent.len() as u64, range.end - range.start);
            assert_eq!(slice(source, range), sent, "a retransmission");
            all.extend(sent);
        }
        source.release(all.len() as u64);
        if end && all.len() as u64 == available {
            assert!(source.chunks.is_empty());
            return all;
        }
    }
}

const SIZES: [usize; 12] = [
    0, 1, 511, 512, 8191, 8192, 8193, 16384, 65535, 65536, 65537, 200_001,
];
const WINDOWS: [(u64, u64); 6] = [(512, 1), (8, 64), (1428, 4), (1468, 64), (8192, 1), (65464, 2)];

#[test]
fn every_stream_equals_its_contents() {
    for (index, size) in SIZES.into_iter().enumerate() {
        let plain = contents(size, index as u64 + 1);
        let text = translated(&plain);
        let (_directory, path) = file(&plain);
        for cold in [false, true] {
            let mut store = Store::new();
            store.cold = cold;
            let shared = store.adopt(open_path(&path).unwrap());
            for (blksize, blocks) in WINDOWS {
                for (mode, expected) in [(Mode::Octet, &plain), (Mode::Netascii, &text)] {
                    let case = format!("{size} bytes, {blksize} x {blocks}, {mode:?}, cold {cold}");
                    let mut source = Source::file(shared.clone(), mode);
                    assert!(
                        stream(&mut source, &mut store, blksize, blocks) == *expected,
                        "file: {case}"
                    );
                    let mut source = Source::memory(Arc::new(plain.clone()), mode);
                    assert_eq!(source.stream_size(), Some(expected.len() as u64));
                    assert!(
                        stream(&mut source, &mut store, blksize, blocks) == *expected,
                        "memory: {case}"
                    );
                }
            }
            assert_eq!(store.held_bytes(), 0);
        }
    }
}

#[test]
fn a_stream_of_unknown_length_ends_where_nothing_more_comes() {
    for (index, size) in SIZES.into_iter().chain([131_072, 131_073]).enumerate() {
        let plain = contents(size, index as u64 + 1);
        let text = translated(&plain);
        let (_directory, path) = file(&plain);
        for cold in [false, true] {
            let mut store = Store::new();
            store.cold = cold;
            let opened = open_path(&path).unwrap();
            let shared = store.adopt(Opened {
                size: None,
                key: None,
                ..opened
            });
            for (blksize, blocks) in WINDOWS {
                for (mode, expected) in [(Mode::Octet, &plain), (Mode::Netascii, &text)] {
                    let case = format!("{size} bytes, {blksize} x {blocks}, {mode:?}, cold {cold}");
                    let mut source = Source::file(shared.clone(), mode);
                    assert_eq!(
                        (source.stream_size(), source.known_size()),
                        (None, None),
                        "{case}"
                    );
                    assert!(
                        stream(&mut source, &mut store, blksize, blocks) == *expected,
                        "{case}"
                    );
                    assert_eq!(source.known_size(), Some(expected.len() as u64), "{case}");
                }
            }
        }
    }
}

#[test]
fn sizes_are_told_where_they_are_known() {
    let (_directory, path) = file(&[b'\n'; 1000]);
    let mut store = Store::new();
    let shared = store.adopt(open_path(&path).unwrap());
    let octet = Source::file(shared.clone(), Mode::Octet);
    assert_eq!(octet.stream_size(), Some(1000));
    let text = Source::file(shared, Mode::Netascii);
    assert_eq!(text.stream_size(), None);
    let memory = Source::memory(Arc::new(vec![b'\n'; 1000]), Mode::Netascii);
    assert_eq!(memory.stream_size(), Some(2000));
    let large = Source::memory(Arc::new(vec![b'\n'; COUNTED + 1]), Mode::Netascii);
    assert_eq!(large.stream_size(), None);
    let empty = Source::memory(Arc::default(), Mode::Octet);
    assert_eq!(empty.stream_size(), Some(0));
}

#[test]
fn chunks_are_of_the_class_of_the_window_and_no_more_are_held_than_needed() {
    let (_directory, path) = file(&contents(300_000, 3));
    let mut store = Store::new();
    let shared = store.adopt(open_path(&path).unwrap());
    for (window, class) in [(512, 8192), (8192, 8192), (8193, 65536), (4_000_000, 65536)] {
        let mut source = Source::file(shared.clone(), Mode::Octet);
        source.set_window(window);
        assert_eq!(store.held_bytes(), 0);
        let (available, end) = ensure(&mut source, &mut store, 1).unwrap();
        assert_eq!(
            (available, end, store.held_bytes()),
            (class, false, class as usize),
            "{window}"
        );
        source.release(class - 1);
        assert_eq!(store.held_bytes(), class as usize);
        source.release(class);
        assert_eq!(store.held_bytes(), 0);
    }
    assert!(size_of::<Source>() <= 96, "{}", size_of::<Source>());
}

#[test]
fn transfers_of_one_file_share_its_chunks() {
    let plain = contents(100_000, 4);
    let (_directory, path) = file(&plain);
    if !is_shared(&path) {
        return eprintln!("SKIPPED: this file system's inode numbers are not known to be unique");
    }
    let mut store = Store::new();
    let mut sources: Vec<_> = (0..100)
        .map(|_| Source::file(store.adopt(open_path(&path).unwrap()), Mode::Octet))
        .collect();
    for source in &mut sources {
        ensure(source, &mut store, 16384).unwrap();
        assert!(slice(source, 0..16384) == plain[..16384]);
    }
    assert_eq!((store.open_files(), store.held_bytes()), (1, 16384));
    drop(sources);
    assert_eq!((store.open_files(), store.held_bytes()), (0, 0));
}

#[test]
fn a_boot_storm_on_a_cold_file_reads_each_chunk_once() {
    let plain = contents(30_000, 5);
    let (_directory, path) = file(&plain);
    let mut store = Store::new();
    store.cold = true;
    let shared = store.adopt(open_path(&path).unwrap());
    let mut sources: Vec<_> = (0..50)
        .map(|_| Source::file(shared.clone(), Mode::Octet))
        .collect();
    let mut jobs = 0;
    for upto in [1, 8193, 16385, 24577] {
        let mut pending = None;
        for (index, source) in sources.iter_mut().enumerate() {
            match source.ensure(&mut store, upto) {
                Supply::Pending(job) => {
                    jobs += 1;
                    assert!(pending.replace((index, job)).is_none(), "a second job");
                }
                Supply::Waiting => {}
                other => panic!("{other:?}"),
            }
        }
        let (index, job) = pending.unwrap();
        sources[index].accept(&mut store, job.run());
        for source in &mut sources {
            assert!(matches!(source.ensure(&mut store, upto), Supply::Have { .. }));
        }
    }
    assert_eq!(jobs, 4);
    for source in &sources {
        assert!(slice(source, 0..30_000) == plain);
    }
}

#[test]
fn a_file_that_shrinks_fails_and_one_that_grows_is_sent_as_it_was() {
    for cold in [false, true] {
        for mode in [Mode::Octet, Mode::Netascii] {
            let plain = contents(20_000, 6);
            let (_directory, path) = file(&plain);
            let mut store = Store::new();
            store.cold = cold;
            let mut source = Source::file(store.adopt(open_path(&path).unwrap()), mode);
            let mut grown = plain.clone();
            grown.extend_from_slice(b"more");
            fs::write(&path, &grown).unwrap();
            let expected = if mode == Mode::Octet {
                plain.clone()
            } else {
                translated(&plain)
            };
            assert!(stream(&mut source, &mut store, 512, 1) == expected);

            let mut source = Source::file(store.adopt(open_path(&path).unwrap()), mode);
            ensure(&mut source, &mut store, 1).unwrap();
            fs::write(&path, &plain[..10_000]).unwrap();
            let error = ensure(&mut source, &mut store, 100_000).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        }
    }
}

#[test]
fn a_file_that_is_closed_meanwhile_is_sent_on_only_if_it_is_still_the_same() {
    let plain = contents(30_000, 4);
    for mode in [Mode::Octet, Mode::Netascii] {
        let (_directory, path) = file(&plain);
        // Files that were changed just now have no state by which they could be known again.
        let open = |store: &mut Store| loop {
            let shared = store.adopt(open_path(&path).unwrap());
            if shared.state().is_some() {
                return shared;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        };
        let mut store = Store::new();
        let mut source = Source::file(open(&mut store), mode);
        source.set_window(512);
        ensure(&mut source, &mut store, 512).unwrap();
        let first = slice(&source, 0..512);
        source.park();
        assert_eq!(store.open_files(), 0, "closed");
        assert_eq!(slice(&source, 0..512), first, "and sent again all the same");
        assert!(matches!(source.ensure(&mut store, 20_000), Supply::Parked));
        source.reopen(open(&mut store)).unwrap();
        assert!(ensure(&mut source, &mut store, 20_000).unwrap().0 >= 20_000);

        source.park();
        fs::write(&path, contents(30_000, 5)).unwrap();
        let changed = open(&mut store);
        assert!(source.reopen(changed).is_err());
    }
}
