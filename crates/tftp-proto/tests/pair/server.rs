//! The machines as an owner drives them: a slow disk, an application that holds, and checks on all that
//! goes out.

use super::Plan;
use super::net::Rng;
use std::time::Duration;
use tftp_proto::*;

pub enum Machine {
    None,
    Read(ReadTransfer),
    Write(WriteTransfer),
}

pub struct Server {
    pub machine: Machine,
    /// The stream that is sent, or that was received.
    pub stream: Vec<u8>,
    pub out: Vec<Vec<u8>>,
    pub sent: u64,
    plan: Plan,
    rng: Rng,
    client_error: bool,
    available: u64,
    disk_at: Option<u64>,
    let_go_at: Option<u64>,
}

impl Server {
    pub fn new(plan: &Plan, stream: Vec<u8>, rng: Rng) -> Server {
        Server {
            machine: Machine::None,
            stream,
            out: Vec::new(),
            sent: 0,
            plan: *plan,
            rng,
            client_error: false,
            available: 0,
            disk_at: None,
            let_go_at: None,
        }
    }

    pub fn outcome(&self) -> Option<&Outcome> {
        match &self.machine {
            Machine::None => None,
            Machine::Read(read) => read.outcome(),
            Machine::Write(write) => write.outcome(),
        }
    }

    pub fn is_over(&self) -> bool {
        match &self.machine {
            Machine::None => true,
            Machine::Read(read) => read.is_over(),
            Machine::Write(write) => write.is_over(),
        }
    }

    pub fn deadline(&self) -> Option<u64> {
        let timer = match &self.machine {
            Machine::None => None,
            Machine::Read(read) => read.poll_timeout(),
            Machine::Write(write) => write.poll_timeout(),
        };
        let own = if self.is_over() {
            None
        } else {
            [self.disk_at, self.let_go_at].into_iter().flatten().min()
        };
        timer.map(Instant::as_micros).into_iter().chain(own).min()
    }

    pub fn receive(&mut self, now: u64, datagram: &[u8], window_end: u64) {
        let at = Instant::from_micros(now);
        let packet = wire::parse(datagram).unwrap();
        self.client_error |= matches!(packet, Packet::Error { .. });
        self.forget_silent();
        match (&mut self.machine, packet) {
            (Machine::None, Packet::Request(request)) => self.begin(at, &request),
            (Machine::None, _) => {}
            (Machine::Read(read), Packet::Request(_)) => read.handle_repeat(at),
            (Machine::Write(write), Packet::Request(_)) => write.handle_repeat(at),
            (Machine::Read(read), packet) => read.handle_packet(at, &packet),
            (Machine::Write(write), packet) => {
                if let Some(bytes) = write.handle_packet(at, &packet) {
                    self.stream.extend_from_slice(bytes);
                    if self.plan.holds && self.rng.percent(10) {
                        write.hold(at, true);
                        self.let_go_at = Some(now + self.rng.below(300_000));
                    }
                }
            }
        }
        self.settle(now, window_end);
    }

    pub fn timeout(&mut self, now: u64, window_end: u64) {
        let at = Instant::from_micros(now);
        match &mut self.machine {
            Machine::None => {}
            Machine::Read(read) => {
                if self.disk_at.take_if(|due| *due <= now).is_some() {
                    let piece = if self.plan.slow_disk {
                        1 + self.rng.below(5000)
                    } else {
                        u64::MAX
                    };
                    let wanted = read.wants().unwrap_or(self.available);
                    self.available = wanted
                        .min(self.available.saturating_add(piece))
                        .min(self.stream.len() as u64);
                    read.supply(at, self.available, self.available == self.stream.len() as u64);
                }
                read.handle_timeout(at);
            }
            Machine::Write(write) => {
                if self.let_go_at.take_if(|due| *due <= now).is_some() {
                    write.hold(at, false);
                }
                if self.disk_at.take_if(|due| *due <= now).is_some() {
                    write.commit(at);
                }
                write.handle_timeout(at);
            }
        }
        self.settle(now, window_end);
    }

