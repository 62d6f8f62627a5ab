//! What an engine is told: once, when it starts (`Config`), and at any time (`Policy`).

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use tftp_proto::negotiate::{Limits, Rollover};
use tftp_proto::retry::Timing;
use tftp_proto::wire::OptionSet;

use super::bounds;
use super::jail::Jail;
use tftp_files::names::NameCodec;
use tftp_udp::{IoMode, MacAddr, SocketId};

/// What is fixed while an engine runs: its sockets and its threads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Where requests are awaited; port 0 lets the system choose.
    pub address: SocketAddr,
    /// One IPv6 socket takes both families (only with an unspecified IPv6 address).
    pub dual_stack: bool,
    /// The application bound that socket: which one it is.
    pub adopted: Option<SocketId>,
    /// Another server may be bound to the same port (SO_REUSEADDR and SO_REUSEPORT).
    pub share_port: bool,
    /// Number of I/O threads, which share nothing; at least 1.
    pub io_threads: usize,
    /// Answer from the listening port instead of a new one for each transfer (against RFC 1350 section 4, for NAT).
    pub single_port: bool,
    /// Where the transfer ports come from; `None`: the system chooses.
    pub transfer_ports: Option<RangeInclusive<u16>>,
    /// Each transfer gets a connected socket of its own, on a random port, as long as descriptors and ports last.
    pub port_per_transfer: bool,
    /// Each transfer gets a connected socket of its own, or is refused.
    pub use_connection: bool,
    /// The network interface or VRF that packets come and go through (SO_BINDTODEVICE; Linux).
    pub interface: Option<String>,
    /// Packets to peers of its family come from this address instead of the one that was asked (Linux).
    pub source_ip: Option<IpAddr>,
    /// IPv4 packets leave as frames from this Ethernet address (Linux, CAP_NET_RAW, no IPv6 socket).
    pub source_mac: Option<MacAddr>,
    /// SO_RCVBUF in bytes; `None` leaves the system's choice.
    pub recv_buffer: Option<usize>,
    /// SO_SNDBUF in bytes; `None` leaves the system's choice.
    pub send_buffer: Option<usize>,
    /// Set the Don't Fragment flag of outgoing packets.
    pub dont_fragment: bool,
    /// The TOS (IPv4) or traffic class (IPv6) byte of outgoing packets.
    pub traffic_class: Option<u8>,
    /// How long to look for the next packet before sleeping, at most, while packets come that fast. Zero: never.
    pub busy_poll: Duration,
    /// Which system calls move datagrams.
    pub io_mode: IoMode,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            address: SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 69),
            dual_stack: false,
            adopted: None,
            share_port: false,
            io_threads: 1,
            single_port: false,
            transfer_ports: None,
            port_per_transfer: true,
            use_connection: false,
            interface: None,
            source_ip: None,
            source_mac: None,
            recv_buffer: None,
            send_buffer: None,
            dont_fragment: false,
            traffic_class: None,
            busy_poll: Duration::ZERO,
            io_mode: IoMode::Auto,
        }
    }
}

/// What may change while an engine runs; a transfer keeps the policy under which it began.
#[derive(Clone)]
pub struct Policy {
    /// The directory that is served; `None`: only what the application supplies.
    pub root: Option<Arc<Jail>>,
    /// Uploads are refused.
    pub read_only: bool,
    /// An upload may replace an existing file.
    pub allow_overwrite: bool,
    /// fsync a finished upload and its directory before the last ACK.
    pub sync_uploads: bool,
    /// Transfers at once, in all.
    pub max_connections: usize,
    /// Transfers at once from one address; 0: no limit.
    pub max_per_host: usize,
    /// What a client may negotiate.
    pub limits: Limits,
    /// When to retransmit and when to give up.
    pub timing: Timing,
    /// Keep the address that the latest request was sent to (`Shared::latest_destination`).
    pub capture_destination: bool,
    /// How file names on the wire become text.
    pub names: Arc<dyn NameCodec>,
    /// Whose requests are answered; `None`: everybody's. Others meet silence.
    pub clients: Option<Arc<dyn ClientFilter>>,
    /// Options that are passed over, as though clients had not sent them.
    pub refused_options: OptionSet,
}

impl Policy {
    /// What a server object has by default, without a directory.
    pub fn new(names: Arc<dyn NameCodec>) -> Policy {
        Policy {
            root: None,
            read_only: false,
            allow_overwrite: true,
            sync_uploads: false,
            max_connections: bounds::MAX_CONNECTIONS_DEFAULT,
            max_per_host: 0,
            limits: Limits {
                max_blksize: bounds::MAX_BLOCK_SIZE_DEFAULT,
                max_windowsize: bounds::MAX_WINDOW_SIZE_DEFAULT,
                max_large_window: u32::MAX,
                rollover: Rollover::Zero,
            },
            timing: Timing {
                retransmit_timeout: Duration::from_secs(bounds::RETRANSMIT_TIMEOUT_DEFAULT),
                max_retransmits: bounds::MAX_RETRANSMITS_DEFAULT,
                adaptive: true,
                inactivity: Some(Duration::from_secs(bounds::TIMEOUT_DEFAULT)),
                absolute: None,
            },
            capture_destination: false,
            names,
            clients: None,
            refused_options: OptionSet::default(),
        }
    }
}

impl Policy {
    /// The part of it that decides who is served.
    pub(crate) fn of_machine(&self) -> tftp_machine::Policy {
        tftp_machine::Policy {
            read_only: self.read_only,
            max_connections: self.max_connections,
            max_per_host: self.max_per_host,
            limits: self.limits,
            timing: self.timing,
            refused_options: self.refused_options,
        }
    }
}

/// Decides by address whose requests are answered. Called on I/O threads, once a request: it must not block.
pub trait ClientFilter: Send + Sync {
    /// Whether requests from this address are answered. An IPv4 client is IPv4 here, whatever the socket.
    fn admits(&self, client: IpAddr) -> bool;
}
