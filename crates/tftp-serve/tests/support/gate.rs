//! A gate at which threads and futures wait until the test opens it.

use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Context, Poll, Waker};

#[derive(Clone, Default)]
pub struct Gate(Arc<(Mutex<State>, Condvar)>);

#[derive(Default)]
struct State {
    is_open: bool,
    /// The number of threads and futures that have reached the gate.
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

    /// Blocks until the gate is open.
    pub fn pass(&self) {
        let mut state = self.0.0.lock().unwrap();
        state.came += 1;
        self.0.1.notify_all();
        drop(self.0.1.wait_while(state, |state| !state.is_open).unwrap());
    }

    /// Returns a future that is ready when the gate is open.
    pub fn wait(&self) -> Waiting {
        self.0.0.lock().unwrap().came += 1;
        self.0.1.notify_all();
        Waiting(self.clone())
    }

    /// Waits until `count` threads and futures have reached the gate.
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
