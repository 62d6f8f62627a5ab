//! The loop of one I/O thread: `Loop::do_turn` is its order of priorities.
//!
//! It is built on two interfaces, [`Datagrams`] and [`Store`], and on the machine, which decides
//! which clients are served. The machine's outputs are carried out in `outputs.rs` and
//! `storage.rs`. Messages from other threads are handled in `orders.rs`, and the loop's state of a
//! transfer is in `connections.rs`. Requests may be a flood, from any sender: their share of a turn
//! while transfers run is in `request_budget.rs`.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use tftp_budget::limits::processors;
use tftp_files::{ContentCache, Store};
use tftp_machine::{Config, Handled, Mode, NetFailure, Server};
use tftp_proto::Instant;
use tftp_udp::datagrams::{Class, Datagrams, Failure, Received, Until};

use super::config::Policy;
use super::connections::Connections;
use super::drain::Drain;
use super::inbox::{Inbox, Message};
use super::inline::{EventSink, Interests};
use super::limits::{Environment, ThreadLimits};
use super::observer::Observer;
use super::request_budget::{RequestBudget, Share, TimeSlice, Turn};
use super::shared::Shared;
use super::spin::Spin;

/// The maximum number of datagrams of one receiving call, and of such calls for transfers in a
/// turn.
const BATCH: usize = 64;
const BATCHES_A_TURN: usize = 4;

/// The number of times that pending datagrams are received before deadlines take effect: a flood
/// must not put them off for ever.
const LOOKS: usize = 64;

/// The time from a burst of transfers until their memory is freed. Bursts that follow each other
/// sooner use it again.
const REST: Duration = Duration::from_secs(5);

/// The time until the next attempt, if one of the last transfers of a burst is still running.
const LATER: Duration = Duration::from_secs(60);

/// One I/O thread.
pub struct Loop<N: Datagrams, S: Store> {
    pub(crate) net: N,
    pub(crate) server: Server<ThreadLimits>,
    pub(crate) cache: ContentCache<S>,
    pub(crate) connections: Connections<S>,
    pub(crate) observer: Observer,
    pub(crate) inbox: Arc<Inbox<S, N::Waker>>,
    /// The policy under which new transfers begin.
    pub(crate) policy: Arc<Policy>,
    pub(crate) drained: Arc<Drain>,
    /// The time of this turn.
    pub(crate) now: Instant,
    /// True if requests and packets of transfers arrive at one port.
    single_port: bool,
    /// True if requests were left in the listening socket.
    has_left_requests: bool,
    pub(crate) request_budget: RequestBudget,
    spin: Spin,
    /// The time at which storage has something to do by itself.
    storage_due: Option<Instant>,
    /// The time by which the application wants to be called again.
    wake_due: Option<Instant>,
    /// The time at which memory is freed, if it is still unused then.
    shrink_due: Option<Instant>,
    messages: VecDeque<Message<S>>,
    failures: Vec<Failure>,
}

/// The parts of a loop.
pub struct Setup<N: Datagrams, S: Store> {
    /// Sends and receives datagrams.
    pub net: N,
    /// Stores and supplies files.
    pub store: S,
    /// Gets all events.
    pub sink: Arc<dyn EventSink>,
    /// The counters that all threads of a server share.
    pub shared: Arc<Shared>,
    /// The process and the host, with the descriptors that are left.
    pub environment: Box<dyn Environment>,
    /// The count of the threads that share a port.
    pub drained: Arc<Drain>,
    /// The machine's configuration of the network.
    pub machine: Config,
    /// The policy under which transfers begin.
    pub policy: Arc<Policy>,
    /// Unpredictable bytes, different for each thread.
    pub seed: [u8; 16],
    /// The longest time to poll for datagrams before the thread sleeps, while transfers run.
    pub busy_poll: Duration,
}

impl<N: Datagrams, S: Store> Loop<N, S> {
    /// Makes a loop that listens, and the inbox for messages from other threads.
    pub fn new(setup: Setup<N, S>) -> (Self, Arc<Inbox<S, N::Waker>>) {
        let Setup {
            net,
            store,
            sink,
            shared,
            environment,
            drained,
            machine,
            policy,
            seed,
            busy_poll,
        } = setup;
        let inbox = Arc::new(Inbox::new(net.waker()));
        let limits = ThreadLimits::new(Arc::clone(&shared), environment);
        limits.set_clients(policy.clients.clone());
        let ip = machine.address.ip().to_canonical();
        let only_address = (!ip.is_unspecified()).then_some(ip);
        let single_port = machine.mode == Mode::Single;
        let looks = Arc::clone(&inbox);
        drained.join(Box::new(move || looks.send(Message::Drained)));
        let mut made = Loop {
            now: net.now(),
            has_left_requests: false,
            net,
            server: Server::new(machine, policy.of_machine(), limits, seed),
            cache: ContentCache::new(store, Arc::clone(&inbox) as _, Arc::clone(&shared.memory)),
            connections: Connections::new(
                only_address,
                Arc::clone(&shared),
                Arc::clone(&inbox) as _,
            ),
            observer: Observer::new(sink, shared),
            inbox: Arc::clone(&inbox),
            policy,
            drained,
            single_port,
            request_budget: RequestBudget::default(),
            spin: Spin::new(busy_poll, processors()),
            storage_due: None,
            wake_due: None,
            shrink_due: None,
            messages: VecDeque::new(),
            failures: Vec::new(),
        };
        made.found_no_requests();
        made.drain();
        (made, inbox)
    }

