//! A client as the RFCs describe it, lockstep or windowed, written without the crate's own code.

use super::Plan;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Running,
    Done,
    Failed,
}

/// What both directions share.
pub struct Client {
    pub state: State,
    /// The highest block it has acknowledged (download) or of which it got the ACK (upload).
    pub acked: u64,
    /// Everything it received, in order (download).
    pub got: Vec<u8>,
    pub out: Vec<Vec<u8>>,
    plan: Plan,
    file: Vec<u8>,
    blksize: usize,
    windowsize: u64,
    /// The server has answered.
    open: bool,
    oack: bool,
    block: u64,
    gap: u64,
    high: u64,
    repeat_spent: bool,
    tries: u32,
    deadline: u64,
    /// After the end: how long repeated blocks are still answered.
    linger_until: u64,
    acked_at: u64,
}

const SOON: u64 = 20_000;

impl Client {
    pub fn new(plan: &Plan, file: Vec<u8>) -> Client {
        let mut client = Client {
            state: State::Running,
            acked: 0,
            got: Vec::new(),
            out: Vec::new(),
            plan: *plan,
            file,
            blksize: 512,
            windowsize: 1,
            open: false,
            oack: false,
            block: 0,
            gap: 0,
            high: 0,
            repeat_spent: false,
            tries: 0,
            deadline: 0,
            linger_until: 0,
            acked_at: 0,
        };
        client.request(0);
        client
    }

    pub fn deadline(&self) -> Option<u64> {
        (self.state == State::Running).then_some(self.deadline)
    }

    /// Nothing will come from it any more.
    pub fn is_gone(&self, now: u64) -> bool {
        self.state != State::Running && now >= self.linger_until
    }

    pub fn window_end(&self) -> u64 {
        self.acked + self.windowsize
    }

    pub fn receive(&mut self, now: u64, datagram: &[u8]) {
        let number = u16::from_be_bytes([datagram[2], datagram[3]]);
        match (datagram[1], self.state) {
            (3, State::Running) if !self.plan.upload => self.data(now, number, &datagram[4..]),
            (3, State::Done) if now < self.linger_until => self.answer(now),
            (4, State::Running) if self.plan.upload => self.ack(now, number),
            (5, State::Running) => self.state = State::Failed,
            (6, State::Running) => self.oack(now, &datagram[2..]),
            _ => {}
        }
    }

    pub fn timeout(&mut self, now: u64) {
        self.tries += 1;
        if self.tries > self.plan.client_tries {
            self.state = State::Failed;
        } else if !self.open {
            self.request(now);
        } else if self.plan.upload {
            self.window(now);
        } else {
            self.answer(now);
        }
    }

    /// Ends the transfer with an ERROR.
    pub fn abort(&mut self) {
        if self.state == State::Running {
            self.state = State::Failed;
            self.out.push(b"\0\x05\0\0enough\0".to_vec());
        }
    }

    fn wire(&self, block: u64) -> u16 {
        match block {
            0..=65535 => block as u16,
            _ if self.plan.rollover_to_one => ((block - 1) % 65535 + 1) as u16,
            _ => (block % 65536) as u16,
        }
    }

    fn arm(&mut self, now: u64) {
        self.deadline = now + self.plan.client_timeout;
    }

    fn progress(&mut self) {
        self.tries = 0;
        self.open = true;
        self.repeat_spent = false;
    }

    fn request(&mut self, now: u64) {
        let mut packet = vec![0, if self.plan.upload { 2 } else { 1 }];
        packet.extend_from_slice(b"file\0oCtEt\0");
        for (name, value) in self.plan.options() {
            packet.extend_from_slice(format!("{name}\0{value}\0").as_bytes());
        }
        self.out.push(packet);
        self.arm(now);
    }

