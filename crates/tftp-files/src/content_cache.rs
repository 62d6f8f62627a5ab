//! Open files and chunks of them, shared by the transfers of one I/O thread.
//!
//! When a thousand machines boot at once they all want the same file. Its descriptor exists once,
//! and so does each chunk between its read and the last acknowledgment. The cache holds only
//! `Weak`s, and during a batch the file opened last: a file or chunk that no transfer holds is
//! freed. A cache belongs to one thread, so there is no lock.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};

use tftp_budget::memory::Memory;
use tftp_proto::Instant;

use super::fed::{self, Reader};
use super::framing::Framing;
use super::jail::Refusal;
use super::storage::{
    Completion, Done, Finished, Gathered, Identity, Job, JobKind, Mailbox, Owner, Place, Source,
    Standing, Store,
};
use super::upload::UploadOptions;
use super::{Bytes, Lane};
pub(crate) use chunks::{Chunk, Piece, PieceKey};
use chunks::{Chunks, LookUp};
use tables::Pruned;

mod chunks;
mod tables;
#[cfg(test)]
mod tests;

/// The files and chunks of one I/O thread.
pub struct ContentCache<S: Store> {
    store: S,
    mailbox: Arc<dyn Mailbox<S>>,
    memory: Arc<Memory>,
    files: Pruned<Identity, Weak<Shared<S>>>,
    chunks: Chunks,
    next_id: u64,
    /// The file that this batch of requests opened last.
    latest: Option<(Place, Opened<S>)>,
    /// Downloads of shared fed sources that have to wait for data.
    starving: Vec<Weak<Reader>>,
}

/// The length in bytes up to which a file is closed without a job. If it was removed or replaced
/// meanwhile, its last close frees its memory and its blocks: a tenth of a second for gigabytes.
const QUICKLY_CLOSED: u64 = 16 << 20;

/// The bit that distinguishes the numbers of passes over fed sources from those of files.
const FED: u64 = 1 << 63;

/// A file that transfers read from, in the state it had when it was opened.
pub struct Shared<S: Store> {
    source: Arc<S::Source>,
    /// The number of bytes that are sent, whatever becomes of the file; `None` if it is read to its
    /// end.
    length: Option<u64>,
    state: Option<Identity>,
    /// The lane of its jobs, which is that of the name under which it was opened first.
    lane: Lane,
    /// It was opened at once: its storage does not block, and it may be closed without a job.
    is_quick: bool,
    /// Distinguishes this opening from a later one of the same file.
    id: u64,
}

/// The opened source of a download.
pub struct Opened<S: Store> {
    pub(crate) content: Content<S>,
    path: Option<Arc<Path>>,
}

/// The bytes of a download.
pub(crate) enum Content<S: Store> {
    File(Arc<Shared<S>>),
    Memory(Bytes),
    Fed(Arc<Reader>),
}

/// The outcome of [`ContentCache::open`].
pub enum Opening<S: Store> {
    /// The file was opened, or refused, at once.
    Now(Result<Opened<S>, Refusal>),
    /// A completion brings the result.
    Later,
    /// So many jobs wait for the same directory that it probably hangs: it is better not to answer
    /// than to add another one. Only for half-open transfers.
    Busy,
}

/// The outcome of [`ContentCache::create`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Creating {
    /// There is no file: only the application's callback receives the bytes.
    Nothing,
    /// A completion brings the result.
    Later,
    /// As [`Opening::Busy`].
    Busy,
}

/// The content of a completion, for its owner.
pub enum Completed<S: Store> {
    /// The result of opening a file for reading.
    Opened(Result<Opened<S>, Refusal>),
    /// The result of creating a file.
    Created(Result<S::Sink, Refusal>),
    /// A chunk was read. The caller passes it to
    /// [`DownloadStream::accept`](crate::DownloadStream::accept) of its owner, then calls
    /// [`DownloadStream::ensure`](crate::DownloadStream::ensure) of the owner and of everyone who
    /// waits for it, and keeps it alive as long as that takes.
    Read(Read),
    /// The result of a write, for [`UploadStream::written`](crate::UploadStream::written).
    Written(Result<S::Sink, Refusal>),
    /// The result of giving a file its name. On an error the file is gone.
    Committed(Result<(), Refusal>),
}

/// A chunk that was read by a job.
#[derive(Debug)]
pub struct Read {
    pub(crate) result: io::Result<Bytes>,
    /// The other transfers that wait for it.
    pub waiting: Vec<Owner>,
}

