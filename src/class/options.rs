//! Translates the values of properties and settings into the library's configuration.

use std::net::IpAddr;
use std::time::Duration;

use super::errors::{self, Failure};
use super::listen_targets::{self, ListenTarget};
use super::property;
use super::setting::{self, Key};
use super::source;
use super::values::Values;
use tftp_serve::{Error, ErrorKind, Listen, Settings};

/// Bytes of a packet before its data.
const HEADER: u16 = 4;

/// The DSCP that Windows gives each of QOSTrafficType's values (QOS_TRAFFIC_TYPE in qos2.h).
const DSCP_OF_TRAFFIC_TYPE: [u8; 6] = [0, 8, 40, 40, 56, 56];

/// Returns where and how to listen, and for each place the attempt that an error's text names.
pub(super) fn listen(values: &Values) -> Result<(Listen, Vec<String>), Failure> {
    let listen_targets = listen_targets::listen_targets(values)?;
    let mut listen = described(values)?;
    if let Some(ip) = source_ip(values, &listen_targets)? {
        listen = listen.source_ip(ip);
    }
    if let Some(mac) = source::mac(values.setting_text(Key::SourceMacAddress))? {
        if listen_targets.iter().any(|place| place.address.is_ipv6()) {
            return Err(Failure::new(
                errors::NOT_AVAILABLE,
                "SourceMacAddress is for IPv4 only.",
            ));
        }
        listen = listen.source_mac(mac);
    }
    let mut attempts = Vec::new();
    for place in listen_targets {
        attempts.push(place.what);
        listen = match place.adopted {
            Some(socket) => listen.adopt_socket(socket),
            None if place.dual_stack => listen.listen_dual_stack(place.address.port()),
            None => listen.listen(place.address),
        };
    }
    Ok((listen, attempts))
}

/// Returns how to listen, without the addresses.
fn described(values: &Values) -> Result<Listen, Failure> {
    let size = |key| Some(values.setting_integer::<usize>(key)).filter(|&size| size != 0);
    let mut listen = Listen::default()
        .share_port(values.setting_is_on(Key::ShareLocalPort))
        .io_threads(values.setting_integer(Key::IoThreads))
        .single_port(values.setting_is_on(Key::SinglePort))
        .port_per_transfer(values.setting_is_on(Key::PortPerTransfer))
        .require_port_per_transfer(values.setting_is_on(Key::UseConnection))
        .dont_fragment(values.setting_is_on(Key::DontFragment))
        .busy_poll(Duration::from_micros(values.setting_integer(Key::BusyPollMicros)));
    if let Some(ports) = setting::parse_ports(values.setting_text(Key::TransferPorts))? {
        listen = listen.transfer_ports(ports);
    }
    if let Some(name) = source::interface(values.setting_text(Key::Interface))? {
        listen = listen.interface(name);
    }
    if let Some(bytes) = size(Key::InBufferSize) {
        listen = listen.receive_buffer(bytes);
    }
    if let Some(bytes) = size(Key::OutBufferSize) {
        listen = listen.send_buffer(bytes);
    }
    if let Some(class) = traffic_class(values) {
        listen = listen.traffic_class(class);
    }
    Ok(listen)
}

/// Returns the failure for an error of the library to listen or to adopt settings. `attempts`: the
/// attempt at each place.
pub(super) fn failure(error: &Error, values: &Values, attempts: &[String]) -> Failure {
    let Some(system) = error.io_error() else {
        return Failure::new(errors::INVALID_VALUE, &error.to_string());
    };
    let attempt = match error.kind() {
        ErrorKind::Root => format!("LocalDir {}.", values.text(property::Key::LocalDir)),
        ErrorKind::Source => {
            let ip = source::ip(values.setting_text(Key::SourceIpAddress))
                .ok()
                .flatten();
            let ip = ip.map_or_else(String::new, |ip| ip.to_string());
            format!(
                "SourceIPAddress {ip} is not this host's, which needs CAP_NET_ADMIN or CAP_NET_RAW."
            )
        }
        ErrorKind::Interface => {
            format!("Interface {}.", values.setting_text(Key::Interface).trim())
        }
        ErrorKind::Frames => "SourceMacAddress needs CAP_NET_RAW.".to_owned(),
        _ => match error.position().and_then(|position| attempts.get(position)) {
            Some(attempt) => attempt.clone(),
            None => "Cannot start listening.".to_owned(),
        },
    };
    Failure::from_io(system, &attempt)
}

