//! Assigns datagrams to transfers.

use core::net::SocketAddr;

use tftp_proto::wire::{self, Malformed, Packet};
use tftp_proto::{ErrorCode, Instant};

use crate::handled::{DropReason, Handled};
use crate::id::{PortId, TransferId};
use crate::limits::Limits;
use crate::net::{Datagram, LocalAddr, NetFailure, Route};
use crate::output::Ending;
use crate::ports::Role;
use crate::server::{Server, UnboundOutput};
use crate::transfer::{Moved, Stage, Transfer};

impl<L: Limits> Server<L> {
    /// Handles a datagram. The caller acts on the result before it polls for outputs.
    #[inline]
    pub fn handle_datagram<'a>(&mut self, now: Instant, datagram: &Datagram<'a>) -> Handled<'a> {
        self.begin(now);
        match self.ports.role(datagram.port) {
            Role::Private(owner) if self.is_of(owner, datagram.peer) => {
                self.known(owner, datagram.bytes)
            }
            Role::Listening => self.listening(datagram),
            Role::Unknown => Handled::Ignored(DropReason::Stray),
            Role::Private(_) => self.stray(datagram),
            Role::Shared => match self.table.by_peer(datagram.port, datagram.peer) {
                Some(index) => self.known(index, datagram.bytes),
                None => self.stray(datagram),
            },
        }
    }

    #[inline]
    fn is_of(&self, owner: u32, peer: SocketAddr) -> bool {
        self.table
            .at(owner)
            .is_some_and(|transfer| transfer.route.peer == peer)
    }

    #[inline]
    fn known<'a>(&mut self, index: u32, bytes: &'a [u8]) -> Handled<'a> {
        match wire::parse(bytes) {
            Ok(packet) => self.packet(index, &packet),
            Err(_) => Handled::Ignored(DropReason::Malformed),
        }
    }

    #[inline]
    pub(crate) fn packet<'a>(&mut self, index: u32, packet: &Packet<'a>) -> Handled<'a> {
        let now = self.now;
        let Some(transfer) = self.table.at_mut(index) else {
            return Handled::Ignored(DropReason::Stray);
        };
        let id = transfer.id;
        let moved = transfer.handle_packet(now, packet);
        self.touch(index);
        match moved {
            Moved::Nothing => Handled::Packet(id),
            Moved::Acked(upto) => Handled::Acked(id, upto),
            Moved::Received(bytes, last) => Handled::Received { id, bytes, last },
            Moved::GivenUp => {
                self.end_unanswered(index, packet);
                Handled::Packet(id)
            }
        }
    }

    /// Ends a transfer whose client sent an ERROR before it was answered.
    fn end_unanswered(&mut self, index: u32, packet: &Packet<'_>) {
        if let Packet::Error { code, message } = *packet {
            let message = wire::printable(message, SHOWN);
            let probe = false;
            self.end_silently(
                index,
                Ending::ClientError {
                    code,
                    message,
                    probe,
                },
            );
        }
    }

    /// Handles a datagram at the listening port. Only requests are answered there: answers to
    /// ERRORs, stray ACKs or garbage can make two servers talk to each other forever
    /// (CVE-2024-2169).
    fn listening<'a>(&mut self, datagram: &Datagram<'a>) -> Handled<'a> {
        match wire::parse(datagram.bytes) {
            Ok(Packet::Request(mut request)) => {
                request.requested.forget(self.policy.refused_options);
                self.request(datagram, &request)
            }
            // With SinglePort transfers have places on the listening port.
            Ok(packet) => match self.table.by_peer(datagram.port, datagram.peer) {
                Some(index) => {
                    let index = self.addressee(index, &packet);
                    self.packet(index, &packet)
                }
                None => Handled::Ignored(DropReason::NoRequest),
            },
            Err(Malformed::Mode) => match self.unanswered(datagram) {
                Some(why) => Handled::Ignored(why),
                None => {
                    let route = self.route(datagram.port, datagram);
                    self.push_unbound(UnboundOutput::Error(
                        route,
                        ErrorCode::ILLEGAL,
                        "Unknown transfer mode",
                    ));
                    Handled::Ignored(DropReason::Mode)
                }
            },
            Err(_) => Handled::Ignored(DropReason::Malformed),
        }
    }

    /// Returns the transfer on a listening port that a packet is for: the one that has its client's
    /// place there, or the former one of the same request. An ACK that only the former one expects
    /// shows that its client was not reset, so the newer one ends.
    #[inline]
    fn addressee(&mut self, index: u32, packet: &Packet<'_>) -> u32 {
        let newcomer = self.table.at(index);
        match newcomer.and_then(|newcomer| newcomer.former) {
            Some(former) => self.addressee_beside_former(index, former, packet),
            None => index,
        }
    }

    #[cold]
    fn addressee_beside_former(
        &mut self,
        index: u32,
        former: TransferId,
        packet: &Packet<'_>,
    ) -> u32 {
        let Packet::Ack { block } = *packet else {
            return index;
        };
        let expects = |transfer: Option<&Transfer>| {
            transfer.is_some_and(|transfer| match &transfer.stage {
                Stage::Sending(machine) => machine.expects_ack(block),
                _ => false,
            })
        };
        if expects(self.table.at(index)) || !expects(self.table.get(former)) {
            return index;
        }
        self.end_silently(index, Ending::Replaced);
        former.index
    }

    /// Answers a packet from an unknown TID with ERROR 5, at a limited rate (RFC 1350 section 4).
    /// Neither the packet nor its answer disturbs the transfer whose port it strayed to.
    fn stray<'a>(&mut self, datagram: &Datagram<'a>) -> Handled<'a> {
        let is_hidden =
            self.config.hides_probes && matches!(self.ports.role(datagram.port), Role::Private(_));
        match wire::parse(datagram.bytes) {
            Err(_) => return Handled::Ignored(DropReason::Malformed),
            Ok(Packet::Error { .. } | Packet::Request(_)) => {}
            Ok(_) if is_hidden || datagram.broadcast || !self.strays.allow(self.now) => {}
            Ok(_) => {
                let route = self.route(datagram.port, datagram);
                self.push_unbound(UnboundOutput::Error(
                    route,
                    ErrorCode::UNKNOWN_TID,
                    "Unknown transfer ID",
                ));
            }
        }
        Handled::Ignored(DropReason::Stray)
    }

    /// Returns the route back to the sender: from `port`, with SourceIPAddress or the address that
    /// the datagram was sent to as the source.
    pub(crate) fn route(&self, port: PortId, datagram: &Datagram<'_>) -> Route {
        self.route_of(port, datagram.peer, datagram.local)
    }

    pub(crate) fn route_of(
        &self,
        port: PortId,
        peer: SocketAddr,
        local: Option<LocalAddr>,
    ) -> Route {
        let is_connected =
            self.config.hides_probes && matches!(self.ports.role(port), Role::Private(_));
        let is_ipv4 = peer.ip().to_canonical().is_ipv4();
        let own = self.config.source.filter(|ip| ip.is_ipv4() == is_ipv4);
        let asked = local.filter(|_| self.config.address.ip().is_unspecified());
        let source = own.map_or(asked, |ip| {
            let interface = local.map_or(0, |local| local.interface);
            Some(LocalAddr { ip, interface })
        });
        Route {
            port,
            peer,
            source: source.filter(|_| !is_connected),
        }
    }

    /// Handles the failure of a packet that was sent from `port`.
    pub fn handle_failure(
        &mut self,
        now: Instant,
        port: PortId,
        peer: Option<SocketAddr>,
        what: NetFailure,
    ) {
        self.begin(now);
        let owner = match self.ports.role(port) {
            Role::Private(owner) => {
                Some(owner).filter(|&owner| peer.is_none_or(|peer| self.is_of(owner, peer)))
            }
            _ => peer.and_then(|peer| self.table.by_peer(port, peer)),
        };
        // Before its machine begins, a transfer has sent nothing: the failure is forged, or it is
        // that of an earlier transfer's packet.
        let is_pending = |transfer: &Transfer| transfer.pending().is_some();
        let owner = owner.filter(|&index| !self.table.at(index).is_some_and(is_pending));
        let Some(index) = owner else { return };
        match what {
            NetFailure::Passing => {}
            NetFailure::Shrunk if !self.config.dont_fragment => self.too_big(index),
            NetFailure::Shrunk | NetFailure::TooLong => {
                let text = "blksize exceeds what the path takes";
                self.end(index, ErrorCode::UNDEFINED, text, Ending::TooLong);
            }
            NetFailure::Gone => self.unreachable(index),
        }
    }

    fn too_big(&mut self, index: u32) {
        let now = self.now;
        if let Some(transfer) = self.table.at_mut(index)
            && let Stage::Sending(machine) = &mut transfer.stage
        {
            machine.handle_too_big(now);
            self.touch(index);
        }
    }

    fn unreachable(&mut self, index: u32) {
        let now = self.now;
        let Some(transfer) = self.table.at_mut(index) else {
            return;
        };
        match &mut transfer.stage {
            Stage::Sending(machine) => machine.handle_unreachable(now),
            Stage::Receiving(machine) => machine.handle_unreachable(now),
            Stage::Pending(_) | Stage::Over(_) => return,
        }
        self.touch(index);
    }
}

/// The longest text of a peer's ERROR that is kept.
const SHOWN: usize = 256;
