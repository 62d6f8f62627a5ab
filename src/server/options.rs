//! What the values mean to the engine.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::errors::{self, Failure};
use super::places::{self, Place};
use super::property;
use super::setting::{self, Key};
use super::source;
use super::values::Values;
use tftp_codepage::CodePage;
use tftp_files::jail::Jail;
use tftp_serve::Settings;
use tftp_serve::config::{Config, Policy};
use tftp_udp::{Adopted, IoMode};

/// Bytes of a packet before its data.
const HEADER: u16 = 4;

/// The DSCP that Windows gives each of QOSTrafficType's values (QOS_TRAFFIC_TYPE in qos2.h).
const DSCP_OF_TRAFFIC_TYPE: [u8; 6] = [0, 8, 40, 40, 56, 56];

/// One listener to be: what its engine is started with, and where.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) config: Config,
    pub(super) place: Place,
}

/// Every listener, the main one first.
pub(super) fn wanted(values: &Values) -> Result<Vec<Wanted>, Failure> {
    let places = places::places(values)?;
    let source_ip = source_ip(values, &places)?;
    let source_mac = source::mac(values.setting_text(Key::SourceMacAddress))?;
    if source_mac.is_some() && places.iter().any(|place| place.address.is_ipv6()) {
        return Err(Failure::new(
            errors::NOT_AVAILABLE,
            "SourceMacAddress is for IPv4 only.",
        ));
    }
    let made = places.into_iter().map(|place| {
        let config = Config {
            source_ip: source_ip.filter(|ip| place.takes(*ip)),
            source_mac,
            ..config(values, &place)?
        };
        Ok(Wanted { config, place })
    });
    made.collect()
}

fn config(values: &Values, place: &Place) -> Result<Config, Failure> {
    let size = |key| Some(values.setting_integer::<usize>(key)).filter(|&size| size != 0);
    let transfer_ports = setting::parse_ports(values.setting_text(Key::TransferPorts))?;
    let single_port = values.setting_is_on(Key::SinglePort);
    // A thread without a port would refuse every client that the system gives it.
    let most_threads = match &transfer_ports {
        Some(ports) if !single_port => ports.len(),
        _ => usize::MAX,
    };
    Ok(Config {
        address: place.address,
        dual_stack: place.dual_stack,
        adopted: place.adopted.as_ref().map(Adopted::id),
        share_port: values.setting_is_on(Key::ShareLocalPort),
        io_threads: most_threads.min(values.setting_integer(Key::IoThreads)),
        single_port,
        transfer_ports,
        port_per_transfer: values.setting_is_on(Key::PortPerTransfer),
        interface: source::interface(values.setting_text(Key::Interface))?,
        use_connection: values.setting_is_on(Key::UseConnection),
        source_ip: None,
        source_mac: None,
        recv_buffer: size(Key::InBufferSize),
        send_buffer: size(Key::OutBufferSize),
        dont_fragment: values.setting_is_on(Key::DontFragment),
        traffic_class: traffic_class(values),
        busy_poll: Duration::from_micros(values.setting_integer(Key::BusyPollMicros)),
        io_mode: IoMode::Auto,
    })
}

/// Under what new transfers begin.
pub(super) fn policy(values: &Values, root: Option<Arc<Jail>>, names: CodePage) -> Result<Policy, Failure> {
    let single_port = values.setting_is_on(Key::SinglePort);
    let policy = settings(values).names(names).to_policy(root, single_port);
    let policy = policy.map_err(|error| Failure::new(errors::INVALID_VALUE, &error.to_string()))?;
    Ok(Policy {
        capture_destination: values.setting_is_on(Key::CaptureIpPacketInfo),
        ..policy
    })
}

/// What may change while it listens, as the Rust library has it.
fn settings(values: &Values) -> Settings {
    let seconds = |key| Duration::from_secs(u64::try_from(values.integer(key)).unwrap_or_default());
    let timeout = Some(seconds(property::Key::Timeout)).filter(|timeout| !timeout.is_zero());
    let is_absolute = values.setting_is_on(Key::AbsoluteTimeout);
    let packet = values.setting_integer::<u16>(Key::MaxPacketSize) - HEADER;
    let per_host = Some(values.setting_integer(Key::MaxConnectionsPerHost)).filter(|&limit| limit != 0);
    Settings::default()
        .read_only(values.setting_is_on(Key::ReadOnly))
        .overwrite(values.setting_is_on(Key::AllowOverwrite))
        .sync_uploads(values.setting_is_on(Key::SyncUploads))
        .max_connections(values.setting_integer(Key::MaxConnections))
        .max_connections_per_client(per_host)
        .max_block_size(values.setting_integer::<u16>(Key::MaxBlockSize).min(packet))
        .max_window_size(values.setting_integer(Key::MaxWindowSize))
        .first_block_after_wrap(values.setting_integer(Key::DefaultRollOverNumber))
        .retransmit_timeout(seconds(property::Key::RetransmitTimeout))
        .max_retransmits(u32::try_from(values.integer(property::Key::MaxRetransmits)).unwrap_or_default())
        .adaptive_retransmit(values.setting_is_on(Key::AdaptiveRetransmit))
        .inactivity_timeout(timeout.filter(|_| !is_absolute))
        .transfer_timeout(timeout.filter(|_| is_absolute))
}

