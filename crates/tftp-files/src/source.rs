//! Where the stream of a download comes from: a file or the application's memory, as it is or as netascii.
//!
//! A source holds the part of the stream that was sent or can be sent and is not acknowledged yet, so that a
//! retransmission carries the same bytes, and nothing else.

use std::collections::VecDeque;
use std::io;
use std::ops::Range;
use std::sync::Arc;

use tftp_proto::netascii::{self, Encoder};
use tftp_proto::wire::Mode;

use super::Bytes;
use super::Identity;
use super::store::{Chunk, Found, Read, ReadJob, SharedFile, Store};

/// Chunk sizes in bytes: for windows that a small chunk holds, and for all others. Ten thousand lockstep transfers must fit
/// in little memory; a large window should be few reads and few slices.
const SMALL: u32 = 8 * 1024;
const LARGE: u32 = 64 * 1024;

/// Text is translated at least so much at a time.
const LEAST_PIECE: usize = 512;

/// Application data up to this size is counted through beforehand to know its length as netascii (about a
/// millisecond a megabyte, on an I/O thread).
const COUNTED: usize = 4 * 1024 * 1024;

/// A download's stream.
pub struct Source {
    origin: Origin,
    /// Contiguous, in order; the last one ends at `end`. Empty for octets from memory.
    chunks: VecDeque<Chunk>,
    /// Stream bytes below this were made available.
    end: u64,
    failed: Option<io::Error>,
    chunk_size: u32,
    /// How much is translated at a time: no more than a window, for it is this transfer's alone.
    piece: usize,
    started: bool,
    /// A file of unknown size came to its end.
    exhausted: bool,
}

enum Origin {
    File(Handle),
    Memory(Bytes),
    /// Translated piece by piece.
    Text(Box<Text>),
}

struct Text {
    raw: Raw,
    /// The piece of the file that is being translated: a chunk that others share.
    current: Option<Chunk>,
    /// Bytes of `raw` translated so far.
    done: u64,
    encoder: Encoder,
    stream_size: Option<u64>,
}

enum Raw {
    File(Handle),
    Memory(Bytes),
}

/// A file, which may be closed while its client has acknowledged nothing.
enum Handle {
    Open(Arc<SharedFile>),
    Parked(Box<Parked>),
}

/// What a file was when it was closed.
#[derive(PartialEq, Eq)]
struct Parked {
    size: Option<u64>,
    state: Option<Identity>,
}

impl Parked {
    fn of(file: &SharedFile) -> Parked {
        Parked {
            size: file.size(),
            state: file.state(),
        }
    }
}

/// What [`Source::ensure`] found.
#[derive(Debug)]
pub enum Supply {
    /// The stream's bytes `[0, available)` can be sent, or were; with `end` that is all of it.
    Have {
        /// At least what was asked for, or the whole stream.
        available: u64,
        /// The stream is exactly `available` bytes long.
        end: bool,
    },
    /// The disk has to be waited for: run it on the pool, give the result to [`Source::accept`], then ask again.
    Pending(ReadJob),
    /// Another transfer's job reads the very chunk (never two jobs for one, else a hung disk and a few clients could
    /// occupy the whole pool): ask again when the shard's next finished [`Read`] was accepted or dropped.
    Waiting,
    /// The file was closed: open it again and give it to [`Source::reopen`].
    Parked,
    /// The file can't be read, or is shorter than it said (`UnexpectedEof`).
    Failed(io::Error),
}

impl Source {
    /// A file's contents.
    pub fn file(file: Arc<SharedFile>, mode: Mode) -> Source {
        Source::new(match mode {
            Mode::Octet => Origin::File(Handle::Open(file)),
            Mode::Netascii => {
                // Only reading the file through would tell; an empty one has nothing to translate.
                let stream_size = file.size().filter(|size| *size == 0);
                Origin::Text(Box::new(Text::new(Raw::File(Handle::Open(file)), stream_size)))
            }
        })
    }

    /// Data in memory.
    pub fn memory(bytes: Bytes, mode: Mode) -> Source {
        Source::new(match mode {
            Mode::Octet => Origin::Memory(bytes),
            Mode::Netascii => {
                let stream_size = (bytes.len() <= COUNTED).then(|| netascii::encoded_len(&bytes));
                Origin::Text(Box::new(Text::new(Raw::Memory(bytes), stream_size)))
            }
        })
    }

    fn new(origin: Origin) -> Source {
        Source {
            origin,
            chunks: VecDeque::new(),
            end: 0,
            failed: None,
            chunk_size: SMALL,
            piece: SMALL as usize,
            started: false,
            exhausted: false,
        }
    }

    /// The stream's exact length on the wire, in bytes. `None` for netascii from a file or from much memory, which would
    /// have to be translated to be known, and for a file of unknown size.
    pub fn stream_size(&self) -> Option<u64> {
        match &self.origin {
            Origin::File(file) => file.size(),
            Origin::Memory(bytes) => Some(bytes.len() as u64),
            Origin::Text(text) => text.stream_size,
        }
    }

