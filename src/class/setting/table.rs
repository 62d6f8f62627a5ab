//! Made from api/settings.toml by `make bless`; not to be edited.

use super::{Role, Setting};
use crate::class::errors;
use crate::class::property::Access;
use crate::class::value::Kind;

/// The settings that have an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// What follows block number 65535.
    DefaultRollOverNumber,
    /// Keep the address that requests were sent to, for DestinationAddress. Linux only: 909 elsewhere.
    CaptureIpPacketInfo,
    /// Set the Don't Fragment flag of outgoing packets.
    DontFragment,
    /// Bytes of the largest datagram: caps blksize at 4 less.
    MaxPacketSize,
    /// DSCP of outgoing packets; 0: as QOSTrafficType says.
    QosDscpValue,
    /// BestEffort (0), Background, ExcellentEffort, AudioVideo, Voice or Control (5).
    QosTrafficType,
    /// Others may listen on the same port.
    ShareLocalPort,
    /// Packets come from this address; "": from the one that was asked. Linux only: 909 elsewhere.
    SourceIpAddress,
    /// IPv4 packets come from this Ethernet address, as in 02-00-00-00-00-01. Linux only: 909 elsewhere.
    SourceMacAddress,
    /// Each transfer has a connected socket of its own.
    UseConnection,
    /// Listen on IPv6; with LocalHost "" on both families. Names in LocalHost are looked up for it.
    UseIpv6,
    /// Timeout counts from the beginning, not from the last packet.
    AbsoluteTimeout,
    /// Bytes of the socket's receive queue; 0: the library's choice. While listening, what was granted.
    InBufferSize,
    /// Bytes of the socket's send queue; 0: the library's choice. While listening, what was granted.
    OutBufferSize,
    /// Code page of file names on the wire; 65001 is UTF-8. docs/codepages.md lists them; 434 for what is lacking.
    CodePage,
    /// Milliseconds that DoEvents waits for the first event.
    SelectWaitMillis,
    /// Log events: 0 none, 1 Info, 2 Verbose, 3 Debug.
    LogLevel,
    /// Largest blksize that a client gets (RFC 2348).
    MaxBlockSize,
    /// Largest windowsize that a client gets (RFC 7440).
    MaxWindowSize,
    /// Transfers at once; more are refused with 10068.
    MaxConnections,
    /// Transfers at once from one address; 0: no limit.
    MaxConnectionsPerHost,
    /// Refuse uploads.
    ReadOnly,
    /// An upload may replace a file.
    AllowOverwrite,
    /// Follow symbolic links, as long as they stay inside LocalDir.
    FollowSymlinks,
    /// Answer from the listening port, for firewalls and NAT.
    SinglePort,
    /// Ports to answer from, as in 40000-40100; "": the system chooses.
    TransferPorts,
    /// Each transfer has a random port and a connected socket of its own, as long as descriptors last.
    PortPerTransfer,
    /// Network interface or VRF that packets come and go through; "": any. Linux only: 909 elsewhere.
    Interface,
    /// Threads that move packets.
    IoThreads,
    /// Wait as long as was measured, RetransmitTimeout at most; False: always that.
    AdaptiveRetransmit,
    /// An acknowledged upload survives power loss.
    SyncUploads,
    /// Microseconds at most to look for the next packet before sleeping, while packets come that fast.
    BusyPollMicros,
    /// More addresses to listen on, as in 192.0.2.1:69 \[2001:db8::1]:69.
    ListenOn,
    /// Bound UDP sockets to listen on instead of LocalHost and LocalPort, as in 3,4. Not on Windows: 909.
    ListenDescriptors,
}

