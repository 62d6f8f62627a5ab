//! A client as the RFCs describe it, lockstep or windowed, and clients with habits of their own;
//! written without the crate's own code. It never trusts lengths or numbers in a datagram.

mod plan;

use crate::{Rng, mischief};

pub use plan::{Habit, Options, Plan, request};

/// An address and a port, in the form that the simulation uses.
pub trait Address: Copy + Eq {
    /// Returns true if this is a port of that server.
    fn is_of(&self, server: &Self) -> bool;

    /// Returns true if a transfer of that server may have this address.
    fn may_serve(&self, server: &Self) -> bool;
}

/// A datagram as it arrives.
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'a, A> {
    /// Its claimed sender.
    pub from: A,
    /// Its payload.
    pub bytes: &'a [u8],
    /// True if it is undamaged. TFTP has no checksum of its own: a client that takes a damaged
    /// datagram for a good one is deceived, and not to blame.
    pub clean: bool,
}

/// The state of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It goes on.
    Running,
    /// It has received or sent everything.
    Done,
    /// Nothing arrived for too long.
    GaveUp,
    /// The server sent this ERROR.
    ErrorReceived(u16),
    /// It sent an ERROR itself.
    Refused,
    /// It vanished without a packet.
    Died,
}

/// A get or a put.
pub struct Client<'a, A> {
    /// Its state.
    pub state: State,
    /// The server's port (TID) that answered first.
    pub bound: Option<A>,
    /// True once it took a damaged datagram for a good one: its behaviour from then on proves
    /// nothing.
    pub deceived: bool,
    /// The number of bytes that arrived in order (download).
    pub got: usize,
    /// A block that arrived in a clean datagram, with other bytes than the file has there.
    pub wrong: Option<u64>,
    /// The packets that it sends, with their destinations; the caller takes them after each call.
    pub out: Vec<(A, Vec<u8>)>,
    plan: Plan,
    server: A,
    file: &'a [u8],
    request: Vec<u8>,
    /// The highest acknowledged block: by this client (download), or by the server (upload).
    acked: u64,
    blksize: usize,
    windowsize: u64,
    rolls_to_one: bool,
    /// True once the server has answered.
    open: bool,
    block: u64,
    gap: u64,
    high: u64,
    repeat_spent: bool,
    tries: u32,
    deadline: u64,
    /// Until when repeated blocks are still answered after the end.
    linger_until: u64,
    acked_at: u64,
    mischief: Option<Rng>,
    /// The number in the last DATA or ACK.
    last_number: u16,
}

const SOON: u64 = 20_000;

