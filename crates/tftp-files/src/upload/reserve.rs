//! Reserves space on the disk ahead of the bytes of an upload whose size is known.
//!
//! ext4 finds a place for bytes when they go to the disk, and until then counts each page of them.
//! Pages whose place is reserved cost a third less time to write. Other file systems are left
//! alone: some would fill the space with zeros, others would not compress it.

use std::fs::File;

use rustix::fs::{FallocateFlags, fallocate, ftruncate};

use crate::jail::is_ext;

/// The number of bytes reserved ahead: as many as were written, between these bounds. A client that
/// announces much and sends little takes hardly more space than it has sent.
const AHEAD: std::ops::RangeInclusive<u64> = 1 << 20..=16 << 20;

/// The space that is reserved for one upload.
#[derive(Debug)]
pub(super) struct Reserve {
    /// The size that the client announced; 0 if it is unknown, or nothing is to be reserved.
    announced: u64,
    /// Space is reserved up to this offset.
    upto: u64,
}

impl Reserve {
    /// Creates the reserve of an upload that has this announced size, or 0.
    pub(super) fn new(announced: u64) -> Reserve {
        Reserve { announced, upto: 0 }
    }

    /// Called before a write to a file of `written` bytes that makes it `end` bytes long. An error
    /// of the file system only means that nothing is reserved: the write itself shows whether there
    /// is space.
    #[inline]
    pub(super) fn prepare(&mut self, file: &File, written: u64, end: u64) {
        if self.announced > self.upto && end > self.upto {
            self.extend(file, written, end);
        }
    }

    fn extend(&mut self, file: &File, written: u64, end: u64) {
        let ahead = end.clamp(*AHEAD.start(), *AHEAD.end());
        let upto = self.announced.min(end.saturating_add(ahead));
        // A file of one write needs no reservation. ext2 and ext3 have no fallocate(2), which then
        // fails.
        let is_useless = self.upto == 0 && (upto <= end || !is_ext(file));
        if is_useless {
            self.announced = 0;
        } else if fallocate(file, FallocateFlags::KEEP_SIZE, self.upto, upto - self.upto).is_ok() {
            self.upto = upto;
        } else {
            self.announced = 0;
            // ext4 has found space and keeps it, which would be missing to others on a full disk.
            give_back(file, written);
        }
    }

    /// Gives back what was reserved behind the end of the file, whose length is `written`.
    pub(super) fn release(&mut self, file: &File, written: u64) {
        if std::mem::take(&mut self.upto) > written {
            give_back(file, written);
        }
    }
}

/// Gives back the space behind the end of a file. A failure costs space until the file is removed
/// or truncated, and no byte of it.
#[cold]
fn give_back(file: &File, written: u64) {
    let _ = ftruncate(file, written);
}
