//! Advances a transfer: answers of the application, results of storage, deadlines.

use alloc::borrow::Cow;
use alloc::boxed::Box;

use tftp_proto::{ErrorCode, Instant, Mode, Operation, ReadTransfer, WriteTransfer, negotiate};

use crate::answers::{Decision, IoDone};
use crate::due::Due;
use crate::id::TransferId;
use crate::limits::Limits;
use crate::output::Ending;
use crate::server::{Server, UnboundOutput};
use crate::transfer::{Found, Stage, Step, Transfer};
use crate::windows;

impl<L: Limits> Server<L> {
    /// Handles the application's answer to a question, or its decision to end a transfer at any
    /// time.
    pub fn decide(&mut self, now: Instant, id: TransferId, decision: Decision) {
        self.now = now;
        let Some(transfer) = self.table.get_mut(id) else {
            return;
        };
        match decision {
            Decision::Go => self.go(id.index),
            Decision::Later => {
                if let Some(pending) = transfer.pending_mut() {
                    pending.is_put_off = true;
                }
            }
            Decision::End { silent: true, .. } => self.end_silently(id.index, Ending::Decided),
            Decision::End { code, text, .. } => self.end(id.index, code, text, Ending::Decided),
        }
        self.touch(id.index);
    }

    fn go(&mut self, index: u32) {
        let Some(transfer) = self.table.at_mut(index) else {
            return;
        };
        let Some(pending) = transfer.pending_mut() else {
            return;
        };
        let was_put_off = core::mem::take(&mut pending.is_put_off);
        match &pending.step {
            Step::Request => {
                pending.step = Step::Opening { again: false };
                transfer.due.add(Due::OPEN);
                transfer.is_open = true;
            }
            Step::Start {
                found: Found::Stream(length),
            } => {
                let length = *length;
                self.begin_transfer(index, length);
            }
            // The application may have named another file meanwhile.
            Step::Start { .. } if was_put_off => {
                pending.step = Step::Opening { again: true };
                transfer.due.add(Due::OPEN);
            }
            Step::Start {
                found: Found::Missing(code, text),
            } => {
                let (code, text) = (*code, text.clone());
                self.end(index, code, text, Ending::Missing);
            }
            Step::Port | Step::Opening { .. } => {}
        }
    }

    /// Handles the result of an operation that [`crate::Output::Io`] requested.
    pub fn handle_io(&mut self, now: Instant, id: TransferId, done: IoDone) {
        self.now = now;
        let Some(transfer) = self.table.get_mut(id) else {
            return;
        };
        if transfer.has_ended {
            return;
        }
        match done {
            IoDone::Opened { length } => self.found(id.index, Found::Stream(length)),
            IoDone::Missing { code, text } => self.found(id.index, Found::Missing(code, text)),
            IoDone::Busy => self.end_silently(id.index, Ending::Busy),
            IoDone::Failed { code, text } => self.end(id.index, code, text, Ending::Failed),
            IoDone::Reopened => (transfer.is_parked, transfer.is_reading) = (false, false),
            IoDone::LetGo => transfer.is_parked = true,
            IoDone::Supplied { available, end } => transfer.supply(now, available, end),
            IoDone::Held(held) => transfer.hold(now, held),
            IoDone::Committed => transfer.commit(now),
        }
        self.touch(id.index);
    }

    fn found(&mut self, index: u32, found: Found) {
        let Some(transfer) = self.table.at_mut(index) else {
            return;
        };
        let Some(pending) = transfer.pending_mut() else {
            return;
        };
        match (&pending.step, found) {
            (Step::Opening { again: false }, found) => {
                pending.step = Step::Start { found };
                transfer.due.add(Due::ASK);
            }
            (Step::Opening { again: true }, Found::Stream(length)) => {
                self.begin_transfer(index, length)
            }
            (Step::Opening { again: true }, Found::Missing(code, text)) => {
                self.end(index, code, text, Ending::Missing);
            }
            _ => {}
        }
    }

