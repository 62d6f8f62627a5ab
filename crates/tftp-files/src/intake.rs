//! An upload on its way to a file, to the application, or to both.
//!
//! Data is gathered by batch: what one batch of datagrams brought is passed on once, and written in pieces of a size
//! that thousands of uploads can gather at the same time. The owner calls, in this order: [`Intake::take`] for each
//! piece of the stream, and after the batch [`Intake::freeze`], then tells the application, then [`Intake::store`].

use std::ops::RangeInclusive;
use std::sync::Arc;

use tftp_proto::netascii::Decoder;
use tftp_proto::wire::Mode;

use super::jail::Refusal;
use super::returned::Returned;
use super::shelf::Shelf;
use super::storage::{Errand, Gathered, Owner, Sink, Store};
use super::{Bytes, Lane};

/// How much an upload gathers before it is written: few large writes are cheap, but thousands of uploads share what all
/// may gather.
const WRITE_AT_ONCE: RangeInclusive<usize> = 4 << 10..=256 << 10;
const GATHERED_IN_ALL: usize = 16 << 20;

/// So many of these may wait for slow storage before the client is made to wait too.
const WRITES_WAITING: usize = 4;

/// How many bytes an upload gathers before they are written, if so many transfers are active.
pub fn write_size(active: usize) -> usize {
    (GATHERED_IN_ALL / active.max(1)).clamp(*WRITE_AT_ONCE.start(), *WRITE_AT_ONCE.end())
}

/// One upload.
pub struct Intake<S: Store> {
    decoder: Option<Decoder>,
    target: Target<S>,
    lane: Lane,
    /// Data of this batch.
    pending: Vec<u8>,
    /// Data that waits to be written.
    queue: Gathered,
    /// Bytes that were passed on, to the application and the file alike.
    passed: u64,
    /// The last block is in.
    is_complete: bool,
    /// Its data was passed on, too.
    is_closed: bool,
    /// The client has acknowledged something, and the sink is to hear of it.
    is_settled: bool,
}

enum Target<S: Store> {
    /// Only the application takes the data.
    Application,
    /// The file waits for data.
    Idle(S::Sink),
    /// The file is with a job, which leaves it here.
    Busy(Arc<Returned<S::Sink>>),
    /// Nothing more will be written.
    Done,
}

/// What one batch brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Portion {
    /// Bytes of the file that came before.
    pub before: u64,
    /// The bytes, without the line ends of netascii.
    pub bytes: Bytes,
    /// Nothing follows.
    pub is_last: bool,
}

/// How far an upload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// A completion will tell, or the next batch.
    Underway,
    /// There is no file, and everything was passed on: the client's last block can be acknowledged.
    Whole,
}

impl<S: Store> Intake<S> {
    /// `sink`: `None` where only the application takes the data.
    pub fn new(sink: Option<S::Sink>, mode: Mode, lane: Lane) -> Intake<S> {
        Intake {
            decoder: (mode == Mode::Netascii).then(Decoder::default),
            target: sink.map_or(Target::Application, Target::Idle),
            lane,
            pending: Vec::new(),
            queue: Gathered::default(),
            passed: 0,
            is_complete: false,
            is_closed: false,
            is_settled: false,
        }
    }

    /// Takes the next bytes of the stream; `last`: nothing follows.
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

    /// Whether something came that was not passed on.
    pub fn has_news(&self) -> bool {
        !self.pending.is_empty() || (self.is_complete && !self.is_closed)
    }

    /// Whether the last of it was passed on: only whether the application has taken it is left to be seen.
    pub fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// Whether only the application takes the data.
    pub fn is_only_for_application(&self) -> bool {
        matches!(self.target, Target::Application)
    }

    /// Whether the stream is translated, so that its blocks are not those of the file.
    pub fn is_translated(&self) -> bool {
        self.decoder.is_some()
    }

    /// What the application is to be given now, and the file later; `None`: it may gather on. `told`: the application
    /// takes part and wants everything of a batch; `write_size`: see [`write_size`].
    pub fn freeze(&mut self, shelf: &Shelf<S>, told: bool, write_size: usize) -> Option<Portion> {
        let is_last = self.is_complete && !self.is_closed;
        let is_due = !self.pending.is_empty() && (told || self.pending.len() >= write_size);
        if !is_last && !is_due {
            return None;
        }
        self.is_closed |= is_last;
        let capacity = self.pending.len();
        let bytes: Bytes = Arc::new(std::mem::take(&mut self.pending));
        if !is_last {
            self.pending.reserve(capacity);
        }
        let before = self.passed;
        self.passed += bytes.len() as u64;
        if !bytes.is_empty() && !self.is_only_for_application() {
            self.queue
                .push(Arc::clone(&bytes), shelf.memory().take(bytes.len()));
        }
        Some(Portion {
            before,
            bytes,
            is_last,
        })
    }

    /// Writes what waits, if it is enough, and gives the file its name once everything is in. `may_finish`: the
    /// application has taken all that it was given, and has not refused the file.
    pub fn store(&mut self, shelf: &Shelf<S>, owner: Owner, may_finish: bool, write_size: usize) -> Progress {
        let finish = self.is_closed && may_finish;
        if finish && self.is_only_for_application() {
            self.target = Target::Done;
            return Progress::Whole;
        }
        // Where memory is short, what waits is written at once: the client is held meanwhile.
        if !finish && !self.is_crowded(shelf) && self.queue.len() < write_size {
            return Progress::Underway;
        }
        // A file that is away asks again when it comes back.
        let Some(sink) = self.take_sink() else {
            return Progress::Underway;
        };
        let returned = Arc::<Returned<S::Sink>>::default();
        let bytes = std::mem::take(&mut self.queue);
        self.target = Target::Busy(Arc::clone(&returned));
        let errand = match finish {
            true => Errand::Commit,
            false => Errand::Write(returned),
        };
        shelf.write(owner, self.lane, sink, bytes, errand);
        Progress::Underway
    }

    /// Whether the client should wait, because storage is too far behind.
    pub fn is_behind(&self, shelf: &Shelf<S>, write_size: usize) -> bool {
        self.is_crowded(shelf) || self.queue.len() > WRITES_WAITING * write_size
    }

    /// A write that was waited for has ended, and the file is here again.
    pub fn written(&mut self, written: Result<S::Sink, Refusal>) -> Result<(), Refusal> {
        let sink = written?;
        if self.is_settled {
            sink.settle();
        }
        self.target = Target::Idle(sink);
        Ok(())
    }

    /// The client has acknowledged something.
    pub fn settle(&mut self) {
        self.is_settled = true;
        if let Target::Idle(sink) = &self.target {
            sink.settle();
        }
    }

    /// The file has its name.
    pub fn committed(&mut self) {
        self.target = Target::Done;
    }

    /// Lets go of an unfinished file, where removing it may block.
    pub fn discard(&mut self, shelf: &Shelf<S>, owner: Owner) {
        self.queue.clear();
        let sink = self.take_sink();
        self.target = Target::Done;
        if let Some(sink) = sink {
            shelf.discard(owner, self.lane, sink);
        }
    }

    fn is_crowded(&self, shelf: &Shelf<S>) -> bool {
        !self.queue.is_empty() && shelf.memory().is_exhausted()
    }

    /// The file, if it may be written to now.
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
            // Nothing to write.
            other => {
                self.target = other;
                None
            }
        }
    }
}

#[cfg(test)]
mod tests;
