//! Tests the file system through a cache: as a whole, and job by job.

use std::fs;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use tempfile::TempDir;
use tftp_budget::memory::Memory;
use tftp_proto::wire::Mode;

use super::*;
use crate::content_cache::Content;
use crate::jail::Jail;
use crate::storage::{Completion, Gathered, Mailbox, Owner, Source};
use crate::upload::UploadOptions;
use crate::{
    Completed, ContentCache, Creating, Directory, DownloadStream, Opening, Progress, Supply,
    UploadStream,
};

type Disk = Pooled<Directory>;

const OWNER: Owner = Owner {
    index: 1,
    generation: 2,
};

struct Inbox(Sender<Completion<Disk>>);

impl Mailbox<Disk> for Inbox {
    fn deliver(&self, completion: Completion<Disk>) {
        // A finished test does not receive any more.
        let _ = self.0.send(completion);
    }
}

struct Ground {
    root: TempDir,
    jail: Arc<Jail>,
    pool: Arc<Pool>,
    cache: ContentCache<Disk>,
    inbox: Receiver<Completion<Disk>>,
}

impl Ground {
    fn new() -> Ground {
        let root = TempDir::new().unwrap();
        let pool = Arc::new(Pool::new("t-pooled"));
        let (sender, inbox) = channel();
        let store = Pooled::new(Directory, Arc::clone(&pool));
        Ground {
            jail: Arc::new(Jail::new(root.path(), true).unwrap()),
            root,
            pool,
            cache: ContentCache::new(store, Arc::new(Inbox(sender)), Arc::new(Memory::default())),
            inbox,
        }
    }

    fn below(&self, name: &str) -> Place {
        Place::Below(Arc::clone(&self.jail), name.into())
    }

    fn settled(&mut self) -> Completed<Disk> {
        self.cache.call();
        let completion = self.inbox.recv_timeout(Duration::from_secs(60)).unwrap();
        assert_eq!(completion.owner(), OWNER);
        self.cache.complete(completion)
    }

    fn opened(&mut self, place: &Place) -> Result<crate::Opened<Disk>, Refusal> {
        match self.cache.open(OWNER, place, Standing::Settled) {
            Opening::Now(opened) => opened,
            Opening::Later => match self.settled() {
                Completed::Opened(opened) => opened,
                _ => panic!("opened"),
            },
            Opening::Busy => panic!("there is room"),
        }
    }

    fn upload(&mut self, place: &Place, bytes: &[u8]) {
        let options = UploadOptions::default();
        let creating = self.cache.create(OWNER, place, options, Standing::Settled);
        assert_eq!(creating, Creating::Later);
        let Completed::Created(Ok(sink)) = self.settled() else {
            panic!("created")
        };
        let mut upload = UploadStream::new(Some(sink), Mode::Octet, place.lane());
        upload.take(bytes, true);
        upload.freeze(&self.cache, false, 4096);
        assert_eq!(upload.store(&self.cache, OWNER, true, 4096), Progress::Underway);
        assert!(matches!(self.settled(), Completed::Committed(Ok(()))));
    }
}

#[test]
fn files_go_in_and_come_out_by_name_and_by_path() {
    let mut ground = Ground::new();
    let bytes: Vec<u8> = (0..100_000_u32).map(|at| (at % 251) as u8).collect();
    let by_path = Place::Path(ground.root.path().join("by-path").into());
    for place in [ground.below("by-name"), by_path] {
        ground.upload(&place, &bytes);
        let opened = ground.opened(&place).unwrap();
        let mut download = DownloadStream::new(opened, Mode::Octet);
        assert_eq!(download.stream_size(), Some(100_000));
        loop {
            match download.ensure(&mut ground.cache, OWNER, 100_000) {
                Supply::Have { available, end } => {
                    break assert_eq!((available, end), (100_000, true));
                }
                Supply::Pending => {
                    let Completed::Read(mut read) = ground.settled() else {
                        panic!("a read")
                    };
                    download.accept(&mut ground.cache, OWNER, &mut read);
                }
                other => panic!("{other:?}"),
            }
        }
        let mut all = Vec::new();
        download.slices(0..100_000, |bytes, range| all.extend_from_slice(&bytes[range]));
        assert!(all == bytes);
    }
    assert_eq!(fs::read(ground.root.path().join("by-name")).unwrap(), bytes);
    assert_eq!(fs::read_dir(ground.root.path()).unwrap().count(), 2);
    ground.pool.shutdown();
}

