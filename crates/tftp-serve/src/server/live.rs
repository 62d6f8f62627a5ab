//! One connection between its I/O thread, its handler, its sink or source and the holders of handles.

use std::sync::Arc;
use std::task::Waker;

use tftp_sync::Mutex;

use super::answer::Ready;
use super::carriage::{Called, Cargo, Carriage, Item, Next, Shared};
use super::connection::Connection;
use super::outcome::Outcome;
use super::refusal::Refusal;
use super::sink::Sink;
use super::source::Source;
use crate::about::About;
use crate::reply::Reply;
use crate::sources::Sources;

pub(super) struct Live {
    pub(super) about: Arc<About>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    is_answered: bool,
    /// The handler runs. The end is told after it has returned.
    is_asking: bool,
    outcome: Option<Outcome>,
    carriage: Option<Carriage>,
    /// The key and the size under which its source is shared.
    shared: Option<Shared>,
}

/// Who tells the end of a connection.
pub(super) enum Teller {
    Caller(Outcome),
    /// A thread has to be sent to the sink or the source.
    Carrier,
    /// A thread that is busy with the connection.
    Busy,
}

impl Live {
    pub(super) fn new(about: Arc<About>, is_asking: bool) -> Live {
        let state = State {
            is_asking,
            ..State::default()
        };
        Live {
            about,
            state: Mutex::new(state),
        }
    }

    /// The handle that applications have of it.
    pub(super) fn connection(&self) -> Connection {
        Connection::new(Arc::clone(&self.about))
    }

    fn reply(&self) -> Reply {
        Reply::new(Arc::clone(&self.about))
    }

    pub(super) fn is_over(&self) -> bool {
        self.about.outcome.get().is_some()
    }

    /// Ends the transfer: the client gets an ERROR.
    pub(super) fn end(&self, refusal: Refusal) {
        self.reply().end(refusal);
    }

    /// Lets the transfer go on without having asked.
    pub(super) fn admit(&self) {
        self.reply().admit(Sources::default());
    }

    /// So much data was taken: the client may send more.
    pub(super) fn taken(&self, weight: u64) {
        self.reply().taken(weight);
    }

    /// Gives the first answer to the I/O thread. `count_sink` runs before that where data goes to a sink. False where it
    /// came too late, or is none.
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
                let (carriage, sources) = Carriage::of(load);
                state.shared = sources
                    .fed
                    .as_ref()
                    .and_then(|fed| Some((fed.key.clone()?, fed.size)));
                if sources.to_application {
                    count_sink();
                }
                state.carriage = Some(carriage);
                sources
            }
        };
        state.is_answered = true;
        reply.admit(sources);
        true
    }

    /// The handler has returned. Who tells the end, if that came meanwhile.
    pub(super) fn asked(&self) -> Option<Teller> {
        let mut state = self.state.lock();
        state.is_asking = false;
        let outcome = state.outcome.clone()?;
        Some(state.teller(outcome))
    }

    /// The connection is over. True beside it where data went to a sink.
    pub(super) fn over(&self, outcome: Outcome) -> (Teller, bool) {
        let mut state = self.state.lock();
        state.outcome = Some(outcome.clone());
        let has_sink = state.carriage.as_ref().is_some_and(Carriage::is_upload);
        let teller = match state.is_asking {
            true => Teller::Busy,
            false => state.teller(outcome),
        };
        (teller, has_sink)
    }

    /// Whether it is over and a future goes on working for those that share its source.
    pub(super) fn lingers(&self) -> bool {
        let state = self.state.lock();
        state.outcome.is_some() && state.carriage.as_ref().is_some_and(Carriage::is_working_task)
    }

    /// Data has come for the sink, or more is wanted of the source.
    pub(super) fn call(&self, item: Item) -> Called {
        match &mut self.state.lock().carriage {
            Some(carriage) => carriage.call(item),
            None => Called::Nowhere(item),
        }
    }

    /// The key and the size under which its source is shared, or was.
    pub(super) fn last_shared(&self) -> Option<Shared> {
        self.state.lock().shared.clone()
    }

    /// Whether it runs and has a source that is shared under this key.
    pub(super) fn runs_with(&self, key: &Shared) -> bool {
        let state = self.state.lock();
        state.outcome.is_none() && state.shared.as_ref() == Some(key)
    }

    /// What the thread that was sent does next. `is_needed`: others share its source.
    pub(super) fn next(&self, is_needed: bool) -> Next {
        let mut state = self.state.lock();
        // While the handler has not returned, it tells the end.
        let outcome = state.outcome.clone().filter(|_| !state.is_asking);
        let Some(carriage) = &mut state.carriage else {
            return Next::Nothing;
        };
        match (carriage.step(outcome.is_some()), outcome) {
            (Some(step), _) => step,
            (None, Some(_)) if is_needed && carriage.is_working_task() => Next::Nothing,
            (None, Some(outcome)) => match state.carriage.take() {
                Some(carriage) => Next::Over(carriage.end(), outcome),
                None => Next::Nothing,
            },
            (None, None) => {
                carriage.rest();
                Next::Nothing
            }
        }
    }

    /// The next item for a future, which is woken when there is one.
    pub(super) fn next_item(&self, caller: &Waker) -> Option<Item> {
        self.state.lock().carriage.as_mut()?.next_item(caller)
    }

    /// The future has ended: what comes for it is lost.
    pub(super) fn task_is_done(&self) {
        if let Some(carriage) = &mut self.state.lock().carriage {
            carriage.task_is_done();
        }
    }

    /// The sink has taken what it was given, and can take more.
    pub(super) fn give_back_sink(&self, taken: Box<dyn Sink>) {
        if let Some(carriage) = &mut self.state.lock().carriage {
            carriage.give_back(Cargo::Sink(Some(taken)));
        }
    }

    /// The source has supplied what it was asked for, and can supply more.
    pub(super) fn give_back_source(&self, taken: Box<dyn Source>) {
        if let Some(carriage) = &mut self.state.lock().carriage {
            carriage.give_back(Cargo::Source(Some(taken)));
        }
    }
}

impl State {
    fn teller(&mut self, outcome: Outcome) -> Teller {
        match self.carriage.as_mut().map(Carriage::send_thread) {
            None => Teller::Caller(outcome),
            Some(true) => Teller::Carrier,
            Some(false) => Teller::Busy,
        }
    }
}
