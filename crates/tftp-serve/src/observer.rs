//! What the application, the log and the figures learn of transfers.
//!
//! An observer is given the results of steps and decides what is told of them. It knows no transfer, no socket and no
//! file.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use tftp_proto::Instant;
use tftp_proto::negotiate::Agreed;
use tftp_proto::wire::{ErrorCode, Operation};

use super::about::About;
use super::inline::{EngineEvent, EventSink, Interests};
use super::shared::{Figures, Shared};
use super::{Connection, LogKind, LogLevel, Outcome};

mod runs;
mod trail;

/// One I/O thread's way to the application, the log and the figures.
pub(super) struct Observer {
    sink: Arc<dyn EventSink>,
    shared: Arc<Shared>,
    /// What somebody listens to, as of the last [`Observer::latch`].
    wants: Cell<Interests>,
}

/// How a transfer ended.
pub(super) struct Over<'a> {
    pub(super) connection: &'a Arc<About>,
    /// The application was told of its beginning.
    pub(super) is_announced: bool,
    pub(super) outcome: Outcome,
    /// Bytes of the stream that were acknowledged or received; 0 if it never began.
    pub(super) bytes: u64,
    pub(super) took: Duration,
    /// Packets that were sent more than once.
    pub(super) repeated: u64,
}

impl Observer {
    pub(super) fn new(sink: Arc<dyn EventSink>, shared: Arc<Shared>) -> Observer {
        Observer {
            wants: Cell::new(sink.interests()),
            sink,
            shared,
        }
    }

    /// Asks what somebody listens to. Done once after each call that brought datagrams or answers: a callback that was
    /// registered before a client sent its packet is seen.
    pub(super) fn latch(&self) {
        self.wants.set(self.sink.interests());
    }

    /// Which notices somebody listens to.
    #[inline]
    pub(super) fn wants(&self) -> Interests {
        self.wants.get()
    }

    /// Whether the log has lines for single packets.
    #[inline]
    pub(super) fn logs_packets(&self) -> bool {
        self.wants().logs_packets()
    }

    /// Transfers under way.
    pub(super) fn active(&self) -> usize {
        self.shared.active()
    }

    /// Whether a new request may become a connection now.
    pub(super) fn admits(&self) -> bool {
        self.sink.admits()
    }

    /// Passes an event on.
    pub(super) fn tell(&self, event: EngineEvent) {
        self.sink.event(event);
    }

    /// The packets of this turn are out: the application may be woken. `Some`: call again after this time.
    pub(super) fn turn_ends(&self, now: Instant) -> Option<Duration> {
        self.sink.turn_ends(now)
    }

    /// A request was admitted.
    pub(super) fn admitted(&self) {
        self.figures().requests.fetch_add(1, Relaxed);
    }

    /// A request was left unanswered because too much is under way.
    pub(super) fn unanswered(&self) {
        self.figures().unanswered.fetch_add(1, Relaxed);
    }

    /// A request was refused, and its client was told why: the connection never began.
    pub(super) fn refused(&self, now: Instant, connection: Arc<About>, outcome: Outcome) {
        self.log_refusal(&connection, &outcome);
        self.figures().refused.fetch_add(1, Relaxed);
        connection.progress.ended(now);
        // It ends once.
        let _ = connection.outcome.set(outcome.clone());
        self.failed(&connection, &outcome);
        if self.wants().follows_connections() {
            let connection = Connection::new(connection);
            self.tell(EngineEvent::Refused { connection, outcome });
        }
    }

    /// A transfer has its source or its target, and its options.
    pub(super) fn begun(&self, connection: &About, agreed: &Agreed, total: Option<u64>) {
        connection.progress.negotiated(agreed, total);
        self.log_beginning(connection, agreed);
    }

    /// A transfer is over. Called once for each.
    pub(super) fn over(&self, now: Instant, over: Over<'_>) {
        over.connection.progress.ended(now);
        self.count(&over);
        self.log_end(&over);
        let outcome = over.outcome;
        // It ends once.
        let _ = over.connection.outcome.set(outcome.clone());
        if outcome.is_failure() {
            self.failed(over.connection, &outcome);
        }
        if !over.is_announced {
            return;
        }
        let connection = Connection::new(Arc::clone(over.connection));
        self.tell(EngineEvent::Ended { connection, outcome });
    }

    /// A line of the log, made only where somebody listens.
    pub(super) fn log(&self, interest: Interests, id: i32, kind: LogKind, message: impl FnOnce() -> String) {
        if self.wants().has(interest) {
            let level = match interest {
                Interests::LOG_INFO => LogLevel::Info,
                Interests::LOG_VERBOSE => LogLevel::Verbose,
                _ => LogLevel::Debug,
            };
            self.tell(EngineEvent::Log {
                id,
                level,
                kind,
                message: message(),
            });
        }
    }

    fn failed(&self, connection: &Arc<About>, outcome: &Outcome) {
        if self.wants().has(Interests::FAILURES) {
            self.tell(EngineEvent::Failed {
                connection: Connection::new(Arc::clone(connection)),
                outcome: outcome.clone(),
            });
        }
    }

    fn count(&self, over: &Over<'_>) {
        let figures = self.figures();
        match &over.outcome {
            Outcome::Complete => figures.completed.fetch_add(1, Relaxed),
            // After the negotiation, or without a code that names a reason, the transfer failed.
            Outcome::Refused(refusal)
                if over.connection.progress.blksize() == 0 && refusal.code() != ErrorCode::UNDEFINED =>
            {
                figures.refused.fetch_add(1, Relaxed)
            }
            _ => figures.failed.fetch_add(1, Relaxed),
        };
        let bytes = match over.connection.operation {
            Operation::Read => &figures.bytes_sent,
            Operation::Write => &figures.bytes_received,
        };
        bytes.fetch_add(over.bytes, Relaxed);
        figures.retransmissions.fetch_add(over.repeated, Relaxed);
    }

    fn figures(&self) -> &Figures {
        &self.shared.figures
    }
}
