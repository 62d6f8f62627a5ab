//! The network of one thread, implemented by the system's UDP sockets.

mod arrivals;
mod departures;

use std::cell::Cell;
use std::io;
use std::ops::Range;
use std::time::Duration;

use tftp_budget::descriptors;
use tftp_proto::Instant;

use super::datagrams::{
    Class, Datagram, Datagrams, Failure, Features, NoPort, OpenPlan, PortId, PortKind, Received,
    Route, Unopened, Until, Wake,
};
#[cfg(linux)]
use super::{Bundling, bundle::Bundle};
use super::{
    Bytes, FrameOptions, IoMode, LISTENING, Poller, PortOptions, Ports, SendBatch, UdpSocket,
    Waker, Wanted, clock,
};
use arrivals::Arrivals;
use departures::Departures;

/// The maximum number of descriptors that a request needs beside its socket: idle sockets leave
/// room for them.
const ROOM: usize = 4;

/// The time to wait before sending again when the system has no memory for packets.
const CONGESTION: Duration = Duration::from_millis(1);

/// The options of a thread's network.
#[derive(Clone, Debug)]
pub(crate) struct NetOptions {
    /// The options of the sockets.
    pub ports: PortOptions,
    /// True if transfers use the listening port alone.
    pub single_port: bool,
    /// Set if packets leave as Ethernet frames.
    pub frames: Option<FrameOptions>,
    /// True if packets beyond the path MTU are refused instead of fragmented.
    pub dont_fragment: bool,
}

/// [`Datagrams`] by sockets: the fastest calls that the system offers, or the portable ones
/// ([`IoMode`]).
pub struct Sockets {
    poller: Poller,
    #[cfg(linux)]
    pub(super) bundle: Bundle,
    ports: Ports,
    arrivals: Arrivals,
    departures: Departures,
    features: Features,
    single_port: bool,
    /// True if requests end a wait.
    hears: bool,
    /// The time when the clock was last read. A loop that reads it once per turn pays for it once.
    now: Cell<Instant>,
}

impl Sockets {
    /// Creates the network on a bound listening socket. Other ports are opened on demand: a caller
    /// that needs a shared one when no descriptors are left opens it at once.
    ///
    /// # Errors
    /// Those of epoll; with frames those of packet sockets.
    pub(crate) fn new(listening: UdpSocket, options: NetOptions) -> io::Result<Sockets> {
        let poller = Poller::new()?;
        let mode = options.ports.mode;
        let batch = match options.frames {
            None => SendBatch::new(mode),
            Some(frames) => SendBatch::with_frames(mode, frames)?,
        };
        let is_linux = cfg!(linux);
        // Packets to a source address that is not this host's arrive at another address, so that no
        // socket is connected.
        let takes_anybody = options.ports.sockets.foreign_source && !options.ports.always_private;
        let features = Features {
            source_address: true,
            errors_by_peer: is_linux,
            hides_probes: cfg!(unix) && !takes_anybody,
            port_range: is_linux && mode == IoMode::Auto,
        };
        Ok(Sockets {
            #[cfg(linux)]
            bundle: Bundle::new(options.ports.bundling),
            ports: Ports::new(options.ports, listening, &poller)?,
            poller,
            arrivals: Arrivals::new(mode),
            departures: Departures::new(batch, options.dont_fragment),
            features,
            single_port: options.single_port,
            hears: true,
            now: Cell::new(clock::now()),
        })
    }

    /// Returns the maximum time to sleep.
    fn patience(&self, until: &Until) -> Option<Duration> {
        let due = earlier(until.deadline, self.ports.unused_at());
        let due = earlier(due, self.departures.closing_at());
        let time = due.map(|due| due.saturating_sub(self.now.get()));
        let congested = self.departures.is_congested().then_some(CONGESTION);
        earlier(time, congested)
    }

    /// Sets whether requests end a wait.
    fn poll_listeners(&mut self, on: bool) {
        if self.hears == on || self.single_port {
            return;
        }
        self.hears = on;
        self.watch(LISTENING);
    }

    fn watch(&self, index: usize) {
        let wanted = Wanted {
            read: index != LISTENING || self.hears,
            write: self.departures.is_blocked(index),
        };
        if let Some(socket) = self.ports.get(index) {
            // A failure only costs an unnecessary wake-up.
            let _ = self.poller.want(socket, index, wanted);
        }
    }

