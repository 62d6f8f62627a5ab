//! One connection between its I/O thread, its handler, its sink and whoever holds a handle.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;

use tftp_sync::Mutex;

use super::answer::{Answer, Kind};
use super::outcome::Outcome;
use super::refusal::Refusal;
use super::sink::Sink;
use crate::cause::Cause;
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
    upload: Option<Upload>,
}

/// An upload into a sink.
struct Upload {
    /// `None` while a handler thread uses it, and after it failed.
    sink: Option<Box<dyn Sink>>,
    waiting: VecDeque<Run>,
    /// A handler thread works on it, or is about to.
    is_busy: bool,
}

/// What a handler thread does next for an upload.
pub(super) enum Next {
    /// Passes data to the sink; `None` where the sink has failed: the data is lost.
    Write(Option<Box<dyn Sink>>, Run),
    /// The connection is over: its end can be told once the sink is dropped.
    Over(Option<Box<dyn Sink>>, Outcome),
    Nothing,
}

/// What follows from an answer.
pub(super) enum Answered {
    /// It came too late, or was none.
    No,
    Yes,
    /// From now on data goes to a sink.
    ToSink,
}

/// Who tells the end of a connection.
pub(super) enum Teller {
    Caller(Outcome),
    /// A handler thread has to be sent to the sink.
    Sink,
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
        let (code, text) = refusal.into_parts();
        if let Some(reply) = &self.reply {
            reply.end(Cause::Rejected { code, text });
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

    /// Gives the first answer to the I/O thread. `before` runs before that where data goes to a sink.
    pub(super) fn answer(&self, answer: Answer, before: impl FnOnce()) -> Answered {
        let mut state = self.state.lock();
        if state.is_answered || state.outcome.is_some() {
            return Answered::No;
        }
        let Some(reply) = &self.reply else {
            return Answered::No;
        };
        match answer.fit(self.about.operation) {
            Kind::Later => return Answered::No,
            Kind::Sources(sources) => reply.admit(sources),
            Kind::Refuse(refusal) => {
                let (code, text) = refusal.into_parts();
                reply.end(Cause::Rejected { code, text });
            }
            Kind::Sink(sink) => {
                state.upload = Some(Upload {
                    sink: Some(sink),
                    waiting: VecDeque::new(),
                    is_busy: false,
                });
                state.is_answered = true;
                before();
                reply.admit(Sources {
                    to_application: true,
                    ..Sources::default()
                });
                return Answered::ToSink;
            }
            Kind::Bytes(_) => unreachable!("bytes are sources by now"),
        }
        state.is_answered = true;
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
        let teller = match &mut state.upload {
            _ if is_asking => Teller::Busy,
            None => Teller::Caller(outcome),
            Some(upload) => match std::mem::replace(&mut upload.is_busy, true) {
                true => Teller::Busy,
                false => Teller::Sink,
            },
        };
        (teller, state.upload.is_some())
    }

    /// Data of an upload. True where a handler thread has to be sent; the data comes back where there is no sink.
    pub(super) fn moved(&self, run: Run) -> Result<bool, Run> {
        match &mut self.state.lock().upload {
            None => Err(run),
            Some(upload) => {
                upload.waiting.push_back(run);
                Ok(!std::mem::replace(&mut upload.is_busy, true))
            }
        }
    }

    /// What the handler thread that was sent does next.
    pub(super) fn next(&self) -> Next {
        let mut state = self.state.lock();
        // While the handler has not returned, it tells the end.
        let outcome = state.outcome.clone().filter(|_| !state.is_asking);
        let Some(upload) = &mut state.upload else {
            return Next::Nothing;
        };
        match (upload.waiting.pop_front(), outcome) {
            (Some(run), None) => Next::Write(upload.sink.take(), run),
            (_, Some(outcome)) => {
                upload.waiting.clear();
                Next::Over(upload.sink.take(), outcome)
            }
            (None, None) => {
                upload.is_busy = false;
                Next::Nothing
            }
        }
    }

    /// The sink has taken what it was given, and can take more.
    pub(super) fn give_back(&self, sink: Box<dyn Sink>) {
        if let Some(upload) = &mut self.state.lock().upload {
            upload.sink = Some(sink);
        }
    }
}
