//! A one-shot slot through which a pool job returns a file to its I/O thread without a wake-up.
//!
//! A client that sends in windows has sent the next one by the time the last is written, so the I/O
//! thread finds the file here when it has more to write. The pool sends a message only if the I/O
//! thread comes too early.

use tftp_sync::Mutex;

/// A one-shot slot for a value that a pool job returns.
pub(crate) struct ReturnSlot<T>(Mutex<State<T>>);

enum State<T> {
    Away,
    /// The I/O thread has come for the value, and gets it by message.
    Awaited,
    Here(T),
}

impl<T> Default for ReturnSlot<T> {
    fn default() -> Self {
        ReturnSlot(Mutex::new(State::Away))
    }
}

impl<T> ReturnSlot<T> {
    /// Called by the pool, once. Returns the value if the I/O thread waits for it; it has to be
    /// sent then.
    pub(crate) fn leave(&self, thing: T) -> Option<T> {
        let mut state = self.0.lock();
        if matches!(*state, State::Awaited) {
            return Some(thing);
        }
        *state = State::Here(thing);
        None
    }

    /// Called by the I/O thread. Returns the value if it is here; if not, a message brings it.
    /// After a `Some`, later calls return `None`.
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
    fn the_value_returns_once_in_the_slot_or_in_a_message() {
        let early = ReturnSlot::default();
        assert_eq!(early.take(), None);
        assert_eq!(early.take(), None);
        assert_eq!(early.leave(7), Some(7));
        let late = ReturnSlot::default();
        assert_eq!(late.leave(7), None);
        assert_eq!(late.take(), Some(7));
    }
}