impl Key {
    /// Every one.
    pub const ALL: &[Key] = &[Key::DefaultRollOverNumber, Key::CaptureIpPacketInfo, Key::DontFragment, Key::MaxPacketSize, Key::QosDscpValue, Key::QosTrafficType, Key::ShareLocalPort, Key::SourceIpAddress, Key::SourceMacAddress, Key::UseConnection, Key::UseIpv6, Key::AbsoluteTimeout, Key::InBufferSize, Key::OutBufferSize, Key::CodePage, Key::SelectWaitMillis, Key::LogLevel, Key::MaxBlockSize, Key::MaxWindowSize, Key::MaxConnections, Key::MaxConnectionsPerHost, Key::ReadOnly, Key::AllowOverwrite, Key::FollowSymlinks, Key::SinglePort, Key::TransferPorts, Key::PortPerTransfer, Key::Interface, Key::IoThreads, Key::AdaptiveRetransmit, Key::SyncUploads, Key::BusyPollMicros, Key::ListenOn, Key::ListenDescriptors];
}

/// What is made when it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Computed {
    /// In a callback: the address that its client sent to; elsewhere: the latest. "" without CaptureIPPacketInfo.
    DestinationAddress,
    /// What was built, and for which system.
    BuildInfo,
    /// The license.
    LicenseInfo,
    /// Figures, one line of JSON.
    Statistics,
    /// Where it listens; "": nowhere.
    ListenAddresses,
}

