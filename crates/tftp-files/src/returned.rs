//! How a file comes back from the blocking pool without a wake-up.
//!
//! A client that sends in windows has sent the next one by the time the last is written: the I/O thread finds the file here
//! when it has more to write. Only where it comes for it too early does the pool send it in a message.

use tftp_sync::Mutex;

/// One way there and back.
pub(crate) struct Returned<T>(Mutex<State<T>>);

enum State<T> {
    Away,
    /// The I/O thread has come for it.
    Awaited,
    Here(T),
}

impl<T> Default for Returned<T> {
    fn default() -> Self {
        Returned(Mutex::new(State::Away))
    }
}

impl<T> Returned<T> {
    /// For the pool, once: `Some` is to be sent, for the I/O thread waits for it.
    pub(crate) fn leave(&self, thing: T) -> Option<T> {
        let mut state = self.0.lock();
        if matches!(*state, State::Awaited) {
            return Some(thing);
        }
        *state = State::Here(thing);
        None
    }

    /// For the I/O thread: the thing, if it is here; if not, a message brings it. Never again after it was given.
    pub(crate) fn take(&self) -> Option<T> {
        match std::mem::replace(&mut *self.0.lock(), State::Awaited) {
            State::Here(thing) => Some(thing),
            State::Away | State::Awaited => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_comes_back_once_here_or_in_a_message() {
        let early = Returned::default();
        assert_eq!(early.take(), None);
        assert_eq!(early.take(), None);
        assert_eq!(early.leave(7), Some(7));
        let late = Returned::default();
        assert_eq!(late.leave(7), None);
        assert_eq!(late.take(), Some(7));
    }
}
