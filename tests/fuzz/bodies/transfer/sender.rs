//! Watches the machine of a download: checks that it sends only what it may send.

use tftp_proto::{ErrorCode, Instant, Outcome, Packet, ReadTransfer, Transmit};

use super::{Clock, Ending, Terms};

pub struct Sender {
    pub machine: ReadTransfer,
    pub ending: Ending,
    size: u64,
    blksize: u64,
    window: u64,
    /// The number of bytes supplied; `ended`: they are all.
    supplied: u64,
    ended: bool,
    /// The last block acknowledged; `high` is the highest one sent.
    acked: u64,
    pub high: u64,
    pub most_blocks: u64,
    /// ACK 0 has arrived, or there was no OACK to confirm.
    opened: bool,
    /// The number of blocks retransmitted at this moment.
    again: u64,
    moment: Instant,
    most_deadlines: u32,
}

impl Sender {
    pub fn new(terms: &Terms, now: Instant) -> Sender {
        let negotiated = terms.download();
        Sender {
            machine: ReadTransfer::new(now, &negotiated, &terms.timing),
            ending: Ending::default(),
            most_blocks: terms.most_blocks,
            size: terms.size,
            blksize: negotiated.blksize.into(),
            window: negotiated.windowsize.into(),
            supplied: 0,
            ended: false,
            acked: 0,
            high: 0,
            opened: negotiated.oack.is_none(),
            again: 0,
            moment: now,
            most_deadlines: terms.most_deadlines(),
        }
    }

    pub fn acked(&self) -> u64 {
        self.acked
    }

    pub fn blksize(&self) -> u64 {
        self.blksize
    }

    /// Handles a packet of the client. Only an ACK of a block that was sent advances the machine.
    pub fn handle(&mut self, now: Instant, packet: &Packet<'_>) -> Vec<Transmit> {
        let over = self.ending.has_ended();
        self.machine.handle_packet(now, packet);
        let acked = match self.machine.outcome() {
            // The last block is a short one.
            Some(Outcome::Complete) => self.size / self.blksize + 1,
            _ => self.machine.acked_bytes() / self.blksize,
        };
        assert!(acked >= self.acked && acked <= self.high);
        match *packet {
            Packet::Ack { block } => {
                let moved = acked > self.acked;
                assert!(!moved || (self.machine.wire_block(acked) == block && !over));
                self.opened |= block == 0;
            }
            _ => assert_eq!(acked, self.acked, "only an ACK moves it"),
        }
        self.acked = acked;
        let sent = self.drain(now);
        if let Packet::Error { .. } = packet {
            assert!(
                (self.machine.is_over() || self.machine.is_in_doubt()) && sent.is_empty(),
                "an ERROR ends it, at once or after a moment, and is not answered"
            );
        }
        sent
    }

    pub fn refuse(&mut self, now: Instant) -> Vec<Transmit> {
        self.machine.handle_unreachable(now);
        let sent = self.drain(now);
        assert!(sent.is_empty(), "a refusal is not answered");
        sent
    }

    pub fn too_big(&mut self, now: Instant) -> Vec<Transmit> {
        self.machine.handle_too_big(now);
        self.drain(now)
    }

    pub fn supersede(&mut self, now: Instant) -> Vec<Transmit> {
        self.machine.supersede(now);
        let sent = self.drain(now);
        assert!(sent.is_empty() || self.ending.has_ended(), "it has a successor");
        sent
    }

    pub fn repeat(&mut self, now: Instant) -> Vec<Transmit> {
        self.machine.handle_repeat(now);
        let sent = self.drain(now);
        assert!(
            blocks(&sent) <= 1,
            "one packet for a request that is repeated: {sent:?}"
        );
        sent
    }

    pub fn timeout(&mut self, now: Instant) -> Vec<Transmit> {
        self.machine.handle_timeout(now);
        let sent = self.drain(now);
        let next = self.machine.poll_timeout();
        assert!(next.is_none_or(|at| at > now), "a deadline that has passed stays");
        sent
    }

