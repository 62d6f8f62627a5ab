//! Private sockets, most of them used again and again.

use std::cell::Cell;
use std::io;
use std::net::{IpAddr, SocketAddr};

use tftp_budget::descriptors;
use tftp_proto::Instant;

use super::permit::Permit;
use super::{Open, Own, Ports, draw};
use crate::datagrams::{OpenPlan, Reception};
use crate::{Poller, SocketOptions, UdpSocket};

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
    pub(super) fn open_own(&mut self, poller: &Poller, plan: &OpenPlan) -> io::Result<usize> {
        if !self.options.always_private && self.options.sockets.foreign_source {
            return self.open_unconnected(poller, plan);
        }
        if !self.options.always_private && descriptors::is_crowded() {
            return Err(io::ErrorKind::QuotaExceeded.into());
        }
        let here = self.own_address(plan);
        if let Some(index) = self.reuse(poller, here, plan) {
            return Ok(index);
        }
        let permit = self.permit(poller)?;
        let options = self.own_options(plan.reception);
        let socket = self.draw.connected(here, plan.peer, &options, plan.draw)?;
        if plan.reception.batches && self.options.sockets.coalesce {
            socket.start_coalescing();
        }
        let own = Own {
            here,
            peer: Some(plan.peer),
            reception: plan.reception,
            permit,
            is_clean: Cell::new(false),
        };
        self.add_own(poller, socket, own)
    }

    /// The client of that private socket has acknowledged something.
    pub fn settle(&self, index: usize) {
        if let Some(own) = self.own(index) {
            own.permit.settle();
        }
    }

    /// Closes an idle socket, where there is one.
    pub fn close_idle(&mut self, poller: &Poller) -> bool {
        let idle = self.idle.pop();
        if let Some(index) = idle {
            self.close(poller, index);
        }
        idle.is_some()
    }

    /// Takes the socket's transfer away and makes it idle; false where it is to be closed.
    pub(super) fn retire(&mut self, index: usize, now: Instant) -> bool {
        let has_room = self.idle.len() < self.options.idle;
        let slot = &mut self.slots[index];
        let Some(open) = slot.open.as_mut() else {
            return false;
        };
        if !has_room || open.socket.disconnect().is_err() {
            return false;
        }
        slot.generation = slot.generation.wrapping_add(1);
        if let Some(own) = &mut open.own {
            own.peer = None;
            own.permit.settle();
            if std::mem::take(&mut own.reception.batches) {
                open.socket.stop_coalescing();
            }
        }
        self.idle.push(index);
        self.water.added(now);
        true
    }

    /// An idle socket at that address, with a new port.
    fn reuse(&mut self, poller: &Poller, here: SocketAddr, plan: &OpenPlan) -> Option<usize> {
        let is_here = |&index: &usize| self.own(index).is_some_and(|own| own.here == here);
        let at = self.idle.iter().rposition(is_here)?;
        let index = self.idle.remove(at);
        self.water.taken(self.idle.len());
        if self.renew(index, plan).is_err() {
            self.close(poller, index);
            return None;
        }
        Some(index)
    }

    fn renew(&mut self, index: usize, plan: &OpenPlan) -> io::Result<()> {
        let open = self.slots[index].open.as_mut().ok_or(io::ErrorKind::NotFound)?;
        let own = open.own.as_mut().ok_or(io::ErrorKind::NotFound)?;
        // The same client may be the next: what it sent to the former port must not count for this one.
        if !open.socket.discard_received(MOST_DISCARDED) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        if self.options.recv_buffer.is_none() && own.reception.buffer != plan.reception.buffer {
            open.socket.set_recv_buffer(plan.reception.buffer)?;
        }
        draw::connect(&open.socket, plan.peer)?;
        if !self.draw.accepts(&open.socket)? {
            return Err(io::ErrorKind::AddrNotAvailable.into());
        }
        if plan.reception.batches && self.options.sockets.coalesce {
            open.socket.start_coalescing();
        }
        (own.peer, own.reception) = (Some(plan.peer), plan.reception);
        own.is_clean.set(false);
        own.permit.unsettle();
        Ok(())
    }

    /// A socket that takes packets of anybody: those to a foreign source come to the address that was asked.
    fn open_unconnected(&mut self, poller: &Poller, plan: &OpenPlan) -> io::Result<usize> {
        let permit = self.permit(poller)?;
        let socket = self
            .draw
            .bind(self.base, &self.own_options(plan.reception), plan.draw)?;
        let own = Own {
            here: socket.local_addr()?,
            peer: None,
            reception: plan.reception,
            permit,
            is_clean: Cell::new(false),
        };
        self.add_own(poller, socket, own)
    }

    fn add_own(&mut self, poller: &Poller, socket: UdpSocket, own: Own) -> io::Result<usize> {
        let own = Some(own);
        let open = Open {
            socket,
            _ticket: None,
            own,
        };
        let index = self.add(poller, open)?;
        self.own += 1;
        Ok(index)
    }

    /// One more socket, within the budgets of the thread and of the process. An idle one at another address gives way.
    fn permit(&mut self, poller: &Poller) -> io::Result<Permit> {
        if self.options.always_private {
            return Permit::within_descriptors().ok_or_else(descriptors::exhausted);
        }
        for _ in 0..2 {
            let permit = (self.own < self.options.private).then(Permit::take).flatten();
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

    /// The address that all answers come from, where it is of the peer's family.
    fn source_for(&self, plan: &OpenPlan) -> Option<IpAddr> {
        let is_v4 = plan.peer.ip().to_canonical().is_ipv4();
        self.options.source.filter(|ip| ip.is_ipv4() == is_v4)
    }

    fn own_options(&self, reception: Reception) -> SocketOptions {
        SocketOptions {
            recv_buffer: Some(self.options.recv_buffer.unwrap_or(reception.buffer)),
            packet_info: false,
            coalesce: false,
            ..self.options.sockets.clone()
        }
    }

    /// Where a socket for this transfer is bound: at the source that was set, or at the address that was asked.
    fn own_address(&self, plan: &OpenPlan) -> SocketAddr {
        let mut here = match (self.source_for(plan), plan.local) {
            (Some(ip), _) => SocketAddr::new(in_family(ip, self.options.address), 0),
            (None, Some(asked)) => asked.to_bind(),
            (None, None) => self.options.address,
        };
        here.set_port(0);
        here
    }
}
