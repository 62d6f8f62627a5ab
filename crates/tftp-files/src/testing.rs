//! A store in memory, whose jobs run when a test calls for them.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard};

use tftp_budget::memory::Memory;

use crate::jail::{Jail, Refusal};
use crate::storage::{
    Completion, Done, Finished, Identity, Job, Length, Mailbox, Owner, Place, Sink, Source,
    Standing, Store,
};
use crate::{ContentCache, Lane};

/// A store with one root, its cache and the completions.
pub(crate) struct Bench {
    pub(crate) store: Simulated,
    pub(crate) cache: ContentCache<Simulated>,
    pub(crate) memory: Arc<Memory>,
    inbox: Arc<Inbox>,
    root: Arc<Jail>,
}

#[derive(Clone)]
pub(crate) struct Simulated(Arc<Mutex<Disk>>);

#[derive(Default)]
pub(crate) struct Disk {
    pub(crate) files: BTreeMap<String, Arc<Mutex<Contents>>>,
    /// Every request needs a job.
    is_cold: Arc<AtomicBool>,
    /// No lane has room for another job.
    pub(crate) is_full: bool,
    /// Writes fail.
    pub(crate) is_broken: bool,
    /// Lengths are not known.
    pub(crate) is_generated: bool,
    pub(crate) jobs: VecDeque<(Lane, Job<Simulated>, Done<Simulated>)>,
    pub(crate) openings: usize,
    open: Arc<AtomicUsize>,
    sinks: Arc<AtomicUsize>,
    pub(crate) settled: Arc<AtomicUsize>,
    /// The number of bytes of each write.
    pub(crate) writes: Vec<usize>,
    next_inode: u64,
}

pub(crate) struct Contents {
    pub(crate) bytes: Vec<u8>,
    pub(crate) identity: Option<Identity>,
}

/// Counts open files.
struct Counted(Arc<AtomicUsize>);

pub(crate) struct SimSource {
    contents: Arc<Mutex<Contents>>,
    length: Length,
    identity: Option<Identity>,
    settled: Arc<AtomicUsize>,
    is_cold: Arc<AtomicBool>,
    _open: Counted,
}

pub(crate) struct SimSink {
    path: PathBuf,
    bytes: Vec<u8>,
    settled: Arc<AtomicUsize>,
    _open: Counted,
}

#[derive(Default)]
struct Inbox(Mutex<Vec<Completion<Simulated>>>);

impl Mailbox<Simulated> for Inbox {
    fn deliver(&self, completion: Completion<Simulated>) {
        self.0.lock().unwrap().push(completion);
    }
}

impl Counted {
    fn new(count: &Arc<AtomicUsize>) -> Counted {
        count.fetch_add(1, Relaxed);
        Counted(Arc::clone(count))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

pub(crate) fn owner(index: u32) -> Owner {
    Owner {
        index,
        generation: 0,
    }
}

impl Bench {
    pub(crate) fn new() -> Bench {
        let store = Simulated(Arc::default());
        let inbox = Arc::<Inbox>::default();
        let memory = Arc::<Memory>::default();
        Bench {
            cache: ContentCache::new(store.clone(), Arc::clone(&inbox) as _, Arc::clone(&memory)),
            store,
            memory,
            inbox,
            root: Arc::new(Jail::unchecked(PathBuf::from("/srv"), true)),
        }
    }

    pub(crate) fn disk(&self) -> MutexGuard<'_, Disk> {
        self.store.0.lock().unwrap()
    }

    pub(crate) fn place(&self, name: &str) -> Place {
        Place::Below(Arc::clone(&self.root), name.into())
    }

    pub(crate) fn open_files(&self) -> usize {
        self.disk().open.load(Relaxed)
    }

    pub(crate) fn open_sinks(&self) -> usize {
        self.disk().sinks.load(Relaxed)
    }

    pub(crate) fn settled(&self) -> usize {
        self.disk().settled.load(Relaxed)
    }

    pub(crate) fn bytes(&self, name: &str) -> Option<Vec<u8>> {
        let disk = self.disk();
        Some(disk.files.get(name)?.lock().unwrap().bytes.clone())
    }

    /// Creates a file, or a new state of it.
    pub(crate) fn put(&self, name: &str, bytes: &[u8]) {
        self.disk().put(name, bytes);
    }

    /// Runs every waiting job, and returns the completions.
    pub(crate) fn run(&self) -> Vec<Completion<Simulated>> {
        loop {
            let Some((_, job, done)) = self.disk().jobs.pop_front() else {
                break;
            };
            let finished = self.store.finish(job);
            done.finish(finished);
        }
        self.completions()
    }

    pub(crate) fn completions(&self) -> Vec<Completion<Simulated>> {
        std::mem::take(&mut self.inbox.0.lock().unwrap())
    }

    pub(crate) fn one(&self) -> Completion<Simulated> {
        let mut all = self.run();
        assert_eq!(all.len(), 1);
        all.remove(0)
    }
}

impl Disk {
    fn put(&mut self, name: &str, bytes: &[u8]) {
        self.next_inode += 1;
        let identity = Some(Identity {
            device: 1,
            inode: self.next_inode,
            size: bytes.len() as u64,
            modified: (0, 0),
            changed: (0, 0),
        });
        let contents = Contents {
            bytes: bytes.to_vec(),
            identity,
        };
        self.files.insert(name.to_owned(), Arc::new(Mutex::new(contents)));
    }

