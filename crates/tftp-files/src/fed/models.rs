//! Models of a source whose application supplies on a thread of its own: see `crates/tftp-sync`.

use std::sync::Arc;

use shuttle::thread;
use tftp_sync::atomic::{AtomicU64, Ordering::SeqCst};
use tftp_sync::check;

use super::reader::Piece;
use super::*;

/// Adds up the requested bytes.
#[derive(Clone, Default)]
struct Asked(Arc<AtomicU64>);

impl Asks for Asked {
    fn ask(&self, wanted: Wanted) {
        self.0.fetch_add(wanted.length, SeqCst);
    }
}

fn join(feeds: &Arc<Feeds>, name: i32, size: u64) -> Reader {
    let key = Some("key".into());
    let feeds = Arc::clone(feeds);
    Fed {
        feeds,
        name,
        size: Some(size),
        key,
    }
    .join()
}

/// Reads to the end, and waits as an I/O thread does: for one call that announces more data.
fn read(reader: &Reader) -> Vec<u8> {
    let mut read = Vec::new();
    loop {
        let at = read.len() as u64;
        match reader.find(at).unwrap() {
            Piece::Bytes { bytes, is_last } => {
                read.extend_from_slice(&bytes);
                reader.release(read.len() as u64);
                if is_last {
                    return read;
                }
            }
            Piece::Pending(pass) => {
                let (sender, receiver) = shuttle::sync::mpsc::channel();
                reader.wait(pass, at, Box::new(move || sender.send(()).unwrap()));
                receiver.recv().unwrap();
            }
        }
    }
}

/// Data that is supplied at the moment at which a download begins to wait is not missed, in any
/// order. Both readers of one source get all of it, and it is requested once.
#[test]
fn data_supplied_at_any_moment_wakes_every_reader() {
    check(|| {
        let asked = Asked::default();
        let feeds = Feeds::new(asked.clone());
        let bytes: Vec<u8> = (0..1100u32).map(|at| at as u8).collect();
        let readers = [1, 2].map(|name| join(&feeds, name, bytes.len() as u64));
        // The first reader that looks triggers the request, and the application supplies the
        // requested bytes.
        assert!(matches!(readers[0].find(0), Ok(Piece::Pending(_))));
        let supplier = {
            let (feeds, bytes) = (Arc::clone(&feeds), bytes.clone());
            thread::spawn(move || {
                feeds.supply(1, &bytes[..600], false).unwrap();
                feeds.supply(1, &bytes[600..], false).unwrap();
            })
        };
        let threads = readers.map(|reader| thread::spawn(move || read(&reader)));
        for reader in threads {
            assert!(reader.join().unwrap() == bytes);
        }
        supplier.join().unwrap();
        assert_eq!(asked.0.load(SeqCst), 1100);
        assert_eq!(feeds.known(), (0, 0));
    });
}

/// A download may end while its application supplies it, and another of the same key may begin at
/// that moment.
#[test]
fn a_download_may_end_and_another_begin_while_it_is_supplied() {
    check(|| {
        let feeds = Feeds::new(Asked::default());
        let first = join(&feeds, 1, 1000);
        assert!(matches!(first.find(0), Ok(Piece::Pending(_))));
        let supplier = {
            let feeds = Arc::clone(&feeds);
            thread::spawn(move || feeds.supply(1, &[7; 1000], false))
        };
        let next = {
            let feeds = Arc::clone(&feeds);
            thread::spawn(move || {
                let next = join(&feeds, 2, 1000);
                matches!(next.find(0).unwrap(), Piece::Bytes { .. })
            })
        };
        drop(first);
        let supplied = supplier.join().unwrap();
        next.join().unwrap();
        assert!(matches!(supplied, Ok(()) | Err(Refused::Over)));
        assert_eq!(feeds.known(), (0, 0));
    });
}
