//! The interface between a server's loop and the network.
//!
//! A loop thread owns one value of this trait: it waits, receives, queues packets, and flushes. The
//! implementation hides the differences between systems: readiness, descriptors, error numbers,
//! calls that would block, the memory of batches, segmentation, and sockets that are reused for one
//! port after another. A [`PortId`] names a port and is not reused after the port was closed.
//!
//! In a turn of the loop: [`Datagrams::wait`], then [`Datagrams::receive`] for transfers,
//! [`Datagrams::failures`], then `receive` for requests, and [`Datagrams::flush`] at the end,
//! followed by `failures` once more.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::ops::Range;
use std::time::Duration;

pub use tftp_machine::{
    Datagram, NetFailure, NoPort, OpenPlan, PortId, PortKind, Reception, Route,
};
use tftp_proto::Instant;

use super::Bytes;

/// A network that a server's loop receives from and sends to.
pub trait Datagrams {
    /// The handle with which other threads end a wait.
    type Waker: Wake;

    /// Returns the time. It belongs to the network because a simulation's clock advances while it
    /// waits.
    fn now(&self) -> Instant;

    /// Returns a handle that ends [`Datagrams::wait`] from another thread.
    fn waker(&self) -> Self::Waker;

    /// Returns the optional features of this network.
    fn features(&self) -> Features;

    /// Describes for the log how the packets of many private ports are moved; `None` where there is
    /// no choice.
    fn how(&self) -> Option<&'static str> {
        None
    }

    /// Returns the port that receives requests. Its id stays the same, also after
    /// [`Datagrams::close`].
    fn listening(&self) -> PortId;

    /// Waits until datagrams or failures are there, the deadline has passed, or a waker calls. May
    /// return early without a reason; returns at once if the last `receive` left something.
    fn wait(&mut self, until: Until);

    /// Receives datagrams of a class and drops those of the last call. Receives about `most` of
    /// them: a few more where the system delivers several in one piece. Ports are served in turn:
    /// one that was served comes last the next time. Never fails: errors that a port reports about
    /// earlier packets come by [`Datagrams::failures`].
    fn receive(&mut self, class: Class, most: usize) -> Received;

    /// Returns false if a `receive` of this class is known to return nothing.
    fn may_have(&self, class: Class) -> bool {
        let _ = class;
        true
    }

    /// Returns one of the datagrams of the last `receive`.
    ///
    /// # Panics
    /// If `index` is not below its count.
    fn arrival(&self, index: usize) -> Datagram<'_>;

    /// Adds to `each` the failures found since the last call. Leaves out a failure that came before
    /// a datagram of the same port which has not been received yet, and failures of closed ports.
    fn failures(&mut self, each: &mut Vec<Failure>);

    /// Opens a port for a transfer, ready for use. A private one receives datagrams of its peer
    /// only, as far as the network can distinguish them ([`Features::hides_probes`]), and gets
    /// another number each time.
    ///
    /// # Errors
    /// No ports or descriptors are left, or another error of the system.
    fn open(&mut self, plan: &OpenPlan) -> Result<PortId, Unopened>;

    /// Marks a private port as settled, because its peer has acknowledged something: this counts in
    /// the budget of descriptors.
    fn settle(&mut self, port: PortId);

    /// Releases descriptors that can be opened again, such as ports kept for later, when
    /// descriptors run short.
    fn make_room(&mut self) {}

    /// Closes a port: nothing is received from it any more. It closes at once if no packet sent
    /// from it is still queued, else when those have left, or could not leave for a second. When
    /// [`Datagrams::open`] or [`Datagrams::make_room`] need the room, packets of closed ports leave
    /// before the flush. A shared port stays open for others; the listening port closes at once and
    /// drops its queued packets.
    fn close(&mut self, port: PortId);

    /// Queues a copy of one packet: ACK, OACK, ERROR.
    fn control(&mut self, to: &Route, bytes: &[u8]);

    /// Begins DATA packets to one peer of `segment` bytes each, headers included; only the last may
    /// be shorter. Each is a [`Datagrams::block`] with its [`Datagrams::slice`]s, or a
    /// [`Datagrams::packet`]; [`Datagrams::end`] ends them.
    fn begin(&mut self, to: &Route, segment: usize);

    /// As [`Datagrams::begin`], for a single packet.
    fn begin_one(&mut self, to: &Route, segment: usize) {
        self.begin(to, segment);
    }

    /// Begins the next packet with its header.
    fn block(&mut self, header: [u8; 4]);

    /// Adds data to the packet, by reference where a copy would cost more.
    ///
    /// # Panics
    /// If the range is not within the bytes.
    fn slice(&mut self, bytes: &Bytes, range: Range<usize>);

    /// Adds a whole packet, header and data in one piece, by reference.
    ///
    /// # Panics
    /// If the range is not within the bytes, or has no room for a header.
    fn packet(&mut self, bytes: &Bytes, range: Range<usize>) {
        let data = range.start + 4;
        let mut header = [0; 4];
        header.copy_from_slice(&bytes[range.start..data]);
        self.block(header);
        self.slice(bytes, data..range.end);
    }

    /// Ends the DATA packets begun. Without it they are dropped, because a client takes a shortened
    /// block for the end of the file.
    fn end(&mut self);

    /// Sends the queued packets, in order for each port. Packets that cannot leave yet stay queued
    /// and leave later, at the next flush or before; [`Datagrams::wait`] returns when they can.
    fn flush(&mut self);

    /// Frees memory that was needed for more ports and packets than there are now.
    fn shrink(&mut self) {}
}

/// Ends a wait of another thread: the current one, or the next.
pub trait Wake: Clone + Send + Sync + 'static {
    /// Wakes the thread, which then sees all earlier writes of the caller.
    fn wake(&self);
}

/// The optional features of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Features {
    /// Arrivals carry the address they were sent to, and packets leave from [`Route::source`].
    pub source_address: bool,
    /// Failures name the peer whose packet failed.
    pub errors_by_peer: bool,
    /// A private port answers packets of strangers like a closed port.
    pub hides_probes: bool,
    /// The system itself chooses ports of a range. Elsewhere [`OpenPlan::draw`] does.
    pub port_range: bool,
}

/// The deadline and the events that end a wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Until {
    /// The time at which to return; `None`: never.
    pub deadline: Option<Instant>,
    /// True if requests end the wait.
    pub poll_listeners: bool,
    /// The time to poll before the thread sleeps.
    pub spin: Duration,
}

/// The class of datagrams, by the port they are sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// To the ports of transfers; also to the listening port, where transfers have no other.
    Transfers,
    /// To the listening port, where transfers have ports of their own.
    Requests,
}

/// The result of a `receive`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Received {
    /// The number of datagrams, for [`Datagrams::arrival`].
    pub count: usize,
    /// There may be more of the class.
    pub more: bool,
}

/// The reason why no port was opened.
#[derive(Debug)]
pub struct Unopened {
    /// The reason, as far as the caller's reaction depends on it.
    pub why: NoPort,
    /// The system's error, for messages.
    pub error: io::Error,
}

/// A packet that could not be delivered.
#[derive(Debug)]
pub struct Failure {
    /// The port it left from.
    pub port: PortId,
    /// The destination, if it is known.
    pub peer: Option<SocketAddr>,
    /// The reason, as far as the caller's reaction depends on it.
    pub what: NetFailure,
    /// The system's error, for messages.
    pub error: io::Error,
}

impl fmt::Display for Unopened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for Unopened {}