#[test]
fn nothing_outside_the_root_is_opened_and_discarded_uploads_leave_nothing() {
    let mut ground = Ground::new();
    for name in ["../secret", "missing"] {
        let place = ground.below(name);
        assert!(ground.opened(&place).is_err(), "{name}");
    }
    let place = ground.below("half");
    ground
        .cache
        .create(OWNER, &place, UploadOptions::default(), Standing::HalfOpen);
    let Completed::Created(Ok(sink)) = ground.settled() else {
        panic!("created")
    };
    assert_eq!(
        fs::read_dir(ground.root.path()).unwrap().count(),
        1,
        "a temporary name"
    );
    ground.cache.discard(OWNER, place.lane(), sink);
    ground.cache.call();
    ground.pool.shutdown();
    assert_eq!(fs::read_dir(ground.root.path()).unwrap().count(), 0);
}

#[test]
fn openings_of_an_unchanged_file_are_one_and_of_a_changed_one_are_not() {
    let mut ground = Ground::new();
    let (place, path) = (ground.below("file"), ground.root.path().join("file"));
    let identity = |place: &Place| {
        // A file has no identity for a moment after a change.
        for _ in 0..4_000 {
            let file = Directory.open(place, Standing::Settled).unwrap();
            if file.identity().is_some() {
                return file.identity();
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        None
    };
    fs::write(&path, b"contents").unwrap();
    let Some(first) = identity(&place) else {
        return eprintln!("SKIPPED: this file system's inode numbers are not known to be unique");
    };
    let mut content = || {
        ground.cache.batch_ends();
        match ground.opened(&place).unwrap().content {
            Content::File(shared) => shared,
            Content::Memory(_) | Content::Fed(_) => panic!("a file"),
        }
    };
    let (one, two) = (content(), content());
    assert!(Arc::ptr_eq(&one, &two));
    fs::write(&path, b"CONTENTS").unwrap();
    assert_ne!(identity(&place), Some(first));
    assert!(!Arc::ptr_eq(&one, &content()));
}

/// Blocking calls that panic. No transfer may wait for ever for them.
struct Faulty;

struct Nothing;

impl Source for Nothing {
    fn length(&self) -> crate::Length {
        crate::Length::Unknown
    }

    fn identity(&self) -> Option<crate::Identity> {
        None
    }

    fn try_read(&self, _: u64, _: usize, _: &mut Vec<u8>) -> std::io::Result<bool> {
        Ok(false)
    }
}

impl crate::Sink for Nothing {}

impl Files for Faulty {
    type Source = Nothing;
    type Sink = Nothing;

    fn open(&self, _: &Place, _: Standing) -> Result<Nothing, Refusal> {
        std::panic::resume_unwind(Box::new("on purpose, past the hook that would print it"))
    }

    fn create(&self, _: &Place, _: &UploadOptions, _: Standing) -> Result<Nothing, Refusal> {
        Ok(Nothing)
    }

    fn read(&self, _: &Nothing, _: u64, _: usize, _: &mut Vec<u8>) -> std::io::Result<()> {
        Ok(())
    }

    fn write(&self, _: &mut Nothing, _: &Gathered) -> Result<(), Refusal> {
        Ok(())
    }

    fn commit(&self, _: Nothing) -> Result<(), Refusal> {
        Ok(())
    }
}

struct FaultyInbox(Sender<Completion<Pooled<Faulty>>>);

impl Mailbox<Pooled<Faulty>> for FaultyInbox {
    fn deliver(&self, completion: Completion<Pooled<Faulty>>) {
        self.0.send(completion).unwrap();
    }
}

#[test]
fn a_call_that_panics_is_an_error_of_its_transfer() {
    let pool = Arc::new(Pool::new("t-faulty"));
    let (sender, inbox) = channel();
    let store = Pooled::new(Faulty, Arc::clone(&pool));
    let memory = Arc::new(Memory::default());
    let mut cache = ContentCache::new(store, Arc::new(FaultyInbox(sender)), memory);
    let place = Place::Path(std::path::Path::new("/any").into());
    assert!(matches!(
        cache.open(OWNER, &place, Standing::HalfOpen),
        Opening::Later
    ));
    cache.call();
    let completion = inbox.recv_timeout(Duration::from_secs(60)).unwrap();
    assert!(matches!(
        cache.complete(completion),
        Completed::Opened(Err(Refusal::Io(_)))
    ));
    pool.shutdown();
}
