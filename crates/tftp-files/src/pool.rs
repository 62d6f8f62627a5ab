//! Threads for what may block: opening, reading and writing files, fsync.
//!
//! Threads are made when jobs wait and nobody is idle, and end when nothing came for a while: an idle server has
//! none. A job that hangs (a dead network mount) keeps its own thread and no other. So that hung jobs do not take
//! every thread, jobs for one file, and for one directory, go through a [`Lane`] that lets only some of them run at once;
//! nor are two jobs ever made for one missing chunk (see `store`).
//!
//! Only one thread is on its way at a time. Whoever takes a job calls the next thread first if more jobs wait: where jobs
//! block, as many threads come as there are jobs; where they don't, one or two do all of them, and jobs cost few wake-ups.

mod lanes;

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::time::Duration;

use super::Lane;
use lanes::{Lanes, Task};
use tftp_sync::thread::{self, JoinHandle, ThreadId};
use tftp_sync::{Condvar, Mutex, MutexGuard, thread_local};

/// Threads at once, at most: four directories may hang before the rest has to wait, and they cost no memory to speak of.
pub const MAX_THREADS: usize = 4 * lanes::A_DIRECTORY;

/// How long a thread waits for its next job before it ends.
const IDLE: Duration = Duration::from_secs(5);

/// The library's own jobs take small buffers from the heap; the default of 2 MiB would only inflate the address space.
const STACK: usize = 256 * 1024;

/// A piece of work that may block.
pub type Job = Box<dyn FnOnce() + Send>;

/// Runs jobs on threads of its own, in the order of their arrival as far as threads are free.
pub struct Pool {
    shared: Arc<Shared>,
}

struct Shared {
    name: String,
    idle_limit: Duration,
    most_threads: usize,
    /// Bytes of a thread's stack; `None`: the default of the system.
    stack: Option<usize>,
    state: Mutex<State>,
    arrived: Condvar,
}

#[derive(Default)]
struct State {
    lanes: Lanes,
    /// Threads alive, busy or not.
    threads: usize,
    /// Threads that wait for a job.
    idle: usize,
    /// A thread was called, or made, and has not come yet.
    is_called: bool,
    closed: bool,
    handles: Vec<JoinHandle<()>>,
}

thread_local! {
    /// Which of a pool's threads this is; asking a thread of the application who it is would cost it memory for good.
    static WORKER: Cell<Option<ThreadId>> = const { Cell::new(None) };
}

impl Pool {
    /// An empty pool: no thread until the first job. `name` becomes the threads' name (15 bytes show on Linux).
    pub fn new(name: &str) -> Pool {
        Pool::with_limits(name, IDLE, MAX_THREADS, Some(STACK))
    }

    /// An empty pool for jobs that call the application: at most `most_threads` threads, with a full stack each.
    pub fn for_application(name: &str, most_threads: usize) -> Pool {
        Pool::with_limits(name, IDLE, most_threads, None)
    }

    #[cfg(test)]
    fn with_idle_limit(name: &str, idle_limit: Duration) -> Pool {
        Pool::with_limits(name, idle_limit, MAX_THREADS, Some(STACK))
    }

    fn with_limits(name: &str, idle_limit: Duration, most_threads: usize, stack: Option<usize>) -> Pool {
        Pool {
            shared: Arc::new(Shared {
                name: name.to_owned(),
                idle_limit,
                most_threads,
                stack,
                state: Mutex::new(State::default()),
                arrived: Condvar::new(),
            }),
        }
    }

    /// Hands over a job; never waits for one. A panic inside it ends that job only. After [`Pool::shutdown`] the job
    /// is dropped unrun.
    pub fn submit(&self, lane: Lane, job: Job) {
        self.queue(lane, job);
        self.call();
    }

    /// The same, but after [`Pool::shutdown`] the job comes back.
    ///
    /// # Errors
    /// The job, which was not run.
    pub fn try_submit(&self, lane: Lane, job: Job) -> Result<(), Job> {
        self.try_queue(lane, job)?;
        self.call();
        Ok(())
    }

    /// The same as [`Pool::submit`], but for calling a thread: the job may wait until [`Pool::call`]. For jobs that come
    /// together.
    pub fn queue(&self, lane: Lane, job: Job) {
        // Dropped without the lock.
        drop(self.try_queue(lane, job));
    }

    fn try_queue(&self, lane: Lane, job: Job) -> Result<(), Job> {
        let mut state = self.shared.state.lock();
        if state.closed {
            return Err(job);
        }
        state.lanes.push(Task { lane, job });
        Ok(())
    }

