//! One transfer from its request to its end.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::net::IpAddr;

use tftp_proto::{
    ErrorCode, Instant, Limits, Mode, NegotiatedOptions, Operation, Outcome, Packet, ReadTransfer,
    RequestedOptions, Timing, Transmit, WriteTransfer,
};

use crate::admission::{Group, HalfOpen};
use crate::due::Due;
use crate::held::HeldRequest;
use crate::id::{ConnectionId, TransferId};
use crate::net::{Datagram, LocalAddr, Reception, Route};
use crate::output::Ending;
use crate::port_plan::Occupant;
use crate::repeats::{self, Known};
use crate::timers::Timer;

/// The state of one transfer.
#[derive(Debug)]
pub struct Transfer {
    pub(crate) id: TransferId,
    pub(crate) route: Route,
    pub(crate) connection: ConnectionId,
    pub(crate) operation: Operation,
    pub(crate) mode: Mode,
    /// The hash of the request's bytes.
    pub(crate) digest: u64,
    pub(crate) stage: Stage,
    pub(crate) timer: Timer,
    /// Its place among the half-open ones, until the client has acknowledged something.
    pub(crate) half_open: Option<HalfOpen>,
    /// An earlier transfer of the same request: it ends when this one is acknowledged.
    pub(crate) former: Option<TransferId>,
    /// The same request again, held until this transfer has ended or its client has not answered in
    /// time.
    pub(crate) waiting: Option<Box<HeldRequest>>,
    pub(crate) began: Instant,
    /// Why it ended, or why its machine was made to fail.
    pub(crate) ending: Option<Box<Ending>>,
    /// Bytes taken of the budget for windows.
    pub(crate) window: u32,
    /// Its pending outputs besides packets.
    pub(crate) due: Due,
    /// True while it does not count in the limits, because its client may be gone.
    pub(crate) is_doubted: bool,
    /// True if its client has requested something else since, and sent no packet for this transfer.
    /// Until then, nothing is sent.
    pub(crate) is_left: bool,
    /// True once its end is decided.
    pub(crate) has_ended: bool,
    /// True once storage was requested to open something.
    pub(crate) is_open: bool,
    /// True if its port belongs to it alone.
    pub(crate) is_private: bool,
    /// True while storage reads, or opens the file again.
    pub(crate) is_reading: bool,
    /// True once the file of a half-open download was requested to be closed (`LetGo`);
    /// `is_parked`: it is closed.
    pub(crate) was_let_go: bool,
    pub(crate) is_parked: bool,
}

/// The progress of a transfer.
#[derive(Debug)]
pub(crate) enum Stage {
    /// Nothing was sent yet.
    Pending(Box<Pending>),
    Sending(ReadTransfer),
    Receiving(WriteTransfer),
    /// Ended without a transfer machine; the ERROR for the client, if it gets one.
    Over(Option<(ErrorCode, Cow<'static, str>)>),
}

/// The state of a transfer before its machine begins.
#[derive(Debug)]
pub(crate) struct Pending {
    pub(crate) step: Step,
    pub(crate) name: Vec<u8>,
    pub(crate) local: Option<LocalAddr>,
    pub(crate) requested: RequestedOptions,
    pub(crate) limits: Limits,
    pub(crate) timing: Timing,
    pub(crate) group: Group,
    pub(crate) reception: Reception,
    /// When the last copy of the request arrived.
    pub(crate) asked_at: Instant,
    /// The buckets whose port could not be opened, as bits.
    pub(crate) failed: u64,
    /// The bucket whose port is being opened; `None` if it is a private port.
    pub(crate) bucket: Option<u8>,
    pub(crate) attempts: u8,
    /// True while the application postpones its answer.
    pub(crate) is_put_off: bool,
}

/// The answer that a pending transfer waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Port,
    Request,
    Opening { again: bool },
    Start { found: Found },
}

/// The result of a look-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// A stream of this length, if it is known.
    Stream(Option<u64>),
    Missing(ErrorCode, Cow<'static, str>),
}

/// Read access for the caller.
impl Transfer {
    /// Returns its id.
    pub fn id(&self) -> TransferId {
        self.id
    }

