//! The stream of a download: a file, the application's memory or data that it supplies, as it is or
//! as netascii.
//!
//! It holds exactly the part of the stream that was sent or can be sent and is not acknowledged
//! yet, so that a retransmission carries the same bytes. A download whose client is silent gives
//! them up while memory is short ([`DownloadStream::give_up`]), and reads them again.

use std::collections::VecDeque;
use std::io;
use std::ops::Range;
use std::sync::Arc;

use tftp_proto::wire::Mode;
use tftp_proto::{Rollover, netascii};

use super::Bytes;
use super::content_cache::{Chunk, Content, ContentCache, Opened, Read, Shared};
use super::fed::Reader;
use super::framing::Framing;
use super::storage::{Owner, Store};
use handle::{Caller, Handle, Parked, Waits};
use text::{Raw, Text};

mod handle;
mod text;

/// The chunk sizes in bytes. A large window should take few reads and few slices, and so should a
/// lockstep transfer among few. Ten thousand lockstep transfers must fit in little memory.
const SMALL: u32 = 8 * 1024;
const MEDIUM: u32 = 32 * 1024;
const LARGE: u32 = 64 * 1024;

/// The number of active transfers up to which a lockstep transfer gets medium chunks: together they
/// hold 2 MB at most.
const FEW: usize = 64;

/// The least number of bytes that are translated to netascii at a time.
const LEAST_PIECE: usize = 512;

/// The size in bytes up to which application data is scanned beforehand for its length as netascii
/// (about a millisecond per megabyte, on an I/O thread).
const COUNTED: usize = 4 * 1024 * 1024;

/// Returns the chunk size for windows of that many bytes, with this many active transfers.
fn chunk_size(window: u64, active: usize) -> u32 {
    if window > u64::from(SMALL) {
        LARGE
    } else if active <= FEW {
        MEDIUM
    } else {
        SMALL
    }
}

/// A download's stream.
pub struct DownloadStream<S: Store> {
    origin: Origin<S>,
    /// Contiguous, in order; the last one ends at `end`. Empty for octets from memory.
    chunks: VecDeque<Chunk>,
    /// The stream offset up to which bytes were made available.
    end: u64,
    failed: Option<io::Error>,
    chunk_size: u32,
    /// The framing of the chunks, if they hold packet headers.
    framing: Option<Framing>,
    /// The number of bytes translated at a time. At most a window, because no other transfer shares
    /// the result.
    piece: usize,
    started: bool,
    /// The job or file that the download waits for, so that it is not requested twice.
    waits: Waits,
    /// A source of unknown size was read to its end.
    exhausted: bool,
}

enum Origin<S: Store> {
    File(Handle<S>),
    Memory(Bytes),
    Fed(Arc<Reader>),
    /// A stream that is translated piece by piece.
    Text(Box<Text<S>>),
}

/// The result of [`DownloadStream::ensure`].
#[derive(Debug)]
pub enum Supply {
    /// The stream's bytes `[0, available)` can be sent, or were sent; with `end` that is the whole
    /// stream.
    Have {
        /// At least the requested offset, or the whole stream.
        available: u64,
        /// The stream is exactly `available` bytes long.
        end: bool,
    },
    /// The bytes are not here yet. Call [`DownloadStream::ensure`] again when a
    /// [`Completed::Read`](crate::Completed::Read) names the owner.
    Pending,
    /// The file was closed. Open it again, with [`Standing::Settled`](crate::Standing), and pass it
    /// to [`DownloadStream::reopen`].
    Parked,
    /// The file can't be read, or is shorter than its announced size (`UnexpectedEof`).
    Failed(io::Error),
}

impl<S: Store> DownloadStream<S> {
    /// Creates the stream of an opened source, in this mode of transfer.
    pub fn new(opened: Opened<S>, mode: Mode) -> DownloadStream<S> {
        DownloadStream::from_origin(match (opened.content, mode) {
            (Content::File(file), Mode::Octet) => Origin::File(Handle::Open(file)),
            (Content::File(file), Mode::Netascii) => {
                // The translated length is known only after reading the whole file; an empty one
                // has nothing to translate.
                let stream_size = file.length().filter(|size| *size == 0);
                Origin::Text(Box::new(Text::new(Raw::File(Handle::Open(file)), stream_size)))
            }
            (Content::Memory(bytes), Mode::Octet) => Origin::Memory(bytes),
            (Content::Memory(bytes), Mode::Netascii) => {
                let stream_size = (bytes.len() <= COUNTED).then(|| netascii::encoded_len(&bytes));
                Origin::Text(Box::new(Text::new(Raw::Memory(bytes), stream_size)))
            }
            (Content::Fed(reader), Mode::Octet) => Origin::Fed(reader),
            (Content::Fed(reader), Mode::Netascii) => {
                let stream_size = reader.size().filter(|size| *size == 0);
                Origin::Text(Box::new(Text::new(Raw::Fed(reader), stream_size)))
            }
        })
    }