/// SourceIPAddress, if any client can be of its family.
fn source_ip(values: &Values, places: &[Place]) -> Result<Option<IpAddr>, Failure> {
    let ip = source::ip(values.setting_text(Key::SourceIpAddress))?;
    match ip {
        Some(ip) if !places.iter().any(|place| place.takes(ip)) => Err(Failure::new(
            errors::ADDRESS_FAMILY_NOT_SUPPORTED,
            &format!("SourceIPAddress {ip}, listening on {}.", places[0].address.ip()),
        )),
        ip => Ok(ip),
    }
}

/// Whether the system lets this program send as SourceIPAddress and SourceMacAddress say: 10013 where not.
pub(super) fn permitted(config: &Config) -> Result<(), Failure> {
    if let Some(ip) = config.source_ip {
        tftp_udp::may_send_from(ip).map_err(|error| {
            Failure::from_io(
                &error,
                &format!(
                    "SourceIPAddress {ip} is not this host's, which needs CAP_NET_ADMIN or CAP_NET_RAW."
                ),
            )
        })?;
    }
    if let Some(interface) = &config.interface {
        tftp_udp::may_bind_to(interface)
            .map_err(|error| Failure::from_io(&error, &format!("Interface {interface}.")))?;
    }
    if config.source_mac.is_some() {
        tftp_udp::may_send_frames()
            .map_err(|error| Failure::from_io(&error, "SourceMacAddress needs CAP_NET_RAW."))?;
    }
    Ok(())
}

/// QOSDSCPValue, or what QOSTrafficType stands for; `None` leaves the system's choice.
fn traffic_class(values: &Values) -> Option<u8> {
    let dscp = match values.setting_integer::<u8>(Key::QosDscpValue) {
        0 => DSCP_OF_TRAFFIC_TYPE[values.setting_integer::<usize>(Key::QosTrafficType)],
        dscp => dscp,
    };
    Some(dscp << 2).filter(|&class| class != 0)
}

#[cfg(test)]
mod tests {
    use tftp_proto::negotiate::LARGE_WINDOW;

    use super::super::value::Value;
    use super::*;

    fn with(settings: &[(&str, &str)]) -> Values {
        let mut values = Values::new();
        for (name, text) in settings {
            let row = setting::find(name).unwrap();
            values.set_setting(row, row.check(text).unwrap());
        }
        values
    }

    fn policy_of(values: &Values) -> Policy {
        policy(values, None, CodePage::default()).unwrap()
    }

    #[test]
    fn the_defaults_are_the_specifications() {
        let values = Values::new();
        let config = &wanted(&values).unwrap()[0].config;
        assert_eq!(config.address, "0.0.0.0:69".parse().unwrap());
        assert_eq!(
            (
                config.recv_buffer,
                config.traffic_class,
                config.transfer_ports.clone()
            ),
            (None, None, None)
        );
        let policy = policy_of(&values);
        assert_eq!(
            (policy.limits.max_blksize, policy.limits.max_windowsize),
            (65464, 64)
        );
        assert_eq!(policy.timing.retransmit_timeout, Duration::from_secs(5));
        assert_eq!((policy.timing.max_retransmits, policy.timing.adaptive), (3, true));
        assert_eq!(
            (policy.timing.inactivity, policy.timing.absolute),
            (Some(Duration::from_secs(60)), None)
        );
        assert_eq!((policy.max_connections, policy.max_per_host), (10000, 0));
        assert!(policy.allow_overwrite && !policy.read_only && !policy.sync_uploads);
    }

    #[test]
    fn a_packet_size_caps_the_block_size() {
        let largest = |settings: &[(&str, &str)]| policy_of(&with(settings)).limits.max_blksize;
        assert_eq!(largest(&[("MaxPacketSize", "1432")]), 1428);
        assert_eq!(
            largest(&[("MaxPacketSize", "1432"), ("MaxBlockSize", "1024")]),
            1024
        );
    }

    #[test]
    fn windows_are_small_where_they_do_harm_unless_they_were_raised() {
        let windows = |settings: &[(&str, &str)]| {
            let limits = policy_of(&with(settings)).limits;
            (limits.max_windowsize, limits.max_large_window)
        };
        assert_eq!(windows(&[]), (64, LARGE_WINDOW));
        assert_eq!(windows(&[("SinglePort", "True")]), (4, LARGE_WINDOW));
        let single = |window| windows(&[("SinglePort", "True"), ("MaxWindowSize", window)]);
        assert_eq!(single("64"), (4, LARGE_WINDOW), "its default, said");
        assert_eq!(single("2"), (2, LARGE_WINDOW));
        assert_eq!(single("65"), (65, u32::MAX));
        assert_eq!(windows(&[("MaxWindowSize", "65535")]), (65535, u32::MAX));
    }

    #[test]
    fn timeouts_are_of_one_sort() {
        let absolute = policy_of(&with(&[("AbsoluteTimeout", "True")])).timing;
        assert_eq!(
            (absolute.inactivity, absolute.absolute),
            (None, Some(Duration::from_secs(60)))
        );
        let mut values = Values::new();
        values.set_property(property::Key::Timeout, Value::Integer(0));
        assert_eq!(policy_of(&values).timing.inactivity, None);
    }

    #[test]
    fn a_dscp_goes_before_a_traffic_type() {
        assert_eq!(traffic_class(&with(&[("QOSDSCPValue", "46")])), Some(46 << 2));
        assert_eq!(
            traffic_class(&with(&[("QOSTrafficType", "voice")])),
            Some(56 << 2)
        );
        assert_eq!(
            traffic_class(&with(&[("QOSTrafficType", "5"), ("QOSDSCPValue", "1")])),
            Some(4)
        );
    }
}