    /// The stream's length, also where it became known only by reaching its end.
    pub fn known_size(&self) -> Option<u64> {
        self.stream_size().or_else(|| self.is_whole().then_some(self.end))
    }

    /// Says how many bytes a window has (blksize times windowsize), which decides the size of the chunks. Without
    /// effect after the first [`Source::ensure`].
    pub fn set_window(&mut self, bytes: u64) {
        if !self.started {
            // What is generated while it is read is most consistent in one piece.
            let is_small = bytes <= u64::from(SMALL) && !self.is_unsized();
            self.chunk_size = if is_small { SMALL } else { LARGE };
            let window = usize::try_from(bytes).unwrap_or(usize::MAX);
            self.piece = window.clamp(LEAST_PIECE, self.chunk_size as usize);
        }
    }

    /// Tries to make the stream available up to byte `upto`, without waiting.
    pub fn ensure(&mut self, store: &mut Store, upto: u64) -> Supply {
        self.started = true;
        if let Some(error) = self.failed.take() {
            return Supply::Failed(error);
        }
        loop {
            let end = self.is_whole();
            if end || self.end >= upto {
                return Supply::Have {
                    available: self.end,
                    end,
                };
            }
            match self.extend(store) {
                Ok(None) => {}
                Ok(Some(supply)) => return supply,
                Err(error) => return Supply::Failed(error),
            }
        }
    }

    /// Takes the result of a job that [`Source::ensure`] gave out; ask `ensure` again afterwards, here and for the transfers
    /// that were told [`Supply::Waiting`].
    pub fn accept(&mut self, store: &mut Store, read: Read) {
        match store.settle(read) {
            // The store has only a weak hold of it: taken from there before `held` is let go.
            Ok(held) => {
                if !self.is_whole() {
                    self.failed = self.extend(store).err();
                }
                drop(held);
            }
            Err(error) => self.failed = Some(error),
        }
    }

    /// Lets go of what lies wholly below stream byte `below`: it is acknowledged.
    pub fn release(&mut self, below: u64) {
        while self.chunks.front().is_some_and(|chunk| chunk.end() <= below) {
            self.chunks.pop_front();
        }
    }

    /// Calls `each` for the pieces that make up `range` of the stream, in order. What is not held (released, or not made
    /// available yet) is left out.
    pub fn slices(&self, range: Range<u64>, each: &mut dyn FnMut(&Bytes, Range<usize>)) {
        if let Origin::Memory(bytes) = &self.origin {
            let end = range.end.min(self.end);
            if range.start < end {
                each(bytes, to_usize(range.start)..to_usize(end));
            }
            return;
        }
        let first = self.chunks.partition_point(|chunk| chunk.end() <= range.start);
        for chunk in self.chunks.range(first..) {
            if chunk.start >= range.end {
                break;
            }
            let start = range.start.max(chunk.start) - chunk.start;
            let end = range.end.min(chunk.end()) - chunk.start;
            each(&chunk.bytes, to_usize(start)..to_usize(end));
        }
    }

    fn is_whole(&self) -> bool {
        self.exhausted
            || match &self.origin {
                Origin::File(file) => file.size() == Some(self.end),
                Origin::Memory(bytes) => self.end == bytes.len() as u64,
                Origin::Text(text) => text.raw.size() == Some(text.done),
            }
    }

    /// The file, where there is one and it is open.
    pub fn shared_file(&self) -> Option<&Arc<SharedFile>> {
        match self.handle() {
            Some(Handle::Open(file)) => Some(file),
            _ => None,
        }
    }

    /// Closes the file, if a later opening can tell whether it is still the same. What was read of it stays.
    pub fn park(&mut self) {
        if let Some(handle) = self.handle_mut()
            && let Handle::Open(file) = handle
            && file.state().is_some()
        {
            *handle = Handle::Parked(Box::new(Parked::of(file)));
        }
    }

    /// The file again, after [`Supply::Parked`].
    ///
    /// # Errors
    /// Where it is another file by now, or has changed.
    pub fn reopen(&mut self, again: Arc<SharedFile>) -> io::Result<()> {
        let Some(handle) = self.handle_mut() else {
            return Ok(());
        };
        if let Handle::Parked(parked) = handle {
            if **parked != Parked::of(&again) {
                return Err(io::Error::other("the file changed before it was sent"));
            }
            *handle = Handle::Open(again);
        }
        Ok(())
    }

    fn handle(&self) -> Option<&Handle> {
        match &self.origin {
            Origin::File(handle) => Some(handle),
            Origin::Text(text) => match &text.raw {
                Raw::File(handle) => Some(handle),
                Raw::Memory(_) => None,
            },
            Origin::Memory(_) => None,
        }
    }

