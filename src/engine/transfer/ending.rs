//! The end of a transfer: told once, counted, logged.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use tftp_proto::Outcome;

use super::{Stage, Transfer};
use crate::engine::cause;
use crate::engine::cause::Cause;
use crate::engine::context::Context;
use crate::engine::names::Quoted;
use crate::engine::notice::{LogKind, Notice, Wants};
use crate::engine::platform::refused;
use crate::engine::trail;

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
            receiving.discard(ctx, self.link.lane);
        }
        self.finish(ctx, cause);
    }

    /// The client's port is closed: an error, unless all that is missing is its last ACK.
    fn unreachable(&self) -> Cause {
        match &self.stage {
            Stage::Sending(sending) if sending.is_probably_complete() => Cause::Silent {
                probably_complete: true,
            },
            _ => Cause::Socket(refused()),
        }
    }

    /// Tells the end, once.
    pub(super) fn finish(&mut self, ctx: &mut Context, cause: Option<Cause>) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        self.link.connection.progress.ended(ctx.now);
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
        self.count(ctx, cause.as_ref());
        self.log_end(ctx, cause.as_ref());
        let id = self.link.connection.id;
        let refused = matches!(cause, Some(Cause::Refused));
        let quiet = matches!(
            cause,
            Some(Cause::Refused | Cause::ClientError { probe: true, .. })
        );
        let cause = cause.map(Arc::new);
        if let Some(cause) = cause.as_ref().filter(|_| !quiet) {
            ctx.failed(id, Arc::clone(cause));
        }
        // The application itself refused it: for it, the connection never began.
        if !self.link.is_announced() || refused {
            return;
        }
        if cause.is_none() {
            ctx.tell(Notice::Ended { id });
        }
        ctx.tell(Notice::Disconnected { id, cause });
    }

    fn count(&self, ctx: &Context, cause: Option<&Cause>) {
        let figures = &ctx.shared.figures;
        match cause {
            None => figures.completed.fetch_add(1, Relaxed),
            Some(Cause::Refused) => figures.refused.fetch_add(1, Relaxed),
            Some(_) => figures.failed.fetch_add(1, Relaxed),
        };
        match &self.stage {
            Stage::Sending(sending) => {
                figures
                    .bytes_sent
                    .fetch_add(sending.machine.acked_bytes(), Relaxed);
            }
            Stage::Receiving(receiving) => {
                figures
                    .bytes_received
                    .fetch_add(receiving.machine.received_bytes(), Relaxed);
            }
            _ => {}
        }
        figures.retransmissions.fetch_add(self.repeated(), Relaxed);
    }

    fn log_end(&self, ctx: &Context, cause: Option<&Cause>) {
        let (id, file) = (self.link.connection.id, Quoted(&self.link.connection.filename));
        let bytes = match &self.stage {
            Stage::Sending(sending) => sending.machine.acked_bytes(),
            Stage::Receiving(receiving) => receiving.machine.received_bytes(),
            _ => 0,
        };
        match cause {
            None => ctx.log(Wants::LOG_INFO, id, LogKind::Info, || {
                format!("{file}: {bytes} bytes, whole")
            }),
            Some(Cause::ClientError { probe: true, .. }) => {
                ctx.log(Wants::LOG_VERBOSE, id, LogKind::Verbose, || {
                    format!("{file}: the client only asked for the size")
                });
            }
            Some(cause) => ctx.log(Wants::LOG_INFO, id, LogKind::Error, || {
                format!("{file}: ended after {bytes} bytes: {}", cause::describe(cause))
            }),
        }
        let took = ctx.now.saturating_sub(self.began);
        trail::ends(ctx, &self.link.connection, bytes, took, self.repeated());
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
