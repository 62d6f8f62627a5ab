//! Reserves space on the disk ahead of the bytes of an upload whose size is known.
//!
//! ext4 finds a place for bytes when they go to the disk, and until then counts each page of them.
//! Pages whose place is reserved cost a third less time to write. Other file systems are left
//! alone: some would fill the space with zeros, others would not compress it.

use std::fs::File;

use rustix::fs::{FallocateFlags, fallocate, fstatfs, ftruncate};

/// The magic number of ext4 in statfs(2). ext2 and ext3 have the same, and no fallocate(2).
const EXT4: u64 = 0xEF53;

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

    /// Called before bytes are written that end at `end`. An error of the file system only means
    /// that nothing is reserved: the write itself shows whether there is space.
    #[inline]
    pub(super) fn prepare(&mut self, file: &File, end: u64) {
        if self.announced > self.upto && end > self.upto {
            self.extend(file, end);
        }
    }

    fn extend(&mut self, file: &File, end: u64) {
        let is_first = self.upto == 0;
        let ahead = end.clamp(*AHEAD.start(), *AHEAD.end());
        let upto = self.announced.min(end.saturating_add(ahead));
        let is_ext4 = || fstatfs(file).is_ok_and(|found| found.f_type as u64 & 0xFFFF_FFFF == EXT4);
        let has_more = upto > end || !is_first;
        let done = has_more && upto > self.upto && (!is_first || is_ext4()) && {
            let length = upto - self.upto;
            let reserved = fallocate(file, FallocateFlags::KEEP_SIZE, self.upto, length);
            if reserved.is_err() {
                give_back(file);
            }
            reserved.is_ok()
        };
        match done {
            true => self.upto = upto,
            false => self.announced = 0,
        }
    }

    /// Gives back what was reserved behind the end of the file, whose length is `written`.
    pub(super) fn release(&mut self, file: &File, written: u64) {
        if std::mem::take(&mut self.upto) > written {
            // A failure costs space until the file is removed or truncated, and no byte of it.
            let _ = ftruncate(file, written);
        }
    }
}

/// Gives back the space that ext4 has found and keeps although a reservation has failed: on a full
/// disk it would be missing to others.
#[cold]
fn give_back(file: &File) {
    // A failure costs space until the file is removed or truncated, and no byte of it.
    let _ = file.metadata().map(|found| ftruncate(file, found.len()));
}