    fn from_origin(origin: Origin<S>) -> DownloadStream<S> {
        DownloadStream {
            origin,
            chunks: VecDeque::new(),
            end: 0,
            failed: None,
            chunk_size: SMALL,
            framing: None,
            piece: SMALL as usize,
            started: false,
            waits: Waits::Nothing,
            exhausted: false,
        }
    }

    /// The stream's exact length on the wire, in bytes. `None` for netascii from a file or from
    /// much memory, which would have to be translated first, and for a source of unknown size.
    pub fn stream_size(&self) -> Option<u64> {
        match &self.origin {
            Origin::File(file) => file.length(),
            Origin::Memory(bytes) => Some(bytes.len() as u64),
            Origin::Fed(reader) => reader.size(),
            Origin::Text(text) => text.stream_size,
        }
    }

    /// The stream's length in bytes, also if it became known only by reaching its end.
    pub fn known_size(&self) -> Option<u64> {
        self.stream_size().or_else(|| self.is_whole().then_some(self.end))
    }

    /// Sets the negotiated values. With the number of active transfers they decide the size of the
    /// chunks, and whether these are prepared as packets. Without effect after the first
    /// [`DownloadStream::ensure`].
    pub fn set_window(&mut self, blksize: u16, windowsize: u16, rollover: Rollover, active: usize) {
        let bytes = u64::from(blksize) * u64::from(windowsize);
        if !self.started {
            // Contents that are generated while they are read are most consistent in one large
            // read.
            self.chunk_size = if self.is_unsized() {
                LARGE
            } else {
                chunk_size(bytes, active)
            };
            let window = usize::try_from(bytes).unwrap_or(usize::MAX);
            self.piece = window.clamp(LEAST_PIECE, self.chunk_size as usize);
            if let Some(reader) = self.reader() {
                reader.widen(bytes);
            }
            if windowsize > 1 && matches!(self.origin, Origin::File(_)) && !self.is_unsized() {
                self.framing = Framing::of(blksize, rollover);
            }
            if let Some(framing) = self.framing {
                self.chunk_size = framing.chunk_size(self.chunk_size);
            }
        }
    }

    /// Tries to make the stream available up to byte `upto`, without waiting. Missing bytes are
    /// requested once, by a job or from the application.
    pub fn ensure(&mut self, cache: &mut ContentCache<S>, owner: Owner, upto: u64) -> Supply {
        self.started = true;
        if let Some(error) = self.failed.take() {
            return Supply::Failed(error);
        }
        if matches!(self.waits, Waits::Job | Waits::File) {
            return Supply::Pending;
        }
        loop {
            let end = self.is_whole();
            if end || self.end >= upto {
                return Supply::Have {
                    available: self.end,
                    end,
                };
            }
            match self.extend(cache, owner) {
                Ok(None) => {}
                Ok(Some(supply)) => return supply,
                Err(error) => return Supply::Failed(error),
            }
        }
    }

    /// Takes the chunk that a job of this transfer has read. Call [`DownloadStream::ensure`]
    /// afterwards, here and for the others that wait for it.
    pub fn accept(&mut self, cache: &mut ContentCache<S>, owner: Owner, read: &mut Read) {
        self.waits = Waits::Nothing;
        match std::mem::replace(&mut read.result, Ok(Bytes::default())) {
            // The cache holds only a `Weak` of the chunk: look it up there before `read` is
            // dropped.
            Ok(held) => {
                if !self.is_whole() {
                    self.failed = self.extend(cache, owner).err();
                }
                read.result = Ok(held);
            }
            Err(error) => self.failed = Some(error),
        }
    }

    /// Drops the chunks that lie wholly below stream byte `below`: they are acknowledged.
    pub fn release(&mut self, below: u64) {
        if below > self.end {
            self.skip(below);
        }
        let mut released = None;
        while let Some(end) = self
            .chunks
            .front()
            .map(|chunk| chunk.end)
            .filter(|end| *end <= below)
        {
            self.chunks.pop_front();
            released = Some(end);
        }
        if let (Origin::Fed(reader), Some(end)) = (&self.origin, released) {
            reader.release(end);
        }
    }

    /// Goes on behind bytes that were given up, and are acknowledged now.
    #[cold]
    fn skip(&mut self, below: u64) {
        self.chunks.clear();
        self.end = below - below % u64::from(self.chunk_size);
    }