/// Returns the settings that may change while listening, except LocalDir and CodePage.
pub(super) fn settings(values: &Values) -> Settings {
    let seconds = |key| Duration::from_secs(u64::try_from(values.integer(key)).unwrap_or_default());
    let timeout = Some(seconds(property::Key::Timeout)).filter(|timeout| !timeout.is_zero());
    let is_absolute = values.setting_is_on(Key::AbsoluteTimeout);
    let packet = values.setting_integer::<u16>(Key::MaxPacketSize) - HEADER;
    let per_host =
        Some(values.setting_integer(Key::MaxConnectionsPerHost)).filter(|&limit| limit != 0);
    Settings::default()
        .follow_symlinks(values.setting_is_on(Key::FollowSymlinks))
        .read_only(values.setting_is_on(Key::ReadOnly))
        .overwrite(values.setting_is_on(Key::AllowOverwrite))
        .sync_uploads(values.setting_is_on(Key::SyncUploads))
        .max_connections(values.setting_integer(Key::MaxConnections))
        .max_connections_per_client(per_host)
        .max_block_size(values.setting_integer::<u16>(Key::MaxBlockSize).min(packet))
        .max_window_size(values.setting_integer(Key::MaxWindowSize))
        .first_block_after_wrap(values.setting_integer(Key::DefaultRollOverNumber))
        .retransmit_timeout(seconds(property::Key::RetransmitTimeout))
        .max_retransmits(
            u32::try_from(values.integer(property::Key::MaxRetransmits)).unwrap_or_default(),
        )
        .adaptive_retransmit(values.setting_is_on(Key::AdaptiveRetransmit))
        .inactivity_timeout(timeout.filter(|_| !is_absolute))
        .transfer_timeout(timeout.filter(|_| is_absolute))
}

/// Returns SourceIPAddress; an error if no client can be of its family.
fn source_ip(values: &Values, listen_targets: &[ListenTarget]) -> Result<Option<IpAddr>, Failure> {
    let ip = source::ip(values.setting_text(Key::SourceIpAddress))?;
    match ip {
        Some(ip) if !listen_targets.iter().any(|place| place.takes(ip)) => Err(Failure::new(
            errors::ADDRESS_FAMILY_NOT_SUPPORTED,
            &format!(
                "SourceIPAddress {ip}, listening on {}.",
                listen_targets[0].address.ip()
            ),
        )),
        ip => Ok(ip),
    }
}

/// Returns the traffic class: QOSDSCPValue or else the DSCP of QOSTrafficType, shifted; `None`
/// leaves it to the system.
fn traffic_class(values: &Values) -> Option<u8> {
    let dscp = match values.setting_integer::<u8>(Key::QosDscpValue) {
        0 => DSCP_OF_TRAFFIC_TYPE[values.setting_integer::<usize>(Key::QosTrafficType)],
        dscp => dscp,
    };
    Some(dscp << 2).filter(|&class| class != 0)
}

#[cfg(test)]
mod tests {
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

    /// Returns the settings as text.
    fn of(values: &Values) -> String {
        format!("{:?}", settings(values))
    }

    fn defaults() -> Settings {
        Settings::default().read_only(false).overwrite(true)
    }

    fn is(settings: Settings) -> String {
        format!("{settings:?}")
    }

    #[test]
    fn the_defaults_are_the_specifications() {
        let values = Values::new();
        let expected = defaults()
            .max_connections(10_000)
            .max_connections_per_client(None)
            .max_block_size(65464)
            .max_window_size(64)
            .retransmit_timeout(Duration::from_secs(5))
            .max_retransmits(3)
            .adaptive_retransmit(true)
            .inactivity_timeout(Some(Duration::from_secs(60)))
            .transfer_timeout(None);
        assert_eq!(of(&values), is(expected));
        let (listen, attempts) = listen(&values).unwrap();
        let expected = Listen::default().listen(([0, 0, 0, 0], 69));
        assert_eq!(format!("{listen:?}"), format!("{expected:?}"));
        assert_eq!(attempts, ["Listening on 0.0.0.0:69."]);
    }

    #[test]
    fn a_packet_size_caps_the_block_size() {
        let small = with(&[("MaxPacketSize", "1432")]);
        assert_eq!(of(&small), is(defaults().max_block_size(1428)));
        let smaller = with(&[("MaxPacketSize", "1432"), ("MaxBlockSize", "1024")]);
        assert_eq!(of(&smaller), is(defaults().max_block_size(1024)));
    }

    #[test]
    fn timeouts_are_of_one_sort() {
        let absolute = with(&[("AbsoluteTimeout", "True")]);
        let expected = defaults()
            .inactivity_timeout(None)
            .transfer_timeout(Some(Duration::from_secs(60)));
        assert_eq!(of(&absolute), is(expected));
        let mut values = Values::new();
        values.set_property(property::Key::Timeout, Value::Integer(0));
        assert_eq!(of(&values), is(defaults().inactivity_timeout(None)));
    }

    #[test]
    fn sockets_are_described_by_their_settings() {
        let values = with(&[
            ("IOThreads", "2"),
            ("SinglePort", "True"),
            ("TransferPorts", "2000-2010"),
            ("InBufferSize", "65536"),
            ("QOSDSCPValue", "46"),
            ("ListenOn", "[::1]:6969"),
        ]);
        let expected = Listen::default()
            .io_threads(2)
            .single_port(true)
            .transfer_ports(2000..=2010)
            .receive_buffer(65536)
            .traffic_class(46 << 2)
            .listen(([0, 0, 0, 0], 69))
            .listen(([0, 0, 0, 0, 0, 0, 0, 1], 6969));
        let (listen, attempts) = listen(&values).unwrap();
        assert_eq!(format!("{listen:?}"), format!("{expected:?}"));
        assert_eq!(attempts.len(), 2);
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