    /// Returns the connection number that the application sees.
    pub fn connection(&self) -> ConnectionId {
        self.connection
    }

    /// Returns the route to its client; from the listening port as long as it has no other port.
    pub fn route(&self) -> &Route {
        &self.route
    }

    /// Returns whether the client reads or writes.
    pub fn operation(&self) -> Operation {
        self.operation
    }

    /// Returns the transfer mode: octet or netascii.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Returns when its request arrived.
    pub fn began(&self) -> Instant {
        self.began
    }

    /// Returns the name in the request, as it is on the wire; `None` once the transfer has begun.
    pub fn filename(&self) -> Option<&[u8]> {
        self.pending().map(|pending| &pending.name[..])
    }

    /// Returns the options of the request; `None` once the transfer has begun.
    pub fn requested(&self) -> Option<&RequestedOptions> {
        self.pending().map(|pending| &pending.requested)
    }

    /// Returns the address that the request was sent to, if the system reports it; `None` once the
    /// transfer has begun.
    pub fn local(&self) -> Option<LocalAddr> {
        self.pending().and_then(|pending| pending.local)
    }

    /// Returns the negotiated parameters, once the transfer has begun.
    pub fn negotiated(&self) -> Option<&NegotiatedOptions> {
        match &self.stage {
            Stage::Sending(machine) => Some(machine.negotiated()),
            Stage::Receiving(machine) => Some(machine.negotiated()),
            _ => None,
        }
    }

    /// Returns the bytes of a download's stream that its client has acknowledged; 0 for an upload.
    pub fn acked(&self) -> u64 {
        match &self.stage {
            Stage::Sending(machine) => machine.acked_bytes(),
            _ => 0,
        }
    }

    /// Returns the bytes of an upload's stream that were received; 0 for a download.
    pub fn received(&self) -> u64 {
        match &self.stage {
            Stage::Receiving(machine) => machine.received_bytes(),
            _ => 0,
        }
    }

    /// Returns the number of retransmitted packets.
    pub fn repeated(&self) -> u64 {
        match &self.stage {
            Stage::Sending(machine) => machine.retransmissions(),
            Stage::Receiving(machine) => machine.retransmissions(),
            _ => 0,
        }
    }

    /// Returns true if every byte has arrived and, for a download, is acknowledged.
    pub fn is_complete(&self) -> bool {
        matches!(self.outcome(), Some(Outcome::Complete))
    }

    /// Returns true if its client has acknowledged nothing yet.
    pub fn is_half_open(&self) -> bool {
        self.half_open.is_some()
    }

    /// Returns true if it is a download whose client has acknowledged something, but has not
    /// answered what was sent for longer than an active client needs.
    pub fn is_silent(&self, now: Instant) -> bool {
        let Stage::Sending(machine) = &self.stage else {
            return false;
        };
        let needs = machine.moment().min(repeats::SILENCE);
        let waits_since = machine.waits_since();
        waits_since.is_some_and(|since| now.saturating_sub(since) > needs)
    }

    /// Returns true if its client has turned to another transfer, so that it is sent nothing more
    /// of this one.
    pub fn is_silenced(&self) -> bool {
        self.is_left || self.is_superseded()
    }
}

/// Access for the rules of the machine.
impl Transfer {
    pub(crate) fn pending(&self) -> Option<&Pending> {
        match &self.stage {
            Stage::Pending(pending) => Some(pending),
            _ => None,
        }
    }

    pub(crate) fn pending_mut(&mut self) -> Option<&mut Pending> {
        match &mut self.stage {
            Stage::Pending(pending) => Some(pending),
            _ => None,
        }
    }

    pub(crate) fn host(&self) -> IpAddr {
        self.route.peer.ip().to_canonical()
    }

    /// Returns the state that decides whether an identical request is a repetition.
    pub(crate) fn known(&self) -> Known {
        let (heard_at, awaits_last_ack, is_being_stored) = match &self.stage {
            Stage::Sending(machine) => (machine.heard_at(), machine.awaits_last_ack(), false),
            Stage::Receiving(machine) => (machine.heard_at(), false, machine.is_complete()),
            _ => (None, false, false),
        };
        Known {
            has_ended: self.has_ended,
            is_upload: self.operation == Operation::Write,
            awaits_last_ack,
            is_being_stored,
            is_in_doubt: self.is_in_doubt(),
            heard_at,
        }
    }

