//! The settings of Config: one table that setting, reading, reset and the manual are made from.

use super::errors::{self, Failure};
use super::places;
use super::property::Access::{self, Always, AtStart, WhileStopped};
use super::source;
use super::value::Kind::{self, Boolean, Integer, Text};
use super::value::Value;
use tftp_codepage::{CodePage, Unsupported};

/// One setting.
#[derive(Debug)]
pub struct Setting {
    /// Its name; matched without regard to case.
    pub name: &'static str,
    /// Its type and bounds.
    pub kind: Kind,
    /// Its default, as text.
    pub default: &'static str,
    /// Who may change it, and when.
    pub access: Access,
    /// What becomes of a value.
    pub role: Role,
    /// What it is, in a line or two.
    pub about: &'static str,
}

/// What becomes of a setting's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It has its effect, under this key.
    Active(Key),
    /// It can have no effect on a UDP server: kept and returned.
    Kept,
    /// Another name for a property.
    Property(i32),
    /// Made when it is read.
    Computed(Computed),
}

/// What is made when it is read.
#[expect(missing_docs, reason = "named as in the manual")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Computed {
    BuildInfo,
    LicenseInfo,
    Statistics,
    /// Where the packets were sent to, as far as CaptureIPPacketInfo keeps it.
    DestinationAddress,
    /// Where the server listens at this moment.
    ListenAddresses,
}

/// The settings that have an effect; also their places in the store.
#[expect(missing_docs, reason = "named as in the manual")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    DefaultRollOverNumber,
    CaptureIpPacketInfo,
    DontFragment,
    MaxPacketSize,
    QosDscpValue,
    QosTrafficType,
    ShareLocalPort,
    SourceIpAddress,
    SourceMacAddress,
    UseConnection,
    UseIpv6,
    CodePage,
    AbsoluteTimeout,
    InBufferSize,
    OutBufferSize,
    SelectWaitMillis,
    LogLevel,
    MaxBlockSize,
    MaxWindowSize,
    MaxConnections,
    MaxConnectionsPerHost,
    ReadOnly,
    AllowOverwrite,
    FollowSymlinks,
    SinglePort,
    TransferPorts,
    PortPerTransfer,
    Interface,
    IoThreads,
    AdaptiveRetransmit,
    SyncUploads,
    BusyPollMicros,
    ListenOn,
    ListenDescriptors,
}

const GIB: i64 = 1 << 30;

const fn active(
    name: &'static str,
    kind: Kind,
    default: &'static str,
    access: Access,
    key: Key,
    about: &'static str,
) -> Setting {
    Setting {
        name,
        kind,
        default,
        access,
        role: Role::Active(key),
        about,
    }
}

const fn kept(name: &'static str, kind: Kind, default: &'static str) -> Setting {
    let about = "No effect on a UDP server; kept and returned.";
    Setting {
        name,
        kind,
        default,
        access: Always,
        role: Role::Kept,
        about,
    }
}

const fn computed(name: &'static str, what: Computed, about: &'static str) -> Setting {
    Setting {
        name,
        kind: Text,
        default: "",
        access: Access::ReadOnly,
        role: Role::Computed(what),
        about,
    }
}

const fn alias(name: &'static str, id: i32, about: &'static str) -> Setting {
    Setting {
        name,
        kind: Text,
        default: "",
        access: Always,
        role: Role::Property(id),
        about,
    }
}

/// The traffic types of QOSTrafficType, by number.
pub const TRAFFIC_TYPES: &[&str] = &[
    "BestEffort",
    "Background",
    "ExcellentEffort",
    "AudioVideo",
    "Voice",
    "Control",
];

