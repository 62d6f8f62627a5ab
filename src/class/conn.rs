//! The Conn arrays: the application's view of the connections, which changes only inside DoEvents.

use std::path::PathBuf;
use std::sync::Arc;

use super::errors::{self, Failure};
use super::events::{Accept, Direction};
use super::property::ConnField;
use super::reason::Reason;
use super::value::Value;
use tftp_serve::inline::{Bytes, Fed, Feeds, Reply, Sources};
use tftp_serve::{Connection, ErrorCode, Mode, Operation, Refusal, names};
use tftp_sync::Mutex;

/// The first connection id. An index from here on is an id, a lower one is a position.
pub const FIRST_CONNECTION_ID: i32 = 1_000_001;

/// One connection, as the application knows it.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) connection: Connection,
    /// `None` for a connection that never began.
    reply: Option<Reply>,
    state: Mutex<State>,
}

/// The state of the answer to a connection's request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Decision {
    /// Settled: Connected reports it. Also the state of connections without a ConnectionRequest.
    #[default]
    Told,
    /// The callback of ConnectionRequest is running.
    Asked,
    /// The application has put it off.
    PutOff,
    /// The application has accepted or refused the request; DoEvents has yet to report it.
    Given(bool),
}

#[derive(Debug, Default)]
struct State {
    decision: Decision,
    sources: Sources,
    /// The application is the source: its feeds, and ConnDataSize.
    fed: Option<(Arc<Feeds>, i64)>,
    /// ConnDataKey.
    key: Option<Arc<str>>,
    /// The code and text with which the application ended it.
    aborted: Option<Refusal>,
    /// The file that the engine found or made.
    found: Option<PathBuf>,
    /// The transfer has begun: its sources cannot be changed any more.
    has_begun: bool,
    /// The source has been chosen, although the transfer has not begun. It is chosen again if
    /// nothing was found.
    has_chosen: bool,
    /// The weight delivered since the application began to hold the transfer; `None` if it does not
    /// hold it.
    held: Option<u64>,
    /// The application has ended it, in whichever way.
    is_ended: bool,
    /// It did so inside one of the connection's own callbacks.
    is_ended_inside: bool,
    /// The answer of the callback that ended it: only Disconnected, Error and Log are still
    /// delivered.
    ended_with: Option<i32>,
}

impl Record {
    pub(super) fn new(connection: Connection, reply: Option<Reply>) -> Record {
        Record {
            connection,
            reply,
            state: Mutex::default(),
        }
    }

    pub(super) fn id(&self) -> i32 {
        self.connection.id()
    }

    pub(super) fn direction(&self) -> Direction {
        self.connection.operation().into()
    }

    pub(super) fn remote_host(&self) -> String {
        self.connection.client().ip().to_canonical().to_string()
    }

    pub(super) fn local_host(&self) -> String {
        let ip = self.connection.local_ip();
        ip.map_or_else(String::new, |ip| ip.to_canonical().to_string())
    }