    /// Negotiates the options and starts the machine of a transfer. From now on packets are sent.
    fn begin_transfer(&mut self, index: u32, length: Option<u64>) {
        let now = self.now;
        let Some(transfer) = self.table.at_mut(index) else {
            return;
        };
        let Some(pending) = transfer.pending() else { return };
        let (asked, limits, timing) = (pending.requested, pending.limits, pending.timing);
        let (stage, window) = match (transfer.operation, transfer.mode) {
            (Operation::Write, _) => {
                let (negotiated, window) = windows::grant(&self.limits, &limits, |limits| {
                    negotiate::write(&asked, limits)
                });
                (
                    Stage::Receiving(WriteTransfer::new(now, &negotiated, &timing)),
                    window,
                )
            }
            // Translated text is not shared with other transfers, so its window counts in the
            // budget.
            (Operation::Read, Mode::Netascii) => {
                let (negotiated, window) = windows::grant(&self.limits, &limits, |limits| {
                    negotiate::read(&asked, limits, length)
                });
                (
                    Stage::Sending(ReadTransfer::new(now, &negotiated, &timing)),
                    window,
                )
            }
            (Operation::Read, Mode::Octet) => {
                let negotiated = negotiate::read(&asked, &limits, length);
                (Stage::Sending(ReadTransfer::new(now, &negotiated, &timing)), 0)
            }
        };
        transfer.stage = stage;
        if transfer.is_left {
            transfer.supersede(now);
        }
        transfer.window = window;
        transfer.due.add(Due::BEGUN);
        self.touch(index);
    }

    /// Handles a deadline of a transfer that has passed.
    pub(crate) fn expire(&mut self, index: u32) {
        let now = self.now;
        let Some(transfer) = self.table.at_mut(index) else {
            return;
        };
        let held = transfer.waiting.as_ref().and_then(|held| held.until());
        if held.is_some_and(|until| until <= now) {
            return self.begin_held(index);
        }
        match &mut transfer.stage {
            Stage::Sending(machine) => machine.handle_timeout(now),
            Stage::Receiving(machine) => machine.handle_timeout(now),
            Stage::Over(_) => {}
            Stage::Pending(pending) => match pending.step {
                Step::Request => {
                    let text = "The server's application did not answer";
                    self.end(index, ErrorCode::UNDEFINED, text, Ending::Unanswered);
                }
                // The disk or the application was not ready in time.
                _ => {
                    let probably_complete = false;
                    let how = Ending::Silent { probably_complete };
                    self.end(index, ErrorCode::UNDEFINED, "Transfer ended", how);
                }
            },
        }
        self.touch(index);
    }

    /// Begins a new transfer with the held request, because the client of the former one, of which
    /// only the last ACK is missing, has not answered for a moment. The last block may have been
    /// lost again, so the former transfer does not end before the new one is acknowledged.
    fn begin_held(&mut self, index: u32) {
        let now = self.now;
        if let Some(transfer) = self.table.at_mut(index)
            && let Some(request) = transfer.waiting.take()
        {
            transfer.supersede(now);
            self.push_unbound(UnboundOutput::Retry(request));
            self.touch(index);
        }
    }
}

impl Transfer {
    fn supply(&mut self, now: Instant, available: u64, end: bool) {
        self.is_reading = false;
        if let Stage::Sending(machine) = &mut self.stage {
            machine.supply(now, available, end);
        }
    }

    fn hold(&mut self, now: Instant, held: bool) {
        if let Stage::Receiving(machine) = &mut self.stage {
            machine.hold(now, held);
        }
    }

    fn commit(&mut self, now: Instant) {
        if let Stage::Receiving(machine) = &mut self.stage {
            machine.commit(now);
        }
    }

    /// Ends the transfer from the server's side; its machine sends the ERROR. Returns false if it
    /// has no machine.
    pub(crate) fn fail(
        &mut self,
        now: Instant,
        code: ErrorCode,
        text: Cow<'static, str>,
        how: Ending,
    ) -> bool {
        match &mut self.stage {
            Stage::Sending(machine) => machine.fail(now, code, text),
            Stage::Receiving(machine) => machine.fail(now, code, text),
            _ => return false,
        }
        self.ending = Some(Box::new(how));
        true
    }
}
