//! Open files and pieces of them, shared by the transfers of one I/O thread.
//!
//! When a thousand machines boot at once they all want the same file: its descriptor, and the chunks that are between
//! "read" and "acknowledged by the last who needs it", exist once. The shelf holds nothing itself (only `Weak`s): what
//! no transfer holds is free. One shelf belongs to one thread, so there is no lock.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};

use tftp_budget::memory::Memory;
use tftp_proto::Instant;

use super::fed::{self, Reader};
use super::framing::Framing;
use super::jail::Refusal;
use super::storage::{
    Completion, Done, Errand, Finished, Gathered, Identity, Job, Mailbox, Owner, Place, Source, Standing,
    Store,
};
use super::upload::UploadOptions;
use super::{Bytes, Lane};
pub(crate) use chunks::{Chunk, Piece, PieceKey};
use chunks::{Chunks, Looked};
use tables::Pruned;

mod chunks;
mod tables;
#[cfg(test)]
mod tests;

/// The files of one I/O thread.
pub struct Shelf<S: Store> {
    store: S,
    mailbox: Arc<dyn Mailbox<S>>,
    memory: Arc<Memory>,
    files: Pruned<Identity, Weak<Shared<S>>>,
    chunks: Chunks,
    next_id: u64,
    /// What this batch of requests opened last.
    latest: Option<(Place, Opened<S>)>,
    /// Downloads of fed sources that had to wait.
    starving: Vec<Weak<Reader>>,
}

/// Tells the numbers of passes over fed sources from those of files.
const FED: u64 = 1 << 63;

/// A file that transfers read from, in the state it had when it was opened.
pub struct Shared<S: Store> {
    source: Arc<S::Source>,
    /// The number of bytes that are sent, whatever becomes of the file.
    length: Option<u64>,
    state: Option<Identity>,
    /// Where it is waited for, by whichever name it was found.
    lane: Lane,
    /// Tells this opening from a later one of the same file.
    id: u64,
}

/// What was opened for a download.
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

/// How opening began.
pub enum Opening<S: Store> {
    /// It has ended, too.
    Now(Result<Opened<S>, Refusal>),
    /// A completion will tell.
    Later,
    /// So many wait for the same directory that it must hang: better no answer than one more who waits. Only for
    /// half-open transfers.
    Busy,
}

/// How the creation of a file began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Creating {
    /// There is no file: only the application's callback takes the bytes.
    Nothing,
    /// A completion will tell.
    Later,
    /// As [`Opening::Busy`].
    Busy,
}

/// A completion, taken apart: for its owner.
pub enum Settled<S: Store> {
    /// A file was opened for reading, or was not.
    Opened(Result<Opened<S>, Refusal>),
    /// A file was begun, or was not.
    Created(Result<S::Sink, Refusal>),
    /// A chunk came: for [`Feed::accept`](crate::Feed::accept) of its owner, then
    /// [`Feed::ensure`](crate::Feed::ensure) of the owner and of everybody who waits for it. Keep it as long as that
    /// takes.
    Read(Read),
    /// For [`Intake::written`](crate::Intake::written).
    Written(Result<S::Sink, Refusal>),
    /// A file has its name, or is gone.
    Committed(Result<(), Refusal>),
}

/// A chunk that was read by a job.
#[derive(Debug)]
pub struct Read {
    pub(crate) result: io::Result<Bytes>,
    /// Who else waits for it.
    pub waiting: Vec<Owner>,
}

impl<S: Store> Shelf<S> {
    /// An empty shelf. Completions go to `mailbox`, and from there to [`Shelf::settle`]; what uploads gather is counted
    /// in `memory`.
    pub fn new(store: S, mailbox: Arc<dyn Mailbox<S>>, memory: Arc<Memory>) -> Shelf<S> {
        Shelf {
            store,
            mailbox,
            memory,
            files: Pruned::default(),
            chunks: Chunks::default(),
            next_id: 0,
            latest: None,
            starving: Vec::new(),
        }
    }

