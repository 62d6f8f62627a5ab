//! The simulated storage in the form that a server uses.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tftp_files::jail::Refusal;
use tftp_files::upload::UploadOptions;
use tftp_files::{
    Done, Finished, Gathered, Identity, Job, Lane, Length, Place, Sink, Source, Standing, Store,
    names,
};
use tftp_sim::Rng;

use super::budget::{Budget, Ticket};
use super::counts::Counts;
use super::files::{Files, Inode};
use super::judges::{Broken, Judge};
use super::plan::{self, Failing, Plan, part};

/// The most jobs that may hang in one directory before no further job is started there.
const ROOM: usize = 16;
/// The duration of a job that hangs, in microseconds.
const HANG: u64 = 60_000_000;

/// The storage of one world. Clones are handles to the same storage.
#[derive(Clone)]
pub struct SimStore(Arc<Mutex<Disk>>);

/// The contents of the storage.
pub struct Disk {
    pub now: u64,
    pub files: Files,
    pub counts: Counts,
    pub broken: Option<Broken>,
    /// True if the process has died: its handles are dropped, and its unfinished files remain.
    pub is_dead: bool,
    /// Jobs that were started since the last call.
    started: Vec<Pending>,
    jobs: BTreeMap<(u64, u64), Pending>,
    number: u64,
    is_in_job: bool,
    /// The call that fails.
    failing: Failing,
    knobs: plan::Disk,
    rng: Rng,
    budget: Arc<Budget>,
}

struct Pending {
    hangs: bool,
    job: Job<SimStore>,
    done: Done<SimStore>,
}

/// A file that is open for reading.
pub struct SimSource {
    store: SimStore,
    inode: Arc<Mutex<Inode>>,
    name: Vec<u8>,
    path: PathBuf,
    length: Length,
    identity: Identity,
    unnumbered: bool,
    ticket: Ticket,
}

/// An unfinished upload.
pub struct SimSink {
    store: SimStore,
    number: u64,
    name: Vec<u8>,
    path: PathBuf,
    sync: bool,
    ticket: Ticket,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn name_of(place: &Place) -> Vec<u8> {
    match place {
        Place::Below(_, name) => names::to_bytes(name).into_owned(),
        Place::Path(path) => path.as_os_str().as_encoded_bytes().to_vec(),
        Place::Memory(_) | Place::Application | Place::Fed(_) => Vec::new(),
    }
}

fn broken_disk() -> io::Error {
    io::Error::other("the world's disk is broken there")
}

impl Disk {
    fn fails_now(&mut self) -> bool {
        self.counts.calls += 1;
        self.failing == Failing::Storage(self.counts.calls)
    }
}

impl SimStore {
    pub fn new(plan: &Plan, budget: Arc<Budget>) -> SimStore {
        let rng = plan.rng(part::DISK);
        SimStore(Arc::new(Mutex::new(Disk {
            now: 0,
            files: Files::new(rng.clone(), plan),
            counts: Counts::default(),
            broken: None,
            is_dead: false,
            started: Vec::new(),
            jobs: BTreeMap::new(),
            number: 0,
            is_in_job: false,
            failing: plan.failing,
            knobs: plan.disk,
            rng: rng.part(1000),
            budget,
        })))
    }

    pub fn lock(&self) -> MutexGuard<'_, Disk> {
        lock(&self.0)
    }

    /// Returns the time at which the next job ends.
    pub fn next_at(&self) -> Option<u64> {
        self.lock().jobs.keys().next().map(|(at, _)| *at)
    }

    /// Completes the jobs that are due.
    pub fn run(&self, now: u64) {
        loop {
            let pending = {
                let mut disk = self.lock();
                disk.now = disk.now.max(now);
                disk.is_in_job = false;
                let Some((&key, _)) = disk.jobs.iter().next().filter(|((at, _), _)| *at <= now)
                else {
                    return;
                };
                disk.is_in_job = true;
                disk.jobs.remove(&key)
            };
            if let Some(pending) = pending {
                let finished = self.perform(pending.job);
                pending.done.finish(finished);
            }
        }
    }

