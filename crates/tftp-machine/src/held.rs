//! Held requests.

use alloc::vec::Vec;
use core::net::SocketAddr;

use tftp_proto::Instant;

use crate::id::PortId;
use crate::net::{Datagram, LocalAddr};

/// A request that waits until it is clear whether its client's former transfer goes on.
#[derive(Debug)]
pub struct HeldRequest {
    port: PortId,
    peer: SocketAddr,
    local: Option<LocalAddr>,
    bytes: Vec<u8>,
    /// Since when its client may answer the former transfer instead, and until when.
    span: Option<(Instant, Instant)>,
}

impl HeldRequest {
    pub(crate) fn of(datagram: &Datagram<'_>) -> HeldRequest {
        HeldRequest {
            port: datagram.port,
            peer: datagram.peer,
            local: datagram.local,
            bytes: datagram.bytes.to_vec(),
            span: None,
        }
    }

    /// Makes the request wait until `until` for an answer of its client, instead of for the end of
    /// a doubt.
    pub(crate) fn held(self, since: Instant, until: Instant) -> HeldRequest {
        let span = Some((since, until));
        HeldRequest { span, ..self }
    }

    pub(crate) fn since(&self) -> Option<Instant> {
        self.span.map(|(since, _)| since)
    }

    pub(crate) fn until(&self) -> Option<Instant> {
        self.span.map(|(_, until)| until)
    }

    /// Returns the request as a datagram that has just arrived.
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
