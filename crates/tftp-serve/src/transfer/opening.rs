//! The beginning of a transfer: where its bytes come from or go to, and what is done with what was found.

use std::path::PathBuf;
use std::sync::Arc;

use tftp_proto::wire::Operation;

use super::place::Place;
use super::{Ready, Stage, Transfer};
use crate::cause::Cause;
use crate::context::Context;
use crate::descriptors::Ticket;
use crate::inbox::Message;
use crate::notice::{Notice, Wants};
use crate::receiving::Receiving;
use crate::sending::Sending;
use crate::source::Source;
use crate::sources::Sources;
use crate::store::SharedFile;
use crate::upload::{Upload, UploadOptions};
use tftp_files::Lane;

impl Transfer {
    /// Where the bytes come from or go to: the contract's order, ConnFileData, ConnLocalFile, LocalDir, Transfer.
    pub(super) fn look_up(&mut self, ctx: &mut Context, sources: Sources, again: bool) {
        let operation = self.link.connection.operation;
        if let (Some(data), Operation::Read) = (sources.data, operation) {
            let source = Source::memory(data, self.link.connection.mode);
            return self.found(ctx, Ok(Ready::Send(source, None)), again);
        }
        if let Some(path) = sources.local_file {
            self.link.lane = Lane::of(&path);
            return self.open(ctx, Place::Path(path), again);
        }
        if let Some(root) = self.policy.root.clone() {
            let name = sources
                .served_name
                .as_ref()
                .unwrap_or(&self.link.connection.filename);
            self.link.lane = Lane::below(root.root(), name);
            if operation == Operation::Read
                && let Some(opened) = ctx.open_cached(&root, name, true)
            {
                self.place = Some(Place::Root(root, sources.served_name));
                let ready = opened.map(|opened| self.ready_to_send(opened));
                return self.found(ctx, ready.map_err(Cause::Open), again);
            }
            return self.open(ctx, Place::Root(root, sources.served_name), again);
        }
        if operation == Operation::Write && self.link.is_announced() && ctx.wants().has(Wants::TRANSFER) {
            return self.found(ctx, Ok(Ready::Application), again);
        }
        self.found(ctx, Err(Cause::NoSource(operation)), again);
    }

    pub(super) fn ready_to_send(&self, (file, path): (Arc<SharedFile>, PathBuf)) -> Ready {
        Ready::Send(Source::file(file, self.link.connection.mode), Some(path))
    }

    /// A look-up on the blocking pool. Where so many wait for the same that it must hang, the client gets no answer and
    /// repeats itself.
    fn open(&mut self, ctx: &mut Context, place: Place, again: bool) {
        if !ctx.pool.has_room(self.link.lane) {
            ctx.observer.unanswered();
            return self.end_silently(ctx, Cause::TooMany);
        }
        self.stage = Stage::Opening { again };
        self.place = Some(place.clone()).filter(|_| self.link.connection.operation == Operation::Read);
        self.open_apart(ctx, place, true);
        self.after_step(ctx);
    }

    /// Opens a file on the pool, which sends it in [`Message::Found`].
    pub(super) fn open_apart(&self, ctx: &Context, place: Place, is_half_open: bool) {
        let (key, connection) = (self.link.key, Arc::clone(&self.link.connection));
        let options = UploadOptions {
            allow_overwrite: self.policy.allow_overwrite,
            announced: self.asked.tsize,
            sync: self.policy.sync_uploads,
        };
        ctx.block_on(self.link.lane, move || {
            let found = place.look_up(&connection, &options, is_half_open);
            Some(Message::Found(key, found))
        });
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
            Ready::Send(source, _) => {
                Stage::Sending(Box::new(Sending::new(ctx, &self.asked, &self.policy, source)))
            }
            Ready::Store(upload, ticket) => self.receive(ctx, Some((upload, ticket))),
            Ready::Application => self.receive(ctx, None),
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

    fn receive(&self, ctx: &Context, file: Option<(Upload, Ticket)>) -> Stage {
        let mode = self.link.connection.mode;
        Stage::Receiving(Box::new(Receiving::new(
            ctx,
            &self.asked,
            mode,
            &self.policy,
            file,
        )))
    }
}
