//! Sockets that are bound here, for the right to it is given up before the library listens.

use std::io;

use socket2::{Domain, Protocol, Socket, Type};

use crate::listen::Listen;
use crate::system::sockets::{
    FIRST_ONLY_RESERVES, bind_to_interface, force_receive_buffer, share_port,
};

/// Bytes of each queue, as the library asks for where it binds.
const BUFFER: usize = 4 << 20;

/// The smallest size that is tried.
const SMALLEST_BUFFER: usize = 1 << 16;

/// Sockets for each of these addresses, one a thread: those of one address share its port, and the
/// kernel keeps every client on one of them. The error comes with the address.
pub fn all(
    wanted: &[Listen],
    threads: u32,
    interface: Option<&str>,
) -> Result<Vec<Socket>, (io::Error, String)> {
    let mut sockets = Vec::new();
    for listen in wanted {
        let bound = shared(listen, threads, interface, FIRST_ONLY_RESERVES)
            .map_err(|error| (error, listen.to_string()))?;
        sockets.extend(bound);
    }
    Ok(sockets)
}

/// Binds the sockets of one address. `first_only_reserves`: beside others the first one would get
/// no datagrams.
fn shared(
    listen: &Listen,
    threads: u32,
    interface: Option<&str>,
    first_only_reserves: bool,
) -> io::Result<Vec<Socket>> {
    let first = unbound(listen, interface)?;
    // Alone, so that a stranger on the same port is found out; only then others may join.
    first.bind(&listen.socket_addr().into())?;
    let real = first.local_addr()?;
    let mut sockets = vec![first];
    let reserving = usize::from(first_only_reserves && threads > 1);
    for _ in 1..threads as usize + reserving {
        share_port(&sockets[0])?;
        let next = unbound(listen, interface)?;
        share_port(&next)?;
        next.bind(&real)?;
        sockets.push(next);
    }
    sockets.drain(..reserving);
    Ok(sockets)
}

fn unbound(listen: &Listen, interface: Option<&str>) -> io::Result<Socket> {
    let address = listen.socket_addr();
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    if address.is_ipv6() {
        socket.set_only_v6(listen.ip.is_some())?;
    }
    enlarge(&socket);
    if let Some(name) = interface {
        bind_to_interface(&socket, address.is_ipv6(), name)?;
    }
    Ok(socket)
}

/// The library leaves the buffers of sockets that it did not bind as they are. The system's usual
/// 208 KiB hold the requests of some hundred machines that boot at once; beyond its limit the size
/// is root's to choose.
fn enlarge(socket: &Socket) {
    if force_receive_buffer(socket, BUFFER).is_err() {
        as_permitted(|bytes| socket.set_recv_buffer_size(bytes));
    }
    as_permitted(|bytes| socket.set_send_buffer_size(bytes));
}

/// Sets a buffer's size as far as the system permits: FreeBSD and macOS refuse what is too much
/// instead of reducing it. Where even a small one is refused the system's own stays.
fn as_permitted(mut set: impl FnMut(usize) -> io::Result<()>) {
    let half = |bytes: &usize| (*bytes > SMALLEST_BUFFER).then_some(bytes / 2);
    std::iter::successors(Some(BUFFER), half).any(|bytes| set(bytes).is_ok());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn each_thread_has_a_socket_of_the_port() {
        let listen: Listen = "127.0.0.1:0".parse().unwrap();
        for (threads, first_only_reserves) in [(1, false), (3, false), (1, true), (3, true)] {
            let sockets = shared(&listen, threads, None, first_only_reserves).unwrap();
            let port = |socket: &Socket| socket.local_addr().unwrap().as_socket().unwrap().port();
            let ports: Vec<u16> = sockets.iter().map(port).collect();
            assert_eq!(ports, vec![ports[0]; threads as usize], "{first_only_reserves}");
        }
    }

    #[test]
    fn a_buffer_is_as_large_as_the_system_permits() {
        for (most, granted) in [(usize::MAX, BUFFER), (1_864_135, 1 << 20), (1000, 0)] {
            let mut last = 0;
            as_permitted(|bytes| {
                if bytes > most {
                    return Err(io::ErrorKind::Other.into());
                }
                last = bytes;
                Ok(())
            });
            assert_eq!(last, granted, "{most}");
        }
    }
}
