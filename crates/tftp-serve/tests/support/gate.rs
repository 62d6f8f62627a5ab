//! Something to wait for, by a thread or by a future, until the test opens it.

use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Context, Poll, Waker};

#[derive(Clone, Default)]
pub struct Gate(Arc<(Mutex<State>, Condvar)>);

#[derive(Default)]
struct State {
    is_open: bool,
    /// How many have come to it.
    came: usize,
    wakers: Vec<Waker>,
}

impl Gate {
    pub fn open(&self) {
        let mut state = self.0.0.lock().unwrap();
        state.is_open = true;
        self.0.1.notify_all();
        state.wakers.drain(..).for_each(Waker::wake);
    }

    /// Blocks until it is open.
    pub fn pass(&self) {
        let mut state = self.0.0.lock().unwrap();
        state.came += 1;
        self.0.1.notify_all();
        drop(self.0.1.wait_while(state, |state| !state.is_open).unwrap());
    }

    /// The same as a future.
    pub fn wait(&self) -> Waiting {
        self.0.0.lock().unwrap().came += 1;
        self.0.1.notify_all();
        Waiting(self.clone())
    }

    /// Waits until so many have come to it.
    pub fn has_seen(&self, count: usize) {
        let state = self.0.0.lock().unwrap();
        let (state, waited) = self
            .0
            .1
            .wait_timeout_while(state, super::PATIENCE, |state| state.came < count)
            .unwrap();
        drop(state);
        assert!(!waited.timed_out(), "{count} come to the gate");
    }
}

pub struct Waiting(Gate);

impl Future for Waiting {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.0.0.0.lock().unwrap();
        if state.is_open {
            return Poll::Ready(());
        }
        state.wakers.push(context.waker().clone());
        Poll::Pending
    }
}