impl<S: Store> ContentCache<S> {
    /// Creates an empty cache. Completions go to `mailbox`, and from there to
    /// [`ContentCache::complete`]. Bytes that uploads gather are counted in `memory`.
    pub fn new(store: S, mailbox: Arc<dyn Mailbox<S>>, memory: Arc<Memory>) -> ContentCache<S> {
        ContentCache {
            store,
            mailbox,
            files: Pruned::default(),
            chunks: Chunks::new(memory.held()),
            memory,
            next_id: 0,
            latest: None,
            starving: Vec::new(),
        }
    }

    /// Opens a file for reading. Requests of one batch for one name open it once, as when a thousand machines boot:
    /// all of them were sent before the opening, so none can expect a later state of the file.
    pub fn open(&mut self, owner: Owner, place: &Place, standing: Standing) -> Opening<S> {
        match place {
            Place::Memory(bytes) => return Opening::Now(Ok(Opened::memory(Arc::clone(bytes)))),
            Place::Fed(fed) => return Opening::Now(Ok(Opened::fed(fed.join()))),
            Place::Application => return Opening::Now(Err(Refusal::NotFound)),
            Place::Below(..) | Place::Path(_) => {}
        }
        if let Some((_, opened)) = self.latest.as_ref().filter(|(latest, _)| latest.is_same(place))
        {
            return Opening::Now(Ok(opened.clone()));
        }
        let lane = self.store.lane(place);
        match self.store.try_open(place, standing) {
            Some(Ok(source)) => {
                let opened = self.adopt(owner, source, lane, true);
                self.latest = Some((place.clone(), opened.clone()));
                return Opening::Now(Ok(opened));
            }
            Some(Err(refusal)) => return Opening::Now(Err(refusal)),
            None if standing == Standing::HalfOpen && !self.store.has_room(lane) => {
                return Opening::Busy;
            }
            None => {}
        }
        self.start(owner, lane, Job::Open(place.clone(), standing), JobKind::Open);
        Opening::Later
    }

    /// Creates a file.
    pub fn create(
        &mut self,
        owner: Owner,
        place: &Place,
        options: UploadOptions,
        standing: Standing,
    ) -> Creating {
        if matches!(place, Place::Application) {
            return Creating::Nothing;
        }
        let lane = self.store.lane(place);
        if !self.store.has_room(lane) {
            return Creating::Busy;
        }
        self.start(
            owner,
            lane,
            Job::Create(place.clone(), options, standing),
            JobKind::Create,
        );
        Creating::Later
    }

    /// Takes a completion apart, for its owner.
    pub fn complete(&mut self, completion: Completion<S>) -> Completed<S> {
        match (completion.kind, completion.finished) {
            (JobKind::Open, Finished::Opened(result)) => {
                let (owner, lane) = (completion.owner, completion.lane);
                Completed::Opened(result.map(|source| self.adopt(owner, source, lane, false)))
            }
            (JobKind::Create, Finished::Created(result)) => Completed::Created(result),
            (JobKind::Read(piece), Finished::Read(result)) => {
                Completed::Read(self.chunks.complete(piece, result))
            }
            (JobKind::Supply(piece), _) => Completed::Read(self.chunks.announce(piece)),
            (JobKind::Write(_), Finished::Written(result)) => Completed::Written(result),
            (JobKind::Commit, Finished::Committed(result)) => Completed::Committed(result),
            _ => unreachable!("a job ends as its kind does"),
        }
    }

    /// Disposes of a completion whose transfer is gone. Returns the chunk if others may wait for
    /// it.
    pub fn abandon(&mut self, completion: Completion<S>) -> Option<Read> {
        let (owner, lane) = (completion.owner, completion.lane);
        match (completion.kind, completion.finished) {
            (JobKind::Read(piece), Finished::Read(result)) => {
                Some(self.chunks.complete(piece, result))
            }
            (JobKind::Supply(piece), _) => Some(self.chunks.announce(piece)),
            (_, Finished::Opened(Ok(source))) => {
                self.start(owner, lane, Job::Close(source), JobKind::Close);
                None
            }
            (_, Finished::Created(Ok(sink)) | Finished::Written(Ok(sink))) => {
                self.discard(owner, lane, sink);
                None
            }
            _ => None,
        }
    }

    /// Returns the lane of a place.
    pub fn lane(&self, place: &Place) -> Lane {
        self.store.lane(place)
    }

    /// Called at the end of a batch of datagrams, and before the thread waits. Requests of the next
    /// batch open their file anew.
    pub fn batch_ends(&mut self) {
        self.latest = None;
    }

    /// Returns true if the next request opens its file anew.
    pub fn is_between_batches(&self) -> bool {
        self.latest.is_none()
    }

    /// Called when the packets of this turn have been sent: its jobs may use the processor.
    pub fn call(&self) {
        self.store.call();
    }

