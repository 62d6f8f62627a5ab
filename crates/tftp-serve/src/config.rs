//! What an engine is told: once, when it starts (`Config`), and at any time (`Policy`).

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tftp_proto::negotiate::{Limits, Rollover};
use tftp_proto::retry::Timing;
use tftp_proto::wire::OptionSet;

use super::bounds;
use super::jail::Jail;
use tftp_files::names::NameCodec;
use tftp_udp::{ListenOptions, SocketId};

/// What is fixed while an engine runs: its sockets and its threads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Config {
    /// The listening sockets, one for each I/O thread, and the ports of transfers.
    pub(crate) options: ListenOptions,
    /// The application bound that socket: which one it is.
    pub(crate) adopted: Option<SocketId>,
    /// How long to look for the next packet before sleeping, at most, while packets come that fast. Zero: never.
    pub(crate) busy_poll: Duration,
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
