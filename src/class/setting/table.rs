//! Made from api/settings.toml by `make bless`; not to be edited.

use super::{Role, Setting};
use crate::class::errors;
use crate::class::property::Access;
use crate::class::value::Kind;

/// The settings that have an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// The block number after 65535, unless the client negotiates the option rollover.
    DefaultRollOverNumber,
    /// Records the destination address of requests for DestinationAddress.
    CaptureIpPacketInfo,
    /// Sets the Don't Fragment flag of outgoing packets.
    DontFragment,
    /// Bytes of the largest datagram. Limits blksize to 4 bytes less.
    MaxPacketSize,
    /// DSCP of outgoing packets; 0: QOSTrafficType decides.
    QosDscpValue,
    /// DSCP by name: BestEffort (0), Background, ExcellentEffort, AudioVideo, Voice or Control (5).
    QosTrafficType,
    /// Allows other servers on the same port.
    ShareLocalPort,
    /// The source address of outgoing packets; "": the one that the client sent to. Not on Windows: 909.
    SourceIpAddress,
    /// The Ethernet source address of IPv4 packets, such as 02-00-00-00-00-01. Linux only: 909 elsewhere.
    SourceMacAddress,
    /// Gives every transfer its own connected socket, without exception.
    UseConnection,
    /// Listens on IPv6; with LocalHost "" on both families. Also selects the family of names in LocalHost.
    UseIpv6,
    /// Timeout limits the whole transfer instead of the time without progress.
    AbsoluteTimeout,
    /// Bytes of the socket receive buffer; 0: the library's choice. While listening, the granted size.
    InBufferSize,
    /// Bytes of the socket send buffer; 0: the library's choice. While listening, the granted size.
    OutBufferSize,
    /// Code page of file names in packets; 65001 is UTF-8. docs/codepages.md lists them; 434: not available.
    CodePage,
    /// Milliseconds that DoEvents waits for the first event, at most; 0: no wait.
    SelectWaitMillis,
    /// Level of Log events: 0 none, 1 Info, 2 Verbose, 3 Debug.
    LogLevel,
    /// Largest blksize that is granted (RFC 2348).
    MaxBlockSize,
    /// Largest windowsize that is granted (RFC 7440).
    MaxWindowSize,
    /// Largest number of concurrent transfers. Further requests are refused with 10068.
    MaxConnections,
    /// Largest number of concurrent transfers of one address; 0: no limit.
    MaxConnectionsPerHost,
    /// Refuses uploads.
    ReadOnly,
    /// Allows uploads to replace existing files.
    AllowOverwrite,
    /// Follows symbolic links whose targets are inside LocalDir.
    FollowSymlinks,
    /// Sends from the listening port instead of one port per transfer, for firewalls and NAT.
    SinglePort,
    /// Range of ports for transfers, such as 40000-40100; "": the system chooses.
    TransferPorts,
    /// Gives each transfer its own connected socket on a random port, while descriptors last.
    PortPerTransfer,
    /// The network interface (on Linux also a VRF) for all packets; "": any. Linux and macOS only: 909 elsewhere.
    Interface,
    /// Number of I/O threads for each listening address.
    IoThreads,
    /// Adapts retransmission to the measured round trip; False: always waits RetransmitTimeout.
    AdaptiveRetransmit,
    /// Acknowledges an upload only when it is on the disk (fsync), so that it survives power loss.
    SyncUploads,
    /// Microseconds to poll for the next packet before sleeping, at most; 0: no polling.
    BusyPollMicros,
    /// Additional addresses to listen on, such as 192.0.2.1:69 \[2001:db8::1]:69.
    ListenOn,
    /// Bound UDP sockets to listen on in place of LocalHost and LocalPort, such as 3,4. Not on Windows: 909.
    ListenDescriptors,
}

