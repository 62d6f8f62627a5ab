//! The same request again: what is known of its transfer, and what becomes of that when the client begins anew.

use std::net::SocketAddr;

use super::{Stage, Transfer};
use crate::cause::Cause;
use crate::context::Context;
use crate::repeats::Known;
use tftp_udp::{Arrival, LocalAddr};

/// A request that waits until a doubt about its client's former transfer is over.
pub(crate) struct HeldRequest {
    peer: SocketAddr,
    local: Option<LocalAddr>,
    bytes: Vec<u8>,
}

impl HeldRequest {
    fn of(arrival: &Arrival<'_>) -> HeldRequest {
        HeldRequest {
            peer: arrival.peer,
            local: arrival.local,
            bytes: arrival.bytes.to_vec(),
        }
    }

    /// The datagram, as if it came now.
    pub(crate) fn arrival(&self) -> Arrival<'_> {
        Arrival {
            peer: self.peer,
            local: self.local,
            broadcast: false,
            bytes: &self.bytes,
            truncated: false,
        }
    }
}

impl Transfer {
    /// What decides whether the same request is a repetition.
    pub(crate) fn known(&self) -> Known {
        let (heard_at, awaits_last_ack, is_being_stored) = match &self.stage {
            Stage::Sending(sending) => (
                sending.machine.heard_at(),
                sending.machine.awaits_last_ack(),
                false,
            ),
            Stage::Receiving(receiving) => (
                receiving.machine.heard_at(),
                false,
                receiving.machine.is_complete(),
            ),
            _ => (None, false, false),
        };
        Known {
            has_ended: self.ended,
            awaits_last_ack,
            is_being_stored,
            is_in_doubt: self.is_in_doubt(),
            heard_at,
        }
    }

    /// The same request came again: its current packet again, where there is one.
    pub(crate) fn handle_repeat(&mut self, ctx: &mut Context) {
        match &mut self.stage {
            Stage::Sending(sending) => sending.machine.handle_repeat(ctx.now),
            Stage::Receiving(receiving) => receiving.machine.handle_repeat(ctx.now),
            _ => self.asked_at = ctx.now,
        }
        self.after_step(ctx);
    }

    /// The same request has to wait until the doubt is over.
    pub(crate) fn hold_request(&mut self, arrival: &Arrival<'_>) {
        if self.waiting.is_none() && !arrival.broadcast {
            self.waiting = Some(Box::new(HeldRequest::of(arrival)));
        }
    }

    /// The request that waited for the end of this transfer.
    pub(crate) fn take_waiting(&mut self) -> Option<Box<HeldRequest>> {
        self.waiting.take()
    }

    /// A newer transfer of the same client begins: this one sends nothing more, unless its client goes on.
    pub(crate) fn supersede(&mut self, ctx: &mut Context) {
        match &mut self.stage {
            Stage::Sending(sending) => sending.machine.supersede(ctx.now),
            Stage::Receiving(receiving) => receiving.machine.supersede(ctx.now),
            _ => return,
        }
        self.after_step(ctx);
    }

    /// True where a newer transfer has begun, and the client has not gone on with this one since.
    pub(crate) fn is_superseded(&self) -> bool {
        match &self.stage {
            Stage::Sending(sending) => sending.machine.is_superseded(),
            Stage::Receiving(receiving) => receiving.machine.is_superseded(),
            _ => false,
        }
    }

    /// An upload that is stored repeats its last ACK no more.
    pub(crate) fn let_go(&mut self) {
        if self.ended {
            self.stage = Stage::Over;
        }
    }

    /// Ends the transfer, without a packet, for a newer one of the same client.
    pub(crate) fn replace(&mut self, ctx: &mut Context) {
        let cause = match &self.stage {
            Stage::Sending(sending) if sending.machine.awaits_last_ack() => Cause::Silent {
                probably_complete: true,
            },
            _ => Cause::Replaced,
        };
        self.end_silently(ctx, cause);
    }

    /// True while an ERROR, or a refusal, of this running transfer waits for its moment to pass: nothing is sent again,
    /// and it counts in no limit. Nothing valid of its client came since.
    pub(crate) fn is_in_doubt(&self) -> bool {
        match &self.stage {
            Stage::Sending(sending) => sending.machine.is_in_doubt(),
            Stage::Receiving(receiving) => receiving.machine.is_in_doubt(),
            _ => false,
        }
    }
}
