//! Files prepared as the DATA packets that carry them.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use crate::stored::Stored;

/// All DATA packets of a file, contiguous in memory. Benchmark files have fewer than 65536 blocks.
#[derive(Clone, Copy)]
pub struct Frames {
    bytes: &'static [u8],
    /// The bytes of a packet; the last one has fewer.
    pub stride: usize,
}

impl Frames {
    fn new(file: &[u8], blksize: usize) -> Frames {
        let stride = 4 + blksize;
        let blocks = file.len() / blksize + 1;
        let mut bytes = Vec::with_capacity(file.len() + 4 * blocks);
        for block in 1..=blocks {
            let [high, low] = (block as u16).to_be_bytes();
            bytes.extend([0, 3, high, low]);
            let start = (block - 1) * blksize;
            bytes.extend_from_slice(&file[start..file.len().min(start + blksize)]);
        }
        Frames {
            bytes: Box::leak(bytes.into_boxed_slice()),
            stride,
        }
    }

    /// Returns up to `count` packets after `block`; empty after the last block.
    #[inline]
    pub fn behind(&self, block: u16, count: usize) -> &'static [u8] {
        let start = usize::from(block) * self.stride;
        let bytes = self.bytes;
        let end = bytes.len().min(start + count * self.stride);
        bytes.get(start..end).unwrap_or(&[])
    }
}

/// The files that are served, and their packets by block size.
pub struct Files {
    files: HashMap<Vec<u8>, (Vec<u8>, Vec<Frames>)>,
    /// The directory that uploads are stored in; `None`: they are discarded.
    uploads: Option<PathBuf>,
    /// The directory whose files are opened for each read; `None`: they are not.
    downloads: Option<PathBuf>,
}

impl Files {
    /// Loads all files of a directory. `stores`: uploads are stored there. `opens`: each read opens
    /// its file.
    ///
    /// # Errors
    /// Those of reading them.
    pub fn load(dir: &str, stores: bool, opens: bool) -> io::Result<Files> {
        let mut files = HashMap::new();
        for entry in std::fs::read_dir(dir)? {
            let entry = entry?;
            let bytes = std::fs::read(entry.path())?;
            files.insert(entry.file_name().into_encoded_bytes(), (bytes, Vec::new()));
        }
        let uploads = stores.then(|| PathBuf::from(dir));
        let downloads = opens.then(|| PathBuf::from(dir));
        Ok(Files {
            files,
            uploads,
            downloads,
        })
    }

    /// Opens the file of a read and looks at its length and time, if reads open files.
    ///
    /// # Errors
    /// Those of opening it.
    pub fn open(&self, name: &[u8]) -> io::Result<()> {
        if let Some(dir) = &self.downloads {
            File::open(dir.join(OsStr::from_bytes(name)))?.metadata()?;
        }
        Ok(())
    }

    /// Creates the file of an upload, if uploads are stored.
    ///
    /// # Errors
    /// Those of creating it.
    pub fn store(&self, name: &[u8]) -> io::Result<Option<Stored>> {
        let stored = self.uploads.as_deref().map(|dir| Stored::create(dir, name));
        stored.transpose()
    }

    /// Returns the packets of a file, or `None` if no file has that name.
    pub fn frames(&mut self, name: &[u8], blksize: usize) -> Option<Frames> {
        let (file, made) = self.files.get_mut(name)?;
        let stride = 4 + blksize;
        if let Some(frames) = made.iter().find(|frames| frames.stride == stride) {
            return Some(*frames);
        }
        let frames = Frames::new(file, blksize);
        made.push(frames);
        Some(frames)
    }
}