    /// Gives the held chunks up, because memory is short and the client is silent. They are read
    /// again when they are needed: [`DownloadStream::ensure`] makes the stream available from the
    /// first byte on that was not acknowledged. Nothing is given up that could not be read again at
    /// once, or not with the same bytes: data of the application, a source of unknown size, a file
    /// that is closed or on storage that blocks, translated text (but the file's bytes that it was
    /// translated from are).
    pub fn give_up(&mut self) {
        let is_quick = matches!(self.handle(), Some(Handle::Open(file)) if file.is_quick());
        if !is_quick || self.is_unsized() || self.waits != Waits::Nothing {
            return;
        }
        match &mut self.origin {
            Origin::Text(text) => text.give_up(),
            _ => {
                if let Some(first) = self.chunks.front() {
                    self.end = first.start;
                }
                self.chunks = VecDeque::new();
            }
        }
    }

    /// Returns true if bytes of the stream below `upto`, which were made available before, were
    /// given up. [`DownloadStream::ensure`] reads them again.
    #[inline]
    pub fn lacks(&self, upto: u64) -> bool {
        self.end < upto && !self.is_whole()
    }

    /// Calls `each` for the pieces that make up `range` of the stream, in order. Bytes that are not
    /// held (released, or not made available yet) are left out.
    #[inline(always)]
    pub fn slices(&self, range: Range<u64>, mut each: impl FnMut(&Bytes, Range<usize>)) {
        // Nearly every block lies within the oldest chunk, because older ones are released.
        if let Some(chunk) = self.chunks.front()
            && chunk.start <= range.start
            && range.end <= chunk.end
        {
            return self.slices_of_one(chunk, range, &mut each);
        }
        self.slices_of_several(range, &mut each);
    }

    /// Returns the packet of a block that carries `range` of the stream, header and data in one
    /// piece, if it was prepared so. On `None` the caller assembles it of its header and
    /// [`DownloadStream::slices`].
    #[inline(always)]
    pub fn packet(&self, header: [u8; 4], range: Range<u64>) -> Option<(&Bytes, Range<usize>)> {
        let framing = self.framing?;
        let holds = |chunk: &&Chunk| chunk.start <= range.start && range.start < chunk.end;
        let chunk = match self.chunks.front().filter(holds) {
            Some(chunk) => chunk,
            None => self.chunks.iter().skip(1).find(holds)?,
        };
        let start = framing.packet_at(to_usize(range.start - chunk.start));
        let length = header.len() + to_usize(range.end.min(chunk.end) - range.start);
        let packet = chunk.bytes.get(start..start + length)?;
        // The header of the protocol's state machine is authoritative, whatever was prepared.
        packet
            .starts_with(&header)
            .then_some((&chunk.bytes, start..start + length))
    }

    #[inline]
    fn slices_of_one(
        &self,
        chunk: &Chunk,
        range: Range<u64>,
        each: &mut dyn FnMut(&Bytes, Range<usize>),
    ) {
        let start = to_usize(range.start - chunk.start);
        let end = to_usize(range.end - chunk.start);
        match self.framing {
            None => each(&chunk.bytes, start..end),
            Some(framing) => framing.pieces(start, end, |range| each(&chunk.bytes, range)),
        }
    }

    fn slices_of_several(&self, range: Range<u64>, each: &mut dyn FnMut(&Bytes, Range<usize>)) {
        if let Origin::Memory(bytes) = &self.origin {
            let end = range.end.min(self.end);
            if range.start < end {
                each(bytes, to_usize(range.start)..to_usize(end));
            }
            return;
        }
        let first = self.chunks.partition_point(|chunk| chunk.end <= range.start);
        for chunk in self.chunks.range(first..) {
            if chunk.start >= range.end {
                break;
            }
            let within = range.start.max(chunk.start)..range.end.min(chunk.end);
            self.slices_of_one(chunk, within, each);
        }
    }

    fn is_whole(&self) -> bool {
        self.exhausted
            || match &self.origin {
                Origin::File(file) => file.length() == Some(self.end),
                Origin::Memory(bytes) => self.end == bytes.len() as u64,
                Origin::Fed(reader) => reader.size() == Some(self.end),
                Origin::Text(text) => text.raw.length() == Some(text.done),
            }
    }

    /// Called when the client has acknowledged something.
    pub fn settle(&self) {
        if let Some(Handle::Open(file)) = self.handle() {
            file.settle();
        }
    }

    /// Gives the file up and returns it to be closed, if no read is under way and a later opening
    /// can recognize the file as unchanged. Chunks that were read stay.
    #[must_use = "closing it may block: see ContentCache::close"]
    pub fn park(&mut self) -> Option<Arc<Shared<S>>> {
        if matches!(self.waits, Waits::Nothing)
            && let Some(handle) = self.handle_mut()
            && let Handle::Open(file) = handle
            && file.state().is_some()
        {
            let parked = Handle::Parked(Box::new(Parked::of(file)));
            return std::mem::replace(handle, parked).into_file();
        }
        None
    }