    fn handle_mut(&mut self) -> Option<&mut Handle> {
        match &mut self.origin {
            Origin::File(handle) => Some(handle),
            Origin::Text(text) => match &mut text.raw {
                Raw::File(handle) => Some(handle),
                Raw::Memory(_) => None,
            },
            Origin::Memory(_) => None,
        }
    }

    /// Whether the stream is made for this transfer alone.
    pub fn is_translated(&self) -> bool {
        matches!(self.origin, Origin::Text(_))
    }

    fn is_unsized(&self) -> bool {
        match &self.origin {
            Origin::File(file) => file.size().is_none(),
            Origin::Memory(_) => false,
            Origin::Text(text) => text.raw.size().is_none(),
        }
    }

    /// Makes the next chunk available; `Some`: not now.
    fn extend(&mut self, store: &mut Store) -> io::Result<Option<Supply>> {
        let is_unsized = self.is_unsized();
        let (bytes, is_last) = match &mut self.origin {
            Origin::Memory(bytes) => {
                self.end = bytes.len() as u64;
                return Ok(None);
            }
            Origin::File(Handle::Parked(_)) => return Ok(Some(Supply::Parked)),
            Origin::File(Handle::Open(file)) => match find(store, file, self.end, self.chunk_size)? {
                Found::Bytes(bytes) => {
                    let is_last = bytes.len() < self.chunk_size as usize;
                    (bytes, is_last)
                }
                other => return Ok(Some(other.into())),
            },
            Origin::Text(text) => match text.next(store, self.chunk_size, self.piece)? {
                Ok(next) => next,
                Err(supply) => return Ok(Some(supply)),
            },
        };
        self.exhausted = is_unsized && is_last;
        if !bytes.is_empty() {
            self.push(bytes);
        }
        Ok(None)
    }

    fn push(&mut self, bytes: Bytes) {
        let start = self.end;
        self.end += bytes.len() as u64;
        self.chunks.push_back(Chunk { start, bytes });
    }
}

impl Text {
    fn new(raw: Raw, stream_size: Option<u64>) -> Text {
        Text {
            raw,
            current: None,
            done: 0,
            encoder: Encoder::new(),
            stream_size,
        }
    }

    /// Translates the next piece, of `piece` bytes at most. True with the last one of a file of unknown size; inner error:
    /// not now.
    fn next(
        &mut self,
        store: &mut Store,
        chunk_size: u32,
        piece: usize,
    ) -> io::Result<Result<(Bytes, bool), Supply>> {
        let chunk = match (&self.raw, self.current.take()) {
            (Raw::Memory(bytes), _) => Chunk {
                start: 0,
                bytes: bytes.clone(),
            },
            (Raw::File(_), Some(chunk)) => chunk,
            (Raw::File(Handle::Parked(_)), None) => return Ok(Err(Supply::Parked)),
            (Raw::File(Handle::Open(file)), None) => match find(store, file, self.done, chunk_size)? {
                Found::Bytes(bytes) => Chunk {
                    start: self.done,
                    bytes,
                },
                other => return Ok(Err(other.into())),
            },
        };
        let start = to_usize(self.done - chunk.start);
        let raw = &chunk.bytes[start..chunk.bytes.len().min(start + piece)];
        let mut text = Vec::with_capacity(to_usize(netascii::encoded_len(raw)));
        self.encoder.encode(raw, &mut text);
        self.done += raw.len() as u64;
        let is_read = self.done == chunk.end();
        let is_last = is_read && chunk.bytes.len() < chunk_size as usize;
        self.current = Some(chunk).filter(|_| !is_read);
        Ok(Ok((Arc::new(text), is_last)))
    }
}

impl Raw {
    fn size(&self) -> Option<u64> {
        match self {
            Raw::File(file) => file.size(),
            Raw::Memory(bytes) => Some(bytes.len() as u64),
        }
    }
}

impl Handle {
    fn size(&self) -> Option<u64> {
        match self {
            Handle::Open(file) => file.size(),
            Handle::Parked(parked) => parked.size,
        }
    }
}

impl From<Found> for Supply {
    fn from(found: Found) -> Supply {
        match found {
            Found::Job(job) => Supply::Pending(job),
            Found::UnderWay | Found::Bytes(_) => Supply::Waiting,
        }
    }
}

/// The chunk of a file that begins at `start`, a multiple of `chunk_size`: exactly as long as what is left of the file,
/// where that is known.
fn find(store: &mut Store, file: &Arc<SharedFile>, start: u64, chunk_size: u32) -> io::Result<Found> {
    let rest = file.size().map_or(u64::MAX, |size| size - start);
    let length = u32::try_from(rest).map_or(chunk_size, |rest| rest.min(chunk_size));
    store.find(file, start, length)
}

/// Offsets into memory fit by nature.
fn to_usize(offset: u64) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests;
