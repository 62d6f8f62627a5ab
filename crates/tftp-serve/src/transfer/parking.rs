//! The file of a half-open download, closed where descriptors are short, and opened again when the client goes on.

use super::place::Place;
use super::{Stage, Transfer};
use crate::context::Context;
use crate::descriptors;
use crate::inbox::Found;
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

    pub(super) fn handle_reopened(&mut self, ctx: &mut Context, found: Result<Found, Refusal>) {
        let Stage::Sending(sending) = &mut self.stage else {
            return;
        };
        let file = match found {
            Ok(Found::File(opened, ticket)) => Ok(ctx.adopt(opened, ticket).0),
            Ok(other) => return ctx.drop_apart(self.link.lane, other),
            Err(refusal) => Err(refusal),
        };
        match sending.handle_reopened(file) {
            Ok(()) => self.after_step(ctx),
            Err(cause) => self.end(ctx, cause),
        }
    }

    fn reopen(&mut self, ctx: &mut Context) {
        let Some(place) = self.place.clone() else {
            return;
        };
        if let Place::Root(root, served) = &place
            && let Some(opened) = ctx.open_cached(root, place_name(served, self), false)
        {
            let file = opened.map(|(file, _)| file);
            if let Stage::Sending(sending) = &mut self.stage {
                return match sending.handle_reopened(file) {
                    Ok(()) => self.after_step(ctx),
                    Err(cause) => self.end(ctx, cause),
                };
            }
            return;
        }
        self.open_apart(ctx, place, false);
    }
}

fn place_name<'a>(served: &'a Option<String>, transfer: &'a Transfer) -> &'a str {
    served.as_deref().unwrap_or(&transfer.link.connection.filename)
}
