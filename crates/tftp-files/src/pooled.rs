//! A store made of blocking calls, which run on a pool.

use std::cell::Cell;
use std::sync::Arc;

use super::Lane;
use super::blocking::Files;
use super::jail::Refusal;
use super::pool::Pool;
use super::storage::{Done, Finished, Gathered, Job, Place, Standing, Store};

#[cfg(test)]
mod tests;

/// Runs the calls of some [`Files`] on the threads of a [`Pool`].
pub struct Pooled<F> {
    files: Arc<F>,
    pool: Arc<Pool>,
    /// Jobs were queued, and no thread was called for them yet.
    has_jobs: Cell<bool>,
}

impl<F: Files> Pooled<F> {
    /// Creates a store that runs the calls of `files` on `pool`.
    pub fn new(files: F, pool: Arc<Pool>) -> Pooled<F> {
        Pooled {
            files: Arc::new(files),
            pool,
            has_jobs: Cell::new(false),
        }
    }
}

impl<F> Clone for Pooled<F> {
    fn clone(&self) -> Self {
        Pooled {
            files: Arc::clone(&self.files),
            pool: Arc::clone(&self.pool),
            has_jobs: Cell::new(false),
        }
    }
}

impl<F: Files> Store for Pooled<F> {
    type Source = F::Source;
    type Sink = F::Sink;

    fn try_open(&self, place: &Place, standing: Standing) -> Option<Result<F::Source, Refusal>> {
        self.files.try_open(place, standing)
    }

    fn has_room(&self, lane: Lane) -> bool {
        self.pool.has_room(lane)
    }

    fn start(&self, lane: Lane, job: Job<Self>, done: Done<Self>) {
        let files = Arc::clone(&self.files);
        self.pool
            .queue(lane, Box::new(move || done.finish(run(&*files, job))));
        self.has_jobs.set(true);
    }

    fn call(&self) {
        if self.has_jobs.take() {
            self.pool.call();
        }
    }
}

/// Runs a job; may block.
fn run<F: Files>(files: &F, job: Job<Pooled<F>>) -> Finished<Pooled<F>> {
    match job {
        Job::Open(place, standing) => Finished::Opened(files.open(&place, standing)),
        Job::Create(place, options, standing) => {
            Finished::Created(files.create(&place, &options, standing))
        }
        Job::Read { source, at, length } => {
            let mut buffer = Vec::with_capacity(length);
            let read = files.read(&source, at, length, &mut buffer);
            Finished::Read(read.map(|()| buffer))
        }
        Job::Write(sink, bytes) => Finished::Written(write(files, sink, &bytes)),
        Job::Commit(sink, bytes) => {
            Finished::Committed(write(files, sink, &bytes).and_then(|sink| files.commit(sink)))
        }
        Job::Discard(sink) => {
            drop(sink);
            Finished::Closed
        }
        Job::Close(source) => {
            drop(source);
            Finished::Closed
        }
    }
}

fn write<F: Files>(files: &F, mut sink: F::Sink, bytes: &Gathered) -> Result<F::Sink, Refusal> {
    if !bytes.is_empty() {
        files.write(&mut sink, bytes)?;
    }
    Ok(sink)
}
