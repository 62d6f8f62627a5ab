//! The one way in which a server's loop meets the network.
//!
//! A loop thread owns one value of this trait: it waits, takes what arrived, hands over what is to leave, and flushes.
//! What differs between systems stays inside: which socket is ready, descriptors, numbers of errors, calls that would
//! block, memory of batches, segmentation, and sockets that are used for one port after the other. A port is named by a
//! [`PortId`]; one that was closed is never named again.
//!
//! In a turn of the loop: [`Datagrams::wait`], then [`Datagrams::receive`] for transfers, [`Datagrams::failures`], then
//! `receive` for requests, and [`Datagrams::flush`] at the end, after which failures are asked for again.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::ops::Range;
use std::time::Duration;

pub use tftp_machine::{Datagram, NetFailure, NoPort, OpenPlan, PortId, PortKind, Reception, Route};
use tftp_proto::Instant;

use super::Bytes;

/// Where datagrams come from and go to.
pub trait Datagrams {
    /// What other threads end a wait with.
    type Waker: Wake;

    /// The time. Waiting and the clock are one thing: a simulation's clock moves while it waits.
    fn now(&self) -> Instant;

    /// Ends [`Datagrams::wait`] from another thread.
    fn waker(&self) -> Self::Waker;

    /// What this network can do.
    fn features(&self) -> Features;

    /// How the packets of many private ports are moved, in a few words for the log; `None` where there is no choice.
    fn how(&self) -> Option<&'static str> {
        None
    }

    /// The port where requests are awaited. Its id stays the same, also after [`Datagrams::close`].
    fn listening(&self) -> PortId;

    /// Waits until datagrams or failures are there, the time is over, or a waker calls. May return earlier for no
    /// reason; returns at once where the last `receive` left something.
    fn wait(&mut self, until: Until);

    /// Takes datagrams of a class that have arrived and forgets those before. About `most` of them: a few more where the
    /// system delivers several in one piece. No port is preferred: one that had its turn comes last the next time. Never
    /// an error: what a port tells of earlier packets comes by [`Datagrams::failures`].
    fn receive(&mut self, class: Class, most: usize) -> Received;

    /// False where a `receive` of this class is known to bring nothing.
    fn may_bring(&self, class: Class) -> bool {
        let _ = class;
        true
    }

    /// One of the datagrams of the last `receive`.
    ///
    /// # Panics
    /// If `index` is not below its count.
    fn arrival(&self, index: usize) -> Datagram<'_>;

    /// Adds to `each` the failures that were found since the last call: never one that came before a datagram of the same
    /// port which has not been received yet, and none of a port that was closed.
    fn failures(&mut self, each: &mut Vec<Failure>);

    /// A port for a transfer, open at once. A private one takes datagrams of its peer only, as far as the network can
    /// tell ([`Features::hides_probes`]), and has another number each time.
    ///
    /// # Errors
    /// Where ports or descriptors are used up; what else the system says.
    fn open(&mut self, plan: &OpenPlan) -> Result<PortId, Unopened>;

    /// The peer of a private port has acknowledged something: the port counts as settled in the budget of descriptors.
    fn settle(&mut self, port: PortId);

    /// Gives up what can be had again, such as ports kept for later, where descriptors run short.
    fn make_room(&mut self) {}

    /// Closes a port: nothing arrives from it any more. It goes at once where nothing of what was sent from it waits, else
    /// when that has left, or could not leave for a second. Where [`Datagrams::open`] or [`Datagrams::make_room`] need the
    /// room, packets of closed ports leave before the flush. A shared port stays open for others; the listening port goes
    /// at once with what waits.
    fn close(&mut self, port: PortId);

    /// Sends one packet, copied: ACK, OACK, ERROR.
    fn control(&mut self, to: &Route, bytes: &[u8]);

    /// Begins DATA packets to one peer, `segment` bytes each with their headers; only the last may have fewer. Each is a
    /// [`Datagrams::block`] with its [`Datagrams::slice`]s, or a [`Datagrams::packet`]; [`Datagrams::end`] ends them.
    fn begin(&mut self, to: &Route, segment: usize);

    /// Begins the next packet with its header.
    fn block(&mut self, header: [u8; 4]);

    /// Adds data to the packet, by reference where a copy costs more.
    ///
    /// # Panics
    /// If the range is not within the bytes.
    fn slice(&mut self, bytes: &Bytes, range: Range<usize>);

    /// Adds a whole packet, header and data in one piece: by reference.
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

    /// Ends the DATA packets begun. Without it they are dropped: half a block would end the file for its client.
    fn end(&mut self);

    /// Sends what was handed over, in order for each port. What cannot leave yet stays inside and leaves later, at the
    /// next flush or before; [`Datagrams::wait`] ends for it.
    fn flush(&mut self);
}

/// Ends a wait of another thread: the one under way, or the next.
pub trait Wake: Clone + Send + Sync + 'static {
    /// What was written before is seen by the waiting thread afterwards.
    fn wake(&self);
}

/// What a network can do, and others may lack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Features {
    /// Arrivals tell the address they were sent to, and packets leave from the one that is asked for.
    pub source_address: bool,
    /// Failures name the peer whose packet failed.
    pub errors_by_peer: bool,
    /// A private port answers packets of strangers like a closed one.
    pub hides_probes: bool,
    /// The system itself draws ports from a range. Elsewhere [`OpenPlan::draw`] decides.
    pub port_range: bool,
}

/// How long to wait, and for what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Until {
    /// The time at which to return; `None`: never.
    pub deadline: Option<Instant>,
    /// Whether requests end the wait.
    pub hear: bool,
    /// Look for so long before the thread sleeps.
    pub spin: Duration,
}

/// Whom datagrams are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// To the ports of transfers; also to the listening port, where transfers have no other.
    Transfers,
    /// To the listening port, where transfers have ports of their own.
    Requests,
}

/// What a `receive` brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Received {
    /// Datagrams, named by [`Datagrams::arrival`].
    pub count: usize,
    /// There may be more of the class.
    pub more: bool,
}

/// Why there is no port.
#[derive(Debug)]
pub struct Unopened {
    /// What to do about it.
    pub why: NoPort,
    /// What the system says, for people.
    pub error: io::Error,
}

/// What became of a packet that was sent.
#[derive(Debug)]
pub struct Failure {
    /// The port it left from.
    pub port: PortId,
    /// To whom, where that is known.
    pub peer: Option<SocketAddr>,
    /// What follows from it.
    pub what: NetFailure,
    /// What the system says, for people.
    pub error: io::Error,
}

impl fmt::Display for Unopened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for Unopened {}
