//! The end of a transfer: told once, counted, logged.

use tftp_proto::Outcome;

use super::{Stage, Transfer};
use crate::cause::Cause;
use crate::context::Context;
use crate::observer::Over;

impl Transfer {
    pub(super) fn conclude(&mut self, ctx: &mut Context, outcome: Outcome) {
        let cause = match outcome {
            Outcome::Complete => None,
            Outcome::ClientError { code, message, probe } => Some(Cause::ClientError {
                code: code.0,
                message,
                probe,
            }),
            Outcome::TimedOut { probably_complete } => Some(Cause::Silent { probably_complete }),
            Outcome::Unreachable => Some(self.unreachable()),
            Outcome::Oversized => Some(Cause::Oversized),
            Outcome::Failed => Some(self.cause.take().unwrap_or(Cause::Ended("Ended by the server"))),
        };
        if let (Some(_), Stage::Receiving(receiving)) = (&cause, &mut self.stage) {
            receiving.discard(ctx, &self.link);
        }
        self.finish(ctx, cause);
    }

    /// The client's port is closed: an error, unless all that is missing is its last ACK.
    fn unreachable(&self) -> Cause {
        match &self.stage {
            Stage::Sending(sending) if sending.is_probably_complete() => Cause::Silent {
                probably_complete: true,
            },
            _ => Cause::Socket(tftp_udp::refused()),
        }
    }

    /// Tells the end, once.
    pub(super) fn finish(&mut self, ctx: &mut Context, cause: Option<Cause>) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        // An upload that dallies for a repeated last block does not count any more.
        if let Some(place) = self.half_open.take() {
            ctx.settle(place);
        }
        if std::mem::take(&mut self.doubted) {
            ctx.shared.doubt(self.host(), false);
        }
        ctx.shared.leave(self.host());
        if cause.is_none() && matches!(self.stage, Stage::Receiving(_)) {
            ctx.dallying.push_back(self.link.key);
        }
        let over = Over {
            connection: &self.link.connection,
            is_announced: self.link.is_announced(),
            cause,
            bytes: self.moved(),
            took: ctx.now.saturating_sub(self.began),
            repeated: self.repeated(),
        };
        ctx.observer.over(ctx.now, over);
    }

    /// Bytes of the stream that the client has acknowledged, or that came from it.
    fn moved(&self) -> u64 {
        match &self.stage {
            Stage::Sending(sending) => sending.machine.acked_bytes(),
            Stage::Receiving(receiving) => receiving.machine.received_bytes(),
            _ => 0,
        }
    }

    /// Packets that were sent more than once.
    pub(super) fn repeated(&self) -> u64 {
        match &self.stage {
            Stage::Sending(sending) => sending.machine.retransmissions(),
            Stage::Receiving(receiving) => receiving.machine.retransmissions(),
            _ => 0,
        }
    }
}
