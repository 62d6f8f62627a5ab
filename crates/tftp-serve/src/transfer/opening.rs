//! The beginning of a transfer: where its bytes come from or go to, and what is done with what was found.

use std::sync::Arc;

use tftp_files::{Creating, Lane, Opening, Place, Standing};
use tftp_proto::wire::Operation;

use super::{Ready, Stage, Transfer};
use crate::cause::Cause;
use crate::context::Context;
use crate::disk::{Feed, Intake, Opened, Sink, owner};
use crate::jail::{Refusal, UploadOptions};
use crate::notice::{Notice, Wants};
use crate::receiving::Receiving;
use crate::sending::Sending;
use crate::sources::Sources;

impl Transfer {
    /// Looks for the file, or begins it. Where so many wait for the same that it must hang, the client gets no answer and
    /// repeats itself.
    pub(super) fn look_up(&mut self, ctx: &mut Context, sources: Sources, again: bool) {
        let operation = self.link.connection.operation;
        let Some(place) = self.find_place(ctx, sources) else {
            return self.found(ctx, Err(Cause::NoSource(operation)), again);
        };
        match operation {
            Operation::Read => self.open(ctx, place, again),
            Operation::Write => self.create(ctx, &place, again),
        }
    }

    /// Where the bytes come from or go to: the contract's order, ConnFileData, ConnLocalFile, LocalDir, Transfer.
    fn find_place(&self, ctx: &Context, sources: Sources) -> Option<Place> {
        let operation = self.link.connection.operation;
        if let (Some(data), Operation::Read) = (sources.data, operation) {
            return Some(Place::Memory(data));
        }
        if let (Some(fed), Operation::Read) = (sources.fed, operation) {
            return Some(Place::Fed(fed));
        }
        let is_taken = operation == Operation::Write && self.link.is_announced();
        let is_taken = is_taken && ctx.wants().has(Wants::TRANSFER);
        if is_taken && sources.to_application {
            return Some(Place::Application);
        }
        if let Some(path) = sources.local_file {
            return Some(Place::Path(path.into()));
        }
        if let Some(root) = &self.policy.root {
            let served = sources.served_name.as_deref();
            let name = served.unwrap_or(&self.link.connection.filename);
            return Some(Place::Below(Arc::clone(root), name.into()));
        }
        is_taken.then_some(Place::Application)
    }

    fn open(&mut self, ctx: &mut Context, place: Place, again: bool) {
        let opening = ctx.shelf.open(owner(self.link.key), &place, Standing::HalfOpen);
        self.place = Some(place).filter(|place| !matches!(place, Place::Memory(_) | Place::Fed(_)));
        match opening {
            Opening::Now(opened) => self.found(ctx, opened.map(Ready::Send).map_err(Cause::Open), again),
            Opening::Later => self.await_file(ctx, again),
            Opening::Busy => self.pass_over(ctx),
        }
    }

    fn create(&mut self, ctx: &mut Context, place: &Place, again: bool) {
        let options = UploadOptions {
            allow_overwrite: self.policy.allow_overwrite,
            announced: self.asked.tsize,
            sync: self.policy.sync_uploads,
        };
        let owner = owner(self.link.key);
        match ctx.shelf.create(owner, place, options, Standing::HalfOpen) {
            Creating::Nothing => self.found(ctx, Ok(Ready::Application), again),
            Creating::Later => self.await_file(ctx, again),
            Creating::Busy => self.pass_over(ctx),
        }
    }

    fn await_file(&mut self, ctx: &mut Context, again: bool) {
        self.stage = Stage::Opening { again };
        self.after_step(ctx);
    }

    fn pass_over(&mut self, ctx: &mut Context) {
        ctx.observer.unanswered();
        self.end_silently(ctx, Cause::TooMany);
    }

    pub(super) fn handle_opened(&mut self, ctx: &mut Context, opened: Result<Opened, Refusal>) {
        match (&self.stage, opened) {
            (&Stage::Opening { again }, opened) => {
                self.found(ctx, opened.map(Ready::Send).map_err(Cause::Open), again);
            }
            (Stage::Sending(_), opened) => self.handle_reopened(ctx, opened),
            (_, Ok(opened)) => self.give_back(ctx, Ready::Send(opened)),
            (_, Err(_)) => {}
        }
    }

