//! The connections of the page, with a bound on everything that a client decides: how many there
//! are, how long each lasts, how long its request is. Bodies of requests are never read.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::net::TcpListener;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::runtime::Builder;
use tokio::task::AbortHandle;

use super::Answer;
use crate::clock;
use crate::exit::{Code, Failure};
use crate::serve::spawn;
use crate::text;

/// Connections at once. One more ends the oldest, so that idle ones never keep others out.
const CONNECTIONS: usize = 64;
/// Time for the header of a request.
const HEADER_TIME: Duration = Duration::from_secs(5);
/// Time after which a connection gets no further request, and after which it is cut off in the
/// middle of an answer.
const REUSE_TIME: Duration = Duration::from_secs(30);
const LIFETIME: Duration = Duration::from_secs(35);
/// Bytes of a header, and how many lines it may have.
const HEADER_BYTES: usize = 16 * 1024;
const HEADER_LINES: usize = 64;
/// The wait after an accept that failed: without descriptors the next one fails too.
const PAUSE: Duration = Duration::from_millis(200);
/// How often failing accepts are logged.
const LOG_PAUSE: Duration = Duration::from_secs(60);

/// Answers every request by `answer`, on a thread of its own.
pub fn serve(
    listener: TcpListener,
    answer: impl Fn(&Request<Incoming>) -> Answer + Send + Sync + 'static,
) -> Result<(), Failure> {
    let failed = |error: io::Error| {
        Failure::new(Code::System, format!("--metrics: {}", text::system(&error)))
    };
    listener.set_nonblocking(true).map_err(failed)?;
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(failed)?;
    let listener = {
        let _inside = runtime.enter();
        tokio::net::TcpListener::from_std(listener).map_err(failed)?
    };
    spawn("web", move || {
        runtime.block_on(accept(listener, Arc::new(answer)))
    })
}

async fn accept<F>(listener: tokio::net::TcpListener, answer: Arc<F>)
where
    F: Fn(&Request<Incoming>) -> Answer + Send + Sync + 'static,
{
    let mut open = VecDeque::new();
    let mut logged = None;
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                make_room(&mut open);
                let connection = tokio::time::timeout(LIFETIME, one(stream, Arc::clone(&answer)));
                open.push_back(tokio::spawn(connection).abort_handle());
            }
            Err(error) => {
                log(&error, &mut logged);
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

fn make_room(open: &mut VecDeque<AbortHandle>) {
    open.retain(|connection| !connection.is_finished());
    if open.len() >= CONNECTIONS
        && let Some(oldest) = open.pop_front()
    {
        oldest.abort();
    }
}

fn log(error: &io::Error, logged: &mut Option<Instant>) {
    let now = clock::now();
    if logged.is_none_or(|then| now - then >= LOG_PAUSE) {
        *logged = Some(now);
        tracing::warn!(%error, "--metrics: a connection could not be accepted");
    }
}

/// One connection, with all requests that come on it.
async fn one<F>(stream: TcpStream, answer: Arc<F>)
where
    F: Fn(&Request<Incoming>) -> Answer + Send + Sync + 'static,
{
    let service = service_fn(|request| {
        let answer = answer(&request);
        async move { Ok::<_, Infallible>(answer) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIME)
        .max_buf_size(HEADER_BYTES)
        .max_headers(HEADER_LINES)
        .serve_connection(TokioIo::new(stream), service);
    let mut served = pin!(served);
    let ended = match tokio::time::timeout(REUSE_TIME, served.as_mut()).await {
        Ok(ended) => ended,
        Err(_) => {
            served.as_mut().graceful_shutdown();
            served.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "--metrics: a connection failed");
    }
}