    pub(crate) fn as_occupant(&self) -> Occupant<TransferId> {
        Occupant {
            transfer: self.id,
            has_ended: self.has_ended,
            began: self.began,
        }
    }

    pub(crate) fn is_in_doubt(&self) -> bool {
        match &self.stage {
            Stage::Sending(machine) => machine.is_in_doubt(),
            Stage::Receiving(machine) => machine.is_in_doubt(),
            _ => false,
        }
    }

    /// Returns true if a newer transfer of its client has begun, and the client has not gone on
    /// with this one since.
    pub(crate) fn is_superseded(&self) -> bool {
        match &self.stage {
            Stage::Sending(machine) => machine.is_superseded(),
            Stage::Receiving(machine) => machine.is_superseded(),
            _ => false,
        }
    }

    /// Returns when the client last took part, or began to wait for an answer.
    fn last_activity_at(&self) -> Instant {
        let heard_at = match &self.stage {
            Stage::Sending(machine) => machine.heard_at(),
            Stage::Receiving(machine) => machine.heard_at(),
            Stage::Pending(pending) => Some(pending.asked_at),
            Stage::Over(_) => None,
        };
        heard_at.unwrap_or(self.began)
    }

    /// Silences the transfer when its client requests something else: a client that has been silent
    /// for a while was reset, and does not know this transfer. Returns false if nothing changes.
    pub(crate) fn leave(&mut self, now: Instant) -> bool {
        let is_silent = now.saturating_sub(self.last_activity_at()) >= repeats::SILENCE;
        if !is_silent || self.has_ended || self.is_silenced() {
            return false;
        }
        self.is_left = true;
        self.supersede(now);
        true
    }

    pub(crate) fn is_over(&self) -> bool {
        match &self.stage {
            Stage::Sending(machine) => machine.is_over(),
            Stage::Receiving(machine) => machine.is_over(),
            Stage::Over(_) => true,
            Stage::Pending(_) => false,
        }
    }

    pub(crate) fn outcome(&self) -> Option<&Outcome> {
        match &self.stage {
            Stage::Sending(machine) => machine.outcome(),
            Stage::Receiving(machine) => machine.outcome(),
            _ => None,
        }
    }

    /// Returns true if only data and acknowledgements are exchanged, and nothing else is pending.
    #[inline]
    pub(crate) fn is_steady(&self) -> bool {
        let is_plain = !self.is_doubted && self.half_open.is_none() && self.waiting.is_none();
        is_plain
            && self.due.is_empty()
            && match &self.stage {
                Stage::Sending(machine) => machine.is_steady(),
                Stage::Receiving(machine) => machine.is_steady(),
                _ => false,
            }
    }

    /// Returns true if a steady transfer has nothing more to send until the next input.
    #[inline]
    pub(crate) fn has_sent_all(&self) -> bool {
        match &self.stage {
            Stage::Sending(machine) => machine.has_sent_all(),
            Stage::Receiving(machine) => machine.has_sent_all(),
            _ => false,
        }
    }

    /// Returns whether at most the acknowledgement of the last window is missing: many clients send
    /// the last ACK only once.
    pub(crate) fn is_probably_complete(&self) -> bool {
        let Stage::Sending(machine) = &self.stage else {
            return false;
        };
        let negotiated = machine.negotiated();
        let window = u64::from(negotiated.blksize) * u64::from(negotiated.windowsize);
        let left = machine
            .stream_size()
            .map(|size| size.saturating_sub(machine.acked_bytes()));
        !machine.is_half_open() && left.is_some_and(|left| left <= window)
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        let held = self.waiting.as_ref().and_then(|held| held.until());
        let own = match &self.stage {
            Stage::Sending(machine) => machine.poll_timeout(),
            Stage::Receiving(machine) => machine.poll_timeout(),
            Stage::Pending(pending) => pending.storage_deadline(self.began),
            Stage::Over(_) => None,
        };
        own.into_iter().chain(held).min()
    }