    /// Asks the poller; returns true if a waker has called.
    fn look(&mut self, time: Option<Duration>) -> bool {
        let is_called = self.arrivals.look(&self.poller, time, self.single_port);
        if self.arrivals.are_all_known() {
            self.ports.polled();
        }
        is_called
    }

    fn receive_class(&mut self, class: Class, most: usize) -> Received {
        match class {
            Class::Transfers => self.arrivals.receive(
                #[cfg(linux)]
                &mut self.bundle,
                &self.ports,
                &self.departures,
                most,
            ),
            Class::Requests => self.arrivals.receive_requests(&self.ports, most, !self.hears),
        }
    }

    /// Polls without sleeping, no longer than `until` permits; returns true if something arrived,
    /// or a waker called. Does nothing while packets wait for room, because room ends no spin: a
    /// full device is tried again after a pause, and a full send buffer makes a socket writable.
    fn spin(&mut self, until: &Until) -> bool {
        if until.spin.is_zero() || self.departures.are_stuck() {
            return false;
        }
        let end = self.now() + until.spin;
        let end = until.deadline.map_or(end, |deadline| deadline.min(end));
        while self.now() < end {
            let is_called = self.look(Some(Duration::ZERO));
            if is_called || self.arrivals.have_news(self.hears) {
                return true;
            }
            // The thread that writes this server's files may need the same processor.
            std::thread::yield_now();
        }
        false
    }

    /// Opens a port. If that fails for a shared one, any open shared socket will do: there can be
    /// fewer of them than buckets.
    fn open_any(&mut self, plan: &OpenPlan) -> io::Result<usize> {
        let is_quiet = |index| self.arrivals.is_quiet(index);
        let opened = self.ports.open(&self.poller, plan, &is_quiet);
        match (&opened, plan.kind) {
            (Err(_), PortKind::Shared { .. }) => {
                self.ports.open_shared_sockets().next().map_or(opened, Ok)
            }
            _ => opened,
        }
    }

    /// Releases the ports whose last packets have left.
    fn close_left(&mut self) {
        while let Some(index) = self.departures.take_left(self.now.get()) {
            self.watch(index);
            self.release(index);
        }
        self.close_idle();
    }

    /// Closes the socket or makes it idle. Pending errors of the port's packets are dropped.
    fn release(&mut self, index: usize) {
        self.arrivals.forget_errors(index);
        self.ports.release(&self.poller, index, self.now.get());
    }

    /// Closes idle sockets while descriptors are short.
    fn close_idle(&mut self) {
        while descriptors::has_fewer_than(ROOM) && self.ports.close_idle(&self.poller) {}
    }
}

impl Datagrams for Sockets {
    type Waker = Waker;

    fn now(&self) -> Instant {
        self.now.set(clock::now());
        self.now.get()
    }

    fn waker(&self) -> Waker {
        self.poller.waker()
    }

    fn features(&self) -> Features {
        self.features
    }

