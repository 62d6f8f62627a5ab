//! Returns the result of a job to the I/O thread that started it.

use std::fmt;
use std::io;
use std::sync::Arc;

use super::{Finished, Store};
use crate::Lane;
use crate::content_cache::Piece;
use crate::jail::Refusal;
use crate::return_slot::ReturnSlot;

/// Identifies the transfer that a job is for. Once that transfer has ended, it matches none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Owner {
    /// The transfer's index in a table.
    pub index: u32,
    /// The number of earlier uses of that index.
    pub generation: u32,
}

/// Delivers results to the I/O thread that started the jobs.
pub trait Mailbox<S: Store>: Send + Sync {
    /// Delivers one result. Called on any thread, also inside [`Store::start`]. Never blocks, and
    /// wakes the I/O thread if it sleeps.
    fn deliver(&self, completion: Completion<S>);
}

/// Takes the result of one job, once. If it is dropped without a result, it reports a failure, so
/// that no transfer waits for ever.
pub struct Done<S: Store>(Option<Completing<S>>);

struct Completing<S: Store> {
    owner: Owner,
    lane: Lane,
    kind: JobKind<S::Sink>,
    mailbox: Arc<dyn Mailbox<S>>,
}

/// The purpose of a job.
pub(crate) enum JobKind<K> {
    Open,
    Create,
    Read(Piece),
    /// The piece itself stays where the application's data is held.
    Supply(Piece),
    /// The finished job leaves the sink in this slot. It sends a completion only if the I/O thread
    /// came for the sink too early.
    Write(Arc<ReturnSlot<K>>),
    Commit,
    /// No transfer waits for the result.
    Close,
}

/// A finished job, for [`ContentCache::complete`](crate::ContentCache::complete) or
/// [`ContentCache::abandon`](crate::ContentCache::abandon).
pub struct Completion<S: Store> {
    pub(crate) owner: Owner,
    pub(crate) lane: Lane,
    pub(crate) kind: JobKind<S::Sink>,
    pub(crate) finished: Finished<S>,
}

impl<S: Store> Done<S> {
    pub(crate) fn new(
        owner: Owner,
        lane: Lane,
        kind: JobKind<S::Sink>,
        mailbox: Arc<dyn Mailbox<S>>,
    ) -> Done<S> {
        Done(Some(Completing {
            owner,
            lane,
            kind,
            mailbox,
        }))
    }

    /// The transfer that waits for the result.
    pub fn owner(&self) -> Option<Owner> {
        self.0.as_ref().map(|completing| completing.owner)
    }

    /// Ends the job with this result.
    pub fn finish(mut self, finished: Finished<S>) {
        self.deliver(|_| finished);
    }

    fn deliver(&mut self, finished: impl FnOnce(&JobKind<S::Sink>) -> Finished<S>) {
        let Some(completing) = self.0.take() else { return };
        let mut finished = finished(&completing.kind);
        if !completing.kind.is_answered_by(&finished) {
            finished = completing.kind.lost();
        }
        let finished = match (&completing.kind, finished) {
            (JobKind::Close, _) => return,
            (JobKind::Write(returned), Finished::Written(Ok(sink))) => match returned.leave(sink) {
                Some(sink) => Finished::Written(Ok(sink)),
                None => return,
            },
            (_, finished) => finished,
        };
        completing.mailbox.deliver(Completion {
            owner: completing.owner,
            lane: completing.lane,
            kind: completing.kind,
            finished,
        });
    }
}

impl<S: Store> Drop for Done<S> {
    fn drop(&mut self) {
        self.deliver(JobKind::lost);
    }
}

impl<S: Store> Completion<S> {
    /// The transfer that waits for the result.
    pub fn owner(&self) -> Owner {
        self.owner
    }

    /// The lane of the job. An unneeded result is removed by a job in this lane.
    pub fn lane(&self) -> Lane {
        self.lane
    }
}

impl<K> JobKind<K> {
    /// Returns whether a job of this kind can end with this result. Any other answer of a store
    /// counts as no result.
    fn is_answered_by<S: Store<Sink = K>>(&self, finished: &Finished<S>) -> bool {
        matches!(
            (self, finished),
            (JobKind::Open, Finished::Opened(_))
                | (JobKind::Create, Finished::Created(_))
                | (JobKind::Read(_), Finished::Read(_))
                | (JobKind::Supply(_), Finished::Supplied)
                | (JobKind::Write(_), Finished::Written(_))
                | (JobKind::Commit, Finished::Committed(_))
                | (JobKind::Close, _)
        )
    }

    /// The result of a job that was dropped.
    fn lost<S: Store<Sink = K>>(&self) -> Finished<S> {
        let error = || io::Error::other("storage gave no result");
        match self {
            JobKind::Open => Finished::Opened(Err(Refusal::Io(error()))),
            JobKind::Create => Finished::Created(Err(Refusal::Io(error()))),
            JobKind::Read(_) => Finished::Read(Err(error())),
            JobKind::Supply(_) => Finished::Supplied,
            JobKind::Write(_) => Finished::Written(Err(Refusal::Io(error()))),
            JobKind::Commit => Finished::Committed(Err(Refusal::Io(error()))),
            JobKind::Close => Finished::Closed,
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
