//! A file, which may be closed while its client has acknowledged nothing.

use std::io;
use std::sync::Arc;

use crate::Bytes;
use crate::shelf::{Found, Shared, Shelf};
use crate::storage::{Identity, Owner, Store};

pub(super) enum Handle<S: Store> {
    Open(Arc<Shared<S>>),
    Parked(Box<Parked>),
}

/// What a file was when it was closed.
#[derive(PartialEq, Eq)]
pub(super) struct Parked {
    length: Option<u64>,
    state: Option<Identity>,
}

/// What a feed waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waits {
    Nothing,
    /// Its own job.
    Job,
    /// A job of another transfer.
    Chunk(u64),
    /// The file, which was closed.
    File,
}

/// Who looks for a chunk, and where.
pub(super) struct Caller<'a, S: Store> {
    pub(super) shelf: &'a mut Shelf<S>,
    pub(super) owner: Owner,
    pub(super) waits: Waits,
    pub(super) chunk_size: u32,
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

    /// The chunk that begins at `start`, a multiple of the chunk size, or what has to be waited for.
    pub(super) fn find(&self, caller: &mut Caller<'_, S>, start: u64) -> io::Result<Result<Bytes, Waits>> {
        let Handle::Open(file) = self else {
            return Ok(Err(Waits::File));
        };
        let waits = match caller.waits {
            Waits::Chunk(job) => Some(job),
            _ => None,
        };
        let piece = (start, caller.chunk_size);
        Ok(match caller.shelf.find(file, piece, caller.owner, waits)? {
            Found::Bytes(bytes) => Ok(bytes),
            Found::Pending => Err(Waits::Job),
            Found::Waiting(job) => Err(Waits::Chunk(job)),
        })
    }
}
