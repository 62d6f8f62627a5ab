//! Readiness of sockets on macOS and the BSDs: kqueue, by the crate `polling`, which uses epoll on
//! Linux. Level-triggered; the cost of a wait grows with the sockets that are ready, not with those
//! watched.

use std::io;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use polling::{Event, Events, PollMode};
use tftp_sync::Mutex;

use super::wake::{Signal, WakeState};
use super::{EVENTS, Ready, UdpSocket, Waker, Wanted};

/// The key of the wake-up descriptor. The highest key is reserved by `polling`.
const WAKER_KEY: usize = usize::MAX - 1;

/// Waits for sockets, for a deadline and for other threads.
pub struct Poller {
    poller: polling::Poller,
    wake_state: Arc<WakeState>,
    /// The event buffer. Only the waiting thread locks it.
    events: Mutex<Events>,
}

impl Poller {
    /// Creates a poller that watches no socket.
    ///
    /// # Errors
    /// Those of kqueue and pipe: no descriptors left.
    pub fn new() -> io::Result<Poller> {
        let poller = polling::Poller::new()?;
        let wake_state = WakeState::new(Signal::pipe()?);
        // SAFETY: the signal lives as long as the wake state, and `drop` removes it before.
        unsafe {
            poller.add_with_mode(
                wake_state.signal.source(),
                Event::readable(WAKER_KEY),
                PollMode::Level,
            )?
        };
        Ok(Poller {
            poller,
            wake_state,
            events: Mutex::new(Events::with_capacity(
                const { NonZeroUsize::new(EVENTS).unwrap() },
            )),
        })
    }

    /// Watches a socket for reading; `key` names it in [`Ready`] (any but the two highest numbers).
    /// The caller removes it before it is closed.
    ///
    /// # Errors
    /// `AlreadyExists` if it is watched.
    pub fn add(&self, socket: &UdpSocket, key: usize) -> io::Result<()> {
        let interest = interest(key, Wanted::READ);
        // SAFETY: the caller of `add` removes the socket before it is closed.
        unsafe { self.poller.add_with_mode(socket.std(), interest, PollMode::Level) }
    }

    /// Changes the readiness that a watched socket is watched for; errors are always reported.
    ///
    /// # Errors
    /// `NotFound` if it is not watched.
    pub fn want(&self, socket: &UdpSocket, key: usize, wanted: Wanted) -> io::Result<()> {
        self.poller
            .modify_with_mode(socket.std(), interest(key, wanted), PollMode::Level)
    }

    /// Stops watching a socket.
    ///
    /// # Errors
    /// `NotFound` if it is not watched.
    pub fn remove(&self, socket: &UdpSocket) -> io::Result<()> {
        self.poller.delete(socket.std())
    }

    /// Returns a handle with which other threads wake this poller.
    pub fn waker(&self) -> Waker {
        Waker::new(&self.wake_state)
    }

    /// Waits until a socket is ready, the time is over (`None`: never) or a [`Waker`] calls, and
    /// lists in `ready` the sockets alone. Returns true if a waker has called since the last wait;
    /// the next wait does not report it again. Never returns before the time is over without a
    /// reason.
    ///
    /// # Errors
    /// Those of the system's call, but not EINTR.
    pub fn wait(&self, ready: &mut Vec<Ready>, timeout: Option<Duration>) -> io::Result<bool> {
        ready.clear();
        let mut events = self.events.lock();
        events.clear();
        let sleeps = timeout != Some(Duration::ZERO) && self.wake_state.may_sleep();
        let result = self
            .poller
            .wait(&mut events, if sleeps { timeout } else { Some(Duration::ZERO) });
        let is_called = self.wake_state.awake();
        result?;
        for event in events.iter() {
            match event.key {
                WAKER_KEY => self.wake_state.signal.lower(),
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
        // A waker may keep the wake state, and with it the signal, longer than this. On failure it
        // is not watched any more anyway.
        let _ = self.poller.delete(self.wake_state.signal.source());
    }
}

fn interest(key: usize, wanted: Wanted) -> Event {
    Event::new(key, wanted.read, wanted.write)
}