impl Key {
    /// Every one.
    pub const ALL: &[Key] = &[Key::DefaultRollOverNumber, Key::CaptureIpPacketInfo, Key::DontFragment, Key::MaxPacketSize, Key::QosDscpValue, Key::QosTrafficType, Key::ShareLocalPort, Key::SourceIpAddress, Key::SourceMacAddress, Key::UseConnection, Key::UseIpv6, Key::AbsoluteTimeout, Key::InBufferSize, Key::OutBufferSize, Key::CodePage, Key::SelectWaitMillis, Key::LogLevel, Key::MaxBlockSize, Key::MaxWindowSize, Key::MaxConnections, Key::MaxConnectionsPerHost, Key::ReadOnly, Key::AllowOverwrite, Key::FollowSymlinks, Key::SinglePort, Key::TransferPorts, Key::PortPerTransfer, Key::Interface, Key::IoThreads, Key::AdaptiveRetransmit, Key::SyncUploads, Key::BusyPollMicros, Key::ListenOn, Key::ListenDescriptors];
}

/// Settings computed at each read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Computed {
    /// In a callback, the address its client sent to; elsewhere, the latest one. "" without CaptureIPPacketInfo.
    DestinationAddress,
    /// Version, architecture, system and build profile of the library.
    BuildInfo,
    /// The license of the library.
    LicenseInfo,
    /// Totals of this server, one line of JSON.
    Statistics,
    /// The addresses on which the server listens; "": it does not listen.
    ListenAddresses,
}

