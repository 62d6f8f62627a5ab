//! What a server is told: once, when it begins (`Config`), and at any time (`Policy`).

use core::net::{IpAddr, SocketAddr};
use core::ops::RangeInclusive;

use tftp_proto::wire::OptionSet;
use tftp_proto::{Limits, Timing};

use crate::id::PortId;
use crate::port_plan::Mode;

/// What is fixed while a server runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Where requests are awaited.
    pub listening: PortId,
    /// The address of that port.
    pub address: SocketAddr,
    /// Packets to peers of its family leave from this address instead of the one that was asked.
    pub source: Option<IpAddr>,
    /// Which ports transfers get.
    pub mode: Mode,
    /// The numbers that ports are drawn from; `None`: any.
    pub transfer_ports: Option<RangeInclusive<u16>>,
    /// The I/O threads that await requests at this address; at least 1. Bounds are divided by them.
    pub threads: usize,
    /// A private port takes datagrams of its peer only. Elsewhere a stranger's is answered, as on a shared port.
    pub hides_probes: bool,
    /// A packet that is too long for its way never gets there: it is not sent in pieces.
    pub dont_fragment: bool,
}

/// What may change while a server runs. A transfer keeps limits and timing as they were when it began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Uploads are refused.
    pub read_only: bool,
    /// Transfers at once, in all.
    pub max_connections: usize,
    /// Transfers at once from one address; 0: no limit.
    pub max_per_host: usize,
    /// What a client may negotiate.
    pub limits: Limits,
    /// When to send again and when to give up.
    pub timing: Timing,
    /// Options that are passed over, as though clients had not sent them.
    pub refused_options: OptionSet,
}
