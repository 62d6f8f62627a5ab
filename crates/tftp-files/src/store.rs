//! Pieces of files in memory, shared by the transfers that need them at the moment.
//!
//! When a thousand machines boot at once they all want the same file: its descriptor, and the chunks that are between
//! "read" and "acknowledged by the last who needs it", exist once. The store holds nothing itself (only `Weak`s): what no
//! transfer holds is free. One store belongs to one shard, so there is no lock.

use std::fs::File;
use std::hash::Hash;
use std::io;
use std::sync::{Arc, Weak};

use hashbrown::HashMap;

use super::Bytes;
use super::Identity;
use super::jail::Opened;
use super::read;
use tftp_budget::descriptors::Ticket;

type Map<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// Entries below which a table is never searched for dead ones.
const PRUNE_FLOOR: usize = 64;

/// A file that transfers read from, in the state it had when it was opened.
#[derive(Debug)]
pub struct SharedFile {
    file: File,
    size: Option<u64>,
    /// Tells this opening from a later one of the same file.
    id: u64,
    /// What tells whether a later opening is still the same file.
    state: Option<Identity>,
    /// Counts the descriptor.
    ticket: Option<Ticket>,
}

impl SharedFile {
    /// Bytes when it was opened: what is sent, whatever becomes of the file. `None`: it is sent to its end, wherever
    /// that is.
    pub fn size(&self) -> Option<u64> {
        self.size
    }

    /// The state that it had when it was opened, where that can be told from a later one.
    pub fn state(&self) -> Option<Identity> {
        self.state
    }

    /// One of its clients has acknowledged something.
    pub fn settle(&self) {
        if let Some(ticket) = &self.ticket {
            ticket.settle();
        }
    }
}

/// A piece of a stream.
#[derive(Clone, Debug)]
pub struct Chunk {
    /// The stream offset of its first byte.
    pub start: u64,
    /// Its bytes.
    pub bytes: Bytes,
}

impl Chunk {
    /// The stream offset behind its last byte.
    pub fn end(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }
}

/// Which piece of which file. Chunks of different size classes are different pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct PieceKey {
    file: u64,
    start: u64,
    length: u32,
}

/// What is known of a piece.
#[derive(Debug)]
enum Piece {
    /// In memory, as long as somebody holds it.
    Held(Weak<Vec<u8>>),
    /// Being read, as long as the job or its result exists.
    Wanted(Weak<()>),
}

impl Piece {
    fn is_alive(&self) -> bool {
        match self {
            Piece::Held(bytes) => bytes.strong_count() > 0,
            Piece::Wanted(ticket) => ticket.strong_count() > 0,
        }
    }
}

/// What a look-up of a piece gives.
#[derive(Debug)]
pub(crate) enum Found {
    Bytes(Bytes),
    Job(ReadJob),
    UnderWay,
}

/// The files and chunks that the transfers of one shard share.
#[derive(Debug, Default)]
pub struct Store {
    files: Map<Identity, Weak<SharedFile>>,
    pieces: Map<PieceKey, Piece>,
    next_id: u64,
    prune_files_at: usize,
    prune_pieces_at: usize,
    /// Finds nothing in the page cache, as if every file were cold.
    #[cfg(test)]
    pub(crate) cold: bool,
}

impl Store {
    /// An empty store.
    pub fn new() -> Self {
        Store::default()
    }

    /// Takes a file that was just opened. If a transfer reads what is certainly the same unchanged file, that one's is
    /// returned and the new descriptor closed.
    #[cfg(test)]
    pub fn adopt(&mut self, opened: Opened) -> Arc<SharedFile> {
        self.adopt_counted(opened, None)
    }

    /// The same, with what counts its descriptor.
    pub fn adopt_counted(&mut self, opened: Opened, ticket: Option<Ticket>) -> Arc<SharedFile> {
        let Opened {
            file,
            size,
            key,
            state,
            path: _,
        } = opened;
        if let Some(shared) = key.and_then(|key| self.files.get(&key)).and_then(Weak::upgrade) {
            return shared;
        }
        self.next_id += 1;
        let id = self.next_id;
        let shared = Arc::new(SharedFile {
            file,
            size,
            id,
            state,
            ticket,
        });
        if let Some(key) = key {
            prune(&mut self.files, &mut self.prune_files_at, |file| {
                file.strong_count() > 0
            });
            self.files.insert(key, Arc::downgrade(&shared));
        }
        shared
    }