    /// Runs until listening has stopped and the last transfer is over.
    pub(crate) fn run(mut self) {
        self.observer.refresh_interests();
        self.observer.serves(self.net.how());
        while !self.is_done() {
            self.wait();
            self.turn();
        }
        self.inbox.close();
    }

    /// Returns true when nothing is left to do.
    pub fn is_done(&self) -> bool {
        self.server.is_done()
    }

    /// Returns the number of transfers of which state is kept.
    pub fn connections(&self) -> usize {
        self.connections.len()
    }

    /// Does one turn: all pending work, in the order of its priority.
    pub fn turn(&mut self) {
        // A panic ends this thread's transfers, which may be in an inconsistent state, but not the
        // server.
        if catch_unwind(AssertUnwindSafe(|| self.do_turn())).is_err() {
            self.abandon_all();
        }
    }

    fn do_turn(&mut self) {
        // 1. Packets of transfers, and failures of packets that were sent.
        let others = self.take(Class::Transfers, BATCHES_A_TURN);
        self.take_failures();
        // 2. Results of storage, the application's answers, orders.
        self.take_messages();
        // 3. Requests, within their budget.
        self.take_requests(others);
        // 4. Deadlines.
        self.expire();
        // 5. Everything to be sent, in one flush; then storage and the application are called.
        self.flush();
        self.storage_due = self.cache.drop_slow_readers(self.now);
        self.cache.batch_ends();
        if self.cache.is_due() {
            self.give_up();
        }
        self.cache.call();
        self.end();
        self.shrink();
    }

    /// Frees chunks that downloads of silent clients hold, if all hold too much memory.
    #[cold]
    pub(crate) fn give_up(&mut self) {
        let reports_data = self.observer.wants().has(Interests::DATA);
        self.cache
            .weigh(|| self.connections.give_up(self.now, &self.server, reports_data));
    }

    /// Frees the memory of a burst of transfers, some time after it. A server that is idle then has
    /// little memory again.
    #[inline]
    fn shrink(&mut self) {
        match self.shrink_due {
            None if self.server.is_sparse() => self.shrink_due = Some(self.now + REST),
            Some(due) if due <= self.now => self.shrink_now(),
            _ => {}
        }
    }

    #[cold]
    fn shrink_now(&mut self) {
        self.shrink_due = None;
        if !self.server.is_sparse() {
            return;
        }
        self.server.shrink();
        self.connections.shrink();
        self.cache.shrink();
        self.net.shrink();
        self.messages.shrink_to_fit();
        self.inbox.shrink();
        self.observer.shrink();
        if self.server.is_sparse() {
            self.shrink_due = Some(self.now + LATER);
        }
    }

    /// Waits for work.
    pub fn wait(&mut self) {
        debug_assert!(self.cache.is_between_batches());
        let pause = self.request_budget.paused_until();
        let transfers = self.server.transfers();
        let until = Until {
            deadline: earlier(
                earlier(self.server.poll_timeout(), pause),
                earlier(self.storage_due, earlier(self.wake_due, self.shrink_due)),
            ),
            poll_listeners: pause.is_none(),
            spin: self.spin.time(transfers),
        };
        let begin = self.spin.measures(transfers).then(|| self.net.now());
        self.net.wait(until);
        self.now = self.net.now();
        if pause.is_none() && !self.has_left_requests {
            // Any requests that wait now have ended this wait.
            self.found_no_requests();
        }
        if let Some(begin) = begin {
            let is_answered = self.net.may_have(Class::Transfers);
            self.spin.waited(self.now.saturating_sub(begin), is_answered);
        }
    }

    /// Takes datagrams of a class. Returns true if there were any.
    fn take(&mut self, class: Class, batches: usize) -> bool {
        let mut any = false;
        for _ in 0..batches {
            let received = self.receive(class, BATCH);
            any |= received.count > 0;
            if !received.more {
                break;
            }
        }
        any
    }

    /// Receives and handles up to `most` datagrams of a class.
    fn receive(&mut self, class: Class, most: usize) -> Received {
        let received = self.net.receive(class, most);
        self.arrived(class, received.count);
        if class == Class::Requests {
            self.has_left_requests = received.more;
            if !received.more {
                self.found_no_requests();
            }
        }
        received
    }

    /// Notes that the listening socket was found empty. On a single port transfers' packets wait in
    /// the same socket.
    fn found_no_requests(&mut self) {
        if !self.single_port {
            self.server.set_requests_since(self.now);
        }
    }

