//! The client of one script, which waits for the server after every packet.

use std::fmt::Write;
use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use crate::application::Recorder;
use crate::script::{Habit, Script, digest};

/// The most attempts to receive an expected packet; each takes 5 ms.
const TRIES: usize = 12_000;

/// Longer than the server ignores duplicates, and shorter than any of its timers.
const A_WHILE: Duration = Duration::from_millis(100);

/// The most packets of one script: more means that the two sides answer each other endlessly.
const MOST: usize = 400;

pub struct Dialogue<'a> {
    script: &'a Script,
    application: &'a Recorder,
    socket: UdpSocket,
    prober: UdpSocket,
    probes: usize,
    server: SocketAddr,
    transfer: Option<SocketAddr>,
    received: usize,
    text: String,
    /// Packets received and not examined yet.
    arrived: std::collections::VecDeque<Vec<u8>>,
    is_quiet: bool,
}

impl<'a> Dialogue<'a> {
    pub fn new(script: &'a Script, application: &'a Recorder, server: SocketAddr) -> Dialogue<'a> {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(5))).unwrap();
        Dialogue {
            script,
            application,
            socket,
            prober: UdpSocket::bind("127.0.0.1:0").unwrap(),
            probes: 0,
            server,
            transfer: None,
            received: 0,
            text: String::new(),
            arrived: Default::default(),
            is_quiet: false,
        }
    }

    /// Runs the script and returns the packets of both sides, one per line. `is_over` returns true
    /// when the server has no transfer left.
    pub fn run(mut self, is_over: &dyn Fn() -> bool) -> String {
        let request = self.script.request();
        self.send(&request);
        if self.script.habit == Habit::RepeatsRequest {
            self.wait_for_answer(0);
            std::thread::sleep(A_WHILE);
            self.transfer = None;
            self.send(&request);
        }
        self.settle();
        match self.script.is_upload() {
            true => self.upload(is_over),
            false => self.download(is_over),
        }
        self.wait_for_end(is_over);
        self.text
    }

    fn wait_for_end(&mut self, is_over: &dyn Fn() -> bool) {
        let mut tries = 0;
        while !is_over() {
            self.application.catch_up();
            self.settle();
            tries += 1;
            assert!(
                tries < 6_000,
                "{}: the transfer ends\n{}",
                self.script.name,
                self.text
            );
            std::thread::sleep(Duration::from_millis(5));
        }
        self.settle();
    }

    /// Sends one packet to the transfer's address, and waits until the server has handled it.
    fn send(&mut self, packet: &[u8]) {
        writeln!(self.text, "C {}", shown(packet)).unwrap();
        assert!(
            self.text.lines().count() < MOST,
            "{}:\n{}",
            self.script.name,
            self.text
        );
        self.socket
            .send_to(packet, self.transfer.unwrap_or(self.server))
            .unwrap();
        self.settle();
    }

    /// Waits until the server has handled all earlier packets, and receives everything that it has
    /// sent.
    fn settle(&mut self) {
        self.probes += 1;
        // The probe is no request, and its length distinguishes it from all that scripts send to
        // this port.
        self.prober.send_to(b"probe", self.server).unwrap();
        self.application.wait_for_probes(self.probes);
        let expected = self.application.sent();
        while self.received < expected {
            self.receive(true);
        }
    }

    /// Waits until more than `before` packets have been received.
    fn wait_for_answer(&mut self, before: usize) {
        while self.received == before {
            self.application.catch_up();
            self.receive(true);
        }
    }

    fn receive(&mut self, must_come: bool) {
        let mut buffer = vec![0; 70_000];
        for _ in 0..TRIES {
            match self.socket.recv_from(&mut buffer) {
                Ok((length, from)) => {
                    self.transfer.get_or_insert(from);
                    self.received += 1;
                    let packet = buffer[..length].to_vec();
                    writeln!(self.text, "S {}", shown(&packet)).unwrap();
                    self.arrived.push_back(packet);
                    return;
                }
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(error) => panic!("{}: {error}", self.script.name),
            }
            if !must_come {
                return;
            }
        }
        panic!("{}: what was sent comes\n{}", self.script.name, self.text);
    }

    /// Returns the server's next packet; `None` if the transfer ends first.
    fn next(&mut self, is_over: &dyn Fn() -> bool) -> Option<Vec<u8>> {
        loop {
            if let Some(packet) = self.arrived.pop_front() {
                return Some(packet);
            }
            if self.is_quiet {
                return None;
            }
            let was_over = is_over();
            self.application.catch_up();
            self.receive(false);
            if was_over {
                self.settle();
                return self.arrived.pop_front();
            }
        }
    }

    fn ack(&mut self, block: u64) {
        let [high, low] = (block as u16).to_be_bytes();
        self.send(&[0, 4, high, low]);
    }

    fn error(&mut self, code: u8) {
        self.send(&[&[0, 5, 0, code], b"no\tmore\0".as_slice()].concat());
        self.is_quiet = true;
    }

    fn download(&mut self, is_over: &dyn Fn() -> bool) {
        let (mut block, mut in_window, mut had_gap) = (0, 0, false);
        while let Some(packet) = self.next(is_over) {
            let number = u64::from(u16::from_be_bytes([packet[2], packet[3]]));
            match packet[1] {
                6 if self.script.habit == Habit::Probes => return self.error(8),
                6 => self.ack(0),
                3 if number == (block + 1) % 65_536 => {
                    if self.script.habit == Habit::LosesBlock(number)
                        && !std::mem::replace(&mut had_gap, true)
                    {
                        self.arrived.clear();
                        std::thread::sleep(A_WHILE);
                        self.ack(block);
                        in_window = 0;
                        continue;
                    }
                    block += 1;
                    in_window += 1;
                    let is_last = packet.len() < 4 + self.script.blksize();
                    if is_last || in_window == self.script.windowsize() {
                        in_window = 0;
                        if self.stops(block, is_last) {
                            return;
                        }
                    }
                    if is_last {
                        return;
                    }
                }
                5 => return,
                _ => {}
            }
        }
    }

    /// Acknowledges according to the client's habit. Returns true if the client sends nothing more.
    fn stops(&mut self, block: u64, is_last: bool) -> bool {
        match self.script.habit {
            Habit::SilentAt(at) if block >= at => {
                self.is_quiet = true;
                return true;
            }
            Habit::ErrorAt(at) if block >= at => {
                self.error(3);
                return true;
            }
            Habit::NoLastAck if is_last => {
                self.is_quiet = true;
                return true;
            }
            Habit::LateAck if block > 1 => {
                std::thread::sleep(A_WHILE);
                self.ack(block - 1);
                std::thread::sleep(A_WHILE);
                self.ack(block);
            }
            Habit::Garbage => {
                self.send(b"\0\x09garbage");
                self.send(&[0, 4, 0x7f, 0xff]);
                self.send(&[0, 4]);
                self.ack(block);
            }
            Habit::RequestAgain if block == 1 => {
                let transfer = self.transfer.take();
                std::thread::sleep(A_WHILE);
                self.send(&self.script.request());
                self.transfer = transfer;
                self.arrived.clear();
                self.ack(block);
            }
            _ => self.ack(block),
        }
        false
    }

    fn upload(&mut self, is_over: &dyn Fn() -> bool) {
        let data = self.script.content();
        let size = self.script.blksize();
        let count = (data.len() / size + 1) as u64;
        let mut acked = 0;
        let mut is_first = true;
        while let Some(packet) = self.next(is_over) {
            let number = u64::from(u16::from_be_bytes([packet[2], packet[3]]));
            match packet[1] {
                6 if self.script.habit == Habit::Probes => return self.error(8),
                6 => {}
                4 if is_first || number > acked => acked = number,
                5 => return,
                _ => continue,
            }
            is_first = false;
            if acked >= count {
                return self.after_upload(&data);
            }
            for block in acked + 1..=(acked + self.script.windowsize()).min(count) {
                if self.is_quiet || self.breaks(block) {
                    return;
                }
                self.data(&data, block);
            }
        }
    }

    fn data(&mut self, data: &[u8], block: u64) {
        let size = self.script.blksize();
        let at = (block as usize - 1) * size;
        let [high, low] = (block as u16).to_be_bytes();
        let mut packet = vec![0, 3, high, low];
        packet.extend(&data[at..data.len().min(at + size)]);
        if self.script.habit == Habit::Oversized(block) {
            packet.resize(size + 5, b'x');
        }
        let before = self.received;
        self.send(&packet);
        let is_last = packet.len() < size + 4;
        if is_last && matches!(self.script.habit, Habit::RepeatsBlock(_) | Habit::Garbage) {
            // The answer waits for the disk.
            self.wait_for_answer(before);
        }
        if self.script.habit == Habit::RepeatsBlock(block) {
            std::thread::sleep(A_WHILE);
            self.send(&packet);
        }
        if self.script.habit == Habit::Garbage {
            self.send(b"\0\x09garbage");
            self.send(&[0, 3, 0x7f, 0xff, 1, 2, 3]);
        }
    }

    /// Returns true if the client stops instead of sending this block.
    fn breaks(&mut self, block: u64) -> bool {
        match self.script.habit {
            Habit::SilentAt(at) if block >= at => self.is_quiet = true,
            Habit::ErrorAt(at) if block >= at => self.error(3),
            _ => {}
        }
        self.is_quiet
    }

    /// Repeats the last block if the script does: it is acknowledged again.
    fn after_upload(&mut self, data: &[u8]) {
        if self.script.habit == Habit::LastAgain {
            std::thread::sleep(A_WHILE);
            self.data(data, (data.len() / self.script.blksize() + 1) as u64);
        }
    }
}

fn shown(packet: &[u8]) -> String {
    let text = |bytes: &[u8]| {
        String::from_utf8_lossy(bytes)
            .replace('\0', "|")
            .escape_debug()
            .to_string()
    };
    let number = packet
        .get(2..4)
        .map_or(0, |bytes| u16::from_be_bytes([bytes[0], bytes[1]]));
    match packet.get(1) {
        Some(1) => format!("RRQ {}", text(&packet[2..])),
        Some(2) => format!("WRQ {}", text(&packet[2..])),
        Some(3) => format!("DATA {number} {} {:08x}", packet.len() - 4, digest(&packet[4..])),
        Some(4) if packet.len() == 4 => format!("ACK {number}"),
        Some(5) => format!("ERROR {number} {}", text(&packet[4..])),
        Some(6) => format!("OACK {}", text(&packet[2..])),
        _ => format!("? {}", text(packet)),
    }
}