    /// Removes an unfinished file in a job, because that may block.
    pub fn discard(&self, owner: Owner, lane: Lane, sink: S::Sink) {
        self.start(owner, lane, Job::Discard(sink), JobKind::Close);
    }

    /// Closes the file of a download that is gone or waits, in a job if that may block. Does
    /// nothing while others use it.
    pub fn close(&self, owner: Owner, file: Arc<Shared<S>>) {
        let Some(shared) = Arc::into_inner(file) else {
            return;
        };
        if let Some(source) = Arc::into_inner(shared.source) {
            let is_short = shared.length.is_some_and(|length| length <= QUICKLY_CLOSED);
            self.close_source(owner, shared.lane, source, shared.is_quick && is_short);
        }
    }

    fn close_source(&self, owner: Owner, lane: Lane, source: S::Source, is_quick: bool) {
        if !is_quick {
            self.start(owner, lane, Job::Close(source), JobKind::Close);
        }
    }

    /// Returns true if so many chunks were read that they may hold too much memory.
    #[inline]
    pub fn is_due(&self) -> bool {
        self.chunks.are_due()
    }

    /// Adds up the bytes of all chunks. If they are more than the limit ([`Memory::held`]), it calls
    /// `give_up`, in which the caller frees those of silent clients
    /// ([`DownloadStream::give_up`](crate::DownloadStream::give_up)).
    pub fn weigh(&mut self, give_up: impl FnOnce()) {
        self.chunks.weigh(give_up);
    }

    /// Frees memory that the present transfers do not need.
    pub fn shrink(&mut self) {
        self.files.shrink(|file| file.strong_count() > 0);
        self.chunks.shrink();
        self.starving.shrink_to_fit();
    }

    /// The memory budget for bytes that uploads gather.
    pub(crate) fn memory(&self) -> &Arc<Memory> {
        &self.memory
    }

    pub(crate) fn start(&self, owner: Owner, lane: Lane, job: Job<S>, kind: JobKind<S::Sink>) {
        let done = Done::new(owner, lane, kind, Arc::clone(&self.mailbox));
        self.store.start(lane, job, done);
    }

    /// Starts a job that appends to a file, and with [`JobKind::Commit`] gives it its name.
    pub(crate) fn write(
        &self,
        owner: Owner,
        lane: Lane,
        sink: S::Sink,
        bytes: Gathered,
        kind: JobKind<S::Sink>,
    ) {
        let job = match kind {
            JobKind::Commit => Job::Commit(sink, bytes),
            _ => Job::Write(sink, bytes),
        };
        self.start(owner, lane, job, kind);
    }

    /// Finds bytes of a file, fewer only at its end: those of another transfer, or read without
    /// waiting, or read by a job. `waits` is the job that this owner waits for already.
    pub(crate) fn find(
        &mut self,
        file: &Arc<Shared<S>>,
        wanted: Wanted,
        owner: Owner,
        waits: Option<u64>,
    ) -> io::Result<Found> {
        let Wanted {
            start,
            most,
            framing,
        } = wanted;
        let rest = file.length.map_or(u64::MAX, |length| length - start);
        let length = u32::try_from(rest).map_or(most, |rest| rest.min(most));
        let key = PieceKey {
            file: file.id,
            start,
            length,
            framing,
        };
        match self.chunks.look(key, owner, waits) {
            LookUp::Bytes(bytes) => return Ok(Found::Bytes(bytes)),
            LookUp::UnderWay(job) => return Ok(Found::Waiting(job)),
            LookUp::Nothing => {}
        }
        let room = |framing: Framing| framing.framed_length(length as usize);
        let mut buffer = Vec::with_capacity(framing.map_or(length as usize, room));
        let is_exact = file.length.is_some();
        if file.source.try_read(start, length as usize, &mut buffer)? {
            return self.chunks.hold(key, is_exact, buffer).map(Found::Bytes);
        }
        let piece = self.chunks.want(key, is_exact);
        let job = Job::Read {
            source: Arc::clone(&file.source),
            at: start,
            length: length as usize,
        };
        self.start(owner, file.lane, job, JobKind::Read(piece));
        Ok(Found::Pending)
    }