/// Every setting: those of the specification in its order, then those of this library.
#[rustfmt::skip] // One row a setting: it is read as a table.
pub const TABLE: &[Setting] = &[
    active("DefaultRollOverNumber", Integer(0..=1), "0", Always, Key::DefaultRollOverNumber, "What follows block number 65535."),
    active("CaptureIPPacketInfo", Boolean, "False", Always, Key::CaptureIpPacketInfo,
        "Keep the address that requests were sent to, for DestinationAddress. Linux only: 909 elsewhere."),
    kept("DelayHostResolution", Boolean, "False"),
    computed("DestinationAddress", Computed::DestinationAddress,
        "In a callback: the address that its client sent to; elsewhere: the latest. \"\" without CaptureIPPacketInfo."),
    active("DontFragment", Boolean, "False", AtStart, Key::DontFragment, "Set the Don't Fragment flag of outgoing packets."),
    alias("LocalHost", 13, "The property of this name."),
    alias("LocalPort", 14, "The property of this name."),
    active("MaxPacketSize", Integer(516..=65535), "65535", WhileStopped(errors::MAX_PACKET_SIZE_LOCKED), Key::MaxPacketSize,
        "Bytes of the largest datagram: caps blksize at 4 less."),
    active("QOSDSCPValue", Integer(0..=63), "0", AtStart, Key::QosDscpValue, "DSCP of outgoing packets; 0: as QOSTrafficType says."),
    active("QOSTrafficType", Kind::Names(TRAFFIC_TYPES), "0", AtStart, Key::QosTrafficType,
        "BestEffort (0), Background, ExcellentEffort, AudioVideo, Voice or Control (5)."),
    active("ShareLocalPort", Boolean, "False", WhileStopped(errors::SHARE_LOCAL_PORT_LOCKED), Key::ShareLocalPort,
        "Others may listen on the same port."),
    active("SourceIPAddress", Text, "", AtStart, Key::SourceIpAddress,
        "Packets come from this address; \"\": from the one that was asked. Linux only: 909 elsewhere."),
    active("SourceMacAddress", Text, "", AtStart, Key::SourceMacAddress,
        "IPv4 packets come from this Ethernet address, as in 02-00-00-00-00-01. Linux only: 909 elsewhere."),
    active("UseConnection", Boolean, "False", WhileStopped(errors::USE_CONNECTION_LOCKED), Key::UseConnection,
        "Each transfer has a connected socket of its own."),
    active("UseIPv6", Boolean, "False", AtStart, Key::UseIpv6,
        "Listen on IPv6; with LocalHost \"\" on both families. Names in LocalHost are looked up for it."),
    active("AbsoluteTimeout", Boolean, "False", Always, Key::AbsoluteTimeout, "Timeout counts from the beginning, not from the last packet."),
    kept("FirewallData", Text, ""),
    active("InBufferSize", Integer(0..=GIB), "0", AtStart, Key::InBufferSize,
        "Bytes of the socket's receive queue; 0: the library's choice. While listening, what was granted."),
    active("OutBufferSize", Integer(0..=GIB), "0", AtStart, Key::OutBufferSize,
        "Bytes of the socket's send queue; 0: the library's choice. While listening, what was granted."),
    computed("BuildInfo", Computed::BuildInfo, "What was built, and for which system."),
    active("CodePage", Integer(0..=0xFFFF_FFFF), "65001", Always, Key::CodePage,
        "Code page of file names on the wire; 65001 is UTF-8. docs/codepages.md lists them; 434 for what is lacking."),
    computed("LicenseInfo", Computed::LicenseInfo, "The license."),
    kept("MaskSensitive", Boolean, "True"),
    kept("ProcessIdleEvents", Boolean, "True"),
    active("SelectWaitMillis", Integer(0..=60_000), "20", Always, Key::SelectWaitMillis, "Milliseconds that DoEvents waits for the first event."),
    kept("UseInternalSecurityAPI", Boolean, "True"),
    active("LogLevel", Integer(0..=3), "1", Always, Key::LogLevel, "Log events: 0 none, 1 Info, 2 Verbose, 3 Debug."),
    active("MaxBlockSize", Integer(8..=65464), "65464", Always, Key::MaxBlockSize, "Largest blksize that a client gets (RFC 2348)."),
    active("MaxWindowSize", Integer(1..=65535), "64", Always, Key::MaxWindowSize, "Largest windowsize that a client gets (RFC 7440)."),
    active("MaxConnections", Integer(1..=1_000_000), "10000", Always, Key::MaxConnections, "Transfers at once; more are refused with 10068."),
    active("MaxConnectionsPerHost", Integer(0..=1_000_000), "0", Always, Key::MaxConnectionsPerHost,
        "Transfers at once from one address; 0: no limit."),
    active("ReadOnly", Boolean, "False", Always, Key::ReadOnly, "Refuse uploads."),
    active("AllowOverwrite", Boolean, "True", Always, Key::AllowOverwrite, "An upload may replace a file."),
    active("FollowSymlinks", Boolean, "True", Always, Key::FollowSymlinks, "Follow symbolic links, as long as they stay inside LocalDir."),
    active("SinglePort", Boolean, "False", AtStart, Key::SinglePort, "Answer from the listening port, for firewalls and NAT."),
    active("TransferPorts", Text, "", AtStart, Key::TransferPorts, "Ports to answer from, as in 40000-40100; \"\": the system chooses."),
    active("PortPerTransfer", Boolean, "True", AtStart, Key::PortPerTransfer,
        "Each transfer has a random port and a connected socket of its own, as long as descriptors last."),
    active("Interface", Text, "", AtStart, Key::Interface,
        "Network interface or VRF that packets come and go through; \"\": any. Linux only: 909 elsewhere."),
    active("IoThreads", Integer(1..=64), "1", AtStart, Key::IoThreads, "Threads that move packets."),
    active("AdaptiveRetransmit", Boolean, "True", Always, Key::AdaptiveRetransmit,
        "Wait as long as was measured, RetransmitTimeout at most; False: always that."),
    active("SyncUploads", Boolean, "False", Always, Key::SyncUploads, "An acknowledged upload survives power loss."),
    active("BusyPollMicros", Integer(0..=100_000), "0", AtStart, Key::BusyPollMicros,
        "Microseconds to look for the next packet before sleeping, while transfers run."),
    computed("Statistics", Computed::Statistics, "Figures, one line of JSON."),
    active("ListenOn", Text, "", AtStart, Key::ListenOn,
        "More addresses to listen on, as in 192.0.2.1:69 [2001:db8::1]:69."),
    active("ListenDescriptors", Text, "", AtStart, Key::ListenDescriptors,
        "Bound UDP sockets to listen on instead of LocalHost and LocalPort, as in 3,4. Not on Windows: 909."),
    computed("ListenAddresses", Computed::ListenAddresses, "Where it listens; \"\": nowhere."),
];

