//! The sink or source of one connection, and the queue of work for it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::Waker;

use tftp_files::{Fed, Wanted};

use super::executor::Running;
use super::outcome::Outcome;
use super::quiet::drop_quietly;
use super::sink::Sink;
use super::source::Source;
use crate::inline::DataRun;
use crate::sources::Sources;

/// The sink or source of a connection with its queue of items.
pub(super) struct DataQueue {
    endpoint: Endpoint,
    items: VecDeque<Item>,
    /// True while a thread works on it, or is about to; for a future, while it works on an item
    /// that it has taken.
    is_busy: bool,
}

/// The key and the size under which a source is shared.
pub(super) type Shared = (Arc<str>, Option<u64>);

/// A piece of work for a sink or a source.
pub(super) enum Item {
    Data(DataRun),
    Wanted(Wanted),
}

pub(super) enum Endpoint {
    /// `None` while a thread uses it, and after it failed.
    Sink(Option<Box<dyn Sink>>),
    /// `None` as in `Sink`.
    Source(Option<Box<dyn Source>>),
    /// An asynchronous sink or source.
    Task {
        running: Arc<Running>,
        /// Set while the future waits for an item.
        waker: Option<Waker>,
        /// The request for bytes that it works on.
        serves: Option<Wanted>,
        is_done: bool,
        is_upload: bool,
    },
}

/// The next step of a thread for a connection.
pub(super) enum Next {
    /// Passes data to the sink; `None` if the sink has failed, and the data is lost.
    Write(Option<Box<dyn Sink>>, DataRun),
    /// Reads from the source; `None` if it has failed.
    Read(Option<Box<dyn Source>>, Wanted),
    /// The connection is over. Its end can be reported once `Ended` is dropped.
    Over(Ended, Outcome),
    Nothing,
}

/// A sink or source whose connection is over.
pub(super) struct Ended {
    endpoint: Endpoint,
    items: VecDeque<Item>,
}

/// The caller's task after an item was queued for a sink or source.
pub(super) enum Called {
    /// Send a thread.
    Thread,
    /// Wake the future.
    Future(Waker),
    /// Nothing: a thread or a future is already at work on it, or the future has ended.
    Nothing,
    /// Nothing: there is no sink or source.
    Nowhere,
}

/// A sink or a source with which a request is answered.
pub(super) enum Load {
    Sink(Box<dyn Sink>),
    Source(Box<dyn Source>, Fed),
    /// An asynchronous sink or source; a source if there is a [`Fed`].
    Task(Arc<Running>, Option<Fed>),
}

impl DataQueue {
    /// Makes the data queue of an answer, and describes for the I/O thread where the bytes are.
    pub(super) fn of(load: Load) -> (DataQueue, Sources) {
        let (endpoint, fed) = match load {
            Load::Sink(sink) => (Endpoint::Sink(Some(sink)), None),
            Load::Source(source, fed) => (Endpoint::Source(Some(source)), Some(fed)),
            Load::Task(running, fed) => {
                let task = Endpoint::Task {
                    running,
                    waker: None,
                    serves: None,
                    is_done: false,
                    is_upload: fed.is_none(),
                };
                (task, fed)
            }
        };
        let data_queue = DataQueue {
            endpoint,
            items: VecDeque::new(),
            is_busy: false,
        };
        let sources = Sources {
            to_application: fed.is_none(),
            fed: fed.map(Arc::new),
            ..Sources::default()
        };
        (data_queue, sources)
    }

    pub(super) fn is_upload(&self) -> bool {
        match &self.endpoint {
            Endpoint::Sink(_) => true,
            Endpoint::Source(_) => false,
            Endpoint::Task { is_upload, .. } => *is_upload,
        }
    }

    pub(super) fn is_working_task(&self) -> bool {
        let is_task = matches!(
            self.endpoint,
            Endpoint::Task {
                is_upload: false,
                ..
            }
        );
        is_task && (self.is_busy || !self.items.is_empty())
    }

