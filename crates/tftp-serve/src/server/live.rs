//! One connection between its I/O thread, its handler, its sink or source and whoever holds a handle.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;

use tftp_files::{Fed, Feeds, Wanted};
use tftp_sync::Mutex;

use super::answer::{Answer, Kind};
use super::outcome::Outcome;
use super::refusal::Refusal;
use super::sink::Sink;
use super::source::Source;
use crate::notice::{self, Run};
use crate::reply::Reply;
use crate::sources::Sources;

pub(super) struct Live {
    pub(super) about: Arc<notice::Connection>,
    /// `None`: a limit refused it, it never began.
    reply: Option<Reply>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The file that was found or made.
    path: Option<PathBuf>,
    is_answered: bool,
    /// The handler runs. The end is told after it has returned.
    is_asking: bool,
    outcome: Option<Outcome>,
    carriage: Option<Carriage>,
}

/// What a handler thread carries between the connection and the application.
struct Carriage {
    cargo: Cargo,
    /// A handler thread works on it, or is about to.
    is_busy: bool,
}

enum Cargo {
    Upload {
        /// `None` while a handler thread uses it, and after it failed.
        sink: Option<Box<dyn Sink>>,
        waiting: VecDeque<Run>,
    },
    Download {
        /// As the sink.
        source: Option<Box<dyn Source>>,
        waiting: VecDeque<Wanted>,
        /// The key and the size under which it is shared.
        shared: Option<(Arc<str>, Option<u64>)>,
    },
}

/// What a handler thread does next for a connection.
pub(super) enum Next {
    /// Passes data to the sink; `None` where the sink has failed: the data is lost.
    Write(Option<Box<dyn Sink>>, Run),
    /// Reads from the source; `None` where it has failed.
    Read(Option<Box<dyn Source>>, Wanted),
    /// The connection is over: its end can be told once this is dropped.
    Over(Dropped, Outcome),
    Nothing,
}

/// A sink or a source that is used no more.
pub(super) type Dropped = (Option<Box<dyn Sink>>, Option<Box<dyn Source>>);

/// What follows from an answer.
pub(super) enum Answered {
    /// It came too late, or was none.
    No,
    Yes,
}

/// Who tells the end of a connection.
pub(super) enum Teller {
    Caller(Outcome),
    /// A handler thread has to be sent to the sink or the source.
    Carrier,
    /// A handler thread that is busy with the connection.
    Busy,
}

impl Live {
    pub(super) fn new(about: Arc<notice::Connection>, reply: Option<Reply>, is_asking: bool) -> Live {
        let state = State {
            is_asking,
            ..State::default()
        };
        Live {
            about,
            reply,
            state: Mutex::new(state),
        }
    }

    pub(super) fn path(&self) -> Option<PathBuf> {
        self.state.lock().path.clone()
    }

    pub(super) fn found(&self, path: Option<PathBuf>) {
        self.state.lock().path = path;
    }

    pub(super) fn outcome(&self) -> Option<Outcome> {
        self.state.lock().outcome.clone()
    }

    /// Ends the transfer: the client gets an ERROR.
    pub(super) fn end(&self, refusal: Refusal) {
        if let Some(reply) = &self.reply {
            reply.end(refusal);
        }
    }

    /// Lets the transfer go on without having asked.
    pub(super) fn admit(&self) {
        if let Some(reply) = &self.reply {
            reply.admit(Sources::default());
        }
    }

    /// So much data was taken: the client may send more.
    pub(super) fn taken(&self, weight: u64) {
        if let Some(reply) = &self.reply {
            reply.taken(weight);
        }
    }

    /// Gives the first answer to the I/O thread. `count_sink` runs before that where data goes to a sink.
    pub(super) fn answer(&self, answer: Answer, feeds: &Arc<Feeds>, count_sink: impl FnOnce()) -> Answered {
        let kind = answer.fit(self.about.operation);
        // The application's code runs before the lock is taken.
        let fed = match &kind {
            Kind::Source(source) => Some(Fed {
                feeds: Arc::clone(feeds),
                name: self.about.id,
                size: source.size(),
                key: source.key(),
            }),
            _ => None,
        };
        let mut state = self.state.lock();
        if state.is_answered || state.outcome.is_some() {
            return Answered::No;
        }
        let Some(reply) = &self.reply else {
            return Answered::No;
        };
        let mut sources = Sources::default();
        match kind {
            Kind::Later => return Answered::No,
            Kind::Sources(given) => sources = given,
            Kind::Bytes(bytes) => sources.data = Some(bytes),
            Kind::Refuse(refusal) => {
                state.is_answered = true;
                reply.end(refusal);
                return Answered::Yes;
            }
            Kind::Sink(sink) => {
                sources.to_application = true;
                state.carriage = Some(Carriage::to(sink));
                count_sink();
            }
            Kind::Source(source) => {
                state.carriage = Some(Carriage::from(source, fed.as_ref()));
                sources.fed = fed.map(Arc::new);
            }
        }
        state.is_answered = true;
        reply.admit(sources);
        Answered::Yes
    }

