//! A client's request, and the obligation to answer it.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use tftp_proto::wire::{Mode, Operation};

use super::answer::Answer;
use super::connection::Connection;
use super::live::Live;
use super::refusal::Refusal;
use super::router::Router;

/// A client's request to read or to store a file.
#[derive(Clone)]
pub struct Request {
    pending: Arc<Pending>,
}

/// The obligation to answer a request later, from any thread: see [`Request::defer`].
///
/// The client waits meanwhile, and its repeated requests are recognized as duplicates. Dropping the
/// value unanswered refuses the request. The answer has to come within the [inactivity
/// timeout](crate::Settings::inactivity_timeout).
#[must_use = "dropping it refuses the request"]
pub struct Deferred {
    pending: Arc<Pending>,
}

/// The obligation to answer. Dropped without an answer, it refuses the request.
pub(super) struct Pending {
    live: Arc<Live>,
    router: Arc<Router>,
}

impl Pending {
    pub(super) fn new(live: Arc<Live>, router: Arc<Router>) -> Pending {
        Pending { live, router }
    }

    /// Answers the request. Returns false if it was answered before, or the client has given up.
    pub(super) fn answer(&self, answer: Answer) -> bool {
        self.router.answer(&self.live, answer)
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        let code = tftp_proto::wire::ErrorCode::UNDEFINED;
        let refusal = Refusal::new(code, "The server's application did not answer");
        // Has no effect if an answer was given.
        self.answer(refusal.into());
    }
}

impl Request {
    pub(super) fn new(pending: Arc<Pending>) -> Request {
        Request { pending }
    }

    /// Returns the requested file name, converted to UTF-8.
    ///
    /// The name is not checked in any way: it may be absolute or contain `..`.
    pub fn name(&self) -> &str {
        &self.pending.live.info.filename
    }

    /// Returns whether the client reads or writes.
    pub fn operation(&self) -> Operation {
        self.pending.live.info.operation
    }

    /// Returns true if the client wants to upload.
    pub fn is_upload(&self) -> bool {
        self.operation() == Operation::Write
    }

    /// Returns the transfer mode.
    pub fn mode(&self) -> Mode {
        self.pending.live.info.mode
    }

    /// Returns the client's address and port. An IPv4 client of a dual-stack socket appears with
    /// its IPv4 address.
    pub fn client(&self) -> SocketAddr {
        self.pending.live.info.remote
    }

    /// Returns the local address that the request was sent to, if the system reports it.
    pub fn local_ip(&self) -> Option<IpAddr> {
        self.pending.live.info.local
    }

    /// Returns the size in bytes that the client of an upload announced (RFC 2349).
    ///
    /// The size is the client's claim; no data has been received yet.
    pub fn announced_size(&self) -> Option<u64> {
        self.pending
            .live
            .info
            .requested
            .tsize
            .filter(|_| self.is_upload())
    }

    /// Returns the names and values of the well-formed options in the request, as
    /// `("blksize", 1428)`.
    pub fn options(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.pending.live.info.requested.options()
    }

    /// Returns the value of one option; its name is case-insensitive.
    pub fn option(&self, name: &str) -> Option<u64> {
        let mut options = self.options();
        options.find_map(|(known, value)| known.eq_ignore_ascii_case(name).then_some(value))
    }

    /// Returns a handle to the connection.
    pub fn connection(&self) -> Connection {
        self.pending.live.connection()
    }

    /// Defers the answer. The handler then returns [`Answer::later`].
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
    /// Answers the request. Returns false if it was answered before, or the client has given up.
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
