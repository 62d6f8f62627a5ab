//! Sharing and letting go.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::super::jail::{self, FileSystem};
use super::*;

fn file(bytes: &[u8]) -> (TempDir, PathBuf) {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("file");
    fs::write(&path, bytes).unwrap();
    (directory, path)
}

/// The file, once its last change is old enough for openings to share it.
pub(crate) fn open_path(path: &Path) -> Result<Opened, jail::Refusal> {
    for _ in 0..4_000 {
        let opened = jail::open_path(path)?;
        if opened.key.is_some() || FileSystem::of(&opened.file) != FileSystem::Local {
            return Ok(opened);
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    panic!("{} never became old", path.display());
}

/// Whether openings of this file are shared at all.
pub(crate) fn is_shared(path: &Path) -> bool {
    open_path(path).unwrap().key.is_some()
}

fn bytes(found: io::Result<Found>) -> Bytes {
    match found.unwrap() {
        Found::Bytes(bytes) => bytes,
        Found::Job(job) => job.run().result.unwrap(),
        Found::UnderWay => panic!("nobody else reads"),
    }
}

/// A store that never finds anything in the page cache.
fn cold() -> Store {
    Store {
        cold: true,
        ..Store::default()
    }
}

#[test]
fn an_unchanged_file_is_open_once_and_closed_after_the_last() {
    let (_directory, path) = file(b"contents");
    if !is_shared(&path) {
        return eprintln!("SKIPPED: this file system's inode numbers are not known to be unique");
    }
    let mut store = Store::new();
    let one = store.adopt(open_path(&path).unwrap());
    let two = store.adopt(open_path(&path).unwrap());
    assert!(Arc::ptr_eq(&one, &two));
    assert_eq!(store.open_files(), 1);
    fs::write(&path, b"other contents").unwrap();
    let three = store.adopt(open_path(&path).unwrap());
    assert!(!Arc::ptr_eq(&one, &three));
    assert_eq!((one.size(), three.size()), (Some(8), Some(14)));
    drop((one, two, three));
    assert_eq!(store.open_files(), 0);
}

#[test]
fn a_chunk_is_in_memory_once_exactly_as_long_as_needed_and_freed_after_the_last() {
    let (_directory, path) = file(&[7; 100]);
    let mut store = Store::new();
    let shared = store.adopt(open_path(&path).unwrap());
    let found = store.find(&shared, 64, 36);
    let Ok(Found::Bytes(one)) = found else {
        // A file system without RWF_NOWAIT: the cold tests cover the way through the pool.
        return eprintln!("SKIPPED: this file system answers nothing without waiting");
    };
    let two = bytes(store.find(&shared, 64, 36));
    assert!(Arc::ptr_eq(&one, &two));
    assert_eq!((one.len(), one.capacity(), store.held_bytes()), (36, 36, 36));
    drop(one);
    assert_eq!(store.held_bytes(), 36);
    drop(two);
    assert_eq!(store.held_bytes(), 0);
}

#[test]
fn one_job_for_one_missing_chunk_and_its_bytes_for_all() {
    let (_directory, path) = file(&[7; 100]);
    let mut store = cold();
    let shared = store.adopt(open_path(&path).unwrap());
    let Found::Job(job) = store.find(&shared, 0, 100).unwrap() else {
        panic!("a job expected")
    };
    assert!(matches!(store.find(&shared, 0, 100), Ok(Found::UnderWay)));
    let read = job.run();
    assert!(matches!(store.find(&shared, 0, 100), Ok(Found::UnderWay)));
    let first = store.settle(read).unwrap();
    let second = bytes(store.find(&shared, 0, 100));
    assert!(Arc::ptr_eq(&first, &second));
}

#[test]
fn a_job_or_a_result_that_is_dropped_bars_nobody() {
    let (_directory, path) = file(&[7; 100]);
    let mut store = cold();
    let shared = store.adopt(open_path(&path).unwrap());
    let Found::Job(job) = store.find(&shared, 0, 100).unwrap() else {
        panic!("a job expected")
    };
    drop(job);
    let Found::Job(job) = store.find(&shared, 0, 100).unwrap() else {
        panic!("a job expected")
    };
    drop(job.run());
    let Found::Job(job) = store.find(&shared, 0, 100).unwrap() else {
        panic!("a job expected")
    };
    drop(store.settle(job.run()).unwrap());
    let Found::Job(job) = store.find(&shared, 0, 100).unwrap() else {
        panic!("a job expected")
    };
    fs::write(&path, b"short").unwrap();
    assert_eq!(
        store.settle(job.run()).unwrap_err().kind(),
        io::ErrorKind::UnexpectedEof
    );
    assert!(matches!(store.find(&shared, 0, 100), Ok(Found::Job(_))));
}

#[test]
fn the_tables_stay_small_however_much_passes_through() {
    let (_directory, path) = file(&[7; 5000]);
    let mut store = Store::new();
    let shared = store.adopt(open_path(&path).unwrap());
    for start in 0..4999 {
        drop(store.find(&shared, start, 1).unwrap());
    }
    assert!(store.pieces.len() <= PRUNE_FLOOR, "{}", store.pieces.len());
    for size in 0..300 {
        fs::write(&path, vec![1; size]).unwrap();
        let opened = jail::open_path(&path).unwrap();
        // Whatever its age.
        let key = Some(Identity {
            device: 1,
            inode: 1,
            size: size as u64,
            modified: (0, 0),
            changed: (0, 0),
        });
        drop(store.adopt(Opened { key, ..opened }));
    }
    assert!(store.files.len() <= PRUNE_FLOOR, "{}", store.files.len());
}

#[test]
fn openings_without_a_key_share_neither_descriptor_nor_chunks() {
    let (_directory, path) = file(&[7; 100]);
    let mut store = Store::new();
    let mut open = || {
        let opened = jail::open_path(&path).unwrap();
        store.adopt(Opened { key: None, ..opened })
    };
    let (one, two) = (open(), open());
    assert!(!Arc::ptr_eq(&one, &two));
    let first = bytes(store.find(&one, 0, 100));
    fs::write(&path, [8; 100]).unwrap();
    let second = bytes(store.find(&two, 0, 100));
    assert_eq!((&first[..], &second[..]), (&[7; 100][..], &[8; 100][..]));
    assert!(store.files.is_empty());
}