    /// Opens a file for reading. Requests of one batch for one name, and a thousand machines that boot send them, open it
    /// once: all of them were sent before, so none can ask for a later state of it.
    pub fn open(&mut self, owner: Owner, place: &Place, standing: Standing) -> Opening<S> {
        match place {
            Place::Memory(bytes) => return Opening::Now(Ok(Opened::memory(Arc::clone(bytes)))),
            Place::Fed(fed) => return Opening::Now(Ok(Opened::fed(fed.join()))),
            Place::Application => return Opening::Now(Err(Refusal::NotFound)),
            Place::Below(..) | Place::Path(_) => {}
        }
        if let Some((_, opened)) = self.latest.as_ref().filter(|(latest, _)| latest.is_same(place)) {
            return Opening::Now(Ok(opened.clone()));
        }
        let lane = self.store.lane(place);
        match self.store.try_open(place, standing) {
            Some(Ok(source)) => {
                let opened = self.adopt(source, lane);
                self.latest = Some((place.clone(), opened.clone()));
                return Opening::Now(Ok(opened));
            }
            Some(Err(refusal)) => return Opening::Now(Err(refusal)),
            None if standing == Standing::HalfOpen && !self.store.has_room(lane) => return Opening::Busy,
            None => {}
        }
        self.start(owner, lane, Job::Open(place.clone(), standing), Errand::Open);
        Opening::Later
    }

