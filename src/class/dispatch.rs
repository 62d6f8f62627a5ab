//! Turns queued items into the application's events, in order, and passes its answers and decisions
//! to the library.

use std::ops::Range;
use std::sync::Arc;

use super::conn::Record;
use super::current_connection;
use super::errors::Failure;
use super::event_router::{CachedCallback, EventRouter};
use super::events::{self, Accept, Event};
use super::queue::Item;
use super::reason::Reason;
use tftp_serve::inline::{Bytes, DataRun, EngineEvent, Reply, Wanted};
use tftp_serve::{Connection, LogKind, LogLevel, Outcome, Refusal};

/// Delivers items one at a time on the thread that calls DoEvents. Holds no lock while a callback
/// runs.
pub(super) struct Dispatch<'a> {
    router: &'a EventRouter,
    /// A buffer for blocks that span slices.
    block: Vec<u8>,
    /// The callback of Transfer, cached between blocks.
    transfer: CachedCallback,
}

impl<'a> Dispatch<'a> {
    pub(super) fn new(router: &'a EventRouter) -> Dispatch<'a> {
        Dispatch {
            router,
            block: Vec::new(),
            transfer: CachedCallback::default(),
        }
    }

    pub(super) fn deliver(&mut self, item: Item) {
        current_connection::during(self.router, item.connection(), || match item {
            Item::Event(event) => self.fire_for(event),
            Item::Decided(id) => self.decided(id),
            Item::Wanted(wanted) => self.wanted(wanted),
            Item::Released(..) => {}
        });
    }

    fn fire_for(&mut self, event: EngineEvent) {
        match event {
            EngineEvent::Requested { reply, held } => self.asked(reply, held),
            EngineEvent::Refused { connection, outcome } => self.refused(connection, &outcome),
            EngineEvent::Started {
                connection,
                held,
                found,
            } => self.started(&connection, held, found),
            EngineEvent::Data(run) => self.moved(&run),
            EngineEvent::Failed { connection, outcome } => self.failed(&connection, &outcome),
            EngineEvent::Ended { connection, outcome } => self.ended(connection.id(), &outcome),
            EngineEvent::Log {
                id,
                level,
                kind,
                message,
            } => self.log(id, level, kind, &message),
            _ => {}
        }
    }

    /// Fires ConnectionRequest and Connected, then gives the library the one answer that it waits
    /// for.
    fn asked(&self, reply: Reply, held: bool) {
        let record = Arc::new(Record::new(reply.connection(), Some(reply)));
        self.router.conns.insert(Arc::clone(&record));
        record.ask();
        let answer = self.request(&record);
        // An abort during the callback goes before what the callback returned.
        let answer = record.aborted().map_or(answer, Err);
        let answer = answer.map(|answer| match answer {
            // The transfer was not held for an answer: nothing can be put off any more.
            Accept::Later if !held => record.decide(Accept::Yes),
            answer => record.decide(answer),
        });
        match answer {
            // The transfer waits for the answer, at most for Timeout.
            Ok(Accept::Later) => {}
            Ok(Accept::Yes) => self.accepted(&record, held),
            Ok(Accept::No) => self.rejected(&record, Reason::Denied.refusal()),
            Err(refusal) => {
                record.decide(Accept::No);
                self.rejected(&record, refusal);
            }
        }
    }

    /// Handles the answer to a request that ConnectionRequest put off.
    fn decided(&self, id: i32) {
        let Some(record) = self.router.conns.by_id(id) else {
            return;
        };
        match record.take_answer() {
            Some(true) => self.accepted(&record, true),
            Some(false) => self.rejected(&record, Reason::Denied.refusal()),
            None => {}
        }
    }

    fn accepted(&self, record: &Record, held: bool) {
        match self.connected(record, None) {
            0 if held && self.is_fed_by_nobody(record) => record.end_because(Reason::NoFeeder),
            0 if held => record.admit(),
            0 => {}
            answer => record.mute(answer),
        }
    }

    /// Returns true if the application is the source, but DataWanted has no callback.
    fn is_fed_by_nobody(&self, record: &Record) -> bool {
        record.is_fed() && self.router.callback(events::id::DATA_WANTED).is_none()
    }

    fn wanted(&self, wanted: Wanted) {
        let id = wanted.name;
        let Some(record) = self.router.conns.by_id(id).filter(|record| !record.is_ended()) else {
            // A download that the application has ended gets nothing, but others may share its
            // source.
            return self.router.feeds.take_back(wanted);
        };
        if self.router.callback(events::id::DATA_WANTED).is_none() {
            record.end_because(Reason::NoFeeder);
            return self.router.feeds.take_back(wanted);
        }
        // It was queued before the application supplied the end of a source of unknown length.
        if !self.router.feeds.is_wanted(wanted) {
            return;
        }
        let whole = |number| i64::try_from(number).unwrap_or(i64::MAX);
        let answer = self.fire(&mut Event::DataWanted {
            connection_id: id,
            offset: whole(wanted.offset),
            length: whole(wanted.length),
        });
        self.end_if_rejected(id, answer);
        // Not if another thread has ended it meanwhile: the callback may have begun to supply.
        if answer != 0 || record.is_ended_inside() {
            self.router.feeds.take_back(wanted);
        }
    }

    fn rejected(&self, record: &Record, refusal: Refusal) {
        record.end(refusal.clone());
        let failure = Failure::of(&refusal.into(), record.connection.operation());
        self.connected(record, failure.as_ref());
        self.router.conns.remove(record.id());
    }

    fn request(&self, record: &Record) -> Result<Accept, Refusal> {
        let (remote_host, local_host) = (record.remote_host(), record.local_host());
        let mut event = Event::ConnectionRequest {
            remote_host: &remote_host,
            remote_port: record.connection.client().port(),
            filename: record.connection.name(),
            transfer_mode: record.transfer_mode(),
            operation: record.operation(),
            accept: Accept::Yes,
            connection_id: record.id(),
            local_host: &local_host,
        };
        let answer = self.fire(&mut event);
        match (answer, event) {
            (0, Event::ConnectionRequest { accept, .. }) => Ok(accept),
            (0, _) => Ok(Accept::Yes),
            (answer, _) => Err(Reason::Callback(answer).refusal()),
        }
    }

    fn connected(&self, record: &Record, failure: Option<&Failure>) -> i32 {
        let (status_code, description) = status(failure);
        self.fire(&mut Event::Connected {
            connection_id: record.id(),
            status_code,
            description,
        })
    }

    /// Fires Connected for a request that the library refused. It never began, so no Disconnected
    /// follows.
    fn refused(&self, connection: Connection, outcome: &Outcome) {
        let failure = Failure::of(outcome, connection.operation());
        let record = Arc::new(Record::new(connection, None));
        record.begin();
        self.router.conns.insert(Arc::clone(&record));
        self.connected(&record, failure.as_ref());
        self.router.conns.remove(record.id());
    }

    fn started(&self, connection: &Connection, held: bool, found: bool) {
        let id = connection.id();
        let Some(record) = self.router.conns.by_id(id) else {
            return;
        };
        record.found(connection.path());
        match held && !found {
            true => record.choose_again(),
            false => record.begin(),
        }
        if record.is_muted() {
            return;
        }
        let direction = record.direction();
        match self.fire(&mut Event::StartTransfer {
            connection_id: id,
            direction,
        }) {
            0 if held && !found && self.is_fed_by_nobody(&record) => {
                record.end_because(Reason::NoFeeder)
            }
            0 if held => {
                if let Some((reply, sources)) = record.begin_with() {
                    reply.admit(sources);
                }
            }
            0 => {}
            answer => record.mute(answer),
        }
    }

    fn moved(&mut self, run: &DataRun) {
        let Some(record) = self.router.conns.by_id(run.id) else {
            return;
        };
        if !record.is_muted() {
            self.blocks(&record, run);
        }
        record.delivered(run.weight());
    }

    /// Fires one Transfer event for each block of a run.
    fn blocks(&mut self, record: &Record, run: &DataRun) {
        let mut cursor = Cursor::new(&run.slices);
        let mut done = run.before;
        let end = run.before + run.length;
        let mut block = std::mem::take(&mut self.block);
        while done < end && !self.router.is_closed() {
            let length = (end - done).min(u64::from(run.block.max(1)));
            done += length;
            if !self.block_moved(record, run, done, cursor.next(length as usize, &mut block)) {
                break;
            }
        }
        if run.empty_block && done == end && !record.is_muted() && !self.router.is_closed() {
            self.block_moved(record, run, done, &[]);
        }
        self.block = block;
    }

    /// Fires Transfer for one block. Returns false if that ended the connection.
    fn block_moved(&mut self, record: &Record, run: &DataRun, done: u64, text: &[u8]) -> bool {
        let mut event = Event::Transfer {
            connection_id: run.id,
            direction: record.direction(),
            bytes_transferred: i64::try_from(done).unwrap_or(i64::MAX),
            percent_done: percent(done, run.total),
            text,
        };
        let answer = match self.router.refresh(events::id::TRANSFER, &mut self.transfer) {
            Some(callback) => callback.fire(&mut event),
            None if run.is_only_copy => {
                record.lose();
                return false;
            }
            None => 0,
        };
        if answer != 0 {
            record.mute(answer);
        }
        answer == 0
    }

    fn failed(&self, connection: &Connection, outcome: &Outcome) {
        let failure = Failure::of(outcome, connection.operation());
        let (id, (error_code, description)) = (connection.id(), status(failure.as_ref()));
        let answer = self.fire(&mut Event::Error {
            error_code,
            description,
            connection_id: id,
        });
        self.end_if_rejected(id, answer);
    }

    /// Fires EndTransfer, if the file is complete, and Disconnected.
    fn ended(&self, id: i32, outcome: &Outcome) {
        let Some(record) = self.router.conns.by_id(id) else {
            return;
        };
        if outcome.is_complete() && !record.is_muted() {
            let answer = self.fire(&mut Event::EndTransfer {
                connection_id: id,
                direction: record.direction(),
            });
            if answer != 0 {
                record.mute(answer);
            }
        }
        // A callback can still refuse a transfer that is already complete for the client.
        let refused = record
            .ended_with()
            .map(|answer| Reason::Callback(answer).failure());
        let failure = Failure::of(outcome, record.connection.operation()).or(refused);
        if record.is_undecided() {
            // It ended before the application had answered, so it never was connected.
            record.decide(Accept::No);
            self.connected(&record, failure.as_ref());
            return self.router.conns.remove(id);
        }
        let (status_code, description) = status(failure.as_ref());
        self.fire(&mut Event::Disconnected {
            connection_id: id,
            status_code,
            description,
        });
        self.router.conns.remove(id);
    }

    fn log(&self, id: i32, level: LogLevel, kind: LogKind, message: &str) {
        let log_type = match kind {
            LogKind::Info => "Info",
            LogKind::Error => "Error",
            LogKind::Verbose => "Verbose",
            LogKind::Debug => "Debug",
            _ => "PITrail",
        };
        let answer = self.fire(&mut Event::Log {
            connection_id: id,
            log_level: level as i32,
            message,
            log_type,
        });
        self.end_if_rejected(id, answer);
    }

    /// Ends a connection whose DataWanted, Error or Log callback did not return 0.
    fn end_if_rejected(&self, id: i32, answer: i32) {
        if answer == 0 {
            return;
        }
        if let Some(record) = self
            .router
            .conns
            .by_id(id)
            .or_else(|| self.router.unobserved.record(id))
        {
            record.mute(answer);
        }
    }

    /// Fires an event. A server that is closed inside a callback or meanwhile fires none any more.
    fn fire(&self, event: &mut Event<'_>) -> i32 {
        if self.router.is_closed() {
            return 0;
        }
        self.router
            .callback(event.id())
            .map_or(0, |callback| callback.fire(event))
    }
}

fn status(failure: Option<&Failure>) -> (i32, &str) {
    failure.map_or((0, "OK"), |failure| (failure.code, failure.text.as_str()))
}

/// Returns the percentage done: -1 if the size is unknown, at most 100 for a file that grew
/// meanwhile.
fn percent(done: u64, total: Option<u64>) -> i32 {
    match total {
        None => -1,
        Some(0) if done == 0 => 100,
        // The announced size was wrong.
        Some(0) => -1,
        Some(total) => {
            // This runs once a block. Beyond 2^64 / 100 it is less exact, which saves a division of
            // 128 bits.
            let percent = done
                .checked_mul(100)
                .map_or_else(|| done / (total / 100).max(1), |hundredfold| hundredfold / total);
            percent.min(100) as i32
        }
    }
}

/// A reader that cuts a run into blocks.
struct Cursor<'r> {
    slices: std::slice::Iter<'r, (Bytes, Range<usize>)>,
    /// The rest of the current slice.
    rest: &'r [u8],
}

