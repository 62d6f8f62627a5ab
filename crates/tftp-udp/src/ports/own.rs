//! Private sockets, most of them reused for many transfers.

use std::cell::Cell;
use std::io;
use std::net::{IpAddr, SocketAddr};

use tftp_budget::descriptors;
use tftp_proto::Instant;

use super::permit::Permit;
use super::{Open, Own, Ports, draw};
use crate::datagrams::{OpenPlan, Reception};
use crate::{Poller, SocketOptions, UdpSocket};

/// The maximum number of datagrams of the former client that are discarded before a socket is
/// reused. A socket with more is closed.
const MOST_DISCARDED: usize = 256;

/// The number of idle sockets of which all may have something queued, from which on another one is
/// opened. A busy server gets a second set of sockets so, and reuses one while the other rests.
const SECOND_SET: std::ops::Range<usize> = 2..64;

/// The maximum number of idle sockets to look at for one that has nothing queued.
const LOOKED_AT: usize = 64;

/// Returns the address in the socket's family: a dual-stack socket uses IPv4-mapped addresses.
fn in_family(ip: IpAddr, socket: SocketAddr) -> IpAddr {
    match ip {
        IpAddr::V4(v4) if socket.is_ipv6() => v4.to_ipv6_mapped().into(),
        _ => ip,
    }
}

/// The idle socket for a new transfer, by its place among them.
enum Idle {
    /// Nothing is queued in it.
    Quiet(usize),
    /// Something may be queued in it.
    Unknown(usize),
    None,
}

impl Ports {
    /// Opens a socket for this transfer alone.
    ///
    /// # Errors
    /// `AddrInUse` and EMFILE if no ports or descriptors are left; `QuotaExceeded` if the limit of
    /// sockets is reached.
    pub(super) fn open_own(
        &mut self,
        poller: &Poller,
        plan: &OpenPlan,
        is_quiet: &dyn Fn(usize) -> bool,
    ) -> io::Result<usize> {
        if !self.options.always_private && self.options.sockets.foreign_source {
            return self.open_unconnected(poller, plan);
        }
        if !self.options.always_private && descriptors::half_open_share_is_full() {
            return Err(io::ErrorKind::QuotaExceeded.into());
        }
        let here = self.own_address(plan);
        let reused = match self.find_idle(here, is_quiet) {
            Idle::Quiet(at) => self.reuse(poller, at, plan, false),
            Idle::Unknown(at) => {
                if let Some(permit) = self.another()
                    && let Ok(index) = self.open_connected(poller, here, plan, permit)
                {
                    return Ok(index);
                }
                // No further socket is wanted, or the system is short of descriptors or memory.
                self.reuse(poller, at, plan, true)
            }
            Idle::None => None,
        };
        if let Some(index) = reused {
            return Ok(index);
        }
        let permit = self.permit(poller)?;
        self.open_connected(poller, here, plan, permit)
    }

    fn open_connected(
        &mut self,
        poller: &Poller,
        here: SocketAddr,
        plan: &OpenPlan,
        permit: Permit,
    ) -> io::Result<usize> {
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
            released_at: 0,
            is_clean: Cell::new(false),
        };
        self.add_own(poller, socket, own)
    }

    /// Called when the client of a private socket has acknowledged something.
    pub fn settle(&self, index: usize) {
        if let Some(own) = self.own(index) {
            own.permit.settle();
        }
    }

    /// Closes an idle socket; returns false if there is none.
    pub fn close_idle(&mut self, poller: &Poller) -> bool {
        let idle = self.idle.pop_back();
        if let Some(index) = idle {
            self.close(poller, index);
        }
        idle.is_some()
    }

    /// Ends the socket's transfer and makes it idle; returns false if it has to be closed.
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
            own.released_at = self.polls;
            own.permit.settle();
            if std::mem::take(&mut own.reception.batches) {
                open.socket.stop_coalescing();
            }
        }
        self.idle.push_back(index);
        self.water.added(now);
        true
    }

    /// Finds an idle socket at that address. A socket without a port receives nothing, so that one
    /// of which the poller has reported nothing since its port was released has nothing queued.
    fn find_idle(&self, here: SocketAddr, is_quiet: &dyn Fn(usize) -> bool) -> Idle {
        let is_here = |&index: &usize| self.own(index).is_some_and(|own| own.here == here);
        let rests =
            |index: &&usize| self.own(**index).is_some_and(|own| own.released_at < self.polls);
        // They are in the order of their releases, so that those behind one that does not rest do
        // not rest either.
        let mut resting = self.idle.iter().take(LOOKED_AT).take_while(rests);
        match resting.position(|index| is_here(index) && is_quiet(*index)) {
            Some(at) => Idle::Quiet(at),
            None => match self.idle.iter().rposition(is_here) {
                Some(at) => Idle::Unknown(at),
                None => Idle::None,
            },
        }
    }

    /// Permits one socket more although there are idle ones, while these are few and descriptors
    /// are not short.
    fn another(&self) -> Option<Permit> {
        let is_wanted =
            SECOND_SET.contains(&self.idle.len()) && self.idle.len() < self.options.idle;
        let has_room = !self.options.always_private && self.own < self.options.private;
        (is_wanted && has_room).then(Permit::take).flatten()
    }

    /// Reuses an idle socket with a new port. `discards`: something may be queued.
    fn reuse(
        &mut self,
        poller: &Poller,
        at: usize,
        plan: &OpenPlan,
        discards: bool,
    ) -> Option<usize> {
        let index = self.idle.remove(at)?;
        self.water.taken(self.idle.len());
        if self.renew(index, plan, discards).is_err() {
            self.close(poller, index);
            return None;
        }
        Some(index)
    }

    fn renew(&mut self, index: usize, plan: &OpenPlan, discards: bool) -> io::Result<()> {
        let open = self.slots[index].open.as_mut().ok_or(io::ErrorKind::NotFound)?;
        let own = open.own.as_mut().ok_or(io::ErrorKind::NotFound)?;
        // The same client may be the next: datagrams that it sent to the former port must not count
        // for this one.
        if discards && !open.socket.discard_received(MOST_DISCARDED) {
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

    /// Opens a socket that receives from any peer: replies to a foreign source address arrive at
    /// the address that the request was sent to.
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
            released_at: 0,
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

    /// Permits one more socket, within the budgets of the thread and of the process. Closes idle
    /// sockets at other addresses if necessary.
    fn permit(&mut self, poller: &Poller) -> io::Result<Permit> {
        if self.options.always_private {
            return Permit::within_descriptors().ok_or_else(descriptors::exhausted);
        }
        for _ in 0..2 {
            let permit = (self.own < self.options.private).then(Permit::take).flatten();
            match (permit, self.idle.pop_back()) {
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

    /// Returns the source address that is set, if it is of the peer's family.
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

    /// Returns the address to bind a transfer's socket to: the source that is set, or the address
    /// that the request was sent to.
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