/// The setting of this name, without regard to case; 906, with the name, for one that there is not.
pub fn find(name: &str) -> Result<&'static Setting, Failure> {
    let found = TABLE
        .iter()
        .find(|setting| setting.name.eq_ignore_ascii_case(name));
    found.ok_or_else(|| Failure::unknown_setting(name))
}

/// Takes "NAME" or "NAME=VALUE" apart. Spaces around the name do not count; the value is taken as it is.
pub(super) fn split(text: &str) -> (&str, Option<&str>) {
    match text.split_once('=') {
        Some((name, value)) => (name.trim(), Some(value)),
        None => (text.trim(), None),
    }
}

impl Setting {
    /// Brings a value to this setting's type and bounds.
    pub(super) fn check(&self, text: &str) -> Result<Value, Failure> {
        let value = Value::Text(self.decimal(text)).into_kind(&self.kind)?;
        match self.role {
            Role::Active(Key::CodePage) => code_page(&value).map(drop)?,
            Role::Active(Key::TransferPorts) => parse_ports(text).map(drop)?,
            Role::Active(Key::Interface) => source::interface(text).map(drop)?,
            Role::Active(Key::SourceIpAddress) => source::ip(text).map(drop)?,
            Role::Active(Key::ListenOn) => places::parse_addresses(text).map(drop)?,
            Role::Active(Key::ListenDescriptors) => places::parse_descriptors(text).map(drop)?,
            Role::Active(Key::SourceMacAddress) => source::mac(text).map(drop)?,
            Role::Active(Key::CaptureIpPacketInfo) if value == Value::Boolean(true) => source::available()?,
            _ => {}
        }
        Ok(value)
    }

    /// Code pages are written in hexadecimal too, as the specification does with some.
    fn decimal(&self, text: &str) -> String {
        let trimmed = text.trim();
        let digits = trimmed.strip_prefix("0x").or_else(|| trimmed.strip_prefix("0X"));
        match (self.role, digits.map(|digits| u32::from_str_radix(digits, 16))) {
            (Role::Active(Key::CodePage), Some(Ok(id))) => id.to_string(),
            _ => text.to_owned(),
        }
    }
}