    /// "0" octet, "1" netascii.
    pub(super) fn transfer_mode(&self) -> &'static str {
        match self.connection.mode() {
            Mode::Octet => "0",
            Mode::Netascii => "1",
        }
    }

    /// 1 read, 2 write.
    pub(super) fn operation(&self) -> i32 {
        match self.connection.operation() {
            Operation::Read => 1,
            Operation::Write => 2,
        }
    }

    /// ConnectionRequest's callback is about to be called: from now on the application may answer.
    pub(super) fn ask(&self) {
        self.state.lock().decision = Decision::Asked;
    }

    /// Settles the request and returns the answer: the application's own if it gave one during the
    /// callback, otherwise `answer`, the callback's. [`Accept::Later`] puts it off.
    pub(super) fn decide(&self, answer: Accept) -> Accept {
        let mut state = self.state.lock();
        let answer = match state.decision {
            Decision::Given(true) => Accept::Yes,
            Decision::Given(false) => Accept::No,
            _ => answer,
        };
        state.decision = match answer {
            Accept::Later => Decision::PutOff,
            _ => Decision::Told,
        };
        answer
    }

    /// Stores the application's answer. Returns true if the request had been put off, so that
    /// DoEvents has to go on with it; 130 if it is not deferred, or was already answered.
    pub(super) fn answer(&self, accept: bool) -> Result<bool, Failure> {
        let mut state = self.state.lock();
        match std::mem::replace(&mut state.decision, Decision::Given(accept)) {
            Decision::Asked => Ok(false),
            Decision::PutOff => Ok(true),
            before => {
                state.decision = before;
                Err(Failure::new(
                    errors::BUSY,
                    "The request is not deferred, or was already answered.",
                ))
            }
        }
    }

    /// Takes the answer to a request that was put off, if it was given. The caller has to report
    /// it.
    pub(super) fn take_answer(&self) -> Option<bool> {
        let mut state = self.state.lock();
        let Decision::Given(accept) = state.decision else {
            return None;
        };
        state.decision = Decision::Told;
        Some(accept)
    }

    /// Returns true while the answer is not settled: Connected has not been fired.
    pub(super) fn is_undecided(&self) -> bool {
        self.state.lock().decision != Decision::Told
    }

    pub(super) fn is_muted(&self) -> bool {
        self.ended_with().is_some()
    }

    /// Returns the answer of the callback that ended it.
    pub(super) fn ended_with(&self) -> Option<i32> {
        self.state.lock().ended_with
    }

    /// Ends the connection because a callback returned `answer`, which is not 0.
    pub(super) fn mute(&self, answer: i32) {
        self.state.lock().ended_with.get_or_insert(answer);
        self.end_because(Reason::Callback(answer));
    }

    /// Ends an upload with 126: neither a file nor a callback takes its data.
    pub(super) fn lose(&self) {
        self.state.lock().ended_with.get_or_insert(errors::NO_LOCAL_FILE);
        self.end_because(Reason::NoPlace);
    }

    /// Ends the connection; the client gets an ERROR.
    pub(super) fn end(&self, refusal: Refusal) {
        let fed = {
            let mut state = self.state.lock();
            state.is_ended = true;
            state.fed.as_ref().map(|(feeds, _)| Arc::clone(feeds))
        };
        if let Some(feeds) = fed {
            feeds.end(self.id());
        }
        if let Some(reply) = &self.reply {
            reply.end(refusal);
        }
    }

    /// Returns true if [`Record::end`] was called.
    pub(super) fn is_ended(&self) -> bool {
        self.state.lock().is_ended
    }

    /// Notes that the application ends the connection inside one of its callbacks.
    pub(super) fn note_end_inside(&self) {
        self.state.lock().is_ended_inside = true;
    }

    /// Returns true if [`Record::note_end_inside`] was called.
    pub(super) fn is_ended_inside(&self) -> bool {
        self.state.lock().is_ended_inside
    }

    /// Ends the connection for one of the class's own reasons.
    pub(super) fn end_because(&self, reason: Reason) {
        self.end(reason.refusal());
    }

    /// Resumes a held connection with the sources that the application has set.
    pub(super) fn admit(&self) {
        let sources = {
            let mut state = self.state.lock();
            state.has_chosen = true;
            self.sources(&state)
        };
        if let Some(reply) = &self.reply {
            reply.admit(sources);
        }
    }

    /// Returns the sources that the application has set.
    fn sources(&self, state: &State) -> Sources {
        let fed = state.fed.as_ref().map(|(feeds, size)| {
            Arc::new(Fed {
                feeds: Arc::clone(feeds),
                name: self.id(),
                size: u64::try_from(*size).ok(),
                key: state.key.clone(),
            })
        });
        Sources {
            fed,
            ..state.sources.clone()
        }
    }

    /// Returns true if the application feeds this download.
    pub(super) fn is_fed(&self) -> bool {
        let state = self.state.lock();
        state.fed.is_some() && state.sources.data.is_none()
    }

    /// Returns true once the transfer has begun and its sources cannot be changed any more.
    pub(super) fn has_begun(&self) -> bool {
        self.state.lock().has_begun
    }

    /// Ends the connection for the application; the client gets an ERROR with this code and text.
    pub(super) fn abort(&self, code: ErrorCode, text: &str) {
        let refusal = Refusal::new(code, text.to_owned());
        self.state.lock().aborted.get_or_insert_with(|| refusal.clone());
        self.end(refusal);
    }

    /// Returns the code and text with which the application ended it, if it did.
    pub(super) fn aborted(&self) -> Option<Refusal> {
        self.state.lock().aborted.clone()
    }

    /// Counts delivered data. It counts as taken at once, or at the end of the hold if the
    /// application holds the transfer.
    pub(super) fn delivered(&self, weight: u64) {
        if let Some(held) = &mut self.state.lock().held {
            *held += weight;
            return;
        }
        self.taken(weight);
    }

    /// Begins or ends a hold: while it lasts, what Transfer delivers does not count as taken.
    pub(super) fn hold(&self, is_held: bool) {
        let held = match (&mut self.state.lock().held, is_held) {
            (Some(_), true) => None,
            (held, true) => held.replace(0),
            (held, false) => held.take(),
        };
        if let Some(weight) = held.filter(|weight| *weight > 0) {
            self.taken(weight);
        }
    }

    fn taken(&self, weight: u64) {
        if let Some(reply) = &self.reply {
            reply.taken(weight);
        }
    }

    /// Stores the file that the engine found or made.
    pub(super) fn found(&self, local_file: Option<PathBuf>) {
        self.state.lock().found = local_file;
    }

    /// Marks the transfer as begun and returns what is needed to resume it.
    pub(super) fn begin_with(&self) -> Option<(Reply, Sources)> {
        let mut state = self.state.lock();
        state.has_begun = true;
        let sources = self.sources(&state);
        self.reply.clone().map(|reply| (reply, sources))
    }

    /// Nothing was found: the application may set other sources.
    pub(super) fn choose_again(&self) {
        self.state.lock().has_chosen = false;
    }

    /// Marks the transfer as begun: its sources cannot be changed any more.
    pub(super) fn begin(&self) {
        self.state.lock().has_begun = true;
    }

    /// Returns one field of the record.
    pub(super) fn get(&self, field: ConnField) -> Value {
        match field {
            ConnField::ConnectionId => Value::Text(self.id().to_string()),
            ConnField::FileData => {
                Value::Binary(self.state.lock().sources.data.clone().unwrap_or_default())
            }
            ConnField::DataSize => match &self.state.lock().fed {
                Some((_, size)) => Value::Integer(*size),
                None => Value::Unset,
            },
            ConnField::DataKey => {
                Value::Text(self.state.lock().key.as_deref().unwrap_or_default().to_owned())
            }
            ConnField::Filename => Value::Text(self.connection.name().to_owned()),
            ConnField::LocalFile => Value::Text(self.local_file()),
            ConnField::ServedName => {
                Value::Text(self.state.lock().sources.served_name.clone().unwrap_or_default())
            }
            ConnField::RemoteHost => Value::Text(self.remote_host()),
            ConnField::RemotePort => Value::Integer(self.connection.client().port().into()),
            ConnField::TransferMode => Value::Text(self.transfer_mode().to_owned()),
            field => Value::Integer(self.figure(field)),
        }
    }

    /// Returns a figure of the transfer: the current one, or the last one after its end.
    fn figure(&self, field: ConnField) -> i64 {
        let progress = &self.connection;
        let figure = match field {
            ConnField::Operation => return self.operation().into(),
            ConnField::BytesTransferred => progress.bytes(),
            ConnField::TotalBytes => return progress.total().map_or(-1, whole),
            ConnField::BlockSize => progress.block_size().into(),
            ConnField::WindowSize => progress.window_size().into(),
            ConnField::Retransmissions => progress.repeats(),
            ConnField::ElapsedMillis => {
                u64::try_from(progress.elapsed().as_millis()).unwrap_or(u64::MAX)
            }
            _ => 0,
        };
        whole(figure)
    }

    /// Sets one of the fields that the application may set; an empty value unsets it.
    pub(super) fn set(
        &self,
        field: ConnField,
        value: Value,
        feeds: &Arc<Feeds>,
    ) -> Result<(), Failure> {
        let mut state = self.state.lock();
        let is_of_downloads = matches!(field, ConnField::DataSize | ConnField::DataKey);
        let is_late = state.has_begun || state.has_chosen;
        if is_late || (is_of_downloads && self.connection.operation() == Operation::Write) {
            return Err(Failure::plain(errors::BUSY));
        }
        match (field, value) {
            (ConnField::FileData, value) => {
                state.sources.data =
                    Some(value.into_bytes()).filter(|data: &Bytes| !data.is_empty());
            }
            (ConnField::LocalFile, value) => {
                let path = value.into_text()?;
                state.sources.local_file = Some(names::to_path(&path).into_owned())
                    .filter(|path| !path.as_os_str().is_empty());
            }
            (ConnField::ServedName, value) => {
                state.sources.served_name =
                    Some(value.into_text()?).filter(|name| !name.is_empty());
            }
            (ConnField::DataSize, value) => {
                state.fed = Some((Arc::clone(feeds), value.to_integer()?))
            }
            (ConnField::DataKey, value) => {
                state.key =
                    Some(value.into_text()?.into()).filter(|key: &Arc<str>| !key.is_empty());
            }
            _ => return Err(Failure::plain(errors::READ_ONLY)),
        }
        Ok(())
    }

    fn local_file(&self) -> String {
        let state = self.state.lock();
        let path = state.found.as_ref().or(state.sources.local_file.as_ref());
        path.map_or_else(String::new, |path| names::from_path(path))
    }
}

