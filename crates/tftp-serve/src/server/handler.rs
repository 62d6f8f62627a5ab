//! Handlers, which answer requests.

use std::future::Future;
use std::pin::Pin;

use super::answer::Answer;
use super::request::Request;

/// Answers requests on the library's handler threads.
///
/// A handler may block: other requests then wait for another handler thread
/// ([`Builder::handler_threads`](crate::Builder::handler_threads)); running transfers do not. A
/// request that the client repeats meanwhile is not passed to the handler again. A panic refuses
/// the request.
///
/// Every `Fn(Request) -> impl Into<Answer>` is a handler. That includes functions that return a
/// `Result` and use `?`:
///
/// ```
/// use tftp_serve::{Answer, Refusal, Request};
///
/// let handler = |request: Request| -> Result<Answer, Refusal> {
///     let machine = request.name().strip_suffix(".cfg").ok_or_else(Refusal::not_found)?;
///     Ok(Answer::bytes(format!("hostname {machine}\n")))
/// };
/// # let _ = tftp_serve::Server::builder().handler(handler);
/// ```
pub trait Handler: Send + Sync + 'static {
    /// Answers one request.
    fn handle(&self, request: Request) -> Answer;
}

impl<F, A> Handler for F
where
    F: Fn(Request) -> A + Send + Sync + 'static,
    A: Into<Answer>,
{
    fn handle(&self, request: Request) -> Answer {
        self(request).into()
    }
}

/// Answers requests with futures.
///
/// The library has no runtime of its own and needs none: the handler threads poll a future, first
/// at once and then whenever its waker is called, from any thread. That suits futures that wait for
/// channels, locks or tasks elsewhere. For futures that need a runtime around them (timers and
/// sockets of tokio, for example), [`Builder::spawner`](crate::Builder::spawner) passes them to it.
/// A future that panics or is dropped unfinished refuses its request. A future whose client gives
/// up runs to its end, and its answer has no effect.
///
/// Every `Fn(Request) -> impl Future<Output = impl Into<Answer>>` is an asynchronous handler.
pub trait AsyncHandler: Send + Sync + 'static {
    /// Answers one request.
    fn handle(&self, request: Request) -> impl Future<Output = Answer> + Send + 'static;
}

impl<F, A, T> AsyncHandler for F
where
    F: Fn(Request) -> T + Send + Sync + 'static,
    T: Future<Output = A> + Send + 'static,
    A: Into<Answer>,
{
    fn handle(&self, request: Request) -> impl Future<Output = Answer> + Send + 'static {
        let answer = self(request);
        async move { answer.await.into() }
    }
}

/// A future for the function of [`Builder::spawner`](crate::Builder::spawner) to run.
pub type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

pub(super) type Spawner = Box<dyn Fn(Task) + Send + Sync>;

type Answering = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// An asynchronous handler behind a pointer.
pub(super) trait Boxed: Send + Sync {
    fn handle(&self, request: Request) -> Answering;
}

impl<H: AsyncHandler> Boxed for H {
    fn handle(&self, request: Request) -> Answering {
        Box::pin(AsyncHandler::handle(self, request))
    }
}

/// The handler of a server.
pub(super) enum Serving {
    Sync(Box<dyn Handler>),
    Async(Box<dyn Boxed>),
}