    /// Ends the process, and with `power` the whole machine.
    pub fn crash(&self, now: u64, power: bool) {
        let (started, jobs) = {
            let mut disk = self.lock();
            disk.is_dead = true;
            if power {
                let Disk { files, counts, .. } = &mut *disk;
                files.cut_power(now, counts);
            }
            (std::mem::take(&mut disk.started), std::mem::take(&mut disk.jobs))
        };
        drop((started, jobs));
    }

    /// Starts another process, which removes the unfinished files of the former one.
    pub fn restart(&self) {
        let mut disk = self.lock();
        disk.is_dead = false;
        let swept = disk.files.sweep();
        disk.counts.swept += swept;
    }

    fn perform(&self, job: Job<SimStore>) -> Finished<SimStore> {
        let fails = {
            let mut disk = self.lock();
            let chance = disk.knobs.fails;
            let may_fail = !matches!(job, Job::Discard(_) | Job::Close(_));
            let fails = may_fail && (disk.rng.percent(chance) | disk.fails_now());
            disk.counts.failed_jobs += u64::from(fails);
            fails
        };
        match job {
            Job::Open(..) if fails => Finished::Opened(Err(Refusal::Io(broken_disk()))),
            Job::Open(place, standing) => Finished::Opened(self.open(&place, standing)),
            Job::Create(..) if fails => Finished::Created(Err(Refusal::NoSpace)),
            Job::Create(place, options, standing) => {
                Finished::Created(self.create(&place, &options, standing))
            }
            Job::Read { .. } if fails => Finished::Read(Err(broken_disk())),
            Job::Read { source, at, length } => {
                let mut bytes = Vec::new();
                source.copy(at, length, &mut bytes);
                Finished::Read(Ok(bytes))
            }
            Job::Write(sink, bytes) => {
                self.append(&sink, &bytes);
                Finished::Written(if fails { Err(Refusal::NoSpace) } else { Ok(sink) })
            }
            Job::Commit(sink, bytes) => {
                self.append(&sink, &bytes);
                if fails {
                    return Finished::Committed(Err(Refusal::NoSpace));
                }
                let mut disk = self.lock();
                let (now, unfinished) = (disk.now, disk.files.unfinished.remove(&sink.number));
                let bytes = unfinished.unwrap_or_default();
                disk.files.store(now, sink.name.clone(), bytes, sink.sync);
                drop(disk);
                Finished::Committed(Ok(()))
            }
            Job::Discard(_) | Job::Close(_) => Finished::Closed,
        }
    }

    fn open(&self, place: &Place, standing: Standing) -> Result<SimSource, Refusal> {
        let name = name_of(place);
        let mut disk = self.lock();
        let file = disk.files.get(&name).ok_or(Refusal::NotFound)?;
        let (inode, unnumbered) = (Arc::clone(&file.inode), file.unnumbered);
        let (unknown_length, claims_more) = (file.unknown_length, file.claims_more);
        let ticket = disk
            .budget
            .take(standing == Standing::HalfOpen)
            .ok_or(Refusal::TooManyFiles)?;
        let (length, identity) = {
            let inode = lock(&inode);
            let size = inode.bytes.len() as u64 + if claims_more { 700 } else { 0 };
            let length = match unknown_length {
                true => Length::Unknown,
                false => Length::Exact(size),
            };
            let identity = Identity {
                device: 1,
                inode: inode.number,
                size,
                modified: (inode.modified, 0),
                changed: (inode.changed, 0),
            };
            (length, identity)
        };
        let now = disk.now;
        let Disk { files, counts, .. } = &mut *disk;
        counts.reopened += u64::from(standing == Standing::Settled);
        files.may_change(now, &name, counts);
        drop(disk);
        Ok(SimSource {
            store: self.clone(),
            inode,
            path: Path::new("/srv").join(String::from_utf8_lossy(&name).as_ref()),
            name,
            length,
            identity,
            unnumbered,
            ticket,
        })
    }

    fn create(
        &self,
        place: &Place,
        options: &UploadOptions,
        standing: Standing,
    ) -> Result<SimSink, Refusal> {
        let name = name_of(place);
        let mut disk = self.lock();
        let ticket = disk
            .budget
            .take(standing == Standing::HalfOpen)
            .ok_or(Refusal::TooManyFiles)?;
        disk.number += 1;
        let number = disk.number;
        disk.files.unfinished.insert(number, Vec::new());
        Ok(SimSink {
            store: self.clone(),
            number,
            path: Path::new("/srv").join(String::from_utf8_lossy(&name).as_ref()),
            name,
            sync: options.sync,
            ticket,
        })
    }