fn whole(figure: u64) -> i64 {
    i64::try_from(figure).unwrap_or(i64::MAX)
}

/// The records in the Conn arrays, by id.
#[derive(Debug, Default)]
pub(super) struct Conns {
    records: Mutex<Vec<Arc<Record>>>,
}

impl Conns {
    pub(super) fn count(&self) -> usize {
        self.records.lock().len()
    }

    /// Returns the record at an index: an id, or a position below the first id. 903 if there is
    /// none.
    pub(super) fn at(&self, index: i32) -> Result<Arc<Record>, Failure> {
        let found = match index >= FIRST_CONNECTION_ID {
            true => self.by_id(index),
            false => usize::try_from(index)
                .ok()
                .and_then(|index| self.records.lock().get(index).cloned()),
        };
        found.ok_or_else(|| {
            Failure::new(errors::INDEX_OUT_OF_RANGE, &format!("No connection {index}."))
        })
    }

    pub(super) fn by_id(&self, id: i32) -> Option<Arc<Record>> {
        let records = self.records.lock();
        let place = records.binary_search_by_key(&id, |record| record.id()).ok()?;
        Some(Arc::clone(&records[place]))
    }

    /// Inserts a record by its id: those of several shards need not arrive in order.
    pub(super) fn insert(&self, record: Arc<Record>) {
        let mut records = self.records.lock();
        if let Err(place) = records.binary_search_by_key(&record.id(), |record| record.id()) {
            records.insert(place, record);
        }
    }

    pub(super) fn remove(&self, id: i32) {
        let mut records = self.records.lock();
        if let Ok(place) = records.binary_search_by_key(&id, |record| record.id()) {
            records.remove(place);
        }
    }
}

#[cfg(test)]
mod tests;
