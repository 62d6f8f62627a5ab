//! One upload: the protocol's receiver, emptied into a file, the application, or both.

use std::sync::Arc;

use tftp_files::{Portion, Progress, write_size};
use tftp_proto::WriteTransfer;
use tftp_proto::negotiate;
use tftp_proto::wire::{Asked, Operation, Packet};

use super::cause::Cause;
use super::config::Policy;
use super::context::Context;
use super::disk::{Intake, Sink, owner};
use super::jail::Refusal;
use super::memory::Taken;
use super::notice::{Direction, Notice, Run, Wants};
use super::transfer::{FLOW_LIMIT, Link};

pub(super) struct Receiving {
    pub(super) machine: WriteTransfer,
    intake: Intake,
    /// The key stands in `Context::dirty`.
    dirty: bool,
    /// Its window in the budget of memory.
    _memory: Taken,
}

impl Receiving {
    pub(super) fn new(ctx: &Context, asked: &Asked, policy: &Policy, intake: Intake) -> Receiving {
        let (agreed, memory) = ctx
            .shared
            .memory
            .grant(&policy.limits, |limits| negotiate::write(asked, limits));
        Receiving {
            machine: WriteTransfer::new(ctx.now, &agreed, &policy.timing),
            intake,
            dirty: false,
            _memory: memory,
        }
    }

    pub(super) fn handle_packet(&mut self, ctx: &mut Context, link: &Link, packet: &Packet<'_>) {
        let Some(bytes) = self.machine.handle_packet(ctx.now, packet) else {
            return;
        };
        link.connection.progress.set_bytes(self.machine.received_bytes());
        self.intake.take(bytes, self.machine.is_complete());
        if !std::mem::replace(&mut self.dirty, true) {
            ctx.dirty.push(link.key);
        }
    }

    /// The client has acknowledged something.
    pub(super) fn settle(&mut self) {
        self.intake.settle();
    }

    /// Bytes of the whole stream, as far as the client announced them: of text it counts its own.
    pub(super) fn total(&self) -> Option<u64> {
        let announced = self.machine.agreed().tsize;
        announced.filter(|_| !self.intake.is_translated())
    }

    /// Sends what the machine has to say.
    pub(super) fn drain(&mut self, ctx: &mut Context, link: &Link) {
        while let Some(transmit) = self.machine.poll_transmit(ctx.now) {
            ctx.send_control(link, &transmit);
        }
    }

    /// Passes on what this batch brought: to the application, to the file; holds the client back while either is behind.
    ///
    /// # Errors
    /// `NoSource` where only the application takes the data and its Transfer callback is registered no more.
    pub(super) fn pass_on(&mut self, ctx: &mut Context, link: &Link) -> Result<(), Cause> {
        self.dirty = false;
        let told = link.is_announced() && ctx.wants().has(Wants::TRANSFER);
        if self.intake.has_news() && !told && self.intake.is_only_for_application() {
            return Err(Cause::NoSource(Operation::Write));
        }
        let size = write_size(ctx.shared.active());
        if let Some(portion) = self.intake.freeze(&ctx.shelf, told, size)
            && told
        {
            self.tell(ctx, link, portion);
        }
        // Once everything is in and the application has taken it all, the file gets its name.
        let may_finish = self.intake.is_closed() && link.flow_is_below(0) && !link.is_refused();
        let progress = self.intake.store(&ctx.shelf, owner(link.key), may_finish, size);
        if progress == Progress::Whole {
            self.commit(ctx, link);
        }
        let behind = self.intake.is_behind(&ctx.shelf, size) || !link.flow_is_below(FLOW_LIMIT);
        self.machine.hold(ctx.now, behind);
        self.drain(ctx, link);
        Ok(())
    }

    /// A write that was waited for has ended.
    ///
    /// # Errors
    /// Its own, and those of [`Receiving::pass_on`].
    pub(super) fn handle_written(
        &mut self,
        ctx: &mut Context,
        link: &Link,
        written: Result<Sink, Refusal>,
    ) -> Result<(), Cause> {
        self.intake.written(written).map_err(Cause::Write)?;
        self.pass_on(ctx, link)
    }

    /// The file has its name, or there is none and the application has everything.
    pub(super) fn commit(&mut self, ctx: &mut Context, link: &Link) {
        self.intake.committed();
        self.machine.commit(ctx.now);
        self.drain(ctx, link);
    }

    /// Lets go of an unfinished file, where removing it may block.
    pub(super) fn discard(&mut self, ctx: &Context, link: &Link) {
        self.intake.discard(&ctx.shelf, owner(link.key));
    }

    fn tell(&self, ctx: &Context, link: &Link, portion: Portion) {
        let Portion {
            before,
            bytes,
            is_last,
        } = portion;
        let blksize = u32::from(self.machine.agreed().blksize);
        let translated = self.intake.is_translated();
        let run = Run {
            id: link.connection.id,
            direction: Direction::Upload,
            before,
            length: bytes.len() as u64,
            // Translated text has lost its blocks: what one batch brought is one event.
            block: if translated { u32::MAX } else { blksize },
            slices: vec![(Arc::clone(&bytes), 0..bytes.len())],
            total: self.total(),
            is_last,
            is_only_copy: self.intake.is_only_for_application(),
            empty_block: is_last
                && (bytes.is_empty() || (!translated && bytes.len().is_multiple_of(blksize as usize))),
        };
        link.add_to_flow(run.weight());
        ctx.tell(Notice::Moved(run));
    }
}
