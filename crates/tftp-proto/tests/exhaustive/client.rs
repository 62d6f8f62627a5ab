//! A patient, careful model client: it repeats its last packet after silence, and answers a block
//! that it has with the acknowledgement that may have been lost.

/// Bytes in every block but the last.
pub const BLKSIZE: usize = 8;

/// The client's direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It downloads.
    Reads,
    /// It uploads.
    Writes,
}

/// A packet under way. DATA carries its bytes, so that a wrong one is seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parcel {
    Request,
    Oack,
    Ack(u16),
    Data(u16, Vec<u8>),
    Error,
}

/// The bytes of a block of the transferred stream; the last one is short.
pub fn block(number: u64, blocks: u64) -> Vec<u8> {
    let length = if number == blocks { BLKSIZE - 3 } else { BLKSIZE };
    (0..length).map(|at| number as u8 * 16 + at as u8).collect()
}

/// The client's side of one transfer.
#[derive(Debug)]
pub struct Client {
    role: Role,
    blocks: u64,
    window: u64,
    options: bool,
    /// Its request was answered.
    open: bool,
    /// Blocks that it has (reading) or that were acknowledged (writing).
    done: u64,
    /// Blocks since its last ACK (reading), a gap was reported (reading).
    unacknowledged: u64,
    gap_reported: bool,
    /// It met an ERROR.
    pub failed: bool,
}

impl Client {
    pub fn new(role: Role, blocks: u64, window: u16, options: bool) -> Client {
        Client {
            role,
            blocks,
            window: u64::from(window),
            options,
            open: false,
            done: 0,
            unacknowledged: 0,
            gap_reported: false,
            failed: false,
        }
    }

    /// It has, or has delivered, every block.
    pub fn is_whole(&self) -> bool {
        self.done == self.blocks
    }

    /// After silence: the last packet again; nothing once a read is whole.
    pub fn repeat(&mut self) -> Vec<Parcel> {
        match self.role {
            _ if self.failed => Vec::new(),
            _ if !self.open => vec![Parcel::Request],
            Role::Reads if self.is_whole() => Vec::new(),
            Role::Reads => {
                self.unacknowledged = 0;
                vec![Parcel::Ack(self.done as u16)]
            }
            Role::Writes => self.send_window(),
        }
    }

    pub fn receive(&mut self, parcel: &Parcel) -> Vec<Parcel> {
        match (self.role, parcel) {
            (_, Parcel::Error) => {
                self.failed = true;
                Vec::new()
            }
            (Role::Reads, Parcel::Oack) => self.opened(vec![Parcel::Ack(0)]),
            (Role::Writes, Parcel::Oack) => {
                let window = self.send_window();
                self.opened(window)
            }
            (Role::Writes, Parcel::Ack(0)) if !self.open && !self.options => {
                self.open = true;
                self.send_window()
            }
            (Role::Writes, Parcel::Ack(number)) if self.open => {
                self.acknowledged(u64::from(*number))
            }
            (Role::Reads, Parcel::Data(number, bytes)) if self.open || !self.options => {
                self.open = true;
                self.take(u64::from(*number), bytes)
            }
            _ => Vec::new(),
        }
    }

    /// A second OACK is answered as the first one was, as long as nothing followed.
    fn opened(&mut self, answer: Vec<Parcel>) -> Vec<Parcel> {
        if self.open && (self.role == Role::Writes || self.done > 0) {
            return Vec::new();
        }
        self.open = true;
        answer
    }

    fn take(&mut self, number: u64, bytes: &[u8]) -> Vec<Parcel> {
        assert_eq!(
            bytes,
            block(number, self.blocks),
            "block {number} has other bytes"
        );
        if number == self.done + 1 {
            self.done = number;
            self.gap_reported = false;
            self.unacknowledged += 1;
            if self.unacknowledged < self.window && !self.is_whole() {
                return Vec::new();
            }
        } else if number > self.done && std::mem::replace(&mut self.gap_reported, true) {
            return Vec::new();
        }
        self.unacknowledged = 0;
        vec![Parcel::Ack(self.done as u16)]
    }

    fn acknowledged(&mut self, number: u64) -> Vec<Parcel> {
        if number <= self.done || number > self.blocks {
            return Vec::new();
        }
        self.done = number;
        self.send_window()
    }

    fn send_window(&self) -> Vec<Parcel> {
        (self.done + 1..=self.blocks.min(self.done + self.window))
            .map(|number| Parcel::Data(number as u16, block(number, self.blocks)))
            .collect()
    }
}
