//! What is seen of a server from outside, in order: what reaches it, what it sends, what it tells.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use super::net::Kind;

/// A transfer, as the world numbers them: never twice the same.
pub type Id = u64;

/// A datagram that the server has taken from a socket.
#[derive(Clone, Debug)]
pub struct Received {
    pub at: u64,
    pub from: SocketAddr,
    pub port: u16,
    pub kind: Kind,
    pub opcode: u8,
    /// The whole datagram, where it is a request.
    pub request: Option<Arc<[u8]>>,
    /// How long it waited in the socket while the process could run.
    pub waited: u64,
    /// It came to the port of one transfer whose client has acknowledged something.
    pub is_settled: bool,
}

/// A datagram that the server hands to the network.
#[derive(Clone, Debug)]
pub struct Sent {
    pub port: u16,
    pub to: SocketAddr,
    pub bytes: Vec<u8>,
}

/// How a transfer ended, in the words of the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    Complete,
    /// Only the last ACK is missing.
    Probably,
    Probe,
    ClientError,
    Unreachable,
    TimedOut,
    /// By the disk, the application, the operator.
    Failed,
    /// For another one of the same client.
    Replaced,
}

/// What the server tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Asked {
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

/// One thing that is seen.
#[derive(Clone, Debug)]
pub enum Told {
    Received(Received),
    Sent(Sent),
    Event(Event),
}

/// All of it, in order; network, storage and server write to one.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Vec<Told>>>);

impl Log {
    pub fn tell(&self, told: Told) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(told);
    }

    /// What has come since the last call.
    pub fn take(&self) -> Vec<Told> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