/// Every setting: those of the specification in its order, then those of this library.
pub const TABLE: &[Setting] = &[
    Setting { name: "DefaultRollOverNumber", kind: Kind::Integer(0..=1), default: "0", access: Access::Always, role: Role::Active(Key::DefaultRollOverNumber),
        about: "The block number after 65535, unless the client negotiates the option rollover." },
    Setting { name: "CaptureIPPacketInfo", kind: Kind::Boolean, default: "False", access: Access::Always, role: Role::Active(Key::CaptureIpPacketInfo),
        about: "Records the destination address of requests for DestinationAddress." },
    Setting { name: "DelayHostResolution", kind: Kind::Boolean, default: "False", access: Access::Always, role: Role::Kept,
        about: "No effect on a UDP server; stored and returned." },
    Setting { name: "DestinationAddress", kind: Kind::Text, default: "", access: Access::ReadOnly, role: Role::Computed(Computed::DestinationAddress),
        about: "In a callback, the address its client sent to; elsewhere, the latest one. \"\" without CaptureIPPacketInfo." },
    Setting { name: "DontFragment", kind: Kind::Boolean, default: "False", access: Access::AtStart, role: Role::Active(Key::DontFragment),
        about: "Sets the Don't Fragment flag of outgoing packets." },
    Setting { name: "LocalHost", kind: Kind::Text, default: "", access: Access::Always, role: Role::Property(13),
        about: "The property LocalHost." },
    Setting { name: "LocalPort", kind: Kind::Text, default: "", access: Access::Always, role: Role::Property(14),
        about: "The property LocalPort." },
    Setting { name: "MaxPacketSize", kind: Kind::Integer(516..=65535), default: "65535", access: Access::WhileStopped(errors::MAX_PACKET_SIZE_LOCKED), role: Role::Active(Key::MaxPacketSize),
        about: "Bytes of the largest datagram. Limits blksize to 4 bytes less." },
    Setting { name: "QOSDSCPValue", kind: Kind::Integer(0..=63), default: "0", access: Access::AtStart, role: Role::Active(Key::QosDscpValue),
        about: "DSCP of outgoing packets; 0: QOSTrafficType decides." },
    Setting { name: "QOSTrafficType", kind: Kind::Names(&["BestEffort", "Background", "ExcellentEffort", "AudioVideo", "Voice", "Control"]), default: "0", access: Access::AtStart, role: Role::Active(Key::QosTrafficType),
        about: "DSCP by name: BestEffort (0), Background, ExcellentEffort, AudioVideo, Voice or Control (5)." },
    Setting { name: "ShareLocalPort", kind: Kind::Boolean, default: "False", access: Access::WhileStopped(errors::SHARE_LOCAL_PORT_LOCKED), role: Role::Active(Key::ShareLocalPort),
        about: "Allows other servers on the same port." },
    Setting { name: "SourceIPAddress", kind: Kind::Text, default: "", access: Access::AtStart, role: Role::Active(Key::SourceIpAddress),
        about: "The source address of outgoing packets; \"\": the one that the client sent to. Not on Windows: 909." },
    Setting { name: "SourceMacAddress", kind: Kind::Text, default: "", access: Access::AtStart, role: Role::Active(Key::SourceMacAddress),
        about: "The Ethernet source address of IPv4 packets, such as 02-00-00-00-00-01. Linux only: 909 elsewhere." },
    Setting { name: "UseConnection", kind: Kind::Boolean, default: "False", access: Access::WhileStopped(errors::USE_CONNECTION_LOCKED), role: Role::Active(Key::UseConnection),
        about: "Gives every transfer its own connected socket, without exception." },
    Setting { name: "UseIPv6", kind: Kind::Boolean, default: "False", access: Access::AtStart, role: Role::Active(Key::UseIpv6),
        about: "Listens on IPv6; with LocalHost \"\" on both families. Also selects the family of names in LocalHost." },
    Setting { name: "AbsoluteTimeout", kind: Kind::Boolean, default: "False", access: Access::Always, role: Role::Active(Key::AbsoluteTimeout),
        about: "Timeout limits the whole transfer instead of the time without progress." },
    Setting { name: "FirewallData", kind: Kind::Text, default: "", access: Access::Always, role: Role::Kept,
        about: "No effect on a UDP server; stored and returned." },
    Setting { name: "InBufferSize", kind: Kind::Integer(0..=1073741824), default: "0", access: Access::AtStart, role: Role::Active(Key::InBufferSize),
        about: "Bytes of the socket receive buffer; 0: the library's choice. While listening, the granted size." },
    Setting { name: "OutBufferSize", kind: Kind::Integer(0..=1073741824), default: "0", access: Access::AtStart, role: Role::Active(Key::OutBufferSize),
        about: "Bytes of the socket send buffer; 0: the library's choice. While listening, the granted size." },
    Setting { name: "BuildInfo", kind: Kind::Text, default: "", access: Access::ReadOnly, role: Role::Computed(Computed::BuildInfo),
        about: "Version, architecture, system and build profile of the library." },
    Setting { name: "CodePage", kind: Kind::Integer(0..=4294967295), default: "65001", access: Access::Always, role: Role::Active(Key::CodePage),
        about: "Code page of file names in packets; 65001 is UTF-8. docs/codepages.md lists them; 434: not available." },
    Setting { name: "LicenseInfo", kind: Kind::Text, default: "", access: Access::ReadOnly, role: Role::Computed(Computed::LicenseInfo),
        about: "The license of the library." },
    Setting { name: "MaskSensitive", kind: Kind::Boolean, default: "True", access: Access::Always, role: Role::Kept,
        about: "No effect on a UDP server; stored and returned." },
    Setting { name: "ProcessIdleEvents", kind: Kind::Boolean, default: "True", access: Access::Always, role: Role::Kept,
        about: "No effect on a UDP server; stored and returned." },
    Setting { name: "SelectWaitMillis", kind: Kind::Integer(0..=60000), default: "20", access: Access::Always, role: Role::Active(Key::SelectWaitMillis),
        about: "Milliseconds that DoEvents waits for the first event, at most; 0: no wait." },
    Setting { name: "UseInternalSecurityAPI", kind: Kind::Boolean, default: "True", access: Access::Always, role: Role::Kept,
        about: "No effect on a UDP server; stored and returned." },
    Setting { name: "LogLevel", kind: Kind::Integer(0..=3), default: "1", access: Access::Always, role: Role::Active(Key::LogLevel),
        about: "Level of Log events: 0 none, 1 Info, 2 Verbose, 3 Debug." },
    Setting { name: "MaxBlockSize", kind: Kind::Integer(8..=65464), default: "65464", access: Access::Always, role: Role::Active(Key::MaxBlockSize),
        about: "Largest blksize that is granted (RFC 2348)." },
    Setting { name: "MaxWindowSize", kind: Kind::Integer(1..=65535), default: "64", access: Access::Always, role: Role::Active(Key::MaxWindowSize),
        about: "Largest windowsize that is granted (RFC 7440)." },
    Setting { name: "MaxConnections", kind: Kind::Integer(1..=1000000), default: "10000", access: Access::Always, role: Role::Active(Key::MaxConnections),
        about: "Largest number of concurrent transfers. Further requests are refused with 10068." },
    Setting { name: "MaxConnectionsPerHost", kind: Kind::Integer(0..=1000000), default: "0", access: Access::Always, role: Role::Active(Key::MaxConnectionsPerHost),
        about: "Largest number of concurrent transfers of one address; 0: no limit." },
    Setting { name: "ReadOnly", kind: Kind::Boolean, default: "False", access: Access::Always, role: Role::Active(Key::ReadOnly),
        about: "Refuses uploads." },
    Setting { name: "AllowOverwrite", kind: Kind::Boolean, default: "True", access: Access::Always, role: Role::Active(Key::AllowOverwrite),
        about: "Allows uploads to replace existing files." },
    Setting { name: "FollowSymlinks", kind: Kind::Boolean, default: "True", access: Access::Always, role: Role::Active(Key::FollowSymlinks),
        about: "Follows symbolic links whose targets are inside LocalDir." },
    Setting { name: "SinglePort", kind: Kind::Boolean, default: "False", access: Access::AtStart, role: Role::Active(Key::SinglePort),
        about: "Sends from the listening port instead of one port per transfer, for firewalls and NAT." },
    Setting { name: "TransferPorts", kind: Kind::Text, default: "", access: Access::AtStart, role: Role::Active(Key::TransferPorts),
        about: "Range of ports for transfers, such as 40000-40100; \"\": the system chooses." },
    Setting { name: "PortPerTransfer", kind: Kind::Boolean, default: "True", access: Access::AtStart, role: Role::Active(Key::PortPerTransfer),
        about: "Gives each transfer its own connected socket on a random port, while descriptors last." },
    Setting { name: "Interface", kind: Kind::Text, default: "", access: Access::AtStart, role: Role::Active(Key::Interface),
        about: "The network interface (on Linux also a VRF) for all packets; \"\": any. Linux and macOS only: 909 elsewhere." },
    Setting { name: "IoThreads", kind: Kind::Integer(1..=64), default: "1", access: Access::AtStart, role: Role::Active(Key::IoThreads),
        about: "Number of I/O threads for each listening address." },
    Setting { name: "AdaptiveRetransmit", kind: Kind::Boolean, default: "True", access: Access::Always, role: Role::Active(Key::AdaptiveRetransmit),
        about: "Adapts retransmission to the measured round trip; False: always waits RetransmitTimeout." },
    Setting { name: "SyncUploads", kind: Kind::Boolean, default: "False", access: Access::Always, role: Role::Active(Key::SyncUploads),
        about: "Acknowledges an upload only when it is on the disk (fsync), so that it survives power loss." },
    Setting { name: "BusyPollMicros", kind: Kind::Integer(0..=100000), default: "0", access: Access::AtStart, role: Role::Active(Key::BusyPollMicros),
        about: "Microseconds to poll for the next packet before sleeping, at most; 0: no polling." },
    Setting { name: "Statistics", kind: Kind::Text, default: "", access: Access::ReadOnly, role: Role::Computed(Computed::Statistics),
        about: "Totals of this server, one line of JSON." },
    Setting { name: "ListenOn", kind: Kind::Text, default: "", access: Access::AtStart, role: Role::Active(Key::ListenOn),
        about: "Additional addresses to listen on, such as 192.0.2.1:69 [2001:db8::1]:69." },
    Setting { name: "ListenDescriptors", kind: Kind::Text, default: "", access: Access::AtStart, role: Role::Active(Key::ListenDescriptors),
        about: "Bound UDP sockets to listen on in place of LocalHost and LocalPort, such as 3,4. Not on Windows: 909." },
    Setting { name: "ListenAddresses", kind: Kind::Text, default: "", access: Access::ReadOnly, role: Role::Computed(Computed::ListenAddresses),
        about: "The addresses on which the server listens; \"\": it does not listen." },
];
