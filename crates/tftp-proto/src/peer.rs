//! Whether the other end of a transfer takes part: the same for downloads and uploads.

use crate::doubt::Doubt;
use crate::retry::Repetitions;
use crate::time::Instant;

/// The other end of a transfer, by its address and port.
#[derive(Debug)]
pub(crate) struct Peer {
    pub doubt: Doubt,
    /// What a half-open transfer may still send; `None` for a transfer of [`crate::client`], which knows its server.
    repetitions: Option<Repetitions>,
    /// Something valid has come.
    answered: bool,
    /// When something valid came last.
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

    /// A server that has answered a request: it is believed.
    pub fn known() -> Peer {
        Peer {
            repetitions: None,
            ..Peer::unknown()
        }
    }

    /// Something valid came: it is there.
    pub fn heard(&mut self, now: Instant) {
        self.answered = true;
        self.heard_at = now;
        self.doubt.refute();
    }

    /// Its request came again. Before anything else has come that is all it can say: it takes part.
    pub fn asked_again(&mut self) {
        if !self.answered && self.doubt.is_superseded() {
            self.doubt.refute();
        }
    }

    /// When something valid came last.
    pub fn heard_at(&self) -> Option<Instant> {
        (self.heard_at != Instant::NEVER).then_some(self.heard_at)
    }

    pub fn has_answered(&self) -> bool {
        self.answered
    }

    /// Its address may be forged: nothing valid has come.
    pub fn may_be_forged(&self) -> bool {
        !self.answered && self.repetitions.is_some()
    }

    /// Its ERRORs are believed only after a moment: others know that it is there and may speak in its name.
    pub fn is_doubted(&self) -> bool {
        self.answered && self.repetitions.is_some()
    }

    /// Whether the packet that was last sent at `sent` may go again: a half-open transfer has a few repetitions and
    /// no more.
    pub fn may_repeat(&mut self, now: Instant, sent: Instant) -> bool {
        match &mut self.repetitions {
            Some(repetitions) if !self.answered => repetitions.take(now, sent),
            _ => true,
        }
    }
}