    /// Calls a thread for what was queued.
    pub fn call(&self) {
        let mut state = self.shared.state.lock();
        self.shared.call(&mut state);
        if state.threads == 0 {
            // Not one thread to be had: slow is better than never.
            while let Some(task) = state.lanes.pop() {
                MutexGuard::unlocked(&mut state, || run(task.job));
                state.lanes.done(task.lane);
            }
        }
    }

    /// Whether one more job of this lane would not wait behind so many that they say: something hangs.
    pub fn has_room(&self, lane: Lane) -> bool {
        self.shared.state.lock().lanes.has_room(lane)
    }

    /// Whether no job is queued or running, so that [`Pool::shutdown`] would not wait for one.
    pub fn is_idle(&self) -> bool {
        let state = self.shared.state.lock();
        state.lanes.ready() == 0 && state.idle == state.threads
    }

    /// Runs what is queued, then joins every thread. Waits for a hung job as long as that hangs. A second call returns
    /// at once; a call from one of the pool's own threads does not wait for that thread.
    pub fn shutdown(&self) {
        self.call();
        loop {
            let handles = {
                let mut state = self.shared.state.lock();
                state.closed = true;
                std::mem::take(&mut state.handles)
            };
            if handles.is_empty() {
                return;
            }
            self.shared.arrived.notify_all();
            // Meanwhile they may call more threads, for what is left.
            for handle in handles {
                if Some(handle.thread().id()) != WORKER.with(Cell::get) {
                    // The threads catch the panics of their jobs: there is no result to look at.
                    let _ = handle.join();
                }
            }
        }
    }
}

impl Drop for Pool {
    /// Lets the threads end after what is queued, without waiting for them.
    fn drop(&mut self) {
        self.shared.state.lock().closed = true;
        self.shared.arrived.notify_all();
    }
}

impl Shared {
    /// One more thread, if there is a job for it and none is on its way.
    fn call(self: &Arc<Shared>, state: &mut MutexGuard<'_, State>) {
        if state.is_called || state.lanes.ready() == 0 {
            return;
        }
        if state.idle > 0 {
            state.is_called = true;
            self.arrived.notify_one();
        } else if state.threads < self.most_threads {
            self.add_thread(state);
        }
    }

    /// A refusal (EAGAIN: a limit on threads) leaves the job queued for the threads there are.
    fn add_thread(self: &Arc<Shared>, state: &mut MutexGuard<'_, State>) {
        // What has run may still be on its way out: who closes the server waits for every thread until it is gone.
        for ended in state.handles.extract_if(.., |handle| handle.is_finished()) {
            let _ = ended.join();
        }
        let shared = Arc::clone(self);
        let mut thread = thread::Builder::new().name(self.name.clone());
        if let Some(stack) = self.stack {
            thread = thread.stack_size(stack);
        }
        let made = tftp_sync::spawn(thread, move || shared.work());
        if let Ok(handle) = made {
            state.threads += 1;
            state.is_called = true;
            state.handles.push(handle);
        }
    }

    fn work(self: &Arc<Shared>) {
        WORKER.with(|worker| worker.set(Some(thread::current().id())));
        let mut state = self.state.lock();
        state.is_called = false;
        loop {
            if let Some(task) = state.lanes.pop() {
                // This job may block.
                self.call(&mut state);
                MutexGuard::unlocked(&mut state, || run(task.job));
                state.lanes.done(task.lane);
                continue;
            }
            if state.closed {
                break;
            }
            state.idle += 1;
            let waited = self.arrived.wait_for(&mut state, self.idle_limit);
            state.idle -= 1;
            // Whoever it was that was called: this thread looks at what there is.
            state.is_called = false;
            if waited.timed_out() && state.lanes.ready() == 0 {
                break;
            }
        }
        state.threads -= 1;
    }
}

