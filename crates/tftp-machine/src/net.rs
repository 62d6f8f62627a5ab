//! Datagrams, ports and routes: the types exchanged between the machine and the network.

use core::net::{IpAddr, SocketAddr, SocketAddrV6};

use crate::id::PortId;
pub use crate::port_plan::Reception;

/// One datagram as it arrived.
#[derive(Clone, Copy, Debug)]
pub struct Datagram<'a> {
    /// The port it arrived at.
    pub port: PortId,
    /// The sender; IPv4-mapped if a dual-stack port reports it so.
    pub peer: SocketAddr,
    /// The address it was sent to, if the system reports it.
    pub local: Option<LocalAddr>,
    /// True if it was sent to a broadcast or multicast address.
    pub broadcast: bool,
    /// Its bytes.
    pub bytes: &'a [u8],
}

/// The local address of a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LocalAddr {
    /// The address as the socket reports it: an IPv4 address on a dual-stack socket is IPv4-mapped.
    pub ip: IpAddr,
    /// The system's index of the interface that the datagram arrived on; 0: unknown.
    pub interface: u32,
}

impl LocalAddr {
    /// Returns the address to bind a socket to that is to have this address, with a port of the
    /// system's choice.
    pub fn to_bind(self) -> SocketAddr {
        match self.ip {
            IpAddr::V6(ip) if ip.is_unicast_link_local() => {
                SocketAddrV6::new(ip, 0, 0, self.interface).into()
            }
            ip => SocketAddr::new(ip, 0),
        }
    }
}

/// The route of an outgoing datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// The port it leaves from.
    pub port: PortId,
    /// The destination; the only peer of a private port.
    pub peer: SocketAddr,
    /// The address to send from, if it is to be set for each datagram.
    pub source: Option<LocalAddr>,
}

/// The parameters of a new port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenPlan {
    /// Whether other transfers use it too.
    pub kind: PortKind,
    /// The client.
    pub peer: SocketAddr,
    /// The address that the client sent its request to, if it is known.
    pub local: Option<LocalAddr>,
    /// The receive parameters, if the port is private.
    pub reception: Reception,
    /// A random number, from which a port is drawn if the system draws none.
    pub draw: u64,
}

/// The kinds of ports of transfers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PortKind {
    /// For one transfer alone.
    Private,
    /// For all transfers of this bucket; opened for the first of them, and never closed.
    Shared {
        /// The index of the bucket.
        bucket: u8,
    },
}

/// The reason why a port could not be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoPort {
    /// The limit of descriptors is reached.
    Descriptors,
    /// Every port number is taken.
    InUse,
    /// Anything else.
    Other,
}

/// The failure of a packet that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetFailure {
    /// The peer's port is closed, as an ICMP message reports.
    Gone,
    /// The packet is longer than its path takes, and so is every packet of this size.
    TooLong,
    /// The packet was longer than its path takes; it will be fragmented if it is sent again.
    Shrunk,
    /// The failure may be temporary.
    Passing,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_local_address_is_bound_on_its_interface_and_others_on_none() {
        let bound = |ip: &str| {
            let interface = 3;
            let local = LocalAddr {
                ip: ip.parse().unwrap(),
                interface,
            };
            local.to_bind()
        };
        assert_eq!(
            bound("fe80::1"),
            SocketAddrV6::new("fe80::1".parse().unwrap(), 0, 0, 3).into()
        );
        assert_eq!(bound("2001:db8::1"), "[2001:db8::1]:0".parse().unwrap());
        assert_eq!(bound("192.0.2.1"), "192.0.2.1:0".parse().unwrap());
    }
}
