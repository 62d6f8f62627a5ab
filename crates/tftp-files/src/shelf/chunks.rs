//! Pieces of files in memory, and jobs that read them: each piece once, and one job for each that is missing.

use std::io;
use std::sync::{Arc, Weak};

use super::Read;
use super::tables::Pruned;
use crate::Bytes;
use crate::framing::Framing;
use crate::storage::Owner;

/// A piece of a stream.
#[derive(Clone, Debug)]
pub(crate) struct Chunk {
    /// The stream offset of its first byte.
    pub(crate) start: u64,
    /// The stream offset behind its last byte.
    pub(crate) end: u64,
    /// Its bytes, with headers between them where it is framed.
    pub(crate) bytes: Bytes,
}

/// Which piece of which file. Chunks of different size classes are different pieces, and so are plain ones and those that
/// are framed for different options.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PieceKey {
    pub(crate) file: u64,
    pub(crate) start: u64,
    pub(crate) length: u32,
    pub(crate) framing: Option<Framing>,
}

/// A piece that a job reads, as long as the job or its completion exists.
#[derive(Debug)]
pub(crate) struct Piece {
    key: PieceKey,
    is_exact: bool,
    /// Kept alive.
    _ticket: Arc<()>,
}

/// What is known of a piece.
enum State {
    /// In memory, as long as somebody holds it.
    Held(Weak<Vec<u8>>),
    Wanted(Wanted),
}

struct Wanted {
    job: u64,
    ticket: Weak<()>,
    waiting: Vec<Owner>,
}

impl State {
    fn is_alive(&self) -> bool {
        match self {
            State::Held(bytes) => bytes.strong_count() > 0,
            State::Wanted(wanted) => wanted.ticket.strong_count() > 0,
        }
    }
}

pub(super) enum Looked {
    Bytes(Bytes),
    UnderWay(u64),
    Nothing,
}

/// The pieces of one shelf.
#[derive(Default)]
pub(super) struct Chunks {
    pieces: Pruned<PieceKey, State>,
    next_job: u64,
}

impl Chunks {
    /// The piece, or the job that reads it, on which `owner` waits from now on unless it is the one it waits on already.
    pub(super) fn look(&mut self, key: PieceKey, owner: Owner, waits: Option<u64>) -> Looked {
        match self.pieces.get_mut(&key) {
            Some(State::Held(bytes)) => bytes.upgrade().map_or(Looked::Nothing, Looked::Bytes),
            Some(State::Wanted(wanted)) if wanted.ticket.strong_count() > 0 => {
                if waits != Some(wanted.job) {
                    wanted.waiting.push(owner);
                }
                Looked::UnderWay(wanted.job)
            }
            _ => Looked::Nothing,
        }
    }

    /// A piece that was read. It gets its headers here.
    pub(super) fn hold(&mut self, key: PieceKey, is_exact: bool, mut read: Vec<u8>) -> io::Result<Bytes> {
        check_length(&read, key.length, is_exact)?;
        if let Some(framing) = key.framing {
            framing.frame(key.start, &mut read);
        }
        let bytes = Arc::new(read);
        let state = State::Held(Arc::downgrade(&bytes));
        self.pieces.insert(key, state, State::is_alive);
        Ok(bytes)
    }

    /// A piece that a job will read.
    pub(super) fn want(&mut self, key: PieceKey, is_exact: bool) -> Piece {
        self.next_job += 1;
        let ticket = Arc::new(());
        let wanted = Wanted {
            job: self.next_job,
            ticket: Arc::downgrade(&ticket),
            waiting: Vec::new(),
        };
        let before = self.pieces.insert(key, State::Wanted(wanted), State::is_alive);
        // Whoever waits for a job whose completion got lost waits for this one.
        if let Some(State::Wanted(lost)) = before
            && let Some(State::Wanted(wanted)) = self.pieces.get_mut(&key)
        {
            wanted.waiting = lost.waiting;
        }
        Piece {
            key,
            is_exact,
            _ticket: ticket,
        }
    }

    /// The result of a job. With an error everybody who waits asks anew.
    pub(super) fn settle(&mut self, piece: Piece, read: io::Result<Vec<u8>>) -> Read {
        let waiting = self.take_waiting(piece.key);
        Read {
            result: read.and_then(|read| self.hold(piece.key, piece.is_exact, read)),
            waiting,
        }
    }

    /// Data came where a fed source holds it: everybody who waits asks for it there.
    pub(super) fn announce(&mut self, piece: Piece) -> Read {
        Read {
            result: Ok(Bytes::default()),
            waiting: self.take_waiting(piece.key),
        }
    }

    fn take_waiting(&mut self, key: PieceKey) -> Vec<Owner> {
        match self.pieces.remove(&key) {
            Some(State::Wanted(wanted)) => wanted.waiting,
            _ => Vec::new(),
        }
    }

    /// Bytes in all pieces that somebody holds.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        let held = self.pieces.values().filter_map(|state| match state {
            State::Held(bytes) => bytes.upgrade(),
            State::Wanted(_) => None,
        });
        held.map(|bytes| bytes.capacity()).sum()
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.pieces.values().len()
    }
}

/// A file may grow while it is sent, and is sent as it was; one that shrinks must not arrive as a short but whole file.
/// Where the length was never known, the end is where nothing more comes.
fn check_length(read: &[u8], length: u32, is_exact: bool) -> io::Result<()> {
    if read.len() < length as usize && is_exact {
        return Err(io::Error::new(
            io::ErrorKind::UnexpectedEof,
            "the file shrank while it was sent",
        ));
    }
    Ok(())
}
