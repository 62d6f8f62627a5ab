//! Storage in the file system: below a root that no name leads out of, or by path.

use std::io::{self, IoSlice};
use std::path::Path;

use tftp_budget::descriptors::Ticket;

use super::blocking::Files;
use super::jail::{self, Refusal};
use super::read;
use super::storage::{Gathered, Identity, Length, Place, Sink, Source, Standing};
use super::upload::{Upload, UploadOptions};

/// The number of descriptors of an upload: its directory and its file, and the directory once more
/// if it is synced.
const UPLOAD: usize = 2;
const SYNCED_UPLOAD: usize = 3;

/// The file system.
#[derive(Clone, Copy, Debug, Default)]
pub struct Directory;

/// A file of the file system, open for reading.
#[derive(Debug)]
pub struct File {
    opened: jail::Opened,
    /// Counts the descriptor in the budget.
    ticket: Ticket,
}

/// A file of the file system that is being written.
pub struct NewFile {
    upload: Upload,
    /// Counts the descriptors in the budget.
    ticket: Ticket,
}

/// Takes a ticket for `count` descriptors. Called right before the opening, on the thread that
/// opens, so that jobs that wait for the disk hold none.
fn ticket(count: usize, standing: Standing) -> Result<Ticket, Refusal> {
    Ticket::take(count, standing == Standing::HalfOpen).ok_or(Refusal::TooManyFiles)
}

impl Files for Directory {
    type Source = File;
    type Sink = NewFile;

    fn try_open(&self, place: &Place, standing: Standing) -> Option<Result<File, Refusal>> {
        let Place::Below(root, name) = place else {
            return None;
        };
        let ticket = match ticket(1, standing) {
            Ok(ticket) => ticket,
            Err(refusal) => return Some(Err(refusal)),
        };
        let opened = root.open_cached(name)?;
        Some(opened.map(|opened| File { opened, ticket }))
    }

    fn open(&self, place: &Place, standing: Standing) -> Result<File, Refusal> {
        let ticket = ticket(1, standing)?;
        let opened = match place {
            Place::Below(root, name) => root.open(name)?,
            Place::Path(path) => jail::open_path(path)?,
            Place::Memory(_) | Place::Fed(_) | Place::Application => return Err(Refusal::NotFound),
        };
        Ok(File { opened, ticket })
    }

    fn create(
        &self,
        place: &Place,
        options: &UploadOptions,
        standing: Standing,
    ) -> Result<NewFile, Refusal> {
        let count = if options.sync { SYNCED_UPLOAD } else { UPLOAD };
        let ticket = ticket(count, standing)?;
        let upload = match place {
            Place::Below(root, name) => root.create(name, options)?,
            Place::Path(path) => jail::create_path(path, options)?,
            Place::Memory(_) | Place::Fed(_) | Place::Application => {
                return Err(Refusal::NotAllowed);
            }
        };
        Ok(NewFile { upload, ticket })
    }

    fn read(&self, source: &File, at: u64, length: usize, into: &mut Vec<u8>) -> io::Result<()> {
        read::read_at(&source.opened.file, into, length, at)
    }

    fn write(&self, sink: &mut NewFile, bytes: &Gathered) -> Result<(), Refusal> {
        let mut pieces: Vec<IoSlice<'_>> = bytes.iter().map(IoSlice::new).collect();
        Ok(sink.upload.write_pieces(&mut pieces)?)
    }

    fn commit(&self, sink: NewFile) -> Result<(), Refusal> {
        sink.upload.commit()
    }
}

impl Source for File {
    fn path(&self) -> Option<&Path> {
        Some(&self.opened.path)
    }

    fn length(&self) -> Length {
        self.opened.size.into()
    }

    fn identity(&self) -> Option<Identity> {
        self.opened.key
    }

    fn state(&self) -> Option<Identity> {
        self.opened.state
    }

    fn try_read(&self, at: u64, length: usize, into: &mut Vec<u8>) -> io::Result<bool> {
        read::read_at_nowait(&self.opened.file, into, length, at)
    }

    fn settle(&self) {
        self.ticket.settle();
    }
}

impl Sink for NewFile {
    fn path(&self) -> Option<&Path> {
        Some(self.upload.path())
    }

    fn settle(&self) {
        self.ticket.settle();
    }
}
