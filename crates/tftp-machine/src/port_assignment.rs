//! Assigns a port to a new transfer: one of its own, one that it shares, or none.

use core::net::SocketAddr;

use tftp_proto::{ErrorCode, Instant};

use crate::admission::Newcomer;
use crate::due::Due;
use crate::id::{PortId, TransferId};
use crate::limits::{Descriptors, Limits};
use crate::net::{LocalAddr, NoPort, OpenPlan, PortKind, Reception};
use crate::output::Ending;
use crate::port_plan::{Mode, most_half_open};
use crate::ports::Sharing;
use crate::requests::MOST_TO_GIVE_WAY;
use crate::server::Server;
use crate::transfer::{Step, Transfer};

/// The id in [`crate::Output::OpenPort`] and in its answer if the port is for no transfer yet.
pub(crate) const NOBODY: TransferId = TransferId {
    index: u32::MAX,
    generation: u32::MAX,
};

impl OpenPlan {
    /// A placeholder plan.
    pub(crate) fn nothing(peer: SocketAddr) -> OpenPlan {
        OpenPlan {
            kind: PortKind::Private,
            peer,
            local: None,
            reception: Reception {
                buffer: 0,
                batches: false,
            },
            draw: 0,
        }
    }
}

impl<L: Limits> Server<L> {
    /// Chooses the port of a transfer that has none yet.
    pub(crate) fn seek_port(&mut self, index: u32) {
        match self.ports.mode() {
            Mode::Single => self.take_port(index, self.config.listening),
            Mode::AlwaysOwn => self.plan_port(index),
            Mode::Own if self.has_room() => self.plan_port(index),
            Mode::Own | Mode::Shared => self.share_port(index, NoPort::Other),
        }
    }

    /// Returns whether a new transfer may have a port of its own. It already counts as half-open.
    fn has_room(&self) -> bool {
        let most = most_half_open(self.limits.descriptor_limit(), self.config.threads.max(1));
        self.half_open.len() <= most
            && self.ports.has_room()
            && self.limits.descriptors() == Descriptors::Plenty
    }

    fn plan_port(&mut self, index: u32) {
        if let Some(transfer) = self.table.at_mut(index) {
            transfer.due.add(Due::PORT);
            self.touch(index);
        }
    }

    /// Returns the parameters of the port to open for a transfer.
    pub(crate) fn plan_of(&mut self, index: u32, kind: PortKind) -> OpenPlan {
        let draw = self.draw();
        let transfer = self.table.at(index);
        let Some((transfer, pending)) = transfer.and_then(|it| Some((it, it.pending()?))) else {
            return OpenPlan::nothing(self.config.address);
        };
        OpenPlan {
            kind,
            peer: transfer.route.peer,
            local: pending.local,
            reception: pending.reception,
            draw,
        }
    }

    /// Returns the kind of port that a transfer waits for.
    pub(crate) fn kind_of_port(&self, index: u32) -> PortKind {
        let bucket = self
            .table
            .at(index)
            .and_then(Transfer::pending)
            .and_then(|pending| pending.bucket);
        bucket.map_or(PortKind::Private, |bucket| PortKind::Shared { bucket })
    }

    /// Finds a place on a shared port for a transfer, or refuses it with `why`.
    fn share_port(&mut self, index: u32, why: NoPort) {
        let Some(transfer) = self.table.at(index) else {
            return;
        };
        let Some(pending) = transfer.pending() else { return };
        let (peer, table) = (transfer.route.peer, &self.table);
        let occupant = |port| {
            let index = table.by_peer(port, peer)?;
            table.at(index).map(Transfer::as_occupant)
        };
        match self.ports.share(pending.group, pending.failed, occupant) {
            Sharing::Open(bucket) => {
                if let Some(pending) = self.table.at_mut(index).and_then(Transfer::pending_mut) {
                    pending.bucket = Some(bucket);
                }
                self.plan_port(index);
            }
            Sharing::Take(assign) => {
                if let Some(id) = assign.gives_way {
                    self.replace(id.index);
                }
                self.take_port(index, assign.place);
            }
            Sharing::Nothing => self.refuse_port(index, why),
        }
    }

    /// Gives a transfer a port that it shares.
    fn take_port(&mut self, index: u32, port: PortId) {
        let Some(transfer) = self.table.at(index) else {
            return;
        };
        let (peer, local) = (transfer.route.peer, transfer.local());
        self.table.link(port, peer, index);
        self.port_assigned(index, port, peer, local);
    }

    /// Records the port of a transfer. Next, the application decides on the request.
    fn port_assigned(
        &mut self,
        index: u32,
        port: PortId,
        peer: SocketAddr,
        local: Option<LocalAddr>,
    ) {
        let route = self.route_of(port, peer, local);
        if let Some(transfer) = self.table.at_mut(index) {
            transfer.route = route;
            transfer.due.add(Due::ASK);
            if let Some(pending) = transfer.pending_mut() {
                pending.step = Step::Request;
            }
        }
        self.touch(index);
    }

    /// Handles the answer to [`crate::Output::OpenPort`].
    pub fn handle_port(&mut self, now: Instant, id: TransferId, port: Result<PortId, NoPort>) {
        self.now = now;
        if id == NOBODY {
            if let (Ok(port), PortKind::Shared { bucket }) = (port, self.plan.kind) {
                self.ports.add_shared(port, bucket);
            }
            return;
        }
        let Some(transfer) = self.table.get_mut(id) else {
            return;
        };
        let (peer, local) = (transfer.route.peer, transfer.local());
        let Some(pending) = transfer
            .pending_mut()
            .filter(|pending| pending.step == Step::Port)
        else {
            return;
        };
        match (pending.bucket.take(), port) {
            (None, Ok(port)) => {
                transfer.is_private = true;
                self.ports.add_private(port, id.index);
                self.port_assigned(id.index, port, peer, local);
            }
            (Some(bucket), Ok(port)) => {
                self.ports.add_shared(port, bucket);
                self.share_port(id.index, NoPort::Other);
            }
            (Some(bucket), Err(why)) => {
                pending.failed |= 1 << bucket;
                self.share_port(id.index, why);
            }
            (None, Err(why)) if self.ports.mode() == Mode::AlwaysOwn => {
                self.seek_again(id.index, why)
            }
            (None, Err(why)) => self.share_port(id.index, why),
        }
    }

    /// Handles the failure to open a port when every transfer has one of its own: an upload that
    /// only dallies or a half-open transfer gives way, and opening is tried again. After the last
    /// attempt the transfer is refused.
    fn seek_again(&mut self, index: u32, why: NoPort) {
        let Some(transfer) = self.table.at_mut(index) else {
            return;
        };
        let (host, operation) = (transfer.host(), transfer.operation);
        let Some(pending) = transfer.pending_mut() else {
            return;
        };
        pending.attempts += 1;
        let (group, is_last) = (pending.group, pending.attempts >= MOST_TO_GIVE_WAY);
        let newcomer = Newcomer {
            group,
            host,
            operation,
        };
        // The transfer that gives way is polled first, so that its port is closed before the next
        // attempt.
        self.current = None;
        if !is_last && (self.end_dallying() || self.give_port_way(&newcomer)) {
            self.plan_port(index);
        } else {
            self.refuse_port(index, why);
        }
        self.touch(index);
    }

    fn refuse_port(&mut self, index: u32, why: NoPort) {
        self.end(index, ErrorCode::UNDEFINED, "Transfer ended", Ending::NoPort(why));
    }
}
