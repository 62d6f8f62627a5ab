//! The data of an upload on its way to a file, to the application, or to both.
//!
//! Data is gathered by batch: the data of one batch of datagrams is passed on once, and written in
//! pieces of a size that thousands of uploads can gather at the same time. The owner calls
//! [`UploadStream::take`] for each piece of the stream. After the batch it calls
//! [`UploadStream::freeze`], then the application, then [`UploadStream::store`].

use std::ops::RangeInclusive;
use std::sync::Arc;

use tftp_proto::netascii::Decoder;
use tftp_proto::wire::Mode;

use super::content_cache::ContentCache;
use super::jail::Refusal;
use super::return_slot::ReturnSlot;
use super::storage::{Gathered, JobKind, Owner, Sink, Store};
use super::{Bytes, Lane};

/// The number of bytes that one upload gathers before it is written, and that all uploads together
/// gather. Few large writes are cheap, but thousands of uploads share the total.
const WRITE_AT_ONCE: RangeInclusive<usize> = 4 << 10..=256 << 10;
const GATHERED_IN_ALL: usize = 16 << 20;

/// The number of bytes from which on an upload gets room for a whole write at once. Growing step by
/// step would copy the bytes several times, and most uploads that have come so far have more. Room
/// that is not filled is no memory yet.
const WHOLE_WRITE_FROM: usize = 8 << 10;

/// The number of writes that may wait for slow storage before the client has to wait too.
const WRITES_WAITING: usize = 4;

/// Returns the number of bytes that an upload gathers before they are written, with this many
/// active transfers. It is a power of two, so that writes of this size end where pages end.
pub fn write_size(active: usize) -> usize {
    let share =
        (GATHERED_IN_ALL / active.max(1)).clamp(*WRITE_AT_ONCE.start(), *WRITE_AT_ONCE.end());
    1 << share.ilog2()
}

/// One upload.
pub struct UploadStream<S: Store> {
    decoder: Option<Decoder>,
    target: Target<S>,
    lane: Lane,
    /// Data that was received and not passed on yet.
    pending: Vec<u8>,
    /// Data that waits to be written.
    queue: Gathered,
    /// The number of bytes passed on, to the application and the file alike.
    passed: u64,
    /// The last block was received.
    is_complete: bool,
    /// The data of the last block was passed on, too.
    is_closed: bool,
    /// The client has acknowledged something, so the sink has to be settled.
    is_settled: bool,
    /// Memory was short at the last call of [`UploadStream::store`].
    is_crowded: bool,
}

enum Target<S: Store> {
    /// Only the application receives the data.
    Application,
    /// The file is here, and no job uses it.
    Idle(S::Sink),
    /// A job writes to the file, and returns it in this slot.
    Busy(Arc<ReturnSlot<S::Sink>>),
    /// Nothing more is to be written.
    Done,
}

/// The data that is passed on after one batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Portion {
    /// The number of bytes of the file before these.
    pub before: u64,
    /// The bytes, without the line ends of netascii.
    pub bytes: Bytes,
    /// These bytes are the last ones.
    pub is_last: bool,
}

/// The progress of an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Not finished: a completion or the next batch continues it.
    Underway,
    /// There is no file, and everything was passed on: the client's last block can be acknowledged.
    Whole,
}

impl<S: Store> UploadStream<S> {
    /// Creates the stream of an upload. `sink` is `None` if only the application receives the data.
    pub fn new(sink: Option<S::Sink>, mode: Mode, lane: Lane) -> UploadStream<S> {
        UploadStream {
            decoder: (mode == Mode::Netascii).then(Decoder::default),
            target: sink.map_or(Target::Application, Target::Idle),
            lane,
            pending: Vec::new(),
            queue: Gathered::default(),
            passed: 0,
            is_complete: false,
            is_closed: false,
            is_settled: false,
            is_crowded: false,
        }
    }

    /// Takes the next bytes of the stream; `last` is true for the last ones.
    pub fn take(&mut self, bytes: &[u8], last: bool) {
        match &mut self.decoder {
            Some(decoder) => decoder.decode(bytes, &mut self.pending),
            None => self.pending.extend_from_slice(bytes),
        }
        if last
            && !std::mem::replace(&mut self.is_complete, true)
            && let Some(decoder) = &mut self.decoder
        {
            decoder.finish(&mut self.pending);
        }
    }

    /// Returns whether there is data, or the end, that was not passed on.
    pub fn has_unreported_data(&self) -> bool {
        !self.pending.is_empty() || (self.is_complete && !self.is_closed)
    }

    /// Returns true if nothing is to be done with the data yet: it is for a file alone, fewer than
    /// `write_size` bytes are here, and more will come.
    #[inline]
    pub fn only_gathers(&mut self, write_size: usize) -> bool {
        let length = self.pending.len();
        let is_little = length < write_size && self.queue.is_empty();
        let only_gathers = is_little && !self.is_complete && !self.is_only_for_application();
        if only_gathers && length >= WHOLE_WRITE_FROM && self.pending.capacity() < write_size {
            // With the part of the last batch that goes beyond it.
            self.pending.reserve_exact(write_size + write_size / 4 - length);
        }
        only_gathers
    }

