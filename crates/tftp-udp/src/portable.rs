//! One datagram per call, which every system can do. The address that a datagram was sent to, and
//! the one that it leaves from, take other calls: message.rs, and windows.rs.

use std::io;
use std::net::SocketAddr;

use super::queue::{Message, Queue};
use super::send::{Failure, Unit};
use super::{LocalAddr, UdpSocket};

/// Sends one datagram after another.
#[derive(Default)]
pub(super) struct Single {
    scratch: Vec<u8>,
}

impl Single {
    /// Sends from the front of `order` and lists in `sent` what was sent; fails only if nothing was
    /// sent.
    pub(super) fn send(
        &mut self,
        socket: &UdpSocket,
        queue: &Queue,
        order: &[u32],
        sent: &mut Vec<Unit>,
    ) -> Result<(), Failure> {
        for &message in order {
            let waiting = &queue.messages[message as usize];
            for datagram in waiting.first..waiting.end {
                match self.send_one(socket, queue, waiting, datagram) {
                    Ok(()) => sent.push(Unit {
                        message,
                        datagrams: 1,
                    }),
                    Err(error) if sent.is_empty() => {
                        return Err(Failure {
                            error,
                            segmented: false,
                        });
                    }
                    Err(_) => return Ok(()),
                }
            }
        }
        Ok(())
    }

    /// Sends one datagram; one with several pieces is copied together first.
    pub(super) fn send_one(
        &mut self,
        socket: &UdpSocket,
        queue: &Queue,
        message: &Message,
        datagram: usize,
    ) -> io::Result<()> {
        let route = &message.route;
        let mut pieces = queue.pieces(datagram);
        let bytes = match (pieces.len(), pieces.next()) {
            (1, Some(whole)) => whole,
            (_, first) => {
                self.scratch.clear();
                first
                    .into_iter()
                    .chain(pieces)
                    .for_each(|piece| self.scratch.extend_from_slice(piece));
                &self.scratch
            }
        };
        let peer = (!route.connected).then(|| socket.in_family(route.peer));
        send_now(socket, bytes, peer, route.source)
    }
}

/// One datagram that was received.
pub(super) struct One {
    pub(super) peer: SocketAddr,
    /// See [`super::recv::Arrival`]; set where the system reports it.
    pub(super) local: Option<LocalAddr>,
    pub(super) broadcast: bool,
    /// The number of bytes kept.
    pub(super) length: usize,
    /// True if some were cut off.
    pub(super) truncated: bool,
}

/// Receives one datagram into a buffer with one byte more than needed: a datagram that fills it was
/// longer.
///
/// # Errors
/// `WouldBlock` if no datagrams are queued; a pending error of the socket.
#[cfg(unix)]
pub(super) fn receive_one(socket: &UdpSocket, buffer: &mut [u8]) -> io::Result<One> {
    if socket.reports_destination() {
        return super::message::receive(socket, buffer);
    }
    let (length, peer) = receive_now(socket, buffer)?;
    let most = buffer.len() - 1;
    Ok(One {
        peer,
        local: None,
        broadcast: false,
        length: length.min(most),
        truncated: length > most,
    })
}

#[cfg(windows)]
pub(super) use super::windows::{receive_one, send_now};

// The flags make each call non-blocking, because an adopted socket may be blocking: O_NONBLOCK
// belongs to the socket, not to the descriptor, and its owner decides on it.

#[cfg(unix)]
fn send_now(
    socket: &UdpSocket,
    bytes: &[u8],
    peer: Option<SocketAddr>,
    source: Option<LocalAddr>,
) -> io::Result<()> {
    use rustix::net::{SendFlags, send, sendto};
    if let (Some(peer), Some(source)) = (peer, source) {
        match super::message::send(socket, bytes, peer, source) {
            Err(error) if super::message::is_refusal_of_source(&error) => {}
            result => return result,
        }
    }
    match peer {
        Some(peer) => sendto(socket.std(), bytes, SendFlags::DONTWAIT, &peer)?,
        None => send(socket.std(), bytes, SendFlags::DONTWAIT)?,
    };
    Ok(())
}

#[cfg(unix)]
fn receive_now(socket: &UdpSocket, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
    use rustix::net::{RecvFlags, recvfrom};
    let (length, _, peer) = recvfrom(socket.std(), buffer, RecvFlags::DONTWAIT)?;
    let peer = peer.and_then(|peer| peer.try_into().ok());
    Ok((length, peer.ok_or(io::ErrorKind::InvalidData)?))
}
