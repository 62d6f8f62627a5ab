//! One transfer of the simulated server: a machine, its owner and its watcher.

use super::net::{Datagram, Rng, Tid};
use super::plan::Plan;
use super::rules::{Cause, Verdict, Watcher};
use std::time::Duration;
use tftp_proto::*;

pub enum Machine {
    Read(ReadTransfer),
    Write(WriteTransfer),
}

pub struct Session<'a> {
    pub machine: Machine,
    pub watcher: Watcher<'a>,
    pub peer: Tid,
    pub is_dead: bool,
    tid: Tid,
    request: Vec<u8>,
    plan: &'a Plan,
    inputs: u64,
    available: u64,
    disk_at: Option<u64>,
    let_go_at: Option<u64>,
}

fn timing(plan: &Plan) -> Timing {
    let settings = &plan.settings;
    Timing {
        retransmit_timeout: Duration::from_micros(settings.retransmit_timeout),
        max_retransmits: settings.max_retransmits,
        adaptive: settings.adaptive,
        inactivity: settings.inactivity.map(Duration::from_micros),
        absolute: settings.absolute.map(Duration::from_micros),
    }
}

fn machine(now: Instant, request: &Request<'_>, plan: &Plan, size: u64) -> Machine {
    let rollover = match plan.settings.rollover_to_one {
        true => Rollover::One,
        false => Rollover::Zero,
    };
    let limits = Limits {
        max_blksize: plan.settings.max_blksize,
        max_windowsize: plan.settings.max_windowsize,
        max_large_window: u32::MAX,
        rollover,
    };
    match request.operation {
        Operation::Read => {
            let negotiated = negotiate::read(&request.requested, &limits, Some(size));
            Machine::Read(ReadTransfer::new(now, &negotiated, &timing(plan)))
        }
        Operation::Write => {
            let negotiated = negotiate::write(&request.requested, &limits);
            Machine::Write(WriteTransfer::new(now, &negotiated, &timing(plan)))
        }
    }
}

/// Every rule of `rules.rs` is one that no transfer may break.
fn keep(verdict: Verdict) {
    if let Err(broken) = verdict {
        panic!("{:?}: {}", broken.0, broken.1);
    }
}

