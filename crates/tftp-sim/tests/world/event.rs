//! The observable behaviour of a server, in order: datagrams that it receives and sends, and events
//! that it reports.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use super::net::Kind;

/// The number of a transfer in the world, never used twice.
pub type Id = u64;

/// A datagram that the server has taken from a socket.
#[derive(Clone, Debug)]
pub struct Received {
    pub at: u64,
    pub from: SocketAddr,
    pub port: u16,
    pub kind: Kind,
    pub opcode: u8,
    /// The whole datagram, if it is a request.
    pub request: Option<Arc<[u8]>>,
    /// The time that it waited in the socket while the process could run, without what packets of
    /// settled transfers took and the quarter that requests may have besides.
    pub waited: u64,
    /// True if it arrived at the port of a transfer whose client has acknowledged something.
    pub is_settled: bool,
}

/// A datagram that the server passes to the network.
#[derive(Clone, Debug)]
pub struct Sent {
    pub port: u16,
    pub to: SocketAddr,
    pub bytes: Vec<u8>,
}

/// The end of a transfer, as the world classifies it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    Complete,
    /// Only the last ACK is missing.
    Probably,
    Probe,
    ClientError,
    Unreachable,
    TimedOut,
    /// Ended by the disk, the application or the operator.
    Failed,
    /// Replaced by another transfer of the same client.
    Replaced,
}

/// An event that the server reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Requested {
        id: Id,
        peer: SocketAddr,
        upload: bool,
        name: Vec<u8>,
    },
    Begun {
        id: Id,
    },
    Over {
        id: Id,
        how: How,
    },
    Refused {
        peer: SocketAddr,
    },
    /// The server requests bytes of a download that the application feeds.
    Wanted {
        id: Id,
        offset: u64,
        length: u64,
    },
}

/// One observation.
#[derive(Clone, Debug)]
pub enum Observation {
    Received(Received),
    Sent(Sent),
    Event(Event),
}

/// All observations in order. Network, storage and server write to the same log.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Vec<Observation>>>);

impl Log {
    pub fn record(&self, observation: Observation) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(observation);
    }

    /// Takes the observations since the last call.
    pub fn take(&self) -> Vec<Observation> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
