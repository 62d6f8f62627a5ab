//! Ends listening, single transfers, and the machine.

use alloc::borrow::Cow;

use tftp_proto::wire::{self, Packet};
use tftp_proto::{ErrorCode, Instant};

use crate::config::Policy;
use crate::due::Due;
use crate::handled::{DropReason, Handled};
use crate::held::HeldRequest;
use crate::id::TransferId;
use crate::limits::Limits;
use crate::output::Ending;
use crate::port_plan::Mode;
use crate::server::{Server, UnboundOutput};
use crate::transfer::Stage;

impl<L: Limits> Server<L> {
    /// Stops answering requests; transfers go on. With SinglePort they need the listening port, so
    /// it stays open until [`Server::release_listening`].
    pub fn stop_listening(&mut self, now: Instant) {
        self.begin(now);
        self.is_listening = false;
        self.is_undrained = true;
        if self.ports.mode() != Mode::Single {
            self.close_listening();
        }
    }

    /// Answers requests again, at the listening port that is still open.
    pub fn resume(&mut self, policy: Policy) {
        self.policy = policy;
        self.is_listening = true;
        self.was_told_drained = false;
    }

    /// Closes the listening port. Call it when no machine needs the port any more, also none of
    /// another thread.
    pub fn release_listening(&mut self) {
        self.close_listening();
    }

    /// Ends every transfer, and listening.
    pub fn shutdown(&mut self, now: Instant) {
        self.begin(now);
        self.is_listening = false;
        for index in self.table.indices() {
            if let Some(transfer) = self.table.at_mut(index) {
                transfer.waiting = None;
                if transfer.has_ended {
                    transfer.stage = Stage::Over(None);
                }
            }
            let text = "Server is shutting down";
            self.end(index, ErrorCode::UNDEFINED, text, Ending::Shutdown);
            self.touch(index);
        }
        self.close_listening();
    }

    /// Ends a transfer after a fault. The state of its transfer machine is not trusted, so that
    /// machine is not called.
    pub fn abandon(&mut self, id: TransferId) {
        let Some(transfer) = self.table.get_mut(id) else {
            return;
        };
        transfer.waiting = None;
        if transfer.has_ended || transfer.is_silenced() {
            return self.end_silently(id.index, Ending::Abandoned);
        }
        let told = (ErrorCode::UNDEFINED, Cow::Borrowed("Internal error"));
        transfer.stage = Stage::Over(Some(told));
        transfer.due.add(Due::ERROR);
        self.end_silently(id.index, Ending::Abandoned);
    }

    /// Returns true when nothing is left to do and the listening port was given up: the machine can
    /// be dropped.
    pub fn is_done(&self) -> bool {
        !self.is_listening && self.is_released && self.table.len() == 0 && !self.is_undrained
    }

    /// Returns true if no transfers are left after listening has ended, and
    /// [`crate::Output::Drained`] was not emitted yet.
    pub(crate) fn is_drained(&self) -> bool {
        !self.is_listening && !self.was_told_drained && self.table.len() == 0
    }

    fn close_listening(&mut self) {
        if !core::mem::replace(&mut self.is_released, true) {
            self.push_unbound(UnboundOutput::ClosePort(self.config.listening));
        }
    }

    /// Handles a held request as if it had just arrived.
    pub(crate) fn retry(&mut self, request: &HeldRequest) -> Handled<'static> {
        let datagram = request.datagram();
        match wire::parse(datagram.bytes) {
            Ok(Packet::Request(mut asked)) => {
                asked.requested.forget(self.policy.refused_options);
                self.request(&datagram, &asked)
            }
            _ => Handled::Ignored(DropReason::NoRequest),
        }
    }
}