impl<'a, A: Address> Client<'a, A> {
    /// Creates a client that sends `request` to `server` now. `file` is the content that it puts,
    /// or should get.
    pub fn new(
        now: u64,
        plan: &Plan,
        request: Vec<u8>,
        server: A,
        file: &'a [u8],
    ) -> Client<'a, A> {
        let mut client = Client {
            state: State::Running,
            bound: None,
            deceived: false,
            got: 0,
            wrong: None,
            out: Vec::new(),
            plan: *plan,
            server,
            file,
            request,
            acked: 0,
            blksize: 512,
            windowsize: 1,
            rolls_to_one: plan.rolls_to_one,
            open: false,
            block: 0,
            gap: 0,
            high: 0,
            repeat_spent: false,
            tries: 0,
            deadline: 0,
            linger_until: 0,
            acked_at: 0,
            mischief: (plan.habit == Habit::Malicious).then_some(Rng(!plan.seed)),
            last_number: 0,
        };
        // The behaviour of a malicious client proves nothing.
        client.deceived = client.mischief.is_some();
        client.request(now);
        client
    }

    /// Returns when [`Client::timeout`] is due.
    pub fn deadline(&self) -> Option<u64> {
        (self.state == State::Running).then_some(self.deadline)
    }

    /// Returns true while its port is open.
    pub fn is_there(&self, now: u64) -> bool {
        self.state == State::Running || self.state == State::Done && now < self.linger_until
    }

    /// Returns the length of its file.
    pub fn size(&self) -> usize {
        self.file.len()
    }

    /// Returns the plan that it was made from.
    pub fn plan(&self) -> Plan {
        self.plan
    }

    /// Returns the highest acknowledged block: by this client (download), or by the server
    /// (upload).
    pub fn acked(&self) -> u64 {
        self.acked
    }

    /// Returns the content that it puts, or should get.
    pub fn file(&self) -> &'a [u8] {
        self.file
    }

    /// Returns true once the server has answered.
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// Handles a datagram that arrived at its port.
    pub fn receive(&mut self, now: u64, datagram: &Arrival<'_, A>) {
        let bytes = datagram.bytes;
        if !self.is_there(now) || bytes.len() < 4 || bytes[0] != 0 {
            return;
        }
        if !self.is_ours(datagram) {
            let stray = self.bound.is_some() || !datagram.from.is_of(&self.server);
            if stray && bytes[1] != 5 {
                self.out.push((datagram.from, b"\0\x05\0\x05Who?\0".to_vec()));
            }
            return;
        }
        let number = u16::from_be_bytes([bytes[2], bytes[3]]);
        if self.mischief.is_some() {
            self.last_number = if matches!(bytes[1], 3 | 4) {
                number
            } else {
                self.last_number
            };
            return;
        }
        let clean = datagram.clean;
        match (bytes[1], self.state) {
            (3, State::Running) if !self.plan.upload => self.data(now, number, &bytes[4..], clean),
            (3, State::Done) if !self.plan.upload => self.answer(now),
            (4, State::Running) if self.plan.upload => self.ack(now, number, clean),
            (5, State::Running) => {
                self.state = State::ErrorReceived(number);
                self.deceived |= !clean;
            }
            (6, State::Running) => self.oack(now, &bytes[2..], clean),
            _ => {}
        }
    }

    /// Handles its deadline: nothing arrived in time.
    pub fn timeout(&mut self, now: u64) {
        self.tries += 1;
        if self.tries > self.plan.tries {
            self.state = State::GaveUp;
        } else if let Some(rng) = &mut self.mischief {
            let request = &self.request;
            let packet = mischief::packet(rng, self.last_number, self.plan.unit, request);
            let is_request = packet == *request;
            self.deadline = now + mischief::pause(rng);
            let to = self.bound.filter(|_| !is_request).unwrap_or(self.server);
            self.out.push((to, packet));
        } else if !self.open {
            if self.plan.habit == Habit::OneRequest {
                self.arm(now);
            } else {
                self.request(now);
            }
        } else if self.plan.upload {
            self.window(now);
        } else {
            self.answer(now);
        }
    }

    /// Ends the transfer with an ERROR.
    pub fn abort(&mut self) {
        if self.state == State::Running {
            self.state = State::Refused;
            let to = self.bound.unwrap_or(self.server);
            self.out.push((to, b"\0\x05\0\0enough\0".to_vec()));
        }
    }

    /// Makes the client vanish without a packet.
    pub fn die(&mut self) {
        if self.state == State::Running {
            self.state = State::Died;
        }
        self.linger_until = 0;
    }

    /// Returns true if a datagram belongs to this transfer. The first answer binds the client to
    /// the transfer's port (RFC 1350 section 4). A datagram that cannot answer its request belongs
    /// to a former transfer of its port. An ERROR from the listening port is an answer that binds
    /// it to no port.
    fn is_ours(&mut self, datagram: &Arrival<'_, A>) -> bool {
        if let Some(tid) = self.bound {
            return tid == datagram.from;
        }
        let opcode = datagram.bytes[1];
        let number = u16::from_be_bytes([datagram.bytes[2], datagram.bytes[3]]);
        let refused = opcode == 5 && datagram.from == self.server;
        let answers = match opcode {
            3 => !self.plan.upload && number == 1,
            4 => self.plan.upload && number == 0,
            _ => matches!(opcode, 5 | 6),
        };
        if answers && !refused && datagram.from.may_serve(&self.server) {
            self.bound = Some(datagram.from);
        }
        refused || self.bound.is_some()
    }

    fn wire(&self, block: u64) -> u16 {
        match block {
            0..=65535 => block as u16,
            _ if self.rolls_to_one => ((block - 1) % 65535 + 1) as u16,
            _ => (block % 65536) as u16,
        }
    }

    fn arm(&mut self, now: u64) {
        let wait = match self.plan.habit {
            Habit::Busybox => (0..self.tries.min(8))
                .fold(100_000, |wait, _| wait * 3 / 2)
                .min(2_000_000),
            _ => self.plan.timeout,
        };
        self.deadline = now + wait;
    }

    fn progress(&mut self) {
        self.tries = 0;
        self.open = true;
        self.repeat_spent = false;
    }

    fn send(&mut self, bytes: Vec<u8>) {
        self.out.push((self.bound.unwrap_or(self.server), bytes));
    }

    fn refuse(&mut self, code: u8) {
        self.state = State::Refused;
        self.send([&[0, 5, 0, code], &b"no\0"[..]].concat());
    }

    fn request(&mut self, now: u64) {
        self.out.push((self.server, self.request.clone()));
        self.arm(now);
    }
}

