//! The rules that no server may break, checked from outside: on datagrams in and out and on the
//! caller's calls, without the machines' own state. The rules parse packets and count blocks by
//! themselves, so that they share no fault with the machines. `tests/simulated/rules.rs` shows that
//! breaking any rule is detected.

use super::doubts::Doubts;
use super::options::{NegotiatedOptions, RequestedOptions};
use super::plan::Settings;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rule {
    /// A byte sent or taken that is not the file's at this place.
    WrongByte,
    /// A block beyond the window, behind a gap of unsent ones, or of the past.
    Window,
    /// DATA before ACK 0, an option that was not requested, no OACK where one is due.
    Options,
    /// Anything sent after an ERROR came that ends the transfer.
    ErrorAnswered,
    /// An ERROR or a refusal of a running transfer that was believed too soon, or not waited for.
    Credulous,
    /// Anything sent after the last ACK or an ERROR.
    AfterTheEnd,
    /// More than one packet to a client that has acknowledged nothing, or more than four in all.
    HalfOpen,
    /// More, or sooner, than what came and the timers allow.
    Storm,
    /// An ACK of what did not come.
    FalseAck,
    /// The last ACK before the file was stored, or any while the owner holds.
    TooEarly,
    /// The end has not come in time.
    Overdue,
    /// Ended without an ERROR for the client, or with two.
    Untold,
}

#[derive(Debug)]
pub struct Broken(pub Rule, pub String);

pub type Verdict = Result<(), Broken>;

/// Why the server may speak now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    Begin,
    Heard,
    /// The request came again.
    Repeat,
    Timer,
    /// The store or the application.
    Owner,
}

/// Figures of [`tftp_proto`]'s documentation, in microseconds.
pub const QUIET: u64 = 20_000;
pub const WINDOW_QUIET: u64 = 1_000;
/// The longest DATA without an OACK, and the longest OACK.
pub const HALF_OPEN_BYTES: usize = 516;
pub const OACK_BYTES: usize = 91;
/// So many packets go to a client that never acknowledged anything, the owner's ERROR apart, and
/// for so long.
pub const HALF_OPEN_PACKETS: u64 = 4;
pub const HALF_OPEN: u64 = 30_000_000;

/// One transfer, seen from outside.
pub struct Watcher<'a> {
    pub content: &'a [u8],
    pub upload: bool,
    pub(super) settings: &'a Settings,
    pub(super) requested: RequestedOptions,
    pub negotiated: NegotiatedOptions,
    pub oack_said: bool,
    /// A damaged datagram made progress: from here on the machine's state is compared with what it
    /// received.
    pub deceived: bool,
    pub answered: bool,
    pub complete: bool,
    pub error_heard: bool,
    pub error_said: bool,
    /// A packet was refused before anything was acknowledged.
    pub is_refused: bool,
    pub(super) was_doubted: bool,
    pub(super) doubts: Doubts,
    pub(super) acked: u64,
    pub(super) high: u64,
    pub received: u64,
    pub(super) whole: bool,
    pub held: bool,
    /// The last DATA.
    pub(super) last_heard: Vec<u8>,
    last_clean: bool,
    pub(super) turn: Turn,
    pub pace: Pace,
    pub figures: Figures,
}

/// The packets sent since the machine's last input.
#[derive(Clone, Copy, Debug, Default)]
pub struct Turn {
    pub new: u64,
    pub again: u64,
    pub control: u64,
    pub errors: u64,
    /// The block after the last ACK, or the OACK, was among it.
    pub current: bool,
}

