//! The interface of storage: what a server needs of whatever holds its files.
//!
//! A [`Store`] never blocks the thread that calls it. What can be answered at once is answered at once (`try_open`,
//! [`Source::try_read`]); everything else is a [`Job`], and its result comes through [`Done`], on any thread, at any
//! time. Storage that has only blocking calls implements [`Files`](crate::Files) and is wrapped in
//! [`Pooled`](crate::Pooled).

use std::io;
use std::path::Path;
use std::sync::Arc;

use super::jail::{Jail, Refusal};
use super::upload::UploadOptions;
use super::{Bytes, Fed, Lane};
pub(crate) use done::Errand;
pub use done::{Completion, Done, Mailbox, Owner};
pub use gathered::Gathered;

mod done;
mod gathered;

/// Where files come from and go to.
///
/// Each I/O thread has a clone of its own.
pub trait Store: Clone + Send + 'static {
    /// What is open for reading.
    type Source: Source;
    /// What is open for writing.
    type Sink: Sink;

    /// Opens a file for reading on the I/O thread, if that needs no waiting. `None`: start a [`Job::Open`].
    fn try_open(&self, place: &Place, standing: Standing) -> Option<Result<Self::Source, Refusal>>;

    /// The lane of the jobs of this place: see [`Place::lane`].
    fn lane(&self, place: &Place) -> Lane {
        place.lane()
    }

    /// Whether another job of this lane should be started. False: so many wait there that something hangs, and the
    /// client's request is better left unanswered.
    fn has_room(&self, lane: Lane) -> bool;

    /// Starts a job and returns at once. `done` is finished exactly once, possibly before this returns. A job that is
    /// dropped instead counts as failed.
    fn start(&self, lane: Lane, job: Job<Self>, done: Done<Self>);

    /// The packets of this turn have been sent: from now on jobs may use the processor. What was started since the
    /// last call may wait until this one.
    fn call(&self);
}

/// A file that is open for reading.
pub trait Source: Send + Sync + 'static {
    /// Its path, for the application. Never shown to a client.
    fn path(&self) -> Option<&Path> {
        None
    }

    /// How much will be read of it.
    fn length(&self) -> Length;

    /// Two sources with equal identities have the same contents and may share what is read. `None`: never shared, for
    /// example where inode numbers are not unique, or directly after a change.
    fn identity(&self) -> Option<Identity>;

    /// What tells whether a later opening of the same place is the same unchanged file. Only such a file may be closed
    /// and opened again while a transfer needs it. `None`: nothing tells that.
    fn state(&self) -> Option<Identity> {
        self.identity()
    }

    /// The whole contents, where they are in memory anyway. Nothing is read or shared then.
    fn in_memory(&self) -> Option<&Bytes> {
        None
    }

    /// Appends `length` bytes from `at`, if that needs no waiting; fewer only at the end. `Ok(false)`: start a
    /// [`Job::Read`]; `into` is as before.
    ///
    /// # Errors
    /// Those of reading; `into` is as before.
    fn try_read(&self, at: u64, length: usize, into: &mut Vec<u8>) -> io::Result<bool>;

    /// A client has acknowledged something of it: it is no longer held by half-open transfers alone.
    fn settle(&self) {}
}

/// A file that is open for writing. Nothing is visible under its name before it is committed; dropping it may block
/// and leaves nothing behind.
pub trait Sink: Send + 'static {
    /// The path that it will have, for the application. Never shown to a client.
    fn path(&self) -> Option<&Path> {
        None
    }

    /// Its client has acknowledged something.
    fn settle(&self) {}
}

/// A place where a file is looked for.
#[derive(Clone, Debug)]
pub enum Place {
    /// A name inside a directory that nothing leads out of.
    Below(Arc<Jail>, Arc<str>),
    /// Any path: the application's own choice.
    Path(Arc<Path>),
    /// The application's bytes, for a download. No store is asked.
    Memory(Bytes),
    /// What the application supplies while the download runs. No store is asked.
    Fed(Arc<Fed>),
    /// An upload that only the application's callback takes. No store is asked.
    Application,
}

impl Place {
    /// Which of its jobs hang together, as far as its name tells.
    pub fn lane(&self) -> Lane {
        match self {
            Place::Below(root, name) => Lane::below(root.root(), name),
            Place::Path(path) => Lane::of(path),
            Place::Memory(_) | Place::Fed(_) | Place::Application => Lane::NONE,
        }
    }

    /// The same name in the same directory, or the same path.
    pub fn is_same(&self, other: &Place) -> bool {
        match (self, other) {
            (Place::Below(one, name), Place::Below(two, other)) => Arc::ptr_eq(one, two) && name == other,
            (Place::Path(one), Place::Path(two)) => one == two,
            _ => false,
        }
    }
}

/// For whom a file is opened. Half-open transfers have a smaller share of the descriptors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// A client that has acknowledged nothing yet.
    HalfOpen,
    /// A client that has.
    Settled,
}

/// The number of bytes that a source has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// That many, as they were when it was opened, whatever becomes of the file.
    Exact(u64),
    /// As many as there are until its end: generated contents (procfs, sysfs), or a size of 0 that is not believed.
    Unknown,
}

impl Length {
    /// The number, where it is known.
    pub fn exact(self) -> Option<u64> {
        match self {
            Length::Exact(bytes) => Some(bytes),
            Length::Unknown => None,
        }
    }
}

impl From<Option<u64>> for Length {
    fn from(exact: Option<u64>) -> Length {
        exact.map_or(Length::Unknown, Length::Exact)
    }
}

/// One state of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Identity {
    /// The device's number.
    pub device: u64,
    /// The file's number on that device.
    pub inode: u64,
    /// The size that it claims, in bytes.
    pub size: u64,
    /// The last modification, in seconds and nanoseconds since 1970. Anybody who may write the file can set it.
    pub modified: (i64, i64),
    /// The last change of contents, size or attributes, likewise. Only the kernel sets it.
    pub changed: (i64, i64),
}

/// Work that may take any time.
pub enum Job<S: Store> {
    /// Opens a file for reading. Ends in [`Finished::Opened`].
    Open(Place, Standing),
    /// Begins a file. Ends in [`Finished::Created`].
    Create(Place, UploadOptions, Standing),
    /// Reads `length` bytes from `at`; fewer only at the end. Ends in [`Finished::Read`].
    Read {
        /// The file.
        source: Arc<S::Source>,
        /// The first byte.
        at: u64,
        /// The number of bytes.
        length: usize,
    },
    /// Appends to a file. Ends in [`Finished::Written`].
    Write(S::Sink, Gathered),
    /// Appends to a file and gives it its name. Ends in [`Finished::Committed`].
    Commit(S::Sink, Gathered),
    /// Removes an unfinished file. Ends in [`Finished::Closed`].
    Discard(S::Sink),
    /// Closes a file that was open for reading. Ends in [`Finished::Closed`].
    Close(S::Source),
}

/// How a job ended.
pub enum Finished<S: Store> {
    /// See [`Job::Open`].
    Opened(Result<S::Source, Refusal>),
    /// See [`Job::Create`].
    Created(Result<S::Sink, Refusal>),
    /// See [`Job::Read`].
    Read(io::Result<Vec<u8>>),
    /// The application has supplied more: no job of the store.
    Supplied,
    /// See [`Job::Write`]. With an error the file is gone, and nothing of it is left.
    Written(Result<S::Sink, Refusal>),
    /// See [`Job::Commit`]. With an error nothing of it is left.
    Committed(Result<(), Refusal>),
    /// See [`Job::Discard`] and [`Job::Close`].
    Closed,
}
