//! An executor for futures without a runtime: the library's threads poll each future when it is
//! woken.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use tftp_sync::Mutex;
use tftp_sync::atomic::{AtomicU8, Ordering::SeqCst};

use super::handler::Task;
use super::quiet::{drop_quietly, wake_quietly};

/// Nothing to do until the next wake-up.
const IDLE: u8 = 0;
/// Queued for a thread.
const QUEUED: u8 = 1;
/// A thread polls it.
const RUNNING: u8 = 2;
/// A thread polls it, and it was woken meanwhile.
const WOKEN: u8 = 3;

/// How one poll ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Polled {
    Pending,
    Done,
    Panicked,
}

/// Decides where a future is polled, and handles the result of each poll.
pub(super) trait Scheduler: Send + Sync {
    /// Queues the future for a thread that calls [`Running::run`]. Must not poll by itself: wakers
    /// call this from anywhere.
    fn queue(&self, future: Arc<Running>);

    /// Called after each poll, with no lock held.
    fn polled(&self, _polled: Polled) {}
}

/// A future that is polled until it is done or cancelled.
pub(super) struct Running {
    /// `None` once it is done, has panicked or was cancelled.
    task: Mutex<Option<Task>>,
    state: AtomicU8,
    /// The waker of a foreign executor, which has to learn of a cancellation.
    waker: Mutex<Option<Waker>>,
    scheduler: Box<dyn Scheduler>,
}

impl Running {
    /// Makes a future that is first polled when [`Running::wake`](Wake::wake) is called.
    pub(super) fn new(task: Task, scheduler: impl Scheduler + 'static) -> Arc<Running> {
        Arc::new(Running {
            task: Mutex::new(Some(task)),
            state: AtomicU8::new(IDLE),
            waker: Mutex::default(),
            scheduler: Box::new(scheduler),
        })
    }

    /// Polls the future on this thread.
    pub(super) fn run(self: Arc<Self>) {
        self.state.store(RUNNING, SeqCst);
        let waker = Waker::from(Arc::clone(&self));
        let _ = self.poll(&mut Context::from_waker(&waker));
        // The future was woken during the poll: queue it once more, behind the work that waits
        // already.
        if self
            .state
            .compare_exchange(RUNNING, IDLE, SeqCst, SeqCst)
            .is_err()
        {
            self.state.store(QUEUED, SeqCst);
            self.scheduler.queue(Arc::clone(&self));
        }
    }

    /// Polls the future on a foreign executor.
    pub(super) fn poll_spawned(&self, context: &mut Context<'_>) -> Poll<()> {
        {
            let mut waker = self.waker.lock();
            match &mut *waker {
                Some(known) => known.clone_from(context.waker()),
                None => *waker = Some(context.waker().clone()),
            }
        }
        self.poll(context)
    }

    fn poll(&self, context: &mut Context<'_>) -> Poll<()> {
        let polled = {
            let mut slot = self.task.lock();
            let Some(task) = slot.as_mut() else {
                return Poll::Ready(());
            };
            let polled = catch_unwind(AssertUnwindSafe(|| task.as_mut().poll(context)));
            if !matches!(polled, Ok(Poll::Pending)) {
                drop_quietly(slot.take());
            }
            polled
        };
        let (polled, poll) = match polled {
            Ok(Poll::Pending) => (Polled::Pending, Poll::Pending),
            Ok(Poll::Ready(())) => (Polled::Done, Poll::Ready(())),
            Err(_) => (Polled::Panicked, Poll::Ready(())),
        };
        self.scheduler.polled(polled);
        poll
    }

    /// Drops the future, after a poll that is under way on another thread. Returns false if the
    /// future was done already.
    pub(super) fn cancel(&self) -> bool {
        let task = self.task.lock().take();
        let is_cancelled = task.is_some();
        drop_quietly(task);
        let waker = self.waker.lock().take();
        if let Some(waker) = waker {
            wake_quietly(waker);
        }
        is_cancelled
    }
}

impl Wake for Running {
    fn wake(self: Arc<Self>) {
        let next = |state| match state {
            IDLE => Some(QUEUED),
            RUNNING => Some(WOKEN),
            _ => None,
        };
        if self.state.fetch_update(SeqCst, SeqCst, next) == Ok(IDLE) {
            let future = Arc::clone(&self);
            self.scheduler.queue(future);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::sync::mpsc::{Sender, channel};

    use super::*;

    /// Queues futures into a channel, and records the result of each poll.
    struct Queue(Sender<Arc<Running>>, Sender<Polled>);

    impl Scheduler for Queue {
        fn queue(&self, future: Arc<Running>) {
            self.0.send(future).unwrap();
        }

        fn polled(&self, polled: Polled) {
            self.1.send(polled).unwrap();
        }
    }

    #[test]
    fn a_future_is_polled_once_for_each_wake_up_that_it_has_not_seen() {
        let ((queue, queued), (polled, polls)) = (channel(), channel());
        let count = Arc::new(AtomicUsize::new(0));
        let counting = Arc::clone(&count);
        let task = std::future::poll_fn(move |context| {
            let before = counting.fetch_add(1, SeqCst);
            if before == 1 {
                // Wakes itself while it is polled, more often than once.
                context.waker().wake_by_ref();
                context.waker().wake_by_ref();
            }
            match before {
                0..3 => Poll::Pending,
                _ => Poll::Ready(()),
            }
        });
        let future = Running::new(Box::pin(task), Queue(queue, polled));
        for polled_before in [0, 1, 2] {
            assert_eq!(count.load(SeqCst), polled_before);
            if polled_before != 2 {
                Arc::clone(&future).wake();
                Arc::clone(&future).wake();
            }
            queued.try_recv().unwrap().run();
            assert!((polled_before == 1) == (future.state.load(SeqCst) == QUEUED));
        }
        assert!(queued.try_recv().is_err());
        Arc::clone(&future).wake();
        queued.try_recv().unwrap().run();
        assert_eq!(
            polls.try_iter().collect::<Vec<_>>(),
            [Polled::Pending, Polled::Pending, Polled::Pending, Polled::Done]
        );
        Arc::clone(&future).wake();
        queued.try_recv().unwrap().run();
        assert_eq!(count.load(SeqCst), 4, "what is done is polled no more");
    }

    #[test]
    fn a_panic_ends_the_future_and_cancelling_drops_it() {
        let ((queue, _queued), (polled, polls)) = (channel(), channel());
        let task = async { panic!("on purpose") };
        let future = Running::new(Box::pin(task), Queue(queue.clone(), polled.clone()));
        future.run();
        assert_eq!(polls.try_recv(), Ok(Polled::Panicked));
        let held = Arc::new(());
        let inside = Arc::clone(&held);
        let task = async move {
            let _inside = inside;
            std::future::pending::<()>().await;
        };
        let future = Running::new(Box::pin(task), Queue(queue, polled));
        Arc::clone(&future).run();
        assert_eq!(Arc::strong_count(&held), 2);
        future.cancel();
        assert_eq!(Arc::strong_count(&held), 1);
    }
}