    #[cfg(linux)]
    fn how(&self) -> Option<&'static str> {
        Some(match self.bundle.bundling() {
            Bundling::Uring => "together by io_uring",
            Bundling::Aio => "together by Linux AIO",
            Bundling::Auto | Bundling::None => "one by one",
        })
    }

    fn listening(&self) -> PortId {
        self.ports.id(LISTENING)
    }

    fn wait(&mut self, until: Until) {
        self.poll_listeners(until.poll_listeners);
        let is_left = self.arrivals.is_left();
        if is_left || !self.spin(&until) {
            let time = if is_left {
                Some(Duration::ZERO)
            } else {
                self.patience(&until)
            };
            self.look(time);
        }
        let now = self.now.get();
        if self.ports.unused_at().is_some_and(|at| at <= now) {
            self.ports.close_unused(&self.poller, now);
        }
    }

    fn receive(&mut self, class: Class, most: usize) -> Received {
        let received = self.receive_class(class, most);
        let may_be_requests = class == Class::Requests || self.single_port;
        if may_be_requests && received.count > 0 {
            descriptors::read_limit();
        }
        received
    }

    fn may_have(&self, class: Class) -> bool {
        match class {
            Class::Transfers => self.arrivals.is_left(),
            Class::Requests => self.arrivals.have_requests() || !self.hears,
        }
    }

    fn arrival(&self, index: usize) -> Datagram<'_> {
        self.arrivals.get(index)
    }

    #[inline]
    fn failures(&mut self, each: &mut Vec<Failure>) {
        if !self.arrivals.have_failed() && !self.departures.have_failed() {
            return;
        }
        self.arrivals.take_errors(&self.ports, &mut self.departures);
        self.departures.take_failures(&self.ports, each);
    }

    fn open(&mut self, plan: &OpenPlan) -> Result<PortId, Unopened> {
        let mut opened = self.open_any(plan);
        if opened.is_err() && self.departures.are_closing() {
            // Ports that were closed since the last flush are still open for their last packets.
            self.flush();
            opened = self.open_any(plan);
        }
        opened
            .map(|index| self.ports.id(index))
            .map_err(|error| Unopened {
                why: why(&error),
                error,
            })
    }

    fn settle(&mut self, port: PortId) {
        if let Some(index) = self.ports.place(port) {
            self.ports.settle(index);
        }
    }

    fn make_room(&mut self) {
        if self.departures.are_closing() && descriptors::has_fewer_than(ROOM) {
            self.flush();
        }
        self.close_idle();
    }

    fn close(&mut self, port: PortId) {
        match self.ports.place(port) {
            Some(LISTENING) => {
                self.ports.close_listening(&self.poller);
                self.arrivals.forget_requests();
            }
            Some(index) if self.ports.is_own(index) => {
                if self.departures.batch.holds(index) {
                    self.departures.close(index, self.now.get());
                } else {
                    self.release(index);
                    self.close_idle();
                }
            }
            _ => {}
        }
    }

    fn control(&mut self, to: &Route, bytes: &[u8]) {
        let route = self.route(to);
        self.departures.batch.push_small(route, bytes);
    }

    fn begin(&mut self, to: &Route, segment: usize) {
        let route = self.route(to);
        self.departures.batch.begin_data(route, segment);
    }

    fn begin_one(&mut self, to: &Route, segment: usize) {
        let route = self.route(to);
        self.departures.batch.begin_one(route, segment);
    }

    #[inline]
    fn block(&mut self, header: [u8; 4]) {
        self.departures.batch.block(header);
    }

    #[inline]
    fn slice(&mut self, bytes: &Bytes, range: Range<usize>) {
        self.departures.batch.slice(bytes, range);
    }

    #[inline]
    fn packet(&mut self, bytes: &Bytes, range: Range<usize>) {
        self.departures.batch.packet(bytes, range);
    }

    fn end(&mut self) {
        self.departures.batch.end_data();
    }

    fn flush(&mut self) {
        let changed = self.departures.flush(
            #[cfg(linux)]
            &mut self.bundle,
            &self.ports,
        );
        if let Some(changed) = changed {
            changed.into_iter().for_each(|index| self.watch(index));
        }
        if self.departures.are_closing() {
            self.close_left();
        }
    }

    fn shrink(&mut self) {
        self.ports.shrink();
        self.departures.batch.shrink();
    }
}

impl Sockets {
    fn route(&self, to: &Route) -> super::Route {
        // Packets that are queued for a closed port are dropped at the flush.
        let (socket, connected) = self.ports.send_socket(to.port).unwrap_or((usize::MAX, false));
        super::Route {
            socket,
            peer: to.peer,
            source: to.source.filter(|_| !connected),
            connected,
        }
    }
}

impl Wake for Waker {
    fn wake(&self) {
        Waker::wake(self);
    }
}

fn earlier<T: Ord>(one: Option<T>, other: Option<T>) -> Option<T> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

fn why(error: &io::Error) -> NoPort {
    match error.kind() {
        io::ErrorKind::AddrInUse => NoPort::InUse,
        io::ErrorKind::QuotaExceeded => NoPort::Descriptors,
        _ if is_out_of_descriptors(error) => NoPort::Descriptors,
        _ => NoPort::Other,
    }
}

#[cfg(unix)]
fn is_out_of_descriptors(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE))
}

#[cfg(not(unix))]
fn is_out_of_descriptors(_: &io::Error) -> bool {
    false
}