    /// Makes the bytes up to `upto` available, or all of the file.
    pub fn supply(&mut self, now: Instant, upto: u64) -> Vec<Transmit> {
        let upto = upto.min(self.size);
        self.machine.supply(now, upto, upto == self.size);
        if !self.ending.has_ended() {
            self.supplied = self.supplied.max(upto);
            self.ended |= upto == self.size;
        }
        self.drain(now)
    }

    pub fn fail(&mut self, now: Instant) -> Vec<Transmit> {
        self.machine.fail(now, ErrorCode::UNDEFINED, "Read error");
        let sent = self.drain(now);
        assert!(self.machine.is_over());
        sent
    }

    /// Returns the packets that the machine sends now.
    pub fn drain(&mut self, now: Instant) -> Vec<Transmit> {
        if now != self.moment {
            (self.moment, self.again) = (now, 0);
        }
        self.ending.look(self.machine.outcome());
        let mut sent = Vec::new();
        while let Some(transmit) = self.machine.poll_transmit(now) {
            self.check(&transmit);
            sent.push(transmit);
            assert!(sent.len() <= 8, "it never stops: {sent:?}");
        }
        assert!(
            !self.machine.is_half_open() || blocks(&sent) <= 1,
            "no window for who never answered"
        );
        self.rests();
        sent
    }

    fn check(&mut self, transmit: &Transmit) {
        match *transmit {
            Transmit::Oack(oack) => {
                assert_eq!(self.machine.negotiated().oack, Some(oack));
                assert!(!self.ending.has_ended());
            }
            Transmit::Ack { .. } => panic!("a download sends no ACK"),
            Transmit::Error { ref message, .. } => self.ending.send(message),
            Transmit::Data { first, count } => {
                let last = first + u64::from(count) - 1;
                assert!(self.opened && !self.ending.has_ended());
                assert!(
                    first > self.acked && last <= self.acked + self.window,
                    "outside the window"
                );
                assert!(first <= self.high + 1, "a block was left out");
                let whole = self.supplied / self.blksize + u64::from(self.ended);
                assert!((first..=whole).contains(&last), "data that nobody supplied");
                self.again += (self.high.min(last) + 1).saturating_sub(first);
                self.high = self.high.max(last);
                // Once each: after an ACK inside the window, a repeated ACK, the timer and Packet
                // Too Big.
                assert!(self.again <= 4 * self.window + 3, "stale ACKs brought windows");
            }
        }
    }

    /// Checks the invariants of a machine that was polled completely.
    fn rests(&self) {
        let machine = &self.machine;
        assert_eq!(machine.is_over(), self.ending.has_ended());
        if self.ending.has_ended() {
            assert_eq!((machine.poll_timeout(), machine.wants()), (None, None));
            return;
        }
        let waits = !self.opened || self.high > self.acked;
        assert!(!waits || machine.poll_timeout().is_some(), "it waits for ever");
        if let Some(upto) = machine.wants() {
            assert!(self.opened && !self.ended && upto > self.supplied);
            assert!(upto <= (self.acked + self.window) * self.blksize);
        }
        if self.opened && !waits && machine.wants().is_none() && !machine.is_superseded() {
            panic!("it neither wants nor sends anything");
        }
    }

    /// Asserts that the machine ends once the client is silent.
    pub fn abandon(&mut self, clock: &mut Clock) {
        self.supply(clock.now(), u64::MAX);
        let mut deadlines = 0;
        while !self.machine.is_over() {
            clock.reach(self.machine.poll_timeout().expect("a deadline"));
            self.timeout(clock.now());
            deadlines += 1;
            assert!(deadlines <= self.most_deadlines, "it does not give up");
        }
    }
}

/// Returns the number of packets.
fn blocks(sent: &[Transmit]) -> u64 {
    sent.iter()
        .map(|transmit| match transmit {
            Transmit::Data { count, .. } => u64::from(*count),
            _ => 1,
        })
        .sum()
}
