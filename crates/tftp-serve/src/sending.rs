//! One download: the protocol's sender, fed from storage.

use std::ops::Range;

use tftp_files::{Read, Supply};
use tftp_proto::negotiate;
use tftp_proto::wire::{self, Asked, Packet};
use tftp_proto::{Limits, Outcome, ReadTransfer, Transmit};

use super::cause::Cause;
use super::config::Policy;
use super::context::Context;
use super::disk::{Feed, Opened, owner};
use super::jail::Refusal;
use super::memory::Taken;
use super::notice::{Direction, Notice, Run, Wants};
use super::transfer::{FLOW_LIMIT, Link};

pub(super) struct Sending {
    pub(super) machine: ReadTransfer,
    feed: Feed,
    /// The file was closed and is needed.
    wants_file: bool,
    /// Stream bytes below this were told to the application.
    told: u64,
    /// Its window in the budget of memory.
    _memory: Option<Taken>,
}

impl Sending {
    pub(super) fn new(ctx: &Context, asked: &Asked, policy: &Policy, mut feed: Feed) -> Sending {
        let size = feed.stream_size();
        let negotiate = |limits: &Limits| negotiate::read(asked, limits, size);
        // What is translated is this transfer's alone.
        let (agreed, memory) = if feed.is_translated() {
            let (agreed, taken) = ctx.shared.memory.grant(&policy.limits, negotiate);
            (agreed, Some(taken))
        } else {
            (negotiate(&policy.limits), None)
        };
        feed.set_window(u64::from(agreed.blksize) * u64::from(agreed.windowsize));
        let machine = ReadTransfer::new(ctx.now, &agreed, &policy.timing);
        Sending {
            machine,
            feed,
            wants_file: false,
            told: 0,
            _memory: memory,
        }
    }

    pub(super) fn handle_packet(&mut self, ctx: &mut Context, link: &Link, packet: &Packet<'_>) {
        let before = self.machine.acked_bytes();
        self.machine.handle_packet(ctx.now, packet);
        if self.machine.acked_bytes() != before || self.is_complete() {
            link.connection.progress.set_bytes(self.machine.acked_bytes());
            self.tell_progress(ctx, link);
            self.feed.release(self.machine.acked_bytes());
        }
    }

    /// The file that was closed is here again.
    pub(super) fn handle_reopened(&mut self, file: Result<Opened, Refusal>) -> Result<(), Cause> {
        let file = file.map_err(Cause::Open)?;
        self.feed.reopen(file).map_err(Cause::Read)
    }

    /// True where the file was closed and has to be opened again.
    pub(super) fn wants_file(&self) -> bool {
        self.wants_file
    }

    /// The same, once: the caller opens the file.
    pub(super) fn takes_file(&mut self) -> bool {
        std::mem::take(&mut self.wants_file)
    }

    /// The client has acknowledged something.
    pub(super) fn settle(&self) {
        self.feed.settle();
    }

    /// Closes the file of a half-open transfer: what its one packet needs is read.
    pub(super) fn park(&mut self) {
        if self.machine.is_half_open() && self.machine.wants().is_none() {
            self.feed.park();
        }
    }

    /// A chunk was read for it.
    pub(super) fn handle_read(&mut self, ctx: &mut Context, link: &Link, read: &mut Read) {
        self.feed.accept(&mut ctx.shelf, owner(link.key), read);
    }

    /// Feeds the machine and sends what it has to say.
    pub(super) fn drain(&mut self, ctx: &mut Context, link: &Link) -> Result<(), Cause> {
        let supplied = self.supply(ctx, link);
        while let Some(transmit) = self.machine.poll_transmit(ctx.now) {
            self.emit(ctx, link, &transmit);
        }
        supplied
    }

    /// Bytes of the whole stream, where known.
    pub(super) fn total(&self) -> Option<u64> {
        self.feed.stream_size()
    }

    /// Whether all that is missing is the last acknowledgement, which many clients send only once.
    pub(super) fn is_probably_complete(&self) -> bool {
        let agreed = self.machine.agreed();
        let window = u64::from(agreed.blksize) * u64::from(agreed.windowsize);
        let left = self
            .feed
            .known_size()
            .map(|size| size.saturating_sub(self.machine.acked_bytes()));
        !self.machine.is_half_open() && left.is_some_and(|left| left <= window)
    }

    fn is_complete(&self) -> bool {
        matches!(self.machine.outcome(), Some(Outcome::Complete))
    }

    fn supply(&mut self, ctx: &mut Context, link: &Link) -> Result<(), Cause> {
        let Some(upto) = self.machine.wants() else {
            return Ok(());
        };
        if !link.flow_is_below(FLOW_LIMIT) {
            return Ok(());
        }
        match self.feed.ensure(&mut ctx.shelf, owner(link.key), upto) {
            Supply::Have { available, end } => self.machine.supply(ctx.now, available, end),
            Supply::Pending => {}
            Supply::Parked => self.wants_file = true,
            Supply::Failed(error) => return Err(Cause::Read(error)),
        }
        Ok(())
    }

    fn emit(&mut self, ctx: &mut Context, link: &Link, transmit: &Transmit) {
        match *transmit {
            Transmit::Data { first, count } => self.emit_data(ctx, link, first..first + u64::from(count)),
            _ => ctx.send_control(link, transmit),
        }
    }

    fn emit_data(&mut self, ctx: &mut Context, link: &Link, blocks: Range<u64>) {
        ctx.observer.data_goes(link.connection.id, &blocks, |block| {
            self.machine.wire_block(block)
        });
        let blksize = u64::from(self.machine.agreed().blksize);
        ctx.outbox
            .begin_data(link.route, 4 + usize::from(self.machine.agreed().blksize));
        for block in blocks {
            ctx.outbox
                .block(wire::data_header(self.machine.wire_block(block)));
            let outbox = &mut ctx.outbox;
            let bytes = (block - 1) * blksize..block * blksize;
            self.feed.slices(bytes, |data, range| outbox.slice(data, range));
        }
        ctx.outbox.end_data();
    }

    /// Tells the application what was acknowledged since the last time.
    fn tell_progress(&mut self, ctx: &mut Context, link: &Link) {
        let acked = self.machine.acked_bytes();
        let before = std::mem::replace(&mut self.told, acked);
        if !link.is_announced() || !ctx.wants().has(Wants::TRANSFER) {
            return;
        }
        let blksize = u32::from(self.machine.agreed().blksize);
        let mut slices = Vec::new();
        self.feed
            .slices(before..acked, |data, range| slices.push((data.clone(), range)));
        let run = Run {
            id: link.connection.id,
            direction: Direction::Download,
            before,
            length: acked - before,
            block: blksize,
            slices,
            total: self.total(),
            is_last: self.is_complete(),
            is_only_copy: false,
            empty_block: self.is_complete() && acked.is_multiple_of(u64::from(blksize)),
        };
        if run.length > 0 || run.empty_block {
            link.add_to_flow(run.weight());
            ctx.tell(Notice::Moved(run));
        }
    }
}
