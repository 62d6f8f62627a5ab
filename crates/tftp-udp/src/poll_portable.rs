//! Who is ready on macOS and the BSDs: kqueue, by the crate `polling`, which on Linux stands on epoll. Level-triggered; the
//! cost of a wait grows with the sockets that are ready, not with those watched.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use polling::{Event, Events, PollMode};
use tftp_sync::Mutex;

use super::wake::{Bell, Signal};
use super::{Ready, UdpSocket, Waker, Wanted};

/// Sockets told of in one wait; the others are told of in the next.
const EVENTS: std::num::NonZeroUsize = std::num::NonZeroUsize::new(128).unwrap();

/// The key of the wake-up descriptor. The highest one is `polling`'s own.
const BELL: usize = usize::MAX - 1;

/// Waits for sockets, for a moment in time and for other threads.
pub struct Poller {
    poller: polling::Poller,
    bell: Arc<Bell>,
    /// The thread that waits has it; nobody else wants it.
    events: Mutex<Events>,
}

impl Poller {
    /// A poller of no socket.
    ///
    /// # Errors
    /// Those of kqueue and pipe: no descriptors left.
    pub fn new() -> io::Result<Poller> {
        let poller = polling::Poller::new()?;
        let bell = Bell::new(Signal::pipe()?);
        // SAFETY: the signal lives as long as the bell, and `drop` takes it out before.
        unsafe { poller.add_with_mode(bell.signal.source(), Event::readable(BELL), PollMode::Level)? };
        Ok(Poller {
            poller,
            bell,
            events: Mutex::new(Events::with_capacity(EVENTS)),
        })
    }

    /// Watches a socket for reading; `key` names it in [`Ready`] (any but the two highest numbers). To be removed before
    /// it is closed.
    ///
    /// # Errors
    /// `AlreadyExists` if it is watched.
    pub fn add(&self, socket: &UdpSocket, key: usize) -> io::Result<()> {
        let interest = interest(key, Wanted::READ);
        // SAFETY: whoever adds a socket removes it before it is closed.
        unsafe { self.poller.add_with_mode(socket.std(), interest, PollMode::Level) }
    }

    /// What a watched socket is watched for from now on, beside errors.
    ///
    /// # Errors
    /// `NotFound` if it is not watched.
    pub fn want(&self, socket: &UdpSocket, key: usize, wanted: Wanted) -> io::Result<()> {
        self.poller
            .modify_with_mode(socket.std(), interest(key, wanted), PollMode::Level)
    }

    /// Watches a socket no more.
    ///
    /// # Errors
    /// `NotFound` if it is not watched.
    pub fn remove(&self, socket: &UdpSocket) -> io::Result<()> {
        self.poller.delete(socket.std())
    }

    /// What other threads wake this poller with.
    pub fn waker(&self) -> Waker {
        Waker::new(&self.bell)
    }

    /// Waits until a socket is ready, the time is over (`None`: never) or a [`Waker`] calls, and lists in `ready`
    /// the sockets alone. True if a waker has called since the last wait: it will not be told again. Never returns
    /// before the time is over without a reason.
    ///
    /// # Errors
    /// Those of the system's call, but not EINTR.
    pub fn wait(&self, ready: &mut Vec<Ready>, timeout: Option<Duration>) -> io::Result<bool> {
        ready.clear();
        let mut events = self.events.lock();
        events.clear();
        let sleeps = timeout != Some(Duration::ZERO) && self.bell.may_sleep();
        let result = self
            .poller
            .wait(&mut events, if sleeps { timeout } else { Some(Duration::ZERO) });
        let is_called = self.bell.awake();
        result?;
        for event in events.iter() {
            match event.key {
                BELL => self.bell.signal.lower(),
                key => ready.push(Ready {
                    key,
                    readable: event.readable,
                    writable: event.writable,
                    error: event.is_err().unwrap_or(false),
                }),
            }
        }
        Ok(is_called)
    }
}

impl Drop for Poller {
    fn drop(&mut self) {
        // A waker may keep the bell, and with it the signal, longer than this. What fails is watched no more anyway.
        let _ = self.poller.delete(self.bell.signal.source());
    }
}

fn interest(key: usize, wanted: Wanted) -> Event {
    Event::new(key, wanted.read, wanted.write)
}