    pub(super) fn handle_created(&mut self, ctx: &mut Context, lane: Lane, created: Result<Sink, Refusal>) {
        let created = created.map(|sink| Ready::Store(sink, lane));
        match (&self.stage, created) {
            (&Stage::Opening { again }, created) => self.found(ctx, created.map_err(Cause::Open), again),
            (_, Ok(created)) => self.give_back(ctx, created),
            (_, Err(_)) => {}
        }
    }

    pub(super) fn handle_written(&mut self, ctx: &mut Context, lane: Lane, written: Result<Sink, Refusal>) {
        match (&mut self.stage, written) {
            (Stage::Receiving(receiving), written) if !self.ended => {
                if let Err(cause) = receiving.handle_written(ctx, &self.link, written) {
                    return self.end(ctx, cause);
                }
                self.after_step(ctx);
            }
            (_, Ok(sink)) => self.give_back(ctx, Ready::Store(sink, lane)),
            (_, Err(_)) => {}
        }
    }

    pub(super) fn handle_committed(&mut self, ctx: &mut Context, committed: Result<(), Refusal>) {
        match (&mut self.stage, committed) {
            _ if self.ended => {}
            (_, Err(refusal)) => self.end(ctx, Cause::Write(refusal)),
            (Stage::Receiving(receiving), Ok(())) => {
                receiving.commit(ctx, &self.link);
                self.after_step(ctx);
            }
            (_, Ok(())) => {}
        }
    }

    /// Closes what was opened for nothing, where that may block.
    pub(super) fn give_back(&self, ctx: &Context, ready: Ready) {
        let owner = owner(self.link.key);
        match ready {
            Ready::Send(opened) => ctx.shelf.close(owner, opened),
            Ready::Store(sink, lane) => ctx.shelf.discard(owner, lane, sink),
            Ready::Application => {}
        }
    }

    pub(super) fn found(&mut self, ctx: &mut Context, ready: Result<Ready, Cause>, again: bool) {
        let held = !again && self.link.is_announced() && ctx.wants().has(Wants::START);
        let ready = match ready {
            Err(cause) if !held => return self.end(ctx, cause),
            ready => ready.ok(),
        };
        if self.link.is_announced() && !again {
            let (id, local_file) = (self.link.connection.id, ready.as_ref().and_then(Ready::path));
            ctx.tell(Notice::Started { id, local_file, held });
        }
        match ready {
            Some(ready) if !held => self.begin(ctx, ready),
            ready => {
                self.stage = Stage::Starting(ready);
                self.after_step(ctx);
            }
        }
    }

    pub(super) fn begin(&mut self, ctx: &mut Context, ready: Ready) {
        self.stage = match ready {
            Ready::Send(opened) => {
                let feed = Feed::new(opened, self.link.connection.mode);
                Stage::Sending(Box::new(Sending::new(ctx, &self.asked, &self.policy, feed)))
            }
            Ready::Store(sink, lane) => self.receive(ctx, Some(sink), lane),
            Ready::Application => self.receive(ctx, None, Lane::NONE),
        };
        self.note_begin(ctx);
        self.after_step(ctx);
    }

    fn note_begin(&self, ctx: &Context) {
        let (agreed, total) = match &self.stage {
            Stage::Sending(sending) => (sending.machine.agreed(), sending.total()),
            Stage::Receiving(receiving) => (receiving.machine.agreed(), receiving.total()),
            _ => return,
        };
        ctx.observer.begun(&self.link.connection, agreed, total);
    }

    fn receive(&self, ctx: &Context, sink: Option<Sink>, lane: Lane) -> Stage {
        let intake = Intake::new(sink, self.link.connection.mode, lane);
        Stage::Receiving(Box::new(Receiving::new(ctx, &self.asked, &self.policy, intake)))
    }
}
