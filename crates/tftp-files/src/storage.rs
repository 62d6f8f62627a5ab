//! The interface of storage, as the server needs it.
//!
//! A [`Store`] never blocks the calling thread. Requests that can be served at once are
//! (`try_open`, [`Source::try_read`]). Everything else is a [`Job`], whose result comes through
//! [`Done`], on any thread, at any time. Storage that has only blocking calls implements
//! [`Files`](crate::Files) and is wrapped in [`Pooled`](crate::Pooled).

use std::io;
use std::path::Path;
use std::sync::Arc;

use super::jail::{Jail, Refusal};
use super::upload::UploadOptions;
use super::{Bytes, Fed, Lane};
pub(crate) use done::JobKind;
pub use done::{Completion, Done, Mailbox, Owner};
pub use gathered::Gathered;

mod done;
mod gathered;

/// The storage that files are read from and written to.
///
/// Each I/O thread has a clone of its own.
pub trait Store: Clone + Send + 'static {
    /// A file that is open for reading.
    type Source: Source;
    /// A file that is open for writing.
    type Sink: Sink;

    /// Opens a file for reading on the I/O thread, if that needs no waiting. On `None` the caller
    /// starts a [`Job::Open`].
    fn try_open(&self, place: &Place, standing: Standing) -> Option<Result<Self::Source, Refusal>>;

    /// The lane that jobs for this place run in: see [`Place::lane`].
    fn lane(&self, place: &Place) -> Lane {
        place.lane()
    }

    /// Returns whether another job of this lane should be started. False if so many wait there that
    /// the storage probably hangs; the client's request is better left unanswered then.
    fn has_room(&self, lane: Lane) -> bool;

    /// Starts a job and returns at once. The store finishes `done` exactly once, possibly before
    /// this returns. A `done` that is dropped instead counts as a failed job.
    fn start(&self, lane: Lane, job: Job<Self>, done: Done<Self>);

    /// Called when the packets of this turn have been sent: from now on jobs may use the processor.
    /// Jobs started since the last call may be delayed until this one.
    fn call(&self);
}

/// A file that is open for reading.
pub trait Source: Send + Sync + 'static {
    /// Its path, for the application. It is never shown to a client.
    fn path(&self) -> Option<&Path> {
        None
    }

    /// The number of bytes that will be read of it.
    fn length(&self) -> Length;

    /// The identity of its contents: two sources with equal identities have the same contents and
    /// may share the bytes that are read. `None` if nothing may be shared, for example where inode
    /// numbers are not unique, or directly after a change.
    fn identity(&self) -> Option<Identity>;

    /// The state by which a later opening of the same place is recognized as the same unchanged
    /// file. Only a file that has one may be closed and opened again while a transfer needs it.
    /// `None` if an unchanged file cannot be recognized.
    fn state(&self) -> Option<Identity> {
        self.identity()
    }

    /// The whole contents, if they are in memory anyway. In that case nothing is read or shared.
    fn in_memory(&self) -> Option<&Bytes> {
        None
    }

    /// Appends `length` bytes from `at` to `into`, if that needs no waiting; fewer only at the end.
    /// On `Ok(false)` the caller starts a [`Job::Read`], and `into` is as before.
    ///
    /// # Errors
    /// The error of the read; `into` is as before.
    fn try_read(&self, at: u64, length: usize, into: &mut Vec<u8>) -> io::Result<bool>;

    /// Called when a client has acknowledged something of it: from now on it does not count as held
    /// by half-open transfers alone.
    fn settle(&self) {}
}

/// A file that is open for writing. Nothing is visible under its name before it is committed.
/// Dropping it may block, and leaves nothing behind.
pub trait Sink: Send + 'static {
    /// The path that it will have, for the application. It is never shown to a client.
    fn path(&self) -> Option<&Path> {
        None
    }

    /// Called when its client has acknowledged something.
    fn settle(&self) {}
}

/// The place of a file: where a download's bytes are found, or where an upload goes.
#[derive(Clone, Debug)]
pub enum Place {
    /// A name inside a directory, out of which no name leads.
    Below(Arc<Jail>, Arc<str>),
    /// Any path, which the application has chosen.
    Path(Arc<Path>),
    /// The application's bytes, for a download. No store is used.
    Memory(Bytes),
    /// Bytes that the application supplies while the download runs. No store is used.
    Fed(Arc<Fed>),
    /// An upload that only the application's callback receives. No store is used.
    Application,
}

impl Place {
    /// The lane of its jobs, as far as it follows from the name: jobs that probably hang together.
    pub fn lane(&self) -> Lane {
        match self {
            Place::Below(root, name) => Lane::below(root.root(), name),
            Place::Path(path) => Lane::of(path),
            Place::Memory(_) | Place::Fed(_) | Place::Application => Lane::NONE,
        }
    }

    /// Returns whether both are the same name in the same directory, or the same path.
    pub fn is_same(&self, other: &Place) -> bool {
        match (self, other) {
            (Place::Below(one, name), Place::Below(two, other)) => {
                Arc::ptr_eq(one, two) && name == other
            }
            (Place::Path(one), Place::Path(two)) => one == two,
            _ => false,
        }
    }
}

/// Whether the client of a file has acknowledged anything. Half-open transfers have a smaller share
/// of the descriptors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The client has acknowledged nothing yet.
    HalfOpen,
    /// The client has acknowledged something.
    Settled,
}

/// The number of bytes that a source has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// The size when it was opened, whatever becomes of the file.
    Exact(u64),
    /// Unknown: the file is read to its end. Its contents are generated (procfs, sysfs), or it
    /// claims a size of 0 that is not believed.
    Unknown,
}

impl Length {
    /// Returns the number of bytes, if it is known.
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

/// Identifies one state of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Identity {
    /// The device's number.
    pub device: u64,
    /// The file's number on that device.
    pub inode: u64,
    /// The size that it claims, in bytes.
    pub size: u64,
    /// The last modification, in seconds and nanoseconds since 1970. Anyone who may write the file
    /// can set it.
    pub modified: (i64, i64),
    /// The last change of contents, size or attributes, likewise. Only the kernel sets it.
    pub changed: (i64, i64),
}

/// Work that may take any amount of time.
pub enum Job<S: Store> {
    /// Opens a file for reading. Ends in [`Finished::Opened`].
    Open(Place, Standing),
    /// Creates a file. Ends in [`Finished::Created`].
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

/// The result of a job.
pub enum Finished<S: Store> {
    /// See [`Job::Open`].
    Opened(Result<S::Source, Refusal>),
    /// See [`Job::Create`].
    Created(Result<S::Sink, Refusal>),
    /// See [`Job::Read`].
    Read(io::Result<Vec<u8>>),
    /// The application has supplied more data. Not the result of a store's job.
    Supplied,
    /// See [`Job::Write`]. On an error the file is gone, and nothing of it is left.
    Written(Result<S::Sink, Refusal>),
    /// See [`Job::Commit`]. On an error nothing of the file is left.
    Committed(Result<(), Refusal>),
    /// See [`Job::Discard`] and [`Job::Close`].
    Closed,
}
