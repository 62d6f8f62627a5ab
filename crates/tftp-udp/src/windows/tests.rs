//! Tests with imitated refusals: wine ignores control messages that it does not implement.

use super::*;

const HERE: LocalAddr = LocalAddr {
    ip: std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST),
    interface: 0,
};

/// Imitates a system that refuses datagrams with a source address by the error `code`. Returns the
/// result and the sources of the attempts.
fn attempts(
    code: i32,
    source: Option<LocalAddr>,
) -> (Result<(), Option<i32>>, Vec<Option<LocalAddr>>) {
    let mut sources = Vec::new();
    let result = send_from(source, |source| {
        sources.push(source);
        match source {
            Some(_) => Err(io::Error::from_raw_os_error(code)),
            None => Ok(()),
        }
    });
    (result.map_err(|error| error.raw_os_error()), sources)
}

#[test]
fn a_source_address_that_is_refused_is_left_to_the_routing_table() {
    for code in [WSAEINVAL, 10049, WSAEOPNOTSUPP] {
        assert_eq!(
            attempts(code, Some(HERE)),
            (Ok(()), vec![Some(HERE), None]),
            "{code}"
        );
    }
    // Errors of the datagram itself: would block, no buffers, too long, unreachable.
    for code in [10035, 10055, 10040, 10051, 10065] {
        assert_eq!(
            attempts(code, Some(HERE)),
            (Err(Some(code)), vec![Some(HERE)]),
            "{code}"
        );
    }
    assert_eq!(attempts(WSAEINVAL, None), (Ok(()), vec![None]));
}

#[test]
fn a_socket_opens_where_options_are_missing() {
    // Options of IPv6 on an IPv4 socket, which has none of them.
    let socket = Socket::new(socket2::Domain::IPV4, socket2::Type::DGRAM, None).unwrap();
    let options = SocketOptions {
        packet_info: true,
        ..SocketOptions::default()
    };
    assert!(set(&socket, IPPROTO_IPV6, IPV6_PKTINFO, 1).is_err_and(|error| is_unsupported(&error)));
    set_packet_info(&socket, IPPROTO_IPV6, IPV6_PKTINFO, &options).unwrap();
    set_dont_fragment(&socket, IPPROTO_IPV6, IPV6_DONTFRAG, &options).unwrap();
    let strict = SocketOptions {
        dont_fragment: true,
        ..options
    };
    assert!(set_dont_fragment(&socket, IPPROTO_IPV6, IPV6_DONTFRAG, &strict).is_err());
}