fn run(job: Job) {
    // A job owns what it touches, so nothing half-changed is seen after a panic.
    let _ = panic::catch_unwind(AssertUnwindSafe(job));
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Barrier, mpsc};
    use std::thread;

    use super::*;

    fn threads(pool: &Pool) -> usize {
        pool.shared.state.lock().threads
    }

    #[test]
    fn makes_no_thread_before_the_first_job_and_none_stays() {
        let pool = Pool::with_idle_limit("t-idle", Duration::from_millis(1));
        assert_eq!(threads(&pool), 0);
        let (sender, receiver) = mpsc::channel();
        pool.submit(
            Lane::NONE,
            Box::new(move || sender.send(thread::current().name().map(str::to_owned)).unwrap()),
        );
        assert_eq!(receiver.recv().unwrap().as_deref(), Some("t-idle"));
        while threads(&pool) > 0 {
            thread::yield_now();
        }
        let (sender, receiver) = mpsc::channel();
        pool.submit(Lane::NONE, Box::new(move || sender.send(()).unwrap()));
        receiver.recv().unwrap();
    }

    #[test]
    fn a_hung_job_and_a_panic_do_not_stop_the_others() {
        let pool = Pool::new("t-hung");
        let (release, hung) = mpsc::channel::<()>();
        pool.submit(Lane::NONE, Box::new(move || assert!(hung.recv().is_err())));
        let (sender, receiver) = mpsc::channel();
        for number in 0..100 {
            let sender = sender.clone();
            pool.submit(
                Lane::NONE,
                Box::new(move || {
                    if number % 10 == 0 {
                        panic::resume_unwind(Box::new("on purpose, past the hook that would print it"));
                    }
                    sender.send(number).unwrap();
                }),
            );
        }
        drop(sender);
        let mut done: Vec<i32> = receiver.iter().collect();
        done.sort_unstable();
        assert_eq!(done, (0..100).filter(|n| n % 10 != 0).collect::<Vec<_>>());
        drop(release);
        pool.shutdown();
        assert_eq!(threads(&pool), 0);
    }

    #[test]
    fn jobs_that_wait_for_each_other_get_a_thread_each() {
        let pool = Pool::new("t-barrier");
        let barrier = Arc::new(Barrier::new(MAX_THREADS));
        for _ in 0..MAX_THREADS {
            let barrier = barrier.clone();
            pool.submit(
                Lane::NONE,
                Box::new(move || {
                    barrier.wait();
                }),
            );
        }
        pool.shutdown();
    }

    #[test]
    fn shutdown_runs_what_is_queued_and_refuses_what_comes_later() {
        let pool = Pool::new("t-shutdown");
        let count = Arc::new(AtomicUsize::new(0));
        for _ in 0..1000 {
            let count = count.clone();
            pool.submit(
                Lane::NONE,
                Box::new(move || {
                    count.fetch_add(1, Ordering::Relaxed);
                }),
            );
        }
        assert!(threads(&pool) <= MAX_THREADS);
        pool.shutdown();
        assert_eq!(count.load(Ordering::Relaxed), 1000);
        let late = count.clone();
        pool.submit(
            Lane::NONE,
            Box::new(move || {
                late.fetch_add(1, Ordering::Relaxed);
            }),
        );
        pool.shutdown();
        assert_eq!(count.load(Ordering::Relaxed), 1000);
        assert_eq!(Arc::strong_count(&count), 1);
    }

    /// As many jobs of a lane hang as may: those of other files and directories run all the same.
    fn others_run(hung: Lane, others: Lane) {
        let pool = Pool::new("t-lanes");
        let (release, waits) = crossbeam_channel::bounded::<()>(0);
        for _ in 0..MAX_THREADS {
            let waits = waits.clone();
            pool.submit(hung, Box::new(move || assert!(waits.recv().is_err())));
        }
        let (sender, receiver) = mpsc::channel();
        for number in 0..100 {
            let sender = sender.clone();
            pool.submit(others, Box::new(move || sender.send(number).unwrap()));
        }
        drop(sender);
        assert_eq!(receiver.iter().count(), 100);
        assert!(threads(&pool) < MAX_THREADS);
        drop(release);
        pool.shutdown();
        assert_eq!(threads(&pool), 0);
    }

    #[test]
    fn a_hung_file_leaves_threads_to_others_of_its_directory() {
        others_run(
            Lane {
                file: 1,
                directory: 7,
            },
            Lane {
                file: 2,
                directory: 7,
            },
        );
    }

    #[test]
    fn a_hung_directory_leaves_threads_to_others() {
        let pool = Pool::new("t-directory");
        let (release, waits) = crossbeam_channel::bounded::<()>(0);
        for file in 0..1000 {
            let waits = waits.clone();
            let lane = Lane { file, directory: 7 };
            pool.submit(lane, Box::new(move || assert!(waits.recv().is_err())));
        }
        while threads(&pool) < lanes::A_DIRECTORY {
            thread::yield_now();
        }
        let (sender, receiver) = mpsc::channel();
        let lane = Lane {
            file: 0,
            directory: 8,
        };
        pool.submit(lane, Box::new(move || sender.send(()).unwrap()));
        receiver.recv().unwrap();
        drop(release);
        pool.shutdown();
    }
}
