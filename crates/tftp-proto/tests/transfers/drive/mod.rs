//! Drives one machine packet by packet. Its packets read like "OACK", "DATA 1-4", "ACK 3", "ERROR
//! 0"; times are in milliseconds and stand still unless a test moves them.
#![allow(dead_code)]

use std::time::Duration;
use tftp_proto::*;

pub const FIXED: Timing = Timing {
    retransmit_timeout: Duration::from_secs(5),
    max_retransmits: 3,
    adaptive: false,
    inactivity: None,
    absolute: None,
};

pub const ADAPTIVE: Timing = Timing {
    adaptive: true,
    ..FIXED
};

pub const LIMITS: Limits = Limits {
    max_blksize: 65464,
    max_windowsize: 64,
    max_large_window: negotiate::LARGE_WINDOW,
    rollover: Rollover::Zero,
};

/// The options of a request, written "blksize 1024 windowsize 4".
pub fn requested(options: &str) -> RequestedOptions {
    let mut datagram = b"\0\x01file\0octet\0".to_vec();
    for word in options.split_whitespace() {
        datagram.extend_from_slice(word.as_bytes());
        datagram.push(0);
    }
    match wire::parse(&datagram) {
        Ok(Packet::Request(request)) => request.requested,
        other => panic!("{other:?}"),
    }
}

fn shown(transmit: &Transmit) -> String {
    match transmit {
        Transmit::Oack(_) => "OACK".into(),
        Transmit::Ack { block } => format!("ACK {block}"),
        Transmit::Data { first, count: 1 } => format!("DATA {first}"),
        Transmit::Data { first, count } => {
            format!("DATA {first}-{}", first + u64::from(*count) - 1)
        }
        Transmit::Error { code, .. } => format!("ERROR {code}"),
    }
}

pub struct Download {
    pub machine: ReadTransfer,
    pub now: u64,
    size: u64,
}

impl Download {
    /// A file of `size` bytes, all of it at hand whenever it is wanted.
    pub fn new(options: &str, size: u64, timing: Timing) -> Download {
        Download::within(&LIMITS, options, size, timing)
    }

    pub fn within(limits: &Limits, options: &str, size: u64, timing: Timing) -> Download {
        let negotiated = negotiate::read(&requested(options), limits, Some(size));
        let machine = ReadTransfer::new(Instant::from_micros(0), &negotiated, &timing);
        Download {
            machine,
            now: 0,
            size,
        }
    }

    pub fn after(&mut self, millis: u64) -> &mut Download {
        self.now += millis;
        self
    }

    pub fn sends(&mut self) -> Vec<String> {
        let now = Instant::from_micros(self.now * 1000);
        let mut sent = Vec::new();
        while let Some(transmit) = self.machine.poll_transmit(now) {
            sent.push(shown(&transmit));
            assert!(sent.len() < 100, "it never stops");
        }
        if self.machine.wants().is_some() {
            self.machine.supply(now, self.size, true);
            sent.extend(self.sends());
        }
        sent
    }

    pub fn hears(&mut self, packet: Packet<'_>) -> Vec<String> {
        self.machine
            .handle_packet(Instant::from_micros(self.now * 1000), &packet);
        self.sends()
    }

    pub fn ack(&mut self, block: u16) -> Vec<String> {
        self.hears(Packet::Ack { block })
    }

    pub fn error(&mut self, code: u16) -> Vec<String> {
        self.hears(Packet::Error {
            code: ErrorCode(code),
            message: b"enough",
        })
    }

    pub fn repeat(&mut self) -> Vec<String> {
        self.machine.handle_repeat(Instant::from_micros(self.now * 1000));
        self.sends()
    }

    /// Silence until the next deadline.
    pub fn silence(&mut self) -> Vec<String> {
        let at = self.machine.poll_timeout().expect("a deadline");
        self.now = self.now.max(at.as_micros().div_ceil(1000));
        self.machine.handle_timeout(Instant::from_micros(self.now * 1000));
        self.sends()
    }

    /// Lets time pass to the end, and returns each packet with its time.
    pub fn abandoned(&mut self) -> Vec<(u64, String)> {
        let mut story = Vec::new();
        while !self.machine.is_over() {
            let sent = self.silence().join(" ");
            story.push((self.now, sent));
        }
        story
    }
}

pub struct Upload {
    pub machine: WriteTransfer,
    pub now: u64,
    /// The stream so far.
    pub stream: Vec<u8>,
}

impl Upload {
    pub fn new(options: &str, timing: Timing) -> Upload {
        let negotiated = negotiate::write(&requested(options), &LIMITS);
        Upload {
            machine: WriteTransfer::new(Instant::from_micros(0), &negotiated, &timing),
            now: 0,
            stream: Vec::new(),
        }
    }

    pub fn at(&self) -> Instant {
        Instant::from_micros(self.now * 1000)
    }

    pub fn after(&mut self, millis: u64) -> &mut Upload {
        self.now += millis;
        self
    }

    pub fn sends(&mut self) -> Vec<String> {
        let now = self.at();
        let mut sent = Vec::new();
        while let Some(transmit) = self.machine.poll_transmit(now) {
            sent.push(shown(&transmit));
            assert!(sent.len() < 100, "it never stops");
        }
        sent
    }

    pub fn hears(&mut self, packet: Packet<'_>) -> Vec<String> {
        let now = self.at();
        if let Some(bytes) = self.machine.handle_packet(now, &packet) {
            self.stream.extend_from_slice(bytes);
        }
        self.sends()
    }

    /// A full block of bytes made from its number.
    pub fn data(&mut self, block: u16) -> Vec<String> {
        let bytes = vec![block as u8; usize::from(self.machine.negotiated().blksize)];
        self.hears(Packet::Data { block, data: &bytes })
    }

    /// The last block.
    pub fn last(&mut self, block: u16) -> Vec<String> {
        self.hears(Packet::Data { block, data: b"end" })
    }

    pub fn error(&mut self, code: u16) -> Vec<String> {
        self.hears(Packet::Error {
            code: ErrorCode(code),
            message: b"enough",
        })
    }

    pub fn repeat(&mut self) -> Vec<String> {
        self.machine.handle_repeat(self.at());
        self.sends()
    }

    pub fn hold(&mut self, held: bool) -> Vec<String> {
        self.machine.hold(self.at(), held);
        self.sends()
    }

    pub fn commit(&mut self) -> Vec<String> {
        self.machine.commit(self.at());
        self.sends()
    }

    pub fn silence(&mut self) -> Vec<String> {
        let at = self.machine.poll_timeout().expect("a deadline");
        self.now = self.now.max(at.as_micros().div_ceil(1000));
        self.machine.handle_timeout(self.at());
        self.sends()
    }

    pub fn abandoned(&mut self) -> Vec<(u64, String)> {
        let mut story = Vec::new();
        while !self.machine.is_over() {
            let sent = self.silence().join(" ");
            story.push((self.now, sent));
        }
        story
    }
}

pub const NOTHING: [&str; 0] = [];
