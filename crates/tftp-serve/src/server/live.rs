//! A connection's state, shared by its I/O thread, its handler, its sink or source and the holders
//! of handles.

use std::sync::Arc;
use std::task::Waker;

use tftp_files::Wanted;
use tftp_sync::Mutex;

use super::answer::Ready;
use super::connection::Connection;
use super::data_queue::{Called, DataQueue, Endpoint, Item, Next, Shared};
use super::outcome::Outcome;
use super::refusal::Refusal;
use super::sink::Sink;
use super::source::Source;
use crate::connection_info::ConnectionInfo;
use crate::reply::Reply;
use crate::sources::Sources;

pub(super) struct Live {
    pub(super) info: Arc<ConnectionInfo>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    is_answered: bool,
    /// True while the handler runs. The end is reported after it has returned.
    is_asking: bool,
    outcome: Option<Outcome>,
    data_queue: Option<DataQueue>,
    /// The key and the size under which its source is shared.
    shared: Option<Shared>,
}

/// The thread that reports the end of a connection.
pub(super) enum EndReporter {
    Caller(Outcome),
    /// A thread that has to be sent to the sink or source.
    DataThread,
    /// A thread that works on the connection already.
    Busy,
}

impl Live {
    pub(super) fn new(info: Arc<ConnectionInfo>, is_asking: bool) -> Live {
        let state = State {
            is_asking,
            ..State::default()
        };
        Live {
            info,
            state: Mutex::new(state),
        }
    }

    /// Returns a handle for the application.
    pub(super) fn connection(&self) -> Connection {
        Connection::new(Arc::clone(&self.info))
    }

    fn reply(&self) -> Reply {
        Reply::new(Arc::clone(&self.info))
    }

    pub(super) fn is_over(&self) -> bool {
        self.info.outcome.get().is_some()
    }

    /// Ends the transfer with an ERROR to the client.
    pub(super) fn end(&self, refusal: Refusal) {
        self.reply().end(refusal);
    }

    /// Starts the transfer without calling a handler.
    pub(super) fn admit(&self) {
        self.reply().admit(Sources::default());
    }

    /// Notes that the sink has taken data of this weight: the client may send more.
    pub(super) fn taken(&self, weight: u64) {
        self.reply().taken(weight);
    }

    /// Passes the first answer to the I/O thread, and runs `count_sink` before if data goes to a
    /// sink. Returns false if the answer is too late, or is [`Ready::Later`].
    pub(super) fn answer(&self, ready: Ready, count_sink: impl FnOnce()) -> bool {
        let mut state = self.state.lock();
        if state.is_answered || state.outcome.is_some() {
            return false;
        }
        let reply = self.reply();
        let sources = match ready {
            Ready::Later => return false,
            Ready::Refuse(refusal) => {
                state.is_answered = true;
                reply.end(refusal);
                return true;
            }
            Ready::Sources(given) => given,
            Ready::Load(load) => {
                let (data_queue, sources) = DataQueue::of(load);
                state.shared = sources
                    .fed
                    .as_ref()
                    .and_then(|fed| Some((fed.key.clone()?, fed.size)));
                if sources.to_application {
                    count_sink();
                }
                state.data_queue = Some(data_queue);
                sources
            }
        };
        state.is_answered = true;
        reply.admit(sources);
        true
    }

    /// Notes that the handler has returned. Returns which thread reports the end, if the connection
    /// ended meanwhile.
    pub(super) fn asked(&self) -> Option<EndReporter> {
        let mut state = self.state.lock();
        state.is_asking = false;
        let outcome = state.outcome.clone()?;
        Some(state.end_reporter(outcome))
    }

    /// Notes that the connection is over. Returns which thread reports the end, and whether data
    /// went to a sink.
    pub(super) fn over(&self, outcome: Outcome) -> (EndReporter, bool) {
        let mut state = self.state.lock();
        state.outcome = Some(outcome.clone());
        let has_sink = state.data_queue.as_ref().is_some_and(DataQueue::is_upload);
        let end_reporter = match state.is_asking {
            true => EndReporter::Busy,
            false => state.end_reporter(outcome),
        };
        (end_reporter, has_sink)
    }

    /// Returns true if the connection is over and its future goes on working for downloads that
    /// share its source.
    pub(super) fn lingers(&self) -> bool {
        let state = self.state.lock();
        state.outcome.is_some() && state.data_queue.as_ref().is_some_and(DataQueue::is_working_task)
    }

    /// Queues data for the sink, or a request for bytes of the source.
    pub(super) fn call(&self, item: Item) -> Called {
        match &mut self.state.lock().data_queue {
            Some(data_queue) => data_queue.call(item),
            None => Called::Nowhere,
        }
    }

    /// Returns the key and the size under which its source is or was shared.
    pub(super) fn last_shared(&self) -> Option<Shared> {
        self.state.lock().shared.clone()
    }

    /// Returns true if the connection runs and its source is shared under this key.
    pub(super) fn runs_with(&self, key: &Shared) -> bool {
        let state = self.state.lock();
        state.outcome.is_none() && state.shared.as_ref() == Some(key)
    }

    /// Returns the next step of the thread that was sent. `is_needed`: other downloads share its
    /// source.
    pub(super) fn next(&self, is_needed: bool) -> Next {
        let mut state = self.state.lock();
        // While the handler has not returned, its thread reports the end.
        let outcome = state.outcome.clone().filter(|_| !state.is_asking);
        let Some(data_queue) = &mut state.data_queue else {
            return Next::Nothing;
        };
        match (data_queue.step(outcome.is_some()), outcome) {
            (Some(step), _) => step,
            (None, Some(_)) if is_needed && data_queue.is_working_task() => Next::Nothing,
            (None, Some(outcome)) => match state.data_queue.take() {
                Some(data_queue) => Next::Over(data_queue.end(), outcome),
                None => Next::Nothing,
            },
            (None, None) => {
                data_queue.rest();
                Next::Nothing
            }
        }
    }

    /// Returns the next item for a future; without one, `caller` is woken when the next arrives.
    pub(super) fn next_item(&self, caller: &Waker) -> Option<Item> {
        self.state.lock().data_queue.as_mut()?.next_item(caller)
    }

    /// Notes that the future has ended: items for it are dropped from now on. Returns the requests
    /// for bytes that it has not served.
    pub(super) fn task_is_done(&self) -> Vec<Wanted> {
        let mut state = self.state.lock();
        let data_queue = state.data_queue.as_mut();
        data_queue.map(DataQueue::task_is_done).unwrap_or_default()
    }

    /// Takes back a sink that has taken its data and can take more.
    pub(super) fn give_back_sink(&self, taken: Box<dyn Sink>) {
        if let Some(data_queue) = &mut self.state.lock().data_queue {
            data_queue.give_back(Endpoint::Sink(Some(taken)));
        }
    }

    /// Takes back a source that has supplied the requested bytes and can supply more.
    pub(super) fn give_back_source(&self, taken: Box<dyn Source>) {
        if let Some(data_queue) = &mut self.state.lock().data_queue {
            data_queue.give_back(Endpoint::Source(Some(taken)));
        }
    }
}

impl State {
    fn end_reporter(&mut self, outcome: Outcome) -> EndReporter {
        match self.data_queue.as_mut().map(DataQueue::send_thread) {
            None => EndReporter::Caller(outcome),
            Some(true) => EndReporter::DataThread,
            Some(false) => EndReporter::Busy,
        }
    }
}