    fn arrived(&mut self, class: Class, count: usize) {
        if count == 0 {
            return;
        }
        self.observer.refresh_interests();
        let are_requests = class == Class::Requests || self.single_port;
        for index in 0..count {
            if are_requests {
                self.net.make_room();
                self.server.admit_requests(self.observer.admits());
            }
            self.arrive(index);
        }
        self.cache.batch_ends();
        self.pass_on();
    }

    #[inline]
    fn arrive(&mut self, index: usize) {
        let datagram = self.net.arrival(index);
        let handled = self.server.handle_datagram(self.now, &datagram);
        if self.observer.logs_packets() {
            self.connections.log_packet(&datagram, &handled, &self.observer);
        }
        match handled {
            Handled::Acked(id, upto) => {
                self.connections.acked(id, upto, &self.server, &self.observer)
            }
            Handled::Received { id, bytes, last } => self.connections.received(id, bytes, last),
            Handled::Packet(_) | Handled::Repeated(_) => {}
            other => self.connections.handle_unadvanced(
                &other,
                &datagram,
                &self.server,
                &self.policy,
                &self.observer,
                self.now,
            ),
        }
        if let Handled::Ignored(why) = handled {
            self.drain();
            let datagram = self.net.arrival(index);
            if datagram.port == self.net.listening() {
                self.observer.ignored(&datagram, why);
            }
            return;
        }
        self.drain();
    }

    /// Handles send failures. Returns true if there were any.
    #[inline]
    fn take_failures(&mut self) -> bool {
        self.net.failures(&mut self.failures);
        let any = !self.failures.is_empty();
        if any {
            self.handle_failures();
        }
        any
    }

    #[cold]
    fn handle_failures(&mut self) {
        let mut failures = std::mem::take(&mut self.failures);
        for failure in failures.drain(..) {
            if failure.what == NetFailure::Passing {
                self.observer.failed_to_send(failure.peer, &failure.error);
            }
            self.server
                .handle_failure(self.now, failure.port, failure.peer, failure.what);
            self.drain();
        }
        self.failures = failures;
    }

    #[inline]
    fn take_messages(&mut self) {
        self.inbox.take(&mut self.messages);
        if !self.messages.is_empty() {
            self.handle_messages();
        }
    }

    fn handle_messages(&mut self) {
        self.observer.refresh_interests();
        while let Some(message) = self.messages.pop_front() {
            self.handle(message);
            self.drain();
        }
        self.pass_on();
        self.cache.batch_ends();
    }

    /// Takes requests within their budget. `others`: transfers have had packets in this turn.
    fn take_requests(&mut self, others: bool) {
        let turn = Turn {
            now: self.now,
            has_settled: self.server.settled() > 0,
            may_have_requests: self.net.may_have(Class::Requests),
        };
        let others = others.then_some(&self.net);
        let time = || others.map(|net| net.now().saturating_sub(turn.now));
        match self.request_budget.share(&turn, time) {
            Share::All => drop(self.take(Class::Requests, BATCHES_A_TURN)),
            Share::Piece(piece) => self.take_slice(piece, others.is_some()),
            Share::Later => self.has_left_requests = true,
            Share::Nothing => {}
        }
    }

    fn take_slice(&mut self, piece: TimeSlice, others: bool) {
        if others {
            // The packets of transfers do not wait for requests to be handled.
            self.flush();
        }
        let begin = self.net.now();
        let (until, mut most) = (begin + piece.time, piece.first.min(BATCH));
        let mut count = 0;
        let more = loop {
            let received = self.receive(Class::Requests, most);
            count += received.count;
            if !received.more {
                break false;
            }
            self.flush();
            if self.net.now() >= until {
                break true;
            }
            most = (2 * most).min(BATCH);
        };
        self.request_budget.taken(count, begin, self.net.now(), more);
    }

    /// Handles deadlines, but only after all pending packets of transfers: after a pause of the
    /// process or of the system (SIGSTOP, the freezer, suspend) the packets that came meanwhile
    /// count first.
    fn expire(&mut self) {
        for _ in 0..LOOKS {
            if self.server.poll_timeout().is_none_or(|due| due > self.now) {
                return;
            }
            self.net.wait(Until {
                deadline: Some(self.now),
                poll_listeners: self.request_budget.paused_until().is_none(),
                spin: Duration::ZERO,
            });
            self.now = self.net.now();
            let any = self.take(Class::Transfers, BATCHES_A_TURN);
            self.take_failures();
            // A message may have ended the wait.
            self.take_messages();
            if !any {
                break;
            }
            self.flush();
        }
        self.observer.refresh_interests();
        self.server.handle_timeout(self.now);
        self.drain();
    }

    /// Sends the packets that this turn has queued. A failure may produce a packet for the client,
    /// which is sent at once.
    pub(crate) fn flush(&mut self) {
        self.net.flush();
        if self.take_failures() {
            self.net.flush();
        }
    }

    /// Ends the turn after its packets are sent: the application may be woken.
    pub(crate) fn end(&mut self) {
        self.wake_due = self.observer.turn_ends(self.now).map(|after| self.now + after);
    }
}

fn earlier(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
