//! Random ports: chosen by the kernel, within a range where it supports that; otherwise drawn here.

use std::io;
use std::net::SocketAddr;
use std::ops::RangeInclusive;

use crate::sockopt::is_port_taken;
use crate::{IoMode, SocketOptions, UdpSocket};

/// The number of random ports to try before the whole range is searched.
const ATTEMPTS: usize = 16;

pub(super) struct Draw {
    range: Option<RangeInclusive<u16>>,
    /// True if the kernel chooses ports on connect. Not in [`IoMode::Portable`], which uses only
    /// what every system has.
    is_late: bool,
}

impl Draw {
    pub(super) fn new(range: Option<RangeInclusive<u16>>, mode: IoMode) -> Draw {
        Draw {
            range,
            is_late: mode == IoMode::Auto,
        }
    }

    /// Binds a socket to an address with a random port.
    ///
    /// # Errors
    /// `AddrInUse` if every port of the range is taken; those of bind.
    pub(super) fn bind(
        &self,
        mut address: SocketAddr,
        options: &SocketOptions,
        draw: u64,
    ) -> io::Result<UdpSocket> {
        let Some(range) = self.range.clone() else {
            address.set_port(0);
            return UdpSocket::bind(address, options);
        };
        first_free(numbers(range, draw), |port| {
            address.set_port(port);
            UdpSocket::bind(address, options)
        })
    }

    /// Binds a socket to an address and connects it to `peer` from a random port.
    ///
    /// # Errors
    /// `AddrInUse` if every port is taken; those of bind and connect.
    pub(super) fn connected(
        &mut self,
        here: SocketAddr,
        peer: SocketAddr,
        options: &SocketOptions,
        draw: u64,
    ) -> io::Result<UdpSocket> {
        if self.is_late {
            let late = SocketOptions {
                late_port: true,
                port_range: self.range.clone(),
                ..options.clone()
            };
            match UdpSocket::bind(here, &late) {
                Ok(socket) => {
                    connect(&socket, peer)?;
                    if self.accepts(&socket)? {
                        return Ok(socket);
                    }
                    // The range is not within net.ipv4.ip_local_port_range.
                    self.is_late = false;
                }
                // Linux before 6.3 lacks the option.
                Err(error) if self.range.is_some() && is_unknown(&error) => self.is_late = false,
                Err(error) => return Err(error),
            }
        }
        let socket = self.bind(here, options, draw)?;
        connect(&socket, peer)?;
        Ok(socket)
    }

    /// Returns true if the port chosen by the kernel is within the range.
    pub(super) fn accepts(&self, socket: &UdpSocket) -> io::Result<bool> {
        match &self.range {
            None => Ok(true),
            Some(range) => Ok(range.contains(&socket.local_addr()?.port())),
        }
    }
}

/// Binds to the first free port.
///
/// # Errors
/// `AddrInUse` if no port is free; other errors of bind.
fn first_free<T>(
    mut ports: impl Iterator<Item = u16>,
    mut bind: impl FnMut(u16) -> io::Result<T>,
) -> io::Result<T> {
    ports
        .find_map(|port| match bind(port) {
            Err(error) if is_port_taken(&error) => None,
            result => Some(result),
        })
        .unwrap_or_else(|| Err(io::ErrorKind::AddrInUse.into()))
}

/// Connects; a system without a free port fails with `AddrInUse`, as bind does.
pub(super) fn connect(socket: &UdpSocket, peer: SocketAddr) -> io::Result<()> {
    socket.connect(peer).map_err(|error| match error.kind() {
        io::ErrorKind::WouldBlock => io::ErrorKind::AddrInUse.into(),
        _ => error,
    })
}

/// Returns every port of a range at least once, in an order that cannot be predicted without
/// knowing `draw`.
fn numbers(range: RangeInclusive<u16>, draw: u64) -> impl Iterator<Item = u16> {
    let (first, count) = (u64::from(*range.start()), range.len() as u64);
    let guesses = (0..ATTEMPTS as u64).map(move |step| first + mixed(draw, step) % count);
    let begin = mixed(draw, ATTEMPTS as u64) % count;
    let all = (0..count).map(move |step| first + (begin + step) % count);
    guesses.chain(all).map(|port| port as u16)
}

/// Returns output `step` of SplitMix64 with the seed `draw`; its state advances by a constant.
fn mixed(draw: u64, step: u64) -> u64 {
    let mut mixed = draw.wrapping_add((step + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(linux)]
fn is_unknown(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::ENOPROTOOPT)
}

#[cfg(not(linux))]
fn is_unknown(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::Unsupported
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_of_a_range_in_no_order() {
        let range = 40_000..=40_299;
        let drawn: Vec<u16> = numbers(range.clone(), 1).collect();
        assert!(drawn.iter().all(|port| range.contains(port)));
        assert!(range.clone().all(|port| drawn.contains(&port)));
        assert_ne!(
            drawn[..ATTEMPTS],
            numbers(range, 2).collect::<Vec<_>>()[..ATTEMPTS]
        );
        assert_eq!(numbers(7..=7, 3).next(), Some(7));
        assert_eq!(numbers(1..=65535, 4).count(), ATTEMPTS + 65535);
    }

    #[test]
    fn ports_of_others_are_passed_over() {
        use io::ErrorKind::{AddrInUse, AddrNotAvailable, PermissionDenied};
        let first = |errors: [Option<io::ErrorKind>; 3]| {
            let mut errors = errors.into_iter().flatten();
            let bound = first_free(1..=3, |port| errors.next().map_or(Ok(port), |e| Err(e.into())));
            bound.map_err(|error| error.kind())
        };
        assert_eq!(first([None; 3]), Ok(1));
        assert_eq!(first([Some(AddrInUse), None, None]), Ok(2));
        assert_eq!(first([Some(AddrInUse); 3]), Err(AddrInUse));
        assert_eq!(
            first([Some(AddrInUse), Some(AddrNotAvailable), None]),
            Err(AddrNotAvailable)
        );
        // Windows reserves ranges of ports. Elsewhere another port would be refused, too.
        let refused = if cfg!(windows) {
            Ok(3)
        } else {
            Err(PermissionDenied)
        };
        assert_eq!(first([Some(PermissionDenied), Some(AddrInUse), None]), refused);
    }
}
