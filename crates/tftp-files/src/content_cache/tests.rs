//! Tests how files and chunks are shared and dropped, on a simulated store.

use super::tables::PRUNE_FLOOR;
use super::*;
use crate::DownloadStream;
use crate::testing::{Bench, Simulated, owner};
use tftp_proto::Rollover;
use tftp_proto::wire::Mode;

type Files = ContentCache<Simulated>;

impl Bench {
    /// Opens a file without a job.
    pub(crate) fn opened(&mut self, name: &str) -> Opened<Simulated> {
        let place = self.place(name);
        match self.cache.open(owner(0), &place, Standing::HalfOpen) {
            Opening::Now(opened) => opened.unwrap(),
            _ => panic!("not at once"),
        }
    }

    fn shared(&mut self, name: &str) -> Arc<Shared<Simulated>> {
        self.cache.batch_ends();
        match self.opened(name).content {
            Content::File(shared) => shared,
            Content::Memory(_) | Content::Fed(_) => panic!("a file"),
        }
    }

    pub(crate) fn held(&self) -> usize {
        self.cache.chunks.held()
    }
}

fn find(cache: &mut Files, file: &Arc<Shared<Simulated>>, who: u32) -> io::Result<Found> {
    cache.find(file, plain(0, 100), owner(who), None)
}

fn plain(start: u64, most: u32) -> Wanted {
    Wanted {
        start,
        most,
        framing: None,
    }
}

/// Returns a file whose one chunk the first transfer's job will read, and for which the second one
/// waits.
fn awaited(bench: &mut Bench) -> Arc<Shared<Simulated>> {
    bench.put("file", &[7; 100]);
    let file = bench.shared("file");
    bench.disk().set_cold(true);
    assert!(matches!(find(&mut bench.cache, &file, 1), Ok(Found::Pending)));
    assert!(matches!(find(&mut bench.cache, &file, 2), Ok(Found::Waiting(_))));
    file
}

fn bytes(found: io::Result<Found>) -> Bytes {
    match found.unwrap() {
        Found::Bytes(bytes) => bytes,
        other => panic!("{other:?}"),
    }
}

fn read(settled: Completed<Simulated>) -> Read {
    match settled {
        Completed::Read(read) => read,
        _ => panic!("a read"),
    }
}

#[test]
fn an_unchanged_file_is_open_once_and_closed_after_the_last() {
    let mut bench = Bench::new();
    bench.put("file", b"contents");
    let (one, two) = (bench.shared("file"), bench.shared("file"));
    assert!(Arc::ptr_eq(&one, &two));
    assert_eq!(bench.open_files(), 1);
    bench.put("file", b"other contents");
    let three = bench.shared("file");
    assert!(!Arc::ptr_eq(&one, &three));
    assert_eq!((one.length(), three.length()), (Some(8), Some(14)));
    drop((one, two, three));
    bench.cache.batch_ends();
    assert_eq!(bench.open_files(), 0);
}

#[test]
fn requests_of_one_batch_for_one_name_open_it_once() {
    let mut bench = Bench::new();
    bench.put("file", b"contents");
    bench.put("other", b"contents");
    for name in ["file", "file", "other", "other", "file"] {
        assert_eq!(bench.opened(name).path(), Some(PathBuf::from("/srv/file")));
    }
    assert_eq!(bench.disk().openings, 3);
    bench.cache.batch_ends();
    bench.opened("file");
    assert_eq!(bench.disk().openings, 4, "the next batch sees a later state");
}

#[test]
fn openings_without_an_identity_share_neither_descriptor_nor_chunks() {
    let mut bench = Bench::new();
    bench.disk().is_generated = true;
    bench.put("file", &[7; 100]);
    let (one, two) = (bench.shared("file"), bench.shared("file"));
    assert!(!Arc::ptr_eq(&one, &two));
    let first = bytes(find(&mut bench.cache, &one, 1));
    bench.disk().files["file"].lock().unwrap().bytes.fill(8);
    let second = bytes(find(&mut bench.cache, &two, 2));
    assert_eq!((&first[..], &second[..]), (&[7; 100][..], &[8; 100][..]));
}

#[test]
fn a_chunk_is_in_memory_once_exactly_as_long_as_needed_and_freed_after_the_last() {
    let mut bench = Bench::new();
    bench.put("file", &[7; 100]);
    let file = bench.shared("file");
    let one = bytes(bench.cache.find(&file, plain(64, 4096), owner(1), None));
    let two = bytes(bench.cache.find(&file, plain(64, 4096), owner(2), None));
    assert!(Arc::ptr_eq(&one, &two));
    assert_eq!((one.len(), one.capacity(), bench.held()), (36, 36, 36));
    drop(one);
    assert_eq!(bench.held(), 36);
    drop(two);
    assert_eq!(bench.held(), 0);
}

