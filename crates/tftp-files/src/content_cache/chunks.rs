//! Tracks pieces of files in memory, and jobs that read them: each piece is in memory once, and at
//! most one job reads a missing one.

use std::io;
use std::sync::{Arc, Weak};

use super::Read;
use super::tables::Pruned;
use crate::Bytes;
use crate::framing::Framing;
use crate::storage::Owner;

/// The chunks are weighed at the latest when so many times the bytes that may be held were read.
const MOST_TIMES: usize = 4;

/// A piece of a stream.
#[derive(Clone, Debug)]
pub(crate) struct Chunk {
    /// The stream offset of its first byte.
    pub(crate) start: u64,
    /// The stream offset after its last byte.
    pub(crate) end: u64,
    /// Its bytes, with packet headers between them if it is framed.
    pub(crate) bytes: Bytes,
}

/// Identifies a piece of a file. Chunks of different size classes are different pieces, and so are
/// plain chunks and chunks framed for different options.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PieceKey {
    pub(crate) file: u64,
    pub(crate) start: u64,
    pub(crate) length: u32,
    pub(crate) framing: Option<Framing>,
}

/// A piece that a job reads. It lives as long as the job or its completion.
#[derive(Debug)]
pub(crate) struct Piece {
    key: PieceKey,
    is_exact: bool,
    /// Its `Weak` in [`Wanted`] shows whether the job still exists.
    _ticket: Arc<()>,
}

/// The state of a piece.
enum State {
    /// In memory, as long as a transfer holds it.
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

pub(super) enum LookUp {
    Bytes(Bytes),
    UnderWay(u64),
    Nothing,
}

/// The pieces of one cache.
pub(super) struct Chunks {
    pieces: Pruned<PieceKey, State>,
    next_job: u64,
    /// The bytes that may be held before any are given up.
    most: usize,
    /// The bytes read since they were weighed last, and from which they are weighed again.
    read: usize,
    weigh_at: usize,
}

impl Chunks {
    pub(super) fn new(most: usize) -> Chunks {
        Chunks {
            pieces: Pruned::default(),
            next_job: 0,
            most,
            read: 0,
            weigh_at: most,
        }
    }

    /// Returns the piece, or the job that reads it. In the second case `owner` waits for that job
    /// from now on, unless it does so already (`waits`).
    pub(super) fn look(&mut self, key: PieceKey, owner: Owner, waits: Option<u64>) -> LookUp {
        match self.pieces.get_mut(&key) {
            Some(State::Held(bytes)) => bytes.upgrade().map_or(LookUp::Nothing, LookUp::Bytes),
            Some(State::Wanted(wanted)) if wanted.ticket.strong_count() > 0 => {
                if waits != Some(wanted.job) {
                    wanted.waiting.push(owner);
                }
                LookUp::UnderWay(wanted.job)
            }
            _ => LookUp::Nothing,
        }
    }

    /// Registers a piece that was read, and puts the packet headers into it if it is to be framed.
    pub(super) fn hold(
        &mut self,
        key: PieceKey,
        is_exact: bool,
        mut read: Vec<u8>,
    ) -> io::Result<Bytes> {
        check_length(&read, key.length, is_exact)?;
        if let Some(framing) = key.framing {
            framing.frame(key.start, &mut read);
        }
        self.read += read.capacity();
        let bytes = Arc::new(read);
        let state = State::Held(Arc::downgrade(&bytes));
        self.pieces.insert(key, state, State::is_alive);
        Ok(bytes)
    }

    /// Registers a piece that a job will read.
    pub(super) fn want(&mut self, key: PieceKey, is_exact: bool) -> Piece {
        self.next_job += 1;
        let ticket = Arc::new(());
        let wanted = Wanted {
            job: self.next_job,
            ticket: Arc::downgrade(&ticket),
            waiting: Vec::new(),
        };
        let before = self.pieces.insert(key, State::Wanted(wanted), State::is_alive);
        // Transfers that wait for a job whose completion got lost wait for this one.
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

    /// Forgets the pieces that no transfer holds and no job reads.
    pub(super) fn shrink(&mut self) {
        self.weigh_at = self.most;
        self.pieces.shrink(State::is_alive);
    }

    /// Takes the result of a job. On an error everyone who waits looks the piece up anew.
    pub(super) fn complete(&mut self, piece: Piece, read: io::Result<Vec<u8>>) -> Read {
        let waiting = self.take_waiting(piece.key);
        Read {
            result: read.and_then(|read| self.hold(piece.key, piece.is_exact, read)),
            waiting,
        }
    }

    /// Called when a fed source has got data: everyone who waits looks it up there.
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

    /// Returns true if so many bytes were read since they were weighed last that much more may be
    /// held.
    #[inline]
    pub(super) fn are_due(&self) -> bool {
        self.read >= self.weigh_at
    }

    /// Weighs them, and calls `give_up` if more are held than may be. They are due again when that
    /// many have been read, or three quarters of those that are held then, if that is more, but
    /// within bounds: little work for each byte, and a limit to what silent clients can add.
    pub(super) fn weigh(&mut self, give_up: impl FnOnce()) {
        self.pieces.drop_dead(State::is_alive);
        let mut held = self.held();
        if held > self.most {
            give_up();
            held = self.held();
        }
        self.read = 0;
        self.weigh_at = (held / 4 * 3).clamp(self.most, MOST_TIMES * self.most);
    }

    /// The bytes in all pieces that are held.
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

/// Checks the length of a piece. A file that grows while it is sent is sent with the size that it
/// had. A file that shrinks must not arrive as a short but whole file. If the length was never
/// known, the file ends where a read returns no more.
fn check_length(read: &[u8], length: u32, is_exact: bool) -> io::Result<()> {
    if read.len() < length as usize && is_exact {
        return Err(io::Error::new(
            io::ErrorKind::UnexpectedEof,
            "the file shrank while it was sent",
        ));
    }
    Ok(())
}
