//! Connections without callbacks, for programs that only look at the Conn arrays.
//!
//! If no connection callback is registered when a connection begins, it is unobserved: its events
//! never enter the queue, but update its record here. An unobserved connection that begins and ends
//! between two DoEvents leaves no trace, so the memory is bounded by the live connections plus
//! those that the application still sees.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::conn::{Conns, Record};
use tftp_serve::inline::{EngineEvent, Reply, Sources};
use tftp_sync::Mutex;
use tftp_sync::atomic::{AtomicUsize, Ordering::Relaxed};

#[derive(Debug, Default)]
pub(super) struct UnobservedConnections {
    connections: Mutex<Connections>,
    /// The number of live connections: while it is 0, events take no lock.
    live: AtomicUsize,
}

#[derive(Debug, Default)]
struct Connections {
    /// Connections that have not ended.
    live: BTreeMap<i32, Live>,
    /// Connections that have ended, but are still in the Conn arrays.
    leaving: Vec<i32>,
}

#[derive(Debug)]
struct Live {
    record: Arc<Record>,
    /// It is in the Conn arrays.
    is_seen: bool,
}

impl UnobservedConnections {
    /// Adds a connection. A held one is admitted at once: no callback will answer it.
    pub(super) fn begin(&self, reply: Reply, held: bool) {
        if held {
            reply.admit(Sources::default());
        }
        let record = Record::new(reply.connection(), Some(reply));
        record.begin();
        let mut connections = self.connections.lock();
        connections.live.insert(
            record.id(),
            Live {
                record: Arc::new(record),
                is_seen: false,
            },
        );
        self.live.store(connections.live.len(), Relaxed);
    }

    /// Consumes an event of an unobserved connection. Returns events of other connections, and
    /// kinds that are delivered in any case.
    pub(super) fn fold(&self, event: EngineEvent) -> Option<EngineEvent> {
        if self.live.load(Relaxed) == 0 {
            return Some(event);
        }
        match event {
            EngineEvent::Started { .. } | EngineEvent::Ended { .. } => self.follow(event),
            EngineEvent::Data(ref run) => {
                match self.record(run.id) {
                    // No Transfer event was fired, so nothing has taken the data.
                    Some(record) if run.is_only_copy => record.lose(),
                    Some(record) => record.delivered(run.weight()),
                    None => return Some(event),
                }
                None
            }
            other => Some(other),
        }
    }

    fn follow(&self, event: EngineEvent) -> Option<EngineEvent> {
        let mut connections = self.connections.lock();
        let id = event.id();
        let Some(live) = connections.live.get(&id) else {
            return Some(event);
        };
        match event {
            EngineEvent::Started {
                connection, held, ..
            } => {
                live.record.found(connection.path());
                if held {
                    live.record.admit();
                }
            }
            EngineEvent::Ended { .. } => {
                let is_seen = live.is_seen;
                connections.live.remove(&id);
                if is_seen {
                    connections.leaving.push(id);
                }
                self.live.store(connections.live.len(), Relaxed);
            }
            _ => {}
        }
        None
    }

    /// Returns the record of a live connection.
    pub(super) fn record(&self, id: i32) -> Option<Arc<Record>> {
        let connections = self.connections.lock();
        connections.live.get(&id).map(|live| Arc::clone(&live.record))
    }

    /// Brings the Conn arrays up to date. Only DoEvents calls it.
    pub(super) fn settle(&self, conns: &Conns) {
        let mut connections = self.connections.lock();
        connections.leaving.drain(..).for_each(|id| conns.remove(id));
        for live in connections.live.values_mut().filter(|live| !live.is_seen) {
            conns.insert(Arc::clone(&live.record));
            live.is_seen = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{self, Inbox};
    use super::*;
    use tftp_serve::Outcome;

    fn begin(unobserved: &UnobservedConnections, id: i32) {
        unobserved.begin(testing::reply(&Inbox::new(), id), false);
    }

    fn ended(id: i32) -> EngineEvent {
        EngineEvent::Ended {
            connection: testing::connection(id),
            outcome: Outcome::Complete,
        }
    }

    #[test]
    fn a_connection_that_ends_unobserved_leaves_nothing() {
        let (unobserved, conns) = (UnobservedConnections::default(), Conns::default());
        for id in 1_000_001..1_001_000 {
            begin(&unobserved, id);
            assert!(unobserved.fold(ended(id)).is_none());
        }
        assert!(unobserved.connections.lock().leaving.is_empty());
        unobserved.settle(&conns);
        assert_eq!(conns.count(), 0);
    }

    #[test]
    fn observed_records_leave_at_the_next_settle() {
        let (unobserved, conns) = (UnobservedConnections::default(), Conns::default());
        begin(&unobserved, 1_000_001);
        begin(&unobserved, 1_000_002);
        assert_eq!(conns.count(), 0);
        unobserved.settle(&conns);
        assert_eq!(conns.count(), 2);
        unobserved.fold(ended(1_000_001));
        assert_eq!(conns.count(), 2);
        unobserved.settle(&conns);
        assert_eq!(conns.count(), 1);
        assert_eq!(conns.at(0).unwrap().id(), 1_000_002);
    }

    #[test]
    fn events_of_other_connections_are_returned() {
        let unobserved = UnobservedConnections::default();
        assert!(unobserved.fold(ended(1_000_009)).is_some());
        begin(&unobserved, 1_000_001);
        assert!(unobserved.fold(ended(1_000_009)).is_some());
        assert!(unobserved.fold(ended(1_000_001)).is_none());
    }
}