    fn oack(&mut self, now: u64, options: &[u8]) {
        assert_eq!(options.last(), Some(&0), "an OACK ends with a NUL");
        let fields: Vec<&str> = options[..options.len() - 1]
            .split(|&byte| byte == 0)
            .map(|f| std::str::from_utf8(f).unwrap())
            .collect();
        for pair in fields.chunks(2) {
            let value: u64 = pair[1].parse().unwrap();
            let asked = self.plan.options().into_iter().find(|(name, _)| *name == pair[0]);
            let asked = asked.expect("only what was asked for is answered").1;
            match pair[0] {
                "blksize" => self.blksize = value as usize,
                "windowsize" => self.windowsize = value,
                _ => {}
            }
            assert!(value <= asked || pair[0] == "tsize");
        }
        self.oack = true;
        if self.block > 0 || self.high > 0 {
            return; // an old copy
        }
        self.progress();
        if self.plan.upload {
            self.window(now)
        } else {
            self.answer(now)
        }
    }

    /// An ACK of the last good block.
    fn answer(&mut self, now: u64) {
        let [a, b] = self.wire(self.block).to_be_bytes();
        self.out.push(vec![0, 4, a, b]);
        self.acked = self.block;
        self.acked_at = now;
        self.arm(now);
    }

    fn data(&mut self, now: u64, number: u16, data: &[u8]) {
        assert!(
            self.oack || self.plan.options().is_empty(),
            "DATA before the OACK was confirmed"
        );
        assert!(data.len() <= self.blksize);
        let next = self.block + 1;
        let ahead = u64::from(number.wrapping_sub(self.wire(next)));
        if ahead == 0 {
            self.accept(now, data);
        } else if ahead < self.windowsize {
            // A gap: once, unless the server has restarted and lost the same block again.
            if self.gap == 0 || (ahead <= self.gap && now >= self.acked_at + SOON) {
                self.answer(now);
            }
            self.gap = ahead;
        } else if self.acked == self.block && now >= self.acked_at + SOON {
            self.answer(now);
        }
    }

    fn accept(&mut self, now: u64, data: &[u8]) {
        self.block += 1;
        self.gap = 0;
        self.got.extend_from_slice(data);
        assert!(self.file.len() >= self.got.len(), "more than the file has");
        let from = self.got.len() - data.len();
        assert!(
            self.file[from..self.got.len()] == *data,
            "wrong bytes in block {}",
            self.block
        );
        self.progress();
        self.arm(now);
        let last = data.len() < self.blksize;
        if last || self.block - self.acked >= self.windowsize {
            self.answer(now);
        }
        if last {
            assert_eq!(self.got.len(), self.file.len(), "a short block before the end");
            self.state = State::Done;
            self.linger_until = now + self.plan.client_linger;
        }
    }

    fn ack(&mut self, now: u64, number: u16) {
        if !self.oack && !self.plan.options().is_empty() && number == 0 {
            panic!("ACK 0 instead of an OACK");
        }
        let first = !self.open && number == 0;
        let Some(block) = (self.acked..=self.high).find(|&block| self.wire(block) == number) else {
            return;
        };
        if first {
            self.progress();
            self.window(now);
        } else if block > self.acked {
            self.acked = block;
            self.progress();
            if self.acked == self.blocks() {
                self.state = State::Done;
            } else {
                self.window(now);
            }
        } else if self.windowsize > 1 && self.high > 0 && !self.repeat_spent && now >= self.acked_at + SOON {
            // The first block of the window was lost.
            self.repeat_spent = true;
            self.window(now);
        }
    }

    fn blocks(&self) -> u64 {
        (self.file.len() / self.blksize + 1) as u64
    }

    fn window(&mut self, now: u64) {
        for block in self.acked + 1..=self.window_end().min(self.blocks()) {
            let from = (block as usize - 1) * self.blksize;
            let upto = (from + self.blksize).min(self.file.len());
            let [a, b] = self.wire(block).to_be_bytes();
            self.out.push([&[0, 3, a, b], &self.file[from..upto]].concat());
            self.high = self.high.max(block);
        }
        self.acked_at = now;
        self.arm(now);
    }
}
