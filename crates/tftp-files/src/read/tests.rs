//! Tests reads at an offset.

use std::fs::File;
use std::io::Write;
use std::os::fd::AsRawFd;

use super::{read_at, read_at_nowait};

fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at * 31 + at / 251) as u8).collect()
}

fn file(length: usize) -> File {
    let mut file = tempfile::tempfile_in(env!("CARGO_MANIFEST_DIR")).unwrap();
    file.write_all(&pattern(length)).unwrap();
    file
}

/// Offset, requested length, length read.
const READS: [(u64, usize, usize); 8] = [
    (0, 100_000, 100_000),
    (0, 200_000, 100_000),
    (1, 65536, 65536),
    (99_999, 10, 1),
    (100_000, 10, 0),
    (5_000_000_000, 10, 0),
    (7, 0, 0),
    (4096, 1, 1),
];

#[test]
fn reads_are_appended() {
    let file = file(100_000);
    for (offset, length, read) in READS {
        let mut buffer = b"before".to_vec();
        read_at(&file, &mut buffer, length, offset).unwrap();
        let from = (offset as usize).min(100_000);
        assert_eq!(
            buffer,
            [b"before", &pattern(100_000)[from..from + read]].concat(),
            "{offset} {length}"
        );

        // The same from the page cache, if the file system supports that.
        let mut cached = b"before".to_vec();
        match read_at_nowait(&file, &mut cached, length, offset).unwrap() {
            true => assert_eq!(cached, buffer),
            false => assert_eq!(cached, b"before"),
        }
    }
}

/// Bytes just written are in the cache, so this shows whether the file system can be queried at
/// all.
#[test]
fn cached_bytes_come_at_once() {
    let mut buffer = Vec::new();
    if !read_at_nowait(&file(100_000), &mut buffer, 100_000, 0).unwrap() {
        eprintln!("cached_bytes_come_at_once: SKIPPED, no RWF_NOWAIT on this file system");
        return;
    }
    assert_eq!(buffer, pattern(100_000));
}

/// Reads past the page cache (O_DIRECT) that begin in the middle of a sector are EINVAL on most file
/// systems, with the flag and without it.
#[cfg(linux)]
#[test]
fn a_call_that_is_invalid_is_left_to_the_read_that_waits() {
    use std::os::unix::fs::OpenOptionsExt;
    let directory = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")).unwrap();
    let path = directory.path().join("file");
    std::fs::write(&path, pattern(10_000)).unwrap();
    let mut options = File::options();
    options.read(true).custom_flags(libc::O_DIRECT);
    let Ok(file) = options.open(path) else {
        eprintln!("SKIPPED: this file system has no O_DIRECT");
        return;
    };
    let mut buffer = b"before".to_vec();
    let waiting = read_at(&file, &mut buffer.clone(), 7, 1);
    if waiting.is_ok() {
        eprintln!("SKIPPED: this file system reads from anywhere with O_DIRECT");
        return;
    }
    assert!(!read_at_nowait(&file, &mut buffer, 7, 1).unwrap());
    assert_eq!(buffer, b"before");
}

#[test]
fn failures_leave_the_buffer() {
    let directory = File::open("/").unwrap();
    let mut buffer = b"before".to_vec();
    assert_eq!(
        read_at(&directory, &mut buffer, 10, 0)
            .unwrap_err()
            .raw_os_error(),
        Some(libc::EISDIR)
    );
    assert!(read_at(&file(10), &mut buffer, 10, u64::MAX).is_err());
    let nowait = read_at_nowait(&file(10), &mut buffer, 10, u64::MAX - 3);
    assert_eq!(nowait.is_err(), cfg!(linux), "elsewhere every read might wait");
    assert_eq!(buffer, b"before");
}

/// If the beginning is in the cache and the rest is not, nothing is appended, and a read that waits
/// gets all.
#[test]
fn half_an_answer_is_none() {
    const LENGTH: usize = 8 << 20;
    let file = file(LENGTH);
    file.sync_all().unwrap();
    // SAFETY: no pointers.
    let evicted = unsafe { libc::posix_fadvise(file.as_raw_fd(), 0, 0, libc::POSIX_FADV_DONTNEED) };
    assert_eq!(evicted, 0);
    read_at(&file, &mut Vec::new(), 4096, 0).unwrap();
    let mut buffer = b"before".to_vec();
    if read_at_nowait(&file, &mut buffer, LENGTH, 0).unwrap() {
        eprintln!("half_an_answer_is_none: SKIPPED, this file system keeps all in memory");
        return;
    }
    assert_eq!(buffer, b"before");
    read_at(&file, &mut buffer, LENGTH, 0).unwrap();
    assert!(buffer[6..] == pattern(LENGTH));
}