    /// Finds the bytes of a fed source from `start` on, and whether they are the last ones: those
    /// supplied already, or those that come later. `waits` as in [`ContentCache::find`].
    pub(crate) fn find_fed(
        &mut self,
        reader: &Arc<Reader>,
        start: u64,
        owner: Owner,
        waits: Option<u64>,
    ) -> io::Result<FoundFed> {
        let pass = match reader.find(start)? {
            fed::Piece::Bytes { bytes, is_last } => return Ok(FoundFed::Bytes(bytes, is_last)),
            fed::Piece::Pending(pass) => pass,
        };
        let key = PieceKey {
            file: FED | pass,
            start,
            length: 0,
            framing: None,
        };
        match self.chunks.look(key, owner, waits) {
            LookUp::UnderWay(job) => return Ok(FoundFed::Waiting(job)),
            LookUp::Bytes(_) | LookUp::Nothing => {}
        }
        let kind = JobKind::Supply(self.chunks.want(key, false));
        let done = Done::new(owner, Lane::NONE, kind, Arc::clone(&self.mailbox));
        reader.wait(pass, start, Box::new(move || done.finish(Finished::Supplied)));
        if reader.is_shared() {
            self.starving.push(Arc::downgrade(reader));
        }
        Ok(FoundFed::Pending)
    }

    /// Limits the time for which downloads that share a source wait for slower ones. To be called
    /// after each turn, and at the moment that it returns.
    pub fn drop_slow_readers(&mut self, now: Instant) -> Option<Instant> {
        let mut due = None;
        self.starving.retain(|reader| {
            let next = reader.upgrade().and_then(|reader| reader.drop_slow_readers(now));
            due = due.into_iter().chain(next).min();
            next.is_some()
        });
        due
    }

    /// Takes over a file that was just opened. If a transfer already reads what is certainly the
    /// same unchanged file, that one is used and the new one closed.
    fn adopt(&mut self, owner: Owner, source: S::Source, lane: Lane, is_quick: bool) -> Opened<S> {
        let path = source.path().map(Arc::from);
        if let Some(bytes) = source.in_memory() {
            let content = Content::Memory(Arc::clone(bytes));
            return Opened { content, path };
        }
        let identity = source.identity();
        let known = identity.and_then(|identity| self.files.get(&identity));
        let shared = match known.and_then(Weak::upgrade) {
            Some(shared) => {
                self.close_source(owner, lane, source, is_quick);
                shared
            }
            None => {
                self.next_id += 1;
                let shared = Arc::new(Shared {
                    length: source.length().exact(),
                    state: source.state(),
                    source: Arc::new(source),
                    lane,
                    is_quick,
                    id: self.next_id,
                });
                if let Some(identity) = identity {
                    let is_used = |file: &Weak<Shared<S>>| file.strong_count() > 0;
                    self.files.insert(identity, Arc::downgrade(&shared), is_used);
                }
                shared
            }
        };
        Opened {
            content: Content::File(shared),
            path,
        }
    }
}

/// The bytes of a file that a transfer looks for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    pub(crate) start: u64,
    /// The largest number of bytes.
    pub(crate) most: u32,
    /// The framing, if the chunk shall hold packet headers. Only for files whose length is known;
    /// `start` is the start of a block.
    pub(crate) framing: Option<Framing>,
}

/// The result of a look-up of a chunk.
#[derive(Debug)]
pub(crate) enum Found {
    Bytes(Bytes),
    /// A job was started for it on behalf of this transfer.
    Pending,
    /// A job of another transfer reads it already.
    Waiting(u64),
}

/// The result of a look-up in a fed source.
#[derive(Debug)]
pub(crate) enum FoundFed {
    /// The bytes, and whether they are the last ones.
    Bytes(Bytes, bool),
    Pending,
    Waiting(u64),
}

impl<S: Store> Shared<S> {
    pub(crate) fn length(&self) -> Option<u64> {
        self.length
    }

    pub(crate) fn state(&self) -> Option<Identity> {
        self.state
    }

    /// Returns true if its storage does not block, so that it can be read again at once.
    pub(crate) fn is_quick(&self) -> bool {
        self.is_quick
    }

    pub(crate) fn settle(&self) {
        self.source.settle();
    }
}

impl<S: Store> Opened<S> {
    fn memory(bytes: Bytes) -> Opened<S> {
        Opened {
            content: Content::Memory(bytes),
            path: None,
        }
    }

    fn fed(reader: Reader) -> Opened<S> {
        Opened {
            content: Content::Fed(Arc::new(reader)),
            path: None,
        }
    }

    /// The path of the file, for the application.
    pub fn path(&self) -> Option<PathBuf> {
        self.path.as_deref().map(Path::to_owned)
    }
}

impl<S: Store> Clone for Opened<S> {
    fn clone(&self) -> Self {
        Opened {
            content: match &self.content {
                Content::File(shared) => Content::File(Arc::clone(shared)),
                Content::Memory(bytes) => Content::Memory(Arc::clone(bytes)),
                Content::Fed(reader) => Content::Fed(Arc::clone(reader)),
            },
            path: self.path.clone(),
        }
    }
}