    /// Returns the file that it reads, if it is open.
    #[must_use = "closing it may block: see ContentCache::close"]
    pub fn into_file(self) -> Option<Arc<Shared<S>>> {
        match self.origin {
            Origin::File(handle) => handle.into_file(),
            Origin::Text(text) => match text.raw {
                Raw::File(handle) => handle.into_file(),
                Raw::Memory(_) | Raw::Fed(_) => None,
            },
            Origin::Memory(_) | Origin::Fed(_) => None,
        }
    }

    /// Takes the file that was opened again after [`Supply::Parked`].
    ///
    /// # Errors
    /// Fails if it is another file by now, or has changed.
    pub fn reopen(&mut self, again: Opened<S>) -> io::Result<()> {
        self.waits = Waits::Nothing;
        let Content::File(again) = again.content else {
            return Ok(());
        };
        let Some(handle) = self.handle_mut() else {
            return Ok(());
        };
        if let Handle::Parked(parked) = handle {
            if **parked != Parked::of(&again) {
                return Err(io::Error::other("the file changed before it was sent"));
            }
            // It was opened again because its client goes on. It may be shared with transfers that
            // hold it half-open.
            again.settle();
            *handle = Handle::Open(again);
        }
        Ok(())
    }

    fn handle(&self) -> Option<&Handle<S>> {
        match &self.origin {
            Origin::File(handle) => Some(handle),
            Origin::Text(text) => match &text.raw {
                Raw::File(handle) => Some(handle),
                Raw::Memory(_) | Raw::Fed(_) => None,
            },
            Origin::Memory(_) | Origin::Fed(_) => None,
        }
    }

    fn handle_mut(&mut self) -> Option<&mut Handle<S>> {
        match &mut self.origin {
            Origin::File(handle) => Some(handle),
            Origin::Text(text) => match &mut text.raw {
                Raw::File(handle) => Some(handle),
                Raw::Memory(_) | Raw::Fed(_) => None,
            },
            Origin::Memory(_) | Origin::Fed(_) => None,
        }
    }

    fn reader(&self) -> Option<&Reader> {
        match &self.origin {
            Origin::Fed(reader) => Some(reader),
            Origin::Text(text) => match &text.raw {
                Raw::Fed(reader) => Some(reader),
                _ => None,
            },
            _ => None,
        }
    }

    /// Returns whether the stream is translated, and so belongs to this transfer alone.
    pub fn is_translated(&self) -> bool {
        matches!(self.origin, Origin::Text(_))
    }

    fn is_unsized(&self) -> bool {
        match &self.origin {
            Origin::File(file) => file.length().is_none(),
            Origin::Memory(_) => false,
            Origin::Fed(reader) => reader.size().is_none(),
            Origin::Text(text) => text.raw.length().is_none(),
        }
    }

    /// Makes the next chunk available. Returns `Some` if it has to be waited for.
    fn extend(&mut self, cache: &mut ContentCache<S>, owner: Owner) -> io::Result<Option<Supply>> {
        let is_unsized = self.is_unsized();
        let mut caller = Caller {
            cache,
            owner,
            waits: self.waits,
            chunk_size: self.chunk_size,
            framing: self.framing,
        };
        let found = match &mut self.origin {
            Origin::Memory(bytes) => {
                self.end = bytes.len() as u64;
                return Ok(None);
            }
            Origin::File(file) => file.find(&mut caller, self.end)?.map(|bytes| {
                let is_last = bytes.len() < self.chunk_size as usize;
                (bytes, is_last)
            }),
            Origin::Fed(reader) => caller.find_fed(reader, self.end)?,
            Origin::Text(text) => text.next(&mut caller, self.piece)?,
        };
        match found {
            Ok((bytes, is_last)) => {
                self.waits = Waits::Nothing;
                self.exhausted = is_unsized && is_last;
                if !bytes.is_empty() {
                    self.push(bytes);
                }
                Ok(None)
            }
            Err(waits) => {
                self.waits = waits;
                Ok(Some(match waits {
                    Waits::File => Supply::Parked,
                    _ => Supply::Pending,
                }))
            }
        }
    }

    fn push(&mut self, bytes: Bytes) {
        let (start, framing) = (self.end, self.framing);
        self.end += framing.map_or(bytes.len(), |framing| framing.length(bytes.len())) as u64;
        let end = self.end;
        self.chunks.push_back(Chunk { start, end, bytes });
    }
}

/// Converts an offset. Offsets into memory always fit.
fn to_usize(offset: u64) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests;
