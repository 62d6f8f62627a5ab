//! Ends transfers: each end is reported once, and the transfer no longer counts in any limit.

use alloc::borrow::Cow;
use alloc::boxed::Box;

use tftp_proto::{ErrorCode, Operation, Outcome};

use crate::due::Due;
use crate::limits::{Descriptors, Limits};
use crate::output::Ending;
use crate::server::{Server, UnboundOutput};
use crate::transfer::{Stage, Transfer};

impl Ending {
    /// Returns the ending for the outcome of a transfer machine; `None` if the machine was ended
    /// from outside.
    fn of(outcome: &Outcome) -> Option<Ending> {
        Some(match outcome {
            Outcome::Complete => Ending::Complete,
            Outcome::ClientError {
                code,
                message,
                probe,
            } => Ending::ClientError {
                code: *code,
                message: message.clone(),
                probe: *probe,
            },
            Outcome::Unreachable => Ending::Unreachable,
            Outcome::TimedOut { probably_complete } => Ending::Silent {
                probably_complete: *probably_complete,
            },
            Outcome::Oversized => Ending::Oversized,
            Outcome::Failed => return None,
        })
    }
}

impl<L: Limits> Server<L> {
    /// Ends a transfer. The client gets an ERROR, unless it has since requested another transfer.
    pub(crate) fn end(
        &mut self,
        index: u32,
        code: ErrorCode,
        text: impl Into<Cow<'static, str>>,
        how: Ending,
    ) {
        let (now, text) = (self.now, text.into());
        let Some(transfer) = self.table.at_mut(index) else {
            return;
        };
        if transfer.has_ended {
            return;
        }
        if transfer.is_silenced() {
            return self.end_silently(index, how);
        }
        if transfer.outcome().is_some() {
            return self.touch(index);
        }
        if !transfer.fail(now, code, text.clone(), how.clone()) {
            transfer.stage = Stage::Over(Some((code, text)));
            transfer.due.add(Due::ERROR);
            self.finish(index, how);
            self.table.unlink(index);
        }
        self.touch(index);
    }

    /// Ends a transfer without a packet to its client.
    pub(crate) fn end_silently(&mut self, index: u32, how: Ending) {
        if self.table.at(index).is_none() {
            return;
        }
        self.finish(index, how);
        // Nothing is sent any more, not even an ERROR that waited.
        self.table.unlink(index);
        if let Some(transfer) = self.table.at_mut(index)
            && !matches!(transfer.stage, Stage::Over(_))
        {
            transfer.stage = Stage::Over(None);
        }
        self.touch(index);
    }

    /// Ends a transfer, without a packet, for a newer one of the same client.
    pub(crate) fn replace(&mut self, index: u32) {
        let Some(transfer) = self.table.at(index) else {
            return;
        };
        let how = match &transfer.stage {
            Stage::Sending(machine) if machine.awaits_last_ack() => Ending::Silent {
                probably_complete: true,
            },
            _ => Ending::Replaced,
        };
        self.end_silently(index, how);
    }

    /// Removes the transfer from the limits, and schedules the report of its end; no effect the
    /// second time.
    fn finish(&mut self, index: u32, how: Ending) {
        let Some(transfer) = self.table.at_mut(index) else {
            return;
        };
        if core::mem::replace(&mut transfer.has_ended, true) {
            return;
        }
        let host = transfer.host();
        if let Some(place) = transfer.half_open.take() {
            self.half_open.leave(place);
            self.limits.settle();
        }
        // A doubted transfer has stopped counting before.
        if !core::mem::take(&mut transfer.is_doubted) {
            self.limits.leave(host);
        }
        self.limits.give_window(core::mem::take(&mut transfer.window));
        if how == Ending::Complete
            && matches!(transfer.stage, Stage::Receiving(_))
            && transfer.is_private
        {
            self.dallying.push_back(transfer.id);
        }
        transfer.ending = Some(Box::new(how));
        transfer.due.keep(Due::AT_THE_END);
        transfer.due.add(Due::OVER);
        if transfer.is_open {
            transfer.due.add(Due::CLOSE);
        }
        if let Some(former) = transfer.former.take() {
            self.table.restore(former, index);
        }
    }