/// The code page of this number: 905 for none, 434 for one that nothing converts on this system.
pub(super) fn code_page(id: &Value) -> Result<CodePage, Failure> {
    let Value::Integer(id) = *id else {
        return Err(Failure::plain(errors::INVALID_VALUE));
    };
    let page = u32::try_from(id)
        .map_err(|_| Unsupported::Unknown)
        .and_then(CodePage::new);
    page.map_err(|why| match why {
        Unsupported::Unknown => Failure::new(errors::INVALID_VALUE, &format!("There is no code page {id}.")),
        Unsupported::NotServed => Failure::new(
            errors::CODE_PAGE,
            &format!("Nothing on this system converts code page {id}."),
        ),
    })
}

/// "40000-40100", one port alone, or "" for the system's choice.
pub(super) fn parse_ports(text: &str) -> Result<Option<std::ops::RangeInclusive<u16>>, Failure> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    match (first.trim().parse(), last.trim().parse()) {
        (Ok(first), Ok(last)) if 0 < first && first <= last => Ok(Some(first..=last)),
        _ => Err(Failure::new(
            errors::INVALID_VALUE,
            "Two ports are expected, as in 40000-40100.",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_occur_once_and_defaults_are_values() {
        for (index, setting) in TABLE.iter().enumerate() {
            assert!(
                TABLE[index + 1..]
                    .iter()
                    .all(|other| !other.name.eq_ignore_ascii_case(setting.name))
            );
            assert!(setting.check(setting.default).is_ok(), "{}", setting.name);
        }
    }

    #[test]
    fn every_setting_of_the_specification_and_the_contract_is_there() {
        let names = "DefaultRollOverNumber CaptureIPPacketInfo DelayHostResolution DestinationAddress DontFragment \
            LocalHost LocalPort MaxPacketSize QOSDSCPValue QOSTrafficType ShareLocalPort SourceIPAddress \
            SourceMacAddress UseConnection UseIPv6 AbsoluteTimeout FirewallData InBufferSize OutBufferSize BuildInfo \
            CodePage LicenseInfo MaskSensitive ProcessIdleEvents SelectWaitMillis UseInternalSecurityAPI LogLevel \
            MaxBlockSize MaxWindowSize MaxConnections MaxConnectionsPerHost ReadOnly AllowOverwrite FollowSymlinks \
            SinglePort TransferPorts PortPerTransfer Interface IoThreads AdaptiveRetransmit SyncUploads BusyPollMicros Statistics \
            ListenOn ListenDescriptors ListenAddresses";
        let table: Vec<&str> = TABLE.iter().map(|setting| setting.name).collect();
        assert_eq!(table, names.split_whitespace().collect::<Vec<_>>());
    }

    #[test]
    fn names_match_in_any_case() {
        assert_eq!(find("maxBLOCKsize").unwrap().name, "MaxBlockSize");
        assert_eq!(find("MaxBlockSiz").unwrap_err().code, 906);
        assert_eq!(find("").unwrap_err().code, 906);
        assert_eq!(find("Bogus").unwrap_err().text, "Unknown setting: Bogus");
        let long = find(&format!("\u{1b}{}", "x".repeat(1000))).unwrap_err().text;
        assert!(
            long.starts_with("Unknown setting: \\u{1b}xxx") && long.len() < 200,
            "{long}"
        );
    }

    #[test]
    fn name_and_value() {
        assert_eq!(split(" LogLevel "), ("LogLevel", None));
        assert_eq!(split(" LogLevel =2"), ("LogLevel", Some("2")));
        assert_eq!(split("FirewallData= a=b "), ("FirewallData", Some(" a=b ")));
        assert_eq!(split("="), ("", Some("")));
    }

    #[test]
    fn ports() {
        assert_eq!(parse_ports("").unwrap(), None);
        assert_eq!(parse_ports("40000-40100").unwrap(), Some(40000..=40100));
        assert_eq!(parse_ports(" 7 ").unwrap(), Some(7..=7));
        for bad in ["0-5", "9-8", "1-65536", "a-b", "-", "1-2-3", "1,2"] {
            assert_eq!(parse_ports(bad).unwrap_err().code, 905, "{bad}");
        }
    }
}
