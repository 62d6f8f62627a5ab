//! A pool of threads for calls that may block: opening, reading and writing files, fsync.
//!
//! A thread is started when a job waits and no thread is idle, and ends when no job came for a
//! while: an idle server has none. A job that hangs (a dead network mount) occupies its own thread
//! and no other. To keep hung jobs from occupying every thread, jobs for one file, and for one
//! directory, go through a [`Lane`] that lets only some of them run at once. Nor are two jobs ever
//! started for one missing chunk (see `cache`).
//!
//! Only one thread is being woken or started at a time. A thread that takes a job first calls the
//! next thread if more jobs wait. Where jobs block, there are soon as many threads as jobs; where
//! they don't, one or two threads run all of them, and jobs cost few wake-ups.

mod lanes;

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::time::Duration;

use super::Lane;
use lanes::{Lanes, Task};
use tftp_sync::thread::{self, JoinHandle, ThreadId};
use tftp_sync::{Condvar, Mutex, MutexGuard, thread_local};

/// The largest number of threads: four directories may hang before other jobs have to wait. Waiting
/// threads cost hardly any memory.
pub const MAX_THREADS: usize = 4 * lanes::A_DIRECTORY;

/// The time for which a thread waits for its next job before it ends.
const IDLE: Duration = Duration::from_secs(5);

/// The stack size in bytes of a thread that runs the library's own jobs. They take small buffers
/// from the heap; the default of 2 MiB would only inflate the address space.
const STACK: usize = 256 * 1024;

/// A piece of work that may block.
pub type Job = Box<dyn FnOnce() + Send>;

/// Runs jobs on its own threads, in the order of arrival as far as threads are free.
pub struct Pool {
    shared: Arc<Shared>,
}

struct Shared {
    name: String,
    idle_limit: Duration,
    most_threads: usize,
    /// The stack size of a thread in bytes; `None` is the default of the system.
    stack: Option<usize>,
    state: Mutex<State>,
    arrived: Condvar,
}

#[derive(Default)]
struct State {
    lanes: Lanes,
    /// The number of live threads, busy or not.
    threads: usize,
    /// The number of threads that wait for a job.
    idle: usize,
    /// A thread was notified or started, and has not looked at the jobs yet.
    is_called: bool,
    closed: bool,
    handles: Vec<JoinHandle<()>>,
}

thread_local! {
    /// The id of this pool thread. Set only by the pool: `thread::current()` on a thread of the
    /// application would allocate memory there for good.
    static WORKER: Cell<Option<ThreadId>> = const { Cell::new(None) };
}

impl Pool {
    /// Creates an empty pool, without a thread until the first job. `name` becomes the threads'
    /// name (15 bytes show on Linux).
    pub fn new(name: &str) -> Pool {
        Pool::with_limits(name, IDLE, MAX_THREADS, Some(STACK))
    }

    /// Creates an empty pool for jobs that call the application: at most `most_threads` threads,
    /// each with a stack of the default size.
    pub fn for_application(name: &str, most_threads: usize) -> Pool {
        Pool::with_limits(name, IDLE, most_threads, None)
    }

    #[cfg(test)]
    fn with_idle_limit(name: &str, idle_limit: Duration) -> Pool {
        Pool::with_limits(name, idle_limit, MAX_THREADS, Some(STACK))
    }

    fn with_limits(
        name: &str,
        idle_limit: Duration,
        most_threads: usize,
        stack: Option<usize>,
    ) -> Pool {
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

    /// Submits a job, and never waits for one. A panic inside a job ends only that job. After
    /// [`Pool::shutdown`] the job is dropped without running.
    pub fn submit(&self, lane: Lane, job: Job) {
        self.queue(lane, job);
        self.call();
    }

    /// As [`Pool::submit`], but returns the job after [`Pool::shutdown`].
    ///
    /// # Errors
    /// The job, which was not run.
    pub fn try_submit(&self, lane: Lane, job: Job) -> Result<(), Job> {
        self.try_queue(lane, job)?;
        self.call();
        Ok(())
    }

    /// Queues a job as [`Pool::submit`] does, but without calling a thread: it may wait until
    /// [`Pool::call`]. For jobs that are submitted together.
    pub fn queue(&self, lane: Lane, job: Job) {
        // A refused job is dropped without the lock.
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

    /// Calls a thread for the queued jobs.
    pub fn call(&self) {
        let mut state = self.shared.state.lock();
        self.shared.call(&mut state);
        if state.threads == 0 {
            // No thread could be started: run the jobs here, because slow is better than never.
            while let Some(task) = state.lanes.pop() {
                MutexGuard::unlocked(&mut state, || run(task.job));
                state.lanes.done(task.lane);
            }
        }
    }

    /// Returns false when the lane's backlog is so long that its storage probably hangs.
    pub fn has_room(&self, lane: Lane) -> bool {
        self.shared.state.lock().lanes.has_room(lane)
    }

    /// Returns whether no job is queued or running, so that [`Pool::shutdown`] would not wait for
    /// one.
    pub fn is_idle(&self) -> bool {
        let state = self.shared.state.lock();
        state.lanes.ready() == 0 && state.idle == state.threads
    }

    /// Runs the queued jobs, then joins every thread. Waits for a hung job as long as it hangs. A
    /// second call returns at once; a call from one of the pool's own threads does not wait for
    /// that thread.
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
            // Meanwhile they may start more threads for the rest of the queue.
            for handle in handles {
                if Some(handle.thread().id()) != WORKER.with(Cell::get) {
                    // The threads catch the panics of their jobs, so the result carries nothing.
                    let _ = handle.join();
                }
            }
        }
    }
}

impl Drop for Pool {
    /// Lets the threads end after the queued jobs, without waiting for them.
    fn drop(&mut self) {
        self.shared.state.lock().closed = true;
        self.shared.arrived.notify_all();
    }
}

impl Shared {
    /// Wakes or starts one more thread, if there is a job for it and no other thread is on its way.
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

    /// Starts a thread. If the system refuses (EAGAIN: a limit on threads), the job stays queued
    /// for the existing threads.
    fn add_thread(self: &Arc<Shared>, state: &mut MutexGuard<'_, State>) {
        // Joins finished threads, so that closing only has to join the running ones.
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
            // Whichever thread was called, this one looks at the queue now.
            state.is_called = false;
            if waited.timed_out() && state.lanes.ready() == 0 {
                break;
            }
        }
        state.threads -= 1;
    }
}

fn run(job: Job) {
    // A job owns the values that it touches, so no half-changed one is seen after a panic.
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
                        panic::resume_unwind(Box::new(
                            "on purpose, past the hook that would print it",
                        ));
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
    fn shutdown_runs_queued_jobs_and_refuses_later_ones() {
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

    /// The largest possible number of jobs of one lane hangs. Jobs of other files and directories
    /// still run.
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