    /// A client that was given up before it answered may ask again.
    fn forget_silent(&mut self) {
        let half_open = match &self.machine {
            Machine::None => false,
            Machine::Read(read) => read.is_half_open(),
            Machine::Write(write) => write.is_half_open(),
        };
        if half_open && self.is_over() {
            self.machine = Machine::None;
        }
    }

    fn begin(&mut self, now: Instant, request: &Request<'_>) {
        let rollover = if self.plan.rollover_to_one {
            Rollover::One
        } else {
            Rollover::Zero
        };
        // The server's own idea of an upload's roll-over must not matter.
        let rollover = if self.plan.upload {
            Rollover::Zero
        } else {
            rollover
        };
        let limits = Limits {
            max_blksize: 65464,
            max_windowsize: self.plan.max_windowsize,
            max_large_window: u32::MAX,
            rollover,
        };
        let timing = Timing {
            retransmit_timeout: Duration::from_secs(2),
            max_retransmits: self.plan.max_retransmits,
            adaptive: self.plan.adaptive,
            inactivity: Some(Duration::from_secs(60)),
            absolute: None,
        };
        self.machine = match request.operation {
            Operation::Read => {
                let agreed = negotiate::read(&request.asked, &limits, Some(self.stream.len() as u64));
                Machine::Read(ReadTransfer::new(now, &agreed, &timing))
            }
            Operation::Write => {
                let agreed = negotiate::write(&request.asked, &limits);
                Machine::Write(WriteTransfer::new(now, &agreed, &timing))
            }
        };
    }

    /// What an owner does after every input.
    fn settle(&mut self, now: u64, window_end: u64) {
        let at = Instant::from_micros(now);
        loop {
            let transmit = match &mut self.machine {
                Machine::None => None,
                Machine::Read(read) => read.poll_transmit(at),
                Machine::Write(write) => write.poll_transmit(at),
            };
            let Some(transmit) = transmit else { break };
            assert!(!self.client_error, "an ERROR was answered");
            self.send(transmit, window_end);
        }
        let slow = if self.plan.slow_disk { 30_000 } else { 1 };
        let asks = match &self.machine {
            Machine::None => false,
            Machine::Read(read) => read.wants().is_some(),
            Machine::Write(write) => write.is_complete() && write.outcome().is_none(),
        };
        if asks && self.disk_at.is_none() {
            self.disk_at = Some(now + self.rng.below(slow));
        }
    }

    fn send(&mut self, transmit: Transmit, window_end: u64) {
        let mut packet = Vec::new();
        match transmit {
            Transmit::Oack(oack) => oack.encode(&mut packet),
            Transmit::Ack { block } => packet.extend_from_slice(&wire::ack(block)),
            Transmit::Error { code, message } => wire::encode_error(code, &message, &mut packet),
            Transmit::Data { first, count } => return self.send_data(first, count, window_end),
        }
        self.sent += 1;
        self.out.push(packet);
    }

    fn send_data(&mut self, first: u64, count: u32, window_end: u64) {
        let Machine::Read(read) = &self.machine else {
            panic!("DATA in an upload")
        };
        let blksize = u64::from(read.agreed().blksize);
        assert!(
            first + u64::from(count) - 1 <= window_end,
            "more than a window in flight"
        );
        assert!(
            (first - 1) * blksize >= read.acked_bytes(),
            "released bytes sent again"
        );
        for block in first..first + u64::from(count) {
            let upto = (block * blksize).min(self.stream.len() as u64);
            assert!(upto <= self.available, "bytes sent that are not there");
            let mut packet = wire::data_header(read.wire_block(block)).to_vec();
            packet.extend_from_slice(&self.stream[((block - 1) * blksize) as usize..upto as usize]);
            self.sent += 1;
            self.out.push(packet);
        }
    }
}
