//! Sockets of one transfer each, most of them used again and again.

use std::io;
use std::net::{IpAddr, SocketAddr};

use tftp_proto::Instant;

use super::super::descriptors;
use super::super::port_plan::{Mode, Reception};
use super::permit::Permit;
use super::{Own, Ports, Slot, SocketRequest, draw};
use tftp_udp::{Poller, SocketOptions, UdpSocket};

/// Datagrams of the former client that are discarded before a socket gets the next one. One with more is closed.
const MOST_DISCARDED: usize = 256;

/// An IPv4 address as a dual-stack socket has it.
fn in_family(ip: IpAddr, socket: SocketAddr) -> IpAddr {
    match ip {
        IpAddr::V4(v4) if socket.is_ipv6() => v4.to_ipv6_mapped().into(),
        _ => ip,
    }
}

impl Ports {
    /// A socket for this transfer alone.
    ///
    /// # Errors
    /// `AddrInUse` and EMFILE where ports or descriptors are used up, or as many are in use as may be.
    pub(super) fn open_own(&mut self, poller: &Poller, request: &SocketRequest) -> io::Result<usize> {
        if self.mode == Mode::Own && self.options.foreign_source {
            return self.open_unconnected(poller, request.reception);
        }
        if self.mode == Mode::Own && descriptors::is_crowded() {
            return Err(io::ErrorKind::QuotaExceeded.into());
        }
        let here = self.own_address(request);
        if let Some(index) = self.reuse(poller, here, request) {
            return Ok(index);
        }
        let permit = self.permit(poller)?;
        let options = self.own_options(request.reception);
        let socket = self.draw.connected(here, request.peer, &options)?;
        if request.reception.batches && self.options.coalesce {
            socket.start_coalescing();
        }
        let own = Own {
            here,
            peer: Some(request.peer),
            reception: request.reception,
            permit,
        };
        self.add_own(poller, socket, own)
    }

    /// The client of that socket has acknowledged something.
    pub(in crate::engine) fn settle(&self, index: usize) {
        if let Some(own) = self.own(index) {
            own.permit.settle();
        }
    }

    /// Closes an idle socket, where there is one.
    pub(in crate::engine) fn close_idle(&mut self, poller: &Poller) -> bool {
        let idle = self.idle.pop();
        if let Some(index) = idle {
            self.close(poller, index);
        }
        idle.is_some()
    }

    /// Takes the socket's transfer away and makes it idle; false where it is to be closed.
    pub(super) fn retire(&mut self, index: usize, now: Instant) -> bool {
        let has_room = self.idle.len() < self.budget.idle;
        let Some(slot) = self.slots[index].as_mut() else {
            return false;
        };
        if !has_room || slot.socket.disconnect().is_err() {
            return false;
        }
        if let Some(own) = &mut slot.own {
            own.peer = None;
            own.permit.settle();
            if std::mem::take(&mut own.reception.batches) {
                slot.socket.stop_coalescing();
            }
        }
        self.idle.push(index);
        self.water.added(now);
        true
    }

    /// An idle socket at that address, with a new port.
    fn reuse(&mut self, poller: &Poller, here: SocketAddr, request: &SocketRequest) -> Option<usize> {
        let is_here = |&index: &usize| self.own(index).is_some_and(|own| own.here == here);
        let at = self.idle.iter().rposition(is_here)?;
        let index = self.idle.remove(at);
        self.water.taken(self.idle.len());
        if self.renew(index, request).is_err() {
            self.close(poller, index);
            return None;
        }
        Some(index)
    }

    fn renew(&mut self, index: usize, request: &SocketRequest) -> io::Result<()> {
        let slot = self.slots[index].as_mut().ok_or(io::ErrorKind::NotFound)?;
        let own = slot.own.as_mut().ok_or(io::ErrorKind::NotFound)?;
        // The same client may be the next: what it sent to the former port must not count for this one.
        if !slot.socket.discard_received(MOST_DISCARDED) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        if self.recv_buffer.is_none() && own.reception.buffer != request.reception.buffer {
            slot.socket.set_recv_buffer(request.reception.buffer)?;
        }
        draw::connect(&slot.socket, request.peer)?;
        if !self.draw.accepts(&slot.socket)? {
            return Err(io::ErrorKind::AddrNotAvailable.into());
        }
        if request.reception.batches && self.options.coalesce {
            slot.socket.start_coalescing();
        }
        (own.peer, own.reception) = (Some(request.peer), request.reception);
        own.permit.unsettle();
        Ok(())
    }

    /// A socket that takes packets of anybody: those to a foreign SourceIPAddress come to LocalHost.
    fn open_unconnected(&mut self, poller: &Poller, reception: Reception) -> io::Result<usize> {
        let permit = self.permit(poller)?;
        let socket = self.draw.bind(self.base, &self.own_options(reception))?;
        let own = Own {
            here: socket.local_addr()?,
            peer: None,
            reception,
            permit,
        };
        self.add_own(poller, socket, own)
    }

    fn add_own(&mut self, poller: &Poller, socket: UdpSocket, own: Own) -> io::Result<usize> {
        let own = Some(own);
        let index = self.add(
            poller,
            Slot {
                socket,
                _ticket: None,
                own,
            },
        )?;
        self.own += 1;
        Ok(index)
    }

    /// One more socket, within the budgets of the thread and of the process. An idle one at another address gives way.
    fn permit(&mut self, poller: &Poller) -> io::Result<Permit> {
        if self.mode == Mode::AlwaysOwn {
            return Permit::within_descriptors().ok_or_else(descriptors::exhausted);
        }
        for _ in 0..2 {
            let permit = (self.own < self.budget.own).then(Permit::take).flatten();
            match (permit, self.idle.pop()) {
                (Some(permit), idle) => {
                    self.idle.extend(idle);
                    return Ok(permit);
                }
                (None, Some(idle)) => self.close(poller, idle),
                (None, None) => break,
            }
        }
        Err(io::ErrorKind::QuotaExceeded.into())
    }

    fn own_options(&self, reception: Reception) -> SocketOptions {
        SocketOptions {
            recv_buffer: Some(self.recv_buffer.unwrap_or(reception.buffer)),
            packet_info: false,
            coalesce: false,
            ..self.options.clone()
        }
    }

    /// Where a socket for this transfer is bound: at SourceIPAddress, or at the address that was asked.
    fn own_address(&self, request: &SocketRequest) -> SocketAddr {
        let mut here = match (self.source_for(request.peer), request.asked) {
            (Some(ip), _) => SocketAddr::new(in_family(ip, self.address), 0),
            (None, Some(asked)) => asked.to_bind(),
            (None, None) => self.address,
        };
        here.set_port(0);
        here
    }
}