    /// Begins a file.
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
            Errand::Create,
        );
        Creating::Later
    }

    /// Takes a completion apart, for its owner.
    pub fn settle(&mut self, completion: Completion<S>) -> Settled<S> {
        match (completion.errand, completion.finished) {
            (Errand::Open, Finished::Opened(result)) => {
                Settled::Opened(result.map(|source| self.adopt(source, completion.lane)))
            }
            (Errand::Create, Finished::Created(result)) => Settled::Created(result),
            (Errand::Read(piece), Finished::Read(result)) => Settled::Read(self.chunks.settle(piece, result)),
            (Errand::Supply(piece), _) => Settled::Read(self.chunks.announce(piece)),
            (Errand::Write(_), Finished::Written(result)) => Settled::Written(result),
            (Errand::Commit, Finished::Committed(result)) => Settled::Committed(result),
            _ => unreachable!("a job ends as its kind does"),
        }
    }

    /// Lets go of what came for a transfer that is gone. `Some`: others wait for that chunk.
    pub fn abandon(&mut self, completion: Completion<S>) -> Option<Read> {
        let (owner, lane) = (completion.owner, completion.lane);
        match (completion.errand, completion.finished) {
            (Errand::Read(piece), Finished::Read(result)) => Some(self.chunks.settle(piece, result)),
            (Errand::Supply(piece), _) => Some(self.chunks.announce(piece)),
            (_, Finished::Opened(Ok(source))) => {
                self.start(owner, lane, Job::Close(source), Errand::Close);
                None
            }
            (_, Finished::Created(Ok(sink)) | Finished::Written(Ok(sink))) => {
                self.discard(owner, lane, sink);
                None
            }
            _ => None,
        }
    }

    /// The lane of a place.
    pub fn lane(&self, place: &Place) -> Lane {
        self.store.lane(place)
    }

    /// A batch of datagrams is through: what the next one asks for is opened anew.
    pub fn batch_ends(&mut self) {
        self.latest = None;
    }

    /// The packets of this turn have been sent: its jobs may use the processor.
    pub fn call(&self) {
        self.store.call();
    }

    /// Removes an unfinished file, where that may block.
    pub fn discard(&self, owner: Owner, lane: Lane, sink: S::Sink) {
        self.start(owner, lane, Job::Discard(sink), Errand::Close);
    }

    /// Closes what was opened for a transfer that is gone, where that may block.
    pub fn close(&self, owner: Owner, opened: Opened<S>) {
        let Content::File(shared) = opened.content else {
            return;
        };
        let Some(shared) = Arc::into_inner(shared) else {
            return;
        };
        if let Some(source) = Arc::into_inner(shared.source) {
            self.start(owner, shared.lane, Job::Close(source), Errand::Close);
        }
    }

    /// The budget in which uploads gather.
    pub(crate) fn memory(&self) -> &Arc<Memory> {
        &self.memory
    }

    pub(crate) fn start(&self, owner: Owner, lane: Lane, job: Job<S>, errand: Errand<S::Sink>) {
        let done = Done::new(owner, lane, errand, Arc::clone(&self.mailbox));
        self.store.start(lane, job, done);
    }

    /// Appends to a file, or appends and gives it its name.
    pub(crate) fn write(
        &self,
        owner: Owner,
        lane: Lane,
        sink: S::Sink,
        bytes: Gathered,
        errand: Errand<S::Sink>,
    ) {
        let job = match errand {
            Errand::Commit => Job::Commit(sink, bytes),
            _ => Job::Write(sink, bytes),
        };
        self.start(owner, lane, job, errand);
    }

    /// The wanted bytes of a file, fewer only at its end: from another transfer, without waiting, or as a job. `waits`: the
    /// job that this owner waits for already.
    pub(crate) fn find(
        &mut self,
        file: &Arc<Shared<S>>,
        wanted: Wanted,
        owner: Owner,
        waits: Option<u64>,
    ) -> io::Result<Found> {
        let Wanted { start, most, framing } = wanted;
        let rest = file.length.map_or(u64::MAX, |length| length - start);
        let length = u32::try_from(rest).map_or(most, |rest| rest.min(most));
        let key = PieceKey {
            file: file.id,
            start,
            length,
            framing,
        };
        match self.chunks.look(key, owner, waits) {
            Looked::Bytes(bytes) => return Ok(Found::Bytes(bytes)),
            Looked::UnderWay(job) => return Ok(Found::Waiting(job)),
            Looked::Nothing => {}
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
        self.start(owner, file.lane, job, Errand::Read(piece));
        Ok(Found::Pending)
    }

    /// The bytes of a fed source from `start` on, and whether they are the last ones: from what was supplied already, or
    /// when more comes. `waits` as in [`Shelf::find`].
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
            Looked::UnderWay(job) => return Ok(FoundFed::Waiting(job)),
            Looked::Bytes(_) | Looked::Nothing => {}
        }
        let errand = Errand::Supply(self.chunks.want(key, false));
        let done = Done::new(owner, Lane::NONE, errand, Arc::clone(&self.mailbox));
        reader.wait(pass, start, Box::new(move || done.finish(Finished::Supplied)));
        self.starving.push(Arc::downgrade(reader));
        Ok(FoundFed::Pending)
    }

    /// Downloads that share a source and wait for slower ones do so for a bounded time: to be called after each turn, and
    /// at the moment that it returns.
    pub fn tend(&mut self, now: Instant) -> Option<Instant> {
        let mut due = None;
        self.starving.retain(|reader| {
            let next = reader.upgrade().and_then(|reader| reader.tend(now));
            due = due.into_iter().chain(next).min();
            next.is_some()
        });
        due
    }

    /// Takes a file that was just opened. If a transfer reads what is certainly the same unchanged file, that one's is
    /// used and the new one closed.
    fn adopt(&mut self, source: S::Source, lane: Lane) -> Opened<S> {
        let path = source.path().map(Arc::from);
        if let Some(bytes) = source.in_memory() {
            let content = Content::Memory(Arc::clone(bytes));
            return Opened { content, path };
        }
        let identity = source.identity();
        let known = identity.and_then(|identity| self.files.get(&identity));
        let shared = known.and_then(Weak::upgrade).unwrap_or_else(|| {
            self.next_id += 1;
            let shared = Arc::new(Shared {
                length: source.length().exact(),
                state: source.state(),
                source: Arc::new(source),
                lane,
                id: self.next_id,
            });
            if let Some(identity) = identity {
                self.files
                    .insert(identity, Arc::downgrade(&shared), |file| file.strong_count() > 0);
            }
            shared
        });
        Opened {
            content: Content::File(shared),
            path,
        }
    }
}

/// Which bytes of a file are looked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    pub(crate) start: u64,
    /// So many at most.
    pub(crate) most: u32,
    /// With headers between them. Only of files whose length is known, and `start` is that of a block.
    pub(crate) framing: Option<Framing>,
}

/// What a look-up of a chunk gives.
#[derive(Debug)]
pub(crate) enum Found {
    Bytes(Bytes),
    /// A job was started for it.
    Pending,
    /// That job of another transfer is under way.
    Waiting(u64),
}

/// The same of a fed source.
#[derive(Debug)]
pub(crate) enum FoundFed {
    /// What came, and whether nothing follows.
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

    /// Where it was found, for the application.
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