impl<'a> Session<'a> {
    pub fn new(
        now: u64,
        tid: Tid,
        datagram: &Datagram,
        request: &Request<'_>,
        plan: &'a Plan,
        content: &'a [u8],
    ) -> Session<'a> {
        Session {
            machine: machine(Instant::from_micros(now), request, plan, content.len() as u64),
            watcher: Watcher::new(now, &datagram.bytes, &plan.settings, content),
            peer: datagram.from,
            is_dead: false,
            tid,
            request: datagram.bytes.clone(),
            plan,
            inputs: 0,
            available: 0,
            disk_at: None,
            let_go_at: None,
        }
    }

    pub fn outcome(&self) -> Option<&Outcome> {
        match &self.machine {
            Machine::Read(read) => read.outcome(),
            Machine::Write(write) => write.outcome(),
        }
    }

    pub fn is_over(&self) -> bool {
        self.is_dead
            || match &self.machine {
                Machine::Read(read) => read.is_over(),
                Machine::Write(write) => write.is_over(),
            }
    }

    /// The very request, from the same port, while the transfer lives (`Transfers::by_request` in
    /// the engine).
    pub fn is_asked_for(&self, datagram: &Datagram) -> bool {
        !self.is_over()
            && self.outcome().is_none()
            && self.peer == datagram.from
            && self.request == datagram.bytes
    }

    pub fn is_with(&self, peer: Tid) -> bool {
        !self.is_over() && self.peer == peer
    }

    pub fn die(&mut self) {
        self.is_dead = true;
    }

    pub fn deadline(&self) -> Option<u64> {
        if self.is_over() {
            return None;
        }
        let timer = match &self.machine {
            Machine::Read(read) => read.poll_timeout(),
            Machine::Write(write) => write.poll_timeout(),
        };
        let own = [self.disk_at, self.let_go_at].into_iter().flatten();
        own.chain(timer.map(Instant::as_micros)).min()
    }

    pub fn begin(&mut self, now: u64, rng: &mut Rng, out: &mut Vec<Datagram>) {
        self.settle(now, Cause::Begin, rng, out);
    }

    pub fn repeat(&mut self, now: u64, bytes: &[u8], rng: &mut Rng, out: &mut Vec<Datagram>) {
        self.watcher.repeated(bytes);
        let at = Instant::from_micros(now);
        match &mut self.machine {
            Machine::Read(read) => read.handle_repeat(at),
            Machine::Write(write) => write.handle_repeat(at),
        }
        self.settle(now, Cause::Repeat, rng, out);
    }

    pub fn packet(
        &mut self,
        now: u64,
        datagram: &Datagram,
        packet: &Packet<'_>,
        rng: &mut Rng,
        out: &mut Vec<Datagram>,
    ) {
        self.watcher.heard(now, &datagram.bytes, datagram.clean);
        let at = Instant::from_micros(now);
        match &mut self.machine {
            Machine::Read(read) => read.handle_packet(at, packet),
            Machine::Write(write) => {
                if let Some(bytes) = write.handle_packet(at, packet) {
                    keep(self.watcher.accepted(now, bytes));
                    if self.plan.owner.holds && rng.percent(10) {
                        write.hold(at, true);
                        self.watcher.hold(now, true);
                        self.let_go_at = Some(now + rng.below(300_000));
                    }
                }
            }
        }
        self.settle(now, Cause::Heard, rng, out);
    }

    /// A packet of this transfer was refused.
    pub fn refused(&mut self, now: u64, rng: &mut Rng, out: &mut Vec<Datagram>) {
        if self.is_over() {
            return;
        }
        self.watcher.refused(now);
        let at = Instant::from_micros(now);
        match &mut self.machine {
            Machine::Read(read) => read.handle_unreachable(at),
            Machine::Write(write) => write.handle_unreachable(at),
        }
        self.settle(now, Cause::Heard, rng, out);
    }

    /// Whatever is due: the store, the application, a timer; one after the other.
    pub fn timeout(&mut self, now: u64, rng: &mut Rng, out: &mut Vec<Datagram>) {
        if self.is_over() {
            return;
        }
        if self.disk_at.take_if(|due| *due <= now).is_some() {
            self.disk_answers(now, rng);
            self.settle(now, Cause::Owner, rng, out);
        }
        if self.let_go_at.take_if(|due| *due <= now).is_some() {
            if let Machine::Write(write) = &mut self.machine {
                write.hold(Instant::from_micros(now), false);
                self.watcher.hold(now, false);
            }
            self.settle(now, Cause::Owner, rng, out);
        }
        if self.deadline().is_some_and(|due| due <= now) {
            let at = Instant::from_micros(now);
            match &mut self.machine {
                Machine::Read(read) => read.handle_timeout(at),
                Machine::Write(write) => write.handle_timeout(at),
            }
            self.settle(now, Cause::Timer, rng, out);
        }
    }

    fn disk_answers(&mut self, now: u64, rng: &mut Rng) {
        let at = Instant::from_micros(now);
        match &mut self.machine {
            Machine::Read(read) => {
                let piece = if self.plan.owner.pieces {
                    1 + rng.below(5000)
                } else {
                    u64::MAX
                };
                let length = self.watcher.content.len() as u64;
                let wanted = read.wants().unwrap_or(self.available);
                self.available = wanted.min(self.available.saturating_add(piece)).min(length);
                self.watcher.supplied(now);
                read.supply(at, self.available, self.available == length);
            }
            Machine::Write(write) => {
                if write.is_complete() && write.outcome().is_none() {
                    write.commit(at);
                    self.watcher.committed(now);
                }
            }
        }
    }

    /// Does what a caller has to do after every input.
    fn settle(&mut self, now: u64, cause: Cause, rng: &mut Rng, out: &mut Vec<Datagram>) {
        let at = Instant::from_micros(now);
        self.inputs += 1;
        if self.plan.owner.fails_at == Some(self.inputs) {
            match &mut self.machine {
                Machine::Read(read) => read.fail(at, ErrorCode::DISK_FULL, "no more"),
                Machine::Write(write) => write.fail(at, ErrorCode::DISK_FULL, "no more"),
            }
        }
        let before = out.len();
        // A window, one block by itself: nothing is queued in a machine.
        for _ in 0..3 {
            match self.poll(at) {
                Some(transmit) => self.send(&transmit, out),
                None => break,
            }
        }
        assert!(self.poll(at).is_none(), "it never stops");
        for datagram in &out[before..] {
            keep(self.watcher.sent(&datagram.bytes));
        }
        keep(self.watcher.turn_done(now, cause));
        if self.is_over() {
            return keep(self.watcher.ended(now, self.outcome()));
        }
        let asks = match &self.machine {
            Machine::Read(read) => read.wants().is_some(),
            Machine::Write(write) => write.is_complete() && write.outcome().is_none(),
        };
        if asks && self.disk_at.is_none() {
            self.disk_at = Some(now + rng.below(self.plan.owner.disk));
        }
    }

    fn poll(&mut self, at: Instant) -> Option<Transmit> {
        match &mut self.machine {
            Machine::Read(read) => read.poll_transmit(at),
            Machine::Write(write) => write.poll_transmit(at),
        }
    }

    fn send(&self, transmit: &Transmit, out: &mut Vec<Datagram>) {
        let mut bytes = Vec::new();
        match *transmit {
            Transmit::Oack(oack) => oack.encode(&mut bytes),
            Transmit::Ack { block } => bytes.extend_from_slice(&wire::ack(block)),
            Transmit::Error { code, ref message } => wire::encode_error(code, message, &mut bytes),
            Transmit::Data { first, count } => {
                let blocks = first..first + u64::from(count);
                return blocks.for_each(|block| self.put(self.data(block), out));
            }
        }
        self.put(bytes, out);
    }

    fn data(&self, block: u64) -> Vec<u8> {
        let Machine::Read(read) = &self.machine else {
            panic!("DATA in an upload")
        };
        let blksize = u64::from(read.negotiated().blksize);
        let from = (block - 1) * blksize;
        let upto = (from + blksize).min(self.watcher.content.len() as u64);
        assert!(from >= read.acked_bytes(), "released bytes sent again");
        assert!(upto <= self.available, "bytes sent that are not there");
        let bytes = &self.watcher.content[from as usize..upto as usize];
        [&wire::data_header(read.wire_block(block))[..], bytes].concat()
    }

    fn put(&self, bytes: Vec<u8>, out: &mut Vec<Datagram>) {
        out.push(Datagram {
            from: self.tid,
            to: self.peer,
            bytes,
            clean: !self.watcher.deceived,
        });
    }
}
