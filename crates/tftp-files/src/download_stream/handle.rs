//! A file, which may be closed while its client has acknowledged nothing.

use std::io;
use std::sync::Arc;

use crate::Bytes;
use crate::content_cache::{ContentCache, Found, FoundFed, Shared, Wanted};
use crate::fed::Reader;
use crate::framing::Framing;
use crate::storage::{Identity, Owner, Store};

pub(super) enum Handle<S: Store> {
    Open(Arc<Shared<S>>),
    Parked(Box<Parked>),
}

impl<S: Store> Handle<S> {
    pub(super) fn into_file(self) -> Option<Arc<Shared<S>>> {
        match self {
            Handle::Open(file) => Some(file),
            Handle::Parked(_) => None,
        }
    }
}

/// The state of a file when it was closed, to compare a later opening with.
#[derive(PartialEq, Eq)]
pub(super) struct Parked {
    length: Option<u64>,
    state: Option<Identity>,
}

/// The job or the file that a download waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waits {
    Nothing,
    /// A job of this transfer.
    Job,
    /// A job of another transfer.
    Chunk(u64),
    /// The file, which was closed and has to be opened again.
    File,
}

/// The download that looks for a chunk, and the cache to find it in.
pub(super) struct Caller<'a, S: Store> {
    pub(super) cache: &'a mut ContentCache<S>,
    pub(super) owner: Owner,
    pub(super) waits: Waits,
    pub(super) chunk_size: u32,
    pub(super) framing: Option<Framing>,
}

impl<S: Store> Caller<'_, S> {
    /// The job of another transfer that it waits for already.
    fn job(&self) -> Option<u64> {
        match self.waits {
            Waits::Chunk(job) => Some(job),
            _ => None,
        }
    }

    /// Finds the bytes that the application supplied from `start` on, and whether they are the last
    /// ones.
    pub(super) fn find_fed(
        &mut self,
        reader: &Arc<Reader>,
        start: u64,
    ) -> io::Result<Result<(Bytes, bool), Waits>> {
        let job = self.job();
        Ok(match self.cache.find_fed(reader, start, self.owner, job)? {
            FoundFed::Bytes(bytes, is_last) => Ok((bytes, is_last)),
            FoundFed::Pending => Err(Waits::Job),
            FoundFed::Waiting(job) => Err(Waits::Chunk(job)),
        })
    }
}

impl Parked {
    pub(super) fn of<S: Store>(file: &Shared<S>) -> Parked {
        Parked {
            length: file.length(),
            state: file.state(),
        }
    }
}

impl<S: Store> Handle<S> {
    pub(super) fn length(&self) -> Option<u64> {
        match self {
            Handle::Open(file) => file.length(),
            Handle::Parked(parked) => parked.length,
        }
    }

    /// Finds the chunk that begins at `start`, or returns what has to be waited for. Transfers share
    /// those whose `start` is a multiple of the chunk size.
    pub(super) fn find(
        &self,
        caller: &mut Caller<'_, S>,
        start: u64,
    ) -> io::Result<Result<Bytes, Waits>> {
        let Handle::Open(file) = self else {
            return Ok(Err(Waits::File));
        };
        let wanted = Wanted {
            start,
            most: caller.chunk_size,
            framing: caller.framing,
        };
        let job = caller.job();
        Ok(match caller.cache.find(file, wanted, caller.owner, job)? {
            Found::Bytes(bytes) => Ok(bytes),
            Found::Pending => Err(Waits::Job),
            Found::Waiting(job) => Err(Waits::Chunk(job)),
        })
    }
}
