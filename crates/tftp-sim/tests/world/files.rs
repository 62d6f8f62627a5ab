//! The files of the world: the contents of each name over time, stored uploads, unfinished uploads.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use tftp_sim::Rng;

use super::counts::Counts;
use super::plan::Plan;

/// The number of files that can be read.
pub const COUNT: u64 = 12;

/// A file of letters only, whose netascii form is identical.
pub const TEXT: &[u8] = b"letters";
const LETTERS: &[u8] = &[b'a'; 40_000];

/// One file of the file system. It exists until its last handle is closed.
pub struct Inode {
    pub number: u64,
    pub bytes: &'static [u8],
    pub modified: i64,
    /// The change time, which programs cannot set.
    pub changed: i64,
}

/// A name that clients can read.
pub struct File {
    pub inode: Arc<Mutex<Inode>>,
    pub missing: bool,
    /// True if its reported size is 0, as in procfs, and its length is only known at its end.
    pub unknown_length: bool,
    /// True if its reported size is larger than its contents.
    pub claims_more: bool,
    /// True if its inode numbers are unreliable, so two openings cannot be recognized as the same
    /// file.
    pub unnumbered: bool,
    /// True if it changes at some openings and closings.
    pub changes: bool,
    /// Its former and current contents, each with the time of the change.
    versions: Vec<(u64, &'static [u8])>,
    /// Its future contents.
    next: Vec<&'static [u8]>,
}

/// A stored upload.
pub struct Stored {
    pub bytes: Vec<u8>,
    at: u64,
    synced: bool,
    /// True if a power cut truncated it.
    pub is_torn: bool,
}

/// The directory.
pub struct Files {
    files: BTreeMap<Vec<u8>, File>,
    pub stored: BTreeMap<Vec<u8>, Stored>,
    /// Unfinished uploads.
    pub unfinished: BTreeMap<u64, Vec<u8>>,
    rng: Rng,
    clock: i64,
}

/// Unsynced data reaches the disk within this time.
const WRITEBACK: u64 = 5_000_000;

pub fn name(number: u64) -> Vec<u8> {
    format!("file-{number}").into_bytes()
}

fn size(rng: &mut Rng) -> usize {
    let size = rng.pick(&[0, 1, 100, 511, 512, 513, 1024, 1428, 4_000, 8_192, 20_000, 60_000]);
    size as usize
}

impl File {
    fn new(mut rng: Rng, number: u64, plan: &Plan) -> File {
        let disk = &plan.disk;
        let size = match rng.part(1).percent(plan.feeding.large) {
            true => rng.part(2).pick(&[100_000, 200_000, 300_000, 1_200_000]),
            false => size(&mut rng),
        };
        let first = tftp_sim::noise(&mut rng, size);
        let changes = rng.percent(disk.changes);
        let unknown_length = rng.percent(disk.unknown_length);
        let next = match changes {
            true => (0..3).map(|_| tftp_sim::noise(&mut rng, size)).collect(),
            false => Vec::new(),
        };
        File {
            inode: Arc::new(Mutex::new(Inode {
                number: 1000 + number,
                bytes: first,
                modified: 1,
                changed: 1,
            })),
            missing: rng.percent(disk.missing),
            unknown_length,
            claims_more: rng.percent(disk.claims_more) && !unknown_length,
            unnumbered: rng.percent(disk.unnumbered),
            changes,
            versions: vec![(0, first)],
            next,
        }
    }

    fn of_letters() -> File {
        File {
            inode: Arc::new(Mutex::new(Inode {
                number: 1,
                bytes: LETTERS,
                modified: 1,
                changed: 1,
            })),
            missing: false,
            unknown_length: false,
            claims_more: false,
            unnumbered: false,
            changes: false,
            versions: vec![(0, LETTERS)],
            next: Vec::new(),
        }
    }

    /// Returns the current contents.
    pub fn content(&self) -> &'static [u8] {
        self.versions.last().map_or(&[], |(_, bytes)| bytes)
    }

    /// Returns the number of bytes, which never changes.
    pub fn size(&self) -> usize {
        self.content().len()
    }

    /// Returns all contents that it has had since a time.
    pub fn since(&self, at: u64) -> impl Iterator<Item = &'static [u8]> {
        let before = self.versions.partition_point(|(from, _)| *from <= at);
        self.versions[before.saturating_sub(1)..]
            .iter()
            .map(|(_, bytes)| *bytes)
    }
}

impl Files {
    pub fn new(mut rng: Rng, plan: &Plan) -> Files {
        let file = |number| (name(number), File::new(rng.part(number), number, plan));
        let mut files: BTreeMap<_, _> = (0..COUNT).map(file).collect();
        if plan.crowd.booting > 0 {
            files.insert(TEXT.to_vec(), File::of_letters());
        }
        rng.next();
        Files {
            files,
            stored: BTreeMap::new(),
            unfinished: BTreeMap::new(),
            rng,
            clock: 1,
        }
    }

    pub fn get(&self, name: &[u8]) -> Option<&File> {
        self.files.get(name).filter(|file| !file.missing)
    }

    /// Changes a file by chance: in place with its old modification time, or by replacing it with
    /// another file, which may have the same inode number.
    pub fn may_change(&mut self, now: u64, name: &[u8], counts: &mut Counts) {
        let rng = &mut self.rng;
        let Some(file) = self.files.get_mut(name).filter(|file| !file.next.is_empty()) else {
            return;
        };
        if !rng.percent(30) {
            return;
        }
        let Some(bytes) = file.next.pop() else { return };
        self.clock += 1;
        file.versions.push((now, bytes));
        let mut inode = file.inode.lock().expect("no thread panics with the lock");
        if rng.percent(50) {
            counts.changed += 1;
            (inode.bytes, inode.changed) = (bytes, self.clock);
            return;
        }
        counts.replaced += 1;
        let other = Inode {
            number: inode.number + u64::from(rng.percent(50)) * 100,
            bytes,
            modified: inode.modified,
            changed: self.clock,
        };
        drop(inode);
        file.inode = Arc::new(Mutex::new(other));
    }

    /// Stores an upload under its name.
    pub fn store(&mut self, at: u64, name: Vec<u8>, bytes: Vec<u8>, synced: bool) {
        let stored = Stored {
            bytes,
            at,
            synced,
            is_torn: false,
        };
        self.stored.insert(name, stored);
    }

    /// Cuts the power: uploads that were not synced may be truncated.
    pub fn cut_power(&mut self, now: u64, counts: &mut Counts) {
        for stored in self.stored.values_mut() {
            if !stored.synced && stored.at + WRITEBACK > now && !stored.bytes.is_empty() {
                let left = self.rng.below(stored.bytes.len() as u64);
                stored.bytes.truncate(left as usize);
                stored.is_torn = true;
                counts.torn += 1;
            }
        }
    }

    /// Removes the unfinished uploads that a crash left.
    pub fn sweep(&mut self) -> u64 {
        std::mem::take(&mut self.unfinished).len() as u64
    }

    /// Returns the contents that a client should receive for a name; empty if there is no such
    /// file.
    pub fn expected(&self, name: &[u8]) -> &'static [u8] {
        self.files.get(name).map_or(&[], |file| file.versions[0].1)
    }

    /// Returns true if the contents of a name never change.
    pub fn is_steady(&self, name: &[u8]) -> bool {
        self.files
            .get(name)
            .is_some_and(|file| !file.changes && !file.missing && !file.claims_more)
    }
}