    #[inline]
    pub(crate) fn poll_transmit(&mut self, now: Instant) -> Option<Transmit> {
        match &mut self.stage {
            Stage::Sending(machine) => machine.poll_transmit(now),
            Stage::Receiving(machine) => machine.poll_transmit(now),
            _ => None,
        }
    }

    /// Holds an identical request until the doubt is over.
    pub(crate) fn hold_request(&mut self, datagram: &Datagram<'_>) {
        if self.waiting.is_none() && !datagram.broadcast {
            self.waiting = Some(Box::new(HeldRequest::of(datagram)));
        }
    }

    /// Retransmits the current packet, and holds an identical request: it is a new one if the
    /// client does not answer in time.
    pub(crate) fn hold_for_an_answer(&mut self, now: Instant, datagram: &Datagram<'_>) {
        if let Stage::Sending(machine) = &mut self.stage
            && self.waiting.is_none()
            && !datagram.broadcast
        {
            let until = now + machine.moment();
            machine.handle_repeat(now);
            self.waiting = Some(Box::new(HeldRequest::of(datagram).held(now, until)));
        }
    }

    /// Drops the held request if its client has since shown that it takes part.
    pub(crate) fn drop_answered(&mut self, in_doubt: bool) {
        let Some(held) = &self.waiting else { return };
        let goes_on = match held.since() {
            None => !in_doubt && self.outcome().is_none(),
            Some(since) => self.known().heard_at.is_some_and(|heard| heard > since),
        };
        if !self.has_ended && (goes_on || matches!(self.outcome(), Some(Outcome::Complete))) {
            self.waiting = None;
        }
    }

    pub(crate) fn handle_repeat(&mut self, now: Instant) {
        // A client that repeats the request of a transfer that it left wants it after all.
        self.is_left &= self.pending().is_none();
        match &mut self.stage {
            Stage::Sending(machine) => machine.handle_repeat(now),
            Stage::Receiving(machine) => machine.handle_repeat(now),
            Stage::Pending(pending) => pending.asked_at = now,
            Stage::Over(_) => {}
        }
    }

    pub(crate) fn supersede(&mut self, now: Instant) {
        match &mut self.stage {
            Stage::Sending(machine) => machine.supersede(now),
            Stage::Receiving(machine) => machine.supersede(now),
            _ => {}
        }
    }

    /// Handles a packet of its client, and returns its effect.
    #[inline]
    pub(crate) fn handle_packet<'a>(&mut self, now: Instant, packet: &Packet<'a>) -> Moved<'a> {
        match &mut self.stage {
            Stage::Sending(machine) => {
                let before = machine.acked_bytes();
                machine.handle_packet(now, packet);
                let acked = machine.acked_bytes();
                let is_complete =
                    !self.has_ended && matches!(machine.outcome(), Some(Outcome::Complete));
                if acked != before || is_complete {
                    return Moved::Acked(acked);
                }
                Moved::Nothing
            }
            Stage::Receiving(machine) => match machine.handle_packet(now, packet) {
                None => Moved::Nothing,
                Some(bytes) => {
                    let last = machine.is_complete();
                    if last {
                        self.due.add(Due::COMMIT);
                    }
                    Moved::Received(bytes, last)
                }
            },
            Stage::Pending(_) => match packet {
                Packet::Error { .. } => Moved::GivenUp,
                _ => Moved::Nothing,
            },
            Stage::Over(_) => Moved::Nothing,
        }
    }
}

/// The effect of a packet on its transfer.
pub(crate) enum Moved<'a> {
    Nothing,
    Acked(u64),
    Received(&'a [u8], bool),
    /// The client sent an ERROR before it was answered.
    GivenUp,
}

impl Pending {
    /// Returns the deadline for disk and application before the client is answered: they have as
    /// long as it may be silent itself.
    fn storage_deadline(&self, began: Instant) -> Option<Instant> {
        let idle = self.timing.inactivity.map(|limit| self.asked_at + limit);
        let absolute = self.timing.absolute.map(|limit| began + limit);
        idle.into_iter().chain(absolute).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transfer_is_small() {
        assert!(size_of::<Transfer>() <= 480, "{}", size_of::<Transfer>());
    }
}
