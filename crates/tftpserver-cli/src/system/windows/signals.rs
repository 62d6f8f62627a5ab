//! The console's events, and the controls of the service manager.

use std::future::poll_fn;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, LazyLock};
use std::task::Poll;

use crossbeam_channel::{Receiver, Sender, unbounded};
use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close, ctrl_shutdown};

use super::super::Wish;

static WISHES: LazyLock<(Sender<Wish>, Receiver<Wish>)> = LazyLock::new(unbounded);

/// Passes a wish on to the server, for one that comes from the service manager.
pub fn pass(wish: Wish) {
    // The receiver is as static as the sender.
    let _ = WISHES.0.send(wish);
}

/// What turns the console's events into wishes.
pub struct Wishes;

impl Wishes {
    /// From here on Ctrl-C, Ctrl-Break, closing the console's window and the system's shutdown are wishes. A service has
    /// no console; its wishes come by [`pass`] alone.
    pub fn begin(_: bool) -> io::Result<Wishes> {
        if !super::service_manager::is_there() {
            at_end(|| pass(Wish::End))?;
        }
        Ok(Wishes)
    }

    /// Calls `take` with every wish, as long as the program runs.
    pub fn each(self, mut take: impl FnMut(Wish)) {
        for wish in &WISHES.1 {
            take(wish);
        }
    }
}

/// The console's events set the flag from here on, and do nothing else.
pub fn set_at_end(flag: &Arc<AtomicBool>) -> io::Result<()> {
    let flag = Arc::clone(flag);
    at_end(move || flag.store(true, Relaxed))
}

/// Calls `end` at each event of the console, on a thread of its own. Windows gives a console that closes five seconds.
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
