//! Requests: repetitions, clients that were reset, and newcomers.

use alloc::boxed::Box;
use core::time::Duration;

use tftp_proto::{ErrorCode, Operation, Request};

use crate::admission::groups::Group;
use crate::admission::{Bounds, Newcomer, Verdict};
use crate::due::Due;
use crate::handled::{DropReason, Handled};
use crate::id::TransferId;
use crate::limits::{Descriptors, Full, Limits};
use crate::net::Datagram;
use crate::output::Ending;
use crate::port_plan::{Mode, Reception};
use crate::repeats;
use crate::server::{Server, UnboundOutput};
use crate::timers::Timer;
use crate::transfer::{Pending, Stage, Step, Transfer};

/// The most half-open transfers that give way to one newcomer: one at the bound of uploads, one at
/// that of all, one at each limit of the settings.
pub(crate) const MOST_TO_GIVE_WAY: u8 = 5;

/// The descriptors that a new transfer needs: a socket, a file, its directory, and the directory
/// again for syncing.
const ROOM: usize = 4;

/// The most other transfers of one client port that are considered.
const MOST_LEFT: usize = 8;

/// The transfer that began with the same request.
enum Former {
    /// There is none, or it has ended.
    None,
    /// The request is its repetition.
    Repeated(TransferId),
    /// Its client was reset.
    Reset(TransferId),
}

