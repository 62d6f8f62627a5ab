//! Tracks whether the other end of a transfer takes part, for downloads and uploads alike.

use crate::doubt::Doubt;
use crate::retry::Repetitions;
use crate::time::Instant;

/// The other end of a transfer, by its address and port.
#[derive(Debug)]
pub(crate) struct Peer {
    pub doubt: Doubt,
    /// The repetitions left to a half-open transfer; `None` for a transfer of [`crate::client`],
    /// whose server is known.
    repetitions: Option<Repetitions>,
    /// A valid packet has arrived.
    answered: bool,
    /// When the last valid packet arrived.
    heard_at: Instant,
}

impl Peer {
    /// The sender of a request, whose address may be forged.
    pub fn unknown() -> Peer {
        Peer {
            doubt: Doubt::default(),
            repetitions: Some(Repetitions::new()),
            answered: false,
            heard_at: Instant::NEVER,
        }
    }

    /// A server that has answered a request: its ERRORs are accepted at once.
    pub fn known() -> Peer {
        Peer {
            repetitions: None,
            ..Peer::unknown()
        }
    }

    /// Records a valid packet.
    pub fn heard(&mut self, now: Instant) {
        self.answered = true;
        self.heard_at = now;
        self.doubt.refute();
    }

    /// Records a repeated request. Before the first ACK or DATA it counts as a sign of life.
    pub fn asked_again(&mut self) {
        if !self.answered && self.doubt.is_superseded() {
            self.doubt.refute();
        }
    }

    /// When the last valid packet arrived.
    pub fn heard_at(&self) -> Option<Instant> {
        (self.heard_at != Instant::NEVER).then_some(self.heard_at)
    }

    pub fn has_answered(&self) -> bool {
        self.answered
    }

    /// True while its address may be forged: no valid packet has arrived.
    pub fn may_be_forged(&self) -> bool {
        !self.answered && self.repetitions.is_some()
    }

    /// True where its ERRORs are accepted only after a moment: others know of the transfer and may
    /// forge them.
    pub fn is_doubted(&self) -> bool {
        self.answered && self.repetitions.is_some()
    }

    /// Returns whether the packet last sent at `sent` may be sent again, and counts it: a half-open
    /// transfer has only a few repetitions.
    pub fn may_repeat(&mut self, now: Instant, sent: Instant) -> bool {
        match &mut self.repetitions {
            Some(repetitions) if !self.answered => repetitions.take(now, sent),
            _ => true,
        }
    }
}
