//! Watches the machine of an upload: checks the bytes that it accepts and the ACKs that it sends.

use tftp_proto::{
    ErrorCode, Instant, NegotiatedOptions, Outcome, Packet, Rollover, Transmit, WriteTransfer,
};

use super::{Clock, Ending, Terms};

pub struct Receiver {
    pub machine: WriteTransfer,
    pub ending: Ending,
    pub most_blocks: u64,
    /// The number of blocks accepted; `bytes` is that of bytes.
    received: u64,
    bytes: u64,
    /// The client's roll-over, if it is negotiated or known from its numbers.
    rollover: Option<Rollover>,
    held: bool,
    /// A DATA has arrived, in order or not: its sender has the OACK.
    has_heard: bool,
    committed: bool,
    /// The number of ACKs without a new block at this moment.
    idle_acks: u32,
    moment: Instant,
    most_deadlines: u32,
}

impl Receiver {
    pub fn new(negotiated: &NegotiatedOptions, terms: &Terms, now: Instant) -> Receiver {
        Receiver {
            machine: WriteTransfer::new(now, negotiated, &terms.timing),
            ending: Ending::default(),
            most_blocks: terms.most_blocks,
            received: 0,
            bytes: 0,
            rollover: terms.requested.rollover,
            held: false,
            has_heard: false,
            committed: false,
            idle_acks: 0,
            moment: now,
            most_deadlines: terms.most_deadlines(),
        }
    }

    pub fn received(&self) -> u64 {
        self.received
    }

    pub fn is_held(&self) -> bool {
        self.held
    }

    /// Handles a packet of the client. Returns the packets sent, and the bytes accepted as the next
    /// of the stream.
    pub fn handle<'p>(
        &mut self,
        now: Instant,
        packet: &Packet<'p>,
    ) -> (Vec<Transmit>, Option<&'p [u8]>) {
        let over = self.ending.has_ended();
        self.has_heard |= matches!(packet, Packet::Data { .. });
        let taken = self.machine.handle_packet(now, packet);
        if let Some(bytes) = taken {
            assert!(!over, "data after the end");
            self.take(packet, bytes);
        }
        assert_eq!(self.machine.received_bytes(), self.bytes);
        let sent = self.drain(now);
        if let Packet::Error { .. } = packet {
            assert!(
                (self.machine.is_over() || self.machine.is_in_doubt()) && sent.is_empty(),
                "an ERROR ends it, at once or after a moment, and is not answered"
            );
        }
        (sent, taken)
    }

    /// Asserts that the accepted block is the next one by its number, with exactly its bytes.
    fn take(&mut self, packet: &Packet<'_>, bytes: &[u8]) {
        let Packet::Data { block, data } = *packet else {
            panic!("bytes out of {packet:?}");
        };
        assert!(data == bytes && bytes.len() <= usize::from(self.machine.negotiated().blksize));
        self.received += 1;
        self.bytes += bytes.len() as u64;
        self.idle_acks = 0;
        let (zero, one) = (self.received % 65536, (self.received - 1) % 65535 + 1);
        if self.received > 65535 && self.rollover.is_none() {
            self.rollover = Some(if u64::from(block) == zero {
                Rollover::Zero
            } else {
                Rollover::One
            });
        }
        let number = match self.rollover {
            Some(Rollover::One) => one,
            _ => zero,
        };
        assert_eq!(u64::from(block), number, "block {} of the stream", self.received);
    }

    pub fn refuse(&mut self, now: Instant) -> Vec<Transmit> {
        self.machine.handle_unreachable(now);
        let sent = self.drain(now);
        assert!(sent.is_empty(), "a refusal is not answered");
        sent
    }

    pub fn supersede(&mut self, now: Instant) -> Vec<Transmit> {
        self.machine.supersede(now);
        self.drain(now)
    }

    pub fn repeat(&mut self, now: Instant) -> Vec<Transmit> {
        self.machine.handle_repeat(now);
        self.drain(now)
    }

    pub fn timeout(&mut self, now: Instant) -> Vec<Transmit> {
        self.machine.handle_timeout(now);
        let sent = self.drain(now);
        let next = self.machine.poll_timeout();
        assert!(next.is_none_or(|at| at > now), "a deadline that has passed stays");
        sent
    }

    pub fn hold(&mut self, now: Instant, held: bool) -> Vec<Transmit> {
        self.machine.hold(now, held);
        if !self.machine.is_complete() {
            self.held = held;
        }
        self.drain(now)
    }

    /// Reports the stream as stored, if it is complete.
    pub fn commit(&mut self, now: Instant) -> Vec<Transmit> {
        let whole = self.machine.is_complete() && !self.ending.has_ended();
        self.machine.commit(now);
        if whole {
            (self.committed, self.held) = (true, false);
            assert_eq!(self.machine.outcome(), Some(&Outcome::Complete));
        }
        let sent = self.drain(now);
        let speaks = !self.machine.is_superseded();
        assert!(!whole || !speaks || sent.len() == 1, "the last ACK");
        sent
    }

    pub fn fail(&mut self, now: Instant) -> Vec<Transmit> {
        self.machine.fail(now, ErrorCode::DISK_FULL, "Disk full");
        self.drain(now)
    }

    pub fn drain(&mut self, now: Instant) -> Vec<Transmit> {
        if now != self.moment {
            (self.moment, self.idle_acks) = (now, 0);
        }
        self.ending.look(self.machine.outcome());
        let mut sent = Vec::new();
        while let Some(transmit) = self.machine.poll_transmit(now) {
            self.check(&transmit);
            sent.push(transmit);
            assert!(sent.len() <= 1, "one answer is enough: {sent:?}");
        }
        self.rests();
        sent
    }

    fn check(&mut self, transmit: &Transmit) {
        match *transmit {
            Transmit::Data { .. } => panic!("an upload sends no DATA"),
            Transmit::Error { ref message, .. } => return self.ending.send(message),
            Transmit::Oack(oack) => {
                assert_eq!((self.machine.negotiated().oack, self.received), (Some(oack), 0));
            }
            Transmit::Ack { block } => {
                assert_eq!(
                    block,
                    self.machine.wire_block(self.received),
                    "an ACK of another block"
                );
                assert!(self.has_heard || self.machine.negotiated().oack.is_none());
            }
        }
        assert!(!self.held, "an ACK while it is held");
        assert!(
            !self.machine.is_complete() || self.committed,
            "an ACK before the file is stored"
        );
        assert!(!self.ending.has_ended() || self.committed, "an ACK after the end");
        self.idle_acks += 1;
        assert!(self.idle_acks <= 5, "old blocks brought ACK after ACK");
    }

    /// Checks the invariants of a machine that was polled completely.
    fn rests(&self) {
        let machine = &self.machine;
        let (over, next) = (machine.is_over(), machine.poll_timeout());
        assert!(!over || (self.ending.has_ended() && next.is_none()));
        assert!(over || self.committed || !self.ending.has_ended());
        let stores = machine.is_complete() && !self.committed;
        let waits = !over && !self.held && !stores;
        assert!(!waits || next.is_some(), "it waits for ever");
    }

    /// Asserts that the machine ends once the client is silent; a complete stream is stored first.
    pub fn abandon(&mut self, clock: &mut Clock) {
        self.hold(clock.now(), false);
        self.commit(clock.now());
        let mut deadlines = 0;
        while !self.machine.is_over() {
            clock.reach(self.machine.poll_timeout().expect("a deadline"));
            self.timeout(clock.now());
            deadlines += 1;
            assert!(deadlines <= self.most_deadlines, "it does not give up");
        }
    }
}
