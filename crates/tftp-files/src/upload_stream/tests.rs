//! Tests uploads on a simulated store.

use super::*;
use crate::content_cache::Completed;
use crate::storage::{Completion, Standing};
use crate::testing::{Bench, SimSink, Simulated, owner};
use crate::upload::UploadOptions;

const LEAST: usize = 4 << 10;

impl Bench {
    fn sink(&mut self, name: &str) -> SimSink {
        let place = self.place(name);
        self.cache
            .create(owner(0), &place, UploadOptions::default(), Standing::HalfOpen);
        let completion = self.one();
        match self.cache.complete(completion) {
            Completed::Created(sink) => sink.unwrap(),
            _ => panic!("a sink"),
        }
    }

    fn upload(&mut self, name: &str, mode: Mode) -> UploadStream<Simulated> {
        let lane = self.place(name).lane();
        UploadStream::new(Some(self.sink(name)), mode, lane)
    }

    fn written(&mut self, upload: &mut UploadStream<Simulated>, completion: Completion<Simulated>) {
        match self.cache.complete(completion) {
            Completed::Written(written) => upload.written(written).unwrap(),
            _ => panic!("a write"),
        }
    }

    /// Takes one batch, without an application.
    fn batch(
        &mut self,
        upload: &mut UploadStream<Simulated>,
        bytes: &[u8],
        last: bool,
    ) -> Option<Portion> {
        upload.take(bytes, last);
        let portion = upload.freeze(&self.cache, false, LEAST);
        assert_eq!(
            upload.store(&self.cache, owner(0), true, LEAST),
            Progress::Underway
        );
        portion
    }
}

#[test]
fn many_uploads_gather_less_each() {
    assert_eq!(write_size(0), 256 << 10);
    assert_eq!(write_size(64), 256 << 10);
    assert_eq!(write_size(200), 64 << 10, "a power of two");
    assert_eq!(write_size(256), 64 << 10);
    assert_eq!(write_size(512), 32 << 10);
    assert_eq!(write_size(10_000), 4 << 10);
}

#[test]
fn small_batches_are_gathered_to_one_write() {
    let mut bench = Bench::new();
    let mut upload = bench.upload("file", Mode::Octet);
    for _ in 0..7 {
        assert_eq!(bench.batch(&mut upload, &[1; 512], false), None);
        assert!(upload.has_unreported_data());
    }
    assert_eq!(bench.disk().jobs.len(), 0);
    let portion = bench.batch(&mut upload, &[1; 512], false).unwrap();
    assert_eq!(
        (portion.before, portion.bytes.len(), portion.is_last),
        (0, 4096, false)
    );
    assert!(!upload.has_unreported_data());
    bench.run();
    assert_eq!(bench.disk().writes, [4096]);
}

/// An application that receives each batch makes a piece of each. Pieces of one byte take memory
/// that is hundreds of times as large.
#[test]
fn small_pieces_count_the_memory_that_they_take() {
    let mut bench = Bench::new();
    let mut upload = bench.upload("file", Mode::Octet);
    let mut batches = 0;
    while bench.disk().jobs.is_empty() {
        assert!(bench.memory.taken() >= batches * 100);
        upload.take(b"n", false);
        upload.freeze(&bench.cache, true, LEAST).unwrap();
        upload.store(&bench.cache, owner(0), true, LEAST);
        batches += 1;
    }
    assert!(batches * 100 <= LEAST, "{batches} pieces in one write");
    while !upload.is_behind(LEAST) {
        upload.take(b"n", false);
        upload.freeze(&bench.cache, true, LEAST).unwrap();
        upload.store(&bench.cache, owner(0), true, LEAST);
        batches += 1;
    }
    assert!(
        batches * 100 <= (WRITES_WAITING + 1) * LEAST,
        "{batches} pieces in memory"
    );
    bench.run();
    upload.discard(&bench.cache, owner(0));
    assert_eq!(bench.memory.taken(), 0);
}

#[test]
fn writes_end_where_pages_end_whatever_the_blocks_are() {
    let mut bench = Bench::new();
    let mut upload = bench.upload("file", Mode::Octet);
    let (mut expected, mut sizes) = (Vec::new(), [LEAST, 4 * LEAST, 2 * LEAST].into_iter().cycle());
    for number in 0..100_u8 {
        // The size depends on the number of active transfers, which changes.
        let size = sizes.next().unwrap();
        let block = [number; 1428];
        expected.extend(block);
        upload.take(&block, false);
        if let Some(portion) = upload.freeze(&bench.cache, false, size) {
            let end = portion.before + portion.bytes.len() as u64;
            assert_eq!((end % size as u64, portion.is_last), (0, false));
        }
        upload.store(&bench.cache, owner(0), true, size);
        bench.run();
    }
    let writes = bench.disk().writes.clone();
    assert!(
        writes.len() > 10 && writes.iter().all(|length| length % LEAST == 0),
        "{writes:?}"
    );
    bench.batch(&mut upload, &[], true);
    bench.run();
    assert_eq!(bench.bytes("file"), Some(expected));
}

