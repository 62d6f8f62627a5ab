//! A client's request, and the duty to answer it.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use tftp_proto::wire::{Mode, Operation};

use super::answer::Answer;
use super::connection::Connection;
use super::live::Live;
use super::refusal::Refusal;
use super::router::Router;

/// A client's request for a file, or to store one.
#[derive(Clone)]
pub struct Request {
    pending: Arc<Pending>,
}

/// The answer to a request that comes later, from any thread: [`Request::defer`].
///
/// The client waits meanwhile; its repeated requests are recognized. Dropping it unanswered refuses the request. The
/// [inactivity timeout](crate::Settings::inactivity_timeout) bounds how long the answer may take.
#[must_use = "dropping it refuses the request"]
pub struct Deferred {
    pending: Arc<Pending>,
}

/// The duty to answer: refuses when it is dropped before.
pub(super) struct Pending {
    live: Arc<Live>,
    router: Arc<Router>,
}

impl Pending {
    pub(super) fn new(live: Arc<Live>, router: Arc<Router>) -> Pending {
        Pending { live, router }
    }

    /// False where it was answered before, or the client has given up.
    pub(super) fn answer(&self, answer: Answer) -> bool {
        self.router.answer(&self.live, answer)
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        let code = tftp_proto::wire::ErrorCode::UNDEFINED;
        let refusal = Refusal::new(code, "The server's application did not answer");
        // Has no effect where an answer was given.
        self.answer(refusal.into());
    }
}

impl Request {
    pub(super) fn new(pending: Arc<Pending>) -> Request {
        Request { pending }
    }

    /// Returns the name of the file as the client sent it, converted to UTF-8.
    ///
    /// Nothing of it was checked: it may be absolute or have `..` in it.
    pub fn name(&self) -> &str {
        &self.pending.live.about.filename
    }

    /// Returns whether the client reads or writes.
    pub fn operation(&self) -> Operation {
        self.pending.live.about.operation
    }

    /// Returns true where the client wants to upload.
    pub fn is_upload(&self) -> bool {
        self.operation() == Operation::Write
    }

    /// Returns the transfer mode.
    pub fn mode(&self) -> Mode {
        self.pending.live.about.mode
    }

    /// Returns the client's address and port. An IPv4 client of a dual-stack socket has its IPv4 address here.
    pub fn client(&self) -> SocketAddr {
        self.pending.live.about.remote
    }

    /// Returns the address that the request was sent to, where the system tells it.
    pub fn local_ip(&self) -> Option<IpAddr> {
        self.pending.live.about.local
    }

    /// Returns the size in bytes that an upload's client announced (RFC 2349).
    ///
    /// It is a claim: nothing was received yet.
    pub fn announced_size(&self) -> Option<u64> {
        self.pending.live.about.asked.tsize.filter(|_| self.is_upload())
    }

    /// Returns the names and values of the options that the client asked for and that are well-formed, as
    /// `("blksize", 1428)`.
    pub fn options(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.pending.live.about.asked.options()
    }

    /// Returns the value of one option; its name is read without regard to case.
    pub fn option(&self, name: &str) -> Option<u64> {
        let mut options = self.options();
        options.find_map(|(known, value)| known.eq_ignore_ascii_case(name).then_some(value))
    }

    /// Returns the handle of the connection.
    pub fn connection(&self) -> Connection {
        self.pending.live.connection()
    }

    /// Puts the answer off. The handler returns [`Answer::later`].
    ///
    /// ```
    /// # use std::sync::mpsc;
    /// use tftp_serve::{Answer, Deferred, Request, Server};
    ///
    /// let (queue, waiting) = mpsc::channel::<Deferred>();
    /// let builder = Server::builder().handler(move |request: Request| {
    ///     match queue.send(request.defer()) {
    ///         Ok(()) => Answer::later(),
    ///         Err(_) => Answer::root(),
    ///     }
    /// });
    /// // Anywhere else:
    /// std::thread::spawn(move || {
    ///     for deferred in waiting {
    ///         deferred.answer(Answer::bytes("late, but whole"));
    ///     }
    /// });
    /// # drop(builder);
    /// ```
    pub fn defer(&self) -> Deferred {
        Deferred {
            pending: Arc::clone(&self.pending),
        }
    }
}

impl Deferred {
    /// Answers the request. Returns false where it was answered before, or its client has given up.
    pub fn answer(self, answer: impl Into<Answer>) -> bool {
        self.pending.answer(answer.into())
    }

    /// Returns the request.
    pub fn request(&self) -> Request {
        Request::new(Arc::clone(&self.pending))
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("client", &self.client())
            .field("operation", &self.operation())
            .field("name", &self.name())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Deferred {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Deferred").field(&self.request()).finish()
    }
}
