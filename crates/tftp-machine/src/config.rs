//! The settings of a server: those fixed when it begins (`Config`), and those that may change at
//! any time (`Policy`).

use core::net::{IpAddr, SocketAddr};
use core::ops::RangeInclusive;

use tftp_proto::wire::OptionSet;
use tftp_proto::{Limits, Timing};

use crate::id::PortId;
use crate::port_plan::Mode;

/// The settings that are fixed while a server runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The listening port.
    pub listening: PortId,
    /// The address of that port.
    pub address: SocketAddr,
    /// The source address of packets to peers of its family, instead of the address that the
    /// request was sent to.
    pub source: Option<IpAddr>,
    /// The kind of ports that transfers get.
    pub mode: Mode,
    /// The numbers that ports are drawn from; `None`: any.
    pub transfer_ports: Option<RangeInclusive<u16>>,
    /// The number of I/O threads that listen at this address; at least 1. Bounds are divided by it.
    pub threads: usize,
    /// True if a private port receives datagrams of its peer only. Otherwise a stranger's datagram
    /// is answered, as on a shared port.
    pub hides_probes: bool,
    /// True if packets are not fragmented: one that is too long for its path never arrives.
    pub dont_fragment: bool,
}

/// The settings that may change while a server runs. A transfer keeps limits and timing as they
/// were when it began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// True if uploads are refused.
    pub read_only: bool,
    /// The most transfers at a time, in all.
    pub max_connections: usize,
    /// The most transfers at a time from one address; 0: no limit.
    pub max_per_host: usize,
    /// The limits on values that a client may negotiate.
    pub limits: Limits,
    /// When to retransmit and when to give up.
    pub timing: Timing,
    /// Options that are ignored, as though clients had not sent them.
    pub refused_options: OptionSet,
}
