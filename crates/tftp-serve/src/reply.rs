//! The reply path from an application to one transfer on its I/O thread.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};

use tftp_proto::Instant;
use tftp_proto::wire::{Mode, Operation};

use super::connection_info::ConnectionInfo;
use super::flow::Flow;
use super::progress::Progress;
use super::sources::Sources;
use super::{Connection, Key, Refusal};

/// A handle to answer one connection, from any thread. Cheap to clone; without effect once the
/// connection has ended.
#[derive(Clone)]
pub struct Reply {
    info: Arc<ConnectionInfo>,
}

/// An answer on its way to the I/O thread, as [`Reply::detached`] passes it on.
#[derive(Debug)]
pub enum Answer {
    /// A held connection continues, with these sources before any other.
    Admit(Sources),
    /// The connection ends with this ERROR.
    End(Refusal),
    /// Data was taken. A detached reply passes this on for every call; an I/O thread gets it only
    /// if it waits for it.
    Taken,
}

/// The destination of answers: the I/O thread's inbox.
pub trait Post: Send + Sync {
    /// Sends an answer, and wakes the thread if it sleeps. Never blocks.
    fn post(&self, key: Key, answer: Answer);

    /// Counts data as taken. Wakes the thread only if it waits for that.
    fn taken(&self, key: Key, flow: &Flow, weight: u64) {
        if flow.subtract(weight) {
            self.post(key, Answer::Taken);
        }
    }
}

impl Reply {
    pub(crate) fn new(info: Arc<ConnectionInfo>) -> Reply {
        Reply { info }
    }

    pub(crate) fn info(&self) -> Arc<ConnectionInfo> {
        Arc::clone(&self.info)
    }

    /// Makes a reply to a connection that belongs to no server, for tests of an
    /// [`EventSink`](crate::inline::EventSink). Its answers are passed to `answers`.
    ///
    /// ```
    /// use std::sync::mpsc;
    ///
    /// use tftp_serve::Operation;
    /// use tftp_serve::inline::{Answer, Reply, Sources};
    ///
    /// let (sender, answers) = mpsc::channel();
    /// let client = ([192, 0, 2, 7], 4000).into();
    /// let reply = Reply::detached(1_000_001, client, None, "motd", Operation::Read, move |answer| {
    ///     sender.send(answer).unwrap();
    /// });
    /// assert_eq!(reply.connection().name(), "motd");
    /// reply.admit(Sources::default());
    /// assert!(matches!(answers.recv().unwrap(), Answer::Admit(_)));
    /// ```
    pub fn detached(
        id: i32,
        client: SocketAddr,
        local_ip: Option<IpAddr>,
        name: &str,
        operation: Operation,
        answers: impl Fn(Answer) + Send + Sync + 'static,
    ) -> Reply {
        let key = Key {
            index: 0,
            generation: 0,
        };
        Reply::new(Arc::new(ConnectionInfo {
            id,
            _lease: None,
            remote: client,
            local: local_ip,
            filename: name.to_owned(),
            mode: Mode::Octet,
            operation,
            requested: Default::default(),
            progress: Progress::new(Instant::default()),
            path: OnceLock::new(),
            outcome: OnceLock::new(),
            way: Some((key, Arc::new(Detached(answers)))),
            flow: Flow::default(),
        }))
    }

    /// Makes a reply whose answers go to this inbox.
    #[cfg(all(test, shuttle))]
    pub(crate) fn to(key: Key, inbox: Arc<dyn Post>) -> Reply {
        let client = ([192, 0, 2, 7], 4000).into();
        let reply = Reply::detached(1, client, None, "file", Operation::Read, |_| {});
        let mut info = reply.info;
        if let Some(info) = Arc::get_mut(&mut info) {
            info.way = Some((key, inbox));
        }
        Reply::new(info)
    }

    /// Returns the connection that it answers for.
    pub fn connection(&self) -> Connection {
        Connection::new(Arc::clone(&self.info))
    }

    /// Lets a held connection continue: the given sources are used, or its file is looked up.
    pub fn admit(&self, sources: Sources) {
        self.post(Answer::Admit(sources));
    }

    /// Ends the connection, held or not, with an ERROR to the client.
    pub fn end(&self, refusal: Refusal) {
        self.info.flow.refuse();
        self.post(Answer::End(refusal));
    }

    /// Counts data of a run ([`DataRun::weight`](crate::inline::DataRun::weight)) as taken, so that
    /// more may be sent or received.
    ///
    /// When more than 256 KiB of a connection wait to be taken, the connection is slowed down. The
    /// last block of an upload is acknowledged only after all of its data was taken.
    pub fn taken(&self, weight: u64) {
        if let Some((key, inbox)) = &self.info.way {
            inbox.taken(*key, &self.info.flow, weight);
        }
    }

    fn post(&self, answer: Answer) {
        if let Some((key, inbox)) = &self.info.way {
            inbox.post(*key, answer);
        }
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Reply").field(&self.connection()).finish()
    }
}

/// Takes the answers to a connection that belongs to no server.
struct Detached<F>(F);

impl<F: Fn(Answer) + Send + Sync> Post for Detached<F> {
    fn post(&self, _: Key, answer: Answer) {
        (self.0)(answer);
    }

    fn taken(&self, _: Key, _: &Flow, _: u64) {
        (self.0)(Answer::Taken);
    }
}
