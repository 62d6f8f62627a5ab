//! The console's events, and the controls of the service manager.

use std::future::poll_fn;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, LazyLock};
use std::task::Poll;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, unbounded};
use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close, ctrl_shutdown};

use super::super::ControlRequest;

static REQUESTS: LazyLock<(Sender<ControlRequest>, Receiver<ControlRequest>)> =
    LazyLock::new(unbounded);

/// Passes a request from the service manager to the server.
pub fn pass(request: ControlRequest) {
    // The receiver is as static as the sender.
    let _ = REQUESTS.0.send(request);
}

/// The time after which transfers are cut off when Windows is about to end the program: it does so
/// five seconds after the console was closed or the system began to shut down.
const LAST: Duration = Duration::from_secs(3);

/// Lets transfers finish, but cuts them off before Windows ends the program, so that clients are
/// notified and no unfinished file stays.
pub fn end_soon() {
    pass(ControlRequest::End);
    let cut_off = || {
        std::thread::sleep(LAST);
        pass(ControlRequest::End);
    };
    // Without the thread Windows ends the program.
    let _ = std::thread::Builder::new().name("last".to_owned()).spawn(cut_off);
}

/// Turns the console's events into requests.
pub struct ControlRequests;

impl ControlRequests {
    /// Turns Ctrl-C, Ctrl-Break, closing of the console's window and the system's shutdown into
    /// requests from now on. A service has no console; its requests come by [`pass`] alone.
    pub fn begin(_: bool) -> io::Result<ControlRequests> {
        if !super::service_manager::is_there() {
            at_end(|event| match event {
                ConsoleEvent::Interrupt => pass(ControlRequest::End),
                ConsoleEvent::Last => end_soon(),
            })?;
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
    at_end(move |_| flag.store(true, Relaxed))
}

/// The kinds of events of a console.
#[derive(Clone, Copy)]
enum ConsoleEvent {
    /// Ctrl-C and Ctrl-Break.
    Interrupt,
    /// The console closes or the system shuts down.
    Last,
}

/// Calls `end` at each event of the console, on a thread of its own.
fn at_end(end: impl Fn(ConsoleEvent) + Send + 'static) -> io::Result<()> {
    let (mut first, mut second) = (ctrl_c()?, ctrl_break()?);
    let (mut closed, mut shutdown) = (ctrl_close()?, ctrl_shutdown()?);
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let wait = move || {
        loop {
            end(runtime.block_on(poll_fn(|context| {
                // Each is polled, so that each wakes this thread.
                let last = [closed.poll_recv(context), shutdown.poll_recv(context)];
                let interrupts = [first.poll_recv(context), second.poll_recv(context)];
                if last.iter().any(Poll::is_ready) {
                    Poll::Ready(ConsoleEvent::Last)
                } else if interrupts.iter().any(Poll::is_ready) {
                    Poll::Ready(ConsoleEvent::Interrupt)
                } else {
                    Poll::Pending
                }
            })));
        }
    };
    std::thread::Builder::new()
        .name("console".to_owned())
        .spawn(wait)
        .map(drop)
}