impl<L: Limits> Server<L> {
    pub(crate) fn request<'a>(
        &mut self,
        datagram: &Datagram<'_>,
        request: &Request<'_>,
    ) -> Handled<'a> {
        let digest = self.table.digest(datagram.bytes);
        let former = match self.former(datagram, digest) {
            Former::None => None,
            Former::Repeated(id) => return Handled::Repeated(id),
            Former::Reset(id) => Some(id),
        };
        if let Some(why) = self.unanswered(datagram) {
            return Handled::Unanswered(why);
        }
        if !self.admits_requests {
            return Handled::Unanswered(DropReason::Full);
        }
        self.leave_former(datagram, former);
        let newcomer = self.newcomer(datagram, request.operation);
        self.make_room(&newcomer);
        match self.admit(&newcomer) {
            Ok(true) => {
                self.leave_others(datagram);
                self.enter(datagram, request, digest, &newcomer, former)
            }
            Ok(false) => Handled::Unanswered(DropReason::Crowded),
            Err(why) => self.refuse(datagram, why),
        }
    }

    /// Returns the reason if a request is not answered: it arrived after `stop_listening`, was sent
    /// to a broadcast address, or is from an excluded client.
    pub(crate) fn unanswered(&self, datagram: &Datagram<'_>) -> Option<DropReason> {
        if !self.is_listening {
            Some(DropReason::NotListening)
        } else if datagram.broadcast {
            Some(DropReason::Broadcast)
        } else if !self.limits.admits(datagram.peer.ip().to_canonical()) {
            Some(DropReason::Excluded)
        } else {
            None
        }
    }

    /// Looks up the transfer that began with the same request, and passes a repetition on to it.
    fn former(&mut self, datagram: &Datagram<'_>, digest: u64) -> Former {
        let now = self.now;
        let Some(transfer) = self.table.by_request(datagram.peer, digest) else {
            return Former::None;
        };
        let (id, known) = (transfer.id, transfer.known());
        let verdict = repeats::judge(now, self.longest_queued(), &known);
        let may_hold = self.ports.mode() == Mode::Single && !transfer.is_superseded();
        let holds = may_hold && repeats::holds_on_one_port(now, &known);
        let Some(transfer) = self.table.get_mut(id) else {
            return Former::None;
        };
        match verdict {
            _ if holds => transfer.hold_for_an_answer(now, datagram),
            repeats::Verdict::Anew if known.has_ended => return Former::None,
            repeats::Verdict::Anew => return Former::Reset(id),
            repeats::Verdict::Wait => transfer.hold_request(datagram),
            repeats::Verdict::Repeat => transfer.handle_repeat(now),
        }
        self.touch(id.index);
        Former::Repeated(id)
    }

    /// Returns the longest time that a request which arrives now can have waited in the listening
    /// socket's queue.
    fn longest_queued(&self) -> Duration {
        let waits = self.requests_since.map(|since| self.now.saturating_sub(since));
        waits.unwrap_or_default().min(repeats::LONGEST_QUEUED)
    }

    /// Supersedes the former transfer of a client that begins a new one. On a single port, two
    /// transfers of one client port cannot be distinguished, so with SinglePort the former one ends
    /// at once, except one of which only the last ACK is missing. With other ports it only falls
    /// silent, so that a forged request ends no transfer.
    fn leave_former(&mut self, datagram: &Datagram<'_>, former: Option<TransferId>) {
        if self.ports.mode() == Mode::Single {
            while let Some(index) = self.table.by_peer(datagram.port, datagram.peer) {
                let is_waited_for =
                    |transfer: &Transfer| Some(transfer.id) == former && transfer.is_superseded();
                if self.table.at(index).is_some_and(is_waited_for) {
                    break;
                }
                self.replace(index);
            }
            return;
        }
        let now = self.now;
        if let Some(id) = former
            && let Some(transfer) = self.table.get_mut(id)
        {
            transfer.is_left = false;
            transfer.supersede(now);
            // The newcomer is admitted in its stead.
            self.follow_doubt(id.index);
            self.touch(id.index);
        }
    }

    /// Silences a client's other transfers from which nothing was heard for a while: the client
    /// would take a late packet of theirs for an answer to its new request.
    fn leave_others(&mut self, datagram: &Datagram<'_>) {
        if self.ports.mode() == Mode::Single {
            return;
        }
        let now = self.now;
        let mut others = [None; MOST_LEFT];
        for (place, index) in others.iter_mut().zip(self.table.of_client(datagram.peer)) {
            *place = Some(index);
        }
        for index in others.into_iter().flatten() {
            if self
                .table
                .at_mut(index)
                .is_some_and(|transfer| transfer.leave(now))
            {
                self.touch(index);
            }
        }
    }

    fn newcomer(&mut self, datagram: &Datagram<'_>, operation: Operation) -> Newcomer {
        let host = datagram.peer.ip().to_canonical();
        let address = self.config.address.ip().to_canonical();
        let asked = datagram.local.map(|local| local.ip.to_canonical());
        let local = asked.or((!address.is_unspecified()).then_some(address));
        let (networks, limits, now) = (&mut self.networks, &self.limits, self.now);
        Newcomer {
            group: Group::of(host, |network| {
                networks.have(network, local, now, || limits.own_addresses())
            }),
            host,
            operation,
        }
    }

    /// Admits and counts a newcomer; half-open transfers may have to give way. Returns false if the
    /// request is left unanswered, and an error if it is refused.
    fn admit(&mut self, newcomer: &Newcomer) -> Result<bool, DropReason> {
        if newcomer.operation == Operation::Write && self.policy.read_only {
            return Err(DropReason::ReadOnly);
        }
        let bounds = Bounds::new(self.config.threads, self.limits.descriptor_limit());
        // Each bound is reached at most once.
        for _ in 0..MOST_TO_GIVE_WAY {
            match self.half_open.judge(self.now, newcomer, &bounds) {
                Verdict::Unanswered => return Ok(false),
                Verdict::GivesWay(id) => self.give_way(id),
                Verdict::Enter => match self.limits.enter(newcomer.host, &self.policy) {
                    Ok(()) => return Ok(true),
                    Err(limit) => match self.half_open.gives_way(self.now, newcomer, limit) {
                        Some(id) => self.give_way(id),
                        None if limit == Full::Connections && self.limits.is_flooded() => {
                            return Ok(false);
                        }
                        None => return Err(DropReason::TooMany),
                    },
                },
            }
        }
        Ok(false)
    }

    /// Ends a half-open transfer for a newcomer. Its client, if it is real, repeats its request.
    fn give_way(&mut self, id: TransferId) {
        self.end_silently(id.index, Ending::GaveWay);
    }

    /// Frees descriptors when few are left, by ending uploads that only dally. If none dallies and
    /// every transfer has a port of its own, a half-open one gives way.
    fn make_room(&mut self, newcomer: &Newcomer) {
        if self.limits.descriptors() != Descriptors::Tight {
            return;
        }
        let given = (0..ROOM).take_while(|_| self.end_dallying()).count();
        if given == 0 && self.ports.mode() == Mode::AlwaysOwn {
            self.give_port_way(newcomer);
        }
    }

    /// Ends a half-open transfer for a newcomer that has no port. Returns false if none is old
    /// enough.
    pub(crate) fn give_port_way(&mut self, newcomer: &Newcomer) -> bool {
        let oldest = self.half_open.gives_way(self.now, newcomer, Full::Connections);
        if let Some(id) = oldest {
            self.give_way(id);
        }
        oldest.is_some()
    }

    /// Ends the oldest upload that only dallies on a port of its own, to retransmit its last ACK.
    /// Returns false if there is none.
    pub(crate) fn end_dallying(&mut self) -> bool {
        while let Some(id) = self.dallying.pop_front() {
            let Some(transfer) = self.table.get_mut(id) else {
                continue;
            };
            if !transfer.is_over() {
                transfer.stage = Stage::Over(None);
                self.table.unlink(id.index);
                self.touch(id.index);
                return true;
            }
        }
        false
    }

    fn enter<'a>(
        &mut self,
        datagram: &Datagram<'_>,
        request: &Request<'_>,
        digest: u64,
        newcomer: &Newcomer,
        former: Option<TransferId>,
    ) -> Handled<'a> {
        let (now, connection) = (self.now, self.limits.next_id());
        let route = self.route(datagram.port, datagram);
        let pending = Box::new(self.pending(datagram, request, newcomer.group));
        let half_open = &mut self.half_open;
        let id = self.table.insert(datagram.peer, digest, |id| Transfer {
            id,
            route,
            connection,
            operation: request.operation,
            mode: request.mode,
            digest,
            stage: Stage::Pending(pending),
            timer: Timer::default(),
            half_open: Some(half_open.enter(now, newcomer, id)),
            former,
            waiting: None,
            began: now,
            ending: None,
            window: 0,
            due: Due::default(),
            is_doubted: false,
            is_left: false,
            has_ended: false,
            is_open: false,
            is_private: false,
            is_reading: false,
            was_let_go: false,
            is_parked: false,
        });
        self.seek_port(id.index);
        self.touch(id.index);
        Handled::Requested(id)
    }

    fn pending(&self, datagram: &Datagram<'_>, request: &Request<'_>, group: Group) -> Pending {
        let limits = self.policy.limits;
        Pending {
            step: Step::Port,
            name: request.filename.to_vec(),
            local: datagram.local,
            requested: request.requested,
            limits,
            timing: self.policy.timing,
            group,
            reception: Reception::of(
                request.operation,
                &request.requested,
                limits.max_blksize,
                limits.max_windowsize,
            ),
            asked_at: self.now,
            failed: 0,
            bucket: None,
            attempts: 0,
            is_put_off: false,
        }
    }

    /// Refuses a request: no transfer begins, and the client gets an ERROR.
    fn refuse<'a>(&mut self, datagram: &Datagram<'_>, why: DropReason) -> Handled<'a> {
        let (code, text) = match why {
            DropReason::ReadOnly => (ErrorCode::ACCESS, "Uploads are not allowed"),
            _ => (ErrorCode::UNDEFINED, "Too many transfers, try again later"),
        };
        let route = self.route(datagram.port, datagram);
        self.push_unbound(UnboundOutput::Error(route, code, text));
        Handled::Refused(why, self.limits.next_id())
    }
}