    /// Applies the consequences of the last step besides packets. Returns true if outputs are
    /// pending.
    pub(crate) fn follow(&mut self, index: u32) -> bool {
        self.leave_half_open(index);
        self.release_file(index);
        self.follow_doubt(index);
        self.conclude(index);
        self.leave_table(index);
        self.table
            .at(index)
            .is_some_and(|transfer| !transfer.due.is_empty())
    }

    /// Settles a transfer when its client has acknowledged something for the first time. The
    /// client's former transfer ends.
    fn leave_half_open(&mut self, index: u32) {
        let Some(transfer) = self.table.at_mut(index) else {
            return;
        };
        let is_half_open = match &transfer.stage {
            Stage::Sending(machine) => machine.is_half_open(),
            Stage::Receiving(machine) => machine.is_half_open(),
            _ => return,
        };
        if is_half_open {
            return;
        }
        let Some(place) = transfer.half_open.take() else {
            return;
        };
        transfer.due.add(Due::SETTLED);
        self.half_open.leave(place);
        self.limits.settle();
        if let Some(former) = transfer.former.take()
            && self.table.get(former).is_some_and(Transfer::is_superseded)
        {
            self.replace(former.index);
        }
    }

    /// Closes the file of a half-open download if descriptors are short: the data of its one packet
    /// is already read.
    fn release_file(&mut self, index: u32) {
        let Some(transfer) = self.table.at_mut(index) else {
            return;
        };
        if transfer.half_open.is_none() || transfer.was_let_go || transfer.is_reading {
            return;
        }
        if let Stage::Sending(machine) = &transfer.stage
            && machine.wants().is_none()
            && !transfer.has_ended
            && self.limits.descriptors() != Descriptors::Plenty
        {
            transfer.was_let_go = true;
            transfer.due.add(Due::LET_GO);
        }
    }

    /// Updates the limits when a doubt begins, is refuted, or ends with the transfer.
    pub(crate) fn follow_doubt(&mut self, index: u32) {
        let Some(transfer) = self.table.at_mut(index) else {
            return;
        };
        let in_doubt = transfer.is_in_doubt();
        transfer.drop_answered(in_doubt);
        transfer.is_left &= transfer.is_superseded() || transfer.pending().is_some();
        // A transfer that its client left still counts: a client cannot evade the limits by
        // requesting other files.
        let is_replaced = transfer.is_superseded() && !transfer.is_left;
        let is_out = !transfer.has_ended && (in_doubt || is_replaced);
        if is_out != transfer.is_doubted {
            transfer.is_doubted = is_out;
            match is_out {
                true => self.limits.leave(transfer.host()),
                false => self.limits.back(transfer.host()),
            }
        }
    }

    /// Finishes a transfer whose transfer machine has ended.
    fn conclude(&mut self, index: u32) {
        let Some(transfer) = self.table.at_mut(index) else {
            return;
        };
        if transfer.has_ended {
            return;
        }
        let Some(outcome) = transfer.outcome() else { return };
        let how = match Ending::of(outcome) {
            // Only the last ACK is missing.
            Some(Ending::Unreachable) if transfer.is_probably_complete() => Ending::Silent {
                probably_complete: true,
            },
            Some(how) => how,
            None => transfer.ending.take().map_or(Ending::Decided, |how| *how),
        };
        self.finish(index, how);
    }

    /// Schedules the removal of a transfer that neither sends nor expects anything more.
    fn leave_table(&mut self, index: u32) {
        let Some(transfer) = self.table.at_mut(index) else {
            return;
        };
        if !transfer.has_ended || !transfer.is_over() {
            return;
        }
        if transfer.is_private {
            transfer.due.add(Due::CLOSE_PORT);
        }
        transfer.due.add(Due::GONE);
        self.table.unlink(index);
    }

    /// Removes a transfer and frees its slot. A request that was held for this is handled now.
    pub(crate) fn remove(&mut self, index: u32) {
        let Some(transfer) = self.table.remove(index) else {
            return;
        };
        // Uploads dally for about the same time, so this one is near the front.
        if transfer.operation == Operation::Write
            && let Some(at) = self.dallying.iter().position(|&id| id == transfer.id)
        {
            self.dallying.remove(at);
        }
        if let Some(request) = transfer.waiting {
            self.push_unbound(UnboundOutput::Retry(request));
        }
    }
}
