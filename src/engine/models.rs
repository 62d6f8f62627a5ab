//! Models of what wakes a shard, of the flow control, and of the pool: see `crates/tftp-sync`.

use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{TryRecvError, bounded};
use shuttle::rand::Rng;
use shuttle::thread;

use super::inbox::{Inbox, Message};
use super::key::Key;
use super::platform::Poller;
use super::pool::{Lane, Pool};
use super::receiving::returned::Returned;
use super::reply::{Answer, Post, Reply};
use tftp_sync::atomic::{AtomicUsize, Ordering::SeqCst};
use tftp_sync::check;

const KEY: Key = Key {
    index: 0,
    generation: 0,
};

/// What a shard does between two looks at its inbox: it sleeps, or looks around first (BusyPollMicros) and then sleeps.
fn sleep(poller: &Poller) {
    let mut ready = Vec::new();
    for _ in 0..shuttle::rand::thread_rng().gen_range(0..3) {
        if poller.wait(&mut ready, Some(Duration::ZERO)).unwrap() {
            return;
        }
    }
    poller.wait(&mut ready, None).unwrap();
}

/// A message wakes the shard, whatever it is about when it comes.
#[test]
fn no_message_is_slept_over() {
    check(|| {
        let poller = Poller::new().unwrap();
        let inbox = Arc::new(Inbox::new(poller.waker()));
        let senders = [2, 1].map(|count| {
            let inbox = Arc::clone(&inbox);
            thread::spawn(move || (0..count).for_each(|_| inbox.post(KEY, Answer::Taken)))
        });
        let (mut taken, mut count) = (Vec::new(), 0);
        while count < 3 {
            sleep(&poller);
            inbox.take(&mut taken);
            count += taken.drain(..).count();
        }
        senders.into_iter().for_each(|sender| sender.join().unwrap());
    });
}

/// An order that comes when the shard ends is carried out or dropped: who waits for it is let go.
#[test]
fn no_order_is_left_in_the_inbox_of_a_shard_that_has_ended() {
    check(|| {
        let poller = Poller::new().unwrap();
        let inbox = Arc::new(Inbox::new(poller.waker()));
        let (done, all_done) = bounded(2);
        let shard = {
            let inbox = Arc::clone(&inbox);
            thread::spawn(move || {
                let mut taken = Vec::new();
                inbox.take(&mut taken);
                drop(taken);
                inbox.close();
            })
        };
        let other = (Arc::clone(&inbox), done.clone());
        let orderer = thread::spawn(move || other.0.send(Message::Shutdown(other.1)));
        inbox.send(Message::StopListening(done));
        shard.join().unwrap();
        orderer.join().unwrap();
        assert_eq!(all_done.try_recv(), Err(TryRecvError::Disconnected));
    });
}

/// The shard never waits for an application that has taken everything.
#[test]
fn flow_control_never_loses_the_answer_that_it_waits_for() {
    check(|| {
        let poller = Poller::new().unwrap();
        let inbox = Arc::new(Inbox::new(poller.waker()));
        let reply = Reply::new(KEY, Arc::clone(&inbox) as Arc<dyn Post>);
        let flow = reply.flow();
        let (tell, told) = shuttle::sync::mpsc::channel();
        let application = thread::spawn(move || told.iter().for_each(|bytes| reply.taken(bytes)));
        let mut taken = Vec::new();
        for limit in [15, 0, 5] {
            for _ in 0..2 {
                flow.add(10);
                tell.send(10).unwrap();
            }
            while !flow.below(limit) {
                // As long as no answer came, the shard looks no further.
                while taken.is_empty() {
                    sleep(&poller);
                    inbox.take(&mut taken);
                }
                taken.clear();
            }
        }
        drop(tell);
        application.join().unwrap();
        assert!(flow.below(0));
    });
}

/// A file that was written to is found when there is more to write, or a message brings it: never neither, never both.
#[test]
fn a_written_file_comes_back_once() {
    check(|| {
        let returned = Arc::new(Returned::default());
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

/// Jobs that are queued together run once a thread was called for them, also where it is called at the same moment for others.
#[test]
fn what_is_queued_runs_when_a_thread_is_called() {
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

/// Every job runs once, and shutdown waits for it, also where it comes at the same moment as another.
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
