//! Socket options, as far as Linux reads them back: those of other systems are other calls on the
//! same terms.

use std::os::fd::AsRawFd;

use super::*;

#[test]
fn options_reach_both_families() {
    let get = |socket: &UdpSocket, level, name| {
        let (mut value, mut length) = (0i32, 4);
        let fd = socket.std().as_raw_fd();
        // SAFETY: value and length are locals of the right size.
        let result =
            unsafe { libc::getsockopt(fd, level, name, (&raw mut value).cast(), &mut length) };
        assert_eq!(result, 0);
        value
    };
    for (address, v4, v6) in [("127.0.0.1:0", true, false), ("[::]:0", true, true)] {
        for dont_fragment in [true, false] {
            let options = SocketOptions {
                dont_fragment,
                traffic_class: Some(0xb8),
                ..options()
            };
            let socket = UdpSocket::bind(address.parse().unwrap(), &options).unwrap();
            let discover = if dont_fragment {
                libc::IP_PMTUDISC_DO
            } else {
                libc::IP_PMTUDISC_DONT
            };
            if v4 {
                assert_eq!(get(&socket, libc::SOL_IP, libc::IP_TOS), 0xb8);
                assert_eq!(get(&socket, libc::SOL_IP, libc::IP_MTU_DISCOVER), discover);
            }
            if v6 {
                assert_eq!(get(&socket, libc::SOL_IPV6, libc::IPV6_TCLASS), 0xb8);
                assert_eq!(get(&socket, libc::SOL_IPV6, libc::IPV6_MTU_DISCOVER), discover);
            }
        }
    }
    let v6_only = SocketOptions {
        v6_only: true,
        ..options()
    };
    let socket = UdpSocket::bind("[::]:0".parse().unwrap(), &v6_only).unwrap();
    assert_eq!(get(&socket, libc::SOL_IPV6, libc::IPV6_V6ONLY), 1);
}

/// An interface that does not exist is refused; a socket is restricted to one that does.
#[test]
fn a_socket_is_bound_to_its_interface() {
    let on = |interface: &str| SocketOptions {
        interface: Some(interface.to_owned()),
        ..options()
    };
    for address in ["127.0.0.1:0", "[::]:0"] {
        let address = address.parse().unwrap();
        match UdpSocket::bind(address, &on("lo")) {
            Ok(socket) => assert_eq!(socket.interface().as_deref(), Some("lo")),
            // Before Linux 5.7 it takes CAP_NET_RAW.
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::PermissionDenied),
        }
        let missing = UdpSocket::bind(address, &on("no-such-nic")).unwrap_err();
        assert_eq!(missing.raw_os_error(), Some(libc::ENODEV));
    }
}
