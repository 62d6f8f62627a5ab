//! Sockets that are bound here, for the right to it is given up before the library listens.

use std::io;
use std::net::SocketAddr;

use nix::errno::Errno;
use socket2::{Domain, Protocol, Socket, Type};

use crate::listen::Listen;

/// Sockets for each of these addresses, one a thread: those of one address share its port, and the kernel keeps every
/// client on one of them. The error comes with the address.
pub fn all(wanted: &[Listen], threads: u32) -> Result<Vec<Socket>, (io::Error, String)> {
    let mut sockets = Vec::new();
    for listen in wanted {
        let bound = one(listen, threads).map_err(|error| (error, listen.to_string()))?;
        sockets.extend(bound);
    }
    Ok(sockets)
}

fn one(listen: &Listen, threads: u32) -> io::Result<Vec<Socket>> {
    let everywhere = listen.ip.is_none();
    match shared(listen.socket_addr(), everywhere, threads) {
        // A system without IPv6.
        Err(error) if everywhere && error.raw_os_error() == Some(Errno::EAFNOSUPPORT as i32) => {
            shared(SocketAddr::from(([0, 0, 0, 0], listen.port)), false, threads)
        }
        bound => bound,
    }
}

fn shared(address: SocketAddr, both_families: bool, threads: u32) -> io::Result<Vec<Socket>> {
    let first = unbound(address, both_families)?;
    // Alone, so that a stranger on the same port is found out; only then others may join.
    first.bind(&address.into())?;
    let real = first.local_addr()?;
    let mut sockets = vec![first];
    for _ in 1..threads {
        sockets[0].set_reuse_port(true)?;
        let next = unbound(address, both_families)?;
        next.set_reuse_port(true)?;
        next.bind(&real)?;
        sockets.push(next);
    }
    Ok(sockets)
}

fn unbound(address: SocketAddr, both_families: bool) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    if address.is_ipv6() {
        socket.set_only_v6(!both_families)?;
    }
    Ok(socket)
}