/// Every setting: those of the specification in its order, then those of this library.
pub const TABLE: &[Setting] = &[
    Setting { name: "DefaultRollOverNumber", kind: Kind::Integer(0..=1), default: "0", access: Access::Always, role: Role::Active(Key::DefaultRollOverNumber),
        about: "What follows block number 65535." },
    Setting { name: "CaptureIPPacketInfo", kind: Kind::Boolean, default: "False", access: Access::Always, role: Role::Active(Key::CaptureIpPacketInfo),
        about: "Keep the address that requests were sent to, for DestinationAddress. Linux only: 909 elsewhere." },
    Setting { name: "DelayHostResolution", kind: Kind::Boolean, default: "False", access: Access::Always, role: Role::Kept,
        about: "No effect on a UDP server; kept and returned." },
    Setting { name: "DestinationAddress", kind: Kind::Text, default: "", access: Access::ReadOnly, role: Role::Computed(Computed::DestinationAddress),
        about: "In a callback: the address that its client sent to; elsewhere: the latest. \"\" without CaptureIPPacketInfo." },
    Setting { name: "DontFragment", kind: Kind::Boolean, default: "False", access: Access::AtStart, role: Role::Active(Key::DontFragment),
        about: "Set the Don't Fragment flag of outgoing packets." },
    Setting { name: "LocalHost", kind: Kind::Text, default: "", access: Access::Always, role: Role::Property(13),
        about: "The property of this name." },
    Setting { name: "LocalPort", kind: Kind::Text, default: "", access: Access::Always, role: Role::Property(14),
        about: "The property of this name." },
    Setting { name: "MaxPacketSize", kind: Kind::Integer(516..=65535), default: "65535", access: Access::WhileStopped(errors::MAX_PACKET_SIZE_LOCKED), role: Role::Active(Key::MaxPacketSize),
        about: "Bytes of the largest datagram: caps blksize at 4 less." },
    Setting { name: "QOSDSCPValue", kind: Kind::Integer(0..=63), default: "0", access: Access::AtStart, role: Role::Active(Key::QosDscpValue),
        about: "DSCP of outgoing packets; 0: as QOSTrafficType says." },
    Setting { name: "QOSTrafficType", kind: Kind::Names(&["BestEffort", "Background", "ExcellentEffort", "AudioVideo", "Voice", "Control"]), default: "0", access: Access::AtStart, role: Role::Active(Key::QosTrafficType),
        about: "BestEffort (0), Background, ExcellentEffort, AudioVideo, Voice or Control (5)." },
    Setting { name: "ShareLocalPort", kind: Kind::Boolean, default: "False", access: Access::WhileStopped(errors::SHARE_LOCAL_PORT_LOCKED), role: Role::Active(Key::ShareLocalPort),
        about: "Others may listen on the same port." },
    Setting { name: "SourceIPAddress", kind: Kind::Text, default: "", access: Access::AtStart, role: Role::Active(Key::SourceIpAddress),
        about: "Packets come from this address; \"\": from the one that was asked. Linux only: 909 elsewhere." },
    Setting { name: "SourceMacAddress", kind: Kind::Text, default: "", access: Access::AtStart, role: Role::Active(Key::SourceMacAddress),
        about: "IPv4 packets come from this Ethernet address, as in 02-00-00-00-00-01. Linux only: 909 elsewhere." },
    Setting { name: "UseConnection", kind: Kind::Boolean, default: "False", access: Access::WhileStopped(errors::USE_CONNECTION_LOCKED), role: Role::Active(Key::UseConnection),
        about: "Each transfer has a connected socket of its own." },
    Setting { name: "UseIPv6", kind: Kind::Boolean, default: "False", access: Access::AtStart, role: Role::Active(Key::UseIpv6),
        about: "Listen on IPv6; with LocalHost \"\" on both families. Names in LocalHost are looked up for it." },
    Setting { name: "AbsoluteTimeout", kind: Kind::Boolean, default: "False", access: Access::Always, role: Role::Active(Key::AbsoluteTimeout),
        about: "Timeout counts from the beginning, not from the last packet." },
    Setting { name: "FirewallData", kind: Kind::Text, default: "", access: Access::Always, role: Role::Kept,
        about: "No effect on a UDP server; kept and returned." },
    Setting { name: "InBufferSize", kind: Kind::Integer(0..=1073741824), default: "0", access: Access::AtStart, role: Role::Active(Key::InBufferSize),
        about: "Bytes of the socket's receive queue; 0: the library's choice. While listening, what was granted." },
    Setting { name: "OutBufferSize", kind: Kind::Integer(0..=1073741824), default: "0", access: Access::AtStart, role: Role::Active(Key::OutBufferSize),
        about: "Bytes of the socket's send queue; 0: the library's choice. While listening, what was granted." },
    Setting { name: "BuildInfo", kind: Kind::Text, default: "", access: Access::ReadOnly, role: Role::Computed(Computed::BuildInfo),
        about: "What was built, and for which system." },
    Setting { name: "CodePage", kind: Kind::Integer(0..=4294967295), default: "65001", access: Access::Always, role: Role::Active(Key::CodePage),
        about: "Code page of file names on the wire; 65001 is UTF-8. docs/codepages.md lists them; 434 for what is lacking." },
    Setting { name: "LicenseInfo", kind: Kind::Text, default: "", access: Access::ReadOnly, role: Role::Computed(Computed::LicenseInfo),
        about: "The license." },
    Setting { name: "MaskSensitive", kind: Kind::Boolean, default: "True", access: Access::Always, role: Role::Kept,
        about: "No effect on a UDP server; kept and returned." },
    Setting { name: "ProcessIdleEvents", kind: Kind::Boolean, default: "True", access: Access::Always, role: Role::Kept,
        about: "No effect on a UDP server; kept and returned." },
    Setting { name: "SelectWaitMillis", kind: Kind::Integer(0..=60000), default: "20", access: Access::Always, role: Role::Active(Key::SelectWaitMillis),
        about: "Milliseconds that DoEvents waits for the first event." },
    Setting { name: "UseInternalSecurityAPI", kind: Kind::Boolean, default: "True", access: Access::Always, role: Role::Kept,
        about: "No effect on a UDP server; kept and returned." },
    Setting { name: "LogLevel", kind: Kind::Integer(0..=3), default: "1", access: Access::Always, role: Role::Active(Key::LogLevel),
        about: "Log events: 0 none, 1 Info, 2 Verbose, 3 Debug." },
    Setting { name: "MaxBlockSize", kind: Kind::Integer(8..=65464), default: "65464", access: Access::Always, role: Role::Active(Key::MaxBlockSize),
        about: "Largest blksize that a client gets (RFC 2348)." },
    Setting { name: "MaxWindowSize", kind: Kind::Integer(1..=65535), default: "64", access: Access::Always, role: Role::Active(Key::MaxWindowSize),
        about: "Largest windowsize that a client gets (RFC 7440)." },
    Setting { name: "MaxConnections", kind: Kind::Integer(1..=1000000), default: "10000", access: Access::Always, role: Role::Active(Key::MaxConnections),
        about: "Transfers at once; more are refused with 10068." },
    Setting { name: "MaxConnectionsPerHost", kind: Kind::Integer(0..=1000000), default: "0", access: Access::Always, role: Role::Active(Key::MaxConnectionsPerHost),
        about: "Transfers at once from one address; 0: no limit." },
    Setting { name: "ReadOnly", kind: Kind::Boolean, default: "False", access: Access::Always, role: Role::Active(Key::ReadOnly),
        about: "Refuse uploads." },
    Setting { name: "AllowOverwrite", kind: Kind::Boolean, default: "True", access: Access::Always, role: Role::Active(Key::AllowOverwrite),
        about: "An upload may replace a file." },
    Setting { name: "FollowSymlinks", kind: Kind::Boolean, default: "True", access: Access::Always, role: Role::Active(Key::FollowSymlinks),
        about: "Follow symbolic links, as long as they stay inside LocalDir." },
    Setting { name: "SinglePort", kind: Kind::Boolean, default: "False", access: Access::AtStart, role: Role::Active(Key::SinglePort),
        about: "Answer from the listening port, for firewalls and NAT." },
    Setting { name: "TransferPorts", kind: Kind::Text, default: "", access: Access::AtStart, role: Role::Active(Key::TransferPorts),
        about: "Ports to answer from, as in 40000-40100; \"\": the system chooses." },
    Setting { name: "PortPerTransfer", kind: Kind::Boolean, default: "True", access: Access::AtStart, role: Role::Active(Key::PortPerTransfer),
        about: "Each transfer has a random port and a connected socket of its own, as long as descriptors last." },
    Setting { name: "Interface", kind: Kind::Text, default: "", access: Access::AtStart, role: Role::Active(Key::Interface),
        about: "Network interface or VRF that packets come and go through; \"\": any. Linux only: 909 elsewhere." },
    Setting { name: "IoThreads", kind: Kind::Integer(1..=64), default: "1", access: Access::AtStart, role: Role::Active(Key::IoThreads),
        about: "Threads that move packets." },
    Setting { name: "AdaptiveRetransmit", kind: Kind::Boolean, default: "True", access: Access::Always, role: Role::Active(Key::AdaptiveRetransmit),
        about: "Wait as long as was measured, RetransmitTimeout at most; False: always that." },
    Setting { name: "SyncUploads", kind: Kind::Boolean, default: "False", access: Access::Always, role: Role::Active(Key::SyncUploads),
        about: "An acknowledged upload survives power loss." },
    Setting { name: "BusyPollMicros", kind: Kind::Integer(0..=100000), default: "0", access: Access::AtStart, role: Role::Active(Key::BusyPollMicros),
        about: "Microseconds at most to look for the next packet before sleeping, while packets come that fast." },
    Setting { name: "Statistics", kind: Kind::Text, default: "", access: Access::ReadOnly, role: Role::Computed(Computed::Statistics),
        about: "Figures, one line of JSON." },
    Setting { name: "ListenOn", kind: Kind::Text, default: "", access: Access::AtStart, role: Role::Active(Key::ListenOn),
        about: "More addresses to listen on, as in 192.0.2.1:69 [2001:db8::1]:69." },
    Setting { name: "ListenDescriptors", kind: Kind::Text, default: "", access: Access::AtStart, role: Role::Active(Key::ListenDescriptors),
        about: "Bound UDP sockets to listen on instead of LocalHost and LocalPort, as in 3,4. Not on Windows: 909." },
    Setting { name: "ListenAddresses", kind: Kind::Text, default: "", access: Access::ReadOnly, role: Role::Computed(Computed::ListenAddresses),
        about: "Where it listens; \"\": nowhere." },
];