impl<'r> Cursor<'r> {
    fn new(slices: &'r [(Bytes, Range<usize>)]) -> Cursor<'r> {
        Cursor {
            slices: slices.iter(),
            rest: &[],
        }
    }

    /// Returns the next `length` bytes: borrowed if one slice holds them, otherwise copied together
    /// into `buffer`.
    fn next<'b>(&mut self, length: usize, buffer: &'b mut Vec<u8>) -> &'b [u8]
    where
        'r: 'b,
    {
        self.refill();
        if self.rest.len() >= length {
            return self.cut(length);
        }
        buffer.clear();
        while buffer.len() < length && !self.rest.is_empty() {
            let part = self.cut((length - buffer.len()).min(self.rest.len()));
            buffer.extend_from_slice(part);
            self.refill();
        }
        buffer
    }

    fn cut(&mut self, length: usize) -> &'r [u8] {
        let (part, rest) = self.rest.split_at(length);
        self.rest = rest;
        part
    }

    /// Goes on to the next slice that is not empty, if the current one is used up.
    fn refill(&mut self) {
        while self.rest.is_empty() {
            let Some((bytes, range)) = self.slices.next() else {
                return;
            };
            self.rest = bytes.get(range.clone()).unwrap_or_default();
        }
    }
}

#[cfg(test)]
mod tests;
