//! Requests that wait.

use alloc::vec::Vec;
use core::net::SocketAddr;

use crate::id::PortId;
use crate::net::{Datagram, LocalAddr};

/// A request that waits until a doubt about its client's former transfer is over.
#[derive(Debug)]
pub struct HeldRequest {
    port: PortId,
    peer: SocketAddr,
    local: Option<LocalAddr>,
    bytes: Vec<u8>,
}

impl HeldRequest {
    pub(crate) fn of(datagram: &Datagram<'_>) -> HeldRequest {
        HeldRequest {
            port: datagram.port,
            peer: datagram.peer,
            local: datagram.local,
            bytes: datagram.bytes.to_vec(),
        }
    }

    /// The datagram, as if it came now.
    pub fn datagram(&self) -> Datagram<'_> {
        Datagram {
            port: self.port,
            peer: self.peer,
            local: self.local,
            broadcast: false,
            bytes: &self.bytes,
        }
    }
}