#[test]
fn much_data_gets_room_for_a_whole_write_at_once() {
    let mut bench = Bench::new();
    let mut upload = bench.upload("file", Mode::Octet);
    let size = 64 << 10;
    let mut rooms = Vec::new();
    for _ in 0..100 {
        upload.take(&[1; 1428], false);
        if !upload.only_gathers(size) {
            upload.freeze(&bench.cache, false, size);
            upload.store(&bench.cache, owner(0), true, size);
            bench.run();
        }
        if upload.pending.len() > 8 << 10 {
            rooms.push(upload.pending.capacity());
        }
    }
    assert!(
        rooms.iter().all(|room| (size..=2 * size).contains(room)),
        "{rooms:?}"
    );
    assert_eq!(bench.disk().writes, [size, size]);
    rooms.dedup();
    assert_eq!(rooms.len(), 1, "it never grows: {rooms:?}");
}

#[test]
fn a_file_is_there_when_all_of_it_is_in_and_not_before() {
    let mut bench = Bench::new();
    let mut upload = bench.upload("file", Mode::Octet);
    bench.batch(&mut upload, &[1; 5000], false);
    assert!(bench.run().is_empty(), "it waits where it is found");
    bench.batch(&mut upload, &[2; 5000], false);
    assert!(bench.run().is_empty());
    assert_eq!(bench.bytes("file"), None);
    let last = bench.batch(&mut upload, &[3; 100], true).unwrap();
    assert_eq!((last.before, last.bytes.len(), last.is_last), (8192, 1908, true));
    let completion = bench.one();
    assert!(matches!(
        bench.cache.complete(completion),
        Completed::Committed(Ok(()))
    ));
    upload.committed();
    let expected = [vec![1; 5000], vec![2; 5000], vec![3; 100]].concat();
    assert_eq!(bench.bytes("file"), Some(expected));
    assert_eq!(bench.disk().writes, [4096, 4096, 1908]);
    assert!(!upload.has_unreported_data());
}

#[test]
fn an_empty_file_is_a_file() {
    let mut bench = Bench::new();
    let mut upload = bench.upload("file", Mode::Octet);
    let portion = bench.batch(&mut upload, &[], true).unwrap();
    assert!(portion.is_last && portion.bytes.is_empty());
    bench.run();
    assert_eq!(bench.bytes("file"), Some(Vec::new()));
}

#[test]
fn a_file_in_a_job_is_returned_when_needed() {
    let mut bench = Bench::new();
    let mut upload = bench.upload("file", Mode::Octet);
    bench.batch(&mut upload, &[1; 5000], false);
    // The file is needed before the write has ended, so a completion brings it.
    bench.batch(&mut upload, &[2; 5000], true);
    assert_eq!(bench.disk().jobs.len(), 1);
    let completion = bench.one();
    bench.written(&mut upload, completion);
    assert_eq!(
        upload.store(&bench.cache, owner(0), true, LEAST),
        Progress::Underway
    );
    bench.run();
    assert_eq!(bench.bytes("file").map(|bytes| bytes.len()), Some(10_000));
}

#[test]
fn the_application_has_all_of_it_before_the_file_has_its_name() {
    let mut bench = Bench::new();
    let mut upload = bench.upload("file", Mode::Octet);
    upload.take(b"abc", false);
    let portion = upload.freeze(&bench.cache, true, LEAST).expect("told at once");
    assert_eq!(
        (portion.before, &portion.bytes[..], portion.is_last),
        (0, &b"abc"[..], false)
    );
    upload.take(b"de", true);
    let portion = upload.freeze(&bench.cache, true, LEAST).unwrap();
    assert_eq!(
        (portion.before, &portion.bytes[..], portion.is_last),
        (3, &b"de"[..], true)
    );
    assert_eq!(
        upload.freeze(&bench.cache, true, LEAST),
        None,
        "the end is told once"
    );
    upload.store(&bench.cache, owner(0), false, LEAST);
    assert_eq!(bench.disk().jobs.len(), 0);
    upload.store(&bench.cache, owner(0), true, LEAST);
    bench.run();
    assert_eq!(bench.bytes("file"), Some(b"abcde".to_vec()));
}

#[test]
fn an_upload_to_the_application_is_complete_when_it_has_all_data() {
    let bench = Bench::new();
    let mut upload = UploadStream::<Simulated>::new(None, Mode::Octet, Lane::NONE);
    assert!(upload.is_only_for_application());
    upload.take(b"abc", true);
    assert!(upload.has_unreported_data());
    assert!(upload.freeze(&bench.cache, true, LEAST).is_some());
    assert_eq!(
        upload.store(&bench.cache, owner(0), false, LEAST),
        Progress::Underway
    );
    assert_eq!(upload.store(&bench.cache, owner(0), true, LEAST), Progress::Whole);
    assert!(bench.disk().jobs.is_empty());
}

