//! Reports transfers to the application, the log and the figures.
//!
//! An observer gets the results of steps and decides which of them to report. It knows no transfer,
//! no socket and no file.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use tftp_proto::negotiate::NegotiatedOptions;
use tftp_proto::wire::{ErrorCode, Operation};
use tftp_proto::{Instant, Timing};

use super::connection_info::ConnectionInfo;
use super::inline::{EngineEvent, EventSink, Interests};
use super::shared::{Counters, Shared};
use super::{Connection, LogKind, LogLevel, Outcome};

mod packet_log;
mod runs;

/// Reports for one I/O thread to the application, the log and the figures.
pub(super) struct Observer {
    sink: Arc<dyn EventSink>,
    shared: Arc<Shared>,
    /// The sink's interests, as of the last [`Observer::refresh_interests`].
    wants: Cell<Interests>,
}

/// The end of a transfer.
pub(super) struct Over<'a> {
    pub(super) connection: &'a Arc<ConnectionInfo>,
    /// The connection's beginning was reported to the application.
    pub(super) is_announced: bool,
    pub(super) outcome: Outcome,
    /// The number of bytes of the stream that were acknowledged or received; 0 if the transfer
    /// never began.
    pub(super) bytes: u64,
    pub(super) took: Duration,
    /// The number of retransmitted packets.
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

    /// Reads the sink's interests. Called once after each call that brought datagrams or messages,
    /// so that a callback registered before a client sent its packet is seen.
    pub(super) fn refresh_interests(&self) {
        self.wants.set(self.sink.interests());
    }

    /// Returns the sink's interests as of the last [`Observer::refresh_interests`].
    #[inline]
    pub(super) fn wants(&self) -> Interests {
        self.wants.get()
    }

    /// Returns true if the log has lines for single packets.
    #[inline]
    pub(super) fn logs_packets(&self) -> bool {
        self.wants().logs_packets()
    }

    /// Returns the number of active transfers.
    pub(super) fn active(&self) -> usize {
        self.shared.active()
    }

    /// Frees the memory of the shared counters that was needed for more clients.
    pub(super) fn shrink(&self) {
        self.shared.shrink();
    }

    /// Returns true if a new request may become a connection now.
    pub(super) fn admits(&self) -> bool {
        self.sink.admits()
    }

    /// Passes an event on.
    pub(super) fn report(&self, event: EngineEvent) {
        self.sink.event(event);
    }

    /// Notes that the packets of this turn are sent, so that the application may be woken. `Some`:
    /// call again after at most this time.
    pub(super) fn turn_ends(&self, now: Instant) -> Option<Duration> {
        self.sink.turn_ends(now)
    }

    /// Counts an admitted request.
    pub(super) fn admitted(&self) {
        self.counters().requests.fetch_add(1, Relaxed);
    }

    /// Counts a request that was left unanswered because of overload.
    pub(super) fn unanswered(&self) {
        self.counters().unanswered.fetch_add(1, Relaxed);
    }

    /// Reports a request that was refused with an ERROR to its client: the connection never began.
    pub(super) fn refused(&self, now: Instant, connection: Arc<ConnectionInfo>, outcome: Outcome) {
        self.log_refusal(&connection, &outcome);
        self.counters().refused.fetch_add(1, Relaxed);
        connection.progress.ended(now);
        // Cannot fail: a connection ends only once.
        let _ = connection.outcome.set(outcome.clone());
        self.failed(&connection, &outcome);
        if self.wants().follows_connections() {
            let connection = Connection::new(connection);
            self.report(EngineEvent::Refused { connection, outcome });
        }
    }

    /// Notes that a transfer has its source or target, and its options.
    pub(super) fn begun(
        &self,
        connection: &ConnectionInfo,
        negotiated: &NegotiatedOptions,
        total: Option<u64>,
        timing: &Timing,
    ) {
        connection.progress.negotiated(negotiated, total);
        self.log_beginning(connection, negotiated, timing);
    }

    /// Reports the end of a transfer. Called once for each.
    pub(super) fn over(&self, now: Instant, over: Over<'_>) {
        over.connection.progress.ended(now);
        self.count(&over);
        self.log_end(&over);
        let outcome = over.outcome;
        // Cannot fail: a connection ends only once.
        let _ = over.connection.outcome.set(outcome.clone());
        if outcome.is_failure() {
            self.failed(over.connection, &outcome);
        }
        if !over.is_announced {
            return;
        }
        let connection = Connection::new(Arc::clone(over.connection));
        self.report(EngineEvent::Ended { connection, outcome });
    }

    /// Logs a line, which is made only if there is interest in it.
    pub(super) fn log(
        &self,
        interest: Interests,
        id: i32,
        kind: LogKind,
        message: impl FnOnce() -> String,
    ) {
        if self.wants().has(interest) {
            let level = match interest {
                Interests::LOG_INFO => LogLevel::Info,
                Interests::LOG_VERBOSE => LogLevel::Verbose,
                _ => LogLevel::Debug,
            };
            self.report(EngineEvent::Log {
                id,
                level,
                kind,
                message: message(),
            });
        }
    }

    fn failed(&self, connection: &Arc<ConnectionInfo>, outcome: &Outcome) {
        if self.wants().has(Interests::FAILURES) {
            self.report(EngineEvent::Failed {
                connection: Connection::new(Arc::clone(connection)),
                outcome: outcome.clone(),
            });
        }
    }

    fn count(&self, over: &Over<'_>) {
        let counters = self.counters();
        match &over.outcome {
            Outcome::Complete => counters.completed.fetch_add(1, Relaxed),
            // A refusal after the negotiation, or without a code that names a reason, counts as a
            // failed transfer.
            Outcome::Refused(refusal)
                if over.connection.progress.blksize() == 0
                    && refusal.code() != ErrorCode::UNDEFINED =>
            {
                counters.refused.fetch_add(1, Relaxed)
            }
            _ => counters.failed.fetch_add(1, Relaxed),
        };
        let bytes = match over.connection.operation {
            Operation::Read => &counters.bytes_sent,
            Operation::Write => &counters.bytes_received,
        };
        bytes.fetch_add(over.bytes, Relaxed);
        counters.retransmissions.fetch_add(over.repeated, Relaxed);
    }

    fn counters(&self) -> &Counters {
        &self.shared.counters
    }
}