/// When what happened, in microseconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pace {
    pub begun: u64,
    pub progress: u64,
    /// The store or the application did something.
    pub stirred: u64,
    pub sent: Option<u64>,
    pub first_said: Option<u64>,
    pub restarted: Option<u64>,
    /// The last window or OACK, what went as a single packet apart.
    pub window: Option<u64>,
    /// Its last block went once more since.
    pub probed: bool,
    /// The last copy of the block after `acked`, or of the OACK.
    pub current: Option<u64>,
    /// Something came that may still have an effect.
    pub credit: bool,
    pub silences: u64,
    /// Repetitions that a packet caused, since the last progress.
    pub prompted: u64,
    /// Windows that began anew since the last progress.
    pub restarts: u64,
}

impl Pace {
    pub(super) fn window_goes(&mut self, now: u64) {
        (self.window, self.probed) = (Some(now), false);
    }
}

/// Bytes and packets, for the bounds of amplification.
#[derive(Clone, Copy, Debug, Default)]
pub struct Figures {
    pub heard_packets: u64,
    pub requests: u64,
    pub half_open_packets: u64,
    pub half_open_bytes: u64,
    /// Bytes that came before anything was acknowledged.
    pub half_open_heard: u64,
}

pub(super) fn broken<T>(rule: Rule, detail: impl Into<String>) -> Result<T, Broken> {
    Err(Broken(rule, detail.into()))
}