    /// Settles a finished job's result whose transfer is gone, so that others may ask anew. (A result that is only
    /// dropped does no harm either.) Returns the bytes, to be held by somebody or lost.
    pub fn settle(&mut self, read: Read) -> io::Result<Bytes> {
        match read.result {
            Ok(bytes) => {
                self.pieces
                    .insert(read.piece, Piece::Held(Arc::downgrade(&bytes)));
                Ok(bytes)
            }
            Err(error) => {
                self.pieces.remove(&read.piece);
                Err(error)
            }
        }
    }

    /// Files that some transfer holds open.
    #[cfg(test)]
    pub fn open_files(&self) -> usize {
        self.files.values().filter(|file| file.strong_count() > 0).count()
    }

    /// Bytes in all shared chunks that some transfer holds.
    #[cfg(test)]
    pub fn held_bytes(&self) -> usize {
        let held = self.pieces.values().filter_map(|piece| match piece {
            Piece::Held(bytes) => bytes.upgrade(),
            Piece::Wanted(_) => None,
        });
        held.map(|bytes| bytes.capacity()).sum()
    }

    /// The bytes `[start, start + length)` of a file, fewer only where its size is unknown and it ends there: from another transfer, from the page cache, or as a job for
    /// whoever may wait.
    pub(crate) fn find(&mut self, file: &Arc<SharedFile>, start: u64, length: u32) -> io::Result<Found> {
        let key = PieceKey {
            file: file.id,
            start,
            length,
        };
        match self.pieces.get(&key) {
            Some(Piece::Held(bytes)) => {
                if let Some(bytes) = bytes.upgrade() {
                    return Ok(Found::Bytes(bytes));
                }
            }
            Some(Piece::Wanted(ticket)) if ticket.strong_count() > 0 => return Ok(Found::UnderWay),
            _ => {}
        }
        prune(&mut self.pieces, &mut self.prune_pieces_at, Piece::is_alive);
        let mut buffer = Vec::with_capacity(length as usize);
        #[cfg(test)]
        let warm = !self.cold;
        #[cfg(not(test))]
        let warm = true;
        if warm && read::read_at_nowait(&file.file, &mut buffer, length as usize, start)? {
            let bytes = whole(file, buffer, length)?;
            self.pieces.insert(key, Piece::Held(Arc::downgrade(&bytes)));
            return Ok(Found::Bytes(bytes));
        }
        let ticket = Arc::new(());
        self.pieces.insert(key, Piece::Wanted(Arc::downgrade(&ticket)));
        Ok(Found::Job(ReadJob {
            file: file.clone(),
            piece: key,
            ticket,
        }))
    }
}

/// A read that would have waited for the disk. Run it on the pool and bring the result to `Source::accept`, or, if its
/// transfer is gone, to [`Store::settle`].
#[derive(Debug)]
pub struct ReadJob {
    file: Arc<SharedFile>,
    piece: PieceKey,
    ticket: Arc<()>,
}

impl ReadJob {
    /// Reads; may block.
    pub fn run(self) -> Read {
        let length = self.piece.length;
        let mut buffer = Vec::with_capacity(length as usize);
        let result = read::read_at(&self.file.file, &mut buffer, length as usize, self.piece.start)
            .and_then(|()| whole(&self.file, buffer, length));
        Read {
            piece: self.piece,
            result,
            _ticket: self.ticket,
        }
    }
}

/// The result of a [`ReadJob`].
#[derive(Debug)]
pub struct Read {
    piece: PieceKey,
    result: io::Result<Bytes>,
    _ticket: Arc<()>,
}

/// A file may grow while it is sent, and is sent as it was; one that shrinks must not arrive as a short but whole file.
/// Where the size was never known, the end is where nothing more comes.
fn whole(file: &SharedFile, buffer: Vec<u8>, length: u32) -> io::Result<Bytes> {
    if buffer.len() < length as usize && file.size.is_some() {
        return Err(io::Error::new(
            io::ErrorKind::UnexpectedEof,
            "the file shrank while it was sent",
        ));
    }
    Ok(Arc::new(buffer))
}

/// Drops dead entries whenever a table has doubled since the last time: constant work an entry on average.
fn prune<K: Eq + Hash, V>(table: &mut Map<K, V>, at: &mut usize, alive: impl Fn(&V) -> bool) {
    if table.len() < (*at).max(PRUNE_FLOOR) {
        return;
    }
    table.retain(|_, value| alive(value));
    *at = table.len() * 2;
    if table.capacity() > 4 * (*at).max(PRUNE_FLOOR) {
        table.shrink_to(*at);
    }
}

#[cfg(test)]
pub(crate) mod tests;
