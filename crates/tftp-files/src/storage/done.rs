//! The way back of a job's result.

use std::fmt;
use std::io;
use std::sync::Arc;

use super::{Finished, Store};
use crate::Lane;
use crate::jail::Refusal;
use crate::returned::Returned;
use crate::shelf::Piece;

/// Names the transfer that a job is for. Harmless once that transfer has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Owner {
    /// Its place in a table.
    pub index: u32,
    /// How often that place was used before.
    pub generation: u32,
}

/// Takes results to the I/O thread that started the jobs.
pub trait Mailbox<S: Store>: Send + Sync {
    /// Called on any thread, also inside [`Store::start`]. Never blocks; wakes the I/O thread if it sleeps.
    fn deliver(&self, completion: Completion<S>);
}

/// Takes the result of one job, once. Dropped without one, it reports a failure: no transfer waits for ever.
pub struct Done<S: Store>(Option<Completing<S>>);

struct Completing<S: Store> {
    owner: Owner,
    lane: Lane,
    errand: Errand<S::Sink>,
    mailbox: Arc<dyn Mailbox<S>>,
}

/// What a job was started for.
pub(crate) enum Errand<K> {
    Open,
    Create,
    Read(Piece),
    /// The piece lies where the application's data is held.
    Supply(Piece),
    /// The sink waits there, and is sent only to whoever came for it too early.
    Write(Arc<Returned<K>>),
    Commit,
    /// Nobody waits for it.
    Close,
}

/// A finished job, for [`Shelf::settle`](crate::Shelf::settle) or [`Shelf::abandon`](crate::Shelf::abandon).
pub struct Completion<S: Store> {
    pub(crate) owner: Owner,
    pub(crate) lane: Lane,
    pub(crate) errand: Errand<S::Sink>,
    pub(crate) finished: Finished<S>,
}

impl<S: Store> Done<S> {
    pub(crate) fn new(
        owner: Owner,
        lane: Lane,
        errand: Errand<S::Sink>,
        mailbox: Arc<dyn Mailbox<S>>,
    ) -> Done<S> {
        Done(Some(Completing {
            owner,
            lane,
            errand,
            mailbox,
        }))
    }

    /// The transfer that waits for it.
    pub fn owner(&self) -> Option<Owner> {
        self.0.as_ref().map(|completing| completing.owner)
    }

    /// The job has ended.
    pub fn finish(mut self, finished: Finished<S>) {
        self.deliver(|_| finished);
    }

    fn deliver(&mut self, finished: impl FnOnce(&Errand<S::Sink>) -> Finished<S>) {
        let Some(completing) = self.0.take() else { return };
        let mut finished = finished(&completing.errand);
        if !completing.errand.is_answered_by(&finished) {
            finished = completing.errand.lost();
        }
        let finished = match (&completing.errand, finished) {
            (Errand::Close, _) => return,
            (Errand::Write(returned), Finished::Written(Ok(sink))) => match returned.leave(sink) {
                Some(sink) => Finished::Written(Ok(sink)),
                None => return,
            },
            (_, finished) => finished,
        };
        completing.mailbox.deliver(Completion {
            owner: completing.owner,
            lane: completing.lane,
            errand: completing.errand,
            finished,
        });
    }
}

impl<S: Store> Drop for Done<S> {
    fn drop(&mut self) {
        self.deliver(Errand::lost);
    }
}

impl<S: Store> Completion<S> {
    /// The transfer that waits for it.
    pub fn owner(&self) -> Owner {
        self.owner
    }

    /// The lane of the job: where to remove what it brings, if nobody needs it.
    pub fn lane(&self) -> Lane {
        self.lane
    }
}

impl<K> Errand<K> {
    /// Whether a job of this kind ends so. What a store answers otherwise is no result.
    fn is_answered_by<S: Store<Sink = K>>(&self, finished: &Finished<S>) -> bool {
        matches!(
            (self, finished),
            (Errand::Open, Finished::Opened(_))
                | (Errand::Create, Finished::Created(_))
                | (Errand::Read(_), Finished::Read(_))
                | (Errand::Supply(_), Finished::Supplied)
                | (Errand::Write(_), Finished::Written(_))
                | (Errand::Commit, Finished::Committed(_))
                | (Errand::Close, _)
        )
    }

    /// The result of a job that was dropped.
    fn lost<S: Store<Sink = K>>(&self) -> Finished<S> {
        let error = || io::Error::other("storage gave no result");
        match self {
            Errand::Open => Finished::Opened(Err(Refusal::Io(error()))),
            Errand::Create => Finished::Created(Err(Refusal::Io(error()))),
            Errand::Read(_) => Finished::Read(Err(error())),
            Errand::Supply(_) => Finished::Supplied,
            Errand::Write(_) => Finished::Written(Err(Refusal::Io(error()))),
            Errand::Commit => Finished::Committed(Err(Refusal::Io(error()))),
            Errand::Close => Finished::Closed,
        }
    }
}

impl<S: Store> fmt::Debug for Done<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Done").field(&self.owner()).finish()
    }
}

impl<S: Store> fmt::Debug for Completion<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Completion").field(&self.owner).finish()
    }
}