#[test]
fn transfers_share_a_framed_chunk_only_where_their_packets_are_the_same() {
    let mut bench = Bench::new();
    bench.put("file", &[7; 1000]);
    let file = bench.shared("file");
    let mut of = |blksize, rollover| {
        let framing = Framing::of(blksize, rollover);
        bytes(bench.cache.find(
            &file,
            Wanted {
                framing,
                ..plain(0, 1000)
            },
            owner(1),
            None,
        ))
    };
    let one = of(400, Rollover::Zero);
    assert_eq!((one.len(), one.capacity()), (1012, 1012));
    assert!(Arc::ptr_eq(&one, &of(400, Rollover::Zero)));
    for (blksize, rollover) in [(401, Rollover::Zero), (400, Rollover::One), (100, Rollover::Zero)]
    {
        assert!(!Arc::ptr_eq(&one, &of(blksize, rollover)));
    }
    drop(one);
    assert_eq!(bench.held(), 0);
}

#[test]
fn one_job_reads_a_missing_chunk_for_all_waiting_transfers() {
    let mut bench = Bench::new();
    bench.put("file", &[7; 100]);
    let file = bench.shared("file");
    bench.disk().set_cold(true);
    assert!(matches!(find(&mut bench.cache, &file, 1), Ok(Found::Pending)));
    let Ok(Found::Waiting(job)) = find(&mut bench.cache, &file, 2) else {
        panic!("it is under way")
    };
    // Looked up again, as a repeated packet does; the owner is still listed once.
    let again = bench.cache.find(&file, plain(0, 100), owner(2), Some(job));
    assert!(matches!(again, Ok(Found::Waiting(same)) if same == job));
    assert!(matches!(find(&mut bench.cache, &file, 3), Ok(Found::Waiting(_))));
    assert_eq!(bench.disk().jobs.len(), 1);
    let completion = bench.one();
    assert_eq!(completion.owner(), owner(1));
    let read = read(bench.cache.complete(completion));
    assert_eq!(read.waiting, [owner(2), owner(3)]);
    let first = bytes(find(&mut bench.cache, &file, 2));
    assert!(Arc::ptr_eq(&first, read.result.as_ref().unwrap()));
    assert_eq!(bench.disk().jobs.len(), 0);
}

#[test]
fn waiting_transfers_get_the_chunk_if_the_job_owner_is_gone() {
    let mut bench = Bench::new();
    let file = awaited(&mut bench);
    let completion = bench.one();
    let read = bench.cache.abandon(completion).expect("somebody waits");
    assert_eq!(read.waiting, [owner(2)]);
    assert_eq!(bytes(find(&mut bench.cache, &file, 2)).len(), 100);
    drop(read);
    assert_eq!(bench.held(), 0);
}

#[test]
fn a_failed_read_blocks_no_later_read() {
    let mut bench = Bench::new();
    let file = awaited(&mut bench);
    bench.disk().files["file"].lock().unwrap().bytes.truncate(5);
    let completion = bench.one();
    let failed = read(bench.cache.complete(completion));
    assert_eq!(
        failed.result.unwrap_err().kind(),
        io::ErrorKind::UnexpectedEof,
        "it shrank"
    );
    assert_eq!(failed.waiting, [owner(2)]);
    assert!(
        matches!(find(&mut bench.cache, &file, 2), Ok(Found::Pending)),
        "asks anew"
    );
}

#[test]
fn a_dropped_job_is_reported_as_failed_and_blocks_no_later_job() {
    let mut bench = Bench::new();
    let file = awaited(&mut bench);
    let place = bench.place("file");
    bench.cache.batch_ends();
    assert!(matches!(
        bench.cache.open(owner(3), &place, Standing::HalfOpen),
        Opening::Later
    ));
    let jobs = std::mem::take(&mut bench.disk().jobs);
    drop(jobs);
    let mut completions = bench.completions().into_iter();
    let failed = read(bench.cache.complete(completions.next().unwrap()));
    assert!(failed.result.is_err());
    assert_eq!(failed.waiting, [owner(2)]);
    let settled = bench.cache.complete(completions.next().unwrap());
    assert!(matches!(settled, Completed::Opened(Err(Refusal::Io(_)))));
    // The waiters of a lost completion are not lost.
    assert!(matches!(find(&mut bench.cache, &file, 2), Ok(Found::Pending)));
    assert!(matches!(find(&mut bench.cache, &file, 4), Ok(Found::Waiting(_))));
    drop(bench.run());
    assert!(matches!(find(&mut bench.cache, &file, 5), Ok(Found::Pending)));
    let completion = bench.one();
    assert_eq!(read(bench.cache.complete(completion)).waiting, [owner(4)]);
}