    fn append(&self, sink: &SimSink, bytes: &Gathered) {
        let mut disk = self.lock();
        if let Some(file) = disk.files.unfinished.get_mut(&sink.number) {
            bytes.iter().for_each(|piece| file.extend_from_slice(piece));
        }
    }

    /// Counts a call, and returns true if it is the one that fails.
    fn fails_now(&self) -> bool {
        self.lock().fails_now()
    }

    /// Draws whether a file or chunk is in the cache.
    fn is_warm(&self) -> bool {
        let mut disk = self.lock();
        let chance = disk.knobs.cold;
        let is_warm = !disk.rng.percent(chance);
        disk.counts.warm += u64::from(is_warm);
        is_warm
    }
}

impl Store for SimStore {
    type Source = SimSource;
    type Sink = SimSink;

    fn try_open(&self, place: &Place, standing: Standing) -> Option<Result<SimSource, Refusal>> {
        self.is_warm().then(|| match self.fails_now() {
            true => Err(Refusal::Io(broken_disk())),
            false => self.open(place, standing),
        })
    }

    fn has_room(&self, _lane: Lane) -> bool {
        let disk = self.lock();
        disk.jobs.values().filter(|pending| pending.hangs).count() < ROOM
    }

    fn start(&self, _lane: Lane, job: Job<SimStore>, done: Done<SimStore>) {
        let mut disk = self.lock();
        let chance = disk.knobs.hangs;
        let hangs = disk.rng.percent(chance);
        disk.counts.jobs += 1;
        disk.counts.hung_jobs += u64::from(hangs);
        disk.started.push(Pending { hangs, job, done });
    }

    fn call(&self) {
        let mut disk = self.lock();
        for pending in std::mem::take(&mut disk.started) {
            let longest = disk.knobs.delay;
            let wait = match pending.hangs {
                true => HANG,
                false => 1 + disk.rng.below(longest + 1),
            };
            disk.number += 1;
            let key = (disk.now + wait, disk.number);
            disk.jobs.insert(key, pending);
        }
    }
}

impl SimSource {
    fn copy(&self, at: u64, length: usize, into: &mut Vec<u8>) {
        let inode = lock(&self.inode);
        let from = inode.bytes.len().min(at as usize);
        let upto = inode.bytes.len().min(from + length);
        into.extend_from_slice(&inode.bytes[from..upto]);
    }
}

impl Source for SimSource {
    fn path(&self) -> Option<&Path> {
        Some(&self.path)
    }

    fn length(&self) -> Length {
        self.length
    }

    fn identity(&self) -> Option<Identity> {
        (!self.unnumbered).then_some(self.identity)
    }

    fn state(&self) -> Option<Identity> {
        Some(self.identity)
    }

    fn try_read(&self, at: u64, length: usize, into: &mut Vec<u8>) -> io::Result<bool> {
        let is_warm = self.store.is_warm();
        if is_warm {
            if self.store.fails_now() {
                return Err(broken_disk());
            }
            self.copy(at, length, into);
        }
        Ok(is_warm)
    }

    fn settle(&self) {
        self.ticket.settle();
    }
}

impl Drop for SimSource {
    fn drop(&mut self) {
        let mut disk = self.store.lock();
        let now = disk.now;
        let Disk { files, counts, .. } = &mut *disk;
        files.may_change(now, &self.name, counts);
    }
}

impl Sink for SimSink {
    fn path(&self) -> Option<&Path> {
        Some(&self.path)
    }

    fn settle(&self) {
        self.ticket.settle();
    }
}

impl Drop for SimSink {
    fn drop(&mut self) {
        let mut disk = self.store.lock();
        if disk.is_dead {
            return;
        }
        if !disk.is_in_job {
            let text = "an unfinished file was removed where that may block".to_owned();
            disk.broken.get_or_insert(Broken(Judge::Bounds, text));
        }
        disk.files.unfinished.remove(&self.number);
    }
}