    pub(super) fn call(&mut self, item: Item) -> Called {
        if self.is_upload() != matches!(item, Item::Data(_)) {
            return Called::Nowhere;
        }
        match &mut self.endpoint {
            Endpoint::Task {
                is_done: true,
                is_upload: false,
                ..
            } => Called::Nowhere,
            Endpoint::Task { is_done: true, .. } => Called::Nothing,
            Endpoint::Task { waker, .. } => {
                self.items.push_back(item);
                waker.take().map_or(Called::Nothing, Called::Future)
            }
            _ => {
                self.items.push_back(item);
                match self.send_thread() {
                    true => Called::Thread,
                    false => Called::Nothing,
                }
            }
        }
    }

    /// Returns the next call of a blocking sink or source.
    pub(super) fn step(&mut self, is_over: bool) -> Option<Next> {
        match &mut self.endpoint {
            // Nothing more of an upload that is over is written. A complete upload has already been
            // written as a whole.
            Endpoint::Sink(_) if is_over => None,
            Endpoint::Sink(sink) => match self.items.pop_front()? {
                Item::Data(run) => Some(Next::Write(sink.take(), run)),
                Item::Wanted(_) => None,
            },
            // Even when this download is over: others may share the bytes that it requests.
            Endpoint::Source(source) => match self.items.pop_front()? {
                Item::Wanted(wanted) => Some(Next::Read(source.take(), wanted)),
                Item::Data(_) => None,
            },
            Endpoint::Task { .. } => None,
        }
    }

    /// Returns true when a thread has to be sent to it, because none is there. Always true for a
    /// future: the connection's end is handled beside its work.
    pub(super) fn send_thread(&mut self) -> bool {
        match &self.endpoint {
            Endpoint::Task { .. } => true,
            _ => !std::mem::replace(&mut self.is_busy, true),
        }
    }

    /// Returns the next item for a future; without one, `caller` is woken when the next arrives.
    pub(super) fn next_item(&mut self, caller: &Waker) -> Option<Item> {
        let item = self.items.pop_front();
        self.is_busy = item.is_some();
        if let Endpoint::Task { waker, serves, .. } = &mut self.endpoint {
            *serves = item.as_ref().and_then(Item::wanted);
            if item.is_none() {
                *waker = Some(caller.clone());
            }
        }
        item
    }

    /// Returns the requests for bytes that the future has not served.
    pub(super) fn task_is_done(&mut self) -> Vec<Wanted> {
        let Endpoint::Task { serves, is_done, .. } = &mut self.endpoint else {
            return Vec::new();
        };
        *is_done = true;
        self.is_busy = false;
        let items = self.items.drain(..).filter_map(|item| item.wanted());
        serves.take().into_iter().chain(items).collect()
    }

    /// Takes back a sink or source that a thread has used and that can be used further.
    pub(super) fn give_back(&mut self, endpoint: Endpoint) {
        self.endpoint = endpoint;
    }

    pub(super) fn end(self) -> Ended {
        Ended {
            endpoint: self.endpoint,
            items: self.items,
        }
    }

    /// Notes that the thread that was sent has nothing left to do.
    pub(super) fn rest(&mut self) {
        if !matches!(self.endpoint, Endpoint::Task { .. }) {
            self.is_busy = false;
        }
    }
}

impl Item {
    fn wanted(&self) -> Option<Wanted> {
        match self {
            Item::Wanted(wanted) => Some(*wanted),
            Item::Data(_) => None,
        }
    }
}

impl Ended {
    /// Drops the sink or source, and returns the requests for bytes that it has not served.
    pub(super) fn drop(self) -> impl Iterator<Item = Wanted> {
        let serves = match self.endpoint {
            Endpoint::Task { running, serves, .. } => {
                running.cancel();
                serves
            }
            endpoint => {
                // It may flush or remove something, and panic.
                drop_quietly(endpoint);
                None
            }
        };
        let items = self.items.into_iter().filter_map(|item| item.wanted());
        serves.into_iter().chain(items)
    }
}