#[test]
fn a_result_of_the_wrong_kind_is_rejected() {
    let mut bench = Bench::new();
    bench.put("file", &[7; 100]);
    bench.disk().set_cold(true);
    let place = bench.place("file");
    bench.cache.open(owner(1), &place, Standing::HalfOpen);
    let (_, _, done) = bench.disk().jobs.pop_front().unwrap();
    done.finish(Finished::Closed);
    let completion = bench.one();
    assert!(matches!(
        bench.cache.complete(completion),
        Completed::Opened(Err(Refusal::Io(_)))
    ));
}

#[test]
fn where_something_hangs_there_is_no_answer() {
    let mut bench = Bench::new();
    bench.disk().set_cold(true);
    bench.disk().is_full = true;
    let place = bench.place("file");
    assert!(matches!(
        bench.cache.open(owner(1), &place, Standing::HalfOpen),
        Opening::Busy
    ));
    assert!(
        matches!(
            bench.cache.open(owner(1), &place, Standing::Settled),
            Opening::Later
        ),
        "a client that goes on waits"
    );
    bench.disk().jobs.clear();
    let options = UploadOptions::default();
    assert_eq!(
        bench.cache.create(owner(1), &place, options, Standing::HalfOpen),
        Creating::Busy
    );
    assert_eq!(
        bench
            .cache
            .create(owner(1), &Place::Application, options, Standing::HalfOpen),
        Creating::Nothing
    );
    assert_eq!(bench.disk().jobs.len(), 0);
}

#[test]
fn results_for_an_ended_transfer_are_closed_and_removed_by_jobs() {
    let mut bench = Bench::new();
    bench.put("file", b"contents");
    bench.disk().set_cold(true);
    let place = bench.place("file");
    bench.cache.open(owner(1), &place, Standing::HalfOpen);
    bench
        .cache
        .create(owner(2), &place, UploadOptions::default(), Standing::HalfOpen);
    for completion in bench.run() {
        assert!(bench.cache.abandon(completion).is_none());
    }
    let lanes: Vec<Lane> = bench.disk().jobs.iter().map(|(lane, ..)| *lane).collect();
    assert_eq!(
        lanes,
        [place.lane(); 2],
        "where the file hangs, nothing else does"
    );
    assert_eq!((bench.open_files(), bench.open_sinks()), (1, 1));
    assert!(bench.run().is_empty(), "nobody is told");
    assert_eq!((bench.open_files(), bench.open_sinks()), (0, 0));

    bench.disk().set_cold(false);
    let (one, two) = (bench.shared("file"), bench.shared("file"));
    bench.cache.batch_ends();
    bench.cache.close(owner(1), one);
    assert_eq!(bench.open_files(), 1, "somebody else reads it");
    bench.cache.close(owner(2), two);
    assert_eq!((bench.open_files(), bench.disk().jobs.len()), (0, 0));
}

/// Where opening may block, closing may, too.
#[test]
fn a_file_that_a_job_has_opened_is_closed_by_a_job() {
    let mut bench = Bench::new();
    bench.put("file", b"content");
    let place = bench.place("file");
    bench.disk().set_cold(true);
    let mut files: Vec<_> = (0..2)
        .map(|index| {
            bench.cache.open(owner(index), &place, Standing::HalfOpen);
            let completion = bench.run().pop().unwrap();
            let Completed::Opened(Ok(opened)) = bench.cache.complete(completion) else {
                panic!("it is opened")
            };
            DownloadStream::new(opened, Mode::Octet).into_file().unwrap()
        })
        .collect();
    assert_eq!(
        (bench.open_files(), bench.disk().jobs.len()),
        (2, 1),
        "the second opening was not needed"
    );
    bench.run();
    bench.cache.close(owner(0), files.pop().unwrap());
    assert_eq!(bench.disk().jobs.len(), 0, "somebody else reads it");
    bench.cache.close(owner(1), files.pop().unwrap());
    assert_eq!((bench.open_files(), bench.disk().jobs.len()), (1, 1));
    bench.run();
    assert_eq!(bench.open_files(), 0);
}

/// The last close of a large file that was removed takes long.
#[test]
fn a_large_file_is_closed_by_a_job() {
    let mut bench = Bench::new();
    bench.put("file", &vec![1; QUICKLY_CLOSED as usize + 1]);
    let file = bench.shared("file");
    bench.cache.batch_ends();
    bench.cache.close(owner(0), file);
    assert_eq!((bench.open_files(), bench.disk().jobs.len()), (1, 1));
}

#[test]
fn the_tables_stay_small_however_much_passes_through() {
    let mut bench = Bench::new();
    bench.put("file", &[7; 5000]);
    let file = bench.shared("file");
    for start in 0..4999 {
        drop(bench.cache.find(&file, plain(start, 1), owner(0), None).unwrap());
    }
    assert!(bench.cache.chunks.len() <= PRUNE_FLOOR);
    for size in 0..300 {
        bench.put("file", &vec![1; size]);
        bench.shared("file");
    }
    assert!(bench.cache.files.values().len() <= PRUNE_FLOOR);
}
