//! The sink or source of one connection, and what waits for it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::Waker;

use tftp_files::{Fed, Wanted};

use super::executor::Running;
use super::outcome::Outcome;
use super::sink::Sink;
use super::source::Source;
use crate::inline::DataRun;
use crate::sources::Sources;

/// What is carried between the connection and a sink or a source.
pub(super) struct Carriage {
    cargo: Cargo,
    items: VecDeque<Item>,
    /// A thread works on it, or is about to; of a future: it has taken an item and works on that.
    is_busy: bool,
}

/// The key and the size under which a source is shared.
pub(super) type Shared = (Arc<str>, Option<u64>);

/// A piece of work for a sink or a source.
pub(super) enum Item {
    Data(DataRun),
    Wanted(Wanted),
}

pub(super) enum Cargo {
    /// `None` while a thread uses it, and after it failed.
    Sink(Option<Box<dyn Sink>>),
    /// As the sink.
    Source(Option<Box<dyn Source>>),
    /// An asynchronous sink or source.
    Task {
        running: Arc<Running>,
        /// Set while the future waits for an item.
        waker: Option<Waker>,
        is_done: bool,
        is_upload: bool,
    },
}

/// What a thread does next for a connection.
pub(super) enum Next {
    /// Passes data to the sink; `None` where the sink has failed: the data is lost.
    Write(Option<Box<dyn Sink>>, DataRun),
    /// Reads from the source; `None` where it has failed.
    Read(Option<Box<dyn Source>>, Wanted),
    /// The connection is over: its end can be told once this is dropped.
    Over(Ended, Outcome),
    Nothing,
}

/// A sink or a source that is used no more.
pub(super) struct Ended {
    cargo: Cargo,
    items: VecDeque<Item>,
}

/// What has to be done after work came for a sink or a source.
pub(super) enum Called {
    /// A thread has to be sent.
    Thread,
    /// A future has to be woken.
    Future(Waker),
    /// It is at work.
    Nothing,
    /// There is no sink or source.
    Nowhere(Item),
}

/// A sink or a source with which a request is answered.
pub(super) enum Load {
    Sink(Box<dyn Sink>),
    Source(Box<dyn Source>, Fed),
    /// An asynchronous one; a source where [`Fed`] is there.
    Task(Arc<Running>, Option<Fed>),
}

impl Carriage {
    /// Of what a request was answered with, and where its I/O thread finds the bytes.
    pub(super) fn of(load: Load) -> (Carriage, Sources) {
        let (cargo, fed) = match load {
            Load::Sink(sink) => (Cargo::Sink(Some(sink)), None),
            Load::Source(source, fed) => (Cargo::Source(Some(source)), Some(fed)),
            Load::Task(running, fed) => {
                let task = Cargo::Task {
                    running,
                    waker: None,
                    is_done: false,
                    is_upload: fed.is_none(),
                };
                (task, fed)
            }
        };
        let carriage = Carriage {
            cargo,
            items: VecDeque::new(),
            is_busy: false,
        };
        let sources = Sources {
            to_application: fed.is_none(),
            fed: fed.map(Arc::new),
            ..Sources::default()
        };
        (carriage, sources)
    }

    pub(super) fn is_upload(&self) -> bool {
        match &self.cargo {
            Cargo::Sink(_) => true,
            Cargo::Source(_) => false,
            Cargo::Task { is_upload, .. } => *is_upload,
        }
    }

    pub(super) fn is_working_task(&self) -> bool {
        let is_task = matches!(self.cargo, Cargo::Task { is_upload: false, .. });
        is_task && (self.is_busy || !self.items.is_empty())
    }

    pub(super) fn call(&mut self, item: Item) -> Called {
        if self.is_upload() != matches!(item, Item::Data(_)) {
            return Called::Nowhere(item);
        }
        match &mut self.cargo {
            Cargo::Task { is_done: true, .. } => Called::Nothing,
            Cargo::Task { waker, .. } => {
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

    /// The next call of a sink or a source that blocks.
    pub(super) fn step(&mut self, is_over: bool) -> Option<Next> {
        match &mut self.cargo {
            // Of an upload that is over nothing is written any more; a complete one was taken as a whole.
            Cargo::Sink(_) if is_over => None,
            Cargo::Sink(sink) => match self.items.pop_front()? {
                Item::Data(run) => Some(Next::Write(sink.take(), run)),
                Item::Wanted(_) => None,
            },
            // Others may share what this one was asked for.
            Cargo::Source(source) => match self.items.pop_front()? {
                Item::Wanted(wanted) => Some(Next::Read(source.take(), wanted)),
                Item::Data(_) => None,
            },
            Cargo::Task { .. } => None,
        }
    }

    /// True where a thread has to be sent to it, because none is there. A future is looked after beside its work.
    pub(super) fn send_thread(&mut self) -> bool {
        match &self.cargo {
            Cargo::Task { .. } => true,
            _ => !std::mem::replace(&mut self.is_busy, true),
        }
    }

    /// The next item for a future, which is woken when there is one.
    pub(super) fn next_item(&mut self, caller: &Waker) -> Option<Item> {
        let item = self.items.pop_front();
        self.is_busy = item.is_some();
        if let (None, Cargo::Task { waker, .. }) = (&item, &mut self.cargo) {
            *waker = Some(caller.clone());
        }
        item
    }

    pub(super) fn task_is_done(&mut self) {
        if let Cargo::Task { is_done, .. } = &mut self.cargo {
            *is_done = true;
            self.is_busy = false;
            self.items.clear();
        }
    }

    /// A thread has used a sink or a source that can go on.
    pub(super) fn give_back(&mut self, cargo: Cargo) {
        self.cargo = cargo;
    }

    pub(super) fn end(self) -> Ended {
        Ended {
            cargo: self.cargo,
            items: self.items,
        }
    }

    /// The thread that was sent has nothing left to do.
    pub(super) fn rest(&mut self) {
        if !matches!(self.cargo, Cargo::Task { .. }) {
            self.is_busy = false;
        }
    }
}

impl Ended {
    /// Drops the sink or source, and returns what was still wanted of it.
    pub(super) fn drop(self) -> impl Iterator<Item = Wanted> {
        if let Cargo::Task { running, .. } = self.cargo {
            running.cancel();
        }
        self.items.into_iter().filter_map(|item| match item {
            Item::Wanted(wanted) => Some(wanted),
            Item::Data(_) => None,
        })
    }
}
