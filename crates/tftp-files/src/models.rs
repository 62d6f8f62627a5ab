//! Models of the pool and of the slot that returns files from it: see `crates/tftp-sync`.

use std::sync::Arc;

use shuttle::thread;
use tftp_sync::atomic::{AtomicUsize, Ordering::SeqCst};
use tftp_sync::check;

use super::Lane;
use super::pool::Pool;
use super::return_slot::ReturnSlot;

/// A written file is found in the slot, or a message brings it: never neither, never both.
#[test]
fn a_written_file_is_returned_once() {
    check(|| {
        let returned = Arc::new(ReturnSlot::default());
        let (message, messages) = shuttle::sync::mpsc::channel();
        let pool = {
            let returned = Arc::clone(&returned);
            thread::spawn(move || {
                if let Some(file) = returned.leave(7) {
                    message.send(file).unwrap();
                }
            })
        };
        let found = (0..2).find_map(|_| returned.take());
        pool.join().unwrap();
        let came: Vec<_> = found.into_iter().chain(messages.try_iter()).collect();
        assert_eq!(came, [7]);
    });
}

/// Jobs that are queued together run once a thread is called for them, also if it is called at the
/// same moment for others.
#[test]
fn queued_jobs_run_when_a_thread_is_woken() {
    check(|| {
        let pool = Arc::new(Pool::new("model"));
        let (sender, receiver) = shuttle::sync::mpsc::channel();
        let shards = [2, 1].map(|count| {
            let (pool, sender) = (Arc::clone(&pool), sender.clone());
            thread::spawn(move || {
                for _ in 0..count {
                    let sender = sender.clone();
                    pool.queue(Lane::NONE, Box::new(move || sender.send(()).unwrap()));
                }
                pool.call();
            })
        });
        drop(sender);
        assert_eq!(receiver.iter().count(), 3, "nobody waits for shutdown");
        shards.into_iter().for_each(|shard| shard.join().unwrap());
        pool.shutdown();
    });
}

/// Every job runs once, and shutdown waits for it, also for a job submitted at the same moment as
/// another.
#[test]
fn the_pool_runs_every_job_once() {
    check(|| {
        let pool = Arc::new(Pool::new("model"));
        let runs = Arc::new(AtomicUsize::new(0));
        let submit = |pool: &Pool, runs: &Arc<AtomicUsize>| {
            let runs = Arc::clone(runs);
            pool.submit(
                Lane::NONE,
                Box::new(move || {
                    runs.fetch_add(1, SeqCst);
                }),
            );
        };
        let other = {
            let (pool, runs) = (Arc::clone(&pool), Arc::clone(&runs));
            thread::spawn(move || (0..2).for_each(|_| submit(&pool, &runs)))
        };
        (0..2).for_each(|_| submit(&pool, &runs));
        other.join().unwrap();
        pool.shutdown();
        assert!(pool.is_idle());
        assert_eq!(runs.load(SeqCst), 4);
        submit(&pool, &runs);
        assert_eq!(runs.load(SeqCst), 4, "after shutdown a job is dropped");
    });
}