    /// The handler has returned. The end, if that came meanwhile and is the caller's to tell.
    pub(super) fn asked(&self) -> Option<Outcome> {
        let mut state = self.state.lock();
        state.is_asking = false;
        state.outcome.clone()
    }

    /// The connection is over. True beside it where data went to a sink.
    pub(super) fn over(&self, outcome: Outcome) -> (Teller, bool) {
        let mut state = self.state.lock();
        state.outcome = Some(outcome.clone());
        let is_asking = state.is_asking;
        let teller = match &mut state.carriage {
            _ if is_asking => Teller::Busy,
            None => Teller::Caller(outcome),
            Some(carriage) => match std::mem::replace(&mut carriage.is_busy, true) {
                true => Teller::Busy,
                false => Teller::Carrier,
            },
        };
        let carriage = state.carriage.as_ref();
        let has_sink = carriage.is_some_and(|carriage| matches!(carriage.cargo, Cargo::Upload { .. }));
        (teller, has_sink)
    }

    /// Data of an upload. True where a handler thread has to be sent; the data comes back where there is no sink.
    pub(super) fn moved(&self, run: Run) -> Result<bool, Run> {
        match &mut self.state.lock().carriage {
            Some(Carriage {
                cargo: Cargo::Upload { waiting, .. },
                is_busy,
            }) => {
                waiting.push_back(run);
                Ok(!std::mem::replace(is_busy, true))
            }
            _ => Err(run),
        }
    }

    /// The download, or one that shares its source, needs more. True where a handler thread has to be sent.
    pub(super) fn wanted(&self, wanted: Wanted) -> bool {
        match &mut self.state.lock().carriage {
            Some(Carriage {
                cargo: Cargo::Download { waiting, .. },
                is_busy,
            }) => {
                waiting.push_back(wanted);
                !std::mem::replace(is_busy, true)
            }
            _ => false,
        }
    }

    /// Whether its source is shared with that of `other`.
    pub(super) fn shares_with(&self, other: &Live) -> bool {
        let key = |live: &Live| match &live.state.lock().carriage.as_ref()?.cargo {
            Cargo::Download { shared, .. } => shared.clone(),
            Cargo::Upload { .. } => None,
        };
        key(self).is_some_and(|mine| key(other) == Some(mine))
    }

    /// What the handler thread that was sent does next.
    pub(super) fn next(&self) -> Next {
        let mut state = self.state.lock();
        // While the handler has not returned, it tells the end.
        let outcome = state.outcome.clone().filter(|_| !state.is_asking);
        match &mut state.carriage {
            Some(carriage) => carriage.next(outcome),
            None => Next::Nothing,
        }
    }

    /// The sink has taken what it was given, and can take more.
    pub(super) fn give_back_sink(&self, taken: Box<dyn Sink>) {
        if let Some(Carriage {
            cargo: Cargo::Upload { sink, .. },
            ..
        }) = &mut self.state.lock().carriage
        {
            *sink = Some(taken);
        }
    }

    /// The source has supplied what it was asked for, and can supply more.
    pub(super) fn give_back_source(&self, taken: Box<dyn Source>) {
        if let Some(Carriage {
            cargo: Cargo::Download { source, .. },
            ..
        }) = &mut self.state.lock().carriage
        {
            *source = Some(taken);
        }
    }
}

impl Carriage {
    fn to(sink: Box<dyn Sink>) -> Carriage {
        Carriage {
            cargo: Cargo::Upload {
                sink: Some(sink),
                waiting: VecDeque::new(),
            },
            is_busy: false,
        }
    }

    fn from(source: Box<dyn Source>, fed: Option<&Fed>) -> Carriage {
        Carriage {
            cargo: Cargo::Download {
                source: Some(source),
                waiting: VecDeque::new(),
                shared: fed.and_then(|fed| Some((fed.key.clone()?, fed.size))),
            },
            is_busy: false,
        }
    }

    fn next(&mut self, outcome: Option<Outcome>) -> Next {
        let step = match &mut self.cargo {
            // Of an upload that is over nothing is written any more; a complete one was taken as a whole.
            Cargo::Upload { sink, waiting } if outcome.is_none() => {
                waiting.pop_front().map(|run| Next::Write(sink.take(), run))
            }
            Cargo::Upload { .. } => None,
            // Others may share what this one was asked for.
            Cargo::Download { source, waiting, .. } => waiting
                .pop_front()
                .map(|wanted| Next::Read(source.take(), wanted)),
        };
        match (step, outcome) {
            (Some(step), _) => step,
            (None, Some(outcome)) => Next::Over(self.cargo.take(), outcome),
            (None, None) => {
                self.is_busy = false;
                Next::Nothing
            }
        }
    }
}

impl Cargo {
    fn take(&mut self) -> Dropped {
        match self {
            Cargo::Upload { sink, .. } => (sink.take(), None),
            Cargo::Download { source, .. } => (None, source.take()),
        }
    }
}
