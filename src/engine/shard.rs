//! One I/O thread: sleep, then in this order: messages, datagrams, deadlines, one flush, one wake-up.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use super::clock;
use super::core::Core;
use super::inbox::Message;
use super::platform::{Ready, RecvBatch};

/// Datagrams of one system call, and how many calls one socket gets before the next has its turn.
const BATCH: usize = 64;
const BATCHES_A_TURN: usize = 4;

/// The longest UDP datagram.
const DATAGRAM: usize = 65_536;

pub(super) struct Shard {
    core: Core,
    arrivals: RecvBatch,
    ready: Vec<Ready>,
    messages: Vec<Message>,
    busy_poll: Duration,
}

impl Shard {
    pub(super) fn new(core: Core, config: &super::config::Config) -> Shard {
        Shard {
            core,
            arrivals: RecvBatch::new(BATCH, DATAGRAM, config.io_mode),
            ready: Vec::new(),
            messages: Vec::new(),
            busy_poll: config.busy_poll,
        }
    }

    /// Until listening has stopped and the last transfer is over.
    pub(super) fn run(mut self) {
        while !self.core.is_finished() {
            // A fault ends this thread's transfers, which it may have left half done, and not the server.
            if catch_unwind(AssertUnwindSafe(|| self.turn())).is_err() {
                self.core.abandon_all();
            }
        }
        self.core.ctx.inbox.close();
    }

    fn turn(&mut self) {
        self.sleep();
        self.take_messages();
        self.receive();
        self.core.expire();
        self.core.flush();
        self.core.end_turn();
    }

    fn sleep(&mut self) {
        self.ready.clear();
        if self.busy_poll.is_zero() || self.core.table.is_empty() || !self.spin() {
            // Waiting fails only for want of memory: the next turn tries again.
            let _ = self.core.poller.wait(&mut self.ready, self.core.patience());
        }
        self.core.ctx.now = clock::now();
    }

    /// BusyPollMicros: looks without sleeping for a moment; true if something came.
    fn spin(&mut self) -> bool {
        let until = clock::now() + self.busy_poll;
        while clock::now() < until {
            let look = self.core.poller.wait(&mut self.ready, Some(Duration::ZERO));
            if matches!(look, Ok(true)) || !self.ready.is_empty() {
                return true;
            }
        }
        false
    }

    fn take_messages(&mut self) {
        self.core.ctx.inbox.take(&mut self.messages);
        for message in self.messages.drain(..) {
            self.core.handle(message);
        }
        self.core.ctx.forget_latest();
    }

    fn receive(&mut self) {
        for index in 0..self.ready.len() {
            let ready = self.ready[index];
            let has_failed = ready.readable && self.receive_from(ready.key);
            // Afterwards: what a client sent before it went away, its last ACK, is in the socket's queue already.
            if ready.error || has_failed {
                self.core.take_errors(ready.key);
            }
        }
    }

    /// True if the socket told of an error of an earlier packet: the error queue says whose.
    fn receive_from(&mut self, key: usize) -> bool {
        let mut has_failed = false;
        for _ in 0..BATCHES_A_TURN {
            let Some(socket) = self.core.ports.get(key) else {
                break;
            };
            match self.arrivals.receive(socket) {
                Ok(count) => {
                    (0..count).for_each(|index| self.core.arrive(key, &self.arrivals.get(index)));
                    self.core.after_batch();
                    if count < BATCH {
                        break;
                    }
                }
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => break,
                Err(_) => has_failed = true,
            }
        }
        has_failed
    }
}