impl<'a> Watcher<'a> {
    pub fn new(now: u64, request: &[u8], settings: &'a Settings, content: &'a [u8]) -> Watcher<'a> {
        let upload = request[1] == 2;
        Watcher {
            content,
            upload,
            settings,
            requested: RequestedOptions::read(request),
            negotiated: NegotiatedOptions::none(settings.rollover_to_one),
            oack_said: false,
            deceived: false,
            answered: false,
            complete: false,
            error_heard: false,
            error_said: false,
            is_refused: false,
            was_doubted: false,
            doubts: Doubts::default(),
            acked: 0,
            high: 0,
            received: 0,
            whole: false,
            held: false,
            last_heard: Vec::new(),
            last_clean: true,
            turn: Turn::default(),
            pace: Pace {
                begun: now,
                progress: now,
                stirred: now,
                ..Pace::default()
            },
            figures: Figures {
                heard_packets: 1,
                requests: 1,
                half_open_heard: request.len() as u64,
                ..Figures::default()
            },
        }
    }

    /// An OACK is due before anything else.
    pub fn wants_oack(&self) -> bool {
        self.requested.is_answered()
    }

    pub fn blocks(&self) -> u64 {
        self.content.len() as u64 / self.negotiated.blksize + 1
    }

    fn is_over(&self) -> bool {
        self.complete || self.error_heard || self.error_said
    }

    pub(super) fn opening(&self) -> bool {
        !self.upload && self.wants_oack() && !self.answered
    }

    /// A packet of the client, before the machine gets it.
    pub fn heard(&mut self, now: u64, bytes: &[u8], clean: bool) {
        self.count_heard(bytes);
        let Some(&[_, opcode, a, b]) = bytes.first_chunk::<4>().filter(|head| head[0] == 0) else {
            return;
        };
        match opcode {
            4 if !self.upload => self.heard_ack(now, u16::from_be_bytes([a, b]), clean),
            3 if self.upload => {
                self.last_heard.clear();
                self.last_heard.extend_from_slice(bytes);
                (self.last_clean, self.pace.credit) = (clean, true);
                self.heard_data(u16::from_be_bytes([a, b]), bytes.len());
            }
            5 if !self.is_over() || self.complete && self.upload => {
                if self.answered {
                    self.doubt_error(now);
                } else {
                    self.error_heard = true;
                }
                self.deceived |= !clean && !self.complete;
            }
            _ => {}
        }
    }

    /// The request, again.
    pub fn repeated(&mut self, bytes: &[u8]) {
        self.count_heard(bytes);
        self.figures.requests += 1;
    }

    fn count_heard(&mut self, bytes: &[u8]) {
        self.figures.heard_packets += 1;
        if !self.answered {
            self.figures.half_open_heard += bytes.len() as u64;
        }
    }

    /// DATA that fits shows that the client is there, also behind a gap.
    fn heard_data(&mut self, number: u16, length: usize) {
        let fits = (1..=self.negotiated.windowsize).contains(&u64::from(number));
        self.answered |= fits && length as u64 <= 4 + self.negotiated.blksize;
        let could_be = |block| self.negotiated.could_be(block, number);
        let recent =
            self.received.saturating_sub(self.negotiated.windowsize).max(2)..=self.received;
        let ahead = self.received + 1..=self.acked + self.negotiated.windowsize;
        if self.whole {
            if could_be(self.received) {
                self.refute();
            }
        } else if recent.chain(ahead).any(could_be) {
            self.refute();
        } else {
            self.doubts.nobody_knows();
        }
    }

    fn heard_ack(&mut self, now: u64, number: u16, clean: bool) {
        if self.is_over() {
            return;
        }
        if self.opening() {
            if number == 0 && self.oack_said {
                self.answered = true;
                self.refute();
                self.progress(now);
            }
            return;
        }
        self.pace.credit = true;
        let known =
            (self.acked + 1..=self.high).find(|&block| self.negotiated.wire(block) == number);
        if let Some(block) = known {
            (self.acked, self.answered) = (block, true);
            self.refute();
            self.deceived |= !clean;
            self.progress(now);
            self.pace.credit = block < self.high;
            self.complete = block == self.blocks();
        } else if self.answered && number == self.negotiated.wire(self.acked) {
            self.refute();
        }
    }

    pub(super) fn progress(&mut self, now: u64) {
        self.pace.progress = now;
        (self.pace.silences, self.pace.prompted) = (0, 0);
        self.pace.restarts = 0;
        self.pace.current = self.pace.current.filter(|_| self.high > self.acked);
    }

    /// The machine gave out these bytes as the next of the stream.
    pub fn accepted(&mut self, now: u64, data: &[u8]) -> Verdict {
        let next = self.received + 1;
        let is_next = self.last_heard.len() >= 4
            && self
                .negotiated
                .could_be(next, u16::from_be_bytes([self.last_heard[2], self.last_heard[3]]));
        if !is_next
            || self.last_heard[4..] != *data
            || data.len() as u64 > self.negotiated.blksize
            || self.whole
        {
            return broken(
                Rule::WrongByte,
                format!("{} bytes taken for block {next}", data.len()),
            );
        }
        let from = (self.received * self.negotiated.blksize) as usize;
        let last = (data.len() as u64) < self.negotiated.blksize;
        let upto = (from + self.negotiated.blksize as usize).min(self.content.len());
        let right = self.content.get(from..upto) == Some(data);
        if !right && !self.deceived {
            if self.last_clean {
                return broken(Rule::WrongByte, format!("block {next} is not the file's"));
            }
            self.deceived = true;
        }
        self.deceived |= from + data.len() > self.content.len();
        (self.received, self.whole, self.answered) = (next, last, true);
        self.progress(now);
        Ok(())
    }

    /// The length of what came so far.
    pub fn received_bytes(&self) -> usize {
        ((self.received * self.negotiated.blksize) as usize).min(self.content.len())
    }

    /// The file is stored.
    pub fn committed(&mut self, now: u64) {
        (self.complete, self.held) = (true, false);
        self.doubts = Doubts::default();
        self.progress(now);
    }

    pub fn hold(&mut self, now: u64, held: bool) {
        if self.held && !held && !self.whole {
            self.pace.progress = now;
        }
        self.held = held;
    }

    /// The store has given something.
    pub fn supplied(&mut self, now: u64) {
        if !self.opening() && self.high == self.acked {
            self.pace.progress = now;
        }
    }
}

impl Figures {
    /// Bytes sent for each that came, in percent, before anything was acknowledged.
    pub fn half_open(&self) -> u64 {
        self.half_open_bytes * 100 / self.half_open_heard.max(1)
    }
}
