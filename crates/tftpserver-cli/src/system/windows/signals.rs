//! The console's events, and the controls of the service manager.

use std::future::poll_fn;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, LazyLock};
use std::task::Poll;

use crossbeam_channel::{Receiver, Sender, unbounded};
use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close, ctrl_shutdown};

use super::super::ControlRequest;

static REQUESTS: LazyLock<(Sender<ControlRequest>, Receiver<ControlRequest>)> = LazyLock::new(unbounded);

/// Passes a request from the service manager to the server.
pub fn pass(request: ControlRequest) {
    // The receiver is as static as the sender.
    let _ = REQUESTS.0.send(request);
}

/// Turns the console's events into requests.
pub struct ControlRequests;

impl ControlRequests {
    /// Turns Ctrl-C, Ctrl-Break, closing of the console's window and the system's shutdown into requests from now on. A
    /// service has no console; its requests come by [`pass`] alone.
    pub fn begin(_: bool) -> io::Result<ControlRequests> {
        if !super::service_manager::is_there() {
            at_end(|| pass(ControlRequest::End))?;
        }
        Ok(ControlRequests)
    }

    /// Calls `take` with every request, as long as the program runs.
    pub fn each(self, mut take: impl FnMut(ControlRequest)) {
        for request in &REQUESTS.1 {
            take(request);
        }
    }
}

/// Lets the console's events set the flag from now on, and do nothing else.
pub fn set_at_end(flag: &Arc<AtomicBool>) -> io::Result<()> {
    let flag = Arc::clone(flag);
    at_end(move || flag.store(true, Relaxed))
}

/// Calls `end` at each event of the console, on a thread of its own. Windows ends the program five seconds after its
/// console was closed.
fn at_end(end: impl Fn() + Send + 'static) -> io::Result<()> {
    let (mut first, mut second) = (ctrl_c()?, ctrl_break()?);
    let (mut closed, mut shutdown) = (ctrl_close()?, ctrl_shutdown()?);
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let wait = move || {
        loop {
            runtime.block_on(poll_fn(|context| {
                let polls = [
                    first.poll_recv(context),
                    second.poll_recv(context),
                    closed.poll_recv(context),
                    shutdown.poll_recv(context),
                ];
                match polls.iter().any(Poll::is_ready) {
                    true => Poll::Ready(()),
                    false => Poll::Pending,
                }
            }));
            end();
        }
    };
    std::thread::Builder::new()
        .name("console".to_owned())
        .spawn(wait)
        .map(drop)
}