    pub(crate) fn set_cold(&self, is_cold: bool) {
        self.is_cold.store(is_cold, Relaxed);
    }

    fn open(&mut self, place: &Place) -> Result<SimSource, Refusal> {
        self.openings += 1;
        let contents = self.files.get(name(place)).ok_or(Refusal::NotFound)?;
        let (length, identity) = {
            let contents = contents.lock().unwrap();
            (contents.bytes.len() as u64, contents.identity)
        };
        Ok(SimSource {
            contents: Arc::clone(contents),
            length: Some(length).filter(|_| !self.is_generated).into(),
            identity: identity.filter(|_| !self.is_generated),
            settled: Arc::clone(&self.settled),
            is_cold: Arc::clone(&self.is_cold),
            _open: Counted::new(&self.open),
        })
    }

    fn create(&mut self, place: &Place) -> SimSink {
        SimSink {
            path: PathBuf::from(name(place)),
            bytes: Vec::new(),
            settled: Arc::clone(&self.settled),
            _open: Counted::new(&self.sinks),
        }
    }
}

fn name(place: &Place) -> &str {
    match place {
        Place::Below(_, name) => name,
        _ => panic!("only names here"),
    }
}

fn read(contents: &Contents, at: u64, length: usize) -> &[u8] {
    let from = (at as usize).min(contents.bytes.len());
    &contents.bytes[from..contents.bytes.len().min(from + length)]
}

impl Store for Simulated {
    type Source = SimSource;
    type Sink = SimSink;

    fn try_open(&self, place: &Place, _: Standing) -> Option<Result<SimSource, Refusal>> {
        let mut disk = self.0.lock().unwrap();
        (!disk.is_cold.load(Relaxed)).then(|| disk.open(place))
    }

    fn has_room(&self, _: Lane) -> bool {
        !self.0.lock().unwrap().is_full
    }

    fn start(&self, lane: Lane, job: Job<Self>, done: Done<Self>) {
        self.0.lock().unwrap().jobs.push_back((lane, job, done));
    }

    fn call(&self) {}
}

impl Simulated {
    fn finish(&self, job: Job<Simulated>) -> Finished<Simulated> {
        let mut disk = self.0.lock().unwrap();
        match job {
            Job::Open(place, _) => Finished::Opened(disk.open(&place)),
            Job::Create(place, _, _) => Finished::Created(Ok(disk.create(&place))),
            Job::Read { source, at, length } => {
                let contents = source.contents.lock().unwrap();
                Finished::Read(Ok(read(&contents, at, length).to_vec()))
            }
            Job::Write(_, _) if disk.is_broken => Finished::Written(Err(Refusal::NoSpace)),
            Job::Write(mut sink, bytes) => {
                disk.writes.push(bytes.len());
                bytes.iter().for_each(|piece| sink.bytes.extend(piece));
                Finished::Written(Ok(sink))
            }
            Job::Commit(mut sink, bytes) => {
                disk.writes.push(bytes.len());
                bytes.iter().for_each(|piece| sink.bytes.extend(piece));
                let name = sink.path.to_str().unwrap().to_owned();
                disk.put(&name, &sink.bytes);
                Finished::Committed(Ok(()))
            }
            Job::Discard(_) | Job::Close(_) => Finished::Closed,
        }
    }
}

impl Source for SimSource {
    fn path(&self) -> Option<&Path> {
        Some(Path::new("/srv/file"))
    }

    fn length(&self) -> Length {
        self.length
    }

    fn identity(&self) -> Option<Identity> {
        self.identity
    }

    fn try_read(&self, at: u64, length: usize, into: &mut Vec<u8>) -> io::Result<bool> {
        if self.is_cold.load(Relaxed) {
            return Ok(false);
        }
        let contents = self.contents.lock().unwrap();
        into.extend_from_slice(read(&contents, at, length));
        Ok(true)
    }

    fn settle(&self) {
        self.settled.fetch_add(1, Relaxed);
    }
}

impl Sink for SimSink {
    fn path(&self) -> Option<&Path> {
        Some(&self.path)
    }

    fn settle(&self) {
        self.settled.fetch_add(1, Relaxed);
    }
}