#[test]
fn text_has_the_line_ends_of_this_system() {
    let mut bench = Bench::new();
    let mut upload = bench.upload("file", Mode::Netascii);
    assert!(upload.is_translated());
    // A line end that is split between batches, and a carriage return that only the end of the
    // stream completes.
    bench.batch(&mut upload, b"one\r", false);
    bench.batch(&mut upload, b"\ntwo\r\0\r", true);
    bench.run();
    assert_eq!(bench.bytes("file"), Some(b"one\ntwo\r\r".to_vec()));
}

#[test]
fn a_client_waits_while_storage_or_memory_is_behind() {
    let mut bench = Bench::new();
    let mut upload = bench.upload("file", Mode::Octet);
    bench.batch(&mut upload, &[1; 5000], false);
    for _ in 0..4 {
        bench.batch(&mut upload, &[2; LEAST], false);
    }
    assert!(!upload.is_behind(LEAST));
    bench.batch(&mut upload, &[2; LEAST], false);
    assert!(upload.is_behind(LEAST));
    let completion = bench.one();
    bench.written(&mut upload, completion);
    upload.store(&bench.cache, owner(0), true, LEAST);
    assert!(!upload.is_behind(LEAST));
    assert_eq!(bench.run().len(), 0);
    assert_eq!(
        bench.disk().writes,
        [LEAST, 5 * LEAST],
        "one write of all that waited"
    );

    // Where memory is short, even little data is written, and the client waits for a running write.
    let all = bench.memory.take(64 << 20);
    for is_behind in [false, true] {
        upload.take(&[3; 100], false);
        upload.freeze(&bench.cache, true, LEAST);
        upload.store(&bench.cache, owner(0), true, LEAST);
        assert_eq!(upload.is_behind(LEAST), is_behind);
        assert_eq!(bench.disk().jobs.len(), 1);
    }
    let completion = bench.one();
    bench.written(&mut upload, completion);
    upload.store(&bench.cache, owner(0), true, LEAST);
    assert!(!upload.is_behind(LEAST));
    drop(all);
    bench.run();
    assert!(!bench.memory.is_exhausted(), "what was written counts no more");
}

/// Another thread takes the last memory just after this one has looked. No write runs whose end
/// would resume the client.
#[test]
fn a_client_does_not_wait_where_nothing_is_written() {
    let mut bench = Bench::new();
    let mut upload = bench.upload("file", Mode::Octet);
    upload.take(&[3; 100], false);
    upload.freeze(&bench.cache, true, LEAST);
    upload.store(&bench.cache, owner(0), true, LEAST);
    let _all = bench.memory.take(64 << 20);
    assert_eq!(bench.disk().jobs.len(), 0);
    assert!(!upload.is_behind(LEAST));
}

#[test]
fn a_failed_write_is_reported_although_no_caller_waits() {
    let mut bench = Bench::new();
    let mut upload = bench.upload("file", Mode::Octet);
    bench.disk().is_broken = true;
    bench.batch(&mut upload, &[1; 5000], false);
    let completion = bench.one();
    let Completed::Written(written) = bench.cache.complete(completion) else {
        panic!("a write")
    };
    assert!(matches!(upload.written(written), Err(Refusal::NoSpace)));
    assert_eq!(bench.open_sinks(), 0);
}

#[test]
fn an_unfinished_file_is_removed_by_a_job_wherever_it_is() {
    // The file is here.
    let mut bench = Bench::new();
    let mut upload = bench.upload("file", Mode::Octet);
    bench.batch(&mut upload, &[1; 100], false);
    upload.discard(&bench.cache, owner(0));
    assert_eq!(bench.open_sinks(), 1, "not on this thread");
    assert!(bench.run().is_empty());
    assert_eq!(bench.open_sinks(), 0);
    // A job has the file.
    let mut upload = bench.upload("file", Mode::Octet);
    bench.batch(&mut upload, &[1; 5000], false);
    upload.discard(&bench.cache, owner(0));
    let completion = bench.one();
    assert!(bench.cache.abandon(completion).is_none());
    bench.run();
    assert_eq!(bench.open_sinks(), 0);
    // A job had the file, and left it in the slot.
    let mut upload = bench.upload("file", Mode::Octet);
    bench.batch(&mut upload, &[1; 5000], false);
    bench.run();
    upload.discard(&bench.cache, owner(0));
    assert_eq!(bench.open_sinks(), 1);
    bench.run();
    assert_eq!((bench.open_sinks(), bench.bytes("file")), (0, None));
}

#[test]
fn a_file_in_a_job_is_marked_settled() {
    let mut bench = Bench::new();
    let mut upload = bench.upload("file", Mode::Octet);
    upload.settle();
    assert_eq!(bench.settled(), 1);
    let mut upload = bench.upload("file", Mode::Octet);
    bench.batch(&mut upload, &[1; 5000], false);
    upload.settle();
    assert_eq!(bench.settled(), 1);
    bench.run();
    bench.batch(&mut upload, &[1; 5000], false);
    assert!(bench.settled() > 1);
}
