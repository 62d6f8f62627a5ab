//! The configuration of an engine: fixed when it starts (`Config`), or changeable at any time
//! (`Policy`).

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

/// The configuration that is fixed while an engine runs: its sockets and its threads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Config {
    /// The listening sockets, one for each I/O thread, and the ports of transfers.
    pub(crate) options: ListenOptions,
    /// The identity of the listening socket, if the application bound it.
    pub(crate) adopted: Option<SocketId>,
    /// The longest time to poll for the next packet before sleeping, while packets arrive that
    /// fast. Zero: never.
    pub(crate) busy_poll: Duration,
}

/// The settings that may change while an engine runs. A transfer keeps the policy under which it
/// began.
#[derive(Clone)]
pub struct Policy {
    /// The directory that is served; `None`: only the application's sources are served.
    pub root: Option<Arc<Jail>>,
    /// Uploads are refused.
    pub read_only: bool,
    /// An upload may replace an existing file.
    pub allow_overwrite: bool,
    /// fsync a finished upload and its directory before the last ACK.
    pub sync_uploads: bool,
    /// The maximum number of concurrent transfers.
    pub max_connections: usize,
    /// The maximum number of concurrent transfers of one client address; 0: no limit.
    pub max_per_host: usize,
    /// The limits of the options that a client may negotiate.
    pub limits: Limits,
    /// The timing of retransmissions, and the limits after which a transfer ends.
    pub timing: Timing,
    /// Converts file names on the wire to text.
    pub names: Arc<dyn NameCodec>,
    /// Selects the clients whose requests are answered; `None`: all. Others get no answer.
    pub clients: Option<Arc<dyn ClientFilter>>,
    /// Options that are ignored, as if clients had not sent them.
    pub refused_options: OptionSet,
}

impl Policy {
    /// Returns the defaults of a server object, without a directory.
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
    /// Returns the part by which the machine decides which requests are served.
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

/// Decides by address whose requests are answered. Called on I/O threads, once per request: it must
/// not block.
pub trait ClientFilter: Send + Sync {
    /// Returns true if requests from this address are answered. An IPv4 client has its IPv4 address
    /// here, also on dual-stack sockets.
    fn admits(&self, client: IpAddr) -> bool;
}