    /// Returns whether everything was passed on. Only the application's answer may still be
    /// missing.
    pub fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// Returns whether only the application receives the data.
    pub fn is_only_for_application(&self) -> bool {
        matches!(self.target, Target::Application)
    }

    /// Returns whether the stream is translated, so that its blocks are not those of the file.
    pub fn is_translated(&self) -> bool {
        self.decoder.is_some()
    }

    /// Returns the data to pass to the application now and to write to the file later; `None` if
    /// more data is gathered first. `every_batch`: the application receives the data, each batch at
    /// once; `write_size`: see [`write_size`].
    pub fn freeze(
        &mut self,
        cache: &ContentCache<S>,
        every_batch: bool,
        write_size: usize,
    ) -> Option<Portion> {
        let is_last = self.is_complete && !self.is_closed;
        let is_due = !self.pending.is_empty() && (every_batch || self.pending.len() >= write_size);
        if !is_last && !is_due {
            return None;
        }
        self.is_closed |= is_last;
        let before = self.passed;
        let bytes: Bytes = Arc::new(match is_last || every_batch {
            true => std::mem::take(&mut self.pending),
            false => self.take_aligned(write_size),
        });
        if every_batch && !is_last {
            self.pending.reserve(bytes.len());
        }
        self.passed += bytes.len() as u64;
        if !bytes.is_empty() && !self.is_only_for_application() {
            let taken = cache.memory().take(Gathered::memory_of(bytes.len()));
            self.queue.push(Arc::clone(&bytes), taken);
        }
        Some(Portion {
            before,
            bytes,
            is_last,
        })
    }

    /// Takes the pending bytes up to the last multiple of `write_size` in the file. At least
    /// `write_size` bytes are pending. The end of a write in the middle of a page would cost a
    /// second look-up of that page, and smaller pages of the cache.
    fn take_aligned(&mut self, write_size: usize) -> Vec<u8> {
        let end = self.passed + self.pending.len() as u64;
        let beyond = (end % write_size as u64) as usize;
        let length = self.pending.len() - beyond;
        let mut rest = Vec::with_capacity(self.pending.capacity());
        rest.extend_from_slice(&self.pending[length..]);
        self.pending.truncate(length);
        std::mem::replace(&mut self.pending, rest)
    }

    /// Writes the waiting data, if it is enough, and gives the file its name once everything was
    /// received. `may_finish`: the application has accepted all data that it was given, and has not
    /// refused the file.
    pub fn store(
        &mut self,
        cache: &ContentCache<S>,
        owner: Owner,
        may_finish: bool,
        write_size: usize,
    ) -> Progress {
        let finish = self.is_closed && may_finish;
        if finish && self.is_only_for_application() {
            self.target = Target::Done;
            return Progress::Whole;
        }
        // Where memory is short, waiting data is written at once, and the client is held meanwhile.
        // Looked at once: a client that is held although nothing is written waits for ever.
        self.is_crowded = !self.queue.is_empty() && cache.memory().is_exhausted();
        if !finish && !self.is_crowded && self.queue.memory() < write_size {
            return Progress::Underway;
        }
        // If a job has the file, this is called again when the file comes back.
        let Some(sink) = self.take_sink() else {
            return Progress::Underway;
        };
        let returned = Arc::<ReturnSlot<S::Sink>>::default();
        let bytes = std::mem::take(&mut self.queue);
        self.target = Target::Busy(Arc::clone(&returned));
        let kind = match finish {
            true => JobKind::Commit,
            false => JobKind::Write(returned),
        };
        cache.write(owner, self.lane, sink, bytes, kind);
        Progress::Underway
    }

    /// Returns whether the client should wait, because storage was too far behind at the last call
    /// of [`UploadStream::store`].
    pub fn is_behind(&self, write_size: usize) -> bool {
        (self.is_crowded && !self.queue.is_empty())
            || self.queue.memory() > WRITES_WAITING * write_size
    }

    /// Called when a write that was waited for has ended. Takes the file back.
    pub fn written(&mut self, written: Result<S::Sink, Refusal>) -> Result<(), Refusal> {
        let sink = written?;
        if self.is_settled {
            sink.settle();
        }
        self.target = Target::Idle(sink);
        Ok(())
    }

    /// Called when the client has acknowledged something.
    pub fn settle(&mut self) {
        self.is_settled = true;
        if let Target::Idle(sink) = &self.target {
            sink.settle();
        }
    }

    /// Called when the file has its name.
    pub fn committed(&mut self) {
        self.target = Target::Done;
    }

    /// Removes an unfinished file, in a job because that may block.
    pub fn discard(&mut self, cache: &ContentCache<S>, owner: Owner) {
        self.queue.clear();
        let sink = self.take_sink();
        self.target = Target::Done;
        if let Some(sink) = sink {
            cache.discard(owner, self.lane, sink);
        }
    }

    /// Takes the file, if it may be written to now.
    fn take_sink(&mut self) -> Option<S::Sink> {
        if let Target::Busy(returned) = &self.target {
            let sink = returned.take();
            if let (Some(sink), true) = (&sink, self.is_settled) {
                sink.settle();
            }
            return sink;
        }
        match std::mem::replace(&mut self.target, Target::Done) {
            Target::Idle(sink) => Some(sink),
            // There is no file to write to.
            other => {
                self.target = other;
                None
            }
        }
    }
}

#[cfg(test)]
mod tests;
