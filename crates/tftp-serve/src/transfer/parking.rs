//! The file of a half-open download, closed where descriptors are short, and opened again when the client goes on.

use tftp_files::{Opening, Standing};

use super::{Stage, Transfer};
use crate::context::Context;
use crate::descriptors;
use crate::disk::{Opened, owner};
use crate::jail::Refusal;

impl Transfer {
    /// Closes the file, or asks for it again, as the download needs it.
    pub(super) fn give_up_file(&mut self, ctx: &mut Context) {
        let is_half_open = self.half_open.is_some();
        let Stage::Sending(sending) = &mut self.stage else {
            return;
        };
        if sending.takes_file() {
            return self.reopen(ctx);
        }
        if is_half_open && self.place.is_some() && descriptors::is_crowded() {
            sending.park();
        }
    }

    pub(super) fn handle_reopened(&mut self, ctx: &mut Context, opened: Result<Opened, Refusal>) {
        let Stage::Sending(sending) = &mut self.stage else {
            return;
        };
        match sending.handle_reopened(opened) {
            Ok(()) => self.after_step(ctx),
            Err(cause) => self.end(ctx, cause),
        }
    }

    fn reopen(&mut self, ctx: &mut Context) {
        let Some(place) = self.place.as_ref() else {
            return;
        };
        // Nobody is turned away who is served already: this is never `Busy`.
        if let Opening::Now(opened) = ctx.shelf.open(owner(self.link.key), place, Standing::Settled) {
            self.handle_reopened(ctx, opened);
        }
    }
}
