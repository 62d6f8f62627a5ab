//! Files as the world knows them: contents by name and version.

use std::collections::BTreeMap;

use tftp_sim::Rng;

/// How many there are to be read.
pub const COUNT: u64 = 12;

/// One file.
#[derive(Clone, Copy, Debug)]
pub struct File {
    /// What it holds now, and held before it changed.
    pub versions: [&'static [u8]; 2],
    pub version: usize,
    pub missing: bool,
    pub unknown_length: bool,
    /// It changes when it is first let go.
    pub changes: bool,
}

impl File {
    pub fn content(&self, version: usize) -> &'static [u8] {
        self.versions[version]
    }
}

/// The directory: files to be read, and what was stored.
pub struct Files {
    files: BTreeMap<Vec<u8>, File>,
    pub stored: BTreeMap<Vec<u8>, Vec<u8>>,
}

pub fn name(number: u64) -> Vec<u8> {
    format!("file-{number}").into_bytes()
}

fn size(rng: &mut Rng) -> usize {
    let size = rng.pick(&[0, 1, 100, 511, 512, 513, 1024, 1428, 4_000, 8_192, 20_000, 60_000]);
    size as usize
}

impl Files {
    pub fn new(mut rng: Rng, disk: &super::plan::Disk) -> Files {
        let mut files = BTreeMap::new();
        for number in 0..COUNT {
            let mut rng = rng.part(number);
            let size = size(&mut rng);
            let versions = [tftp_sim::noise(&mut rng, size), tftp_sim::noise(&mut rng, size)];
            let file = File {
                versions,
                version: 0,
                missing: rng.percent(disk.missing),
                unknown_length: rng.percent(disk.unknown_length),
                changes: rng.percent(disk.changes),
            };
            files.insert(name(number), file);
        }
        rng.next();
        Files {
            files,
            stored: BTreeMap::new(),
        }
    }

    pub fn get(&self, name: &[u8]) -> Option<&File> {
        self.files.get(name).filter(|file| !file.missing)
    }

    pub fn change(&mut self, name: &[u8]) {
        if let Some(file) = self.files.get_mut(name).filter(|file| file.changes) {
            file.version = 1;
        }
    }

    /// What a client that asks for it should get; nothing where there is no such file.
    pub fn expected(&self, name: &[u8]) -> &'static [u8] {
        self.files.get(name).map_or(&[], |file| file.versions[0])
    }

    /// Whether everybody gets the same.
    pub fn is_steady(&self, name: &[u8]) -> bool {
        self.files
            .get(name)
            .is_some_and(|file| !file.changes && !file.missing)
    }
}