/// Option negotiation.
impl<A: Address> Client<'_, A> {
    fn oack(&mut self, now: u64, options: &[u8], clean: bool) {
        if self.open {
            // An old copy. If no block was sent or received yet, ACK 0 may have been lost.
            if !self.plan.upload && self.block == 0 && now >= self.acked_at + SOON {
                self.answer(now);
            }
            return;
        }
        match self.agree(options) {
            None => return self.refuse(8),
            Some((blksize, windowsize, rollover)) => {
                (self.blksize, self.windowsize) = (blksize, windowsize);
                self.rolls_to_one = rollover.unwrap_or(self.rolls_to_one);
            }
        }
        self.deceived |= !clean;
        self.progress();
        if self.plan.upload {
            self.window(now);
        } else {
            self.answer(now);
        }
    }

    /// Returns block size, window and roll-over; `None` if the OACK does not fit the request.
    fn agree(&self, options: &[u8]) -> Option<(usize, u64, Option<bool>)> {
        let text = std::str::from_utf8(options).ok()?.strip_suffix('\0')?;
        let fields: Vec<&str> = text.split('\0').collect();
        let (mut blksize, mut windowsize, mut rollover) = (512, 1, None);
        for pair in fields.chunks(2) {
            let value: u64 = pair.get(1)?.parse().ok()?;
            let asked = self.plan.options.value(pair[0])?;
            match pair[0] {
                "blksize" | "blksize2" if (8..=asked).contains(&value) => blksize = value as usize,
                "windowsize" if (1..=asked).contains(&value) => windowsize = value,
                "rollover" if value < 2 => rollover = Some(value == 1),
                "tsize" => {}
                _ if value == asked => {}
                _ => return None,
            }
        }
        Some((blksize, windowsize, rollover))
    }
}

/// A download.
impl<A: Address> Client<'_, A> {
    /// An ACK of the last good block.
    fn answer(&mut self, now: u64) {
        let [a, b] = self.wire(self.block).to_be_bytes();
        self.send(vec![0, 4, a, b]);
        if self.plan.habit == Habit::Apprentice {
            self.send(vec![0, 4, a, b]);
        }
        self.acked = self.block;
        self.acked_at = now;
        self.arm(now);
    }

    fn data(&mut self, now: u64, number: u16, data: &[u8], clean: bool) {
        if data.len() > self.blksize {
            return self.refuse(4);
        }
        let next = self.block + 1;
        let ahead = u64::from(number.wrapping_sub(self.wire(next)));
        if ahead == 0 {
            self.accept(now, data, clean);
        } else if self.plan.habit == Habit::UBoot && self.open {
            self.answer(now);
        } else if ahead < self.windowsize {
            // A gap: once, unless the server has restarted and lost the same block again.
            if self.gap == 0 || (ahead <= self.gap && now >= self.acked_at + SOON) {
                self.answer(now);
            }
            self.gap = ahead;
        } else if self.open && self.acked == self.block && now >= self.acked_at + SOON {
            self.answer(now);
        }
    }

    fn accept(&mut self, now: u64, data: &[u8], clean: bool) {
        self.block += 1;
        self.gap = 0;
        let last = data.len() < self.blksize;
        let upto = (self.got + self.blksize).min(self.file.len());
        let right = self.file[self.got..upto] == *data;
        if !right && !self.deceived {
            self.wrong = self.wrong.or(clean.then_some(self.block));
            self.deceived = true;
        }
        self.got = (self.got + data.len()).min(self.file.len());
        self.progress();
        self.arm(now);
        if last || self.block - self.acked >= self.windowsize {
            self.answer(now);
        }
        if last {
            self.state = State::Done;
            self.linger_until = now + self.plan.linger;
        }
    }
}

/// An upload.
impl<A: Address> Client<'_, A> {
    fn ack(&mut self, now: u64, number: u16, clean: bool) {
        let first = !self.open && number == 0;
        let Some(block) = (self.acked..=self.high).find(|&block| self.wire(block) == number) else {
            return;
        };
        if first {
            self.deceived |= !clean;
            self.progress();
            self.window(now);
        } else if block > self.acked {
            self.deceived |= !clean;
            self.acked = block;
            self.progress();
            if self.acked == self.blocks() {
                self.state = State::Done;
                self.linger_until = now + self.plan.linger;
            } else {
                self.window(now);
            }
        } else if self.plan.habit == Habit::Apprentice
            || self.windowsize > 1
                && self.high > 0
                && !self.repeat_spent
                && now >= self.acked_at + SOON
        {
            // The first block of the window was lost.
            self.repeat_spent = true;
            self.window(now);
        }
    }

    fn blocks(&self) -> u64 {
        (self.file.len() / self.blksize + 1) as u64
    }

    fn window(&mut self, now: u64) {
        for block in self.acked + 1..=(self.acked + self.windowsize).min(self.blocks()) {
            let from = (block as usize - 1) * self.blksize;
            let upto = (from + self.blksize).min(self.file.len());
            let [a, b] = self.wire(block).to_be_bytes();
            self.send([&[0, 3, a, b], &self.file[from..upto]].concat());
            self.high = self.high.max(block);
        }
        self.acked_at = now;
        self.arm(now);
    }
}
