//! Datagrams and the ports they come to: what passes between the machine and the network.

use core::net::{IpAddr, SocketAddr, SocketAddrV6};

use crate::id::PortId;
pub use crate::port_plan::Reception;

/// One datagram as it arrived.
#[derive(Clone, Copy, Debug)]
pub struct Datagram<'a> {
    /// The port it came to.
    pub port: PortId,
    /// Who sent it; IPv4-mapped where a dual-stack port has it so.
    pub peer: SocketAddr,
    /// The address it was sent to, where the system tells it.
    pub local: Option<LocalAddr>,
    /// It was sent to a broadcast or multicast address.
    pub broadcast: bool,
    /// Its bytes.
    pub bytes: &'a [u8],
}

/// The address at this end of a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LocalAddr {
    /// As the socket has it: an IPv4 address on a dual-stack socket is IPv4-mapped.
    pub ip: IpAddr,
    /// The system's index of the interface the datagram came in by; 0: unknown.
    pub interface: u32,
}

impl LocalAddr {
    /// What to bind a socket to that is to have this address, with a port of the system's choice.
    pub fn to_bind(self) -> SocketAddr {
        match self.ip {
            IpAddr::V6(ip) if ip.is_unicast_link_local() => {
                SocketAddrV6::new(ip, 0, 0, self.interface).into()
            }
            ip => SocketAddr::new(ip, 0),
        }
    }
}

/// The way a datagram goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// The port it leaves from.
    pub port: PortId,
    /// To whom; the one peer of a private port.
    pub peer: SocketAddr,
    /// The address to send from, where the network can choose it.
    pub source: Option<LocalAddr>,
}

/// What a new port is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenPlan {
    /// Whether others use it too.
    pub kind: PortKind,
    /// The client.
    pub peer: SocketAddr,
    /// The address that the client asked, where it is known.
    pub local: Option<LocalAddr>,
    /// How much may wait at the port, if it is a private one.
    pub reception: Reception,
    /// A random number, from which a port is drawn where the system draws none.
    pub draw: u64,
}

/// Kinds of ports of transfers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PortKind {
    /// Of one transfer alone.
    Private,
    /// Of all transfers of this bucket; opened by the first of them, and never closed.
    Shared {
        /// Which one.
        bucket: u8,
    },
}

/// Why there is no port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoPort {
    /// As many are open as may be.
    Descriptors,
    /// Every port number is taken.
    InUse,
    /// Anything else.
    Other,
}

/// What became of a packet that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetFailure {
    /// The peer's port is closed, as somebody on the way says.
    Gone,
    /// The packet is longer than its way takes, and so will be each like it.
    TooLong,
    /// The packet was longer than its way takes; it will go in pieces if it is sent again.
    Shrunk,
    /// It may pass by itself.
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
